/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Sparkline and graph: round axes, and what is on the screen. */

#include "config.h"

#include "graph/graph-scale.h"
#include "graph/graph.h"
#include "graph/sparkline.h"

#include <adwaita.h>
#include <math.h>

static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
wait_for_size (GtkWidget *widget)
{
  guint id = g_timeout_add (20, tick_cb, NULL);

  while (gtk_widget_get_width (widget) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (id);
}

static GtkWindow *
show (GtkWidget *child, int width, int height)
{
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());

  gtk_window_set_decorated (window, FALSE);
  gtk_window_set_default_size (window, width, height);
  gtk_window_set_child (window, child);
  gtk_window_present (window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  wait_for_size (child);
  return window;
}

/* The alpha channel of what WIDGET draws; NULL when it draws nothing. */
static guint8 *
render (GtkWidget *widget, const char *name)
{
  const char *folder = g_getenv ("TROUPE_TEST_PICTURES");
  int width = gtk_widget_get_width (widget);
  int height = gtk_widget_get_height (widget);
  g_autoptr (GdkPaintable) paintable = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  g_autofree guint8 *pixels = g_malloc ((gsize) width * height * 4);
  guint8 *alpha;
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  GskRenderNode *node;

  /* A paintable shows what the last frame did. */
  gtk_test_widget_wait_for_draw (widget);
  paintable = gtk_widget_paintable_new (widget);
  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (snapshot);
  if (node == NULL)
    return NULL;
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (widget)), node,
                                         &GRAPHENE_RECT_INIT (0, 0, width, height));
  gsk_render_node_unref (node);
  if (folder != NULL)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s.png", folder, name);

      gdk_texture_save_to_png (texture, path);
    }
  gdk_texture_download (texture, pixels, width * 4);
  alpha = g_malloc ((gsize) width * height);
  for (int i = 0; i < width * height; i++)
    alpha[i] = pixels[4 * i + 3];
  return alpha;
}

/* How high column X is filled, in pixels. */
static int
filled (const guint8 *alpha, int width, int height, int x)
{
  int n = 0;

  for (int y = 0; y < height; y++)
    n += alpha[y * width + x] > 30;
  return n;
}

static void
test_scale_is_round (void)
{
  static const struct
  {
    TroupeGraphUnit unit;
    double value, top;
  } cases[] = {
    { TROUPE_GRAPH_PERCENT, 0, 10 },     { TROUPE_GRAPH_PERCENT, 37, 40 },    { TROUPE_GRAPH_PERCENT, 51, 100 },
    { TROUPE_GRAPH_PERCENT, 101, 200 },  { TROUPE_GRAPH_PERCENT, 212, 300 },  { TROUPE_GRAPH_PERCENT, 730, 800 },
    { TROUPE_GRAPH_BYTES, 0, 1e6 },      { TROUPE_GRAPH_BYTES, 1.4e6, 2e6 },  { TROUPE_GRAPH_BYTES, 7.9e9, 8e9 },
    { TROUPE_GRAPH_BYTES, NAN, 1e6 },    { TROUPE_GRAPH_COUNT, 5, 5 },        { TROUPE_GRAPH_COUNT, 1000, 1000 },
    { TROUPE_GRAPH_COUNT, INFINITY, 4 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint n_steps = 0;

      g_assert_cmpfloat_with_epsilon (troupe_graph_scale_top (cases[i].unit, cases[i].value, &n_steps), cases[i].top,
                                      cases[i].top * 1e-9);
      g_assert_cmpuint (n_steps, >=, 2);
      g_assert_cmpuint (n_steps, <=, 5);
    }
}

static void
test_sparkline_draws_values (void)
{
  GtkWidget *sparkline = g_object_ref_sink (troupe_sparkline_new ());
  double values[80];
  GtkWindow *window;
  int width;
  int height;
  g_autofree guint8 *alpha = NULL;

  gtk_widget_set_valign (sparkline, GTK_ALIGN_FILL);
  window = show (sparkline, 120, 40);
  width = gtk_widget_get_width (sparkline);
  height = gtk_widget_get_height (sparkline);
  g_assert_null (render (sparkline, "sparkline-empty"));
  /* Idle for a long time, then full: of 80 points the newest 60 count. */
  for (guint i = 0; i < 80; i++)
    values[i] = i < 20 ? 100 : i < 50 ? NAN : 100;
  troupe_sparkline_set_values (TROUPE_SPARKLINE (sparkline), values, 80);
  alpha = render (sparkline, "sparkline");
  g_assert_nonnull (alpha);
  g_assert_cmpint (filled (alpha, width, height, width / 4), <=, 2);
  g_assert_cmpint (filled (alpha, width, height, width / 4), >=, 1);
  g_assert_cmpint (filled (alpha, width, height, width * 3 / 4), >=, height - 1);
  /* A value past the maximum fits too. */
  troupe_sparkline_push (TROUPE_SPARKLINE (sparkline), 400);
  g_free (alpha);
  alpha = render (sparkline, "sparkline-400");
  g_assert_cmpint (ABS (filled (alpha, width, height, width * 3 / 4) - height / 4), <=, 2);
  gtk_window_destroy (window);
  g_assert_finalize_object (sparkline);
}

static void
push_wave (TroupeGraph *graph, guint n_series)
{
  for (int i = 0; i < 90; i++)
    {
      double values[TROUPE_GRAPH_MAX_SERIES];

      for (guint k = 0; k < n_series; k++)
        values[k] = 40 + 30 * sin (i / 7.0 + k) + (k == 0 && i > 60 ? 20 : 0);
      /* A gap in the middle. */
      if (i > 50 && i < 55)
        values[0] = NAN;
      troupe_graph_push (graph, i * G_USEC_PER_SEC, values, n_series);
    }
}

static void
test_graph_draws_curves (void)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 18);
  GtkWidget *cpu = troupe_graph_new ("Processor", TROUPE_GRAPH_PERCENT);
  GtkWidget *memory = troupe_graph_new ("Memory", TROUPE_GRAPH_BYTES);
  GtkWindow *window;
  g_autofree guint8 *before = NULL;
  g_autofree guint8 *after = NULL;
  gsize size;
  gsize changed = 0;

  troupe_graph_add_series (TROUPE_GRAPH (cpu), "CPU");
  troupe_graph_set_maximum (TROUPE_GRAPH (cpu), 100);
  troupe_graph_add_series (TROUPE_GRAPH (memory), "Used");
  troupe_graph_add_series (TROUPE_GRAPH (memory), "Cache");
  troupe_graph_set_maximum (TROUPE_GRAPH (memory), 8e9);
  gtk_widget_set_vexpand (cpu, TRUE);
  gtk_widget_set_vexpand (memory, TRUE);
  gtk_box_append (GTK_BOX (box), cpu);
  gtk_box_append (GTK_BOX (box), memory);
  gtk_widget_set_margin_top (box, 12);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  window = show (box, 640, 420);
  before = render (cpu, "graph-empty");
  push_wave (TROUPE_GRAPH (cpu), 1);
  for (int i = 0; i < 60; i++)
    troupe_graph_push (TROUPE_GRAPH (memory), i * G_USEC_PER_SEC, (double[]){ 3e9 + i * 2e7, 1.2e9 }, 2);
  after = render (cpu, "graph-cpu");
  size = (gsize) gtk_widget_get_width (cpu) * gtk_widget_get_height (cpu);
  for (gsize i = 0; i < size; i++)
    changed += before[i] != after[i];
  g_assert_cmpuint (changed, >, size / 20);
  g_free (render (GTK_WIDGET (window), "graph-light"));
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_DARK);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  g_free (render (GTK_WIDGET (window), "graph-dark"));
  gtk_test_accessible_assert_role (cpu, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_test_accessible_assert_property (cpu, GTK_ACCESSIBLE_PROPERTY_LABEL, "Processor");
  troupe_graph_clear (TROUPE_GRAPH (cpu));
  gtk_window_destroy (window);
}

static void
test_graph_takes_bad_points (void)
{
  GtkWidget *graph = g_object_ref_sink (troupe_graph_new (NULL, TROUPE_GRAPH_COUNT));
  GtkWindow *window = show (graph, 20, 20);

  troupe_graph_add_series (TROUPE_GRAPH (graph), "a");
  for (int i = 0; i < 3 * TROUPE_GRAPH_MAX_POINTS; i++)
    troupe_graph_push (TROUPE_GRAPH (graph), i % 7 == 0 ? -i : i * 100000,
                       (double[]){ i % 3 == 0 ? INFINITY : i % 5 == 0 ? -1e300 : 1e300 }, 1);
  troupe_graph_add_series (TROUPE_GRAPH (graph), "b");
  troupe_graph_push (TROUPE_GRAPH (graph), G_MAXINT64 / 2, NULL, 0);
  g_free (render (graph, "graph-bad"));
  gtk_window_destroy (window);
  g_assert_finalize_object (graph);
}

int
main (int argc, char **argv)
{
  /* Keeps what widgets say about themselves, without a bus. */
  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/graph/scale/is-round", test_scale_is_round);
  g_test_add_func ("/graph/sparkline/draws-values", test_sparkline_draws_values);
  g_test_add_func ("/graph/draws-curves", test_graph_draws_curves);
  g_test_add_func ("/graph/takes-bad-points", test_graph_takes_bad_points);
  return g_test_run ();
}
