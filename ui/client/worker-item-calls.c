/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a worker is asked for, over the bus. */

#include "config.h"

#include "client/worker-item.h"

#include "client/bus-call.h"
#include "client/process-item.h"
#include "client/run-item.h"
#include "client/worker-item-private.h"

/* (nullable): the engine is away. */
static GDBusProxy *
get_proxy (TroupeWorkerItem *self)
{
  return G_DBUS_PROXY (troupe_worker_item_get_proxy (self));
}

void
troupe_worker_item_call_async (TroupeWorkerItem *self, const char *method, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  troupe_bus_call_async (self, get_proxy (self), method, NULL, NULL, callback, user_data);
}

void
troupe_worker_item_signal_async (TroupeWorkerItem *self, const char *signal_name, const char *scope,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, get_proxy (self), "Signal", g_variant_new ("(ss)", signal_name, scope),
                         NULL, callback, user_data);
}

void
troupe_worker_item_input_async (TroupeWorkerItem *self, GBytes *bytes, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GVariant *array = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);

  troupe_bus_call_async (self, get_proxy (self), "Input", g_variant_new ("(@ay)", array), NULL,
                         callback, user_data);
}

void
troupe_worker_item_send_async (TroupeWorkerItem *self, const char *message, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  troupe_bus_call_async (self, get_proxy (self), "Send", g_variant_new ("(s)", message), NULL, callback,
                         user_data);
}

void
troupe_worker_item_request_async (TroupeWorkerItem *self, const char *message, guint timeout_msec,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, get_proxy (self), "Request",
                         g_variant_new ("(su)", message, timeout_msec), cancellable, callback, user_data);
}

char *
troupe_worker_item_request_finish (TroupeWorkerItem *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  char *message = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s)", &message);
  return message;
}

void
troupe_worker_item_disconnect_async (TroupeWorkerItem *self, GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, get_proxy (self), "Disconnect", NULL, NULL, callback, user_data);
}

void
troupe_worker_item_load_runs_async (TroupeWorkerItem *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, get_proxy (self), "Runs", NULL, cancellable, callback, user_data);
}

GPtrArray *
troupe_worker_item_load_runs_finish (TroupeWorkerItem *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  g_autoptr (GVariant) runs = NULL;
  GPtrArray *items;

  if (reply == NULL)
    return NULL;
  items = g_ptr_array_new_with_free_func (g_object_unref);
  runs = g_variant_get_child_value (reply, 0);
  for (gsize i = g_variant_n_children (runs); i > 0; i--)
    {
      g_autoptr (GVariant) run = g_variant_get_child_value (runs, i - 1);

      g_ptr_array_add (items, troupe_run_item_new (run));
    }
  return items;
}

void
troupe_worker_item_load_processes_async (TroupeWorkerItem *self, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, get_proxy (self), "Processes", NULL, cancellable, callback, user_data);
}

GPtrArray *
troupe_worker_item_load_processes_finish (TroupeWorkerItem *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  g_autoptr (GVariant) processes = NULL;
  GPtrArray *items;

  if (reply == NULL)
    return NULL;
  items = g_ptr_array_new_with_free_func (g_object_unref);
  processes = g_variant_get_child_value (reply, 0);
  for (gsize i = 0; i < g_variant_n_children (processes); i++)
    {
      g_autoptr (GVariant) process = g_variant_get_child_value (processes, i);

      g_ptr_array_add (items, troupe_process_item_new (process));
    }
  return items;
}
