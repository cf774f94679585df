/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The widget: its properties, where it stands in the journal, and when it looks again.
 *
 * Scrolling counts in lines of the screen times their height, by row number: a row's place
 * never changes while rows are added at the end or deleted at the beginning, so a view that
 * does not follow stands still. When wrapped, a row still counts as one line, and the fraction
 * says how much of its height has gone by; only rows in view are measured, and those that make
 * up the last page, so that the end is exactly the end. */

#include "config.h"

#include "logview/log-view-private.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#define DEFAULT_STREAMS (TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR))
#define INTERFACE_SCHEMA "org.gnome.desktop.interface"
#define MONOSPACE_KEY "monospace-font-name"
#define FALLBACK_FONT "Monospace 11"
#define NEW_ROWS_INTERVAL_USEC 100000
#define MIN_WRAP_COLUMNS 8
/* A wider row than this many columns counts as so wide, to keep pixels countable. */
#define MAX_COLUMNS (G_GUINT64_CONSTANT (1) << 40)

enum
{
  PROP_FOLLOW = 1,
  PROP_WRAP,
  PROP_TIME_STAMPS,
  PROP_SHOW_STDOUT, /* and the other streams, in their order */
  PROP_SHOW_STDERR,
  PROP_SHOW_MESSAGES,
  PROP_SHOW_EVENTS,
  PROP_FONT,
  PROP_N_ROWS,
  PROP_N_NEW_ROWS,
  PROP_HAS_SELECTION,
  PROP_N_MATCHES,
  PROP_CURRENT_MATCH,
  PROP_SEARCHING,
  PROP_FILTERING,
  PROP_PROBLEM,
  N_PROPS,

  PROP_HADJUSTMENT = N_PROPS,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
};

enum
{
  NOTICE,
  FIND,
  DISMISS_FIND,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeLogView, troupe_log_view, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

GType
troupe_log_times_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    {
      static const GEnumValue values[] = {
        { TROUPE_LOG_TIMES_OFF, "TROUPE_LOG_TIMES_OFF", "off" },
        { TROUPE_LOG_TIMES_CLOCK, "TROUPE_LOG_TIMES_CLOCK", "clock" },
        { TROUPE_LOG_TIMES_SINCE_START, "TROUPE_LOG_TIMES_SINCE_START", "since-start" },
        { 0, NULL, NULL },
      };

      g_once_init_leave (&type, g_enum_register_static ("TroupeLogTimes", values));
    }
  return type;
}

static void
run_info_clear (gpointer data)
{
  TroupeLogRunInfo *info = data;

  g_clear_pointer (&info->label, g_free);
  g_clear_pointer (&info->short_label, g_free);
}

/* ---- Geometry ---- */

static TroupeLogPainter *
get_painter (TroupeLogView *self)
{
  if (self->painter == NULL)
    {
      PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
      g_autofree char *desktop_font = NULL;
      PangoFontDescription *font;

      if (self->interface_settings != NULL)
        desktop_font = g_settings_get_string (self->interface_settings, MONOSPACE_KEY);
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

static guint64
count_lines (TroupeLogView *self, const TroupeLogLine *line)
{
  guint64 columns;

  if (!self->wrap)
    return 1;
  columns = troupe_log_view_wrap_columns (self);
  return MAX ((line->n_columns + columns - 1) / columns, 1);
}

static TroupeLogLine *
get_line (TroupeLogView *self, guint64 number)
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
      TroupeLogLine *line = get_line (self, number - 1);
      guint64 n_lines = line != NULL ? count_lines (self, line) : 1;

      number--;
      if (n_lines * line_height >= room)
        return number + 1 - room / (n_lines * line_height);
      room -= n_lines * line_height;
    }
  return begin;
}

static double
get_top (TroupeLogView *self)
{
  return gtk_adjustment_get_value (self->vadjustment) / troupe_log_view_line_height (self);
}

/* Finds the rows in view from where the adjustments stand. */
static void
update_visible (TroupeLogView *self)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  double height = gtk_widget_get_height (GTK_WIDGET (self));
  double line_height = troupe_log_view_line_height (self);
  double top = MAX (get_top (self), (double) begin);
  guint64 number = MIN ((guint64) top, end);
  double y = TROUPE_LOG_PADDING;
  guint64 max_columns = 0;

  troupe_log_lines_begin_frame (self->lines);
  g_array_set_size (self->visible, 0);
  for (gboolean first = TRUE; number < end && y < height; number++, first = FALSE)
    {
      TroupeLogVisible row = { .number = number };

      row.line = get_line (self, number);
      if (row.line == NULL)
        continue;
      row.n_lines = count_lines (self, row.line);
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

          above.line = get_line (self, above.number);
          if (above.line != NULL)
            {
              above.n_lines = count_lines (self, above.line);
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

static void
configure_hadjustment (TroupeLogView *self)
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

static void
remember_top (TroupeLogView *self)
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

static void notify_rows (TroupeLogView *self);

void
troupe_log_view_relayout (TroupeLogView *self)
{
  if (self->vadjustment != NULL && gtk_widget_get_height (GTK_WIDGET (self)) > 0)
    {
      configure_vadjustment (self);
      update_visible (self);
      configure_hadjustment (self);
      remember_top (self);
      troupe_log_accessible_changed (self->accessible);
    }
  notify_rows (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* ---- Scrolling ---- */

static void
set_follow (TroupeLogView *self, gboolean follow)
{
  if (self->follow == follow)
    return;
  self->follow = follow;
  self->seen_end = troupe_log_rows_get_end (self->rows);
  /* One who does not follow need not be told sixty times a second. */
  troupe_log_follower_set_eager (self->follower, follow);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FOLLOW]);
  notify_rows (self);
}

static void
vadjustment_changed_cb (GtkAdjustment *adjustment, gpointer data)
{
  TroupeLogView *self = data;

  if (self->update_depth > 0)
    return;
  set_follow (self, gtk_adjustment_get_value (adjustment) >= gtk_adjustment_get_upper (adjustment) -
                                                                 gtk_adjustment_get_page_size (adjustment) - 1);
  update_visible (self);
  configure_hadjustment (self);
  remember_top (self);
  troupe_log_accessible_changed (self->accessible);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
hadjustment_changed_cb (GtkAdjustment *adjustment, gpointer data)
{
  TroupeLogView *self = data;

  if (self->update_depth == 0)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
set_adjustment (TroupeLogView *self, GtkAdjustment **slot, GtkAdjustment *adjustment, GCallback callback)
{
  if (*slot == adjustment && adjustment != NULL)
    return;
  if (*slot != NULL)
    {
      g_signal_handlers_disconnect_by_func (*slot, callback, self);
      g_clear_object (slot);
    }
  if (adjustment == NULL)
    adjustment = gtk_adjustment_new (0, 0, 0, 0, 0, 0);
  *slot = g_object_ref_sink (adjustment);
  g_signal_connect (*slot, "value-changed", callback, self);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* The place, in rows, N_LINES lines of the screen from FROM. */
static double
move_by_lines (TroupeLogView *self, double from, double n_lines)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  guint64 number = MIN ((guint64) from, end);
  double within;

  if (!self->wrap || number >= end)
    return from + n_lines;
  {
    TroupeLogLine *line = get_line (self, number);

    within = (from - number) * (line != NULL ? count_lines (self, line) : 1) + n_lines;
  }
  while (within < 0 && number > begin)
    {
      TroupeLogLine *line = get_line (self, --number);

      within += line != NULL ? count_lines (self, line) : 1;
    }
  while (number < end)
    {
      TroupeLogLine *line = get_line (self, number);
      double n = line != NULL ? count_lines (self, line) : 1;

      if (within < n)
        return number + MAX (within, 0) / n;
      within -= n;
      number++;
    }
  return number;
}

void
troupe_log_view_scroll_lines (TroupeLogView *self, double n_lines)
{
  if (self->vadjustment != NULL)
    gtk_adjustment_set_value (self->vadjustment, move_by_lines (self, get_top (self), n_lines) *
                                                     troupe_log_view_line_height (self));
}

void
troupe_log_view_scroll_to_row (TroupeLogView *self, guint64 number, gboolean at_top)
{
  double line_height = troupe_log_view_line_height (self);
  double height = gtk_widget_get_height (GTK_WIDGET (self));

  if (self->vadjustment == NULL)
    return;
  if (!at_top)
    {
      for (guint i = 0; i < self->visible->len; i++)
        {
          const TroupeLogVisible *row = &g_array_index (self->visible, TroupeLogVisible, i);

          if (row->number == number && row->y >= 0 && row->y + line_height <= height)
            return;
        }
    }
  set_follow (self, FALSE);
  gtk_adjustment_set_value (
      self->vadjustment,
      move_by_lines (self, number, at_top ? 0 : -floor (height / line_height / 3)) * line_height);
}

/* ---- Looking again ---- */

static void
notify_rows (TroupeLogView *self)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  guint64 n_new = troupe_log_view_get_n_new_rows (self);
  gint64 now = g_get_monotonic_time ();

  if (end - begin != self->notified_end - self->notified_begin)
    {
      self->notified_begin = begin;
      self->notified_end = end;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_ROWS]);
    }
  if (n_new != self->notified_new &&
      (n_new == 0 || self->notified_new == 0 || now - self->new_notified_usec >= NEW_ROWS_INTERVAL_USEC))
    {
      self->notified_new = n_new;
      self->new_notified_usec = now;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_NEW_ROWS]);
    }
}

static void
update_problem (TroupeLogView *self)
{
  const char *problem = troupe_log_rows_get_problem (self->rows);

  if (g_strcmp0 (problem, self->problem) == 0)
    return;
  g_free (self->problem);
  self->problem = g_strdup (problem);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROBLEM]);
}

/* Where rows of merged runs moved, moves along. */
static void
keep_top (TroupeLogView *self)
{
  guint64 was = self->top.number;
  double line_height = troupe_log_view_line_height (self);

  if (self->follow || self->visible->len == 0 || self->vadjustment == NULL)
    return;
  if (!troupe_log_rows_resolve (self->rows, &self->top) || self->top.number == was)
    return;
  self->update_depth++;
  /* Upwards there may be no room yet: configuring the adjustment comes after. */
  gtk_adjustment_set_upper (self->vadjustment, MAX (gtk_adjustment_get_upper (self->vadjustment),
                                                    (troupe_log_rows_get_end (self->rows) + 1) * line_height +
                                                        gtk_adjustment_get_page_size (self->vadjustment)));
  gtk_adjustment_set_value (self->vadjustment, gtk_adjustment_get_value (self->vadjustment) +
                                                   ((double) self->top.number - (double) was) * line_height);
  self->update_depth--;
}

gboolean
troupe_log_view_update (TroupeLogView *self)
{
  gboolean opened = troupe_log_rows_open_missing (self->rows);
  gboolean changed = troupe_log_rows_refresh (self->rows);

  update_problem (self);
  if (!changed && !opened)
    return FALSE;
  troupe_log_view_poke_search (self);
  keep_top (self);
  troupe_log_view_relayout (self);
  return TRUE;
}

static gboolean
refresh_cb (gpointer data)
{
  return troupe_log_view_update (data);
}

void
troupe_log_view_begin_change (TroupeLogView *self)
{
  remember_top (self);
}

void
troupe_log_view_end_change (TroupeLogView *self)
{
  /* The lines of the rows in view are read anew. */
  g_array_set_size (self->visible, 0);
  troupe_log_lines_clear (self->lines);
  self->max_columns = 0;
  if (!self->follow && self->vadjustment != NULL)
    {
      double line_height = troupe_log_view_line_height (self);

      troupe_log_rows_resolve (self->rows, &self->top);
      self->update_depth++;
      gtk_adjustment_configure (self->vadjustment, self->top.number * line_height, 0,
                                (troupe_log_rows_get_end (self->rows) + 1) * line_height +
                                    gtk_widget_get_height (GTK_WIDGET (self)),
                                0, 0, 0);
      self->update_depth--;
    }
  self->seen_end = troupe_log_rows_get_end (self->rows);
  troupe_log_view_relayout (self);
}

/* ---- Signals ---- */

void
troupe_log_view_emit_notice (TroupeLogView *self, const char *text)
{
  g_signal_emit (self, signals[NOTICE], 0, text);
}

void
troupe_log_view_selection_changed (TroupeLogView *self)
{
  gboolean has_selection = troupe_log_view_get_has_selection (self);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "log.copy", has_selection);
  if (has_selection != self->has_selection_notified)
    {
      self->has_selection_notified = has_selection;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HAS_SELECTION]);
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* ---- The widget ---- */

static gboolean
accessible_row_cb (gpointer data, guint i, char **text, GdkRectangle *place)
{
  TroupeLogView *self = data;
  const TroupeLogVisible *row;
  g_autoptr (GByteArray) bytes = NULL;

  if (i >= self->visible->len)
    return FALSE;
  row = &g_array_index (self->visible, TroupeLogVisible, i);
  troupe_log_line_ensure (row->line, self->rows, 0, TROUPE_LOG_LINE_WINDOW_BYTES / 2);
  bytes = g_byte_array_new ();
  troupe_ansi_append_text (&row->line->ansi, row->line->bytes, 0,
                           MIN (row->line->ansi.n_columns, TROUPE_LOG_LINE_WINDOW_BYTES / 2), bytes);
  *text = troupe_log_dup_clipboard_text (bytes->data, bytes->len);
  if (row->line->row.row.stream == TROUPE_STREAM_STDERR && bytes->len > 0)
    {
      char *marked = g_strdup_printf (_ ("Error output: %s"), *text);

      g_free (*text);
      *text = marked;
    }
  place->x = 0;
  place->y = floor (row->y);
  place->width = gtk_widget_get_width (GTK_WIDGET (self));
  place->height = MIN (row->n_lines, 10000) * troupe_log_view_line_height (self);
  return TRUE;
}

static void
troupe_log_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = 0;
}

static void
troupe_log_view_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);

  troupe_log_view_relayout (self);
  troupe_log_accessible_allocate (self->accessible);
  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
}

static void
troupe_log_view_map (GtkWidget *widget)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);

  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->map (widget);
  troupe_log_view_update (self);
  troupe_log_follower_start (self->follower);
  troupe_log_accessible_changed (self->accessible);
}

static void
troupe_log_view_unmap (GtkWidget *widget)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);

  troupe_log_follower_stop (self->follower);
  troupe_log_accessible_stop (self->accessible);
  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->unmap (widget);
}

static void
forget_look (TroupeLogView *self)
{
  self->palette_valid = FALSE;
  g_clear_pointer (&self->painter, troupe_log_painter_free);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
troupe_log_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->css_changed (widget, change);
  TROUPE_LOG_VIEW (widget)->palette_valid = FALSE;
  gtk_widget_queue_draw (widget);
}

static void
troupe_log_view_system_setting_changed (GtkWidget *widget, GtkSystemSetting setting)
{
  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->system_setting_changed (widget, setting);
  if (setting == GTK_SYSTEM_SETTING_DPI || setting == GTK_SYSTEM_SETTING_FONT_NAME ||
      setting == GTK_SYSTEM_SETTING_FONT_CONFIG)
    forget_look (TROUPE_LOG_VIEW (widget));
}

static void
troupe_log_view_dispose (GObject *object)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);

  troupe_log_view_dispose_input (self);
  troupe_log_view_dispose_find (self);
  g_clear_pointer (&self->accessible, troupe_log_accessible_free);
  g_clear_pointer (&self->follower, troupe_log_follower_free);
  if (self->vadjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->vadjustment, self);
  if (self->hadjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->hadjustment, self);
  g_clear_object (&self->vadjustment);
  g_clear_object (&self->hadjustment);
  g_clear_object (&self->interface_settings);
  G_OBJECT_CLASS (troupe_log_view_parent_class)->dispose (object);
}

static void
troupe_log_view_finalize (GObject *object)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);

  g_array_unref (self->visible);
  g_array_unref (self->runs);
  troupe_log_lines_free (self->lines);
  troupe_log_rows_free (self->rows);
  g_clear_pointer (&self->painter, troupe_log_painter_free);
  g_clear_pointer (&self->scratch, troupe_log_scratch_free);
  g_free (self->font);
  g_free (self->problem);
  G_OBJECT_CLASS (troupe_log_view_parent_class)->finalize (object);
}

static void
troupe_log_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);

  switch (id)
    {
    case PROP_FOLLOW:
      g_value_set_boolean (value, self->follow);
      break;
    case PROP_WRAP:
      g_value_set_boolean (value, self->wrap);
      break;
    case PROP_TIME_STAMPS:
      g_value_set_enum (value, self->times);
      break;
    case PROP_SHOW_STDOUT:
    case PROP_SHOW_STDERR:
    case PROP_SHOW_MESSAGES:
    case PROP_SHOW_EVENTS:
      g_value_set_boolean (value, (troupe_log_view_get_streams (self) & TROUPE_STREAM_MASK (id - PROP_SHOW_STDOUT)) != 0);
      break;
    case PROP_FONT:
      g_value_set_string (value, self->font);
      break;
    case PROP_N_ROWS:
      g_value_set_uint64 (value, troupe_log_view_get_n_rows (self));
      break;
    case PROP_N_NEW_ROWS:
      g_value_set_uint64 (value, troupe_log_view_get_n_new_rows (self));
      break;
    case PROP_HAS_SELECTION:
      g_value_set_boolean (value, troupe_log_view_get_has_selection (self));
      break;
    case PROP_N_MATCHES:
      g_value_set_uint64 (value, troupe_log_view_get_n_matches (self));
      break;
    case PROP_CURRENT_MATCH:
      g_value_set_uint64 (value, troupe_log_view_get_current_match (self));
      break;
    case PROP_SEARCHING:
      g_value_set_boolean (value, troupe_log_view_get_searching (self));
      break;
    case PROP_FILTERING:
      g_value_set_boolean (value, troupe_log_view_get_filtering (self));
      break;
    case PROP_PROBLEM:
      g_value_set_string (value, troupe_log_view_get_problem (self));
      break;
    case PROP_HADJUSTMENT:
      g_value_set_object (value, self->hadjustment);
      break;
    case PROP_VADJUSTMENT:
      g_value_set_object (value, self->vadjustment);
      break;
    case PROP_HSCROLL_POLICY:
      g_value_set_enum (value, self->hscroll_policy);
      break;
    case PROP_VSCROLL_POLICY:
      g_value_set_enum (value, self->vscroll_policy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
troupe_log_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);
  guint streams;

  switch (id)
    {
    case PROP_FOLLOW:
      troupe_log_view_set_follow (self, g_value_get_boolean (value));
      break;
    case PROP_WRAP:
      troupe_log_view_set_wrap (self, g_value_get_boolean (value));
      break;
    case PROP_TIME_STAMPS:
      troupe_log_view_set_time_stamps (self, g_value_get_enum (value));
      break;
    case PROP_SHOW_STDOUT:
    case PROP_SHOW_STDERR:
    case PROP_SHOW_MESSAGES:
    case PROP_SHOW_EVENTS:
      streams = troupe_log_view_get_streams (self) & ~TROUPE_STREAM_MASK (id - PROP_SHOW_STDOUT);
      if (g_value_get_boolean (value))
        streams |= TROUPE_STREAM_MASK (id - PROP_SHOW_STDOUT);
      troupe_log_view_set_streams (self, streams);
      break;
    case PROP_FONT:
      troupe_log_view_set_font (self, g_value_get_string (value));
      break;
    case PROP_HADJUSTMENT:
      set_adjustment (self, &self->hadjustment, g_value_get_object (value), G_CALLBACK (hadjustment_changed_cb));
      break;
    case PROP_VADJUSTMENT:
      set_adjustment (self, &self->vadjustment, g_value_get_object (value), G_CALLBACK (vadjustment_changed_cb));
      break;
    case PROP_HSCROLL_POLICY:
      self->hscroll_policy = g_value_get_enum (value);
      break;
    case PROP_VSCROLL_POLICY:
      self->vscroll_policy = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_properties (GObjectClass *class)
{
  static const char *const show_names[TROUPE_N_STREAMS] = { "show-stdout", "show-stderr", "show-messages",
                                                            "show-events" };
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  props[PROP_FOLLOW] = g_param_spec_boolean ("follow", NULL, NULL, TRUE, rw);
  props[PROP_WRAP] = g_param_spec_boolean ("wrap", NULL, NULL, FALSE, rw);
  props[PROP_TIME_STAMPS] =
      g_param_spec_enum ("time-stamps", NULL, NULL, TROUPE_TYPE_LOG_TIMES, TROUPE_LOG_TIMES_OFF, rw);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    props[PROP_SHOW_STDOUT + i] = g_param_spec_boolean (show_names[i], NULL, NULL,
                                                        (DEFAULT_STREAMS & TROUPE_STREAM_MASK (i)) != 0, rw);
  props[PROP_FONT] = g_param_spec_string ("font", NULL, NULL, NULL, rw);
  props[PROP_N_ROWS] = g_param_spec_uint64 ("n-rows", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_N_NEW_ROWS] = g_param_spec_uint64 ("n-new-rows", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_HAS_SELECTION] = g_param_spec_boolean ("has-selection", NULL, NULL, FALSE, r);
  props[PROP_N_MATCHES] = g_param_spec_uint64 ("n-matches", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_CURRENT_MATCH] = g_param_spec_uint64 ("current-match", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_SEARCHING] = g_param_spec_boolean ("searching", NULL, NULL, FALSE, r);
  props[PROP_FILTERING] = g_param_spec_boolean ("filtering", NULL, NULL, FALSE, r);
  props[PROP_PROBLEM] = g_param_spec_string ("problem", NULL, NULL, NULL, r);
  g_object_class_install_properties (class, N_PROPS, props);
  g_object_class_override_property (class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (class, PROP_VSCROLL_POLICY, "vscroll-policy");
}

static void
troupe_log_view_class_init (TroupeLogViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);

  object_class->dispose = troupe_log_view_dispose;
  object_class->finalize = troupe_log_view_finalize;
  object_class->get_property = troupe_log_view_get_property;
  object_class->set_property = troupe_log_view_set_property;
  widget_class->measure = troupe_log_view_measure;
  widget_class->size_allocate = troupe_log_view_size_allocate;
  widget_class->snapshot = troupe_log_view_snapshot;
  widget_class->map = troupe_log_view_map;
  widget_class->unmap = troupe_log_view_unmap;
  widget_class->css_changed = troupe_log_view_css_changed;
  widget_class->system_setting_changed = troupe_log_view_system_setting_changed;
  install_properties (object_class);
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_LOG_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[FIND] = g_signal_new ("find", TROUPE_TYPE_LOG_VIEW, G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
  signals[DISMISS_FIND] = g_signal_new ("dismiss-find", TROUPE_TYPE_LOG_VIEW,
                                        G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_css_name (widget_class, "troupe-log");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LOG);
  troupe_log_view_class_init_input (widget_class);
}

/* The desktop's monospace font, where there is a desktop. */
static void
watch_desktop_font (TroupeLogView *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, INTERFACE_SCHEMA, TRUE);
  if (schema == NULL || !g_settings_schema_has_key (schema, MONOSPACE_KEY))
    return;
  self->interface_settings = g_settings_new (INTERFACE_SCHEMA);
  g_signal_connect_object (self->interface_settings, "changed::" MONOSPACE_KEY, G_CALLBACK (forget_look), self,
                           G_CONNECT_SWAPPED);
}

static void
troupe_log_view_init (TroupeLogView *self)
{
  self->follow = TRUE;
  self->visible = g_array_new (FALSE, TRUE, sizeof (TroupeLogVisible));
  self->runs = g_array_new (FALSE, TRUE, sizeof (TroupeLogRunInfo));
  g_array_set_clear_func (self->runs, run_info_clear);
  self->rows = troupe_log_rows_new (NULL, 0, DEFAULT_STREAMS);
  self->lines = troupe_log_lines_new ();
  self->scratch = troupe_log_scratch_new ();
  self->follower = troupe_log_follower_new (GTK_WIDGET (self), refresh_cb, self);
  self->accessible = troupe_log_accessible_new (GTK_WIDGET (self), accessible_row_cb, self);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_add_css_class (GTK_WIDGET (self), "view");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Output"), -1);
  watch_desktop_font (self);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast", G_CALLBACK (forget_look),
                           self, G_CONNECT_SWAPPED);
  troupe_log_view_init_input (self);
  set_adjustment (self, &self->vadjustment, NULL, G_CALLBACK (vadjustment_changed_cb));
  set_adjustment (self, &self->hadjustment, NULL, G_CALLBACK (hadjustment_changed_cb));
}

/* ---- Public ---- */

GtkWidget *
troupe_log_view_new (void)
{
  return g_object_new (TROUPE_TYPE_LOG_VIEW, NULL);
}

static gboolean
shows_same (TroupeLogView *self, const TroupeLogRun *runs, gsize n_runs)
{
  gsize n_dirs;
  const char *const *dirs = troupe_log_rows_get_dirs (self->rows, &n_dirs);

  if (n_dirs != n_runs || n_runs == 0)
    return FALSE;
  for (gsize i = 0; i < n_runs; i++)
    {
      if (strcmp (dirs[i], runs[i].journal_dir) != 0)
        return FALSE;
    }
  return TRUE;
}

/* A name that is too long keeps its beginning, and its end: that is where the number is. */
static char *
shorten_label (const char *label, int *columns)
{
  g_autofree char *valid = g_utf8_make_valid (label, -1);
  long length = g_utf8_strlen (valid, -1);
  g_autofree char *head = NULL;
  g_autofree char *tail = NULL;
  const int tail_columns = 5;

  *columns = MIN (length, TROUPE_LOG_LABEL_MAX_COLUMNS);
  if (length <= TROUPE_LOG_LABEL_MAX_COLUMNS)
    return g_steal_pointer (&valid);
  head = g_utf8_substring (valid, 0, TROUPE_LOG_LABEL_MAX_COLUMNS - tail_columns - 1);
  tail = g_utf8_substring (valid, length - tail_columns, length);
  return g_strconcat (head, "…", tail, NULL);
}

static void
set_run_infos (TroupeLogView *self, const TroupeLogRun *runs, gsize n_runs)
{
  g_array_set_size (self->runs, 0);
  self->label_columns = 0;
  for (gsize i = 0; i < n_runs; i++)
    {
      TroupeLogRunInfo info = { .label = g_strdup (runs[i].label), .start_usec = runs[i].start_usec };
      int columns = 0;

      if (info.label != NULL)
        info.short_label = shorten_label (info.label, &columns);
      if (n_runs > 1)
        self->label_columns = MAX (self->label_columns, columns);
      g_array_append_val (self->runs, info);
    }
}

void
troupe_log_view_set_runs (TroupeLogView *self, const TroupeLogRun *runs, gsize n_runs)
{
  g_autofree const char **dirs = NULL;
  gsize n_shown = MIN (n_runs, TROUPE_LOG_MAX_RUNS);

  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));

  if (shows_same (self, runs, n_shown))
    {
      set_run_infos (self, runs, n_shown);
      troupe_log_view_relayout (self);
      return;
    }
  dirs = g_new (const char *, n_shown);
  for (gsize i = 0; i < n_shown; i++)
    dirs[i] = runs[i].journal_dir;
  set_run_infos (self, runs, n_shown);
  g_array_set_size (self->visible, 0);
  troupe_log_lines_clear (self->lines);
  {
    TroupeLogRows *old = self->rows;

    self->rows = troupe_log_rows_new (dirs, n_shown, troupe_log_rows_get_streams (old));
    troupe_log_rows_free (old);
  }
  if (n_shown < n_runs)
    troupe_log_rows_set_problem (self->rows,
                                 _ ("Too many workers for one view: only the first %d are shown"),
                                 TROUPE_LOG_MAX_RUNS);
  troupe_log_follower_set_dirs (self->follower, dirs, n_shown);
  self->selection.active = FALSE;
  self->max_columns = 0;
  set_follow (self, TRUE);
  self->seen_end = troupe_log_rows_get_end (self->rows);
  troupe_log_view_restart_search (self);
  update_problem (self);
  troupe_log_view_selection_changed (self);
  troupe_log_view_relayout (self);
}

gboolean
troupe_log_view_get_follow (TroupeLogView *self)
{
  return self->follow;
}

void
troupe_log_view_set_follow (TroupeLogView *self, gboolean follow)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  set_follow (self, !!follow);
  troupe_log_view_relayout (self);
}

gboolean
troupe_log_view_get_wrap (TroupeLogView *self)
{
  return self->wrap;
}

void
troupe_log_view_set_wrap (TroupeLogView *self, gboolean wrap)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  wrap = !!wrap;
  if (self->wrap == wrap)
    return;
  troupe_log_view_begin_change (self);
  self->wrap = wrap;
  troupe_log_view_end_change (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_WRAP]);
}

TroupeLogTimes
troupe_log_view_get_time_stamps (TroupeLogView *self)
{
  return self->times;
}

void
troupe_log_view_set_time_stamps (TroupeLogView *self, TroupeLogTimes times)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  if (self->times == times)
    return;
  self->times = times;
  troupe_log_view_relayout (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIME_STAMPS]);
}

const char *
troupe_log_view_get_font (TroupeLogView *self)
{
  return self->font;
}

void
troupe_log_view_set_font (TroupeLogView *self, const char *font)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  if (g_strcmp0 (font, self->font) == 0)
    return;
  troupe_log_view_begin_change (self);
  g_free (self->font);
  self->font = g_strdup (font);
  forget_look (self);
  troupe_log_view_end_change (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FONT]);
}

guint
troupe_log_view_get_streams (TroupeLogView *self)
{
  return troupe_log_rows_get_streams (self->rows);
}

void
troupe_log_view_set_streams (TroupeLogView *self, guint streams)
{
  guint changed;

  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  streams &= TROUPE_STREAM_MASK_ALL;
  changed = streams ^ troupe_log_view_get_streams (self);
  if (changed == 0)
    return;
  troupe_log_view_begin_change (self);
  troupe_log_rows_set_streams (self->rows, streams);
  troupe_log_view_restart_search (self);
  troupe_log_view_end_change (self);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    {
      if ((changed & TROUPE_STREAM_MASK (i)) != 0)
        g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SHOW_STDOUT + i]);
    }
}

guint64
troupe_log_view_get_n_rows (TroupeLogView *self)
{
  return troupe_log_rows_get_end (self->rows) - troupe_log_rows_get_begin (self->rows);
}

guint64
troupe_log_view_get_n_new_rows (TroupeLogView *self)
{
  guint64 end = troupe_log_rows_get_end (self->rows);

  return self->follow || end < self->seen_end ? 0 : end - self->seen_end;
}

const char *
troupe_log_view_get_problem (TroupeLogView *self)
{
  return self->problem;
}

void
troupe_log_view_refresh (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_view_update (self);
}

void
troupe_log_view_clear (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_rows_set_cleared (self->rows, TRUE);
  self->selection.active = FALSE;
  set_follow (self, TRUE);
  troupe_log_view_restart_search (self);
  troupe_log_view_selection_changed (self);
  troupe_log_view_end_change (self);
}

void
troupe_log_view_unclear (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_view_begin_change (self);
  troupe_log_rows_set_cleared (self->rows, FALSE);
  troupe_log_view_restart_search (self);
  troupe_log_view_end_change (self);
}

void
troupe_log_view_scroll_to_time (TroupeLogView *self, guint64 time_usec)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_view_scroll_to_row (self, troupe_log_rows_find_time (self->rows, time_usec), TRUE);
}
