/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Signals, and the end of a whole tree. */

#include "config.h"

#include "keeper-fixture.h"

#include "journal/run-status.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Long enough that a test that has to wait for it fails. */
#define NEVER_MSEC 3600000

static void
assert_end (Run *run, TroupeEndReason reason, int exit_code, int exit_signal)
{
  const TroupeRunStatus *status = troupe_keeper_get_status (run->keeper);

  run_wait (run, "ended");
  g_assert_cmpstr (run->signals->str, ==, "started exited ended ");
  g_assert_cmpint (status->end_reason, ==, reason);
  g_assert_cmpint (status->exit_code, ==, exit_code);
  g_assert_cmpint (status->exit_signal, ==, exit_signal);
  assert_nothing_left (run);
}

static void
assert_event (Run *run, const char *text)
{
  g_autofree char *events = run_read_text (run, TROUPE_STREAM_EVENTS);

  if (strstr (events, text) == NULL)
    g_error ("no %s in:\n%s", text, events);
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "catch-term", "4", NULL);

  run_wait_for_text (run, "ready\n");
  troupe_keeper_stop (run->keeper, SIGTERM, NEVER_MSEC);
  assert_end (run, TROUPE_END_STOPPED, 4, 0);
  g_assert_cmpuint (run->n_stopping, ==, 1);
  g_assert_cmpuint (run->last_step, ==, 0);
  assert_text (run, TROUPE_STREAM_STDOUT, "ready\nsignal 15\n");
  assert_event (run, "{\"event\":\"signal\",\"signal\":\"SIGTERM\",\"scope\":\"group\"}");
  assert_event (run, "{\"event\":\"stopping\",\"step\":0,\"remaining\":");
  assert_event (run, "{\"event\":\"end\",\"reason\":\"stopped\"}");
}

static void
test_stop_takes_the_group (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "fork", "5", NULL);

  run_wait_for_text (run, "ready\n");
  troupe_keeper_stop (run->keeper, SIGTERM, NEVER_MSEC);
  assert_end (run, TROUPE_END_STOPPED, -1, SIGTERM);
}

/* What left the group gets the polite signal too, once its main process is gone. */
static void
test_stop_asks_who_left_the_group (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "daemon", "leave", "wait", NULL);
  g_autofree char *text = NULL;

  run_wait_for_text (run, "ready\n");
  text = run_read_text (run, TROUPE_STREAM_STDOUT);
  g_assert_true (is_process_alive (atoi (text)));
  troupe_keeper_stop (run->keeper, SIGTERM, NEVER_MSEC);
  assert_end (run, TROUPE_END_STOPPED, -1, SIGTERM);
  g_assert_false (is_process_alive (atoi (text)));
}

static void
test_stop_after_the_main_process (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "daemon", "keep", "exit", NULL);
  g_autofree char *text = NULL;

  run_wait (run, "exited");
  text = run_read_text (run, TROUPE_STREAM_STDOUT);
  g_assert_true (is_process_alive (atoi (text)));
  troupe_keeper_stop (run->keeper, SIGTERM, NEVER_MSEC);
  assert_end (run, TROUPE_END_BY_ITSELF, 0, 0);
  g_assert_false (is_process_alive (atoi (text)));
}

static void
test_grace_time_runs_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "ignore-term", NULL);

  run_wait_for_text (run, "ready\n");
  troupe_keeper_stop (run->keeper, SIGTERM, 50);
  assert_end (run, TROUPE_END_KILLED, -1, SIGKILL);
  g_assert_cmpuint (run->n_stopping, ==, 2);
  g_assert_cmpuint (run->last_step, ==, 1);
  g_assert_cmpuint (run->last_remaining, ==, 1);
  assert_event (run, "{\"event\":\"stopping\",\"step\":1,\"remaining\":1}");
}

static void
test_second_stop_shortens_the_grace_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "ignore-term", NULL);

  run_wait_for_text (run, "ready\n");
  troupe_keeper_stop (run->keeper, SIGTERM, NEVER_MSEC);
  troupe_keeper_stop (run->keeper, SIGTERM, 10);
  troupe_keeper_stop (run->keeper, SIGTERM, NEVER_MSEC);
  assert_end (run, TROUPE_END_KILLED, -1, SIGKILL);
}

static void
test_stopped_processes_can_be_stopped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "catch-term", "0", NULL);

  run_wait_for_text (run, "ready\n");
  troupe_keeper_signal (run->keeper, SIGSTOP, TROUPE_SIGNAL_GROUP);
  troupe_keeper_stop (run->keeper, SIGTERM, NEVER_MSEC);
  assert_end (run, TROUPE_END_STOPPED, 0, 0);
}

static void
test_kill_takes_the_tree (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_command (fixture, "/bin/sh", "-c",
                                     "\"$0\" daemon keep exit; \"$0\" daemon leave exit; \"$0\" ignore-term & "
                                     "\"$0\" fork 20",
                                     g_getenv ("TROUPE_TEST_CHILD"), NULL);

  run_wait_for_lines (run, "ready", 4);
  troupe_keeper_kill (run->keeper);
  assert_end (run, TROUPE_END_KILLED, -1, SIGKILL);
}

static void
test_kill_outruns_hoppers (Fixture *fixture, gconstpointer data)
{
  const char *mode = data;
  g_autoptr (Run) run = run_child (fixture, "hopper", "50", mode, NULL);

  run_wait_for_text (run, "ready\n");
  troupe_keeper_stop (run->keeper, SIGTERM, 20);
  assert_end (run, TROUPE_END_KILLED, -1, SIGKILL);
}

static void
test_signal_scopes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) leader = run_child (fixture, "catch-term", NULL);
  g_autoptr (Run) group = run_child (fixture, "fork", "2", NULL);
  g_autoptr (Run) tree = run_child (fixture, "daemon", "leave", "wait", NULL);

  run_wait_for_text (leader, "ready\n");
  troupe_keeper_signal (leader->keeper, SIGUSR1, TROUPE_SIGNAL_LEADER);
  assert_end (leader, TROUPE_END_BY_ITSELF, 0, 0);
  assert_text (leader, TROUPE_STREAM_STDOUT, "ready\nsignal 10\n");

  run_wait_for_text (group, "ready\n");
  troupe_keeper_signal (group->keeper, SIGHUP, TROUPE_SIGNAL_GROUP);
  assert_end (group, TROUPE_END_BY_ITSELF, -1, SIGHUP);

  run_wait_for_text (tree, "ready\n");
  troupe_keeper_signal (tree->keeper, SIGHUP, TROUPE_SIGNAL_TREE);
  assert_end (tree, TROUPE_END_BY_ITSELF, -1, SIGHUP);
  assert_event (tree, "{\"event\":\"signal\",\"signal\":\"SIGHUP\",\"scope\":\"tree\"}");
}

static void
test_timeout (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .timeout_msec = 50, .grace_msec = NEVER_MSEC, .kill_signal = SIGINT };
  g_autoptr (Run) run = run_launch (fixture, &launch, "catch-term", "9", NULL);

  run_wait (run, "exited");
  /* It may have been too early for its handler. */
  if (troupe_keeper_get_status (run->keeper)->exit_signal == SIGINT)
    assert_end (run, TROUPE_END_TIMEOUT, -1, SIGINT);
  else
    assert_end (run, TROUPE_END_TIMEOUT, 9, 0);
  assert_event (run, "{\"event\":\"limit\",\"reason\":\"timeout\"}");
}

static void
test_timeout_is_enforced (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .timeout_msec = 50, .grace_msec = 50 };
  g_autoptr (Run) run = run_launch (fixture, &launch, "hopper", "5", NULL);

  run_wait (run, "exited");
  run_wait (run, "ended");
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->end_reason, ==, TROUPE_END_TIMEOUT);
  assert_nothing_left (run);
}

static void
test_no_timeout_when_in_time (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .timeout_msec = NEVER_MSEC };
  g_autoptr (Run) run = run_launch (fixture, &launch, "exit", "0", NULL);

  assert_end (run, TROUPE_END_BY_ITSELF, 0, 0);
}

static void
test_max_buffer (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .max_buffer_bytes = 1000003, .grace_msec = NEVER_MSEC };
  g_autoptr (Run) run = run_launch (fixture, &launch, "flood", "0", "4096", NULL);

  assert_end (run, TROUPE_END_MAX_BUFFER_STDOUT, -1, SIGTERM);
  assert_is_flood (run, TROUPE_STREAM_STDOUT, 1000003);
  assert_event (run, "{\"event\":\"limit\",\"reason\":\"max-buffer-stdout\"}");
}

static void
test_max_buffer_of_stderr (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .max_buffer_bytes = 10, .grace_msec = NEVER_MSEC };
  g_autoptr (Run) run = run_launch (fixture, &launch, "flood", "0", "4096", "2", NULL);

  assert_end (run, TROUPE_END_MAX_BUFFER_STDERR, -1, SIGTERM);
  assert_is_flood (run, TROUPE_STREAM_STDERR, 10);
}

static void
test_max_buffer_exactly_full (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .max_buffer_bytes = 100000 };
  g_autoptr (Run) run = run_launch (fixture, &launch, "flood-both", "100000", NULL);

  assert_end (run, TROUPE_END_BY_ITSELF, 0, 0);
  assert_is_flood (run, TROUPE_STREAM_STDOUT, 100000);
  assert_is_flood (run, TROUPE_STREAM_STDERR, 100000);
}

/* What ignores the signal goes on writing, and nothing of it is kept. */
static void
test_max_buffer_is_enforced (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .max_buffer_bytes = 5000, .grace_msec = 50 };
  const char *argv[] = { "/bin/sh", "-c", "trap '' TERM; while :; do echo 0123456789; done", NULL };
  g_autoptr (Run) run = NULL;

  launch.argv = argv;
  run = run_launch (fixture, &launch, "", NULL);
  assert_end (run, TROUPE_END_MAX_BUFFER_STDOUT, -1, SIGKILL);
  g_assert_cmpuint (troupe_keeper_get_status (run->keeper)->stdout_bytes, ==, 5000);
}

static void
test_keeper_stops_on_sigterm (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .grace_msec = NEVER_MSEC };
  g_autoptr (Run) run = run_launch (fixture, &launch, "catch-term", "0", NULL);

  run_wait_for_text (run, "ready\n");
  kill (troupe_keeper_get_pid (run->keeper), SIGTERM);
  assert_end (run, TROUPE_END_STOPPED, 0, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/keeper/stop/polite", test_stop);
  fixture_test ("/keeper/stop/takes-the-group", test_stop_takes_the_group);
  fixture_test ("/keeper/stop/asks-who-left-the-group", test_stop_asks_who_left_the_group);
  fixture_test ("/keeper/stop/after-the-main-process", test_stop_after_the_main_process);
  fixture_test ("/keeper/stop/grace-time-runs-out", test_grace_time_runs_out);
  fixture_test ("/keeper/stop/second-stop-shortens-the-grace-time", test_second_stop_shortens_the_grace_time);
  fixture_test ("/keeper/stop/stopped-processes-can-be-stopped", test_stopped_processes_can_be_stopped);
  fixture_test ("/keeper/stop/kill-takes-the-tree", test_kill_takes_the_tree);
  g_test_add ("/keeper/stop/kill-outruns-hoppers", Fixture, NULL, fixture_set_up, test_kill_outruns_hoppers,
              fixture_tear_down);
  g_test_add ("/keeper/stop/kill-outruns-hoppers-that-leave-the-session", Fixture, "setsid", fixture_set_up,
              test_kill_outruns_hoppers, fixture_tear_down);
  fixture_test ("/keeper/stop/signal-scopes", test_signal_scopes);
  fixture_test ("/keeper/stop/timeout", test_timeout);
  fixture_test ("/keeper/stop/timeout-is-enforced", test_timeout_is_enforced);
  fixture_test ("/keeper/stop/no-timeout-when-in-time", test_no_timeout_when_in_time);
  fixture_test ("/keeper/stop/max-buffer", test_max_buffer);
  fixture_test ("/keeper/stop/max-buffer-of-stderr", test_max_buffer_of_stderr);
  fixture_test ("/keeper/stop/max-buffer-exactly-full", test_max_buffer_exactly_full);
  fixture_test ("/keeper/stop/max-buffer-is-enforced", test_max_buffer_is_enforced);
  fixture_test ("/keeper/stop/keeper-stops-on-sigterm", test_keeper_stops_on_sigterm);
  return g_test_run ();
}
