/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cluster/cluster-primary.h"
#include "keeper/keeper-pool.h"
#include "project/program-definition.h"
#include "supervisor/clock.h"
#include "supervisor/port-problem.h"

G_BEGIN_DECLS

/* What the workers of one cluster share: the sockets of `listen=`, Node's primary, and with it the
 * sockets that worker scripts ask for. The sockets are the program's: they stay open, with connections waiting in
 * their backlogs, as long as any worker is busy, whichever runs come and go; and since every run's
 * keeper holds them too, with what the primary knows, they outlive the engine. Main thread. */

/* A socket that a worker script asked for and that no run serves any more is closed this long after
 * the others have begun to listen. */
#define TROUPE_GROUP_RELEASE_MSEC 10000

typedef struct _TroupeWorkerGroup TroupeWorkerGroup;
typedef struct _TroupeGroupMember TroupeGroupMember; /* one run */

typedef struct
{
  /* The run serves ADDRESS, or no longer does. */
  void (*listening) (TroupeGroupMember *member, const char *address, gpointer user_data);
  void (*unlistening) (TroupeGroupMember *member, const char *address, gpointer user_data);
  /* It cannot have an address: PROBLEM in words. */
  void (*listen_failed) (TroupeGroupMember *member, const char *problem, gpointer user_data);
} TroupeGroupMemberHandler;

/* FIND_OWNER (nullable): the program, as "project/program" (transfer full), that has the socket INODE; NULL when
 * none does. REACTOR and CLOCK outlive the group. Returns: (transfer full) */
TroupeWorkerGroup *troupe_worker_group_new (TroupeReactor *reactor, TroupeClock *clock,
                                            char *(*find_owner) (guint64 inode, gpointer user_data),
                                            gpointer user_data);
TroupeWorkerGroup *troupe_worker_group_ref (TroupeWorkerGroup *self);
void troupe_worker_group_unref (TroupeWorkerGroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeWorkerGroup, troupe_worker_group_unref)

/* WORKER (any pointer that stays its own) runs or is to run. With the last one that is not busy any more
 * every socket is closed. */
void troupe_worker_group_set_busy (TroupeWorkerGroup *self, gpointer worker, gboolean busy);

/* Before a run: binds what DEFINITION's listen= asks for and is not bound yet, and closes what it no
 * longer asks for. An error names the address and who has it. */
gboolean troupe_worker_group_open (TroupeWorkerGroup *self, TroupeProgramDefinition *definition, GError **error);

/* The address that it could not have, the last one, until it has it. (transfer none) (nullable) */
const TroupePortProblem *troupe_worker_group_get_problem (TroupeWorkerGroup *self);
void troupe_worker_group_forget_problem (TroupeWorkerGroup *self);

/* The sockets of listen=, in the order of the definition. (transfer none) */
GArray *troupe_worker_group_get_fds (TroupeWorkerGroup *self);
/* For LISTEN_FDNAMES: "tcp-8000:udp-53:unix-app.sock". Returns: (transfer full) */
char *troupe_worker_group_dup_fd_names (TroupeWorkerGroup *self);

/* Where the program can be reached now: what listen= asked for and what scripts serve, as
 * "tcp:127.0.0.1:8000", "unix:/path", each once. Returns: (transfer full) */
GStrv troupe_worker_group_dup_addresses (TroupeWorkerGroup *self);
/* The addresses of listen= alone. Returns: (transfer full) */
GStrv troupe_worker_group_dup_bound_addresses (TroupeWorkerGroup *self);
gboolean troupe_worker_group_has_socket (TroupeWorkerGroup *self, guint64 inode);

/* IDENTITY: of the run, as its keeper knows it. A run that was a member under an engine before gets
 * its number and its addresses back. Returns: (transfer full) */
TroupeGroupMember *troupe_group_member_new (TroupeWorkerGroup *group, const char *identity,
                                            const TroupeGroupMemberHandler *handler, gpointer user_data);
void troupe_group_member_free (TroupeGroupMember *self);

TroupeWorkerGroup *troupe_group_member_get_group (TroupeGroupMember *self);
/* Never used twice while anything of the program runs; Node's NODE_UNIQUE_ID. */
guint troupe_group_member_get_id (TroupeGroupMember *self);

/* From now on this keeper holds the sockets, too. KEEPER outlives the member. */
void troupe_group_member_set_keeper (TroupeGroupMember *self, TroupeKeeper *keeper);

/* Takes part in Node's cluster over CHANNEL, which stays open until _leave. */
void troupe_group_member_join (TroupeGroupMember *self, TroupeChannel *channel);
void troupe_group_member_receive (TroupeGroupMember *self, const char *text, gsize length);
/* The channel is closed or about to be. */
void troupe_group_member_leave (TroupeGroupMember *self);

/* Asks it to stop serving, finish what it has begun, and end. FALSE when there is nobody to ask: it takes
 * no part in Node's cluster. */
gboolean troupe_group_member_disconnect (TroupeGroupMember *self);
/* TRUE when an engine before had asked it. */
gboolean troupe_group_member_was_disconnected (TroupeGroupMember *self);

/* (element-type utf8) (transfer none) */
GPtrArray *troupe_group_member_get_addresses (TroupeGroupMember *self);
/* Connections handed to it and taken. */
guint64 troupe_group_member_get_connections (TroupeGroupMember *self);

/* After an engine's start, before its workers take up their runs: what the last engine had left with
 * KEEPERS (element-type TroupeKeeper). Then _finish_restore when they have: who did not come is gone. */
void troupe_worker_group_restore (TroupeWorkerGroup *self, GPtrArray *keepers);
void troupe_worker_group_finish_restore (TroupeWorkerGroup *self);

G_END_DECLS
