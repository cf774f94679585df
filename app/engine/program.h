/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"
#include "supervisor/worker.h"

G_BEGIN_DECLS

/* A program the engine knows, with its workers. It holds; the engine acts. Emits
 * "changed" () when its definition is another. Main thread. */

#define TROUPE_TYPE_PROGRAM (troupe_program_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProgram, troupe_program, TROUPE, PROGRAM, GObject)

TroupeProgram *troupe_program_new (guint id, const char *project, TroupeProgramDefinition *definition);

guint troupe_program_get_id (TroupeProgram *self);
const char *troupe_program_get_project (TroupeProgram *self);
const char *troupe_program_get_name (TroupeProgram *self);

TroupeProgramDefinition *troupe_program_get_definition (TroupeProgram *self);
/* Its workers take it over at their next start. */
void troupe_program_set_definition (TroupeProgram *self, TroupeProgramDefinition *definition);

/* (element-type TroupeWorker) (transfer none): by instance; who is on the way out comes last. */
GPtrArray *troupe_program_get_workers (TroupeProgram *self);
TroupeWorker *troupe_program_find_worker (TroupeProgram *self, const char *name);

/* What the worker of INSTANCE (from 1) is called. Returns: (transfer full) */
char *troupe_program_dup_worker_name (TroupeProgram *self, guint instance);
/* TRUE when its definition asks for a worker of this name. */
gboolean troupe_program_has_place_for (TroupeProgram *self, const char *worker_name);

/* TRUE while a run of any worker lives or is to start. */
gboolean troupe_program_is_busy (TroupeProgram *self);

/* On the way out: it goes away when its last worker is down. */
gboolean troupe_program_is_leaving (TroupeProgram *self);
void troupe_program_set_leaving (TroupeProgram *self, gboolean leaving);

G_END_DECLS
