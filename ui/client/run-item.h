/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One past or present run of a worker, as Worker1.Runs tells it. Immutable. */
#define TROUPE_TYPE_RUN_ITEM (troupe_run_item_get_type ())
G_DECLARE_FINAL_TYPE (TroupeRunItem, troupe_run_item, TROUPE, RUN_ITEM, GObject)

/* RUN: (uttisss). */
TroupeRunItem *troupe_run_item_new (GVariant *run);
guint troupe_run_item_get_number (TroupeRunItem *self);
guint64 troupe_run_item_get_started_usec (TroupeRunItem *self);
guint64 troupe_run_item_get_ended_usec (TroupeRunItem *self); /* 0 while it runs */
const char *troupe_run_item_get_summary (TroupeRunItem *self);
const char *troupe_run_item_get_journal (TroupeRunItem *self);

G_END_DECLS
