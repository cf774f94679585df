/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Several logs as one, by time.
 *
 * A row of the view is a place in each source: row V is reached when the sources' row
 * numbers sum up to V with everything earlier taken first. To find the places one searches for the
 * time at which the sum passes V; from there a step forwards is a merge. So the place of the last
 * row is kept, and drawing a screen is one search and as many steps. */

#include "journal/journal-view.h"

#include <stdlib.h>
#include <string.h>

typedef struct
{
  TroupeJournalReader *reader; /* (owned) */
  unsigned mask;
  uint64_t begin, end;

  /* Where the cursor stands: its next row, and that row looked up, if it is. */
  uint64_t next;
  bool peeked;
  TroupeJournalRow row;
} Source;

struct _TroupeJournalView
{
  Source *sources; /* (owned) */
  unsigned n_sources;
  bool counted;      /* begin and end of the sources are of now */
  bool cursor_valid; /* the sources' next rows sum up to cursor */
  uint64_t cursor;
};

/* Rows that the cursor walks rather than searches. */
#define STEPS_MAX 64

TroupeJournalView *
troupe_journal_view_new (void)
{
  return calloc (1, sizeof (TroupeJournalView));
}

void
troupe_journal_view_free (TroupeJournalView *view)
{
  if (view == NULL)
    return;
  for (unsigned i = 0; i < view->n_sources; i++)
    troupe_journal_reader_close (view->sources[i].reader);
  free (view->sources);
  free (view);
}

static void
forget (TroupeJournalView *view)
{
  view->counted = false;
  view->cursor_valid = false;
}

unsigned
troupe_journal_view_add (TroupeJournalView *view, TroupeJournalReader *reader, unsigned mask)
{
  Source *sources = realloc (view->sources, (view->n_sources + 1) * sizeof *sources);

  if (sources == NULL)
    abort ();
  view->sources = sources;
  sources[view->n_sources] = (Source){ .reader = reader, .mask = mask };
  forget (view);
  return view->n_sources++;
}

void
troupe_journal_view_set_mask (TroupeJournalView *view, unsigned source, unsigned mask)
{
  if (source >= view->n_sources || view->sources[source].mask == mask)
    return;
  view->sources[source].mask = mask;
  forget (view);
}

TroupeJournalReader *
troupe_journal_view_get_reader (TroupeJournalView *view, unsigned source)
{
  return source < view->n_sources ? view->sources[source].reader : NULL;
}

bool
troupe_journal_view_refresh (TroupeJournalView *view)
{
  bool changed = false;

  for (unsigned i = 0; i < view->n_sources; i++)
    if (troupe_journal_reader_refresh (view->sources[i].reader))
      changed = true;
  if (changed)
    forget (view);
  return changed;
}

static void
count (TroupeJournalView *view)
{
  if (view->counted)
    return;
  for (unsigned i = 0; i < view->n_sources; i++)
    {
      Source *source = &view->sources[i];

      source->begin = troupe_journal_reader_get_begin (source->reader, source->mask);
      source->end = troupe_journal_reader_get_end (source->reader, source->mask);
    }
  view->counted = true;
}

uint64_t
troupe_journal_view_get_begin (TroupeJournalView *view)
{
  uint64_t sum = 0;

  count (view);
  for (unsigned i = 0; i < view->n_sources; i++)
    sum += view->sources[i].begin;
  return sum;
}

uint64_t
troupe_journal_view_get_end (TroupeJournalView *view)
{
  uint64_t sum = 0;

  count (view);
  for (unsigned i = 0; i < view->n_sources; i++)
    sum += view->sources[i].end;
  return sum;
}

static uint64_t
find_source_time (const Source *source, uint64_t time_usec)
{
  return troupe_journal_reader_find_time (source->reader, source->mask, time_usec);
}

uint64_t
troupe_journal_view_find_time (TroupeJournalView *view, uint64_t time_usec)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < view->n_sources; i++)
    sum += find_source_time (&view->sources[i], time_usec);
  return sum;
}

/* The row after time TIME_USEC; times do not run over in practice, but may in a damaged log. */
static uint64_t
find_source_after (const Source *source, uint64_t time_usec)
{
  return time_usec < UINT64_MAX ? find_source_time (source, time_usec + 1) : source->end;
}

static uint64_t
find_after (TroupeJournalView *view, uint64_t time_usec)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < view->n_sources; i++)
    sum += find_source_after (&view->sources[i], time_usec);
  return sum;
}

static bool
get_time (const Source *source, uint64_t row, uint64_t *time_usec)
{
  TroupeJournalRow out;

  if (row < source->begin || row >= source->end ||
      !troupe_journal_reader_get_row (source->reader, source->mask, row, &out))
    return false;
  *time_usec = out.time_usec;
  return true;
}

/* The least time T with more than ROW rows at T or before.
 *
 * A row that is Nth in the view is no later than the Nth of any source, and one that is
 * Nth from the end no earlier than the Nth from the end of any. For rows near the end, which are
 * the ones on screen mostly, that leaves little to search. */
static uint64_t
find_row_time (TroupeJournalView *view, uint64_t row)
{
  uint64_t from_begin = row - troupe_journal_view_get_begin (view);
  uint64_t from_end = troupe_journal_view_get_end (view) - row;
  uint64_t low = 0, high = UINT64_MAX;
  uint64_t least = UINT64_MAX, most = 0;

  for (unsigned i = 0; i < view->n_sources; i++)
    {
      const Source *source = &view->sources[i];
      uint64_t n = source->end - source->begin;
      uint64_t time_usec;

      if (n == 0)
        continue;
      if (from_end <= n && get_time (source, source->end - from_end, &time_usec) && time_usec > low)
        low = time_usec;
      if (from_begin < n && get_time (source, source->begin + from_begin, &time_usec) && time_usec < high)
        high = time_usec;
      if (get_time (source, source->begin, &time_usec) && time_usec < least)
        least = time_usec;
      if (get_time (source, source->end - 1, &time_usec) && time_usec > most)
        most = time_usec;
    }
  if (low < least)
    low = least;
  if (high > most)
    high = most;
  if (low > high)
    return high;
  while (low < high)
    {
      uint64_t middle = low + (high - low) / 2;

      if (find_after (view, middle) > row)
        high = middle;
      else
        low = middle + 1;
    }
  return low;
}

/* Puts the cursor on ROW, which is in the view. */
static void
seek (TroupeJournalView *view, uint64_t row)
{
  uint64_t time_usec, left = row;

  if (view->n_sources == 1)
    {
      view->sources[0].next = row;
      view->sources[0].peeked = false;
    }
  else
    {
      time_usec = find_row_time (view, row);
      for (unsigned i = 0; i < view->n_sources; i++)
        {
          Source *source = &view->sources[i];

          source->next = find_source_time (source, time_usec);
          source->peeked = false;
          left -= source->next < left ? source->next : left;
        }
      /* Rows of that same time go by order of the sources. */
      for (unsigned i = 0; i < view->n_sources && left > 0; i++)
        {
          Source *source = &view->sources[i];
          uint64_t after = find_source_after (source, time_usec);
          uint64_t n = after > source->next ? after - source->next : 0;

          if (n > left)
            n = left;
          source->next += n;
          left -= n;
        }
    }
  view->cursor = row;
  view->cursor_valid = true;
}

/* The source whose row comes next at the cursor; NULL when no row can be had. */
static Source *
find_next (TroupeJournalView *view)
{
  Source *first = NULL;

  for (unsigned i = 0; i < view->n_sources; i++)
    {
      Source *source = &view->sources[i];

      if (!source->peeked && source->next < source->end)
        source->peeked =
            troupe_journal_reader_get_row (source->reader, source->mask, source->next, &source->row);
      if (source->peeked && (first == NULL || source->row.time_usec < first->row.time_usec))
        first = source;
    }
  return first;
}

static bool
walk (TroupeJournalView *view, uint64_t row)
{
  while (view->cursor < row)
    {
      Source *source = find_next (view);

      if (source == NULL)
        return false;
      source->next++;
      source->peeked = false;
      view->cursor++;
    }
  return true;
}

bool
troupe_journal_view_get_row (TroupeJournalView *view, uint64_t row, TroupeJournalViewRow *out)
{
  Source *source;

  if (row < troupe_journal_view_get_begin (view) || row >= troupe_journal_view_get_end (view))
    return false;
  if (!view->cursor_valid || row < view->cursor || row - view->cursor > STEPS_MAX || !walk (view, row))
    seek (view, row);
  source = find_next (view);
  if (source == NULL)
    return false;
  out->row = source->row;
  out->source = (unsigned) (source - view->sources);
  return true;
}

uint64_t
troupe_journal_view_find_source_row (TroupeJournalView *view, unsigned source, uint64_t source_row)
{
  uint64_t sum = source_row, time_usec;

  count (view);
  if (source >= view->n_sources)
    return troupe_journal_view_get_end (view);
  if (!get_time (&view->sources[source], source_row, &time_usec))
    {
      /* Not a row of the source: where its first, or the one behind its last, would be. */
      if (source_row < view->sources[source].begin)
        return troupe_journal_view_get_begin (view);
      return troupe_journal_view_get_end (view);
    }
  for (unsigned i = 0; i < view->n_sources; i++)
    if (i < source)
      sum += find_source_after (&view->sources[i], time_usec);
    else if (i > source)
      sum += find_source_time (&view->sources[i], time_usec);
  return sum;
}
