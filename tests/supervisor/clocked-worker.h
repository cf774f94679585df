/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "fake-clock.h"
#include "worker-fixture.h"

G_BEGIN_DECLS

/* Workers that run test-child, in a place of their own, and a clock that the test turns. */

typedef struct
{
  WorkerPlace place;
  FakeClock *clock;
  const char *waits_for; /* (nullable) why no worker may start */
  GString *states;       /* of all workers, "starting running " */
} Fixture;

void clocked_set_up (Fixture *self, gconstpointer data);
void clocked_tear_down (Fixture *self, gconstpointer data);

/* FIELDS: more of the definition, as text of a{sv}. The command is test-child with ARGS, split at blanks.
 * (transfer full) */
TroupeWorker *new_worker (Fixture *self, const char *args, const char *fields);
#define free_worker(worker) worker_place_free_worker (worker)

/* Of its last run; "" when there is none. */
char *read_stdout (TroupeWorker *worker);
gboolean has_said (TroupeWorker *worker, const char *text);

/* Both have come: the child's word, and the keeper's. */
#define wait_until_up(worker)                                                                                       \
  wait_until (troupe_worker_get_state (worker) == TROUPE_STATE_RUNNING && has_said (worker, "ready"))

G_END_DECLS
