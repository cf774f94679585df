/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* The tree of projects, programs and workers, with a filter that slides down as one types.
 *
 * Properties: `filter-shown`, `filter` (text, read-only).
 * Signals:
 *   "picked"     the selection changed; see dup_subject ()
 *   "activated"  a row was clicked or Enter was pressed on it
 * Row menus and keys use the actions win.*; the menu is given by set_menu (). */
#define TROUPE_TYPE_SIDEBAR (troupe_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (TroupeSidebar, troupe_sidebar, TROUPE, SIDEBAR, GtkWidget)

void troupe_sidebar_set_client (TroupeSidebar *self, TroupeClient *client);
void troupe_sidebar_set_menu (TroupeSidebar *self, GMenuModel *menu);
void troupe_sidebar_set_cpu_divisor (TroupeSidebar *self, double divisor);

/* What is selected; NULL when that is the overview or nothing. Returns: (transfer full) (nullable) */
TroupeSubject *troupe_sidebar_dup_subject (TroupeSidebar *self);

/* Selects the row of ITEM alone, opening what hides it; FALSE when there is none. NULL: the overview. */
gboolean troupe_sidebar_select (TroupeSidebar *self, GObject *item);

const char *troupe_sidebar_get_filter (TroupeSidebar *self);
void troupe_sidebar_focus_filter (TroupeSidebar *self);
/* Rows on view, for tests. (transfer none) */
GListModel *troupe_sidebar_get_rows (TroupeSidebar *self);

G_END_DECLS
