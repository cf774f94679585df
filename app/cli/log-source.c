/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Cuts what a replay hands out into lines. A line that lies whole in one piece is not copied;
 * one that does not is gathered in `held` of its stream. */

#include "config.h"

#include "cli/log-source.h"

#include <string.h>

#include "cli/journal-replay.h"

typedef struct
{
  guint64 number;
  char *dir;
} Run;

typedef struct
{
  GString *held;     /* what has come of a line */
  guint64 time_usec; /* of its first byte */
  TroupeRecordKind kind; /* likewise */
  gboolean begun;    /* a piece of the line was given out already */
  gboolean seen;     /* bytes of the stream came in this run */
  gboolean skipping; /* we came in the middle of a line: wait for the next */
  guint64 start;     /* lines that begin before this offset are left out */
} Stream;

struct _TroupeLogSource
{
  char *project, *worker;
  TroupeLog log;
  unsigned mask;
  GQueue runs; /* (owned) of Run; the head is the one being read */
  guint64 last_run;
  guint64 since_usec;
  gboolean has_start, start_at_end, final, release;
  guint64 start_usec;
  guint64 starts[TROUPE_N_STREAMS];
  int error;

  TroupeReplay *replay; /* (owned) (nullable) of the head */
  TroupeReplayItem item;
  gsize item_done;
  gboolean has_item;
  Stream streams[TROUPE_N_STREAMS];
  TroupeLogLine line;
  gboolean has_line;
  int clear_held; /* the stream whose held bytes the line lends, or -1 */
};

static void
run_free (Run *run)
{
  g_free (run->dir);
  g_free (run);
}

TroupeLogSource *
troupe_log_source_new (const char *project, const char *worker, TroupeLog log, unsigned mask)
{
  TroupeLogSource *self = g_new0 (TroupeLogSource, 1);

  self->project = g_strdup (project);
  self->worker = g_strdup (worker);
  self->log = log;
  self->mask = mask;
  self->clear_held = -1;
  g_queue_init (&self->runs);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    self->streams[i].held = g_string_new (NULL);
  return self;
}

void
troupe_log_source_free (TroupeLogSource *self)
{
  g_clear_pointer (&self->replay, troupe_replay_free);
  g_queue_clear_full (&self->runs, (GDestroyNotify) run_free);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    g_string_free (self->streams[i].held, TRUE);
  g_free (self->project);
  g_free (self->worker);
  g_free (self);
}

const char *
troupe_log_source_get_project (TroupeLogSource *self)
{
  return self->project;
}

const char *
troupe_log_source_get_worker (TroupeLogSource *self)
{
  return self->worker;
}

const char *
troupe_log_source_get_dir (TroupeLogSource *self)
{
  Run *run = g_queue_peek_head (&self->runs);

  return run != NULL ? run->dir : NULL;
}

gboolean
troupe_log_source_add_run (TroupeLogSource *self, guint64 number, const char *dir)
{
  Run *run;

  if (number <= self->last_run)
    return FALSE;
  run = g_new0 (Run, 1);
  run->number = number;
  run->dir = g_strdup (dir);
  g_queue_push_tail (&self->runs, run);
  self->last_run = number;
  return TRUE;
}

void
troupe_log_source_set_since (TroupeLogSource *self, guint64 time_usec)
{
  self->since_usec = time_usec;
}

void
troupe_log_source_set_start (TroupeLogSource *self, guint64 time_usec, TroupeStream stream, guint64 offset)
{
  self->start_usec = self->has_start ? MIN (self->start_usec, time_usec) : time_usec;
  self->starts[stream] = offset;
  self->has_start = TRUE;
}

void
troupe_log_source_set_start_at_end (TroupeLogSource *self)
{
  self->start_at_end = TRUE;
}

void
troupe_log_source_set_final (TroupeLogSource *self, gboolean final)
{
  self->final = final;
}

void
troupe_log_source_release_unfinished (TroupeLogSource *self)
{
  self->release = TRUE;
}

static void
open_head (TroupeLogSource *self)
{
  Run *run = g_queue_peek_head (&self->runs);

  self->replay = troupe_replay_new (run->dir, self->log, self->mask);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    {
      Stream *stream = &self->streams[i];

      g_string_truncate (stream->held, 0);
      stream->begun = stream->seen = stream->skipping = FALSE;
      stream->start = self->has_start ? self->starts[i] : 0;
    }
  self->error = troupe_replay_refresh (self->replay);
  if (self->start_at_end)
    troupe_replay_seek_end (self->replay);
  else if (self->has_start || self->since_usec > 0)
    troupe_replay_seek_time (self->replay, MAX (self->start_usec, self->since_usec));
  /* These are places in the first run only. */
  self->has_start = self->start_at_end = FALSE;
  self->start_usec = 0;
}

int
troupe_log_source_refresh (TroupeLogSource *self)
{
  if (self->replay != NULL)
    self->error = troupe_replay_refresh (self->replay);
  return self->error;
}

static void
set_line (TroupeLogSource *self, TroupeStream number, const char *text, gsize length, gboolean ends)
{
  Stream *stream = &self->streams[number];
  Run *run = g_queue_peek_head (&self->runs);

  self->line = (TroupeLogLine){ .time_usec = stream->time_usec,
                                .run = run->number,
                                .stream = number,
                                .kind = stream->kind,
                                .text = text,
                                .length = length,
                                .begins = !stream->begun,
                                .ends = ends };
  stream->begun = !ends;
  self->has_line = TRUE;
}

/* Gives out what is held of a stream. */
static void
set_held_line (TroupeLogSource *self, TroupeStream number, gboolean ends)
{
  Stream *stream = &self->streams[number];

  set_line (self, number, stream->held->str, stream->held->len, ends);
  self->clear_held = (int) number;
}

static void
set_gap (TroupeLogSource *self)
{
  Run *run = g_queue_peek_head (&self->runs);

  self->line = (TroupeLogLine){ .time_usec = self->item.time_usec,
                                .run = run->number,
                                .stream = self->item.stream,
                                .kind = TROUPE_RECORD_LOST,
                                .length = self->item.length,
                                .begins = TRUE,
                                .ends = TRUE };
  self->has_line = TRUE;
}

/* Takes the next line, or what there is of one, out of the item. */
static void
cut_item (TroupeLogSource *self)
{
  TroupeStream number = self->item.stream;
  Stream *stream = &self->streams[number];
  const char *text = self->item.bytes + self->item_done, *newline;
  gsize left = self->item.length - self->item_done, length;
  guint64 offset = self->item.offset + self->item_done;

  if (!stream->seen)
    {
      stream->seen = TRUE;
      stream->skipping = !troupe_replay_is_line_start (self->replay, number, offset);
    }
  if (stream->held->len == 0 && !stream->begun && !stream->skipping && offset < stream->start)
    stream->skipping = TRUE;
  newline = memchr (text, '\n', left);
  length = newline != NULL ? (gsize) (newline - text) : left;
  self->item_done += length + (newline != NULL ? 1 : 0);
  self->has_item = self->item_done < self->item.length;

  if (stream->skipping)
    {
      stream->skipping = newline == NULL;
      return;
    }
  if (stream->held->len == 0)
    {
      stream->time_usec = self->item.time_usec;
      if (!stream->begun)
        stream->kind = self->item.kind;
      if (newline != NULL)
        {
          set_line (self, number, text, length, TRUE);
          return;
        }
    }
  g_string_append_len (stream->held, text, (gssize) length);
  if (newline != NULL || stream->held->len >= TROUPE_LOG_PIECE_MAX)
    set_held_line (self, number, newline != NULL);
}

/* An unfinished line of any stream. */
static gboolean
take_unfinished (TroupeLogSource *self)
{
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    if (self->streams[i].held->len > 0)
      {
        set_held_line (self, (TroupeStream) i, FALSE);
        return TRUE;
      }
  return FALSE;
}

static gboolean
next_item (TroupeLogSource *self)
{
  if (!troupe_replay_next (self->replay, &self->item))
    return FALSE;
  self->item_done = 0;
  if (self->item.kind == TROUPE_RECORD_LOST)
    set_gap (self);
  else
    self->has_item = self->item.length > 0;
  return TRUE;
}

/* The run being read gives nothing more now. Goes on to the next one when it is over. Returns
 * FALSE when there is none. */
static gboolean
finish_run (TroupeLogSource *self)
{
  gboolean has_next = self->runs.length > 1;

  if (!self->final && !has_next)
    return FALSE;
  /* A next run exists, so this one is over; but look at its files a last time, as it may have
   * written after we looked. */
  if (has_next && !self->final)
    {
      self->error = troupe_replay_refresh (self->replay);
      if (next_item (self))
        return TRUE;
    }
  if (take_unfinished (self))
    return TRUE;
  if (!has_next)
    return FALSE;
  g_clear_pointer (&self->replay, troupe_replay_free);
  run_free (g_queue_pop_head (&self->runs));
  return TRUE;
}

const TroupeLogLine *
troupe_log_source_peek (TroupeLogSource *self)
{
  while (!self->has_line)
    {
      if (self->replay == NULL)
        {
          if (g_queue_is_empty (&self->runs))
            return NULL;
          open_head (self);
        }
      if (self->has_item)
        cut_item (self);
      else if (next_item (self))
        ;
      else if (self->release && take_unfinished (self))
        ;
      else
        {
          self->release = FALSE;
          if (!finish_run (self))
            return NULL;
        }
    }
  return &self->line;
}

void
troupe_log_source_advance (TroupeLogSource *self)
{
  if (self->clear_held >= 0)
    g_string_truncate (self->streams[self->clear_held].held, 0);
  self->clear_held = -1;
  self->has_line = FALSE;
}
