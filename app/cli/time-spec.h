/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Moments and durations as people type them. Pure: "now" and the time zone are given. */

/* Takes a duration ago ("10m", "2h ago", "1h 30m"), a time of day ("12:01", "12:01:07.5": the
 * last one that is not in the future), a date or date and time ("2024-05-01",
 * "2024-05-01 12:01", ISO 8601 with or without a zone), "now", "today", "yesterday", or seconds
 * since 1970 ("@1714564867.5"). *OUT_USEC is microseconds since 1970. */
gboolean troupe_time_spec_parse (const char *text, gint64 now_usec, GTimeZone *zone, gint64 *out_usec,
                                 GError **error);

/* "2" is two seconds; also "500ms", "1.5s", "10m", "1h30m", "2d". */
gboolean troupe_duration_spec_parse (const char *text, gint64 *out_usec, GError **error);

G_END_DECLS
