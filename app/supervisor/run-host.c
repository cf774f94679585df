/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run that hosts the threads of a program: a process like others, but its channel carries orders for
 * the group of threads (thread-group.h), none of it messages of a user's. */

#include "config.h"

#include "supervisor/run-private.h"

#include "base/paths.h"

#include <unistd.h>

/* A host that closed its channel and has not ended by then will not do any more what it is for. */
#define CLOSED_MSEC 2000

#define NATIVE_HOST "troupe-thread-host"

static void
ready_cb (const char *runtime, gpointer user_data)
{
  TroupeRun *self = user_data;
  g_autofree char *how = runtime[0] != '\0' ? g_strdup_printf ("%s takes threads", runtime) : g_strdup ("it takes threads");

  if (runtime[0] != '\0')
    troupe_run_note (self, "host-ready", "runtime", runtime);
  self->handler->ready (self, how, self->user_data);
}

static void
broken_cb (const char *problem, gpointer user_data)
{
  TroupeRun *self = user_data;

  troupe_run_note (self, "host-broken", "problem", problem);
  if (self->keeper != NULL && !self->main_ended)
    troupe_keeper_kill (self->keeper);
}

static gboolean
closed_too_long_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  self->settle_timeout = 0;
  broken_cb ("It closed its channel", self);
  return G_SOURCE_REMOVE;
}

static void
closed_cb (gpointer user_data)
{
  TroupeRun *self = user_data;

  if (self->settle_timeout == 0 && !self->main_ended && self->stop == STOP_NONE)
    self->settle_timeout
        = troupe_clock_add_timeout (self->context->clock, CLOSED_MSEC, closed_too_long_cb, self);
}

static const TroupeThreadHostWatcher watcher = { ready_cb, broken_cb, closed_cb };

const char *
troupe_run_host_get_program (TroupeProgramDefinition *definition)
{
  if (troupe_program_definition_is_native_module (definition))
    return NATIVE_HOST;
  return definition->exec_path != NULL ? definition->exec_path : "node";
}

/* What to execute: Node with our script, or our own host for native modules. */
static GStrv
dup_host_argv (TroupeProgramDefinition *definition)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *host = NULL;

  if (troupe_program_definition_is_native_module (definition))
    {
      host = troupe_paths_dup_program (NATIVE_HOST);
      g_strv_builder_add (builder, host);
      return g_strv_builder_end (builder);
    }
  host = troupe_thread_host_dup_node_script ();
  g_strv_builder_add (builder, troupe_run_host_get_program (definition));
  g_strv_builder_addv (builder, (const char **) definition->exec_argv);
  g_strv_builder_add (builder, host);
  return g_strv_builder_end (builder);
}

static void
keep_channel (TroupeRun *self)
{
  int state_fd = troupe_thread_group_peek_state_fd (self->owner.threads);

  troupe_keeper_keep_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL, troupe_thread_group_peek_fd (self->owner.threads));
  if (state_fd >= 0)
    troupe_keeper_keep_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL_STATE, state_fd);
}

/* Takes FD and STATE (nullable). */
static gboolean
open_group (TroupeRun *self, int fd, TroupeChannelState *state, gboolean is_adopted, GError **error)
{
  self->is_host
      = troupe_thread_group_open (self->owner.threads, fd, state, self->definition->shared_memory_bytes, is_adopted,
                                  &watcher, self, error);
  return self->is_host;
}

static void
drop_group (TroupeRun *self)
{
  if (self->is_host)
    troupe_thread_group_drop (self->owner.threads);
  self->is_host = FALSE;
}

/* Its threads have ended with it. */
static void
close_group (TroupeRun *self)
{
  if (self->is_host)
    troupe_thread_group_close (self->owner.threads, &self->end);
  self->is_host = FALSE;
}

static gboolean
host_launch (TroupeRun *self, GError **error)
{
  g_auto (GStrv) argv = dup_host_argv (self->definition);
  gboolean is_launched;
  int ours, theirs;

  if (!troupe_channel_socketpair (&ours, &theirs, error))
    return FALSE;
  is_launched = open_group (self, ours, troupe_channel_state_new (-1), FALSE, error)
                && troupe_run_launch_process (self, (const char *const *) argv, theirs, error);
  close (theirs);
  if (is_launched)
    keep_channel (self);
  else
    drop_group (self);
  return is_launched;
}

static void
host_adopt (TroupeRun *self)
{
  g_autoptr (GError) error = NULL;
  int fd = troupe_keeper_steal_kept_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL);
  int state_fd = fd >= 0 ? troupe_keeper_steal_kept_fd (self->keeper, TROUPE_RUN_KEPT_CHANNEL_STATE) : -1;
  TroupeChannelState *state = state_fd >= 0 ? troupe_channel_state_new (state_fd) : NULL;

  if (fd < 0)
    broken_cb ("Its channel is lost", self);
  else if (!open_group (self, fd, state, TRUE, &error))
    broken_cb (error->message, self);
  else if (self->end.status.phase != TROUPE_RUN_STARTING)
    troupe_thread_group_set_pid (self->owner.threads, self->end.status.pid);
}

static void
host_started (TroupeRun *self)
{
  troupe_run_set_started (self);
  troupe_thread_group_set_pid (self->owner.threads, self->end.status.pid);
}

static void
host_exited (TroupeRun *self)
{
  troupe_clock_clear_timeout (self->context->clock, &self->settle_timeout);
  close_group (self);
  troupe_run_process_exited (self);
}

static void
host_lost (TroupeRun *self)
{
  close_group (self);
}

static void
host_leave (TroupeRun *self)
{
}

static void
host_release (TroupeRun *self)
{
  /* One that an engine before saw end is closed only here. */
  if (self->keeper == NULL)
    close_group (self);
  else
    drop_group (self);
}

static gboolean
host_ask_to_leave (TroupeRun *self)
{
  return troupe_thread_group_leave (self->owner.threads);
}

const TroupeRunBackend troupe_run_host = {
  .judges_readiness = TRUE,
  .has_own_channel = TRUE,
  .launch = host_launch,
  .adopt = host_adopt,
  .started = host_started,
  .exited = host_exited,
  .lost = host_lost,
  .leave = host_leave,
  .release = host_release,
  .stop = troupe_run_process_stop,
  .ask_to_leave = host_ask_to_leave,
  .leaving_words = "asked to end",
  .resume_stop = troupe_run_process_resume_stop,
  .clear_up = troupe_run_process_clear_up,
  .dup_stop_words = troupe_run_process_dup_stop_words,
  .signal = troupe_run_process_signal,
};
