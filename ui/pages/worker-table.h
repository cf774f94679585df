/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"
#include "pages/table-column.h"

G_BEGIN_DECLS

/* Workers as one sortable table whose rows open into their processes. Selection and scroll survive every
 * refresh.
 *
 * Signals: "picked" when the selection changed. Opening a row asks win.show-worker. */
#define TROUPE_TYPE_WORKER_TABLE (troupe_worker_table_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWorkerTable, troupe_worker_table, TROUPE, WORKER_TABLE, GtkWidget)

/* Once. */
void troupe_worker_table_set_client (TroupeWorkerTable *self, TroupeClient *client);
/* Once, from left to right; each at most once. */
void troupe_worker_table_add_columns (TroupeWorkerTable *self, const TroupeColumn *columns, guint n_columns);
void troupe_worker_table_show_column (TroupeWorkerTable *self, TroupeColumn column, gboolean shown);
/* Puts it at POSITION, counted from 0. */
void troupe_worker_table_move_column (TroupeWorkerTable *self, TroupeColumn column, guint position);
/* Of TroupeWorkerItem; (nullable). */
void troupe_worker_table_set_workers (TroupeWorkerTable *self, GListModel *workers);
/* What a right click offers. ACTIONS (nullable): stand for win.* there, for a table whose selection is not what
 * the window's actions act on. */
void troupe_worker_table_set_menu (TroupeWorkerTable *self, GMenuModel *menu, GActionGroup *actions);
void troupe_worker_table_set_cpu_divisor (TroupeWorkerTable *self, double divisor);
/* Only workers whose project or name hold TEXT. */
void troupe_worker_table_set_filter (TroupeWorkerTable *self, const char *text);

/* The selected workers; NULL when there are none. Returns: (transfer full) (nullable) */
TroupeSubject *troupe_worker_table_dup_subject (TroupeWorkerTable *self);

/* (transfer none) */
GtkColumnView *troupe_worker_table_get_view (TroupeWorkerTable *self);

G_END_DECLS
