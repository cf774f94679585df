/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/roster.h"

G_BEGIN_DECLS

/* Launches what `run` was given. A program of the project `default` that has ended and says the
 * same is run again, so that a command run a hundred times is one entry with a hundred runs and
 * not a hundred entries.
 *
 * OPTIONS: a{sv} as of Engine1.Launch, without name, project and env. NAME (nullable): as the
 * person asked. ENV: for the program. The roster follows already; the new workers are in it
 * afterwards. */
typedef struct
{
  GPtrArray *workers;  /* (owned) of TroupeWorkerInfo, borrowed from the roster */
  guint *runs_before;  /* (owned) of each */
  char *program;       /* (owned) argv[0] */
} TroupeLaunched;

gboolean troupe_launch (TroupeEngineClient *client, TroupeRoster *roster, GVariant *options, const char *name,
                        const char *const *env, TroupeLaunched *launched, GError **error);
void troupe_launched_clear (TroupeLaunched *launched);

G_END_DECLS
