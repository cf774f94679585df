/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Figures, while somebody looks. */

#include "config.h"

#include "client/client-private.h"

#include "client/bus-call.h"

static void
take_machine (TroupeMachine *machine, GVariant *dict, guint64 time_usec)
{
  machine->time_usec = time_usec;
  g_variant_lookup (dict, "cpu_percent", "d", &machine->cpu_percent);
  g_variant_lookup (dict, "cores", "u", &machine->cores);
  g_variant_lookup (dict, "memory_used_bytes", "t", &machine->memory_used_bytes);
  g_variant_lookup (dict, "memory_total_bytes", "t", &machine->memory_total_bytes);
  g_variant_lookup (dict, "engine_cpu_percent", "d", &machine->engine_cpu_percent);
  g_variant_lookup (dict, "engine_memory_bytes", "t", &machine->engine_memory_bytes);
}

static void
stats_cb (TroupeBusEngine1 *engine, guint64 time_usec, GVariant *ids_array, GVariant *cpu_array,
          GVariant *memory_array, GVariant *rss_array, GVariant *threads_array, GVariant *descendants_array,
          GVariant *machine, TroupeClient *self)
{
  gsize n, n_cpu, n_memory, n_rss, n_threads, n_descendants;
  const guint32 *ids = g_variant_get_fixed_array (ids_array, &n, sizeof *ids);
  const double *cpu = g_variant_get_fixed_array (cpu_array, &n_cpu, sizeof *cpu);
  const guint64 *memory = g_variant_get_fixed_array (memory_array, &n_memory, sizeof *memory);
  const guint64 *rss = g_variant_get_fixed_array (rss_array, &n_rss, sizeof *rss);
  const guint32 *threads = g_variant_get_fixed_array (threads_array, &n_threads, sizeof *threads);
  const guint32 *descendants = g_variant_get_fixed_array (descendants_array, &n_descendants, sizeof *descendants);

  n = MIN (MIN (MIN (n, n_cpu), MIN (n_memory, n_rss)), MIN (n_threads, n_descendants));
  take_machine (&self->machine, machine, time_usec);
  for (gsize i = 0; i < n; i++)
    {
      TroupeWorkerItem *worker = g_hash_table_lookup (self->workers_by_id, GUINT_TO_POINTER (ids[i]));
      const TroupeFigures figures = {
        .cpu_percent = cpu[i],
        .memory_bytes = memory[i],
        .rss_bytes = rss[i],
        .threads = threads[i],
        .descendants = descendants[i],
      };

      /* A worker that the object manager has not told of yet, or that ended meanwhile. */
      if (worker == NULL || !troupe_worker_item_is_alive (worker))
        continue;
      troupe_worker_item_take_sample (worker, &figures);
      troupe_worker_item_check_stderr (worker);
    }
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->projects)); i++)
    {
      g_autoptr (TroupeProjectItem) project = g_list_model_get_item (G_LIST_MODEL (self->projects), i);

      troupe_project_item_emit_sampled (project);
    }
  troupe_client_emit_sampled (self);
}

static void
thread_stats_cb (TroupeBusEngine1 *engine, GVariant *ids_array, GVariant *queue_array, GVariant *utilization_array,
                 GVariant *used_array, GVariant *total_array, TroupeClient *self)
{
  gsize n, n_queue, n_utilization, n_used, n_total;
  const guint32 *ids = g_variant_get_fixed_array (ids_array, &n, sizeof *ids);
  const gint64 *queue = g_variant_get_fixed_array (queue_array, &n_queue, sizeof *queue);
  const double *utilization = g_variant_get_fixed_array (utilization_array, &n_utilization, sizeof *utilization);
  const gint64 *used = g_variant_get_fixed_array (used_array, &n_used, sizeof *used);
  const gint64 *total = g_variant_get_fixed_array (total_array, &n_total, sizeof *total);

  n = MIN (MIN (n, n_queue), MIN (n_utilization, MIN (n_used, n_total)));
  for (gsize i = 0; i < n; i++)
    {
      TroupeWorkerItem *worker = g_hash_table_lookup (self->workers_by_id, GUINT_TO_POINTER (ids[i]));
      const TroupeThreadFigures figures = { queue[i], utilization[i], used[i], total[i] };

      if (worker != NULL && troupe_worker_item_is_alive (worker))
        troupe_worker_item_take_thread_figures (worker, &figures);
    }
}

static void
subscribed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply == NULL)
    g_debug ("client: no figures: %s", error->message);
}

void
troupe_client_update_subscription (TroupeClient *self)
{
  gboolean wanted = self->active && self->state == TROUPE_CLIENT_READY;

  if (self->subscribed == wanted)
    return;
  self->subscribed = wanted;
  if (self->engine != NULL)
    troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), wanted ? "Subscribe" : "Unsubscribe", NULL, NULL,
                           subscribed_cb, NULL);
}

void
troupe_client_send_interval (TroupeClient *self)
{
  if (self->engine != NULL && self->interval_msec != 0)
    troupe_bus_engine1_set_interval_msec (self->engine, self->interval_msec);
}

void
troupe_client_follow_figures (TroupeClient *self)
{
  self->stats_handler = g_signal_connect (self->engine, "stats", G_CALLBACK (stats_cb), self);
  self->thread_stats_handler = g_signal_connect (self->engine, "thread-stats", G_CALLBACK (thread_stats_cb), self);
}
