/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cluster/listen-socket.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* One NODE_CLUSTER queryServer or listening message, as far as it names a place to listen. */
typedef struct
{
  TroupeListenAddress address;
  gint64 port, fd, index, flags, backlog;
  char *type_text;
  gboolean datagram;
} TroupeListenQuery;

/* Fills *QUERY from MESSAGE, which was parsed from TEXT. */
void troupe_listen_query_read (TroupeListenQuery *query, JsonObject *message, const char *text, gsize length);
void troupe_listen_query_clear (TroupeListenQuery *query);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TroupeListenQuery, troupe_listen_query_clear)

/* What makes two queries ask for the same socket. The worker-local index only tells apart
 * several servers on a port of the kernel's choice (Node >= 22). Returns: (transfer full) */
char *troupe_listen_query_dup_id (const TroupeListenQuery *query);

/* For people, with PORT: "tcp:127.0.0.1:8000". Returns: (transfer full) */
char *troupe_listen_query_dup_address (const TroupeListenQuery *query, guint port);

G_END_DECLS
