/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Files that come to be with their first byte, under the eyes of readers. */

#include "journal-model.h"

#include "journal/journal-record.h"
#include "journal/journal-watch.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#define OUT TROUPE_STREAM_STDOUT
#define ERR TROUPE_STREAM_STDERR
#define EVENTS TROUPE_STREAM_EVENTS
#define OUT_MASK TROUPE_STREAM_MASK (OUT)

static const TroupeJournalOptions fresh = { .is_fresh = TRUE };

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* "a b c": what the folder holds. */
static void
assert_files (const char *path, const char *expected)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *found = NULL;
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  found = g_strjoinv (" ", (char **) names->pdata);
  g_assert_cmpstr (found, ==, expected);
}

static TroupeJournalWriter *
open_fresh (const char *dir)
{
  TroupeJournalWriter *writer;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &fresh, &writer), ==, 0);
  return writer;
}

static void
append (TroupeJournalWriter *writer, TroupeStream stream, const char *text)
{
  TroupeRecordKind kind = stream == EVENTS ? TROUPE_RECORD_EVENT : TROUPE_RECORD_DATA;

  g_assert_cmpint (troupe_journal_writer_append (writer, stream, kind, 1, text, strlen (text)), ==, 0);
}

static void
test_files_come_with_their_first_byte (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalWriter *writer = open_fresh (dir);

  assert_files (dir, "");
  append (writer, EVENTS, "{}");
  assert_files (dir, "output.events output.index");
  append (writer, OUT, "");
  assert_files (dir, "output.events output.index");
  append (writer, ERR, "e");
  assert_files (dir, "output.events output.index stderr");
  append (writer, OUT, "o");
  assert_files (dir, "output.events output.index stderr stdout");
  troupe_journal_writer_close (writer);
  journal_test_dir_remove (dir);
}

static void
test_nothing_said_leaves_nothing (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalReader *reader;

  troupe_journal_writer_close (open_fresh (dir));
  assert_files (dir, "");
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, -ENOENT);
  journal_test_dir_remove (dir);
}

/* One that reads and watches sees each stream begin. */
static void
test_reader_sees_streams_begin (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalWriter *writer = open_fresh (dir);
  TroupeJournalWatch *watch = troupe_journal_watch_new (dir);
  struct pollfd woken = { .fd = troupe_journal_watch_peek_fd (watch), .events = POLLIN };
  TroupeJournalReader *reader;
  TroupeJournalRow row;
  char text[8];

  append (writer, EVENTS, "{}");
  g_assert_cmpint (poll (&woken, 1, 0), ==, 1);
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  for (TroupeStream stream = OUT; stream <= ERR; stream++)
    {
      unsigned mask = TROUPE_STREAM_MASK (stream);

      troupe_journal_watch_acknowledge (watch);
      troupe_journal_watch_arm (watch);
      g_assert_false (troupe_journal_reader_refresh (reader));
      g_assert_cmpint (poll (&woken, 1, 0), ==, 0);
      g_assert_cmpuint (troupe_journal_reader_get_end (reader, mask), ==, 0);
      g_assert_cmpuint (troupe_journal_reader_get_stream_end (reader, stream), ==, 0);
      g_assert_cmpint (troupe_journal_reader_read (reader, stream, 0, text, sizeof text), ==, 0);

      append (writer, stream, "first\n");
      g_assert_cmpint (poll (&woken, 1, 0), ==, 1);
      g_assert_true (troupe_journal_reader_refresh (reader));
      g_assert_cmpuint (troupe_journal_reader_get_end (reader, mask), ==, 1);
      g_assert_true (troupe_journal_reader_get_row (reader, mask, 0, &row));
      g_assert_cmpuint (row.length, ==, 5);
      g_assert_cmpint (troupe_journal_reader_read (reader, stream, 0, text, sizeof text), ==, 6);
      g_assert_cmpmem (text, 6, "first\n", 6);
    }
  troupe_journal_reader_close (reader);
  troupe_journal_watch_free (watch);
  troupe_journal_writer_close (writer);
  journal_test_dir_remove (dir);
}

static gpointer
begin_log_thread (gpointer dir)
{
  TroupeJournalWriter *writer = open_fresh (dir);

  append (writer, EVENTS, "{}");
  append (writer, OUT, "out\n");
  append (writer, ERR, "err\n");
  append (writer, OUT, "more\n");
  troupe_journal_writer_close (writer);
  return NULL;
}

/* A row that was seen once is the same row ever after, also of a log that was just about to begin. */
static void
test_rows_stay_while_a_log_begins (void)
{
  static const TroupeStream streams[] = { EVENTS, OUT, ERR, OUT };

  for (guint round = 0; round < 300; round++)
    {
      char *dir = journal_test_dir_new ();
      GThread *thread = g_thread_new ("writer", begin_log_thread, dir);
      TroupeJournalReader *reader;
      guint64 end = 0;
      int result;

      while ((result = troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader)) == -ENOENT)
        ;
      g_assert_cmpint (result, ==, 0);
      while (end < G_N_ELEMENTS (streams))
        {
          TroupeJournalRow row;

          end = troupe_journal_reader_get_end (reader, TROUPE_STREAM_MASK_ALL);
          for (guint64 i = 0; i < end; i++)
            if (troupe_journal_reader_get_row (reader, TROUPE_STREAM_MASK_ALL, i, &row))
              g_assert_cmpint (row.stream, ==, streams[i]);
          troupe_journal_reader_refresh (reader);
        }
      g_thread_join (thread);
      troupe_journal_reader_close (reader);
      journal_test_dir_remove (dir);
    }
}

/* Whoever said so was wrong: what is there stays, and goes on. */
static void
test_what_is_there_stays (void)
{
  const TroupeJournalOptions small = { .segment_bytes = 256 };
  char *dir = journal_test_dir_new ();
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &small, &writer), ==, 0);
  for (guint i = 0; i < 40; i++)
    journal_model_write (model, writer, OUT, TROUPE_RECORD_DATA, i + 1, "some text\nand", 13);
  troupe_journal_writer_close (writer);

  writer = open_fresh (dir);
  journal_model_write (model, writer, ERR, TROUPE_RECORD_DATA, 100, "more\n", 5);
  journal_model_write (model, writer, OUT, TROUPE_RECORD_DATA, 101, " more\n", 6);
  troupe_journal_writer_close (writer);
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  journal_model_check (model, reader, TRUE);
  troupe_journal_reader_close (reader);
  journal_model_free (model);
  journal_test_dir_remove (dir);
}

static void
test_one_writer (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalWriter *first = open_fresh (dir), *second = open_fresh (dir);

  append (first, OUT, "mine\n");
  g_assert_cmpint (troupe_journal_writer_append (second, OUT, TROUPE_RECORD_DATA, 2, "mine\n", 5), ==, -EBUSY);
  g_assert_cmpuint (troupe_journal_writer_get_lost_bytes (second), ==, 5);
  troupe_journal_writer_close (second);
  append (first, OUT, "still\n");
  troupe_journal_writer_close (first);
  journal_test_dir_remove (dir);
}

static void
set_file_size_limit (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* No room for the header, for a part of it, for a part of the first record. */
static void
test_no_room_to_begin (void)
{
  for (rlim_t limit = 0; limit < TROUPE_JOURNAL_HEADER_SIZE + TROUPE_JOURNAL_SLOT_SIZE; limit += 13)
    {
      char *dir = journal_test_dir_new ();
      TroupeJournalWriter *writer = open_fresh (dir);
      TroupeJournalReader *reader;
      TroupeJournalRow row;

      set_file_size_limit (limit);
      g_assert_cmpint (troupe_journal_writer_append (writer, OUT, TROUPE_RECORD_DATA, 10, "lost\n", 5), ==, -EFBIG);
      set_file_size_limit (RLIM_INFINITY);
      g_assert_cmpuint (troupe_journal_writer_get_lost_bytes (writer), ==, 5);
      append (writer, OUT, "kept\n");
      troupe_journal_writer_close (writer);

      g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
      g_assert_cmpuint (troupe_journal_reader_get_end (reader, OUT_MASK), ==, 2);
      g_assert_true (troupe_journal_reader_get_row (reader, OUT_MASK, 0, &row));
      g_assert_cmpint (row.kind, ==, TROUPE_RECORD_LOST);
      g_assert_cmpuint (row.length, ==, 5);
      g_assert_true (troupe_journal_reader_get_row (reader, OUT_MASK, 1, &row));
      g_assert_cmpint (row.kind, ==, TROUPE_RECORD_DATA);
      g_assert_cmpuint (row.offset, ==, 0);
      g_assert_cmpuint (row.length, ==, 4);
      troupe_journal_reader_close (reader);
      journal_test_dir_remove (dir);
    }
}

/* The folder went away, or never was ours to write to. */
static void
test_no_folder (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalWriter *writer = open_fresh (dir);

  g_assert_cmpint (g_rmdir (dir), ==, 0);
  g_assert_cmpint (troupe_journal_writer_append (writer, OUT, TROUPE_RECORD_DATA, 1, "text\n", 5), ==, -ENOENT);
  g_assert_cmpint (troupe_journal_writer_append (writer, EVENTS, TROUPE_RECORD_EVENT, 1, "{}", 2), ==, -ENOENT);
  g_assert_cmpuint (troupe_journal_writer_get_lost_bytes (writer), ==, 8);
  troupe_journal_writer_close (writer);
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &fresh, &writer), ==, -ENOENT);
  g_free (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGXFSZ, SIG_IGN);
  g_test_add_func ("/journal/fresh/files-come-with-their-first-byte", test_files_come_with_their_first_byte);
  g_test_add_func ("/journal/fresh/nothing-said-leaves-nothing", test_nothing_said_leaves_nothing);
  g_test_add_func ("/journal/fresh/reader-sees-streams-begin", test_reader_sees_streams_begin);
  g_test_add_func ("/journal/fresh/rows-stay-while-a-log-begins", test_rows_stay_while_a_log_begins);
  g_test_add_func ("/journal/fresh/what-is-there-stays", test_what_is_there_stays);
  g_test_add_func ("/journal/fresh/one-writer-at-a-time", test_one_writer);
  g_test_add_func ("/journal/fresh/no-room-to-begin", test_no_room_to_begin);
  g_test_add_func ("/journal/fresh/no-folder", test_no_folder);
  return g_test_run ();
}
