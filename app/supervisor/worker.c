/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A worker's life. Its states and the edges between them are in worker-state.c; the one
 * function that walks an edge is troupe_worker_set_state (). What a keeper says arrives in the
 * _cb functions, what a person asks in the public ones, and every end of a run goes
 * through troupe_worker_finish_run (). */

#include "config.h"

#include "supervisor/worker.h"

#include "base/error.h"
#include "supervisor/activity-log.h"
#include "supervisor/backoff.h"
#include "supervisor/conversation.h"
#include "supervisor/exit-words.h"
#include "supervisor/readiness.h"
#include "supervisor/restart-verdict.h"
#include "supervisor/run-folder.h"
#include "supervisor/worker-launch.h"
#include "supervisor/worker-state.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A main process has ended and this much later others of its run are still there: say so, and
 * look again how many from time to time. */
#define SETTLE_MSEC 100
#define RECOUNT_MSEC 5000

/* How often the words about a stop under way are told anew. */
#define STOP_TICK_MSEC 1000

/* Old runs are looked through this long after a start: it costs more than a launch may, and one
 * that restarts often is looked through once for many. */
#define PRUNE_PAUSE_MSEC 1000

#define OOM_KILLS_UNKNOWN G_MAXUINT64

/* What a keeper holds for the next engine: our end of the channel. */
#define KEPT_CHANNEL "channel"
/* And what that is in the middle of (ipc/channel-state.h). */
#define KEPT_CHANNEL_STATE "channel-state"

/* Which of the last run's ends a person asked for. */
typedef enum
{
  TROUPE_ASKED_NOTHING,
  TROUPE_ASKED_STOP,
  TROUPE_ASKED_KILL,
} TroupeAsked;

struct _TroupeWorker
{
  GObject parent_instance;

  const TroupeWorkerContext *context;
  guint id, instance;
  char *project, *name, *journals_dir;
  TroupeProgramDefinition *definition;     /* (owned): of the next run */
  TroupeProgramDefinition *run_definition; /* (owned) (nullable): of the current or last run */

  TroupeState state;
  char *state_reason; /* (nullable) */
  gboolean wanted;
  gboolean start_again; /* once what is being stopped has ended */
  guint restarts;
  TroupeBackoff backoff;
  guint backoff_timeout;

  /* The current or last run. */
  guint run;
  char *journal;        /* (nullable) */
  TroupeKeeper *keeper; /* (owned) (nullable): while something of the run lives */
  GStrv environment;    /* (nullable): while the keeper is there */
  TroupeRunEnd end;     /* its status is what was last heard; the rest fills as it ends */
  TroupeAsked asked;
  gboolean main_ended;
  guint64 oom_kills_before;
  char *exit_signal;  /* (nullable) */
  char *exit_summary; /* (nullable) */
  guint settle_timeout;
  guint prune_timeout;
  TroupeReadiness *readiness; /* (owned) (nullable) */
  TroupeConversation *conversation; /* (owned) (nullable): from launch to end, for kinds with a channel */
  gboolean said_ready;              /* its ready message came before it counted as running */
  TroupeActivityLog *log;     /* (owned) */

  /* A stop under way. */
  guint stop_tick;
  guint stop_step, stop_remaining;
  gint64 stop_deadline_usec; /* monotonic */
};

enum
{
  CHANGED,
  STATE_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (TroupeWorker, troupe_worker, G_TYPE_OBJECT)

static void troupe_worker_begin (TroupeWorker *self);

/* What the current or last run was launched with. */
static TroupeProgramDefinition *
troupe_worker_get_run_definition (TroupeWorker *self)
{
  return self->run_definition != NULL ? self->run_definition : self->definition;
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
  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->context->clock), "state", "from",
                             troupe_state_to_string (from), "to", troupe_state_to_string (to), "reason", reason,
                             NULL);
  g_signal_emit (self, signals[STATE_CHANGED], 0, (guint) from, (guint) to);
  troupe_worker_tell_changed (self);
}

static void
troupe_worker_log_asked (TroupeWorker *self, const char *event)
{
  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->context->clock), event, NULL);
}

/* How the last run ended, in words, from self->end. */
static void
troupe_worker_describe_end (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);
  TroupeExitFacts facts = {
    .end = &self->end,
    .program = definition->argv != NULL ? definition->argv[0] : NULL,
    .cwd = definition->cwd,
    .is_shell = definition->kind == TROUPE_KIND_EXEC,
    .stop_signal = definition->stop_signal,
    .grace_msec = definition->grace_msec,
    .timeout_msec = definition->timeout_msec,
    .max_buffer_bytes = definition->max_buffer_bytes,
  };

  if (self->end.status.exit_signal == SIGKILL && self->oom_kills_before != OOM_KILLS_UNKNOWN)
    facts.oom_seen = troupe_oom_watch_read_kills (self->context->oom_watch) > self->oom_kills_before;
  g_free (self->exit_signal);
  self->exit_signal = self->end.status.exit_signal != 0 && !self->end.lost
                          ? troupe_signal_dup_name (self->end.status.exit_signal)
                          : NULL;
  g_free (self->exit_summary);
  self->exit_summary = troupe_exit_words_dup (&facts);
}

static void
troupe_worker_stop_watching (TroupeWorker *self)
{
  TroupeClock *clock = self->context->clock;

  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  troupe_clock_clear_timeout (clock, &self->settle_timeout);
  troupe_clock_clear_timeout (clock, &self->stop_tick);
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
  gint64 up_usec = self->end.lost ? 0 : (gint64) self->end.status.duration_usec;
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

/* What follows, now that nothing of the run is left (or it never came to be). */
static void
troupe_worker_decide (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);

  if (self->start_again)
    {
      self->start_again = FALSE;
      troupe_worker_begin (self);
      return;
    }
  switch (troupe_restart_verdict (definition->restart, &self->end, (const char *const *) definition->success))
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

/* Nobody is at the other end any more; what was said last is still to be read. */
static void
troupe_worker_end_conversation (TroupeWorker *self)
{
  g_autoptr (TroupeConversation) conversation = NULL;

  if (self->conversation == NULL)
    return;
  troupe_conversation_drain (self->conversation);
  conversation = g_steal_pointer (&self->conversation);
  if (self->context->drained != NULL)
    self->context->drained (self, self->context->user_data);
}

/* Nothing of the run is left. */
static void
troupe_worker_finish_run (TroupeWorker *self)
{
  g_autoptr (TroupeKeeper) keeper = g_steal_pointer (&self->keeper);

  troupe_worker_end_conversation (self);

  troupe_worker_stop_watching (self);
  g_clear_pointer (&self->environment, g_strfreev);
  if (keeper != NULL)
    g_signal_handlers_disconnect_by_data (keeper, self);
  if (!self->main_ended)
    {
      self->main_ended = TRUE;
      troupe_worker_describe_end (self);
    }
  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->context->clock), "ended", "summary",
                             self->exit_summary, NULL);
  troupe_worker_decide (self);
  if (self->keeper == NULL)
    troupe_activity_log_rest_later (self->log);
}

static void
ready_cb (const char *how, gpointer user_data)
{
  TroupeWorker *self = user_data;

  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  if (self->state == TROUPE_STATE_RUNNING)
    troupe_worker_set_state (self, TROUPE_STATE_READY, how);
}

static void
late_cb (const char *what, gpointer user_data)
{
  TroupeWorker *self = user_data;
  g_autofree char *reason = g_strdup_printf ("not ready yet: %s", what);

  if (self->state == TROUPE_STATE_RUNNING)
    troupe_worker_set_reason (self, reason);
}

static void
troupe_worker_watch_readiness (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);
  const TroupeReadinessWatcher watcher = { ready_cb, late_cb, self };

  if (definition->ready == TROUPE_READY_NONE || self->readiness != NULL)
    return;
  self->readiness = troupe_readiness_start (definition, self->context->clock, self->journal,
                                            (gint64) self->end.status.start_usec,
                                            (const char *const *) self->environment, &watcher);
}

static void
received_cb (TroupeConversation *conversation, const char *text, gsize length, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (self->readiness != NULL)
    troupe_readiness_hear (self->readiness, text, length);
  else if (self->state == TROUPE_STATE_STARTING && !self->said_ready)
    self->said_ready = troupe_readiness_is_ready_message (text, length);
  if (self->context->received != NULL)
    self->context->received (self, text, length, self->context->user_data);
}

static void
drained_cb (TroupeConversation *conversation, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (self->context->drained != NULL)
    self->context->drained (self, self->context->user_data);
}

static void
closed_cb (TroupeConversation *conversation, gpointer user_data)
{
  TroupeWorker *self = user_data;

  if (self->keeper != NULL)
    troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL, -1);
  drained_cb (conversation, self);
  troupe_worker_tell_changed (self);
}

static const TroupeConversationHandler conversation_handler = {
  .received = received_cb,
  .drained = drained_cb,
  .closed = closed_cb,
};

/* Takes FD, our end of the run's channel, and STATE. */
static gboolean
troupe_worker_converse (TroupeWorker *self, int fd, TroupeChannelState *state, GError **error)
{
  self->said_ready = FALSE;
  self->conversation = troupe_conversation_new (self->context->reactor, fd, state, self->log, self->context->clock,
                                                &conversation_handler, self, error);
  return self->conversation != NULL;
}

/* Gives the keeper what the next engine needs to go on with the channel. */
static void
troupe_worker_keep_channel (TroupeWorker *self)
{
  TroupeChannelState *state = troupe_conversation_get_state (self->conversation);

  troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL, troupe_conversation_peek_fd (self->conversation));
  if (state != NULL)
    troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL_STATE, troupe_channel_state_peek_fd (state));
}

static void
started_cb (TroupeKeeper *keeper, TroupeWorker *self)
{
  self->end.status = *troupe_keeper_get_status (keeper);
  if (self->state == TROUPE_STATE_STARTING)
    {
      troupe_worker_watch_readiness (self);
      troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
      if (self->said_ready && self->readiness != NULL)
        troupe_readiness_hear (self->readiness, "\"ready\"", strlen ("\"ready\""));
    }
  else
    troupe_worker_tell_changed (self);
}

/* The main process is gone and no restart is due, but something of it lives on. */
static void
troupe_worker_say_others_live (TroupeWorker *self)
{
  TroupeRunStatus *status = &self->end.status;
  g_autofree char *signal_name = troupe_signal_dup_name (status->exit_signal);
  g_autofree char *others = NULL, *reason = NULL;
  guint n = self->context->count_processes != NULL
                ? self->context->count_processes (self, self->context->user_data)
                : 0;

  others = n == 1  ? g_strdup ("1 process lives on")
           : n > 1 ? g_strdup_printf ("%u processes live on", n)
                   : g_strdup ("others it started live on");
  reason = signal_name != NULL
               ? g_strdup_printf ("main process was ended by %s; %s", signal_name, others)
               : g_strdup_printf ("main process ended with code %d; %s", status->exit_code, others);
  troupe_worker_set_state (self, TROUPE_STATE_RUNNING, reason);
}

static void
troupe_worker_say_stopping (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);
  g_autofree char *signal_name = troupe_signal_dup_name (definition->stop_signal);
  g_autofree char *whom = NULL, *reason = NULL;
  gint64 left_usec = self->stop_deadline_usec - troupe_clock_get_monotonic_usec (self->context->clock);

  whom = self->stop_remaining > 0 ? troupe_exit_words_dup_processes (self->stop_remaining) : g_strdup ("it");
  if (self->stop_step > 0 || self->asked == TROUPE_ASKED_KILL)
    reason = g_strdup_printf ("SIGKILL sent, waiting for %s", whom);
  else if (left_usec > 0)
    reason = g_strdup_printf ("%s sent, waiting for %s; SIGKILL in %" G_GINT64_FORMAT " s",
                              signal_name != NULL ? signal_name : "SIGTERM", whom,
                              (left_usec + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
  else
    reason = g_strdup_printf ("waiting for %s; SIGKILL is next", whom);
  troupe_worker_set_state (self, TROUPE_STATE_STOPPING, reason);
}

static gboolean
stop_tick_cb (gpointer user_data)
{
  troupe_worker_say_stopping (user_data);
  return G_SOURCE_CONTINUE;
}

/* The keeper has been told to end the run. */
static void
troupe_worker_show_stopping (TroupeWorker *self)
{
  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  troupe_clock_clear_timeout (self->context->clock, &self->settle_timeout);
  troupe_worker_say_stopping (self);
  if (self->stop_tick == 0)
    self->stop_tick = troupe_clock_add_timeout (self->context->clock, STOP_TICK_MSEC, stop_tick_cb, self);
}

/* Asks the keeper to end the whole tree. */
static void
troupe_worker_ask_keeper_to_stop (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);

  self->stop_step = 0;
  self->stop_remaining = 0;
  self->stop_deadline_usec = troupe_clock_get_monotonic_usec (self->context->clock)
                             + (gint64) definition->grace_msec * 1000;
  troupe_keeper_stop (self->keeper, definition->stop_signal, definition->grace_msec);
}

static void
stopping_cb (TroupeKeeper *keeper, guint step, guint remaining, TroupeWorker *self)
{
  self->stop_step = step;
  self->stop_remaining = remaining;
  if (self->state == TROUPE_STATE_STOPPING)
    troupe_worker_say_stopping (self);
}

static gboolean
will_restart (TroupeWorker *self)
{
  TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);

  return troupe_restart_verdict (definition->restart, &self->end, (const char *const *) definition->success)
         == TROUPE_VERDICT_RESTART;
}

static gboolean
settled_cb (gpointer user_data)
{
  TroupeWorker *self = user_data;

  self->settle_timeout = 0;
  if (self->state == TROUPE_STATE_STOPPING)
    return G_SOURCE_REMOVE;
  if (will_restart (self))
    troupe_worker_show_stopping (self);
  else
    {
      troupe_worker_say_others_live (self);
      self->settle_timeout
          = troupe_clock_add_timeout (self->context->clock, RECOUNT_MSEC, settled_cb, self);
    }
  return G_SOURCE_REMOVE;
}

static void
exited_cb (TroupeKeeper *keeper, TroupeWorker *self)
{
  self->end.status = *troupe_keeper_get_status (keeper);
  self->end.stop_asked = self->asked != TROUPE_ASKED_NOTHING;
  self->end.kill_asked = self->asked == TROUPE_ASKED_KILL;
  self->main_ended = TRUE;
  troupe_worker_describe_end (self);
  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  if (self->end.status.phase != TROUPE_RUN_FAILED && self->state != TROUPE_STATE_STOPPING)
    {
      /* What the main process left behind is stopped first when it is to start again. */
      if (will_restart (self))
        troupe_worker_ask_keeper_to_stop (self);
      /* Mostly nothing is left, and "ended" comes right behind; then this says nothing. */
      self->settle_timeout
          = troupe_clock_add_timeout (self->context->clock, SETTLE_MSEC, settled_cb, self);
    }
  troupe_worker_tell_changed (self);
}

static void
ended_cb (TroupeKeeper *keeper, TroupeWorker *self)
{
  /* The end of the main process is told as it was then; stopping the rest does not change it. */
  if (!self->main_ended)
    exited_cb (keeper, self);
  troupe_worker_finish_run (self);
}

static void
lost_cb (TroupeKeeper *keeper, TroupeWorker *self)
{
  self->end.lost = !self->main_ended;
  self->end.stop_asked = self->asked != TROUPE_ASKED_NOTHING;
  if (self->end.status.exit_usec == 0)
    self->end.status.exit_usec = (guint64) troupe_clock_get_real_usec (self->context->clock);
  troupe_worker_finish_run (self);
}

static void
troupe_worker_take_keeper (TroupeWorker *self, TroupeKeeper *keeper)
{
  self->keeper = keeper;
  g_signal_connect_object (keeper, "started", G_CALLBACK (started_cb), self, 0);
  g_signal_connect_object (keeper, "exited", G_CALLBACK (exited_cb), self, 0);
  g_signal_connect_object (keeper, "ended", G_CALLBACK (ended_cb), self, 0);
  g_signal_connect_object (keeper, "lost", G_CALLBACK (lost_cb), self, 0);
  g_signal_connect_object (keeper, "stopping", G_CALLBACK (stopping_cb), self, 0);
}

/* Empties what is known of the last run. */
static void
troupe_worker_forget_run (TroupeWorker *self)
{
  self->end = (TroupeRunEnd){ .status = { .exit_code = -1 } };
  self->oom_kills_before = OOM_KILLS_UNKNOWN;
  self->asked = TROUPE_ASKED_NOTHING;
  self->main_ended = FALSE;
  g_clear_pointer (&self->exit_signal, g_free);
  g_clear_pointer (&self->exit_summary, g_free);
}

static void
troupe_worker_fail_launch (TroupeWorker *self, const GError *error)
{
  self->end.status.phase = TROUPE_RUN_FAILED;
  self->main_ended = TRUE;
  g_free (self->exit_summary);
  self->exit_summary = g_strdup_printf ("Could not start: %s", error->message);
  self->wanted = FALSE;
  troupe_worker_set_state (self, TROUPE_STATE_FAILED, NULL);
  troupe_worker_tell_changed (self);
  troupe_activity_log_rest (self->log);
}

static gboolean
prune_cb (gpointer user_data)
{
  TroupeWorker *self = user_data;

  self->prune_timeout = 0;
  troupe_run_folder_prune (self->journals_dir, self->definition->journal_runs,
                           self->definition->journal_limit_bytes, self->run);
  return G_SOURCE_REMOVE;
}

/* Launches the next run. */
static void
troupe_worker_enter_starting (TroupeWorker *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *journal = NULL;
  TroupeLaunchPlace place;
  TroupeKeeper *keeper = NULL;
  int ours, theirs = -1;

  troupe_worker_forget_run (self);
  g_clear_pointer (&self->run_definition, troupe_program_definition_unref);
  self->run_definition = troupe_program_definition_ref (self->definition);

  journal = troupe_run_folder_create (self->journals_dir, self->run, &self->run, &error);
  if (journal == NULL)
    {
      troupe_worker_fail_launch (self, error);
      return;
    }
  g_free (self->journal);
  self->journal = g_steal_pointer (&journal);
  /* Messages count as what the run says; events alone are few and short. */
  if (troupe_kind_has_channel (self->definition->kind))
    troupe_activity_log_set_limit (self->log, self->definition->journal_limit_bytes);
  troupe_activity_log_set_dir (self->log, self->journal);
  self->oom_kills_before = troupe_oom_watch_get_kills (self->context->oom_watch);

  if (!troupe_kind_has_channel (self->definition->kind)
      || (troupe_channel_socketpair (&ours, &theirs, &error) && troupe_worker_converse (self, ours, troupe_channel_state_new (-1), &error)))
    {
      place = (TroupeLaunchPlace){ self->context->journals_dir, self->project, self->name, self->instance,
                                   self->run,                   self->journal, theirs };
      keeper = troupe_worker_launch (self->context->pool, self->definition, &place, &self->environment, &error);
    }
  if (theirs >= 0)
    close (theirs);
  if (keeper == NULL)
    {
      g_clear_pointer (&self->conversation, troupe_conversation_free);
      troupe_worker_fail_launch (self, error);
      return;
    }
  troupe_worker_take_keeper (self, keeper);
  if (self->conversation != NULL)
    troupe_worker_keep_channel (self);
  troupe_worker_set_state (self, TROUPE_STATE_STARTING, NULL);
  if (self->run > 1 && self->prune_timeout == 0)
    self->prune_timeout = troupe_clock_add_timeout (self->context->clock, PRUNE_PAUSE_MSEC, prune_cb, self);
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

static gboolean
was_stopped (const TroupeRunStatus *status)
{
  return status->end_reason == TROUPE_END_STOPPED || status->end_reason == TROUPE_END_KILLED;
}

/* No keeper has the last run: its status file says how it ended, or that nobody saw the end. */
static void
troupe_worker_restore_end (TroupeWorker *self, gboolean has_status)
{
  TroupeRunStatus *status = &self->end.status;

  self->main_ended = TRUE;
  self->end.stop_asked = was_stopped (status);
  if (!has_status || (status->phase != TROUPE_RUN_ENDED && status->phase != TROUPE_RUN_FAILED))
    {
      gint64 boot_usec = troupe_clock_get_real_usec (self->context->clock)
                         - troupe_clock_get_monotonic_usec (self->context->clock);

      self->end.lost = status->phase != TROUPE_RUN_EXITED;
      self->end.rebooted = self->end.lost && status->start_usec > 0 && (gint64) status->start_usec < boot_usec;
      if (!self->end.rebooted)
        {
          g_autofree char *identity = troupe_worker_launch_dup_identity (self->context->journals_dir,
                                                                         self->project, self->name, self->run);

          troupe_keeper_sweep_orphans (identity);
        }
    }
  troupe_worker_describe_end (self);
}

/* The last engine's end of the channel, with what was said meanwhile waiting in it. */
static void
troupe_worker_resume_conversation (TroupeWorker *self)
{
  g_autoptr (GError) error = NULL;
  int fd = troupe_keeper_steal_kept_fd (self->keeper, KEPT_CHANNEL);
  int state_fd = fd >= 0 ? troupe_keeper_steal_kept_fd (self->keeper, KEPT_CHANNEL_STATE) : -1;
  TroupeChannelState *state = state_fd >= 0 ? troupe_channel_state_new (state_fd) : NULL;

  if (fd >= 0 && !troupe_worker_converse (self, fd, state, &error))
    g_debug ("%s/%s: its channel is lost: %s", self->project, self->name, error->message);
}

void
troupe_worker_restore (TroupeWorker *self, TroupeKeeper *keeper, gboolean wanted)
{
  g_autoptr (GArray) runs = troupe_run_folder_list (self->journals_dir);
  gboolean has_status;

  g_return_if_fail (self->state == TROUPE_STATE_STOPPED && self->keeper == NULL);
  if (runs->len == 0)
    {
      if (wanted)
        troupe_worker_start (self);
      return;
    }
  self->run = g_array_index (runs, guint, runs->len - 1);
  self->journal = keeper != NULL ? g_strdup (troupe_keeper_get_journal_dir (keeper))
                                 : troupe_run_folder_dup_path (self->journals_dir, self->run);
  self->run_definition = troupe_worker_launch_read_definition (self->journal, NULL);
  has_status = troupe_run_status_read (self->journal, &self->end.status) == 0;
  if (keeper == NULL)
    {
      gboolean was_unfinished = !has_status || self->end.status.end_usec == 0;

      troupe_worker_restore_end (self, has_status);
      /* The log is opened only when there is something new to say. */
      if (wanted || was_unfinished)
        troupe_activity_log_set_dir (self->log, self->journal);
      self->wanted = wanted;
      /* Stopped, and yet wanted: the last engine died in the middle of a restart. */
      self->start_again = wanted && self->end.stop_asked;
      if (wanted)
        troupe_worker_finish_run (self);
      else if (self->end.stop_asked)
        troupe_worker_tell_changed (self);
      else
        {
          TroupeProgramDefinition *definition = troupe_worker_get_run_definition (self);
          gboolean success
              = troupe_run_end_is_success (&self->end, (const char *const *) definition->success);

          troupe_worker_set_state (self, success ? TROUPE_STATE_EXITED : TROUPE_STATE_FAILED, NULL);
        }
      return;
    }

  if (self->run_definition != NULL && troupe_kind_has_channel (self->run_definition->kind))
    troupe_activity_log_set_limit (self->log, self->run_definition->journal_limit_bytes);
  troupe_activity_log_set_dir (self->log, self->journal);
  self->end.status = *troupe_keeper_get_status (keeper);
  troupe_worker_take_keeper (self, g_object_ref (keeper));
  troupe_worker_resume_conversation (self);
  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->context->clock), "adopted", NULL);
  self->wanted = TRUE;
  if (was_stopped (&self->end.status))
    {
      /* The keeper carries on with it; what the last engine wanted then comes after. */
      self->asked = TROUPE_ASKED_STOP;
      self->end.stop_asked = TRUE;
      self->wanted = self->start_again = wanted;
    }
  switch (self->end.status.phase)
    {
    case TROUPE_RUN_STARTING:
      troupe_worker_set_state (self, TROUPE_STATE_STARTING, NULL);
      break;
    case TROUPE_RUN_RUNNING:
      if (self->end.stop_asked)
        {
          self->stop_deadline_usec
              = troupe_clock_get_monotonic_usec (self->context->clock)
                + (gint64) troupe_worker_get_run_definition (self)->grace_msec * 1000;
          troupe_worker_show_stopping (self);
          break;
        }
      troupe_worker_watch_readiness (self);
      troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
      break;
    case TROUPE_RUN_EXITED:
      troupe_worker_set_state (self, TROUPE_STATE_RUNNING, NULL);
      exited_cb (keeper, self);
      break;
    case TROUPE_RUN_ENDED:
    case TROUPE_RUN_FAILED:
      troupe_worker_finish_run (self);
      break;
    }
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

static void
troupe_worker_stop_run (TroupeWorker *self, TroupeAsked asked)
{
  self->wanted = self->start_again;
  if (self->keeper == NULL)
    {
      troupe_clock_clear_timeout (self->context->clock, &self->backoff_timeout);
      if (self->state == TROUPE_STATE_WAITING || self->state == TROUPE_STATE_BACKOFF)
        {
          troupe_worker_log_asked (self, "stop-asked");
          troupe_worker_set_state (self, TROUPE_STATE_STOPPED, NULL);
          troupe_activity_log_rest (self->log);
        }
      return;
    }
  troupe_worker_log_asked (self, asked == TROUPE_ASKED_KILL ? "kill-asked"
                                 : self->start_again        ? "restart-asked"
                                                            : "stop-asked");
  /* An end that has come already was not asked for, but no restart follows it. */
  self->asked = MAX (self->asked, asked);
  self->end.stop_asked = TRUE;
  if (asked == TROUPE_ASKED_KILL)
    {
      self->end.kill_asked = TRUE;
      troupe_keeper_kill (self->keeper);
      troupe_worker_show_stopping (self);
    }
  else if (self->state != TROUPE_STATE_STOPPING)
    {
      troupe_worker_ask_keeper_to_stop (self);
      troupe_worker_show_stopping (self);
    }
}

void
troupe_worker_stop (TroupeWorker *self)
{
  self->start_again = FALSE;
  troupe_worker_stop_run (self, TROUPE_ASKED_STOP);
}

void
troupe_worker_kill (TroupeWorker *self)
{
  self->start_again = FALSE;
  troupe_worker_stop_run (self, TROUPE_ASKED_KILL);
}

void
troupe_worker_restart (TroupeWorker *self)
{
  if (self->keeper == NULL)
    {
      troupe_worker_start (self);
      return;
    }
  self->restarts = 0;
  self->backoff = (TroupeBackoff){ 0 };
  self->start_again = TRUE;
  troupe_worker_stop_run (self, TROUPE_ASKED_STOP);
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
  if (self->keeper != NULL)
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
  if (scope == TROUPE_SIGNAL_LEADER && self->main_ended)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                   "The main process of %s/%s has ended; signal its group or its tree", self->project, self->name);
      return FALSE;
    }
  self->end.asked_signal = signal_number;
  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->context->clock), "signal", "signal",
                             name, "scope", scope_to_string (scope), NULL);
  troupe_keeper_signal (self->keeper, signal_number, scope);
  return TRUE;
}

gboolean
troupe_worker_close_input (TroupeWorker *self, GError **error)
{
  if (!troupe_worker_check_run (self, error))
    return FALSE;
  troupe_worker_log_asked (self, "input-closed");
  troupe_keeper_close_input (self->keeper);
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
  troupe_keeper_input_async (self->keeper, bytes, input_cb, g_steal_pointer (&task));
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
  troupe_keeper_open_input_async (self->keeper, open_input_cb, g_steal_pointer (&task));
}

int
troupe_worker_open_input_finish (TroupeWorker *self, GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

static gboolean
troupe_worker_check_channel (TroupeWorker *self, GError **error)
{
  if (!troupe_kind_has_channel (troupe_worker_get_run_definition (self)->kind))
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                 "%s/%s is a %s; only kind fork has a channel for messages", self->project, self->name,
                 troupe_kind_to_string (troupe_worker_get_run_definition (self)->kind));
  else if (self->conversation == NULL)
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s/%s is %s; it has no channel", self->project,
                 self->name, troupe_state_to_string (self->state));
  else if (!troupe_conversation_is_open (self->conversation))
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
         && troupe_conversation_send (self->conversation, text, length, sender, error);
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
  troupe_conversation_request_async (self->conversation, text, length, timeout_msec, cancellable, request_cb,
                                     g_steal_pointer (&task));
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
  troupe_conversation_disconnect (self->conversation);
  /* While the keeper holds a copy the worker would see no end. */
  if (self->keeper != NULL)
    troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL, -1);
  troupe_worker_tell_changed (self);
  return TRUE;
}

void
troupe_worker_set_listening (TroupeWorker *self, gboolean listening)
{
  if (self->conversation != NULL)
    troupe_conversation_set_listening (self->conversation, listening);
}

gboolean
troupe_worker_has_open_channel (TroupeWorker *self)
{
  return self->conversation != NULL && troupe_conversation_is_open (self->conversation);
}

const char *
troupe_worker_get_channel (TroupeWorker *self)
{
  if (self->run == 0 || !troupe_kind_has_channel (troupe_worker_get_run_definition (self)->kind))
    return "";
  return troupe_worker_has_open_channel (self) ? "open" : "closed";
}

void
troupe_worker_note (TroupeWorker *self, const char *event, const char *key, const char *value)
{
  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->context->clock), event, key, value, NULL);
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
  return self->keeper != NULL || self->state == TROUPE_STATE_WAITING || self->state == TROUPE_STATE_BACKOFF;
}

pid_t
troupe_worker_get_pid (TroupeWorker *self)
{
  return self->keeper != NULL && !self->main_ended ? self->end.status.pid : 0;
}

pid_t
troupe_worker_get_keeper_pid (TroupeWorker *self)
{
  return self->keeper != NULL ? troupe_keeper_get_pid (self->keeper) : 0;
}

guint
troupe_worker_get_run (TroupeWorker *self)
{
  return self->run;
}

guint
troupe_worker_get_restarts (TroupeWorker *self)
{
  return self->restarts;
}

guint64
troupe_worker_get_started_usec (TroupeWorker *self)
{
  return self->end.status.start_usec;
}

guint64
troupe_worker_get_ended_usec (TroupeWorker *self)
{
  return self->main_ended ? self->end.status.exit_usec : 0;
}

int
troupe_worker_get_exit_code (TroupeWorker *self)
{
  return self->main_ended ? troupe_exit_words_get_code (&self->end) : -1;
}

const char *
troupe_worker_get_exit_signal (TroupeWorker *self)
{
  return self->exit_signal != NULL ? self->exit_signal : "";
}

const char *
troupe_worker_get_exit_summary (TroupeWorker *self)
{
  return self->exit_summary != NULL ? self->exit_summary : "";
}

const char *
troupe_worker_get_journal (TroupeWorker *self)
{
  return self->journal != NULL ? self->journal : "";
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

  troupe_worker_stop_watching (self);
  troupe_clock_clear_timeout (self->context->clock, &self->backoff_timeout);
  troupe_clock_clear_timeout (self->context->clock, &self->prune_timeout);
  if (self->keeper != NULL)
    g_signal_handlers_disconnect_by_data (self->keeper, self);
  g_clear_object (&self->keeper);
  g_clear_pointer (&self->conversation, troupe_conversation_free);
  G_OBJECT_CLASS (troupe_worker_parent_class)->dispose (object);
}

static void
troupe_worker_finalize (GObject *object)
{
  TroupeWorker *self = TROUPE_WORKER (object);

  g_clear_pointer (&self->definition, troupe_program_definition_unref);
  g_clear_pointer (&self->run_definition, troupe_program_definition_unref);
  g_clear_pointer (&self->log, troupe_activity_log_free);
  g_strfreev (self->environment);
  g_free (self->project);
  g_free (self->name);
  g_free (self->journals_dir);
  g_free (self->state_reason);
  g_free (self->journal);
  g_free (self->exit_signal);
  g_free (self->exit_summary);
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
}

static void
troupe_worker_init (TroupeWorker *self)
{
  self->state = TROUPE_STATE_STOPPED;
  troupe_worker_forget_run (self);
}

TroupeWorker *
troupe_worker_new (const TroupeWorkerContext *context, guint id, const char *project, const char *name,
                   guint instance, TroupeProgramDefinition *definition)
{
  TroupeWorker *self = g_object_new (TROUPE_TYPE_WORKER, NULL);

  self->context = context;
  self->log = troupe_activity_log_new (context->clock);
  self->id = id;
  self->project = g_strdup (project);
  self->name = g_strdup (name);
  self->instance = instance;
  self->definition = troupe_program_definition_ref (definition);
  self->journals_dir = g_build_filename (context->journals_dir, project, name, NULL);
  return self;
}
