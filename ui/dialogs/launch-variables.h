/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The environment of a definition as rows of names and values, with a button that adds one. Values of names that look
 * secret are masked until somebody asks for them.
 *
 * Signals: "changed". */
#define TROUPE_TYPE_LAUNCH_VARIABLES (troupe_launch_variables_get_type ())
G_DECLARE_FINAL_TYPE (TroupeLaunchVariables, troupe_launch_variables, TROUPE, LAUNCH_VARIABLES, GtkWidget)

/* ENV: as in a definition: "KEY=VALUE", or "KEY" for one that is taken away. */
void troupe_launch_variables_fill (TroupeLaunchVariables *self, const char *const *env);
/* Puts the rows that have a name into DICT as "env", if there is any. */
void troupe_launch_variables_add_to (TroupeLaunchVariables *self, GVariantDict *dict);
/* MESSAGE (nullable). */
void troupe_launch_variables_set_error (TroupeLaunchVariables *self, const char *message);

G_END_DECLS
