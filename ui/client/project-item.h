/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/program-item.h"

G_BEGIN_DECLS

/* One open project. As a list model it holds the rows a sidebar shows below it: a program
 * with one worker is that worker (TroupeWorkerItem), any other is the program
 * (TroupeProgramItem). Main thread.
 *
 * Signals: "changed", "sampled", as for programs. */
#define TROUPE_TYPE_PROJECT_ITEM (troupe_project_item_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProjectItem, troupe_project_item, TROUPE, PROJECT_ITEM, GObject)

const char *troupe_project_item_get_name (TroupeProjectItem *self);
/* The file or folder it came from; "" for the project of ad-hoc launches. */
const char *troupe_project_item_get_path (TroupeProjectItem *self);
/* "default" reads as "Launched here". Static or owned by the item. */
const char *troupe_project_item_get_title (TroupeProjectItem *self);
gboolean troupe_project_item_is_default (TroupeProjectItem *self);
/* Of TroupeProgramItem, in the order they were added. (transfer none) */
GListModel *troupe_project_item_get_programs (TroupeProjectItem *self);
void troupe_project_item_add_totals (TroupeProjectItem *self, TroupeTotals *totals);

G_END_DECLS
