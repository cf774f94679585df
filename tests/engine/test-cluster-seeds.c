/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Scripts for Node as they are found, and workers in other languages. */

#include "config.h"

#include "cluster-fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Scripts as they are ---- */

/* A copy of the seed with another port in place of 8000, so that tests can run side by side. */
static char *
copy_seed (Fixture *fixture, const char *name, guint port)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "seeds", "cluster", name, NULL);
  g_autofree char *text = NULL, *number = g_strdup_printf ("%u", port);
  g_auto (GStrv) parts = NULL;
  g_autofree char *changed = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  parts = g_strsplit (text, "8000", -1);
  g_assert_cmpuint (g_strv_length (parts), >, 1);
  changed = g_strjoinv (number, parts);
  return fixture_write (fixture, name, changed);
}

static void
run_seed (Fixture *fixture, const char *name, const char *answer)
{
  g_auto (Cluster) cluster = { .port = http_free_port () };
  g_autofree char *script = copy_seed (fixture, name, cluster.port);
  g_autofree char *fields
      = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <2>, 'argv': <['%s']>}", script);
  g_autofree char *address = g_strdup_printf ("tcp:%u", cluster.port);

  cluster_launch (&cluster, fixture, fields);
  g_assert_cmpuint (cluster.workers->len, ==, 2);
  g_assert_cmpstr (troupe_bus_worker1_get_name (worker (&cluster, 0)), ==, "web.1");
  wait_until (all_in_state (&cluster, "ready"));
  for (guint i = 0; i < 2; i++)
    {
      const char *const *addresses = troupe_bus_worker1_get_addresses (worker (&cluster, i));

      g_assert_cmpstr (addresses[0], ==, address);
      g_assert_null (addresses[1]);
    }
  wait_until (troupe_bus_program1_get_listen (cluster.program)[0] != NULL);
  g_assert_cmpstr (troupe_bus_program1_get_listen (cluster.program)[0], ==, address);
  g_assert_cmpstr (troupe_bus_program1_get_schedule (cluster.program), ==, "round-robin");
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *body = http_get (cluster.port, "/");

      if (answer != NULL)
        g_assert_cmpstr (body, ==, answer);
    }
  cluster_stop (&cluster);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker (&cluster, i)), ==, 0);
  g_assert_true (is_refused (cluster.port));
}

static void
test_is_master (Fixture *fixture, gconstpointer data)
{
  run_seed (fixture, "master.js", "Hello from Node.js!");
}

static void
test_is_primary (Fixture *fixture, gconstpointer data)
{
  run_seed (fixture, "primary.mjs", "hello world\n");
}

/* ---- As their own primary ---- */

/* The processes of a worker besides its first. (transfer full) (element-type guint) */
static GArray *
list_descendants (TroupeBusWorker1 *worker)
{
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GVariant) processes = NULL;
  GVariantIter iter;
  guint pid;

  troupe_bus_worker1_call_processes_sync (worker, &processes, NULL, NULL);
  g_variant_iter_init (&iter, processes);
  while (g_variant_iter_next (&iter, "(uusstdttu)", &pid, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL))
    if (pid != troupe_bus_worker1_get_pid (worker))
      g_array_append_val (pids, pid);
  return pids;
}

static guint
count_descendants (TroupeBusWorker1 *worker)
{
  g_autoptr (GArray) pids = list_descendants (worker);

  return pids->len;
}

static gboolean
answers (guint port, const char *expected)
{
  g_autofree char *body = http_get (port, "/");

  return expected != NULL ? g_strcmp0 (body, expected) == 0 : !is_refused (port);
}

/* A script of kind spawn is the primary itself: its workers are what it has started. When one of them is killed it says
 * “WORD PID died”, and with FORKS_AGAIN starts another. */
static void
run_as_spawn (Fixture *fixture, const char *name, const char *answer, const char *word, gboolean forks_again)
{
  g_auto (Cluster) cluster = { .port = http_free_port (), .fixture = fixture };
  g_autofree char *script = copy_seed (fixture, name, cluster.port);
  g_autofree char *preload = g_test_build_filename (G_TEST_DIST, "engine", "workers", "two-cpus.js", NULL);
  g_autofree char *fields = g_strdup_printf ("{'name': <'web'>, 'argv': <['node', '--require', '%s', '%s']>}", preload,
                                             script);
  g_autofree char *line = NULL;
  g_autoptr (GArray) pids = NULL;

  cluster_launch (&cluster, fixture, fields);
  wait_until (all_in_state (&cluster, "running"));
  wait_until (count_descendants (worker (&cluster, 0)) == 2 && answers (cluster.port, answer));
  pids = list_descendants (worker (&cluster, 0));
  kill ((pid_t) g_array_index (pids, guint, 0), SIGKILL);
  line = g_strdup_printf ("%s %u died\n", word, g_array_index (pids, guint, 0));
  wait_until (has_said (worker (&cluster, 0), line));
  wait_until (count_descendants (worker (&cluster, 0)) == (forks_again ? 2 : 1));
  wait_until (answers (cluster.port, answer));
  /* They go with it. */
  cluster_stop (&cluster);
  g_assert_cmpuint (count_marked (fixture, "web"), ==, 0);
}

static void
test_is_master_by_itself (Fixture *fixture, gconstpointer data)
{
  run_as_spawn (fixture, "master.js", "Hello from Node.js!", "Worker", FALSE);
}

static void
test_is_primary_by_itself (Fixture *fixture, gconstpointer data)
{
  run_as_spawn (fixture, "primary.mjs", "hello world\n", "worker", FALSE);
}

/* ---- With modules, from the folder TROUPE_TEST_MODULES ---- */

static void
link_modules (Fixture *fixture)
{
  g_autofree char *link = g_build_filename (fixture->folder, "node_modules", NULL);

  g_assert_no_errno (symlink (g_getenv ("TROUPE_TEST_MODULES"), link));
}

static void
test_express (Fixture *fixture, gconstpointer data)
{
  link_modules (fixture);
  /* It has no routes: 404 is its answer. */
  run_seed (fixture, "express.js", NULL);
}

static void
test_express_by_itself (Fixture *fixture, gconstpointer data)
{
  link_modules (fixture);
  run_as_spawn (fixture, "express.js", NULL, "worker", TRUE);
}

static void
read_until (GDataInputStream *lines, const char *line)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *got = g_data_input_stream_read_line_utf8 (lines, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (got, ==, line);
}

/* Clients that stay connected, while all workers are replaced: nothing that was asked is without an answer. */
static void
run_with_clients (Fixture *fixture, const char *name, const char *kind)
{
  g_auto (Cluster) cluster = { .port = http_free_port () };
  g_autofree char *client = g_test_build_filename (G_TEST_DIST, "engine", "workers", "modules-client.js", NULL);
  g_autofree char *port = g_strdup_printf ("%u", cluster.port), *script = NULL, *copy = NULL, *fields = NULL, *text = NULL;
  g_autofree char *result = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;
  guint n_failures, n_workers;

  link_modules (fixture);
  script = copy_seed (fixture, name, cluster.port);
  g_assert_true (g_file_get_contents (client, &text, NULL, NULL));
  copy = fixture_write (fixture, "client.js", text);
  fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <2>, 'argv': <['%s']>, "
                            "'grace': <'6s'>}",
                            script);
  cluster_launch (&cluster, fixture, fields);
  wait_until (all_in_state (&cluster, "ready"));
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "node", copy, kind,
                              port, NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  read_until (lines, "working");
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (cluster_reload (&cluster), ==, "");
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (troupe_bus_worker1_get_run (worker (&cluster, i)), ==, 3);
  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, NULL);
  result = g_data_input_stream_read_line_utf8 (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", result);
  g_assert_true (g_subprocess_wait_check (process, NULL, &error));
  g_assert_cmpint (sscanf (strstr (result, "\"failures\""), "\"failures\":%u,\"workers\":%u", &n_failures, &n_workers), ==, 2);
  g_assert_cmpuint (n_failures, ==, 0);
  g_assert_cmpuint (n_workers, >=, 4);
  cluster_stop (&cluster);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker (&cluster, i)), ==, 0);
}

static void
test_fastify (Fixture *fixture, gconstpointer data)
{
  run_with_clients (fixture, "fastify.js", "http");
}

static void
test_koa (Fixture *fixture, gconstpointer data)
{
  run_with_clients (fixture, "koa.js", "http");
}

static void
test_ws (Fixture *fixture, gconstpointer data)
{
  run_with_clients (fixture, "ws.js", "ws");
}

static void
test_socket_io (Fixture *fixture, gconstpointer data)
{
  run_with_clients (fixture, "socketio.js", "socketio");
}

/* ---- Sockets of listen= ---- */

static void
test_listens_by_descriptor (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { .port = http_free_port () };
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_autofree char *fields
      = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <2>, 'argv': <['node', '%s']>, "
                         "'listen': <['tcp:127.0.0.1:%u']>}",
                         script, cluster.port);

  cluster_launch (&cluster, fixture, fields);
  wait_until (all_in_state (&cluster, "ready"));
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *body = http_get (cluster.port, "/");

      g_assert_nonnull (body);
    }
  cluster_stop (&cluster);
}

/* ---- Any language ---- */

static void
serve_with (Fixture *fixture, const char *argv)
{
  g_auto (Cluster) cluster = { .port = http_free_port () };
  g_autofree char *fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'argv': <[%s]>, 'instances': <2>, "
                                             "'listen': <['tcp:127.0.0.1:%u']>, 'ready': <'line:^serves'>}",
                                             argv, cluster.port);
  g_auto (HttpLoadResult) result = { 0 };
  HttpLoad *load;
  guint pids[2];

  cluster_launch (&cluster, fixture, fields);
  wait_until (all_in_state (&cluster, "ready"));
  for (guint i = 0; i < 2; i++)
    pids[i] = troupe_bus_worker1_get_pid (worker (&cluster, i));
  load = http_load_start (cluster.port, N_CLIENTS);
  wait_for_requests (load, 100);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (cluster_reload (&cluster), ==, "");
  wait_for_requests (load, 100);
  for (guint i = 0; i < 2; i++)
    {
      wait_until (troupe_bus_worker1_get_run (worker (&cluster, i)) == 3);
      wait_until (troupe_bus_worker1_get_pid (worker (&cluster, i)) != pids[i]);
    }
  /* The engine may go, too. */
  fixture_kill_engine (fixture);
  wait_for_requests (load, 100);
  fixture_start_engine (fixture);
  cluster_look_up (&cluster, "web");
  wait_until (all_in_state (&cluster, "ready"));
  g_assert_cmpstr (cluster_reload (&cluster), ==, "");
  result = http_load_stop (load);
  assert_no_failure (&result);
  cluster_stop (&cluster);
  g_assert_true (is_refused (cluster.port));
}

static void
test_python (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "..", "data", "write-a-worker", "listen.py", NULL);
  g_autofree char *argv = g_strdup_printf ("'%s'", script);
  g_autofree char *python = g_find_program_in_path ("python3");

  if (python == NULL)
    g_test_skip ("there is no python3");
  else
    serve_with (fixture, argv);
}

static void
test_c (Fixture *fixture, gconstpointer data)
{
  g_autofree char *argv = g_strdup_printf ("'%s'", g_getenv ("EXAMPLE_LISTENER"));

  serve_with (fixture, argv);
}

int
main (int argc, char **argv)
{
  if (!cluster_tests_begin (&argc, &argv))
    return 0;
  cluster_test ("is-master-as-it-is", test_is_master);
  cluster_test ("is-primary-as-it-is", test_is_primary);
  cluster_test ("is-master-by-itself", test_is_master_by_itself);
  cluster_test ("is-primary-by-itself", test_is_primary_by_itself);
  if (g_getenv ("TROUPE_TEST_MODULES") != NULL)
    {
      cluster_test ("express", test_express);
      cluster_test ("express-by-itself", test_express_by_itself);
      cluster_test ("fastify", test_fastify);
      cluster_test ("koa", test_koa);
      cluster_test ("ws", test_ws);
      cluster_test ("socket.io", test_socket_io);
    }
  cluster_test ("listens-by-descriptor", test_listens_by_descriptor);
  cluster_test ("python", test_python);
  cluster_test ("c", test_c);
  return g_test_run ();
}
