/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The machine's figures of the last sample, and what Troupe itself costs. */
typedef struct
{
  guint64 time_usec;
  double cpu_percent; /* all cores together; 100 is one core */
  guint cores;
  guint64 memory_used_bytes;
  guint64 memory_total_bytes;
  double engine_cpu_percent;
  guint64 engine_memory_bytes; /* engine and keepers */
} TroupeMachine;

G_END_DECLS
