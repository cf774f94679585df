/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* All of it takes effect at once, through SETTINGS. AdwPreferencesWindow for now; the one
 * place to change when the floor rises to AdwPreferencesDialog. Returns: (transfer none) */
GtkWindow *troupe_preferences_show (GtkWindow *parent, GSettings *settings);

G_END_DECLS
