/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "ipc/channel.h"

G_BEGIN_DECLS

/* A real troupe-thread-host, spoken to over a real channel in the words of threads/thread-host.h. Everything waits for
 * an event, and gives up with a message after a minute. */

typedef struct _Peer Peer;

typedef struct
{
  TroupeReactor *reactor;
  TroupeChannel *channel;
  GQueue lines; /* of (owned) char *: what the host said and nobody asked for yet */
  GPid pid;
  gboolean closed, exited;
  int wait_status;
  guint last_id;
  GPtrArray *peers; /* (owned) of (owned) Peer */
} Host;

/* The other side of one thread. */
struct _Peer
{
  Host *host;
  guint id;
  int streams[3];
  TroupeChannel *channel;
  GQueue messages; /* of (owned) char * */
  gboolean closed;
  /* Counts numbers instead of keeping them: 1, 2, 3 …; and sends as many. */
  guint64 expected, to_send, sent;
  gboolean counting;
};

/* DATA, if not NULL: what the host writes to its standard error is thrown away. */
void host_set_up (Host *host, gconstpointer data);
/* The host ends by itself when its channel is closed, with 0. */
void host_tear_down (Host *host, gconstpointer data);

G_GNUC_PRINTF (2, 3) void host_order (Host *host, const char *format, ...);

/* Waits for the first line that begins so: expect (host, "[\"linked\",1,2"). Returns: (transfer full) */
G_GNUC_PRINTF (2, 3) char *host_expect (Host *host, const char *format, ...);
/* Whether such a line came and was not taken. */
gboolean host_has (Host *host, const char *prefix);
/* Waits until it is gone, with this status. */
void host_expect_end (Host *host, int wait_status);
void host_wait_end (Host *host);

/* Sends the descriptors of a new thread. */
Peer *peer_prepare (Host *host);
/* OPTIONS: members besides "file", beginning with a comma; or "". FILE: a module in the build folder. */
/* With “counting” set right after it, its messages have to be 1, 2, 3 …; they are counted and not kept. */
G_GNUC_PRINTF (3, 4) Peer *peer_new (Host *host, const char *file, const char *options, ...);
/* The test module, in that mode: words separated by blanks. Waits until it is online. */
Peer *peer_run (Host *host, const char *words);

/* Waits for the next message. Returns: (transfer full) */
char *peer_take (Peer *peer);
void peer_expect (Peer *peer, const char *message);
void peer_send (Peer *peer, const char *message);
/* Sends 1 to N, as fast as they are taken. */
void peer_send_numbers (Peer *peer, guint64 n);
void peer_set_reading (Peer *peer, gboolean reading);

/* Waits for "exit", and that its sockets were closed before; REASON: a part of it, NULL for none. */
void peer_expect_exit (Peer *peer, int code, const char *reason);
/* Waits until that much has been printed, or the stream is closed. Returns: (transfer full) */
char *peer_read_line (Peer *peer, int stream);
char *peer_read_all (Peer *peer, int stream);
void peer_expect_line (Peer *peer, const char *line);

#define wait_for(condition)                                                                                        \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    guint timeout_ = wait_begin (#condition);                                                                      \
    while (!(condition))                                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                                       \
    g_source_remove (timeout_);                                                                                    \
  }                                                                                                                \
  G_STMT_END

guint wait_begin (const char *what);

char *dup_module_path (const char *name);

G_END_DECLS
