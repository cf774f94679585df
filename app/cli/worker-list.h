/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/roster.h"
#include "cli/stats.h"
#include "cli/table-text.h"

G_BEGIN_DECLS

/* Workers as text. Pure: reads only what it is given. */

/* One array, one object a line. Returns: (transfer full) */
char *troupe_worker_list_to_json (TroupeRoster *roster, GPtrArray *workers, TroupeStats *stats, gint64 now_usec);

/* WIDTH: columns of the terminal, 0: no limit. Returns: (transfer full) */
char *troupe_worker_list_to_table (TroupeRoster *roster, GPtrArray *workers, TroupeStats *stats, gint64 now_usec,
                                   gboolean colored, guint width);

/* One worker's object. PROGRAM gives its name and kind; STATS and THREAD_STATS (nullable). */
void troupe_worker_append_json (GString *out, const TroupeWorkerInfo *worker, const TroupeProgramInfo *program,
                                const TroupeWorkerStats *stats, const TroupeThreadStats *thread_stats,
                                gint64 now_usec);
void troupe_worker_add_row (TroupeTable *table, const TroupeWorkerInfo *worker, const TroupeWorkerStats *stats,
                            gint64 now_usec);

G_END_DECLS
