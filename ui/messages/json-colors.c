/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Colours of the GNOME palette with a contrast of 4.5 and more on the bubbles. */

#include "config.h"

#include "messages/json-colors.h"

#include <adwaita.h>

typedef struct
{
  guint32 light, dark, light_high, dark_high; /* 0: none of its own */
} Color;

static const Color colors[TROUPE_JSON_N_KINDS] = {
  [TROUPE_JSON_PUNCTUATION] = { 0x5e5c64, 0xb0afac, 0, 0 },
  [TROUPE_JSON_KEY] = { 0x1a5fb4, 0x99c1f1, 0x0d3f80, 0xcfe3ff },
  [TROUPE_JSON_STRING] = { 0x1b6b3f, 0x8ff0a4, 0x0b4a28, 0xc8ffd6 },
  [TROUPE_JSON_NUMBER] = { 0x813d9c, 0xdc8add, 0x5b2373, 0xf3c6f4 },
  [TROUPE_JSON_LITERAL] = { 0xa1470c, 0xffbe6f, 0x6f2f05, 0xffe0b8 },
};

gboolean
troupe_json_colors_get (TroupeJsonKind kind, GdkRGBA *color)
{
  AdwStyleManager *style = adw_style_manager_get_default ();
  gboolean dark = adw_style_manager_get_dark (style), high = adw_style_manager_get_high_contrast (style);
  guint32 rgb = dark ? (high ? colors[kind].dark_high : colors[kind].dark)
                     : (high ? colors[kind].light_high : colors[kind].light);

  if (rgb == 0)
    return FALSE;
  color->red = (float) (rgb >> 16 & 0xff) / 255;
  color->green = (float) (rgb >> 8 & 0xff) / 255;
  color->blue = (float) (rgb & 0xff) / 255;
  color->alpha = 1;
  return TRUE;
}

PangoAttrList *
troupe_json_colors_dup_attributes (GArray *spans)
{
  PangoAttrList *list = pango_attr_list_new ();

  for (guint i = 0; i < spans->len; i++)
    {
      const TroupeJsonSpan *span = &g_array_index (spans, TroupeJsonSpan, i);
      PangoAttribute *attribute;
      GdkRGBA color;

      if (!troupe_json_colors_get (span->kind, &color))
        continue;
      attribute = pango_attr_foreground_new ((guint16) (color.red * 65535), (guint16) (color.green * 65535),
                                             (guint16) (color.blue * 65535));
      attribute->start_index = (guint) span->begin;
      attribute->end_index = (guint) span->end;
      pango_attr_list_insert (list, attribute);
    }
  return list;
}
