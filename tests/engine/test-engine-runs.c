/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One run after the other over the bus: every kind, ends, input, signals, stops. */

#include "config.h"

#include "engine-fixture.h"

#include <gio/gunixfdlist.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_spawn (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "say out err 0");
  g_autofree char *out = NULL, *err = NULL;

  wait_for_state (worker, "exited");
  g_assert_cmpstr (troupe_bus_worker1_get_name (worker), ==, "test-child");
  g_assert_cmpstr (troupe_bus_worker1_get_project (worker), ==, "default");
  g_assert_cmpuint (troupe_bus_worker1_get_run (worker), ==, 1);
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker), ==, 0);
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker), ==, 0);
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (worker), "Exited with code 0 after "));
  out = read_journal (worker, "stdout");
  err = read_journal (worker, "stderr");
  g_assert_cmpstr (out, ==, "out");
  g_assert_cmpstr (err, ==, "err");
}

static void
test_exec (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker
      = fixture_launch (fixture, "{'kind': <'exec'>, 'command': <'echo $((6 * 7)) | cat; exit 5'>}");

  wait_for_state (worker, "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker), ==, 5);
  g_assert_true (has_said (worker, "42\n"));
}

static void
test_exec_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) flood
      = fixture_launch (fixture, "{'kind': <'exec-file'>, 'argv': <['%s', 'flood', '0']>, 'max-buffer': <'64K'>}");
  g_autoptr (TroupeBusWorker1) slow
      = fixture_launch (fixture, "{'kind': <'exec-file'>, 'argv': <['%s', 'sleep']>, 'timeout': <'0.2s'>}");
  g_autofree char *path = NULL;
  struct stat st;

  wait_for_state (flood, "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (flood), ==, "Stopped: max-buffer of 64 KiB passed on stdout");
  path = g_build_filename (troupe_bus_worker1_get_journal (flood), "stdout", NULL);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, 65536);
  wait_for_state (slow, "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (slow), ==, "Stopped: timeout of 200 ms");
}

static void
test_instances (Fixture *fixture, gconstpointer data)
{
  g_autofree char *program_path = NULL;
  g_auto (GStrv) paths = fixture_launch_paths (
      fixture, "{'name': <'web'>, 'argv': <['%s', 'env', 'TROUPE_WORKER', 'TROUPE_INSTANCE']>, 'instances': <int64 3>}", TRUE, &program_path);
  g_auto (GStrv) found = NULL;
  g_autoptr (TroupeBusProgram1) program = fixture_get_program (fixture, program_path);

  g_assert_cmpuint (g_strv_length (paths), ==, 3);
  g_assert_cmpuint (troupe_bus_program1_get_instances (program), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TroupeBusWorker1) worker = fixture_get_worker (fixture, paths[i]);
      g_autofree char *name = g_strdup_printf ("web.%u", i + 1);
      g_autofree char *said = NULL;

      g_assert_cmpstr (troupe_bus_worker1_get_name (worker), ==, name);
      g_assert_cmpuint (troupe_bus_worker1_get_instance (worker), ==, i + 1);
      g_assert_cmpstr (troupe_bus_worker1_get_program (worker), ==, program_path);
      wait_for_state (worker, "exited");
      said = read_journal (worker, "stdout");
      g_assert_nonnull (strstr (said, name));
    }
  found = fixture_find_paths (fixture, "default/web", NULL);
  g_assert_true (g_strv_equal ((const char *const *) found, (const char *const *) paths));
}

static void
test_names_are_unique (Fixture *fixture, gconstpointer data)
{
  static const char *const expected[] = { "true", "true-2", "true-3" };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'argv': <['true']>}");

      g_assert_cmpstr (troupe_bus_worker1_get_name (worker), ==, expected[i]);
    }
  g_assert_null (fixture_find_paths (fixture, "true-4", &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER);
}

static void
test_not_found (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker
      = fixture_launch (fixture, "{'argv': <['nodee']>, 'restart': <'always'>}");

  wait_for_state (worker, "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (worker), ==, "exit 127: command not found: nodee");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker), ==, 127);
}

static void
test_bad_folder (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'argv': <['true']>, 'cwd': <'/no/such'>}");

  wait_for_state (worker, "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (worker), ==,
                   "Could not start: the folder “/no/such” does not exist");
}

static void
test_bad_definition (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) definition = g_variant_ref_sink (g_variant_new_parsed ("{'argv': <['true']>, 'restart': <'maybe'>}"));
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) workers = NULL;
  g_autofree char *program = NULL;

  g_assert_false (
      troupe_bus_engine1_call_launch_sync (fixture->engine, definition, TRUE, &program, &workers, NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION);
  g_assert_nonnull (strstr (error->message, "restart"));
}

static void
test_check (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) bad = g_variant_ref_sink (
      g_variant_new_parsed ("{'argv': <['nodee']>, 'cwd': <'/no/such'>, 'project': <'nowhere'>}"));
  g_autoptr (GVariant) good = g_variant_ref_sink (g_variant_new_parsed ("{'argv': <['true']>}"));
  g_autoptr (GVariant) problems = NULL, none = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) keys = g_string_new (NULL);
  const char *key, *message;
  GVariantIter iter;

  troupe_bus_engine1_call_check_sync (fixture->engine, bad, &problems, NULL, &error);
  g_assert_no_error (error);
  g_variant_iter_init (&iter, problems);
  while (g_variant_iter_next (&iter, "(&s&s)", &key, &message))
    {
      g_string_append_printf (keys, "%s ", key);
      g_assert_cmpstr (message, !=, "");
    }
  g_assert_nonnull (strstr (keys->str, "cwd "));
  g_assert_nonnull (strstr (keys->str, "argv "));
  g_assert_nonnull (strstr (keys->str, "project "));
  troupe_bus_engine1_call_check_sync (fixture->engine, good, &none, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (none), ==, 0);
}

static GVariant *
new_bytes (const char *text)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, text, strlen (text), 1);
}

static void
test_input (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "cat");
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) handle = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *said = NULL;
  int fd;

  wait_for_state (worker, "running");
  troupe_bus_worker1_call_input_sync (worker, new_bytes ("first\n"), NULL, &error);
  g_assert_no_error (error);
  wait_until (has_said (worker, "first\n"));

  troupe_bus_worker1_call_open_input_sync (worker, NULL, &handle, &fds, NULL, &error);
  g_assert_no_error (error);
  fd = g_unix_fd_list_get (fds, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpint (write (fd, "second\n", 7), ==, 7);
  wait_until (has_said (worker, "second\n"));
  close (fd);
  g_clear_object (&fds);

  troupe_bus_worker1_call_close_input_sync (worker, NULL, &error);
  g_assert_no_error (error);
  wait_for_state (worker, "exited");
  said = read_journal (worker, "stdout");
  g_assert_cmpstr (said, ==, "first\nsecond\n");

  g_assert_false (troupe_bus_worker1_call_input_sync (worker, new_bytes ("late"), NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
}

static void
test_signal (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "catch-term 4");
  g_autoptr (GError) error = NULL;

  wait_until (has_said (worker, "ready"));
  g_assert_false (troupe_bus_worker1_call_signal_sync (worker, "SIGNONE", "", NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  g_clear_error (&error);
  g_assert_false (troupe_bus_worker1_call_signal_sync (worker, "HUP", "house", NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  g_clear_error (&error);
  troupe_bus_worker1_call_signal_sync (worker, "int", "group", NULL, &error);
  g_assert_no_error (error);
  wait_for_state (worker, "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker), ==, 4);
  g_assert_true (has_said (worker, "signal 2\n"));
}

/* Stop WORDS of test-child; afterwards nothing of it is left anywhere. */
static void
check_stop (Fixture *fixture, const char *fields, const char *signal_name)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, fields);
  g_autoptr (GError) error = NULL;

  wait_until (has_said (worker, "ready"));
  g_assert_cmpuint (count_marked (fixture, troupe_bus_worker1_get_name (worker)), >=, 1);
  troupe_bus_worker1_call_stop_sync (worker, NULL, &error);
  g_assert_no_error (error);
  wait_for_state (worker, "stopped");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_signal (worker), ==, signal_name);
  g_assert_cmpuint (count_marked (fixture, troupe_bus_worker1_get_name (worker)), ==, 0);
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  check_stop (fixture, "{'argv': <['%s', 'sleep']>}", "SIGTERM");
  check_stop (fixture, "{'argv': <['%s', 'fork', '5']>}", "SIGTERM");
  check_stop (fixture, "{'argv': <['%s', 'ignore-term']>, 'grace': <'0.2s'>}", "SIGKILL");
  check_stop (fixture, "{'argv': <['%s', 'daemon', 'leave', 'wait']>, 'grace': <'0.2s'>}", "SIGTERM");
  check_stop (fixture, "{'argv': <['%s', 'hopper', '3', 'setsid']>, 'grace': <'0.2s'>}", "SIGKILL");
}

static void
test_stopping_is_told (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'argv': <['%s', 'ignore-term']>, 'grace': <'60s'>}");
  g_autoptr (GError) error = NULL;

  wait_until (has_said (worker, "ready"));
  troupe_bus_worker1_call_stop_sync (worker, NULL, &error);
  g_assert_no_error (error);
  wait_for_state (worker, "stopping");
  wait_until (g_str_has_prefix (troupe_bus_worker1_get_state_reason (worker),
                                "SIGTERM sent, waiting for 1 process; SIGKILL in "));
  troupe_bus_worker1_call_kill_sync (worker, NULL, &error);
  g_assert_no_error (error);
  wait_for_state (worker, "stopped");
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (worker), "Killed as you asked after "));
}

static void
test_others_are_counted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "daemon leave exit");
  g_autoptr (GVariant) processes = NULL;
  g_autoptr (GError) error = NULL;

  wait_until (g_strcmp0 (troupe_bus_worker1_get_state_reason (worker),
                         "main process ended with code 0; 1 process lives on")
              == 0);
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "running");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker), ==, 0);
  troupe_bus_worker1_call_processes_sync (worker, &processes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (processes), ==, 1);
}

static void
test_restarts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (
      fixture, "{'argv': <['%s', 'exit', '1']>, 'restart': <'on-failure'>, 'restart-delay': <'10ms'>, "
               "'restart-limit': <int64 4>}");
  g_autoptr (GVariant) runs = NULL;
  g_autoptr (GError) error = NULL;

  wait_for_state (worker, "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_state_reason (worker), ==, "gave up: 4 quick ends in a row");
  g_assert_cmpuint (troupe_bus_worker1_get_run (worker), ==, 4);
  g_assert_cmpuint (troupe_bus_worker1_get_restarts (worker), ==, 3);
  troupe_bus_worker1_call_runs_sync (worker, &runs, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (runs), ==, 4);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *summary = NULL, *journal = NULL;
      guint run;
      int code;

      g_variant_get_child (runs, i, "(uttisss)", &run, NULL, NULL, &code, NULL, &summary, &journal);
      g_assert_cmpuint (run, ==, i + 1);
      g_assert_cmpint (code, ==, 1);
      g_assert_true (g_str_has_prefix (summary, "Exited with code 1 after "));
      g_assert_true (g_file_test (journal, G_FILE_TEST_IS_DIR));
    }
}

static void
test_keeper_killed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "fork 3");
  g_autofree char *status = NULL;
  const char *line;

  wait_until (has_said (worker, "ready"));
  status = read_journal (worker, "status");
  line = strstr (status, "keeper_pid=");
  g_assert_nonnull (line);
  g_assert_cmpint (kill ((pid_t) atoi (line + strlen ("keeper_pid=")), SIGKILL), ==, 0);
  wait_for_state (worker, "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (worker), ==, "The keeper was killed; its worker died with it");
  wait_until (count_marked (fixture, troupe_bus_worker1_get_name (worker)) == 0);
}

/* The engine raised its own limit of open files; its children have the one it was started with. */
static void
test_children_keep_the_file_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'kind': <'exec'>, 'command': <'ulimit -Sn'>}");
  struct rlimit limit;
  g_autofree char *expected = NULL, *said = NULL;

  getrlimit (RLIMIT_NOFILE, &limit);
  expected = limit.rlim_cur == RLIM_INFINITY ? g_strdup ("unlimited\n")
                                             : g_strdup_printf ("%" G_GUINT64_FORMAT "\n", (guint64) limit.rlim_cur);
  wait_for_state (worker, "exited");
  said = read_journal (worker, "stdout");
  g_assert_cmpstr (said, ==, expected);
}

static void
stats_cb (TroupeBusEngine1 *engine, guint64 time_usec, GVariant *ids, GVariant *cpu_percent, GVariant *memory,
          GVariant *rss, GVariant *threads, GVariant *descendants, GVariant *machine, GVariant **last)
{
  g_clear_pointer (last, g_variant_unref);
  *last = g_variant_ref_sink (
      g_variant_new ("(@au@ad@at@at@au@au@a{sv})", ids, cpu_percent, memory, rss, threads, descendants, machine));
}

static void
test_stats (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "fork 2");
  g_autoptr (GVariant) last = NULL, ids = NULL, rss = NULL, descendants = NULL, machine = NULL;
  g_autoptr (GError) error = NULL;
  guint64 rss_bytes, total_bytes = 0;
  guint32 id, n;

  g_signal_connect (fixture->engine, "stats", G_CALLBACK (stats_cb), &last);
  wait_until (has_said (worker, "ready"));
  troupe_bus_engine1_set_interval_msec (fixture->engine, 1);
  wait_until (troupe_bus_engine1_get_interval_msec (fixture->engine) == 100);
  troupe_bus_engine1_call_subscribe_sync (fixture->engine, NULL, &error);
  g_assert_no_error (error);
  wait_until (last != NULL);
  ids = g_variant_get_child_value (last, 0);
  g_assert_cmpuint (g_variant_n_children (ids), ==, 1);
  g_variant_get_child (ids, 0, "u", &id);
  g_assert_cmpuint (id, ==, troupe_bus_worker1_get_id (worker));
  rss = g_variant_get_child_value (last, 3);
  g_variant_get_child (rss, 0, "t", &rss_bytes);
  g_assert_cmpuint (rss_bytes, >, 4096);
  descendants = g_variant_get_child_value (last, 5);
  g_variant_get_child (descendants, 0, "u", &n);
  g_assert_cmpuint (n, ==, 2);
  machine = g_variant_get_child_value (last, 6);
  g_assert_true (g_variant_lookup (machine, "memory_total_bytes", "t", &total_bytes));
  g_assert_cmpuint (total_bytes, >, rss_bytes);
  g_assert_true (g_variant_lookup (machine, "engine_memory_bytes", "t", &total_bytes));
  g_assert_cmpuint (total_bytes, >, 0);

  troupe_bus_engine1_call_unsubscribe_sync (fixture->engine, NULL, &error);
  g_assert_no_error (error);
  /* What was under way when that was answered is here by now; nothing comes after it. */
  g_clear_pointer (&last, g_variant_unref);
  {
    g_autoptr (TroupeBusWorker1) later = fixture_launch_child (fixture, "sleep-msec 500");

    while (g_main_context_iteration (NULL, FALSE))
      ;
    g_clear_pointer (&last, g_variant_unref);
    wait_for_state (later, "exited");
    g_assert_null (last);
  }
}

/* One who asks once, like troupectl list, while a window is open: nobody waits for the next reading. */
static void
test_stats_for_a_second_client (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "fork 2");
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (TroupeBusEngine1) second = NULL;
  g_autoptr (GVariant) first_last = NULL, second_last = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (fixture->engine, "stats", G_CALLBACK (stats_cb), &first_last);
  wait_until (has_said (worker, "ready"));
  troupe_bus_engine1_set_interval_msec (fixture->engine, G_MAXUINT);
  /* Brought into its bounds; a minute. */
  wait_until (troupe_bus_engine1_get_interval_msec (fixture->engine) == 60000);
  troupe_bus_engine1_call_subscribe_sync (fixture->engine, NULL, &error);
  g_assert_no_error (error);
  wait_until (first_last != NULL);
  g_clear_pointer (&first_last, g_variant_unref);

  connection = g_dbus_connection_new_for_address_sync (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      NULL, &error);
  g_assert_no_error (error);
  second = troupe_bus_engine1_proxy_new_sync (connection, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES,
                                              TROUPE_ENGINE_BUS_NAME, TROUPE_ENGINE_MANAGER_PATH, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (second, "stats", G_CALLBACK (stats_cb), &second_last);
  troupe_bus_engine1_call_subscribe_sync (second, NULL, &error);
  g_assert_no_error (error);
  wait_until (second_last != NULL);
  g_assert_null (first_last);
  g_dbus_connection_close_sync (connection, NULL, NULL);
}

static void
test_processes_and_memory (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "fork 2");
  g_autoptr (GVariant) processes = NULL;
  g_autoptr (GError) error = NULL;
  guint64 pss_bytes = 0, rss_bytes = 0;
  g_autofree char *command = NULL;
  guint32 pid;

  wait_until (has_said (worker, "ready"));
  wait_for_state (worker, "running");
  troupe_bus_worker1_call_processes_sync (worker, &processes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (processes), ==, 3);
  g_variant_get_child (processes, 0, "(uusstdttu)", &pid, NULL, &command, NULL, NULL, NULL, NULL, NULL, NULL);
  g_assert_cmpuint (pid, ==, troupe_bus_worker1_get_pid (worker));
  g_assert_nonnull (strstr (command, "fork 2"));
  troupe_bus_worker1_call_memory_sync (worker, &pss_bytes, &rss_bytes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rss_bytes, >, 0);

  troupe_bus_worker1_call_kill_sync (worker, NULL, &error);
  wait_for_state (worker, "stopped");
  g_assert_false (troupe_bus_worker1_call_memory_sync (worker, &pss_bytes, &rss_bytes, NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  (void) TROUPE_ERROR; /* knows its names on the bus from here on */
  fixture_test ("runs/spawn", test_spawn);
  fixture_test ("runs/exec", test_exec);
  fixture_test ("runs/exec-file", test_exec_file);
  fixture_test ("runs/instances", test_instances);
  fixture_test ("runs/names-are-unique", test_names_are_unique);
  fixture_test ("runs/not-found", test_not_found);
  fixture_test ("runs/bad-folder", test_bad_folder);
  fixture_test ("runs/bad-definition", test_bad_definition);
  fixture_test ("runs/check", test_check);
  fixture_test ("runs/input", test_input);
  fixture_test ("runs/signal", test_signal);
  fixture_test ("runs/stop", test_stop);
  fixture_test ("runs/stopping-is-told", test_stopping_is_told);
  fixture_test ("runs/others-are-counted", test_others_are_counted);
  fixture_test ("runs/restarts", test_restarts);
  fixture_test ("runs/keeper-killed", test_keeper_killed);
  fixture_test ("runs/children-keep-the-file-limit", test_children_keep_the_file_limit);
  fixture_test ("runs/stats", test_stats);
  fixture_test ("runs/stats-for-a-second-client", test_stats_for_a_second_client);
  fixture_test ("runs/processes-and-memory", test_processes_and_memory);
  return g_test_run ();
}
