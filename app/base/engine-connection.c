/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reaches the session bus, or a private one, and the engine on it. */

#include "config.h"

#include "base/engine-connection.h"

#include "base/error.h"
#include "base/paths.h"
#include "base/private-bus.h"

/* How long the engine may take from start to its name, activation or not. */
#define ENGINE_START_TIMEOUT_MSEC 15000

static gboolean
have_session_bus (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *user_bus = NULL;

  if (g_getenv ("DBUS_SESSION_BUS_ADDRESS") != NULL)
    return !troupe_private_bus_is_ours ();
  if (runtime == NULL)
    return FALSE;
  user_bus = g_build_filename (runtime, "bus", NULL);
  return g_file_test (user_bus, G_FILE_TEST_EXISTS);
}

GDBusConnection *
troupe_engine_connection_get_bus (GCancellable *cancellable, GError **error)
{
  GDBusConnection *bus = have_session_bus () ? g_bus_get_sync (G_BUS_TYPE_SESSION, cancellable, error)
                                             : troupe_private_bus_join (cancellable, error);

  if (bus != NULL)
    g_dbus_connection_set_exit_on_close (bus, FALSE);
  return bus;
}

gboolean
troupe_engine_connection_is_running (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply = NULL;
  gboolean has_owner = FALSE;

  reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "NameHasOwner",
                                       g_variant_new ("(s)", TROUPE_ENGINE_BUS_NAME), G_VARIANT_TYPE ("(b)"),
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (reply != NULL)
    g_variant_get (reply, "(b)", &has_owner);
  return has_owner;
}

static gboolean
activate_engine (GDBusConnection *connection, GCancellable *cancellable)
{
  g_autoptr (GVariant) reply = NULL;

  reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "StartServiceByName",
                                       g_variant_new ("(su)", TROUPE_ENGINE_BUS_NAME, 0), G_VARIANT_TYPE ("(u)"),
                                       G_DBUS_CALL_FLAGS_NONE, ENGINE_START_TIMEOUT_MSEC, cancellable, NULL);
  return reply != NULL;
}

typedef struct
{
  GMainLoop *loop;
  gboolean appeared;
} NameWait;

static void
name_appeared_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  NameWait *wait = user_data;

  wait->appeared = TRUE;
  g_main_loop_quit (wait->loop);
}

static gboolean
name_timeout_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

/* Runs a private main context until the engine has its name or the time is over. */
static gboolean
wait_for_engine (GDBusConnection *connection)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  g_autoptr (GSource) timeout = g_timeout_source_new (ENGINE_START_TIMEOUT_MSEC);
  NameWait wait = { loop, FALSE };
  guint watch;

  g_main_context_push_thread_default (context);
  watch = g_bus_watch_name_on_connection (connection, TROUPE_ENGINE_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                          name_appeared_cb, NULL, &wait, NULL);
  g_source_set_callback (timeout, name_timeout_cb, loop, NULL);
  g_source_attach (timeout, context);
  g_main_loop_run (loop);
  g_source_destroy (timeout);
  g_bus_unwatch_name (watch);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
  return wait.appeared;
}

static gboolean
spawn_engine (GError **error)
{
  g_autofree char *path = troupe_paths_dup_program ("troupe-engine");
  const char *argv[] = { path, NULL };
  GSpawnFlags flags = G_SPAWN_STDOUT_TO_DEV_NULL;
  g_autoptr (GError) local_error = NULL;

  /* It outlives us, and whoever reads our standard error to its end would wait for it. */
  if (g_getenv ("G_MESSAGES_DEBUG") == NULL)
    flags |= G_SPAWN_STDERR_TO_DEV_NULL;
  /* The engine makes a session of its own first thing, so a Ctrl+C meant for
   * this client does not reach it. */
  if (g_spawn_async (NULL, (char **) argv, NULL, flags, NULL, NULL, NULL, &local_error))
    return TRUE;
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE, "The engine could not be started: %s",
               local_error->message);
  return FALSE;
}

gboolean
troupe_engine_connection_ensure_engine (GDBusConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autofree char *build_root = troupe_paths_dup_build_root ();

  if (troupe_engine_connection_is_running (connection))
    return TRUE;
  /* A build folder talks to its own engine, never to an installed one. */
  if (build_root == NULL && activate_engine (connection, cancellable))
    return TRUE;
  if (!spawn_engine (error))
    return FALSE;
  if (wait_for_engine (connection))
    return TRUE;
  g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE,
                       "The engine was started but did not appear on the bus");
  return FALSE;
}
