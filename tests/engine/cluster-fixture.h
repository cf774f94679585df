/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine-fixture.h"
#include "http-load.h"
#include "test-nodes.h"

G_BEGIN_DECLS

/* A cluster called "web" in a real engine, and what is asked of it again and again. */

/* Clients of a load, where a test does not want more. */
#define N_CLIENTS 6

typedef struct
{
  Fixture *fixture;
  guint port;
  char *path; /* of the program */
  TroupeBusProgram1 *program;
  GPtrArray *workers; /* of TroupeBusWorker1 */
  char *told;         /* (nullable): the file its workers tell in (cluster-changes.h) */
} Cluster;

void cluster_clear (Cluster *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Cluster, cluster_clear)

TroupeBusWorker1 *worker (Cluster *self, guint i);
gboolean all_in_state (Cluster *self, const char *state);

/* Its workers as they are now. */
void cluster_look_up (Cluster *self, const char *name);
/* FIELDS: of the definition. Starts it; its name is "web". */
void cluster_launch (Cluster *self, Fixture *fixture, const char *fields);
/* A cluster of serve.js with N workers on a free port, ready. MORE: fields; ENV: variables, each "'K=V', ". */
void cluster_serve (Cluster *self, Fixture *fixture, guint n, const char *env, const char *more);
/* Reloads and waits. Returns: (transfer none): why it failed, or "". */
const char *cluster_reload (Cluster *self);
gboolean reload_is_over (Cluster *self);
void cluster_stop (Cluster *self);

/* Until so many more were answered. */
void wait_for_requests (HttpLoad *load, guint64 more);
void assert_no_failure (const HttpLoadResult *result);
gboolean is_refused (guint port);

/* A test for each Node that is to be tried. */
void cluster_test (const char *name, void (*func) (Fixture *fixture, gconstpointer data));
/* FALSE when there is no Node, and this was said. */
gboolean cluster_tests_begin (int *argc, char ***argv);

G_END_DECLS
