/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The host: its threads by their IDs, and what the engine orders. Main thread. */

/* How long threads have to return after the engine has closed the channel, or after SIGTERM. */
#define NATIVE_HOST_GRACE_MSEC 5000
/* Progress is told so often. */
#define NATIVE_HOST_PROGRESS_MSEC 100
/* A message that was gathered waits no longer than this for its thread, and is tried again after this when the
 * channel is full. */
#define NATIVE_HOST_FLUSH_MSEC 2
#define NATIVE_HOST_FLUSH_AGAIN_MSEC 50
/* The shared block; no more than what addresses can tell apart. */
#define NATIVE_HOST_SHARED_MAX (G_GUINT64_CONSTANT (1) << 40)

typedef struct _NativeHost NativeHost;

/* Takes FD, the channel. Returns: (transfer full): NULL with error set when there is no descriptor left. */
NativeHost *native_host_new (int fd, GError **error);
void native_host_free (NativeHost *self);

/* Serves until it is to end; returns the exit code. *THREADS_RUN: there are some that did not return, and nothing they
 * may use can be freed. */
int native_host_run (NativeHost *self, gboolean *threads_run);

/* Safe in a signal handler: all threads are asked to stop, and then it ends. */
void native_host_request_end (NativeHost *self);

G_END_DECLS
