/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* One row of the sidebar: state by icon and word, name, what nobody has seen yet, and
 * while it lives a curve of its CPU with the figure. All rows are equally high. */
#define TROUPE_TYPE_SIDEBAR_ROW (troupe_sidebar_row_get_type ())
G_DECLARE_FINAL_TYPE (TroupeSidebarRow, troupe_sidebar_row, TROUPE, SIDEBAR_ROW, GtkWidget)

GtkWidget *troupe_sidebar_row_new (void);

/* ITEM: a project, program or worker item, NULL for none; anything else is the overview. */
void troupe_sidebar_row_set_item (TroupeSidebarRow *self, GObject *item);
/* What 100 % means: figures are divided by this. */
void troupe_sidebar_row_set_cpu_divisor (TroupeSidebarRow *self, double divisor);

G_END_DECLS
