/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine/program.h"

G_BEGIN_DECLS

/* An open project: a name, the file it came from, and its programs, found by name. Plain
 * data of the engine's. */
typedef struct
{
  char *name;
  char *path;                /* (nullable): of the file; the project `default` has none */
  GPtrArray *programs;       /* (owned) of TroupeProgram, in order */
  GHashTable *by_name;       /* program name to TroupeProgram */
  GHashTable *workers;       /* worker name to TroupeWorker */
  GHashTable *next_suffixes; /* name that was taken to the number to try next */
  gboolean is_closing;
  GPtrArray *close_tasks; /* (owned) of GTask: who waits for it to be closed */
} TroupeProject;

TroupeProject *troupe_project_new (const char *name, const char *path);
void troupe_project_free (TroupeProject *self);

TroupeProgram *troupe_project_find_program (TroupeProject *self, const char *name);
TroupeWorker *troupe_project_find_worker (TroupeProject *self, const char *name);

/* NAME, or NAME-2, NAME-3, …: the first that neither a program nor a worker here has, nor would
 * with INSTANCES of it. Returns: (transfer full) */
char *troupe_project_dup_free_name (TroupeProject *self, const char *name, guint instances);

void troupe_project_add_program (TroupeProject *self, TroupeProgram *program);
void troupe_project_remove_program (TroupeProject *self, TroupeProgram *program);

gboolean troupe_project_is_busy (TroupeProject *self);

G_END_DECLS
