/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine/program.h"

G_BEGIN_DECLS

/* A reload under way: the workers of a program, one after the other, get a new run. With the first that
 * fails it ends; the others keep what they have. The program says how far it is. Main thread. */

typedef struct _TroupeReload TroupeReload;

typedef struct
{
  /* Another worker's turn. */
  void (*stepped) (TroupeReload *self, TroupeProgram *program, gpointer user_data);
  /* Once: the last worker is through, or one has failed. SELF may be freed from there. */
  void (*done) (TroupeReload *self, TroupeProgram *program, gpointer user_data);
} TroupeReloadHandler;

/* Returns: (transfer full) */
TroupeReload *troupe_reload_new (TroupeProgram *program, const TroupeReloadHandler *handler, gpointer user_data);

/* What is left to do, for the next engine: how many workers there were, then who is not through yet, each with the
 * run that is to be replaced: "4 web.3:1 web.4:2". Returns: (transfer full) */
char *troupe_reload_dup_state (TroupeReload *self);
/* Goes on from there: a worker that has another run by now is through, one that is in the middle of it is waited for.
 * Returns: (transfer full), NULL when STATE is none. */
TroupeReload *troupe_reload_new_from_state (TroupeProgram *program, const char *state,
                                            const TroupeReloadHandler *handler, gpointer user_data);

/* Begins. */
void troupe_reload_start (TroupeReload *self);
/* Ends it where it is, when it is not done: the worker in turn keeps its old run if the new one has not
 * taken over. */
void troupe_reload_free (TroupeReload *self);

/* TRUE when the old and the new run of a worker may be there at the same time. */
gboolean troupe_reload_may_overlap (TroupeProgramDefinition *definition);

G_END_DECLS
