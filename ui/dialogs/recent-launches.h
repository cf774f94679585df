/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What was launched lately, in the settings: newest first, each command once in a folder, at
 * most TROUPE_RECENT_MAX. Secrets never get there: only command, kind and folder are kept. */
#define TROUPE_RECENT_MAX 30

typedef struct
{
  char *command;
  char *kind;
  char *cwd;
} TroupeRecentLaunch;

void troupe_recent_launches_add (GSettings *settings, const char *command, const char *kind, const char *cwd);

/* Those whose command holds TEXT, upper and lower case alike; at most MAX.
 * Returns: (transfer full) (element-type TroupeRecentLaunch), frees its elements. */
GPtrArray *troupe_recent_launches_dup_matching (GSettings *settings, const char *text, guint max);

G_END_DECLS
