/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "waiting.h"

#include "supervisor/worker.h"

G_BEGIN_DECLS

/* A place for workers with real keepers: folders of its own and a pool. */

typedef struct
{
  char *folder, *journals_dir;
  TroupeKeeperPool *pool;
  TroupeOomWatch oom_watch;
  TroupeWorkerContext context; /* clock, reactor and callbacks are for the test to fill in */
} WorkerPlace;

void worker_place_set_up (WorkerPlace *self);
/* Every worker is gone by now. */
void worker_place_tear_down (WorkerPlace *self);
/* As when an engine starts where another was killed: a pool that knows of no keeper. */
void worker_place_change_pool (WorkerPlace *self);

/* The only worker of NAME. FIELDS: more of the definition, as text of a{sv}; ARGV goes where they name no
 * command. (transfer full) */
TroupeWorker *worker_place_new_worker (WorkerPlace *self, const char *name, const char *const *argv,
                                       const char *fields);
/* Ends what runs, and checks that nobody else holds WORKER. */
void worker_place_free_worker (TroupeWorker *worker);

#define wait_for_state(worker, state) wait_until (troupe_worker_get_state (worker) == TROUPE_STATE_##state)

G_END_DECLS
