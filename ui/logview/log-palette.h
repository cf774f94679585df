/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/ansi.h"

#include <gdk/gdk.h>

G_BEGIN_DECLS

/* The colours of a log view: what the theme says, and what ANSI colours become on it.
 *
 * The sixteen colours are chosen for a light and for a dark background. Any other colour a
 * program asks for is moved towards the text colour until it can be read on its background:
 * white on white becomes grey. Pure; any thread. */

typedef struct
{
  GdkRGBA text;
  GdkRGBA background;
  GdkRGBA accent; /* of selections */
  gboolean high_contrast;
} TroupeLogTheme;

typedef struct
{
  TroupeLogTheme theme;
  gboolean dark;
  double min_contrast;
  GdkRGBA base[16];
  GdkRGBA muted;     /* time stamps, events, symbols */
  GdkRGBA error;     /* the mark of stderr */
  GdkRGBA selection; /* drawn under selected text */
  GdkRGBA match, current_match;
} TroupeLogPalette;

#define TROUPE_LOG_N_LABEL_COLORS 8

void troupe_log_palette_init (TroupeLogPalette *self, const TroupeLogTheme *theme);

/* What STYLE's text is drawn in, and what under it. FALSE: nothing under it. */
gboolean troupe_log_palette_resolve (const TroupeLogPalette *self, const TroupeAnsiStyle *style,
                                     GdkRGBA *foreground, GdkRGBA *background);

/* The colour of the worker with this number, in merged views. */
void troupe_log_palette_get_label (const TroupeLogPalette *self, guint number, GdkRGBA *color);

/* The contrast of two opaque colours as WCAG has it: 1 … 21. */
double troupe_log_palette_contrast (const GdkRGBA *a, const GdkRGBA *b);

G_END_DECLS
