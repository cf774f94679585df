/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Puts children beside each other, each at its natural width, and goes on in the next line where there is no
 * room, as words do. The first child of a line that expands takes what is left of it. */
#define TROUPE_TYPE_WRAP_LAYOUT (troupe_wrap_layout_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWrapLayout, troupe_wrap_layout, TROUPE, WRAP_LAYOUT, GtkLayoutManager)

GtkLayoutManager *troupe_wrap_layout_new (int spacing);

G_END_DECLS
