/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Asks for a file or folder. GtkFileChooserNative for now; the one place to change when the
 * floor rises to GTK 4.10 and GtkFileDialog. */

/* FILE: (nullable): NULL when the person thought better of it. Called exactly once. */
typedef void (*TroupeFileChosen) (GFile *file, gpointer user_data);

void troupe_file_chooser_open_project (GtkWindow *parent, TroupeFileChosen chosen, gpointer user_data);
void troupe_file_chooser_folder (GtkWindow *parent, const char *title, const char *start_folder,
                                 TroupeFileChosen chosen, gpointer user_data);
void troupe_file_chooser_save (GtkWindow *parent, const char *title, const char *name, TroupeFileChosen chosen,
                               gpointer user_data);

G_END_DECLS
