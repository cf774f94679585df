/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One cursor per source, with its head row looked up; the earliest head is next. Bytes come
 * through one buffer per stream of a source. */

#include "config.h"

#include "logview/log-scanner.h"

#include <string.h>

#define MAX_BUFFER_BYTES (256u << 10)
#define MIN_BUFFER_BYTES (16u << 10)

typedef struct
{
  guint8 *bytes; /* (owned) (nullable) */
  guint64 offset;
  gsize length;
} Buffer;

typedef struct
{
  TroupeJournalReader *reader; /* (owned) (nullable) while the log is missing */
  unsigned mask;
  guint64 next, end;
  gboolean has_head;
  TroupeJournalRow head;
  Buffer buffers[TROUPE_N_STREAMS];
} Source;

struct _TroupeLogScanner
{
  char **dirs;     /* (owned) */
  Source *sources; /* (owned) */
  guint n_sources;
  guint64 from_usec;
  gsize buffer_bytes;
  GByteArray *large; /* (owned) for reads that no buffer holds */
};

static unsigned
source_mask (unsigned streams, guint source)
{
  unsigned mask = TROUPE_STREAM_MASK (TROUPE_STREAM_EVENTS);

  if (source % 2 == TROUPE_LOG_OUTPUT)
    mask |= TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR);
  else
    mask |= TROUPE_STREAM_MASK (TROUPE_STREAM_MESSAGES);
  return streams & mask;
}

static void
source_load_head (Source *source)
{
  source->has_head = FALSE;
  while (!source->has_head && source->next < source->end)
    {
      guint64 begin = troupe_journal_reader_get_begin (source->reader, source->mask);

      /* Old segments may go while we walk. */
      source->next = MAX (source->next, begin);
      if (source->next >= source->end)
        break;
      source->has_head =
          troupe_journal_reader_get_row (source->reader, source->mask, source->next, &source->head);
      if (!source->has_head)
        source->next++;
    }
}

static void
open_missing (TroupeLogScanner *self)
{
  for (guint i = 0; i < self->n_sources; i++)
    {
      Source *source = &self->sources[i];

      if (source->reader != NULL || source->mask == 0)
        continue;
      if (troupe_journal_reader_open (self->dirs[i / 2], i % 2, &source->reader) < 0)
        {
          source->reader = NULL;
          continue;
        }
      troupe_journal_reader_refresh (source->reader);
      source->next = troupe_journal_reader_get_begin (source->reader, source->mask);
      if (self->from_usec > 0)
        source->next = troupe_journal_reader_find_time (source->reader, source->mask, self->from_usec);
    }
}

TroupeLogScanner *
troupe_log_scanner_new (const char *const *dirs, gsize n_dirs, unsigned streams, guint64 from_usec)
{
  TroupeLogScanner *self = g_new0 (TroupeLogScanner, 1);

  self->dirs = g_new0 (char *, n_dirs + 1);
  for (gsize i = 0; i < n_dirs; i++)
    self->dirs[i] = g_strdup (dirs[i]);
  self->n_sources = 2 * n_dirs;
  self->sources = g_new0 (Source, self->n_sources);
  for (guint i = 0; i < self->n_sources; i++)
    self->sources[i].mask = source_mask (streams, i);
  self->from_usec = from_usec;
  self->buffer_bytes = CLAMP (TROUPE_LOG_SCANNER_BUFFER_BYTES / MAX (2 * n_dirs, 1), MIN_BUFFER_BYTES,
                              MAX_BUFFER_BYTES);
  self->large = g_byte_array_new ();
  troupe_log_scanner_refresh (self);
  return self;
}

void
troupe_log_scanner_free (TroupeLogScanner *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_sources; i++)
    {
      if (self->sources[i].reader != NULL)
        troupe_journal_reader_close (self->sources[i].reader);
      for (guint k = 0; k < TROUPE_N_STREAMS; k++)
        g_free (self->sources[i].buffers[k].bytes);
    }
  g_free (self->sources);
  g_strfreev (self->dirs);
  g_byte_array_unref (self->large);
  g_free (self);
}

void
troupe_log_scanner_refresh (TroupeLogScanner *self)
{
  open_missing (self);
  for (guint i = 0; i < self->n_sources; i++)
    {
      Source *source = &self->sources[i];

      if (source->reader == NULL)
        continue;
      troupe_journal_reader_refresh (source->reader);
      source->end = troupe_journal_reader_get_end (source->reader, source->mask);
      source_load_head (source);
      /* The end of a buffer may have been the end of the file. */
      for (guint k = 0; k < TROUPE_N_STREAMS; k++)
        source->buffers[k].length = 0;
    }
}

gboolean
troupe_log_scanner_next (TroupeLogScanner *self, TroupeLogRow *out)
{
  Source *first = NULL;

  for (guint i = 0; i < self->n_sources; i++)
    {
      Source *source = &self->sources[i];

      if (source->has_head && (first == NULL || source->head.time_usec < first->head.time_usec))
        first = source;
    }
  if (first == NULL)
    return FALSE;
  out->row = first->head;
  out->source = first - self->sources;
  first->next++;
  source_load_head (first);
  return TRUE;
}

gboolean
troupe_log_scanner_get_at (TroupeLogScanner *self, TroupeLogPlace place, TroupeLogRow *out)
{
  Source *source = &self->sources[place.source];
  uint64_t number;

  out->source = place.source;
  return source->reader != NULL &&
         troupe_journal_reader_find_offset (source->reader, source->mask, place.stream, place.offset,
                                            &number) &&
         troupe_journal_reader_get_row (source->reader, source->mask, number, &out->row);
}

const guint8 *
troupe_log_scanner_peek (TroupeLogScanner *self, const TroupeLogRow *row, guint64 at, gsize size, gsize *got)
{
  Source *source = &self->sources[row->source];
  Buffer *buffer = &source->buffers[row->row.stream];
  guint64 offset = row->row.offset + at;
  ssize_t n;

  *got = 0;
  if (row->row.kind == TROUPE_RECORD_LOST || at >= row->row.length)
    return (const guint8 *) "";
  size = MIN (size, row->row.length - at);
  if (size > self->buffer_bytes)
    {
      g_byte_array_set_size (self->large, size);
      n = troupe_journal_reader_read (source->reader, row->row.stream, offset, self->large->data, size);
      *got = MAX (n, 0);
      return self->large->data;
    }
  if (offset < buffer->offset || offset + size > buffer->offset + buffer->length)
    {
      if (buffer->bytes == NULL)
        buffer->bytes = g_malloc (self->buffer_bytes);
      n = troupe_journal_reader_read (source->reader, row->row.stream, offset, buffer->bytes,
                                      self->buffer_bytes);
      buffer->offset = offset;
      buffer->length = MAX (n, 0);
    }
  *got = MIN (size, buffer->offset + buffer->length - offset);
  return buffer->bytes + (offset - buffer->offset);
}
