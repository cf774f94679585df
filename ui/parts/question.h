/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Asks before what cannot be undone. AdwMessageDialog for now; the one place to change when
 * the floor rises to libadwaita 1.5 and AdwAlertDialog. DO_IT is called only after the
 * person chose VERB; FREE_DATA (nullable) always, in the end. */
void troupe_question_ask (GtkWindow *parent, const char *heading, const char *body, const char *verb,
                          GCallback do_it, gpointer user_data, GDestroyNotify free_data);

G_END_DECLS
