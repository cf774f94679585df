/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* The machine as two graphs, all workers as one sortable table whose rows open into their
 * processes, and below it what Troupe itself costs.
 *
 * Signals: "picked" when the selection changed. Opening a row asks win.show-worker. */
#define TROUPE_TYPE_OVERVIEW_PAGE (troupe_overview_page_get_type ())
G_DECLARE_FINAL_TYPE (TroupeOverviewPage, troupe_overview_page, TROUPE, OVERVIEW_PAGE, GtkWidget)

void troupe_overview_page_set_client (TroupeOverviewPage *self, TroupeClient *client);
void troupe_overview_page_set_menu (TroupeOverviewPage *self, GMenuModel *menu);
void troupe_overview_page_set_cpu_divisor (TroupeOverviewPage *self, double divisor);
/* Only workers whose project or name hold TEXT. */
void troupe_overview_page_set_filter (TroupeOverviewPage *self, const char *text);

/* The selected workers; NULL when there are none. Returns: (transfer full) (nullable) */
TroupeSubject *troupe_overview_page_dup_subject (TroupeOverviewPage *self);

/* For tests. (transfer none) */
GtkColumnView *troupe_overview_page_get_table (TroupeOverviewPage *self);

G_END_DECLS
