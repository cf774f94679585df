/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/engine-client.h"

G_BEGIN_DECLS

/* The engine's figures: one Stats signal, taken apart. */

typedef struct _TroupeStats TroupeStats;

typedef struct
{
  double cpu_percent;
  guint64 memory_bytes;
  guint threads;
  guint descendants;
} TroupeWorkerStats;

/* Of a thread; -1 what its runtime does not tell. */
typedef struct
{
  gint64 queue;       /* messages that wait for it */
  double utilization; /* of its event loop, 0 to 1 */
  gint64 heap_used_bytes, heap_total_bytes;
} TroupeThreadStats;

/* Subscribes; the sooner, the sooner the figures come. CLIENT (nullable): an empty set. */
TroupeStats *troupe_stats_new (TroupeEngineClient *client);
void troupe_stats_free (TroupeStats *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeStats, troupe_stats_free)

/* Runs the main context until figures have come, and those of N threads, or the time is over. THREADS: their IDs. */
void troupe_stats_wait (TroupeStats *self, const guint *threads, gsize n, guint timeout_msec);

/* Takes the parameters of a Stats signal. FALSE when they are not what they should be. */
gboolean troupe_stats_take (TroupeStats *self, GVariant *parameters);
/* Likewise, of a ThreadStats signal. */
gboolean troupe_stats_take_threads (TroupeStats *self, GVariant *parameters);

/* NULL when there are none of that worker. */
const TroupeWorkerStats *troupe_stats_get (TroupeStats *self, guint worker_id);
const TroupeThreadStats *troupe_stats_get_thread (TroupeStats *self, guint worker_id);

G_END_DECLS
