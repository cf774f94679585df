/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reads the kernel's count of out-of-memory kills. */

#include "config.h"

#include "supervisor/oom-watch.h"

#include <string.h>

guint64
troupe_oom_watch_parse (const char *vmstat)
{
  const char *key = g_str_has_prefix (vmstat, "oom_kill ") ? vmstat : strstr (vmstat, "\noom_kill ");

  if (key == NULL)
    return 0;
  return g_ascii_strtoull (strchr (key, ' '), NULL, 10);
}

guint64
troupe_oom_watch_read_kills (TroupeOomWatch *self)
{
  g_autofree char *text = NULL;

  self->read_usec = g_get_monotonic_time ();
  if (g_file_get_contents ("/proc/vmstat", &text, NULL, NULL))
    self->kills = troupe_oom_watch_parse (text);
  return self->kills;
}

guint64
troupe_oom_watch_get_kills (TroupeOomWatch *self)
{
  if (self->read_usec == 0
      || g_get_monotonic_time () - self->read_usec > TROUPE_OOM_WATCH_FRESH_MSEC * (gint64) 1000)
    return troupe_oom_watch_read_kills (self);
  return self->kills;
}
