/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/journal-tree.h"

G_BEGIN_DECLS

/* The journals that NAMES mean; without names, of all workers. Asks the engine where one runs, and
 * the folders where none does, or where it does not know the name: journals outlive both.
 * *ROOT (out) (transfer full): the journals folder.
 * Returns: (transfer full) (nullable) (element-type TroupeJournalPlace) */
GPtrArray *troupe_journal_names_resolve (char **names, char **root, GError **error);

G_END_DECLS
