/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The table of a worker's states. */

#include "config.h"

#include "supervisor/worker-state.h"

static void
test_no_state_leads_to_itself (void)
{
  for (guint state = 0; state < TROUPE_N_STATES; state++)
    g_assert_false (troupe_worker_state_may_change (state, state));
}

static void
test_every_state_is_reached_and_left (void)
{
  for (guint state = 0; state < TROUPE_N_STATES; state++)
    {
      guint in = 0, out = 0;

      for (guint other = 0; other < TROUPE_N_STATES; other++)
        {
          in += troupe_worker_state_may_change (other, state);
          out += troupe_worker_state_may_change (state, other);
        }
      g_assert_cmpuint (in, >, 0);
      g_assert_cmpuint (out, >, 0);
    }
}

/* From everywhere a person can start it (at once, or after what is under way). */
static void
test_every_state_leads_to_starting (void)
{
  static const TroupeState at_once[] = { TROUPE_STATE_STOPPED, TROUPE_STATE_WAITING, TROUPE_STATE_BACKOFF,
                                         TROUPE_STATE_EXITED, TROUPE_STATE_FAILED, TROUPE_STATE_STOPPING };

  for (gsize i = 0; i < G_N_ELEMENTS (at_once); i++)
    g_assert_true (troupe_worker_state_may_change (at_once[i], TROUPE_STATE_STARTING));
  g_assert_true (troupe_worker_state_may_change (TROUPE_STATE_READY, TROUPE_STATE_STOPPING));
}

static void
test_forbidden_edges (void)
{
  /* Ready is reached through running only, and what has ended does not run again by itself. */
  for (guint from = 0; from < TROUPE_N_STATES; from++)
    if (from != TROUPE_STATE_RUNNING)
      g_assert_false (troupe_worker_state_may_change (from, TROUPE_STATE_READY));
  g_assert_false (troupe_worker_state_may_change (TROUPE_STATE_EXITED, TROUPE_STATE_RUNNING));
  g_assert_false (troupe_worker_state_may_change (TROUPE_STATE_FAILED, TROUPE_STATE_RUNNING));
  g_assert_false (troupe_worker_state_may_change (TROUPE_STATE_FAILED, TROUPE_STATE_BACKOFF));
  g_assert_false (troupe_worker_state_may_change (TROUPE_STATE_STOPPING, TROUPE_STATE_RUNNING));
  g_assert_false (troupe_worker_state_may_change (TROUPE_STATE_STARTING, TROUPE_STATE_WAITING));
  g_assert_false (troupe_worker_state_may_change (TROUPE_STATE_STOPPED, TROUPE_STATE_READY));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/worker-state/no-state-leads-to-itself", test_no_state_leads_to_itself);
  g_test_add_func ("/supervisor/worker-state/every-state-is-reached-and-left", test_every_state_is_reached_and_left);
  g_test_add_func ("/supervisor/worker-state/every-state-leads-to-starting", test_every_state_leads_to_starting);
  g_test_add_func ("/supervisor/worker-state/forbidden-edges", test_forbidden_edges);
  return g_test_run ();
}
