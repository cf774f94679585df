/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine's side of the bus, made of generated skeletons. */

#include "config.h"

#include "fake-engine.h"

#include "base/engine-connection.h"
#include "base/words.h"

#include <string.h>

struct _FakeEngine
{
  GDBusConnection *connection;
  GDBusObjectManagerServer *manager;
  TroupeBusEngine1 *engine;
  guint name_id;
  gboolean owned;
  guint last_id;
  GHashTable *workers;       /* name -> TroupeBusWorker1 */
  GHashTable *program_paths; /* project/name -> GPtrArray of object paths */
  GPtrArray *calls;
  GPtrArray *projects; /* of GVariant (ss) */
  char *send_problem;  /* what Send fails with; NULL: it does not */
  char *program_problem; /* what Scale and Edit fail with; NULL: they do not */
  GBytes *shared_memory;
  char *peek_problem;
  guint n_peeks, largest_peek;
  GVariant *launched, *edited;
  char *examined_topic, *examined_text;
  guint examined_line;
  char *problem_key;
  char *problem_message;
};

static void
note (FakeEngine *self, const char *method, const char *of)
{
  g_ptr_array_add (self->calls, g_strdup_printf ("%s%s%s", method, of != NULL ? " " : "", of != NULL ? of : ""));
}

static char *
dup_command (GVariant *definition)
{
  char *command = NULL;

  if (!g_variant_lookup (definition, "command", "s", &command))
    command = g_strdup ("?");
  return command;
}

static gboolean
launch_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, GVariant *definition, gboolean start,
           FakeEngine *self)
{
  g_autofree char *command = dup_command (definition);
  g_autofree char *name = g_strdup_printf ("launched-%u", self->last_id);
  g_autofree char *path = NULL;
  const char *workers[2] = { NULL, NULL };
  g_autofree char *worker_path = NULL;

  note (self, "Engine1.Launch", command);
  g_clear_pointer (&self->launched, g_variant_unref);
  self->launched = g_variant_ref (definition);
  fake_engine_add_program (self, "default", name, command, 1);
  if (start)
    fake_engine_set_running (self, name, 0);
  path = g_strdup_printf (TROUPE_ENGINE_ROOT_PATH "/program/%u", self->last_id - 1);
  worker_path = g_strdup_printf (TROUPE_ENGINE_ROOT_PATH "/worker/%u", self->last_id);
  workers[0] = worker_path;
  troupe_bus_engine1_complete_launch (engine, invocation, path, workers);
  return TRUE;
}

static gboolean
check_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, GVariant *definition, FakeEngine *self)
{
  g_autofree char *command = dup_command (definition);
  GVariantBuilder builder;

  note (self, "Engine1.Check", command);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  if (self->problem_key != NULL)
    g_variant_builder_add (&builder, "(ss)", self->problem_key, self->problem_message);
  troupe_bus_engine1_complete_check (engine, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
examine_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, GVariant *definition, FakeEngine *self)
{
  g_autofree char *command = dup_command (definition);
  GVariantBuilder builder;

  note (self, "Engine1.Examine", command);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sus)"));
  if (self->examined_topic != NULL)
    g_variant_builder_add (&builder, "(sus)", self->examined_topic, self->examined_line, self->examined_text);
  troupe_bus_engine1_complete_examine (engine, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
open_project_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, const char *path, gboolean start,
                 FakeEngine *self)
{
  const char *notes[] = { "shop.troupe:12: unknown key “prot”, ignored", NULL };

  note (self, start ? "Engine1.OpenProject+start" : "Engine1.OpenProject", path);
  fake_engine_add_project (self, "opened", path);
  fake_engine_add_program (self, "opened", "api", "./api --port 8080", 2);
  fake_engine_add_program (self, "opened", "mail", "python3 mail.py", 1);
  troupe_bus_engine1_complete_open_project (engine, invocation, "opened", notes);
  return TRUE;
}

static gboolean
close_project_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, const char *name, FakeEngine *self)
{
  note (self, "Engine1.CloseProject", name);
  troupe_bus_engine1_complete_close_project (engine, invocation);
  return TRUE;
}

static gboolean
undo_remove_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, guint64 token, FakeEngine *self)
{
  note (self, "Engine1.UndoRemove", NULL);
  troupe_bus_engine1_complete_undo_remove (engine, invocation, TROUPE_ENGINE_ROOT_PATH "/program/1");
  return TRUE;
}

static gboolean
link_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, const char *from, const char *to,
         gboolean linked, FakeEngine *self)
{
  g_autofree char *of = g_strdup_printf ("%s %s %s", from, to, linked ? "yes" : "no");

  note (self, "Engine1.Link", of);
  troupe_bus_engine1_complete_link (engine, invocation);
  return TRUE;
}

static gboolean
subscribe_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  note (self, "Engine1.Subscribe", NULL);
  troupe_bus_engine1_complete_subscribe (engine, invocation);
  return TRUE;
}

static gboolean
unsubscribe_cb (TroupeBusEngine1 *engine, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  note (self, "Engine1.Unsubscribe", NULL);
  troupe_bus_engine1_complete_unsubscribe (engine, invocation);
  return TRUE;
}

/* Start, Stop, Restart, Kill, CloseInput all look the same. */
static gboolean
plain_worker_cb (TroupeBusWorker1 *worker, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  g_autofree char *method = g_strconcat ("Worker1.", g_dbus_method_invocation_get_method_name (invocation), NULL);

  note (self, method, troupe_bus_worker1_get_name (worker));
  g_dbus_method_invocation_return_value (invocation, NULL);
  return TRUE;
}

static gboolean
plain_program_cb (TroupeBusProgram1 *program, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  g_autofree char *method = g_strconcat ("Program1.", g_dbus_method_invocation_get_method_name (invocation), NULL);

  note (self, method, troupe_bus_program1_get_name (program));
  g_dbus_method_invocation_return_value (invocation, NULL);
  return TRUE;
}

/* Answers as told: a call that has nothing to say, or what it fails with. */
static void
answer_program (FakeEngine *self, GDBusMethodInvocation *invocation)
{
  if (self->program_problem != NULL)
    g_dbus_method_invocation_return_dbus_error (invocation, "io.github.troupe.Troupe.Error.WrongState",
                                                self->program_problem);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static gboolean
scale_cb (TroupeBusProgram1 *program, GDBusMethodInvocation *invocation, guint instances, FakeEngine *self)
{
  g_autofree char *of = g_strdup_printf ("%s %u", troupe_bus_program1_get_name (program), instances);

  note (self, "Program1.Scale", of);
  answer_program (self, invocation);
  return TRUE;
}

static gboolean
use_free_port_cb (TroupeBusProgram1 *program, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  note (self, "Program1.UseFreePort", troupe_bus_program1_get_name (program));
  if (self->program_problem != NULL)
    answer_program (self, invocation);
  else
    troupe_bus_program1_complete_use_free_port (program, invocation, "tcp:127.0.0.1:8001");
  return TRUE;
}

static gboolean
peek_cb (TroupeBusProgram1 *program, GDBusMethodInvocation *invocation, guint64 offset, guint length,
         FakeEngine *self)
{
  /* The window may still ask for a block that was just taken away. */
  g_autoptr (GBytes) block = self->shared_memory != NULL ? g_bytes_ref (self->shared_memory) : g_bytes_new (NULL, 0);
  gsize size = g_bytes_get_size (block);
  gsize begin = (gsize) MIN (offset, size);
  gsize n = MIN (length, size - begin);

  self->n_peeks++;
  self->largest_peek = MAX (self->largest_peek, length);
  if (self->peek_problem != NULL || self->shared_memory == NULL)
    g_dbus_method_invocation_return_dbus_error (invocation, "io.github.troupe.Troupe.Error.WrongState",
                                                self->peek_problem != NULL ? self->peek_problem : "There is none");
  else
    {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (block, begin, n);

      troupe_bus_program1_complete_peek_shared_memory (
          program, invocation, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, part, TRUE));
    }
  return TRUE;
}

static gboolean
edit_cb (TroupeBusProgram1 *program, GDBusMethodInvocation *invocation, GVariant *definition, FakeEngine *self)
{
  g_autofree char *text = g_variant_print (definition, FALSE);
  g_autofree char *of = g_strdup_printf ("%s %s", troupe_bus_program1_get_name (program), text);

  note (self, "Program1.Edit", of);
  g_clear_pointer (&self->edited, g_variant_unref);
  self->edited = g_variant_ref (definition);
  answer_program (self, invocation);
  return TRUE;
}

static gboolean
remove_cb (TroupeBusProgram1 *program, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  g_autofree char *project = g_strdup (troupe_bus_program1_get_project (program));
  g_autofree char *name = g_strdup (troupe_bus_program1_get_name (program));

  note (self, "Program1.Remove", name);
  troupe_bus_program1_complete_remove (program, invocation, 7);
  fake_engine_remove_program (self, project, name);
  return TRUE;
}

static gboolean
signal_cb (TroupeBusWorker1 *worker, GDBusMethodInvocation *invocation, const char *signal_name, const char *scope,
           FakeEngine *self)
{
  g_autofree char *of = g_strconcat (troupe_bus_worker1_get_name (worker), " ", signal_name, NULL);

  note (self, "Worker1.Signal", of);
  troupe_bus_worker1_complete_signal (worker, invocation);
  return TRUE;
}

static gboolean
input_cb (TroupeBusWorker1 *worker, GDBusMethodInvocation *invocation, GVariant *bytes, FakeEngine *self)
{
  gsize size;
  const char *data = g_variant_get_fixed_array (bytes, &size, 1);
  g_autofree char *text = g_strndup (data, size);
  g_autofree char *of = g_strconcat (troupe_bus_worker1_get_name (worker), " ", text, NULL);

  note (self, "Worker1.Input", of);
  troupe_bus_worker1_complete_input (worker, invocation);
  return TRUE;
}

static gboolean
send_cb (TroupeBusWorker1 *worker, GDBusMethodInvocation *invocation, const char *message, FakeEngine *self)
{
  g_autofree char *of = g_strconcat (troupe_bus_worker1_get_name (worker), " ", message, NULL);

  note (self, "Worker1.Send", of);
  if (self->send_problem != NULL)
    g_dbus_method_invocation_return_dbus_error (invocation, "io.github.troupe.Troupe.Error.Limit",
                                                self->send_problem);
  else
    troupe_bus_worker1_complete_send (worker, invocation);
  return TRUE;
}

static gboolean
request_cb (TroupeBusWorker1 *worker, GDBusMethodInvocation *invocation, const char *message, guint timeout_msec,
            FakeEngine *self)
{
  g_autofree char *of = g_strdup_printf ("%s %s %u", troupe_bus_worker1_get_name (worker), message, timeout_msec);

  note (self, "Worker1.Request", of);
  troupe_bus_worker1_complete_request (worker, invocation, "{\"pong\":1}");
  return TRUE;
}

static gboolean
processes_cb (TroupeBusWorker1 *worker, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  guint pid = troupe_bus_worker1_get_pid (worker);
  guint64 started = troupe_bus_worker1_get_started_usec (worker);
  GVariantBuilder builder;

  note (self, "Worker1.Processes", troupe_bus_worker1_get_name (worker));
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(uusstdttu)"));
  g_variant_builder_add (&builder, "(uusstdttu)", pid, 1u, "node server.js", "S", started, 12.5,
                         (guint64) 40 << 20, (guint64) 60 << 20, 11u);
  g_variant_builder_add (&builder, "(uusstdttu)", pid + 1, pid, "node helper.js --watch", "R", started, 3.25,
                         (guint64) 20 << 20, (guint64) 30 << 20, 7u);
  troupe_bus_worker1_complete_processes (worker, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
runs_cb (TroupeBusWorker1 *worker, GDBusMethodInvocation *invocation, FakeEngine *self)
{
  guint last = troupe_bus_worker1_get_run (worker);
  guint64 started = troupe_bus_worker1_get_started_usec (worker);
  GVariantBuilder builder;

  note (self, "Worker1.Runs", troupe_bus_worker1_get_name (worker));
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(uttisss)"));
  for (guint run = 1; run < last; run++)
    g_variant_builder_add (&builder, "(uttisss)", run, started - (last - run) * 60 * G_USEC_PER_SEC,
                           started - (last - run) * 60 * G_USEC_PER_SEC + 2300000, 1, "",
                           "Exited with code 1 after 2.3 s", "/nonexistent");
  if (last > 0)
    g_variant_builder_add (&builder, "(uttisss)", last, started, troupe_bus_worker1_get_ended_usec (worker),
                           troupe_bus_worker1_get_exit_code (worker), troupe_bus_worker1_get_exit_signal (worker),
                           troupe_bus_worker1_get_exit_summary (worker), troupe_bus_worker1_get_journal (worker));
  troupe_bus_worker1_complete_runs (worker, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static void
publish_projects (FakeEngine *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < self->projects->len; i++)
    g_variant_builder_add_value (&builder, self->projects->pdata[i]);
  troupe_bus_engine1_set_projects (self->engine, g_variant_builder_end (&builder));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->engine));
}

static void
name_acquired_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  FakeEngine *self = user_data;

  self->owned = TRUE;
}

FakeEngine *
fake_engine_new (GDBusConnection *connection)
{
  FakeEngine *self = g_new0 (FakeEngine, 1);
  g_autoptr (TroupeBusObjectSkeleton) object = troupe_bus_object_skeleton_new (TROUPE_ENGINE_MANAGER_PATH);

  self->connection = g_object_ref (connection);
  self->workers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->program_paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->calls = g_ptr_array_new_with_free_func (g_free);
  self->projects = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  self->manager = g_dbus_object_manager_server_new (TROUPE_ENGINE_ROOT_PATH);

  self->engine = troupe_bus_engine1_skeleton_new ();
  troupe_bus_engine1_set_version (self->engine, "0.1.0");
  troupe_bus_engine1_set_interval_msec (self->engine, 1000);
  publish_projects (self);
  g_signal_connect (self->engine, "handle-launch", G_CALLBACK (launch_cb), self);
  g_signal_connect (self->engine, "handle-check", G_CALLBACK (check_cb), self);
  g_signal_connect (self->engine, "handle-examine", G_CALLBACK (examine_cb), self);
  g_signal_connect (self->engine, "handle-open-project", G_CALLBACK (open_project_cb), self);
  g_signal_connect (self->engine, "handle-close-project", G_CALLBACK (close_project_cb), self);
  g_signal_connect (self->engine, "handle-undo-remove", G_CALLBACK (undo_remove_cb), self);
  g_signal_connect (self->engine, "handle-link", G_CALLBACK (link_cb), self);
  g_signal_connect (self->engine, "handle-subscribe", G_CALLBACK (subscribe_cb), self);
  g_signal_connect (self->engine, "handle-unsubscribe", G_CALLBACK (unsubscribe_cb), self);
  troupe_bus_object_skeleton_set_engine1 (object, self->engine);
  g_dbus_object_manager_server_export (self->manager, G_DBUS_OBJECT_SKELETON (object));
  g_dbus_object_manager_server_set_connection (self->manager, connection);

  self->name_id = g_bus_own_name_on_connection (connection, TROUPE_ENGINE_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                                name_acquired_cb, NULL, self, NULL);
  while (!self->owned)
    g_main_context_iteration (NULL, TRUE);
  return self;
}

void
fake_engine_free (FakeEngine *self)
{
  g_bus_unown_name (self->name_id);
  /* The name is given back by a message of its own; objects vanish after it. */
  g_dbus_connection_flush_sync (self->connection, NULL, NULL);
  g_dbus_object_manager_server_set_connection (self->manager, NULL);
  g_object_unref (self->manager);
  g_object_unref (self->engine);
  g_hash_table_unref (self->workers);
  g_hash_table_unref (self->program_paths);
  g_ptr_array_unref (self->calls);
  g_ptr_array_unref (self->projects);
  g_clear_pointer (&self->shared_memory, g_bytes_unref);
  g_free (self->peek_problem);
  g_clear_pointer (&self->edited, g_variant_unref);
  g_clear_pointer (&self->launched, g_variant_unref);
  g_free (self->examined_topic);
  g_free (self->examined_text);
  g_free (self->problem_key);
  g_free (self->problem_message);
  g_free (self->send_problem);
  g_free (self->program_problem);
  g_object_unref (self->connection);
  g_free (self);
}

static void
add_worker (FakeEngine *self, const char *program_path, const char *project, const char *name, guint instance,
            GPtrArray *paths)
{
  guint id = ++self->last_id;
  char *path = g_strdup_printf (TROUPE_ENGINE_ROOT_PATH "/worker/%u", id);
  g_autoptr (TroupeBusObjectSkeleton) object = troupe_bus_object_skeleton_new (path);
  TroupeBusWorker1 *worker = troupe_bus_worker1_skeleton_new ();

  troupe_bus_worker1_set_id (worker, id);
  troupe_bus_worker1_set_program (worker, program_path);
  troupe_bus_worker1_set_project (worker, project);
  troupe_bus_worker1_set_name (worker, name);
  troupe_bus_worker1_set_instance (worker, instance);
  troupe_bus_worker1_set_state (worker, "stopped");
  troupe_bus_worker1_set_state_reason (worker, "");
  troupe_bus_worker1_set_exit_code (worker, -1);
  troupe_bus_worker1_set_exit_signal (worker, "");
  troupe_bus_worker1_set_exit_summary (worker, "");
  troupe_bus_worker1_set_journal (worker, "");
  troupe_bus_worker1_set_channel (worker, "");
  troupe_bus_worker1_set_host (worker, "/");
  troupe_bus_worker1_set_progress (worker, -1);
  g_signal_connect (worker, "handle-start", G_CALLBACK (plain_worker_cb), self);
  g_signal_connect (worker, "handle-stop", G_CALLBACK (plain_worker_cb), self);
  g_signal_connect (worker, "handle-restart", G_CALLBACK (plain_worker_cb), self);
  g_signal_connect (worker, "handle-kill", G_CALLBACK (plain_worker_cb), self);
  g_signal_connect (worker, "handle-close-input", G_CALLBACK (plain_worker_cb), self);
  g_signal_connect (worker, "handle-signal", G_CALLBACK (signal_cb), self);
  g_signal_connect (worker, "handle-input", G_CALLBACK (input_cb), self);
  g_signal_connect (worker, "handle-send", G_CALLBACK (send_cb), self);
  g_signal_connect (worker, "handle-request", G_CALLBACK (request_cb), self);
  g_signal_connect (worker, "handle-disconnect", G_CALLBACK (plain_worker_cb), self);
  g_signal_connect (worker, "handle-processes", G_CALLBACK (processes_cb), self);
  g_signal_connect (worker, "handle-runs", G_CALLBACK (runs_cb), self);
  troupe_bus_object_skeleton_set_worker1 (object, worker);
  g_dbus_object_manager_server_export (self->manager, G_DBUS_OBJECT_SKELETON (object));
  g_hash_table_insert (self->workers, g_strdup (name), worker);
  g_ptr_array_add (paths, path);
}

void
fake_engine_add_program (FakeEngine *self, const char *project, const char *name, const char *command,
                         guint n_workers)
{
  guint id = ++self->last_id;
  char *path = g_strdup_printf (TROUPE_ENGINE_ROOT_PATH "/program/%u", id);
  g_autoptr (TroupeBusObjectSkeleton) object = troupe_bus_object_skeleton_new (path);
  g_autoptr (TroupeBusProgram1) program = troupe_bus_program1_skeleton_new ();
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const char *const env[] = { "NODE_ENV=production", "API_TOKEN=s3cret", NULL };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "command", "s", command);
  g_variant_dict_insert (&dict, "restart", "s", "on-failure");
  g_variant_dict_insert_value (&dict, "env", g_variant_new_strv (env, -1));
  troupe_bus_program1_set_id (program, id);
  troupe_bus_program1_set_project (program, project);
  troupe_bus_program1_set_name (program, name);
  troupe_bus_program1_set_kind (program, "spawn");
  troupe_bus_program1_set_command_line (program, command);
  troupe_bus_program1_set_folder (program, "/tmp");
  troupe_bus_program1_set_instances (program, n_workers);
  troupe_bus_program1_set_definition (program, g_variant_dict_end (&dict));
  g_signal_connect (program, "handle-start", G_CALLBACK (plain_program_cb), self);
  g_signal_connect (program, "handle-stop", G_CALLBACK (plain_program_cb), self);
  g_signal_connect (program, "handle-restart", G_CALLBACK (plain_program_cb), self);
  g_signal_connect (program, "handle-reload", G_CALLBACK (plain_program_cb), self);
  g_signal_connect (program, "handle-cancel-reload", G_CALLBACK (plain_program_cb), self);
  g_signal_connect (program, "handle-scale", G_CALLBACK (scale_cb), self);
  g_signal_connect (program, "handle-use-free-port", G_CALLBACK (use_free_port_cb), self);
  g_signal_connect (program, "handle-peek-shared-memory", G_CALLBACK (peek_cb), self);
  g_signal_connect (program, "handle-edit", G_CALLBACK (edit_cb), self);
  g_signal_connect (program, "handle-remove", G_CALLBACK (remove_cb), self);
  troupe_bus_object_skeleton_set_program1 (object, program);
  g_dbus_object_manager_server_export (self->manager, G_DBUS_OBJECT_SKELETON (object));

  g_ptr_array_add (paths, path);
  for (guint i = 1; i <= n_workers; i++)
    {
      g_autofree char *worker_name = n_workers == 1 ? g_strdup (name) : g_strdup_printf ("%s.%u", name, i);

      add_worker (self, path, project, worker_name, i, paths);
    }
  g_hash_table_insert (self->program_paths, g_strconcat (project, "/", name, NULL), paths);
}

void
fake_engine_remove_program (FakeEngine *self, const char *project, const char *name)
{
  g_autofree char *key = g_strconcat (project, "/", name, NULL);
  GPtrArray *paths = g_hash_table_lookup (self->program_paths, key);
  GHashTableIter iter;
  gpointer worker;

  g_assert_nonnull (paths);
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &worker))
    if (strcmp (troupe_bus_worker1_get_program (worker), paths->pdata[0]) == 0)
      g_hash_table_iter_remove (&iter);
  for (guint i = paths->len; i > 0; i--)
    g_dbus_object_manager_server_unexport (self->manager, paths->pdata[i - 1]);
  g_hash_table_remove (self->program_paths, key);
}

void
fake_engine_add_project (FakeEngine *self, const char *name, const char *path)
{
  g_ptr_array_add (self->projects, g_variant_ref_sink (g_variant_new ("(ss)", name, path)));
  publish_projects (self);
}

TroupeBusWorker1 *
fake_engine_get_worker (FakeEngine *self, const char *name)
{
  TroupeBusWorker1 *worker = g_hash_table_lookup (self->workers, name);

  g_assert_nonnull (worker);
  return worker;
}

void
fake_engine_set_running (FakeEngine *self, const char *name, guint seconds)
{
  TroupeBusWorker1 *worker = fake_engine_get_worker (self, name);

  troupe_bus_worker1_set_run (worker, troupe_bus_worker1_get_run (worker) + 1);
  troupe_bus_worker1_set_pid (worker, 4000 + troupe_bus_worker1_get_id (worker) * 10);
  troupe_bus_worker1_set_started_usec (worker, (guint64) g_get_real_time () - seconds * G_USEC_PER_SEC);
  troupe_bus_worker1_set_ended_usec (worker, 0);
  troupe_bus_worker1_set_exit_code (worker, -1);
  troupe_bus_worker1_set_exit_signal (worker, "");
  troupe_bus_worker1_set_exit_summary (worker, "");
  troupe_bus_worker1_set_state (worker, "running");
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
}

void
fake_engine_set_ended (FakeEngine *self, const char *name, const char *state, int code, const char *signal_name,
                       const char *summary)
{
  TroupeBusWorker1 *worker = fake_engine_get_worker (self, name);

  troupe_bus_worker1_set_pid (worker, 0);
  troupe_bus_worker1_set_ended_usec (worker, (guint64) g_get_real_time ());
  troupe_bus_worker1_set_exit_code (worker, code);
  troupe_bus_worker1_set_exit_signal (worker, signal_name);
  troupe_bus_worker1_set_exit_summary (worker, summary);
  troupe_bus_worker1_set_state (worker, state);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
}

void
fake_engine_set_journal (FakeEngine *self, const char *name, const char *journal)
{
  TroupeBusWorker1 *worker = fake_engine_get_worker (self, name);

  troupe_bus_worker1_set_journal (worker, journal);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
}

static TroupeBusProgram1 *
get_program (FakeEngine *self, const char *project, const char *name)
{
  g_autofree char *key = g_strconcat (project, "/", name, NULL);
  GPtrArray *paths = g_hash_table_lookup (self->program_paths, key);
  g_autoptr (GDBusObject) object = NULL;

  g_assert_nonnull (paths);
  object = g_dbus_object_manager_get_object (G_DBUS_OBJECT_MANAGER (self->manager), paths->pdata[0]);
  return troupe_bus_object_peek_program1 (TROUPE_BUS_OBJECT (object));
}

void
fake_engine_make_fork (FakeEngine *self, const char *project, const char *name, const char *const *links)
{
  TroupeBusProgram1 *program = get_program (self, project, name);
  GVariantDict dict;

  g_variant_dict_init (&dict, troupe_bus_program1_get_definition (program));
  g_variant_dict_insert (&dict, "kind", "s", "fork");
  g_variant_dict_insert_value (&dict, "link", g_variant_new_strv (links, -1));
  troupe_bus_program1_set_kind (program, "fork");
  troupe_bus_program1_set_definition (program, g_variant_dict_end (&dict));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
}

void
fake_engine_make_cluster (FakeEngine *self, const char *project, const char *name, const char *const *listen,
                          const char *schedule)
{
  TroupeBusProgram1 *program = get_program (self, project, name);
  const char *path = g_dbus_object_get_object_path (g_dbus_interface_get_object (G_DBUS_INTERFACE (program)));
  GVariantDict dict;
  GHashTableIter iter;
  gpointer worker;

  g_variant_dict_init (&dict, troupe_bus_program1_get_definition (program));
  g_variant_dict_insert (&dict, "kind", "s", "cluster");
  g_variant_dict_insert_value (&dict, "listen", g_variant_new_strv (listen, -1));
  troupe_bus_program1_set_kind (program, "cluster");
  troupe_bus_program1_set_schedule (program, schedule);
  troupe_bus_program1_set_listen (program, listen);
  troupe_bus_program1_set_definition (program, g_variant_dict_end (&dict));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &worker))
    if (strcmp (troupe_bus_worker1_get_program (worker), path) == 0)
      {
        troupe_bus_worker1_set_addresses (worker, listen);
        g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
      }
}

void
fake_engine_make_threads (FakeEngine *self, const char *project, const char *name, const char *const *links)
{
  TroupeBusProgram1 *program = get_program (self, project, name);
  g_autofree char *key = g_strconcat (project, "/", name, NULL);
  GPtrArray *paths = g_hash_table_lookup (self->program_paths, key);
  g_autofree char *host_name = g_strconcat (name, ".host", NULL);
  const char *host_path;
  GVariantDict dict;
  GHashTableIter iter;
  gpointer worker;

  g_variant_dict_init (&dict, troupe_bus_program1_get_definition (program));
  g_variant_dict_insert (&dict, "kind", "s", "threads");
  g_variant_dict_insert_value (&dict, "link", g_variant_new_strv (links, -1));
  troupe_bus_program1_set_kind (program, "threads");
  troupe_bus_program1_set_definition (program, g_variant_dict_end (&dict));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
  if (!g_hash_table_contains (self->workers, host_name))
    add_worker (self, paths->pdata[0], project, host_name, 0, paths);
  host_path = g_dbus_object_get_object_path (
      g_dbus_interface_get_object (G_DBUS_INTERFACE (fake_engine_get_worker (self, host_name))));
  troupe_bus_worker1_set_start_problem (fake_engine_get_worker (self, host_name), "It comes up with its first thread");
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &worker))
    {
      if (strcmp (troupe_bus_worker1_get_program (worker), paths->pdata[0]) == 0 &&
          troupe_bus_worker1_get_instance (worker) > 0)
        {
          troupe_bus_worker1_set_host (worker, host_path);
          troupe_bus_worker1_set_tid (worker, 7000 + troupe_bus_worker1_get_id (worker));
          troupe_bus_worker1_set_progress (worker, -1);
          troupe_bus_worker1_set_signal_problem (worker, "A signal would reach all threads of its process");
          troupe_bus_worker1_set_kill_warning (worker, "ends the host process, and with it all its threads");
        }
      g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
    }
}

void
fake_engine_set_progress (FakeEngine *self, const char *name, double progress, const char *text)
{
  TroupeBusWorker1 *worker = fake_engine_get_worker (self, name);

  troupe_bus_worker1_set_progress (worker, progress);
  troupe_bus_worker1_set_progress_text (worker, text);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
}

void
fake_engine_set_shared_memory (FakeEngine *self, const char *project, const char *name, GBytes *bytes)
{
  TroupeBusProgram1 *program = get_program (self, project, name);

  g_clear_pointer (&self->shared_memory, g_bytes_unref);
  self->shared_memory = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  troupe_bus_program1_set_shared_memory (program, bytes != NULL ? g_bytes_get_size (bytes) : 0);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
}

void
fake_engine_set_peek_problem (FakeEngine *self, const char *message)
{
  g_free (self->peek_problem);
  self->peek_problem = g_strdup (message);
}

guint
fake_engine_get_n_peeks (FakeEngine *self, guint *largest)
{
  *largest = self->largest_peek;
  return self->n_peeks;
}

void
fake_engine_set_instances (FakeEngine *self, const char *project, const char *name, guint instances)
{
  TroupeBusProgram1 *program = get_program (self, project, name);
  g_autofree char *key = g_strconcat (project, "/", name, NULL);
  GPtrArray *paths = g_hash_table_lookup (self->program_paths, key);

  troupe_bus_program1_set_instances (program, instances);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
  for (guint i = 1; i <= instances; i++)
    {
      g_autofree char *worker_name = g_strdup_printf ("%s.%u", name, i);

      if (!g_hash_table_contains (self->workers, worker_name))
        add_worker (self, paths->pdata[0], project, worker_name, i, paths);
    }
}

void
fake_engine_remove_worker (FakeEngine *self, const char *project, const char *program, const char *name)
{
  g_autofree char *key = g_strconcat (project, "/", program, NULL);
  GPtrArray *paths = g_hash_table_lookup (self->program_paths, key);
  GDBusObject *object = g_dbus_interface_get_object (G_DBUS_INTERFACE (fake_engine_get_worker (self, name)));
  g_autofree char *path = g_strdup (g_dbus_object_get_object_path (object));
  guint position;

  g_assert_true (g_ptr_array_find_with_equal_func (paths, path, g_str_equal, &position));
  g_ptr_array_remove_index (paths, position);
  g_hash_table_remove (self->workers, name);
  g_dbus_object_manager_server_unexport (self->manager, path);
}

void
fake_engine_set_reload (FakeEngine *self, const char *project, const char *name, const char *progress,
                        const char *failure)
{
  TroupeBusProgram1 *program = get_program (self, project, name);

  troupe_bus_program1_set_reload_progress (program, progress);
  troupe_bus_program1_set_reload_failure (program, failure);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
}

void
fake_engine_set_note (FakeEngine *self, const char *project, const char *name, const char *topic, guint line,
                      const char *text)
{
  TroupeBusProgram1 *program = get_program (self, project, name);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sus)"));
  if (topic != NULL)
    g_variant_builder_add (&builder, "(sus)", topic, line, text);
  troupe_bus_program1_set_notes (program, g_variant_builder_end (&builder));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
}

void
fake_engine_set_port_problem (FakeEngine *self, const char *project, const char *name, const char *text,
                              const char *free_address, const char *holder)
{
  TroupeBusProgram1 *program = get_program (self, project, name);
  GPtrArray *holder_paths = holder != NULL ? g_hash_table_lookup (self->program_paths, holder) : NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (text != NULL)
    g_variant_dict_insert (&dict, "text", "s", text);
  if (free_address != NULL)
    g_variant_dict_insert (&dict, "free", "s", free_address);
  if (holder != NULL)
    {
      g_variant_dict_insert (&dict, "holder", "s", holder);
      g_variant_dict_insert (&dict, "program", "o", holder_paths->pdata[0]);
    }
  troupe_bus_program1_set_port_problem (program, g_variant_dict_end (&dict));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
}

void
fake_engine_set_program_problem (FakeEngine *self, const char *message)
{
  g_free (self->program_problem);
  self->program_problem = g_strdup (message);
}

void
fake_engine_set_channel (FakeEngine *self, const char *name, const char *channel)
{
  TroupeBusWorker1 *worker = fake_engine_get_worker (self, name);

  troupe_bus_worker1_set_channel (worker, channel);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
}

void
fake_engine_set_send_problem (FakeEngine *self, const char *message)
{
  g_free (self->send_problem);
  self->send_problem = g_strdup (message);
}

/* Threads answer after processes, as the engine has to ask their host. */
static void
emit_thread_stats (FakeEngine *self, double base)
{
  GVariantBuilder ids, queue, utilization, used, total;
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_variant_builder_init (&ids, G_VARIANT_TYPE ("au"));
  g_variant_builder_init (&queue, G_VARIANT_TYPE ("ax"));
  g_variant_builder_init (&utilization, G_VARIANT_TYPE ("ad"));
  g_variant_builder_init (&used, G_VARIANT_TYPE ("ax"));
  g_variant_builder_init (&total, G_VARIANT_TYPE ("ax"));
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      TroupeBusWorker1 *worker = value;
      guint id = troupe_bus_worker1_get_id (worker);

      if (troupe_bus_worker1_get_tid (worker) == 0)
        continue;
      n++;
      g_variant_builder_add (&ids, "u", id);
      g_variant_builder_add (&queue, "x", (gint64) 300 + id);
      g_variant_builder_add (&utilization, "d", MIN (1, base / 100));
      g_variant_builder_add (&used, "x", (gint64) (5 + id) << 20);
      g_variant_builder_add (&total, "x", (gint64) (9 + id) << 20);
    }
  if (n > 0)
    troupe_bus_engine1_emit_thread_stats (self->engine, g_variant_builder_end (&ids), g_variant_builder_end (&queue),
                                          g_variant_builder_end (&utilization), g_variant_builder_end (&used),
                                          g_variant_builder_end (&total));
  else
    for (guint i = 0; i < 5; i++)
      g_variant_builder_clear (((GVariantBuilder *[]){ &ids, &queue, &utilization, &used, &total })[i]);
}

void
fake_engine_emit_stats (FakeEngine *self, double base)
{
  GVariantBuilder ids, cpu, memory, rss, threads, descendants;
  GVariantDict machine;
  GHashTableIter iter;
  gpointer value;

  g_variant_builder_init (&ids, G_VARIANT_TYPE ("au"));
  g_variant_builder_init (&cpu, G_VARIANT_TYPE ("ad"));
  g_variant_builder_init (&memory, G_VARIANT_TYPE ("at"));
  g_variant_builder_init (&rss, G_VARIANT_TYPE ("at"));
  g_variant_builder_init (&threads, G_VARIANT_TYPE ("au"));
  g_variant_builder_init (&descendants, G_VARIANT_TYPE ("au"));
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      TroupeBusWorker1 *worker = value;
      guint id = troupe_bus_worker1_get_id (worker);

      if (troupe_bus_worker1_get_pid (worker) == 0)
        continue;
      g_variant_builder_add (&ids, "u", id);
      g_variant_builder_add (&cpu, "d", base + id % 7);
      g_variant_builder_add (&memory, "t", troupe_bus_worker1_get_tid (worker) == 0 ? ((guint64) 10 + id) << 20 : 0);
      g_variant_builder_add (&rss, "t", troupe_bus_worker1_get_tid (worker) == 0 ? ((guint64) 15 + id) << 20 : 0);
      g_variant_builder_add (&threads, "u", 1 + id % 12);
      g_variant_builder_add (&descendants, "u", id % 3);
    }
  g_variant_dict_init (&machine, NULL);
  g_variant_dict_insert (&machine, "cpu_percent", "d", base * 2);
  g_variant_dict_insert (&machine, "cores", "u", 4u);
  g_variant_dict_insert (&machine, "memory_used_bytes", "t", (guint64) 3 << 30);
  g_variant_dict_insert (&machine, "memory_total_bytes", "t", (guint64) 8 << 30);
  g_variant_dict_insert (&machine, "engine_cpu_percent", "d", 0.1);
  g_variant_dict_insert (&machine, "engine_memory_bytes", "t", (guint64) 9 << 20);
  troupe_bus_engine1_emit_stats (self->engine, (guint64) g_get_real_time (), g_variant_builder_end (&ids),
                                 g_variant_builder_end (&cpu), g_variant_builder_end (&memory),
                                 g_variant_builder_end (&rss), g_variant_builder_end (&threads),
                                 g_variant_builder_end (&descendants), g_variant_dict_end (&machine));
  emit_thread_stats (self, base);
}

void
fake_engine_set_problem (FakeEngine *self, const char *key, const char *message)
{
  g_free (self->problem_key);
  g_free (self->problem_message);
  self->problem_key = g_strdup (key);
  self->problem_message = g_strdup (message);
}

GVariant *
fake_engine_get_launched (FakeEngine *self)
{
  return self->launched;
}

GVariant *
fake_engine_get_edited (FakeEngine *self)
{
  return self->edited;
}

void
fake_engine_set_definition (FakeEngine *self, const char *project, const char *name, const char *text)
{
  TroupeBusProgram1 *program = get_program (self, project, name);

  GVariant *definition = g_variant_new_parsed (text);
  const char *kind;

  if (g_variant_lookup (definition, "kind", "&s", &kind))
    troupe_bus_program1_set_kind (program, kind);
  troupe_bus_program1_set_definition (program, definition);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (program));
}

void
fake_engine_set_examined (FakeEngine *self, const char *topic, guint line, const char *text)
{
  g_free (self->examined_topic);
  g_free (self->examined_text);
  self->examined_topic = g_strdup (topic);
  self->examined_text = g_strdup (text);
  self->examined_line = line;
}

GPtrArray *
fake_engine_get_calls (FakeEngine *self)
{
  return self->calls;
}

gboolean
fake_engine_was_called (FakeEngine *self, const char *call)
{
  return g_ptr_array_find_with_equal_func (self->calls, call, g_str_equal, NULL);
}

void
fake_engine_wait_for_call (FakeEngine *self, const char *call)
{
  while (!fake_engine_was_called (self, call))
    g_main_context_iteration (NULL, TRUE);
}
