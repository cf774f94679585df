/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Draws the rows in view: gutter, backgrounds, matches, selection, text, and the marks of a
 * search along the edge. */

#include "config.h"

#include "logview/log-view-private.h"

#include <adwaita.h>
#include <math.h>
#include <time.h>

/* Matches marked in one row. */
#define MAX_ROW_MATCHES 64
#define MARKS_WIDTH 4

typedef struct
{
  TroupeLogView *self;
  GtkSnapshot *snapshot;
  double width, height;
  int cell_width, line_height;
  double text_x;
  guint64 wrap_columns; /* 0: not wrapped */
  double scroll_x;
  gboolean has_range;
  TroupeLogRange range;
  TroupeLogMatcher *matcher; /* (borrowed) (nullable) */
  gint64 second;             /* the last one that was put into words */
  char second_text[16];
} Drawing;

/* A piece of a row that stands on one line of the screen. */
typedef struct
{
  const TroupeLogVisible *row;
  guint64 begin, end; /* columns */
  double x, y;        /* of column `begin` */
} Strip;

static void
update_palette (TroupeLogView *self)
{
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));
  TroupeLogTheme theme = {
    .background = { 1, 1, 1, 1 },
    .accent = { 0.21, 0.52, 0.89, 1 },
    .high_contrast = adw_style_manager_get_high_contrast (adw_style_manager_get_default ()),
  };

  if (self->palette_valid)
    return;
  gtk_style_context_get_color (style, &theme.text);
  gtk_style_context_lookup_color (style, "view_bg_color", &theme.background);
  gtk_style_context_lookup_color (style, "accent_bg_color", &theme.accent);
  /* The theme's text may let the background shine through; contrast wants to know the sum. */
  theme.text.red = theme.background.red + (theme.text.red - theme.background.red) * theme.text.alpha;
  theme.text.green = theme.background.green + (theme.text.green - theme.background.green) * theme.text.alpha;
  theme.text.blue = theme.background.blue + (theme.text.blue - theme.background.blue) * theme.text.alpha;
  theme.text.alpha = theme.background.alpha = theme.accent.alpha = 1;
  troupe_log_palette_init (&self->palette, &theme);
  self->palette_valid = TRUE;
}

/* ---- The gutter ---- */

static void
format_clock (Drawing *drawing, guint64 time_usec, char out[32])
{
  gint64 second = time_usec / G_USEC_PER_SEC;

  if (drawing->second != second || drawing->second_text[0] == '\0')
    {
      time_t when = second;
      struct tm parts;

      localtime_r (&when, &parts);
      g_snprintf (drawing->second_text, sizeof drawing->second_text, "%02d:%02d:%02d", parts.tm_hour, parts.tm_min,
                  parts.tm_sec);
      drawing->second = second;
    }
  g_snprintf (out, 32, "%s.%03u", drawing->second_text, (guint) (time_usec / 1000 % 1000));
}

static void
format_since (guint64 start_usec, guint64 time_usec, char out[32])
{
  guint64 msec = time_usec > start_usec ? (time_usec - start_usec) / 1000 : 0;
  guint64 seconds = msec / 1000;
  char text[32];

  if (seconds < 60)
    g_snprintf (text, sizeof text, "%u.%03u s", (guint) seconds, (guint) (msec % 1000));
  else if (seconds < 3600)
    g_snprintf (text, sizeof text, "%u:%02u.%03u", (guint) seconds / 60, (guint) seconds % 60, (guint) (msec % 1000));
  else
    g_snprintf (text, sizeof text, "%u:%02u:%02u.%01u", (guint) (seconds / 3600), (guint) (seconds / 60 % 60),
                (guint) (seconds % 60), (guint) (msec % 1000 / 100));
  g_snprintf (out, 32, "%*s", TROUPE_LOG_TIME_COLUMNS, text);
}

static guint64
get_run_start (TroupeLogView *self, guint run)
{
  TroupeLogRunInfo *info = &g_array_index (self->runs, TroupeLogRunInfo, run);

  if (info->start_usec == 0)
    info->start_usec = troupe_log_rows_get_start_usec (self->rows, run);
  return info->start_usec;
}

static void
draw_label (Drawing *drawing, guint run, double x, double y)
{
  TroupeLogView *self = drawing->self;
  const char *label = g_array_index (self->runs, TroupeLogRunInfo, run).short_label;
  TroupeAnsiLine line;
  GdkRGBA color;

  if (label == NULL)
    return;
  troupe_log_palette_get_label (&self->palette, run, &color);
  troupe_ansi_parse ((const guint8 *) label, strlen (label), &line);
  troupe_log_painter_draw_cells (self->painter, drawing->snapshot, &self->palette, &line, (const guint8 *) label, 0,
                                 MIN (line.n_columns, (gsize) self->label_columns), x, y, &color);
  troupe_ansi_line_clear (&line);
}

static void
draw_mark (Drawing *drawing, const TroupeLogVisible *row, double x)
{
  TroupeLogView *self = drawing->self;
  const TroupeJournalRow *journal_row = &row->line->row.row;
  double height = row->n_lines * drawing->line_height;
  double top = MAX (row->y, 0);
  const char *sign = NULL;

  switch (journal_row->kind)
    {
    case TROUPE_RECORD_DATA:
      if (journal_row->stream == TROUPE_STREAM_STDERR)
        gtk_snapshot_append_color (drawing->snapshot, &self->palette.error,
                                   &GRAPHENE_RECT_INIT (x, top, TROUPE_LOG_MARK_WIDTH,
                                                        MIN (row->y + height, drawing->height) - top));
      return;
    case TROUPE_RECORD_SENT:
    case TROUPE_RECORD_ROUTED:
      sign = "→";
      break;
    case TROUPE_RECORD_RECEIVED:
      sign = "←";
      break;
    case TROUPE_RECORD_INVALID:
      sign = "!";
      break;
    case TROUPE_RECORD_LOST:
      sign = "…";
      break;
    case TROUPE_RECORD_EVENT:
      sign = "•";
      break;
    }
  if (sign != NULL)
    troupe_log_painter_draw_text (self->painter, drawing->snapshot, &self->palette, sign,
                                  x + (TROUPE_LOG_MARK_WIDTH - drawing->cell_width) / 2, row->y,
                                  &self->palette.muted);
}

static void
draw_gutter (Drawing *drawing, const TroupeLogVisible *row)
{
  TroupeLogView *self = drawing->self;
  const TroupeLogRow *log_row = &row->line->row;
  double x = TROUPE_LOG_PADDING;

  if (self->times != TROUPE_LOG_TIMES_OFF)
    {
      char text[32];

      if (self->times == TROUPE_LOG_TIMES_CLOCK)
        format_clock (drawing, log_row->row.time_usec, text);
      else
        format_since (get_run_start (self, log_row->source / 2), log_row->row.time_usec, text);
      troupe_log_painter_draw_text (self->painter, drawing->snapshot, &self->palette, text, x, row->y,
                                    &self->palette.muted);
      x += (TROUPE_LOG_TIME_COLUMNS + 1) * drawing->cell_width;
    }
  if (self->label_columns > 0)
    {
      draw_label (drawing, log_row->source / 2, x, row->y);
      x += (self->label_columns + 1) * drawing->cell_width;
    }
  draw_mark (drawing, row, x);
}

/* ---- The text ---- */

static void
fill_columns (Drawing *drawing, const Strip *strip, guint64 begin, guint64 end, const GdkRGBA *color)
{
  begin = MAX (begin, strip->begin);
  end = MIN (end, strip->end);
  if (begin < end)
    gtk_snapshot_append_color (drawing->snapshot, color,
                               &GRAPHENE_RECT_INIT (strip->x + (double) (begin - strip->begin) * drawing->cell_width,
                                                    strip->y, (end - begin) * drawing->cell_width,
                                                    drawing->line_height));
}

static void
draw_selection (Drawing *drawing, const Strip *strip)
{
  TroupeLogView *self = drawing->self;
  guint64 begin;
  guint64 end;

  if (!drawing->has_range || !troupe_log_range_get_columns (&drawing->range, strip->row->number, &begin, &end))
    return;
  /* A row whose end is selected shows it, also where there is no text. */
  if (end == TROUPE_LOG_COLUMN_END && strip->end >= strip->row->line->n_columns)
    {
      double x = strip->x + ((double) MAX (begin, strip->begin) - (double) strip->begin) * drawing->cell_width;

      gtk_snapshot_append_color (drawing->snapshot, &self->palette.selection,
                                 &GRAPHENE_RECT_INIT (x, strip->y, MAX (drawing->width - x, 0),
                                                      drawing->line_height));
      return;
    }
  fill_columns (drawing, strip, begin, end, &self->palette.selection);
}

/* The columns at which the bytes of the text of LINE's cells stand. */
static GArray *
map_columns (const TroupeLogLine *line, GByteArray *text)
{
  GArray *columns = g_array_new (FALSE, FALSE, sizeof (guint64));

  for (gsize i = 0; i < line->ansi.n_columns; i++)
    {
      guint64 column = line->first + i;

      troupe_ansi_append_text (&line->ansi, line->bytes, i, i + 1, text);
      while (columns->len < text->len)
        g_array_append_val (columns, column);
    }
  return columns;
}

/* Marks what matches in the cells of ROW that were read. */
static void
draw_matches (Drawing *drawing, const Strip *strip)
{
  TroupeLogView *self = drawing->self;
  const TroupeLogLine *line = strip->row->line;
  const GdkRGBA *color;
  g_autoptr (GByteArray) text = NULL;
  g_autoptr (GArray) columns = NULL;
  const guint8 *bytes = line->bytes;
  gsize length = line->n_bytes;
  gsize at = 0;

  if (drawing->matcher == NULL || line->is_annotation)
    return;
  if (line->ansi.plain)
    length = line->ansi.n_columns;
  else
    {
      text = g_byte_array_new ();
      columns = map_columns (line, text);
      bytes = text->data;
      length = text->len;
    }
  color = self->has_current &&
                  troupe_log_place_equal (troupe_log_row_get_place (&line->row), self->current_place)
              ? &self->palette.current_match
              : &self->palette.match;
  for (guint n = 0; n < MAX_ROW_MATCHES; n++)
    {
      gsize begin;
      gsize end;

      if (!troupe_log_matcher_find (drawing->matcher, self->scratch, bytes, length, at, &begin, &end))
        break;
      if (columns == NULL)
        fill_columns (drawing, strip, line->first + begin, line->first + end, color);
      else if (begin < end)
        fill_columns (drawing, strip, g_array_index (columns, guint64, begin),
                      end < columns->len ? g_array_index (columns, guint64, end) : line->first + line->ansi.n_columns,
                      color);
      at = MAX (end, begin + 1);
    }
}

static void
draw_strip (Drawing *drawing, const Strip *strip)
{
  TroupeLogView *self = drawing->self;
  TroupeLogLine *line = strip->row->line;
  gsize begin;
  gsize end;

  troupe_log_line_ensure (line, self->rows, strip->begin, strip->end - strip->begin);
  begin = strip->begin - MIN (strip->begin, line->first);
  end = MAX (strip->end, line->first) - line->first;
  troupe_log_painter_draw_backgrounds (self->painter, drawing->snapshot, &self->palette, &line->ansi, begin, end,
                                       strip->x, strip->y);
  draw_matches (drawing, strip);
  draw_selection (drawing, strip);
  troupe_log_painter_draw_cells (self->painter, drawing->snapshot, &self->palette, &line->ansi, line->bytes, begin,
                                 end, strip->x, strip->y, line->is_annotation ? &self->palette.muted : NULL);
}

static void
draw_row (Drawing *drawing, const TroupeLogVisible *row)
{
  TroupeLogLine *line = row->line;
  Strip strip = { .row = row };

  if (drawing->wrap_columns == 0)
    {
      guint64 first = drawing->scroll_x / drawing->cell_width;
      guint64 n = (drawing->width - drawing->text_x) / drawing->cell_width + 2;

      strip.begin = troupe_log_line_glyph_start (line, MIN (first, line->n_columns));
      strip.end = MIN (first + n, line->n_columns);
      strip.x = drawing->text_x - drawing->scroll_x + (double) strip.begin * drawing->cell_width;
      strip.y = row->y;
      draw_strip (drawing, &strip);
      return;
    }
  {
    /* Of a line that is wrapped a thousand times only what is in view is looked at. */
    guint64 i = row->y < 0 ? (guint64) (-row->y / drawing->line_height) : 0;

    strip.x = drawing->text_x;
    for (; i < row->n_lines; i++)
      {
        strip.y = row->y + (double) i * drawing->line_height;
        if (strip.y >= drawing->height)
          break;
        strip.begin = MIN (i * drawing->wrap_columns, line->n_columns);
        strip.end = MIN (strip.begin + drawing->wrap_columns, line->n_columns);
        draw_strip (drawing, &strip);
      }
  }
}

/* ---- The marks of a search ---- */

static void
draw_marks (Drawing *drawing)
{
  TroupeLogView *self = drawing->self;
  double begin = troupe_log_rows_get_begin (self->rows);
  double n_rows = troupe_log_rows_get_end (self->rows) - begin;
  double drawn_to = -1;
  GdkRGBA color = self->palette.current_match;
  TroupeLogMarks marks;

  if (self->search == NULL || n_rows <= 0)
    return;
  color.alpha = 1;
  troupe_log_index_get_marks (troupe_log_search_get_index (self->search), &marks);
  for (guint i = 0; i < marks.n_marks; i++)
    {
      double row = (double) marks.first_ordinal + ((double) i + 0.5) * marks.rows_per_mark - begin;
      double y = floor (row / n_rows * drawing->height);

      if (!marks.hit[i] || y <= drawn_to || row < 0)
        continue;
      gtk_snapshot_append_color (drawing->snapshot, &color,
                                 &GRAPHENE_RECT_INIT (drawing->width - MARKS_WIDTH, y, MARKS_WIDTH, 2));
      drawn_to = y + 1;
    }
}

void
troupe_log_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);
  Drawing drawing = {
    .self = self,
    .snapshot = snapshot,
    .width = gtk_widget_get_width (widget),
    .height = gtk_widget_get_height (widget),
  };

  update_palette (self);
  drawing.cell_width = troupe_log_view_cell_width (self);
  drawing.line_height = troupe_log_view_line_height (self);
  drawing.text_x = troupe_log_view_text_x (self);
  drawing.wrap_columns = self->wrap ? troupe_log_view_wrap_columns (self) : 0;
  drawing.scroll_x = self->wrap ? 0 : floor (gtk_adjustment_get_value (self->hadjustment));
  drawing.has_range = troupe_log_selection_get_range (&self->selection, self->rows, &drawing.range);
  drawing.matcher = self->search != NULL ? troupe_log_search_get_matcher (self->search) : NULL;
  for (guint i = 0; i < self->visible->len; i++)
    {
      TroupeLogVisible *row = &g_array_index (self->visible, TroupeLogVisible, i);

      /* Text stands on whole pixels, so that it is sharp and does not shiver. */
      row->y = floor (row->y);
      draw_gutter (&drawing, row);
    }
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (drawing.text_x - 2, 0,
                                                         MAX (drawing.width - drawing.text_x + 2, 0),
                                                         drawing.height));
  for (guint i = 0; i < self->visible->len; i++)
    draw_row (&drawing, &g_array_index (self->visible, TroupeLogVisible, i));
  gtk_snapshot_pop (snapshot);
  draw_marks (&drawing);
}
