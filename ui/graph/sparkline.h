/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A small filled curve of the last minute, to stand inside a row of text.
 *
 * Takes the text colour of its CSS (style it with `color`), so `.accent`, `.error`
 * and `.dim-label` work. Fits recycled list rows: set_values () replaces all it shows.
 * It is decoration: give the row the figure as text. */

#define TROUPE_TYPE_SPARKLINE (troupe_sparkline_get_type ())
G_DECLARE_FINAL_TYPE (TroupeSparkline, troupe_sparkline, TROUPE, SPARKLINE, GtkWidget)

#define TROUPE_SPARKLINE_POINTS 60

GtkWidget *troupe_sparkline_new (void);

/* Appends a point at the right. Values below 0 and NaN draw as 0. */
void troupe_sparkline_push (TroupeSparkline *self, double value);
/* Replaces all points, oldest first; of more than TROUPE_SPARKLINE_POINTS, the newest. Fewer
 * stand at the right. */
void troupe_sparkline_set_values (TroupeSparkline *self, const double *values, gsize n_values);

/* What fills the whole height (property `maximum`). The curve grows past it when a value does:
 * the greater of MAXIMUM and the largest point is the top. Default 100. */
double troupe_sparkline_get_maximum (TroupeSparkline *self);
void troupe_sparkline_set_maximum (TroupeSparkline *self, double maximum);

G_END_DECLS
