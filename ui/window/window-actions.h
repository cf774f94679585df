/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* The actions win.* that act on what is picked: start, stop, restart, kill, signal, remove,
 * undo-remove, close-project, start-project, copy-command, copy-text, open-folder, open-path.
 *
 * Signals of results go to TELL: a toast, with "Undo" when UNDO_TOKEN is not 0. */
#define TROUPE_TYPE_WINDOW_ACTIONS (troupe_window_actions_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWindowActions, troupe_window_actions, TROUPE, WINDOW_ACTIONS, GObject)

typedef void (*TroupeTell) (GtkWindow *window, const char *text, guint64 undo_token);

/* Adds the actions to MAP (the window's). WINDOW outlives it. */
TroupeWindowActions *troupe_window_actions_new (GtkWindow *window, GActionMap *map, TroupeClient *client,
                                                TroupeTell tell);

/* SUBJECT: (nullable): what the actions act on from now on; enables those that can be done. */
void troupe_window_actions_set_subject (TroupeWindowActions *self, TroupeSubject *subject);

G_END_DECLS
