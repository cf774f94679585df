/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Bounded logs, full disks, and readers that look on meanwhile. */

#include "journal-model.h"

#include "journal/journal-record.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT TROUPE_STREAM_STDOUT
#define OUT_MASK TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT)

static guint64
get_folder_bytes (const char *dir)
{
  g_autoptr (GDir) entries = g_dir_open (dir, 0, NULL);
  guint64 sum = 0;
  const char *name;

  while ((name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (dir, name, NULL);
      GStatBuf info;

      g_assert_cmpint (g_stat (path, &info), ==, 0);
      sum += (guint64) info.st_size;
    }
  return sum;
}

static gboolean
file_exists (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
append_line (TroupeJournalWriter *writer, JournalModel *model, TroupeStream stream, guint64 i)
{
  g_autofree char *line = g_strdup_printf ("line %" G_GUINT64_FORMAT " of many\n", i);

  journal_model_write (model, writer, stream, TROUPE_RECORD_DATA, i + 10, line, strlen (line));
}

static void
test_limit (void)
{
  const TroupeJournalOptions options = { .limit_bytes = 64 * 1024 };
  char *dir = journal_test_dir_new ();
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer), ==, 0);
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  for (guint64 i = 0; i < 5000; i++)
    {
      append_line (writer, model, i % 1000 == 7 ? TROUPE_STREAM_STDERR : OUT, i);
      /* Over by no more than what came last. */
      if (i % 100 == 0)
        g_assert_cmpuint (get_folder_bytes (dir), <=, options.limit_bytes + 256);
    }
  g_assert_false (file_exists (dir, "stdout"));
  g_assert_false (file_exists (dir, "output.index"));

  g_assert_true (troupe_journal_reader_refresh (reader));
  g_assert_cmpuint (troupe_journal_reader_get_begin (reader, OUT_MASK), >, 4000);
  g_assert_cmpuint (troupe_journal_reader_get_end (reader, OUT_MASK), ==, 4995);
  g_assert_cmpuint (troupe_journal_reader_get_stream_begin (reader, OUT), >, 0);
  journal_model_check (model, reader, TRUE);

  troupe_journal_writer_close (writer);
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer), ==, 0);
  for (guint64 i = 5000; i < 6000; i++)
    append_line (writer, model, OUT, i);
  troupe_journal_reader_refresh (reader);
  journal_model_check (model, reader, TRUE);

  troupe_journal_reader_close (reader);
  troupe_journal_writer_close (writer);
  journal_model_free (model);
  journal_test_dir_remove (dir);
}

/* A stream that has said nothing for long keeps its file, and the other one is bounded. */
static void
test_quiet_stream (void)
{
  const TroupeJournalOptions options = { .limit_bytes = 64 * 1024, .segment_bytes = 4096 };
  char *dir = journal_test_dir_new ();
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer), ==, 0);
  append_line (writer, model, TROUPE_STREAM_STDERR, 0);
  for (guint64 i = 1; i < 100; i++)
    {
      g_autofree char *block = g_strnfill (4000, 'b');

      journal_model_write (model, writer, OUT, TROUPE_RECORD_DATA, i + 10, block, 4000);
    }
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  g_assert_true (file_exists (dir, "stderr"));
  g_assert_cmpuint (troupe_journal_reader_get_stream_begin (reader, OUT), >, 300000);
  journal_model_check (model, reader, TRUE);
  troupe_journal_reader_close (reader);
  troupe_journal_writer_close (writer);
  journal_model_free (model);
  journal_test_dir_remove (dir);
}

/* Segments go while a reader stands in them: it says that the rows are not there, and knows
 * where they begin after a refresh. */
static void
test_vanishing (void)
{
  const TroupeJournalOptions options = { .limit_bytes = 20000, .segment_bytes = 512 };
  char *dir = journal_test_dir_new ();
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;
  TroupeJournalRow row;
  guint64 n_found = 0;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer), ==, 0);
  for (guint64 i = 0; i < 100; i++)
    append_line (writer, model, OUT, i);
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  g_assert_true (troupe_journal_reader_get_row (reader, OUT_MASK, 0, &row));
  for (guint64 i = 100; i < 1000; i++)
    append_line (writer, model, OUT, i);

  for (guint64 i = 0; i < 100; i++)
    n_found += troupe_journal_reader_get_row (reader, OUT_MASK, i, &row) && row.kind == TROUPE_RECORD_DATA;
  g_assert_cmpuint (n_found, <, 100);
  g_assert_true (troupe_journal_reader_refresh (reader));
  g_assert_cmpuint (troupe_journal_reader_get_begin (reader, OUT_MASK), >, 700);
  journal_model_check (model, reader, TRUE);

  /* And with the folder gone it stays harmless. */
  troupe_journal_writer_close (writer);
  journal_test_dir_remove (dir);
  troupe_journal_reader_refresh (reader);
  for (guint64 i = 900; i < 1000; i++)
    troupe_journal_reader_get_row (reader, OUT_MASK, i, &row);
  troupe_journal_reader_close (reader);
  journal_model_free (model);
}

#define BOTH_MASK (OUT_MASK | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR))

/* A reader in another process follows a bounded log at full speed. What it sees must be true at
 * any instant: line N is row N, whichever stream it came on. */
static void
follow (const char *dir, guint64 n_lines)
{
  TroupeJournalReader *reader;
  guint64 end = 0;

  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  while (end < n_lines)
    {
      guint64 begin, next_end;

      troupe_journal_reader_refresh (reader);
      begin = troupe_journal_reader_get_begin (reader, BOTH_MASK);
      next_end = troupe_journal_reader_get_end (reader, BOTH_MASK);
      g_assert_cmpuint (next_end, >=, end);
      end = next_end;
      for (guint64 i = MAX (begin, end > 100 ? end - 100 : 0); i < end; i++)
        {
          g_autofree char *expected = g_strdup_printf ("line %" G_GUINT64_FORMAT " of many", i);
          char text[64] = "";
          TroupeJournalRow row;

          if (!troupe_journal_reader_get_row (reader, BOTH_MASK, i, &row) || row.kind == TROUPE_RECORD_LOST)
            continue;
          g_assert_cmpuint (row.length, <, sizeof text);
          if (troupe_journal_reader_read (reader, row.stream, row.offset, text, row.length) !=
              (gssize) row.length)
            continue;
          if (row.complete)
            g_assert_cmpstr (text, ==, expected);
          else
            g_assert_true (g_str_has_prefix (expected, text));
        }
    }
  troupe_journal_reader_close (reader);
}

static void
test_followed (void)
{
  const TroupeJournalOptions options = { .limit_bytes = 64 * 1024, .segment_bytes = 4096 };
  const guint64 n_lines = 50000;
  char *dir = journal_test_dir_new ();
  TroupeJournalWriter *writer;
  g_autoptr (GString) lines = g_string_new (NULL);
  pid_t child;
  int status;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      follow (dir, n_lines);
      _exit (0);
    }
  for (guint64 i = 0; i < n_lines; i++)
    {
      TroupeStream stream = i % 3 == 0 ? OUT : TROUPE_STREAM_STDERR;
      gsize cut;

      g_string_append_printf (lines, "line %" G_GUINT64_FORMAT " of many\n", i);
      if (i % 7 != 0 && i + 1 != n_lines)
        continue;
      /* A few lines in two pieces, cut anywhere in the last. */
      cut = lines->len - i % 11;
      g_assert_cmpint (troupe_journal_writer_append (writer, stream, TROUPE_RECORD_DATA, i, lines->str, cut),
                       ==, 0);
      g_assert_cmpint (troupe_journal_writer_append (writer, stream, TROUPE_RECORD_DATA, i, lines->str + cut,
                                                     lines->len - cut),
                       ==, 0);
      g_string_truncate (lines, 0);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  troupe_journal_writer_close (writer);
  journal_test_dir_remove (dir);
}

/* Which way a message went stands in its record, behind its bytes: a reader that comes between the two
 * must not guess. */
static void
follow_messages (const char *dir, guint64 n_messages)
{
  const unsigned mask = TROUPE_STREAM_MASK (TROUPE_STREAM_MESSAGES);
  TroupeJournalReader *reader;
  guint64 end = 0;

  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_ACTIVITY, &reader), ==, 0);
  while (end < n_messages)
    {
      TroupeJournalRow row;

      troupe_journal_reader_refresh (reader);
      end = troupe_journal_reader_get_end (reader, mask);
      if (end > 0 && troupe_journal_reader_get_row (reader, mask, end - 1, &row))
        g_assert_cmpint (row.kind, ==, TROUPE_RECORD_SENT);
    }
  troupe_journal_reader_close (reader);
}

static void
test_messages_followed (void)
{
  const guint64 n_messages = 30000;
  char *dir = journal_test_dir_new ();
  TroupeJournalWriter *writer;
  pid_t child;
  int status;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_ACTIVITY, NULL, &writer), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      follow_messages (dir, n_messages);
      _exit (0);
    }
  for (guint64 i = 0; i < n_messages; i++)
    g_assert_cmpint (
        troupe_journal_writer_append (writer, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_SENT, i, "{\"a\":1}\n", 8), ==, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  troupe_journal_writer_close (writer);
  journal_test_dir_remove (dir);
}

/* The file size limit stands in for a full disk: it takes a part of a write, then nothing. */
static void
set_file_size_limit (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_data_full (void)
{
  char *dir = journal_test_dir_new ();
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  g_autofree char *block = g_strnfill (3000, 'b');
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;
  int errors[3];

  block[2999] = '\n';
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  journal_model_write (model, writer, OUT, TROUPE_RECORD_DATA, 11, block, 3000);

  /* The first of these is taken in part. All that is missing is one gap, stderr is not touched. */
  set_file_size_limit (5000);
  for (guint i = 0; i < 3; i++)
    errors[i] = troupe_journal_writer_append (writer, OUT, TROUPE_RECORD_DATA, 12, block, 3000);
  journal_model_append (model, OUT, TROUPE_RECORD_DATA, 12, block, 2000);
  journal_model_append (model, OUT, TROUPE_RECORD_LOST, 12, NULL, 7000);
  journal_model_write (model, writer, TROUPE_STREAM_STDERR, TROUPE_RECORD_DATA, 13, "small\n", 6);
  set_file_size_limit (RLIM_INFINITY);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (errors[i], ==, -EFBIG);
  g_assert_cmpuint (troupe_journal_writer_get_lost_bytes (writer), ==, 7000);

  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  journal_model_check (model, reader, TRUE);
  journal_model_write (model, writer, OUT, TROUPE_RECORD_DATA, 14, block, 3000);
  troupe_journal_reader_refresh (reader);
  journal_model_check (model, reader, TRUE);
  troupe_journal_reader_close (reader);
  troupe_journal_writer_close (writer);
  journal_model_free (model);
  journal_test_dir_remove (dir);
}

/* Here the index is what grows: bytes that cannot be named are not kept either. */
static void
test_index_full (void)
{
  char *dir = journal_test_dir_new ();
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;
  g_autofree char *stdout_path = g_build_filename (dir, "stdout", NULL);
  GStatBuf info;
  guint64 n_lost = 0;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  set_file_size_limit (TROUPE_JOURNAL_HEADER_SIZE + 20 * TROUPE_JOURNAL_SLOT_SIZE + 10);
  for (guint64 i = 0; i < 40; i++)
    {
      int error = troupe_journal_writer_append (writer, OUT, TROUPE_RECORD_DATA, i + 10, "a\n", 2);

      g_assert_cmpint (error, ==, i < 20 ? 0 : -EFBIG);
      if (error == 0)
        journal_model_append (model, OUT, TROUPE_RECORD_DATA, i + 10, "a\n", 2);
      else
        n_lost += 2;
    }
  set_file_size_limit (RLIM_INFINITY);
  g_assert_cmpint (g_stat (stdout_path, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, 40);

  /* The gap has waited, and stands before what comes next. */
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  journal_model_check (model, reader, TRUE);
  journal_model_append (model, OUT, TROUPE_RECORD_LOST, 30, NULL, n_lost);
  journal_model_write (model, writer, OUT, TROUPE_RECORD_DATA, 50, "b\n", 2);
  troupe_journal_reader_refresh (reader);
  journal_model_check (model, reader, TRUE);
  troupe_journal_reader_close (reader);
  troupe_journal_writer_close (writer);
  journal_model_free (model);
  journal_test_dir_remove (dir);
}

/* Closing writes a gap that has waited. */
static void
test_gap_at_close (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;
  TroupeJournalRow row;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  set_file_size_limit (TROUPE_JOURNAL_HEADER_SIZE);
  g_assert_cmpint (troupe_journal_writer_append (writer, OUT, TROUPE_RECORD_DATA, 10, "abc", 3), ==, -EFBIG);
  set_file_size_limit (RLIM_INFINITY);
  troupe_journal_writer_close (writer);
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  g_assert_true (troupe_journal_reader_get_row (reader, OUT_MASK, 0, &row));
  g_assert_cmpint (row.kind, ==, TROUPE_RECORD_LOST);
  g_assert_cmpuint (row.length, ==, 3);
  troupe_journal_reader_close (reader);
  journal_test_dir_remove (dir);
}

/* What a file takes on disk beyond its own bytes, after both are written out. */
static gint64
get_spare_bytes (const char *dir, guint64 expected_size)
{
  g_autofree char *path = g_build_filename (dir, "stdout", NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  struct stat info;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fsync (fd), ==, 0);
  g_assert_cmpint (fstat (fd, &info), ==, 0);
  close (fd);
  /* Whoever looks sees what was written, and no more. */
  g_assert_cmpuint (info.st_size, ==, expected_size);
  return (gint64) info.st_blocks * 512 - info.st_size;
}

static void
test_room_ahead (void)
{
  enum
  {
    BLOCK = 300000,
    SLACK = 65536, /* a file system's own */
  };
  char *dir = journal_test_dir_new ();
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  g_autofree char *block = g_strnfill (BLOCK, 'b');
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;
  guint64 size = 0;

  block[BLOCK - 1] = '\n';
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < 30; i++, size += BLOCK)
        journal_model_write (model, writer, OUT, TROUPE_RECORD_DATA, size + 1, block, BLOCK);
      if (round == 0)
        g_test_message ("%" G_GINT64_FORMAT " bytes of room ahead", get_spare_bytes (dir, size));
      if (round < 2)
        troupe_journal_writer_trim (writer);
      else
        troupe_journal_writer_close (writer);
      g_assert_cmpint (get_spare_bytes (dir, size), <=, SLACK);
    }
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  journal_model_check (model, reader, TRUE);
  troupe_journal_reader_close (reader);
  journal_model_free (model);
  journal_test_dir_remove (dir);
}

/* In a child with its own mounts: a real disk of 64 KiB. Exits with 77 where that is not allowed. */
static void
fill_disk (const char *dir)
{
  JournalModel *model = journal_model_new (TROUPE_LOG_OUTPUT);
  g_autofree char *block = g_strnfill (10000, 'b');
  g_autofree char *ballast = g_build_filename (dir, "ballast", NULL);
  TroupeJournalWriter *writer;
  TroupeJournalReader *reader;
  guint64 kept = 0;
  int fd, error = 0;

  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount ("tmpfs", dir, "tmpfs", 0, "size=65536") != 0)
    _exit (77);
  fd = open (ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (write (fd, block, 8192), ==, 8192);
  close (fd);

  block[9999] = '\n';
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  for (guint i = 0; i < 20; i++)
    {
      guint64 before = troupe_journal_writer_get_stream_bytes (writer, OUT);
      guint64 n;

      error = troupe_journal_writer_append (writer, OUT, TROUPE_RECORD_DATA, i + 10, block, 10000);
      n = troupe_journal_writer_get_stream_bytes (writer, OUT) - before;
      kept += n;
      journal_model_append (model, OUT, TROUPE_RECORD_DATA, i + 10, block, n);
      if (error != 0 && n > 0)
        journal_model_append (model, OUT, TROUPE_RECORD_LOST, i + 10, NULL, 10000 * 20 - kept);
    }
  g_assert_cmpint (error, ==, -ENOSPC);
  g_assert_cmpuint (kept + troupe_journal_writer_get_lost_bytes (writer), ==, 20 * 10000);

  g_assert_cmpint (g_unlink (ballast), ==, 0);
  g_assert_cmpint (troupe_journal_writer_append (writer, OUT, TROUPE_RECORD_DATA, 100, "space\n", 6), ==, 0);
  journal_model_append (model, OUT, TROUPE_RECORD_DATA, 100, "space\n", 6);
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  journal_model_check (model, reader, FALSE);
  _exit (0);
}

static void
test_disk_full (void)
{
  char *dir = journal_test_dir_new ();
  pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    fill_disk (dir);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == 77)
    g_test_skip ("may not mount here");
  else
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  journal_test_dir_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGXFSZ, SIG_IGN);
  g_test_add_func ("/journal/limits/oldest-goes-first", test_limit);
  g_test_add_func ("/journal/limits/a-quiet-stream-stays", test_quiet_stream);
  g_test_add_func ("/journal/limits/a-reader-outlives-its-segments", test_vanishing);
  g_test_add_func ("/journal/limits/followed-at-full-speed", test_followed);
  g_test_add_func ("/journal/limits/messages-followed-at-full-speed", test_messages_followed);
  g_test_add_func ("/journal/limits/no-room-for-bytes", test_data_full);
  g_test_add_func ("/journal/limits/no-room-for-records", test_index_full);
  g_test_add_func ("/journal/limits/closing-writes-the-gap", test_gap_at_close);
  g_test_add_func ("/journal/limits/room-ahead-is-given-back", test_room_ahead);
  g_test_add_func ("/journal/limits/a-full-disk", test_disk_full);
  return g_test_run ();
}
