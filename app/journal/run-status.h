/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The one-page summary of a run: the file `status` in its journal folder.
 *
 * Written by the keeper alone, at each step of the run's life, as one write of
 * exactly TROUPE_RUN_STATUS_SIZE bytes over the same bytes, so a full disk
 * cannot lose an exit code (the block is there since the start). Text of
 * `key=value` lines padded with newlines, readable with cat. Plain C; any
 * thread. Functions return 0 or a negative errno. */

#define TROUPE_RUN_STATUS_SIZE 1024
#define TROUPE_RUN_STATUS_VERSION 1

typedef enum
{
  TROUPE_RUN_STARTING, /* the keeper is about to start the program */
  TROUPE_RUN_RUNNING,  /* the main process lives */
  TROUPE_RUN_EXITED,   /* the main process ended; descendants live on */
  TROUPE_RUN_ENDED,    /* nothing of the run is left */
  TROUPE_RUN_FAILED,   /* the program could not be started; see launch_* */
} TroupeRunPhase;

/* Why the run ended, beyond its wait status. */
typedef enum
{
  TROUPE_END_BY_ITSELF,
  TROUPE_END_STOPPED,           /* a stop was asked for */
  TROUPE_END_KILLED,            /* a hard kill was asked for, or the grace time ran out */
  TROUPE_END_TIMEOUT,           /* `timeout` */
  TROUPE_END_MAX_BUFFER_STDOUT, /* `max-buffer` */
  TROUPE_END_MAX_BUFFER_STDERR,
  /* of a thread */
  TROUPE_END_CPU_TIME,    /* `cpu-time-limit` */
  TROUPE_END_WITH_HOST,   /* its process ended */
  TROUPE_END_NOT_STARTED, /* its process could not make it */
} TroupeEndReason;

#define TROUPE_END_REASON_LAST TROUPE_END_NOT_STARTED

/* What the keeper was doing when a launch failed. */
typedef enum
{
  TROUPE_LAUNCH_OK,
  TROUPE_LAUNCH_PREPARE, /* pipes, journal, fork */
  TROUPE_LAUNCH_CWD,     /* chdir */
  TROUPE_LAUNCH_LIMITS,  /* rlimits, nice, affinity, uid/gid */
  TROUPE_LAUNCH_EXEC,    /* exec: ENOENT not found, EACCES not executable, ... */
} TroupeLaunchStage;

typedef struct
{
  TroupeRunPhase phase;
  TroupeEndReason end_reason;
  pid_t keeper_pid;
  pid_t pid; /* of the main process, 0 before it exists; stays after its end */
  uint64_t start_usec, exit_usec, end_usec; /* wall clock; 0: not yet */
  uint64_t duration_usec;                   /* start to exit by the monotonic clock */
  int exit_code;                            /* -1: none */
  int exit_signal;                          /* 0: none */
  bool core_dumped;
  TroupeLaunchStage launch_stage;
  int launch_errno;
  uint64_t user_usec, system_usec; /* rusage of the main process and what it waited for */
  uint64_t max_rss_bytes;
  uint32_t stdout_pipe_bytes, stderr_pipe_bytes; /* pipe sizes the run got */
  uint64_t stdout_bytes, stderr_bytes;           /* kept, at exit and at end */
  uint64_t lost_bytes;                           /* not kept: the disk was full */
} TroupeRunStatus;

/* Creates or opens DIR/status for writing and keeps its descriptor.
 * Returns the descriptor (close-on-exec) or a negative errno. */
int troupe_run_status_create (const char *dir, const TroupeRunStatus *status);
int troupe_run_status_write (int fd, const TroupeRunStatus *status);

/* -ENOENT: no such run (yet); -EBADMSG: not a status file of a version we know. */
int troupe_run_status_read (const char *dir, TroupeRunStatus *status);
