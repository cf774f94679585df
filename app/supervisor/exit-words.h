/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/restart-verdict.h"

G_BEGIN_DECLS

/* How a run ended, in words for people. Pure. */

typedef struct
{
  const TroupeRunEnd *end;
  const char *program;  /* (nullable) what was executed, argv[0] */
  const char *cwd;      /* (nullable) */
  gboolean is_shell;    /* kind exec: the shell says 127 and 126 for the program */
  int stop_signal;      /* the one a stop begins with */
  guint grace_msec;
  guint64 timeout_msec;
  guint64 max_buffer_bytes;
  const char *listen_problem; /* (nullable) why it could not have an address to listen on */
  gboolean oom_seen; /* the kernel killed something for want of memory while it ran */
  gboolean is_host;       /* of threads */
  gboolean is_thread;     /* of a process that hosts it */
  const char *reason;     /* (nullable) of a thread: why it ended, as it or its host said */
  guint64 cpu_limit_msec; /* of a thread */
} TroupeExitFacts;

/* One sentence without a full stop: “Exited with code 1 after 2.3 s”. Returns: (transfer full) */
char *troupe_exit_words_dup (const TroupeExitFacts *facts);

/* What became of the process that hosted a thread: “its host process crashed with SIGSEGV”. WHY (nullable): it was
 * killed, “to end crunch.2”. CULPRIT (nullable): the thread that ended it. Returns: (transfer full) */
char *troupe_exit_words_dup_host_end (const TroupeRunEnd *host, const char *why, const char *culprit);

/* The code a shell would give, for scripts: 127 for a command that was not found, 126 for one
 * that cannot be executed, otherwise the run's own; -1: none. */
int troupe_exit_words_get_code (const TroupeRunEnd *end);

/* “12 ms”, “2.3 s”, “3 min 4 s”, “5 h 10 min”, “3 d 2 h”. Returns: (transfer full) */
char *troupe_exit_words_dup_duration (guint64 usec);

/* “1 process”, “3 processes”. Returns: (transfer full) */
char *troupe_exit_words_dup_processes (guint n);

G_END_DECLS
