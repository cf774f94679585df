/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

#include "troupe-dbus.h"

G_BEGIN_DECLS

/* The engine as a command reaches it: a connection and the engine's own name on it. Calls block
 * without a time limit, since a stop may take as long as its grace time; a person has Ctrl+C.
 * Main thread. */

typedef struct _TroupeEngineClient TroupeEngineClient;

typedef enum
{
  TROUPE_ENGINE_START,      /* start one when none runs */
  TROUPE_ENGINE_IF_RUNNING, /* NULL without an error when none runs */
} TroupeEngineStart;

TroupeEngineClient *troupe_engine_client_new (TroupeEngineStart start, GError **error);
void troupe_engine_client_free (TroupeEngineClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeEngineClient, troupe_engine_client_free)

/* Where an engine was killed its keepers live on, and so do the workers. */
gboolean troupe_engine_client_keepers_are_left (void);

/* After the engine went away: reaches the next one, which takes over the keepers. */
gboolean troupe_engine_client_reconnect (TroupeEngineClient *self, GError **error);

GDBusConnection *troupe_engine_client_get_connection (TroupeEngineClient *self);
/* The engine's unique name, ":1.7". */
const char *troupe_engine_client_get_owner (TroupeEngineClient *self);

/* (transfer none) */
TroupeBusEngine1 *troupe_engine_client_get_manager (TroupeEngineClient *self);
/* Proxies that hold no properties and hear no signals, so making one costs nothing on the bus.
 * Returns: (transfer full) */
TroupeBusProgram1 *troupe_engine_client_new_program (TroupeEngineClient *self, const char *path, GError **error);
TroupeBusWorker1 *troupe_engine_client_new_worker (TroupeEngineClient *self, const char *path, GError **error);

/* The a{sv} of one interface of an object. Returns: (transfer full) */
GVariant *troupe_engine_client_get_properties (TroupeEngineClient *self, const char *path, const char *interface,
                                               GError **error);

#define TROUPE_ENGINE_INTERFACE "io.github.troupe.Troupe.Engine1"
#define TROUPE_PROGRAM_INTERFACE "io.github.troupe.Troupe.Program1"
#define TROUPE_WORKER_INTERFACE "io.github.troupe.Troupe.Worker1"

G_END_DECLS
