/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What this process itself takes. Main thread. */

typedef struct
{
  guint64 cpu_usec;     /* when it was last asked */
  gint64 asked_usec;    /* monotonic; 0: never */
  gint64 measured_usec; /* of the memory */
  guint64 memory_bytes;
} TroupeOwnCost;

/* CPU since the last call, 100 is one core, 0 the first time; memory as PSS, measured every few seconds only: the
 * kernel walks over all of it for that. */
void troupe_own_cost_ask (TroupeOwnCost *self, double *cpu_percent, guint64 *memory_bytes);

/* Pure. The figure of the line "Pss:   123 kB" in a smaps_rollup text, in bytes; 0 when there is none. */
guint64 troupe_own_cost_parse_pss (const char *text);

G_END_DECLS
