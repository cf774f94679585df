/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A hash of lines by where they stand. A line that grew is read again. */

#include "config.h"

#include "logview/log-line.h"

#include "logview/log-event.h"

#include <glib/gi18n.h>
#include <string.h>

/* A window begins and ends with room for the rest of a character. */
#define WINDOW_MARGIN 4

struct _TroupeLogLines
{
  GHashTable *lines; /* (owned) set of TroupeLogLine */
  guint frame;
};

static guint
line_hash (gconstpointer data)
{
  const TroupeLogLine *line = data;
  guint64 mixed = (line->row.row.offset ^ (guint64) line->row.source << 48 ^ (guint64) line->row.row.stream << 46) *
                  0x9e3779b97f4a7c15u;

  return mixed >> 32;
}

static gboolean
line_equal (gconstpointer a_data, gconstpointer b_data)
{
  const TroupeLogLine *a = a_data;
  const TroupeLogLine *b = b_data;

  return a->row.row.offset == b->row.row.offset && a->row.source == b->row.source &&
         a->row.row.stream == b->row.row.stream && a->row.row.kind == b->row.row.kind;
}

void
troupe_log_line_free (TroupeLogLine *line)
{
  troupe_ansi_line_clear (&line->ansi);
  g_free (line->bytes);
  g_free (line);
}

static void
line_take_text (TroupeLogLine *line, char *text)
{
  line->bytes = (guint8 *) text;
  line->n_bytes = strlen (text);
  line->is_annotation = TRUE;
}

static char *
dup_gap_text (guint64 n_bytes)
{
  g_autofree char *size = g_format_size_full (n_bytes, G_FORMAT_SIZE_IEC_UNITS);

  return g_strdup_printf (_ ("… %s could not be kept: no room on the disk …"), size);
}

TroupeLogLine *
troupe_log_line_load (TroupeLogRows *rows, const TroupeLogRow *row)
{
  TroupeLogLine *line = g_new0 (TroupeLogLine, 1);

  line->row = *row;
  if (row->row.kind == TROUPE_RECORD_LOST)
    line_take_text (line, dup_gap_text (row->row.length));
  else if (row->row.length > TROUPE_ANSI_MAX_BYTES)
    {
      line->is_long = TRUE;
      line->n_columns = row->row.length;
      return line;
    }
  else
    {
      line->bytes = g_malloc (row->row.length + 1);
      line->n_bytes = troupe_log_rows_read (rows, row, 0, line->bytes, row->row.length);
      if (row->row.kind == TROUPE_RECORD_EVENT)
        {
          g_autofree char *json = (char *) g_steal_pointer (&line->bytes);

          line_take_text (line, troupe_log_event_dup_text (json, line->n_bytes));
        }
    }
  troupe_ansi_parse (line->bytes, line->n_bytes, &line->ansi);
  line->n_columns = line->ansi.n_columns;
  return line;
}

void
troupe_log_line_ensure (TroupeLogLine *line, TroupeLogRows *rows, guint64 first, guint64 n)
{
  guint64 end = MIN (first + n, line->n_columns);
  guint64 begin;

  if (!line->is_long || first >= end)
    return;
  if (line->bytes != NULL && first >= line->first && end <= line->first + line->ansi.n_columns &&
      (first == 0 || first >= line->first + WINDOW_MARGIN))
    return;
  begin = first > TROUPE_LOG_LINE_WINDOW_BYTES / 4 ? first - TROUPE_LOG_LINE_WINDOW_BYTES / 4 : 0;
  n = MIN (MAX (end - begin + WINDOW_MARGIN, TROUPE_LOG_LINE_WINDOW_BYTES), line->n_columns - begin);
  troupe_ansi_line_clear (&line->ansi);
  g_free (line->bytes);
  line->bytes = g_malloc (n);
  line->n_bytes = troupe_log_rows_read (rows, &line->row, begin, line->bytes, n);
  line->first = begin;
  troupe_ansi_parse_window (line->bytes, line->n_bytes, &line->ansi);
}

guint64
troupe_log_line_glyph_start (const TroupeLogLine *line, guint64 column)
{
  if (line->ansi.plain || column < line->first || column >= line->first + line->ansi.n_columns)
    return column;
  while (column > line->first && line->ansi.cells[column - line->first].kind == TROUPE_ANSI_CELL_PAD)
    column--;
  return column;
}

TroupeLogLines *
troupe_log_lines_new (void)
{
  TroupeLogLines *self = g_new0 (TroupeLogLines, 1);

  self->lines = g_hash_table_new_full (line_hash, line_equal, (GDestroyNotify) troupe_log_line_free, NULL);
  return self;
}

void
troupe_log_lines_free (TroupeLogLines *self)
{
  g_hash_table_unref (self->lines);
  g_free (self);
}

void
troupe_log_lines_clear (TroupeLogLines *self)
{
  g_hash_table_remove_all (self->lines);
}

static gboolean
is_unused_cb (gpointer key, gpointer value, gpointer data)
{
  const TroupeLogLine *line = key;
  const TroupeLogLines *self = data;

  return line->last_frame != self->frame;
}

void
troupe_log_lines_begin_frame (TroupeLogLines *self)
{
  if (g_hash_table_size (self->lines) > TROUPE_LOG_LINES_MAX / 2)
    g_hash_table_foreach_remove (self->lines, is_unused_cb, self);
  self->frame++;
}

TroupeLogLine *
troupe_log_lines_get (TroupeLogLines *self, TroupeLogRows *rows, const TroupeLogRow *row)
{
  TroupeLogLine key = { .row = *row };
  TroupeLogLine *line = g_hash_table_lookup (self->lines, &key);

  if (line == NULL || line->row.row.length != row->row.length)
    {
      line = troupe_log_line_load (rows, row);
      g_hash_table_replace (self->lines, line, line);
    }
  line->row = *row;
  line->last_frame = self->frame;
  return line;
}
