/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Program1: one program on the bus. */

#include "config.h"

#include "bus/server-private.h"

#include "base/error.h"

#define TROUPE_TYPE_PROGRAM_OBJECT (troupe_program_object_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProgramObject, troupe_program_object, TROUPE, PROGRAM_OBJECT,
                      TroupeBusProgram1Skeleton)

struct _TroupeProgramObject
{
  TroupeBusProgram1Skeleton parent_instance;

  TroupeServer *server;   /* (unowned) */
  TroupeProgram *program; /* (unowned): it goes with the object */
};

static TroupeProgram *
get_program (TroupeBusProgram1 *object)
{
  return TROUPE_PROGRAM_OBJECT (object)->program;
}

static TroupeServer *
get_server (TroupeBusProgram1 *object)
{
  return TROUPE_PROGRAM_OBJECT (object)->server;
}

static gboolean
handle_start_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_start_program (server->engine, get_program (object));
  troupe_server_flush (server);
  troupe_bus_program1_complete_start (object, invocation);
  return TRUE;
}

static gboolean
handle_stop_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_stop_program (server->engine, get_program (object));
  troupe_server_flush (server);
  troupe_bus_program1_complete_stop (object, invocation);
  return TRUE;
}

static gboolean
handle_restart_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_restart_program (server->engine, get_program (object));
  troupe_server_flush (server);
  troupe_bus_program1_complete_restart (object, invocation);
  return TRUE;
}

static gboolean
handle_reload_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_reload_program (server->engine, get_program (object), &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  /* The caller shall know how far it is when it has the answer. */
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (object));
  troupe_bus_program1_complete_reload (object, invocation);
  return TRUE;
}

static gboolean
handle_cancel_reload_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_cancel_reload (server->engine, get_program (object), &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_program1_complete_cancel_reload (object, invocation);
  return TRUE;
}

static gboolean
handle_scale_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, guint instances)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_scale_program (server->engine, get_program (object), instances, &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_program1_complete_scale (object, invocation);
  return TRUE;
}

static void
peeked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) bytes = troupe_thread_group_peek_finish (NULL, result, &error);

  if (bytes == NULL)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    {
      GVariant *content = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);

      g_dbus_method_invocation_return_value (invocation, g_variant_new_tuple (&content, 1));
    }
}

static gboolean
handle_peek_shared_memory_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, guint64 offset,
                              guint length)
{
  TroupeServer *server = get_server (object);
  TroupeProgram *program = get_program (object);

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (troupe_program_get_definition (program)->shared_memory_bytes == 0)
    return troupe_server_fail (invocation, g_error_new (TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                                                        "%s has no shared memory; expected shared-memory=BYTES",
                                                        troupe_program_get_name (program)));
  troupe_thread_group_peek_async (troupe_program_get_threads (program), offset, length, peeked_cb, invocation);
  return TRUE;
}

static gboolean
handle_use_free_port_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  g_autofree char *address = NULL;
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_use_free_port (server->engine, get_program (object), &address, &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_program1_complete_use_free_port (object, invocation, address);
  return TRUE;
}

static gboolean
handle_remove_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation)
{
  TroupeServer *server = get_server (object);
  g_autoptr (TroupeBusProgram1) keep = g_object_ref (object);
  GError *error = NULL;
  guint64 token;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_remove_program (server->engine, get_program (object), &token, &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_program1_complete_remove (object, invocation, token);
  return TRUE;
}

static gboolean
handle_edit_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, GVariant *definition)
{
  TroupeServer *server = get_server (object);
  GError *error = NULL;

  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  if (!troupe_engine_edit_program (server->engine, get_program (object), definition, &error))
    return troupe_server_fail (invocation, error);
  troupe_server_flush (server);
  troupe_bus_program1_complete_edit (object, invocation);
  return TRUE;
}

static void
program_iface_init (TroupeBusProgram1Iface *iface)
{
  iface->handle_start = handle_start_cb;
  iface->handle_stop = handle_stop_cb;
  iface->handle_restart = handle_restart_cb;
  iface->handle_reload = handle_reload_cb;
  iface->handle_cancel_reload = handle_cancel_reload_cb;
  iface->handle_scale = handle_scale_cb;
  iface->handle_use_free_port = handle_use_free_port_cb;
  iface->handle_peek_shared_memory = handle_peek_shared_memory_cb;
  iface->handle_remove = handle_remove_cb;
  iface->handle_edit = handle_edit_cb;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeProgramObject, troupe_program_object, TROUPE_BUS_TYPE_PROGRAM1_SKELETON,
                               G_IMPLEMENT_INTERFACE (TROUPE_BUS_TYPE_PROGRAM1, program_iface_init))

static void
troupe_program_object_class_init (TroupeProgramObjectClass *klass)
{
}

static void
troupe_program_object_init (TroupeProgramObject *self)
{
}

/* The program that HOLDER, a worker or a program of Troupe's, is of. (transfer full) (nullable) */
static char *
dup_holder_path (TroupeServer *server, const char *holder)
{
  g_autoptr (GPtrArray) workers = holder != NULL ? troupe_engine_find (server->engine, holder, NULL) : NULL;

  return workers != NULL
             ? troupe_server_dup_program_path (
                   troupe_engine_get_program_of (server->engine, g_ptr_array_index (workers, 0)))
             : NULL;
}

static GVariant *
new_port_problem (TroupeServer *server, const TroupePortProblem *problem)
{
  g_autofree char *path = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (problem == NULL)
    return g_variant_dict_end (&dict);
  path = dup_holder_path (server, problem->holder);
  g_variant_dict_insert (&dict, "address", "s", problem->address);
  g_variant_dict_insert (&dict, "text", "s", problem->words);
  if (problem->free_address != NULL)
    g_variant_dict_insert (&dict, "free", "s", problem->free_address);
  if (problem->pid != 0)
    g_variant_dict_insert (&dict, "pid", "u", (guint32) problem->pid);
  if (problem->command != NULL)
    g_variant_dict_insert (&dict, "command", "s", problem->command);
  if (problem->holder != NULL)
    g_variant_dict_insert (&dict, "holder", "s", problem->holder);
  if (path != NULL)
    g_variant_dict_insert (&dict, "program", "o", path);
  return g_variant_dict_end (&dict);
}

GVariant *
troupe_server_new_notes (GPtrArray *notes)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sus)"));
  for (guint i = 0; i < notes->len; i++)
    {
      const TroupeProgramNote *note = g_ptr_array_index (notes, i);

      g_variant_builder_add (&builder, "(sus)", note->topic, note->line, note->message);
    }
  return g_variant_builder_end (&builder);
}

void
troupe_program_object_update_group (TroupeBusProgram1 *object, TroupeProgram *program)
{
  g_auto (GStrv) addresses = troupe_worker_group_dup_addresses (troupe_program_get_group (program));
  GStrv asked = troupe_program_get_definition (program)->listen;

  /* Bound are they once something runs. */
  troupe_bus_program1_set_listen (object, (const char *const *) (addresses[0] != NULL ? addresses : asked));
  troupe_bus_program1_set_port_problem (
      object, new_port_problem (get_server (object), troupe_worker_group_get_problem (troupe_program_get_group (program))));
}

static void
update (TroupeBusProgram1 *object, TroupeProgram *program)
{
  TroupeProgramDefinition *definition = troupe_program_get_definition (program);
  g_autofree char *command_line = troupe_program_definition_dup_command_line (definition);
  GVariant *variant = troupe_program_definition_to_variant (definition);

  /* Into one piece; the tree it was built as takes many times the room. */
  g_variant_get_data (variant);
  troupe_bus_program1_set_id (object, troupe_program_get_id (program));
  troupe_bus_program1_set_project (object, troupe_program_get_project (program));
  troupe_bus_program1_set_name (object, troupe_program_get_name (program));
  troupe_bus_program1_set_kind (object, troupe_kind_to_string (definition->kind));
  troupe_bus_program1_set_command_line (object, command_line);
  troupe_bus_program1_set_folder (object, definition->cwd != NULL ? definition->cwd : "");
  troupe_bus_program1_set_instances (object, definition->instances);
  troupe_bus_program1_set_shared_memory (object, definition->shared_memory_bytes);
  troupe_bus_program1_set_schedule (object, definition->kind != TROUPE_KIND_CLUSTER ? ""
                                            : definition->schedule_shared           ? "shared"
                                                                                    : "round-robin");
  troupe_bus_program1_set_definition (object, variant);
  troupe_bus_program1_set_reload_progress (object, troupe_program_get_reload_progress (program));
  troupe_bus_program1_set_reload_failure (object, troupe_program_get_reload_failure (program));
  troupe_bus_program1_set_notes (object, troupe_server_new_notes (troupe_program_get_notes (program)));
  troupe_program_object_update_group (object, program);
}

static void
changed_cb (TroupeProgram *program, TroupeBusProgram1 *object)
{
  update (object, program);
}

TroupeBusProgram1 *
troupe_program_object_new (TroupeServer *server, TroupeProgram *program)
{
  TroupeProgramObject *self = g_object_new (TROUPE_TYPE_PROGRAM_OBJECT, NULL);
  TroupeBusProgram1 *object = TROUPE_BUS_PROGRAM1 (self);

  self->server = server;
  self->program = program;
  update (object, program);
  g_signal_connect_object (program, "changed", G_CALLBACK (changed_cb), object, 0);
  return object;
}
