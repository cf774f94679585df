/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A long line comes in pieces: `matched` remembers for each stream whether its line was chosen,
 * and `open` whose line stands unfinished on the screen. */

#include "config.h"

#include "cli/log-printer.h"

#include <string.h>

#include "cli/event-text.h"
#include "cli/terminal-text.h"
#include "cli/worker-name.h"

typedef struct
{
  char *prefix;
  gboolean matched[TROUPE_N_STREAMS];
} SourceState;

struct _TroupeLogPrinter
{
  const TroupeLogFormat *format;
  FILE *out;
  GHashTable *states; /* TroupeLogSource -> (owned) SourceState */
  TroupeLogSource *open;
  TroupeStream open_stream;
  GString *text;
};

static void
source_state_free (SourceState *state)
{
  g_free (state->prefix);
  g_free (state);
}

TroupeLogPrinter *
troupe_log_printer_new (const TroupeLogFormat *format, FILE *out)
{
  TroupeLogPrinter *self = g_new0 (TroupeLogPrinter, 1);

  self->format = format;
  self->out = out;
  self->states = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) source_state_free);
  self->text = g_string_new (NULL);
  return self;
}

void
troupe_log_printer_free (TroupeLogPrinter *self)
{
  g_hash_table_unref (self->states);
  g_string_free (self->text, TRUE);
  g_free (self);
}

static char *
dup_prefix (TroupeLogPrinter *self, TroupeLogSource *source)
{
  g_autofree char *name =
      troupe_worker_name_dup_full (troupe_log_source_get_project (source), troupe_log_source_get_worker (source));
  guint shown = troupe_terminal_get_width (name);
  g_autofree char *padding =
      g_strnfill (self->format->name_width > shown ? self->format->name_width - shown : 0, ' ');

  if (!self->format->colored)
    return g_strconcat (name, padding, " | ", NULL);
  return g_strconcat (troupe_terminal_get_name_color (g_hash_table_size (self->states)), name, padding, " | ",
                      TROUPE_SGR_RESET, NULL);
}

static SourceState *
get_state (TroupeLogPrinter *self, TroupeLogSource *source)
{
  SourceState *state = g_hash_table_lookup (self->states, source);

  if (state == NULL)
    {
      state = g_new0 (SourceState, 1);
      state->prefix = dup_prefix (self, source);
      g_hash_table_insert (self->states, source, state);
    }
  return state;
}

gboolean
troupe_log_printer_wants (TroupeLogPrinter *self, TroupeLogSource *source, const TroupeLogLine *line)
{
  const TroupeLogFormat *format = self->format;
  SourceState *state = get_state (self, source);
  gboolean matched = !line->begins && state->matched[line->stream];

  if (format->since_usec != 0 && line->time_usec < format->since_usec)
    return FALSE;
  if (format->until_usec != 0 && line->time_usec > format->until_usec)
    return FALSE;
  if (format->grep == NULL)
    return TRUE;
  if (line->kind == TROUPE_RECORD_LOST)
    return FALSE;
  if (!matched)
    matched = g_regex_match_full (format->grep, line->text, (gssize) line->length, 0, 0, NULL, NULL);
  state->matched[line->stream] = matched;
  return matched;
}

static void
append_gap (GString *out, const TroupeLogLine *line)
{
  g_string_append_printf (out, "… %" G_GSIZE_FORMAT " bytes of %s are missing here: the journal could not keep them …",
                          line->length, line->stream == TROUPE_STREAM_STDERR ? "standard error" : "standard output");
}

static void
append_text (TroupeLogPrinter *self, const TroupeLogLine *line)
{
  const TroupeLogFormat *format = self->format;
  gboolean marked = format->colored && line->stream == TROUPE_STREAM_STDERR;

  if (marked)
    g_string_append (self->text, TROUPE_SGR_RED);
  if (line->kind == TROUPE_RECORD_LOST)
    append_gap (self->text, line);
  else if (format->safe)
    troupe_terminal_append_safe (self->text, line->text, line->length);
  else
    g_string_append_len (self->text, line->text, (gssize) line->length);
  if (marked || (format->safe && line->kind != TROUPE_RECORD_LOST && memchr (line->text, '\033', line->length) != NULL))
    g_string_append (self->text, TROUPE_SGR_RESET);
}

void
troupe_log_printer_print (TroupeLogPrinter *self, TroupeLogSource *source, const TroupeLogLine *line)
{
  const TroupeLogFormat *format = self->format;
  gboolean goes_on = self->open == source && self->open_stream == line->stream && !line->begins;

  g_string_truncate (self->text, 0);
  if (self->open != NULL && !goes_on)
    g_string_append_c (self->text, '\n');
  if (!goes_on)
    {
      if (format->timestamps)
        {
          if (format->colored)
            g_string_append (self->text, TROUPE_SGR_DIM);
          troupe_time_append_local (self->text, line->time_usec, format->zone);
          g_string_append (self->text, format->colored ? TROUPE_SGR_RESET "  " : "  ");
        }
      if (format->names)
        g_string_append (self->text, get_state (self, source)->prefix);
    }
  append_text (self, line);
  if (line->ends)
    g_string_append_c (self->text, '\n');
  self->open = line->ends ? NULL : source;
  self->open_stream = line->stream;
  fwrite (self->text->str, 1, self->text->len, self->out);
}
