/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The host's end of its channel to the engine: orders and descriptors in, what its threads tell out.
 *
 * Any thread may tell; the line goes out at once if it can. With an engine that is gone or slow lines wait here. Most
 * lines are few by nature: an order or a thread's end brings one. Those a module can make as many of as it
 * likes are refused past the ceiling. */

#define NATIVE_CONTROL_QUEUE_MAX (1024 * 1024)
/* How long such a line waits for room before it is refused, once; the next ones not until there was room. */
#define NATIVE_CONTROL_PATIENCE_USEC (1 * G_USEC_PER_SEC)
/* An order with its worker data. */
#define NATIVE_CONTROL_ORDER_MAX (96 * 1024 * 1024)
/* Descriptors received ahead of the order they belong to. */
#define NATIVE_CONTROL_FDS_MAX 16

typedef struct _NativeControl NativeControl;

/* TEXT is valid JSON, no newline, NUL at its end; FD the descriptor that came with it, taken over by the function,
 * or -1. */
typedef void (*NativeControlFunc) (const char *text, gsize length, int fd, gpointer user_data);

/* Takes FD, a stream socket. WAKE: called, by any thread, when native_control_wants_write has become
 * TRUE. Returns: (transfer full) */
NativeControl *native_control_new (int fd, NativeControlFunc func, void (*wake) (gpointer user_data),
                                   gpointer user_data);
void native_control_free (NativeControl *self);

/* (borrowed) */
int native_control_peek_fd (NativeControl *self);

/* Any thread. LINE: one JSON text, without a newline; taken. */
void native_control_tell (NativeControl *self, GString *line);
/* FALSE: it was refused. */
gboolean native_control_try_tell (NativeControl *self, GString *line);
/* For a progress that can as well be told later: no waiting. */
gboolean native_control_has_room (NativeControl *self);

/* In a signal handler: LINE, with its newline, unless that would fall into the middle of another. */
void native_control_cry (NativeControl *self, const char *line, gsize length);

/* The main thread's: whether to poll for POLLOUT, and what to do then. */
gboolean native_control_wants_write (NativeControl *self);
void native_control_flush (NativeControl *self);
/* The same, waiting for DEADLINE at most. */
void native_control_finish (NativeControl *self, gint64 deadline);

/* Main thread, on POLLIN: hands all that came to the function. FALSE: the engine has closed its end. */
gboolean native_control_read (NativeControl *self);

G_END_DECLS
