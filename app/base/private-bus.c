/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A lock file beside the socket makes coming and leaving one step each: a bus that somebody
 * is about to join is not ended, and of two first clients only one starts it. */

#include "config.h"

#include "base/private-bus.h"

#include "base/error.h"
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The daemon's time to answer, to notice who left, and to end. */
#define DAEMON_TIMEOUT_MSEC 5000

typedef struct
{
  char *socket_path;
  char *lock_path;
  char *address;
} Place;

static void
place_clear (Place *place)
{
  g_free (place->socket_path);
  g_free (place->lock_path);
  g_free (place->address);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static gboolean
place_init (Place *place, GError **error)
{
  g_autofree char *dir = troupe_paths_dup_runtime_dir (error);
  g_autofree char *escaped = NULL;

  if (dir == NULL)
    return FALSE;
  place->socket_path = g_build_filename (dir, "bus", NULL);
  place->lock_path = g_build_filename (dir, "bus.lock", NULL);
  escaped = g_dbus_address_escape_value (place->socket_path);
  place->address = g_strconcat ("unix:path=", escaped, NULL);
  return TRUE;
}

/* Returns a descriptor that holds the lock until it is closed, or -1 with error set. */
static int
take_lock (const Place *place, GError **error)
{
  int fd = g_open (place->lock_path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0 || flock (fd, LOCK_EX) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not lock “%s”: %s",
                   place->lock_path, g_strerror (saved_errno));
      if (fd >= 0)
        close (fd);
      return -1;
    }
  return fd;
}

static gboolean
start (const Place *place, GError **error)
{
  const char *argv[] = { "dbus-daemon", "--session", "--fork", "--nopidfile", "--address", place->address, NULL };
  g_autoptr (GError) local_error = NULL;
  int wait_status;

  /* One that was killed leaves its socket behind. */
  g_unlink (place->socket_path);
  if (g_spawn_sync (NULL, (char **) argv, NULL,
                    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                    NULL, &wait_status, &local_error) &&
      g_spawn_check_wait_status (wait_status, &local_error))
    return TRUE;
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE,
               "There is no session bus and a private one could not be started: %s", local_error->message);
  return FALSE;
}

static gboolean
is_known (const Place *place)
{
  return g_strcmp0 (g_getenv ("DBUS_SESSION_BUS_ADDRESS"), place->address) == 0;
}

GDBusConnection *
troupe_private_bus_join (GCancellable *cancellable, GError **error)
{
  g_auto (Place) place = { 0 };
  GDBusConnection *bus = NULL;
  int lock_fd;

  if (!place_init (&place, error) || (lock_fd = take_lock (&place, error)) < 0)
    return NULL;
  if (!is_known (&place))
    g_setenv ("DBUS_SESSION_BUS_ADDRESS", place.address, TRUE);
  /* Tried with the connection that is wanted, and not with one more: the daemon may notice
   * late that somebody left, and who asks it then is not alone. */
  bus = g_bus_get_sync (G_BUS_TYPE_SESSION, cancellable, NULL);
  if (bus == NULL && start (&place, error))
    bus = g_bus_get_sync (G_BUS_TYPE_SESSION, cancellable, error);
  close (lock_fd);
  return bus;
}

gboolean
troupe_private_bus_is_ours (void)
{
  g_auto (Place) place = { 0 };

  return g_getenv ("DBUS_SESSION_BUS_ADDRESS") != NULL && place_init (&place, NULL) && is_known (&place);
}

static GVariant *
ask_daemon (GDBusConnection *bus, const char *method, GVariant *arguments, const char *reply_type)
{
  return g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                      method, arguments, G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NONE,
                                      DAEMON_TIMEOUT_MSEC, NULL, NULL);
}

static gboolean
is_alone (GDBusConnection *bus)
{
  g_autoptr (GVariant) reply = ask_daemon (bus, "ListNames", NULL, "(as)");
  g_autoptr (GVariantIter) iter = NULL;
  const char *name;
  guint n_connections = 0;

  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(as)", &iter);
  while (g_variant_iter_next (iter, "&s", &name))
    n_connections += name[0] == ':';
  return n_connections == 1;
}

/* Ends the daemon and waits until it has ended, so that who joins next does not meet it. */
static gboolean
end (GDBusConnection *bus, const Place *place)
{
  g_autoptr (GVariant) reply =
      ask_daemon (bus, "GetConnectionUnixProcessID", g_variant_new ("(s)", "org.freedesktop.DBus"), "(u)");
  struct pollfd process = { .fd = -1, .events = POLLIN };
  gboolean has_ended;
  guint32 pid;

  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(u)", &pid);
  process.fd = (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
  if (process.fd < 0)
    return FALSE;
  has_ended = syscall (SYS_pidfd_send_signal, process.fd, SIGTERM, NULL, 0) == 0 &&
              poll (&process, 1, DAEMON_TIMEOUT_MSEC) == 1;
  close (process.fd);
  if (has_ended)
    g_unlink (place->socket_path);
  return has_ended;
}

/* Closes our end and waits until the daemon has noticed and closed its own: who asks it next
 * must not be told that we are there. */
static void
close_and_wait (GDBusConnection *bus)
{
  GSocket *connected = g_socket_connection_get_socket (G_SOCKET_CONNECTION (g_dbus_connection_get_stream (bus)));
  /* A duplicate: GLib's thread may close its own at any time from here on. */
  struct pollfd noticed = { .fd = fcntl (g_socket_get_fd (connected), F_DUPFD_CLOEXEC, 3) };

  g_dbus_connection_flush_sync (bus, NULL, NULL);
  if (noticed.fd < 0)
    return;
  if (g_socket_shutdown (connected, FALSE, TRUE, NULL))
    poll (&noticed, 1, DAEMON_TIMEOUT_MSEC);
  close (noticed.fd);
}

static gboolean
end_or_close (GDBusConnection *bus, gboolean may_close)
{
  g_auto (Place) place = { 0 };
  gboolean has_ended;
  int lock_fd;

  if (g_dbus_connection_is_closed (bus) || !place_init (&place, NULL) || !is_known (&place) ||
      (lock_fd = take_lock (&place, NULL)) < 0)
    return FALSE;
  has_ended = is_alone (bus) && end (bus, &place);
  if (!has_ended && may_close)
    close_and_wait (bus);
  close (lock_fd);
  return has_ended;
}

gboolean
troupe_private_bus_end_if_alone (GDBusConnection *bus)
{
  return end_or_close (bus, FALSE);
}

void
troupe_private_bus_leave (GDBusConnection *bus)
{
  end_or_close (bus, TRUE);
}
