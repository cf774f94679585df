/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Decides when a log view looks at its files.
 *
 * Asleep it waits on the journals' watches and costs nothing. A change wakes it: from then on it
 * calls back once a frame (or ten times a second, when not eager), until nothing has changed for
 * some frames. Stopped (the view is not mapped) it does nothing at all. Main thread. */

typedef struct _TroupeLogFollower TroupeLogFollower;

/* Looks at the files; returns TRUE when something changed. */
typedef gboolean (*TroupeLogRefreshFunc) (gpointer user_data);

TroupeLogFollower *troupe_log_follower_new (GtkWidget *widget, TroupeLogRefreshFunc refresh, gpointer user_data);
void troupe_log_follower_free (TroupeLogFollower *self);

void troupe_log_follower_set_dirs (TroupeLogFollower *self, const char *const *dirs, gsize n_dirs);
void troupe_log_follower_start (TroupeLogFollower *self);
void troupe_log_follower_stop (TroupeLogFollower *self);
/* Once a frame, or now and then? */
void troupe_log_follower_set_eager (TroupeLogFollower *self, gboolean eager);
/* TRUE while it calls back. */
gboolean troupe_log_follower_is_awake (TroupeLogFollower *self);

G_END_DECLS
