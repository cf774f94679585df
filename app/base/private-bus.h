/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The bus of a user who has no session bus (a bare container, ssh): a dbus-daemon at a fixed
 * socket in the runtime folder. Who comes first starts it, who leaves last ends it, so that
 * nothing is left running when nothing is left to do. One who died without leaving is no
 * longer on it, and counts for nothing. Blocks, for moments. */

/* Joins it, started if need be. Its address becomes the DBUS_SESSION_BUS_ADDRESS of this
 * process, for those it will start; call first before other threads run. Returns: (transfer full) */
GDBusConnection *troupe_private_bus_join (GCancellable *cancellable, GError **error);

/* The session bus that this process knows is the private one, running or not. */
gboolean troupe_private_bus_is_ours (void);

/* FALSE: BUS is not the private one, or somebody else is on it. Else it has ended, and nobody
 * came in between. */
gboolean troupe_private_bus_end_if_alone (GDBusConnection *bus);

/* The last use of BUS: ended if we are alone on it, else only our end of it. Does nothing with
 * a session bus. */
void troupe_private_bus_leave (GDBusConnection *bus);

G_END_DECLS
