/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Where rows stand: sizes, and which rows are in view. */

#include "config.h"

#include "logview/log-view-private.h"

#define FALLBACK_FONT "Monospace 11"
#define MIN_WRAP_COLUMNS 8
/* A wider row than this many columns counts as so wide, to keep pixels countable. */
#define MAX_COLUMNS (G_GUINT64_CONSTANT (1) << 40)

static TroupeLogPainter *
get_painter (TroupeLogView *self)
{
  if (self->painter == NULL)
    {
      PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
      g_autofree char *desktop_font = NULL;
      PangoFontDescription *font;

      if (self->interface_settings != NULL)
        desktop_font = g_settings_get_string (self->interface_settings, TROUPE_LOG_MONOSPACE_KEY);
      font = pango_font_description_from_string (self->font != NULL ? self->font
                                                 : desktop_font != NULL && *desktop_font != '\0'
                                                     ? desktop_font
                                                     : FALLBACK_FONT);
      if (pango_font_description_get_size (font) == 0)
        pango_font_description_set_size (font, 11 * PANGO_SCALE);
      self->painter = troupe_log_painter_new (context, font);
      pango_font_description_free (font);
    }
  return self->painter;
}

int
troupe_log_view_line_height (TroupeLogView *self)
{
  return troupe_log_painter_get_line_height (get_painter (self));
}

int
troupe_log_view_cell_width (TroupeLogView *self)
{
  return troupe_log_painter_get_cell_width (get_painter (self));
}

int
troupe_log_view_text_x (TroupeLogView *self)
{
  int columns = 0;

  if (self->times != TROUPE_LOG_TIMES_OFF)
    columns += TROUPE_LOG_TIME_COLUMNS + 1;
  if (self->label_columns > 0)
    columns += self->label_columns + 1;
  return TROUPE_LOG_PADDING + columns * troupe_log_view_cell_width (self) + TROUPE_LOG_MARK_WIDTH +
         TROUPE_LOG_PADDING;
}

guint64
troupe_log_view_wrap_columns (TroupeLogView *self)
{
  int cell_width = troupe_log_view_cell_width (self);
  /* One column stays free for the second half of a wide glyph, and the marks of a search. */
  int room = gtk_widget_get_width (GTK_WIDGET (self)) - troupe_log_view_text_x (self) - cell_width -
             TROUPE_LOG_PADDING;

  return MAX (room / cell_width, MIN_WRAP_COLUMNS);
}

guint64
troupe_log_view_count_lines (TroupeLogView *self, const TroupeLogLine *line)
{
  guint64 columns;

  if (!self->wrap)
    return 1;
  columns = troupe_log_view_wrap_columns (self);
  return MAX ((line->n_columns + columns - 1) / columns, 1);
}

TroupeLogLine *
troupe_log_view_get_line (TroupeLogView *self, guint64 number)
{
  TroupeLogRow row;

  if (!troupe_log_rows_get (self->rows, number, &row))
    return NULL;
  return troupe_log_lines_get (self->lines, self->rows, &row);
}

/* The place, in rows, that stands at the top when the end is in view. */
static double
find_last_top (TroupeLogView *self)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  double room = gtk_widget_get_height (GTK_WIDGET (self)) - 2 * TROUPE_LOG_PADDING;
  double line_height = troupe_log_view_line_height (self);
  guint64 number = end;

  if (!self->wrap)
    return MAX ((double) begin, end - room / line_height);
  while (number > begin)
    {
      TroupeLogLine *line = troupe_log_view_get_line (self, number - 1);
      guint64 n_lines = line != NULL ? troupe_log_view_count_lines (self, line) : 1;

      number--;
      if (n_lines * line_height >= room)
        return number + 1 - room / (n_lines * line_height);
      room -= n_lines * line_height;
    }
  return begin;
}

double
troupe_log_view_get_top (TroupeLogView *self)
{
  return gtk_adjustment_get_value (self->vadjustment) / troupe_log_view_line_height (self);
}

/* Finds the rows in view from where the adjustments stand. */
void
troupe_log_view_update_visible (TroupeLogView *self)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  double height = gtk_widget_get_height (GTK_WIDGET (self));
  double line_height = troupe_log_view_line_height (self);
  double top = MAX (troupe_log_view_get_top (self), (double) begin);
  guint64 number = MIN ((guint64) top, end);
  double y = TROUPE_LOG_PADDING;
  guint64 max_columns = 0;

  troupe_log_lines_begin_frame (self->lines);
  g_array_set_size (self->visible, 0);
  for (gboolean first = TRUE; number < end && y < height; number++, first = FALSE)
    {
      TroupeLogVisible row = { .number = number };

      row.line = troupe_log_view_get_line (self, number);
      if (row.line == NULL)
        continue;
      row.n_lines = troupe_log_view_count_lines (self, row.line);
      if (first)
        y -= (top - number) * row.n_lines * line_height;
      row.y = y;
      y += row.n_lines * line_height;
      max_columns = MAX (max_columns, row.line->n_columns);
      g_array_append_val (self->visible, row);
    }
  /* The row above shows in the padding. */
  if (self->visible->len > 0)
    {
      const TroupeLogVisible *first = &g_array_index (self->visible, TroupeLogVisible, 0);

      if (first->y > 0 && first->number > begin)
        {
          TroupeLogVisible above = { .number = first->number - 1 };

          above.line = troupe_log_view_get_line (self, above.number);
          if (above.line != NULL)
            {
              above.n_lines = troupe_log_view_count_lines (self, above.line);
              above.y = first->y - above.n_lines * line_height;
              g_array_prepend_val (self->visible, above);
            }
        }
    }
  /* Wide enough for what is in view; narrower again only when much of it would be empty, so
   * that the scrollbar does not dance with every line. */
  max_columns = MIN (max_columns, MAX_COLUMNS);
  if (max_columns > self->max_columns || (!self->follow && max_columns * 4 < self->max_columns))
    self->max_columns = (max_columns + 15) / 16 * 16;
}

void
troupe_log_view_configure_hadjustment (TroupeLogView *self)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self));
  double cell_width = troupe_log_view_cell_width (self);
  double upper = width;
  double value;

  if (self->hadjustment == NULL)
    return;
  value = gtk_adjustment_get_value (self->hadjustment);
  if (!self->wrap)
    {
      upper = MAX (width, troupe_log_view_text_x (self) + self->max_columns * cell_width + 2 * TROUPE_LOG_PADDING);
      /* What is in view does not slip away sideways. */
      upper = MAX (upper, value + width);
    }
  self->update_depth++;
  gtk_adjustment_configure (self->hadjustment, self->wrap ? 0 : value, 0, upper, 4 * cell_width, width * 0.9,
                            width);
  self->update_depth--;
}

/* Where the rows are, for the scrollbar; at the end when following. */
static void
configure_vadjustment (TroupeLogView *self)
{
  double height = gtk_widget_get_height (GTK_WIDGET (self));
  double line_height = troupe_log_view_line_height (self);
  double lower = troupe_log_rows_get_begin (self->rows) * line_height;
  double end = find_last_top (self) * line_height;
  double value = self->follow ? end : gtk_adjustment_get_value (self->vadjustment);

  self->update_depth++;
  gtk_adjustment_configure (self->vadjustment, CLAMP (value, lower, MAX (end, lower)), lower,
                            MAX (end, lower) + height, 3 * line_height,
                            MAX (height - 2 * line_height, line_height), height);
  self->update_depth--;
}

void
troupe_log_view_remember_top (TroupeLogView *self)
{
  const TroupeLogVisible *row;

  if (self->visible->len == 0)
    {
      self->top = (TroupeLogAnchor){ 0 };
      return;
    }
  row = &g_array_index (self->visible, TroupeLogVisible, 0);
  if (row->y + row->n_lines * troupe_log_view_line_height (self) <= TROUPE_LOG_PADDING && self->visible->len > 1)
    row++;
  self->top.number = row->number;
  self->top.time_usec = row->line->row.row.time_usec;
  self->top.kind = row->line->row.row.kind;
  self->top.place = troupe_log_row_get_place (&row->line->row);
}

static gboolean
scrolls (GtkAdjustment *adjustment)
{
  return adjustment != NULL && gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_lower (adjustment) >
                                   gtk_adjustment_get_page_size (adjustment);
}

/* Whether there is more than fits is all that its size says; see troupe_log_view_measure (). */
static void
troupe_log_view_update_scrolls (TroupeLogView *self)
{
  gboolean vscrolls = scrolls (self->vadjustment), hscrolls = scrolls (self->hadjustment);

  if (vscrolls == self->vscrolls && hscrolls == self->hscrolls)
    return;
  self->vscrolls = vscrolls;
  self->hscrolls = hscrolls;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
troupe_log_view_relayout (TroupeLogView *self)
{
  if (self->vadjustment != NULL && gtk_widget_get_height (GTK_WIDGET (self)) > 0)
    {
      configure_vadjustment (self);
      troupe_log_view_update_visible (self);
      troupe_log_view_configure_hadjustment (self);
      troupe_log_view_update_scrolls (self);
      troupe_log_view_remember_top (self);
      troupe_log_accessible_changed (self->accessible);
    }
  troupe_log_view_notify_rows (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
