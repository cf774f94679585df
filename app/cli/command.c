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

static const GOptionEntry *
find_entry (const GOptionEntry *entries, const char *argument)
{
  for (const GOptionEntry *entry = entries; entry != NULL && entry->long_name != NULL; entry++)
    if (g_str_has_prefix (argument, "--") ? strcmp (argument + 2, entry->long_name) == 0
                                          : entry->short_name != 0 && argument[1] == entry->short_name)
      return entry;
  return NULL;
}

static gboolean
takes_value (const GOptionEntry *entry)
{
  return entry != NULL && entry->arg != G_OPTION_ARG_NONE && entry->arg != G_OPTION_ARG_CALLBACK;
}

/* GLib knows "-n 5" and not "-n5", which people type. The new array lives as long as the program,
 * as argv does. */
static void
split_short_options (const GOptionEntry *entries, TroupeParseMode mode, int *argc, char ***argv)
{
  static GPtrArray *split = NULL;
  int i = 1;

  g_clear_pointer (&split, g_ptr_array_unref);
  split = g_ptr_array_new ();
  g_ptr_array_add (split, (*argv)[0]);
  for (; i < *argc; i++)
    {
      char *argument = (*argv)[i];
      const GOptionEntry *entry = find_entry (entries, argument);
      gboolean is_option = argument[0] == '-' && argument[1] != '\0';

      if (strcmp (argument, "--") == 0 || (!is_option && mode == TROUPE_PARSE_UNTIL_ARGUMENT))
        break;
      if (is_option && argument[1] != '-' && argument[2] != '\0' && takes_value (entry))
        {
          static char short_options[256][3];
          char *option = short_options[(guchar) argument[1]];

          option[0] = '-';
          option[1] = argument[1];
          g_ptr_array_add (split, option);
          g_ptr_array_add (split, argument + 2);
          continue;
        }
      g_ptr_array_add (split, argument);
      if (is_option && takes_value (entry) && i + 1 < *argc)
        g_ptr_array_add (split, (*argv)[++i]);
    }
  for (; i < *argc; i++)
    g_ptr_array_add (split, (*argv)[i]);
  *argc = (int) split->len;
  g_ptr_array_add (split, NULL);
  *argv = (char **) split->pdata;
}

gboolean
troupe_command_parse (const TroupeCommand *command, const GOptionEntry *entries, TroupeParseMode mode, int *argc,
                      char ***argv)
{
  g_autoptr (GOptionGroup) group = g_option_group_new (command->name, "", "", NULL, NULL);

  if (entries != NULL)
    g_option_group_add_entries (group, entries);
  split_short_options (entries, mode, argc, argv);
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
  if (g_error_matches (plain, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT))
    {
      /* As many as there are places in the file that are wrong. */
      g_auto (GStrv) lines = g_strsplit (plain->message, "\n", -1);

      for (gsize i = 0; lines[i] != NULL; i++)
        print_one_line ("troupectl", lines[i]);
    }
  else
    print_one_line ("troupectl", plain->message);
  return code;
}
