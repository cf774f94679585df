/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A worker's life. Its states and the edges between them are in worker-state.c; the one
 * function that walks an edge is troupe_worker_set_state (). What happens to its runs arrives in the
 * run_…_cb functions, what a person asks in the public ones, and every end of the current run
 * goes through troupe_worker_decide (). */

#include "config.h"

#include "supervisor/worker.h"

#include "base/error.h"
#include "supervisor/backoff.h"
#include "supervisor/exit-words.h"
#include "supervisor/restart-verdict.h"
#include "supervisor/run-folder.h"
#include "supervisor/run.h"
#include "supervisor/worker-launch.h"
#include "supervisor/worker-state.h"

#include <string.h>

/* Old runs are looked through this long after a start: it costs more than a launch may, and one
 * that restarts often is looked through once for many. */
#define PRUNE_PAUSE_MSEC 1000

/* A new run without a readiness of its own counts as good when it has been up this long. */
#define UP_MSEC 1000

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

enum
{
  CHANGED,
  STATE_CHANGED,
  RELOADED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (TroupeWorker, troupe_worker, G_TYPE_OBJECT)

static void troupe_worker_begin (TroupeWorker *self);
static void troupe_worker_reload_succeeded (TroupeWorker *self);
static void troupe_worker_reload_failed (TroupeWorker *self, const char *why);

/* What the current or last run was launched with. */
static TroupeProgramDefinition *
troupe_worker_get_run_definition (TroupeWorker *self)
{
  return troupe_run_get_number (self->current) != 0 ? troupe_run_get_definition (self->current) : self->definition;
}

/* Something of any of its runs lives. */
static gboolean
troupe_worker_is_alive (TroupeWorker *self)
{
  return troupe_run_is_alive (self->current) || self->next != NULL || self->retiring->len > 0;
}

static void
troupe_worker_tell_changed (TroupeWorker *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
troupe_worker_set_reason (TroupeWorker *self, const char *reason)
{
  if (g_strcmp0 (self->state_reason, reason) == 0)
    return;
  g_free (self->state_reason);
  self->state_reason = g_strdup (reason);
  troupe_worker_tell_changed (self);
}

static void
troupe_worker_update_group (TroupeWorker *self)
{
  if (self->group != NULL)
    troupe_worker_group_set_busy (self->group, self, troupe_worker_is_busy (self));
}

/* The only place where the state changes. REASON (nullable): in words. */
static void
troupe_worker_set_state (TroupeWorker *self, TroupeState to, const char *reason)
{
  TroupeState from = self->state;

  if (from == to)
    {
      troupe_worker_set_reason (self, reason);
      return;
    }
  if (!troupe_worker_state_may_change (from, to))
    g_error ("%s/%s: no way from %s to %s", self->project, self->name, troupe_state_to_string (from),
             troupe_state_to_string (to));
  g_debug ("%s/%s: %s -> %s%s%s", self->project, self->name, troupe_state_to_string (from),
           troupe_state_to_string (to), reason != NULL ? ": " : "", reason != NULL ? reason : "");

  self->state = to;
  g_free (self->state_reason);
  self->state_reason = g_strdup (reason);
  g_clear_pointer (&self->reload_problem, g_free);
  troupe_activity_log_write (troupe_run_get_log (self->current), troupe_clock_get_real_usec (self->context->clock),
                             "state", "from", troupe_state_to_string (from), "to", troupe_state_to_string (to),
                             "reason", reason, NULL);
  troupe_worker_update_group (self);
  g_signal_emit (self, signals[STATE_CHANGED], 0, (guint) from, (guint) to);
  troupe_worker_tell_changed (self);
}

/* What the state is worth saying besides: how a reload goes, else why it is ready. */
static void
troupe_worker_refresh_reason (TroupeWorker *self)
{
  g_autofree char *words = NULL, *reason = NULL;

  if (self->state != TROUPE_STATE_RUNNING && self->state != TROUPE_STATE_READY)
    return;
  if (self->reload_problem != NULL)
    reason = g_strdup_printf ("reload failed: %s", self->reload_problem);
  else if (self->next != NULL)
    reason = g_strdup_printf ("reload: run %u is to take over, %s", troupe_run_get_number (self->next),
                              troupe_run_is_started (self->next) ? "not ready yet" : "starting");
  else if (self->retiring->len > 0)
    {
      TroupeRun *old = g_ptr_array_index (self->retiring, 0);

      words = troupe_run_dup_stop_words (old);
      reason = g_strdup_printf ("run %u retires: %s", troupe_run_get_number (old), words);
    }
  else if (self->state == TROUPE_STATE_READY)
    reason = g_strdup (self->ready_how);
  troupe_worker_set_reason (self, reason);
}

static gboolean
backoff_over_cb (gpointer user_data)
{
  TroupeWorker *self = user_data;

  self->backoff_timeout = 0;
  self->restarts++;
  troupe_worker_begin (self);
  return G_SOURCE_REMOVE;
}

static void
troupe_worker_enter_backoff (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = self->definition;
  TroupeBackoffRules rules = {
    .first_msec = definition->restart_delay_msec,
    .ceiling_msec = definition->restart_delay_max_msec,
    .stable_msec = definition->stable_msec,
    .limit = definition->restart_limit,
  };
  const TroupeRunEnd *end = troupe_run_get_end (self->current);
  gint64 up_usec = end->lost ? 0 : (gint64) end->status.duration_usec;
  g_autofree char *reason = NULL;
  guint delay_msec;

  if (!troupe_backoff_next (&self->backoff, &rules, up_usec, troupe_clock_get_random (self->context->clock),
                            &delay_msec))
    {
      reason = g_strdup_printf ("gave up: %u quick ends in a row", self->backoff.quick_ends);
      self->wanted = FALSE;
      troupe_worker_set_state (self, TROUPE_STATE_FAILED, reason);
      return;
    }
  if (delay_msec > 0)
    {
      g_autofree char *pause = troupe_exit_words_dup_duration ((guint64) delay_msec * 1000);

      reason = self->backoff.quick_ends > 1
                   ? g_strdup_printf ("starts again in %s (%u quick ends in a row)", pause,
                                      self->backoff.quick_ends)
                   : g_strdup_printf ("starts again in %s", pause);
    }
  self->backoff_timeout
      = troupe_clock_add_timeout (self->context->clock, delay_msec, backoff_over_cb, self);
  troupe_worker_set_state (self, TROUPE_STATE_BACKOFF, reason);
}

static TroupeVerdict
troupe_worker_get_verdict (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);

  if (self->stop_asked)
    return TROUPE_VERDICT_STOPPED;
  return troupe_restart_verdict (definition->restart, troupe_run_get_end (self->current),
                                 (const char *const *) definition->success);
}

/* What follows, now that nothing of the current run is left (or it never came to be). */
static void
troupe_worker_decide (TroupeWorker *self)
{
  if (self->start_again)
    {
      self->start_again = FALSE;
      troupe_worker_begin (self);
      return;
    }
  switch (troupe_worker_get_verdict (self))
    {
    case TROUPE_VERDICT_STOPPED:
      self->wanted = FALSE;
      troupe_worker_set_state (self, TROUPE_STATE_STOPPED, NULL);
      return;
    case TROUPE_VERDICT_EXITED:
      self->wanted = FALSE;
      troupe_worker_set_state (self, TROUPE_STATE_EXITED, NULL);
      return;
    case TROUPE_VERDICT_FAILED:
      self->wanted = FALSE;
      troupe_worker_set_state (self, TROUPE_STATE_FAILED, NULL);
      return;
    case TROUPE_VERDICT_RESTART:
      troupe_worker_enter_backoff (self);
      return;
    }
}

/* ---- A new run has to be up: what a reload waits for ---- */

static void
troupe_worker_take_over (TroupeWorker *self, const char *how)
{
  TroupeRun *old = self->current;
  g_autofree char *number = g_strdup_printf ("%u", troupe_run_get_number (old));

  troupe_clock_clear_timeout (self->context->clock, &self->up_timeout);
  self->current = g_steal_pointer (&self->next);
  g_ptr_array_add (self->retiring, old);
  self->backoff = (TroupeBackoff){ 0 };
  self->reload = RELOAD_RETIRE;
  g_free (self->ready_how);
  self->ready_how = g_strdup (how);
  troupe_run_note (self->current, "took-over", "from", number);
  if (self->state == TROUPE_STATE_STARTING)
    troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
  if (how == NULL)
    troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
  else
    troupe_worker_set_state (self, TROUPE_STATE_READY, how);
  /* The state may be the same, but it is that of another process. */
  g_signal_emit (self, signals[STATE_CHANGED], 0, (guint) self->state, (guint) self->state);
  troupe_worker_tell_changed (self);
  troupe_run_stop (old, TROUPE_ASKED_STOP);
}

static gboolean
up_cb (gpointer user_data)
{
  TroupeWorker *self = user_data;

  self->up_timeout = 0;
  if (self->reload == RELOAD_TAKE_OVER)
    troupe_worker_take_over (self, NULL);
  else
    troupe_worker_reload_succeeded (self);
  return G_SOURCE_REMOVE;
}

/* RUN, which a reload waits for, runs. */
static void
troupe_worker_await_up (TroupeWorker *self, TroupeRun *run)
{
  troupe_clock_clear_timeout (self->context->clock, &self->up_timeout);
  if (troupe_run_get_definition (run)->ready == TROUPE_READY_NONE)
    self->up_timeout = troupe_clock_add_timeout (self->context->clock, UP_MSEC, up_cb, self);
}

static void
troupe_worker_end_reload (TroupeWorker *self)
{
  self->reload = RELOAD_NONE;
  troupe_clock_clear_timeout (self->context->clock, &self->up_timeout);
}

static void
troupe_worker_reload_succeeded (TroupeWorker *self)
{
  troupe_worker_end_reload (self);
  troupe_worker_refresh_reason (self);
  g_signal_emit (self, signals[RELOADED], 0, TRUE, "");
}

/* The next run, if there is one, goes. */
static void
troupe_worker_give_up_next (TroupeWorker *self)
{
  TroupeRun *next = g_steal_pointer (&self->next);

  if (next == NULL)
    return;
  if (!troupe_run_is_alive (next))
    {
      troupe_run_free (next);
      return;
    }
  g_ptr_array_add (self->retiring, next);
  troupe_run_stop (next, TROUPE_ASKED_STOP);
}

static void
troupe_worker_reload_failed (TroupeWorker *self, const char *why)
{
  g_autofree char *problem = g_strdup (why);

  troupe_worker_end_reload (self);
  if (self->next != NULL)
    troupe_run_note (self->next, "reload-failed", "problem", problem);
  troupe_run_note (self->current, "reload-failed", "problem", problem);
  g_free (self->reload_problem);
  self->reload_problem = g_strdup (problem);
  troupe_worker_give_up_next (self);
  troupe_worker_refresh_reason (self);
  g_signal_emit (self, signals[RELOADED], 0, FALSE, problem);
}

/* ---- What happens to runs ---- */

static void
run_started_cb (TroupeRun *run, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (run == self->current && self->state == TROUPE_STATE_STARTING)
    troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
  else
    troupe_worker_tell_changed (self);
  if (run == self->next || (run == self->current && self->reload == RELOAD_UP))
    troupe_worker_await_up (self, run);
  troupe_worker_refresh_reason (self);
}

static void
run_ready_cb (TroupeRun *run, const char *how, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (run == self->next)
    {
      troupe_worker_take_over (self, how);
      return;
    }
  if (run != self->current || self->state != TROUPE_STATE_RUNNING)
    return;
  g_free (self->ready_how);
  self->ready_how = g_strdup (how);
  troupe_worker_set_state (self, TROUPE_STATE_READY, how);
  troupe_worker_refresh_reason (self);
  if (self->reload == RELOAD_UP)
    troupe_worker_reload_succeeded (self);
}

static void
run_unready_cb (TroupeRun *run, const char *why, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (run == self->current && self->state == TROUPE_STATE_READY)
    troupe_worker_set_state (self, TROUPE_STATE_RUNNING, why);
}

static void
run_late_cb (TroupeRun *run, const char *what, gpointer user_data)
{
  TroupeWorker *self = user_data;
  g_autofree char *reason = g_strdup_printf ("not ready yet: %s", what);

  if (run == self->next || (run == self->current && self->reload == RELOAD_UP))
    {
      g_autofree char *why = g_strdup_printf ("run %u is not ready: %s", troupe_run_get_number (run), what);

      troupe_worker_reload_failed (self, why);
    }
  if (run == self->current && self->state == TROUPE_STATE_RUNNING)
    troupe_worker_set_reason (self, reason);
}

static void
run_exited_cb (TroupeRun *run, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (run == self->next)
    {
      g_autofree char *why = g_strdup_printf ("run %u ended: %s", troupe_run_get_number (run),
                                              troupe_run_get_exit_summary (run));

      troupe_worker_reload_failed (self, why);
    }
  /* What the main process left behind is stopped first when it is to start again. */
  else if (run == self->current && troupe_run_get_end (run)->status.phase != TROUPE_RUN_FAILED
           && !troupe_run_is_stopping (run) && troupe_worker_get_verdict (self) == TROUPE_VERDICT_RESTART)
    troupe_run_clear_up (run);
  troupe_worker_tell_changed (self);
}

/* The main process is gone and no restart is due, but something of it lives on. */
static void
run_lingers_cb (TroupeRun *run, gpointer user_data)
{
  TroupeWorker *self = user_data;
  const TroupeRunStatus *status = &troupe_run_get_end (run)->status;
  g_autofree char *signal_name = troupe_signal_dup_name (status->exit_signal);
  g_autofree char *others = NULL, *reason = NULL;
  guint n = self->context->count_processes != NULL
                ? self->context->count_processes (self, self->context->user_data)
                : 0;

  if (run != self->current || self->state == TROUPE_STATE_STOPPING)
    return;
  others = n == 1  ? g_strdup ("1 process lives on")
           : n > 1 ? g_strdup_printf ("%u processes live on", n)
                   : g_strdup ("others it started live on");
  reason = signal_name != NULL
               ? g_strdup_printf ("main process was ended by %s; %s", signal_name, others)
               : g_strdup_printf ("main process ended with code %d; %s", status->exit_code, others);
  troupe_worker_set_state (self, TROUPE_STATE_RUNNING, reason);
}

/* Says whom a stop waits for: the current run, or what is left of those before it. */
static void
troupe_worker_show_stopping (TroupeWorker *self)
{
  TroupeRun *run = troupe_run_is_alive (self->current) || self->retiring->len == 0
                       ? self->current
                       : g_ptr_array_index (self->retiring, 0);
  g_autofree char *words = troupe_run_dup_stop_words (run);

  troupe_worker_set_state (self, TROUPE_STATE_STOPPING, words);
}

static void
run_stopping_cb (TroupeRun *run, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (run == self->current || self->state == TROUPE_STATE_STOPPING)
    troupe_worker_show_stopping (self);
  else
    troupe_worker_refresh_reason (self);
}

static void
troupe_worker_rest_log (TroupeWorker *self)
{
  if (!troupe_run_is_alive (self->current))
    troupe_activity_log_rest_later (troupe_run_get_log (self->current));
}

/* The next run takes the place of one that ended before it was ready. */
static void
troupe_worker_replace_ended (TroupeWorker *self)
{
  troupe_run_free (self->current);
  self->current = g_steal_pointer (&self->next);
  self->reload = RELOAD_UP;
  troupe_worker_set_state (self, TROUPE_STATE_STARTING, "the run before it ended");
  if (troupe_run_is_started (self->current))
    troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
}

static void
troupe_worker_current_ended (TroupeWorker *self)
{
  /* All go when one was asked to. */
  if (self->stop_asked && troupe_worker_is_alive (self))
    troupe_worker_show_stopping (self);
  else if (!self->stop_asked && self->next != NULL)
    troupe_worker_replace_ended (self);
  else
    {
      troupe_worker_decide (self);
      if (self->reload == RELOAD_UP && !troupe_run_is_alive (self->current) && self->state != TROUPE_STATE_WAITING)
        {
          if (self->state == TROUPE_STATE_EXITED)
            troupe_worker_reload_succeeded (self);
          else
            troupe_worker_reload_failed (self, troupe_worker_get_exit_summary (self));
        }
    }
  troupe_worker_rest_log (self);
}

static void
troupe_worker_retired (TroupeWorker *self, TroupeRun *run)
{
  g_ptr_array_remove (self->retiring, run);
  troupe_run_free (run);
  if (self->retiring->len > 0)
    return;
  troupe_worker_update_group (self);
  if (self->stop_asked && !troupe_worker_is_alive (self) && self->state == TROUPE_STATE_STOPPING)
    {
      troupe_worker_decide (self);
      troupe_worker_rest_log (self);
      return;
    }
  troupe_worker_refresh_reason (self);
  g_signal_emit (self, signals[STATE_CHANGED], 0, (guint) self->state, (guint) self->state);
  if (self->reload == RELOAD_RETIRE)
    troupe_worker_reload_succeeded (self);
}

static void
run_ended_cb (TroupeRun *run, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (run == self->current)
    troupe_worker_current_ended (self);
  else if (run == self->next)
    {
      /* Lost with its keeper: its exit was not seen. */
      g_autofree char *why = g_strdup_printf ("run %u ended: %s", troupe_run_get_number (run),
                                              troupe_run_get_exit_summary (run));

      troupe_worker_reload_failed (self, why);
    }
  else
    troupe_worker_retired (self, run);
}

static void
run_received_cb (TroupeRun *run, const char *text, gsize length, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (self->context->received != NULL)
    self->context->received (self, text, length, self->context->user_data);
}

static void
run_drained_cb (TroupeRun *run, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (self->context->drained != NULL)
    self->context->drained (self, self->context->user_data);
}

static void
run_changed_cb (TroupeRun *run, gpointer user_data)
{
  troupe_worker_tell_changed (user_data);
}

static const TroupeRunHandler run_handler = {
  .started = run_started_cb,
  .ready = run_ready_cb,
  .unready = run_unready_cb,
  .late = run_late_cb,
  .exited = run_exited_cb,
  .lingers = run_lingers_cb,
  .ended = run_ended_cb,
  .stopping = run_stopping_cb,
  .received = run_received_cb,
  .drained = run_drained_cb,
  .changed = run_changed_cb,
};

static TroupeRun *
troupe_worker_new_run (TroupeWorker *self, TroupeActivityLog *log)
{
  return troupe_run_new (self->context, &self->owner, self->definition, log, &run_handler, self);
}

/* ---- Starting ---- */

/* The group of a run that is launched now. */
static TroupeWorkerGroup *
troupe_worker_get_group (TroupeWorker *self)
{
  return self->definition->kind == TROUPE_KIND_CLUSTER ? self->group : NULL;
}

/* Deletes old runs; none that lives. */
static gboolean
prune_cb (gpointer user_data)
{
  TroupeWorker *self = user_data;
  guint oldest_live = troupe_run_get_number (self->current);

  self->prune_timeout = 0;
  for (guint i = 0; i < self->retiring->len; i++)
    oldest_live = MIN (oldest_live, troupe_run_get_number (g_ptr_array_index (self->retiring, i)));
  troupe_run_folder_prune (self->journals_dir, self->definition->journal_runs,
                           self->definition->journal_limit_bytes, oldest_live);
  return G_SOURCE_REMOVE;
}

static void
troupe_worker_prune_later (TroupeWorker *self, TroupeRun *launched)
{
  if (troupe_run_get_number (launched) > 1 && self->prune_timeout == 0)
    self->prune_timeout = troupe_clock_add_timeout (self->context->clock, PRUNE_PAUSE_MSEC, prune_cb, self);
}

/* Launches the next run. */
static void
troupe_worker_enter_starting (TroupeWorker *self)
{
  TroupeRun *old = self->current;
  gboolean has_journal = troupe_run_get_journal (old)[0] != '\0';

  self->stop_asked = FALSE;
  self->current = troupe_worker_new_run (self, has_journal ? NULL : troupe_run_steal_log (old));
  if (self->group != NULL)
    troupe_worker_group_set_busy (self->group, self, TRUE);
  if (troupe_run_launch (self->current, troupe_run_get_number (old), troupe_worker_get_group (self)))
    {
      troupe_worker_set_state (self, TROUPE_STATE_STARTING, NULL);
      troupe_worker_prune_later (self, self->current);
    }
  else
    {
      self->wanted = FALSE;
      troupe_worker_set_state (self, TROUPE_STATE_FAILED, NULL);
      troupe_worker_tell_changed (self);
      troupe_worker_rest_log (self);
    }
  troupe_run_free (old);
}

/* Starts, or waits for whom it has to wait. */
static void
troupe_worker_begin (TroupeWorker *self)
{
  g_autofree char *reason = NULL;

  troupe_clock_clear_timeout (self->context->clock, &self->backoff_timeout);
  if (self->context->may_start != NULL
      && !self->context->may_start (self, &reason, self->context->user_data))
    troupe_worker_set_state (self, TROUPE_STATE_WAITING, reason);
  else
    troupe_worker_enter_starting (self);
}

/* ---- Restoring ---- */

/* No keeper has anything: its journal says how its last run ended, or that nobody saw the end. */
static void
troupe_worker_restore_end (TroupeWorker *self, guint number, gboolean wanted)
{
  gboolean is_news = troupe_run_restore_end (self->current, number);
  const TroupeRunEnd *end = troupe_run_get_end (self->current);
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);

  /* The log is opened only when there is something new to say. */
  if (wanted || is_news)
    troupe_activity_log_set_dir (troupe_run_get_log (self->current), troupe_run_get_journal (self->current));
  self->wanted = wanted;
  /* Stopped, and yet wanted: the last engine died in the middle of a restart. */
  self->start_again = wanted && end->stop_asked;
  if (wanted)
    {
      troupe_run_note (self->current, "ended", "summary", troupe_run_get_exit_summary (self->current));
      troupe_worker_current_ended (self);
    }
  else if (end->stop_asked)
    troupe_worker_tell_changed (self);
  else
    troupe_worker_set_state (self,
                             troupe_run_end_is_success (end, (const char *const *) definition->success)
                                 ? TROUPE_STATE_EXITED
                                 : TROUPE_STATE_FAILED,
                             NULL);
}

static guint
get_run_number (TroupeKeeper *keeper)
{
  g_autofree char *project = NULL, *worker = NULL;
  guint number;

  return troupe_worker_launch_parse_identity (troupe_keeper_get_identity (keeper), &project, &worker, &number)
             ? number
             : 1;
}

static int
compare_keepers (gconstpointer a, gconstpointer b)
{
  guint number_a = get_run_number (*(TroupeKeeper *const *) a), number_b = get_run_number (*(TroupeKeeper *const *) b);

  return (number_a > number_b) - (number_a < number_b);
}

static TroupeRun *
troupe_worker_adopt_run (TroupeWorker *self, TroupeKeeper *keeper)
{
  TroupeRun *run = troupe_worker_new_run (self, NULL);

  troupe_run_adopt (run, get_run_number (keeper), keeper, troupe_worker_get_group (self));
  return run;
}

/* One of two was to take over from the other when the last engine ended; of more, the oldest were
 * on their way out. */
static void
troupe_worker_adopt_runs (TroupeWorker *self, GPtrArray *keepers)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();

  g_ptr_array_extend (sorted, keepers, NULL, NULL);
  g_ptr_array_sort (sorted, compare_keepers);
  g_clear_pointer (&self->current, troupe_run_free);
  for (guint i = 0; i < sorted->len; i++)
    {
      TroupeRun *run = troupe_worker_adopt_run (self, g_ptr_array_index (sorted, i));

      if (self->current == NULL)
        self->current = run;
      else
        {
          if (self->next != NULL)
            {
              g_ptr_array_add (self->retiring, self->current);
              self->current = g_steal_pointer (&self->next);
            }
          self->next = run;
        }
    }
  if (self->next != NULL && troupe_run_get_asked (self->current) != TROUPE_ASKED_NOTHING)
    {
      g_ptr_array_add (self->retiring, self->current);
      self->current = g_steal_pointer (&self->next);
    }
}

/* Where the current run is, before it goes on. */
static void
troupe_worker_restore_state (TroupeWorker *self)
{
  const TroupeRunEnd *end = troupe_run_get_end (self->current);

  switch (end->status.phase)
    {
    case TROUPE_RUN_STARTING:
      troupe_worker_set_state (self, TROUPE_STATE_STARTING, NULL);
      break;
    case TROUPE_RUN_RUNNING:
      if (!end->stop_asked)
        troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
      break;
    case TROUPE_RUN_EXITED:
      troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
      break;
    case TROUPE_RUN_ENDED:
    case TROUPE_RUN_FAILED:
      break;
    }
}

void
troupe_worker_restore (TroupeWorker *self, GPtrArray *keepers, gboolean wanted)
{
  g_autoptr (GArray) runs = troupe_run_folder_list (self->journals_dir);
  g_autoptr (GPtrArray) old = NULL;

  g_return_if_fail (self->state == TROUPE_STATE_STOPPED && !troupe_worker_is_alive (self));
  if (keepers == NULL || keepers->len == 0)
    {
      if (runs->len > 0)
        troupe_worker_restore_end (self, g_array_index (runs, guint, runs->len - 1), wanted);
      else if (wanted)
        troupe_worker_start (self);
      return;
    }
  troupe_worker_adopt_runs (self, keepers);
  self->wanted = TRUE;
  if (troupe_run_get_asked (self->current) != TROUPE_ASKED_NOTHING)
    {
      /* It carries on with its end; what the last engine wanted then comes after. */
      self->stop_asked = TRUE;
      self->wanted = self->start_again = wanted;
    }
  else if (self->next != NULL)
    self->reload = RELOAD_TAKE_OVER;
  troupe_worker_restore_state (self);
  troupe_worker_update_group (self);
  old = g_ptr_array_copy (self->retiring, NULL, NULL);
  for (guint i = 0; i < old->len; i++)
    {
      TroupeRun *run = g_ptr_array_index (old, i);

      if (troupe_run_get_asked (run) == TROUPE_ASKED_NOTHING)
        troupe_run_stop (run, TROUPE_ASKED_STOP);
      else
        troupe_run_resume (run);
    }
  if (self->next != NULL)
    {
      troupe_worker_await_up (self, self->next);
      troupe_run_resume (self->next);
    }
  troupe_run_resume (self->current);
}

/* ---- What a person asks ---- */

void
troupe_worker_set_group (TroupeWorker *self, TroupeWorkerGroup *group)
{
  g_return_if_fail (self->group == NULL);

  self->group = troupe_worker_group_ref (group);
}

void
troupe_worker_set_definition (TroupeWorker *self, TroupeProgramDefinition *definition)
{
  troupe_program_definition_ref (definition);
  troupe_program_definition_unref (self->definition);
  self->definition = definition;
}

void
troupe_worker_start (TroupeWorker *self)
{
  if (self->state == TROUPE_STATE_STOPPING)
    {
      /* It is on its way down; it comes up again as soon as it is there. */
      self->start_again = TRUE;
      self->wanted = TRUE;
      return;
    }
  if (troupe_state_is_alive (self->state) || self->state == TROUPE_STATE_WAITING)
    return;
  self->wanted = TRUE;
  self->restarts = 0;
  self->backoff = (TroupeBackoff){ 0 };
  troupe_worker_begin (self);
}

/* Every run that lives. Returns: (transfer container) */
static GPtrArray *
troupe_worker_list_live_runs (TroupeWorker *self)
{
  GPtrArray *runs = g_ptr_array_copy (self->retiring, NULL, NULL);

  if (self->next != NULL)
    g_ptr_array_add (runs, self->next);
  if (troupe_run_is_alive (self->current))
    g_ptr_array_add (runs, self->current);
  return runs;
}

static void
troupe_worker_stop_runs (TroupeWorker *self, TroupeAsked asked)
{
  g_autoptr (GPtrArray) runs = NULL;

  self->wanted = self->start_again;
  troupe_clock_clear_timeout (self->context->clock, &self->backoff_timeout);
  if (self->reload != RELOAD_NONE)
    troupe_worker_reload_failed (self, "it was stopped");
  if (!troupe_worker_is_alive (self))
    {
      if (self->state == TROUPE_STATE_WAITING || self->state == TROUPE_STATE_BACKOFF)
        {
          troupe_run_note (self->current, "stop-asked", NULL, NULL);
          troupe_worker_set_state (self, TROUPE_STATE_STOPPED, NULL);
          troupe_worker_rest_log (self);
        }
      return;
    }
  troupe_run_note (self->current,
                   asked == TROUPE_ASKED_KILL ? "kill-asked" : self->start_again ? "restart-asked" : "stop-asked",
                   NULL, NULL);
  self->stop_asked = TRUE;
  runs = troupe_worker_list_live_runs (self);
  for (guint i = 0; i < runs->len; i++)
    troupe_run_stop (g_ptr_array_index (runs, i), asked);
  troupe_worker_show_stopping (self);
}

void
troupe_worker_stop (TroupeWorker *self)
{
  self->start_again = FALSE;
  troupe_worker_stop_runs (self, TROUPE_ASKED_STOP);
}

void
troupe_worker_kill (TroupeWorker *self)
{
  self->start_again = FALSE;
  troupe_worker_stop_runs (self, TROUPE_ASKED_KILL);
}

void
troupe_worker_restart (TroupeWorker *self)
{
  if (!troupe_run_is_alive (self->current))
    {
      troupe_worker_start (self);
      return;
    }
  self->restarts = 0;
  self->backoff = (TroupeBackoff){ 0 };
  self->start_again = TRUE;
  troupe_worker_stop_runs (self, TROUPE_ASKED_STOP);
}

/* Launches the run that is to take over. */
static void
troupe_worker_launch_next (TroupeWorker *self)
{
  self->reload = RELOAD_TAKE_OVER;
  self->next = troupe_worker_new_run (self, NULL);
  if (!troupe_run_launch (self->next, troupe_run_get_number (self->current), troupe_worker_get_group (self)))
    {
      g_autofree char *why = g_strdup (troupe_run_get_exit_summary (self->next));

      troupe_worker_reload_failed (self, why);
      return;
    }
  troupe_worker_prune_later (self, self->next);
  troupe_worker_refresh_reason (self);
}

gboolean
troupe_worker_reload (TroupeWorker *self, gboolean overlap)
{
  g_return_val_if_fail (self->reload == RELOAD_NONE, FALSE);

  g_clear_pointer (&self->reload_problem, g_free);
  switch (self->state)
    {
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_EXITED:
      return FALSE;
    case TROUPE_STATE_STOPPING:
      if (!self->start_again)
        return FALSE;
      self->reload = RELOAD_UP;
      return TRUE;
    case TROUPE_STATE_BACKOFF:
    case TROUPE_STATE_FAILED:
      self->reload = RELOAD_UP;
      troupe_worker_start (self);
      break;
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
      if (overlap)
        troupe_worker_launch_next (self);
      else
        {
          troupe_worker_restart (self);
          self->reload = RELOAD_UP;
        }
      break;
    }
  if (self->reload == RELOAD_UP && self->state == TROUPE_STATE_FAILED)
    troupe_worker_reload_failed (self, troupe_worker_get_exit_summary (self));
  return TRUE;
}

void
troupe_worker_cancel_reload (TroupeWorker *self)
{
  troupe_worker_end_reload (self);
  troupe_worker_give_up_next (self);
  troupe_worker_refresh_reason (self);
}

void
troupe_worker_reconsider (TroupeWorker *self)
{
  if (self->state == TROUPE_STATE_WAITING)
    troupe_worker_begin (self);
}

static gboolean
troupe_worker_check_run (TroupeWorker *self, GError **error)
{
  if (troupe_run_is_alive (self->current))
    return TRUE;
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s/%s is %s; it has no process", self->project,
               self->name, troupe_state_to_string (self->state));
  return FALSE;
}

static const char *
scope_to_string (TroupeSignalScope scope)
{
  switch (scope)
    {
    case TROUPE_SIGNAL_LEADER:
      return "leader";
    case TROUPE_SIGNAL_GROUP:
      return "group";
    case TROUPE_SIGNAL_TREE:
      return "tree";
    }
  g_return_val_if_reached ("");
}

gboolean
troupe_worker_signal (TroupeWorker *self, int signal_number, TroupeSignalScope scope, GError **error)
{
  g_autofree char *name = troupe_signal_dup_name (signal_number);

  if (!troupe_worker_check_run (self, error))
    return FALSE;
  if (scope == TROUPE_SIGNAL_LEADER && troupe_run_has_exited (self->current))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                   "The main process of %s/%s has ended; signal its group or its tree", self->project, self->name);
      return FALSE;
    }
  troupe_activity_log_write (troupe_run_get_log (self->current), troupe_clock_get_real_usec (self->context->clock),
                             "signal", "signal", name, "scope", scope_to_string (scope), NULL);
  troupe_run_signal (self->current, signal_number, scope);
  return TRUE;
}

gboolean
troupe_worker_close_input (TroupeWorker *self, GError **error)
{
  if (!troupe_worker_check_run (self, error))
    return FALSE;
  troupe_run_note (self->current, "input-closed", NULL, NULL);
  troupe_keeper_close_input (troupe_run_get_keeper (self->current));
  return TRUE;
}

static void
input_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (troupe_keeper_input_finish (TROUPE_KEEPER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
troupe_worker_input_async (TroupeWorker *self, GBytes *bytes, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  if (!troupe_worker_check_run (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  troupe_keeper_input_async (troupe_run_get_keeper (self->current), bytes, input_cb, g_steal_pointer (&task));
}

gboolean
troupe_worker_input_finish (TroupeWorker *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
open_input_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  int fd = troupe_keeper_open_input_finish (TROUPE_KEEPER (source), result, &error);

  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, error);
}

void
troupe_worker_open_input_async (TroupeWorker *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  if (!troupe_worker_check_run (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  troupe_keeper_open_input_async (troupe_run_get_keeper (self->current), open_input_cb, g_steal_pointer (&task));
}

int
troupe_worker_open_input_finish (TroupeWorker *self, GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

static gboolean
troupe_worker_check_channel (TroupeWorker *self, GError **error)
{
  TroupeConversation *conversation = troupe_run_get_conversation (self->current);
  TroupeKind kind = troupe_worker_get_run_definition (self)->kind;

  if (!troupe_kind_has_channel (kind))
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                 "%s/%s is a %s; only kinds fork and cluster have a channel for messages", self->project,
                 self->name, troupe_kind_to_string (kind));
  else if (conversation == NULL)
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s/%s is %s; it has no channel", self->project,
                 self->name, troupe_state_to_string (self->state));
  else if (!troupe_conversation_is_open (conversation))
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "The channel of %s/%s is closed", self->project,
                 self->name);
  else
    return TRUE;
  return FALSE;
}

gboolean
troupe_worker_send (TroupeWorker *self, const char *text, gsize length, const char *sender, GError **error)
{
  return troupe_worker_check_channel (self, error)
         && troupe_conversation_send (troupe_run_get_conversation (self->current), text, length, sender, error);
}

static void
request_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  char *reply = troupe_conversation_request_finish (result, &error);

  if (reply != NULL)
    g_task_return_pointer (task, reply, g_free);
  else
    g_task_return_error (task, error);
}

void
troupe_worker_request_async (TroupeWorker *self, const char *text, gsize length, guint timeout_msec,
                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  if (!troupe_worker_check_channel (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  troupe_conversation_request_async (troupe_run_get_conversation (self->current), text, length, timeout_msec,
                                     cancellable, request_cb, g_steal_pointer (&task));
}

char *
troupe_worker_request_finish (TroupeWorker *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
troupe_worker_disconnect (TroupeWorker *self, GError **error)
{
  if (!troupe_worker_check_channel (self, error))
    return FALSE;
  troupe_run_disconnect (self->current);
  return TRUE;
}

void
troupe_worker_set_listening (TroupeWorker *self, gboolean listening)
{
  TroupeConversation *conversation = troupe_run_get_conversation (self->current);

  if (conversation != NULL)
    troupe_conversation_set_listening (conversation, listening);
}

gboolean
troupe_worker_has_open_channel (TroupeWorker *self)
{
  TroupeConversation *conversation = troupe_run_get_conversation (self->current);

  return conversation != NULL && troupe_conversation_is_open (conversation);
}

const char *
troupe_worker_get_channel (TroupeWorker *self)
{
  if (troupe_worker_get_run (self) == 0 || !troupe_kind_has_channel (troupe_worker_get_run_definition (self)->kind))
    return "";
  return troupe_worker_has_open_channel (self) ? "open" : "closed";
}

GStrv
troupe_worker_dup_addresses (TroupeWorker *self)
{
  return troupe_run_dup_addresses (self->current);
}

guint64
troupe_worker_get_connections (TroupeWorker *self)
{
  return troupe_run_get_connections (self->current);
}

void
troupe_worker_note (TroupeWorker *self, const char *event, const char *key, const char *value)
{
  troupe_run_note (self->current, event, key, value);
}

guint
troupe_worker_get_id (TroupeWorker *self)
{
  return self->id;
}

const char *
troupe_worker_get_project (TroupeWorker *self)
{
  return self->project;
}

const char *
troupe_worker_get_name (TroupeWorker *self)
{
  return self->name;
}

guint
troupe_worker_get_instance (TroupeWorker *self)
{
  return self->instance;
}

TroupeState
troupe_worker_get_state (TroupeWorker *self)
{
  return self->state;
}

const char *
troupe_worker_get_state_reason (TroupeWorker *self)
{
  return self->state_reason != NULL ? self->state_reason : "";
}

gboolean
troupe_worker_is_wanted (TroupeWorker *self)
{
  return self->wanted;
}

gboolean
troupe_worker_is_busy (TroupeWorker *self)
{
  return troupe_worker_is_alive (self) || self->state == TROUPE_STATE_WAITING
         || self->state == TROUPE_STATE_BACKOFF;
}

pid_t
troupe_worker_get_pid (TroupeWorker *self)
{
  return troupe_run_is_alive (self->current) && !troupe_run_has_exited (self->current)
             ? troupe_run_get_end (self->current)->status.pid
             : 0;
}

pid_t
troupe_worker_get_keeper_pid (TroupeWorker *self)
{
  return troupe_run_is_alive (self->current) ? troupe_keeper_get_pid (troupe_run_get_keeper (self->current)) : 0;
}

guint
troupe_worker_get_run (TroupeWorker *self)
{
  return troupe_run_get_number (self->current);
}

guint
troupe_worker_get_restarts (TroupeWorker *self)
{
  return self->restarts;
}

guint64
troupe_worker_get_started_usec (TroupeWorker *self)
{
  return troupe_run_get_end (self->current)->status.start_usec;
}

guint64
troupe_worker_get_ended_usec (TroupeWorker *self)
{
  return troupe_run_has_exited (self->current) ? troupe_run_get_end (self->current)->status.exit_usec : 0;
}

int
troupe_worker_get_exit_code (TroupeWorker *self)
{
  return troupe_run_has_exited (self->current) ? troupe_exit_words_get_code (troupe_run_get_end (self->current))
                                               : -1;
}

const char *
troupe_worker_get_exit_signal (TroupeWorker *self)
{
  return troupe_run_get_exit_signal (self->current);
}

const char *
troupe_worker_get_exit_summary (TroupeWorker *self)
{
  return troupe_run_get_exit_summary (self->current);
}

const char *
troupe_worker_get_journal (TroupeWorker *self)
{
  return troupe_run_get_journal (self->current);
}

const char *
troupe_worker_get_journals_dir (TroupeWorker *self)
{
  return self->journals_dir;
}

TroupeProgramDefinition *
troupe_worker_get_definition (TroupeWorker *self)
{
  return self->definition;
}

static void
troupe_worker_dispose (GObject *object)
{
  TroupeWorker *self = TROUPE_WORKER (object);

  troupe_clock_clear_timeout (self->context->clock, &self->backoff_timeout);
  troupe_clock_clear_timeout (self->context->clock, &self->up_timeout);
  troupe_clock_clear_timeout (self->context->clock, &self->prune_timeout);
  g_clear_pointer (&self->next, troupe_run_free);
  g_clear_pointer (&self->current, troupe_run_free);
  while (self->retiring->len > 0)
    troupe_run_free (g_ptr_array_steal_index (self->retiring, self->retiring->len - 1));
  if (self->group != NULL)
    troupe_worker_group_set_busy (self->group, self, FALSE);
  g_clear_pointer (&self->group, troupe_worker_group_unref);
  G_OBJECT_CLASS (troupe_worker_parent_class)->dispose (object);
}

static void
troupe_worker_finalize (GObject *object)
{
  TroupeWorker *self = TROUPE_WORKER (object);

  g_clear_pointer (&self->definition, troupe_program_definition_unref);
  g_ptr_array_unref (self->retiring);
  g_free (self->project);
  g_free (self->name);
  g_free (self->journals_dir);
  g_free (self->state_reason);
  g_free (self->ready_how);
  g_free (self->reload_problem);
  G_OBJECT_CLASS (troupe_worker_parent_class)->finalize (object);
}

static void
troupe_worker_class_init (TroupeWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_worker_dispose;
  object_class->finalize = troupe_worker_finalize;

  signals[CHANGED]
      = g_signal_new ("changed", TROUPE_TYPE_WORKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[STATE_CHANGED] = g_signal_new ("state-changed", TROUPE_TYPE_WORKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
  signals[RELOADED] = g_signal_new ("reloaded", TROUPE_TYPE_WORKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 2, G_TYPE_BOOLEAN, G_TYPE_STRING);
}

static void
troupe_worker_init (TroupeWorker *self)
{
  self->state = TROUPE_STATE_STOPPED;
  self->retiring = g_ptr_array_new ();
}

TroupeWorker *
troupe_worker_new (const TroupeWorkerContext *context, guint id, const char *project, const char *name,
                   guint instance, TroupeProgramDefinition *definition)
{
  TroupeWorker *self = g_object_new (TROUPE_TYPE_WORKER, NULL);

  self->context = context;
  self->id = id;
  self->project = g_strdup (project);
  self->name = g_strdup (name);
  self->instance = instance;
  self->definition = troupe_program_definition_ref (definition);
  self->journals_dir = g_build_filename (context->journals_dir, project, name, NULL);
  self->owner = (TroupeRunOwner){ self->project, self->name, instance, self->journals_dir };
  self->current = troupe_worker_new_run (self, NULL);
  return self;
}
