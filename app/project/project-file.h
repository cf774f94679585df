/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"

G_BEGIN_DECLS

/* Reads project files. Everything that was not understood is a note with file
 * and line; nothing is dropped silently. Ceilings: TROUPE_PROJECT_FILE_MAX bytes,
 * TROUPE_PROJECT_PROGRAMS_MAX programs. */

#define TROUPE_PROJECT_FILE_MAX (1024 * 1024)
#define TROUPE_PROJECT_PROGRAMS_MAX 1000

typedef struct
{
  char *name;           /* [project] name=, else the file's or folder's name */
  char *path;           /* absolute, of the file */
  char *folder;         /* absolute: what relative paths are relative to */
  GPtrArray *programs;  /* of TroupeProgramDefinition, in file order */
  GPtrArray *notes;     /* of char *: "shop.troupe:12: unknown key “prot”, ignored" */
} TroupeProjectFile;

/* PATH: a *.troupe file, a Procfile, a package.json, or a folder that holds one (looked for
 * in that order). Fails with TROUPE_ERROR_INVALID_PROJECT, naming file and line.
 * Returns: (transfer full) */
TroupeProjectFile *troupe_project_file_load (const char *path, GError **error);
void troupe_project_file_free (TroupeProjectFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeProjectFile, troupe_project_file_free)

/* Writes PROGRAMS as a project file, atomically; comments and unknown keys that the file
 * held already survive. */
gboolean troupe_project_file_save (const char *path, const char *name, GPtrArray *programs, GError **error);

G_END_DECLS
