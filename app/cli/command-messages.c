/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl messages: what workers were told and what they said, from their journals. Asks the engine
 * for names only, so it works without one. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/journal-names.h"
#include "cli/journal-set.h"
#include "cli/message-text.h"
#include "cli/run-choice.h"
#include "cli/terminal-text.h"
#include "cli/worker-name.h"

#define STDOUT_BUFFER_SIZE (256 * 1024)
/* What is kept of a printed message's buffer. */
#define TEXT_KEEP_BYTES (1024 * 1024)

typedef struct
{
  GPtrArray *places;
  char *root;
  TroupeChosenRuns runs;
  guint64 since_usec;
  gint64 lines; /* -1: all */
  gboolean follow, json;
  TroupeMessageStyle style;
} Messages;

static void
messages_clear (Messages *messages)
{
  g_clear_pointer (&messages->places, g_ptr_array_unref);
  g_clear_pointer (&messages->root, g_free);
  g_clear_pointer (&messages->style.zone, g_time_zone_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Messages, messages_clear)

/* Long messages come in pieces, and between them may stand those of other workers. */
typedef struct
{
  const Messages *messages;
  TroupeJournalSet *set;
  GHashTable *unfinished; /* (owned) TroupeLogSource to (owned) GString */
  GString *text;
} Printer;

static void
free_string (gpointer string)
{
  g_string_free (string, TRUE);
}

static void
printer_clear (Printer *printer)
{
  g_clear_pointer (&printer->set, troupe_journal_set_free);
  g_clear_pointer (&printer->unfinished, g_hash_table_unref);
  g_string_free (printer->text, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Printer, printer_clear)

static TroupeJournalSet *
open_set (const Messages *messages)
{
  static const TroupeJournalPart part = { TROUPE_LOG_ACTIVITY, TROUPE_STREAM_MASK (TROUPE_STREAM_MESSAGES) };
  TroupeJournalSet *set
      = troupe_journal_set_new (messages->root, &part, 1, messages->runs.choice, messages->runs.run);
  TroupeLogMerge *merge = troupe_journal_set_get_merge (set);

  for (guint i = 0; i < messages->places->len; i++)
    troupe_journal_set_add (set, messages->places->pdata[i]);
  for (guint i = 0; messages->since_usec != 0 && i < troupe_log_merge_get_n_sources (merge); i++)
    troupe_log_source_set_since (troupe_log_merge_get_source (merge, i), messages->since_usec);
  return set;
}

static gboolean
is_wanted (const Messages *messages, const TroupeLogLine *line)
{
  if (messages->since_usec != 0 && line->time_usec < messages->since_usec)
    return FALSE;
  return !messages->json || line->kind != TROUPE_RECORD_LOST;
}

/* How many there are: the first of two passes, so that nothing has to be kept. */
static guint64
count_messages (const Messages *messages)
{
  g_autoptr (TroupeJournalSet) set = open_set (messages);
  TroupeLogMerge *merge = troupe_journal_set_get_merge (set);
  const TroupeLogLine *line;
  guint64 n = 0;

  troupe_log_merge_set_final (merge, TRUE);
  while ((line = troupe_log_merge_next (merge, NULL)) != NULL)
    n += line->ends && is_wanted (messages, line) ? 1 : 0;
  return n;
}

static void
print_message (Printer *printer, TroupeLogSource *source, const TroupeLogLine *line, const char *text, gsize length)
{
  const Messages *messages = printer->messages;
  TroupeMessageLine message = { .time_usec = line->time_usec,
                                .project = troupe_log_source_get_project (source),
                                .worker = troupe_log_source_get_worker (source),
                                .run = line->run,
                                .kind = line->kind,
                                .text = text,
                                .length = length };

  g_string_truncate (printer->text, 0);
  if (line->kind == TROUPE_RECORD_LOST)
    g_string_append_printf (printer->text, "… %" G_GSIZE_FORMAT " bytes of messages are missing here: the journal "
                            "could not keep them …", line->length);
  else if (messages->json)
    troupe_message_append_json (printer->text, &message);
  else
    troupe_message_append_text (printer->text, &message, &messages->style);
  g_string_append_c (printer->text, '\n');
  fwrite (printer->text->str, 1, printer->text->len, stdout);
  if (printer->text->allocated_len > TEXT_KEEP_BYTES)
    {
      g_string_free (printer->text, TRUE);
      printer->text = g_string_new (NULL);
    }
}

/* Prints what is there but for the first SKIP. What has no end yet (it is being written, or was cut off
 * by a crash) is no message. */
static void
print_messages (Printer *printer, guint64 skip)
{
  TroupeLogMerge *merge = troupe_journal_set_get_merge (printer->set);
  const TroupeLogLine *line;
  TroupeLogSource *source;

  while ((line = troupe_log_merge_next (merge, &source)) != NULL)
    {
      GString *begun = g_hash_table_lookup (printer->unfinished, source);

      if (!is_wanted (printer->messages, line))
        continue;
      if (line->ends && skip > 0)
        {
          skip--;
          g_hash_table_remove (printer->unfinished, source);
          continue;
        }
      if (line->begins)
        {
          if (begun != NULL)
            g_hash_table_remove (printer->unfinished, source);
          begun = NULL;
        }
      if (line->begins && line->ends)
        {
          print_message (printer, source, line, line->text, line->length);
          continue;
        }
      if (begun == NULL)
        {
          begun = g_string_new (NULL);
          g_hash_table_insert (printer->unfinished, source, begun);
        }
      g_string_append_len (begun, line->text, (gssize) line->length);
      if (line->ends)
        {
          print_message (printer, source, line, begun->str, begun->len);
          g_hash_table_remove (printer->unfinished, source);
        }
    }
}

static int
show (const Messages *messages)
{
  g_auto (Printer) printer = { messages, NULL, g_hash_table_new_full (NULL, NULL, NULL, free_string),
                               g_string_new (NULL) };
  guint64 skip = 0;

  if (messages->lines >= 0)
    {
      guint64 n = count_messages (messages);

      skip = n > (guint64) messages->lines ? n - (guint64) messages->lines : 0;
    }
  printer.set = open_set (messages);
  if (!messages->follow)
    {
      troupe_log_merge_set_final (troupe_journal_set_get_merge (printer.set), TRUE);
      print_messages (&printer, skip);
      return fflush (stdout) == EOF ? TROUPE_EXIT_FAILED : TROUPE_EXIT_DONE;
    }
  for (;;)
    {
      print_messages (&printer, skip);
      skip = 0;
      if (fflush (stdout) == EOF)
        return TROUPE_EXIT_FAILED;
      troupe_journal_set_wait (printer.set);
    }
}

static void
set_style (Messages *messages)
{
  messages->style.names = messages->places->len > 1;
  messages->style.colored = troupe_terminal_wants_color (STDOUT_FILENO);
  messages->style.zone = g_time_zone_new_local ();
  for (guint i = 0; i < messages->places->len; i++)
    {
      const TroupeJournalPlace *place = messages->places->pdata[i];
      g_autofree char *name = troupe_worker_name_dup_full (place->project, place->worker);

      messages->style.name_width = MAX (messages->style.name_width, troupe_terminal_get_width (name));
    }
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  static char stdout_buffer[STDOUT_BUFFER_SIZE];
  g_auto (Messages) messages = { .lines = -1 };
  g_autofree char *since = NULL, *run_text = NULL;
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &messages.follow, "Go on with what comes", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &messages.json, "Print one JSON object a line", NULL },
    { "lines", 'n', 0, G_OPTION_ARG_INT64, &messages.lines, "Only the last N messages", "N" },
    { "since", 's', 0, G_OPTION_ARG_FILENAME, &since, "Only from then on: 10m, \"2h ago\", 12:01, 2024-05-01T12:01",
      "TIME" },
    { "run", 'r', 0, G_OPTION_ARG_FILENAME, &run_text, "That run; the last one if absent", "N|all" },
    { NULL }
  };
  g_autoptr (GError) error = NULL;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 1, -1))
    return TROUPE_EXIT_USAGE;
  if (messages.lines < -1)
    return troupe_command_usage_error (command, "--lines: expected a number of messages");
  if (!troupe_run_choice_parse_time ("--since", since, &messages.since_usec, &error) ||
      !troupe_run_choice_parse (run_text, since != NULL, &messages.runs, &error))
    return troupe_command_usage_error (command, "%s", error->message);
  messages.places = troupe_journal_names_resolve (argv + 1, &messages.root, &error);
  if (messages.places == NULL || !troupe_run_choice_check (&messages.runs, messages.places, &error))
    return troupe_command_report (error);
  set_style (&messages);
  setvbuf (stdout, stdout_buffer, _IOFBF, sizeof stdout_buffer);
  return show (&messages);
}

const TroupeCommand troupe_command_messages = {
  "messages",
  "NAME...",
  "Show what a worker was told (→) and what it said (←)",
  "Several workers are merged in order of time, with their names. Shows the last run; with\n"
  "--since or --run all, every run that is kept.\n"
  "With --json each line is an object with time, worker, direction (sent, received, routed:\n"
  "passed on from another worker, named in “from”, or invalid: no JSON) and payload.",
  run,
};
