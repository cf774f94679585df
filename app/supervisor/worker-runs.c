/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What happens to the runs of a worker, and what follows from it. */

#include "config.h"

#include "supervisor/worker-private.h"

static void
run_started_cb (TroupeRun *run, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (run == self->current && self->state == TROUPE_STATE_STARTING)
    troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
  else
    troupe_worker_tell_changed (self);
  if (run == self->next)
    troupe_worker_tell_state (self);
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

void
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

void
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

void
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
    {
      troupe_worker_tell_state (self);
      return;
    }
  troupe_worker_update_group (self);
  if (self->stop_asked && !troupe_worker_is_alive (self) && self->state == TROUPE_STATE_STOPPING)
    {
      troupe_worker_decide (self);
      troupe_worker_rest_log (self);
      return;
    }
  troupe_worker_refresh_reason (self);
  troupe_worker_tell_state (self);
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

TroupeRun *
troupe_worker_new_run (TroupeWorker *self, TroupeActivityLog *log)
{
  return troupe_run_new (self->context, &self->owner, self->definition, log, &run_handler, self);
}
