/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Workers of a cluster come and go, under clients that never rest. */

#include "config.h"

#include "cluster-changes.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Clients of the load under which workers die; how long they are replaced under one. */
#define N_MANY_CLIENTS 64
#define CHANGES_SEC 4

/* Whichever worker dies whenever: a request fails only when it is in there. */
static void
kill_under_load (Fixture *fixture, const char *schedule)
{
  g_autofree char *more
      = g_strdup_printf (", 'restart-delay': <'10ms'>, 'restart-limit': <0>, 'schedule': <'%s'>", schedule);
  g_auto (HttpLoadResult) result = { 0 };
  g_autoptr (GHashTable) killed = NULL;
  g_auto (Cluster) cluster = { 0 };
  HttpLoad *load;
  guint n_inside;

  cluster_serve_telling (&cluster, fixture, 3, more);
  load = http_load_start (cluster.port, N_MANY_CLIENTS);
  killed = cluster_kill_at_random (&cluster, load, 10, 0);
  wait_for_requests (load, 200);
  result = http_load_stop (load);
  n_inside = cluster_count_inside (&cluster, killed, &result);
  g_test_message ("%" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT " failed, %u of them inside a killed worker (%s)",
                  result.n_ok, result.n_failed, n_inside, result.first_failure);
  g_assert_cmpuint (result.n_refused, ==, 0);
  g_assert_cmpuint (result.n_timed_out, ==, 0);
  /* It takes a connection and then tells of it; one can fall in between, for each that was killed. */
  g_assert_cmpuint (result.n_failed, <=, n_inside + g_hash_table_size (killed));
}

static void
test_kill_under_load (Fixture *fixture, gconstpointer data)
{
  kill_under_load (fixture, "round-robin");
}

static void
test_kill_under_load_shared (Fixture *fixture, gconstpointer data)
{
  kill_under_load (fixture, "shared");
}

static void
reload_and_scale_under_load (Fixture *fixture, const char *schedule)
{
  g_autofree char *more = g_strdup_printf (", 'schedule': <'%s'>", schedule);
  gint64 until = g_get_monotonic_time () + CHANGES_SEC * G_USEC_PER_SEC;
  g_auto (HttpLoadResult) result = { 0 };
  g_auto (Cluster) cluster = { 0 };
  guint n_reloads, n_scalings;
  HttpLoad *load;

  cluster_serve (&cluster, fixture, 2, "", more);
  load = http_load_start (cluster.port, N_CLIENTS);
  cluster_reload_and_scale (&cluster, load, until, &n_reloads, &n_scalings);
  result = http_load_stop (load);
  g_test_message ("%u reloads, %u scalings", n_reloads, n_scalings);
  assert_no_failure (&result);
}

static void
test_reload_and_scale_under_load (Fixture *fixture, gconstpointer data)
{
  reload_and_scale_under_load (fixture, "round-robin");
}

static void
test_reload_and_scale_under_load_shared (Fixture *fixture, gconstpointer data)
{
  reload_and_scale_under_load (fixture, "shared");
}

/* What Node loads before a script is not to be seen by it, nor by what it starts. */
static void
test_script_sees_no_preload (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *script
      = fixture_write (fixture, "see.js",
                       "console.log(JSON.stringify([process.execArgv, process.argv.slice(2), require.main === module]));\n"
                       "require('http').createServer().listen(0, '127.0.0.1');\n");
  g_autofree char *fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <1>, "
                                             "'argv': <['node', '--no-warnings', '%s', '-x']>}",
                                             script);

  cluster_launch (&cluster, fixture, fields);
  wait_until (all_in_state (&cluster, "ready"));
  wait_until (has_said (worker (&cluster, 0), "[[\"--no-warnings\"],[\"-x\"],true]\n"));
  cluster_stop (&cluster);
}

/* Clients that keep their connection for as long as they can: a worker that is asked to leave answers what it has begun
 * to read, and lets go of them with that; nobody has to be killed. */
static void
test_changes_under_keep_alive (Fixture *fixture, gconstpointer data)
{
  gint64 until = g_get_monotonic_time () + CHANGES_SEC * G_USEC_PER_SEC;
  g_auto (HttpLoadResult) result = { 0 };
  g_auto (Cluster) cluster = { 0 };
  guint n_reloads, n_scalings, n_begun;
  HttpLoad *load;

  cluster_serve_telling (&cluster, fixture, 2, ", 'grace': <'60s'>");
  load = http_load_start_keep_alive (cluster.port, N_CLIENTS);
  cluster_reload_and_scale (&cluster, load, until, &n_reloads, &n_scalings);
  result = http_load_stop (load);
  n_begun = cluster_count_begun (&cluster, &result);
  g_test_message ("%u reloads, %u scalings: %" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT
                  " not answered, %u of them begun (%s)",
                  n_reloads, n_scalings, result.n_ok, result.n_failed, n_begun, result.first_failure);
  g_assert_cmpuint (result.n_failed, <, HTTP_LOAD_FAILURES_MAX);
  g_assert_cmpuint (n_begun, ==, 0);
}

/* Waits for "/slow" in a thread. */
static gpointer
slow_thread (gpointer port)
{
  return http_get (GPOINTER_TO_UINT (port), "/slow");
}

static void
test_stop_lets_requests_finish (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *slow = g_build_filename (fixture->folder, "slow", NULL);
  g_autofree char *env = g_strdup_printf ("'SLOW=%s', ", slow);
  g_autofree char *body = NULL;
  GThread *client;

  cluster_serve (&cluster, fixture, 1, env, "");
  client = g_thread_new ("slow", slow_thread, GUINT_TO_POINTER (cluster.port));
  wait_until (has_said (worker (&cluster, 0), "slow request\n"));
  troupe_bus_program1_call_stop_sync (cluster.program, NULL, NULL);
  wait_for_state (worker (&cluster, 0), "stopping");
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_state_reason (worker (&cluster, 0)),
                                   "asked to leave, finishes what it serves; SIGTERM in "));
  g_assert_true (g_file_set_contents (slow, "", 0, NULL));
  wait_for_state (worker (&cluster, 0), "stopped");
  body = g_thread_join (client);
  g_assert_nonnull (body);
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker (&cluster, 0)), ==, 0);
}

static gboolean
has_process (TroupeBusWorker1 *worker, guint pid)
{
  g_autoptr (GVariant) processes = NULL;
  GVariantIter iter;
  guint one;

  troupe_bus_worker1_call_processes_sync (worker, &processes, NULL, NULL);
  g_variant_iter_init (&iter, processes);
  while (g_variant_iter_next (&iter, "(uusstdttu)", &one, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL))
    if (one == pid)
      return TRUE;
  return FALSE;
}

/* While a run retires, both are the worker's. */
static void
test_figures_of_retiring (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *slow = g_build_filename (fixture->folder, "slow", NULL);
  g_autofree char *env = g_strdup_printf ("'SLOW=%s', ", slow);
  g_autofree char *body = NULL;
  guint64 pss, rss_of_both, rss_of_one;
  GThread *client;
  guint pid;

  cluster_serve (&cluster, fixture, 1, env, "");
  pid = troupe_bus_worker1_get_pid (worker (&cluster, 0));
  client = g_thread_new ("slow", slow_thread, GUINT_TO_POINTER (cluster.port));
  wait_until (has_said (worker (&cluster, 0), "slow request\n"));
  troupe_bus_program1_call_reload_sync (cluster.program, NULL, NULL);
  wait_until (g_str_has_prefix (troupe_bus_worker1_get_state_reason (worker (&cluster, 0)), "run 1 retires: "));
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&cluster, 0)), !=, pid);
  g_assert_true (has_process (worker (&cluster, 0), pid));
  g_assert_true (has_process (worker (&cluster, 0), troupe_bus_worker1_get_pid (worker (&cluster, 0))));
  troupe_bus_worker1_call_memory_sync (worker (&cluster, 0), &pss, &rss_of_both, NULL, NULL);
  g_assert_true (g_file_set_contents (slow, "", 0, NULL));
  wait_until (reload_is_over (&cluster));
  body = g_thread_join (client);
  g_assert_nonnull (body);
  g_assert_false (has_process (worker (&cluster, 0), pid));
  troupe_bus_worker1_call_memory_sync (worker (&cluster, 0), &pss, &rss_of_one, NULL, NULL);
  g_assert_cmpuint (rss_of_one, <, rss_of_both);
}

static void
test_stop_has_an_end (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };

  cluster_serve (&cluster, fixture, 1, "'LINGER=1', ", ", 'grace': <'400ms'>");
  troupe_bus_program1_call_stop_sync (cluster.program, NULL, NULL);
  wait_for_state (worker (&cluster, 0), "stopped");
  /* It left the cluster, but only the signal made it end. */
  g_assert_cmpstr (troupe_bus_worker1_get_exit_signal (worker (&cluster, 0)), ==, "SIGTERM");
}

static void
test_reload_that_is_never_ready (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *broken = g_build_filename (fixture->folder, "broken", NULL);
  g_autofree char *env = g_strdup_printf ("'BROKEN=%s', ", broken);
  g_auto (HttpLoadResult) result = { 0 };
  HttpLoad *load;
  guint pids[2];

  cluster_serve (&cluster, fixture, 2, env, ", 'ready-timeout': <'1s'>, 'grace': <'1s'>");
  for (guint i = 0; i < 2; i++)
    pids[i] = troupe_bus_worker1_get_pid (worker (&cluster, i));
  load = http_load_start (cluster.port, N_CLIENTS);
  g_assert_true (g_file_set_contents (broken, "", 0, NULL));
  g_assert_cmpstr (cluster_reload (&cluster), ==, "web.1: run 2 is not ready: it does not listen");
  wait_until (g_strcmp0 (troupe_bus_worker1_get_state_reason (worker (&cluster, 0)),
                         "reload failed: run 2 is not ready: it does not listen")
              == 0);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpstr (troupe_bus_worker1_get_state (worker (&cluster, i)), ==, "ready");
      g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&cluster, i)), ==, pids[i]);
      wait_until (troupe_bus_worker1_get_run (worker (&cluster, i)) == 1);
    }
  wait_for_requests (load, 100);
  /* Mended, it goes through; on a busy machine not the first time, since one second is all it has. */
  g_assert_no_errno (unlink (broken));
  while (cluster_reload (&cluster)[0] != '\0')
    wait_for_requests (load, 1);
  for (guint i = 0; i < 2; i++)
    wait_until (troupe_bus_worker1_get_pid (worker (&cluster, i)) != pids[i]);
  result = http_load_stop (load);
  assert_no_failure (&result);
}

static void
test_reload_is_cancelled (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *broken = g_build_filename (fixture->folder, "broken", NULL);
  g_autofree char *env = g_strdup_printf ("'BROKEN=%s', ", broken);
  g_autoptr (GError) error = NULL;
  guint pid;

  cluster_serve (&cluster, fixture, 1, env, ", 'grace': <'1s'>");
  pid = troupe_bus_worker1_get_pid (worker (&cluster, 0));
  g_assert_false (troupe_bus_program1_call_cancel_reload_sync (cluster.program, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (broken, "", 0, NULL));
  troupe_bus_program1_call_reload_sync (cluster.program, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (troupe_bus_program1_call_reload_sync (cluster.program, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  g_clear_error (&error);
  wait_until (g_strcmp0 (troupe_bus_program1_get_reload_progress (cluster.program), "1 of 1: web.1") == 0);
  troupe_bus_program1_call_cancel_reload_sync (cluster.program, NULL, &error);
  g_assert_no_error (error);
  wait_until (reload_is_over (&cluster));
  g_assert_cmpstr (troupe_bus_program1_get_reload_failure (cluster.program), ==, "it was cancelled");
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&cluster, 0)), ==, pid);
  /* The new run goes; then the reason is the old one's again. */
  wait_until (g_str_has_prefix (troupe_bus_worker1_get_state_reason (worker (&cluster, 0)), "listens on "));
  g_assert_cmpuint (count_marked (fixture, "web.1"), ==, 1);
}

/* ---- Numbers ---- */

static guint64
count_connections (Cluster *self)
{
  guint64 sum = 0;

  for (guint i = 0; i < self->workers->len; i++)
    sum += troupe_bus_worker1_get_connections (worker (self, i));
  return sum;
}

static void
test_connections_are_counted (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };

  cluster_serve (&cluster, fixture, 2, "", "");
  troupe_bus_engine1_set_interval_msec (fixture->engine, 100);
  troupe_bus_engine1_call_subscribe_sync (fixture->engine, NULL, NULL);
  for (guint i = 0; i < 10; i++)
    g_free (http_get (cluster.port, "/"));
  wait_until (count_connections (&cluster) == 10);
  g_assert_cmpuint (troupe_bus_worker1_get_connections (worker (&cluster, 0)), ==, 5);
}

static void
test_scale_is_remembered (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { .fixture = fixture };
  g_autofree char *path = fixture_write (
      fixture, "shop.troupe",
      "[project]\nname=shop\n[program web]\nkind=cluster\ncommand=sleep 1000\ninstances=2\n[program one]\ncommand=sleep 1000\n");
  g_autofree char *name = NULL;
  g_auto (GStrv) notes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeBusWorker1) one = NULL;

  troupe_bus_engine1_call_open_project_sync (fixture->engine, path, TRUE, &name, &notes, NULL, &error);
  g_assert_no_error (error);
  cluster_look_up (&cluster, "web");
  wait_until (all_in_state (&cluster, "ready"));
  g_assert_false (troupe_bus_program1_call_scale_sync (cluster.program, 0, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (troupe_bus_program1_call_scale_sync (cluster.program, 1025, NULL, &error));
  g_clear_error (&error);
  troupe_bus_program1_call_scale_sync (cluster.program, 3, NULL, &error);
  g_assert_no_error (error);
  cluster_look_up (&cluster, "web");
  g_assert_cmpuint (cluster.workers->len, ==, 3);
  wait_until (all_in_state (&cluster, "ready"));
  /* Reading the file again does not undo it. */
  g_clear_pointer (&name, g_free);
  g_clear_pointer (&notes, g_strfreev);
  troupe_bus_engine1_call_open_project_sync (fixture->engine, path, FALSE, &name, &notes, NULL, &error);
  cluster_look_up (&cluster, "web");
  g_assert_cmpuint (cluster.workers->len, ==, 3);
  fixture_quit_engine (fixture);
  fixture_start_engine (fixture);
  cluster_look_up (&cluster, "web");
  g_assert_cmpuint (cluster.workers->len, ==, 3);

  /* A program that is no cluster has its one worker replaced. */
  one = fixture_find (fixture, "one");
  troupe_bus_worker1_call_start_sync (one, NULL, NULL);
  wait_for_state (one, "running");
  cluster_look_up (&cluster, "one");
  troupe_bus_program1_call_scale_sync (cluster.program, 2, NULL, &error);
  g_assert_no_error (error);
  wait_until ((cluster_look_up (&cluster, "shop/one"), cluster.workers->len == 2 && all_in_state (&cluster, "running")));
  g_assert_cmpstr (troupe_bus_worker1_get_name (worker (&cluster, 0)), ==, "one.1");
}

/* A program without overlap: the old run goes first. */
static void
test_reload_of_a_spawn (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { .fixture = fixture };
  g_auto (GStrv) paths = fixture_launch_paths (
      fixture, "{'name': <'web'>, 'argv': <['sleep', '1000']>, 'instances': <2>, 'ready': <'time:50ms'>}", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  cluster_look_up (&cluster, "web");
  wait_until (all_in_state (&cluster, "ready"));
  g_assert_cmpstr (cluster_reload (&cluster), ==, "");
  for (guint i = 0; i < 2; i++)
    wait_until (troupe_bus_worker1_get_run (worker (&cluster, i)) == 2);
  wait_until (all_in_state (&cluster, "ready"));
  cluster_stop (&cluster);
  g_assert_false (troupe_bus_program1_call_reload_sync (cluster.program, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
}

int
main (int argc, char **argv)
{
  if (!cluster_tests_begin (&argc, &argv))
    return 0;
  cluster_test ("kill-under-load", test_kill_under_load);
  cluster_test ("kill-under-load-shared", test_kill_under_load_shared);
  cluster_test ("reload-and-scale-under-load", test_reload_and_scale_under_load);
  cluster_test ("reload-and-scale-under-load-shared", test_reload_and_scale_under_load_shared);
  cluster_test ("script-sees-no-preload", test_script_sees_no_preload);
  cluster_test ("changes-under-keep-alive", test_changes_under_keep_alive);
  cluster_test ("stop-lets-requests-finish", test_stop_lets_requests_finish);
  cluster_test ("figures-of-retiring", test_figures_of_retiring);
  cluster_test ("stop-has-an-end", test_stop_has_an_end);
  cluster_test ("reload-that-is-never-ready", test_reload_that_is_never_ready);
  cluster_test ("reload-is-cancelled", test_reload_is_cancelled);
  cluster_test ("connections-are-counted", test_connections_are_counted);
  cluster_test ("scale-is-remembered", test_scale_is_remembered);
  cluster_test ("reload-of-a-spawn", test_reload_of_a_spawn);
  return g_test_run ();
}
