/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine's callers, by their unique names. */

#include "config.h"

#include "bus/clients.h"

#include "base/error.h"

#include <unistd.h>

#define ASK_TIMEOUT_MSEC 5000

typedef struct
{
  TroupeClients *clients; /* (borrowed) */
  char *name;
  guint watch;
  gboolean is_subscribed;
  GCancellable *left; /* (owned) (nullable): made when somebody wants to know */
} Client;

struct _TroupeClients
{
  GDBusConnection *connection;
  GHashTable *present; /* (owned) unique name to Client */
  guint n_subscribed;
  void (*changed) (gpointer user_data);
  gpointer user_data;
};

static void
client_free (gpointer data)
{
  Client *client = data;

  g_bus_unwatch_name (client->watch);
  g_clear_object (&client->left);
  g_free (client->name);
  g_free (client);
}

TroupeClients *
troupe_clients_new (GDBusConnection *connection, void (*changed) (gpointer user_data), gpointer user_data)
{
  TroupeClients *self = g_new0 (TroupeClients, 1);

  self->connection = g_object_ref (connection);
  self->present = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, client_free);
  self->changed = changed;
  self->user_data = user_data;
  return self;
}

void
troupe_clients_free (TroupeClients *self)
{
  g_hash_table_unref (self->present);
  g_object_unref (self->connection);
  g_free (self);
}

static void
vanished_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Client *client = user_data;
  TroupeClients *self = client->clients;

  if (client->is_subscribed)
    self->n_subscribed--;
  if (client->left != NULL)
    g_cancellable_cancel (client->left);
  g_hash_table_remove (self->present, client->name);
  self->changed (self->user_data);
}

/* Asks the bus, which has it from the kernel. A round trip, once a caller. */
static gboolean
is_same_user (TroupeClients *self, const char *sender)
{
  g_autoptr (GVariant) reply = NULL;
  guint32 uid;

  reply = g_dbus_connection_call_sync (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "GetConnectionUnixUser",
                                       g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(u)"),
                                       G_DBUS_CALL_FLAGS_NONE, ASK_TIMEOUT_MSEC, NULL, NULL);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(u)", &uid);
  return uid == geteuid ();
}

gboolean
troupe_clients_admit (TroupeClients *self, GDBusMethodInvocation *invocation)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  Client *client;

  if (g_hash_table_contains (self->present, sender))
    return TRUE;
  if (!is_same_user (self, sender))
    {
      g_dbus_method_invocation_return_dbus_error (invocation, "org.freedesktop.DBus.Error.AccessDenied",
                                                  "This engine serves its own user only");
      return FALSE;
    }
  if (g_hash_table_size (self->present) >= TROUPE_CLIENTS_MAX)
    return TRUE;
  client = g_new0 (Client, 1);
  client->clients = self;
  client->name = g_strdup (sender);
  g_hash_table_insert (self->present, client->name, client);
  client->watch = g_bus_watch_name_on_connection (self->connection, sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                  vanished_cb, client, NULL);
  self->changed (self->user_data);
  return TRUE;
}

GCancellable *
troupe_clients_get_cancellable (TroupeClients *self, GDBusMethodInvocation *invocation)
{
  Client *client = g_hash_table_lookup (self->present, g_dbus_method_invocation_get_sender (invocation));

  if (client != NULL && client->left == NULL)
    client->left = g_cancellable_new ();
  return client != NULL ? client->left : NULL;
}

gboolean
troupe_clients_subscribe (TroupeClients *self, const char *sender, GError **error)
{
  Client *client = g_hash_table_lookup (self->present, sender);

  if (client == NULL)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "%d clients are connected already",
                   TROUPE_CLIENTS_MAX);
      return FALSE;
    }
  if (!client->is_subscribed)
    {
      client->is_subscribed = TRUE;
      self->n_subscribed++;
      self->changed (self->user_data);
    }
  return TRUE;
}

void
troupe_clients_unsubscribe (TroupeClients *self, const char *sender)
{
  Client *client = g_hash_table_lookup (self->present, sender);

  if (client != NULL && client->is_subscribed)
    {
      client->is_subscribed = FALSE;
      self->n_subscribed--;
      self->changed (self->user_data);
    }
}

guint
troupe_clients_get_n_present (TroupeClients *self)
{
  return g_hash_table_size (self->present);
}

guint
troupe_clients_get_n_subscribed (TroupeClients *self)
{
  return self->n_subscribed;
}
