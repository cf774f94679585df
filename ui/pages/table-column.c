/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Text and order of the columns of tables of workers. */

#include "config.h"

#include "pages/table-column.h"

#include <glib/gi18n.h>

#include "client/address.h"
#include "client/format.h"
#include "client/process-item.h"
#include "client/program-item.h"
#include "client/worker-item.h"

static const struct
{
  const char *title;
  int width;
  gboolean is_figure;
  gboolean is_sampled;
} columns[TROUPE_N_COLUMNS] = {
  [TROUPE_COLUMN_NAME] = { N_ ("Name"), 134, FALSE, FALSE },
  [TROUPE_COLUMN_STATE] = { N_ ("State"), 108, FALSE, TRUE },
  [TROUPE_COLUMN_CPU] = { N_ ("CPU"), 66, TRUE, TRUE },
  [TROUPE_COLUMN_MEMORY] = { N_ ("Memory"), 88, TRUE, TRUE },
  [TROUPE_COLUMN_PID] = { N_ ("PID"), 68, TRUE, FALSE },
  [TROUPE_COLUMN_THREADS] = { N_ ("Threads"), 72, TRUE, TRUE },
  [TROUPE_COLUMN_UP] = { N_ ("Up"), 80, TRUE, TRUE },
  [TROUPE_COLUMN_RESTARTS] = { N_ ("Restarts"), 78, TRUE, FALSE },
  [TROUPE_COLUMN_EXIT] = { N_ ("Last exit"), 86, TRUE, FALSE },
  [TROUPE_COLUMN_ADDRESS] = { N_ ("Address"), 130, FALSE, FALSE },
  [TROUPE_COLUMN_CONNECTIONS] = { N_ ("Connections"), 98, TRUE, TRUE },
  [TROUPE_COLUMN_QUEUE] = { N_ ("Queue"), 66, TRUE, TRUE },
  [TROUPE_COLUMN_LOOP] = { N_ ("Event loop"), 90, TRUE, TRUE },
  [TROUPE_COLUMN_HEAP] = { N_ ("Heap"), 80, TRUE, TRUE },
  [TROUPE_COLUMN_PROGRESS] = { N_ ("Progress"), 80, TRUE, TRUE },
};

const char *
troupe_column_get_title (TroupeColumn column)
{
  return _ (columns[column].title);
}

int
troupe_column_get_width (TroupeColumn column)
{
  return columns[column].width;
}

gboolean
troupe_column_is_figure (TroupeColumn column)
{
  return columns[column].is_figure;
}

gboolean
troupe_column_is_sampled (TroupeColumn column)
{
  return columns[column].is_sampled;
}

static guint64
process_uptime (TroupeProcessItem *process)
{
  guint64 now = (guint64) g_get_real_time ();
  guint64 started = troupe_process_item_get_started_usec (process);

  return started != 0 && started < now ? now - started : 0;
}

static char *
dup_process_text (TroupeColumn column, TroupeProcessItem *process, double cpu_divisor)
{
  switch (column)
    {
    case TROUPE_COLUMN_NAME:
      return g_strdup (troupe_process_item_get_command (process));
    case TROUPE_COLUMN_STATE:
      return g_strdup (troupe_process_item_get_state_word (process));
    case TROUPE_COLUMN_CPU:
      return troupe_format_dup_percent (troupe_process_item_get_cpu_percent (process) / cpu_divisor);
    case TROUPE_COLUMN_MEMORY:
      return troupe_format_dup_bytes (troupe_process_item_get_memory_bytes (process));
    case TROUPE_COLUMN_PID:
      return g_strdup_printf ("%u", troupe_process_item_get_pid (process));
    case TROUPE_COLUMN_THREADS:
      return g_strdup_printf ("%u", troupe_process_item_get_threads (process));
    case TROUPE_COLUMN_UP:
      return troupe_format_dup_duration (process_uptime (process));
    case TROUPE_COLUMN_RESTARTS:
    case TROUPE_COLUMN_EXIT:
    case TROUPE_COLUMN_ADDRESS:
    case TROUPE_COLUMN_CONNECTIONS:
    case TROUPE_COLUMN_QUEUE:
    case TROUPE_COLUMN_LOOP:
    case TROUPE_COLUMN_HEAP:
    case TROUPE_COLUMN_PROGRESS:
      return g_strdup ("");
    }
  g_return_val_if_reached (NULL);
}

static char *
dup_addresses (TroupeWorkerItem *worker)
{
  const char *const *addresses = troupe_worker_item_get_addresses (worker);
  g_autoptr (GStrvBuilder) labels = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;

  for (gsize i = 0; addresses[i] != NULL; i++)
    {
      g_autofree char *label = troupe_address_dup_label (addresses[i]);

      g_strv_builder_add (labels, label);
    }
  words = g_strv_builder_end (labels);
  return g_strjoinv (", ", words);
}

/* Figures that only a thread has, and only while it runs. */
/* Workers that inherit the sockets of their program take connections themselves, and nobody counts them. */
static gboolean
knows_connections (TroupeWorkerItem *worker)
{
  TroupeProgramItem *program = troupe_worker_item_get_program (worker);

  return troupe_worker_item_get_connections (worker) > 0 || program == NULL ||
         !troupe_program_item_has_own_sockets (program);
}

static char *
dup_thread_text (TroupeColumn column, TroupeWorkerItem *worker)
{
  const TroupeThreadFigures *figures = troupe_worker_item_get_thread_figures (worker);

  if (!troupe_worker_item_is_alive (worker))
    return g_strdup ("");
  if (column == TROUPE_COLUMN_QUEUE && figures->queue >= 0)
    return g_strdup_printf ("%'" G_GINT64_FORMAT, figures->queue);
  if (column == TROUPE_COLUMN_LOOP && figures->utilization >= 0)
    return troupe_format_dup_percent (figures->utilization * 100);
  if (column == TROUPE_COLUMN_HEAP && figures->heap_used_bytes >= 0)
    return troupe_format_dup_bytes ((guint64) figures->heap_used_bytes);
  if (column == TROUPE_COLUMN_PROGRESS && troupe_worker_item_get_progress (worker) >= 0)
    return troupe_format_dup_percent (troupe_worker_item_get_progress (worker) * 100);
  return g_strdup ("");
}

static guint
get_pid (TroupeWorkerItem *worker)
{
  return troupe_worker_item_is_thread (worker) ? troupe_worker_item_get_tid (worker)
                                               : troupe_worker_item_get_pid (worker);
}

static char *
dup_worker_text (TroupeColumn column, TroupeWorkerItem *worker, double cpu_divisor)
{
  gboolean alive = troupe_worker_item_is_alive (worker);
  /* Memory and further threads are its process's. */
  gboolean is_process = alive && !troupe_worker_item_is_thread (worker);

  switch (column)
    {
    case TROUPE_COLUMN_NAME:
      return g_strdup (troupe_worker_item_get_name (worker));
    case TROUPE_COLUMN_STATE:
      return g_strdup (troupe_format_state_word (troupe_worker_item_get_state (worker)));
    case TROUPE_COLUMN_RESTARTS:
      return g_strdup_printf ("%u", troupe_worker_item_get_restarts (worker));
    case TROUPE_COLUMN_EXIT:
      return troupe_worker_item_dup_exit_text (worker);
    case TROUPE_COLUMN_PID:
      return get_pid (worker) != 0 ? g_strdup_printf ("%u", get_pid (worker)) : g_strdup ("");
    case TROUPE_COLUMN_CPU:
      return alive ? troupe_format_dup_percent (troupe_worker_item_get_cpu_percent (worker) / cpu_divisor)
                   : g_strdup ("");
    case TROUPE_COLUMN_MEMORY:
      return is_process ? troupe_format_dup_bytes (troupe_worker_item_get_memory_bytes (worker)) : g_strdup ("");
    case TROUPE_COLUMN_THREADS:
      return is_process ? g_strdup_printf ("%u", troupe_worker_item_get_threads (worker)) : g_strdup ("");
    case TROUPE_COLUMN_UP:
      return alive ? troupe_format_dup_duration (troupe_worker_item_get_uptime_usec (worker)) : g_strdup ("");
    case TROUPE_COLUMN_ADDRESS:
      return dup_addresses (worker);
    case TROUPE_COLUMN_CONNECTIONS:
      return alive && knows_connections (worker)
                 ? g_strdup_printf ("%'" G_GUINT64_FORMAT, troupe_worker_item_get_connections (worker))
                 : g_strdup ("");
    case TROUPE_COLUMN_QUEUE:
    case TROUPE_COLUMN_LOOP:
    case TROUPE_COLUMN_HEAP:
    case TROUPE_COLUMN_PROGRESS:
      return dup_thread_text (column, worker);
    }
  g_return_val_if_reached (NULL);
}

char *
troupe_column_dup_text (TroupeColumn column, GObject *item, double cpu_divisor)
{
  if (TROUPE_IS_PROCESS_ITEM (item))
    return dup_process_text (column, TROUPE_PROCESS_ITEM (item), cpu_divisor);
  return dup_worker_text (column, TROUPE_WORKER_ITEM (item), cpu_divisor);
}

/* What sorts a column of figures. */
static double
get_figure (TroupeColumn column, GObject *item)
{
  if (TROUPE_IS_PROCESS_ITEM (item))
    {
      TroupeProcessItem *process = TROUPE_PROCESS_ITEM (item);

      switch (column)
        {
        case TROUPE_COLUMN_CPU:
          return troupe_process_item_get_cpu_percent (process);
        case TROUPE_COLUMN_MEMORY:
          return (double) troupe_process_item_get_memory_bytes (process);
        case TROUPE_COLUMN_THREADS:
          return troupe_process_item_get_threads (process);
        case TROUPE_COLUMN_UP:
          return (double) process_uptime (process);
        case TROUPE_COLUMN_NAME:
        case TROUPE_COLUMN_STATE:
        case TROUPE_COLUMN_PID:
        case TROUPE_COLUMN_RESTARTS:
        case TROUPE_COLUMN_EXIT:
        case TROUPE_COLUMN_ADDRESS:
        case TROUPE_COLUMN_CONNECTIONS:
        case TROUPE_COLUMN_QUEUE:
        case TROUPE_COLUMN_LOOP:
        case TROUPE_COLUMN_HEAP:
        case TROUPE_COLUMN_PROGRESS:
          return troupe_process_item_get_pid (process);
        }
    }
  else
    {
      TroupeWorkerItem *worker = TROUPE_WORKER_ITEM (item);

      switch (column)
        {
        case TROUPE_COLUMN_CPU:
          return troupe_worker_item_get_cpu_percent (worker);
        case TROUPE_COLUMN_MEMORY:
          return (double) troupe_worker_item_get_memory_bytes (worker);
        case TROUPE_COLUMN_THREADS:
          return troupe_worker_item_get_threads (worker);
        case TROUPE_COLUMN_UP:
          return (double) troupe_worker_item_get_uptime_usec (worker);
        case TROUPE_COLUMN_PID:
          return get_pid (worker);
        case TROUPE_COLUMN_RESTARTS:
          return troupe_worker_item_get_restarts (worker);
        case TROUPE_COLUMN_EXIT:
          return troupe_worker_item_get_exit_code (worker);
        case TROUPE_COLUMN_STATE:
          return troupe_worker_item_get_state (worker);
        case TROUPE_COLUMN_CONNECTIONS:
          return (double) troupe_worker_item_get_connections (worker);
        case TROUPE_COLUMN_QUEUE:
          return (double) troupe_worker_item_get_thread_figures (worker)->queue;
        case TROUPE_COLUMN_LOOP:
          return troupe_worker_item_get_thread_figures (worker)->utilization;
        case TROUPE_COLUMN_HEAP:
          return (double) troupe_worker_item_get_thread_figures (worker)->heap_used_bytes;
        case TROUPE_COLUMN_PROGRESS:
          return troupe_worker_item_get_progress (worker);
        case TROUPE_COLUMN_NAME:
        case TROUPE_COLUMN_ADDRESS:
          break;
        }
    }
  return 0;
}

/* With numbers in texts by their size. */
static int
compare_texts (TroupeColumn column, GObject *a, GObject *b)
{
  g_autofree char *text_a = troupe_column_dup_text (column, a, 1);
  g_autofree char *text_b = troupe_column_dup_text (column, b, 1);
  g_autofree char *key_a = g_utf8_collate_key_for_filename (text_a, -1);
  g_autofree char *key_b = g_utf8_collate_key_for_filename (text_b, -1);

  return g_strcmp0 (key_a, key_b);
}

int
troupe_column_compare (TroupeColumn column, GObject *a, GObject *b)
{
  double figure_a, figure_b;

  if (column == TROUPE_COLUMN_NAME || column == TROUPE_COLUMN_ADDRESS)
    return compare_texts (column, a, b);
  figure_a = get_figure (column, a);
  figure_b = get_figure (column, b);
  return (figure_a > figure_b) - (figure_a < figure_b);
}
