/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "keeper/keeper-pool.h"
#include "project/program-definition.h"

G_BEGIN_DECLS

/* Puts one run's launch together from a definition. */

/* Name of the file in a run's folder that says what was run: a [program] group. It is what
 * an engine that knows the run from nowhere else learns the program from. */
#define TROUPE_RUN_DEFINITION_FILE "program.troupe"

typedef struct
{
  const char *journals_dir; /* of all projects */
  const char *project, *worker;
  guint instance, run;
  const char *journal_dir; /* of this run */
  const char *const *host_argv; /* (nullable): of threads, what hosts them, to run in place of the definition's module */
  int channel_fd; /* the worker's end of its channel, -1: none */
  /* Of a cluster: sockets for the worker, their names for LISTEN_FDNAMES, and Node's number for it
   * (0: it is not for Node). */
  const int *listen_fds; /* (nullable) */
  guint n_listen_fds;
  const char *listen_fd_names; /* (nullable) */
  guint unique_id;
} TroupeLaunchPlace;

/* Writes the definition into the run's folder and hands the launch to POOL. ENVIRONMENT (out)
 * (transfer full): what the run gets. Returns: (transfer full), NULL with error set. */
TroupeKeeper *troupe_worker_launch (TroupeKeeperPool *pool, TroupeProgramDefinition *definition,
                                    const TroupeLaunchPlace *place, GStrv *environment, GError **error);

/* The same for a thread of the process HOST_PID, whose output comes from FDS (troupe_keeper_open_sink). */
TroupeKeeper *troupe_worker_launch_sink (TroupeKeeperPool *pool, TroupeProgramDefinition *definition,
                                         const TroupeLaunchPlace *place, const int fds[3], pid_t host_pid,
                                         GError **error);

/* The definition kept in the run's folder. Returns: (transfer full), NULL with error set. */
TroupeProgramDefinition *troupe_worker_launch_read_definition (const char *journal_dir, GError **error);

/* "project/worker/RUN/TAG": how keepers know a run, and how the processes of a run are found when
 * their keeper is gone. TAG stands for JOURNALS_DIR, so that engines with other folders are
 * left in peace. Returns: (transfer full) */
char *troupe_worker_launch_dup_identity (const char *journals_dir, const char *project, const char *worker,
                                         guint run);
/* And back. All (out) (transfer full). FALSE for anything else. */
gboolean troupe_worker_launch_parse_identity (const char *identity, char **project, char **worker, guint *run);

G_END_DECLS
