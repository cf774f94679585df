/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run that is a thread of its program's host process (run-host.c). Its keeper is a sink: it captures the
 * thread's output and starts nothing. That the thread runs and how it ended the host says, by way of the group;
 * the keeper is told of the end, and says in turn when all output is kept. */

#include "config.h"

#include "supervisor/run-private.h"

#include "base/error.h"
#include "sampler/thread-clock.h"
#include "supervisor/run-folder.h"
#include "supervisor/worker-launch.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Marks for the next engine: the thread has come so far as to run; it was asked to stop. */
#define KEPT_ONLINE "online"
#define KEPT_STOPPING "stopping"

/* What a thread says of its progress is a record of the journal no more often than this. */
#define PROGRESS_MSEC 200

/* A CPU-time limit is looked at this long after it may have been reached at the earliest. */
#define CPU_SLACK_MSEC 1

#define N_STREAMS 3
#define N_SOCKETS 4

struct _TroupeRunThread
{
  TroupeThreadMember *member; /* (owned) */
  pid_t tid;                  /* 0: it does not run yet */
  TroupeThreadClock *clock;   /* (owned) (nullable): while it runs */
  guint64 cpu_usec;           /* as last read: when it has ended it is too late */
  gint64 sent_before; /* messages that engines before had sent; -1: not known yet */
  guint cpu_timeout, timeout;
  TroupeEndReason limit; /* the one that it went past */
  gboolean is_ending;    /* its keeper was told how it ended */
  double progress; /* -1: it says nothing */
  char *progress_text; /* (nullable) */
  gint64 progress_told_usec; /* monotonic; 0: never */
  guint progress_timeout;
};

static gboolean
is_native (TroupeRun *self)
{
  return troupe_program_definition_is_native_module (self->definition);
}

/* ---- Its end ---- */

static void
set_reason (TroupeRun *self, const char *reason)
{
  g_autofree char *copy = g_strdup (reason);

  g_free (self->reason);
  self->reason = g_steal_pointer (&copy);
  if (self->reason != NULL)
    troupe_run_folder_write_reason (self->journal, self->reason);
}

static gboolean
tell_progress_cb (gpointer user_data)
{
  TroupeRun *self = user_data;
  TroupeRunThread *thread = self->thread;
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  thread->progress_timeout = 0;
  thread->progress_told_usec = troupe_clock_get_monotonic_usec (self->context->clock);
  troupe_activity_log_write (self->log, troupe_run_get_now_usec (self), "progress", "fraction",
                             thread->progress >= 0 ? g_ascii_formatd (number, sizeof number, "%.3g", thread->progress)
                                                   : NULL,
                             "message", thread->progress_text, NULL);
  self->handler->changed (self, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
clear_limits (TroupeRun *self)
{
  TroupeClock *clock = self->context->clock;

  troupe_clock_clear_timeout (clock, &self->thread->cpu_timeout);
  troupe_clock_clear_timeout (clock, &self->thread->timeout);
  troupe_clock_clear_timeout (clock, &self->leave_timeout);
}

/* Why it ended, when nothing else is known but who wanted it. */
static TroupeEndReason
get_end_reason (TroupeRun *self, TroupeEndReason by_itself)
{
  if (self->asked == TROUPE_ASKED_KILL)
    return TROUPE_END_KILLED;
  if (self->asked == TROUPE_ASKED_STOP)
    return TROUPE_END_STOPPED;
  return self->thread->limit != TROUPE_END_BY_ITSELF ? self->thread->limit : by_itself;
}

static void
read_cpu (TroupeRun *self)
{
  if (self->thread->clock != NULL)
    troupe_thread_clock_read (self->thread->clock, &self->thread->cpu_usec);
}

/* It is over; its keeper keeps what there is still to be read. */
static void
end_thread (TroupeRun *self, int code, int signal_number, TroupeEndReason reason)
{
  TroupeRunThread *thread = self->thread;
  TroupeSinkEnd end = { .exit_code = code, .exit_signal = signal_number, .reason = reason };

  if (thread->is_ending)
    return;
  thread->is_ending = TRUE;
  read_cpu (self);
  g_clear_pointer (&thread->clock, troupe_thread_clock_free);
  thread->tid = 0;
  clear_limits (self);
  if (thread->progress_timeout != 0)
    {
      troupe_clock_clear_timeout (self->context->clock, &thread->progress_timeout);
      tell_progress_cb (self);
    }
  end.user_usec = thread->cpu_usec;
  if (self->keeper != NULL)
    troupe_keeper_end_sink (self->keeper, &end);
}

static void
exited_cb (TroupeThreadMember *member, int code, const char *reason, gpointer user_data)
{
  TroupeRun *self = user_data;
  gboolean is_failed_start = !self->started && reason != NULL && self->asked == TROUPE_ASKED_NOTHING;

  /* What it said of its error says more. */
  if (reason != NULL && self->reason == NULL && self->asked == TROUPE_ASKED_NOTHING
      && self->thread->limit == TROUPE_END_BY_ITSELF)
    set_reason (self, reason);
  end_thread (self, code, 0,
              get_end_reason (self, is_failed_start ? TROUPE_END_NOT_STARTED : TROUPE_END_BY_ITSELF));
}

static void
unknown_cb (TroupeThreadMember *member, gpointer user_data)
{
  TroupeRun *self = user_data;

  self->never_began = !self->started;
  set_reason (self, self->started ? "how is not known, for no engine was there"
                                  : "the engine was gone before it was made");
  end_thread (self, 1, 0, get_end_reason (self, self->started ? TROUPE_END_BY_ITSELF : TROUPE_END_NOT_STARTED));
}

static void
gone_cb (TroupeThreadMember *member, const TroupeRunEnd *host, const char *reason, gpointer user_data)
{
  TroupeRun *self = user_data;
  TroupeEndReason end_reason = get_end_reason (self, TROUPE_END_WITH_HOST);
  int signal_number = host->lost ? SIGKILL : host->status.exit_signal;

  /* The error of the one that did it says more. */
  if (end_reason == TROUPE_END_KILLED || (end_reason == TROUPE_END_WITH_HOST && self->reason == NULL))
    set_reason (self, reason);
  end_thread (self, signal_number != 0 ? -1 : MAX (host->status.exit_code, 0), signal_number, end_reason);
}

/* ---- Limits ---- */

/* It went past LIMIT. */
static void
pass_limit (TroupeRun *self, TroupeEndReason limit, const char *event)
{
  self->thread->limit = limit;
  troupe_run_note (self, event, NULL, NULL);
  clear_limits (self);
  if (self->stop == STOP_NONE)
    self->backend->stop (self, TROUPE_ASKED_NOTHING);
  troupe_run_tell_stopping (self);
}

static gboolean
timeout_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  self->thread->timeout = 0;
  pass_limit (self, TROUPE_END_TIMEOUT, "timeout");
  return G_SOURCE_REMOVE;
}

/* No thread uses more CPU time than passes by the clock, so the next look is due when it would have
 * used up the rest without a pause. */
static gboolean
cpu_limit_cb (gpointer user_data)
{
  TroupeRun *self = user_data;
  TroupeRunThread *thread = self->thread;
  guint64 limit_usec = self->definition->cpu_limit_msec * 1000;

  thread->cpu_timeout = 0;
  if (thread->clock == NULL || !troupe_thread_clock_read (thread->clock, &thread->cpu_usec))
    return G_SOURCE_REMOVE;
  if (thread->cpu_usec >= limit_usec)
    pass_limit (self, TROUPE_END_CPU_TIME, "cpu-time-limit");
  else
    thread->cpu_timeout
        = troupe_clock_add_timeout (self->context->clock,
                                    (guint) ((limit_usec - thread->cpu_usec) / 1000) + CPU_SLACK_MSEC, cpu_limit_cb,
                                    self);
  return G_SOURCE_REMOVE;
}

static void
watch_limits (TroupeRun *self)
{
  TroupeRunThread *thread = self->thread;
  guint64 msec = self->definition->timeout_msec;

  if (msec > 0 && thread->timeout == 0)
    {
      gint64 up_msec = (troupe_run_get_now_usec (self) - (gint64) self->end.status.start_usec) / 1000;

      thread->timeout = troupe_clock_add_timeout (self->context->clock,
                                                  (guint) (msec - (guint64) CLAMP (up_msec, 0, (gint64) msec)),
                                                  timeout_cb, self);
    }
  if (self->definition->cpu_limit_msec > 0 && thread->cpu_timeout == 0)
    cpu_limit_cb (self);
}

/* ---- What it says ---- */

/* Leaves a mark with the keeper: a name with any descriptor. */
static void
mark (TroupeRun *self, const char *name)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  troupe_keeper_keep_fd (self->keeper, name, fd);
  close (fd);
}

static void
online_cb (TroupeThreadMember *member, pid_t tid, gpointer user_data)
{
  TroupeRun *self = user_data;
  TroupeRunThread *thread = self->thread;

  thread->tid = tid;
  if (tid != 0)
    {
      g_clear_pointer (&thread->clock, troupe_thread_clock_free);
      thread->clock = troupe_thread_clock_new (troupe_thread_member_get_host_pid (member), tid);
    }
  if (self->started)
    self->handler->changed (self, self->user_data);
  else
    {
      g_autofree char *number = g_strdup_printf ("%d", (int) tid);

      /* The keeper's own word may still be on its way. */
      if (self->end.status.start_usec == 0)
        {
          self->end.status.start_usec = (guint64) troupe_run_get_now_usec (self);
          self->end.status.pid = troupe_thread_member_get_host_pid (member);
        }
      mark (self, KEPT_ONLINE);
      troupe_run_note (self, "online", "tid", number);
      self->end.status.phase = TROUPE_RUN_RUNNING;
      troupe_run_set_started (self);
    }
  if (self->stop == STOP_NONE)
    watch_limits (self);
}

static void
error_cb (TroupeThreadMember *member, const char *summary, const char *detail, gpointer user_data)
{
  TroupeRun *self = user_data;

  read_cpu (self);
  troupe_activity_log_write (self->log, troupe_run_get_now_usec (self), "error", "summary", summary, "stack", detail,
                             NULL);
  if (self->thread->limit == TROUPE_END_BY_ITSELF && self->asked == TROUPE_ASKED_NOTHING)
    set_reason (self, summary);
}

static void
fault_cb (TroupeThreadMember *member, const char *message, gpointer user_data)
{
  troupe_run_note (user_data, "message-fault", "problem", message);
}

static void
log_cb (TroupeThreadMember *member, const char *level, const char *message, gpointer user_data)
{
  TroupeRun *self = user_data;

  troupe_activity_log_write (self->log, troupe_run_get_now_usec (self), "log", "level", level, "message", message,
                             NULL);
}

/* A thread may say so in a tight loop: the last of many counts. */
static void
progress_cb (TroupeThreadMember *member, double fraction, const char *message, gpointer user_data)
{
  TroupeRun *self = user_data;
  TroupeRunThread *thread = self->thread;
  TroupeClock *clock = self->context->clock;
  gint64 since_msec = (troupe_clock_get_monotonic_usec (clock) - thread->progress_told_usec) / 1000;

  thread->progress = fraction;
  if (g_strcmp0 (thread->progress_text, message) != 0)
    {
      g_free (thread->progress_text);
      thread->progress_text = g_strdup (message);
    }
  if (thread->progress_timeout != 0)
    return;
  if (thread->progress_told_usec == 0 || since_msec >= PROGRESS_MSEC)
    tell_progress_cb (self);
  else
    thread->progress_timeout
        = troupe_clock_add_timeout (clock, (guint) (PROGRESS_MSEC - since_msec), tell_progress_cb, self);
}

static void
linked_cb (TroupeThreadMember *member, const char *with, const char *problem, gpointer user_data)
{
  TroupeRun *self = user_data;

  troupe_activity_log_write (self->log, troupe_run_get_now_usec (self), problem != NULL ? "link-failed" : "linked",
                             "with", with, "problem", problem, NULL);
}

static void
unlinked_cb (TroupeThreadMember *member, const char *with, gpointer user_data)
{
  troupe_run_note (user_data, "unlinked", "with", with);
}

static const TroupeThreadMemberHandler member_handler = {
  .online = online_cb,
  .error = error_cb,
  .fault = fault_cb,
  .log = log_cb,
  .progress = progress_cb,
  .linked = linked_cb,
  .unlinked = unlinked_cb,
  .exited = exited_cb,
  .unknown = unknown_cb,
  .gone = gone_cb,
};

/* ---- Launch ---- */

static void
new_thread (TroupeRun *self)
{
  self->thread = g_new0 (TroupeRunThread, 1);
  self->thread->progress = -1;
  self->thread->member = troupe_thread_member_new (self->owner.threads, self->owner.instance, self->owner.worker,
                                                   self->number, &member_handler, self);
}

static void
free_thread (TroupeRun *self)
{
  TroupeRunThread *thread = self->thread;

  if (thread == NULL)
    return;
  clear_limits (self);
  troupe_clock_clear_timeout (self->context->clock, &thread->progress_timeout);
  g_clear_pointer (&thread->member, troupe_thread_member_free);
  g_clear_pointer (&thread->clock, troupe_thread_clock_free);
  g_free (thread->progress_text);
  g_clear_pointer (&self->thread, g_free);
}

static void
close_all (int *fds, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

/* Has the host make the thread, with FDS as its sockets. */
static gboolean
create (TroupeRun *self, const int fds[N_SOCKETS], GError **error)
{
  TroupeProgramDefinition *definition = self->definition;
  g_autofree char *file = troupe_program_definition_dup_module_path (definition);
  g_autofree char *limits = troupe_program_definition_dup_resource_limits (definition);
  TroupeThreadLaunch launch = {
    .file = file,
    .name = self->owner.worker,
    .argv = (const char *const *) definition->argv + 1,
    .worker_data = definition->worker_data,
    .resource_limits = limits,
  };

  self->environment
      = troupe_program_definition_dup_environment (definition, self->owner.worker, self->owner.instance, error);
  if (self->environment == NULL)
    return FALSE;
  if (!definition->share_env)
    launch.envp = (const char *const *) self->environment;
  memcpy (launch.fds, fds, sizeof launch.fds);
  return troupe_thread_member_create (self->thread->member, &launch, error);
}

static gboolean
launch_with (TroupeRun *self, int ours[N_SOCKETS], int theirs[N_SOCKETS], GError **error)
{
  const TroupeLaunchPlace place = {
    .journals_dir = self->context->journals_dir,
    .project = self->owner.project,
    .worker = self->owner.worker,
    .run = self->number,
    .journal_dir = self->journal,
  };
  TroupeKeeper *keeper;
  int channel;

  if (!troupe_keeper_open_sink (ours, theirs, error)
      || !troupe_channel_socketpair (&ours[N_STREAMS], &theirs[N_STREAMS], error))
    return FALSE;
  channel = ours[N_STREAMS];
  ours[N_STREAMS] = -1;
  if (!troupe_run_converse (self, channel, troupe_channel_state_new (-1), error) || !create (self, theirs, error))
    return FALSE;
  keeper = troupe_worker_launch_sink (self->context->pool, self->definition, &place, ours,
                                      troupe_thread_member_get_host_pid (self->thread->member), error);
  if (keeper == NULL)
    {
      troupe_thread_member_terminate (self->thread->member);
      return FALSE;
    }
  troupe_run_take_keeper (self, keeper);
  troupe_run_keep_channel (self);
  return TRUE;
}

static gboolean
thread_launch (TroupeRun *self, GError **error)
{
  int ours[N_SOCKETS] = { -1, -1, -1, -1 }, theirs[N_SOCKETS] = { -1, -1, -1, -1 };
  gboolean is_launched;

  if (!troupe_thread_group_is_ready (self->owner.threads))
    {
      g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "its host process does not run");
      return FALSE;
    }
  new_thread (self);
  is_launched = launch_with (self, ours, theirs, error);
  close_all (ours, N_SOCKETS);
  close_all (theirs, N_SOCKETS);
  return is_launched;
}

static gboolean
steal_mark (TroupeRun *self, const char *name)
{
  int fd = troupe_keeper_steal_kept_fd (self->keeper, name);

  if (fd < 0)
    return FALSE;
  close (fd);
  /* It goes on to count, for the next engine too. */
  mark (self, name);
  return TRUE;
}

static void
thread_adopt (TroupeRun *self)
{
  new_thread (self);
  self->thread->sent_before = -1;
  self->started = steal_mark (self, KEPT_ONLINE);
  troupe_thread_member_adopt (self->thread->member, self->started);
  if (self->end.status.phase == TROUPE_RUN_RUNNING && !self->started)
    self->end.status.phase = TROUPE_RUN_STARTING;
  if (steal_mark (self, KEPT_STOPPING))
    {
      self->asked = TROUPE_ASKED_STOP;
      self->end.stop_asked = TRUE;
    }
  /* The keeper knows already how it ended. */
  if (self->end.status.phase == TROUPE_RUN_EXITED || self->end.status.phase == TROUPE_RUN_ENDED)
    self->thread->is_ending = TRUE;
}

/* The keeper is ready to capture it; that the thread runs is the host's to say. */
static void
thread_started (TroupeRun *self)
{
  self->end.status.phase = self->started ? TROUPE_RUN_RUNNING : TROUPE_RUN_STARTING;
  self->handler->changed (self, self->user_data);
}

static void
thread_exited (TroupeRun *self)
{
}

/* Nobody takes its output any more. */
static void
thread_lost (TroupeRun *self)
{
  if (self->thread != NULL && !self->thread->is_ending)
    troupe_thread_member_terminate (self->thread->member);
}

static void
thread_leave (TroupeRun *self)
{
}

static void
thread_release (TroupeRun *self)
{
  free_thread (self);
}

/* ---- Stopping ---- */

static gboolean
overdue_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  self->leave_timeout = 0;
  if (!is_native (self))
    troupe_thread_member_terminate (self->thread->member);
  troupe_run_set_stop (self, STOP_TERMINATED, 0);
  troupe_thread_member_set_overdue (self->thread->member);
  troupe_run_tell_stopping (self);
  return G_SOURCE_REMOVE;
}

static void
thread_stop (TroupeRun *self, TroupeAsked asked)
{
  guint grace_msec = self->definition->grace_msec;
  gboolean was_terminated = self->stop == STOP_TERMINATED;

  if (self->thread->is_ending)
    return;
  read_cpu (self);
  if (asked != TROUPE_ASKED_NOTHING)
    mark (self, KEPT_STOPPING);
  if (asked == TROUPE_ASKED_KILL)
    {
      troupe_run_set_stop (self, STOP_TERMINATED, grace_msec);
      /* What cannot be ended, or was not by that, goes with its host. */
      if (is_native (self) || was_terminated)
        troupe_thread_member_kill_host (self->thread->member);
      else
        troupe_thread_member_terminate (self->thread->member);
    }
  else
    {
      troupe_run_set_stop (self, STOP_LEAVING, grace_msec);
      troupe_thread_member_stop (self->thread->member);
    }
  troupe_clock_clear_timeout (self->context->clock, &self->leave_timeout);
  self->leave_timeout = troupe_clock_add_timeout (self->context->clock, grace_msec, overdue_cb, self);
}

static void
thread_resume_stop (TroupeRun *self)
{
  thread_stop (self, TROUPE_ASKED_STOP);
}

static void
thread_clear_up (TroupeRun *self)
{
}

static char *
thread_dup_stop_words (TroupeRun *self)
{
  gint64 left_usec = self->stop_deadline_usec - troupe_clock_get_monotonic_usec (self->context->clock);
  gint64 left_seconds = (MAX (left_usec, 0) + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
  g_autofree char *others = NULL, *with = NULL;

  if (self->thread == NULL || self->thread->is_ending)
    return g_strdup ("it has ended, the rest of its output is kept");
  others = troupe_thread_member_dup_others (self->thread->member);
  with = others != NULL ? g_strdup_printf (", and with it %s", others) : g_strdup ("");
  if (self->stop == STOP_LEAVING)
    return is_native (self)
               ? g_strdup_printf ("asked to stop; it has %" G_GINT64_FORMAT " s to do so", left_seconds)
               : g_strdup ("terminated; it ends when the call it is in returns");
  if (is_native (self))
    return g_strdup_printf ("asked to stop and does not; a native thread cannot be ended from outside, but a kill "
                            "ends its host process%s",
                            with);
  return g_strdup_printf ("terminated, but in a call that does not return; a kill now ends its host process%s", with);
}

static void
thread_signal (TroupeRun *self, int signal_number, TroupeSignalScope scope)
{
  g_return_if_reached ();
}

const TroupeRunBackend troupe_run_thread = {
  .is_thread = TRUE,
  .launch = thread_launch,
  .adopt = thread_adopt,
  .started = thread_started,
  .exited = thread_exited,
  .lost = thread_lost,
  .leave = thread_leave,
  .release = thread_release,
  .stop = thread_stop,
  .resume_stop = thread_resume_stop,
  .clear_up = thread_clear_up,
  .dup_stop_words = thread_dup_stop_words,
  .signal = thread_signal,
};

/* ---- For the worker ---- */

pid_t
troupe_run_get_tid (TroupeRun *self)
{
  return self->thread != NULL ? self->thread->tid : 0;
}

/* A thread that computes does not read its socket, and its host does not either: what waits for it is
 * what was sent to it less what it has taken. How much an engine before had sent is concluded from the
 * first figures. */
static gint64
get_queue (TroupeRun *self, const TroupeThreadFigures *figures)
{
  TroupeRunThread *thread = self->thread;
  gint64 n_sent;

  if (figures->taken < 0 || figures->queue < 0 || self->conversation == NULL)
    return figures->queue;
  n_sent = (gint64) troupe_conversation_get_n_sent (self->conversation);
  if (thread->sent_before < 0)
    thread->sent_before = MAX (figures->taken + figures->queue - n_sent, 0);
  return MAX (thread->sent_before + n_sent - figures->taken, 0);
}

gboolean
troupe_run_take_thread_figures (TroupeRun *self, TroupeThreadFigures *figures)
{
  if (self->thread == NULL || !troupe_thread_member_take_figures (self->thread->member, figures))
    return FALSE;
  figures->queue = get_queue (self, figures);
  return TRUE;
}

double
troupe_run_get_progress (TroupeRun *self, const char **text)
{
  *text = self->thread != NULL && self->thread->progress_text != NULL ? self->thread->progress_text : "";
  return self->thread != NULL ? self->thread->progress : -1;
}

char *
troupe_run_dup_kill_warning (TroupeRun *self)
{
  g_autofree char *others = NULL;

  if (self->thread == NULL || self->thread->is_ending || (!is_native (self) && self->stop != STOP_TERMINATED))
    return NULL;
  others = troupe_thread_member_dup_others (self->thread->member);
  return others != NULL ? g_strdup_printf ("ends the host process, and with it %s", others) : NULL;
}

gboolean
troupe_run_ended_with_host (TroupeRun *self)
{
  return self->end.status.end_reason == TROUPE_END_WITH_HOST;
}

gboolean
troupe_run_never_began (TroupeRun *self)
{
  return self->never_began;
}
