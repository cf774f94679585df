/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run. What its keeper says arrives in the _cb functions of the keeper, what the worker's program says in
 * those of the conversation, and every end goes through troupe_run_finish (). */

#include "config.h"

#include "supervisor/run.h"

#include "supervisor/exit-words.h"
#include "supervisor/readiness.h"
#include "supervisor/run-folder.h"
#include "supervisor/worker-launch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A main process has ended and this much later others of its run are still there: say so, and
 * look again from time to time. */
#define SETTLE_MSEC 100
#define RECOUNT_MSEC 5000

/* How often the words about a stop under way are told anew. */
#define STOP_TICK_MSEC 1000

#define OOM_KILLS_UNKNOWN G_MAXUINT64

/* What a keeper holds for the next engine: our end of the channel. */
#define KEPT_CHANNEL "channel"
/* And what that is in the middle of (ipc/channel-state.h). */
#define KEPT_CHANNEL_STATE "channel-state"

typedef enum
{
  STOP_NONE,
  STOP_LEAVING, /* a member of a cluster was asked to leave */
  STOP_KEEPER,  /* the keeper was told to end the whole tree */
} StopPhase;

struct _TroupeRun
{
  const TroupeWorkerContext *context;
  TroupeRunOwner owner;
  const TroupeRunHandler *handler;
  gpointer user_data;
  TroupeProgramDefinition *definition; /* (owned): what it was launched with */

  guint number;
  char *journal;        /* (nullable) */
  TroupeKeeper *keeper; /* (owned) (nullable): while something of it lives */
  GStrv environment;    /* (nullable): while the keeper is there */
  TroupeRunEnd end;     /* its status is what was last heard; the rest fills as it ends */
  TroupeAsked asked;
  gboolean started, main_ended;
  guint64 oom_kills_before;
  char *exit_signal;    /* (nullable) */
  char *exit_summary;   /* (nullable) */
  char *listen_problem; /* (nullable): why it could not have an address */
  guint settle_timeout;
  TroupeReadiness *readiness;       /* (owned) (nullable) */
  TroupeConversation *conversation; /* (owned) (nullable): from launch to end, for kinds with a channel */
  TroupeGroupMember *member;        /* (owned) (nullable): likewise, of a cluster */
  gboolean said_ready;              /* its ready message came before it counted as running */
  TroupeActivityLog *log;           /* (owned) */

  /* A stop under way. */
  StopPhase stop;
  guint stop_tick, leave_timeout;
  guint stop_step, stop_remaining;
  gint64 stop_deadline_usec; /* monotonic */
};

static gint64
now_usec (TroupeRun *self)
{
  return troupe_clock_get_real_usec (self->context->clock);
}

void
troupe_run_note (TroupeRun *self, const char *event, const char *key, const char *value)
{
  troupe_activity_log_write (self->log, now_usec (self), event, key, value, NULL);
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

/* The channel goes after the member that speaks over it. */
static void
troupe_run_drop_conversation (TroupeRun *self)
{
  g_clear_pointer (&self->member, troupe_group_member_free);
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
    .program = definition->argv != NULL ? definition->argv[0] : NULL,
    .cwd = definition->cwd,
    .is_shell = definition->kind == TROUPE_KIND_EXEC,
    .stop_signal = definition->stop_signal,
    .grace_msec = definition->grace_msec,
    .timeout_msec = definition->timeout_msec,
    .max_buffer_bytes = definition->max_buffer_bytes,
    .listen_problem = self->listen_problem,
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
  g_clear_pointer (&self->member, troupe_group_member_free);
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

  if (self->definition->ready == TROUPE_READY_NONE || self->readiness != NULL)
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

  if (self->member != NULL)
    troupe_group_member_leave (self->member);
  if (self->keeper != NULL)
    troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL, -1);
  self->handler->drained (self, self->user_data);
  self->handler->changed (self, self->user_data);
}

static const TroupeConversationHandler conversation_handler = {
  .received = received_cb,
  .drained = drained_cb,
  .cluster = cluster_cb,
  .closed = closed_cb,
};

/* Takes FD, our end of the run's channel, and STATE. */
static gboolean
troupe_run_converse (TroupeRun *self, int fd, TroupeChannelState *state, GError **error)
{
  self->conversation = troupe_conversation_new (self->context->reactor, fd, state, self->log, self->context->clock,
                                                &conversation_handler, self, error);
  return self->conversation != NULL;
}

/* Gives the keeper what the next engine needs to go on with the channel. */
static void
troupe_run_keep_channel (TroupeRun *self)
{
  TroupeChannelState *state = troupe_conversation_get_state (self->conversation);

  troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL, troupe_conversation_peek_fd (self->conversation));
  if (state != NULL)
    troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL_STATE, troupe_channel_state_peek_fd (state));
}

/* The last engine's end of the channel, with what was said meanwhile waiting in it. */
static void
troupe_run_resume_conversation (TroupeRun *self)
{
  g_autoptr (GError) error = NULL;
  int fd = troupe_keeper_steal_kept_fd (self->keeper, KEPT_CHANNEL);
  int state_fd = fd >= 0 ? troupe_keeper_steal_kept_fd (self->keeper, KEPT_CHANNEL_STATE) : -1;
  TroupeChannelState *state = state_fd >= 0 ? troupe_channel_state_new (state_fd) : NULL;

  if (fd >= 0 && !troupe_run_converse (self, fd, state, &error))
    g_debug ("%s/%s: its channel is lost: %s", self->owner.project, self->owner.worker, error->message);
}

void
troupe_run_disconnect (TroupeRun *self)
{
  if (self->member != NULL)
    troupe_group_member_leave (self->member);
  troupe_conversation_disconnect (self->conversation);
  /* While the keeper holds a copy the worker would see no end. */
  if (self->keeper != NULL)
    troupe_keeper_keep_fd (self->keeper, KEPT_CHANNEL, -1);
  self->handler->changed (self, self->user_data);
}

/* ---- The group ---- */

static void
listening_cb (TroupeGroupMember *member, const char *address, gpointer user_data)
{
  TroupeRun *self = user_data;

  troupe_run_note (self, "listening", "address", address);
  if (self->readiness != NULL)
    troupe_readiness_serve (self->readiness, address);
  else if (self->started && self->definition->ready == TROUPE_READY_LISTENING)
    {
      /* Again, after it had closed all its servers. */
      g_autofree char *how = g_strdup_printf ("listens on %s", address);

      self->handler->ready (self, how, self->user_data);
    }
  self->handler->changed (self, self->user_data);
}

static void
unlistening_cb (TroupeGroupMember *member, const char *address, gpointer user_data)
{
  TroupeRun *self = user_data;

  troupe_run_note (self, "listening-ended", "address", address);
  if (troupe_group_member_get_addresses (member)->len == 0 && self->stop == STOP_NONE
      && self->definition->ready == TROUPE_READY_LISTENING)
    self->handler->unready (self, "it does not listen any more", self->user_data);
  self->handler->changed (self, self->user_data);
}

static void
listen_failed_cb (TroupeGroupMember *member, const char *problem, gpointer user_data)
{
  TroupeRun *self = user_data;

  g_free (self->listen_problem);
  self->listen_problem = g_strdup (problem);
  troupe_run_note (self, "listen-failed", "problem", problem);
  self->handler->late (self, problem, self->user_data);
}

static const TroupeGroupMemberHandler member_handler = {
  .listening = listening_cb,
  .unlistening = unlistening_cb,
  .listen_failed = listen_failed_cb,
};

static void
troupe_run_enter_group (TroupeRun *self, TroupeWorkerGroup *group, const char *identity)
{
  self->member = troupe_group_member_new (group, identity, &member_handler, self);
  if (self->conversation != NULL && troupe_program_definition_is_node (self->definition))
    troupe_group_member_join (self->member, troupe_conversation_get_channel (self->conversation));
}

GStrv
troupe_run_dup_addresses (TroupeRun *self)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  GPtrArray *served = self->member != NULL ? troupe_group_member_get_addresses (self->member) : NULL;

  /* Another program than Node has the sockets of listen= from the start. */
  if (self->member != NULL && self->started && !self->main_ended
      && !troupe_program_definition_is_node (self->definition))
    return troupe_worker_group_dup_bound_addresses (troupe_group_member_get_group (self->member));
  for (guint i = 0; served != NULL && i < served->len; i++)
    g_ptr_array_add (addresses, g_strdup (g_ptr_array_index (served, i)));
  g_ptr_array_add (addresses, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&addresses), FALSE);
}

guint64
troupe_run_get_connections (TroupeRun *self)
{
  return self->member != NULL ? troupe_group_member_get_connections (self->member) : 0;
}

/* ---- The keeper ---- */

static void
started_cb (TroupeKeeper *keeper, TroupeRun *self)
{
  self->end.status = *troupe_keeper_get_status (keeper);
  if (self->stop == STOP_NONE)
    troupe_run_watch_readiness (self);
  self->started = TRUE;
  self->handler->started (self, self->user_data);
  troupe_run_catch_up_readiness (self);
}

static gboolean
stop_tick_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  self->handler->stopping (self, self->user_data);
  return G_SOURCE_CONTINUE;
}

/* From now on it is told how the stop goes on. */
static void
troupe_run_tell_stopping (TroupeRun *self)
{
  if (self->stop_tick == 0)
    self->stop_tick = troupe_clock_add_timeout (self->context->clock, STOP_TICK_MSEC, stop_tick_cb, self);
  self->handler->stopping (self, self->user_data);
}

static gboolean
settled_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  self->settle_timeout = 0;
  if (self->stop != STOP_NONE)
    {
      troupe_run_tell_stopping (self);
      return G_SOURCE_REMOVE;
    }
  self->settle_timeout = troupe_clock_add_timeout (self->context->clock, RECOUNT_MSEC, settled_cb, self);
  self->handler->lingers (self, self->user_data);
  return G_SOURCE_REMOVE;
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
  /* A member that was asked to leave has done so; the rest of its tree goes the usual way. */
  if (self->stop == STOP_LEAVING)
    troupe_run_clear_up (self);
  /* Mostly nothing is left, and "ended" comes right behind; then this says nothing. */
  else if (self->end.status.phase != TROUPE_RUN_FAILED && self->stop == STOP_NONE)
    self->settle_timeout = troupe_clock_add_timeout (self->context->clock, SETTLE_MSEC, settled_cb, self);
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
  self->end.stop_asked = self->asked != TROUPE_ASKED_NOTHING;
  if (self->end.status.exit_usec == 0)
    self->end.status.exit_usec = (guint64) now_usec (self);
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

static void
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
  status->exit_usec = status->end_usec = (guint64) now_usec (self);
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

static char *
troupe_run_dup_identity (TroupeRun *self)
{
  return troupe_worker_launch_dup_identity (self->context->journals_dir, self->owner.project, self->owner.worker,
                                            self->number);
}

/* Returns: (transfer full), NULL with error set. */
static TroupeKeeper *
troupe_run_start_keeper (TroupeRun *self, TroupeWorkerGroup *group, GError **error)
{
  g_autofree char *identity = troupe_run_dup_identity (self), *fd_names = NULL;
  TroupeLaunchPlace place = {
    .journals_dir = self->context->journals_dir,
    .project = self->owner.project,
    .worker = self->owner.worker,
    .instance = self->owner.instance,
    .run = self->number,
    .journal_dir = self->journal,
    .channel_fd = -1,
  };
  TroupeKeeper *keeper;
  int ours;

  if (group != NULL && !troupe_worker_group_open (group, self->definition, error))
    return NULL;
  if (troupe_kind_has_channel (self->definition->kind)
      && (!troupe_channel_socketpair (&ours, &place.channel_fd, error)
          || !troupe_run_converse (self, ours, troupe_channel_state_new (-1), error)))
    {
      if (place.channel_fd >= 0)
        close (place.channel_fd);
      return NULL;
    }
  if (group != NULL)
    {
      GArray *fds = troupe_worker_group_get_fds (group);

      troupe_run_enter_group (self, group, identity);
      fd_names = troupe_worker_group_dup_fd_names (group);
      place.listen_fds = (const int *) (void *) fds->data;
      place.n_listen_fds = fds->len;
      place.listen_fd_names = fd_names;
      place.unique_id = troupe_program_definition_is_node (self->definition)
                            ? troupe_group_member_get_id (self->member)
                            : 0;
    }
  keeper = troupe_worker_launch (self->context->pool, self->definition, &place, &self->environment, error);
  if (place.channel_fd >= 0)
    close (place.channel_fd);
  return keeper;
}

gboolean
troupe_run_launch (TroupeRun *self, guint after, TroupeWorkerGroup *group)
{
  g_autoptr (GError) error = NULL;
  TroupeKeeper *keeper;

  self->journal = troupe_run_folder_create (self->owner.journals_dir, after, &self->number, &error);
  if (self->journal == NULL)
    {
      self->number = after;
      troupe_run_fail_launch (self, error);
      return FALSE;
    }
  troupe_run_open_log (self);
  self->oom_kills_before = troupe_oom_watch_get_kills (self->context->oom_watch);
  keeper = troupe_run_start_keeper (self, group, &error);
  if (keeper == NULL)
    {
      troupe_run_fail_launch (self, error);
      return FALSE;
    }
  troupe_run_take_keeper (self, keeper);
  if (self->conversation != NULL)
    troupe_run_keep_channel (self);
  if (self->member != NULL)
    troupe_group_member_set_keeper (self->member, keeper);
  return TRUE;
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
}

void
troupe_run_adopt (TroupeRun *self, guint number, TroupeKeeper *keeper, TroupeWorkerGroup *group)
{
  self->number = number;
  self->journal = g_strdup (troupe_keeper_get_journal_dir (keeper));
  troupe_run_read_definition (self);
  troupe_run_open_log (self);
  self->end.status = *troupe_keeper_get_status (keeper);
  self->started = self->end.status.phase != TROUPE_RUN_STARTING;
  troupe_run_take_keeper (self, g_object_ref (keeper));
  troupe_run_resume_conversation (self);
  if (group != NULL)
    {
      troupe_run_enter_group (self, group, troupe_keeper_get_identity (keeper));
      troupe_group_member_set_keeper (self->member, keeper);
    }
  troupe_run_note (self, "adopted", NULL, NULL);
  if (was_stopped (&self->end.status)
      || (self->member != NULL && troupe_group_member_was_disconnected (self->member)))
    {
      self->asked = TROUPE_ASKED_STOP;
      self->end.stop_asked = TRUE;
    }
}

static void
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
          /* The keeper carries on with it. */
          troupe_run_set_stop (self, STOP_KEEPER, self->definition->grace_msec);
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
      gint64 boot_usec = now_usec (self) - troupe_clock_get_monotonic_usec (self->context->clock);

      self->end.lost = status->phase != TROUPE_RUN_EXITED;
      self->end.rebooted = self->end.lost && status->start_usec > 0 && (gint64) status->start_usec < boot_usec;
      if (!self->end.rebooted)
        {
          g_autofree char *identity = troupe_run_dup_identity (self);

          troupe_keeper_sweep_orphans (identity);
        }
    }
  troupe_run_describe_end (self);
  return is_news;
}

/* ---- Stopping ---- */

/* The keeper ends the whole tree: signal, grace, kill. */
static void
troupe_run_tell_keeper (TroupeRun *self, guint grace_msec)
{
  troupe_run_set_stop (self, STOP_KEEPER, grace_msec);
  troupe_keeper_stop (self->keeper, self->definition->stop_signal, grace_msec);
}

static guint
get_leave_msec (TroupeRun *self)
{
  return self->definition->grace_msec / 4 * 3;
}

static gboolean
leave_over_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  self->leave_timeout = 0;
  troupe_run_tell_keeper (self, self->definition->grace_msec - get_leave_msec (self));
  troupe_run_tell_stopping (self);
  return G_SOURCE_REMOVE;
}

void
troupe_run_stop (TroupeRun *self, TroupeAsked asked)
{
  g_return_if_fail (self->keeper != NULL);

  troupe_clock_clear_timeout (self->context->clock, &self->settle_timeout);
  /* An end that has come already was not asked for, but no restart follows it. */
  self->asked = MAX (self->asked, asked);
  self->end.stop_asked = TRUE;
  if (asked == TROUPE_ASKED_KILL)
    {
      self->end.kill_asked = TRUE;
      troupe_run_set_stop (self, STOP_KEEPER, 0);
      troupe_keeper_kill (self->keeper);
    }
  else if (self->stop != STOP_NONE && self->stop_tick != 0)
    return;
  else if (!self->main_ended && self->member != NULL && troupe_group_member_disconnect (self->member))
    {
      troupe_run_set_stop (self, STOP_LEAVING, get_leave_msec (self));
      self->leave_timeout
          = troupe_clock_add_timeout (self->context->clock, get_leave_msec (self), leave_over_cb, self);
    }
  else
    troupe_run_tell_keeper (self, self->definition->grace_msec);
  troupe_run_tell_stopping (self);
}

void
troupe_run_clear_up (TroupeRun *self)
{
  troupe_run_tell_keeper (self, self->definition->grace_msec);
}

char *
troupe_run_dup_stop_words (TroupeRun *self)
{
  g_autofree char *signal_name = troupe_signal_dup_name (self->definition->stop_signal);
  g_autofree char *whom = NULL;
  gint64 left_usec = self->stop_deadline_usec - troupe_clock_get_monotonic_usec (self->context->clock);
  gint64 left_seconds = (MAX (left_usec, 0) + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;

  if (signal_name == NULL)
    signal_name = g_strdup_printf ("signal %d", self->definition->stop_signal);
  if (self->stop == STOP_LEAVING)
    return g_strdup_printf ("asked to leave, finishes what it serves; %s in %" G_GINT64_FORMAT " s", signal_name,
                            left_seconds);
  whom = self->stop_remaining > 0 ? troupe_exit_words_dup_processes (self->stop_remaining) : g_strdup ("it");
  if (self->stop_step > 0 || self->asked == TROUPE_ASKED_KILL)
    return g_strdup_printf ("SIGKILL sent, waiting for %s", whom);
  if (left_usec > 0)
    return g_strdup_printf ("%s sent, waiting for %s; SIGKILL in %" G_GINT64_FORMAT " s", signal_name, whom,
                            left_seconds);
  return g_strdup_printf ("waiting for %s; SIGKILL is next", whom);
}

void
troupe_run_signal (TroupeRun *self, int signal_number, TroupeSignalScope scope)
{
  self->end.asked_signal = signal_number;
  troupe_keeper_signal (self->keeper, signal_number, scope);
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

TroupeConversation *
troupe_run_get_conversation (TroupeRun *self)
{
  return self->conversation;
}
