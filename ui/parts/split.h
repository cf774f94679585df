/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A sidebar beside its content; over it when the window is narrow. AdwFlap for now; the one
 * place to change when the floor rises to libadwaita 1.4 and AdwOverlaySplitView.
 *
 * Properties: `show-sidebar` (read-write), `folded` (read: the sidebar lies over the content). */
#define TROUPE_TYPE_SPLIT (troupe_split_get_type ())
G_DECLARE_FINAL_TYPE (TroupeSplit, troupe_split, TROUPE, SPLIT, GtkWidget)

void troupe_split_set_sidebar (TroupeSplit *self, GtkWidget *sidebar);
void troupe_split_set_content (TroupeSplit *self, GtkWidget *content);
gboolean troupe_split_get_folded (TroupeSplit *self);
gboolean troupe_split_get_show_sidebar (TroupeSplit *self);
void troupe_split_set_show_sidebar (TroupeSplit *self, gboolean show);

G_END_DECLS
