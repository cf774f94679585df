/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "bus/clients.h"
#include "bus/server.h"

#include "troupe-dbus.h"

G_BEGIN_DECLS

/* What the files of the server share: server.c has the objects and Engine1, program-object.c
 * and worker-object.c an interface each. */

struct _TroupeServer
{
  TroupeEngine *engine;               /* (owned) */
  GDBusObjectManagerServer *manager;  /* (owned) */
  TroupeBusEngine1 *interface;        /* (owned) */
  TroupeClients *clients;             /* (owned) */
  GHashTable *programs;               /* (owned) TroupeProgram to its TroupeBusProgram1 */
  GHashTable *workers;                /* (owned) TroupeWorker to its TroupeBusWorker1 */
  GHashTable *changed_workers;        /* set of TroupeWorker whose properties are to be told */
  guint flush_source;
  TroupeServerWatcher watcher;
};

/* (transfer full) */
char *troupe_server_dup_program_path (TroupeProgram *program);
char *troupe_server_dup_worker_path (TroupeWorker *worker);

/* Both (transfer full); connected, with all properties set. */
TroupeBusProgram1 *troupe_program_object_new (TroupeServer *server, TroupeProgram *program);
TroupeBusWorker1 *troupe_worker_object_new (TroupeServer *server, TroupeProgram *program, TroupeWorker *worker);
void troupe_worker_object_update (TroupeBusWorker1 *object, TroupeWorker *worker);
/* Part of that: what changes with every connection, and is told more seldom. */
void troupe_worker_object_update_connections (TroupeBusWorker1 *object, TroupeWorker *worker);
/* What changes as its workers do. */
void troupe_program_object_update_group (TroupeBusProgram1 *object, TroupeProgram *program);

/* Floating a(sus). NOTES: (element-type TroupeProgramNote) */
GVariant *troupe_server_new_notes (GPtrArray *notes);

/* GDBus hands a handler its invocation to keep; the answer takes it. */
static inline gboolean
troupe_server_fail (GDBusMethodInvocation *invocation, GError *error)
{
  g_dbus_method_invocation_take_error (invocation, error);
  return TRUE;
}

G_END_DECLS
