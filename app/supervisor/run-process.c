/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run that is a process of its own, with all that it starts. Its keeper starts, signals and ends it. */

#include "config.h"

#include "supervisor/run-private.h"

#include "supervisor/exit-words.h"
#include "supervisor/worker-launch.h"

#include <unistd.h>

/* A main process has ended and this much later others of its run are still there: say so, and
 * look again from time to time. */
#define SETTLE_MSEC 100
#define RECOUNT_MSEC 5000

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

/* The cluster that it is launched into. */
static TroupeWorkerGroup *
get_cluster (TroupeRun *self)
{
  return self->definition->kind == TROUPE_KIND_CLUSTER ? self->owner.cluster : NULL;
}

gboolean
troupe_run_launch_process (TroupeRun *self, const char *const *argv, int channel_fd, GError **error)
{
  g_autofree char *identity = troupe_run_dup_identity (self), *fd_names = NULL;
  TroupeWorkerGroup *cluster = get_cluster (self);
  TroupeLaunchPlace place = {
    .journals_dir = self->context->journals_dir,
    .project = self->owner.project,
    .worker = self->owner.worker,
    .instance = self->owner.instance,
    .run = self->number,
    .journal_dir = self->journal,
    .host_argv = argv,
    .channel_fd = channel_fd,
  };
  TroupeKeeper *keeper;

  if (cluster != NULL)
    {
      GArray *fds = troupe_worker_group_get_fds (cluster);

      troupe_run_enter_group (self, identity);
      fd_names = troupe_worker_group_dup_fd_names (cluster);
      place.listen_fds = (const int *) (void *) fds->data;
      place.n_listen_fds = fds->len;
      place.listen_fd_names = fd_names;
      place.unique_id = troupe_program_definition_is_node (self->definition)
                            ? troupe_group_member_get_id (self->member)
                            : 0;
    }
  keeper = troupe_worker_launch (self->context->pool, self->definition, &place, &self->environment, error);
  if (keeper == NULL)
    return FALSE;
  troupe_run_take_keeper (self, keeper);
  return TRUE;
}

/* Makes the channel. *THEIRS: its other end, or -1 for a kind without. */
static gboolean
open_channel (TroupeRun *self, int *theirs, GError **error)
{
  int ours;

  *theirs = -1;
  return !troupe_kind_has_channel (self->definition->kind)
         || (troupe_channel_socketpair (&ours, theirs, error)
             && troupe_run_converse (self, ours, troupe_channel_state_new (-1), error));
}

static gboolean
process_launch (TroupeRun *self, GError **error)
{
  TroupeWorkerGroup *cluster = get_cluster (self);
  gboolean is_launched;
  int theirs = -1;

  is_launched = (cluster == NULL || troupe_worker_group_open (cluster, self->definition, error))
                && open_channel (self, &theirs, error) && troupe_run_launch_process (self, NULL, theirs, error);
  if (theirs >= 0)
    close (theirs);
  if (!is_launched)
    return FALSE;
  if (self->conversation != NULL)
    troupe_run_keep_channel (self);
  if (self->member != NULL)
    troupe_group_member_set_keeper (self->member, self->keeper);
  return TRUE;
}

static void
process_adopt (TroupeRun *self)
{
  if (get_cluster (self) == NULL)
    return;
  troupe_run_enter_group (self, troupe_keeper_get_identity (self->keeper));
  troupe_group_member_set_keeper (self->member, self->keeper);
  if (troupe_group_member_was_disconnected (self->member))
    {
      self->asked = TROUPE_ASKED_STOP;
      self->end.stop_asked = TRUE;
    }
}

static void
process_started (TroupeRun *self)
{
  troupe_run_set_started (self);
}

/* The keeper ends the whole tree: signal, grace, kill. */
static void
tell_keeper (TroupeRun *self, guint grace_msec)
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
  tell_keeper (self, self->definition->grace_msec - get_leave_msec (self));
  troupe_run_tell_stopping (self);
  return G_SOURCE_REMOVE;
}

void
troupe_run_process_exited (TroupeRun *self)
{
  /* A member that was asked to leave has done so; the rest of its tree goes the usual way. */
  if (self->stop == STOP_LEAVING)
    tell_keeper (self, self->definition->grace_msec);
  /* Mostly nothing is left, and "ended" comes right behind; then this says nothing. */
  else if (self->end.status.phase != TROUPE_RUN_FAILED && self->stop == STOP_NONE)
    self->settle_timeout = troupe_clock_add_timeout (self->context->clock, SETTLE_MSEC, settled_cb, self);
}

static void
process_lost (TroupeRun *self)
{
}

static void
process_leave (TroupeRun *self)
{
  if (self->member != NULL)
    troupe_group_member_leave (self->member);
}

static void
process_release (TroupeRun *self)
{
  g_clear_pointer (&self->member, troupe_group_member_free);
}

static gboolean
process_ask_to_leave (TroupeRun *self)
{
  return self->member != NULL && troupe_group_member_disconnect (self->member);
}

void
troupe_run_process_stop (TroupeRun *self, TroupeAsked asked)
{
  if (asked == TROUPE_ASKED_KILL)
    {
      troupe_run_set_stop (self, STOP_KEEPER, 0);
      troupe_keeper_kill (self->keeper);
    }
  else if (!self->main_ended && self->backend->ask_to_leave (self))
    {
      troupe_run_set_stop (self, STOP_LEAVING, get_leave_msec (self));
      self->leave_timeout
          = troupe_clock_add_timeout (self->context->clock, get_leave_msec (self), leave_over_cb, self);
    }
  else
    tell_keeper (self, self->definition->grace_msec);
}

/* The keeper carries on with it. */
void
troupe_run_process_resume_stop (TroupeRun *self)
{
  troupe_run_set_stop (self, STOP_KEEPER, self->definition->grace_msec);
}

void
troupe_run_process_clear_up (TroupeRun *self)
{
  tell_keeper (self, self->definition->grace_msec);
}

char *
troupe_run_process_dup_stop_words (TroupeRun *self)
{
  g_autofree char *signal_name = troupe_signal_dup_name (self->definition->stop_signal);
  g_autofree char *whom = NULL;
  gint64 left_usec = self->stop_deadline_usec - troupe_clock_get_monotonic_usec (self->context->clock);
  gint64 left_seconds = (MAX (left_usec, 0) + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;

  if (signal_name == NULL)
    signal_name = g_strdup_printf ("signal %d", self->definition->stop_signal);
  if (self->stop == STOP_LEAVING)
    return g_strdup_printf ("%s; %s in %" G_GINT64_FORMAT " s", self->backend->leaving_words, signal_name,
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
troupe_run_process_signal (TroupeRun *self, int signal_number, TroupeSignalScope scope)
{
  self->end.asked_signal = signal_number;
  troupe_keeper_signal (self->keeper, signal_number, scope);
}

const TroupeRunBackend troupe_run_process = {
  .launch = process_launch,
  .adopt = process_adopt,
  .started = process_started,
  .exited = troupe_run_process_exited,
  .leave = process_leave,
  .release = process_release,
  .lost = process_lost,
  .stop = troupe_run_process_stop,
  .ask_to_leave = process_ask_to_leave,
  .leaving_words = "asked to leave, finishes what it serves",
  .resume_stop = troupe_run_process_resume_stop,
  .clear_up = troupe_run_process_clear_up,
  .dup_stop_words = troupe_run_process_dup_stop_words,
  .signal = troupe_run_process_signal,
};
