/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/worker.h"

G_BEGIN_DECLS

/* The runs of a worker whose journals are still kept. */
typedef struct
{
  guint run;
  guint64 started_usec, ended_usec;
  int exit_code;     /* -1: none */
  char *exit_signal; /* "" when none */
  char *summary;     /* "" while it runs */
  char *journal;
} TroupePastRun;

void troupe_past_run_free (TroupePastRun *self);

/* Oldest first, the current one included. Reads one small file or two a run.
 * Returns: (transfer full) (element-type TroupePastRun), frees its elements. */
GPtrArray *troupe_run_history_load (TroupeWorker *worker);

G_END_DECLS
