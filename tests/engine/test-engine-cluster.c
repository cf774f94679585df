/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Clusters from end to end: a real engine, real keepers, Node, Python and C workers, and clients that
 * never rest. */

#include "config.h"

#include "engine-fixture.h"
#include "http-load.h"

#include "cluster/listen-socket.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_CLIENTS 6

typedef struct
{
  Fixture *fixture;
  guint port;
  char *path; /* of the program */
  TroupeBusProgram1 *program;
  GPtrArray *workers; /* of TroupeBusWorker1 */
} Cluster;

static void
cluster_clear (Cluster *self)
{
  g_clear_object (&self->program);
  g_clear_pointer (&self->workers, g_ptr_array_unref);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Cluster, cluster_clear)

static TroupeBusWorker1 *
worker (Cluster *self, guint i)
{
  return g_ptr_array_index (self->workers, i);
}

static gboolean
all_in_state (Cluster *self, const char *state)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (g_strcmp0 (troupe_bus_worker1_get_state (worker (self, i)), state) != 0)
      return FALSE;
  return self->workers->len > 0;
}

/* FALSE when one of them was gone before we got there. */
static gboolean
cluster_find_workers (Cluster *self, const char *name)
{
  g_auto (GStrv) paths = fixture_find_paths (self->fixture, name, NULL);

  g_assert_nonnull (paths);
  g_clear_pointer (&self->workers, g_ptr_array_unref);
  self->workers = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      TroupeBusWorker1 *found
          = troupe_bus_worker1_proxy_new_sync (self->fixture->bus, G_DBUS_PROXY_FLAGS_NONE, TROUPE_ENGINE_BUS_NAME,
                                               paths[i], NULL, NULL);

      g_assert_nonnull (found);
      g_ptr_array_add (self->workers, found);
      if (troupe_bus_worker1_get_name (found) == NULL)
        return FALSE;
    }
  return TRUE;
}

/* Workers as they are now. */
static void
cluster_look_up (Cluster *self, const char *name)
{
  while (!cluster_find_workers (self, name))
    ;
  g_clear_object (&self->program);
  g_free (self->path);
  self->path = g_strdup (troupe_bus_worker1_get_program (worker (self, 0)));
  self->program = fixture_get_program (self->fixture, self->path);
}

/* FIELDS: more of the definition. Starts it; its name is "web". */
static void
cluster_launch (Cluster *self, Fixture *fixture, const char *fields)
{
  g_auto (GStrv) paths = fixture_launch_paths (fixture, fields, TRUE, NULL);

  self->fixture = fixture;
  cluster_look_up (self, "web");
}

/* A cluster of serve.js with N workers on a free port. MORE: fields; ENV: variables, each "'K=V', ". */
static void
cluster_serve (Cluster *self, Fixture *fixture, guint n, const char *env, const char *more)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_autofree char *fields = NULL;

  self->port = http_free_port ();
  fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'argv': <['%s']>, 'instances': <%u>, "
                            "'env': <[%s'PORT=%u']>%s}",
                            script, n, env, self->port, more);
  cluster_launch (self, fixture, fields);
  wait_until (all_in_state (self, "ready"));
}

static gboolean
reload_is_over (Cluster *self)
{
  return troupe_bus_program1_get_reload_progress (self->program)[0] == '\0';
}

/* Reloads and waits. Returns: (transfer none): why it failed, or "". */
static const char *
cluster_reload (Cluster *self)
{
  g_autoptr (GError) error = NULL;

  troupe_bus_program1_call_reload_sync (self->program, NULL, &error);
  g_assert_no_error (error);
  /* What was said before the answer. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  wait_until (reload_is_over (self));
  return troupe_bus_program1_get_reload_failure (self->program);
}

static void
cluster_stop (Cluster *self)
{
  troupe_bus_program1_call_stop_sync (self->program, NULL, NULL);
  wait_until (all_in_state (self, "stopped"));
}

static void
wait_for_requests (HttpLoad *load, guint64 more)
{
  guint64 until = http_load_count (load) + more;

  wait_until (http_load_count (load) >= until);
}

static void
assert_no_failure (const HttpLoadResult *result)
{
  if (result->n_failed > 0)
    g_error ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " requests failed, first: %s", result->n_failed,
             result->n_ok + result->n_failed, result->first_failure);
  g_test_message ("%" G_GUINT64_FORMAT " requests, none failed", result->n_ok);
}

static gboolean
is_refused (guint port)
{
  int fd = http_connect (port);

  if (fd >= 0)
    close (fd);
  return fd == -ECONNREFUSED;
}

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

/* With the modules that are installed in the folder TROUPE_TEST_MODULES. */
static void
test_express (Fixture *fixture, gconstpointer data)
{
  g_autofree char *link = g_build_filename (fixture->folder, "node_modules", NULL);

  g_assert_no_errno (symlink (g_getenv ("TROUPE_TEST_MODULES"), link));
  /* It has no routes: 404 is its answer. */
  run_seed (fixture, "express.js", NULL);
}

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

/* ---- Workers come and go ---- */

static void
test_kill_under_load (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  HttpLoadResult result;
  HttpLoad *load;

  cluster_serve (&cluster, fixture, 3, "", ", 'restart-delay': <'10ms'>");
  load = http_load_start (cluster.port, N_CLIENTS);
  for (guint i = 0; i < 5; i++)
    {
      TroupeBusWorker1 *victim = worker (&cluster, i % 3);
      guint run = troupe_bus_worker1_get_run (victim);

      wait_for_requests (load, 200);
      kill ((pid_t) troupe_bus_worker1_get_pid (victim), SIGKILL);
      wait_until (troupe_bus_worker1_get_run (victim) == run + 1
                  && g_strcmp0 (troupe_bus_worker1_get_state (victim), "ready") == 0);
    }
  wait_for_requests (load, 200);
  result = http_load_stop (load);
  g_test_message ("%" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT " were inside a killed worker", result.n_ok,
                  result.n_failed);
  /* Only what a killed worker had taken: never more than its share of the clients, and nobody was refused. */
  g_assert_cmpuint (result.n_refused, ==, 0);
  g_assert_cmpuint (result.n_timed_out, ==, 0);
  g_assert_cmpuint (result.n_failed, <=, 5 * N_CLIENTS);
}

static void
test_reload_and_scale_under_load (Fixture *fixture, gconstpointer data)
{
  static const guint sizes[] = { 4, 1, 3, 2 };
  g_auto (Cluster) cluster = { 0 };
  HttpLoadResult result;
  HttpLoad *load;

  cluster_serve (&cluster, fixture, 2, "", "");
  load = http_load_start (cluster.port, N_CLIENTS);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpstr (cluster_reload (&cluster), ==, "");
      wait_for_requests (load, 100);
      troupe_bus_program1_call_scale_sync (cluster.program, sizes[i], NULL, &error);
      g_assert_no_error (error);
      /* At the same time. */
      g_assert_cmpstr (cluster_reload (&cluster), ==, "");
      cluster_look_up (&cluster, "web");
      wait_until (all_in_state (&cluster, "ready") || (cluster_look_up (&cluster, "web"), FALSE));
      g_assert_cmpuint (cluster.workers->len, ==, sizes[i]);
    }
  wait_for_requests (load, 100);
  result = http_load_stop (load);
  assert_no_failure (&result);
  wait_until (troupe_bus_worker1_get_run (worker (&cluster, 0)) == 1 + 2 * G_N_ELEMENTS (sizes));
}

/* Everything that any run of the worker has said. */
static char *
read_all_runs (Cluster *self, const char *worker_name)
{
  g_autofree char *folder = g_build_filename (self->fixture->journals_dir, "default", worker_name, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GString) text = g_string_new ("\n");
  const char *run;

  while (dir != NULL && (run = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, run, "stdout", NULL);
      g_autofree char *said = NULL;

      if (g_file_get_contents (path, &said, NULL, NULL))
        g_string_append (text, said);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
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
test_reload_under_keep_alive (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 };
  HttpLoadResult result;
  HttpLoad *load;

  cluster_serve (&cluster, fixture, 2, "'TELL=1', ", ", 'grace': <'60s'>");
  load = http_load_start_keep_alive (cluster.port, N_CLIENTS);
  for (guint i = 0; i < 3; i++)
    {
      wait_for_requests (load, 100);
      g_assert_cmpstr (cluster_reload (&cluster), ==, "");
    }
  wait_for_requests (load, 100);
  result = http_load_stop (load);
  g_test_message ("%" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT " not answered (%s)", result.n_ok, result.n_failed,
                  result.first_failure);
  g_assert_cmpuint (result.n_failed, <, HTTP_LOAD_FAILED_MAX);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *name = g_strdup_printf ("web.%u", i + 1), *said = read_all_runs (&cluster, name);

      for (guint k = 0; k < result.n_failed; k++)
        {
          g_autofree char *line = g_strdup_printf ("\n%" G_GUINT64_FORMAT "\n", result.failed[k]);

          if (strstr (said, line) != NULL)
            g_error ("%s had begun to read request %" G_GUINT64_FORMAT, name, result.failed[k]);
        }
    }
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
  HttpLoadResult result;
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
  /* Mended, it goes through. */
  g_assert_no_errno (unlink (broken));
  g_assert_cmpstr (cluster_reload (&cluster), ==, "");
  wait_until (troupe_bus_worker1_get_run (worker (&cluster, 0)) == 3);
  wait_until (troupe_bus_worker1_get_run (worker (&cluster, 1)) == 2);
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

/* ---- The engine goes and comes ---- */

static void
kill_engine_under_load (Fixture *fixture, const char *schedule, guint64 failures_max)
{
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *more = g_strdup_printf (", 'schedule': <'%s'>", schedule);
  guint pids[2], runs = 1;
  HttpLoadResult result;
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
  HttpLoadResult result;
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
  kill ((pid_t) pids[0], SIGKILL);
  client = g_thread_new ("client", get_thread, GUINT_TO_POINTER (cluster.port));
  fixture_start_engine (fixture);
  cluster_look_up (&cluster, "web");
  wait_until (all_in_state (&cluster, "ready"));
  body = g_thread_join (client);
  g_assert_nonnull (body);
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&cluster, 1)), ==, pids[1]);
}

/* ---- Any language ---- */

static void
serve_with (Fixture *fixture, const char *argv)
{
  g_auto (Cluster) cluster = { .port = http_free_port () };
  g_autofree char *fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'argv': <[%s]>, 'instances': <2>, "
                                             "'listen': <['tcp:127.0.0.1:%u']>, 'ready': <'line:^serves'>}",
                                             argv, cluster.port);
  HttpLoadResult result;
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

/* ---- Ports that are taken ---- */

static int
take_port (guint *port)
{
  TroupeListenAddress address = { .type = TROUPE_LISTEN_TCP4, .address = (char *) "127.0.0.1" };
  int fd = troupe_listen_socket_bind (&address);
  char name[64];
  guint family;

  g_assert_cmpint (fd, >=, 0);
  g_assert_no_errno (listen (fd, 1));
  g_assert_true (troupe_listen_socket_get_name (fd, name, &family, port));
  return fd;
}

static void
test_names_the_holder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_autoptr (TroupeBusWorker1) node = NULL, other = NULL, third = NULL;
  g_autofree char *node_fields = NULL, *other_fields = NULL, *third_fields = NULL, *holder = NULL, *expected = NULL;
  g_auto (Cluster) cluster = { 0 };
  guint port;
  int fd = take_port (&port);

  holder = g_strdup_printf ("tcp:127.0.0.1:%u is taken by process %d (", port, (int) getpid ());
  node_fields = g_strdup_printf ("{'name': <'node'>, 'kind': <'cluster'>, 'instances': <1>, 'restart': <'no'>, "
                                 "'argv': <['%s']>, 'env': <['PORT=%u']>}",
                                 script, port);
  node = fixture_launch (fixture, node_fields);
  wait_for_state (node, "failed");
  g_assert_nonnull (strstr (troupe_bus_worker1_get_exit_summary (node), holder));
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (node), "Exited with code 1 "));

  other_fields = g_strdup_printf ("{'name': <'other'>, 'kind': <'cluster'>, 'instances': <1>, "
                                  "'argv': <['sleep', '60']>, 'listen': <['tcp:127.0.0.1:%u']>}",
                                  port);
  other = fixture_launch (fixture, other_fields);
  wait_for_state (other, "failed");
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (other), "Could not start: "));
  g_assert_nonnull (strstr (troupe_bus_worker1_get_exit_summary (other), holder));
  close (fd);
  troupe_bus_worker1_call_start_sync (other, NULL, NULL);
  wait_for_state (other, "ready");

  /* One of ours. */
  cluster_serve (&cluster, fixture, 1, "", "");
  third_fields = g_strdup_printf ("{'name': <'third'>, 'kind': <'cluster'>, 'instances': <1>, 'restart': <'no'>, "
                                  "'argv': <['sleep', '60']>, 'listen': <['tcp:127.0.0.1:%u']>}",
                                  cluster.port);
  third = fixture_launch (fixture, third_fields);
  wait_for_state (third, "failed");
  expected = g_strdup_printf ("Could not start: tcp:127.0.0.1:%u is taken by Troupe's program “default/web”",
                              cluster.port);
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (third), ==, expected);
}

static const char *
get_problem (Cluster *self, const char *key)
{
  g_autoptr (GVariant) value
      = g_variant_lookup_value (troupe_bus_program1_get_port_problem (self->program), key, NULL);

  /* It lives on in the property. */
  return value != NULL ? g_variant_get_string (value, NULL) : NULL;
}

static gboolean
has_problem (Cluster *self)
{
  return g_variant_n_children (troupe_bus_program1_get_port_problem (self->program)) > 0;
}

/* The port that a script names, or one of listen=, is somebody else's: told, and another taken in its place. */
static void
use_free_port (Fixture *fixture, gboolean by_listen)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *taken = NULL, *fields = NULL, *used = NULL, *again = NULL, *body = NULL, *was_free = NULL;
  g_autoptr (GVariant) pid = NULL;
  g_autoptr (GError) error = NULL;
  guint port;
  int fd = take_port (&port), next_fd;
  TroupeListenAddress next;

  taken = g_strdup_printf ("tcp:127.0.0.1:%u", port);
  fields = by_listen
               ? g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <2>, 'restart': <'no'>, "
                                  "'argv': <['%s']>, 'listen': <['tcp:127.0.0.1:0', '%s']>}",
                                  script, taken)
               : g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <2>, 'restart': <'no'>, "
                                  "'argv': <['%s']>, 'env': <['PORT=%u']>}",
                                  script, port);
  cluster_launch (&cluster, fixture, fields);
  wait_until (all_in_state (&cluster, "failed") && has_problem (&cluster));
  g_assert_cmpstr (get_problem (&cluster, "address"), ==, taken);
  g_assert_true (g_str_has_prefix (get_problem (&cluster, "text"), taken));
  g_assert_nonnull (strstr (get_problem (&cluster, "command"), "test-engine-cluster"));
  g_assert_null (get_problem (&cluster, "holder"));
  pid = g_variant_lookup_value (troupe_bus_program1_get_port_problem (cluster.program), "pid", NULL);
  g_assert_cmpint (g_variant_get_uint32 (pid), ==, getpid ());

  /* The one that was free then is not any more. */
  was_free = g_strdup (get_problem (&cluster, "free"));
  g_assert_true (troupe_listen_address_parse (&next, was_free, NULL));
  g_assert_cmpuint (next.port, >, port);
  next_fd = troupe_listen_socket_bind (&next);
  troupe_listen_address_clear (&next);
  if (next_fd >= 0)
    listen (next_fd, 1);
  troupe_bus_program1_call_use_free_port_sync (cluster.program, &used, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (next_fd < 0 || g_strcmp0 (used, was_free) != 0);
  wait_until (all_in_state (&cluster, "ready") && !has_problem (&cluster));
  if (!by_listen)
    g_assert_cmpstr (troupe_bus_worker1_get_addresses (worker (&cluster, 1))[0], ==, used);
  wait_until (g_strv_contains (troupe_bus_program1_get_listen (cluster.program), used));
  body = by_listen ? NULL : http_get ((guint) g_ascii_strtoull (strrchr (used, ':') + 1, NULL, 10), "/");
  g_assert_true (by_listen || body != NULL);
  g_assert_false (troupe_bus_program1_call_use_free_port_sync (cluster.program, &again, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  if (next_fd >= 0)
    close (next_fd);
  close (fd);
  cluster_stop (&cluster);
}

static void
test_uses_free_port_for_script (Fixture *fixture, gconstpointer data)
{
  use_free_port (fixture, FALSE);
}

static void
test_uses_free_port_for_listen (Fixture *fixture, gconstpointer data)
{
  use_free_port (fixture, TRUE);
}

/* A program of ours has the port: it is named in a way that can be acted on. */
static void
test_stops_the_holder (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 }, second = { 0 };
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_autofree char *fields = NULL, *holder = NULL;
  g_autoptr (TroupeBusProgram1) other = NULL;
  g_auto (GStrv) paths = NULL;

  cluster_serve (&cluster, fixture, 1, "", "");
  fields = g_strdup_printf ("{'name': <'second'>, 'kind': <'cluster'>, 'instances': <1>, 'restart': <'no'>, "
                            "'argv': <['%s']>, 'env': <['PORT=%u']>}",
                            script, cluster.port);
  paths = fixture_launch_paths (fixture, fields, TRUE, NULL);
  second.fixture = fixture;
  cluster_look_up (&second, "second");
  wait_until (all_in_state (&second, "failed") && has_problem (&second));
  g_assert_cmpstr (get_problem (&second, "holder"), ==, "default/web");
  holder = g_strdup (get_problem (&second, "program"));
  g_assert_cmpstr (holder, ==, cluster.path);
  other = fixture_get_program (fixture, holder);
  troupe_bus_program1_call_stop_sync (other, NULL, NULL);
  wait_until (all_in_state (&cluster, "stopped"));
  troupe_bus_program1_call_start_sync (second.program, NULL, NULL);
  wait_until (all_in_state (&second, "ready") && !has_problem (&second));
  cluster_stop (&second);
}

static void
assert_note (GVariant *notes, const char *topic, guint line)
{
  const char *real_topic, *text;
  guint real_line;

  g_assert_cmpuint (g_variant_n_children (notes), ==, 1);
  g_variant_get_child (notes, 0, "(&su&s)", &real_topic, &real_line, &text);
  g_assert_cmpstr (real_topic, ==, topic);
  g_assert_cmpuint (real_line, ==, line);
  g_assert_nonnull (strstr (text, "will not run"));
}

/* What is in the primary's branch of a script is said, before a start and as it changes. */
static void
test_notes_primary_branch (Fixture *fixture, gconstpointer data)
{
  static const char forks[] = "const cluster = require('cluster');\nif (cluster.isPrimary) {\n  cluster.fork();\n}\n"
                              "else setInterval(() => {}, 1000);\n";
  static const char counts[] = "const cluster = require('cluster');\nif (cluster.isPrimary) {\n"
                               "  setInterval(() => {}, 5);\n}\nelse setInterval(() => {}, 1000);\n";
  g_autofree char *script = fixture_write (fixture, "app.js", forks);
  g_autofree char *definition
      = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <1>, 'argv': <['%s']>, 'ready': <'none'>, "
                         "'grace': <'200ms'>}",
                         script);
  g_autoptr (GVariant) dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, definition, NULL, NULL, NULL);
  g_autoptr (GVariant) notes = NULL;
  g_auto (Cluster) cluster = { 0 };
  g_autoptr (GError) error = NULL;

  troupe_bus_engine1_call_examine_sync (fixture->engine, dict, &notes, NULL, &error);
  g_assert_no_error (error);
  assert_note (notes, "primary-branch", 2);
  cluster_launch (&cluster, fixture, definition);
  assert_note (troupe_bus_program1_get_notes (cluster.program), "primary-branch", 2);
  wait_until (all_in_state (&cluster, "running"));
  cluster_stop (&cluster);
  g_free (fixture_write (fixture, "app.js", counts));
  troupe_bus_program1_call_start_sync (cluster.program, NULL, NULL);
  wait_until (all_in_state (&cluster, "running"));
  assert_note (troupe_bus_program1_get_notes (cluster.program), "primary-logic", 3);
  cluster_stop (&cluster);
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
  g_autofree char *node = NULL;

  g_test_init (&argc, &argv, NULL);
  troupe_error_quark (); /* errors from the bus have its codes from now on */
  node = g_find_program_in_path ("node");
  if (node == NULL)
    {
      g_test_skip ("there is no node");
      return 0;
    }
  fixture_test ("cluster/is-master-as-it-is", test_is_master);
  fixture_test ("cluster/is-primary-as-it-is", test_is_primary);
  if (g_getenv ("TROUPE_TEST_MODULES") != NULL)
    fixture_test ("cluster/express", test_express);
  fixture_test ("cluster/listens-by-descriptor", test_listens_by_descriptor);
  fixture_test ("cluster/kill-under-load", test_kill_under_load);
  fixture_test ("cluster/reload-and-scale-under-load", test_reload_and_scale_under_load);
  fixture_test ("cluster/script-sees-no-preload", test_script_sees_no_preload);
  fixture_test ("cluster/reload-under-keep-alive", test_reload_under_keep_alive);
  fixture_test ("cluster/stop-lets-requests-finish", test_stop_lets_requests_finish);
  fixture_test ("cluster/figures-of-retiring", test_figures_of_retiring);
  fixture_test ("cluster/stop-has-an-end", test_stop_has_an_end);
  fixture_test ("cluster/reload-that-is-never-ready", test_reload_that_is_never_ready);
  fixture_test ("cluster/reload-is-cancelled", test_reload_is_cancelled);
  fixture_test ("cluster/engine-dies-round-robin", test_engine_dies_round_robin);
  fixture_test ("cluster/engine-dies-shared", test_engine_dies_shared);
  fixture_test ("cluster/reload-outlives-engine", test_reload_outlives_engine);
  fixture_test ("cluster/socket-outlives-engine-and-workers", test_socket_outlives_engine_and_workers);
  fixture_test ("cluster/python", test_python);
  fixture_test ("cluster/c", test_c);
  fixture_test ("cluster/names-the-holder", test_names_the_holder);
  fixture_test ("cluster/uses-free-port-for-script", test_uses_free_port_for_script);
  fixture_test ("cluster/uses-free-port-for-listen", test_uses_free_port_for_listen);
  fixture_test ("cluster/stops-the-holder", test_stops_the_holder);
  fixture_test ("cluster/notes-primary-branch", test_notes_primary_branch);
  fixture_test ("cluster/connections-are-counted", test_connections_are_counted);
  fixture_test ("cluster/scale-is-remembered", test_scale_is_remembered);
  fixture_test ("cluster/reload-of-a-spawn", test_reload_of_a_spawn);
  return g_test_run ();
}
