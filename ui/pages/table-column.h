/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What a column of a table says about a worker or a process, and how it sorts. Items are
 * TroupeWorkerItem or TroupeProcessItem. */
typedef enum
{
  TROUPE_COLUMN_NAME,
  TROUPE_COLUMN_STATE,
  TROUPE_COLUMN_CPU,
  TROUPE_COLUMN_MEMORY,
  TROUPE_COLUMN_PID, /* of a thread its own number, as ps has it */
  TROUPE_COLUMN_THREADS,
  TROUPE_COLUMN_UP,
  TROUPE_COLUMN_RESTARTS,
  TROUPE_COLUMN_EXIT,
  TROUPE_COLUMN_ADDRESS,     /* where it serves as a member of a cluster */
  TROUPE_COLUMN_CONNECTIONS, /* handed to it by the engine */
  TROUPE_COLUMN_QUEUE,       /* messages that wait for a thread */
  TROUPE_COLUMN_LOOP,        /* share of the time its event loop works */
  TROUPE_COLUMN_HEAP,        /* of JavaScript */
  TROUPE_COLUMN_PROGRESS,    /* as a native thread tells it */
} TroupeColumn;

#define TROUPE_N_COLUMNS (TROUPE_COLUMN_PROGRESS + 1)

/* Translated. Static. */
const char *troupe_column_get_title (TroupeColumn column);
/* Pixels; every row has the same height and each column its own width. */
int troupe_column_get_width (TroupeColumn column);
gboolean troupe_column_is_figure (TroupeColumn column);
/* TRUE when its text follows the figures, so it has to be read again with each sample. */
gboolean troupe_column_is_sampled (TroupeColumn column);
/* Returns: (transfer full) */
char *troupe_column_dup_text (TroupeColumn column, GObject *item, double cpu_divisor);
int troupe_column_compare (TroupeColumn column, GObject *a, GObject *b);

G_END_DECLS
