/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Joins the journal view (which merges) with what the person hides. A row's number is the
 * view's, or, under a filter, the number of its entry in the index. */

#include "config.h"

#include "logview/log-rows.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

/* How far from where it was expected a merged row is looked for: writers that write at the same
 * instant move each other's rows by no more than what they write within a clock's tick. */
#define NEAR_ROWS 512

#define OUTPUT_STREAMS                                                                                       \
  (TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR) |                   \
   TROUPE_STREAM_MASK (TROUPE_STREAM_EVENTS))
#define ACTIVITY_STREAMS                                                                                     \
  (TROUPE_STREAM_MASK (TROUPE_STREAM_MESSAGES) | TROUPE_STREAM_MASK (TROUPE_STREAM_EVENTS))

#define NOT_OPEN G_MAXUINT

struct _TroupeLogRows
{
  char **dirs; /* (owned) */
  guint n_sources;
  guint *view_source;   /* (owned) by source; NOT_OPEN while the log is missing */
  guint *source_of;     /* (owned) by the view's source */
  guint n_missing;
  unsigned streams;
  TroupeJournalView *view; /* (owned) */
  guint64 cleared_usec;    /* rows before are hidden */
  guint64 cleared_row;     /* the same as a row of the view */
  TroupeLogIndex *filter;  /* (owned) (nullable) */
  guint64 filter_begin, filter_end;
  char *problem; /* (owned) (nullable) */
};

gboolean
troupe_log_place_equal (TroupeLogPlace a, TroupeLogPlace b)
{
  return a.offset == b.offset && a.source == b.source && a.stream == b.stream;
}

TroupeLogPlace
troupe_log_row_get_place (const TroupeLogRow *row)
{
  return (TroupeLogPlace){ .offset = row->row.offset, .stream = row->row.stream, .source = row->source };
}

unsigned
troupe_log_rows_get_mask (TroupeLogRows *self, guint source)
{
  return self->streams & (source % 2 == TROUPE_LOG_OUTPUT ? OUTPUT_STREAMS : ACTIVITY_STREAMS);
}

static TroupeJournalReader *
peek_reader (TroupeLogRows *self, guint source)
{
  if (source >= self->n_sources || self->view_source[source] == NOT_OPEN)
    return NULL;
  return troupe_journal_view_get_reader (self->view, self->view_source[source]);
}

void
troupe_log_rows_set_problem (TroupeLogRows *self, const char *format, ...)
{
  va_list args;

  /* The first one is the one to tell. */
  if (self->problem != NULL)
    return;
  va_start (args, format);
  self->problem = g_strdup_vprintf (format, args);
  va_end (args);
}

static void
set_open_problem (TroupeLogRows *self, const char *dir, int code)
{
  if (code == -EPROTONOSUPPORT)
    troupe_log_rows_set_problem (self, _ ("The journal “%s” was written by a newer version of Troupe"), dir);
  else
    troupe_log_rows_set_problem (self, _ ("Could not open the journal “%s”: %s"), dir, g_strerror (-code));
}

gboolean
troupe_log_rows_open_missing (TroupeLogRows *self)
{
  gboolean opened = FALSE;

  if (self->n_missing == 0)
    return FALSE;
  for (guint source = 0; source < self->n_sources; source++)
    {
      TroupeJournalReader *reader = NULL;
      int code;

      if (self->view_source[source] != NOT_OPEN)
        continue;
      code = troupe_journal_reader_open (self->dirs[source / 2], source % 2, &reader);
      if (code < 0)
        {
          if (code != -ENOENT)
            set_open_problem (self, self->dirs[source / 2], code);
          continue;
        }
      self->view_source[source] =
          troupe_journal_view_add (self->view, reader, troupe_log_rows_get_mask (self, source));
      self->source_of[self->view_source[source]] = source;
      self->n_missing--;
      opened = TRUE;
    }
  return opened;
}

TroupeLogRows *
troupe_log_rows_new (const char *const *dirs, gsize n_dirs, unsigned streams)
{
  TroupeLogRows *self = g_new0 (TroupeLogRows, 1);

  self->dirs = g_new0 (char *, n_dirs + 1);
  for (gsize i = 0; i < n_dirs; i++)
    self->dirs[i] = g_strdup (dirs[i]);
  self->n_sources = self->n_missing = 2 * n_dirs;
  self->view_source = g_new (guint, self->n_sources);
  self->source_of = g_new0 (guint, self->n_sources);
  for (guint i = 0; i < self->n_sources; i++)
    self->view_source[i] = NOT_OPEN;
  self->streams = streams;
  self->view = troupe_journal_view_new ();
  troupe_log_rows_open_missing (self);
  troupe_journal_view_refresh (self->view);
  return self;
}

TroupeLogRows *
troupe_log_rows_copy (TroupeLogRows *self)
{
  TroupeLogRows *copy = troupe_log_rows_new ((const char *const *) self->dirs, self->n_sources / 2, self->streams);

  copy->cleared_usec = self->cleared_usec;
  copy->cleared_row = self->cleared_row;
  troupe_log_rows_set_filter (copy, self->filter);
  copy->filter_begin = self->filter_begin;
  return copy;
}

void
troupe_log_rows_free (TroupeLogRows *self)
{
  if (self == NULL)
    return;
  troupe_journal_view_free (self->view);
  g_clear_pointer (&self->filter, troupe_log_index_unref);
  g_strfreev (self->dirs);
  g_free (self->view_source);
  g_free (self->source_of);
  g_free (self->problem);
  g_free (self);
}

const char *
troupe_log_rows_get_problem (TroupeLogRows *self)
{
  return self->problem;
}

/* Reads the row that an entry of the filter names. FALSE when it was deleted since. */
static gboolean
get_at_place (TroupeLogRows *self, TroupeLogPlace place, TroupeLogRow *out)
{
  TroupeJournalReader *reader = peek_reader (self, place.source);
  unsigned mask;
  uint64_t number;

  if (reader == NULL)
    return FALSE;
  mask = troupe_log_rows_get_mask (self, place.source);
  out->source = place.source;
  return troupe_journal_reader_find_offset (reader, mask, place.stream, place.offset, &number) &&
         troupe_journal_reader_get_row (reader, mask, number, &out->row);
}

static gboolean
get_filtered (TroupeLogRows *self, guint64 number, TroupeLogRow *out)
{
  TroupeLogIndexEntry entry;

  return troupe_log_index_get (self->filter, number, &entry) && get_at_place (self, entry.place, out);
}

/* Takes over how far the index has come, and skips entries whose rows were deleted. */
static gboolean
update_filter_range (TroupeLogRows *self)
{
  guint64 begin;
  guint64 end;
  guint64 old_begin = self->filter_begin;
  guint64 old_end = self->filter_end;
  TroupeLogRow row;

  troupe_log_index_get_range (self->filter, &begin, &end);
  begin = MAX (begin, self->filter_begin);
  if (begin < end && !get_filtered (self, begin, &row))
    {
      guint64 low = begin;
      guint64 high = end;

      while (low < high)
        {
          guint64 middle = low + (high - low) / 2;

          if (get_filtered (self, middle, &row))
            high = middle;
          else
            low = middle + 1;
        }
      begin = low;
    }
  self->filter_begin = begin;
  self->filter_end = end;
  return begin != old_begin || end != old_end;
}

gboolean
troupe_log_rows_refresh (TroupeLogRows *self)
{
  gboolean changed = troupe_journal_view_refresh (self->view);

  if (self->filter != NULL)
    changed = update_filter_range (self) || changed;
  return changed;
}

guint64
troupe_log_rows_get_unfiltered_begin (TroupeLogRows *self)
{
  return MIN (MAX (troupe_journal_view_get_begin (self->view), self->cleared_row),
              troupe_journal_view_get_end (self->view));
}

guint64
troupe_log_rows_get_begin (TroupeLogRows *self)
{
  return self->filter != NULL ? self->filter_begin : troupe_log_rows_get_unfiltered_begin (self);
}

guint64
troupe_log_rows_get_end (TroupeLogRows *self)
{
  if (self->filter != NULL)
    return self->filter_end;
  return troupe_journal_view_get_end (self->view);
}

gboolean
troupe_log_rows_get (TroupeLogRows *self, guint64 number, TroupeLogRow *out)
{
  TroupeJournalViewRow row;

  if (number < troupe_log_rows_get_begin (self) || number >= troupe_log_rows_get_end (self))
    return FALSE;
  if (self->filter != NULL)
    return get_filtered (self, number, out);
  if (!troupe_journal_view_get_row (self->view, number, &row))
    return FALSE;
  out->row = row.row;
  out->source = self->source_of[row.source];
  return TRUE;
}

gsize
troupe_log_rows_read (TroupeLogRows *self, const TroupeLogRow *row, guint64 at, void *buffer, gsize size)
{
  TroupeJournalReader *reader = peek_reader (self, row->source);
  ssize_t n;

  if (reader == NULL || row->row.kind == TROUPE_RECORD_LOST || at >= row->row.length)
    return 0;
  n = troupe_journal_reader_read (reader, row->row.stream, row->row.offset + at, buffer,
                                  MIN (size, row->row.length - at));
  return n > 0 ? n : 0;
}

guint64
troupe_log_rows_find_time (TroupeLogRows *self, guint64 time_usec)
{
  guint64 low = troupe_log_rows_get_begin (self);
  guint64 high = troupe_log_rows_get_end (self);

  if (self->filter == NULL)
    return CLAMP (troupe_journal_view_find_time (self->view, time_usec), low, high);
  while (low < high)
    {
      guint64 middle = low + (high - low) / 2;
      TroupeLogRow row;

      if (get_filtered (self, middle, &row) && row.row.time_usec >= time_usec)
        high = middle;
      else
        low = middle + 1;
    }
  return low;
}

guint64
troupe_log_rows_get_start_usec (TroupeLogRows *self, guint run)
{
  guint64 start = 0;

  for (guint source = 2 * run; source < 2 * run + 2; source++)
    {
      TroupeJournalReader *reader = peek_reader (self, source);
      TroupeJournalRecord record;

      if (reader != NULL &&
          troupe_journal_reader_get_record (reader, troupe_journal_reader_get_record_begin (reader), &record))
        start = start == 0 ? record.time_usec : MIN (start, record.time_usec);
    }
  return start;
}

void
troupe_log_rows_anchor (TroupeLogRows *self, guint64 number, TroupeLogAnchor *out)
{
  TroupeLogRow row;

  *out = (TroupeLogAnchor){ .number = number };
  if (troupe_log_rows_get (self, number, &row))
    {
      out->time_usec = row.row.time_usec;
      out->place = troupe_log_row_get_place (&row);
      out->kind = row.row.kind;
    }
}

static gboolean
is_at (TroupeLogRows *self, guint64 number, TroupeLogPlace place)
{
  TroupeLogRow row;

  return troupe_log_rows_get (self, number, &row) &&
         troupe_log_place_equal (troupe_log_row_get_place (&row), place);
}

gboolean
troupe_log_rows_find_place (TroupeLogRows *self, TroupeLogPlace place, guint64 near, guint64 *number)
{
  if (is_at (self, near, place))
    {
      *number = near;
      return TRUE;
    }
  if (self->filter == NULL)
    {
      TroupeJournalReader *reader = peek_reader (self, place.source);
      uint64_t source_row;
      guint64 found;

      if (reader == NULL || !troupe_journal_reader_find_offset (
                                reader, troupe_log_rows_get_mask (self, place.source), place.stream,
                                place.offset, &source_row))
        return FALSE;
      found = troupe_journal_view_find_source_row (self->view, self->view_source[place.source], source_row);
      if (found < troupe_log_rows_get_begin (self) || found >= troupe_log_rows_get_end (self))
        return FALSE;
      *number = found;
      return TRUE;
    }
  for (guint64 away = 1; away < NEAR_ROWS; away++)
    {
      if (is_at (self, near + away, place))
        {
          *number = near + away;
          return TRUE;
        }
      if (near >= away && is_at (self, near - away, place))
        {
          *number = near - away;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
troupe_log_rows_resolve (TroupeLogRows *self, TroupeLogAnchor *anchor)
{
  TroupeLogRow row;
  guint64 number;

  /* A gap stands at the offset of what follows it, so the kind tells them apart. */
  if (troupe_log_rows_get (self, anchor->number, &row) && row.row.kind == anchor->kind &&
      troupe_log_place_equal (troupe_log_row_get_place (&row), anchor->place))
    return TRUE;
  if (anchor->kind != TROUPE_RECORD_LOST &&
      troupe_log_rows_find_place (self, anchor->place, troupe_log_rows_find_time (self, anchor->time_usec),
                                  &number))
    {
      anchor->number = number;
      return TRUE;
    }
  anchor->number = troupe_log_rows_find_time (self, anchor->time_usec);
  return FALSE;
}

static void
update_cleared_row (TroupeLogRows *self)
{
  self->cleared_row =
      self->cleared_usec == 0 ? 0 : troupe_journal_view_find_time (self->view, self->cleared_usec);
}

void
troupe_log_rows_set_streams (TroupeLogRows *self, unsigned streams)
{
  self->streams = streams;
  for (guint source = 0; source < self->n_sources; source++)
    {
      if (self->view_source[source] != NOT_OPEN)
        troupe_journal_view_set_mask (self->view, self->view_source[source],
                                      troupe_log_rows_get_mask (self, source));
    }
  troupe_journal_view_refresh (self->view);
  update_cleared_row (self);
}

unsigned
troupe_log_rows_get_streams (TroupeLogRows *self)
{
  return self->streams;
}

const char *const *
troupe_log_rows_get_dirs (TroupeLogRows *self, gsize *n_dirs)
{
  *n_dirs = self->n_sources / 2;
  return (const char *const *) self->dirs;
}

void
troupe_log_rows_set_cleared (TroupeLogRows *self, gboolean cleared)
{
  guint64 end = troupe_journal_view_get_end (self->view);
  TroupeJournalViewRow last;

  self->cleared_usec = 0;
  self->cleared_row = 0;
  if (cleared && end > troupe_journal_view_get_begin (self->view) &&
      troupe_journal_view_get_row (self->view, end - 1, &last))
    {
      self->cleared_usec = last.row.time_usec + 1;
      self->cleared_row = end;
    }
}

guint64
troupe_log_rows_get_cleared_usec (TroupeLogRows *self)
{
  return self->cleared_usec;
}

void
troupe_log_rows_set_filter (TroupeLogRows *self, TroupeLogIndex *index)
{
  TroupeLogIndex *old = self->filter;

  self->filter = index != NULL ? troupe_log_index_ref (index) : NULL;
  g_clear_pointer (&old, troupe_log_index_unref);
  self->filter_begin = self->filter_end = 0;
  if (self->filter != NULL)
    update_filter_range (self);
}
