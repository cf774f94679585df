/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Subscribes to Stats and ThreadStats for the moment that a command lasts. */

#include "config.h"

#include "cli/stats.h"

#include "base/engine-connection.h"

#define STATS_TYPE "(tauadatatauaua{sv})"
#define THREAD_STATS_TYPE "(auaxadaxax)"

struct _TroupeStats
{
  TroupeEngineClient *client; /* (borrowed) (nullable) */
  guint signal_id, thread_signal_id;
  GHashTable *workers; /* ID -> (owned) TroupeWorkerStats */
  GHashTable *threads; /* ID -> (owned) TroupeThreadStats */
  gboolean arrived;
  gboolean timed_out;
};

gboolean
troupe_stats_take (TroupeStats *self, GVariant *parameters)
{
  g_autoptr (GVariant) ids = NULL, cpu = NULL, memory = NULL, threads = NULL, descendants = NULL;
  const guint32 *id, *n_threads, *n_descendants;
  const double *percent;
  const guint64 *bytes;
  gsize n, n_cpu, n_memory, n_thread_entries, n_descendant_entries;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (STATS_TYPE)))
    return FALSE;
  ids = g_variant_get_child_value (parameters, 1);
  cpu = g_variant_get_child_value (parameters, 2);
  memory = g_variant_get_child_value (parameters, 3);
  threads = g_variant_get_child_value (parameters, 5);
  descendants = g_variant_get_child_value (parameters, 6);
  id = g_variant_get_fixed_array (ids, &n, sizeof *id);
  percent = g_variant_get_fixed_array (cpu, &n_cpu, sizeof *percent);
  bytes = g_variant_get_fixed_array (memory, &n_memory, sizeof *bytes);
  n_threads = g_variant_get_fixed_array (threads, &n_thread_entries, sizeof *n_threads);
  n_descendants = g_variant_get_fixed_array (descendants, &n_descendant_entries, sizeof *n_descendants);
  if (n_cpu != n || n_memory != n || n_thread_entries != n || n_descendant_entries != n)
    return FALSE;
  g_hash_table_remove_all (self->workers);
  for (gsize i = 0; i < n; i++)
    {
      TroupeWorkerStats *entry = g_new0 (TroupeWorkerStats, 1);

      *entry = (TroupeWorkerStats){ percent[i], bytes[i], n_threads[i], n_descendants[i] };
      g_hash_table_insert (self->workers, GUINT_TO_POINTER (id[i]), entry);
    }
  self->arrived = TRUE;
  return TRUE;
}

gboolean
troupe_stats_take_threads (TroupeStats *self, GVariant *parameters)
{
  g_autoptr (GVariant) ids = NULL, queues = NULL, utilizations = NULL, used_heaps = NULL, total_heaps = NULL;
  const guint32 *id;
  const gint64 *queue, *used, *total;
  const double *utilization;
  gsize n, n_queues, n_utilizations, n_used, n_total;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (THREAD_STATS_TYPE)))
    return FALSE;
  ids = g_variant_get_child_value (parameters, 0);
  queues = g_variant_get_child_value (parameters, 1);
  utilizations = g_variant_get_child_value (parameters, 2);
  used_heaps = g_variant_get_child_value (parameters, 3);
  total_heaps = g_variant_get_child_value (parameters, 4);
  id = g_variant_get_fixed_array (ids, &n, sizeof *id);
  queue = g_variant_get_fixed_array (queues, &n_queues, sizeof *queue);
  utilization = g_variant_get_fixed_array (utilizations, &n_utilizations, sizeof *utilization);
  used = g_variant_get_fixed_array (used_heaps, &n_used, sizeof *used);
  total = g_variant_get_fixed_array (total_heaps, &n_total, sizeof *total);
  if (n_queues != n || n_utilizations != n || n_used != n || n_total != n)
    return FALSE;
  /* Hosts answer at different times: what others said before stays. */
  for (gsize i = 0; i < n; i++)
    {
      TroupeThreadStats *entry = g_new0 (TroupeThreadStats, 1);

      *entry = (TroupeThreadStats){ queue[i], utilization[i], used[i], total[i] };
      g_hash_table_insert (self->threads, GUINT_TO_POINTER (id[i]), entry);
    }
  return TRUE;
}

static void
stats_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
          const char *signal, GVariant *parameters, gpointer user_data)
{
  troupe_stats_take (user_data, parameters);
}

static void
thread_stats_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                 const char *signal, GVariant *parameters, gpointer user_data)
{
  troupe_stats_take_threads (user_data, parameters);
}

static guint
subscribe (TroupeStats *self, const char *signal, GDBusSignalCallback callback)
{
  return g_dbus_connection_signal_subscribe (
      troupe_engine_client_get_connection (self->client), troupe_engine_client_get_owner (self->client),
      TROUPE_ENGINE_INTERFACE, signal, TROUPE_ENGINE_MANAGER_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, callback, self,
      NULL);
}

TroupeStats *
troupe_stats_new (TroupeEngineClient *client)
{
  TroupeStats *self = g_new0 (TroupeStats, 1);

  self->client = client;
  self->workers = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->threads = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  if (client == NULL)
    return self;
  self->signal_id = subscribe (self, "Stats", stats_cb);
  self->thread_signal_id = subscribe (self, "ThreadStats", thread_stats_cb);
  troupe_bus_engine1_call_subscribe (troupe_engine_client_get_manager (client), NULL, NULL, NULL);
  return self;
}

/* Leaving the bus ends the subscription. */
void
troupe_stats_free (TroupeStats *self)
{
  if (self->signal_id != 0)
    {
      GDBusConnection *connection = troupe_engine_client_get_connection (self->client);

      g_dbus_connection_signal_unsubscribe (connection, self->signal_id);
      g_dbus_connection_signal_unsubscribe (connection, self->thread_signal_id);
    }
  g_hash_table_unref (self->workers);
  g_hash_table_unref (self->threads);
  g_free (self);
}

static gboolean
timeout_cb (gpointer user_data)
{
  TroupeStats *self = user_data;

  self->timed_out = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
has_all (TroupeStats *self, const guint *threads, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (troupe_stats_get_thread (self, threads[i]) == NULL)
      return FALSE;
  return self->arrived;
}

void
troupe_stats_wait (TroupeStats *self, const guint *threads, gsize n, guint timeout_msec)
{
  guint timeout = g_timeout_add (timeout_msec, timeout_cb, self);

  self->timed_out = FALSE;
  while (!has_all (self, threads, n) && !self->timed_out)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
}

const TroupeWorkerStats *
troupe_stats_get (TroupeStats *self, guint worker_id)
{
  return g_hash_table_lookup (self->workers, GUINT_TO_POINTER (worker_id));
}

const TroupeThreadStats *
troupe_stats_get_thread (TroupeStats *self, guint worker_id)
{
  return g_hash_table_lookup (self->threads, GUINT_TO_POINTER (worker_id));
}
