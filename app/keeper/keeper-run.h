/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-writer.h"
#include "journal/run-status.h"
#include "keeper/keeper-protocol.h"
#include "keeper/keeper-spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* One run, as its keeper sees it: the state that the keeper's files share.
 *
 *   keeper-main.c     warm wait, event loop
 *   keeper-run.c      beginning and end of the run; reaping
 *   keeper-child.c    from clone to exec
 *   keeper-capture.c  stdout and stderr into the journal
 *   keeper-sink.c     a thread in place of a child
 *   keeper-input.c    the worker's stdin
 *   keeper-stop.c     signals, stop, timeout
 *   keeper-tree.c     the descendants, from /proc
 *   keeper-record.c   events and status, for the journal and the engine
 *   keeper-control.c  the sockets
 *
 * One thread, one run, no callbacks: the loop asks each part what it waits
 * for, sleeps, and hands each what came. Times are in µs of the monotonic
 * clock; 0 stands for never. */

typedef enum
{
  KEEPER_WARM,    /* waits for LAUNCH */
  KEEPER_RUNNING, /* main process or descendants live */
  KEEPER_DONE,    /* what is left is to tell the engine, and exit */
} KeeperState;

typedef enum
{
  KEEPER_STOP_NONE,
  KEEPER_STOP_POLITE, /* signal sent, grace time runs */
  KEEPER_STOP_HARD,   /* SIGKILL, again and again, until none is left */
} KeeperStop;

typedef struct
{
  int fd; /* -1: closed */
  TroupeStream stream;
  uint32_t pipe_bytes;
  uint64_t kept_bytes;
  bool is_full;         /* max-buffer was reached; the rest is read and dropped */
  uint64_t resume_at;   /* left alone until then, so that small writes gather */
  uint64_t pause_usec;  /* how long it is left alone next time */
  uint64_t burst_bytes; /* read since it was last left alone */
} KeeperStream;

typedef struct
{
  int fd;           /* (owned) write end of the worker's stdin, -1: closed */
  bool is_socket;   /* blocking then, as duplicates of it share that */
  char *ring;       /* (owned) (nullable), TROUPE_KEEPER_INPUT_QUEUE_MAX bytes */
  size_t begin, n;  /* queued bytes */
  bool close_after; /* close once the queue is empty */
  /* A message in several pieces: */
  uint32_t serial, next_offset, total;
  int error;
} KeeperInput;

/* What waits for an engine that does not read. Requests are not read while
 * anything waits, so only the run's own few steps can fill it. */
#define KEEPER_OUTBOX_MAX (64 + TROUPE_KEEPER_KEPT_MAX)

typedef struct
{
  void *bytes; /* (owned) */
  size_t length;
  int fd; /* (owned) attached, -1: none */
} KeeperMessage;

typedef struct
{
  int fd;        /* (owned) connection to the engine, -1: none */
  int listen_fd; /* (owned) -1: none */
  int fresh_fd;  /* (owned) accepted, has not said HELLO yet; -1: none */
  char path[sizeof (((struct sockaddr_un *) 0)->sun_path)]; /* as bound; "": not */
  int dir_fd;    /* (owned) of the socket's folder when `path` leans on it, -1: none */
  KeeperMessage outbox[KEEPER_OUTBOX_MAX];
  unsigned n_outbox;
} KeeperControl;

/* A descriptor that an engine gave us to keep for the next one. */
typedef struct
{
  char name[TROUPE_KEEPER_KEPT_NAME_MAX + 1];
  int fd; /* (owned) */
} KeeperKept;

typedef struct
{
  KeeperState state;
  KeeperSpec spec;
  TroupeRunStatus status;
  int status_fd;
  TroupeJournalWriter *journal;

  KeeperStream streams[2]; /* stdout, stderr */
  int worker_stdio[3];     /* (owned) the worker's ends, until it runs */
  KeeperInput input;
  KeeperControl control;
  KeeperKept kept[TROUPE_KEEPER_KEPT_MAX];
  unsigned n_kept;
  int signal_fd;

  bool main_is_alive; /* a sink's thread: until the engine says how it ended */
  bool has_children; /* as wait() said last */
  bool exit_is_untold; /* it is told together with the end */
  uint64_t started_at;

  KeeperStop stop;
  int stop_signal;
  bool strays_were_asked; /* who left the group got the polite signal too */
  uint64_t grace_ends_at, next_kill_at, kill_pause_usec;
  uint64_t timeout_at;
  uint64_t sink_grace_ends_at; /* the thread has ended; its sockets may stay open until then */
  bool sink_may_go;            /* SIGTERM: not to wait for an engine when the thread is gone */
  uint64_t trim_at; /* give buffer pages back */
} KeeperRun;

/* The one big buffer: reads, messages, the child's stack. Its pages are given back when idle. */
#define KEEPER_BUFFER_SIZE (256 * 1024)
extern char keeper_buffer[KEEPER_BUFFER_SIZE];

uint64_t keeper_now (void);  /* monotonic */
uint64_t keeper_wall (void); /* since 1970 */

/* keeper-run.c */
int keeper_run_prepare (KeeperRun *run);
/* After the end of a run: warm again, when an engine is there to have use for it. */
bool keeper_run_renew (KeeperRun *run);
void keeper_run_launch (KeeperRun *run, const void *spec, size_t length, int *fds, unsigned n_fds);
void keeper_run_refuse (KeeperRun *run, int error);
void keeper_run_reap (KeeperRun *run);
void keeper_run_finish_if_over (KeeperRun *run);

/* keeper-capture.c */
void keeper_capture_read (KeeperRun *run, KeeperStream *stream);
/* Reads what is in the pipes now, and no more. */
void keeper_capture_drain (KeeperRun *run);
void keeper_capture_trim (KeeperRun *run);

/* keeper-sink.c. Takes those of FDS that it uses, leaving -1; returns 0 or an errno. */
int keeper_sink_start (KeeperRun *run, int *fds, unsigned n_fds);
void keeper_sink_end (KeeperRun *run, const TroupeKeeperSinkEnd *end);
/* Everything the thread wrote is read, or its grace time is over. */
void keeper_sink_finish_if_over (KeeperRun *run);

/* keeper-input.c. Queues BYTES or part of them; true when an answer is due, in *error. */
bool keeper_input_take (KeeperRun *run, uint32_t serial, const TroupeKeeperInput *head, const void *bytes,
                        size_t length, int *error);
void keeper_input_flush (KeeperRun *run);
void keeper_input_close (KeeperRun *run, bool after_queue);
/* Returns a descriptor of its own, blocking, or a negative errno. */
int keeper_input_open (KeeperRun *run);

/* keeper-store.c. Takes FD; -1 forgets what is kept under NAME. */
void keeper_store_keep (KeeperRun *run, const char *name, int fd);
/* To an engine that has just said HELLO. */
void keeper_store_send (KeeperRun *run);
void keeper_store_clear (KeeperRun *run);

/* keeper-stop.c */
void keeper_stop_begin (KeeperRun *run, int signal_number, uint64_t grace_msec, TroupeEndReason reason);
void keeper_stop_kill (KeeperRun *run, TroupeEndReason reason);
void keeper_stop_signal (KeeperRun *run, int signal_number, unsigned scope);
void keeper_stop_main_has_exited (KeeperRun *run);
void keeper_stop_tick (KeeperRun *run, uint64_t now);

/* keeper-record.c */
void keeper_record_start (KeeperRun *run);
void keeper_record_failure (KeeperRun *run);
void keeper_record_exit (KeeperRun *run);
/* Also the exit, where that is untold. */
void keeper_record_end (KeeperRun *run);
void keeper_record_signal (KeeperRun *run, int signal_number, unsigned scope);
void keeper_record_stopping (KeeperRun *run, unsigned step, unsigned remaining);
void keeper_record_limit (KeeperRun *run, TroupeEndReason reason);
void keeper_record_status (KeeperRun *run);

/* keeper-control.c */
void keeper_control_listen (KeeperRun *run);
void keeper_control_unlink (KeeperRun *run);
void keeper_control_accept (KeeperRun *run);
void keeper_control_read (KeeperRun *run);
void keeper_control_read_fresh (KeeperRun *run);
void keeper_control_flush (KeeperRun *run);
void keeper_control_send (KeeperRun *run, unsigned type, uint32_t serial, const void *body, size_t length,
                          int fd);
void keeper_control_send_status (KeeperRun *run);
void keeper_control_close (KeeperRun *run);
