/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A ring of chunks, so that growing copies nothing and forgetting the oldest is one free. */

#include "config.h"

#include "logview/log-index.h"

#define CHUNK_ENTRIES (16u << 10)
#define MAX_CHUNKS (TROUPE_LOG_INDEX_MAX_ENTRIES / CHUNK_ENTRIES)

struct _TroupeLogIndex
{
  gatomicrefcount ref_count;
  GMutex lock;
  TroupeLogIndexEntry *ring[MAX_CHUNKS]; /* (owned) chunks; under the lock, as all below */
  guint first_chunk, n_chunks;
  guint64 begin, end;
  guint64 end_ordinal;
  TroupeLogMarks marks;
};

TroupeLogIndex *
troupe_log_index_new (guint64 first_ordinal)
{
  TroupeLogIndex *self = g_new0 (TroupeLogIndex, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->end_ordinal = first_ordinal;
  self->marks.first_ordinal = first_ordinal;
  self->marks.rows_per_mark = 1;
  return self;
}

TroupeLogIndex *
troupe_log_index_ref (TroupeLogIndex *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
troupe_log_index_unref (TroupeLogIndex *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < self->n_chunks; i++)
    g_free (self->ring[(self->first_chunk + i) % G_N_ELEMENTS (self->ring)]);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static TroupeLogIndexEntry *
entry_at (TroupeLogIndex *self, guint64 number)
{
  /* Chunks are whole, so the first one begins at a multiple of their size. */
  guint64 chunk = number / CHUNK_ENTRIES - self->begin / CHUNK_ENTRIES;

  return &self->ring[(self->first_chunk + chunk) % G_N_ELEMENTS (self->ring)][number % CHUNK_ENTRIES];
}

static void
push_entry (TroupeLogIndex *self, const TroupeLogIndexEntry *entry)
{
  if (self->end % CHUNK_ENTRIES == 0)
    {
      if (self->n_chunks == MAX_CHUNKS)
        {
          g_clear_pointer (&self->ring[self->first_chunk], g_free);
          self->first_chunk = (self->first_chunk + 1) % G_N_ELEMENTS (self->ring);
          self->n_chunks--;
          self->begin += CHUNK_ENTRIES;
        }
      self->ring[(self->first_chunk + self->n_chunks++) % G_N_ELEMENTS (self->ring)] =
          g_new (TroupeLogIndexEntry, CHUNK_ENTRIES);
    }
  self->end++;
  *entry_at (self, self->end - 1) = *entry;
}

/* Makes room for a mark at ORDINAL by letting each stand for twice as many rows. */
static void
grow_marks (TroupeLogMarks *marks, guint64 ordinal)
{
  while ((ordinal - marks->first_ordinal) / marks->rows_per_mark >= TROUPE_LOG_INDEX_N_MARKS)
    {
      for (guint i = 0; i < TROUPE_LOG_INDEX_N_MARKS / 2; i++)
        marks->hit[i] = marks->hit[2 * i] | marks->hit[2 * i + 1];
      for (guint i = TROUPE_LOG_INDEX_N_MARKS / 2; i < TROUPE_LOG_INDEX_N_MARKS; i++)
        marks->hit[i] = 0;
      marks->rows_per_mark *= 2;
    }
}

void
troupe_log_index_append (TroupeLogIndex *self, const TroupeLogIndexEntry *entries, gsize n_entries,
                         guint64 end_ordinal)
{
  TroupeLogMarks *marks = &self->marks;

  g_mutex_lock (&self->lock);
  for (gsize i = 0; i < n_entries; i++)
    {
      push_entry (self, &entries[i]);
      grow_marks (marks, entries[i].ordinal);
      marks->hit[(entries[i].ordinal - marks->first_ordinal) / marks->rows_per_mark] = 1;
    }
  if (end_ordinal > self->end_ordinal)
    {
      self->end_ordinal = end_ordinal;
      grow_marks (marks, end_ordinal - 1);
      marks->n_marks = (end_ordinal - 1 - marks->first_ordinal) / marks->rows_per_mark + 1;
    }
  g_mutex_unlock (&self->lock);
}

void
troupe_log_index_get_range (TroupeLogIndex *self, guint64 *begin, guint64 *end)
{
  g_mutex_lock (&self->lock);
  *begin = self->begin;
  *end = self->end;
  g_mutex_unlock (&self->lock);
}

gboolean
troupe_log_index_get (TroupeLogIndex *self, guint64 number, TroupeLogIndexEntry *out)
{
  gboolean found;

  g_mutex_lock (&self->lock);
  found = number >= self->begin && number < self->end;
  if (found)
    *out = *entry_at (self, number);
  g_mutex_unlock (&self->lock);
  return found;
}

guint64
troupe_log_index_get_end_ordinal (TroupeLogIndex *self)
{
  guint64 ordinal;

  g_mutex_lock (&self->lock);
  ordinal = self->end_ordinal;
  g_mutex_unlock (&self->lock);
  return ordinal;
}

guint64
troupe_log_index_find_ordinal (TroupeLogIndex *self, guint64 ordinal)
{
  guint64 low;
  guint64 high;

  g_mutex_lock (&self->lock);
  low = self->begin;
  high = self->end;
  while (low < high)
    {
      guint64 middle = low + (high - low) / 2;

      if (entry_at (self, middle)->ordinal < ordinal)
        low = middle + 1;
      else
        high = middle;
    }
  g_mutex_unlock (&self->lock);
  return low;
}

void
troupe_log_index_get_marks (TroupeLogIndex *self, TroupeLogMarks *out)
{
  g_mutex_lock (&self->lock);
  *out = self->marks;
  g_mutex_unlock (&self->lock);
}
