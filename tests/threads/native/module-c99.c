/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The header in strict C99: compiled with -std=c99 -pedantic-errors. */

#include <troupe-worker.h>

static int
run (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;

  (void) troupe_worker_receive (worker, &message, 0);
  troupe_worker_log (worker, TROUPE_WORKER_INFO, "in %s", "C99");
  return troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "in C99\n") > 0 ? 0 : 1;
}

TROUPE_WORKER_MODULE (run)
