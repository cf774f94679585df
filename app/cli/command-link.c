/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl link, unlink: what one program's workers send, another's receive. */

#include "config.h"

#include "cli/command.h"
#include "cli/engine-client.h"

static int
set_link (const TroupeCommand *command, int argc, char **argv, gboolean linked)
{
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (GError) error = NULL;

  if (!troupe_command_parse (command, NULL, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 2, 2))
    return TROUPE_EXIT_USAGE;
  client = troupe_engine_client_new (TROUPE_ENGINE_START, &error);
  if (client == NULL ||
      !troupe_bus_engine1_call_link_sync (troupe_engine_client_get_manager (client), argv[1], argv[2], linked, NULL,
                                          &error))
    return troupe_command_report (error);
  return TROUPE_EXIT_DONE;
}

static int
run_link (const TroupeCommand *command, int argc, char **argv)
{
  return set_link (command, argc, argv, TRUE);
}

static int
run_unlink (const TroupeCommand *command, int argc, char **argv)
{
  return set_link (command, argc, argv, FALSE);
}

const TroupeCommand troupe_command_link = {
  "link",
  "FROM TO",
  "Pass on what one program sends to another",
  "FROM and TO are programs of kind fork in one project. Each message of a worker of FROM\n"
  "goes to one worker of TO, in turn; “troupectl messages TO” shows it with its sender.",
  run_link,
};

const TroupeCommand troupe_command_unlink = {
  "unlink",
  "FROM TO",
  "Take a link between two programs away",
  NULL,
  run_unlink,
};
