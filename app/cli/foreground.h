/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/roster.h"

G_BEGIN_DECLS

/* Workers in the foreground of a terminal: their output is ours, our input is theirs, Ctrl+C
 * stops them, and their end is ours. What `run` and `up` have in common. Main thread. */

typedef struct _TroupeForeground TroupeForeground;

typedef enum
{
  TROUPE_FOREGROUND_EXACT = 1 << 0,     /* one worker: bytes as they are, without its name */
  TROUPE_FOREGROUND_INPUT = 1 << 1,     /* forward standard input */
  TROUPE_FOREGROUND_ONE_RUN = 1 << 2,   /* never restarted by itself: the end of a run is the end */
  TROUPE_FOREGROUND_SUMMARIES = 1 << 3, /* say of each run how it ended */
  TROUPE_FOREGROUND_FORWARD_SIGINT = 1 << 4, /* Ctrl+C is for the workers first, then a stop */
} TroupeForegroundFlags;

TroupeForeground *troupe_foreground_new (TroupeEngineClient *client, TroupeRoster *roster,
                                         TroupeForegroundFlags flags, guint name_width);
void troupe_foreground_free (TroupeForeground *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeForeground, troupe_foreground_free)

/* Hears signals and follows the roster from here on; call it before anything is started. */
void troupe_foreground_begin (TroupeForeground *self);

/* WORKER is in the roster. Shows the output of runs after RUN_BEFORE. PROGRAM: argv[0], for
 * messages. */
void troupe_foreground_add (TroupeForeground *self, TroupeWorkerInfo *worker, guint run_before, const char *program);

/* As above, for a worker that runs already: shows what comes from now on. */
void troupe_foreground_join (TroupeForeground *self, TroupeWorkerInfo *worker, const char *program);

/* Returns once all workers have ended and everything they wrote has gone out: the exit code of
 * the first that did not end with 0. */
int troupe_foreground_run (TroupeForeground *self);

G_END_DECLS
