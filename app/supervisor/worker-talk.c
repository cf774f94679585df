/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What is said to the run of a worker: signals, input, messages. */

#include "config.h"

#include "supervisor/worker-private.h"

#include "base/error.h"

static gboolean
troupe_worker_check_run (TroupeWorker *self, GError **error)
{
  if (troupe_run_is_alive (self->current))
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

const char *
troupe_worker_get_signal_problem (TroupeWorker *self)
{
  return troupe_worker_is_thread (self) ? "a thread takes no signals; they go to its host process" : "";
}

char *
troupe_worker_dup_kill_warning (TroupeWorker *self)
{
  char *warning = troupe_run_dup_kill_warning (self->current);

  return warning != NULL ? warning : g_strdup ("");
}

gboolean
troupe_worker_signal (TroupeWorker *self, int signal_number, TroupeSignalScope scope, GError **error)
{
  g_autofree char *name = troupe_signal_dup_name (signal_number);

  if (troupe_worker_is_thread (self))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s/%s: %s", self->project, self->name,
                   troupe_worker_get_signal_problem (self));
      return FALSE;
    }
  if (!troupe_worker_check_run (self, error))
    return FALSE;
  if (scope == TROUPE_SIGNAL_LEADER && troupe_run_has_exited (self->current))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                   "The main process of %s/%s has ended; signal its group or its tree", self->project, self->name);
      return FALSE;
    }
  troupe_activity_log_write (troupe_run_get_log (self->current), troupe_clock_get_real_usec (self->context->clock),
                             "signal", "signal", name, "scope", scope_to_string (scope), NULL);
  troupe_run_signal (self->current, signal_number, scope);
  return TRUE;
}

gboolean
troupe_worker_close_input (TroupeWorker *self, GError **error)
{
  if (!troupe_worker_check_run (self, error))
    return FALSE;
  troupe_run_note (self->current, "input-closed", NULL, NULL);
  troupe_keeper_close_input (troupe_run_get_keeper (self->current));
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
  troupe_keeper_input_async (troupe_run_get_keeper (self->current), bytes, input_cb, g_steal_pointer (&task));
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
  troupe_keeper_open_input_async (troupe_run_get_keeper (self->current), open_input_cb, g_steal_pointer (&task));
}

int
troupe_worker_open_input_finish (TroupeWorker *self, GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

static gboolean
troupe_worker_check_channel (TroupeWorker *self, GError **error)
{
  TroupeConversation *conversation = troupe_run_get_conversation (self->current);
  TroupeKind kind = troupe_worker_get_run_definition (self)->kind;

  if (!troupe_kind_has_channel (kind))
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                 "%s/%s is a %s; only kinds fork, cluster and threads have a channel for messages", self->project,
                 self->name, troupe_kind_to_string (kind));
  else if (troupe_worker_is_host (self))
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                 "%s/%s hosts threads; messages go to one of them", self->project, self->name);
  else if (conversation == NULL)
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s/%s is %s; it has no channel", self->project,
                 self->name, troupe_state_to_string (self->state));
  else if (!troupe_conversation_is_open (conversation))
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
         && troupe_conversation_send (troupe_run_get_conversation (self->current), text, length, sender, error);
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
  troupe_conversation_request_async (troupe_run_get_conversation (self->current), text, length, timeout_msec,
                                     cancellable, request_cb, g_steal_pointer (&task));
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
  troupe_run_disconnect (self->current);
  return TRUE;
}

void
troupe_worker_set_listening (TroupeWorker *self, gboolean listening)
{
  TroupeConversation *conversation = troupe_run_get_conversation (self->current);

  if (conversation != NULL)
    troupe_conversation_set_listening (conversation, listening);
}

gboolean
troupe_worker_has_open_channel (TroupeWorker *self)
{
  TroupeConversation *conversation = troupe_run_get_conversation (self->current);

  return conversation != NULL && troupe_conversation_is_open (conversation);
}

const char *
troupe_worker_get_channel (TroupeWorker *self)
{
  if (troupe_worker_get_run (self) == 0 || troupe_worker_is_host (self)
      || !troupe_kind_has_channel (troupe_worker_get_run_definition (self)->kind))
    return "";
  return troupe_worker_has_open_channel (self) ? "open" : "closed";
}

GStrv
troupe_worker_dup_addresses (TroupeWorker *self)
{
  return troupe_run_dup_addresses (self->current);
}

guint64
troupe_worker_get_connections (TroupeWorker *self)
{
  return troupe_run_get_connections (self->current);
}

void
troupe_worker_note (TroupeWorker *self, const char *event, const char *key, const char *value)
{
  troupe_run_note (self->current, event, key, value);
}
