/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/ansi.h"
#include "logview/log-palette.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Draws cells on a grid, as a terminal does.
 *
 * Printable ASCII comes from a table of glyphs, without any layout; everything else is laid
 * out once per cluster and remembered (TROUPE_LOG_PAINTER_MAX_CLUSTERS). Scripts whose letters
 * join are laid out by the run and stand in their cells as a whole. */

#define TROUPE_LOG_PAINTER_MAX_CLUSTERS 4096

typedef struct _TroupeLogPainter TroupeLogPainter;

/* FONT: what the cells are drawn in. */
TroupeLogPainter *troupe_log_painter_new (PangoContext *context, const PangoFontDescription *font);
void troupe_log_painter_free (TroupeLogPainter *self);

/* In pixels. */
int troupe_log_painter_get_cell_width (TroupeLogPainter *self);
int troupe_log_painter_get_line_height (TroupeLogPainter *self);

/* Cells [begin, end) of LINE, whose bytes are BYTES; cell `begin` stands at X, the line's top at Y.
 * COLOR (nullable) overrules the colours of the cells. */
void troupe_log_painter_draw_backgrounds (TroupeLogPainter *self, GtkSnapshot *snapshot,
                                          const TroupeLogPalette *palette, const TroupeAnsiLine *line, gsize begin,
                                          gsize end, double x, double y);
void troupe_log_painter_draw_cells (TroupeLogPainter *self, GtkSnapshot *snapshot, const TroupeLogPalette *palette,
                                    const TroupeAnsiLine *line, const guint8 *bytes, gsize begin, gsize end,
                                    double x, double y, const GdkRGBA *color);

/* A short text of ours. */
void troupe_log_painter_draw_text (TroupeLogPainter *self, GtkSnapshot *snapshot, const TroupeLogPalette *palette,
                                   const char *text, double x, double y, const GdkRGBA *color);

G_END_DECLS
