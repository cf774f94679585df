/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The thread holds a reference, and so does each block on its way; whoever drops the last one frees.
 * Only the main thread looks at `func`. */

#include "config.h"

#include "messages/message-scan.h"

#include <gio/gio.h>

#define WINDOW_BYTES (256u * 1024)
/* Blocks on their way to the main thread; the walk waits when it does not keep up. */
#define BLOCKS_MAX 8

struct _TroupeMessageScan
{
  gatomicrefcount ref_count;
  char *dir;
  TroupeMessageScanOrder order;
  GCancellable *cancellable;
  GMutex mutex;
  GCond delivered;
  guint n_waiting; /* with the mutex held */
  TroupeMessageScanFunc func; /* (nullable): NULL once cancelled */
  gpointer user_data;
};

typedef struct
{
  TroupeMessageScan *scan;
  GArray *rows; /* (owned) (nullable) of guint64 */
} Block;

/* A stretch of the message stream read at once. */
typedef struct
{
  guint8 *bytes;
  guint64 begin, end;
} Window;

static void
troupe_message_scan_unref (TroupeMessageScan *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->dir);
  if (self->order.matcher != NULL)
    troupe_log_matcher_unref (self->order.matcher);
  g_object_unref (self->cancellable);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->delivered);
  g_free (self);
}

static void
block_free (gpointer data)
{
  Block *block = data;

  g_mutex_lock (&block->scan->mutex);
  block->scan->n_waiting--;
  g_cond_signal (&block->scan->delivered);
  g_mutex_unlock (&block->scan->mutex);
  troupe_message_scan_unref (block->scan);
  if (block->rows != NULL)
    g_array_unref (block->rows);
  g_free (block);
}

static gboolean
deliver_cb (gpointer data)
{
  Block *block = data;
  TroupeMessageScan *scan = block->scan;

  if (scan->func == NULL)
    return G_SOURCE_REMOVE;
  if (block->rows == NULL)
    scan->func (NULL, 0, scan->user_data);
  else if (block->rows->len > 0)
    scan->func ((const guint64 *) block->rows->data, block->rows->len, scan->user_data);
  return G_SOURCE_REMOVE;
}

static void
deliver (TroupeMessageScan *self, GArray *rows)
{
  Block *block = g_new (Block, 1);

  block->scan = self;
  block->rows = rows;
  g_atomic_ref_count_inc (&self->ref_count);
  g_mutex_lock (&self->mutex);
  while (self->n_waiting >= BLOCKS_MAX && !g_cancellable_is_cancelled (self->cancellable))
    g_cond_wait_until (&self->delivered, &self->mutex, g_get_monotonic_time () + G_USEC_PER_SEC / 10);
  self->n_waiting++;
  g_mutex_unlock (&self->mutex);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, deliver_cb, block, block_free);
}

/* The first bytes of ROW's text, *LENGTH of them. */
static const guint8 *
peek (Window *window, TroupeJournalReader *reader, const TroupeJournalRow *row, gsize max, gsize *length)
{
  gsize wanted = MIN (row->length, max);
  ssize_t got;

  if (row->offset >= window->begin && row->offset + wanted <= window->end)
    {
      *length = wanted;
      return window->bytes + (row->offset - window->begin);
    }
  if (wanted > WINDOW_BYTES)
    {
      g_free (window->bytes);
      window->bytes = g_malloc (max);
      got = troupe_journal_reader_read (reader, row->stream, row->offset, window->bytes, wanted);
    }
  else
    got = troupe_journal_reader_read (reader, row->stream, row->offset, window->bytes, WINDOW_BYTES);
  window->begin = row->offset;
  window->end = row->offset + (guint64) MAX (got, 0);
  *length = MIN (wanted, (gsize) MAX (got, 0));
  return window->bytes;
}

static void
scan_block (TroupeMessageScan *self, TroupeJournalReader *reader, TroupeLogScratch *scratch, Window *window,
            guint64 begin, guint64 end)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (guint64));

  for (guint64 number = begin; number < end && !g_cancellable_is_cancelled (self->cancellable); number++)
    {
      TroupeJournalRow row;

      if (!troupe_journal_reader_get_row (reader, self->order.mask, number, &row) ||
          (self->order.kinds & (1u << row.kind)) == 0)
        continue;
      if (self->order.matcher != NULL)
        {
          gsize length;
          const guint8 *bytes = peek (window, reader, &row, self->order.text_max, &length);

          if (!troupe_log_matcher_find (self->order.matcher, scratch, bytes, length, 0, NULL, NULL))
            continue;
        }
      g_array_append_val (rows, number);
    }
  deliver (self, rows);
}

static gpointer
scan_thread (gpointer data)
{
  TroupeMessageScan *self = data;
  g_autoptr (TroupeLogScratch) scratch = troupe_log_scratch_new ();
  Window window = { g_malloc (WINDOW_BYTES), 0, 0 };
  TroupeJournalReader *reader = NULL;
  guint64 begin = self->order.begin, end = self->order.end;

  if (troupe_journal_reader_open (self->dir, TROUPE_LOG_ACTIVITY, &reader) == 0)
    {
      while (begin < end && !g_cancellable_is_cancelled (self->cancellable))
        {
          guint64 step = MIN (end - begin, TROUPE_MESSAGE_SCAN_BLOCK_ROWS);

          if (self->order.backwards)
            scan_block (self, reader, scratch, &window, end - step, end);
          else
            scan_block (self, reader, scratch, &window, begin, begin + step);
          if (self->order.backwards)
            end -= step;
          else
            begin += step;
        }
      troupe_journal_reader_close (reader);
    }
  g_free (window.bytes);
  deliver (self, NULL);
  troupe_message_scan_unref (self);
  return NULL;
}

TroupeMessageScan *
troupe_message_scan_start (const TroupeMessageScanOrder *order, TroupeMessageScanFunc func, gpointer user_data)
{
  TroupeMessageScan *self = g_new0 (TroupeMessageScan, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->dir = g_strdup (order->dir);
  self->order = *order;
  if (order->matcher != NULL)
    troupe_log_matcher_ref (order->matcher);
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->delivered);
  self->func = func;
  self->user_data = user_data;
  g_thread_unref (g_thread_new ("message-scan", scan_thread, self));
  return self;
}

void
troupe_message_scan_cancel (TroupeMessageScan *self)
{
  self->func = NULL;
  g_cancellable_cancel (self->cancellable);
  troupe_message_scan_unref (self);
}
