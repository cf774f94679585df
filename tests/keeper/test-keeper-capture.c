/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a worker writes is what the journal holds, byte for byte. */

#include "config.h"

#include "keeper-fixture.h"

#include "journal/journal-reader.h"
#include "journal/run-status.h"

#include <signal.h>
#include <string.h>

/* A flood that crosses every buffer and pipe many times; the sizes that take minutes are for the
 * benchmark. */
#define FLOOD_BYTES (96 * 1024 * 1024 + 17)

static void
assert_exited_well (Run *run)
{
  run_wait (run, "ended");
  g_assert_cmpstr (run->signals->str, ==, "started exited ended ");
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 0);
  g_assert_cmpuint (troupe_keeper_get_status (run->keeper)->lost_bytes, ==, 0);
}

static void
test_flood (Fixture *fixture, gconstpointer data)
{
  g_autofree char *bytes = g_strdup_printf ("%d", FLOOD_BYTES);
  g_autoptr (Run) run = run_child (fixture, "flood", bytes, NULL);

  assert_exited_well (run);
  assert_is_flood (run, TROUPE_STREAM_STDOUT, FLOOD_BYTES);
  g_assert_cmpuint (troupe_keeper_get_status (run->keeper)->stdout_bytes, ==, FLOOD_BYTES);
}

static void
test_flood_of_small_writes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "flood", "8000003", "80", NULL);

  assert_exited_well (run);
  assert_is_flood (run, TROUPE_STREAM_STDOUT, 8000003);
}

static void
test_both_streams_at_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "flood-both", "30000000", "4096", NULL);

  assert_exited_well (run);
  assert_is_flood (run, TROUPE_STREAM_STDOUT, 30000000);
  assert_is_flood (run, TROUPE_STREAM_STDERR, 30000000);
}

static void
test_yes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_command (fixture, "/bin/sh", "-c", "yes | head -c 200000000", NULL);
  g_autoptr (GBytes) found = NULL;
  const char *bytes;
  gsize size;

  assert_exited_well (run);
  found = run_read (run, TROUPE_STREAM_STDOUT);
  bytes = g_bytes_get_data (found, &size);
  g_assert_cmpuint (size, ==, 200000000);
  for (gsize i = 0; i < size; i++)
    if (bytes[i] != (i % 2 == 0 ? 'y' : '\n'))
      g_error ("byte %" G_GSIZE_FORMAT " is wrong", i);
}

/* Both streams of a real program, against the same with files in place of pipes. */
static void
test_find (Fixture *fixture, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf (
      "find /usr /no/such/folder >%s/out 2>%s/err; find /usr /no/such/folder", fixture->folder,
      fixture->folder);
  g_autofree char *out_path = g_build_filename (fixture->folder, "out", NULL);
  g_autofree char *err_path = g_build_filename (fixture->folder, "err", NULL);
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr (Run) run = run_command (fixture, "/bin/sh", "-c", command, NULL);
  g_autoptr (GBytes) found = NULL;
  gsize out_size;

  run_wait (run, "ended");
  g_assert_true (g_file_get_contents (out_path, &out, &out_size, NULL));
  g_assert_true (g_file_get_contents (err_path, &err, NULL, NULL));
  g_assert_cmpuint (out_size, >, 0);
  g_assert_cmpuint (strlen (err), >, 0);
  found = run_read (run, TROUPE_STREAM_STDOUT);
  g_assert_cmpmem (g_bytes_get_data (found, NULL), g_bytes_get_size (found), out, out_size);
  assert_text (run, TROUPE_STREAM_STDERR, err);
}

static char *
make_lines (guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 1; i <= n; i++)
    g_string_append_printf (text, "line %u\n", i);
  return g_string_free (text, FALSE);
}

static void
test_lines_then_exit (Fixture *fixture, gconstpointer data)
{
  g_autofree char *expected = make_lines (50000);
  g_autoptr (Run) run = run_child (fixture, "lines", "50000", NULL);

  assert_exited_well (run);
  assert_text (run, TROUPE_STREAM_STDOUT, expected);
}

static void
test_lines_on_both_streams (Fixture *fixture, gconstpointer data)
{
  g_autofree char *expected = make_lines (20000);
  g_autoptr (Run) run = run_child (fixture, "lines-both", "20000", NULL);

  assert_exited_well (run);
  assert_text (run, TROUPE_STREAM_STDOUT, expected);
  assert_text (run, TROUPE_STREAM_STDERR, expected);
}

/* Node writes to a pipe without waiting and drops at exit what did not fit: the pipe is large
 * enough for this. */
static void
test_node_exits_at_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *node = g_find_program_in_path ("node");
  g_autofree char *expected = make_lines (50000);
  g_autoptr (Run) run = NULL;

  if (node == NULL)
    {
      g_test_skip ("node is not installed");
      return;
    }
  run = run_command (fixture, node, "-e",
                     "for (let i = 1; i <= 50000; i++) console.log('line ' + i); process.exit(0)", NULL);
  run_wait (run, "ended");
  if (troupe_keeper_get_status (run->keeper)->stdout_pipe_bytes < 1024 * 1024)
    {
      g_test_skip ("no pipe of 1 MiB to be had here");
      return;
    }
  assert_text (run, TROUPE_STREAM_STDOUT, expected);
}

static void
test_a_long_line (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "long-line", "10485760", NULL);
  g_autoptr (GBytes) found = NULL;
  TroupeJournalReader *reader = NULL;
  TroupeJournalRow row;
  const char *bytes;

  assert_exited_well (run);
  found = run_read (run, TROUPE_STREAM_STDOUT);
  bytes = g_bytes_get_data (found, NULL);
  g_assert_cmpuint (g_bytes_get_size (found), ==, 10485761);
  for (gsize i = 0; i < 10485760; i++)
    if (bytes[i] != 'x')
      g_error ("byte %" G_GSIZE_FORMAT " is wrong", i);
  g_assert_cmpint (bytes[10485760], ==, '\n');

  g_assert_cmpint (troupe_journal_reader_open (run->journal_dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  troupe_journal_reader_refresh (reader);
  g_assert_true (troupe_journal_reader_get_row (reader, TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT), 0, &row));
  g_assert_cmpuint (row.length, ==, 10485760);
  troupe_journal_reader_close (reader);
}

static void
test_any_byte (Fixture *fixture, gconstpointer data)
{
  static const TroupeStream streams[] = { TROUPE_STREAM_STDOUT, TROUPE_STREAM_STDERR };
  g_autoptr (Run) run = run_child (fixture, "bytes", "1000", NULL);

  assert_exited_well (run);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr (GBytes) found = run_read (run, streams[i]);
      const guint8 *bytes = g_bytes_get_data (found, NULL);

      g_assert_cmpuint (g_bytes_get_size (found), ==, 256 * 1000);
      for (gsize j = 0; j < 256 * 1000; j++)
        if (bytes[j] != j % 256)
          g_error ("byte %" G_GSIZE_FORMAT " is wrong", j);
    }
}

static void
test_stdout_closed_early (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "close-stdout", NULL);
  const TroupeRunStatus *status = troupe_keeper_get_status (run->keeper);

  run_wait (run, "started");
  run_wait_for_text_in (run, TROUPE_STREAM_STDERR, "after\n");
  assert_text (run, TROUPE_STREAM_STDOUT, "before\n");
  g_assert_cmpint (status->phase, ==, TROUPE_RUN_RUNNING);
  troupe_keeper_stop (run->keeper, SIGTERM, 60000);
  run_wait (run, "ended");
  g_assert_cmpint (status->exit_signal, ==, SIGTERM);
  assert_text (run, TROUPE_STREAM_STDERR, "after\n");
}

/* An exit code comes before what descendants write later, and the run ends after them. */
static void
test_descendants_write_on (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "late-writer", "300", "5", NULL);
  g_autofree char *events = NULL;

  run_wait (run, "exited");
  g_assert_cmpstr (run->signals->str, ==, "started exited ");
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->phase, ==, TROUPE_RUN_EXITED);
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 5);
  assert_text (run, TROUPE_STREAM_STDOUT, "early\n");
  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "early\nlate\n");
}

/* An event's record stands behind the output that came before it. */
static void
test_exit_comes_after_output (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "flood", "3000000", "100", NULL);
  TroupeJournalReader *reader = NULL;
  guint64 n_bytes = 0;
  guint n_events = 0;

  assert_exited_well (run);
  g_assert_cmpint (troupe_journal_reader_open (run->journal_dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  troupe_journal_reader_refresh (reader);
  for (guint64 i = troupe_journal_reader_get_record_begin (reader);
       i < troupe_journal_reader_get_record_end (reader); i++)
    {
      TroupeJournalRecord record;

      g_assert_true (troupe_journal_reader_get_record (reader, i, &record));
      if (record.kind == TROUPE_RECORD_EVENT && ++n_events == 2)
        g_assert_cmpuint (n_bytes, ==, 3000000);
      if (record.stream == TROUPE_STREAM_STDOUT)
        n_bytes += record.length;
    }
  g_assert_cmpuint (n_events, ==, 3);
  troupe_journal_reader_close (reader);
}

/* A process that is none of the run's holds its pipe open. */
static void
test_foreign_holder_does_not_delay_the_end (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "sleep", NULL);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  GIOChannel *pipe_end;

  run_wait (run, "started");
  run_wait_for_text (run, "ready\n");
  path = g_strdup_printf ("/proc/%d/fd/1", (int) troupe_keeper_get_status (run->keeper)->pid);
  pipe_end = g_io_channel_new_file (path, "w", &error);
  g_assert_no_error (error);
  troupe_keeper_kill (run->keeper);
  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "ready\n");
  g_io_channel_shutdown (pipe_end, FALSE, NULL);
  g_io_channel_unref (pipe_end);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/keeper/capture/flood", test_flood);
  fixture_test ("/keeper/capture/flood-of-small-writes", test_flood_of_small_writes);
  fixture_test ("/keeper/capture/both-streams-at-once", test_both_streams_at_once);
  fixture_test ("/keeper/capture/yes", test_yes);
  fixture_test ("/keeper/capture/find", test_find);
  fixture_test ("/keeper/capture/lines-then-exit", test_lines_then_exit);
  fixture_test ("/keeper/capture/lines-on-both-streams", test_lines_on_both_streams);
  fixture_test ("/keeper/capture/node-exits-at-once", test_node_exits_at_once);
  fixture_test ("/keeper/capture/a-long-line", test_a_long_line);
  fixture_test ("/keeper/capture/any-byte", test_any_byte);
  fixture_test ("/keeper/capture/stdout-closed-early", test_stdout_closed_early);
  fixture_test ("/keeper/capture/descendants-write-on", test_descendants_write_on);
  fixture_test ("/keeper/capture/exit-comes-after-output", test_exit_comes_after_output);
  fixture_test ("/keeper/capture/foreign-holder-does-not-delay-the-end",
                test_foreign_holder_does_not_delay_the_end);
  return g_test_run ();
}
