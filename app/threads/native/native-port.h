/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A thread's end of its channel: lines of JSON over a socket, as in ipc/channel.h, read and written by the thread
 * itself. It differs from the parent's end in that it is asked for the next message where that is
 * told of each, and in that it may wait. Hence a reader of its own, from which a text is lent where it lies. */

typedef struct _NativePort NativePort;

typedef enum
{
  NATIVE_PORT_MESSAGE,
  NATIVE_PORT_NOTHING,  /* now */
  NATIVE_PORT_TOO_LONG, /* a message past TROUPE_WORKER_MESSAGE_MAX was dropped */
  NATIVE_PORT_CLOSED,   /* by the other side, and all that came was taken */
} NativePortResult;

/* What is posted while received messages are still to be handled is gathered, up to so many bytes, and goes out with
 * the last of them: a system call for each would cost more than the messages do. */
#define NATIVE_PORT_GATHER_MAX (16 * 1024)

/* Takes FD, a stream socket. GATHERED: called, by any thread, when something was; somebody has to see to it that
 * native_port_flush is called soon, for nobody knows how long the module takes for its next message.
 * Returns: (transfer full) */
NativePort *native_port_new (int fd, void (*gathered) (gpointer user_data), gpointer user_data);
void native_port_free (NativePort *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NativePort, native_port_free)

/* (borrowed) */
int native_port_peek_fd (NativePort *self);

/* Owner's thread; does not wait. *TEXT ends with a NUL and is valid until the next call. */
NativePortResult native_port_take (NativePort *self, const char **text, gsize *length);
/* Owner's thread: whether native_port_take has something to say without a look at the socket. */
gboolean native_port_has_more (NativePort *self);

/* Any thread. STOP_FD ends a wait for ever when it can be read. Returns 0, -ETIMEDOUT, -ECANCELED or -EPIPE, as in
 * troupe-worker.h. A message that was gathered, or has begun to go out, counts as posted; what is left goes before
 * the next one, with native_port_take, or with native_port_flush. TEXT is known to be JSON. */
int native_port_post (NativePort *self, const char *text, gsize length, gint64 deadline, int stop_fd);
int native_port_flush (NativePort *self, gint64 deadline);
/* Neither waits for the other side, nor for a thread that does. FALSE: there is something left. */
gboolean native_port_try_flush (NativePort *self);
gboolean native_port_has_rest (NativePort *self);
/* In a signal handler of the owner's thread: sends what it can, with no regard for anybody. */
void native_port_cry (NativePort *self);

/* Any thread while the port exists: messages that wait here and in the socket. */
guint native_port_count_waiting (NativePort *self);

G_END_DECLS
