/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl: finds the command in the table and runs it. */

#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "project/program-name.h"

/* In the order in which one meets them. */
static const TroupeCommand *const commands[] = {
  &troupe_command_run,    &troupe_command_up,      &troupe_command_down,   &troupe_command_list,
  &troupe_command_logs,   &troupe_command_wait,    &troupe_command_input,  &troupe_command_signal,
  &troupe_command_send,   &troupe_command_messages, &troupe_command_link,  &troupe_command_unlink,
  &troupe_command_disconnect,
  &troupe_command_start,  &troupe_command_stop,    &troupe_command_restart, &troupe_command_reload,
  &troupe_command_scale,  &troupe_command_remove,
  &troupe_command_events, &troupe_command_quit,
};

static const TroupeCommand *
find_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}

static void
print_help (FILE *out)
{
  fputs ("Usage:\n"
         "  troupectl COMMAND [OPTION...] [ARGUMENT...]\n"
         "\n"
         "Launches, watches and directs processes.\n"
         "\n"
         "Commands:\n",
         out);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  %-10s  %s\n", commands[i]->name, commands[i]->summary);
  fputs ("\n"
         "“troupectl COMMAND --help” tells more about each, and so does the manual troupectl(1).\n"
         "A NAME is a worker (web.1), a program (web: all its workers), or either with its\n"
         "project before it (shop/web).\n"
         "\n"
         "Exit codes: 0 done, 1 failed, 2 usage, 3 no such worker, 4 engine not reachable.\n",
         out);
}

static int
report_unknown (const char *name)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };
  const char *meant;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i]->name;
  meant = troupe_name_find_similar (name, names);
  if (meant != NULL)
    troupe_command_complain ("There is no command “%s”; did you mean “%s”?", name, meant);
  else
    troupe_command_complain ("There is no command “%s”; “troupectl --help” shows them all", name);
  return TROUPE_EXIT_USAGE;
}

/* troupectl help [COMMAND] */
static int
help (int argc, char **argv)
{
  const TroupeCommand *command = argc > 2 ? find_command (argv[2]) : NULL;
  char *arguments[] = { NULL, (char *) "--help", NULL };

  if (argc > 2 && command == NULL)
    return report_unknown (argv[2]);
  if (command != NULL)
    {
      arguments[0] = argv[2];
      return command->run (command, 2, arguments);
    }
  print_help (stdout);
  return TROUPE_EXIT_DONE;
}

int
main (int argc, char **argv)
{
  const TroupeCommand *command;

  setlocale (LC_ALL, "");
  if (argc < 2)
    {
      print_help (stderr);
      return TROUPE_EXIT_USAGE;
    }
  if (strcmp (argv[1], "--version") == 0)
    {
      printf ("troupectl %s\n", TROUPE_VERSION);
      return TROUPE_EXIT_DONE;
    }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0)
    return help (argc, argv);
  command = find_command (argv[1]);
  if (command == NULL)
    return report_unknown (argv[1]);
  return command->run (command, argc - 1, argv + 1);
}
