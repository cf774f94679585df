/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/log-index.h"
#include "logview/log-matcher.h"
#include "logview/log-rows.h"

G_BEGIN_DECLS

/* Finds the rows that match, in a thread of its own, and goes on as the journals grow.
 *
 * Main thread only (the thread behind it shares nothing but the index and a lock). It works in
 * steps of bounded size and ends within one after it was freed. */

typedef struct _TroupeLogSearch TroupeLogSearch;

/* Called in the main context, at most twenty times a second, when there is more. */
typedef void (*TroupeLogSearchFunc) (gpointer user_data);

/* Looks for MATCHER in the rows that ROWS shows apart from its filter; with FILTER (nullable) only
 * in those that match it too, and the index then counts only these. */
TroupeLogSearch *troupe_log_search_new (TroupeLogRows *rows, TroupeLogMatcher *matcher,
                                        TroupeLogMatcher *filter, TroupeLogSearchFunc func,
                                        gpointer user_data);
void troupe_log_search_free (TroupeLogSearch *self);

/* There may be more to search. */
void troupe_log_search_poke (TroupeLogSearch *self);
/* TRUE until all that was there when it began has been searched. */
gboolean troupe_log_search_is_busy (TroupeLogSearch *self);
TroupeLogIndex *troupe_log_search_get_index (TroupeLogSearch *self);
TroupeLogMatcher *troupe_log_search_get_matcher (TroupeLogSearch *self);

G_END_DECLS
