/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A row of a name and its value, which can be selected. MONO: in the letters of a terminal. */
GtkWidget *troupe_details_row_new (const char *title, const char *value, gboolean mono);
/* The same with a value that is masked until somebody asks for it. */
GtkWidget *troupe_details_row_new_secret (const char *name, const char *value);
/* A button at its end that activates ACTION with TARGET. */
void troupe_details_row_add_button (GtkWidget *row, const char *icon, const char *tooltip, const char *action,
                                    const char *target);

G_END_DECLS
