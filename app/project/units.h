/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Durations and sizes as people write them. Pure; each parser returns FALSE and
 * leaves *out alone when the text is none. */

/* "2" and "2s" are two seconds; also "500ms", "1.5m", "1h", "1d". */
gboolean troupe_units_parse_duration (const char *text, guint64 *out_msec);
/* The shortest text that reads back equal. Returns: (transfer full) */
char *troupe_units_dup_duration (guint64 msec);

/* Bytes, in steps of 1024: "64K", "10M", "1G", "1.5 GiB", "4096". */
gboolean troupe_units_parse_size (const char *text, guint64 *out_bytes);
/* Returns: (transfer full) */
char *troupe_units_dup_size (guint64 bytes);

G_END_DECLS
