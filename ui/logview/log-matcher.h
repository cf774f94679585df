/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/log-view.h"

G_BEGIN_DECLS

/* A compiled search text, for bytes that need not be UTF-8.
 *
 * Immutable and counted, so threads share it; each thread matches through a scratch of its
 * own. One match costs a bounded number of steps: an expression that explodes on a line
 * counts as no match there. */

typedef struct _TroupeLogMatcher TroupeLogMatcher;
typedef struct _TroupeLogScratch TroupeLogScratch;

#define TROUPE_LOG_MATCHER_MAX_PATTERN 4096
/* Steps of backtracking per line, and bytes of heap. */
#define TROUPE_LOG_MATCHER_MAX_STEPS 100000
#define TROUPE_LOG_MATCHER_MAX_HEAP_KB 4096

TroupeLogMatcher *troupe_log_matcher_new (const char *text, TroupeLogMatchFlags flags, GError **error);
TroupeLogMatcher *troupe_log_matcher_ref (TroupeLogMatcher *self);
void troupe_log_matcher_unref (TroupeLogMatcher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogMatcher, troupe_log_matcher_unref)

TroupeLogScratch *troupe_log_scratch_new (void);
void troupe_log_scratch_free (TroupeLogScratch *scratch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogScratch, troupe_log_scratch_free)

/* Finds the first match in BYTES at START or later. Sets [*begin, *end) if not NULL. */
gboolean troupe_log_matcher_find (const TroupeLogMatcher *self, TroupeLogScratch *scratch, const guint8 *bytes,
                                  gsize length, gsize start, gsize *begin, gsize *end);

/* The same over a line as it is shown: without escape sequences. */
gboolean troupe_log_matcher_matches_line (const TroupeLogMatcher *self, TroupeLogScratch *scratch,
                                          const guint8 *bytes, gsize length);

G_END_DECLS
