/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <adwaita.h>

#include "client/client.h"
#include "dialogs/launch-field.h"

G_BEGIN_DECLS

/* One line to type a command, and Enter launches it; more below, folded. What is wrong stands
 * beside its field while one types, as the engine's Check tells it. Of a program that is there
 * already it shows the definition, to be changed.
 *
 * Signals: "launched" (const char *program_path), "changed" (gboolean and_started). */
#define TROUPE_TYPE_LAUNCH_DIALOG (troupe_launch_dialog_get_type ())
G_DECLARE_FINAL_TYPE (TroupeLaunchDialog, troupe_launch_dialog, TROUPE, LAUNCH_DIALOG, AdwWindow)

GtkWindow *troupe_launch_dialog_new (GtkWindow *parent, TroupeClient *client, GSettings *settings);

GtkWindow *troupe_launch_dialog_new_for_program (GtkWindow *parent, TroupeClient *client, TroupeProgramItem *program);

/* Chooses KIND and unfolds the options. */
void troupe_launch_dialog_set_kind (TroupeLaunchDialog *self, TroupeKind kind);

/* For tests: the command entry, the error beside the field KEY ("" when there is none), Launch. */
GtkEditable *troupe_launch_dialog_get_command (TroupeLaunchDialog *self);
const char *troupe_launch_dialog_get_error (TroupeLaunchDialog *self, const char *key);
/* The row of the definition's KEY; NULL when that kind has none. (transfer none) */
TroupeLaunchField *troupe_launch_dialog_get_field (TroupeLaunchDialog *self, const char *key);
/* Of a program that is changed: saves and starts it anew. */
void troupe_launch_dialog_launch (TroupeLaunchDialog *self);
/* Saves, and leaves what runs as it is. */
void troupe_launch_dialog_save (TroupeLaunchDialog *self);

G_END_DECLS
