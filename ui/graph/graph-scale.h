/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "graph/graph.h"

G_BEGIN_DECLS

/* Round numbers for axes, and how values are written. Pure. */

/* The top of an axis that holds VALUE: the next round number, and into how many steps it is
 * best divided. */
double troupe_graph_scale_top (TroupeGraphUnit unit, double value, guint *n_steps);
/* Returns: (transfer full) */
char *troupe_graph_scale_dup_text (TroupeGraphUnit unit, double value);
/* "now", "30 s", "2 min"; Returns: (transfer full) */
char *troupe_graph_scale_dup_age (guint seconds);

G_END_DECLS
