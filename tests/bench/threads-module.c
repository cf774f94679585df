/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The native thread of bench-threads: says hello, then echoes every message. */

#include <troupe-worker.h>

static int
run (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;

  troupe_worker_post (worker, "\"hello\"");
  while (troupe_worker_receive (worker, &message, -1) > 0)
    troupe_worker_post_to (worker, message->from, message->text, message->length, -1);
  return 0;
}

TROUPE_WORKER_MODULE (run)
