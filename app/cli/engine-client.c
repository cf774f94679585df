/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reaches the engine and makes cheap proxies for its objects. */

#include "config.h"

#include "cli/engine-client.h"

#include "base/engine-connection.h"
#include "base/error.h"
#include "base/paths.h"
#include "base/private-bus.h"

#define PROXY_FLAGS                                                                                        \
  (G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS |                  \
   G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START)

struct _TroupeEngineClient
{
  GDBusConnection *connection;
  char *owner;
  TroupeBusEngine1 *manager;
};

static char *
dup_owner (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply = NULL;
  char *owner = NULL;

  reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "GetNameOwner",
                                       g_variant_new ("(s)", TROUPE_ENGINE_BUS_NAME), G_VARIANT_TYPE ("(s)"),
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (reply != NULL)
    g_variant_get (reply, "(s)", &owner);
  return owner;
}

/* Asks for the owner first: where an engine runs, that is the only call needed. */
static gboolean
find_engine (TroupeEngineClient *self, TroupeEngineStart start, GError **error)
{
  g_clear_pointer (&self->owner, g_free);
  g_clear_object (&self->manager);
  self->owner = dup_owner (self->connection);
  if (self->owner == NULL && start == TROUPE_ENGINE_START)
    {
      if (!troupe_engine_connection_ensure_engine (self->connection, NULL, error))
        return FALSE;
      self->owner = dup_owner (self->connection);
    }
  if (self->owner == NULL)
    {
      if (start == TROUPE_ENGINE_START)
        g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE,
                             "The engine ended as soon as it had started");
      return FALSE;
    }
  self->manager = troupe_bus_engine1_proxy_new_sync (self->connection, PROXY_FLAGS, self->owner,
                                                     TROUPE_ENGINE_MANAGER_PATH, NULL, error);
  if (self->manager == NULL)
    return FALSE;
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (self->manager), G_MAXINT);
  return TRUE;
}

TroupeEngineClient *
troupe_engine_client_new (TroupeEngineStart start, GError **error)
{
  g_autoptr (TroupeEngineClient) self = g_new0 (TroupeEngineClient, 1);
  g_autoptr (GError) local_error = NULL;

  /* Registers the names of errors on the bus. */
  (void) TROUPE_ERROR;
  self->connection = troupe_engine_connection_get_bus (NULL, &local_error);
  if (self->connection == NULL)
    {
      if (local_error->domain == TROUPE_ERROR)
        g_propagate_error (error, g_steal_pointer (&local_error));
      else
        g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE,
                     "Could not connect to the session bus (%s); check DBUS_SESSION_BUS_ADDRESS, or unset it",
                     local_error->message);
      return NULL;
    }
  if (!find_engine (self, start, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
troupe_engine_client_keepers_are_left (void)
{
  g_autofree char *runtime_dir = troupe_paths_dup_runtime_dir (NULL);
  g_autofree char *path = runtime_dir != NULL ? g_build_filename (runtime_dir, "keepers", NULL) : NULL;
  g_autoptr (GDir) dir = path != NULL ? g_dir_open (path, 0, NULL) : NULL;

  return dir != NULL && g_dir_read_name (dir) != NULL;
}

gboolean
troupe_engine_client_reconnect (TroupeEngineClient *self, GError **error)
{
  return find_engine (self, TROUPE_ENGINE_START, error);
}

void
troupe_engine_client_free (TroupeEngineClient *self)
{
  g_clear_object (&self->manager);
  if (self->connection != NULL)
    troupe_private_bus_leave (self->connection);
  g_clear_object (&self->connection);
  g_free (self->owner);
  g_free (self);
}

GDBusConnection *
troupe_engine_client_get_connection (TroupeEngineClient *self)
{
  return self->connection;
}

const char *
troupe_engine_client_get_owner (TroupeEngineClient *self)
{
  return self->owner;
}

TroupeBusEngine1 *
troupe_engine_client_get_manager (TroupeEngineClient *self)
{
  return self->manager;
}

TroupeBusProgram1 *
troupe_engine_client_new_program (TroupeEngineClient *self, const char *path, GError **error)
{
  TroupeBusProgram1 *program =
      troupe_bus_program1_proxy_new_sync (self->connection, PROXY_FLAGS, self->owner, path, NULL, error);

  if (program != NULL)
    g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (program), G_MAXINT);
  return program;
}

TroupeBusWorker1 *
troupe_engine_client_new_worker (TroupeEngineClient *self, const char *path, GError **error)
{
  TroupeBusWorker1 *worker =
      troupe_bus_worker1_proxy_new_sync (self->connection, PROXY_FLAGS, self->owner, path, NULL, error);

  if (worker != NULL)
    g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (worker), G_MAXINT);
  return worker;
}

GVariant *
troupe_engine_client_get_properties (TroupeEngineClient *self, const char *path, const char *interface, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  GVariant *properties;

  reply = g_dbus_connection_call_sync (self->connection, self->owner, path, "org.freedesktop.DBus.Properties",
                                       "GetAll", g_variant_new ("(s)", interface), G_VARIANT_TYPE ("(a{sv})"),
                                       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, error);
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(@a{sv})", &properties);
  return properties;
}
