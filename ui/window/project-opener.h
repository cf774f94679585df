/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "window/window-actions.h"

G_BEGIN_DECLS

/* Opens projects: from a path, a file or folder that is chosen or dropped, and the demo. What is asked for while
 * the engine is not connected is opened once it is. What would run and what was not understood is shown in a
 * dialog, failures go to TELL. */
#define TROUPE_TYPE_PROJECT_OPENER (troupe_project_opener_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProjectOpener, troupe_project_opener, TROUPE, PROJECT_OPENER, GObject)

/* Adds the actions open-project, open-project-folder and demo to MAP, and takes what is dropped on WINDOW, which
 * outlives it. */
TroupeProjectOpener *troupe_project_opener_new (GtkWindow *window, GActionMap *map, TroupeClient *client,
                                                TroupeTell tell);
/* START: all of its programs, at once. */
void troupe_project_opener_open (TroupeProjectOpener *self, const char *path, gboolean start);
void troupe_project_opener_open_demo (TroupeProjectOpener *self);

G_END_DECLS
