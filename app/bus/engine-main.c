/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupe-engine: takes its name on the session bus, serves, and ends by itself ten
 * seconds after there is nothing left to do and nobody to serve. On a private bus, which
 * nobody else has a use for, it goes sooner and takes the bus along. */

#include "config.h"

#include "base/engine-connection.h"
#include "base/file-limit.h"
#include "base/paths.h"
#include "base/private-bus.h"
#include "bus/server.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define IDLE_MSEC 10000
#define PRIVATE_IDLE_MSEC 500

/* The engine before us may still be on its way out when its name is free. */
#define LOCK_TIMEOUT_MSEC 10000
#define LOCK_RETRY_MSEC 20

#define NAME_FLAG_DO_NOT_QUEUE 4
#define NAME_REPLY_PRIMARY_OWNER 1

typedef struct
{
  GMainLoop *loop;
  GDBusConnection *bus;
  TroupeEngine *engine;
  TroupeServer *server;
  guint idle_timeout;
  gboolean is_private;
  gboolean is_quitting;
} Main;

static gboolean
take_name (GDBusConnection *bus, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  guint32 answer = 0;

  reply = g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", TROUPE_ENGINE_BUS_NAME, NAME_FLAG_DO_NOT_QUEUE),
                                       G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
  if (reply != NULL)
    g_variant_get (reply, "(u)", &answer);
  return answer == NAME_REPLY_PRIMARY_OWNER;
}

static void
release_name (GDBusConnection *bus)
{
  g_autoptr (GVariant) reply = NULL;

  reply = g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "ReleaseName",
                                       g_variant_new ("(s)", TROUPE_ENGINE_BUS_NAME), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
}

/* Two engines on two buses of one user must not share keepers and journals. Returns a descriptor to
 * keep open, or -1 with error set. */
static int
take_lock (const char *runtime_dir, GError **error)
{
  g_autofree char *path = g_build_filename (runtime_dir, "engine.lock", NULL);
  gint64 deadline = g_get_monotonic_time () + LOCK_TIMEOUT_MSEC * (gint64) 1000;
  int fd = open (path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

  while (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) < 0)
    {
      if (errno != EWOULDBLOCK || g_get_monotonic_time () > deadline)
        {
          close (fd);
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                       "Another engine of yours runs on another bus (it holds “%s”)", path);
          return -1;
        }
      g_usleep (LOCK_RETRY_MSEC * 1000);
    }
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Could not open “%s”: %s", path,
                 g_strerror (errno));
  return fd;
}

static gboolean
is_needed (Main *self)
{
  return self->is_quitting || troupe_server_has_clients (self->server) || !troupe_engine_is_idle (self->engine);
}

static gboolean
idle_over_cb (gpointer user_data)
{
  Main *self = user_data;

  if (self->is_private && !is_needed (self))
    {
      /* Who is on it may be about to call. */
      if (!troupe_private_bus_end_if_alone (self->bus))
        return G_SOURCE_CONTINUE;
      self->is_quitting = TRUE;
      self->idle_timeout = 0;
      g_main_loop_quit (self->loop);
      return G_SOURCE_REMOVE;
    }
  self->idle_timeout = 0;
  if (is_needed (self))
    return G_SOURCE_REMOVE;
  /* From here on a caller starts a new engine. Who called in the last instant is still served. */
  release_name (self->bus);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  if (is_needed (self) && take_name (self->bus, NULL))
    return G_SOURCE_REMOVE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
update_idle (gpointer user_data)
{
  Main *self = user_data;

  if (self->server == NULL)
    return;
  if (is_needed (self))
    g_clear_handle_id (&self->idle_timeout, g_source_remove);
  else if (self->idle_timeout == 0)
    self->idle_timeout = g_timeout_add (self->is_private ? PRIVATE_IDLE_MSEC : IDLE_MSEC, idle_over_cb, self);
}

static void
idle_changed_cb (TroupeEngine *engine, Main *self)
{
  update_idle (self);
}

static void
quit_done (gpointer user_data)
{
  Main *self = user_data;

  g_dbus_connection_flush_sync (self->bus, NULL, NULL);
  g_main_loop_quit (self->loop);
}

static void
stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  troupe_engine_quit_finish (TROUPE_ENGINE (source), result, NULL);
  quit_done (user_data);
}

static gboolean
end_signal_cb (gpointer user_data)
{
  Main *self = user_data;

  if (!self->is_quitting)
    {
      self->is_quitting = TRUE;
      troupe_engine_quit_async (self->engine, stopped_cb, self);
    }
  return G_SOURCE_CONTINUE;
}

static void
bus_closed_cb (GDBusConnection *bus, gboolean remote_peer_vanished, GError *error, Main *self)
{
  /* The session is over. */
  end_signal_cb (self);
}

/* Few threads, few arenas: the engine is to be small. */
static void
stay_small (void)
{
  mallopt (M_ARENA_MAX, 1);
  mallopt (M_MMAP_THRESHOLD, 64 * 1024);
  mallopt (M_TRIM_THRESHOLD, 64 * 1024);
  mallopt (M_TOP_PAD, 16 * 1024);
}

static gboolean
run (Main *self, GError **error)
{
  g_autofree char *state_dir = troupe_paths_dup_state_dir (error);
  g_autofree char *runtime_dir = state_dir != NULL ? troupe_paths_dup_runtime_dir (error) : NULL;
  g_autofree char *keeper_path = troupe_paths_dup_program ("troupe-keeper");
  const TroupeServerWatcher watcher = { update_idle, quit_done, self };
  int lock_fd;

  if (runtime_dir == NULL)
    return FALSE;
  self->bus = troupe_engine_connection_get_bus (NULL, error);
  if (self->bus == NULL)
    return FALSE;
  self->is_private = troupe_private_bus_is_ours ();
  g_signal_connect (self->bus, "closed", G_CALLBACK (bus_closed_cb), self);

  self->engine = troupe_engine_new (state_dir, runtime_dir, keeper_path, troupe_clock_get_system ());
  self->server = troupe_server_new (self->bus, self->engine, &watcher);
  /* Whoever can find us by our name can tell us to end. */
  g_unix_signal_add (SIGTERM, end_signal_cb, self);
  g_unix_signal_add (SIGINT, end_signal_cb, self);
  if (!take_name (self->bus, error))
    return *error == NULL; /* somebody else is the engine; that is fine */
  lock_fd = take_lock (runtime_dir, error);
  if (lock_fd < 0)
    return FALSE;

  g_signal_connect (self->engine, "idle-changed", G_CALLBACK (idle_changed_cb), self);
  troupe_engine_restore (self->engine);
  /* Who asked for us is the first to be answered, with what is true now. */
  troupe_server_flush (self->server);
  update_idle (self);
  g_main_loop_run (self->loop);
  troupe_engine_save (self->engine);
  release_name (self->bus);
  close (lock_fd);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Main self = { 0 };
  gboolean succeeded;

  if (argc == 2 && strcmp (argv[1], "--version") == 0)
    {
      g_print ("troupe-engine %s\n", TROUPE_VERSION);
      return EXIT_SUCCESS;
    }
  stay_small ();
  /* Away from the terminal and the signals of whoever started us; a group leader keeps its place. */
  setsid ();
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN); /* a journal that may not grow is a gap, not our end */
  troupe_file_limit_raise ();
  if (chdir ("/") < 0)
    g_debug ("Could not leave the folder: %s", g_strerror (errno));

  self.loop = g_main_loop_new (NULL, FALSE);
  succeeded = run (&self, &error);
  g_clear_handle_id (&self.idle_timeout, g_source_remove);
  g_clear_pointer (&self.server, troupe_server_free);
  g_clear_object (&self.engine);
  /* Also when another engine was quicker: the last one out ends a private bus. */
  if (self.bus != NULL)
    troupe_private_bus_leave (self.bus);
  g_clear_object (&self.bus);
  g_main_loop_unref (self.loop);
  if (!succeeded)
    g_printerr ("troupe-engine: %s\n", error->message);
  return succeeded ? EXIT_SUCCESS : EXIT_FAILURE;
}
