/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* Below the title of what is picked: where it listens, as links; of a program how many workers it has, to be
 * changed; and how far a reload or a change of that number is. Hidden where none of this applies.
 *
 * Asks win.scale (u), win.reload, win.cancel-reload and win.open-address (s).
 *
 * Signals: "notice" (const char *text): something to tell in passing. */
#define TROUPE_TYPE_PROGRAM_BAR (troupe_program_bar_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProgramBar, troupe_program_bar, TROUPE, PROGRAM_BAR, GtkWidget)

/* SUBJECT (nullable); changes are followed until the next call. */
void troupe_program_bar_set_subject (TroupeProgramBar *self, TroupeSubject *subject);
/* TRUE for a program whose workers are a matter of their own: several of them, or a kind that is made for it. */
gboolean troupe_program_bar_takes (TroupeSubject *subject);

/* For tests. (transfer none) */
GtkSpinButton *troupe_program_bar_get_scale (TroupeProgramBar *self);

G_END_DECLS
