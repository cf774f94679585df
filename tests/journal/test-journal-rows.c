/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What is appended is what is read: rows, times, offsets and bytes, against the model. */

#include "journal-model.h"

#include <errno.h>
#include <string.h>

typedef struct
{
  char *dir;
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;
  JournalModel *model;
} Fixture;

static void
open_log (Fixture *fixture, TroupeLog log, const TroupeJournalOptions *options)
{
  fixture->dir = journal_test_dir_new ();
  fixture->model = journal_model_new (log);
  g_assert_cmpint (troupe_journal_writer_open (fixture->dir, log, options, &fixture->writer), ==, 0);
  g_assert_cmpint (troupe_journal_reader_open (fixture->dir, log, &fixture->reader), ==, 0);
}

static void
close_log (Fixture *fixture)
{
  troupe_journal_reader_close (fixture->reader);
  troupe_journal_writer_close (fixture->writer);
  journal_model_free (fixture->model);
  journal_test_dir_remove (fixture->dir);
}

static void
write_text (Fixture *fixture, TroupeStream stream, guint64 time_usec, const char *text)
{
  journal_model_write (fixture->model, fixture->writer, stream, TROUPE_RECORD_DATA, time_usec, text,
                       strlen (text));
}

static void
check (Fixture *fixture)
{
  troupe_journal_reader_refresh (fixture->reader);
  journal_model_check (fixture->model, fixture->reader, TRUE);
}

static void
test_empty (void)
{
  Fixture fixture;

  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  g_assert_false (troupe_journal_reader_refresh (fixture.reader));
  check (&fixture);
  close_log (&fixture);
}

static void
test_no_log (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalReader *reader = NULL;

  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, -ENOENT);
  g_assert_cmpint (troupe_journal_reader_open ("/nonexistent", TROUPE_LOG_OUTPUT, &reader), ==, -ENOENT);
  g_assert_null (reader);
  journal_test_dir_remove (dir);
}

static void
test_lines (void)
{
  Fixture fixture;
  TroupeJournalRow row;

  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  write_text (&fixture, TROUPE_STREAM_STDOUT, 100, "one\ntwo\nthr");
  check (&fixture);
  g_assert_false (troupe_journal_reader_refresh (fixture.reader));
  write_text (&fixture, TROUPE_STREAM_STDERR, 200, "oops\n");
  write_text (&fixture, TROUPE_STREAM_STDOUT, 300, "ee\n\n\nlast");
  g_assert_true (troupe_journal_reader_refresh (fixture.reader));
  check (&fixture);

  /* Spelled out once, so that the model is not the only witness. */
  g_assert_cmpuint (troupe_journal_reader_get_end (fixture.reader, TROUPE_STREAM_MASK_ALL), ==, 7);
  g_assert_true (troupe_journal_reader_get_row (fixture.reader, TROUPE_STREAM_MASK_ALL, 2, &row));
  g_assert_cmpuint (row.offset, ==, 8);
  g_assert_cmpuint (row.length, ==, 5);
  g_assert_cmpuint (row.time_usec, ==, 100);
  g_assert_true (row.complete);
  g_assert_true (troupe_journal_reader_get_row (fixture.reader, TROUPE_STREAM_MASK_ALL, 3, &row));
  g_assert_cmpint (row.stream, ==, TROUPE_STREAM_STDERR);
  g_assert_true (troupe_journal_reader_get_row (fixture.reader, TROUPE_STREAM_MASK_ALL, 6, &row));
  g_assert_cmpuint (row.offset, ==, 16);
  g_assert_cmpuint (row.length, ==, 4);
  g_assert_false (row.complete);
  g_assert_cmpuint (troupe_journal_reader_find_time (fixture.reader, TROUPE_STREAM_MASK_ALL, 150), ==, 3);
  close_log (&fixture);
}

static void
test_long_lines (void)
{
  g_autofree char *line = g_malloc (10 * 1024 * 1024);
  Fixture fixture;

  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  memset (line, 'x', 10 * 1024 * 1024);
  line[10 * 1024 * 1024 - 1] = '\n';
  write_text (&fixture, TROUPE_STREAM_STDOUT, 1, "before\nstart");
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, 2, line,
                       10 * 1024 * 1024);
  write_text (&fixture, TROUPE_STREAM_STDERR, 3, "meanwhile\n");
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, 4, line,
                       5 * 1024 * 1024);
  write_text (&fixture, TROUPE_STREAM_STDOUT, 5, "\nafter\n");
  check (&fixture);
  close_log (&fixture);
}

static void
test_any_byte (void)
{
  guint8 bytes[256 * 3];
  Fixture fixture;

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) i;
  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  for (guint i = 0; i < 20; i++)
    journal_model_write (fixture.model, fixture.writer,
                         i % 3 == 0 ? TROUPE_STREAM_STDERR : TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, i + 1,
                         bytes, sizeof bytes - i * 13);
  check (&fixture);
  close_log (&fixture);
}

static void
test_gaps (void)
{
  Fixture fixture;

  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  write_text (&fixture, TROUPE_STREAM_STDOUT, 1, "cut he");
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_LOST, 2, NULL,
                       1000);
  write_text (&fixture, TROUPE_STREAM_STDOUT, 3, "re\nwhole\n");
  write_text (&fixture, TROUPE_STREAM_STDERR, 4, "other\n");
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_LOST, 5, NULL,
                       5000000000);
  check (&fixture);
  write_text (&fixture, TROUPE_STREAM_STDOUT, 6, "\n");
  check (&fixture);
  g_assert_cmpuint (troupe_journal_writer_get_lost_bytes (fixture.writer), ==, 5000001000);
  close_log (&fixture);
}

static void
test_gap_grows (void)
{
  Fixture fixture;
  TroupeJournalRow row;

  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpint (troupe_journal_writer_append (fixture.writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_LOST,
                                                     1, NULL, 10),
                       ==, 0);
      g_assert_true (troupe_journal_reader_refresh (fixture.reader));
      g_assert_cmpuint (troupe_journal_reader_get_end (fixture.reader, TROUPE_STREAM_MASK_ALL), ==, 1);
      g_assert_true (troupe_journal_reader_get_row (fixture.reader, TROUPE_STREAM_MASK_ALL, 0, &row));
      g_assert_cmpuint (row.length, ==, 10 * (i + 1));
    }
  close_log (&fixture);
}

static void
test_messages (void)
{
  Fixture fixture;

  open_log (&fixture, TROUPE_LOG_ACTIVITY, NULL);
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_SENT, 1,
                       "{\"a\":1}", 7);
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_RECEIVED, 2,
                       "2\n", 2);
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_INVALID, 3, "",
                       0);
  journal_model_write (fixture.model, fixture.writer, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, 4, "{}", 2);
  check (&fixture);
  g_assert_cmpint (
      troupe_journal_writer_append (fixture.writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, 5, "x", 1), ==,
      -EINVAL);
  close_log (&fixture);
}

static void
test_time_never_runs_back (void)
{
  Fixture fixture;

  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  write_text (&fixture, TROUPE_STREAM_STDOUT, 1000, "a\n");
  write_text (&fixture, TROUPE_STREAM_STDERR, 10, "b\n");
  write_text (&fixture, TROUPE_STREAM_STDOUT, 2000, "c\n");
  check (&fixture);
  close_log (&fixture);
}

static void
test_one_writer (void)
{
  Fixture fixture;
  TroupeJournalWriter *other = NULL;

  open_log (&fixture, TROUPE_LOG_OUTPUT, NULL);
  g_assert_cmpint (troupe_journal_writer_open (fixture.dir, TROUPE_LOG_OUTPUT, NULL, &other), ==, -EBUSY);
  g_assert_null (other);
  close_log (&fixture);
}

/* Any bytes, one in LINE a newline. One draw a byte from the test's own generator takes too long. */
static void
fill_random (char *bytes, gsize length, guint line)
{
  guint32 state = (guint32) g_test_rand_int () | 1;

  for (gsize i = 0; i < length; i++)
    {
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      bytes[i] = (state >> 8) % line == 0 ? '\n' : (char) state;
    }
}

/* Pieces of any size, with and without newlines, on all streams of a log. */
static void
write_random (Fixture *fixture, guint n, guint max)
{
  static const TroupeStream output[] = { TROUPE_STREAM_STDOUT, TROUPE_STREAM_STDERR, TROUPE_STREAM_EVENTS };
  static const TroupeStream activity[] = { TROUPE_STREAM_MESSAGES, TROUPE_STREAM_EVENTS };

  for (guint i = 0; i < n; i++)
    {
      gsize length = (gsize) g_test_rand_int_range (0, g_test_rand_int_range (1, (gint32) max + 1) + 1);
      g_autofree char *bytes = g_malloc (length + 1);
      gint32 line = g_test_rand_int_range (1, 200) + (gint32) max / 1000; /* not too many rows */
      gboolean is_output = fixture->model->log == TROUPE_LOG_OUTPUT;
      TroupeStream stream =
          is_output ? output[g_test_rand_int_range (0, 100) % 7 % 3] : activity[g_test_rand_int_range (0, 2)];
      TroupeRecordKind kind = stream == TROUPE_STREAM_EVENTS     ? TROUPE_RECORD_EVENT
                              : stream == TROUPE_STREAM_MESSAGES ? TROUPE_RECORD_SENT
                                                                 : TROUPE_RECORD_DATA;

      fill_random (bytes, length, (guint) line);
      /* A gap that follows a gap is the same one; test_gap_grows has that. */
      if (g_test_rand_int_range (0, 40) == 0 && fixture->model->bytes[stream]->len > 0 &&
          !(fixture->model->rows->len > 0 &&
            g_array_index (fixture->model->rows, JournalModelRow, fixture->model->rows->len - 1).row.kind ==
                TROUPE_RECORD_LOST))
        {
          journal_model_write (fixture->model, fixture->writer, stream, TROUPE_RECORD_LOST,
                               fixture->model->time_usec, NULL, length + 1);
          journal_model_write (fixture->model, fixture->writer, stream, kind, fixture->model->time_usec, "x",
                               1);
        }
      journal_model_write (fixture->model, fixture->writer, stream, kind,
                           fixture->model->time_usec + (guint64) g_test_rand_int_range (0, 3), bytes, length);
    }
}

static void
test_random (void)
{
  static const struct
  {
    TroupeLog log;
    TroupeJournalOptions options;
    guint n, max;
  } runs[] = {
    { TROUPE_LOG_OUTPUT, { 0, 0 }, 300, 300 },
    { TROUPE_LOG_OUTPUT, { 0, 0 }, 12, 200000 },
    { TROUPE_LOG_OUTPUT, { 0, 300 }, 200, 500 },
    { TROUPE_LOG_OUTPUT, { 0, 70000 }, 10, 300000 },
    { TROUPE_LOG_ACTIVITY, { 0, 0 }, 300, 100 },
    { TROUPE_LOG_ACTIVITY, { 0, 256 }, 300, 1000 },
    { TROUPE_LOG_OUTPUT, { 20000, 0 }, 300, 300 },
    { TROUPE_LOG_OUTPUT, { 20000, 1000 }, 400, 300 },
    { TROUPE_LOG_OUTPUT, { 3000, 300 }, 400, 100 },
    { TROUPE_LOG_ACTIVITY, { 5000, 300 }, 400, 600 },
    { TROUPE_LOG_OUTPUT, { 300000, 20000 }, 20, 100000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      Fixture fixture;

      open_log (&fixture, runs[i].log, &runs[i].options);
      for (guint round = 0; round < 3; round++)
        {
          TroupeJournalReader *fresh;

          write_random (&fixture, runs[i].n, runs[i].max);
          check (&fixture);
          g_assert_cmpint (troupe_journal_reader_open (fixture.dir, runs[i].log, &fresh), ==, 0);
          journal_model_check (fixture.model, fresh, TRUE);
          troupe_journal_reader_close (fresh);

          /* Writing goes on where it stopped. */
          troupe_journal_writer_close (fixture.writer);
          g_assert_cmpint (
              troupe_journal_writer_open (fixture.dir, runs[i].log, &runs[i].options, &fixture.writer), ==,
              0);
          check (&fixture);
        }
      close_log (&fixture);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/rows/of-an-empty-log", test_empty);
  g_test_add_func ("/journal/rows/of-no-log", test_no_log);
  g_test_add_func ("/journal/rows/are-lines", test_lines);
  g_test_add_func ("/journal/rows/may-be-megabytes", test_long_lines);
  g_test_add_func ("/journal/rows/hold-any-byte", test_any_byte);
  g_test_add_func ("/journal/rows/end-at-gaps", test_gaps);
  g_test_add_func ("/journal/rows/one-gap-grows", test_gap_grows);
  g_test_add_func ("/journal/rows/messages-are-whole-lines", test_messages);
  g_test_add_func ("/journal/rows/time-never-runs-back", test_time_never_runs_back);
  g_test_add_func ("/journal/rows/one-writer-at-a-time", test_one_writer);
  g_test_add_func ("/journal/rows/agree-with-the-model", test_random);
  return g_test_run ();
}
