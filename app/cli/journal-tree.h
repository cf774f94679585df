/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The journals on disk, journals/PROJECT/WORKER/RUN below the state folder, so that output can
 * be read without an engine. */

/* $XDG_STATE_HOME/troupe/journals. Returns: (transfer full), NULL with error */
char *troupe_journal_tree_dup_root (GError **error);

typedef struct
{
  char *project;
  char *worker;
  char *dir;
} TroupeJournalPlace;

TroupeJournalPlace *troupe_journal_place_new (const char *root, const char *project, const char *worker);
void troupe_journal_place_free (TroupeJournalPlace *place);

/* Every worker with a folder, sorted. Returns: (transfer full) (element-type TroupeJournalPlace) */
GPtrArray *troupe_journal_tree_list_workers (const char *root);

/* The workers that NAME means. Fails with TROUPE_ERROR_NO_SUCH_WORKER, or TROUPE_ERROR_AMBIGUOUS_NAME when
 * several projects have one. Returns: (transfer full) (nullable) (element-type TroupeJournalPlace) */
GPtrArray *troupe_journal_tree_find (const char *root, const char *name, GError **error);

/* The numbers of a worker's runs, ascending. Returns: (transfer full) (element-type guint64) */
GArray *troupe_journal_tree_list_runs (const char *worker_dir);

/* Returns: (transfer full) */
char *troupe_journal_tree_dup_run_dir (const char *worker_dir, guint64 run);

G_END_DECLS
