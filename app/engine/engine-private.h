/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine/engine.h"
#include "engine/figures.h"
#include "engine/links.h"
#include "engine/project.h"
#include "engine/reload.h"
#include "engine/trash.h"
#include "supervisor/oom-watch.h"

G_BEGIN_DECLS

/* What the files of the engine share.
 *
 *   engine.c           programs and workers come and are found; the engine ends
 *   engine-launch.c    programs are launched, started, stopped and edited
 *   engine-order.c     who may start, and who looks again
 *   engine-remove.c    programs and workers go, and can come back
 *   engine-links.c     who gets what whom sends
 *   engine-projects.c  project files: open, read again, close
 *   engine-scale.c     scale
 *   engine-reload.c    reloads, also those that the last engine had begun
 *   engine-port.c      another port in place of one that is taken
 *   engine-threads.c   threads and the process that hosts them
 *   engine-restore.c   saved state and adoption
 *   figures.c          sampling
 *   reload.c           one reload
 *   links.c            messages from one program to another
 *   trash.c            what was removed and can come back */

struct _TroupeEngine
{
  GObject parent_instance;

  char *state_dir, *journals_dir;
  TroupeClock *clock;
  TroupeKeeperPool *pool; /* (owned) */
  TroupeReactor *reactor; /* (owned): of the workers' channels */
  TroupeLinks *links;     /* (owned) */
  TroupeOomWatch oom_watch;
  TroupeWorkerContext context;
  TroupeFigures *figures; /* (owned) */
  TroupeTrash *trash;     /* (owned) */

  GPtrArray *projects;        /* (owned) of TroupeProject; the first is `default` */
  GHashTable *programs_of;    /* TroupeWorker to its TroupeProgram */
  GHashTable *busy;           /* set of TroupeWorker */
  GHashTable *wanted;         /* set of TroupeWorker that are written down as wanted */
  GHashTable *reloads;        /* TroupeProgram to its (owned) TroupeReload */
  guint last_id;
  gboolean is_restoring;
  gboolean is_quitting;
  gboolean was_idle;
  GPtrArray *quit_tasks; /* (owned) of GTask */

  guint save_timeout;
  guint n_appended; /* since the state was last written as a whole */
  gint64 save_cost_usec; /* of the last time */
  guint tidy_source;
  GHashTable *untended; /* set of (owned) TroupeProgram whose host may have to come up or go */
  guint tend_source;
  guint told_source; /* hosts have told the figures of their threads */
};

TroupeProject *troupe_engine_find_project (TroupeEngine *self, const char *name);
TroupeProject *troupe_engine_add_project (TroupeEngine *self, const char *name, const char *path);
void troupe_engine_drop_project (TroupeEngine *self, TroupeProject *project);

/* Its name is free. Adds the workers it asks for. (transfer none) */
TroupeProgram *troupe_engine_add_program (TroupeEngine *self, TroupeProject *project,
                                          TroupeProgramDefinition *definition);
TroupeWorker *troupe_engine_add_worker (TroupeEngine *self, TroupeProject *project, TroupeProgram *program,
                                        const char *name, guint instance);
/* A new definition of the same name: adds workers it lacks; those it has too many go when they are down. */
void troupe_engine_change_program (TroupeEngine *self, TroupeProject *project, TroupeProgram *program,
                                   TroupeProgramDefinition *definition);
void troupe_engine_drop_worker (TroupeEngine *self, TroupeProject *project, TroupeProgram *program,
                                TroupeWorker *worker);
/* Takes away, at the next turn of the main loop, what is on its way out and down. */
void troupe_engine_tidy_later (TroupeEngine *self);
/* Nothing of it lives. Journals are left where they are. */
void troupe_engine_drop_program (TroupeEngine *self, TroupeProject *project, TroupeProgram *program);

/* FALSE with error set when it takes no new work any more. */
gboolean troupe_engine_check_not_quitting (TroupeEngine *self, GError **error);

/* PROGRAM is not as it was: who waits for it looks again. */
void troupe_engine_reconsider (TroupeEngine *self, TroupeProject *project, TroupeProgram *program);
/* Everybody who waits for another program looks again. */
void troupe_engine_reconsider_all (TroupeEngine *self);

/* Something that the next engine has to know changed. The first two write it down at once. */
void troupe_engine_remember_program (TroupeEngine *self, TroupeProgram *program);
void troupe_engine_remember_wanted (TroupeEngine *self, TroupeWorker *worker);
void troupe_engine_save_later (TroupeEngine *self);

/* FALSE with error set when nothing is to be done to it any more. */
/* Every name that workers of SCALED would have is free, or PROGRAM's already. */
gboolean troupe_engine_check_names (TroupeProject *project, TroupeProgram *program, TroupeProgramDefinition *scaled,
                                    GError **error);
gboolean troupe_engine_check_program (TroupeEngine *self, TroupeProgram *program, GError **error);

/* Goes on with what the last engine had begun; once the workers are back. */
void troupe_engine_restore_reloads (TroupeEngine *self);

/* Does `after=` let it start? */
gboolean troupe_engine_dependencies_are_met (TroupeEngine *self, TroupeWorker *worker, char **reason);

/* engine-threads.c */
TroupeThreadGroup *troupe_engine_new_thread_group (TroupeEngine *self);
/* TRUE when WORKER, which is to start, needs no host or has one that takes threads. Else that is on its way, or will
 * be; REASON (out): in words. */
gboolean troupe_engine_host_is_up (TroupeEngine *self, TroupeWorker *worker, char **reason);
/* A worker of PROGRAM is not as it was: its host may have to go. */
void troupe_engine_tend_later (TroupeEngine *self, TroupeProgram *program);
/* Asks all hosts for the figures of their threads; “threads-sampled” follows. */
void troupe_engine_ask_threads (TroupeEngine *self);

void troupe_engine_close_if_down (TroupeEngine *self, TroupeProject *project);
void troupe_engine_update_idle (TroupeEngine *self);

G_END_DECLS
