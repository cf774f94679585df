/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/roster.h"

G_BEGIN_DECLS

/* Waits until workers have come where somebody wants them. */

typedef enum
{
  TROUPE_VERDICT_WAIT,
  TROUPE_VERDICT_DONE,
  TROUPE_VERDICT_NEVER, /* it will not come there any more */
} TroupeVerdict;

typedef TroupeVerdict (*TroupeVerdictFunc) (const TroupeWorkerInfo *worker, gpointer user_data);

typedef enum
{
  TROUPE_WAIT_DONE,
  TROUPE_WAIT_NEVER,     /* *CULPRIT is the worker that will not */
  TROUPE_WAIT_TIMED_OUT, /* *CULPRIT is one that is not there yet */
  TROUPE_WAIT_ENGINE_GONE,
} TroupeWaitResult;

/* The roster must follow nothing yet; PATHS are object paths of workers. Calls BEGIN (nullable) once signals
 * are heard, so that no change is missed that it sets off. TIMEOUT_USEC < 0: no limit. A worker
 * that was removed is done. On a terminal, standard error shows whom it still waits for.
 * CULPRIT (out) (transfer none) (nullable) */
TroupeWaitResult troupe_wait_for_workers (TroupeRoster *roster, const char *const *paths, TroupeVerdictFunc verdict,
                                          void (*begin) (gpointer user_data), gpointer user_data,
                                          gint64 timeout_usec, TroupeWorkerInfo **culprit);

/* Verdicts. For `wait --for`: user_data is the state's word, or "ended". */
TroupeVerdict troupe_verdict_for_state (const TroupeWorkerInfo *worker, gpointer word);

G_END_DECLS
