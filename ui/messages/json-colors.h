/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "messages/json-layout.h"

G_BEGIN_DECLS

/* The colours of JSON, for the light and the dark theme, stronger in high contrast. Main thread. */

/* The colour of KIND as the theme is now; FALSE: that of the text around it. */
gboolean troupe_json_colors_get (TroupeJsonKind kind, GdkRGBA *color);

/* SPANS (of TroupeJsonSpan) as attributes of a text. Returns: (transfer full) */
PangoAttrList *troupe_json_colors_dup_attributes (GArray *spans);

G_END_DECLS
