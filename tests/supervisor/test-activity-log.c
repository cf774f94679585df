/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A worker's events in the journal of its run. */

#include "config.h"

#include "fake-clock.h"

#include "journal/journal-reader.h"
#include "supervisor/activity-log.h"
#include "supervisor/run-folder.h"

static char *
read_events (const char *dir)
{
  TroupeJournalReader *reader = NULL;
  g_autofree char *text = g_malloc0 (65536);

  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_ACTIVITY, &reader), ==, 0);
  troupe_journal_reader_refresh (reader);
  g_assert_cmpint (troupe_journal_reader_read (reader, TROUPE_STREAM_EVENTS, 0, text, 65535), >=, 0);
  troupe_journal_reader_close (reader);
  return g_steal_pointer (&text);
}

static void
test_events_wait_for_the_first_run (void)
{
  g_autofree char *dir = g_dir_make_tmp ("troupe-activity-XXXXXX", NULL);
  g_autoptr (TroupeActivityLog) log = troupe_activity_log_new (NULL);
  g_autofree char *events = NULL;

  troupe_activity_log_write (log, 1000, "state", "from", "stopped", "to", "waiting", "reason", "waits for db", NULL);
  troupe_activity_log_set_dir (log, dir);
  troupe_activity_log_write (log, 2000, "state", "from", "waiting", "to", "starting", "reason", NULL, NULL);
  troupe_activity_log_rest (log);
  troupe_activity_log_write (log, 3000, "input-closed", NULL);
  events = read_events (dir);
  g_assert_cmpstr (events, ==,
                   "{\"event\":\"state\",\"from\":\"stopped\",\"to\":\"waiting\",\"reason\":\"waits for db\"}\n"
                   "{\"event\":\"state\",\"from\":\"waiting\",\"to\":\"starting\"}\n"
                   "{\"event\":\"input-closed\"}\n");
  troupe_run_folder_delete_tree (dir);
}

static void
test_waiting_events_are_bounded (void)
{
  g_autofree char *dir = g_dir_make_tmp ("troupe-activity-XXXXXX", NULL);
  g_autoptr (TroupeActivityLog) log = troupe_activity_log_new (NULL);
  g_autofree char *events = NULL;
  g_auto (GStrv) lines = NULL;

  for (int i = 0; i < TROUPE_ACTIVITY_LOG_WAITING_MAX + 10; i++)
    {
      g_autofree char *number = g_strdup_printf ("%d", i);

      troupe_activity_log_write (log, i, "n", "i", number, NULL);
    }
  troupe_activity_log_set_dir (log, dir);
  events = read_events (dir);
  lines = g_strsplit (events, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, TROUPE_ACTIVITY_LOG_WAITING_MAX + 1);
  g_assert_cmpstr (lines[0], ==, "{\"event\":\"n\",\"i\":\"10\"}");
  troupe_run_folder_delete_tree (dir);
}

static void
test_json_strings (void)
{
  static const struct
  {
    const char *text, *json;
  } cases[] = {
    { "plain", "\"plain\"" },
    { "a\"b\\c", "\"a\\\"b\\\\c\"" },
    { "line\n\ttab\x01", "\"line\\u000a\\u0009tab\\u0001\"" },
    { "„ü”", "\"„ü”\"" },
    { "bad \xff byte", "\"bad \xef\xbf\xbd byte\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) json = g_string_new (NULL);

      troupe_activity_log_append_json_string (json, cases[i].text);
      g_assert_cmpstr (json->str, ==, cases[i].json);
    }
}

/* With a clock events are gathered, and a rest that is to come is one. */
static void
test_events_are_gathered (void)
{
  g_autofree char *dir = g_dir_make_tmp ("troupe-activity-XXXXXX", NULL);
  g_autoptr (FakeClock) clock = fake_clock_new ();
  TroupeActivityLog *log = troupe_activity_log_new (&clock->clock);
  TroupeJournalReader *reader = NULL;
  g_autofree char *events = NULL;

  troupe_activity_log_set_dir (log, dir);
  troupe_activity_log_write (log, 1, "a", NULL);
  troupe_activity_log_write (log, 2, "b", NULL);
  troupe_activity_log_rest_later (log);
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_ACTIVITY, &reader), <, 0);
  fake_clock_advance (clock, TROUPE_ACTIVITY_LOG_EVENTS_MSEC);
  events = read_events (dir);
  g_assert_cmpstr (events, ==, "{\"event\":\"a\"}\n{\"event\":\"b\"}\n");
  /* A message comes after the events before it, and freeing loses nothing. */
  troupe_activity_log_write (log, 3, "c", NULL);
  troupe_activity_log_add_message (log, 4, TROUPE_RECORD_SENT, NULL, "1", 1);
  troupe_activity_log_write (log, 5, "d", NULL);
  troupe_activity_log_free (log);
  g_assert_cmpint (fake_clock_get_next (clock), ==, -1);
  g_free (events);
  events = read_events (dir);
  g_assert_true (g_str_has_suffix (events, "{\"event\":\"c\"}\n{\"event\":\"d\"}\n"));
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_ACTIVITY, &reader), ==, 0);
  troupe_journal_reader_refresh (reader);
  g_assert_cmpuint (troupe_journal_reader_get_record_end (reader), ==, 5);
  for (guint i = 0; i < 5; i++)
    {
      TroupeJournalRecord record;

      g_assert_true (troupe_journal_reader_get_record (reader, i, &record));
      g_assert_cmpuint (record.time_usec, ==, i + 1);
    }
  troupe_journal_reader_close (reader);
  troupe_run_folder_delete_tree (dir);
}

/* The folder is gone: nothing is written, and nothing else happens. */
static void
test_missing_folder_is_survived (void)
{
  g_autoptr (TroupeActivityLog) log = troupe_activity_log_new (NULL);

  troupe_activity_log_set_dir (log, "/nonexistent/troupe");
  troupe_activity_log_write (log, 1, "state", NULL);
  troupe_activity_log_rest (log);
  g_assert_false (g_file_test ("/nonexistent/troupe", G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/activity-log/events-wait-for-the-first-run", test_events_wait_for_the_first_run);
  g_test_add_func ("/supervisor/activity-log/waiting-events-are-bounded", test_waiting_events_are_bounded);
  g_test_add_func ("/supervisor/activity-log/events-are-gathered", test_events_are_gathered);
  g_test_add_func ("/supervisor/activity-log/json-strings", test_json_strings);
  g_test_add_func ("/supervisor/activity-log/missing-folder-is-survived", test_missing_folder_is_survived);
  return g_test_run ();
}
