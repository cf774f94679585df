/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A list of N rows that are nothing but their places: what stands in one is asked for when it comes into view. */
#define TROUPE_TYPE_MEMORY_ROWS (troupe_memory_rows_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMemoryRows, troupe_memory_rows, TROUPE, MEMORY_ROWS, GObject)

TroupeMemoryRows *troupe_memory_rows_new (guint n);

G_END_DECLS
