/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A module for a header of another time. */

#include <troupe-worker.h>

extern const TroupeWorkerModule troupe_worker_module;
const TroupeWorkerModule troupe_worker_module = { TROUPE_WORKER_ABI + 41, sizeof (TroupeWorkerModule), NULL };
