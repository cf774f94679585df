/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Program1: one program on the bus. */

#include "config.h"

#include "bus/server-private.h"

static TroupeProgram *
get_program (TroupeBusProgram1 *object)
{
  return g_object_get_data (G_OBJECT (object), "program");
}

static gboolean
handle_start_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, TroupeServer *server)
{
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_start_program (server->engine, get_program (object));
  troupe_server_flush (server);
  troupe_bus_program1_complete_start (object, invocation);
  return TRUE;
}

static gboolean
handle_stop_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, TroupeServer *server)
{
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_stop_program (server->engine, get_program (object));
  troupe_server_flush (server);
  troupe_bus_program1_complete_stop (object, invocation);
  return TRUE;
}

static gboolean
handle_restart_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, TroupeServer *server)
{
  if (!troupe_clients_admit (server->clients, invocation))
    return TRUE;
  troupe_engine_restart_program (server->engine, get_program (object));
  troupe_server_flush (server);
  troupe_bus_program1_complete_restart (object, invocation);
  return TRUE;
}

static gboolean
handle_remove_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, TroupeServer *server)
{
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
handle_edit_cb (TroupeBusProgram1 *object, GDBusMethodInvocation *invocation, GVariant *definition,
                TroupeServer *server)
{
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
update (TroupeBusProgram1 *object, TroupeProgram *program)
{
  TroupeProgramDefinition *definition = troupe_program_get_definition (program);
  g_autofree char *command_line = troupe_program_definition_dup_command_line (definition);

  troupe_bus_program1_set_id (object, troupe_program_get_id (program));
  troupe_bus_program1_set_project (object, troupe_program_get_project (program));
  troupe_bus_program1_set_name (object, troupe_program_get_name (program));
  troupe_bus_program1_set_kind (object, troupe_kind_to_string (definition->kind));
  troupe_bus_program1_set_command_line (object, command_line);
  troupe_bus_program1_set_folder (object, definition->cwd != NULL ? definition->cwd : "");
  troupe_bus_program1_set_instances (object, definition->instances);
  troupe_bus_program1_set_definition (object, troupe_program_definition_to_variant (definition));
}

static void
changed_cb (TroupeProgram *program, TroupeBusProgram1 *object)
{
  update (object, program);
}

TroupeBusProgram1 *
troupe_program_object_new (TroupeServer *server, TroupeProgram *program)
{
  TroupeBusProgram1 *object = troupe_bus_program1_skeleton_new ();

  g_object_set_data (G_OBJECT (object), "program", program);
  update (object, program);
  g_signal_connect_object (program, "changed", G_CALLBACK (changed_cb), object, 0);
  g_signal_connect (object, "handle-start", G_CALLBACK (handle_start_cb), server);
  g_signal_connect (object, "handle-stop", G_CALLBACK (handle_stop_cb), server);
  g_signal_connect (object, "handle-restart", G_CALLBACK (handle_restart_cb), server);
  g_signal_connect (object, "handle-remove", G_CALLBACK (handle_remove_cb), server);
  g_signal_connect (object, "handle-edit", G_CALLBACK (handle_edit_cb), server);
  return object;
}
