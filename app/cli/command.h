/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What troupectl's commands have in common: their row in the table, their options, their
 * errors and their exit codes. */

typedef enum
{
  TROUPE_EXIT_DONE = 0,
  TROUPE_EXIT_FAILED = 1,
  TROUPE_EXIT_USAGE = 2,
  TROUPE_EXIT_NO_SUCH_WORKER = 3,
  TROUPE_EXIT_UNREACHABLE = 4,
} TroupeExit;

typedef struct _TroupeCommand TroupeCommand;

struct _TroupeCommand
{
  const char *name;
  const char *arguments; /* as the usage line shows them: "NAME SIGNAL" */
  const char *summary;   /* one line for troupectl --help */
  const char *details;   /* (nullable) what --help says below the options */
  /* Runs the command; argv[0] is its name. Returns the exit code. */
  int (*run) (const TroupeCommand *command, int argc, char **argv);
};

typedef enum
{
  TROUPE_PARSE_ANYWHERE,       /* options may stand between arguments */
  TROUPE_PARSE_UNTIL_ARGUMENT, /* the first argument ends the options: run CMD -x */
} TroupeParseMode;

/* Parses options; what stays in argv are the arguments. --help prints and exits with 0. On
 * FALSE the error was printed and the command returns TROUPE_EXIT_USAGE. */
gboolean troupe_command_parse (const TroupeCommand *command, const GOptionEntry *entries,
                               TroupeParseMode mode, int *argc, char ***argv);

/* The same, for options whose callbacks want data. */
gboolean troupe_command_parse_group (const TroupeCommand *command, GOptionGroup *group, TroupeParseMode mode,
                                     int *argc, char ***argv);

/* Checks the number of arguments after the command's name; MAX -1: any number. */
gboolean troupe_command_check_count (const TroupeCommand *command, int argc, int min, int max);

/* Prints “troupectl run: MESSAGE; see troupectl run --help”. Returns TROUPE_EXIT_USAGE. */
int troupe_command_usage_error (const TroupeCommand *command, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Prints the error on one line, that of a project file on one for each place that is wrong. Returns the exit code that
 * belongs to it. */
int troupe_command_report (const GError *error);

/* One line on standard error, with “troupectl: ” before it. */
void troupe_command_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The exit code that belongs to ERROR. */
TroupeExit troupe_command_exit_for_error (const GError *error);

extern const TroupeCommand troupe_command_run;
extern const TroupeCommand troupe_command_up;
extern const TroupeCommand troupe_command_down;
extern const TroupeCommand troupe_command_list;
extern const TroupeCommand troupe_command_logs;
extern const TroupeCommand troupe_command_events;
extern const TroupeCommand troupe_command_wait;
extern const TroupeCommand troupe_command_input;
extern const TroupeCommand troupe_command_signal;
extern const TroupeCommand troupe_command_send;
extern const TroupeCommand troupe_command_messages;
extern const TroupeCommand troupe_command_link;
extern const TroupeCommand troupe_command_unlink;
extern const TroupeCommand troupe_command_disconnect;
extern const TroupeCommand troupe_command_start;
extern const TroupeCommand troupe_command_stop;
extern const TroupeCommand troupe_command_restart;
extern const TroupeCommand troupe_command_reload;
extern const TroupeCommand troupe_command_scale;
extern const TroupeCommand troupe_command_remove;
extern const TroupeCommand troupe_command_quit;

G_END_DECLS
