/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"
#include "supervisor/clock.h"

G_BEGIN_DECLS

/* Removed programs with their journals, until the time to bring them back is over. Journals
 * are moved to JOURNALS_DIR/.removed/TOKEN/, so that their names are free at once; what is there when an
 * engine starts is deleted. Main thread. */

typedef struct _TroupeTrash TroupeTrash;

/* EMPTIED is called when the last thing in it is gone for good. Returns: (transfer full) */
TroupeTrash *troupe_trash_new (const char *journals_dir, TroupeClock *clock, guint keep_seconds,
                               void (*emptied) (gpointer user_data), gpointer user_data);
/* Deletes what is in it. */
void troupe_trash_free (TroupeTrash *self);

guint64 troupe_trash_next_token (TroupeTrash *self);

/* Takes the program PROJECT/definition->name in. */
void troupe_trash_add (TroupeTrash *self, guint64 token, const char *project,
                       TroupeProgramDefinition *definition);
/* Moves the folder of one of its workers in. */
void troupe_trash_add_journals (TroupeTrash *self, guint64 token, const char *worker_dir, const char *worker);

/* What was taken in under TOKEN. FALSE when it is not there (any more). */
gboolean troupe_trash_peek (TroupeTrash *self, guint64 token, const char **project,
                            TroupeProgramDefinition **definition);
/* Moves the folder of WORKER back, to WORKER_DIR. */
void troupe_trash_restore_journals (TroupeTrash *self, guint64 token, const char *worker, const char *worker_dir);
/* Forgets TOKEN; deletes what was not moved back. */
void troupe_trash_drop (TroupeTrash *self, guint64 token);

gboolean troupe_trash_is_empty (TroupeTrash *self);

G_END_DECLS
