/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Gives each button below ROOT that shows only an icon its tooltip as its accessible name:
 * GTK makes a tooltip the description, which leaves a screen reader with “button”. */
void troupe_labels_name_buttons (GtkWidget *root);

G_END_DECLS
