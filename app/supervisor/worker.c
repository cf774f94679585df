/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A worker's life. Its states and the edges between them are in worker-state.c; the one
 * function that walks an edge is troupe_worker_set_state (). What happens to its runs arrives in the
 * run_…_cb functions of worker-runs.c, what a person asks in the public ones, and every end of the
 * current run goes through troupe_worker_decide (). */

#include "config.h"

#include "supervisor/worker-private.h"

#include "supervisor/exit-words.h"
#include "supervisor/run-folder.h"
#include "supervisor/worker-state.h"

/* Old runs are looked through this long after a start: it costs more than a launch may, and one
 * that restarts often is looked through once for many. */
#define PRUNE_PAUSE_MSEC 1000

enum
{
  CHANGED,
  STATE_CHANGED,
  RELOADED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (TroupeWorker, troupe_worker, G_TYPE_OBJECT)

TroupeProgramDefinition *
troupe_worker_get_run_definition (TroupeWorker *self)
{
  return troupe_run_get_number (self->current) != 0 ? troupe_run_get_definition (self->current) : self->definition;
}

void
troupe_worker_tell_state (TroupeWorker *self)
{
  g_signal_emit (self, signals[STATE_CHANGED], 0, (guint) self->state, (guint) self->state);
}

void
troupe_worker_tell_reloaded (TroupeWorker *self, gboolean success, const char *why)
{
  g_signal_emit (self, signals[RELOADED], 0, success, why);
}

gboolean
troupe_worker_is_alive (TroupeWorker *self)
{
  return troupe_run_is_alive (self->current) || self->next != NULL || self->retiring->len > 0;
}

void
troupe_worker_tell_changed (TroupeWorker *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

void
troupe_worker_set_reason (TroupeWorker *self, const char *reason)
{
  if (g_strcmp0 (self->state_reason, reason) == 0)
    return;
  g_free (self->state_reason);
  self->state_reason = g_strdup (reason);
  troupe_worker_tell_changed (self);
}

void
troupe_worker_update_group (TroupeWorker *self)
{
  if (self->group != NULL)
    troupe_worker_group_set_busy (self->group, self, troupe_worker_is_busy (self));
}

void
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

void
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

gboolean
troupe_worker_count_end (TroupeWorker *self, guint *delay_msec)
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

  return troupe_backoff_next (&self->backoff, &rules, up_usec, troupe_clock_get_random (self->context->clock),
                              delay_msec);
}

void
troupe_worker_stay_down (TroupeWorker *self)
{
  g_autofree char *reason = g_strdup_printf ("gave up: %u quick ends in a row", self->backoff.quick_ends);

  self->wanted = FALSE;
  troupe_worker_set_state (self, TROUPE_STATE_FAILED, reason);
}

static void
troupe_worker_enter_backoff (TroupeWorker *self)
{
  g_autofree char *reason = NULL;
  guint delay_msec;

  if (!troupe_worker_count_end (self, &delay_msec))
    {
      troupe_worker_stay_down (self);
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

TroupeVerdict
troupe_worker_get_verdict (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);

  if (self->stop_asked)
    return TROUPE_VERDICT_STOPPED;
  if (troupe_worker_is_host (self))
    return troupe_restart_verdict_of_host (definition->restart, troupe_run_get_end (self->current));
  return troupe_restart_verdict (definition->restart, troupe_run_get_end (self->current),
                                 (const char *const *) definition->success);
}

/* A thread whose host died starts as soon as that is up again: the pause is the host's, once for all. */
static void
troupe_worker_follow_host (TroupeWorker *self)
{
  self->restarts++;
  troupe_worker_set_state (self, TROUPE_STATE_BACKOFF, "its host process ended");
  troupe_worker_begin (self);
}

void
troupe_worker_decide (TroupeWorker *self)
{
  /* It was to be up, and never came to be, for no fault of its own. */
  if (troupe_run_never_began (self->current) && self->wanted && !self->stop_asked)
    self->start_again = TRUE;
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
      if (troupe_run_ended_with_host (self->current))
        troupe_worker_follow_host (self);
      else
        troupe_worker_enter_backoff (self);
      return;
    }
}

/* ---- Starting ---- */

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

void
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
  const TroupeRestartCount count = { self->restarts, self->backoff.quick_ends };

  self->stop_asked = FALSE;
  self->current = troupe_worker_new_run (self, has_journal ? NULL : troupe_run_steal_log (old));
  if (self->group != NULL)
    troupe_worker_group_set_busy (self->group, self, TRUE);
  if (troupe_run_launch (self->current, troupe_run_get_number (old), &count))
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

void
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

/* ---- What a person asks ---- */

void
troupe_worker_set_groups (TroupeWorker *self, TroupeWorkerGroup *cluster, TroupeThreadGroup *threads)
{
  g_return_if_fail (self->group == NULL && self->threads == NULL);

  self->owner.cluster = self->group = troupe_worker_group_ref (cluster);
  self->owner.threads = self->threads = troupe_thread_group_ref (threads);
  /* The run that is there was never launched, and would be none of a thread. */
  troupe_run_free (self->current);
  self->current = troupe_worker_new_run (self, NULL);
}

void
troupe_worker_set_definition (TroupeWorker *self, TroupeProgramDefinition *definition)
{
  troupe_program_definition_ref (definition);
  troupe_program_definition_unref (self->definition);
  self->definition = definition;
}

/* Also for an engine that comes before the next run does. */
static void
troupe_worker_count_anew (TroupeWorker *self)
{
  const char *journal = troupe_run_get_journal (self->current);

  if ((self->restarts > 0 || self->backoff.quick_ends > 0) && journal[0] != '\0')
    troupe_restart_count_forget (journal);
  self->restarts = 0;
  self->backoff = (TroupeBackoff){ 0 };
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
  troupe_worker_count_anew (self);
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
  troupe_worker_count_anew (self);
  self->start_again = TRUE;
  troupe_worker_stop_runs (self, TROUPE_ASKED_STOP);
}

void
troupe_worker_give_up (TroupeWorker *self, const char *reason)
{
  if (self->state != TROUPE_STATE_WAITING && self->state != TROUPE_STATE_BACKOFF)
    return;
  troupe_clock_clear_timeout (self->context->clock, &self->backoff_timeout);
  self->wanted = FALSE;
  troupe_worker_set_state (self, TROUPE_STATE_FAILED, reason);
}

void
troupe_worker_reconsider (TroupeWorker *self)
{
  if (self->state == TROUPE_STATE_WAITING)
    troupe_worker_begin (self);
}

gboolean
troupe_worker_is_thread (TroupeWorker *self)
{
  return troupe_worker_get_run_definition (self)->kind == TROUPE_KIND_THREADS && !troupe_worker_is_host (self);
}

gboolean
troupe_worker_is_host (TroupeWorker *self)
{
  return self->instance == TROUPE_HOST_INSTANCE;
}

pid_t
troupe_worker_get_tid (TroupeWorker *self)
{
  return troupe_run_get_tid (self->current);
}

double
troupe_worker_get_progress (TroupeWorker *self, const char **text)
{
  return troupe_run_get_progress (self->current, text);
}

gboolean
troupe_worker_take_thread_figures (TroupeWorker *self, TroupeThreadFigures *figures)
{
  return troupe_run_take_thread_figures (self->current, figures);
}

const TroupeRunEnd *
troupe_worker_get_end (TroupeWorker *self)
{
  return troupe_run_get_end (self->current);
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

GArray *
troupe_worker_dup_keeper_pids (TroupeWorker *self)
{
  g_autoptr (GPtrArray) runs = troupe_worker_list_live_runs (self);
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (pid_t));

  for (guint i = 0; i < runs->len; i++)
    {
      pid_t pid = troupe_keeper_get_pid (troupe_run_get_keeper (g_ptr_array_index (runs, i)));

      if (pid != 0)
        g_array_append_val (pids, pid);
    }
  return pids;
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
  g_clear_pointer (&self->threads, troupe_thread_group_unref);
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
  self->owner = (TroupeRunOwner){
    .project = self->project,
    .worker = self->name,
    .instance = instance,
    .journals_dir = self->journals_dir,
  };
  self->current = troupe_worker_new_run (self, NULL);
  return self;
}
