/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/run-item.h"
#include "client/subject.h"

G_BEGIN_DECLS

/* Which run of a worker is on view: its current one, or a past one. Hidden where there is nothing to
 * choose: with one run, and with more than one worker. Whoever looks at a past run goes on looking at
 * it when a new one begins.
 *
 * Signals: "changed" when it is another run, or more is known of the one it is. */
#define TROUPE_TYPE_RUN_CHOOSER (troupe_run_chooser_get_type ())
G_DECLARE_FINAL_TYPE (TroupeRunChooser, troupe_run_chooser, TROUPE, RUN_CHOOSER, GtkWidget)

/* SUBJECT (nullable); begins with the current run. */
void troupe_run_chooser_set_subject (TroupeRunChooser *self, TroupeSubject *subject);
/* The past run on view; NULL: the current one. (transfer none) (nullable) */
TroupeRunItem *troupe_run_chooser_get_past_run (TroupeRunChooser *self);
void troupe_run_chooser_show_current (TroupeRunChooser *self);
/* FALSE when there is no such run, or it is not known yet. */
gboolean troupe_run_chooser_show_run (TroupeRunChooser *self, guint number);

G_END_DECLS
