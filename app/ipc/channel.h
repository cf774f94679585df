/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/reactor.h"
#include "ipc/channel-state.h"
#include "ipc/handle.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The parent's end of Node's IPC channel: an AF_UNIX stream socket with one JSON
 * text a line (NODE_CHANNEL_FD, serialization mode "json"; lib/internal/child_process.js).
 *
 * Any program that reads and writes lines on that descriptor is a full peer. User
 * messages pass as the bytes they are. Node's own messages (`cmd` beginning with NODE_)
 * never reach the user: acknowledgements of descriptors are kept track of
 * here, questions about sockets we never handed out are answered here, descriptors we did not ask
 * for are acknowledged and closed while the message they came with goes on
 * to the user; cluster messages go to the handler.
 *
 * Belongs to the reactor's thread. A peer can cost at most the ceilings below: reading is
 * bounded a turn, writing never blocks. */

/* A message longer than this is refused (ours) or dropped and reported (theirs). */
#define TROUPE_CHANNEL_MESSAGE_MAX (96 * 1024 * 1024)
/* Bytes that may wait for a peer that does not read. An empty queue takes any message. */
#define TROUPE_CHANNEL_QUEUE_MAX (16 * 1024 * 1024)
/* Below this the handler's `drained` is called after a send was refused. */
#define TROUPE_CHANNEL_QUEUE_LOW (1024 * 1024)
/* Acknowledgements that may wait for a peer that does not read them; at this it is not read either. */
#define TROUPE_CHANNEL_ANSWERS_MAX (64 * 1024)
/* Descriptors received ahead of the message they belong to. */
#define TROUPE_CHANNEL_FDS_MAX 16

typedef struct _TroupeChannel TroupeChannel;

typedef enum
{
  TROUPE_CHANNEL_FAULT_NOT_JSON, /* the line is no JSON text */
  TROUPE_CHANNEL_FAULT_TOO_LONG, /* the line was longer than the ceiling; its bytes are gone */
} TroupeChannelFault;

/* Called from the reactor, in the order things came. Pointers are valid during the call.
 * A handler may send, pause, close and free the channel. */
typedef struct
{
  /* One user message, valid JSON, no newline. */
  void (*message) (TroupeChannel *channel, const char *text, gsize length, gpointer user_data);
  /* A line that is no message. TEXT is NULL for a line that was too long. */
  void (*fault) (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
                 const char *explanation, gpointer user_data);
  /* (nullable): a NODE_CLUSTER message, valid JSON, no newline. */
  void (*cluster) (TroupeChannel *channel, const char *text, gsize length, gpointer user_data);
  /* (nullable): no more messages of this turn; a good moment to write out what was gathered. */
  void (*turn_done) (TroupeChannel *channel, gpointer user_data);
  /* (nullable): after a refused send, the queue has room again. */
  void (*drained) (TroupeChannel *channel, gpointer user_data);
  /* The peer closed its end, or it broke: nothing comes any more. Exactly once, never
   * after troupe_channel_close. Everything that was sent before it has been handed on. */
  void (*closed) (TroupeChannel *channel, gpointer user_data);
} TroupeChannelHandler;

/* Makes a connected pair: *OURS non-blocking, *THEIRS as a child expects it; both close-on-exec. */
gboolean troupe_channel_socketpair (int *ours, int *theirs, GError **error);

/* Takes FD and STATE (nullable); with a state that is in the middle of lines it goes on with them. HANDLER
 * must outlive the channel. Returns: (transfer full), NULL with error set (what was taken is gone then). */
TroupeChannel *troupe_channel_new (TroupeReactor *reactor, int fd, TroupeChannelState *state,
                                   const TroupeChannelHandler *handler, gpointer user_data, GError **error);
void troupe_channel_free (TroupeChannel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeChannel, troupe_channel_free)

/* (transfer none) (nullable) */
TroupeChannelState *troupe_channel_get_state (TroupeChannel *self);

/* The descriptor, for the keeper's store; (borrowed). -1 when closed. */
int troupe_channel_peek_fd (TroupeChannel *self);
gboolean troupe_channel_is_open (TroupeChannel *self);

/* Queues one user message. TEXT must be one JSON text; raw newlines in it (between tokens) are
 * replaced by spaces, so that it is one line. Fails with G_IO_ERROR_INVALID_DATA (no JSON),
 * G_IO_ERROR_MESSAGE_TOO_LARGE, G_IO_ERROR_NO_SPACE (the queue is full; wait for `drained`),
 * G_IO_ERROR_CLOSED. A message that Node would take for its own is INVALID_DATA too: the
 * peer would silently ignore it. */
gboolean troupe_channel_send (TroupeChannel *self, const char *text, gsize length, GError **error);

/* Queues one of Node's own messages, made by us (trusted), with a descriptor or -1. The
 * descriptor is duplicated. With one, TEXT is wrapped as NODE_HANDLE of TYPE ("net.Socket", "net.Server",
 * "dgram.Socket", "net.Native", "dgram.Native"), everything after it is held back until the
 * peer acknowledges, and it is sent again up to three times when the peer says it got none.
 * Refuses descriptors that would abort a Node peer (not a socket). */
gboolean troupe_channel_send_internal (TroupeChannel *self, const char *text, const char *type, int fd,
                                       GError **error);

/* Lines of the next kind that may be on their way together. */
#define TROUPE_CHANNEL_HANDLES_MAX 8

/* The same with a descriptor that need be neither duplicated nor looked at: it is a socket. A line that may be
 * answered IN_ANY_ORDER need not wait for the answers to others of the kind. */
gboolean troupe_channel_send_handle (TroupeChannel *self, const char *text, const char *type, TroupeHandle *handle,
                                     gboolean in_any_order, GError **error);

/* TRUE when a short line of that kind would go out now, and not wait here for the peer. */
gboolean troupe_channel_takes_handle (TroupeChannel *self);

/* Stops and resumes reading: back-pressure towards the peer. */
void troupe_channel_set_reading (TroupeChannel *self, gboolean reading);

/* The peer's process has ended: hands on, now, what it left unread, at most TROUPE_CHANNEL_DRAIN_MAX
 * bytes should another process hold its end and go on. `closed` may be called from here. */
#define TROUPE_CHANNEL_DRAIN_MAX (16 * 1024 * 1024)
void troupe_channel_drain (TroupeChannel *self);

/* Bytes not yet taken by the kernel. */
gsize troupe_channel_get_queued (TroupeChannel *self);

/* Sends what is queued, then closes our end: the peer sees a disconnect. No handler is
 * called afterwards. troupe_channel_close drops the queue. */
void troupe_channel_disconnect (TroupeChannel *self);
void troupe_channel_close (TroupeChannel *self);

G_END_DECLS
