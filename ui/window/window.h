/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <adwaita.h>

#include "client/client.h"
#include "pages/overview-page.h"
#include "pages/worker-page.h"
#include "sidebar/sidebar.h"

G_BEGIN_DECLS

/* The main window: sidebar, the page of what is picked, and the actions win.*, which act on
 * what is picked. Closing it ends no worker. */
#define TROUPE_TYPE_WINDOW (troupe_window_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWindow, troupe_window, TROUPE, WINDOW, AdwApplicationWindow)

TroupeWindow *troupe_window_new (GtkApplication *application, TroupeClient *client, GSettings *settings);

/* Goes to the page of that worker; FALSE when there is none (any more). While the engine is
 * not connected yet, goes there once it is. */
gboolean troupe_window_show_worker (TroupeWindow *self, const char *key);
/* Opens the project, and shows what it would run; START: starts it at once instead. Waits
 * for the engine when it is not connected yet. */
void troupe_window_open_project (TroupeWindow *self, const char *path, gboolean start);
void troupe_window_open_demo (TroupeWindow *self);
void troupe_window_tell (TroupeWindow *self, const char *text);

/* Parts, for tests. (transfer none) */
TroupeSidebar *troupe_window_get_sidebar (TroupeWindow *self);
TroupeOverviewPage *troupe_window_get_overview (TroupeWindow *self);
TroupeWorkerPage *troupe_window_get_worker_page (TroupeWindow *self);
GActionGroup *troupe_window_get_link_actions (TroupeWindow *self);
GMenuModel *troupe_window_get_signal_section (TroupeWindow *self);
/* Name of the page on view: "overview", "worker", "first-run", "connecting", "unreachable". */
const char *troupe_window_get_page (TroupeWindow *self);
gboolean troupe_window_is_narrow (TroupeWindow *self);

G_END_DECLS
