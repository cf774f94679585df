/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/words.h"
#include "cli/engine-client.h"

G_BEGIN_DECLS

/* What the engine last said about programs and workers, as plain structs, kept up to date from
 * its signals while the default main context runs. Main thread. */

typedef struct
{
  char *path;
  guint id;
  char *project, *name, *kind, *command_line, *folder;
  guint instances;
} TroupeProgramInfo;

typedef struct
{
  char *path;
  char *program_path;
  guint id;
  guint instance;
  char *project, *name;
  TroupeState state;
  char *state_reason;
  guint pid;
  gboolean is_thread;
  guint tid;       /* of a thread that runs, else 0 */
  double progress; /* what it says to have done of its work, 0 to 1; -1: nothing */
  char *progress_text;
  guint run;
  guint restarts;
  guint64 started_usec, ended_usec;
  int exit_code;     /* -1: none */
  char *exit_signal; /* "" : none */
  char *exit_summary;
  char *journal; /* "": none yet */
  char *address; /* the first it serves, "": none */
} TroupeWorkerInfo;

typedef struct _TroupeRoster TroupeRoster;

TroupeRoster *troupe_roster_new (TroupeEngineClient *client);
void troupe_roster_free (TroupeRoster *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeRoster, troupe_roster_free)

/* Everything, in one call. */
gboolean troupe_roster_load_all (TroupeRoster *self, GError **error);
/* One worker and its program, for commands that must be quick where much runs. One that is gone
 * leaves the roster.
 * Returns: (transfer none) (nullable) */
TroupeWorkerInfo *troupe_roster_load_worker (TroupeRoster *self, const char *path, GError **error);

/* From now on signals are heard; call it before a load, so that nothing falls between. CHANGED is told of each
 * worker that changed, came or went (with NULL). VANISHED is told when the engine left the bus. */
typedef void (*TroupeRosterChanged) (TroupeWorkerInfo *worker, gpointer user_data);
typedef void (*TroupeRosterVanished) (gpointer user_data);
void troupe_roster_follow (TroupeRoster *self, TroupeRosterChanged changed, TroupeRosterVanished vanished,
                           gpointer user_data);
void troupe_roster_unfollow (TroupeRoster *self);
/* Workers that come to be later are added only after this; before it, only those that were loaded are followed. */
void troupe_roster_follow_new (TroupeRoster *self);

/* (transfer container): by project, program and instance */
GPtrArray *troupe_roster_get_workers (TroupeRoster *self);
TroupeWorkerInfo *troupe_roster_get_worker (TroupeRoster *self, const char *path);
TroupeProgramInfo *troupe_roster_get_program (TroupeRoster *self, const char *path);
/* The worker's program; an empty one where it is not known. */
const TroupeProgramInfo *troupe_roster_get_program_of (TroupeRoster *self, const TroupeWorkerInfo *worker);

/* The worker's object paths for NAME, as the engine understands it. Where there is none, the error
 * suggests the name that was meant. Returns: (transfer full) (nullable) */
GStrv troupe_roster_find (TroupeRoster *self, const char *name, GError **error);

/* TRUE for the process that hosts the threads of a program. */
gboolean troupe_worker_info_is_host (const TroupeWorkerInfo *worker);

/* TRUE for stopped, exited and failed. */
gboolean troupe_worker_info_is_over (const TroupeWorkerInfo *worker);

/* Applies an a{sv} of Worker1 properties: unknown keys and wrong types are ignored. */
void troupe_worker_info_update (TroupeWorkerInfo *worker, GVariant *properties);
TroupeWorkerInfo *troupe_worker_info_new (const char *path);
void troupe_worker_info_free (TroupeWorkerInfo *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeWorkerInfo, troupe_worker_info_free)

G_END_DECLS
