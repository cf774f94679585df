/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A worker's life with real keepers and children, and a clock that the test turns. */

#include "config.h"

#include "clocked-worker.h"

#include "base/error.h"
#include "journal/journal-reader.h"
#include "supervisor/activity-log.h"
#include "supervisor/run-folder.h"
#include "supervisor/run-history.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char *
read_events (Fixture *fixture, TroupeWorker *worker)
{
  TroupeJournalReader *reader = NULL;
  g_autofree char *text = g_malloc0 (65536);

  fake_clock_advance (fixture->clock, TROUPE_ACTIVITY_LOG_EVENTS_MSEC);
  g_assert_cmpint (troupe_journal_reader_open (troupe_worker_get_journal (worker), TROUPE_LOG_ACTIVITY, &reader), ==,
                   0);
  troupe_journal_reader_refresh (reader);
  troupe_journal_reader_read (reader, TROUPE_STREAM_EVENTS, 0, text, 65535);
  troupe_journal_reader_close (reader);
  return g_steal_pointer (&text);
}

static void
test_runs_and_exits (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "say hello oops 0", "{}");
  g_autofree char *said = NULL, *events = NULL;

  g_assert_cmpint (troupe_worker_get_run (worker), ==, 0);
  g_assert_cmpstr (troupe_worker_get_journal (worker), ==, "");
  troupe_worker_start (worker);
  g_assert_true (troupe_worker_is_wanted (worker));
  wait_for_state (worker, EXITED);
  g_assert_cmpstr (fixture->states->str, ==, "starting running exited ");
  g_assert_cmpint (troupe_worker_get_exit_code (worker), ==, 0);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 1);
  g_assert_cmpint (troupe_worker_get_pid (worker), ==, 0);
  g_assert_false (troupe_worker_is_wanted (worker));
  g_assert_true (g_str_has_prefix (troupe_worker_get_exit_summary (worker), "Exited with code 0 after "));
  g_assert_cmpuint (troupe_worker_get_ended_usec (worker), >=, troupe_worker_get_started_usec (worker));
  said = read_stdout (worker);
  g_assert_cmpstr (said, ==, "hello");
  events = read_events (fixture, worker);
  g_assert_nonnull (strstr (events, "{\"event\":\"state\",\"from\":\"starting\",\"to\":\"running\"}\n"));
  g_assert_nonnull (strstr (events, "{\"event\":\"ended\",\"summary\":\"Exited with code 0 after "));
  free_worker (worker);
}

static void
test_failure_is_failed (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "exit 3", "{}");

  troupe_worker_start (worker);
  wait_for_state (worker, FAILED);
  g_assert_cmpint (troupe_worker_get_exit_code (worker), ==, 3);
  free_worker (worker);

  worker = new_worker (fixture, "exit 3", "{'success': <['3']>}");
  troupe_worker_start (worker);
  wait_for_state (worker, EXITED);
  g_assert_cmpint (troupe_worker_get_exit_code (worker), ==, 3);
  free_worker (worker);
}

static void
test_not_found_fails_at_once (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "", "{'argv': <['nodee', 'x']>, 'restart': <'always'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, FAILED);
  g_assert_cmpstr (troupe_worker_get_exit_summary (worker), ==, "exit 127: command not found: nodee");
  g_assert_cmpint (troupe_worker_get_exit_code (worker), ==, 127);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 1);
  g_assert_null (strstr (fixture->states->str, "backoff"));
  free_worker (worker);
}

static void
test_missing_folder_is_named (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "exit 0", "{'cwd': <'/no/such/folder'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, FAILED);
  g_assert_cmpstr (troupe_worker_get_exit_summary (worker), ==,
                   "Could not start: the folder “/no/such/folder” does not exist");
  free_worker (worker);
}

static void
test_restarts_with_backoff (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "exit 1", "{'restart': <'on-failure'>, 'restart-delay': <'1s'>, 'restart-limit': <int64 3>}");

  troupe_worker_start (worker);
  wait_for_state (worker, BACKOFF);
  g_assert_true (troupe_worker_is_busy (worker));
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "starts again in 1.0 s");
  g_assert_cmpint (troupe_worker_get_exit_code (worker), ==, 1);
  fake_clock_advance (fixture->clock, 999);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_BACKOFF);
  fake_clock_advance (fixture->clock, 1);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_STARTING);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 2);
  g_assert_cmpint (troupe_worker_get_restarts (worker), ==, 1);
  wait_for_state (worker, BACKOFF);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==,
                   "starts again in 2.0 s (2 quick ends in a row)");
  fake_clock_advance (fixture->clock, 2000);
  wait_for_state (worker, FAILED);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "gave up: 3 quick ends in a row");
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 3);
  g_assert_cmpint (troupe_worker_get_restarts (worker), ==, 2);
  g_assert_false (troupe_worker_is_wanted (worker));

  /* A person starts it: the counting begins anew. */
  troupe_worker_start (worker);
  wait_for_state (worker, BACKOFF);
  g_assert_cmpint (troupe_worker_get_restarts (worker), ==, 0);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "starts again in 1.0 s");
  free_worker (worker);
}

static void
test_recovers (Fixture *fixture, gconstpointer data)
{
  g_autofree char *args = g_strdup_printf ("fail-first %s/count 2", fixture->place.folder);
  TroupeWorker *worker = new_worker (fixture, args, "{'restart': <'always'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, BACKOFF);
  fake_clock_advance (fixture->clock, 60000);
  wait_for_state (worker, BACKOFF);
  fake_clock_advance (fixture->clock, 60000);
  wait_until_up (worker);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 3);
  g_assert_cmpint (troupe_worker_get_restarts (worker), ==, 2);
  free_worker (worker);
}

static void
test_stop_in_backoff_stays_stopped (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "exit 1", "{'restart': <'always'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, BACKOFF);
  troupe_worker_stop (worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_STOPPED);
  fake_clock_advance (fixture->clock, 3600 * 1000);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 1);
  g_assert_false (troupe_worker_is_wanted (worker));
  free_worker (worker);
}

static void
test_stop_never_restarts (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'restart': <'always'>}");

  troupe_worker_start (worker);
  wait_until_up (worker);
  troupe_worker_stop (worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_STOPPING);
  g_assert_true (g_str_has_prefix (troupe_worker_get_state_reason (worker), "SIGTERM sent, waiting for "));
  g_assert_true (g_str_has_suffix (troupe_worker_get_state_reason (worker), "; SIGKILL in 10 s"));
  fake_clock_advance (fixture->clock, 2000);
  g_assert_true (g_str_has_suffix (troupe_worker_get_state_reason (worker), "; SIGKILL in 8 s"));
  wait_for_state (worker, STOPPED);
  g_assert_cmpstr (troupe_worker_get_exit_signal (worker), ==, "SIGTERM");
  g_assert_true (g_str_has_prefix (troupe_worker_get_exit_summary (worker), "Ended by the SIGTERM you sent after "));
  fake_clock_advance (fixture->clock, 3600 * 1000);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 1);
  free_worker (worker);
}

static void
test_stop_while_starting (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'restart': <'always'>}");

  troupe_worker_start (worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_STARTING);
  troupe_worker_stop (worker);
  wait_for_state (worker, STOPPED);
  g_assert_cmpstr (fixture->states->str, ==, "starting stopping stopped ");
  free_worker (worker);
}

static void
test_ignored_term_is_followed_by_kill (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "ignore-term", "{'grace': <'0.2s'>}");

  troupe_worker_start (worker);
  wait_until_up (worker);
  troupe_worker_stop (worker);
  wait_for_state (worker, STOPPED);
  g_assert_cmpstr (troupe_worker_get_exit_signal (worker), ==, "SIGKILL");
  g_assert_cmpstr (troupe_worker_get_exit_summary (worker), ==, "Killed: it was still running 200 ms after SIGTERM");
  free_worker (worker);
}

static void
test_kill (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "ignore-term", "{'restart': <'always'>}");

  troupe_worker_start (worker);
  wait_until_up (worker);
  troupe_worker_stop (worker);
  troupe_worker_kill (worker);
  g_assert_true (g_str_has_prefix (troupe_worker_get_state_reason (worker), "SIGKILL sent"));
  wait_for_state (worker, STOPPED);
  g_assert_true (g_str_has_prefix (troupe_worker_get_exit_summary (worker), "Killed as you asked after "));
  free_worker (worker);
}

static void
test_restart_begins_a_new_run (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{}");
  pid_t pid;

  troupe_worker_start (worker);
  wait_until_up (worker);
  pid = troupe_worker_get_pid (worker);
  g_assert_cmpint (pid, >, 0);
  troupe_worker_restart (worker);
  g_assert_true (troupe_worker_is_wanted (worker));
  wait_until (troupe_worker_get_run (worker) == 2 && troupe_worker_get_state (worker) == TROUPE_STATE_RUNNING);
  g_assert_cmpint (troupe_worker_get_pid (worker), !=, pid);
  g_assert_cmpint (troupe_worker_get_restarts (worker), ==, 0);
  g_assert_cmpstr (troupe_worker_get_exit_summary (worker), ==, "");

  /* Started while it stops: it comes up again. Stopped after all: it does not. */
  troupe_worker_stop (worker);
  troupe_worker_start (worker);
  wait_until (troupe_worker_get_run (worker) == 3 && troupe_worker_get_state (worker) == TROUPE_STATE_RUNNING);
  troupe_worker_restart (worker);
  troupe_worker_stop (worker);
  wait_for_state (worker, STOPPED);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 3);
  free_worker (worker);
}

static void
test_others_live_on (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "daemon leave exit", "{}");

  troupe_worker_start (worker);
  wait_until (troupe_worker_get_exit_code (worker) == 0);
  g_assert_cmpint (troupe_worker_get_pid (worker), ==, 0);
  fake_clock_advance (fixture->clock, 200);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==,
                   "main process ended with code 0; others it started live on");
  troupe_worker_stop (worker);
  wait_for_state (worker, STOPPED);
  free_worker (worker);
}

static void
test_others_are_stopped_before_a_restart (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "daemon leave exit", "{'restart': <'always'>}");
  g_autofree char *said = NULL;
  pid_t daemon;

  troupe_worker_start (worker);
  wait_for_state (worker, BACKOFF);
  said = read_stdout (worker);
  daemon = (pid_t) atoi (said);
  g_assert_cmpint (daemon, >, 1);
  g_assert_cmpint (kill (daemon, 0), <, 0);
  g_assert_cmpint (troupe_worker_get_exit_code (worker), ==, 0);
  free_worker (worker);
}

static void
test_signal_sent_by_a_person (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'restart': <'on-failure'>}");
  g_autoptr (GError) error = NULL;

  g_assert_false (troupe_worker_signal (worker, SIGTERM, TROUPE_SIGNAL_LEADER, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  g_clear_error (&error);
  troupe_worker_start (worker);
  wait_until_up (worker);
  g_assert_true (troupe_worker_signal (worker, SIGTERM, TROUPE_SIGNAL_LEADER, &error));
  g_assert_no_error (error);
  wait_for_state (worker, EXITED);
  g_assert_true (g_str_has_prefix (troupe_worker_get_exit_summary (worker), "Ended by the SIGTERM you sent after "));
  free_worker (worker);
}

static void
input_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (troupe_worker_input_finish (TROUPE_WORKER (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
wrong_state_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (troupe_worker_input_finish (TROUPE_WORKER (source), result, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  *(gboolean *) user_data = TRUE;
}

static void
test_input (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "cat", "{}");
  g_autoptr (GBytes) bytes = g_bytes_new_static ("ping\0pong\n", 10);
  g_autofree char *path = NULL, *text = NULL;
  gboolean done = FALSE;
  gsize length;

  troupe_worker_input_async (worker, bytes, wrong_state_cb, &done);
  wait_until (done);
  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  done = FALSE;
  troupe_worker_input_async (worker, bytes, input_cb, &done);
  wait_until (done);
  g_assert_true (troupe_worker_close_input (worker, NULL));
  wait_for_state (worker, EXITED);
  path = g_build_filename (troupe_worker_get_journal (worker), "stdout", NULL);
  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  g_assert_cmpmem (text, length, "ping\0pong\n", 10);
  free_worker (worker);
}

static void
test_waits_for_another (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "exit 0", "{}");
  g_autofree char *events = NULL;

  fixture->waits_for = "waits for db to be ready; it is starting";
  troupe_worker_start (worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_WAITING);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, fixture->waits_for);
  fixture->waits_for = "waits for db to be ready; it is running";
  troupe_worker_reconsider (worker);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, fixture->waits_for);
  troupe_worker_stop (worker);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_STOPPED);
  troupe_worker_start (worker);
  fixture->waits_for = NULL;
  troupe_worker_reconsider (worker);
  wait_for_state (worker, EXITED);
  /* What came before the run stands in its log. */
  events = read_events (fixture, worker);
  g_assert_nonnull (strstr (events, "\"to\":\"waiting\",\"reason\":\"waits for db to be ready; it is starting\"}"));
  free_worker (worker);
}

static void
test_keeper_killed (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "fork 3", "{}");
  g_autofree char *said = NULL;
  g_auto (GStrv) lines = NULL;

  troupe_worker_start (worker);
  wait_until_up (worker);
  said = read_stdout (worker);
  g_assert_cmpint (kill (troupe_worker_get_keeper_pid (worker), SIGKILL), ==, 0);
  wait_for_state (worker, FAILED);
  g_assert_cmpstr (troupe_worker_get_exit_summary (worker), ==, "The keeper was killed; its worker died with it");
  g_assert_cmpint (troupe_worker_get_exit_code (worker), ==, -1);
  lines = g_strsplit (said, "\n", -1);
  for (gsize i = 0; i < 3; i++)
    {
      g_autofree char *stat_path = g_strdup_printf ("/proc/%s/stat", lines[i]);
      g_autofree char *stat = NULL;

      /* Gone, or dead and not yet taken away by whoever inherited it. */
      if (g_file_get_contents (stat_path, &stat, NULL, NULL))
        g_assert_nonnull (strstr (stat, ") Z "));
    }
  free_worker (worker);
}

static void
test_keeper_killed_restarts (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'restart': <'on-failure'>}");

  troupe_worker_start (worker);
  wait_until_up (worker);
  g_assert_cmpint (kill (troupe_worker_get_keeper_pid (worker), SIGKILL), ==, 0);
  wait_for_state (worker, BACKOFF);
  fake_clock_advance (fixture->clock, 60000);
  wait_until_up (worker);
  g_assert_cmpint (troupe_worker_get_run (worker), ==, 2);
  free_worker (worker);
}

static void
test_old_runs_are_pruned (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "exit 0", "{'journal-runs': <int64 2>}");
  g_autoptr (GArray) runs = NULL;
  g_autoptr (GPtrArray) history = NULL;

  for (guint i = 1; i <= 5; i++)
    {
      troupe_worker_start (worker);
      wait_until (troupe_worker_get_run (worker) == i && troupe_worker_get_state (worker) == TROUPE_STATE_EXITED);
    }
  fake_clock_advance (fixture->clock, 1000);
  runs = troupe_run_folder_list (troupe_worker_get_journals_dir (worker));
  g_assert_cmpuint (runs->len, ==, 3); /* two ended ones and the current */
  g_assert_cmpuint (g_array_index (runs, guint, 0), ==, 3);
  history = troupe_run_history_load (worker);
  g_assert_cmpuint (history->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      TroupePastRun *past = g_ptr_array_index (history, i);

      g_assert_cmpuint (past->run, ==, 3 + i);
      g_assert_cmpint (past->exit_code, ==, 0);
      g_assert_true (g_str_has_prefix (past->summary, "Exited with code 0"));
    }
  free_worker (worker);
}

static void
test_output_that_pauses_at_limits (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "flood 0", "{'kind': <'exec-file'>, 'max-buffer': <'100K'>, 'grace': <'1s'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, FAILED);
  g_assert_cmpstr (troupe_worker_get_exit_summary (worker), ==, "Stopped: max-buffer of 100 KiB passed on stdout");
  free_worker (worker);

  worker = new_worker (fixture, "sleep", "{'kind': <'exec-file'>, 'timeout': <'0.3s'>}");
  troupe_worker_start (worker);
  wait_for_state (worker, FAILED);
  g_assert_cmpstr (troupe_worker_get_exit_summary (worker), ==, "Stopped: timeout of 300 ms");
  free_worker (worker);
}

#define worker_test(path, func) g_test_add ("/supervisor/worker/" path, Fixture, NULL, clocked_set_up, func, clocked_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  worker_test ("runs-and-exits", test_runs_and_exits);
  worker_test ("failure-is-failed", test_failure_is_failed);
  worker_test ("not-found-fails-at-once", test_not_found_fails_at_once);
  worker_test ("missing-folder-is-named", test_missing_folder_is_named);
  worker_test ("restarts-with-backoff", test_restarts_with_backoff);
  worker_test ("recovers", test_recovers);
  worker_test ("stop-in-backoff-stays-stopped", test_stop_in_backoff_stays_stopped);
  worker_test ("stop-never-restarts", test_stop_never_restarts);
  worker_test ("stop-while-starting", test_stop_while_starting);
  worker_test ("ignored-term-is-followed-by-kill", test_ignored_term_is_followed_by_kill);
  worker_test ("kill", test_kill);
  worker_test ("restart-begins-a-new-run", test_restart_begins_a_new_run);
  worker_test ("others-live-on", test_others_live_on);
  worker_test ("others-are-stopped-before-a-restart", test_others_are_stopped_before_a_restart);
  worker_test ("signal-sent-by-a-person", test_signal_sent_by_a_person);
  worker_test ("input", test_input);
  worker_test ("waits-for-another", test_waits_for_another);
  worker_test ("keeper-killed", test_keeper_killed);
  worker_test ("keeper-killed-restarts", test_keeper_killed_restarts);
  worker_test ("old-runs-are-pruned", test_old_runs_are_pruned);
  worker_test ("limits", test_output_that_pauses_at_limits);
  return g_test_run ();
}
