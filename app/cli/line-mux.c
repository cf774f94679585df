/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Holds what is not a whole line yet, one buffer a stream of a source. `open` is the one stream,
 * if any, whose line has partly gone out already. */

#include "config.h"

#include "cli/line-mux.h"

#include <string.h>

#include "cli/terminal-text.h"

typedef struct
{
  GString *held;
} Stream;

typedef struct
{
  char *prefix;
  gboolean safe;
  Stream streams[2]; /* stdout, stderr */
} Source;

struct _TroupeLineMux
{
  TroupeLineMuxWrite write;
  gpointer user_data;
  GPtrArray *sources; /* (owned) of Source */
  Stream *open;       /* (nullable) its line has begun on the screen */
  gboolean open_is_stderr;
  GString *scratch;
};

static void
source_free (Source *source)
{
  g_free (source->prefix);
  g_string_free (source->streams[0].held, TRUE);
  g_string_free (source->streams[1].held, TRUE);
  g_free (source);
}

TroupeLineMux *
troupe_line_mux_new (TroupeLineMuxWrite write, gpointer user_data)
{
  TroupeLineMux *self = g_new0 (TroupeLineMux, 1);

  self->write = write;
  self->user_data = user_data;
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) source_free);
  self->scratch = g_string_new (NULL);
  return self;
}

void
troupe_line_mux_free (TroupeLineMux *self)
{
  g_ptr_array_unref (self->sources);
  g_string_free (self->scratch, TRUE);
  g_free (self);
}

guint
troupe_line_mux_add (TroupeLineMux *self, const char *name, const char *color, guint width, gboolean safe)
{
  Source *source = g_new0 (Source, 1);
  guint shown = troupe_terminal_get_width (name);
  g_autofree char *padding = g_strnfill (width > shown ? width - shown : 0, ' ');

  source->prefix = g_strconcat (color != NULL ? color : "", name, padding, " | ",
                                color != NULL ? TROUPE_SGR_RESET : "", NULL);
  source->safe = safe;
  source->streams[0].held = g_string_new (NULL);
  source->streams[1].held = g_string_new (NULL);
  g_ptr_array_add (self->sources, source);
  return self->sources->len - 1;
}

/* Ends the line that is half out, unless STREAM goes on with it. */
static void
close_open (TroupeLineMux *self, Stream *stream)
{
  if (self->open == NULL || self->open == stream)
    return;
  self->write (self->open_is_stderr, "\n", 1, self->user_data);
  self->open = NULL;
}

/* Sends TEXT, a piece of a line without its newline; ENDS: the newline follows it. */
static void
send_piece (TroupeLineMux *self, Source *source, gboolean is_stderr, const char *text, gsize length, gboolean ends)
{
  Stream *stream = &source->streams[is_stderr ? 1 : 0];

  close_open (self, stream);
  g_string_truncate (self->scratch, 0);
  if (self->open != stream)
    g_string_append (self->scratch, source->prefix);
  if (source->safe)
    {
      troupe_terminal_append_safe (self->scratch, text, length);
      if (ends && memchr (text, '\033', length) != NULL)
        g_string_append (self->scratch, TROUPE_SGR_RESET);
    }
  else
    g_string_append_len (self->scratch, text, (gssize) length);
  if (ends)
    g_string_append_c (self->scratch, '\n');
  self->open = ends ? NULL : stream;
  self->open_is_stderr = is_stderr;
  self->write (is_stderr, self->scratch->str, self->scratch->len, self->user_data);
}

void
troupe_line_mux_feed (TroupeLineMux *self, guint source_number, gboolean is_stderr, const char *bytes, gsize length)
{
  Source *source = self->sources->pdata[source_number];
  GString *held = source->streams[is_stderr ? 1 : 0].held;
  const char *end = bytes + length;

  while (bytes < end)
    {
      const char *newline = memchr (bytes, '\n', (gsize) (end - bytes));
      gsize piece = (gsize) ((newline != NULL ? newline : end) - bytes);

      if (newline != NULL && held->len == 0)
        send_piece (self, source, is_stderr, bytes, piece, TRUE);
      else
        {
          g_string_append_len (held, bytes, (gssize) piece);
          if (newline != NULL || held->len > TROUPE_LINE_MUX_HELD_MAX)
            {
              send_piece (self, source, is_stderr, held->str, held->len, newline != NULL);
              g_string_truncate (held, 0);
            }
        }
      bytes += piece + (newline != NULL ? 1 : 0);
    }
}

void
troupe_line_mux_end (TroupeLineMux *self, guint source_number)
{
  Source *source = self->sources->pdata[source_number];

  for (guint i = 0; i < 2; i++)
    {
      Stream *stream = &source->streams[i];

      if (stream->held->len > 0)
        send_piece (self, source, i == 1, stream->held->str, stream->held->len, TRUE);
      else if (self->open == stream)
        close_open (self, NULL);
      g_string_truncate (stream->held, 0);
    }
}

void
troupe_line_mux_say (TroupeLineMux *self, gboolean is_stderr, const char *text)
{
  close_open (self, NULL);
  g_string_assign (self->scratch, text);
  g_string_append_c (self->scratch, '\n');
  self->write (is_stderr, self->scratch->str, self->scratch->len, self->user_data);
}
