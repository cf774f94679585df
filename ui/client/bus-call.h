/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Calls METHOD of PROXY and answers through a GTask of SOURCE whose value is the reply
 * (GVariant). PROXY may be NULL: the engine is away, and the call fails saying so.
 * Waits as long as it takes: a stop may. PARAMETERS is consumed when floating. Errors
 * arrive without the D-Bus prefix, ready to be shown. Main thread. */
void troupe_bus_call_async (gpointer source, GDBusProxy *proxy, const char *method, GVariant *parameters,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/* Returns: (transfer full) */
GVariant *troupe_bus_call_finish (gpointer source, GAsyncResult *result, GError **error);

G_END_DECLS
