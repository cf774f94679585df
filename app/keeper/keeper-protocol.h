/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/run-status.h"

#include <stdint.h>

/* What an engine and a keeper say to each other. Plain C, shared by both.
 *
 * The wire is a SOCK_SEQPACKET unix socket: one packet is one message, a
 * TroupeKeeperHeader and then `length` bytes that depend on the type. Numbers
 * have the byte order of the machine the keeper runs on; a relay tells from
 * the magic. A message names no memory, and a descriptor only where it is an
 * attachment that the text below calls so: every request also works without
 * one, except OPEN_INPUT, whose use is to save a copy on one machine, and KEEP, whose use is to
 * outlive an engine on this one.
 *
 *   engine                                keeper
 *   LAUNCH ------------------------------>          to a warm keeper
 *          <----------------------- STATUS          phase RUNNING, or FAILED
 *          <----------------------- STATUS          phase EXITED
 *          <----------------------- STATUS          phase ENDED
 *
 *   HELLO ------------------------------->          on a new connection, first
 *          <------------------------- KEPT          what the last engine had kept, one by one
 *          <---------------------- WELCOME          identity, folder, status
 *
 * A run with the field SINK has no program: the worker is a thread of somebody else's process, and
 * the keeper only captures it. Attached to its LAUNCH are the keeper's ends of three sockets: the
 * thread's input, output and error. Such a run cannot be stopped or signalled here (the requests are
 * ignored); it ends when the engine says how the thread ended:
 *
 *   engine                                keeper
 *   END_SINK ---------------------------->          the rest of output and error is read
 *          <----------------------- STATUS          phase EXITED
 *          <----------------------- STATUS          phase ENDED
 *
 * A keeper is started with one end of a socket pair at descriptor
 * TROUPE_KEEPER_START_FD and waits there, warm, for LAUNCH; when that socket
 * closes first, it exits. After ENDED or FAILED it is warm again, if an engine
 * is connected, else it exits; it ignores requests that were meant for the run
 * before. From LAUNCH on it also listens on a socket of its
 * own in the folder that LAUNCH names, so that a later engine can take over.
 * It serves one engine: who says HELLO last. Peers of another user are
 * refused. Requests are answered in order; `serial` comes back in an answer.
 *
 * Versions: both ends put theirs into each header. A keeper refuses a version
 * it does not know with a WELCOME or STATUS in its own version and closes; it
 * goes on with its run. Fields are only ever added at the end of a message,
 * and a new version is for what an old end would misunderstand. */

#define TROUPE_KEEPER_MAGIC 0x4b505254u
#define TROUPE_KEEPER_VERSION 1
#define TROUPE_KEEPER_START_FD 3

/* Ceilings. Past one, the sender has an error before anything is sent, and the
 * receiver closes the connection. */
#define TROUPE_KEEPER_MESSAGE_MAX (64 * 1024)         /* a packet, header included */
#define TROUPE_KEEPER_SPEC_MAX (16 * 1024 * 1024)     /* what to launch, encoded */
#define TROUPE_KEEPER_IDENTITY_MAX 1024               /* bytes; of a folder PATH_MAX */
#define TROUPE_KEEPER_FDS_MAX 250                     /* descriptors for one worker */
#define TROUPE_KEEPER_INPUT_QUEUE_MAX (1024 * 1024)   /* bytes waiting for the worker's stdin */
#define TROUPE_KEEPER_KEPT_MAX 64                     /* descriptors kept for the next engine */
#define TROUPE_KEEPER_KEPT_NAME_MAX 31                /* bytes of such a descriptor's name */

/* How long the sockets of a thread that has ended may stay open before what is in them is taken as
 * all there is: somebody else may hold their other ends. */
#define TROUPE_KEEPER_SINK_GRACE_MSEC 2000

/* Descendants are known by this variable in their environment when the keeper
 * is gone: TROUPE_RUN_ID=IDENTITY. */
#define TROUPE_KEEPER_MARK "TROUPE_RUN_ID"

typedef enum
{
  /* from the engine */
  TROUPE_KEEPER_HELLO = 1,   /* nothing */
  TROUPE_KEEPER_LAUNCH,      /* TroupeKeeperLaunch, the spec when it is inline;
                                attached: the spec's memfd when not, the worker's descriptors */
  TROUPE_KEEPER_STOP,        /* TroupeKeeperSignal: signal and grace_msec */
  TROUPE_KEEPER_KILL,        /* nothing */
  TROUPE_KEEPER_SIGNAL,      /* TroupeKeeperSignal: signal and scope */
  TROUPE_KEEPER_INPUT,       /* TroupeKeeperInput, then bytes */
  TROUPE_KEEPER_CLOSE_INPUT, /* nothing */
  TROUPE_KEEPER_OPEN_INPUT,  /* nothing */
  TROUPE_KEEPER_KEEP,        /* name\0; attached: the descriptor to keep under that name in place
                                of an earlier one, none: forget it. Past the ceiling it is not kept */
  TROUPE_KEEPER_END_SINK,    /* TroupeKeeperSinkEnd; only the first counts */

  /* from the keeper */
  TROUPE_KEEPER_WELCOME = 64, /* TroupeKeeperWireStatus, identity\0, journal_dir\0 */
  TROUPE_KEEPER_STATUS,       /* TroupeKeeperWireStatus */
  TROUPE_KEEPER_STOPPING,     /* TroupeKeeperStopping */
  TROUPE_KEEPER_RESULT,       /* TroupeKeeperResult: to INPUT and OPEN_INPUT;
                                 attached for the latter: the pipe */
  TROUPE_KEEPER_KEPT,         /* name\0; attached: the descriptor */
} TroupeKeeperMessageType;

typedef struct
{
  uint32_t magic;
  uint16_t version;
  uint16_t type;
  uint32_t serial;
  uint32_t length; /* of what follows */
} TroupeKeeperHeader;

typedef struct
{
  uint32_t spec_length;
  uint32_t spec_is_attached; /* 1: the first attached descriptor holds the spec */
  uint32_t n_fds;            /* attached for the worker, put at 3, 4, … */
  uint32_t reserved;
} TroupeKeeperLaunch;

/* The spec is a row of fields: this head, then `length` bytes. Texts end with
 * a NUL that is counted; numbers are 64 bits. An unknown tag fails the launch:
 * whoever wrote it meant something by it. */
typedef struct
{
  uint32_t tag;
  uint32_t length;
} TroupeKeeperField;

typedef enum
{
  TROUPE_KEEPER_FIELD_IDENTITY = 1,  /* text */
  TROUPE_KEEPER_FIELD_JOURNAL_DIR,   /* text */
  TROUPE_KEEPER_FIELD_SOCKET_DIR,    /* text: where the keeper listens; none: nowhere */
  TROUPE_KEEPER_FIELD_ARG,           /* text, once for each argument, the program first */
  TROUPE_KEEPER_FIELD_ARGV0,         /* text: seen as argv[0] in place of the program's name */
  TROUPE_KEEPER_FIELD_ENV,           /* text KEY=VALUE, once for each */
  TROUPE_KEEPER_FIELD_CWD,           /* text */
  TROUPE_KEEPER_FIELD_JOURNAL_LIMIT, /* number, bytes; from here on 0 and missing are the same */
  TROUPE_KEEPER_FIELD_MAX_BUFFER,    /* number, bytes */
  TROUPE_KEEPER_FIELD_TIMEOUT,       /* number, ms */
  TROUPE_KEEPER_FIELD_KILL_SIGNAL,   /* number */
  TROUPE_KEEPER_FIELD_GRACE,         /* number, ms */
  TROUPE_KEEPER_FIELD_NICE,          /* number, two's complement */
  TROUPE_KEEPER_FIELD_PIPE_SIZE,     /* number, bytes wished for */
  TROUPE_KEEPER_FIELD_PID_ENV,       /* text: name of a variable that shall hold the program's pid,
                                        which only the keeper knows in time; no ENV may set it */
  TROUPE_KEEPER_FIELD_SINK,          /* number: the pid of the process whose thread this is, in place
                                        of all ARG; identity, folders and journal limit count, nothing else */
} TroupeKeeperFieldTag;

typedef struct
{
  int32_t signal;
  uint32_t grace_msec;
  uint32_t scope; /* TROUPE_SIGNAL_* of keeper-pool.h: 0 leader, 1 group, 2 tree */
  uint32_t reserved;
} TroupeKeeperSignal;

typedef struct
{
  int32_t exit_code, exit_signal; /* one of them: -1, 0 for the other */
  int32_t end_reason;             /* TroupeEndReason */
  uint32_t reserved;
  uint64_t user_usec, system_usec;
} TroupeKeeperSinkEnd;

/* Input longer than a packet comes as several with the same serial, and is
 * taken or refused as a whole: `total` of the first decides, the answer
 * follows the last. */
typedef struct
{
  uint32_t total;
  uint32_t offset; /* of this piece */
} TroupeKeeperInput;

typedef struct
{
  uint32_t step; /* 0: polite signal sent, 1: SIGKILL sent */
  uint32_t remaining;
} TroupeKeeperStopping;

/* `error`: 0, or as errno: ENOSPC the queue is full, EPIPE input was closed. */
typedef struct
{
  int32_t error;
  uint32_t reserved;
} TroupeKeeperResult;

/* TroupeRunStatus with fixed sizes, and what only the two ends have to know. */
#define TROUPE_KEEPER_FLAG_SINK 1u

typedef struct
{
  int32_t phase, end_reason;
  int32_t keeper_pid, pid;
  int32_t exit_code, exit_signal;
  int32_t core_dumped, launch_stage;
  int32_t launch_errno;
  uint32_t stdout_pipe_bytes, stderr_pipe_bytes;
  uint32_t flags; /* TROUPE_KEEPER_FLAG_* */
  uint64_t start_usec, exit_usec, end_usec, duration_usec;
  uint64_t user_usec, system_usec, max_rss_bytes;
  uint64_t stdout_bytes, stderr_bytes, lost_bytes;
} TroupeKeeperWireStatus;

void troupe_keeper_status_to_wire (const TroupeRunStatus *status, TroupeKeeperWireStatus *wire);
void troupe_keeper_status_from_wire (const TroupeKeeperWireStatus *wire, TroupeRunStatus *status);
