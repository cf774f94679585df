/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Curves over the last minutes with labelled axes: CPU or memory over time.
 *
 * Its accessible label is TITLE, its description says each series' newest value,
 * brought up to date at most every five seconds. Draws nothing while not mapped. */

#define TROUPE_TYPE_GRAPH (troupe_graph_get_type ())
G_DECLARE_FINAL_TYPE (TroupeGraph, troupe_graph, TROUPE, GRAPH, GtkWidget)

typedef enum
{
  TROUPE_GRAPH_PERCENT, /* "50 %"; the axis ends at multiples of 100 past one core */
  TROUPE_GRAPH_BYTES,   /* "1.5 GB" */
  TROUPE_GRAPH_COUNT,
} TroupeGraphUnit;

#define TROUPE_GRAPH_MAX_SERIES 8
/* Points kept per series; older ones are dropped. */
#define TROUPE_GRAPH_MAX_POINTS 600

/* TITLE stands above the curves (NULL: none). */
GtkWidget *troupe_graph_new (const char *title, TroupeGraphUnit unit);

/* Adds a curve; its colour goes by order. NAME stands in the legend when there are several.
 * Returns its number, 0, 1, …; at most TROUPE_GRAPH_MAX_SERIES. */
guint troupe_graph_add_series (TroupeGraph *self, const char *name);

/* One point for each series, in order of adding, at TIME_USEC (monotonic, growing). NaN: none. */
void troupe_graph_push (TroupeGraph *self, gint64 time_usec, const double *values, guint n_values);
void troupe_graph_clear (TroupeGraph *self);

/* How far the curves go back. Default 60. */
void troupe_graph_set_span_seconds (TroupeGraph *self, guint seconds);
/* The top of the axis: 0 (default) follows the curves; else a fixed value such as 100 or the
 * machine's memory, still raised when a value passes it. */
void troupe_graph_set_maximum (TroupeGraph *self, double maximum);

G_END_DECLS
