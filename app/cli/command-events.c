/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl events: what happened to workers, from the journals of all their runs. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/event-text.h"
#include "cli/journal-names.h"
#include "cli/journal-set.h"
#include "cli/terminal-text.h"

typedef struct
{
  gboolean json, colored;
  GTimeZone *zone;
} Style;

static void
print_events (TroupeJournalSet *set, const Style *style)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const TroupeLogLine *line;
  TroupeLogSource *source;

  while ((line = troupe_log_merge_next (troupe_journal_set_get_merge (set), &source)) != NULL)
    {
      TroupeEventLine event = { .time_usec = line->time_usec,
                                .project = troupe_log_source_get_project (source),
                                .worker = troupe_log_source_get_worker (source),
                                .run = line->run,
                                .payload = line->text,
                                .payload_length = line->length };

      if (line->kind == TROUPE_RECORD_LOST)
        continue;
      g_string_truncate (text, 0);
      if (style->json)
        troupe_event_append_json (text, &event);
      else
        troupe_event_append_text (text, &event, style->zone, style->colored);
      g_string_append_c (text, '\n');
      fwrite (text->str, 1, text->len, stdout);
    }
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  static const TroupeJournalPart parts[] = {
    { TROUPE_LOG_OUTPUT, TROUPE_STREAM_MASK (TROUPE_STREAM_EVENTS) },
    { TROUPE_LOG_ACTIVITY, TROUPE_STREAM_MASK (TROUPE_STREAM_EVENTS) },
  };
  gboolean follow = FALSE;
  Style style = { FALSE, FALSE, NULL };
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "Go on with what comes", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &style.json, "Print one JSON object a line", NULL },
    { NULL }
  };
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr (TroupeJournalSet) set = NULL;
  g_autoptr (GPtrArray) places = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *root = NULL;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv))
    return TROUPE_EXIT_USAGE;
  places = troupe_journal_names_resolve (argv + 1, &root, &error);
  if (places == NULL)
    return troupe_command_report (error);
  style.colored = troupe_terminal_wants_color (STDOUT_FILENO);
  style.zone = zone;
  set = troupe_journal_set_new (root, parts, G_N_ELEMENTS (parts), TROUPE_RUNS_ALL, 0);
  for (guint i = 0; i < places->len; i++)
    troupe_journal_set_add (set, places->pdata[i]);
  if (!follow)
    {
      troupe_log_merge_set_final (troupe_journal_set_get_merge (set), TRUE);
      print_events (set, &style);
      return TROUPE_EXIT_DONE;
    }
  if (argc == 1)
    troupe_journal_set_add_new_workers (set);
  for (;;)
    {
      print_events (set, &style);
      if (fflush (stdout) == EOF)
        return TROUPE_EXIT_FAILED;
      troupe_journal_set_wait (set);
    }
}

const TroupeCommand troupe_command_events = {
  "events",
  "[NAME...]",
  "Show what happened to workers: starts, ends, restarts",
  "Of all runs that are kept, in order of time. Without NAME: of all workers.\n"
  "With --json each line is an object with time, worker, event and what belongs to the event.",
  run,
};
