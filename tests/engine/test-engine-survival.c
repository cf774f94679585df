/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What outlives an engine: its workers, their ends, its launches, its projects. */

#include "config.h"

#include "engine-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pid_t
read_keeper_pid (TroupeBusWorker1 *worker)
{
  g_autofree char *status = read_journal (worker, "status");
  const char *line = strstr (status, "keeper_pid=");

  g_assert_nonnull (line);
  return (pid_t) atoi (line + strlen ("keeper_pid="));
}

static void
test_workers_live_on (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) before = NULL, after = NULL;
  g_autofree char *release = g_build_filename (fixture->folder, "release", NULL);
  g_autofree char *words = g_strdup_printf ("until-file %s 7", release);
  g_autofree char *journal = NULL;
  guint pid;

  before = fixture_launch_child (fixture, words);
  wait_until (has_said (before, "ready"));
  wait_for_state (before, "running");
  pid = troupe_bus_worker1_get_pid (before);
  journal = g_strdup (troupe_bus_worker1_get_journal (before));

  for (guint i = 0; i < 3; i++)
    {
      fixture_kill_engine (fixture);
      g_assert_true (is_alive ((pid_t) pid));
      fixture_start_engine (fixture);
      g_clear_object (&after);
      after = fixture_find (fixture, "test-child");
      g_assert_cmpstr (troupe_bus_worker1_get_state (after), ==, "running");
      g_assert_cmpuint (troupe_bus_worker1_get_pid (after), ==, pid);
      g_assert_cmpuint (troupe_bus_worker1_get_run (after), ==, 1);
      g_assert_cmpstr (troupe_bus_worker1_get_journal (after), ==, journal);
    }
  /* The new engine is told of its end like the first one would have been. */
  g_assert_true (g_file_set_contents (release, "", 0, NULL));
  wait_for_state (after, "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (after), ==, 7);
  g_assert_true (has_said (after, "ready\ndone\n"));
}

static void
test_ends_meanwhile_are_known (Fixture *fixture, gconstpointer data)
{
  g_autofree char *release = g_build_filename (fixture->folder, "release", NULL);
  g_autofree char *fields_bad = g_strdup_printf ("{'name': <'bad'>, 'argv': <['%%s', 'until-file', '%s', '7']>}", release);
  g_autofree char *fields_good = g_strdup_printf ("{'name': <'good'>, 'argv': <['%%s', 'until-file', '%s', '0']>}", release);
  g_autofree char *fields_again = g_strdup_printf (
      "{'name': <'again'>, 'argv': <['%%s', 'until-file', '%s', '1']>, 'restart': <'on-failure'>, 'restart-limit': <int64 3>, "
      "'restart-delay': <'10ms'>}",
      release);
  g_autoptr (TroupeBusWorker1) bad = fixture_launch (fixture, fields_bad);
  g_autoptr (TroupeBusWorker1) good = fixture_launch (fixture, fields_good);
  g_autoptr (TroupeBusWorker1) again = fixture_launch (fixture, fields_again);
  pid_t keepers[3];

  wait_until (has_said (bad, "ready") && has_said (good, "ready") && has_said (again, "ready"));
  keepers[0] = read_keeper_pid (bad);
  keepers[1] = read_keeper_pid (good);
  keepers[2] = read_keeper_pid (again);
  fixture_kill_engine (fixture);
  g_assert_true (g_file_set_contents (release, "", 0, NULL));
  wait_until (!is_alive (keepers[0]) && !is_alive (keepers[1]) && !is_alive (keepers[2]));

  fixture_start_engine (fixture);
  g_clear_object (&bad);
  g_clear_object (&good);
  g_clear_object (&again);
  bad = fixture_find (fixture, "bad");
  g_assert_cmpstr (troupe_bus_worker1_get_state (bad), ==, "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (bad), ==, 7);
  g_assert_cmpuint (troupe_bus_worker1_get_run (bad), ==, 1);
  g_assert_cmpuint (troupe_bus_worker1_get_ended_usec (bad), >, troupe_bus_worker1_get_started_usec (bad));
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (bad), "Exited with code 7 after "));
  good = fixture_find (fixture, "good");
  g_assert_cmpstr (troupe_bus_worker1_get_state (good), ==, "exited");
  /* Its policy is applied to the end that nobody saw. */
  again = fixture_find (fixture, "again");
  wait_for_state (again, "failed");
  g_assert_cmpuint (troupe_bus_worker1_get_run (again), ==, 3);
}

/* Every kind whose run is a process. */
static void
test_restarts_are_counted_on (Fixture *fixture, gconstpointer data)
{
  static const char *const kinds[] = { "spawn", "fork", "cluster" };
  TroupeBusWorker1 *workers[G_N_ELEMENTS (kinds)];

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *fields = g_strdup_printf (
          "{'name': <'%s'>, 'kind': <'%s'>, 'instances': <int64 1>, 'restart': <'always'>, 'restart-delay': <'10ms'>, "
          "'argv': <['%%s', 'fail-first', '%s/%s', '2']>}",
          kinds[i], kinds[i], fixture->folder, kinds[i]);

      workers[i] = fixture_launch (fixture, fields);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      wait_until (troupe_bus_worker1_get_restarts (workers[i]) == 2 && has_said (workers[i], "ready"));
      g_clear_object (&workers[i]);
    }
  fixture_kill_engine (fixture);
  fixture_start_engine (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      workers[i] = fixture_find (fixture, kinds[i]);
      g_assert_cmpuint (troupe_bus_worker1_get_restarts (workers[i]), ==, 2);
      g_assert_cmpuint (troupe_bus_worker1_get_run (workers[i]), ==, 3);
      g_assert_cmpuint (troupe_bus_worker1_get_pid (workers[i]), >, 1);
      g_assert_cmpint (kill ((pid_t) troupe_bus_worker1_get_pid (workers[i]), SIGKILL), ==, 0);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      wait_until (troupe_bus_worker1_get_run (workers[i]) == 4 && has_said (workers[i], "ready"));
      wait_until (troupe_bus_worker1_get_restarts (workers[i]) == 3);
      g_clear_object (&workers[i]);
    }
}

static void
test_stop_goes_on (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (
      fixture, "{'name': <'web'>, 'argv': <['%s', 'ignore-term']>, 'grace': <'1s'>, 'restart': <'always'>}");

  wait_until (has_said (worker, "ready"));
  troupe_bus_worker1_call_stop_sync (worker, NULL, NULL);
  wait_for_state (worker, "stopping");
  wait_until (strstr (troupe_bus_worker1_get_state_reason (worker), "1 process") != NULL);
  fixture_kill_engine (fixture);
  fixture_start_engine (fixture);
  g_clear_object (&worker);
  worker = fixture_find (fixture, "web");
  wait_for_state (worker, "stopped");
  g_assert_cmpuint (troupe_bus_worker1_get_run (worker), ==, 1);
  g_assert_cmpstr (troupe_bus_worker1_get_exit_signal (worker), ==, "SIGKILL");
}

/* Keeper and engine both killed: the run is lost, and what it left behind is swept. */
static void
test_lost_runs_are_swept (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['%s', 'fork', '3']>}");
  g_autofree char *said = NULL;
  pid_t keeper, child;

  wait_until (has_said (worker, "ready"));
  said = read_journal (worker, "stdout");
  child = (pid_t) atoi (said);
  g_assert_true (is_alive (child));
  keeper = read_keeper_pid (worker);
  fixture_kill_engine (fixture);
  g_assert_cmpint (kill (keeper, SIGKILL), ==, 0);
  wait_until (!is_alive (keeper));
  g_assert_true (is_alive (child));

  fixture_start_engine (fixture);
  g_clear_object (&worker);
  worker = fixture_find (fixture, "web");
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "failed");
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (worker), ==, "The keeper was killed; its worker died with it");
  g_assert_false (is_alive (child));
  g_assert_cmpuint (count_marked (fixture, "web"), ==, 0);
}

static void
test_launches_are_remembered (Fixture *fixture, gconstpointer data)
{
  g_autofree char *program_path = NULL;
  g_auto (GStrv) workers = fixture_launch_paths (
      fixture, "{'name': <'web'>, 'argv': <['%s', 'sleep']>, 'instances': <int64 2>, 'env': <['A=b c;d']>}", TRUE, &program_path);
  g_autoptr (TroupeBusProgram1) program = fixture_get_program (fixture, program_path);
  g_autoptr (GVariant) definition = g_variant_ref (troupe_bus_program1_get_definition (program));
  g_autoptr (TroupeBusWorker1) worker = NULL;
  g_auto (GStrv) found = NULL;

  fixture_quit_engine (fixture);
  fixture_start_engine (fixture);
  found = fixture_find_paths (fixture, "web", NULL);
  g_assert_cmpuint (g_strv_length (found), ==, 2);
  worker = fixture_find (fixture, "web.2");
  /* Quit stopped it; it is not started again. */
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "stopped");
  g_assert_cmpuint (troupe_bus_worker1_get_run (worker), ==, 1);
  g_assert_cmpstr (troupe_bus_worker1_get_exit_signal (worker), ==, "SIGTERM");
  g_clear_object (&program);
  program = fixture_get_program (fixture, troupe_bus_worker1_get_program (worker));
  g_assert_true (g_variant_equal (troupe_bus_program1_get_definition (program), definition));

  troupe_bus_program1_call_start_sync (program, NULL, NULL);
  wait_for_state (worker, "running");
  g_assert_cmpuint (troupe_bus_worker1_get_run (worker), ==, 2);
}

/* The engine is killed in the instant after a launch, before it wrote that down. */
static void
test_fresh_launch_is_found (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['%s', 'sleep']>}");
  g_autofree char *state = g_build_filename (fixture->folder, "troupe", "default.troupe", NULL);
  g_autofree char *wanted = g_build_filename (fixture->folder, "troupe", "wanted", NULL);
  guint pid;

  wait_for_state (worker, "running");
  pid = troupe_bus_worker1_get_pid (worker);
  fixture_kill_engine (fixture);
  unlink (state);
  unlink (wanted);
  fixture_start_engine (fixture);
  g_clear_object (&worker);
  worker = fixture_find (fixture, "web");
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "running");
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker), ==, pid);
}

/* Damaged state costs what it held, no more. */
static void
test_damaged_state (Fixture *fixture, gconstpointer data)
{
  g_autofree char *state = g_build_filename (fixture->folder, "troupe", "default.troupe", NULL);
  g_autofree char *wanted = g_build_filename (fixture->folder, "troupe", "wanted", NULL);
  g_autoptr (TroupeBusWorker1) worker = NULL;

  fixture_quit_engine (fixture);
  g_assert_true (g_file_set_contents (state, "[program good]\nargv=true\n[program bad]\nrestart=maybe\nargv=true\n", -1, NULL));
  g_assert_true (g_file_set_contents (wanted, "\xff\xfe\x00 rubbish", 12, NULL));
  fixture_start_engine (fixture);
  worker = fixture_find (fixture, "good");
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "stopped");
  g_assert_null (fixture_find_paths (fixture, "bad", NULL));
}

static void
test_signal_stops_gracefully (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, "catch-term 0");
  g_autofree char *journal = NULL, *said = NULL;

  wait_until (has_said (worker, "ready"));
  journal = g_build_filename (troupe_bus_worker1_get_journal (worker), "stdout", NULL);
  g_subprocess_send_signal (fixture->process, SIGTERM);
  g_subprocess_wait (fixture->process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (fixture->process));
  g_assert_cmpint (g_subprocess_get_exit_status (fixture->process), ==, 0);
  g_clear_object (&fixture->process);
  g_assert_true (g_file_get_contents (journal, &said, NULL, NULL));
  g_assert_cmpstr (said, ==, "ready\nsignal 15\n");
  g_assert_cmpuint (count_marked (fixture, "test-child"), ==, 0);
}

static void
test_second_engine_leaves (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSubprocess) second = fixture_spawn_engine (fixture);

  g_subprocess_wait (second, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (second));
  g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 0);
  g_assert_cmpuint (troupe_bus_engine1_get_pid (fixture->engine), ==, (guint) fixture_get_engine_pid (fixture));
  g_assert_true (troupe_engine_connection_is_running (fixture->bus));
}

/* Nobody is there and nothing runs: it ends by itself; and not before. */
static void
test_idle_engine_ends (Fixture *fixture, gconstpointer data)
{
  g_autofree char *release = g_build_filename (fixture->folder, "release", NULL);
  g_autofree char *words = g_strdup_printf ("until-file %s", release);
  g_autoptr (TroupeBusWorker1) worker = fixture_launch_child (fixture, words);

  wait_until (has_said (worker, "ready"));
  g_clear_object (&worker);
  g_clear_object (&fixture->engine);
  g_dbus_connection_close_sync (fixture->bus, NULL, NULL);
  g_assert_true (is_alive (fixture_get_engine_pid (fixture)));
  g_assert_true (g_file_set_contents (release, "", 0, NULL));
  g_subprocess_wait (fixture->process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (fixture->process));
  g_assert_cmpint (g_subprocess_get_exit_status (fixture->process), ==, 0);
  g_clear_object (&fixture->process);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  (void) TROUPE_ERROR; /* knows its names on the bus from here on */
  fixture_test ("survival/workers-live-on", test_workers_live_on);
  fixture_test ("survival/ends-meanwhile-are-known", test_ends_meanwhile_are_known);
  fixture_test ("survival/restarts-are-counted-on", test_restarts_are_counted_on);
  fixture_test ("survival/stop-goes-on", test_stop_goes_on);
  fixture_test ("survival/lost-runs-are-swept", test_lost_runs_are_swept);
  fixture_test ("survival/launches-are-remembered", test_launches_are_remembered);
  fixture_test ("survival/fresh-launch-is-found", test_fresh_launch_is_found);
  fixture_test ("survival/damaged-state", test_damaged_state);
  fixture_test ("survival/signal-stops-gracefully", test_signal_stops_gracefully);
  fixture_test ("survival/second-engine-leaves", test_second_engine_leaves);
  fixture_test ("survival/idle-engine-ends", test_idle_engine_ends);
  return g_test_run ();
}
