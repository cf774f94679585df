/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What led to a run, kept in its folder, so that the next engine counts on from there: a worker that keeps
 * failing is given up after as many quick ends however often the engine dies meanwhile. A run that no restart led to
 * has no such file. All blocking, all short. */

typedef struct
{
  guint restarts;   /* automatic ones since a person started it */
  guint quick_ends; /* in a row, before this run; see backoff.h */
} TroupeRestartCount;

/* Writes no file when there is nothing to count; a failure is survived. */
void troupe_restart_count_write (const TroupeRestartCount *self, const char *run_dir);

/* What is not there, or makes no sense, is 0. */
void troupe_restart_count_read (TroupeRestartCount *self, const char *run_dir);

/* A person began anew. */
void troupe_restart_count_forget (const char *run_dir);

G_END_DECLS
