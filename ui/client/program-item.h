/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/worker-item.h"

G_BEGIN_DECLS

/* One program and its workers. Like a worker item it outlives the engine. Main thread.
 *
 * Signals: "changed" when its definition, its workers or their states changed, "sampled" when
 * figures did. */
#define TROUPE_TYPE_PROGRAM_ITEM (troupe_program_item_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProgramItem, troupe_program_item, TROUPE, PROGRAM_ITEM, GObject)

typedef struct
{
  guint n_workers;
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

/* METHOD: "Start", "Stop" or "Restart"; finish with troupe_bus_call_finish (). */
void troupe_program_item_call_async (TroupeProgramItem *self, const char *method, GAsyncReadyCallback callback,
                                     gpointer user_data);
void troupe_program_item_remove_async (TroupeProgramItem *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean troupe_program_item_remove_finish (TroupeProgramItem *self, GAsyncResult *result, guint64 *token,
                                            GError **error);

/* "3 of 4 running", "1 failed, 3 of 4 running". Returns: (transfer full) */
char *troupe_totals_dup_text (const TroupeTotals *totals);

G_END_DECLS
