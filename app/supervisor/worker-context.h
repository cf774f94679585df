/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/reactor.h"
#include "keeper/keeper-pool.h"
#include "supervisor/clock.h"
#include "supervisor/oom-watch.h"

G_BEGIN_DECLS

typedef struct _TroupeWorker TroupeWorker;

/* What workers and their runs lean on; outlives them. */
typedef struct
{
  TroupeKeeperPool *pool;
  TroupeReactor *reactor; /* of the channels */
  TroupeClock *clock;
  TroupeOomWatch *oom_watch;
  const char *journals_dir;
  /* FALSE, with REASON (out) (transfer full), when its program has to wait for another one.
   * The owner calls troupe_worker_reconsider () when that may have changed. */
  gboolean (*may_start) (TroupeWorker *worker, char **reason, gpointer user_data);
  /* (nullable): how many processes of its run live. */
  guint (*count_processes) (TroupeWorker *worker, gpointer user_data);
  /* (nullable): the worker sent a message; it is in the journal already. */
  void (*received) (TroupeWorker *worker, const char *text, gsize length, gpointer user_data);
  /* (nullable): after troupe_worker_send found no room there is some again, or the channel is gone. */
  void (*drained) (TroupeWorker *worker, gpointer user_data);
  gpointer user_data;
} TroupeWorkerContext;

G_END_DECLS
