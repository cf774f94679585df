/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One asynchronous method call on the engine. */

#include "config.h"

#include "client/bus-call.h"

#include "base/error.h"

#include <glib/gi18n.h>

static void
called_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  GVariant *reply = g_dbus_proxy_call_finish (G_DBUS_PROXY (object), result, &error);

  if (reply != NULL)
    {
      g_task_return_pointer (task, reply, (GDestroyNotify) g_variant_unref);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  g_task_return_error (task, g_steal_pointer (&error));
}

void
troupe_bus_call_async (gpointer source, GDBusProxy *proxy, const char *method, GVariant *parameters,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GVariant) owned = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_source_tag (task, troupe_bus_call_async);
  /* Makes the error codes known to GDBus, whichever call comes first. */
  (void) TROUPE_ERROR;
  if (proxy == NULL)
    {
      g_task_return_new_error (task, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE, "%s",
                               _ ("Troupe’s engine is not connected"));
      return;
    }
  g_dbus_proxy_call (proxy, method, owned, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, cancellable, called_cb,
                     g_steal_pointer (&task));
}

GVariant *
troupe_bus_call_finish (gpointer source, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, source), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
