/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/reactor.h"
#include "cluster/cluster-primary.h"

G_BEGIN_DECLS

/* One listening socket of a program and who serves it: the bookkeeping of
 * round robin, without the wire. Private to the primary. */

typedef struct _TroupeListener TroupeListener;

/* Hands CONNECTION to MEMBER; FALSE when that cannot be sent. The answer comes back through
 * troupe_listener_answered. */
typedef gboolean (*TroupeListenerOffer) (TroupeListener *listener, TroupeClusterMember *member,
                                         TroupeHandle *connection);

/* Takes FD. KEY and ID are copied. */
TroupeListener *troupe_listener_new (TroupeReactor *reactor, const char *id, const char *key,
                                     TroupeSchedule schedule, int fd, TroupeListenerOffer offer);
void troupe_listener_free (TroupeListener *self);

const char *troupe_listener_get_id (TroupeListener *self);
const char *troupe_listener_get_key (TroupeListener *self);
int troupe_listener_peek_fd (TroupeListener *self);
TroupeSchedule troupe_listener_get_schedule (TroupeListener *self);

/* Extra facts, owned by the listener. */
char **troupe_listener_get_data (TroupeListener *self);    /* JSON text that every worker gets back */
char **troupe_listener_get_address (TroupeListener *self); /* for people */
char **troupe_listener_get_unlink_path (TroupeListener *self);

gboolean troupe_listener_has_member (TroupeListener *self, TroupeClusterMember *member);
gboolean troupe_listener_is_empty (TroupeListener *self);
/* (element-type TroupeClusterMember), in order of joining; (transfer none). */
GPtrArray *troupe_listener_get_members (TroupeListener *self);

/* With round robin the member can be given a connection at once. */
void troupe_listener_join (TroupeListener *self, TroupeClusterMember *member);
void troupe_listener_leave (TroupeListener *self, TroupeClusterMember *member);

/* A member may have answered a connection of another listener. */
void troupe_listener_resume (TroupeListener *self);

/* MEMBER answered the connection it was offered. */
void troupe_listener_answered (TroupeListener *self, TroupeClusterMember *member, TroupeHandle *connection,
                               gboolean accepted);
/* MEMBER left without an answer: the connection is the next to be handed out. */
void troupe_listener_orphaned (TroupeListener *self, TroupeHandle *connection);

G_END_DECLS
