/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Options, errors and exit codes of all commands. Text goes out with stdio and not with
 * g_print(), which would replace “…” in the C locale. */

#include "config.h"

#include "cli/command.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* An error is one line, whatever it was made from. */
static void
print_one_line (const char *prefix, const char *message)
{
  g_autofree char *line = g_strdup (message);

  g_strchomp (g_strdelimit (line, "\n\r", ' '));
  fprintf (stderr, "%s: %s\n", prefix, line);
}

/* GLib leaves the “--” that ended the options where a later argument begins with a dash. */
static void
drop_separator (TroupeParseMode mode, int *argc, char **argv)
{
  for (int i = 1; i < *argc; i++)
    {
      if (strcmp (argv[i], "--") == 0)
        {
          memmove (argv + i, argv + i + 1, sizeof (char *) * (gsize) (*argc - i));
          (*argc)--;
          return;
        }
      /* What follows the command is the command's own. */
      if (mode == TROUPE_PARSE_UNTIL_ARGUMENT)
        return;
    }
}

gboolean
troupe_command_parse_group (const TroupeCommand *command, GOptionGroup *group, TroupeParseMode mode, int *argc,
                            char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (command->arguments);
  g_autofree char *prgname = g_strconcat ("troupectl ", command->name, NULL);
  g_autoptr (GError) error = NULL;

  g_set_prgname (prgname);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->details);
  g_option_context_set_strict_posix (context, mode == TROUPE_PARSE_UNTIL_ARGUMENT);
  g_option_context_set_main_group (context, g_option_group_ref (group));
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      troupe_command_usage_error (command, "%s", error->message);
      return FALSE;
    }
  drop_separator (mode, argc, *argv);
  (*argv)[*argc] = NULL;
  return TRUE;
}

gboolean
troupe_command_parse (const TroupeCommand *command, const GOptionEntry *entries, TroupeParseMode mode, int *argc,
                      char ***argv)
{
  g_autoptr (GOptionGroup) group = g_option_group_new (command->name, "", "", NULL, NULL);

  if (entries != NULL)
    g_option_group_add_entries (group, entries);
  return troupe_command_parse_group (command, group, mode, argc, argv);
}

gboolean
troupe_command_check_count (const TroupeCommand *command, int argc, int min, int max)
{
  int n = argc - 1;

  if (n >= min && (max < 0 || n <= max))
    return TRUE;
  if (n < min)
    troupe_command_usage_error (command, "expected %s", command->arguments);
  else
    troupe_command_usage_error (command, "too many arguments, expected %s",
                                max == 0 ? "none" : command->arguments);
  return FALSE;
}

int
troupe_command_usage_error (const TroupeCommand *command, const char *format, ...)
{
  g_autofree char *message = NULL, *prefix = g_strconcat ("troupectl ", command->name, NULL);
  g_autofree char *full = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  full = g_strdup_printf ("%s; see “troupectl %s --help”", message, command->name);
  print_one_line (prefix, full);
  return TROUPE_EXIT_USAGE;
}

void
troupe_command_complain (const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  print_one_line ("troupectl", message);
}

TroupeExit
troupe_command_exit_for_error (const GError *error)
{
  if (error->domain == TROUPE_ERROR)
    switch ((TroupeErrorCode) error->code)
      {
      case TROUPE_ERROR_NO_SUCH_WORKER:
      case TROUPE_ERROR_AMBIGUOUS_NAME:
        return TROUPE_EXIT_NO_SUCH_WORKER;
      case TROUPE_ERROR_ENGINE_UNREACHABLE:
        return TROUPE_EXIT_UNREACHABLE;
      case TROUPE_ERROR_FAILED:
      case TROUPE_ERROR_INVALID_DEFINITION:
      case TROUPE_ERROR_INVALID_PROJECT:
      case TROUPE_ERROR_WRONG_STATE:
      case TROUPE_ERROR_LAUNCH_FAILED:
      case TROUPE_ERROR_LIMIT:
        return TROUPE_EXIT_FAILED;
      }
  /* What the bus says when the engine went away in the middle of a call. */
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return TROUPE_EXIT_UNREACHABLE;
  return TROUPE_EXIT_FAILED;
}

int
troupe_command_report (const GError *error)
{
  g_autoptr (GError) plain = g_error_copy (error);
  TroupeExit code = troupe_command_exit_for_error (error);

  g_dbus_error_strip_remote_error (plain);
  if (code == TROUPE_EXIT_UNREACHABLE && error->domain != TROUPE_ERROR)
    g_prefix_error (&plain, "The engine went away: ");
  print_one_line ("troupectl", plain->message);
  return code;
}
