/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine/engine.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The engine's face on the bus, as data/dbus/io.github.troupe.Troupe.Engine.xml describes
 * it: an object manager with Engine1, a Program1 a program and a Worker1 a worker. Translates and
 * decides nothing: each method checks its arguments, calls the engine, answers once. What
 * changed is told once a turn of the main loop. Main thread. */

typedef struct _TroupeServer TroupeServer;

typedef struct
{
  /* Somebody came to or left the engine. */
  void (*clients_changed) (gpointer user_data);
  /* Quit was asked for and is done. */
  void (*quit) (gpointer user_data);
  gpointer user_data;
} TroupeServerWatcher;

/* Exports at once, so take the bus name after this. Returns: (transfer full) */
TroupeServer *troupe_server_new (GDBusConnection *connection, TroupeEngine *engine,
                                 const TroupeServerWatcher *watcher);
void troupe_server_free (TroupeServer *self);

/* Brings the exported properties up to date; call before answering, so that a caller finds what it caused. */
void troupe_server_flush (TroupeServer *self);

gboolean troupe_server_has_clients (TroupeServer *self);

G_END_DECLS
