/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/worker-item.h"

#include "troupe-dbus.h"

G_BEGIN_DECLS

/* What only the client does to a worker item. */

typedef struct
{
  double cpu_percent;
  guint64 memory_bytes, rss_bytes;
  guint threads, descendants;
} TroupeFigures;

TroupeWorkerItem *troupe_worker_item_new (TroupeBusWorker1 *proxy);

/* Binds to the engine's object, or to none when it went away. */
void troupe_worker_item_set_proxy (TroupeWorkerItem *self, TroupeBusWorker1 *proxy);
TroupeBusWorker1 *troupe_worker_item_get_proxy (TroupeWorkerItem *self);

/* The engine's number for it; a new engine gives another. Orders workers as they were added. */
guint troupe_worker_item_get_id (TroupeWorkerItem *self);

/* PROGRAM (nullable) is not owned; the client keeps both in step. */
void troupe_worker_item_set_program (TroupeWorkerItem *self, TroupeProgramItem *program);

/* Takes what only its host knows, and tells with "sampled". */
void troupe_worker_item_take_thread_figures (TroupeWorkerItem *self, const TroupeThreadFigures *figures);

/* Takes the figures and tells with "sampled". */
void troupe_worker_item_take_sample (TroupeWorkerItem *self, const TroupeFigures *figures);

/* "PROJECT/NAME". Returns: (transfer full) */
char *troupe_item_dup_key (const char *project, const char *name);

G_END_DECLS
