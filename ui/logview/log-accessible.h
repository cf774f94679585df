/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The rows in view as text that a screen reader can reach: a child of the log view for each,
 * which is never drawn. Brought up to date four times a second at most. Main thread. */

typedef struct _TroupeLogAccessible TroupeLogAccessible;

/* The view says what row I (from the top) is; FALSE: there are no more. */
typedef gboolean (*TroupeLogAccessibleFunc) (gpointer user_data, guint i, char **text, GdkRectangle *place);

TroupeLogAccessible *troupe_log_accessible_new (GtkWidget *view, TroupeLogAccessibleFunc func, gpointer user_data);
/* Unparents the children. */
void troupe_log_accessible_free (TroupeLogAccessible *self);

/* What is in view changed. */
void troupe_log_accessible_changed (TroupeLogAccessible *self);
/* From the view's size_allocate. */
void troupe_log_accessible_allocate (TroupeLogAccessible *self);
/* Nothing is in view any more: no timer runs. */
void troupe_log_accessible_stop (TroupeLogAccessible *self);

G_END_DECLS
