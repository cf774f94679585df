/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The object manager and Engine1. */

#include "config.h"

#include "bus/server-private.h"

#include "base/engine-connection.h"
#include "base/error.h"

#include <unistd.h>

char *
troupe_server_dup_program_path (TroupeProgram *program)
{
  return g_strdup_printf (TROUPE_ENGINE_ROOT_PATH "/program/%u", troupe_program_get_id (program));
}

char *
troupe_server_dup_worker_path (TroupeWorker *worker)
{
  return g_strdup_printf (TROUPE_ENGINE_ROOT_PATH "/worker/%u", troupe_worker_get_id (worker));
}

static void
update_kill_warning (gpointer worker, gpointer user_data)
{
  TroupeServer *self = user_data;
  TroupeBusWorker1 *object = g_hash_table_lookup (self->workers, worker);
  g_autofree char *warning = troupe_worker_dup_kill_warning (worker);

  if (object != NULL)
    troupe_bus_worker1_set_kill_warning (object, warning);
}

void
troupe_server_flush (TroupeServer *self)
{
  GHashTableIter iter;
  gpointer worker, program;
  g_autoptr (GHashTable) programs = g_hash_table_new (NULL, NULL);

  g_clear_handle_id (&self->flush_source, g_source_remove);
  g_hash_table_iter_init (&iter, self->changed_workers);
  while (g_hash_table_iter_next (&iter, &worker, NULL))
    {
      TroupeBusWorker1 *object = g_hash_table_lookup (self->workers, worker);

      program = troupe_engine_get_program_of (self->engine, worker);
      if (object != NULL)
        troupe_worker_object_update (object, worker);
      if (program != NULL && troupe_worker_is_thread (worker))
        g_hash_table_add (programs, program);
      if (program != NULL && g_hash_table_contains (self->programs, program))
        troupe_program_object_update_group (g_hash_table_lookup (self->programs, program), program);
      g_hash_table_iter_remove (&iter);
    }
  /* Whom a kill would hit besides changes as others come and go. */
  g_hash_table_iter_init (&iter, programs);
  while (g_hash_table_iter_next (&iter, &program, NULL))
    g_ptr_array_foreach (troupe_program_get_workers (program), update_kill_warning, self);
}

static gboolean
flush_cb (gpointer user_data)
{
  TroupeServer *self = user_data;

  self->flush_source = 0;
  troupe_server_flush (self);
  return G_SOURCE_REMOVE;
}

static void
worker_changed_cb (TroupeWorker *worker, TroupeServer *self)
{
  g_hash_table_add (self->changed_workers, worker);
  if (self->flush_source == 0)
    self->flush_source = g_idle_add_full (G_PRIORITY_DEFAULT, flush_cb, self, NULL);
}

static void
export (TroupeServer *self, const char *path, GDBusInterfaceSkeleton *interface)
{
  g_autoptr (GDBusObjectSkeleton) object = g_dbus_object_skeleton_new (path);

  g_dbus_object_skeleton_add_interface (object, interface);
  g_dbus_object_manager_server_export (self->manager, object);
}

static void
program_added_cb (TroupeEngine *engine, TroupeProgram *program, TroupeServer *self)
{
  TroupeBusProgram1 *interface = troupe_program_object_new (self, program);
  g_autofree char *path = troupe_server_dup_program_path (program);

  g_hash_table_insert (self->programs, program, interface);
  export (self, path, G_DBUS_INTERFACE_SKELETON (interface));
}

static void
program_removed_cb (TroupeEngine *engine, TroupeProgram *program, TroupeServer *self)
{
  g_autofree char *path = troupe_server_dup_program_path (program);

  g_dbus_object_manager_server_unexport (self->manager, path);
  g_hash_table_remove (self->programs, program);
}

static void
worker_added_cb (TroupeEngine *engine, TroupeProgram *program, TroupeWorker *worker, TroupeServer *self)
{
  TroupeBusWorker1 *interface = troupe_worker_object_new (self, program, worker);
  g_autofree char *path = troupe_server_dup_worker_path (worker);

  g_hash_table_insert (self->workers, worker, interface);
  g_signal_connect (worker, "changed", G_CALLBACK (worker_changed_cb), self);
  export (self, path, G_DBUS_INTERFACE_SKELETON (interface));
}

static void
worker_removed_cb (TroupeEngine *engine, TroupeProgram *program, TroupeWorker *worker, TroupeServer *self)
{
  g_autofree char *path = troupe_server_dup_worker_path (worker);

  g_signal_handlers_disconnect_by_data (worker, self);
  g_hash_table_remove (self->changed_workers, worker);
  g_dbus_object_manager_server_unexport (self->manager, path);
  g_hash_table_remove (self->workers, worker);
}

static void
add_project (const char *name, const char *path, gpointer user_data)
{
  g_variant_builder_add (user_data, "(ss)", name, path);
}

static void
projects_changed_cb (TroupeEngine *engine, TroupeServer *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  troupe_engine_foreach_project (engine, add_project, &builder);
  troupe_bus_engine1_set_projects (self->interface, g_variant_builder_end (&builder));
}

typedef struct
{
  TroupeServer *server;
  GArray *ids, *cpu, *memory, *rss, *threads, *descendants;
} Columns;

static void
add_to_columns (gpointer data, gpointer user_data)
{
  TroupeWorker *worker = data;
  Columns *columns = user_data;
  TroupeTreeSample sample;
  guint32 id = troupe_worker_get_id (worker), descendants;
  TroupeBusWorker1 *object = g_hash_table_lookup (columns->server->workers, worker);

  if (object != NULL)
    troupe_worker_object_update_connections (object, worker);

  if (!troupe_engine_get_sample (columns->server->engine, worker, &sample))
    return;
  /* Its main process is not its own descendant; once that has ended, all others are. */
  descendants = sample.processes - (sample.processes > 0 && troupe_worker_get_pid (worker) != 0);
  g_array_append_val (columns->ids, id);
  g_array_append_val (columns->cpu, sample.cpu_percent);
  g_array_append_val (columns->memory, sample.memory_bytes);
  g_array_append_val (columns->rss, sample.rss_bytes);
  g_array_append_val (columns->threads, sample.threads);
  g_array_append_val (columns->descendants, descendants);
}

static GVariant *
take_column (GArray *column, const GVariantType *type)
{
  GVariant *variant
      = g_variant_new_fixed_array (type, column->data, column->len, g_array_get_element_size (column));

  g_array_unref (column);
  return variant;
}

static GVariant *
new_machine (TroupeServer *self)
{
  TroupeEngineSample sample;
  GVariantDict dict;

  troupe_engine_get_engine_sample (self->engine, &sample);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "cpu_percent", "d", sample.machine.cpu_percent);
  g_variant_dict_insert (&dict, "cores", "u", sample.machine.cores);
  g_variant_dict_insert (&dict, "memory_used_bytes", "t", sample.machine.memory_used_bytes);
  g_variant_dict_insert (&dict, "memory_total_bytes", "t", sample.machine.memory_total_bytes);
  g_variant_dict_insert (&dict, "engine_cpu_percent", "d", sample.engine_cpu_percent);
  g_variant_dict_insert (&dict, "engine_memory_bytes", "t", sample.engine_memory_bytes);
  return g_variant_dict_end (&dict);
}

/* Swallows the floating arguments. */
static void
send_signal (TroupeServer *self, const char *destination, const char *name, GVariant **arguments, gsize n)
{
  GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON (self->interface);

  g_dbus_connection_emit_signal (g_dbus_interface_skeleton_get_connection (skeleton), destination,
                                 g_dbus_interface_skeleton_get_object_path (skeleton),
                                 g_dbus_interface_skeleton_get_info (skeleton)->name, name,
                                 g_variant_new_tuple (arguments, n), NULL);
}

typedef struct
{
  GArray *ids, *queue, *utilization, *heap_used, *heap_total;
} ThreadColumns;

static void
add_to_thread_columns (gpointer worker, gpointer user_data)
{
  TroupeThreadFigures figures;
  ThreadColumns *columns = user_data;
  guint32 id = troupe_worker_get_id (worker);

  if (troupe_worker_get_tid (worker) == 0 || !troupe_worker_take_thread_figures (worker, &figures))
    return;
  g_array_append_val (columns->ids, id);
  g_array_append_val (columns->queue, figures.queue);
  g_array_append_val (columns->utilization, figures.utilization);
  g_array_append_val (columns->heap_used, figures.heap_used_bytes);
  g_array_append_val (columns->heap_total, figures.heap_total_bytes);
}

/* What the hosts have told last, to one client or (NULL) to all. */
static void
send_thread_stats (TroupeServer *self, const char *destination)
{
  ThreadColumns columns = {
    .ids = g_array_new (FALSE, FALSE, sizeof (guint32)),
    .queue = g_array_new (FALSE, FALSE, sizeof (gint64)),
    .utilization = g_array_new (FALSE, FALSE, sizeof (double)),
    .heap_used = g_array_new (FALSE, FALSE, sizeof (gint64)),
    .heap_total = g_array_new (FALSE, FALSE, sizeof (gint64)),
  };
  GVariant *arguments[5];
  gboolean has_any;

  troupe_engine_foreach_worker (self->engine, add_to_thread_columns, &columns);
  has_any = columns.ids->len > 0;
  arguments[0] = take_column (columns.ids, G_VARIANT_TYPE_UINT32);
  arguments[1] = take_column (columns.queue, G_VARIANT_TYPE_INT64);
  arguments[2] = take_column (columns.utilization, G_VARIANT_TYPE_DOUBLE);
  arguments[3] = take_column (columns.heap_used, G_VARIANT_TYPE_INT64);
  arguments[4] = take_column (columns.heap_total, G_VARIANT_TYPE_INT64);
  if (has_any)
    send_signal (self, destination, "ThreadStats", arguments, G_N_ELEMENTS (arguments));
  else
    for (gsize i = 0; i < G_N_ELEMENTS (arguments); i++)
      g_variant_unref (g_variant_ref_sink (arguments[i]));
}

static void
threads_sampled_cb (TroupeEngine *engine, TroupeServer *self)
{
  send_thread_stats (self, NULL);
}

/* The newest figures, to one client or (NULL) to all. */
static void
send_stats (TroupeServer *self, const char *destination)
{
  Columns columns = {
    .server = self,
    .ids = g_array_new (FALSE, FALSE, sizeof (guint32)),
    .cpu = g_array_new (FALSE, FALSE, sizeof (double)),
    .memory = g_array_new (FALSE, FALSE, sizeof (guint64)),
    .rss = g_array_new (FALSE, FALSE, sizeof (guint64)),
    .threads = g_array_new (FALSE, FALSE, sizeof (guint32)),
    .descendants = g_array_new (FALSE, FALSE, sizeof (guint32)),
  };
  GVariant *arguments[8];

  troupe_engine_foreach_worker (self->engine, add_to_columns, &columns);
  arguments[0] = g_variant_new_uint64 ((guint64) g_get_real_time ());
  arguments[1] = take_column (columns.ids, G_VARIANT_TYPE_UINT32);
  arguments[2] = take_column (columns.cpu, G_VARIANT_TYPE_DOUBLE);
  arguments[3] = take_column (columns.memory, G_VARIANT_TYPE_UINT64);
  arguments[4] = take_column (columns.rss, G_VARIANT_TYPE_UINT64);
  arguments[5] = take_column (columns.threads, G_VARIANT_TYPE_UINT32);
  arguments[6] = take_column (columns.descendants, G_VARIANT_TYPE_UINT32);
  arguments[7] = new_machine (self);
  send_signal (self, destination, "Stats", arguments, G_N_ELEMENTS (arguments));
}

static void
sampled_cb (TroupeEngine *engine, TroupeServer *self)
{
  send_stats (self, NULL);
}

static GPtrArray *
dup_worker_paths (GPtrArray *workers)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < workers->len; i++)
    g_ptr_array_add (paths, troupe_server_dup_worker_path (g_ptr_array_index (workers, i)));
  g_ptr_array_add (paths, NULL);
  return paths;
}

static gboolean
handle_launch_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, GVariant *definition,
                  gboolean start, TroupeServer *self)
{
  g_autoptr (GPtrArray) paths = NULL;
  g_autofree char *program_path = NULL;
  TroupeProgram *program;
  GError *error = NULL;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  program = troupe_engine_launch (self->engine, definition, start, &error);
  if (program == NULL)
    return troupe_server_fail (invocation, error);
  troupe_server_flush (self);
  program_path = troupe_server_dup_program_path (program);
  paths = dup_worker_paths (troupe_program_get_workers (program));
  troupe_bus_engine1_complete_launch (interface, invocation, program_path, (const char *const *) paths->pdata);
  return TRUE;
}

static gboolean
handle_check_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, GVariant *definition,
                 TroupeServer *self)
{
  g_autoptr (GPtrArray) problems = NULL;
  GVariantBuilder builder;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  problems = troupe_engine_check (self->engine, definition);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < problems->len; i++)
    {
      TroupeProblem *problem = g_ptr_array_index (problems, i);

      g_variant_builder_add (&builder, "(ss)", problem->key, problem->message);
    }
  troupe_bus_engine1_complete_check (interface, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
handle_examine_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, GVariant *definition,
                   TroupeServer *self)
{
  g_autoptr (GPtrArray) notes = NULL;
  GError *error = NULL;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  notes = troupe_engine_examine (self->engine, definition, &error);
  if (notes == NULL)
    return troupe_server_fail (invocation, error);
  troupe_bus_engine1_complete_examine (interface, invocation, troupe_server_new_notes (notes));
  return TRUE;
}

static gboolean
handle_open_project_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, const char *path,
                        gboolean start, TroupeServer *self)
{
  g_autofree char *name = NULL;
  g_auto (GStrv) notes = NULL;
  GError *error = NULL;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  if (path[0] != '/')
    return troupe_server_fail (invocation, g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                                        "“%s” is no absolute path", path));
  if (!troupe_engine_open_project (self->engine, path, start, &name, &notes, &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (self);
  troupe_bus_engine1_complete_open_project (interface, invocation, name, (const char *const *) notes);
  return TRUE;
}

static void
project_closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;

  if (troupe_engine_close_project_finish (TROUPE_ENGINE (source), result, &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_take_error (invocation, error);
}

static gboolean
handle_close_project_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, const char *name,
                         TroupeServer *self)
{
  if (troupe_clients_admit (self->clients, invocation))
    troupe_engine_close_project_async (self->engine, name, project_closed_cb, invocation);
  return TRUE;
}

static gboolean
handle_find_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, const char *name,
                TroupeServer *self)
{
  g_autoptr (GPtrArray) workers = NULL, paths = NULL;
  GError *error = NULL;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  workers = troupe_engine_find (self->engine, name, &error);
  if (workers == NULL)
    return troupe_server_fail (invocation, error);
  paths = dup_worker_paths (workers);
  troupe_bus_engine1_complete_find (interface, invocation, (const char *const *) paths->pdata);
  return TRUE;
}

/* FROM and TO name workers or programs. */
static gboolean
link_by_name (TroupeServer *self, const char *from, const char *to, gboolean linked, GError **error)
{
  g_autoptr (GPtrArray) senders = troupe_engine_find (self->engine, from, error), receivers = NULL;
  TroupeWorker *sender, *receiver;

  if (senders == NULL || (receivers = troupe_engine_find (self->engine, to, error)) == NULL)
    return FALSE;
  sender = g_ptr_array_index (senders, 0);
  receiver = g_ptr_array_index (receivers, 0);
  if (senders->len == 1 && receivers->len == 1
      && troupe_engine_are_threads_of_one (self->engine, sender, receiver))
    return troupe_engine_link_threads (self->engine, sender, receiver, linked, error);
  return troupe_engine_link (self->engine, troupe_engine_get_program_of (self->engine, sender),
                             troupe_engine_get_program_of (self->engine, receiver), linked, error);
}

static gboolean
handle_link_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, const char *from, const char *to,
                gboolean linked, TroupeServer *self)
{
  GError *error = NULL;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  if (!link_by_name (self, from, to, linked, &error))
    return troupe_server_fail (invocation, error);
  troupe_bus_engine1_complete_link (interface, invocation);
  return TRUE;
}

static gboolean
handle_undo_remove_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, guint64 token,
                       TroupeServer *self)
{
  g_autofree char *path = NULL;
  TroupeProgram *program;
  GError *error = NULL;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  program = troupe_engine_undo_remove (self->engine, token, &error);
  if (program == NULL)
    return troupe_server_fail (invocation, error);
  troupe_server_flush (self);
  path = troupe_server_dup_program_path (program);
  troupe_bus_engine1_complete_undo_remove (interface, invocation, path);
  return TRUE;
}

static gboolean
handle_subscribe_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, TroupeServer *self)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  gboolean is_first = troupe_clients_get_n_subscribed (self->clients) == 0;
  GError *error = NULL;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  if (!troupe_clients_subscribe (self->clients, sender, &error))
    return troupe_server_fail (invocation, error);
  /* The first one set off a reading. Who comes later need not wait for the next. */
  if (!is_first)
    {
      send_stats (self, sender);
      send_thread_stats (self, sender);
    }
  troupe_bus_engine1_complete_subscribe (interface, invocation);
  return TRUE;
}

static gboolean
handle_unsubscribe_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, TroupeServer *self)
{
  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  troupe_clients_unsubscribe (self->clients, g_dbus_method_invocation_get_sender (invocation));
  troupe_bus_engine1_complete_unsubscribe (interface, invocation);
  return TRUE;
}

typedef struct
{
  TroupeServer *server;
  GDBusMethodInvocation *invocation;
} QuitCall;

static void
quit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree QuitCall *call = user_data;

  troupe_engine_quit_finish (TROUPE_ENGINE (source), result, NULL);
  troupe_server_flush (call->server);
  g_dbus_method_invocation_return_value (call->invocation, NULL);
  call->server->watcher.quit (call->server->watcher.user_data);
}

static gboolean
handle_quit_cb (TroupeBusEngine1 *interface, GDBusMethodInvocation *invocation, TroupeServer *self)
{
  QuitCall *call;

  if (!troupe_clients_admit (self->clients, invocation))
    return TRUE;
  call = g_new (QuitCall, 1);
  *call = (QuitCall){ self, invocation };
  troupe_engine_quit_async (self->engine, quit_cb, call);
  return TRUE;
}

static void
interval_changed_cb (TroupeBusEngine1 *interface, GParamSpec *pspec, TroupeServer *self)
{
  guint wished = troupe_bus_engine1_get_interval_msec (interface);

  troupe_engine_set_interval_msec (self->engine, wished);
  /* What is out of bounds was brought into them; everybody sees what it came to. */
  if (troupe_engine_get_interval_msec (self->engine) != wished)
    troupe_bus_engine1_set_interval_msec (interface, troupe_engine_get_interval_msec (self->engine));
}

static void
clients_changed_cb (gpointer user_data)
{
  TroupeServer *self = user_data;

  troupe_engine_set_sampling (self->engine, troupe_clients_get_n_subscribed (self->clients) > 0);
  self->watcher.clients_changed (self->watcher.user_data);
}

TroupeServer *
troupe_server_new (GDBusConnection *connection, TroupeEngine *engine, const TroupeServerWatcher *watcher)
{
  TroupeServer *self = g_new0 (TroupeServer, 1);

  self->engine = g_object_ref (engine);
  self->watcher = *watcher;
  self->manager = g_dbus_object_manager_server_new (TROUPE_ENGINE_ROOT_PATH);
  self->interface = troupe_bus_engine1_skeleton_new ();
  self->clients = troupe_clients_new (connection, clients_changed_cb, self);
  self->programs = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->workers = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->changed_workers = g_hash_table_new (NULL, NULL);

  troupe_bus_engine1_set_version (self->interface, TROUPE_VERSION);
  troupe_bus_engine1_set_pid (self->interface, (guint) getpid ());
  troupe_bus_engine1_set_interval_msec (self->interface, troupe_engine_get_interval_msec (engine));
  projects_changed_cb (engine, self);
  g_signal_connect (self->interface, "notify::interval-msec", G_CALLBACK (interval_changed_cb), self);
  g_signal_connect (self->interface, "handle-launch", G_CALLBACK (handle_launch_cb), self);
  g_signal_connect (self->interface, "handle-check", G_CALLBACK (handle_check_cb), self);
  g_signal_connect (self->interface, "handle-examine", G_CALLBACK (handle_examine_cb), self);
  g_signal_connect (self->interface, "handle-open-project", G_CALLBACK (handle_open_project_cb), self);
  g_signal_connect (self->interface, "handle-close-project", G_CALLBACK (handle_close_project_cb), self);
  g_signal_connect (self->interface, "handle-find", G_CALLBACK (handle_find_cb), self);
  g_signal_connect (self->interface, "handle-link", G_CALLBACK (handle_link_cb), self);
  g_signal_connect (self->interface, "handle-undo-remove", G_CALLBACK (handle_undo_remove_cb), self);
  g_signal_connect (self->interface, "handle-subscribe", G_CALLBACK (handle_subscribe_cb), self);
  g_signal_connect (self->interface, "handle-unsubscribe", G_CALLBACK (handle_unsubscribe_cb), self);
  g_signal_connect (self->interface, "handle-quit", G_CALLBACK (handle_quit_cb), self);

  g_signal_connect (engine, "program-added", G_CALLBACK (program_added_cb), self);
  g_signal_connect (engine, "program-removed", G_CALLBACK (program_removed_cb), self);
  g_signal_connect (engine, "worker-added", G_CALLBACK (worker_added_cb), self);
  g_signal_connect (engine, "worker-removed", G_CALLBACK (worker_removed_cb), self);
  g_signal_connect (engine, "projects-changed", G_CALLBACK (projects_changed_cb), self);
  g_signal_connect (engine, "sampled", G_CALLBACK (sampled_cb), self);
  g_signal_connect (engine, "threads-sampled", G_CALLBACK (threads_sampled_cb), self);

  export (self, TROUPE_ENGINE_MANAGER_PATH, G_DBUS_INTERFACE_SKELETON (self->interface));
  g_dbus_object_manager_server_set_connection (self->manager, connection);
  return self;
}

void
troupe_server_free (TroupeServer *self)
{
  GHashTableIter iter;
  gpointer worker;

  g_clear_handle_id (&self->flush_source, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->engine, self);
  g_signal_handlers_disconnect_by_data (self->interface, self);
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, &worker, NULL))
    g_signal_handlers_disconnect_by_data (worker, self);
  g_dbus_object_manager_server_set_connection (self->manager, NULL);
  g_clear_pointer (&self->clients, troupe_clients_free);
  g_hash_table_unref (self->workers);
  g_hash_table_unref (self->programs);
  g_hash_table_unref (self->changed_workers);
  g_object_unref (self->interface);
  g_object_unref (self->manager);
  g_object_unref (self->engine);
  g_free (self);
}

gboolean
troupe_server_has_clients (TroupeServer *self)
{
  return troupe_clients_get_n_present (self->clients) > 0;
}
