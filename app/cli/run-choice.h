/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/journal-set.h"

G_BEGIN_DECLS

/* Options of commands that read journals: --since, --until and --run. */

/* A moment as troupe_time_spec_parse takes it; OPTION names it in the error. NULL text leaves
 * *OUT_USEC alone; else it is at least 1. */
gboolean troupe_run_choice_parse_time (const char *option, const char *text, guint64 *out_usec, GError **error);

typedef struct
{
  TroupeRunChoice choice;
  guint64 run; /* for TROUPE_RUNS_ONE */
} TroupeChosenRuns;

/* "3" or "all". Without TEXT: the last run, or all runs when the lines are bounded in time
 * (BOUNDED), as a time may lie in any run. */
gboolean troupe_run_choice_parse (const char *text, gboolean bounded, TroupeChosenRuns *out, GError **error);

/* Fails when one run is chosen and no worker of PLACES has it. */
gboolean troupe_run_choice_check (const TroupeChosenRuns *chosen, GPtrArray *places, GError **error);

G_END_DECLS
