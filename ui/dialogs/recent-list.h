/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "dialogs/recent-launches.h"

G_BEGIN_DECLS

/* The launches of late that match what is typed, to pick one. Hidden when there is none.
 *
 * Signals: "picked" (TroupeRecentLaunch *launch). */
#define TROUPE_TYPE_RECENT_LIST (troupe_recent_list_get_type ())
G_DECLARE_FINAL_TYPE (TroupeRecentList, troupe_recent_list, TROUPE, RECENT_LIST, GtkWidget)

/* Shows those of SETTINGS that TEXT is in. */
void troupe_recent_list_show (TroupeRecentList *self, GSettings *settings, const char *text);
/* Puts the focus on the first; FALSE when there is none to see. */
gboolean troupe_recent_list_focus_first (TroupeRecentList *self);

G_END_DECLS
