/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/log-merge.h"

G_BEGIN_DECLS

/* Makes the sources of MERGE, each with one run, start where the last N_LINES lines of all of
 * them together begin. Looks up only those lines. Before anything is read. */
void troupe_log_tail_seek (TroupeLogMerge *merge, unsigned mask, guint64 n_lines);

G_END_DECLS
