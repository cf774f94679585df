/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A module that calls what nobody has. */

#include <troupe-worker.h>

int function_that_nobody_has (void);

static int
run (TroupeWorker *worker)
{
  return function_that_nobody_has ();
}

TROUPE_WORKER_MODULE (run)
