/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Turns the default main loop until N frames of WIDGET, which is on view, have begun. */
void wait_for_frames (GtkWidget *widget, guint n);

G_END_DECLS
