/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A table of text cells, and figures in words. */

#include "config.h"

#include "cli/table-text.h"

#include <string.h>

#include "cli/terminal-text.h"

#define COLUMN_GAP 2
/* A last column narrower than this is not worth cutting for. */
#define LAST_COLUMN_MIN 12

typedef struct
{
  char *text;
  const char *color;
} Cell;

typedef struct
{
  char *title;
  TroupeAlign align;
} Column;

struct _TroupeTable
{
  GArray *columns; /* of Column */
  GArray *cells;   /* of Cell, row after row */
};

static void
clear_cell (Cell *cell)
{
  g_free (cell->text);
}

static void
clear_column (Column *column)
{
  g_free (column->title);
}

TroupeTable *
troupe_table_new (void)
{
  TroupeTable *self = g_new0 (TroupeTable, 1);

  self->columns = g_array_new (FALSE, TRUE, sizeof (Column));
  g_array_set_clear_func (self->columns, (GDestroyNotify) clear_column);
  self->cells = g_array_new (FALSE, TRUE, sizeof (Cell));
  g_array_set_clear_func (self->cells, (GDestroyNotify) clear_cell);
  return self;
}

void
troupe_table_free (TroupeTable *self)
{
  g_array_unref (self->columns);
  g_array_unref (self->cells);
  g_free (self);
}

void
troupe_table_add_column (TroupeTable *self, const char *title, TroupeAlign align)
{
  Column column = { g_strdup (title), align };

  g_array_append_val (self->columns, column);
}

void
troupe_table_add_cell (TroupeTable *self, const char *text, const char *color)
{
  Cell cell = { g_strdup (text != NULL ? text : ""), color };

  g_array_append_val (self->cells, cell);
}

static void
append_spaces (GString *out, guint n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_c (out, ' ');
}

/* TEXT in at most WIDTH columns; what is cut becomes “…”. */
static char *
dup_cut (const char *text, guint width)
{
  g_autoptr (GString) cut = NULL;

  if (troupe_terminal_get_width (text) <= width)
    return g_strdup (text);
  cut = g_string_new (NULL);
  for (const char *p = text; *p != '\0';)
    {
      gsize before = cut->len;
      const char *next = g_utf8_find_next_char (p, NULL);

      g_string_append_len (cut, p, (gssize) (next - p));
      if (troupe_terminal_get_width (cut->str) + 1 > width)
        {
          g_string_truncate (cut, before);
          break;
        }
      p = next;
    }
  g_string_append (cut, "…");
  return g_string_free (g_steal_pointer (&cut), FALSE);
}

static void
append_row (GString *out, const Column *columns, const guint *widths, guint n, const Cell *cells, gboolean colored)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = dup_cut (cells[i].text, widths[i]);
      guint padding = widths[i] - troupe_terminal_get_width (text);
      const char *color = colored && text[0] != '\0' ? cells[i].color : NULL;

      if (i > 0)
        append_spaces (out, COLUMN_GAP);
      if (columns[i].align == TROUPE_ALIGN_RIGHT)
        append_spaces (out, padding);
      g_string_append_printf (out, "%s%s%s", color != NULL ? color : "", text,
                              color != NULL ? TROUPE_SGR_RESET : "");
      if (columns[i].align == TROUPE_ALIGN_LEFT && i + 1 < n)
        append_spaces (out, padding);
    }
  /* An empty last cell leaves the spaces of those before it. */
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
}

char *
troupe_table_to_text (TroupeTable *self, gboolean colored, guint width)
{
  const Column *columns = (const Column *) (gpointer) self->columns->data;
  const Cell *cells = (const Cell *) (gpointer) self->cells->data;
  guint n = self->columns->len, before_last = 0;
  g_autofree guint *widths = g_new0 (guint, n);
  g_autofree Cell *titles = g_new0 (Cell, n);
  GString *out = g_string_new (NULL);

  g_return_val_if_fail (n > 0 && self->cells->len % n == 0, g_string_free (out, FALSE));
  for (guint i = 0; i < n; i++)
    {
      titles[i].text = columns[i].title;
      titles[i].color = TROUPE_SGR_DIM;
      widths[i] = troupe_terminal_get_width (columns[i].title);
    }
  for (guint i = 0; i < self->cells->len; i++)
    widths[i % n] = MAX (widths[i % n], troupe_terminal_get_width (cells[i].text));
  for (guint i = 0; i + 1 < n; i++)
    before_last += widths[i] + COLUMN_GAP;
  if (width > 0 && before_last + widths[n - 1] > width)
    widths[n - 1] = MIN (widths[n - 1], MAX (LAST_COLUMN_MIN, width - MIN (width, before_last)));

  append_row (out, columns, widths, n, titles, colored);
  for (guint i = 0; i < self->cells->len; i += n)
    append_row (out, columns, widths, n, cells + i, colored);
  return g_string_free (out, FALSE);
}

char *
troupe_text_dup_duration (gint64 usec)
{
  gint64 seconds = usec / G_USEC_PER_SEC;

  if (usec < 0)
    return g_strdup ("0 s");
  if (seconds < 1)
    return g_strdup_printf ("%" G_GINT64_FORMAT " ms", usec / 1000);
  if (seconds < 60)
    return g_strdup_printf ("%" G_GINT64_FORMAT " s", seconds);
  if (seconds < 3600)
    return g_strdup_printf ("%" G_GINT64_FORMAT " min", seconds / 60);
  if (seconds < 86400)
    return g_strdup_printf ("%" G_GINT64_FORMAT " h %" G_GINT64_FORMAT " min", seconds / 3600, seconds / 60 % 60);
  return g_strdup_printf ("%" G_GINT64_FORMAT " d %" G_GINT64_FORMAT " h", seconds / 86400, seconds / 3600 % 24);
}

char *
troupe_text_dup_bytes (guint64 bytes)
{
  static const char *const names[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
  double value = (double) bytes;
  guint step = 0;
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (bytes < 1000)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", bytes);
  for (value /= 1000; value >= 999.95 && step + 1 < G_N_ELEMENTS (names); step++)
    value /= 1000;
  return g_strconcat (g_ascii_formatd (buffer, sizeof buffer, "%.1f", value), " ", names[step], NULL);
}

char *
troupe_text_dup_percent (double percent)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strconcat (g_ascii_formatd (buffer, sizeof buffer, percent < 99.95 ? "%.1f" : "%.0f", percent), " %", NULL);
}
