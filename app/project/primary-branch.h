/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Node scripts for a cluster are often two programs in one: `if (cluster.isPrimary) { … } else { … }`. With Troupe
 * as the primary the first half never runs. This finds it in the text of a script, and what in it
 * is more than Troupe does by itself. Pure. It reads tokens, not the language: a branch that is taken in an unusual
 * way is not found, and what is found is really there. */

/* Texts longer than this are not looked at. */
#define TROUPE_PRIMARY_BRANCH_TEXT_MAX (1024 * 1024)

typedef struct
{
  guint first_line, last_line; /* from 1; 0: it has none */
  /* (nullable): what it does besides starting workers, again when they die, and talking about it:
   * "setInterval", "worker.send", "cluster.on ('message')"; the first such thing, and its line. */
  char *extra;
  guint extra_line;
  guint policy_line; /* where it sets cluster.schedulingPolicy; 0: it does not */
} TroupePrimaryBranch;

/* FALSE when TEXT has nothing of the kind; then there is nothing to clear. TEXT: any bytes. */
gboolean troupe_primary_branch_find (const char *text, gsize length, TroupePrimaryBranch *branch);
void troupe_primary_branch_clear (TroupePrimaryBranch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TroupePrimaryBranch, troupe_primary_branch_clear)

G_END_DECLS
