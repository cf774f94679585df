/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cluster/listen-socket.h"
#include "ipc/channel.h"

G_BEGIN_DECLS

/* Node's cluster primary for unmodified worker scripts: the answers to a worker's NODE_CLUSTER
 * messages (lib/internal/cluster/primary.js, round_robin_handle.js, shared_handle.js; the wire
 * is the same from Node 20 to 26).
 *
 * One primary a program. It sees channels, not processes: whoever launches the workers adds a
 * member for each, hands on what its channel receives, and says when it is gone. Belongs to the
 * reactor's thread.
 *
 * Where it is better than Node's own:
 * - a connection handed to a worker that dies before it answered goes to another worker;
 * - when every worker refuses (maxConnections) it tries again after TROUPE_CLUSTER_RETRY_MSEC
 *   and does not spin;
 * - a listening socket whose last worker died, or was asked to leave, stays open, and waiting
 *   connections stay in its backlog until the next worker claims it;
 * - a connection is accepted only when a worker can be given one, and then sent at once: all others wait in the
 *   backlog, and are not lost with the primary;
 * - under load a worker that answers promptly has its next connection already when it is done with one. */

#define TROUPE_CLUSTER_RETRY_MSEC 20
/* Pause after accept found no descriptor free (EMFILE, ENFILE). */
#define TROUPE_CLUSTER_NO_FILES_MSEC 100
/* Listening sockets one program may have at a time; a keeper holds them all, with those of listen=
 * (keeper/keeper-protocol.h). */
#define TROUPE_CLUSTER_LISTENERS_MAX 40

typedef enum
{
  TROUPE_SCHEDULE_ROUND_ROBIN,
  TROUPE_SCHEDULE_SHARED, /* workers accept from the same socket themselves */
} TroupeSchedule;

typedef struct _TroupeClusterPrimary TroupeClusterPrimary;
typedef struct _TroupeClusterMember TroupeClusterMember;

typedef struct
{
  /* The worker's runtime is up. */
  void (*online) (TroupeClusterMember *member, gpointer user_data);
  /* It serves an address: "tcp:127.0.0.1:8000", "tcp:[::]:8000", "udp:…", "unix:/path". */
  void (*listening) (TroupeClusterMember *member, const char *address, gpointer user_data);
  /* It no longer does. */
  void (*unlistening) (TroupeClusterMember *member, const char *address, gpointer user_data);
  /* An address it asked for cannot be had; the worker's server emits `error`. */
  void (*listen_failed) (TroupeClusterMember *member, const char *address, int error_number,
                         gpointer user_data);
  /* It is leaving of its own accord (worker.disconnect (), worker.kill ()). */
  void (*leaving) (TroupeClusterMember *member, gpointer user_data);
} TroupeClusterHandler;

/* HANDLER and REACTOR must outlive the primary. */
TroupeClusterPrimary *troupe_cluster_primary_new (TroupeReactor *reactor, TroupeSchedule schedule,
                                                  const TroupeClusterHandler *handler, gpointer user_data);
/* Closes every socket. All members must be gone. */
void troupe_cluster_primary_free (TroupeClusterPrimary *self);

/* Sockets that worker scripts reach with listen({fd: N}): descriptor 3 + i. They stay the caller's. */
void troupe_cluster_primary_set_inherited (TroupeClusterPrimary *self, const int *fds, guint n_fds);

/* A worker that asks for port FROM gets a socket on port TO (0: a free one), when none is bound for it yet. PORTS:
 * copied, N_PORTS pairs of FROM and TO. */
void troupe_cluster_primary_set_port_map (TroupeClusterPrimary *self, const guint *ports, guint n_ports);

/* Closes sockets that no worker serves any more: some time after the replacements of dead
 * workers listen, and when the program stops. */
void troupe_cluster_primary_release_unclaimed (TroupeClusterPrimary *self);

/* CHANNEL stays the caller's and must live until troupe_cluster_member_gone. Returns:
 * (transfer none): until then. */
TroupeClusterMember *troupe_cluster_primary_add (TroupeClusterPrimary *self, TroupeChannel *channel,
                                                 gpointer member_data);
gpointer troupe_cluster_member_get_data (TroupeClusterMember *member);

/* For the channel handler's `cluster`. */
void troupe_cluster_member_receive (TroupeClusterMember *member, const char *text, gsize length);

/* Asks the worker to stop serving, finish what it has begun, and leave. From now on nothing
 * new is handed to it. The caller needs a time limit: timers and such keep a process alive. */
void troupe_cluster_member_disconnect (TroupeClusterMember *member);

/* TRUE once it was asked to leave or said that it leaves: its exit is no crash. */
gboolean troupe_cluster_member_is_leaving (TroupeClusterMember *member);

/* Connections, of all its servers, that were handed to it and that it has not answered. */
guint troupe_cluster_member_count_unanswered (TroupeClusterMember *member);
/* TRUE when it has none, or one more can be sent to it now and will not wait there for long (cluster/promptness.h). */
gboolean troupe_cluster_member_takes_another (TroupeClusterMember *member);

/* Connections handed over and taken, since it was added. */
guint64 troupe_cluster_member_get_connections (TroupeClusterMember *member);

/* The channel closed or the process ended, whichever is seen first. Frees MEMBER. */
void troupe_cluster_member_gone (TroupeClusterMember *member);

/* What a new primary needs to go on where this one stopped: every listening socket with its key and
 * members. Sockets are named by position in *FDS (out) (transfer container): an array of borrowed descriptors.
 * MEMBER_ID tells a member's lasting id. Returns: (transfer full): JSON. */
typedef guint (*TroupeClusterMemberId) (TroupeClusterMember *member);
char *troupe_cluster_primary_dup_state (TroupeClusterPrimary *self, TroupeClusterMemberId member_id,
                                        GArray **fds);

/* Takes up STATE with its descriptors (taken). Members that are added afterwards with
 * troupe_cluster_primary_readd find their places by their id. */
gboolean troupe_cluster_primary_restore (TroupeClusterPrimary *self, const char *state, const int *fds,
                                         guint n_fds, GError **error);
TroupeClusterMember *troupe_cluster_primary_readd (TroupeClusterPrimary *self, TroupeChannel *channel,
                                                   guint member_id, gpointer member_data);

/* Who was a member and has not been added again is gone for good. */
void troupe_cluster_primary_finish_restore (TroupeClusterPrimary *self);

G_END_DECLS
