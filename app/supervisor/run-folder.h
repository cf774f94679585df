/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The folders of a worker's runs: WORKER_DIR/1, WORKER_DIR/2, … All blocking, all short. */

/* Numbers of the runs whose folder is still there, oldest first.
 * Returns: (transfer full) (element-type guint) */
GArray *troupe_run_folder_list (const char *worker_dir);

/* Returns: (transfer full) */
char *troupe_run_folder_dup_path (const char *worker_dir, guint run);

/* Makes the folder of the run after the last one, and WORKER_DIR where it is missing.
 * AFTER: the last run known to the caller. Returns: (transfer full), NULL with error set. */
char *troupe_run_folder_create (const char *worker_dir, guint after, guint *run, GError **error);

/* Why the run in DIR ended, as somebody else than its keeper said, in one text; a failure to write it is
 * survived. Returns: (transfer full) (nullable) */
void troupe_run_folder_write_reason (const char *dir, const char *reason);
char *troupe_run_folder_dup_reason (const char *dir);

/* Deletes the oldest runs until at most KEEP_RUNS ended ones hold at most LIMIT_BYTES (0: no
 * limit). LIVE_RUN (0: none) and newer ones stay, whatever they hold. */
void troupe_run_folder_prune (const char *worker_dir, guint keep_runs, guint64 limit_bytes, guint live_run);

/* Deletes a folder with everything in it; follows no link. */
void troupe_run_folder_delete_tree (const char *path);

G_END_DECLS
