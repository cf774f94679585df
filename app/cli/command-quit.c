/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl quit: stop everything and end the engine. */

#include "config.h"

#include "base/error.h"
#include "cli/command.h"
#include "cli/stopping.h"

static void
gone_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* The engine has answered and still has to leave; whoever comes next shall not meet it. */
static void
wait_until_gone (TroupeEngineClient *client)
{
  gboolean gone = FALSE;
  guint watch;

  watch = g_bus_watch_name_on_connection (troupe_engine_client_get_connection (client),
                                          troupe_engine_client_get_owner (client), G_BUS_NAME_WATCHER_FLAGS_NONE,
                                          NULL, gone_cb, &gone, NULL);
  while (!gone)
    g_main_context_iteration (NULL, TRUE);
  g_bus_unwatch_name (watch);
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (TroupeRoster) roster = NULL;
  g_autoptr (GError) error = NULL;
  gboolean left;

  if (!troupe_command_parse (command, NULL, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 0, 0))
    return TROUPE_EXIT_USAGE;
  left = troupe_engine_client_keepers_are_left ();
  client = troupe_engine_client_new (left ? TROUPE_ENGINE_START : TROUPE_ENGINE_IF_RUNNING, &error);
  /* Where nothing runs, that is what was asked for. But a bus that cannot be reached tells nothing. */
  if (client == NULL)
    return error != NULL ? troupe_command_report (error) : TROUPE_EXIT_DONE;
  roster = troupe_roster_new (client);
  if (!troupe_stopping_call (client, roster, "Quit", NULL, NULL, &error))
    return troupe_command_report (error);
  wait_until_gone (client);
  return TROUPE_EXIT_DONE;
}

const TroupeCommand troupe_command_quit = {
  "quit",
  "",
  "Stop everything and end the engine",
  "Returns when no process of any run is left. Without an engine there is nothing to do.",
  run,
};
