/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One run takes over from another. */

#include "config.h"

#include "supervisor/worker-private.h"

/* A new run without a readiness of its own counts as good when it has been up this long. */
#define UP_MSEC 1000

void
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
  troupe_worker_tell_state (self);
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

void
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

void
troupe_worker_reload_succeeded (TroupeWorker *self)
{
  troupe_worker_end_reload (self);
  troupe_worker_refresh_reason (self);
  troupe_worker_tell_reloaded (self, TRUE, "");
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

void
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
  troupe_worker_tell_reloaded (self, FALSE, problem);
}

/* Launches the run that is to take over. */
static void
troupe_worker_launch_next (TroupeWorker *self)
{
  /* The quick ends were those of what it replaces. */
  const TroupeRestartCount count = { .restarts = self->restarts };

  self->reload = RELOAD_TAKE_OVER;
  self->next = troupe_worker_new_run (self, NULL);
  if (!troupe_run_launch (self->next, troupe_run_get_number (self->current), &count))
    {
      g_autofree char *why = g_strdup (troupe_run_get_exit_summary (self->next));

      troupe_worker_reload_failed (self, why);
      return;
    }
  troupe_worker_prune_later (self, self->next);
  troupe_worker_refresh_reason (self);
  troupe_worker_tell_state (self);
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

gboolean
troupe_worker_is_reloading (TroupeWorker *self)
{
  return self->reload != RELOAD_NONE;
}

void
troupe_worker_cancel_reload (TroupeWorker *self)
{
  troupe_worker_end_reload (self);
  troupe_worker_give_up_next (self);
  troupe_worker_refresh_reason (self);
}
