/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Many pieces at once leave the same log as one append for each. */

#include "journal/journal-reader.h"
#include "journal/journal-writer.h"

#include <glib.h>
#include <glib/gstdio.h>

#define N_PIECES 500

typedef struct
{
  char *dir;
  TroupeJournalWriter *writer;
} Log;

static void
open_log (Log *log, const TroupeJournalOptions *options)
{
  log->dir = g_dir_make_tmp ("troupe-pieces-XXXXXX", NULL);
  g_assert_nonnull (log->dir);
  g_assert_cmpint (troupe_journal_writer_open (log->dir, TROUPE_LOG_ACTIVITY, options, &log->writer), ==, 0);
}

static void
remove_log (Log *log)
{
  g_autoptr (GDir) dir = g_dir_open (log->dir, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (log->dir, name, NULL);

      g_unlink (path);
    }
  g_rmdir (log->dir);
  g_free (log->dir);
}

/* Pieces of one to three lines, now and then a long one, kinds in changing order, times that sometimes
 * run backwards. */
static GString *
make_pieces (TroupeJournalPiece *pieces)
{
  static const TroupeRecordKind kinds[] = { TROUPE_RECORD_SENT, TROUPE_RECORD_RECEIVED, TROUPE_RECORD_ROUTED,
                                            TROUPE_RECORD_INVALID };
  GString *bytes = g_string_new (NULL);

  for (guint i = 0; i < N_PIECES; i++)
    {
      gsize begin = bytes->len;

      for (gint32 line = g_test_rand_int_range (0, 3); line >= 0; line--)
        {
          gint32 length = i % 97 == 0 ? 200000 : g_test_rand_int_range (0, 60);

          for (gint32 k = 0; k < length; k++)
            g_string_append_c (bytes, (char) ('a' + (i + (guint) k) % 26));
          g_string_append_c (bytes, '\n');
        }
      pieces[i] = (TroupeJournalPiece){ kinds[g_test_rand_int_range (0, 4)],
                                       1000000 + (guint64) i * 10 - (i % 7 == 0 ? 35 : 0), bytes->len - begin };
    }
  return bytes;
}

static void
assert_same_rows (TroupeJournalReader *a, TroupeJournalReader *b)
{
  unsigned mask = TROUPE_STREAM_MASK_ALL;
  uint64_t end = troupe_journal_reader_get_end (a, mask);

  g_assert_cmpuint (end, ==, troupe_journal_reader_get_end (b, mask));
  g_assert_cmpuint (troupe_journal_reader_get_begin (a, mask), ==, troupe_journal_reader_get_begin (b, mask));
  for (uint64_t row = troupe_journal_reader_get_begin (a, mask); row < end; row++)
    {
      TroupeJournalRow of_a, of_b;

      g_assert_true (troupe_journal_reader_get_row (a, mask, row, &of_a));
      g_assert_true (troupe_journal_reader_get_row (b, mask, row, &of_b));
      g_assert_cmpuint (of_a.time_usec, ==, of_b.time_usec);
      g_assert_cmpuint (of_a.offset, ==, of_b.offset);
      g_assert_cmpuint (of_a.length, ==, of_b.length);
      g_assert_cmpint (of_a.kind, ==, of_b.kind);
      g_assert_cmpint (of_a.complete, ==, of_b.complete);
    }
}

static void
assert_same_bytes (TroupeJournalReader *a, TroupeJournalReader *b)
{
  uint64_t offset = troupe_journal_reader_get_stream_begin (a, TROUPE_STREAM_MESSAGES);
  char of_a[8192], of_b[8192];
  gssize n;

  while ((n = troupe_journal_reader_read (a, TROUPE_STREAM_MESSAGES, offset, of_a, sizeof of_a)) > 0)
    {
      g_assert_cmpint (troupe_journal_reader_read (b, TROUPE_STREAM_MESSAGES, offset, of_b, (size_t) n), ==, n);
      g_assert_cmpmem (of_a, (gsize) n, of_b, (gsize) n);
      offset += (uint64_t) n;
    }
}

static void
compare (const TroupeJournalOptions *options)
{
  g_autofree TroupeJournalPiece *pieces = g_new (TroupeJournalPiece, N_PIECES);
  GString *bytes = make_pieces (pieces);
  TroupeJournalReader *reader_a, *reader_b;
  Log a, b;
  gsize at = 0;

  open_log (&a, options);
  open_log (&b, options);
  for (guint i = 0; i < N_PIECES; i++)
    {
      g_assert_cmpint (troupe_journal_writer_append (a.writer, TROUPE_STREAM_MESSAGES, pieces[i].kind,
                                                     pieces[i].time_usec, bytes->str + at, pieces[i].length),
                       ==, 0);
      at += pieces[i].length;
    }
  at = 0;
  for (guint i = 0; i < N_PIECES;)
    {
      guint wanted = (guint) g_test_rand_int_range (1, 60);
      guint n = MIN (wanted, N_PIECES - i);

      g_assert_cmpint (troupe_journal_writer_append_pieces (b.writer, TROUPE_STREAM_MESSAGES, bytes->str + at,
                                                            pieces + i, n),
                       ==, 0);
      for (guint k = 0; k < n; k++)
        at += pieces[i + k].length;
      i += n;
    }
  troupe_journal_writer_close (a.writer);
  troupe_journal_writer_close (b.writer);

  g_assert_cmpint (troupe_journal_reader_open (a.dir, TROUPE_LOG_ACTIVITY, &reader_a), ==, 0);
  g_assert_cmpint (troupe_journal_reader_open (b.dir, TROUPE_LOG_ACTIVITY, &reader_b), ==, 0);
  assert_same_rows (reader_a, reader_b);
  assert_same_bytes (reader_a, reader_b);
  troupe_journal_reader_close (reader_a);
  troupe_journal_reader_close (reader_b);
  remove_log (&a);
  remove_log (&b);
  g_string_free (bytes, TRUE);
}

static void
test_same_log (void)
{
  compare (NULL);
}

/* Segments end in the middle of a call. */
static void
test_small_segments (void)
{
  const TroupeJournalOptions options = { .limit_bytes = 64 * 1024 * 1024, .segment_bytes = 64 * 1024 };

  compare (&options);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/pieces/same-log-as-one-by-one", test_same_log);
  g_test_add_func ("/journal/pieces/segments-end-anywhere", test_small_segments);
  return g_test_run ();
}
