/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <adwaita.h>

#include "dialogs/launch-field.h"

G_BEGIN_DECLS

/* Everything of a definition but its command, folded: kind, folder, workers, policies, limits, environment. Shows
 * what the kind has, with what is wrong beside it.
 *
 * Signals: "changed" for anything of it, "kind-changed" before that, "resized" when it was folded or unfolded. */
#define TROUPE_TYPE_LAUNCH_OPTIONS (troupe_launch_options_get_type ())
G_DECLARE_FINAL_TYPE (TroupeLaunchOptions, troupe_launch_options, TROUPE, LAUNCH_OPTIONS, GtkWidget)

TroupeKind troupe_launch_options_get_kind (TroupeLaunchOptions *self);
void troupe_launch_options_set_kind (TroupeLaunchOptions *self, TroupeKind kind);
void troupe_launch_options_set_folder (TroupeLaunchOptions *self, const char *folder);
/* "~" is the home folder. Returns: (transfer full) */
char *troupe_launch_options_dup_folder (TroupeLaunchOptions *self);
void troupe_launch_options_unfold (TroupeLaunchOptions *self);

/* Shows DEFINITION, a{sv}, of a program that is there already: only kinds that it can become are offered. */
void troupe_launch_options_fill (TroupeLaunchOptions *self, GVariant *definition);
/* Puts what was chosen into DICT and takes out what was not, of everything there is a place for. */
void troupe_launch_options_add_to (TroupeLaunchOptions *self, GVariantDict *dict);

/* ERRORS: key of the definition to message. Unfolds when one of them is inside. */
void troupe_launch_options_show_errors (TroupeLaunchOptions *self, GHashTable *errors);
/* TRUE when there is a place for what is wrong with KEY. */
gboolean troupe_launch_options_has_key (TroupeLaunchOptions *self, const char *key);
/* The row of KEY; NULL when the kind has none. (transfer none) (nullable) */
TroupeLaunchField *troupe_launch_options_get_field (TroupeLaunchOptions *self, const char *key);

G_END_DECLS
