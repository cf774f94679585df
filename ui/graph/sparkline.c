/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One filled polygon in one cairo node: the cheapest of what was measured, together with a
 * texture that would have to be made anew each time. */

#include "config.h"

#include "graph/sparkline.h"

#include <math.h>

#define NATURAL_WIDTH 40
#define NATURAL_HEIGHT 16
#define DEFAULT_MAXIMUM 100
#define FILL_ALPHA 0.5

struct _TroupeSparkline
{
  GtkWidget parent;
  double values[TROUPE_SPARKLINE_POINTS]; /* oldest first */
  guint n_values;
  double maximum;
};

enum
{
  PROP_MAXIMUM = 1,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (TroupeSparkline, troupe_sparkline, GTK_TYPE_WIDGET)

static double
clean (double value)
{
  return isfinite (value) && value > 0 ? value : 0;
}

static void
troupe_sparkline_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                          int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? NATURAL_WIDTH : NATURAL_HEIGHT;
}

static void
troupe_sparkline_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  TroupeSparkline *self = TROUPE_SPARKLINE (widget);
  double width = gtk_widget_get_width (widget);
  double height = gtk_widget_get_height (widget);
  double step = width / (TROUPE_SPARKLINE_POINTS - 1);
  double top = self->maximum;
  double x;
  GdkRGBA color;
  cairo_t *cr;

  if (self->n_values < 2 || width <= 0 || height <= 0)
    return;
  for (guint i = 0; i < self->n_values; i++)
    top = MAX (top, self->values[i]);
  if (top <= 0)
    top = 1;
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  color.alpha *= FILL_ALPHA;
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  gdk_cairo_set_source_rgba (cr, &color);
  x = width - (self->n_values - 1) * step;
  cairo_move_to (cr, x, height);
  for (guint i = 0; i < self->n_values; i++)
    {
      double share = self->values[i] / top;

      /* A line of one pixel stays, so that "idle" and "not there" differ. */
      cairo_line_to (cr, x + i * step, height - 1 - share * (height - 1));
    }
  cairo_line_to (cr, width, height);
  cairo_close_path (cr);
  cairo_fill (cr);
  cairo_destroy (cr);
}

static void
troupe_sparkline_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_MAXIMUM:
      g_value_set_double (value, TROUPE_SPARKLINE (object)->maximum);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
troupe_sparkline_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_MAXIMUM:
      troupe_sparkline_set_maximum (TROUPE_SPARKLINE (object), g_value_get_double (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
troupe_sparkline_class_init (TroupeSparklineClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);

  object_class->get_property = troupe_sparkline_get_property;
  object_class->set_property = troupe_sparkline_set_property;
  widget_class->measure = troupe_sparkline_measure;
  widget_class->snapshot = troupe_sparkline_snapshot;
  props[PROP_MAXIMUM] =
      g_param_spec_double ("maximum", NULL, NULL, 0, G_MAXDOUBLE, DEFAULT_MAXIMUM,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gtk_widget_class_set_css_name (widget_class, "troupe-sparkline");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
troupe_sparkline_init (TroupeSparkline *self)
{
  self->maximum = DEFAULT_MAXIMUM;
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
}

GtkWidget *
troupe_sparkline_new (void)
{
  return g_object_new (TROUPE_TYPE_SPARKLINE, NULL);
}

void
troupe_sparkline_push (TroupeSparkline *self, double value)
{
  g_return_if_fail (TROUPE_IS_SPARKLINE (self));
  if (self->n_values == TROUPE_SPARKLINE_POINTS)
    memmove (self->values, self->values + 1, sizeof self->values - sizeof self->values[0]);
  else
    self->n_values++;
  self->values[self->n_values - 1] = clean (value);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
troupe_sparkline_set_values (TroupeSparkline *self, const double *values, gsize n_values)
{
  gboolean changed;

  g_return_if_fail (TROUPE_IS_SPARKLINE (self));
  if (n_values > TROUPE_SPARKLINE_POINTS)
    {
      values += n_values - TROUPE_SPARKLINE_POINTS;
      n_values = TROUPE_SPARKLINE_POINTS;
    }
  changed = self->n_values != n_values;
  self->n_values = n_values;
  for (gsize i = 0; i < n_values; i++)
    {
      double value = clean (values[i]);

      changed = changed || self->values[i] != value;
      self->values[i] = value;
    }
  /* An idle worker's curve need not be drawn again each second. */
  if (changed)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

double
troupe_sparkline_get_maximum (TroupeSparkline *self)
{
  return self->maximum;
}

void
troupe_sparkline_set_maximum (TroupeSparkline *self, double maximum)
{
  g_return_if_fail (TROUPE_IS_SPARKLINE (self));
  if (self->maximum == maximum)
    return;
  self->maximum = maximum;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MAXIMUM]);
}
