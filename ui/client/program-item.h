/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/program-note.h"
#include "client/worker-item.h"

G_BEGIN_DECLS

/* One program and its workers. Like a worker item it outlives the engine. Main thread.
 *
 * Signals: "changed" when its definition, its workers or their states changed, "sampled" when
 * figures did. */
#define TROUPE_TYPE_PROGRAM_ITEM (troupe_program_item_get_type ())
#define TROUPE_PROGRAM_PEEK_MAX 65536u

G_DECLARE_FINAL_TYPE (TroupeProgramItem, troupe_program_item, TROUPE, PROGRAM_ITEM, GObject)

typedef struct
{
  guint n_workers; /* without hosts of threads: those are there for their threads */
  guint n_alive;
  guint n_failed; /* gave up or waiting to be restarted */
  double cpu_percent;
  guint64 memory_bytes;
} TroupeTotals;

const char *troupe_program_item_get_key (TroupeProgramItem *self);
const char *troupe_program_item_get_project (TroupeProgramItem *self);
const char *troupe_program_item_get_name (TroupeProgramItem *self);
const char *troupe_program_item_get_command_line (TroupeProgramItem *self);
const char *troupe_program_item_get_folder (TroupeProgramItem *self);
const char *troupe_program_item_get_kind_name (TroupeProgramItem *self);
/* FALSE while no engine answers for it. */
gboolean troupe_program_item_is_connected (TroupeProgramItem *self);
/* TRUE for a cluster: its workers share what they listen on. */
gboolean troupe_program_item_is_cluster (TroupeProgramItem *self);
/* TRUE when its workers are threads of one process. */
gboolean troupe_program_item_is_threads (TroupeProgramItem *self);
/* Of the process that hosts its threads; NULL for other kinds. (nullable) */
TroupeWorkerItem *troupe_program_item_get_host (TroupeProgramItem *self);
/* Bytes of the block that its threads share; 0 for none. */
guint64 troupe_program_item_get_shared_memory (TroupeProgramItem *self);
/* TRUE when the engine hands connections to its workers in turn, and so knows how many each got. */
gboolean troupe_program_item_counts_connections (TroupeProgramItem *self);
/* TRUE when the engine binds its sockets (`listen=`) and its workers inherit them. */
gboolean troupe_program_item_has_own_sockets (TroupeProgramItem *self);
/* Where it can be reached, as client/address.h reads it. (transfer none) */
const char *const *troupe_program_item_get_addresses (TroupeProgramItem *self);
/* How many workers it is to have; some of those it has may still be going. */
guint troupe_program_item_get_instances (TroupeProgramItem *self);
/* What is still to happen before it has as many workers as it is to have. */
typedef struct
{
  guint from, to;       /* workers before, and wanted */
  guint n_done, n_total; /* of those that come, or go */
} TroupeScaling;
/* FALSE when it has as many as it is to have. */
gboolean troupe_program_item_get_scaling (TroupeProgramItem *self, TroupeScaling *scaling);
/* "2 of 4: web.2" while workers are replaced one after the other, else "". */
const char *troupe_program_item_get_reload_progress (TroupeProgramItem *self);
/* Why the last reload failed, or "". */
const char *troupe_program_item_get_reload_failure (TroupeProgramItem *self);
/* What a person should know of it although nothing is wrong. (transfer none) (element-type TroupeProgramNote) */
GPtrArray *troupe_program_item_get_notes (TroupeProgramItem *self);
/* The address that it wants and cannot have. (transfer none) (nullable) */
const TroupePortProblem *troupe_program_item_get_port_problem (TroupeProgramItem *self);
/* a{sv}, as Engine1.Launch takes it. (transfer none) */
GVariant *troupe_program_item_get_definition (TroupeProgramItem *self);
/* TRUE when the kind gives workers a channel for messages. */
gboolean troupe_program_item_kind_has_channel (TroupeKind kind);
gboolean troupe_program_item_has_channel (TroupeProgramItem *self);
/* Names of the programs its messages are passed on to. Returns: (transfer full) */
GStrv troupe_program_item_dup_links (TroupeProgramItem *self);
/* Of TroupeWorkerItem, by instance. (transfer none) */
GListModel *troupe_program_item_get_workers (TroupeProgramItem *self);
void troupe_program_item_add_totals (TroupeProgramItem *self, TroupeTotals *totals);
/* The state that stands for all its workers: the one that wants attention first. */
TroupeState troupe_program_item_get_state (TroupeProgramItem *self);

/* METHOD: "Start", "Stop", "Restart", "Reload", "CancelReload" or "UseFreePort"; finish
 * with troupe_bus_call_finish (). */
void troupe_program_item_call_async (TroupeProgramItem *self, const char *method, GAsyncReadyCallback callback,
                                     gpointer user_data);
/* How many workers it may have; fewer where they are threads of one process. */
guint troupe_program_item_get_instances_max (TroupeProgramItem *self);
/* INSTANCES: 1 to as many as it may have; finish with troupe_bus_call_finish (). */
void troupe_program_item_scale_async (TroupeProgramItem *self, guint instances, GAsyncReadyCallback callback,
                                      gpointer user_data);
/* DEFINITION: as Engine1.Launch takes it; finish with troupe_bus_call_finish (). */
void troupe_program_item_edit_async (TroupeProgramItem *self, GVariant *definition, GAsyncReadyCallback callback,
                                     gpointer user_data);
/* Reads of the block that its threads share; at most TROUPE_PROGRAM_PEEK_MAX bytes. */
void troupe_program_item_peek_async (TroupeProgramItem *self, guint64 offset, guint length, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): fewer bytes than asked for at the end of the block. */
GBytes *troupe_program_item_peek_finish (TroupeProgramItem *self, GAsyncResult *result, GError **error);
void troupe_program_item_remove_async (TroupeProgramItem *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean troupe_program_item_remove_finish (TroupeProgramItem *self, GAsyncResult *result, guint64 *token,
                                            GError **error);

/* "3 of 4 running", "1 failed, 3 of 4 running". Returns: (transfer full) */
char *troupe_totals_dup_text (const TroupeTotals *totals);

G_END_DECLS
