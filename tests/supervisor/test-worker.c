/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A worker's life with real keepers and children, and a clock that the test turns. */

#include "config.h"

#include "fake-clock.h"

#include "base/error.h"
#include "journal/journal-reader.h"
#include "supervisor/activity-log.h"
#include "supervisor/run-folder.h"
#include "supervisor/run-history.h"
#include "supervisor/worker.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* No healthy machine needs this long for anything here. */
#define GIVE_UP_SECONDS 100

typedef struct
{
  char *folder, *journals_dir;
  FakeClock *clock;
  TroupeKeeperPool *pool;
  TroupeOomWatch oom_watch;
  TroupeWorkerContext context;
  const char *waits_for; /* (nullable) */
  GString *states;       /* "starting running " */
} Fixture;

static gboolean
may_start (TroupeWorker *worker, char **reason, gpointer user_data)
{
  Fixture *fixture = user_data;

  *reason = g_strdup (fixture->waits_for);
  return fixture->waits_for == NULL;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("troupe-worker-XXXXXX", NULL);
  self->journals_dir = g_build_filename (self->folder, "journals", NULL);
  self->clock = fake_clock_new ();
  self->pool = troupe_keeper_pool_new (g_getenv ("TROUPE_TEST_KEEPER"), self->folder);
  self->states = g_string_new (NULL);
  self->context = (TroupeWorkerContext){
    .pool = self->pool,
    .clock = &self->clock->clock,
    .oom_watch = &self->oom_watch,
    .journals_dir = self->journals_dir,
    .may_start = may_start,
    .user_data = self,
  };
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->pool);
  g_assert_cmpint (fake_clock_get_next (self->clock), ==, -1);
  fake_clock_free (self->clock);
  g_string_free (self->states, TRUE);
  troupe_run_folder_delete_tree (self->folder);
  g_free (self->journals_dir);
  g_free (self->folder);
}

static gboolean
give_up_cb (gpointer user_data)
{
  g_error ("waited in vain for %s", (const char *) user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
look_again_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* What a child writes into its journal is no event of the main loop: look every few milliseconds. */
#define wait_until(condition)                                                                                       \
  G_STMT_START                                                                                                      \
  {                                                                                                                 \
    guint give_up = g_timeout_add_seconds (GIVE_UP_SECONDS, give_up_cb, (gpointer) #condition);                     \
    guint look_again = g_timeout_add (5, look_again_cb, NULL);                                                      \
                                                                                                                    \
    while (!(condition))                                                                                            \
      g_main_context_iteration (NULL, TRUE);                                                                        \
    g_source_remove (look_again);                                                                                   \
    g_source_remove (give_up);                                                                                      \
  }                                                                                                                 \
  G_STMT_END

#define wait_for_state(worker, state) wait_until (troupe_worker_get_state (worker) == TROUPE_STATE_##state)

static void
state_changed_cb (TroupeWorker *worker, TroupeState from, TroupeState to, GString *states)
{
  g_string_append_printf (states, "%s ", troupe_state_to_string (to));
}

/* FIELDS: more of the definition, as text of a{sv}. The command is test-child with ARGS, split at blanks. */
static TroupeWorker *
new_worker (Fixture *fixture, const char *args, const char *fields)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeProgramDefinition) definition = NULL;
  g_autoptr (GVariant) extra = g_variant_parse (G_VARIANT_TYPE_VARDICT, fields, NULL, NULL, &error);
  g_autofree char *line = g_strdup_printf ("%s %s", g_getenv ("TROUPE_TEST_CHILD"), args);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  GVariantDict dict;
  TroupeWorker *worker;

  g_assert_no_error (error);
  g_variant_dict_init (&dict, extra);
  g_variant_dict_insert (&dict, "name", "s", "web");
  if (!g_variant_dict_contains (&dict, "command") && !g_variant_dict_contains (&dict, "argv"))
    g_variant_dict_insert (&dict, "argv", "^as", argv);
  definition = troupe_program_definition_new_from_variant (g_variant_dict_end (&dict), fixture->folder, NULL, &error);
  g_assert_no_error (error);
  worker = troupe_worker_new (&fixture->context, 7, "default", "web", 1, definition);
  g_signal_connect (worker, "state-changed", G_CALLBACK (state_changed_cb), fixture->states);
  return worker;
}

static void
free_worker (TroupeWorker *worker)
{
  if (troupe_worker_is_busy (worker))
    {
      troupe_worker_kill (worker);
      wait_until (!troupe_worker_is_busy (worker));
    }
  g_assert_finalize_object (worker);
}

static char *
read_stdout (TroupeWorker *worker)
{
  g_autofree char *path = g_build_filename (troupe_worker_get_journal (worker), "stdout", NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    text = g_strdup ("");
  return text;
}

static gboolean
has_said (TroupeWorker *worker, const char *text)
{
  g_autofree char *said = read_stdout (worker);

  return strstr (said, text) != NULL;
}

/* Both have come: the child's word, and the keeper's. */
#define wait_until_up(worker)                                                                                       \
  wait_until (troupe_worker_get_state (worker) == TROUPE_STATE_RUNNING && has_said (worker, "ready"))

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
  g_autofree char *args = g_strdup_printf ("fail-first %s/count 2", fixture->folder);
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
test_ready_by_time (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'ready': <'time:2'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
  fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_READY);
  free_worker (worker);
}

static void
test_ready_by_line (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "lines-both 2000", "{'ready': <'line:^(1990|never)'>, 'argv': <['sh', '-c', "
                                                                 "'seq 2000; exec sleep 1000']>}");

  troupe_worker_start (worker);
  wait_for_state (worker, READY);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "a line matches “^(1990|never)”");
  free_worker (worker);
}

/* What a process waits for, as the shell does after a prompt, is a line although no newline ends it. */
static void
test_ready_by_prompt (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "", "{'ready': <'line:^name: $'>, 'argv': <['sh', '-c', "
                                                  "'echo welcome; printf \"name: \"; exec sleep 1000']>}");

  troupe_worker_start (worker);
  wait_for_state (worker, READY);
  free_worker (worker);
}

static void
test_not_ready_is_said (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "sleep", "{'ready': <'line:never'>, 'ready-timeout': <'3s'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "not ready yet: no line matches “never”");
  free_worker (worker);
}

/* Turns the hands until the worker is ready: each round one more attempt. */
static void
advance_until_ready (Fixture *fixture, TroupeWorker *worker)
{
  guint give_up = g_timeout_add_seconds (GIVE_UP_SECONDS, give_up_cb, (gpointer) "readiness");

  while (troupe_worker_get_state (worker) != TROUPE_STATE_READY)
    {
      gint64 next = fake_clock_get_next (fixture->clock);

      /* 10 s is the attempt's own timeout: it is under way. */
      if (next >= 0 && next <= 1000)
        fake_clock_advance (fixture->clock, (guint) next);
      else
        g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (give_up);
}

static guint16
find_free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  g_socket_listener_close (listener);
  return port;
}

static void
test_ready_by_tcp (Fixture *fixture, gconstpointer data)
{
  guint16 port = find_free_port ();
  g_autofree char *fields = g_strdup_printf ("{'ready': <'tcp:%u'>}", port);
  TroupeWorker *worker = new_worker (fixture, "sleep", fields);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  /* Asked in vain; and what the worker's log gathered is written. */
  fake_clock_advance (fixture->clock, TROUPE_ACTIVITY_LOG_EVENTS_MSEC);
  wait_until (fake_clock_get_next (fixture->clock) == 50);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
  g_assert_true (g_socket_listener_add_inet_port (listener, port, NULL, NULL));
  advance_until_ready (fixture, worker);
  g_socket_listener_close (listener);
  free_worker (worker);
}

typedef struct
{
  guint n_asked;
} HttpServer;

/* Not found first, then found. */
static gboolean
answer_cb (GSocketService *service, GSocketConnection *connection, GObject *source, HttpServer *server)
{
  static const char *const answers[] = { "HTTP/1.0 503 Not yet\r\n\r\nwait\n", "HTTP/1.0 200 OK\r\n\r\nhello\n" };
  const char *answer = answers[server->n_asked++ == 0 ? 0 : 1];
  char request[512];

  g_assert_cmpint (
      g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), request, sizeof request, NULL, NULL),
      >, 0);
  g_assert_true (g_str_has_prefix (request, "GET /health?x=1 HTTP/1.0\r\n"));
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer, strlen (answer), NULL,
                             NULL, NULL);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

static void
test_ready_by_http (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (2);
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);
  g_autofree char *fields = g_strdup_printf ("{'ready': <'http://localhost:%u/health?x=1'>}", port);
  TroupeWorker *worker = new_worker (fixture, "sleep", fields);
  HttpServer server = { 0 };

  g_signal_connect (service, "run", G_CALLBACK (answer_cb), &server);
  g_socket_service_start (service);
  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  advance_until_ready (fixture, worker);
  g_assert_cmpuint (server.n_asked, ==, 2);
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
  free_worker (worker);
}

static void
test_ready_by_command (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->folder, "is-up", NULL);
  g_autofree char *fields = g_strdup_printf ("{'ready': <'command:test -e %s && test $TROUPE_WORKER = web'>}", file);
  TroupeWorker *worker = new_worker (fixture, "sleep", fields);

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, TROUPE_ACTIVITY_LOG_EVENTS_MSEC);
  wait_until (fake_clock_get_next (fixture->clock) == 50);
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  advance_until_ready (fixture, worker);
  free_worker (worker);
}

/* Stopped in the middle of an attempt that hangs. */
static void
test_readiness_ends_with_the_run (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'ready': <'command:exec sleep 1000'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, 0);
  troupe_worker_stop (worker);
  wait_for_state (worker, STOPPED);
  g_assert_null (strstr (fixture->states->str, "ready"));
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

#define worker_test(path, func) g_test_add ("/supervisor/worker/" path, Fixture, NULL, set_up, func, tear_down)

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
  worker_test ("ready-by-time", test_ready_by_time);
  worker_test ("ready-by-line", test_ready_by_line);
  worker_test ("ready-by-prompt", test_ready_by_prompt);
  worker_test ("not-ready-is-said", test_not_ready_is_said);
  worker_test ("ready-by-tcp", test_ready_by_tcp);
  worker_test ("ready-by-http", test_ready_by_http);
  worker_test ("ready-by-command", test_ready_by_command);
  worker_test ("readiness-ends-with-the-run", test_readiness_ends_with_the_run);
  worker_test ("limits", test_output_that_pauses_at_limits);
  return g_test_run ();
}
