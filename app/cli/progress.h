/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/roster.h"

G_BEGIN_DECLS

/* One line on a terminal that says whom we wait for; nothing where standard error is none. */

typedef struct _TroupeProgress TroupeProgress;

TroupeProgress *troupe_progress_new (void);
/* Wipes the line. */
void troupe_progress_free (TroupeProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeProgress, troupe_progress_free)

void troupe_progress_show (TroupeProgress *self, const char *text);

/* "web.1: stopping (SIGTERM sent, SIGKILL in 8 s), and 3 more". Returns: (transfer full) */
char *troupe_progress_dup_text (const TroupeWorkerInfo *first, guint n_more);

G_END_DECLS
