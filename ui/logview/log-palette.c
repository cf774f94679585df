/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Colours. The base colours come from GNOME's palette, lightened or darkened until each
 * reaches 4.5:1 on the background of its style; a test holds them to it. */

#include "config.h"

#include "logview/log-palette.h"

#include <math.h>

#define MIN_CONTRAST 4.5
#define MIN_CONTRAST_HIGH 7.0
/* On a background that the program chose itself it may do as it likes, nearly. */
#define MIN_CONTRAST_OWN_BACKGROUND 1.5

/* black red green yellow blue magenta cyan white, then the bright ones. */
static const guint32 light_base[16] = {
  0x241f31, 0xb3131f, 0x17703a, 0x8a5300, 0x1a5fb4, 0x813d9c, 0x0b6a78, 0x5e5c64,
  0x4a4754, 0xc01c28, 0x1a7f43, 0x935800, 0x1c68c4, 0x9141ac, 0x0e7686, 0x3d3846,
};
static const guint32 dark_base[16] = {
  0x9a9996, 0xff7b72, 0x57e389, 0xf8d45c, 0x78aeed, 0xd68ee8, 0x5bd6e0, 0xdeddda,
  0xb0afac, 0xff938c, 0x8ff0a4, 0xf9f06b, 0x99c1f1, 0xe3a8f0, 0x93ecf2, 0xffffff,
};
/* What a background of the base colours looks like: as bright as terminals have it. */
static const guint32 background_base[16] = {
  0x241f31, 0xc01c28, 0x26a269, 0xa2734c, 0x1a5fb4, 0x813d9c, 0x2aa1b3, 0xc0bfbc,
  0x5e5c64, 0xed333b, 0x57e389, 0xf8e45c, 0x62a0ea, 0xc061cb, 0x4fd2fd, 0xf6f5f4,
};
static const guint32 light_labels[TROUPE_LOG_N_LABEL_COLORS] = {
  0x1a5fb4, 0x813d9c, 0x17703a, 0xa8430a, 0x0b6a78, 0x9c2470, 0x6b5900, 0x5a48c8,
};
static const guint32 dark_labels[TROUPE_LOG_N_LABEL_COLORS] = {
  0x78aeed, 0xd68ee8, 0x57e389, 0xffa860, 0x5bd6e0, 0xff8fc7, 0xf1d64f, 0xb3a6ff,
};

static GdkRGBA
from_rgb (guint32 rgb)
{
  return (GdkRGBA){ (rgb >> 16 & 0xff) / 255.f, (rgb >> 8 & 0xff) / 255.f, (rgb & 0xff) / 255.f, 1 };
}

static GdkRGBA
mix (const GdkRGBA *a, const GdkRGBA *b, float share)
{
  return (GdkRGBA){ a->red + (b->red - a->red) * share, a->green + (b->green - a->green) * share,
                    a->blue + (b->blue - a->blue) * share, 1 };
}

static double
linear (double value)
{
  return value <= 0.04045 ? value / 12.92 : pow ((value + 0.055) / 1.055, 2.4);
}

static double
luminance (const GdkRGBA *color)
{
  return 0.2126 * linear (color->red) + 0.7152 * linear (color->green) + 0.0722 * linear (color->blue);
}

double
troupe_log_palette_contrast (const GdkRGBA *a, const GdkRGBA *b)
{
  double la = luminance (a);
  double lb = luminance (b);

  return (MAX (la, lb) + 0.05) / (MIN (la, lb) + 0.05);
}

/* Moves COLOR towards black or white, whichever is farther from BACKGROUND, until it can be read. */
static void
make_readable (GdkRGBA *color, const GdkRGBA *background, double min_contrast)
{
  static const GdkRGBA black = { 0, 0, 0, 1 };
  static const GdkRGBA white = { 1, 1, 1, 1 };
  const GdkRGBA *goal =
      troupe_log_palette_contrast (&white, background) > troupe_log_palette_contrast (&black, background)
          ? &white
          : &black;
  GdkRGBA from = *color;

  for (int step = 1; step <= 10 && troupe_log_palette_contrast (color, background) < min_contrast; step++)
    *color = mix (&from, goal, step / 10.f);
}

void
troupe_log_palette_init (TroupeLogPalette *self, const TroupeLogTheme *theme)
{
  const guint32 *base;

  self->theme = *theme;
  self->dark = luminance (&theme->text) > luminance (&theme->background);
  self->min_contrast = theme->high_contrast ? MIN_CONTRAST_HIGH : MIN_CONTRAST;
  base = self->dark ? dark_base : light_base;
  for (guint i = 0; i < 16; i++)
    {
      self->base[i] = from_rgb (base[i]);
      make_readable (&self->base[i], &theme->background, self->min_contrast);
    }
  self->muted = mix (&theme->text, &theme->background, theme->high_contrast ? 0.1f : 0.4f);
  make_readable (&self->muted, &theme->background, self->min_contrast);
  self->error = from_rgb (self->dark ? 0xff6b63 : 0xe01b24);
  self->selection = theme->accent;
  self->selection.alpha = self->dark ? 0.45f : 0.28f;
  self->match = from_rgb (self->dark ? 0x8f6f00 : 0xf8e45c);
  self->match.alpha = self->dark ? 0.75f : 0.8f;
  self->current_match = from_rgb (self->dark ? 0xc64600 : 0xffa348);
  self->current_match.alpha = 0.9f;
}

static GdkRGBA
resolve_foreground (const TroupeLogPalette *self, guint32 color)
{
  guint index = color & 0xff;

  switch (color & 0xff000000u)
    {
    case TROUPE_ANSI_COLOR_RGB:
      return from_rgb (color & 0xffffff);
    case TROUPE_ANSI_COLOR_INDEX:
      if (index < 16)
        return self->base[index];
      if (index >= 232)
        return from_rgb ((8 + (index - 232) * 10) * 0x010101u);
      {
        static const guint8 levels[6] = { 0, 95, 135, 175, 215, 255 };
        guint cube = index - 16;

        return from_rgb (levels[cube / 36] << 16 | levels[cube / 6 % 6] << 8 | levels[cube % 6]);
      }
    default:
      return self->theme.text;
    }
}

static GdkRGBA
resolve_background (const TroupeLogPalette *self, guint32 color)
{
  if (color == TROUPE_ANSI_COLOR_DEFAULT)
    return self->theme.background;
  if ((color & 0xff000000u) == TROUPE_ANSI_COLOR_INDEX && (color & 0xff) < 16)
    return from_rgb (background_base[color & 0xff]);
  return resolve_foreground (self, color);
}

gboolean
troupe_log_palette_resolve (const TroupeLogPalette *self, const TroupeAnsiStyle *style, GdkRGBA *foreground,
                            GdkRGBA *background)
{
  guint32 fg = style->foreground;
  guint32 bg = style->background;
  gboolean has_background = bg != TROUPE_ANSI_COLOR_DEFAULT;

  if ((style->flags & TROUPE_ANSI_SYMBOL) != 0)
    {
      *foreground = self->muted;
      return FALSE;
    }
  if (fg == TROUPE_ANSI_COLOR_DEFAULT && !has_background &&
      (style->flags & (TROUPE_ANSI_REVERSE | TROUPE_ANSI_DIM | TROUPE_ANSI_HIDDEN)) == 0)
    {
      *foreground = self->theme.text;
      return FALSE;
    }
  *foreground = resolve_foreground (self, fg);
  /* The base colours were made readable once and for all. */
  if (!has_background && (fg & 0xff000000u) == TROUPE_ANSI_COLOR_INDEX && (fg & 0xff) < 16 &&
      (style->flags & (TROUPE_ANSI_REVERSE | TROUPE_ANSI_DIM | TROUPE_ANSI_HIDDEN)) == 0)
    return FALSE;
  *background = resolve_background (self, bg);
  if ((style->flags & TROUPE_ANSI_REVERSE) != 0)
    {
      GdkRGBA swapped = *foreground;

      *foreground = *background;
      *background = swapped;
      has_background = TRUE;
    }
  if ((style->flags & TROUPE_ANSI_DIM) != 0)
    *foreground = mix (foreground, background, 0.35f);
  if (!has_background)
    make_readable (foreground, background, self->min_contrast);
  else if (fg == TROUPE_ANSI_COLOR_DEFAULT || (style->flags & TROUPE_ANSI_REVERSE) != 0)
    make_readable (foreground, background, self->min_contrast);
  else
    make_readable (foreground, background, MIN_CONTRAST_OWN_BACKGROUND);
  if ((style->flags & TROUPE_ANSI_HIDDEN) != 0)
    *foreground = mix (foreground, background, 0.7f);
  return has_background;
}

void
troupe_log_palette_get_label (const TroupeLogPalette *self, guint number, GdkRGBA *color)
{
  const guint32 *labels = self->dark ? dark_labels : light_labels;

  *color = from_rgb (labels[number % TROUPE_LOG_N_LABEL_COLORS]);
  make_readable (color, &self->theme.background, self->min_contrast);
}
