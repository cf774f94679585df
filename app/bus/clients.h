/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Who talks to the engine over the bus: lets only the same user in, knows who wants figures,
 * and notices who leaves. Main thread. */

typedef struct _TroupeClients TroupeClients;

/* Past it a caller is answered, but neither remembered nor able to subscribe. */
#define TROUPE_CLIENTS_MAX 1000

/* CHANGED is called when somebody came, left, subscribed or unsubscribed. Returns: (transfer full) */
TroupeClients *troupe_clients_new (GDBusConnection *connection, void (*changed) (gpointer user_data),
                                   gpointer user_data);
void troupe_clients_free (TroupeClients *self);

/* Call first thing for each method call. FALSE: it was answered with an error. */
gboolean troupe_clients_admit (TroupeClients *self, GDBusMethodInvocation *invocation);

/* Cancelled when the caller leaves the bus; of one that is not remembered NULL. (transfer none) */
GCancellable *troupe_clients_get_cancellable (TroupeClients *self, GDBusMethodInvocation *invocation);

/* SENDER was admitted. FALSE with TROUPE_ERROR_LIMIT when there are too many. */
gboolean troupe_clients_subscribe (TroupeClients *self, const char *sender, GError **error);
void troupe_clients_unsubscribe (TroupeClients *self, const char *sender);

/* Callers that are still on the bus. */
guint troupe_clients_get_n_present (TroupeClients *self);
guint troupe_clients_get_n_subscribed (TroupeClients *self);

G_END_DECLS
