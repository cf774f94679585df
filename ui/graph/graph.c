/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Title and legend above, the axis' figures at the left, its times below, the curves between.
 * All is drawn here: a graph is one widget. Points are kept in a ring shared by all series. */

#include "config.h"

#include "graph/graph.h"

#include "graph/graph-scale.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#define NATURAL_WIDTH 320
#define NATURAL_HEIGHT 160
#define MIN_HEIGHT 90
#define GAP 6
#define SWATCH 10
#define LINE_WIDTH 1.5
#define FILL_ALPHA 0.18
#define DEFAULT_SPAN_SECONDS 60
#define N_TIME_STEPS 2
#define DESCRIBE_INTERVAL_USEC (5 * G_USEC_PER_SEC)

typedef struct
{
  gint64 time_usec;
  double values[TROUPE_GRAPH_MAX_SERIES];
} Point;

struct _TroupeGraph
{
  GtkWidget parent;
  char *title; /* (owned) (nullable) */
  TroupeGraphUnit unit;
  char *names[TROUPE_GRAPH_MAX_SERIES]; /* (owned) */
  guint n_series;
  Point points[TROUPE_GRAPH_MAX_POINTS]; /* a ring */
  guint first_point, n_points;
  guint span_seconds;
  double maximum;
  gint64 described_usec;
};

G_DEFINE_FINAL_TYPE (TroupeGraph, troupe_graph, GTK_TYPE_WIDGET)

/* What one snapshot works with. */
typedef struct
{
  TroupeGraph *self;
  GtkSnapshot *snapshot;
  PangoLayout *layout; /* (owned) */
  GdkRGBA text, dim, grid;
  gboolean dark;
  double left, top, right, bottom; /* of the curves */
  double scale_top;
  guint n_steps;
} Drawing;

static const guint32 light_colors[TROUPE_GRAPH_MAX_SERIES] = {
  0x1c71d8, 0xe66100, 0x2a9d55, 0x9141ac, 0xc01c28, 0x0e8090, 0x865e3c, 0x77767b,
};
static const guint32 dark_colors[TROUPE_GRAPH_MAX_SERIES] = {
  0x62a0ea, 0xffa348, 0x57e389, 0xdc8add, 0xff7b72, 0x5bd6e0, 0xcdab8f, 0xb0afac,
};

static GdkRGBA
series_color (const Drawing *drawing, guint series)
{
  guint32 rgb = drawing->dark ? dark_colors[series] : light_colors[series];

  return (GdkRGBA){ (rgb >> 16 & 0xff) / 255.f, (rgb >> 8 & 0xff) / 255.f, (rgb & 0xff) / 255.f, 1 };
}

static const Point *
get_point (TroupeGraph *self, guint i)
{
  return &self->points[(self->first_point + i) % TROUPE_GRAPH_MAX_POINTS];
}

static double
newest (TroupeGraph *self, guint series)
{
  return self->n_points > 0 ? get_point (self, self->n_points - 1)->values[series] : NAN;
}

/* Draws TEXT with its corner or middle at (X, Y): ALIGN 0 left, 0.5 middle, 1 right. */
static int
draw_text (Drawing *drawing, const char *text, double x, double y, double align, const GdkRGBA *color)
{
  int width;
  int height;

  pango_layout_set_text (drawing->layout, text, -1);
  pango_layout_get_pixel_size (drawing->layout, &width, &height);
  gtk_snapshot_save (drawing->snapshot);
  gtk_snapshot_translate (drawing->snapshot, &GRAPHENE_POINT_INIT (round (x - width * align), round (y)));
  gtk_snapshot_append_layout (drawing->snapshot, drawing->layout, color);
  gtk_snapshot_restore (drawing->snapshot);
  return width;
}

static void
text_size (Drawing *drawing, const char *text, int *width, int *height)
{
  pango_layout_set_text (drawing->layout, text, -1);
  pango_layout_get_pixel_size (drawing->layout, width, height);
}

static void
set_weight (Drawing *drawing, PangoWeight weight)
{
  PangoFontDescription *font =
      pango_font_description_copy (pango_context_get_font_description (pango_layout_get_context (drawing->layout)));

  pango_font_description_set_weight (font, weight);
  pango_font_description_set_size (font, pango_font_description_get_size (font) * 0.85);
  pango_layout_set_font_description (drawing->layout, font);
  pango_font_description_free (font);
}

/* The title, and the series with their newest values from the right. */
static void
draw_header (Drawing *drawing)
{
  TroupeGraph *self = drawing->self;
  double x = gtk_widget_get_width (GTK_WIDGET (self));
  int width;
  int height = 0;
  int title_width = 0;

  if (self->title != NULL)
    {
      set_weight (drawing, PANGO_WEIGHT_BOLD);
      text_size (drawing, self->title, &title_width, &height);
      draw_text (drawing, self->title, 0, 0, 0, &drawing->text);
    }
  set_weight (drawing, PANGO_WEIGHT_NORMAL);
  for (guint i = self->n_series; i > 0; i--)
    {
      double value = newest (self, i - 1);
      g_autofree char *figure = isnan (value) ? g_strdup ("–") : troupe_graph_scale_dup_text (self->unit, value);
      g_autofree char *text =
          self->n_series > 1 ? g_strdup_printf ("%s  %s", self->names[i - 1], figure) : g_strdup (figure);
      GdkRGBA color = series_color (drawing, i - 1);

      text_size (drawing, text, &width, &height);
      /* What finds no room beside the title is left to the reader of the curves. */
      if (x - width - SWATCH - GAP < title_width + 2 * GAP)
        break;
      draw_text (drawing, text, x, 0, 1, &drawing->text);
      x -= width;
      if (self->n_series > 1)
        {
          x -= SWATCH + GAP;
          gtk_snapshot_append_color (drawing->snapshot, &color,
                                     &GRAPHENE_RECT_INIT (x, round ((height - 3) / 2.0), SWATCH, 3));
        }
      x -= 2 * GAP;
    }
  if (self->title != NULL || self->n_series > 0)
    drawing->top = height + GAP;
}

static void
draw_grid (Drawing *drawing)
{
  TroupeGraph *self = drawing->self;
  int height;
  int width;

  drawing->left = 0;
  text_size (drawing, "0", &width, &height);
  for (guint i = 0; i <= drawing->n_steps; i++)
    {
      g_autofree char *text = troupe_graph_scale_dup_text (self->unit, drawing->scale_top * i / drawing->n_steps);

      text_size (drawing, text, &width, &height);
      drawing->left = MAX (drawing->left, width + GAP);
    }
  drawing->top += height / 2;
  drawing->bottom -= height + GAP;
  if (drawing->bottom - drawing->top < height)
    return;
  for (guint i = 0; i <= drawing->n_steps; i++)
    {
      g_autofree char *text = troupe_graph_scale_dup_text (self->unit, drawing->scale_top * i / drawing->n_steps);
      double y = round (drawing->bottom - (drawing->bottom - drawing->top) * i / drawing->n_steps);

      gtk_snapshot_append_color (drawing->snapshot, &drawing->grid,
                                 &GRAPHENE_RECT_INIT (drawing->left, y, drawing->right - drawing->left, 1));
      /* Where figures would touch, every second one stays. */
      if ((drawing->bottom - drawing->top) / drawing->n_steps >= height || i == 0 || i == drawing->n_steps)
        draw_text (drawing, text, drawing->left - GAP, y - height / 2.0, 1, &drawing->dim);
    }
  for (guint i = 0; i <= N_TIME_STEPS; i++)
    {
      g_autofree char *text = troupe_graph_scale_dup_age (self->span_seconds * (N_TIME_STEPS - i) / N_TIME_STEPS);
      double x = drawing->left + (drawing->right - drawing->left) * i / N_TIME_STEPS;

      draw_text (drawing, text, x, drawing->bottom + GAP / 2, (double) i / N_TIME_STEPS, &drawing->dim);
    }
}

static double
point_x (const Drawing *drawing, gint64 time_usec)
{
  TroupeGraph *self = drawing->self;
  double age = (get_point (self, self->n_points - 1)->time_usec - time_usec) / (double) G_USEC_PER_SEC;

  return drawing->right - age / self->span_seconds * (drawing->right - drawing->left);
}

static double
point_y (const Drawing *drawing, double value)
{
  double share = CLAMP (value / drawing->scale_top, 0, 1);

  return drawing->bottom - share * (drawing->bottom - drawing->top);
}

/* Draws the part of a curve between two gaps, [begin, end). */
static void
draw_stretch (Drawing *drawing, cairo_t *cr, guint series, guint begin, guint end, const GdkRGBA *color)
{
  TroupeGraph *self = drawing->self;
  GdkRGBA fill = *color;

  if (end - begin < 2)
    return;
  for (guint i = begin; i < end; i++)
    {
      const Point *point = get_point (self, i);

      cairo_line_to (cr, point_x (drawing, point->time_usec), point_y (drawing, point->values[series]));
    }
  gdk_cairo_set_source_rgba (cr, color);
  if (self->n_series == 1)
    {
      cairo_stroke_preserve (cr);
      cairo_line_to (cr, point_x (drawing, get_point (self, end - 1)->time_usec), drawing->bottom);
      cairo_line_to (cr, point_x (drawing, get_point (self, begin)->time_usec), drawing->bottom);
      cairo_close_path (cr);
      fill.alpha = FILL_ALPHA;
      gdk_cairo_set_source_rgba (cr, &fill);
      cairo_fill (cr);
    }
  else
    cairo_stroke (cr);
}

/* The oldest point in view, or the one before it. */
static guint
find_first (TroupeGraph *self)
{
  gint64 from = get_point (self, self->n_points - 1)->time_usec - (gint64) self->span_seconds * G_USEC_PER_SEC;
  guint i = self->n_points - 1;

  while (i > 0 && get_point (self, i)->time_usec >= from)
    i--;
  return i;
}

static void
draw_curves (Drawing *drawing)
{
  TroupeGraph *self = drawing->self;
  graphene_rect_t area = GRAPHENE_RECT_INIT (drawing->left, drawing->top - 1, drawing->right - drawing->left,
                                             drawing->bottom - drawing->top + 2);
  guint first;
  cairo_t *cr;

  if (self->n_points < 2 || area.size.width <= 0 || area.size.height <= 2)
    return;
  first = find_first (self);
  cr = gtk_snapshot_append_cairo (drawing->snapshot, &area);
  cairo_set_line_width (cr, LINE_WIDTH);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  for (guint series = self->n_series; series > 0; series--)
    {
      GdkRGBA color = series_color (drawing, series - 1);
      guint begin = first;

      for (guint i = first; i <= self->n_points; i++)
        {
          if (i < self->n_points && !isnan (get_point (self, i)->values[series - 1]))
            continue;
          draw_stretch (drawing, cr, series - 1, begin, i, &color);
          begin = i + 1;
        }
    }
  cairo_destroy (cr);
}

static double
find_maximum (TroupeGraph *self)
{
  double maximum = self->maximum;

  for (guint i = self->n_points > 0 ? find_first (self) : 0; i < self->n_points; i++)
    {
      for (guint series = 0; series < self->n_series; series++)
        {
          double value = get_point (self, i)->values[series];

          if (value > maximum)
            maximum = value;
        }
    }
  return maximum;
}

static void
troupe_graph_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  TroupeGraph *self = TROUPE_GRAPH (widget);
  Drawing drawing = {
    .self = self,
    .snapshot = snapshot,
    .layout = gtk_widget_create_pango_layout (widget, NULL),
    .right = gtk_widget_get_width (widget),
    .bottom = gtk_widget_get_height (widget),
  };
  PangoAttrList *attributes = pango_attr_list_new ();

  /* Figures that change keep their width. */
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (drawing.layout, attributes);
  pango_attr_list_unref (attributes);
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &drawing.text);
  drawing.dark = drawing.text.red + drawing.text.green + drawing.text.blue > 1.5;
  drawing.dim = drawing.grid = drawing.text;
  drawing.dim.alpha *= adw_style_manager_get_high_contrast (adw_style_manager_get_default ()) ? 1 : 0.65;
  drawing.grid.alpha *= 0.12;
  drawing.scale_top = troupe_graph_scale_top (self->unit, find_maximum (self), &drawing.n_steps);
  /* A top that was asked for is the top, round or not. */
  if (self->maximum > 0 && find_maximum (self) <= self->maximum)
    {
      drawing.scale_top = self->maximum;
      drawing.n_steps = 4;
    }
  draw_header (&drawing);
  draw_grid (&drawing);
  draw_curves (&drawing);
  g_object_unref (drawing.layout);
}

static void
troupe_graph_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 0 : MIN_HEIGHT;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? NATURAL_WIDTH : NATURAL_HEIGHT;
}

static void
describe (TroupeGraph *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->n_series; i++)
    {
      double value = newest (self, i);
      g_autofree char *figure = isnan (value) ? g_strdup (_ ("unknown")) : troupe_graph_scale_dup_text (self->unit, value);

      g_string_append_printf (text, "%s%s: %s", i > 0 ? ", " : "", self->names[i], figure);
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text->str, -1);
}

static void
describe_now_and_then (TroupeGraph *self)
{
  gint64 now = g_get_monotonic_time ();

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)) ||
      (self->described_usec != 0 && now - self->described_usec < DESCRIBE_INTERVAL_USEC))
    return;
  self->described_usec = now;
  describe (self);
}

static void
troupe_graph_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_graph_parent_class)->map (widget);
  describe_now_and_then (TROUPE_GRAPH (widget));
}

static void
troupe_graph_finalize (GObject *object)
{
  TroupeGraph *self = TROUPE_GRAPH (object);

  g_free (self->title);
  for (guint i = 0; i < self->n_series; i++)
    g_free (self->names[i]);
  G_OBJECT_CLASS (troupe_graph_parent_class)->finalize (object);
}

static void
troupe_graph_class_init (TroupeGraphClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = troupe_graph_finalize;
  widget_class->measure = troupe_graph_measure;
  widget_class->snapshot = troupe_graph_snapshot;
  widget_class->map = troupe_graph_map;
  gtk_widget_class_set_css_name (widget_class, "troupe-graph");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
troupe_graph_init (TroupeGraph *self)
{
  self->span_seconds = DEFAULT_SPAN_SECONDS;
}

GtkWidget *
troupe_graph_new (const char *title, TroupeGraphUnit unit)
{
  TroupeGraph *self = g_object_new (TROUPE_TYPE_GRAPH, NULL);

  self->title = g_strdup (title);
  self->unit = unit;
  if (title != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  return GTK_WIDGET (self);
}

guint
troupe_graph_add_series (TroupeGraph *self, const char *name)
{
  g_return_val_if_fail (TROUPE_IS_GRAPH (self), 0);
  g_return_val_if_fail (self->n_series < TROUPE_GRAPH_MAX_SERIES, 0);
  self->names[self->n_series] = g_strdup (name);
  for (guint i = 0; i < self->n_points; i++)
    self->points[(self->first_point + i) % TROUPE_GRAPH_MAX_POINTS].values[self->n_series] = NAN;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return self->n_series++;
}

void
troupe_graph_push (TroupeGraph *self, gint64 time_usec, const double *values, guint n_values)
{
  Point *point;

  g_return_if_fail (TROUPE_IS_GRAPH (self));
  /* Time does not run backwards here, whatever the caller's clock does. */
  if (self->n_points > 0)
    time_usec = MAX (time_usec, get_point (self, self->n_points - 1)->time_usec);
  if (self->n_points == TROUPE_GRAPH_MAX_POINTS)
    self->first_point = (self->first_point + 1) % TROUPE_GRAPH_MAX_POINTS;
  else
    self->n_points++;
  point = &self->points[(self->first_point + self->n_points - 1) % TROUPE_GRAPH_MAX_POINTS];
  point->time_usec = time_usec;
  for (guint i = 0; i < TROUPE_GRAPH_MAX_SERIES; i++)
    point->values[i] = i < n_values && isfinite (values[i]) ? MAX (values[i], 0) : NAN;
  describe_now_and_then (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
troupe_graph_clear (TroupeGraph *self)
{
  g_return_if_fail (TROUPE_IS_GRAPH (self));
  self->n_points = 0;
  self->first_point = 0;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
troupe_graph_set_span_seconds (TroupeGraph *self, guint seconds)
{
  g_return_if_fail (TROUPE_IS_GRAPH (self));
  self->span_seconds = MAX (seconds, 1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
troupe_graph_set_maximum (TroupeGraph *self, double maximum)
{
  g_return_if_fail (TROUPE_IS_GRAPH (self));
  self->maximum = isfinite (maximum) ? MAX (maximum, 0) : 0;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
