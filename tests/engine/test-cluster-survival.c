/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine of a cluster goes and comes. */

#include "config.h"

#include "cluster-fixture.h"

#include <signal.h>
#include <unistd.h>

static void
kill_engine_under_load (Fixture *fixture, const char *schedule, guint64 failures_max)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *more = g_strdup_printf (", 'schedule': <'%s'>", schedule);
  guint pids[2], runs = 1;
  g_auto (HttpLoadResult) result = { 0 };
  HttpLoad *load;

  cluster_serve (&cluster, fixture, 2, "", more);
  for (guint i = 0; i < 2; i++)
    pids[i] = troupe_bus_worker1_get_pid (worker (&cluster, i));
  load = http_load_start (cluster.port, N_CLIENTS);
  for (guint round = 0; round < 3; round++)
    {
      wait_for_requests (load, 200);
      fixture_kill_engine (fixture);
      fixture_start_engine (fixture);
      cluster_look_up (&cluster, "web");
      wait_until (all_in_state (&cluster, "ready"));
      for (guint i = 0; i < 2; i++)
        g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&cluster, i)), ==, pids[i]);
      wait_for_requests (load, 200);
    }
  /* And it can do all that the first one could. */
  g_assert_cmpstr (cluster_reload (&cluster), ==, "");
  runs++;
  for (guint i = 0; i < 2; i++)
    wait_until (troupe_bus_worker1_get_run (worker (&cluster, i)) == runs);
  wait_for_requests (load, 200);
  result = http_load_stop (load);
  g_test_message ("%" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT " failed (%s)", result.n_ok, result.n_failed,
                  result.first_failure);
  g_assert_cmpuint (result.n_failed, <=, failures_max);
  g_assert_cmpuint (result.n_refused, ==, 0);
  cluster_stop (&cluster);
  g_assert_true (is_refused (cluster.port));
}

/* With round robin a connection passes through the engine: at the most the one that it holds in the instant of
 * its death goes with it. */
static void
test_engine_dies_round_robin (Fixture *fixture, gconstpointer data)
{
  kill_engine_under_load (fixture, "round-robin", 3);
}

static void
test_engine_dies_shared (Fixture *fixture, gconstpointer data)
{
  kill_engine_under_load (fixture, "shared", 0);
}

static gboolean
has_progress (Cluster *self, const char *progress)
{
  return g_strcmp0 (troupe_bus_program1_get_reload_progress (self->program), progress) == 0;
}

/* One engine begins a reload, dies, and dies again; the last one brings it to its end. */
static void
test_reload_outlives_engine (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *hold = g_build_filename (fixture->folder, "hold", NULL);
  g_autofree char *env = g_strdup_printf ("'HOLD=%s', ", hold);
  g_auto (HttpLoadResult) result = { 0 };
  HttpLoad *load;
  guint first;

  cluster_serve (&cluster, fixture, 3, env, ", 'schedule': <'shared'>");
  first = troupe_bus_worker1_get_pid (worker (&cluster, 0));
  load = http_load_start (cluster.port, N_CLIENTS);
  g_assert_true (g_file_set_contents (hold, "", 0, NULL));
  troupe_bus_program1_call_reload_sync (cluster.program, NULL, NULL);
  wait_until (has_progress (&cluster, "1 of 3: web.1"));
  wait_until (g_str_has_prefix (troupe_bus_worker1_get_state_reason (worker (&cluster, 0)),
                                "reload: run 2 is to take over, not ready yet"));
  for (guint i = 0; i < 2; i++)
    {
      fixture_kill_engine (fixture);
      fixture_start_engine (fixture);
      cluster_look_up (&cluster, "web");
      wait_until (has_progress (&cluster, "1 of 3: web.1"));
      g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&cluster, 0)), ==, first);
    }
  g_assert_no_errno (unlink (hold));
  wait_until (reload_is_over (&cluster));
  g_assert_cmpstr (troupe_bus_program1_get_reload_failure (cluster.program), ==, "");
  for (guint i = 0; i < 3; i++)
    wait_until (troupe_bus_worker1_get_run (worker (&cluster, i)) == 2);
  result = http_load_stop (load);
  assert_no_failure (&result);

  /* It is over, also for the next one. */
  fixture_kill_engine (fixture);
  fixture_start_engine (fixture);
  cluster_look_up (&cluster, "web");
  wait_until (all_in_state (&cluster, "ready"));
  g_assert_true (reload_is_over (&cluster));
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (troupe_bus_worker1_get_run (worker (&cluster, i)), ==, 2);
}

static gpointer
slow_thread (gpointer port)
{
  return http_get (GPOINTER_TO_UINT (port), "/slow");
}

/* The engine dies while a run that was replaced finishes what it serves: that is finished, and so is the reload. */
static void
test_retiring_outlives_engine (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *slow = g_build_filename (fixture->folder, "slow", NULL);
  g_autofree char *env = g_strdup_printf ("'SLOW=%s', ", slow);
  g_autofree char *body = NULL, *expected = NULL;
  GThread *client;
  guint serving;

  cluster_serve (&cluster, fixture, 2, env, ", 'grace': <'60s'>");
  client = g_thread_new ("slow", slow_thread, GUINT_TO_POINTER (cluster.port));
  wait_until (has_said (worker (&cluster, 0), "slow request\n") || has_said (worker (&cluster, 1), "slow request\n"));
  serving = has_said (worker (&cluster, 0), "slow request\n") ? 0 : 1;
  expected = g_strdup_printf ("%u\n", troupe_bus_worker1_get_pid (worker (&cluster, serving)));
  troupe_bus_program1_call_reload_sync (cluster.program, NULL, NULL);
  wait_until (g_str_has_prefix (troupe_bus_worker1_get_state_reason (worker (&cluster, serving)), "run 1 retires: "));
  fixture_kill_engine (fixture);
  fixture_start_engine (fixture);
  cluster_look_up (&cluster, "web");
  g_assert_true (g_file_set_contents (slow, "", 0, NULL));
  body = g_thread_join (client);
  g_assert_cmpstr (body, ==, expected);
  wait_until (reload_is_over (&cluster));
  g_assert_cmpstr (troupe_bus_program1_get_reload_failure (cluster.program), ==, "");
  for (guint i = 0; i < 2; i++)
    wait_until (troupe_bus_worker1_get_run (worker (&cluster, i)) == 2);
  wait_until (count_marked (fixture, "web.1") == 1 && count_marked (fixture, "web.2") == 1);
  cluster_stop (&cluster);
}

static gpointer
get_thread (gpointer port)
{
  return http_get (GPOINTER_TO_UINT (port), "/");
}

/* Nobody hands out connections: who connects waits for the next engine. */
static void
test_socket_outlives_engine_and_workers (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *body = NULL;
  GThread *client;
  guint pids[2];

  cluster_serve (&cluster, fixture, 2, "", ", 'restart-delay': <'10ms'>");
  for (guint i = 0; i < 2; i++)
    pids[i] = troupe_bus_worker1_get_pid (worker (&cluster, i));
  fixture_kill_engine (fixture);
  /* One goes as well; the other one's keeper still has the socket. */
  g_assert_cmpuint (pids[0], >, 0);
  kill ((pid_t) pids[0], SIGKILL);
  client = g_thread_new ("client", get_thread, GUINT_TO_POINTER (cluster.port));
  fixture_start_engine (fixture);
  cluster_look_up (&cluster, "web");
  wait_until (all_in_state (&cluster, "ready"));
  body = g_thread_join (client);
  g_assert_nonnull (body);
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&cluster, 1)), ==, pids[1]);
}

int
main (int argc, char **argv)
{
  if (!cluster_tests_begin (&argc, &argv))
    return 0;
  cluster_test ("engine-dies-round-robin", test_engine_dies_round_robin);
  cluster_test ("engine-dies-shared", test_engine_dies_shared);
  cluster_test ("reload-outlives-engine", test_reload_outlives_engine);
  cluster_test ("retiring-outlives-engine", test_retiring_outlives_engine);
  cluster_test ("socket-outlives-engine-and-workers", test_socket_outlives_engine_and_workers);
  return g_test_run ();
}
