/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/words.h"
#include "journal/run-status.h"

G_BEGIN_DECLS

/* What follows from the end of a run. Pure. */

typedef enum
{
  TROUPE_VERDICT_STOPPED, /* a stop was asked for */
  TROUPE_VERDICT_EXITED,  /* it ended as it should; stays ended */
  TROUPE_VERDICT_FAILED,  /* it did not; stays ended */
  TROUPE_VERDICT_RESTART,
} TroupeVerdict;

/* How a run ended. */
typedef struct
{
  TroupeRunStatus status; /* at the end of the main process, or the last one known */
  gboolean lost;          /* nobody saw the end: its keeper vanished */
  gboolean rebooted;      /* lost because the machine was started anew */
  gboolean stop_asked;    /* a person asked for the stop */
  gboolean kill_asked;    /* and wanted it at once */
  int asked_signal;       /* the last signal a person sent to it; 0: none */
} TroupeRunEnd;

/* SUCCESS (nullable): exit codes and signals that are success besides code 0, {"3","SIGTERM"}. */
gboolean troupe_run_end_is_success (const TroupeRunEnd *end, const char *const *success);

/* TRUE when the program could not be started for a reason that stays until somebody does
 * something about it: no such command, no such folder. */
gboolean troupe_run_end_is_hopeless (const TroupeRunEnd *end);

/* Of the process that hosts threads: nobody wants it to end by itself, with whatever code. */
TroupeVerdict troupe_restart_verdict_of_host (TroupeRestart policy, const TroupeRunEnd *end);

TroupeVerdict troupe_restart_verdict (TroupeRestart policy, const TroupeRunEnd *end,
                                      const char *const *success);

G_END_DECLS
