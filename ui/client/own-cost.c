/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What this process itself takes. */

#include "config.h"

#include "client/own-cost.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEMORY_INTERVAL_USEC (5 * G_USEC_PER_SEC)

guint64
troupe_own_cost_parse_pss (const char *text)
{
  const char *line = g_str_has_prefix (text, "Pss:") ? text : strstr (text, "\nPss:");

  if (line == NULL)
    return 0;
  line = strchr (line, ':') + 1;
  return g_ascii_strtoull (line, NULL, 10) * 1024;
}

/* PSS where the kernel tells it, else RSS; 0 when neither. */
static guint64
read_memory (void)
{
  g_autofree char *rollup = NULL, *statm = NULL;
  guint64 pss = 0, size, resident;

  if (g_file_get_contents ("/proc/self/smaps_rollup", &rollup, NULL, NULL))
    pss = troupe_own_cost_parse_pss (rollup);
  if (pss != 0 || !g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL) ||
      sscanf (statm, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &size, &resident) != 2)
    return pss;
  return resident * (guint64) sysconf (_SC_PAGESIZE);
}

void
troupe_own_cost_ask (TroupeOwnCost *self, double *cpu_percent, guint64 *memory_bytes)
{
  gint64 now = g_get_monotonic_time ();
  struct rusage usage;
  guint64 cpu_usec;

  getrusage (RUSAGE_SELF, &usage);
  cpu_usec = (guint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
             (guint64) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  *cpu_percent = self->asked_usec != 0 && now > self->asked_usec
                     ? (double) (cpu_usec - self->cpu_usec) * 100 / (double) (now - self->asked_usec)
                     : 0;
  self->cpu_usec = cpu_usec;
  self->asked_usec = now;
  if (self->measured_usec == 0 || now - self->measured_usec >= MEMORY_INTERVAL_USEC)
    {
      self->memory_bytes = read_memory ();
      self->measured_usec = now;
    }
  *memory_bytes = self->memory_bytes;
}
