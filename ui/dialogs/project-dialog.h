/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <adwaita.h>

#include "client/client.h"

G_BEGIN_DECLS

/* After a project was opened: what it would run, and what of its file was not understood.
 * Nothing runs before the person says so with Start All. */
#define TROUPE_TYPE_PROJECT_DIALOG (troupe_project_dialog_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProjectDialog, troupe_project_dialog, TROUPE, PROJECT_DIALOG, AdwWindow)

GtkWindow *troupe_project_dialog_new (GtkWindow *parent, TroupeClient *client, const char *name,
                                      const char *const *notes);

/* For tests. */
guint troupe_project_dialog_get_n_programs (TroupeProjectDialog *self);
void troupe_project_dialog_start_all (TroupeProjectDialog *self);

G_END_DECLS
