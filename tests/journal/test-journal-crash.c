/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Every file of a small journal is cut, zeroed or spoilt at every byte, and then
 * opened by a reader and by a writer. What was complete must be there. */

#include "journal-model.h"

#include "journal/journal-record.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define LATE_USEC G_GUINT64_CONSTANT (4000000000000000) /* after any file's time */

typedef struct
{
  TroupeLog log;
  TroupeJournalOptions options;
  char *dir;
  JournalModel *model;
  GHashTable *files; /* name to GBytes, as the writer left them */
} Journal;

static void
read_files (Journal *journal)
{
  g_autoptr (GDir) entries = g_dir_open (journal->dir, 0, NULL);
  const char *name;

  journal->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  while ((name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (journal->dir, name, NULL);
      char *contents;
      gsize length;

      g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
      g_hash_table_insert (journal->files, g_strdup (name), g_bytes_new_take (contents, length));
    }
}

static void
write_file (Journal *journal, const char *name, const void *bytes, gsize length)
{
  static const struct timespec long_ago[] = { { 1000000000, 0 }, { 1000000000, 0 } };
  g_autofree char *path = g_build_filename (journal->dir, name, NULL);
  int fd;

  /* A new file each time: some file systems write a truncated one out at once. */
  g_unlink (path);
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, length), ==, length);
  /* The crash was a while ago: readers wait a moment for the record of a fresh message. */
  g_assert_cmpint (futimens (fd, long_ago), ==, 0);
  close (fd);
}

static void
restore_files (Journal *journal)
{
  g_autoptr (GDir) entries = g_dir_open (journal->dir, 0, NULL);
  GHashTableIter iter;
  gpointer name, bytes;
  const char *entry;

  while ((entry = g_dir_read_name (entries)) != NULL)
    if (!g_hash_table_contains (journal->files, entry))
      {
        g_autofree char *path = g_build_filename (journal->dir, entry, NULL);

        g_unlink (path);
      }
  g_hash_table_iter_init (&iter, journal->files);
  while (g_hash_table_iter_next (&iter, &name, &bytes))
    write_file (journal, name, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
journal_init (Journal *journal, TroupeLog log, gsize segment_bytes, guint n_rounds)
{
  TroupeJournalWriter *writer;

  memset (journal, 0, sizeof *journal);
  journal->log = log;
  journal->options.segment_bytes = segment_bytes;
  journal->dir = journal_test_dir_new_in_memory ();
  journal->model = journal_model_new (log);
  g_assert_cmpint (troupe_journal_writer_open (journal->dir, log, &journal->options, &writer), ==, 0);
  for (guint i = 0; i < n_rounds; i++)
    {
      g_autofree char *text = g_strdup_printf ("line %u\nanother\n\nstart of %u, ", i, i);
      g_autofree char *json = g_strdup_printf ("{\"event\":%u}", i);

      if (log == TROUPE_LOG_OUTPUT)
        {
          journal_model_write (journal->model, writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, 10 * i + 1,
                               text, strlen (text));
          journal_model_write (journal->model, writer, TROUPE_STREAM_STDERR, TROUPE_RECORD_DATA, 10 * i + 2,
                               "warning\n", 8);
        }
      else
        journal_model_write (journal->model, writer, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_RECEIVED,
                             10 * i + 1, text, strlen (text));
      journal_model_write (journal->model, writer, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, 10 * i + 3,
                           json, strlen (json));
    }
  troupe_journal_writer_close (writer);
  read_files (journal);
}

static void
journal_clear (Journal *journal)
{
  g_hash_table_unref (journal->files);
  journal_model_free (journal->model);
  journal_test_dir_remove (journal->dir);
}

static void
check_rows (TroupeJournalReader *reader, unsigned mask)
{
  guint64 end = troupe_journal_reader_get_end (reader, mask);
  TroupeJournalRow row;

  for (guint64 i = troupe_journal_reader_get_begin (reader, mask); i < end; i++)
    if (troupe_journal_reader_get_row (reader, mask, i, &row) && row.kind != TROUPE_RECORD_LOST)
      {
        g_assert_true (mask & TROUPE_STREAM_MASK (row.stream));
        g_assert_cmpuint (row.offset + row.length + row.complete, <=,
                          troupe_journal_reader_get_stream_end (reader, row.stream));
      }
}

/* Reads all there is, which must neither fail nor contradict itself. Streams that are not of this
 * log add nothing, so it is every set of its own streams, and all of them with the others. */
static void
check_sane (Journal *journal, TroupeJournalReader *reader)
{
  unsigned own = 0;

  for (unsigned stream = 0; stream < TROUPE_N_STREAMS; stream++)
    if (troupe_log_get_column (journal->log, stream) >= 0)
      own |= TROUPE_STREAM_MASK (stream);
  for (unsigned mask = 0; mask < TROUPE_STREAM_MASK_ALL; mask++)
    if ((mask & ~own) == 0)
      check_rows (reader, mask);
  check_rows (reader, TROUPE_STREAM_MASK_ALL);
}

/* All bytes of all streams are there, and each row once. */
static void
check_complete (Journal *journal, TroupeJournalReader *reader)
{
  for (unsigned stream = 0; stream < TROUPE_N_STREAMS; stream++)
    {
      GByteArray *expected = journal->model->bytes[stream];
      guint64 end = troupe_journal_reader_get_stream_end (reader, stream);
      g_autofree guint8 *bytes = g_malloc (end + 1);
      guint64 row_number = 0;

      g_assert_cmpuint (end, ==, expected->len);
      g_assert_cmpint (troupe_journal_reader_read (reader, stream, 0, bytes, end + 1), ==, end);
      g_assert_cmpmem (bytes, end, expected->data, expected->len);
      for (guint i = 0; i < journal->model->rows->len; i++)
        {
          const TroupeJournalRow *row = &g_array_index (journal->model->rows, JournalModelRow, i).row;
          TroupeJournalRow out;

          if (row->stream != stream)
            continue;
          g_assert_true (
              troupe_journal_reader_get_row (reader, TROUPE_STREAM_MASK (stream), row_number++, &out));
          g_assert_cmpuint (out.offset, ==, row->offset);
          g_assert_cmpuint (out.length, ==, row->length);
          g_assert_cmpint (out.complete, ==, row->complete);
          g_assert_cmpint (out.stream, ==, stream);
        }
      g_assert_cmpuint (troupe_journal_reader_get_end (reader, TROUPE_STREAM_MASK (stream)), ==, row_number);
    }
  g_assert_cmpuint (troupe_journal_reader_get_end (reader, TROUPE_STREAM_MASK_ALL), ==,
                    journal->model->rows->len);
}

/* Opens the journal with a reader and with a writer that adds a line. EXACT: it must hold all
 * bytes and rows; otherwise it must hold together and take the line. */
static void
check_journal (Journal *journal, gboolean exact)
{
  TroupeStream stream = journal->log == TROUPE_LOG_OUTPUT ? TROUPE_STREAM_STDERR : TROUPE_STREAM_EVENTS;
  unsigned mask = TROUPE_STREAM_MASK (stream);
  TroupeJournalReader *reader, *fresh;
  TroupeJournalWriter *writer;
  TroupeJournalRow row;
  char text[6] = "";
  guint64 end;

  g_assert_cmpint (troupe_journal_reader_open (journal->dir, journal->log, &reader), ==, 0);
  check_sane (journal, reader);
  if (exact)
    check_complete (journal, reader);

  g_assert_cmpint (troupe_journal_writer_open (journal->dir, journal->log, &journal->options, &writer), ==,
                   0);
  troupe_journal_reader_refresh (reader);
  check_sane (journal, reader);
  if (exact)
    check_complete (journal, reader);
  g_assert_cmpint (troupe_journal_writer_append (writer, stream, TROUPE_RECORD_DATA, LATE_USEC, "added\n", 6),
                   ==, 0);
  troupe_journal_writer_close (writer);

  /* The added line is the last, for the reader that saw it all and for a new one. */
  g_assert_cmpint (troupe_journal_reader_open (journal->dir, journal->log, &fresh), ==, 0);
  troupe_journal_reader_refresh (reader);
  for (guint i = 0; i < 2; i++)
    {
      TroupeJournalReader *one = i == 0 ? reader : fresh;

      check_sane (journal, one);
      end = troupe_journal_reader_get_end (one, mask);
      g_assert_cmpuint (end, >, 0);
      g_assert_true (troupe_journal_reader_get_row (one, mask, end - 1, &row));
      g_assert_cmpuint (row.time_usec, ==, LATE_USEC);
      g_assert_true (row.complete);
      g_assert_cmpint (troupe_journal_reader_read (one, stream, row.offset + row.length - 5, text, 5), ==, 5);
      g_assert_cmpstr (text, ==, "added");
      g_assert_cmpuint (troupe_journal_reader_find_time (one, mask, LATE_USEC), ==, end - 1);
    }
  troupe_journal_reader_close (fresh);
  troupe_journal_reader_close (reader);
}

static gboolean
is_index (const char *name)
{
  return strstr (name, ".index") != NULL;
}

/* A version is not ours to read however it came to be in the header. */
static gboolean
is_of_newer_version (Journal *journal)
{
  TroupeJournalReader *reader;
  int error = troupe_journal_reader_open (journal->dir, journal->log, &reader);

  if (error == 0)
    troupe_journal_reader_close (reader);
  return error == -EPROTONOSUPPORT;
}

typedef void (*SpoilFunc) (guint8 *bytes, gsize length, gsize at);

/* Spoils each file at each byte in turn, or at every STRIDEth; with SPOIL NULL the file ends there. */
static void
spoil_everywhere (Journal *journal, SpoilFunc spoil, gboolean index_exact, gsize stride)
{
  GHashTableIter iter;
  gpointer name, contents;

  g_hash_table_iter_init (&iter, journal->files);
  while (g_hash_table_iter_next (&iter, &name, &contents))
    {
      gsize length;
      const guint8 *bytes = g_bytes_get_data (contents, &length);

      for (gsize at = 0; at < length; at += stride)
        {
          g_autofree guint8 *spoilt = g_memdup2 (bytes, length);

          restore_files (journal);
          if (spoil != NULL)
            spoil (spoilt, length, at);
          write_file (journal, name, spoilt, spoil != NULL ? length : at);
          if (!is_of_newer_version (journal))
            check_journal (journal, index_exact && is_index (name));
        }
    }
}

static void
zero_from (guint8 *bytes, gsize length, gsize at)
{
  memset (bytes + at, 0, length - at);
}

static void
flip_byte (guint8 *bytes, gsize length, gsize at)
{
  bytes[at] ^= 0x55;
}

static void
test_cut (void)
{
  Journal journal;

  journal_init (&journal, TROUPE_LOG_OUTPUT, 0, 4);
  spoil_everywhere (&journal, NULL, TRUE, 1);
  spoil_everywhere (&journal, zero_from, TRUE, 1);
  journal_clear (&journal);
}

static void
test_spoilt (void)
{
  Journal journal;

  journal_init (&journal, TROUPE_LOG_OUTPUT, 0, 4);
  spoil_everywhere (&journal, flip_byte, FALSE, 1);
  journal_clear (&journal);
}

static void
test_cut_activity (void)
{
  Journal journal;

  /* A message that is cut gets its newline, so the bytes are not the same. */
  journal_init (&journal, TROUPE_LOG_ACTIVITY, 0, 4);
  spoil_everywhere (&journal, NULL, FALSE, 1);
  journal_clear (&journal);
}

static void
test_cut_segments (void)
{
  Journal journal;

  /* With 12 rounds: 36 records in 3 index segments, 3 data segments of stdout. */
  journal_init (&journal, TROUPE_LOG_OUTPUT, 256, 12);
  g_assert_true (g_hash_table_contains (journal.files, "output.index.2"));
  g_assert_true (g_hash_table_contains (journal.files, "stdout.1"));
  spoil_everywhere (&journal, NULL, FALSE, 7);
  spoil_everywhere (&journal, flip_byte, FALSE, 7);
  journal_clear (&journal);
}

/* What a crash at any byte of the newest index segment leaves: the older ones are whole. */
static void
test_cut_newest_segment (void)
{
  Journal journal;
  const char *names[] = { "output.index.2", "output.index.1" };
  GBytes *contents;
  gsize length;
  const guint8 *bytes;

  journal_init (&journal, TROUPE_LOG_OUTPUT, 256, 12);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      contents = g_hash_table_lookup (journal.files, names[i]);
      bytes = g_bytes_get_data (contents, &length);
      for (gsize at = 0; at <= length; at++)
        {
          restore_files (&journal);
          if (i > 0)
            {
              g_autofree char *path = g_build_filename (journal.dir, names[0], NULL);

              g_assert_cmpint (g_unlink (path), ==, 0);
            }
          write_file (&journal, names[i], bytes, at);
          check_journal (&journal, TRUE);
        }
    }
  journal_clear (&journal);
}

static void
test_trailing (void)
{
  TroupeJournalReader *reader;
  TroupeJournalWriter *writer;
  TroupeJournalRow row;
  TroupeJournalRecord record;
  Journal journal;
  GBytes *index;

  journal_init (&journal, TROUPE_LOG_OUTPUT, 0, 1);
  index = g_hash_table_lookup (journal.files, "output.index");

  /* Without the last two records: the event and the warning have none. */
  write_file (&journal, "output.index", g_bytes_get_data (index, NULL),
              g_bytes_get_size (index) - 2 * TROUPE_JOURNAL_SLOT_SIZE);
  g_assert_cmpint (troupe_journal_reader_open (journal.dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  g_assert_cmpuint (troupe_journal_reader_get_record_end (reader), ==, 3);
  g_assert_true (troupe_journal_reader_get_row (reader, TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR), 0, &row));
  g_assert_cmpuint (row.length, ==, 7);
  g_assert_cmpuint (row.time_usec, >, 1000000); /* the file's */

  g_assert_cmpint (troupe_journal_writer_open (journal.dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  g_assert_cmpuint (troupe_journal_writer_get_stream_bytes (writer, TROUPE_STREAM_STDERR), ==, 8);
  troupe_journal_writer_close (writer);
  g_assert_false (troupe_journal_reader_refresh (reader));
  g_assert_true (troupe_journal_reader_get_record (reader, 1, &record));
  g_assert_cmpint (record.stream, ==, TROUPE_STREAM_STDERR);
  g_assert_cmpuint (record.length, ==, 8);
  g_assert_cmpuint (record.time_usec, ==, row.time_usec);
  troupe_journal_reader_close (reader);
  journal_clear (&journal);
}

static void
test_missing_bytes (void)
{
  TroupeJournalReader *reader;
  TroupeJournalWriter *writer;
  TroupeJournalRow row;
  Journal journal;
  guint64 lines, end;

  journal_init (&journal, TROUPE_LOG_OUTPUT, 0, 2);
  write_file (&journal, "stdout", "line 0\nan", 9);
  g_assert_cmpint (troupe_journal_reader_open (journal.dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  lines = troupe_journal_reader_get_end (reader, TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT));
  g_assert_true (troupe_journal_reader_get_row (reader, TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT), 0, &row));
  g_assert_cmpint (row.kind, ==, TROUPE_RECORD_DATA);
  g_assert_true (
      troupe_journal_reader_get_row (reader, TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT), lines - 1, &row));
  g_assert_cmpint (row.kind, ==, TROUPE_RECORD_LOST);

  /* The writer says how much is missing, and offsets go on behind it. */
  g_assert_cmpint (troupe_journal_writer_open (journal.dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  end = journal.model->bytes[TROUPE_STREAM_STDOUT]->len;
  g_assert_cmpuint (troupe_journal_writer_get_lost_bytes (writer), ==, end - 9);
  g_assert_cmpuint (troupe_journal_writer_get_stream_bytes (writer, TROUPE_STREAM_STDOUT), ==, end);
  troupe_journal_writer_close (writer);
  troupe_journal_reader_refresh (reader);
  g_assert_true (
      troupe_journal_reader_get_row (reader, TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT), lines, &row));
  g_assert_cmpint (row.kind, ==, TROUPE_RECORD_LOST);
  g_assert_cmpuint (row.length, ==, end - 9);
  troupe_journal_reader_close (reader);
  journal_clear (&journal);
}

static void
test_newer_version (void)
{
  TroupeJournalReader *reader;
  TroupeJournalWriter *writer;
  Journal journal;
  g_autofree guint8 *bytes = NULL;
  GBytes *index;

  journal_init (&journal, TROUPE_LOG_OUTPUT, 0, 1);
  index = g_hash_table_lookup (journal.files, "output.index");
  bytes = g_memdup2 (g_bytes_get_data (index, NULL), g_bytes_get_size (index));
  bytes[8]++;
  write_file (&journal, "output.index", bytes, g_bytes_get_size (index));
  g_assert_cmpint (troupe_journal_reader_open (journal.dir, TROUPE_LOG_OUTPUT, &reader), ==,
                   -EPROTONOSUPPORT);
  g_assert_cmpint (troupe_journal_writer_open (journal.dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==,
                   -EPROTONOSUPPORT);
  journal_clear (&journal);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/crash/bytes-without-a-record-trail", test_trailing);
  g_test_add_func ("/journal/crash/missing-bytes-are-a-gap", test_missing_bytes);
  g_test_add_func ("/journal/crash/a-newer-version-is-left-alone", test_newer_version);
  g_test_add_func ("/journal/crash/cut-at-any-byte-keeps-all", test_cut);
  g_test_add_func ("/journal/crash/cut-activity-opens", test_cut_activity);
  g_test_add_func ("/journal/crash/cut-newest-segment-keeps-all", test_cut_newest_segment);
  g_test_add_func ("/journal/crash/cut-segments-open", test_cut_segments);
  g_test_add_func ("/journal/crash/any-byte-may-be-wrong", test_spoilt);
  return g_test_run ();
}
