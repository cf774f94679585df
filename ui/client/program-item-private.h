/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/program-item.h"

#include "troupe-dbus.h"

G_BEGIN_DECLS

/* What only the client does to a program item. */

TroupeProgramItem *troupe_program_item_new (TroupeBusProgram1 *proxy);
void troupe_program_item_set_proxy (TroupeProgramItem *self, TroupeBusProgram1 *proxy);
TroupeBusProgram1 *troupe_program_item_get_proxy (TroupeProgramItem *self);
void troupe_program_item_add_worker (TroupeProgramItem *self, TroupeWorkerItem *worker);
void troupe_program_item_remove_worker (TroupeProgramItem *self, TroupeWorkerItem *worker);
void troupe_program_item_emit_sampled (TroupeProgramItem *self);
/* Orders programs as they were added. */
guint troupe_program_item_get_id (TroupeProgramItem *self);

G_END_DECLS
