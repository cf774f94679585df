/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define TROUPE_ENGINE_BUS_NAME "io.github.troupe.Troupe.Engine"
#define TROUPE_ENGINE_ROOT_PATH "/io/github/troupe/Troupe/Engine"
#define TROUPE_ENGINE_MANAGER_PATH "/io/github/troupe/Troupe/Engine/manager"

/* How a client reaches the engine.
 *
 * Where there is a session bus, that one. Where there is none (a bare
 * container, ssh), the user's private one (base/private-bus.h: leave it when done),
 * started when the first client needs it; its address is then also set as
 * DBUS_SESSION_BUS_ADDRESS of the calling process, so call this before other threads
 * run. Returns: (transfer full) */
GDBusConnection *troupe_engine_connection_get_bus (GCancellable *cancellable, GError **error);

/* Makes sure the engine owns its name on CONNECTION: by D-Bus activation when
 * installed, else by starting the sibling program, detached. Blocks until the
 * name is there. Fails with TROUPE_ERROR_ENGINE_UNREACHABLE. */
gboolean troupe_engine_connection_ensure_engine (GDBusConnection *connection,
                                                 GCancellable *cancellable, GError **error);

/* TRUE when the engine owns its name now; starts nothing. */
gboolean troupe_engine_connection_is_running (GDBusConnection *connection);

G_END_DECLS
