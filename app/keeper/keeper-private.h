/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "keeper/keeper-pool.h"
#include "keeper/keeper-protocol.h"

G_BEGIN_DECLS

/* Between the pool's own files. */

/* keeper-launch.c: starts a keeper that waits for its launch. Returns the socket, or -1. */
int troupe_keeper_start_process (const char *keeper_path, pid_t *pid, GError **error);

/* keeper-launch.c: the LAUNCH for a socket. Returns FALSE with error set; with
 * G_IO_ERROR_BROKEN_PIPE when the keeper is not there any more. */
gboolean troupe_keeper_send_launch (int socket_fd, const TroupeLaunch *launch, const char *socket_dir,
                                    gsize pipe_bytes, GError **error);

/* keeper.c. The pool lends its epoll descriptor and takes the notices. */
TroupeKeeper *troupe_keeper_new (TroupeKeeperPool *pool, int socket_fd, guint64 key);
void troupe_keeper_set_launched (TroupeKeeper *self, const char *identity, const char *journal_dir, pid_t pid);
void troupe_keeper_set_sink (TroupeKeeper *self);

guint64 troupe_keeper_get_key (TroupeKeeper *self);
int troupe_keeper_peek_fd (TroupeKeeper *self);
gboolean troupe_keeper_has_ended (TroupeKeeper *self);

/* Sends HELLO; the answer is read by troupe_keeper_receive_welcome. */
gboolean troupe_keeper_send_hello (TroupeKeeper *self);
/* Returns 1 once the keeper has answered, 0 when it has not yet, -1 when it will not. */
int troupe_keeper_receive_welcome (TroupeKeeper *self);

typedef enum
{
  TROUPE_KEEPER_CONNECTED,
  TROUPE_KEEPER_FREE,         /* the run has ended, the keeper is warm again */
  TROUPE_KEEPER_DISCONNECTED,
} TroupeKeeperConnection;

/* Reads what came and emits its signals. */
TroupeKeeperConnection troupe_keeper_dispatch (TroupeKeeper *self, gboolean readable, gboolean writable);
/* The process serves another run from now on. Returns: (transfer full): its socket. */
int troupe_keeper_steal_fd (TroupeKeeper *self);
/* The connection is over: answers what waits for an answer. Emits nothing. */
void troupe_keeper_disconnect (TroupeKeeper *self);
/* After the end of the connection: "lost", or what was missed of the end. */
void troupe_keeper_conclude (TroupeKeeper *self);

/* keeper-pool.c: also wake up when FD can be written to. */
void troupe_keeper_pool_watch_writing (TroupeKeeperPool *self, TroupeKeeper *keeper, gboolean watch);

G_END_DECLS
