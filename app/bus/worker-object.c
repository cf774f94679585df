/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Worker1: one worker on the bus. */

#include "config.h"

#include "bus/server-private.h"

#include "base/error.h"
#include "supervisor/run-history.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

/* Handlers are in the class: two dozen connected signals for each of a thousand workers would cost
 * more than the workers. */
#define TROUPE_TYPE_WORKER_OBJECT (troupe_worker_object_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWorkerObject, troupe_worker_object, TROUPE, WORKER_OBJECT, TroupeBusWorker1Skeleton)

struct _TroupeWorkerObject
{
  TroupeBusWorker1Skeleton parent_instance;

  TroupeServer *server; /* (unowned) */
  TroupeWorker *worker; /* (unowned): it goes with the object */
};

static TroupeWorker *
get_worker (TroupeBusWorker1 *object)
{
  return TROUPE_WORKER_OBJECT (object)->worker;
}

static TroupeServer *
get_server (TroupeBusWorker1 *object)
{
  return TROUPE_WORKER_OBJECT (object)->server;
}

static gboolean
handle_start_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_start_worker (server->engine, get_worker (object), &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_worker1_complete_start (object, invocation);
  return TRUE;
}

static gboolean
handle_stop_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_stop_worker (server->engine, get_worker (object));
  troupe_server_flush (server);
  troupe_bus_worker1_complete_stop (object, invocation);
  return TRUE;
}

static gboolean
handle_restart_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_restart_worker (server->engine, get_worker (object), &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_worker1_complete_restart (object, invocation);
  return TRUE;
}

static gboolean
handle_kill_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_kill_worker (server->engine, get_worker (object));
  troupe_server_flush (server);
  troupe_bus_worker1_complete_kill (object, invocation);
  return TRUE;
}

static gboolean
parse_scope (const char *text, TroupeSignalScope *scope)
{
  static const struct
  {
    const char *name;
    TroupeSignalScope scope;
  } scopes[] = {
    { "", TROUPE_SIGNAL_LEADER },
    { "leader", TROUPE_SIGNAL_LEADER },
    { "group", TROUPE_SIGNAL_GROUP },
    { "tree", TROUPE_SIGNAL_TREE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (scopes); i++)
    if (strcmp (scopes[i].name, text) == 0)
      {
        *scope = scopes[i].scope;
        return TRUE;
      }
  return FALSE;
}

static gboolean
handle_signal_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation, const char *signal_text,
                  const char *scope_text)
{
  TroupeServer *server = get_server (object);
  int signal_number = troupe_signal_from_string (signal_text);
  TroupeSignalScope scope;
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (signal_number == 0)
    error = g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                         "“%s” is no signal; expected a name as SIGHUP or HUP, or a number", signal_text);
  else if (!parse_scope (scope_text, &scope))
    error = g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                         "“%s” is no scope; expected leader, group or tree", scope_text);
  else if (troupe_worker_signal (get_worker (object), signal_number, scope, &error))
    {
      troupe_bus_worker1_complete_signal (object, invocation);
      return TRUE;
    }
  return troupe_server_fail (invocation, error);
}

static void
input_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;

  if (troupe_worker_input_finish (TROUPE_WORKER (source), result, &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_take_error (invocation, error);
}

static gboolean
handle_input_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation, GVariant *bytes)
{
  TroupeServer *server = get_server (object);
  g_autoptr (GBytes) data = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  data = g_variant_get_data_as_bytes (bytes);
  troupe_worker_input_async (get_worker (object), data, input_cb, invocation);
  return TRUE;
}

static gboolean
handle_close_input_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_worker_close_input (get_worker (object), &error))
    return troupe_server_fail (invocation, error);
  troupe_bus_worker1_complete_close_input (object, invocation);
  return TRUE;
}

static void
open_input_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  int fd = troupe_worker_open_input_finish (TROUPE_WORKER (source), result, &error);

  if (fd < 0)
    {
      g_dbus_method_invocation_take_error (invocation, error);
      return;
    }
  /* The list takes the descriptor. */
  fds = g_unix_fd_list_new_from_array (&fd, 1);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0), fds);
}

static gboolean
handle_open_input_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation, GUnixFDList *fds)
{
  TroupeServer *server = get_server (object);
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_worker_open_input_async (get_worker (object), open_input_cb, invocation);
  return TRUE;
}

/* Errors of the channel, in the bus's words. */
static GError *
translate_channel_error (GError *error)
{
  static const struct
  {
    int code;
    gboolean ours;
    int to;
  } translations[] = {
    { G_IO_ERROR_INVALID_DATA, FALSE, G_DBUS_ERROR_INVALID_ARGS },
    { G_IO_ERROR_TIMED_OUT, FALSE, G_DBUS_ERROR_TIMEOUT },
    { G_IO_ERROR_NO_SPACE, TRUE, TROUPE_ERROR_LIMIT },
    { G_IO_ERROR_MESSAGE_TOO_LARGE, TRUE, TROUPE_ERROR_LIMIT },
    { G_IO_ERROR_CLOSED, TRUE, TROUPE_ERROR_WRONG_STATE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (translations); i++)
    if (g_error_matches (error, G_IO_ERROR, translations[i].code))
      {
        error->domain = translations[i].ours ? TROUPE_ERROR : G_DBUS_ERROR;
        error->code = translations[i].to;
        break;
      }
  return error;
}

static gboolean
handle_send_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation, const char *message)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_worker_send (get_worker (object), message, strlen (message), NULL, &error))
    return troupe_server_fail (invocation, translate_channel_error (error));
  troupe_bus_worker1_complete_send (object, invocation);
  return TRUE;
}

static void
request_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  g_autofree char *reply = troupe_worker_request_finish (TROUPE_WORKER (source), result, &error);

  if (reply != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", reply));
  else
    g_dbus_method_invocation_take_error (invocation, translate_channel_error (error));
}

static gboolean
handle_request_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation, const char *message,
                   guint timeout_msec)
{
  TroupeServer *server = get_server (object);
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_worker_request_async (get_worker (object), message, strlen (message), timeout_msec,
                               troupe_clients_get_cancellable (server->clients, invocation), request_cb, invocation);
  return TRUE;
}

static gboolean
handle_disconnect_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_worker_disconnect (get_worker (object), &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_worker1_complete_disconnect (object, invocation);
  return TRUE;
}

static gboolean
handle_processes_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  g_autoptr (GPtrArray) processes = NULL;
  GVariantBuilder builder;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  processes = troupe_engine_dup_processes (server->engine, get_worker (object));
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(uusstdttu)"));
  for (guint i = 0; i < processes->len; i++)
    {
      TroupeProcessSample *process = g_ptr_array_index (processes, i);
      g_autofree char *command = g_utf8_make_valid (process->command, -1);
      const char state[] = { process->state, '\0' };

      g_variant_builder_add (&builder, "(uusstdttu)", (guint32) process->pid, (guint32) process->parent, command,
                             state, process->started_usec, process->cpu_percent, process->pss_bytes,
                             process->rss_bytes, process->threads);
    }
  troupe_bus_worker1_complete_processes (object, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
handle_memory_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  guint64 pss_bytes = 0, rss_bytes = 0;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_read_memory (server->engine, get_worker (object), &pss_bytes, &rss_bytes))
    return troupe_server_fail (invocation, g_error_new (TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                                                        troupe_worker_is_thread (get_worker (object))
                                                            ? "%s is a thread; memory is its host's"
                                                            : "%s has no process",
                                                        troupe_worker_get_name (get_worker (object))));
  troupe_bus_worker1_complete_memory (object, invocation, pss_bytes, rss_bytes);
  return TRUE;
}

static gboolean
handle_runs_cb (TroupeBusWorker1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  g_autoptr (GPtrArray) history = NULL;
  GVariantBuilder builder;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  history = troupe_run_history_load (get_worker (object));
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(uttisss)"));
  for (guint i = 0; i < history->len; i++)
    {
      TroupePastRun *past = g_ptr_array_index (history, i);

      g_variant_builder_add (&builder, "(uttisss)", past->run, past->started_usec, past->ended_usec,
                             past->exit_code, past->exit_signal, past->summary, past->journal);
    }
  troupe_bus_worker1_complete_runs (object, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static void
worker_iface_init (TroupeBusWorker1Iface *iface)
{
  iface->handle_start = handle_start_cb;
  iface->handle_stop = handle_stop_cb;
  iface->handle_restart = handle_restart_cb;
  iface->handle_kill = handle_kill_cb;
  iface->handle_signal = handle_signal_cb;
  iface->handle_input = handle_input_cb;
  iface->handle_close_input = handle_close_input_cb;
  iface->handle_open_input = handle_open_input_cb;
  iface->handle_send = handle_send_cb;
  iface->handle_request = handle_request_cb;
  iface->handle_disconnect = handle_disconnect_cb;
  iface->handle_processes = handle_processes_cb;
  iface->handle_memory = handle_memory_cb;
  iface->handle_runs = handle_runs_cb;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeWorkerObject, troupe_worker_object, TROUPE_BUS_TYPE_WORKER1_SKELETON,
                               G_IMPLEMENT_INTERFACE (TROUPE_BUS_TYPE_WORKER1, worker_iface_init))

static void
troupe_worker_object_class_init (TroupeWorkerObjectClass *klass)
{
}

static void
troupe_worker_object_init (TroupeWorkerObject *self)
{
}

void
troupe_worker_object_update_connections (TroupeBusWorker1 *object, TroupeWorker *worker)
{
  troupe_bus_worker1_set_connections (object, troupe_worker_get_connections (worker));
}

static void
update_thread (TroupeBusWorker1 *object, TroupeWorker *worker)
{
  g_autofree char *warning = troupe_worker_dup_kill_warning (worker);
  const char *text;
  double progress = troupe_worker_get_progress (worker, &text);

  troupe_bus_worker1_set_tid (object, (guint) troupe_worker_get_tid (worker));
  troupe_bus_worker1_set_progress (object, progress);
  troupe_bus_worker1_set_progress_text (object, text);
  troupe_bus_worker1_set_signal_problem (object, troupe_worker_get_signal_problem (worker));
  troupe_bus_worker1_set_kill_warning (object, warning);
}

void
troupe_worker_object_update (TroupeBusWorker1 *object, TroupeWorker *worker)
{
  g_auto (GStrv) addresses = troupe_worker_dup_addresses (worker);

  troupe_bus_worker1_set_state (object, troupe_state_to_string (troupe_worker_get_state (worker)));
  troupe_bus_worker1_set_state_reason (object, troupe_worker_get_state_reason (worker));
  troupe_bus_worker1_set_pid (object, (guint) troupe_worker_get_pid (worker));
  troupe_bus_worker1_set_run (object, troupe_worker_get_run (worker));
  troupe_bus_worker1_set_restarts (object, troupe_worker_get_restarts (worker));
  troupe_bus_worker1_set_started_usec (object, troupe_worker_get_started_usec (worker));
  troupe_bus_worker1_set_ended_usec (object, troupe_worker_get_ended_usec (worker));
  troupe_bus_worker1_set_exit_code (object, troupe_worker_get_exit_code (worker));
  troupe_bus_worker1_set_exit_signal (object, troupe_worker_get_exit_signal (worker));
  troupe_bus_worker1_set_exit_summary (object, troupe_worker_get_exit_summary (worker));
  troupe_bus_worker1_set_journal (object, troupe_worker_get_journal (worker));
  troupe_bus_worker1_set_channel (object, troupe_worker_get_channel (worker));
  troupe_bus_worker1_set_addresses (object, (const char *const *) addresses);
  update_thread (object, worker);
  troupe_worker_object_update_connections (object, worker);
}

TroupeBusWorker1 *
troupe_worker_object_new (TroupeServer *server, TroupeProgram *program, TroupeWorker *worker)
{
  TroupeWorkerObject *self = g_object_new (TROUPE_TYPE_WORKER_OBJECT, NULL);
  TroupeBusWorker1 *object = TROUPE_BUS_WORKER1 (self);
  g_autofree char *program_path = troupe_server_dup_program_path (program), *host_path = NULL;
  TroupeWorker *host = troupe_engine_get_host_of (server->engine, worker);

  self->server = server;
  self->worker = worker;
  troupe_bus_worker1_set_id (object, troupe_worker_get_id (worker));
  troupe_bus_worker1_set_program (object, program_path);
  troupe_bus_worker1_set_project (object, troupe_worker_get_project (worker));
  troupe_bus_worker1_set_name (object, troupe_worker_get_name (worker));
  troupe_bus_worker1_set_instance (object, troupe_worker_get_instance (worker));
  host_path = host != NULL ? troupe_server_dup_worker_path (host) : g_strdup ("/");
  troupe_bus_worker1_set_host (object, host_path);
  troupe_bus_worker1_set_start_problem (object, troupe_engine_get_start_problem (server->engine, worker));
  troupe_worker_object_update (object, worker);
  return object;
}
