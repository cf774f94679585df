/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Kind threads, through the bus: the same claims for threads of Node and of the native host. THREAD_MODULE is
 * the worker to run, workers/thread.js or what became of workers/thread.c. */

#include "config.h"

#include "engine-fixture.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* For threads that will not end when they are asked to. */
#define SHORT_GRACE ", 'grace': <'200ms'>"

typedef struct
{
  TroupeBusProgram1 *program;
  TroupeBusWorker1 *host;
  TroupeBusWorker1 *threads[32];
  guint n;
} Crew;

static gboolean
is_native (void)
{
  return g_str_has_suffix (g_getenv ("THREAD_MODULE"), ".so");
}

static void
crew_clear (Crew *crew)
{
  g_clear_object (&crew->program);
  g_clear_object (&crew->host);
  for (guint i = 0; i < G_N_ELEMENTS (crew->threads); i++)
    g_clear_object (&crew->threads[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Crew, crew_clear)

/* Looks up the workers of the program “crunch”. */
static void
crew_find (Crew *crew, Fixture *fixture, guint n)
{
  crew_clear (crew);
  crew->n = n;
  crew->host = fixture_find (fixture, "crunch.host");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("crunch.%u", i + 1);

      crew->threads[i] = fixture_find (fixture, name);
    }
  crew->program = fixture_get_program (fixture, troupe_bus_worker1_get_program (crew->host));
}

/* Launches “crunch” with N threads; FIELDS: more of the definition, beginning with a comma. */
static void
crew_launch (Crew *crew, Fixture *fixture, guint n, const char *fields)
{
  g_autofree char *text
      = g_strdup_printf ("{'name': <'crunch'>, 'kind': <'threads'>, 'argv': <['%s']>, 'instances': <int64 %u>%s}",
                         g_getenv ("THREAD_MODULE"), n, fields);
  g_auto (GStrv) paths = fixture_launch_paths (fixture, text, TRUE, NULL);

  g_assert_cmpuint (g_strv_length (paths), ==, n + 1);
  crew_find (crew, fixture, n);
}

static void
crew_wait_up (Crew *crew)
{
  for (guint i = 0; i < crew->n; i++)
    wait_until (has_said (crew->threads[i], "ready"));
  for (guint i = 0; i < crew->n; i++)
    wait_for_state (crew->threads[i], "running");
}

static void
send (TroupeBusWorker1 *worker, const char *message)
{
  g_autoptr (GError) error = NULL;

  troupe_bus_worker1_call_send_sync (worker, message, NULL, &error);
  g_assert_no_error (error);
}

/* Has the thread do for ever what ORDER says, and waits until it is at it. What is asked of it before may reach
 * it first. */
static void
make_busy (TroupeBusWorker1 *worker, const char *order)
{
  send (worker, order);
  wait_until (has_said (worker, "for ever\n"));
}

/* Returns: (transfer full) */
static char *
ask (TroupeBusWorker1 *worker, const char *message)
{
  g_autoptr (GError) error = NULL;
  char *reply = NULL;

  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (worker), 100000);
  troupe_bus_worker1_call_request_sync (worker, message, 0, &reply, NULL, &error);
  g_assert_no_error (error);
  return reply;
}

#define assert_answer(worker, message, expected)                                                                    \
  G_STMT_START                                                                                                      \
  {                                                                                                                 \
    g_autofree char *got = ask (worker, message);                                                                   \
    g_assert_cmpstr (got, ==, expected);                                                                            \
  }                                                                                                                 \
  G_STMT_END

static gboolean
has_event (TroupeBusWorker1 *worker, const char *text)
{
  g_autofree char *events = read_journal (worker, "activity.events");

  return strstr (events, text) != NULL;
}

static gboolean
file_has (const char *path, const char *text)
{
  g_autofree char *contents = NULL;

  return g_file_get_contents (path, &contents, NULL, NULL) && strstr (contents, text) != NULL;
}

/* Messages of a run, as its journal has them. */
static gboolean
has_message (TroupeBusWorker1 *worker, const char *text)
{
  g_autofree char *messages = read_journal (worker, "messages");

  return strstr (messages, text) != NULL;
}

/* ---- Life ---- */

static void
test_lives_in_one_process (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  guint pid;

  crew_launch (&crew, fixture, 3, ", 'worker-data': <'{\"a\": [1]}'>, 'env': <['COLOUR=red']>");
  crew_wait_up (&crew);
  wait_for_state (crew.host, "ready");
  pid = troupe_bus_worker1_get_pid (crew.host);
  g_assert_true (is_alive ((pid_t) pid));
  g_assert_cmpuint (troupe_bus_worker1_get_instance (crew.host), ==, 0);
  for (guint i = 0; i < crew.n; i++)
    {
      g_autofree char *task = NULL;
      guint tid = troupe_bus_worker1_get_tid (crew.threads[i]);

      g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.threads[i]), ==, pid);
      g_assert_cmpuint (tid, >, 0);
      g_assert_cmpuint (tid, !=, pid);
      task = g_strdup_printf ("/proc/%u/task/%u", pid, tid);
      g_assert_true (g_file_test (task, G_FILE_TEST_IS_DIR));
      g_assert_cmpstr (troupe_bus_worker1_get_host (crew.threads[i]), ==,
                       g_dbus_proxy_get_object_path (G_DBUS_PROXY (crew.host)));
      g_assert_cmpstr (troupe_bus_worker1_get_channel (crew.threads[i]), ==, "open");
      assert_answer (crew.threads[i], "\"ping\"", "\"pong\"");
      assert_answer (crew.threads[i], "[\"env\",\"COLOUR\"]", "\"red\"");
    }
  assert_answer (crew.threads[1], "\"data\"", is_native () ? "{\"a\": [1]}" : "{\"a\":[1]}");

  troupe_bus_program1_call_stop_sync (crew.program, NULL, NULL);
  for (guint i = 0; i < crew.n; i++)
    {
      wait_for_state (crew.threads[i], "stopped");
      g_assert_cmpuint (troupe_bus_worker1_get_tid (crew.threads[i]), ==, 0);
      g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (crew.threads[i]),
                                       "Stopped as you asked after "));
    }
  /* The host goes after the last of them, by itself. */
  wait_for_state (crew.host, "stopped");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (crew.host), ==, 0);
  g_assert_false (is_alive ((pid_t) pid));
}

static void
test_output_is_each_its_own (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };

  crew_launch (&crew, fixture, 2, SHORT_GRACE);
  crew_wait_up (&crew);
  make_busy (crew.threads[0], "\"spin\"");
  send (crew.threads[1], "[\"log\",\"while the other spins\"]");
  wait_until (has_said (crew.threads[1], "while the other spins\n"));
  g_assert_false (has_said (crew.threads[0], "while"));
  g_assert_false (has_said (crew.host, "while"));
}

static void
test_ends_one_by_one (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  guint pid;

  crew_launch (&crew, fixture, 3, "");
  crew_wait_up (&crew);
  pid = troupe_bus_worker1_get_pid (crew.host);
  send (crew.threads[0], "[\"log\",\"last words\"]");
  send (crew.threads[0], "[\"exit\",7]");
  wait_for_state (crew.threads[0], "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (crew.threads[0]), ==, 7);
  g_assert_true (has_said (crew.threads[0], "last words\n"));
  send (crew.threads[1], "\"fail\"");
  wait_for_state (crew.threads[1], "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (crew.threads[1]), ==, 1);
  g_assert_true (g_str_has_suffix (troupe_bus_worker1_get_exit_summary (crew.threads[1]), "as asked"));
  g_assert_true (has_event (crew.threads[1], "\"event\":\"error\""));
  g_assert_true (has_event (crew.threads[1], "as asked"));

  assert_answer (crew.threads[2], "\"ping\"", "\"pong\"");
  g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.host), ==, pid);
  /* The last one takes the host with it. */
  send (crew.threads[2], "[\"exit\",0]");
  wait_for_state (crew.threads[2], "exited");
  wait_for_state (crew.host, "stopped");
}

static void
test_restarts_one (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  guint pid, tid;

  crew_launch (&crew, fixture, 2, ", 'restart': <'on-failure'>, 'restart-delay': <'10ms'>");
  crew_wait_up (&crew);
  pid = troupe_bus_worker1_get_pid (crew.host);
  tid = troupe_bus_worker1_get_tid (crew.threads[1]);
  troupe_bus_worker1_call_restart_sync (crew.threads[0], NULL, NULL);
  wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == 2);
  wait_for_state (crew.threads[0], "running");
  assert_answer (crew.threads[0], "\"ping\"", "\"pong\"");
  /* By its policy, too. */
  send (crew.threads[0], "[\"exit\",3]");
  wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == 3);
  wait_for_state (crew.threads[0], "running");
  g_assert_cmpuint (troupe_bus_worker1_get_restarts (crew.threads[0]), ==, 1);

  g_assert_cmpuint (troupe_bus_worker1_get_run (crew.threads[1]), ==, 1);
  g_assert_cmpuint (troupe_bus_worker1_get_tid (crew.threads[1]), ==, tid);
  g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.host), ==, pid);
  g_assert_cmpuint (troupe_bus_worker1_get_run (crew.host), ==, 1);
}

static void
test_host_is_no_worker_alone (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autoptr (GError) error = NULL;

  crew_launch (&crew, fixture, 2, "");
  crew_wait_up (&crew);
  g_assert_false (troupe_bus_worker1_call_start_sync (crew.host, NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  g_assert_nonnull (strstr (error->message, troupe_bus_worker1_get_start_problem (crew.host)));
  g_clear_error (&error);
  g_assert_false (troupe_bus_worker1_call_send_sync (crew.host, "1", NULL, &error));
  g_assert_nonnull (strstr (error->message, "hosts threads"));
  g_clear_error (&error);

  /* Its restart is that of all who live in it. */
  troupe_bus_worker1_call_stop_sync (crew.threads[1], NULL, NULL);
  wait_for_state (crew.threads[1], "stopped");
  troupe_bus_worker1_call_restart_sync (crew.host, NULL, NULL);
  wait_until (troupe_bus_worker1_get_run (crew.host) == 2);
  wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == 2);
  wait_for_state (crew.threads[0], "running");
  g_assert_cmpstr (troupe_bus_worker1_get_state (crew.threads[1]), ==, "stopped");

  /* And so is its stop. */
  troupe_bus_worker1_call_stop_sync (crew.host, NULL, NULL);
  wait_for_state (crew.host, "stopped");
  wait_for_state (crew.threads[0], "stopped");
}

static void
test_takes_no_signals (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autoptr (GError) error = NULL;

  crew_launch (&crew, fixture, 1, "");
  crew_wait_up (&crew);
  g_assert_false (troupe_bus_worker1_call_signal_sync (crew.threads[0], "USR1", "", NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  g_assert_nonnull (strstr (error->message, troupe_bus_worker1_get_signal_problem (crew.threads[0])));
  g_assert_cmpstr (troupe_bus_worker1_get_signal_problem (crew.threads[0]), !=, "");
  g_assert_cmpstr (troupe_bus_worker1_get_signal_problem (crew.host), ==, "");
}

static void
test_says_what_cannot_start (Fixture *fixture, gconstpointer data)
{
  g_autofree char *module
      = g_build_filename (fixture->folder, is_native () ? "missing.so" : "missing.js", NULL);
  g_autofree char *text
      = g_strdup_printf ("{'name': <'crunch'>, 'kind': <'threads'>, 'argv': <['%s']>}", module);
  g_auto (GStrv) paths = fixture_launch_paths (fixture, text, TRUE, NULL);
  g_auto (Crew) crew = { 0 };

  crew_find (&crew, fixture, 1);
  wait_for_state (crew.threads[0], "failed");
  g_assert_nonnull (strstr (troupe_bus_worker1_get_exit_summary (crew.threads[0]), "missing"));
  wait_for_state (crew.host, "stopped");
}

/* ---- What kills all ---- */

static void
test_host_dies_with_all (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };

  crew_launch (&crew, fixture, 3, "");
  crew_wait_up (&crew);
  send (crew.threads[1], "\"crash\"");
  for (guint i = 0; i < crew.n; i++)
    {
      wait_for_state (crew.threads[i], "failed");
      g_assert_cmpstr (troupe_bus_worker1_get_exit_signal (crew.threads[i]), ==, "SIGABRT");
      /* A native host tells in which thread it was. */
      g_assert_true (g_str_has_suffix (troupe_bus_worker1_get_exit_summary (crew.threads[i]),
                                       !is_native () ? ": its host process crashed with SIGABRT"
                                       : i == 1      ? "; that ends the process, and with it every thread in it"
                                                     : ": its host process crashed with SIGABRT in crunch.2"));
    }
  wait_for_state (crew.host, "failed");
  /* A start brings both back. */
  troupe_bus_worker1_call_start_sync (crew.threads[2], NULL, NULL);
  wait_for_state (crew.threads[2], "running");
  wait_for_state (crew.host, "ready");
  g_assert_cmpstr (troupe_bus_worker1_get_state (crew.threads[1]), ==, "failed");
}

static void
test_host_restarts_with_all (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };

  crew_launch (&crew, fixture, 4, ", 'restart': <'always'>, 'restart-delay': <'50ms'>, 'restart-limit': <int64 3>");
  crew_wait_up (&crew);
  g_assert_cmpint (kill ((pid_t) troupe_bus_worker1_get_pid (crew.host), SIGKILL), ==, 0);
  for (guint i = 0; i < crew.n; i++)
    wait_until (troupe_bus_worker1_get_run (crew.threads[i]) == 2
                && g_str_equal (troupe_bus_worker1_get_state (crew.threads[i]), "running"));
  /* One pause, one count of quick ends: the host's. */
  g_assert_cmpuint (troupe_bus_worker1_get_run (crew.host), ==, 2);
  g_assert_cmpuint (troupe_bus_worker1_get_restarts (crew.host), ==, 1);

  /* When it gives up, so do they. */
  for (guint run = 2; run <= 3; run++)
    {
      wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == run
                  && g_str_equal (troupe_bus_worker1_get_state (crew.threads[0]), "running"));
      /* A thread's properties may come before its host's, and process 0 is this one with its group. */
      wait_until (troupe_bus_worker1_get_run (crew.host) == run && troupe_bus_worker1_get_pid (crew.host) > 0);
      g_assert_cmpint (kill ((pid_t) troupe_bus_worker1_get_pid (crew.host), SIGKILL), ==, 0);
    }
  wait_for_state (crew.host, "failed");
  for (guint i = 0; i < crew.n; i++)
    {
      wait_for_state (crew.threads[i], "failed");
      g_assert_nonnull (strstr (troupe_bus_worker1_get_state_reason (crew.threads[i]), "gave up"));
    }
}

/* ---- Ending what does not want to ---- */

static void
test_ends_a_busy_thread (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  guint pid;

  crew_launch (&crew, fixture, 2, ", 'grace': <'100ms'>");
  crew_wait_up (&crew);
  pid = troupe_bus_worker1_get_pid (crew.host);
  make_busy (crew.threads[0], "\"spin\"");
  if (!is_native ())
    {
      troupe_bus_worker1_call_stop_sync (crew.threads[0], NULL, NULL);
      wait_for_state (crew.threads[0], "stopped");
      g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.host), ==, pid);
      make_busy (crew.threads[1], "\"hang\"");
      troupe_bus_worker1_call_stop_sync (crew.threads[1], NULL, NULL);
      /* Nobody else is left, so the host may go. */
      wait_for_state (crew.threads[1], "stopped");
      wait_for_state (crew.host, "stopped");
      return;
    }
  troupe_bus_worker1_call_stop_sync (crew.threads[0], NULL, NULL);
  wait_until (strstr (troupe_bus_worker1_get_state_reason (crew.threads[0]), "cannot be ended from outside") != NULL);
  g_assert_nonnull (strstr (troupe_bus_worker1_get_state_reason (crew.threads[0]), "and with it crunch.2"));
  g_assert_cmpstr (troupe_bus_worker1_get_kill_warning (crew.threads[0]), ==,
                   "ends the host process, and with it crunch.2");
  assert_answer (crew.threads[1], "\"ping\"", "\"pong\"");
  troupe_bus_worker1_call_kill_sync (crew.threads[0], NULL, NULL);
  wait_for_state (crew.threads[0], "stopped");
  wait_for_state (crew.threads[1], "failed");
  g_assert_true (g_str_has_suffix (troupe_bus_worker1_get_exit_summary (crew.threads[1]),
                                   ": its host process was killed to end crunch.1"));
}

static void
test_cpu_time_limit (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };

  crew_launch (&crew, fixture, 2, ", 'cpu-time-limit': <'400ms'>, 'grace': <'100ms'>");
  crew_wait_up (&crew);
  send (crew.threads[0], "[\"load\",1]");
  wait_for_state (crew.threads[0], "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (crew.threads[0]), ==, "Stopped: CPU-time limit of 400 ms");
  assert_answer (crew.threads[1], "\"ping\"", "\"pong\"");
}

static void
test_timeout (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };

  crew_launch (&crew, fixture, 2, ", 'timeout': <'300ms'>, 'restart': <'always'>, 'restart-delay': <'10ms'>");
  wait_until (troupe_bus_worker1_get_run (crew.threads[0]) >= 2 && troupe_bus_worker1_get_run (crew.threads[1]) >= 2);
  g_assert_cmpuint (troupe_bus_worker1_get_run (crew.host), ==, 1);
}

/* ---- Engines come and go ---- */

static gsize
get_size (const char *path)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  return g_file_get_contents (path, &text, &length, NULL) ? length : 0;
}

static void
test_outlives_the_engine (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autofree char *output = NULL;
  guint pid, tid;
  gsize size;

  crew_launch (&crew, fixture, 3, SHORT_GRACE);
  crew_wait_up (&crew);
  pid = troupe_bus_worker1_get_pid (crew.host);
  tid = troupe_bus_worker1_get_tid (crew.threads[0]);
  send (crew.threads[0], "[\"load\",0.5]");
  make_busy (crew.threads[1], "\"spin\"");
  assert_answer (crew.threads[2], "\"ping\"", "\"pong\"");
  output = g_build_filename (troupe_bus_worker1_get_journal (crew.threads[0]), "stdout", NULL);
  fixture_kill_engine (fixture);
  /* Its output is kept, with nobody there. */
  size = get_size (output);
  wait_until (get_size (output) > size);
  fixture_start_engine (fixture);
  crew_find (&crew, fixture, 3);
  wait_until (troupe_bus_worker1_get_tid (crew.threads[0]) == tid);
  g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.host), ==, pid);
  wait_for_state (crew.host, "ready");
  for (guint i = 0; i < crew.n; i++)
    {
      wait_for_state (crew.threads[i], "running");
      g_assert_cmpuint (troupe_bus_worker1_get_run (crew.threads[i]), ==, 1);
    }
  assert_answer (crew.threads[2], "\"ping\"", "\"pong\"");
  /* New threads come into the same process. */
  troupe_bus_worker1_call_restart_sync (crew.threads[2], NULL, NULL);
  wait_until (troupe_bus_worker1_get_run (crew.threads[2]) == 2);
  wait_for_state (crew.threads[2], "running");
  g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.threads[2]), ==, pid);
  if (!is_native ())
    {
      troupe_bus_program1_call_stop_sync (crew.program, NULL, NULL);
      wait_for_state (crew.host, "stopped");
    }
}

/* Of a thread, and of the process of all. */
static void
test_restarts_are_counted_on (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };

  crew_launch (&crew, fixture, 2, ", 'restart': <'always'>, 'restart-delay': <'10ms'>");
  crew_wait_up (&crew);
  for (guint run = 2; run <= 3; run++)
    {
      send (crew.threads[0], "[\"exit\",3]");
      wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == run);
      wait_until (has_said (crew.threads[0], "ready"));
      wait_for_state (crew.threads[0], "running");
    }
  g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.host), >, 1);
  g_assert_cmpint (kill ((pid_t) troupe_bus_worker1_get_pid (crew.host), SIGKILL), ==, 0);
  wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == 4 && troupe_bus_worker1_get_run (crew.threads[1]) == 2
              && troupe_bus_worker1_get_run (crew.host) == 2);
  crew_wait_up (&crew);
  fixture_kill_engine (fixture);
  fixture_start_engine (fixture);
  crew_find (&crew, fixture, 2);
  g_assert_cmpuint (troupe_bus_worker1_get_restarts (crew.threads[0]), ==, 3);
  g_assert_cmpuint (troupe_bus_worker1_get_restarts (crew.threads[1]), ==, 1);
  g_assert_cmpuint (troupe_bus_worker1_get_restarts (crew.host), ==, 1);
  crew_wait_up (&crew);
  send (crew.threads[0], "[\"exit\",3]");
  wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == 5);
  wait_until (troupe_bus_worker1_get_restarts (crew.threads[0]) == 4);
}

static void
test_ends_meanwhile_are_known (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autofree char *journal = NULL;
  TroupeBusWorker1 *first;

  crew_launch (&crew, fixture, 2, "");
  crew_wait_up (&crew);
  first = crew.threads[0];
  journal = g_strdup (troupe_bus_worker1_get_journal (first));
  /* The engine is stopped, not dead, so that what is sent stays in the socket for the thread. */
  send (first, "[\"log\",\"on my way\"]");
  send (first, "[\"exit\",5]");
  fixture_kill_engine (fixture);
  {
    g_autofree char *path = g_build_filename (journal, "stdout", NULL);
    g_autofree char *task = g_strdup_printf ("/proc/%u/task/%u", troupe_bus_worker1_get_pid (crew.threads[1]),
                                             troupe_bus_worker1_get_tid (crew.threads[1]));

    wait_until (file_has (path, "on my way"));
    g_assert_true (g_file_test (task, G_FILE_TEST_IS_DIR));
  }
  fixture_start_engine (fixture);
  crew_find (&crew, fixture, 2);
  wait_for_state (crew.threads[0], "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (crew.threads[0]), ==, 5);
  assert_answer (crew.threads[1], "\"ping\"", "\"pong\"");
}

static void
test_host_dies_without_an_engine (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  guint pid;

  crew_launch (&crew, fixture, 2, "");
  crew_wait_up (&crew);
  pid = troupe_bus_worker1_get_pid (crew.host);
  fixture_kill_engine (fixture);
  g_assert_cmpint (kill ((pid_t) pid, SIGKILL), ==, 0);
  wait_until (!is_alive ((pid_t) pid));
  fixture_start_engine (fixture);
  crew_find (&crew, fixture, 2);
  for (guint i = 0; i < crew.n; i++)
    {
      wait_for_state (crew.threads[i], "failed");
      g_assert_true (g_str_has_suffix (troupe_bus_worker1_get_exit_summary (crew.threads[i]),
                                       ": its host process was killed by SIGKILL"));
    }
  g_assert_cmpstr (troupe_bus_worker1_get_state (crew.host), ==, "failed");
  /* That is remembered by the next engine too. */
  fixture_quit_engine (fixture);
  fixture_start_engine (fixture);
  crew_find (&crew, fixture, 2);
  g_assert_true (g_str_has_suffix (troupe_bus_worker1_get_exit_summary (crew.threads[1]),
                                   ": its host process was killed by SIGKILL"));
}

/* ---- Many ---- */

static gboolean
exists (Fixture *fixture, const char *name)
{
  g_auto (GStrv) paths = fixture_find_paths (fixture, name, NULL);

  return paths != NULL;
}

static void
test_scales (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autoptr (GError) error = NULL;
  guint pid;

  crew_launch (&crew, fixture, 2, "");
  crew_wait_up (&crew);
  pid = troupe_bus_worker1_get_pid (crew.host);
  g_assert_false (troupe_bus_program1_call_scale_sync (crew.program, 513, NULL, &error));
  g_assert_nonnull (strstr (error->message, "512"));
  troupe_bus_program1_call_scale_sync (crew.program, 32, NULL, NULL);
  crew_find (&crew, fixture, 32);
  crew_wait_up (&crew);
  for (guint i = 0; i < crew.n; i++)
    {
      if (troupe_bus_worker1_get_pid (crew.threads[i]) != pid)
        g_error ("%s is %s: %s; %s", troupe_bus_worker1_get_name (crew.threads[i]),
                 troupe_bus_worker1_get_state (crew.threads[i]), troupe_bus_worker1_get_state_reason (crew.threads[i]),
                 troupe_bus_worker1_get_exit_summary (crew.threads[i]));
      for (guint k = 0; k < i; k++)
        g_assert_cmpuint (troupe_bus_worker1_get_tid (crew.threads[i]), !=, troupe_bus_worker1_get_tid (crew.threads[k]));
    }
  for (guint i = 0; i < crew.n; i++)
    assert_answer (crew.threads[i], "\"ping\"", "\"pong\"");
  g_assert_cmpuint (troupe_bus_worker1_get_run (crew.threads[0]), ==, 1);
  troupe_bus_program1_call_scale_sync (crew.program, 1, NULL, NULL);
  wait_until (!exists (fixture, "crunch.2"));
  assert_answer (crew.threads[0], "\"ping\"", "\"pong\"");
  g_assert_cmpuint (troupe_bus_worker1_get_pid (crew.host), ==, pid);
}

/* ---- Figures ---- */

typedef struct
{
  guint32 id;
  double spent_usec; /* as the engine has it, since the first signal */
  guint64 first_usec, last_usec;
  guint n_signals;
} Load;

static void
stats_cb (TroupeBusEngine1 *engine, guint64 time_usec, GVariant *ids, GVariant *cpu, GVariant *memory, GVariant *rss,
          GVariant *threads, GVariant *descendants, GVariant *machine, Load *load)
{
  gsize n;
  const guint32 *id = g_variant_get_fixed_array (ids, &n, sizeof *id);
  const double *percent = g_variant_get_fixed_array (cpu, &n, sizeof *percent);
  const guint64 *bytes = g_variant_get_fixed_array (memory, &n, sizeof *bytes);

  for (gsize i = 0; i < n; i++)
    {
      if (id[i] != load->id)
        continue;
      g_assert_cmpuint (bytes[i], ==, 0);
      if (load->n_signals++ == 0)
        load->first_usec = time_usec;
      else
        load->spent_usec += percent[i] / 100 * (double) (time_usec - load->last_usec);
      load->last_usec = time_usec;
    }
}

/* What the thread itself says to have used between two times of the clock: a line that was written just
 * before each. */
static double
get_own_usec (TroupeBusWorker1 *worker, guint64 begin_usec, guint64 end_usec)
{
  g_autofree char *said = read_journal (worker, "stdout");
  g_auto (GStrv) lines = g_strsplit (said, "\n", -1);
  double begin_cpu = -1, begin_wall = 0, end_cpu = 0, end_wall = 0;

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      double wall, cpu;

      if (sscanf (lines[i], "%lf %lf", &wall, &cpu) != 2 || wall > (double) end_usec)
        continue;
      if (wall <= (double) begin_usec || begin_cpu < 0)
        {
          begin_cpu = cpu;
          begin_wall = wall;
        }
      end_cpu = cpu;
      end_wall = wall;
    }
  g_assert_cmpfloat (end_wall, >, begin_wall);
  return (end_cpu - begin_cpu) / (end_wall - begin_wall) * (double) (end_usec - begin_usec);
}

/* Two threads at 100 % and 30 % are read within three points of what their own clocks say. */
static void
test_cpu_of_each (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  Load loads[2] = { 0 };
  gulong handlers[2];

  crew_launch (&crew, fixture, 2, "");
  crew_wait_up (&crew);
  send (crew.threads[0], "[\"load\",1]");
  send (crew.threads[1], "[\"load\",0.3]");
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *output = g_build_filename (troupe_bus_worker1_get_journal (crew.threads[i]), "stdout", NULL);

      /* A line before the first signal, to count from. */
      wait_until (get_size (output) > 100);
      loads[i].id = troupe_bus_worker1_get_id (crew.threads[i]);
      handlers[i] = g_signal_connect (fixture->engine, "stats", G_CALLBACK (stats_cb), &loads[i]);
    }
  troupe_bus_engine1_set_interval_msec (fixture->engine, 250);
  troupe_bus_engine1_call_subscribe_sync (fixture->engine, NULL, NULL);
  wait_until (loads[0].n_signals > 12 && loads[1].n_signals > 12);
  for (guint i = 0; i < 2; i++)
    {
      Load load = loads[i];
      double window = (double) (load.last_usec - load.first_usec), own;

      g_signal_handler_disconnect (fixture->engine, handlers[i]);
      own = get_own_usec (crew.threads[i], load.first_usec, load.last_usec);
      g_test_message ("thread %u: engine %.1f %%, its own clock %.1f %%", i + 1, 100 * load.spent_usec / window,
                      100 * own / window);
      g_assert_cmpfloat (fabs (load.spent_usec - own) / window, <, 0.03);
    }
  troupe_bus_engine1_call_unsubscribe_sync (fixture->engine, NULL, NULL);
}

typedef struct
{
  guint32 id;
  gint64 heap_used, heap_total, queue;
  double utilization;
  guint n_signals;
} Inner;

static void
thread_stats_cb (TroupeBusEngine1 *engine, GVariant *ids, GVariant *queue, GVariant *utilization, GVariant *heap_used,
                 GVariant *heap_total, Inner *inner)
{
  gsize n;
  const guint32 *id = g_variant_get_fixed_array (ids, &n, sizeof *id);

  for (gsize i = 0; i < n; i++)
    if (id[i] == inner->id)
      {
        inner->queue = ((const gint64 *) g_variant_get_data (queue))[i];
        inner->utilization = ((const double *) g_variant_get_data (utilization))[i];
        inner->heap_used = ((const gint64 *) g_variant_get_data (heap_used))[i];
        inner->heap_total = ((const gint64 *) g_variant_get_data (heap_total))[i];
        inner->n_signals++;
      }
}

static void
test_inner_figures (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  Inner inner = { 0 };

  crew_launch (&crew, fixture, 2, SHORT_GRACE);
  crew_wait_up (&crew);
  inner.id = troupe_bus_worker1_get_id (crew.threads[0]);
  g_signal_connect (fixture->engine, "thread-stats", G_CALLBACK (thread_stats_cb), &inner);
  troupe_bus_engine1_set_interval_msec (fixture->engine, 100);
  troupe_bus_engine1_call_subscribe_sync (fixture->engine, NULL, NULL);
  wait_until (inner.n_signals > 0);
  if (!is_native ())
    {
      wait_until (inner.heap_used > 0 && inner.heap_total >= inner.heap_used);
      wait_until (inner.utilization >= 0 && inner.utilization < 0.5);
    }
  else
    g_assert_cmpint (inner.heap_used, ==, -1);
  /* Messages wait for a thread that does not look. */
  make_busy (crew.threads[0], "\"spin\"");
  for (guint i = 0; i < 5; i++)
    send (crew.threads[0], "\"ping\"");
  wait_until (inner.queue == 5);
  g_signal_handlers_disconnect_by_data (fixture->engine, &inner);
  troupe_bus_engine1_call_unsubscribe_sync (fixture->engine, NULL, NULL);
}

/* ---- Memory and links ---- */

static gboolean
peek (Crew *crew, guint64 offset, guint length, GBytes **bytes, GError **error)
{
  g_autoptr (GVariant) content = NULL;

  if (!troupe_bus_program1_call_peek_shared_memory_sync (crew->program, offset, length, &content, NULL, error))
    {
      g_dbus_error_strip_remote_error (*error);
      return FALSE;
    }
  *bytes = g_variant_get_data_as_bytes (content);
  return TRUE;
}

static void
test_shared_memory (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autoptr (GBytes) bytes = NULL, tail = NULL;
  g_autoptr (GError) error = NULL;

  crew_launch (&crew, fixture, 2, ", 'shared-memory': <'64K'>");
  crew_wait_up (&crew);
  g_assert_cmpuint (troupe_bus_program1_get_shared_memory (crew.program), ==, 65536);
  assert_answer (crew.threads[0], "[\"store\",8,16909060]", "\"stored\"");
  assert_answer (crew.threads[1], "[\"store\",12,7]", "\"stored\"");
  g_assert_true (peek (&crew, 8, 8, &bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "\4\3\2\1\7\0\0\0", 8);
  g_assert_true (peek (&crew, 65530, 100, &tail, &error));
  g_assert_cmpuint (g_bytes_get_size (tail), ==, 6);
  troupe_bus_program1_call_stop_sync (crew.program, NULL, NULL);
  wait_for_state (crew.host, "stopped");
  g_assert_false (peek (&crew, 0, 1, &tail, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
}

static void
test_links (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autoptr (GError) error = NULL;

  crew_launch (&crew, fixture, 3, ", 'link': <['1:2']>");
  crew_wait_up (&crew);
  wait_until (has_event (crew.threads[0], "\"event\":\"linked\",\"with\":\"crunch.2\""));
  send (crew.threads[0], "[\"say\",\"hello\"]");
  wait_until (has_message (crew.threads[1], "{\"from\":\"crunch.1\",\"text\":\"hello\"}"));
  g_assert_false (has_message (crew.threads[2], "hello"));

  troupe_bus_engine1_call_link_sync (fixture->engine, "crunch.3", "crunch.2", TRUE, NULL, &error);
  g_assert_no_error (error);
  wait_until (has_event (crew.threads[1], "\"event\":\"linked\",\"with\":\"crunch.3\""));
  send (crew.threads[1], "[\"say\",\"both\"]");
  wait_until (has_message (crew.threads[0], "{\"from\":\"crunch.2\",\"text\":\"both\"}"));
  wait_until (has_message (crew.threads[2], "{\"from\":\"crunch.2\",\"text\":\"both\"}"));

  /* A new run is linked anew. */
  troupe_bus_worker1_call_restart_sync (crew.threads[0], NULL, NULL);
  wait_until (troupe_bus_worker1_get_run (crew.threads[0]) == 2
              && has_event (crew.threads[0], "\"event\":\"linked\",\"with\":\"crunch.2\""));
  troupe_bus_engine1_call_link_sync (fixture->engine, "crunch.2", "crunch.3", FALSE, NULL, &error);
  g_assert_no_error (error);
  wait_until (has_event (crew.threads[2], "\"event\":\"unlinked\",\"with\":\"crunch.2\"")
              || has_event (crew.threads[2], "\"event\":\"link-failed\""));
}

static void
test_resource_limits (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 };
  g_autofree char *script = fixture_write (fixture, "eat.js", "const a = []; for (;;) a.push(new Array(1000).fill(1));\n");
  g_autofree char *text = g_strdup_printf (
      "{'name': <'crunch'>, 'kind': <'threads'>, 'argv': <['%s']>, 'resource-limits': <['max-old-generation-size-mb=24']>}",
      script);
  g_auto (GStrv) paths = fixture_launch_paths (fixture, text, TRUE, NULL);

  crew_find (&crew, fixture, 1);
  wait_for_state (crew.threads[0], "failed");
  g_assert_nonnull (strstr (troupe_bus_worker1_get_exit_summary (crew.threads[0]), "ERR_WORKER_OUT_OF_MEMORY"));
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (crew.threads[0]), ==, 1);
}

static void
test_share_env (Fixture *fixture, gconstpointer data)
{
  g_auto (Crew) crew = { 0 }, others = { 0 };

  crew_launch (&crew, fixture, 2, ", 'share-env': <true>");
  crew_wait_up (&crew);
  send (crew.threads[0], "[\"set-env\",\"MOOD\",\"good\"]");
  assert_answer (crew.threads[0], "\"ping\"", "\"pong\"");
  assert_answer (crew.threads[1], "[\"env\",\"MOOD\"]", "\"good\"");
}

int
main (int argc, char **argv)
{
  g_autofree char *node = g_find_program_in_path ("node");

  if (node == NULL && !is_native ())
    {
      g_print ("1..0 # SKIP Node.js is not installed\n");
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  (void) TROUPE_ERROR; /* knows its names on the bus from here on */
  fixture_test ("threads/lives-in-one-process", test_lives_in_one_process);
  fixture_test ("threads/output-is-each-its-own", test_output_is_each_its_own);
  fixture_test ("threads/ends-one-by-one", test_ends_one_by_one);
  fixture_test ("threads/restarts-one", test_restarts_one);
  fixture_test ("threads/host-is-no-worker-alone", test_host_is_no_worker_alone);
  fixture_test ("threads/takes-no-signals", test_takes_no_signals);
  fixture_test ("threads/says-what-cannot-start", test_says_what_cannot_start);
  fixture_test ("threads/host-dies-with-all", test_host_dies_with_all);
  fixture_test ("threads/host-restarts-with-all", test_host_restarts_with_all);
  fixture_test ("threads/ends-a-busy-thread", test_ends_a_busy_thread);
  fixture_test ("threads/cpu-time-limit", test_cpu_time_limit);
  fixture_test ("threads/timeout", test_timeout);
  fixture_test ("threads/outlives-the-engine", test_outlives_the_engine);
  fixture_test ("threads/restarts-are-counted-on", test_restarts_are_counted_on);
  fixture_test ("threads/ends-meanwhile-are-known", test_ends_meanwhile_are_known);
  fixture_test ("threads/host-dies-without-an-engine", test_host_dies_without_an_engine);
  fixture_test ("threads/scales", test_scales);
  fixture_test ("threads/cpu-of-each", test_cpu_of_each);
  fixture_test ("threads/inner-figures", test_inner_figures);
  fixture_test ("threads/shared-memory", test_shared_memory);
  fixture_test ("threads/links", test_links);
  fixture_test ("threads/share-env", test_share_env);
  if (!is_native ())
    fixture_test ("threads/resource-limits", test_resource_limits);
  return g_test_run ();
}
