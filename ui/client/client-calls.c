/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What one can ask the engine for. */

#include "config.h"

#include "client/client-private.h"

#include "client/bus-call.h"

void
troupe_client_launch_async (TroupeClient *self, GVariant *definition, gboolean start, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Launch",
                         g_variant_new ("(@a{sv}b)", definition, start), NULL, callback, user_data);
}

char *
troupe_client_launch_finish (TroupeClient *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  char *path = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(o@ao)", &path, NULL);
  return path;
}

void
troupe_client_check_async (TroupeClient *self, GVariant *definition, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Check", g_variant_new ("(@a{sv})", definition),
                         cancellable, callback, user_data);
}

void
troupe_client_examine_async (TroupeClient *self, GVariant *definition, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Examine", g_variant_new ("(@a{sv})", definition),
                         cancellable, callback, user_data);
}

GPtrArray *
troupe_client_examine_finish (TroupeClient *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  g_autoptr (GVariant) notes = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;

  return notes != NULL ? troupe_program_notes_new (notes) : NULL;
}

void
troupe_client_open_project_async (TroupeClient *self, const char *path, gboolean start,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "OpenProject", g_variant_new ("(sb)", path, start),
                         NULL, callback, user_data);
}

char *
troupe_client_open_project_finish (TroupeClient *self, GAsyncResult *result, GStrv *notes, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  char *name = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s^as)", &name, notes);
  return name;
}

void
troupe_client_close_project_async (TroupeClient *self, const char *name, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "CloseProject", g_variant_new ("(s)", name), NULL,
                         callback, user_data);
}

void
troupe_client_undo_remove_async (TroupeClient *self, guint64 token, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "UndoRemove", g_variant_new ("(t)", token), NULL,
                         callback, user_data);
}

void
troupe_client_link_async (TroupeClient *self, const char *from, const char *to, gboolean linked,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Link", g_variant_new ("(ssb)", from, to, linked), NULL,
                         callback, user_data);
}
