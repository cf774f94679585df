/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl logs: output of workers, from their journals. Asks the engine for names only, so it
 * works without one, and goes on when one dies. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/journal-names.h"
#include "cli/journal-set.h"
#include "cli/log-printer.h"
#include "cli/log-tail.h"
#include "cli/run-choice.h"
#include "cli/terminal-text.h"
#include "cli/worker-name.h"

#define STDOUT_BUFFER_SIZE (256 * 1024)
#define BOTH_STREAMS (TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR))
/* With more lines than this it is quicker to read everything than to look each of them up. */
#define TAIL_LOOKUP_MAX 20000

typedef struct
{
  GPtrArray *places;
  char *root;
  unsigned mask;
  TroupeChosenRuns runs;
  gboolean all_names; /* no name was given */
  gboolean follow;
  gint64 lines; /* -1: all */
  TroupeLogFormat format;
} Logs;

static void
logs_clear (Logs *logs)
{
  g_clear_pointer (&logs->places, g_ptr_array_unref);
  g_clear_pointer (&logs->root, g_free);
  g_clear_pointer (&logs->format.grep, g_regex_unref);
  g_clear_pointer (&logs->format.zone, g_time_zone_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Logs, logs_clear)

static TroupeJournalSet *
open_set (const Logs *logs)
{
  TroupeJournalPart part = { TROUPE_LOG_OUTPUT, logs->mask };
  TroupeJournalSet *set = troupe_journal_set_new (logs->root, &part, 1, logs->runs.choice,
                                                    logs->runs.run);
  TroupeLogMerge *merge = troupe_journal_set_get_merge (set);

  for (guint i = 0; i < logs->places->len; i++)
    troupe_journal_set_add (set, logs->places->pdata[i]);
  for (guint i = 0; logs->format.since_usec != 0 && i < troupe_log_merge_get_n_sources (merge); i++)
    troupe_log_source_set_since (troupe_log_merge_get_source (merge, i), logs->format.since_usec);
  return set;
}

static gboolean
is_filtered (const Logs *logs)
{
  return logs->format.grep != NULL || logs->format.since_usec != 0 || logs->format.until_usec != 0;
}

/* Hands out the next line to print, NULL when there is none now. */
static const TroupeLogLine *
next_wanted (const Logs *logs, TroupeLogMerge *merge, TroupeLogPrinter *printer, TroupeLogSource **source)
{
  const TroupeLogLine *line;

  while ((line = troupe_log_merge_next (merge, source)) != NULL)
    {
      /* They come in order of time. */
      if (logs->format.until_usec != 0 && line->time_usec > logs->format.until_usec)
        return NULL;
      if (troupe_log_printer_wants (printer, *source, line))
        return line;
    }
  return NULL;
}

/* How many lines would be printed: the first of two passes, so that nothing has to be kept. */
static guint64
count_lines (const Logs *logs)
{
  g_autoptr (TroupeJournalSet) set = open_set (logs);
  g_autoptr (TroupeLogPrinter) printer = troupe_log_printer_new (&logs->format, stdout);
  TroupeLogMerge *merge = troupe_journal_set_get_merge (set);
  const TroupeLogLine *line;
  TroupeLogSource *source;
  guint64 n = 0;

  troupe_log_merge_set_final (merge, TRUE);
  while ((line = next_wanted (logs, merge, printer, &source)) != NULL)
    n += line->begins ? 1 : 0;
  return n;
}

static void
print_lines (const Logs *logs, TroupeJournalSet *set, TroupeLogPrinter *printer, guint64 skip)
{
  TroupeLogMerge *merge = troupe_journal_set_get_merge (set);
  const TroupeLogLine *line;
  TroupeLogSource *source;

  while ((line = next_wanted (logs, merge, printer, &source)) != NULL)
    {
      if (line->begins && skip > 0)
        skip--;
      else
        troupe_log_printer_print (printer, source, line);
    }
}

/* A prompt has no newline; with one worker it can be shown as it is. */
static void
release_prompt (const Logs *logs, TroupeJournalSet *set)
{
  TroupeLogMerge *merge = troupe_journal_set_get_merge (set);

  if (troupe_log_merge_get_n_sources (merge) == 1 && logs->format.grep == NULL)
    troupe_log_source_release_unfinished (troupe_log_merge_get_source (merge, 0));
}

static int
print_logs (const Logs *logs)
{
  g_autoptr (TroupeJournalSet) set = NULL;
  g_autoptr (TroupeLogPrinter) printer = troupe_log_printer_new (&logs->format, stdout);
  guint64 skip = 0;

  if (logs->lines >= 0 && (is_filtered (logs) || logs->lines > TAIL_LOOKUP_MAX))
    {
      guint64 n = count_lines (logs);

      skip = n > (guint64) logs->lines ? n - (guint64) logs->lines : 0;
    }
  set = open_set (logs);
  if (logs->lines >= 0 && !is_filtered (logs) && logs->lines <= TAIL_LOOKUP_MAX)
    troupe_log_tail_seek (troupe_journal_set_get_merge (set), logs->mask, (guint64) logs->lines);
  if (!logs->follow)
    {
      troupe_log_merge_set_final (troupe_journal_set_get_merge (set), TRUE);
      print_lines (logs, set, printer, skip);
      return TROUPE_EXIT_DONE;
    }
  if (logs->all_names)
    troupe_journal_set_add_new_workers (set);
  print_lines (logs, set, printer, skip);
  for (;;)
    {
      release_prompt (logs, set);
      print_lines (logs, set, printer, 0);
      if (fflush (stdout) == EOF)
        return TROUPE_EXIT_FAILED;
      troupe_journal_set_wait (set);
    }
}

static gboolean
parse_stream (const char *text, unsigned *mask, GError **error)
{
  if (text == NULL)
    *mask = BOTH_STREAMS;
  else if (strcmp (text, "stdout") == 0)
    *mask = TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT);
  else if (strcmp (text, "stderr") == 0)
    *mask = TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR);
  else
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "--stream “%s”: expected stdout or stderr", text);
      return FALSE;
    }
  return TRUE;
}

static void
set_format (Logs *logs)
{
  logs->format.names = logs->places->len > 1 || (logs->all_names && logs->follow);
  logs->format.colored = troupe_terminal_wants_color (STDOUT_FILENO);
  logs->format.safe = isatty (STDOUT_FILENO);
  logs->format.zone = g_time_zone_new_local ();
  for (guint i = 0; logs->format.safe && i < logs->places->len; i++)
    {
      const TroupeJournalPlace *place = logs->places->pdata[i];
      g_autofree char *name = troupe_worker_name_dup_full (place->project, place->worker);

      logs->format.name_width = MAX (logs->format.name_width, troupe_terminal_get_width (name));
    }
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  static char stdout_buffer[STDOUT_BUFFER_SIZE];
  g_auto (Logs) logs = { .lines = -1 };
  g_autofree char *since = NULL, *until = NULL, *stream = NULL, *grep = NULL, *run_text = NULL;
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &logs.follow, "Go on with what comes", NULL },
    { "lines", 'n', 0, G_OPTION_ARG_INT64, &logs.lines, "Only the last N lines", "N" },
    { "since", 's', 0, G_OPTION_ARG_FILENAME, &since, "Only from then on: 10m, \"2h ago\", 12:01, 2024-05-01T12:01",
      "TIME" },
    { "until", 'u', 0, G_OPTION_ARG_FILENAME, &until, "Only up to then", "TIME" },
    { "stream", 0, 0, G_OPTION_ARG_FILENAME, &stream, "Only stdout, or only stderr", "STREAM" },
    { "grep", 'g', 0, G_OPTION_ARG_FILENAME, &grep, "Only lines that match", "REGEX" },
    { "run", 'r', 0, G_OPTION_ARG_FILENAME, &run_text, "That run; the last one if absent", "N|all" },
    { "timestamps", 't', 0, G_OPTION_ARG_NONE, &logs.format.timestamps, "Put the time before each line", NULL },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  gboolean has_lines;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv))
    return TROUPE_EXIT_USAGE;
  has_lines = logs.lines != -1;
  if (has_lines && logs.lines < 0)
    return troupe_command_usage_error (command, "--lines: expected a number of lines");
  if (logs.follow && until != NULL)
    return troupe_command_usage_error (command, "--follow and --until do not go together");
  if (!troupe_run_choice_parse_time ("--since", since, &logs.format.since_usec, &error) ||
      !troupe_run_choice_parse_time ("--until", until, &logs.format.until_usec, &error) ||
      !parse_stream (stream, &logs.mask, &error) ||
      !troupe_run_choice_parse (run_text, since != NULL || until != NULL, &logs.runs, &error))
    return troupe_command_usage_error (command, "%s", error->message);
  /* Output is bytes, so the expression sees bytes. */
  if (grep != NULL && (logs.format.grep = g_regex_new (grep, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &error)) == NULL)
    return troupe_command_usage_error (command, "--grep: %s", error->message);
  logs.all_names = argc == 1;
  logs.places = troupe_journal_names_resolve (argv + 1, &logs.root, &error);
  if (logs.places == NULL || !troupe_run_choice_check (&logs.runs, logs.places, &error))
    return troupe_command_report (error);
  set_format (&logs);
  setvbuf (stdout, stdout_buffer, _IOFBF, sizeof stdout_buffer);
  return print_logs (&logs);
}

const TroupeCommand troupe_command_logs = {
  "logs",
  "[NAME...]",
  "Show the output of workers, also of ended runs",
  "Several workers are merged in order of time, with their names. Without NAME: all workers.\n"
  "Shows the last run; with --since or --until, or --run all, every run that is kept.",
  run,
};
