/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The count of a worker's restarts, from one engine to the next, with real keepers and children. */

#include "config.h"

#include "clocked-worker.h"

#include <signal.h>

/* What the next engine makes of it; takes WORKER, the last one's. */
static TroupeWorker *
change_engine (Fixture *fixture, TroupeWorker *worker)
{
  g_autoptr (TroupeProgramDefinition) definition
      = troupe_program_definition_ref (troupe_worker_get_definition (worker));
  gboolean was_wanted = troupe_worker_is_wanted (worker);
  g_autoptr (GPtrArray) keepers = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_finalize_object (worker);
  worker_place_change_pool (&fixture->place);
  keepers = troupe_keeper_pool_adopt (fixture->place.pool, &error);
  g_assert_no_error (error);
  worker = troupe_worker_new (&fixture->place.context, 7, "default", "web", 1, definition);
  troupe_worker_restore (worker, keepers, was_wanted);
  return worker;
}

static void
test_a_live_run_counts_on (Fixture *fixture, gconstpointer data)
{
  g_autofree char *args = g_strdup_printf ("fail-first %s/count 2", fixture->place.folder);
  TroupeWorker *worker = new_worker (fixture, args, "{'restart': <'always'>}");

  troupe_worker_start (worker);
  for (guint i = 0; i < 2; i++)
    {
      wait_for_state (worker, BACKOFF);
      fake_clock_advance (fixture->clock, 60000);
    }
  wait_until_up (worker);
  g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 2);

  for (guint i = 0; i < 2; i++)
    {
      worker = change_engine (fixture, worker);
      g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
      g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 2);
    }
  g_assert_cmpint (troupe_worker_get_pid (worker), >, 1);
  g_assert_cmpint (kill (troupe_worker_get_pid (worker), SIGKILL), ==, 0);
  wait_for_state (worker, BACKOFF);
  g_assert_true (g_str_has_suffix (troupe_worker_get_state_reason (worker), " (3 quick ends in a row)"));
  fake_clock_advance (fixture->clock, 60000);
  wait_until_up (worker);
  g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 3);
  free_worker (worker);
}

/* However often the engine dies in the pause. */
static void
test_gives_up_in_time (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "exit 1", "{'restart': <'on-failure'>, 'restart-delay': <'1s'>, 'restart-limit': <int64 3>}");

  troupe_worker_start (worker);
  wait_for_state (worker, BACKOFF);
  worker = change_engine (fixture, worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_BACKOFF);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "starts again in 1.0 s");
  g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 0);
  fake_clock_advance (fixture->clock, 1000);
  wait_for_state (worker, BACKOFF);
  for (guint i = 0; i < 2; i++)
    {
      worker = change_engine (fixture, worker);
      g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_BACKOFF);
      g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "starts again in 2.0 s (2 quick ends in a row)");
      g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 1);
    }
  fake_clock_advance (fixture->clock, 2000);
  wait_for_state (worker, FAILED);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "gave up: 3 quick ends in a row");
  g_assert_cmpuint (troupe_worker_get_run (worker), ==, 3);

  /* It stays down, and what is shown of it is the same. */
  worker = change_engine (fixture, worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_FAILED);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "gave up: 3 quick ends in a row");
  g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 2);
  free_worker (worker);
}

/* A person starts it, the engine dies before it could: that was a new beginning all the same. */
static void
test_a_person_begins_anew (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "exit 1", "{'restart': <'on-failure'>, 'restart-delay': <'1s'>, 'restart-limit': <int64 2>}");

  troupe_worker_start (worker);
  wait_for_state (worker, BACKOFF);
  fake_clock_advance (fixture->clock, 1000);
  wait_for_state (worker, FAILED);
  g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 1);
  fixture->waits_for = "waits for db to be ready; it is starting";
  troupe_worker_start (worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_WAITING);
  worker = change_engine (fixture, worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_BACKOFF);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "starts again in 1.0 s");
  g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 0);
  free_worker (worker);
}

/* Engine and keeper go at once: how long the program had been up then, nobody knows. */
static void
test_a_lost_run_is_no_third_strike (Fixture *fixture, gconstpointer data)
{
  g_autofree char *args = g_strdup_printf ("fail-first %s/count 2", fixture->place.folder);
  TroupeWorker *worker = new_worker (
      fixture, args, "{'restart': <'always'>, 'restart-delay': <'1s'>, 'restart-limit': <int64 3>}");
  pid_t keeper;

  troupe_worker_start (worker);
  for (guint i = 0; i < 2; i++)
    {
      wait_for_state (worker, BACKOFF);
      fake_clock_advance (fixture->clock, 60000);
    }
  wait_until_up (worker);
  keeper = troupe_worker_get_keeper_pid (worker);
  {
    g_autoptr (TroupeProgramDefinition) definition
        = troupe_program_definition_ref (troupe_worker_get_definition (worker));

    g_assert_finalize_object (worker);
    worker_place_change_pool (&fixture->place);
    g_assert_cmpint (keeper, >, 1);
    g_assert_cmpint (kill (keeper, SIGKILL), ==, 0);
    worker = troupe_worker_new (&fixture->place.context, 7, "default", "web", 1, definition);
    troupe_worker_restore (worker, NULL, TRUE);
  }
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_BACKOFF);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "starts again in 1.0 s");
  g_assert_cmpuint (troupe_worker_get_restarts (worker), ==, 2);
  free_worker (worker);
}

#define restore_test(path, func) \
  g_test_add ("/supervisor/worker-restore/" path, Fixture, NULL, clocked_set_up, func, clocked_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  restore_test ("a-live-run-counts-on", test_a_live_run_counts_on);
  restore_test ("gives-up-in-time", test_gives_up_in_time);
  restore_test ("a-person-begins-anew", test_a_person_begins_anew);
  restore_test ("a-lost-run-is-no-third-strike", test_a_lost_run_is_no_third_strike);
  return g_test_run ();
}
