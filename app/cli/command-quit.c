/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl quit: stop everything and end the engine. */

#include "config.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/stopping.h"

/* From its last word on the bus to the end of its process. */
#define PROCESS_END_TIMEOUT_MSEC 5000

static void
gone_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* A descriptor that is readable when the engine's process has ended, or -1. */
static int
open_process (TroupeEngineClient *client)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      troupe_engine_client_get_connection (client), "org.freedesktop.DBus", "/org/freedesktop/DBus",
      "org.freedesktop.DBus", "GetConnectionUnixProcessID",
      g_variant_new ("(s)", troupe_engine_client_get_owner (client)), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE,
      -1, NULL, NULL);
  guint32 pid = 0;

  if (reply != NULL)
    g_variant_get (reply, "(u)", &pid);
  return pid != 0 ? (int) syscall (SYS_pidfd_open, (pid_t) pid, 0) : -1;
}

/* The engine has answered and still has to leave the bus, and then to end; whoever comes next
 * shall meet neither its name nor its process. */
static void
wait_until_gone (TroupeEngineClient *client, int process)
{
  struct pollfd end = { .fd = process, .events = POLLIN };
  gboolean gone = FALSE;
  guint watch;

  watch = g_bus_watch_name_on_connection (troupe_engine_client_get_connection (client),
                                          troupe_engine_client_get_owner (client), G_BUS_NAME_WATCHER_FLAGS_NONE,
                                          NULL, gone_cb, &gone, NULL);
  while (!gone)
    g_main_context_iteration (NULL, TRUE);
  g_bus_unwatch_name (watch);
  if (process < 0)
    return;
  poll (&end, 1, PROCESS_END_TIMEOUT_MSEC);
  close (process);
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (TroupeRoster) roster = NULL;
  g_autoptr (GError) error = NULL;
  gboolean left;
  int process;

  if (!troupe_command_parse (command, NULL, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 0, 0))
    return TROUPE_EXIT_USAGE;
  left = troupe_engine_client_keepers_are_left ();
  client = troupe_engine_client_new (left ? TROUPE_ENGINE_START : TROUPE_ENGINE_IF_RUNNING, &error);
  /* Where nothing runs, that is what was asked for. But a bus that cannot be reached tells nothing. */
  if (client == NULL)
    return error != NULL ? troupe_command_report (error) : TROUPE_EXIT_DONE;
  roster = troupe_roster_new (client);
  process = open_process (client);
  if (!troupe_stopping_call (client, roster, "Quit", NULL, NULL, &error))
    return troupe_command_report (error);
  wait_until_gone (client, process);
  return TROUPE_EXIT_DONE;
}

const TroupeCommand troupe_command_quit = {
  "quit",
  "",
  "Stop everything and end the engine",
  "Returns when no process of any run is left. Without an engine there is nothing to do.",
  run,
};
