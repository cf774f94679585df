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

/* Subscribes; the sooner, the sooner the figures come. CLIENT (nullable): an empty set. */
TroupeStats *troupe_stats_new (TroupeEngineClient *client);
void troupe_stats_free (TroupeStats *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeStats, troupe_stats_free)

/* Runs the main context until figures have come or the time is over. */
void troupe_stats_wait (TroupeStats *self, guint timeout_msec);

/* Takes the parameters of a Stats signal. FALSE when they are not what they should be. */
gboolean troupe_stats_take (TroupeStats *self, GVariant *parameters);

/* NULL when there are none of that worker. */
const TroupeWorkerStats *troupe_stats_get (TroupeStats *self, guint worker_id);

G_END_DECLS
