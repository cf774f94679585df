/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cluster-fixture.h"

G_BEGIN_DECLS

/* What happens to a cluster under load, and what became of its clients: its workers tell in a file what comes to them
 * (TOLD in workers/serve.js), so that a request that failed can be laid at somebody's door. */

/* As cluster_serve, with workers that tell. */
void cluster_serve_telling (Cluster *self, Fixture *fixture, guint n, const char *more);

/* Kills workers with SIGKILL, one at a time, whichever, between two requests and a hundred: until N_KILLS or, when that
 * is 0, until the monotonic time UNTIL. Then waits until all are ready. Returns: (transfer full): a set of pids. */
GHashTable *cluster_kill_at_random (Cluster *self, HttpLoad *load, guint n_kills, gint64 until);

/* Reloads, and scales to other sizes meanwhile, without a pause until the monotonic time UNTIL, at least once. */
void cluster_reload_and_scale (Cluster *self, HttpLoad *load, gint64 until, guint *n_reloads, guint *n_scalings);

/* How many of the failures were on connections that a killed worker had taken. */
guint cluster_count_inside (Cluster *self, GHashTable *killed, const HttpLoadResult *result);

/* With keep-alive: how many of the failures were requests that a worker had begun to read. */
guint cluster_count_begun (Cluster *self, const HttpLoadResult *result);

G_END_DECLS
