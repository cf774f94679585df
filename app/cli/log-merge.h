/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

#include "cli/log-source.h"

G_BEGIN_DECLS

/* Several sources read as one, in order of time. One thread. */

typedef struct _TroupeLogMerge TroupeLogMerge;

TroupeLogMerge *troupe_log_merge_new (void);
void troupe_log_merge_free (TroupeLogMerge *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogMerge, troupe_log_merge_free)

/* Takes SOURCE. */
void troupe_log_merge_add (TroupeLogMerge *self, TroupeLogSource *source);
guint troupe_log_merge_get_n_sources (TroupeLogMerge *self);
TroupeLogSource *troupe_log_merge_get_source (TroupeLogMerge *self, guint n);

/* The next line and its source; both stay valid until the next call. NULL when there is none now. */
const TroupeLogLine *troupe_log_merge_next (TroupeLogMerge *self, TroupeLogSource **source);

/* As of troupe_log_source_*, for all. */
void troupe_log_merge_set_final (TroupeLogMerge *self, gboolean final);
int troupe_log_merge_refresh (TroupeLogMerge *self);

G_END_DECLS
