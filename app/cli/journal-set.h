/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/journal-tree.h"
#include "cli/log-merge.h"

G_BEGIN_DECLS

/* The journals of a set of workers, read as one, in order of time; and followed: runs and workers
 * that come to be later join by themselves. Needs no engine. One thread. */

typedef struct
{
  TroupeLog log;
  unsigned mask;
} TroupeJournalPart;

typedef enum
{
  TROUPE_RUNS_LAST, /* the newest run of each worker */
  TROUPE_RUNS_ALL,
  TROUPE_RUNS_ONE, /* the run of one number, and none that comes later */
} TroupeRunChoice;

typedef struct _TroupeJournalSet TroupeJournalSet;

/* ROOT: the journals folder. PARTS: the logs that are read of each run. */
TroupeJournalSet *troupe_journal_set_new (const char *root, const TroupeJournalPart *parts, guint n_parts,
                                          TroupeRunChoice choice, guint64 run);
void troupe_journal_set_free (TroupeJournalSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeJournalSet, troupe_journal_set_free)

/* Adds a worker with the chosen runs that it has now. */
void troupe_journal_set_add (TroupeJournalSet *self, const TroupeJournalPlace *place);
/* Workers that appear under the root later are added by themselves. */
void troupe_journal_set_add_new_workers (TroupeJournalSet *self);

TroupeLogMerge *troupe_journal_set_get_merge (TroupeJournalSet *self);
guint troupe_journal_set_get_n_workers (TroupeJournalSet *self);

/* Blocks until something may have been added, then looks at all files again. */
void troupe_journal_set_wait (TroupeJournalSet *self);

G_END_DECLS
