/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The table of edges between a worker's states. */

#include "config.h"

#include "supervisor/worker-state.h"

#define BIT(state) (1u << TROUPE_STATE_##state)

/* One row a state: where it can go from there. */
static const guint edges[] = {
  /* A person starts it; or an engine that just started finds its run alive, or reads how
   * it ended meanwhile. */
  [TROUPE_STATE_STOPPED] = BIT (WAITING) | BIT (STARTING) | BIT (RUNNING) | BIT (STOPPING) | BIT (BACKOFF)
                           | BIT (EXITED) | BIT (FAILED),
  [TROUPE_STATE_WAITING] = BIT (STARTING) | BIT (STOPPED) | BIT (FAILED),
  /* A program that ends before the news of its start was read goes straight to its end. */
  [TROUPE_STATE_STARTING] = BIT (RUNNING) | BIT (STOPPING) | BIT (STOPPED) | BIT (BACKOFF) | BIT (EXITED)
                            | BIT (FAILED),
  /* To starting: a reload's next run takes over from one that ended meanwhile. */
  [TROUPE_STATE_RUNNING] = BIT (READY) | BIT (STARTING) | BIT (STOPPING) | BIT (STOPPED) | BIT (BACKOFF) | BIT (EXITED)
                           | BIT (FAILED),
  /* Back to running: its main process ended, but others of the run live on; or it listens no more. */
  [TROUPE_STATE_READY] = BIT (RUNNING) | BIT (STARTING) | BIT (STOPPING) | BIT (STOPPED) | BIT (BACKOFF) | BIT (EXITED)
                         | BIT (FAILED),
  /* To starting or waiting: a restart. To backoff, exited and failed: it ended by itself, and
   * only what it left behind had to be stopped. */
  [TROUPE_STATE_STOPPING] = BIT (STOPPED) | BIT (STARTING) | BIT (WAITING) | BIT (BACKOFF) | BIT (EXITED)
                            | BIT (FAILED),
  /* To stopping: a run that was replaced still finishes. */
  [TROUPE_STATE_BACKOFF] = BIT (STOPPING) | BIT (STARTING) | BIT (WAITING) | BIT (STOPPED) | BIT (FAILED),
  [TROUPE_STATE_EXITED] = BIT (STARTING) | BIT (WAITING) | BIT (STOPPED) | BIT (FAILED),
  [TROUPE_STATE_FAILED] = BIT (STARTING) | BIT (WAITING) | BIT (STOPPED),
};

G_STATIC_ASSERT (G_N_ELEMENTS (edges) == TROUPE_N_STATES);

gboolean
troupe_worker_state_may_change (TroupeState from, TroupeState to)
{
  g_return_val_if_fail ((guint) from < TROUPE_N_STATES && (guint) to < TROUPE_N_STATES, FALSE);

  return (edges[from] & (1u << to)) != 0;
}
