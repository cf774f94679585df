/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Points are compared by row number, looked up anew each time. */

#include "config.h"

#include "logview/log-selection.h"

#include <string.h>

#define READ_BYTES (64u << 10)
/* How far a word reaches to either side. */
#define MAX_WORD_COLUMNS 1024

gboolean
troupe_log_selection_get_range (TroupeLogSelection *self, TroupeLogRows *rows, TroupeLogRange *out)
{
  TroupeLogPoint *first = &self->base;
  TroupeLogPoint *last = &self->tip;

  if (!self->active)
    return FALSE;
  /* A row that was deleted leaves its end of the selection at the beginning of what is left. */
  if (!troupe_log_rows_resolve (rows, &self->base.anchor))
    self->base.column = 0;
  if (!troupe_log_rows_resolve (rows, &self->tip.anchor))
    self->tip.column = 0;
  if (last->anchor.number < first->anchor.number ||
      (last->anchor.number == first->anchor.number && last->column < first->column))
    {
      first = &self->tip;
      last = &self->base;
    }
  out->first_row = first->anchor.number;
  out->first_column = first->column;
  out->last_row = last->anchor.number;
  out->end_column = last->column;
  return out->first_row != out->last_row || out->first_column != out->end_column;
}

gboolean
troupe_log_range_get_columns (const TroupeLogRange *range, guint64 number, guint64 *begin, guint64 *end)
{
  if (number < range->first_row || number > range->last_row)
    return FALSE;
  *begin = number == range->first_row ? range->first_column : 0;
  *end = number == range->last_row ? range->end_column : TROUPE_LOG_COLUMN_END;
  return *begin < *end;
}

/* Of a long line columns are bytes, so they are copied as they stand. */
static void
collect_long (TroupeLogRows *rows, const TroupeLogRow *row, guint64 begin, guint64 end, gsize max_bytes,
              GByteArray *out)
{
  g_autofree guint8 *buffer = g_malloc (READ_BYTES);

  end = MIN (end, row->row.length);
  while (begin < end && out->len <= max_bytes)
    {
      gsize n = troupe_log_rows_read (rows, row, begin, buffer, MIN (READ_BYTES, end - begin));

      if (n == 0)
        break;
      g_byte_array_append (out, buffer, n);
      begin += n;
    }
}

GByteArray *
troupe_log_range_collect (const TroupeLogRange *range, TroupeLogRows *rows, gsize max_bytes, gboolean *truncated)
{
  GByteArray *out = g_byte_array_new ();

  for (guint64 number = range->first_row; number <= range->last_row && out->len <= max_bytes; number++)
    {
      guint64 begin;
      guint64 end;
      TroupeLogRow row;

      if (!troupe_log_rows_get (rows, number, &row))
        {
          if (number >= troupe_log_rows_get_end (rows))
            break;
          continue;
        }
      if (troupe_log_range_get_columns (range, number, &begin, &end))
        {
          if (row.row.length > TROUPE_ANSI_MAX_BYTES && row.row.kind != TROUPE_RECORD_LOST)
            collect_long (rows, &row, begin, end, max_bytes, out);
          else
            {
              TroupeLogLine *line = troupe_log_line_load (rows, &row);

              troupe_ansi_append_text (&line->ansi, line->bytes, begin, MIN (end, line->n_columns), out);
              troupe_log_line_free (line);
            }
        }
      if (number < range->last_row)
        g_byte_array_append (out, (const guint8 *) "\n", 1);
    }
  *truncated = out->len > max_bytes;
  if (*truncated)
    g_byte_array_set_size (out, max_bytes);
  return out;
}

typedef enum
{
  CLASS_BLANK,
  CLASS_WORD,
  CLASS_SIGN,
} CharClass;

/* What a double click takes along: also what makes up paths, addresses and options. */
static CharClass
class_at (const TroupeLogLine *line, guint64 column)
{
  const TroupeAnsiCell *cell;
  guint8 byte;

  column = troupe_log_line_glyph_start (line, column) - line->first;
  if (column >= line->ansi.n_columns)
    return CLASS_BLANK;
  if (line->ansi.plain)
    byte = line->bytes[column];
  else
    {
      cell = &line->ansi.cells[column];
      if (cell->kind == TROUPE_ANSI_CELL_TEXT || cell->kind == TROUPE_ANSI_CELL_SHAPED)
        {
          gunichar ch = g_utf8_get_char ((const char *) line->bytes + cell->raw);

          return g_unichar_isalnum (ch) || g_unichar_ismark (ch) ? CLASS_WORD
                 : g_unichar_isspace (ch)                        ? CLASS_BLANK
                                                                 : CLASS_SIGN;
        }
      if (cell->kind == TROUPE_ANSI_CELL_BLANK || cell->kind == TROUPE_ANSI_CELL_TAB)
        return CLASS_BLANK;
      if (cell->kind != TROUPE_ANSI_CELL_ASCII)
        return CLASS_SIGN;
      byte = line->bytes[cell->raw];
    }
  if (byte == ' ')
    return CLASS_BLANK;
  return g_ascii_isalnum (byte) || strchr ("_-./~%@#+&?=", byte) != NULL ? CLASS_WORD : CLASS_SIGN;
}

void
troupe_log_line_find_word (TroupeLogLine *line, TroupeLogRows *rows, guint64 column, guint64 *begin, guint64 *end)
{
  guint64 low = column > MAX_WORD_COLUMNS ? column - MAX_WORD_COLUMNS : 0;
  guint64 high = MIN (column + MAX_WORD_COLUMNS, line->n_columns);
  CharClass class;

  *begin = *end = MIN (column, line->n_columns);
  if (column >= line->n_columns)
    return;
  troupe_log_line_ensure (line, rows, low, high - low);
  class = class_at (line, column);
  *begin = troupe_log_line_glyph_start (line, column);
  *end = column + 1;
  while (*end < high && troupe_log_line_glyph_start (line, *end) != *end)
    (*end)++;
  if (class == CLASS_SIGN)
    return;
  while (*begin > low && class_at (line, *begin - 1) == class)
    (*begin)--;
  while (*end < high && class_at (line, *end) == class)
    (*end)++;
}

char *
troupe_log_dup_clipboard_text (const guint8 *bytes, gsize length)
{
  g_autoptr (GString) text = g_string_sized_new (length + 1);

  /* g_utf8_make_valid takes a NUL for an invalid byte, but it has a symbol of its own. */
  for (gsize at = 0; at < length;)
    {
      const guint8 *nul = memchr (bytes + at, 0, length - at);
      gsize n = nul != NULL ? (gsize) (nul - (bytes + at)) : length - at;
      g_autofree char *valid = g_utf8_make_valid ((const char *) bytes + at, n);

      g_string_append (text, valid);
      at += n;
      if (nul != NULL)
        {
          g_string_append_unichar (text, 0x2400);
          at++;
        }
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
