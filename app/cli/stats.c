/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Subscribes to Stats for the moment that a command lasts. */

#include "config.h"

#include "cli/stats.h"

#include "base/engine-connection.h"

#define STATS_TYPE "(tauadatatauaua{sv})"

struct _TroupeStats
{
  TroupeEngineClient *client; /* (borrowed) (nullable) */
  guint signal_id;
  GHashTable *workers; /* ID -> (owned) TroupeWorkerStats */
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

static void
stats_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
          const char *signal, GVariant *parameters, gpointer user_data)
{
  troupe_stats_take (user_data, parameters);
}

TroupeStats *
troupe_stats_new (TroupeEngineClient *client)
{
  TroupeStats *self = g_new0 (TroupeStats, 1);

  self->client = client;
  self->workers = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  if (client == NULL)
    return self;
  self->signal_id = g_dbus_connection_signal_subscribe (
      troupe_engine_client_get_connection (client), troupe_engine_client_get_owner (client), TROUPE_ENGINE_INTERFACE,
      "Stats", TROUPE_ENGINE_MANAGER_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, stats_cb, self, NULL);
  troupe_bus_engine1_call_subscribe (troupe_engine_client_get_manager (client), NULL, NULL, NULL);
  return self;
}

/* Leaving the bus ends the subscription. */
void
troupe_stats_free (TroupeStats *self)
{
  if (self->signal_id != 0)
    g_dbus_connection_signal_unsubscribe (troupe_engine_client_get_connection (self->client), self->signal_id);
  g_hash_table_unref (self->workers);
  g_free (self);
}

static gboolean
timeout_cb (gpointer user_data)
{
  TroupeStats *self = user_data;

  self->timed_out = TRUE;
  return G_SOURCE_CONTINUE;
}

void
troupe_stats_wait (TroupeStats *self, guint timeout_msec)
{
  guint timeout = g_timeout_add (timeout_msec, timeout_cb, self);

  self->timed_out = FALSE;
  while (!self->arrived && !self->timed_out)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
}

const TroupeWorkerStats *
troupe_stats_get (TroupeStats *self, guint worker_id)
{
  return g_hash_table_lookup (self->workers, GUINT_TO_POINTER (worker_id));
}
