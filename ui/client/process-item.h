/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One process of a worker's tree. Its figures change ("sampled"); pid and start do not. */
#define TROUPE_TYPE_PROCESS_ITEM (troupe_process_item_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProcessItem, troupe_process_item, TROUPE, PROCESS_ITEM, GObject)

/* PROCESS: (uusstdttu) as in Worker1.Processes. */
TroupeProcessItem *troupe_process_item_new (GVariant *process);

/* TRUE when OTHER is the same process, by pid and start. */
gboolean troupe_process_item_is_same (TroupeProcessItem *self, TroupeProcessItem *other);
void troupe_process_item_take_figures (TroupeProcessItem *self, TroupeProcessItem *newer);

guint troupe_process_item_get_pid (TroupeProcessItem *self);
const char *troupe_process_item_get_command (TroupeProcessItem *self);
guint64 troupe_process_item_get_started_usec (TroupeProcessItem *self);
double troupe_process_item_get_cpu_percent (TroupeProcessItem *self);
guint64 troupe_process_item_get_memory_bytes (TroupeProcessItem *self);
guint troupe_process_item_get_threads (TroupeProcessItem *self);
/* "Sleeping". Static. */
const char *troupe_process_item_get_state_word (TroupeProcessItem *self);

G_END_DECLS
