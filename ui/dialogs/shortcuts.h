/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Gives WINDOW its page of keyboard shortcuts (action win.show-help-overlay).
 * GtkShortcutsWindow for now; the one place to change when the floor rises to
 * AdwShortcutsDialog. */
void troupe_shortcuts_install (GtkApplicationWindow *window);

G_END_DECLS
