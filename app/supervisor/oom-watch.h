/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Evidence that the kernel killed for want of memory: its own counter of such kills, oom_kill in
 * /proc/vmstat. Reading it costs as much as a good part of a launch, so that at the start of a run a
 * count not older than TROUPE_OOM_WATCH_FRESH_MSEC is good enough. */

#define TROUPE_OOM_WATCH_FRESH_MSEC 1000

typedef struct
{
  guint64 kills;
  gint64 read_usec; /* monotonic; 0: never */
} TroupeOomWatch;

/* 0 when the kernel does not count. */
guint64 troupe_oom_watch_get_kills (TroupeOomWatch *self);
guint64 troupe_oom_watch_read_kills (TroupeOomWatch *self);

/* Pure: the counter in the text of /proc/vmstat. */
guint64 troupe_oom_watch_parse (const char *vmstat);

G_END_DECLS
