/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"
#include "project/program-notes.h"
#include "supervisor/worker.h"

G_BEGIN_DECLS

/* A program the engine knows, with its workers. It holds; the engine acts. Emits
 * "changed" () when its definition is another. Main thread. */

#define TROUPE_TYPE_PROGRAM (troupe_program_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProgram, troupe_program, TROUPE, PROGRAM, GObject)

/* GROUP (nullable): what its workers share when it is a cluster; THREADS (nullable): when they are threads. */
TroupeProgram *troupe_program_new (guint id, const char *project, TroupeProgramDefinition *definition,
                                   TroupeWorkerGroup *group, TroupeThreadGroup *threads);

guint troupe_program_get_id (TroupeProgram *self);
const char *troupe_program_get_project (TroupeProgram *self);
const char *troupe_program_get_name (TroupeProgram *self);

TroupeProgramDefinition *troupe_program_get_definition (TroupeProgram *self);
TroupeWorkerGroup *troupe_program_get_group (TroupeProgram *self); /* (transfer none) (nullable) */

TroupeThreadGroup *troupe_program_get_threads (TroupeProgram *self); /* (transfer none) (nullable) */

/* Its threads are on their way out of one host process and are to come up in another. */
gboolean troupe_program_is_renewing (TroupeProgram *self);
void troupe_program_set_renewing (TroupeProgram *self, gboolean renewing);

/* How far its reload is ("": none is under way), and why the last one failed ("": it did not). */
void troupe_program_set_reload (TroupeProgram *self, const char *progress, const char *failure);
const char *troupe_program_get_reload_progress (TroupeProgram *self);
const char *troupe_program_get_reload_failure (TroupeProgram *self);

/* Looks again at what a person should know of it (project/program-notes.h): its script may be another. */
void troupe_program_look (TroupeProgram *self);
GPtrArray *troupe_program_get_notes (TroupeProgram *self); /* (element-type TroupeProgramNote) (transfer none) */

/* It was scaled to INSTANCES by hand, when its definition said FROM (G_MAXUINT: as known). 0: it was not. */
void troupe_program_set_scale (TroupeProgram *self, guint instances, guint from);
guint troupe_program_get_scale (TroupeProgram *self, guint *from);

/* Its workers take it over at their next start. */
void troupe_program_set_definition (TroupeProgram *self, TroupeProgramDefinition *definition);

/* (element-type TroupeWorker) (transfer none): by instance; who is on the way out comes last. */
GPtrArray *troupe_program_get_workers (TroupeProgram *self);
TroupeWorker *troupe_program_find_worker (TroupeProgram *self, const char *name);

/* What the worker of INSTANCE is called: as the program when it has one worker and is neither cluster nor threads,
 * else with a number. Returns: (transfer full) */
char *troupe_program_dup_worker_name (TroupeProgram *self, guint instance);
/* The first instance: 1, or that of the process which hosts its threads. */
guint troupe_program_get_first_instance (TroupeProgram *self);
/* The instance of the worker NAME; FALLBACK when its name does not tell. */
guint troupe_program_parse_instance (TroupeProgram *self, const char *name, guint fallback);
/* TRUE when its definition asks for a worker of this name. */
gboolean troupe_program_has_place_for (TroupeProgram *self, const char *worker_name);

/* TRUE while a run of any worker lives or is to start. */
gboolean troupe_program_is_busy (TroupeProgram *self);

/* On the way out: it goes away when its last worker is down. */
gboolean troupe_program_is_leaving (TroupeProgram *self);
void troupe_program_set_leaving (TroupeProgram *self, gboolean leaving);

G_END_DECLS
