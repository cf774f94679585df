/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What an engine that starts finds of a worker: the keepers of its runs, or a folder that says how the last
 * one ended. */

#include "config.h"

#include "supervisor/worker-private.h"

#include "supervisor/run-folder.h"
#include "supervisor/worker-launch.h"

/* Goes on from where the last engine was. */
static void
troupe_worker_restore_count (TroupeWorker *self)
{
  TroupeRestartCount count;

  troupe_restart_count_read (&count, troupe_run_get_journal (self->current));
  self->restarts = count.restarts;
  /* What felled engine and keeper at once says nothing about the program, nor did anybody see how long that was up. */
  self->backoff.quick_ends = troupe_run_get_end (self->current)->lost ? 0 : count.quick_ends;
}

/* The last engine did not want it any more, though it is to be restarted. */
static gboolean
troupe_worker_was_given_up (TroupeWorker *self)
{
  guint delay_msec;

  return !troupe_run_get_end (self->current)->lost && troupe_worker_get_verdict (self) == TROUPE_VERDICT_RESTART
         && !troupe_worker_count_end (self, &delay_msec);
}

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
  troupe_worker_restore_count (self);
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
  else if (troupe_worker_was_given_up (self))
    troupe_worker_stay_down (self);
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

  troupe_run_adopt (run, get_run_number (keeper), keeper);
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
  troupe_worker_restore_count (self);
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
