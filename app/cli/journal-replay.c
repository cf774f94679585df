/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Walks the records of a log and hands out their bytes. Records are often small (a line), so
 * bytes come from a window read ahead in each stream, not from one read a record. */

#include "config.h"

#include "cli/journal-replay.h"

#include <errno.h>
#include <string.h>

typedef struct
{
  char *window; /* TROUPE_REPLAY_PIECE_MAX bytes, made when needed */
  guint64 window_offset;
  gsize window_length;
  guint64 position; /* the next byte to hand out */
  gboolean known;   /* position is valid: a record of the stream was seen */
} Stream;

struct _TroupeReplay
{
  char *dir;
  TroupeLog log;
  unsigned mask;
  TroupeJournalReader *reader; /* (owned) (nullable) until the log exists */
  guint64 next_record;
  gboolean started;
  TroupeJournalRecord record; /* the last one that was looked at */
  gboolean in_record;         /* not all of it is handed out */
  Stream streams[TROUPE_N_STREAMS];
};

TroupeReplay *
troupe_replay_new (const char *dir, TroupeLog log, unsigned mask)
{
  TroupeReplay *self = g_new0 (TroupeReplay, 1);

  self->dir = g_strdup (dir);
  self->log = log;
  self->mask = mask;
  return self;
}

void
troupe_replay_free (TroupeReplay *self)
{
  if (self->reader != NULL)
    troupe_journal_reader_close (self->reader);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    g_free (self->streams[i].window);
  g_free (self->dir);
  g_free (self);
}

int
troupe_replay_refresh (TroupeReplay *self)
{
  int result;

  if (self->reader != NULL)
    {
      troupe_journal_reader_refresh (self->reader);
      return 0;
    }
  result = troupe_journal_reader_open (self->dir, self->log, &self->reader);
  if (result < 0)
    {
      self->reader = NULL;
      return result == -ENOENT ? 0 : result;
    }
  troupe_journal_reader_refresh (self->reader);
  return 0;
}

/* Reads the bytes at the stream's position into its window, unless they are there. Returns how
 * many of at most WANTED are. */
static gsize
fill_window (TroupeReplay *self, TroupeStream number, guint64 wanted)
{
  Stream *stream = &self->streams[number];
  guint64 window_end = stream->window_offset + stream->window_length;
  ssize_t n;

  if (stream->position >= stream->window_offset && stream->position < window_end)
    return (gsize) MIN (wanted, window_end - stream->position);
  if (stream->window == NULL)
    stream->window = g_malloc (TROUPE_REPLAY_PIECE_MAX);
  n = troupe_journal_reader_read (self->reader, number, stream->position, stream->window, TROUPE_REPLAY_PIECE_MAX);
  stream->window_offset = stream->position;
  stream->window_length = n > 0 ? (gsize) n : 0;
  return (gsize) MIN (wanted, stream->window_length);
}

static void
set_gap (TroupeReplayItem *item, const TroupeJournalRecord *record, guint64 offset, guint64 length)
{
  *item = (TroupeReplayItem){ .time_usec = record->time_usec,
                              .stream = record->stream,
                              .kind = TROUPE_RECORD_LOST,
                              .offset = offset,
                              .length = length };
}

/* Steps to the next record of a stream that is played. */
static gboolean
next_record (TroupeReplay *self)
{
  guint64 begin = troupe_journal_reader_get_record_begin (self->reader);
  guint64 end = troupe_journal_reader_get_record_end (self->reader);

  /* Old segments may have been deleted under us; the gap shows in the next offset. */
  self->next_record = MAX (self->next_record, begin);
  while (self->next_record < end)
    {
      if (!troupe_journal_reader_get_record (self->reader, self->next_record, &self->record))
        return FALSE;
      self->next_record++;
      if ((guint) self->record.stream < TROUPE_N_STREAMS && (self->mask & TROUPE_STREAM_MASK (self->record.stream)) != 0)
        {
          self->in_record = TRUE;
          return TRUE;
        }
    }
  return FALSE;
}

/* Hands out up to WANTED bytes at the stream's position. Returns FALSE when they cannot be read. */
static gboolean
take_bytes (TroupeReplay *self, TroupeStream number, TroupeRecordKind kind, guint64 wanted, TroupeReplayItem *item)
{
  Stream *stream = &self->streams[number];
  gsize n = fill_window (self, number, wanted);

  if (n == 0)
    return FALSE;
  *item = (TroupeReplayItem){ .time_usec = self->record.time_usec,
                              .stream = number,
                              .kind = kind,
                              .offset = stream->position,
                              .bytes = stream->window + (stream->position - stream->window_offset),
                              .length = n };
  stream->position += n;
  return TRUE;
}

/* Skips what cannot be read before PLACE, because it was deleted or never kept. */
static void
take_gap (TroupeReplay *self, TroupeStream number, guint64 place, TroupeReplayItem *item)
{
  Stream *stream = &self->streams[number];
  guint64 begin = troupe_journal_reader_get_stream_begin (self->reader, number);
  guint64 target = begin > stream->position ? MIN (begin, place) : place;

  set_gap (item, &self->record, stream->position, target - stream->position);
  stream->position = target;
}

/* Bytes that no record led us to, see below. */
static gboolean
take_rest (TroupeReplay *self, TroupeReplayItem *item)
{
  static const TroupeRecordKind default_kinds[TROUPE_N_STREAMS] = {
    [TROUPE_STREAM_STDOUT] = TROUPE_RECORD_DATA,
    [TROUPE_STREAM_STDERR] = TROUPE_RECORD_DATA,
    [TROUPE_STREAM_MESSAGES] = TROUPE_RECORD_RECEIVED,
    [TROUPE_STREAM_EVENTS] = TROUPE_RECORD_EVENT,
  };

  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    {
      Stream *stream = &self->streams[i];
      guint64 end;

      if ((self->mask & TROUPE_STREAM_MASK (i)) == 0 || !stream->known)
        continue;
      end = troupe_journal_reader_get_stream_end (self->reader, (TroupeStream) i);
      if (stream->position < end &&
          take_bytes (self, (TroupeStream) i, default_kinds[i], end - stream->position, item))
        return TRUE;
    }
  return FALSE;
}

/* Records give the order and the times, but what counts is each stream's position: for bytes that
 * are written and not named yet a reader makes up records, and the real ones that take their
 * places later may cut them otherwise. So what was handed out is skipped, and what a record
 * leaves out before its place is handed out with it. */
gboolean
troupe_replay_next (TroupeReplay *self, TroupeReplayItem *item)
{
  if (self->reader == NULL)
    return FALSE;
  self->started = TRUE;
  for (;;)
    {
      const TroupeJournalRecord *record = &self->record;
      guint64 end;
      Stream *stream;

      if (!self->in_record && !next_record (self))
        return take_rest (self, item);
      stream = &self->streams[record->stream];
      if (record->kind == TROUPE_RECORD_LOST)
        {
          self->in_record = FALSE;
          set_gap (item, record, stream->position, record->length);
          return TRUE;
        }
      if (!stream->known)
        {
          stream->known = TRUE;
          stream->position = record->offset;
        }
      end = record->offset + record->length;
      self->in_record = stream->position < end;
      if (!self->in_record)
        continue;
      if (!take_bytes (self, record->stream, record->kind, end - stream->position, item))
        take_gap (self, record->stream, end, item);
      self->in_record = stream->position < end;
      return TRUE;
    }
}

void
troupe_replay_seek_time (TroupeReplay *self, guint64 time_usec)
{
  guint64 low, high;

  g_return_if_fail (!self->started);
  if (self->reader == NULL)
    return;
  low = troupe_journal_reader_get_record_begin (self->reader);
  high = troupe_journal_reader_get_record_end (self->reader);
  while (low < high)
    {
      guint64 middle = low + (high - low) / 2;
      TroupeJournalRecord record;

      if (troupe_journal_reader_get_record (self->reader, middle, &record) && record.time_usec < time_usec)
        low = middle + 1;
      else
        high = middle;
    }
  self->next_record = low;
}

void
troupe_replay_seek_end (TroupeReplay *self)
{
  g_return_if_fail (!self->started);
  if (self->reader == NULL)
    return;
  self->next_record = troupe_journal_reader_get_record_end (self->reader);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    if ((self->mask & TROUPE_STREAM_MASK (i)) != 0)
      {
        self->streams[i].position = troupe_journal_reader_get_stream_end (self->reader, (TroupeStream) i);
        self->streams[i].known = TRUE;
      }
}

gboolean
troupe_replay_is_line_start (TroupeReplay *self, TroupeStream stream, guint64 offset)
{
  char before;

  if (self->reader == NULL || offset <= troupe_journal_reader_get_stream_begin (self->reader, stream))
    return TRUE;
  return troupe_journal_reader_read (self->reader, stream, offset - 1, &before, 1) == 1 && before == '\n';
}

guint64
troupe_replay_get_position (TroupeReplay *self, TroupeStream stream)
{
  return self->streams[stream].position;
}

guint64
troupe_replay_get_stream_end (TroupeReplay *self, TroupeStream stream)
{
  return self->reader != NULL ? troupe_journal_reader_get_stream_end (self->reader, stream) : 0;
}
