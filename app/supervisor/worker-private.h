/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/backoff.h"
#include "supervisor/run.h"
#include "supervisor/worker.h"

G_BEGIN_DECLS

/* What the files of a worker share.
 *
 *   worker.c           its states, and what a person asks
 *   worker-runs.c      what happens to its runs
 *   worker-reload.c    a new run takes over from an old one
 *   worker-restore.c   after an engine's start
 *   worker-talk.c      signals, input and messages */

/* How far a reload is. */
typedef enum
{
  RELOAD_NONE,
  RELOAD_TAKE_OVER, /* the next run starts beside the current one */
  RELOAD_RETIRE,    /* it has taken over; the old one finishes */
  RELOAD_UP,        /* the old one is gone, or going; the new one has to be up */
} ReloadPhase;

struct _TroupeWorker
{
  GObject parent_instance;

  const TroupeWorkerContext *context;
  guint id, instance;
  char *project, *name, *journals_dir;
  TroupeRunOwner owner;
  TroupeProgramDefinition *definition; /* (owned): of the next run */
  TroupeWorkerGroup *group;            /* (owned) (nullable) */
  TroupeThreadGroup *threads;          /* (owned) (nullable) */

  TroupeState state;
  char *state_reason; /* (nullable) */
  gboolean wanted;
  gboolean stop_asked;  /* by a person: no restart follows, whatever ends how */
  gboolean start_again; /* once what is being stopped has ended */
  guint restarts;
  TroupeBackoff backoff;
  guint backoff_timeout;

  TroupeRun *current;  /* (owned): the current or last one; before the first, one that was never launched */
  TroupeRun *next;     /* (owned) (nullable): is to take over when it is ready */
  GPtrArray *retiring; /* (owned) of (owned) TroupeRun: replaced or given up, and not gone yet */
  char *ready_how;     /* (nullable): why the current run is ready, in words */

  ReloadPhase reload;
  char *reload_problem; /* (nullable): why the last reload failed, until something else happens */
  guint up_timeout;

  guint prune_timeout;
};

/* The only place where the state changes. REASON (nullable): in words. */
void troupe_worker_set_state (TroupeWorker *self, TroupeState to, const char *reason);
void troupe_worker_set_reason (TroupeWorker *self, const char *reason);
/* What the state is worth saying besides: how a reload goes, else why it is ready. */
void troupe_worker_refresh_reason (TroupeWorker *self);
/* Says whom a stop waits for: the current run, or what is left of those before it. */
void troupe_worker_show_stopping (TroupeWorker *self);
void troupe_worker_tell_changed (TroupeWorker *self);
/* The state is as it was, but not what it speaks of. */
void troupe_worker_tell_state (TroupeWorker *self);
void troupe_worker_tell_reloaded (TroupeWorker *self, gboolean success, const char *why);

/* Something of any of its runs lives. */
gboolean troupe_worker_is_alive (TroupeWorker *self);
/* What the current or last run was launched with. */
TroupeProgramDefinition *troupe_worker_get_run_definition (TroupeWorker *self);
TroupeVerdict troupe_worker_get_verdict (TroupeWorker *self);
/* The current run ended by itself and is to be restarted: after DELAY_MSEC (out), or FALSE when it has been too
 * often. */
gboolean troupe_worker_count_end (TroupeWorker *self, guint *delay_msec);
/* It has been too often. */
void troupe_worker_stay_down (TroupeWorker *self);

/* What follows, now that nothing of the current run is left (or it never came to be). */
void troupe_worker_decide (TroupeWorker *self);
/* Starts, or waits for whom it has to wait. */
void troupe_worker_begin (TroupeWorker *self);
void troupe_worker_update_group (TroupeWorker *self);
void troupe_worker_prune_later (TroupeWorker *self, TroupeRun *launched);

TroupeRun *troupe_worker_new_run (TroupeWorker *self, TroupeActivityLog *log);
void troupe_worker_current_ended (TroupeWorker *self);
void troupe_worker_rest_log (TroupeWorker *self);

/* RUN, which a reload waits for, runs. */
void troupe_worker_await_up (TroupeWorker *self, TroupeRun *run);
/* The next run is ready; HOW (nullable): in words. */
void troupe_worker_take_over (TroupeWorker *self, const char *how);
void troupe_worker_reload_succeeded (TroupeWorker *self);
void troupe_worker_reload_failed (TroupeWorker *self, const char *why);

G_END_DECLS
