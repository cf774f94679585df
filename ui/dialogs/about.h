/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* AdwAboutWindow for now; the one place to change when the floor rises to AdwAboutDialog. */
void troupe_about_show (GtkWindow *parent, const char *engine_version);

G_END_DECLS
