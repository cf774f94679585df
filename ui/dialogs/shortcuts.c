/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The page of keyboard shortcuts. */

#include "config.h"

#include "dialogs/shortcuts.h"

void
troupe_shortcuts_install (GtkApplicationWindow *window)
{
  g_autoptr (GtkBuilder) builder = gtk_builder_new_from_resource ("/io/github/troupe/Troupe/dialogs/shortcuts.ui");

  gtk_application_window_set_help_overlay (window,
                                           GTK_SHORTCUTS_WINDOW (gtk_builder_get_object (builder, "shortcuts")));
}
