/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The model: whole streams in memory, one array of rows. */

#include "journal-model.h"

#include "journal/journal-record.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

JournalModel *
journal_model_new (TroupeLog log)
{
  JournalModel *model = g_new0 (JournalModel, 1);

  model->log = log;
  model->time_usec = 1;
  for (int i = 0; i < TROUPE_N_STREAMS; i++)
    model->bytes[i] = g_byte_array_new ();
  model->rows = g_array_new (FALSE, TRUE, sizeof (JournalModelRow));
  return model;
}

void
journal_model_free (JournalModel *model)
{
  for (int i = 0; i < TROUPE_N_STREAMS; i++)
    g_byte_array_unref (model->bytes[i]);
  g_array_unref (model->rows);
  g_free (model);
}

static void
add_row (JournalModel *model, TroupeStream stream, TroupeRecordKind kind, guint64 length, gboolean complete,
         guint in_append)
{
  JournalModelRow row = {
    .row = {
      .time_usec = model->time_usec,
      .offset = model->bytes[stream]->len + in_append,
      .length = length,
      .stream = stream,
      .kind = kind,
      .complete = complete,
    },
  };

  model->last_row[stream] = model->rows->len;
  g_array_append_val (model->rows, row);
}

void
journal_model_append (JournalModel *model, TroupeStream stream, TroupeRecordKind kind, guint64 time_usec,
                      const void *bytes, gsize length)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  model->time_usec = MAX (model->time_usec, time_usec);
  if (kind == TROUPE_RECORD_LOST)
    {
      add_row (model, stream, kind, length, TRUE, 0);
      model->open_line[stream] = FALSE;
      return;
    }
  g_byte_array_append (all, bytes, length);
  if ((stream == TROUPE_STREAM_MESSAGES || stream == TROUPE_STREAM_EVENTS) &&
      (length == 0 || all->data[length - 1] != '\n'))
    g_byte_array_append (all, (const guint8 *) "\n", 1);

  for (guint i = 0; i < all->len; i++)
    {
      JournalModelRow *row;

      if (!model->open_line[stream])
        add_row (model, stream, kind, 0, FALSE, i);
      row = &g_array_index (model->rows, JournalModelRow, model->last_row[stream]);
      if (all->data[i] == '\n')
        row->row.complete = TRUE;
      else
        row->row.length++;
      model->open_line[stream] = all->data[i] != '\n';
    }
  g_byte_array_append (model->bytes[stream], all->data, all->len);
}

void
journal_model_write (JournalModel *model, TroupeJournalWriter *writer, TroupeStream stream,
                     TroupeRecordKind kind, guint64 time_usec, const void *bytes, gsize length)
{
  g_assert_cmpint (troupe_journal_writer_append (writer, stream, kind, time_usec, bytes, length), ==, 0);
  journal_model_append (model, stream, kind, time_usec, bytes, length);
}

static void
check_stream (JournalModel *model, TroupeJournalReader *reader, TroupeStream stream)
{
  guint64 begin = troupe_journal_reader_get_stream_begin (reader, stream);
  guint64 end = troupe_journal_reader_get_stream_end (reader, stream);
  g_autofree guint8 *bytes = g_malloc (end + 10);

  g_assert_cmpuint (end, ==, model->bytes[stream]->len);
  g_assert_cmpuint (begin, <=, end);
  g_assert_cmpint (troupe_journal_reader_read (reader, stream, begin, bytes, end - begin + 10), ==,
                   end - begin);
  g_assert_cmpmem (bytes, end - begin, model->bytes[stream]->data + begin, end - begin);
  g_assert_cmpint (troupe_journal_reader_read (reader, stream, end, bytes, 10), ==, 0);
}

static void
assert_row (const TroupeJournalRow *row, const TroupeJournalRow *expected, gboolean with_times)
{
  g_assert_cmpint (row->stream, ==, expected->stream);
  g_assert_cmpint (row->kind, ==, expected->kind);
  g_assert_cmpuint (row->offset, ==, expected->offset);
  g_assert_cmpuint (row->length, ==, expected->length);
  g_assert_cmpint (row->complete, ==, expected->complete);
  if (with_times)
    g_assert_cmpuint (row->time_usec, ==, expected->time_usec);
}

static void
check_offset (TroupeJournalReader *reader, unsigned mask, const TroupeJournalRow *row, guint64 number,
              guint64 offset)
{
  guint64 found;

  if (offset < troupe_journal_reader_get_stream_begin (reader, row->stream))
    return;
  g_assert_true (troupe_journal_reader_find_offset (reader, mask, row->stream, offset, &found));
  g_assert_cmpuint (found, ==, number);
}

static void
check_mask (JournalModel *model, TroupeJournalReader *reader, unsigned mask, gboolean with_times)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (TroupeJournalRow));
  guint64 begin = troupe_journal_reader_get_begin (reader, mask);
  guint64 end = troupe_journal_reader_get_end (reader, mask);
  TroupeJournalRow row;
  guint64 last_time = G_MAXUINT64;

  for (guint i = 0; i < model->rows->len; i++)
    {
      JournalModelRow *expected = &g_array_index (model->rows, JournalModelRow, i);

      if (mask & TROUPE_STREAM_MASK (expected->row.stream))
        g_array_append_val (rows, expected->row);
    }
  g_assert_cmpuint (end, ==, rows->len);
  g_assert_cmpuint (begin, <=, end);
  g_assert_false (troupe_journal_reader_get_row (reader, mask, end, &row));
  if (begin > 0)
    g_assert_false (troupe_journal_reader_get_row (reader, mask, begin - 1, &row));

  for (guint64 i = begin; i < end; i++)
    {
      const TroupeJournalRow *expected = &g_array_index (rows, TroupeJournalRow, i);

      g_assert_true (troupe_journal_reader_get_row (reader, mask, i, &row));
      assert_row (&row, expected, with_times);
      if (row.kind != TROUPE_RECORD_LOST && row.length + row.complete > 0)
        {
          check_offset (reader, mask, &row, i, row.offset);
          check_offset (reader, mask, &row, i, row.offset + row.length + row.complete - 1);
        }
      if (with_times && row.time_usec != last_time)
        {
          g_assert_cmpuint (troupe_journal_reader_find_time (reader, mask, row.time_usec), ==, i);
          g_assert_cmpuint (troupe_journal_reader_find_time (reader, mask, row.time_usec - 1), <=, i);
        }
      last_time = row.time_usec;
    }
  if (with_times)
    g_assert_cmpuint (troupe_journal_reader_find_time (reader, mask, model->time_usec + 1), ==, end);

  /* Backwards and at random it must say the same. */
  for (guint64 i = end; i > begin; i -= 1 + g_test_rand_int_range (0, 3) % (i - begin))
    {
      g_assert_true (troupe_journal_reader_get_row (reader, mask, i - 1, &row));
      assert_row (&row, &g_array_index (rows, TroupeJournalRow, i - 1), with_times);
    }
  for (guint i = 0; i < 50 && end > begin; i++)
    {
      guint64 number = begin + (guint64) g_test_rand_int_range (0, G_MAXINT32) % (end - begin);

      g_assert_true (troupe_journal_reader_get_row (reader, mask, number, &row));
      assert_row (&row, &g_array_index (rows, TroupeJournalRow, number), with_times);
    }
}

void
journal_model_check (JournalModel *model, TroupeJournalReader *reader, gboolean with_times)
{
  for (unsigned mask = 0; mask <= TROUPE_STREAM_MASK_ALL; mask++)
    check_mask (model, reader, mask, with_times);
  for (unsigned stream = 0; stream < TROUPE_N_STREAMS; stream++)
    check_stream (model, reader, stream);
}

char *
journal_test_dir_new (void)
{
  g_autoptr (GError) error = NULL;
  char *dir = g_dir_make_tmp ("troupe-journal-XXXXXX", &error);

  g_assert_no_error (error);
  return dir;
}

char *
journal_test_dir_new_in_memory (void)
{
  char *dir = g_strdup ("/dev/shm/troupe-journal-XXXXXX");

  if (g_getenv ("TMPDIR") == NULL && g_mkdtemp (dir) != NULL)
    return dir;
  g_free (dir);
  return journal_test_dir_new ();
}

void
journal_test_dir_remove (char *dir)
{
  g_autoptr (GDir) entries = g_dir_open (dir, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (dir, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (dir), ==, 0);
  g_free (dir);
}
