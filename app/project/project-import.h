/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/project-file.h"
#include "project/project-lines.h"

G_BEGIN_DECLS

/* Readers of other tools' files, for project-file.c. Each gets the TEXT of FILE->path, adds
 * programs to FILE, and says line by line what it did not understand: NOTES for what was left
 * out, ERRORS for what cannot be opened at all. They look at files beside it, and run nothing. */

void troupe_project_import_procfile (TroupeProjectFile *file, const char *text, TroupeRemarks *notes,
                                     TroupeRemarks *errors);
void troupe_project_import_package_json (TroupeProjectFile *file, const char *text, TroupeRemarks *notes,
                                         TroupeRemarks *errors);
/* pm2's ecosystem file, in JSON. */
void troupe_project_import_pm2 (TroupeProjectFile *file, const char *text, TroupeRemarks *notes,
                                TroupeRemarks *errors);

/* Adds the program that DICT (floating) describes, unless there is one of its name. */
void troupe_project_import_add (TroupeProjectFile *file, GVariant *dict, guint line, TroupeRemarks *errors);

/* NAME when it is one, else the nearest that is, with a note. Returns: (transfer full) */
char *troupe_project_import_dup_name (const char *name, guint line, TroupeRemarks *notes);

G_END_DECLS
