/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run. What its keeper says arrives in the _cb functions of the keeper, what the worker's program says in
 * those of the conversation, and every end goes through troupe_run_finish (). */

#include "config.h"

#include "supervisor/run-private.h"

#include "supervisor/exit-words.h"
#include "supervisor/run-folder.h"
#include "supervisor/worker-launch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* How often the words about a stop under way are told anew. */
#define STOP_TICK_MSEC 1000

#define OOM_KILLS_UNKNOWN G_MAXUINT64

gint64
troupe_run_get_now_usec (TroupeRun *self)
{
  return troupe_clock_get_real_usec (self->context->clock);
}

void
troupe_run_note (TroupeRun *self, const char *event, const char *key, const char *value)
{
  troupe_activity_log_write (self->log, troupe_run_get_now_usec (self), event, key, value, NULL);
}

/* The one of DEFINITION for the worker whose run it is. */
static const TroupeRunBackend *
find_backend (TroupeRun *self)
{
  if (self->definition->kind != TROUPE_KIND_THREADS || self->owner.threads == NULL)
    return &troupe_run_process;
  return self->owner.instance == TROUPE_HOST_INSTANCE ? &troupe_run_host : &troupe_run_thread;
}

TroupeRun *
troupe_run_new (const TroupeWorkerContext *context, const TroupeRunOwner *owner,
                TroupeProgramDefinition *definition, TroupeActivityLog *log, const TroupeRunHandler *handler,
                gpointer user_data)
{
  TroupeRun *self = g_new0 (TroupeRun, 1);

  self->context = context;
  self->owner = *owner;
  self->definition = troupe_program_definition_ref (definition);
  self->backend = find_backend (self);
  self->log = log != NULL ? log : troupe_activity_log_new (context->clock);
  self->handler = handler;
  self->user_data = user_data;
  self->end = (TroupeRunEnd){ .status = { .exit_code = -1 } };
  self->oom_kills_before = OOM_KILLS_UNKNOWN;
  return self;
}

static void
troupe_run_clear_timeouts (TroupeRun *self)
{
  TroupeClock *clock = self->context->clock;

  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  troupe_clock_clear_timeout (clock, &self->settle_timeout);
  troupe_clock_clear_timeout (clock, &self->stop_tick);
  troupe_clock_clear_timeout (clock, &self->leave_timeout);
}

/* The channel goes after who speaks over it. */
static void
troupe_run_drop_conversation (TroupeRun *self)
{
  self->backend->release (self);
  g_clear_pointer (&self->conversation, troupe_conversation_free);
}

void
troupe_run_free (TroupeRun *self)
{
  if (self == NULL)
    return;
  troupe_run_clear_timeouts (self);
  if (self->keeper != NULL)
    g_signal_handlers_disconnect_by_data (self->keeper, self);
  troupe_run_drop_conversation (self);
  g_clear_object (&self->keeper);
  g_clear_pointer (&self->log, troupe_activity_log_free);
  troupe_program_definition_unref (self->definition);
  g_strfreev (self->environment);
  g_free (self->journal);
  g_free (self->exit_signal);
  g_free (self->exit_summary);
  g_free (self->listen_problem);
  g_free (self->reason);
  g_free (self);
}

TroupeActivityLog *
troupe_run_steal_log (TroupeRun *self)
{
  TroupeActivityLog *log = self->log;

  self->log = troupe_activity_log_new (self->context->clock);
  return log;
}

/* How it ended, in words, from self->end. */
static void
troupe_run_describe_end (TroupeRun *self)
{
  TroupeProgramDefinition *definition = self->definition;
  TroupeExitFacts facts = {
    .end = &self->end,
    .program = self->backend == &troupe_run_host ? troupe_run_host_get_program (definition)
               : definition->argv != NULL         ? definition->argv[0]
                                                  : NULL,
    .cwd = definition->cwd,
    .is_shell = definition->kind == TROUPE_KIND_EXEC,
    .stop_signal = definition->stop_signal,
    .grace_msec = definition->grace_msec,
    .timeout_msec = definition->timeout_msec,
    .max_buffer_bytes = definition->max_buffer_bytes,
    .listen_problem = self->listen_problem,
    .is_host = self->backend == &troupe_run_host,
    .is_thread = self->backend->is_thread,
    .reason = self->reason,
    .cpu_limit_msec = definition->cpu_limit_msec,
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

/* Nobody is at the other end any more; what was said last is still to be read. */
static void
troupe_run_end_conversation (TroupeRun *self)
{
  if (self->conversation == NULL)
    return;
  troupe_conversation_drain (self->conversation);
  troupe_run_drop_conversation (self);
  self->handler->drained (self, self->user_data);
}

/* Nothing of it is left. */
static void
troupe_run_finish (TroupeRun *self)
{
  g_autoptr (TroupeKeeper) keeper = g_steal_pointer (&self->keeper);

  troupe_run_end_conversation (self);
  self->backend->release (self);
  troupe_run_clear_timeouts (self);
  self->stop = STOP_NONE;
  g_clear_pointer (&self->environment, g_strfreev);
  if (keeper != NULL)
    g_signal_handlers_disconnect_by_data (keeper, self);
  if (!self->main_ended)
    {
      self->main_ended = TRUE;
      troupe_run_describe_end (self);
    }
  troupe_run_note (self, "ended", "summary", self->exit_summary);
  self->handler->ended (self, self->user_data);
}

/* ---- Readiness ---- */

static void
ready_cb (const char *how, gpointer user_data)
{
  TroupeRun *self = user_data;

  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  self->handler->ready (self, how, self->user_data);
}

static void
late_cb (const char *what, gpointer user_data)
{
  TroupeRun *self = user_data;

  self->handler->late (self, what, self->user_data);
}

static void
troupe_run_watch_readiness (TroupeRun *self)
{
  const TroupeReadinessWatcher watcher = { ready_cb, late_cb, self };

  if (self->backend->judges_readiness || self->definition->ready == TROUPE_READY_NONE || self->readiness != NULL)
    return;
  self->readiness = troupe_readiness_start (self->definition, self->context->clock, self->journal,
                                            (gint64) self->end.status.start_usec,
                                            (const char *const *) self->environment, &watcher);
}

/* What it said before it counted as running. */
static void
troupe_run_catch_up_readiness (TroupeRun *self)
{
  GPtrArray *addresses = self->member != NULL ? troupe_group_member_get_addresses (self->member) : NULL;

  if (self->readiness != NULL && self->said_ready)
    troupe_readiness_hear (self->readiness, "\"ready\"", strlen ("\"ready\""));
  if (self->readiness != NULL && addresses != NULL && addresses->len > 0)
    troupe_readiness_serve (self->readiness, g_ptr_array_index (addresses, 0));
}

/* ---- The channel ---- */

static void
received_cb (TroupeConversation *conversation, const char *text, gsize length, gpointer user_data)
{
  TroupeRun *self = user_data;

  if (self->readiness != NULL)
    troupe_readiness_hear (self->readiness, text, length);
  else if (!self->started && !self->said_ready)
    self->said_ready = troupe_readiness_is_ready_message (text, length);
  self->handler->received (self, text, length, self->user_data);
}

static void
drained_cb (TroupeConversation *conversation, gpointer user_data)
{
  TroupeRun *self = user_data;

  self->handler->drained (self, self->user_data);
}

static void
cluster_cb (TroupeConversation *conversation, const char *text, gsize length, gpointer user_data)
{
  TroupeRun *self = user_data;

  if (self->member != NULL)
    troupe_group_member_receive (self->member, text, length);
}

static void
closed_cb (TroupeConversation *conversation, gpointer user_data)
{
  TroupeRun *self = user_data;

  self->backend->leave (self);
  if (self->keeper != NULL)
    troupe_keeper_keep_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL, -1);
  self->handler->drained (self, self->user_data);
  self->handler->changed (self, self->user_data);
}

static const TroupeConversationHandler conversation_handler = {
  .received = received_cb,
  .drained = drained_cb,
  .cluster = cluster_cb,
  .closed = closed_cb,
};

gboolean
troupe_run_converse (TroupeRun *self, int fd, TroupeChannelState *state, GError **error)
{
  self->conversation = troupe_conversation_new (self->context->reactor, fd, state, self->log, self->context->clock,
                                                &conversation_handler, self, error);
  return self->conversation != NULL;
}

void
troupe_run_keep_channel (TroupeRun *self)
{
  TroupeChannelState *state = troupe_conversation_get_state (self->conversation);

  troupe_keeper_keep_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL, troupe_conversation_peek_fd (self->conversation));
  if (state != NULL)
    troupe_keeper_keep_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL_STATE, troupe_channel_state_peek_fd (state));
}

/* The last engine's end of the channel, with what was said meanwhile waiting in it. */
static void
troupe_run_resume_conversation (TroupeRun *self)
{
  g_autoptr (GError) error = NULL;
  int fd = self->backend->has_own_channel ? -1 : troupe_keeper_steal_kept_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL);
  int state_fd = fd >= 0 ? troupe_keeper_steal_kept_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL_STATE) : -1;
  TroupeChannelState *state = state_fd >= 0 ? troupe_channel_state_new (state_fd) : NULL;

  if (fd >= 0 && !troupe_run_converse (self, fd, state, &error))
    g_debug ("%s/%s: its channel is lost: %s", self->owner.project, self->owner.worker, error->message);
}

void
troupe_run_disconnect (TroupeRun *self)
{
  self->backend->leave (self);
  troupe_conversation_disconnect (self->conversation);
  /* While the keeper holds a copy the worker would see no end. */
  if (self->keeper != NULL)
    troupe_keeper_keep_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL, -1);
  self->handler->changed (self, self->user_data);
}

/* ---- The keeper ---- */

void
troupe_run_set_started (TroupeRun *self)
{
  if (self->stop == STOP_NONE)
    troupe_run_watch_readiness (self);
  self->started = TRUE;
  self->handler->started (self, self->user_data);
  troupe_run_catch_up_readiness (self);
}

static void
started_cb (TroupeKeeper *keeper, TroupeRun *self)
{
  self->end.status = *troupe_keeper_get_status (keeper);
  self->backend->started (self);
}

static gboolean
stop_tick_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  self->handler->stopping (self, self->user_data);
  return G_SOURCE_CONTINUE;
}

void
troupe_run_tell_stopping (TroupeRun *self)
{
  if (self->stop_tick == 0)
    self->stop_tick = troupe_clock_add_timeout (self->context->clock, STOP_TICK_MSEC, stop_tick_cb, self);
  self->handler->stopping (self, self->user_data);
}

static void
exited_cb (TroupeKeeper *keeper, TroupeRun *self)
{
  self->end.status = *troupe_keeper_get_status (keeper);
  self->end.stop_asked = self->asked != TROUPE_ASKED_NOTHING;
  self->end.kill_asked = self->asked == TROUPE_ASKED_KILL;
  self->main_ended = TRUE;
  troupe_run_describe_end (self);
  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  self->backend->exited (self);
  self->handler->exited (self, self->user_data);
}

static void
ended_cb (TroupeKeeper *keeper, TroupeRun *self)
{
  /* The end of the main process is told as it was then; stopping the rest does not change it. */
  if (!self->main_ended)
    exited_cb (keeper, self);
  troupe_run_finish (self);
}

static void
lost_cb (TroupeKeeper *keeper, TroupeRun *self)
{
  self->end.lost = !self->main_ended;
  self->backend->lost (self);
  self->end.stop_asked = self->asked != TROUPE_ASKED_NOTHING;
  if (self->end.status.exit_usec == 0)
    self->end.status.exit_usec = (guint64) troupe_run_get_now_usec (self);
  troupe_run_finish (self);
}

static void
stopping_cb (TroupeKeeper *keeper, guint step, guint remaining, TroupeRun *self)
{
  self->stop_step = step;
  self->stop_remaining = remaining;
  if (self->stop_tick != 0)
    self->handler->stopping (self, self->user_data);
}

void
troupe_run_take_keeper (TroupeRun *self, TroupeKeeper *keeper)
{
  self->keeper = keeper;
  g_signal_connect (keeper, "started", G_CALLBACK (started_cb), self);
  g_signal_connect (keeper, "exited", G_CALLBACK (exited_cb), self);
  g_signal_connect (keeper, "ended", G_CALLBACK (ended_cb), self);
  g_signal_connect (keeper, "lost", G_CALLBACK (lost_cb), self);
  g_signal_connect (keeper, "stopping", G_CALLBACK (stopping_cb), self);
}

/* ---- Launch ---- */

/* For the status file, which has no room for words. */
static int
errno_from_error (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    return EADDRINUSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return EACCES;
  return EIO;
}

static void
troupe_run_fail_launch (TroupeRun *self, const GError *error)
{
  TroupeRunStatus *status = &self->end.status;

  troupe_run_drop_conversation (self);
  status->phase = TROUPE_RUN_FAILED;
  status->launch_stage = TROUPE_LAUNCH_PREPARE;
  status->launch_errno = errno_from_error (error);
  status->exit_usec = status->end_usec = (guint64) troupe_run_get_now_usec (self);
  self->main_ended = TRUE;
  g_free (self->exit_summary);
  self->exit_summary = g_strdup_printf ("Could not start: %s", error->message);
  if (self->journal != NULL)
    {
      /* There is no keeper to write it down. */
      int fd = troupe_run_status_create (self->journal, status);

      if (fd >= 0)
        close (fd);
      troupe_run_note (self, "ended", "summary", self->exit_summary);
    }
}

/* Messages count as what the run says; events alone are few and short. */
static void
troupe_run_open_log (TroupeRun *self)
{
  if (troupe_kind_has_channel (self->definition->kind))
    troupe_activity_log_set_limit (self->log, self->definition->journal_limit_bytes);
  troupe_activity_log_set_dir (self->log, self->journal);
}

char *
troupe_run_dup_identity (TroupeRun *self)
{
  return troupe_worker_launch_dup_identity (self->context->journals_dir, self->owner.project, self->owner.worker,
                                            self->number);
}

gboolean
troupe_run_launch (TroupeRun *self, guint after, const TroupeRestartCount *count)
{
  g_autoptr (GError) error = NULL;

  self->journal = troupe_run_folder_create (self->owner.journals_dir, after, &self->number, &error);
  if (self->journal == NULL)
    {
      self->number = after;
      troupe_run_fail_launch (self, error);
      return FALSE;
    }
  troupe_restart_count_write (count, self->journal);
  troupe_run_open_log (self);
  self->oom_kills_before = troupe_oom_watch_get_kills (self->context->oom_watch);
  if (self->backend->launch (self, &error))
    return TRUE;
  troupe_run_fail_launch (self, error);
  return FALSE;
}

/* ---- Restoring ---- */

static gboolean
was_stopped (const TroupeRunStatus *status)
{
  return status->end_reason == TROUPE_END_STOPPED || status->end_reason == TROUPE_END_KILLED;
}

static void
troupe_run_read_definition (TroupeRun *self)
{
  TroupeProgramDefinition *definition = troupe_worker_launch_read_definition (self->journal, NULL);

  if (definition == NULL)
    return;
  troupe_program_definition_unref (self->definition);
  self->definition = definition;
  self->backend = find_backend (self);
}

void
troupe_run_adopt (TroupeRun *self, guint number, TroupeKeeper *keeper)
{
  self->number = number;
  self->journal = g_strdup (troupe_keeper_get_journal_dir (keeper));
  troupe_run_read_definition (self);
  troupe_run_open_log (self);
  self->end.status = *troupe_keeper_get_status (keeper);
  self->started = self->end.status.phase != TROUPE_RUN_STARTING;
  troupe_run_take_keeper (self, g_object_ref (keeper));
  troupe_run_resume_conversation (self);
  self->backend->adopt (self);
  troupe_run_note (self, "adopted", NULL, NULL);
  if (was_stopped (&self->end.status))
    {
      self->asked = TROUPE_ASKED_STOP;
      self->end.stop_asked = TRUE;
    }
}

void
troupe_run_set_stop (TroupeRun *self, StopPhase phase, guint msec)
{
  TroupeClock *clock = self->context->clock;

  self->stop = phase;
  self->stop_step = 0;
  self->stop_remaining = 0;
  self->stop_deadline_usec = troupe_clock_get_monotonic_usec (clock) + (gint64) msec * 1000;
  g_clear_pointer (&self->readiness, troupe_readiness_stop);
  troupe_clock_clear_timeout (clock, &self->leave_timeout);
}

void
troupe_run_resume (TroupeRun *self)
{
  switch (self->end.status.phase)
    {
    case TROUPE_RUN_STARTING:
      break;
    case TROUPE_RUN_RUNNING:
      if (was_stopped (&self->end.status))
        {
          self->backend->resume_stop (self);
          troupe_run_tell_stopping (self);
        }
      else if (self->asked != TROUPE_ASKED_NOTHING)
        troupe_run_stop (self, self->asked);
      else
        {
          troupe_run_watch_readiness (self);
          troupe_run_catch_up_readiness (self);
        }
      break;
    case TROUPE_RUN_EXITED:
      exited_cb (self->keeper, self);
      break;
    case TROUPE_RUN_ENDED:
    case TROUPE_RUN_FAILED:
      troupe_run_finish (self);
      break;
    }
}

gboolean
troupe_run_restore_end (TroupeRun *self, guint number)
{
  TroupeRunStatus *status = &self->end.status;
  gboolean has_status, is_news;

  self->number = number;
  self->journal = troupe_run_folder_dup_path (self->owner.journals_dir, number);
  troupe_run_read_definition (self);
  has_status = troupe_run_status_read (self->journal, status) == 0;
  is_news = !has_status || status->end_usec == 0;
  self->main_ended = TRUE;
  self->end.stop_asked = was_stopped (status);
  if (!has_status || (status->phase != TROUPE_RUN_ENDED && status->phase != TROUPE_RUN_FAILED))
    {
      gint64 boot_usec = troupe_run_get_now_usec (self) - troupe_clock_get_monotonic_usec (self->context->clock);

      self->end.lost = status->phase != TROUPE_RUN_EXITED;
      self->end.rebooted = self->end.lost && status->start_usec > 0 && (gint64) status->start_usec < boot_usec;
      /* A thread leaves nothing behind that its host does not. */
      if (!self->end.rebooted && !self->backend->is_thread)
        {
          g_autofree char *identity = troupe_run_dup_identity (self);

          troupe_keeper_sweep_orphans (identity);
        }
    }
  if (self->backend->is_thread)
    self->reason = troupe_run_folder_dup_reason (self->journal);
  troupe_run_describe_end (self);
  return is_news;
}

/* ---- Stopping ---- */

void
troupe_run_stop (TroupeRun *self, TroupeAsked asked)
{
  g_return_if_fail (self->keeper != NULL);

  troupe_clock_clear_timeout (self->context->clock, &self->settle_timeout);
  /* An end that has come already was not asked for, but no restart follows it. */
  self->asked = MAX (self->asked, asked);
  self->end.stop_asked = TRUE;
  if (asked == TROUPE_ASKED_KILL)
    self->end.kill_asked = TRUE;
  else if (self->stop != STOP_NONE && self->stop_tick != 0)
    return;
  self->backend->stop (self, asked);
  troupe_run_tell_stopping (self);
}

void
troupe_run_clear_up (TroupeRun *self)
{
  self->backend->clear_up (self);
}

char *
troupe_run_dup_stop_words (TroupeRun *self)
{
  return self->backend->dup_stop_words (self);
}

void
troupe_run_signal (TroupeRun *self, int signal_number, TroupeSignalScope scope)
{
  self->backend->signal (self, signal_number, scope);
}

/* ---- Getters ---- */

gboolean
troupe_run_is_alive (TroupeRun *self)
{
  return self->keeper != NULL;
}

gboolean
troupe_run_is_started (TroupeRun *self)
{
  return self->started;
}

gboolean
troupe_run_is_stopping (TroupeRun *self)
{
  return self->stop != STOP_NONE;
}

gboolean
troupe_run_has_exited (TroupeRun *self)
{
  return self->main_ended;
}

TroupeAsked
troupe_run_get_asked (TroupeRun *self)
{
  return self->asked;
}

guint
troupe_run_get_number (TroupeRun *self)
{
  return self->number;
}

TroupeProgramDefinition *
troupe_run_get_definition (TroupeRun *self)
{
  return self->definition;
}

const TroupeRunEnd *
troupe_run_get_end (TroupeRun *self)
{
  return &self->end;
}

const char *
troupe_run_get_journal (TroupeRun *self)
{
  return self->journal != NULL ? self->journal : "";
}

const char *
troupe_run_get_exit_signal (TroupeRun *self)
{
  return self->exit_signal != NULL ? self->exit_signal : "";
}

const char *
troupe_run_get_exit_summary (TroupeRun *self)
{
  return self->exit_summary != NULL ? self->exit_summary : "";
}

TroupeActivityLog *
troupe_run_get_log (TroupeRun *self)
{
  return self->log;
}

TroupeKeeper *
troupe_run_get_keeper (TroupeRun *self)
{
  return self->keeper;
}

gboolean
troupe_run_is_thread (TroupeRun *self)
{
  return self->backend->is_thread;
}

TroupeConversation *
troupe_run_get_conversation (TroupeRun *self)
{
  return self->conversation;
}
