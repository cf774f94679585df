/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The thread and its owner share a Job, which lives until both are done with it. A line that
 * is still growing is looked at again until it matches or is complete. */

#include "config.h"

#include "logview/log-search.h"

#include "logview/log-scanner.h"

/* One step ends after so many rows or bytes; then the thread looks whether it is still wanted. */
#define STEP_ROWS 2048
#define STEP_BYTES (1u << 20)
/* Lines longer than this are searched in pieces, which overlap: a match as long as the overlap
 * is never missed. */
#define PIECE_BYTES (256u << 10)
#define PIECE_OVERLAP_BYTES (8u << 10)
#define NOTIFY_INTERVAL_USEC 50000
/* Growing lines kept in mind: one for each stream of each run. */
#define MAX_GROWING 1024

typedef struct
{
  gatomicrefcount ref_count;
  /* Set before the thread starts, then only read. */
  char **dirs; /* (owned) */
  gsize n_dirs;
  unsigned streams;
  guint64 from_usec;
  TroupeLogMatcher *matcher; /* (owned) */
  TroupeLogMatcher *filter;  /* (owned) (nullable) */
  TroupeLogSearchFunc func;  /* main thread only, as user_data */
  gpointer user_data;

  GMutex lock;
  GCond wake;
  gboolean poked, cancelled, notifying; /* under the lock */
  int busy;                             /* atomic */
  TroupeLogIndex *index;                /* (owned) has its own lock */
} Job;

struct _TroupeLogSearch
{
  Job *job; /* (owned) */
};

/* What only the thread touches. */
typedef struct
{
  Job *job;
  TroupeLogScanner *scanner; /* (owned) */
  TroupeLogScratch *scratch; /* (owned) */
  GArray *found;             /* (owned) of TroupeLogIndexEntry */
  GArray *growing;           /* (owned) of TroupeLogPlace */
  guint64 ordinal;
  gint64 notified_usec;
} Walk;

static void
job_unref (Job *job)
{
  if (!g_atomic_ref_count_dec (&job->ref_count))
    return;
  g_strfreev (job->dirs);
  g_clear_pointer (&job->matcher, troupe_log_matcher_unref);
  g_clear_pointer (&job->filter, troupe_log_matcher_unref);
  g_clear_pointer (&job->index, troupe_log_index_unref);
  g_mutex_clear (&job->lock);
  g_cond_clear (&job->wake);
  g_free (job);
}

static gboolean
notify_cb (gpointer data)
{
  Job *job = data;
  gboolean cancelled;

  g_mutex_lock (&job->lock);
  job->notifying = FALSE;
  cancelled = job->cancelled;
  g_mutex_unlock (&job->lock);
  if (!cancelled)
    job->func (job->user_data);
  return G_SOURCE_REMOVE;
}

static void
job_notify (Job *job)
{
  gboolean wanted;

  g_mutex_lock (&job->lock);
  wanted = !job->notifying && !job->cancelled;
  job->notifying = job->notifying || wanted;
  g_mutex_unlock (&job->lock);
  if (wanted)
    {
      g_atomic_ref_count_inc (&job->ref_count);
      g_idle_add_full (G_PRIORITY_DEFAULT, notify_cb, job, (GDestroyNotify) job_unref);
    }
}

static gboolean
row_matches (Walk *walk, const TroupeLogMatcher *matcher, const TroupeLogRow *row)
{
  guint64 at = 0;

  if (row->row.kind == TROUPE_RECORD_LOST)
    return FALSE;
  for (;;)
    {
      gsize got = 0;
      const guint8 *bytes = troupe_log_scanner_peek (walk->scanner, row, at, PIECE_BYTES, &got);

      if (troupe_log_matcher_matches_line (matcher, walk->scratch, bytes, got))
        return TRUE;
      if (got < PIECE_BYTES || at + got >= row->row.length)
        return FALSE;
      at += PIECE_BYTES - PIECE_OVERLAP_BYTES;
    }
}

/* Looks at a row. TRUE when it need not be looked at again. */
static gboolean
walk_visit (Walk *walk, const TroupeLogRow *row)
{
  Job *job = walk->job;
  TroupeLogIndexEntry entry = { troupe_log_row_get_place (row), walk->ordinal };
  gboolean matches;

  if (job->filter != NULL && !row_matches (walk, job->filter, row))
    return row->row.complete;
  matches = row_matches (walk, job->matcher, row);
  if (!matches && !row->row.complete)
    return FALSE;
  if (job->filter != NULL)
    walk->ordinal++;
  if (matches)
    g_array_append_val (walk->found, entry);
  return TRUE;
}

static void
walk_publish (Walk *walk)
{
  troupe_log_index_append (walk->job->index, (TroupeLogIndexEntry *) (gpointer) walk->found->data,
                           walk->found->len, walk->ordinal);
  g_array_set_size (walk->found, 0);
}

/* Visits again the lines that were growing. */
static void
walk_growing (Walk *walk)
{
  for (guint i = 0; i < walk->growing->len;)
    {
      TroupeLogPlace place = g_array_index (walk->growing, TroupeLogPlace, i);
      TroupeLogRow row;

      if (!troupe_log_scanner_get_at (walk->scanner, place, &row) || walk_visit (walk, &row))
        g_array_remove_index_fast (walk->growing, i);
      else
        i++;
    }
}

/* FALSE: all rows there are have been visited. */
static gboolean
walk_step (Walk *walk)
{
  gsize n_bytes = 0;

  for (guint n_rows = 0; n_rows < STEP_ROWS && n_bytes < STEP_BYTES; n_rows++)
    {
      TroupeLogRow row;

      if (!troupe_log_scanner_next (walk->scanner, &row))
        {
          walk_publish (walk);
          return FALSE;
        }
      if (!walk_visit (walk, &row) && walk->growing->len < MAX_GROWING)
        {
          TroupeLogPlace place = troupe_log_row_get_place (&row);

          g_array_append_val (walk->growing, place);
        }
      if (walk->job->filter == NULL)
        walk->ordinal++;
      n_bytes += MIN (row.row.length, STEP_BYTES);
    }
  walk_publish (walk);
  return TRUE;
}

/* Waits until there may be more. FALSE: the search is over. */
static gboolean
job_wait (Job *job)
{
  gboolean cancelled;

  g_mutex_lock (&job->lock);
  while (!job->poked && !job->cancelled)
    g_cond_wait (&job->wake, &job->lock);
  job->poked = FALSE;
  cancelled = job->cancelled;
  g_mutex_unlock (&job->lock);
  return !cancelled;
}

static gboolean
job_is_cancelled (Job *job)
{
  gboolean cancelled;

  g_mutex_lock (&job->lock);
  cancelled = job->cancelled;
  g_mutex_unlock (&job->lock);
  return cancelled;
}

static gpointer
search_thread (gpointer data)
{
  Job *job = data;
  Walk walk = { .job = job };

  walk.scanner = troupe_log_scanner_new ((const char *const *) job->dirs, job->n_dirs, job->streams, job->from_usec);
  walk.scratch = troupe_log_scratch_new ();
  walk.found = g_array_new (FALSE, FALSE, sizeof (TroupeLogIndexEntry));
  walk.growing = g_array_new (FALSE, FALSE, sizeof (TroupeLogPlace));
  walk.ordinal = troupe_log_index_get_end_ordinal (job->index);
  while (!job_is_cancelled (job))
    {
      gboolean more = walk_step (&walk);
      gint64 now = g_get_monotonic_time ();

      if (!more)
        g_atomic_int_set (&job->busy, FALSE);
      if (!more || now - walk.notified_usec >= NOTIFY_INTERVAL_USEC)
        {
          walk.notified_usec = now;
          job_notify (job);
        }
      if (!more)
        {
          if (!job_wait (job))
            break;
          troupe_log_scanner_refresh (walk.scanner);
          walk_growing (&walk);
        }
    }
  troupe_log_scanner_free (walk.scanner);
  troupe_log_scratch_free (walk.scratch);
  g_array_unref (walk.found);
  g_array_unref (walk.growing);
  job_unref (job);
  return NULL;
}

TroupeLogSearch *
troupe_log_search_new (TroupeLogRows *rows, TroupeLogMatcher *matcher, TroupeLogMatcher *filter,
                       TroupeLogSearchFunc func, gpointer user_data)
{
  TroupeLogSearch *self = g_new0 (TroupeLogSearch, 1);
  Job *job = g_new0 (Job, 1);
  const char *const *dirs = troupe_log_rows_get_dirs (rows, &job->n_dirs);

  g_atomic_ref_count_init (&job->ref_count);
  g_mutex_init (&job->lock);
  g_cond_init (&job->wake);
  job->dirs = g_strdupv ((char **) dirs);
  job->streams = troupe_log_rows_get_streams (rows);
  job->from_usec = troupe_log_rows_get_cleared_usec (rows);
  job->matcher = troupe_log_matcher_ref (matcher);
  job->filter = filter != NULL ? troupe_log_matcher_ref (filter) : NULL;
  job->func = func;
  job->user_data = user_data;
  job->busy = TRUE;
  job->index = troupe_log_index_new (filter != NULL ? 0 : troupe_log_rows_get_unfiltered_begin (rows));
  self->job = job;
  g_atomic_ref_count_inc (&job->ref_count);
  g_thread_unref (g_thread_new ("log-search", search_thread, job));
  return self;
}

void
troupe_log_search_free (TroupeLogSearch *self)
{
  Job *job;

  if (self == NULL)
    return;
  job = self->job;
  g_mutex_lock (&job->lock);
  job->cancelled = TRUE;
  g_cond_signal (&job->wake);
  g_mutex_unlock (&job->lock);
  job_unref (job);
  g_free (self);
}

void
troupe_log_search_poke (TroupeLogSearch *self)
{
  g_mutex_lock (&self->job->lock);
  self->job->poked = TRUE;
  g_cond_signal (&self->job->wake);
  g_mutex_unlock (&self->job->lock);
}

gboolean
troupe_log_search_is_busy (TroupeLogSearch *self)
{
  return g_atomic_int_get (&self->job->busy);
}

TroupeLogIndex *
troupe_log_search_get_index (TroupeLogSearch *self)
{
  return self->job->index;
}

TroupeLogMatcher *
troupe_log_search_get_matcher (TroupeLogSearch *self)
{
  return self->job->matcher;
}
