/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "frames.h"

static gboolean
frame_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer n_frames)
{
  ++*(guint *) n_frames;
  return G_SOURCE_CONTINUE;
}

void
wait_for_frames (GtkWidget *widget, guint n)
{
  guint n_frames = 0, tick = gtk_widget_add_tick_callback (widget, frame_cb, &n_frames, NULL);

  while (n_frames < n)
    g_main_context_iteration (NULL, TRUE);
  gtk_widget_remove_tick_callback (widget, tick);
}
