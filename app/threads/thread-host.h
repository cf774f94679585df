/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "ipc/channel.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The engine's end of a thread host: one process in which the workers of a program run as
 * threads. It sees channels, not workers. There are two hosts, for Node modules and for native ones, and
 * both speak the protocol below; which one it is shows only in what they can do.
 *
 * Every thread has four sockets of its own: standard input, output and error, whose other ends
 * belong to the keeper of the thread's run, and a channel (ipc/channel.h) for its messages. So
 * output is captured and messages are exchanged as with a process, past the engine or
 * straight to it, and one thread that floods fills its own sockets only. What is left for the
 * host's channel is control, one JSON array a line:
 *
 *   engine to host
 *     ["shared", BYTES]               before the first thread: the size of the shared block
 *     ["stdio", ID, N]                with a descriptor (NODE_HANDLE, net.Native): N is 0, 1, 2 for
 *                                     input, output, error, 3 for the channel, 4 for the channel
 *                                     again: in Node the thread and the host need one each
 *     ["create", ID, OPTIONS]         the thread, after its descriptors; OPTIONS as below
 *     ["stop", ID]                    a request to end: a native thread sees it when it asks; a
 *                                     Node thread has no way to see it and is terminated
 *     ["terminate", ID]               Node: ends it wherever it is. Native: as "stop". Before "create":
 *                                     its sockets are closed, and nothing more is said about it
 *     ["link", A, B, "NAME A", "NAME B"]   a message channel between two threads
 *     ["unlink", A, B]
 *     ["stat", REQUEST]
 *     ["peek", REQUEST, OFFSET, LENGTH]    of the shared block; LENGTH at most TROUPE_THREAD_PEEK_MAX
 *     ["list"]                        asked by an engine that took over; sockets that wait for a
 *                                     "create" are closed, for it will not come
 *     ["exit", CODE]                  ends the host, and with it every thread
 *
 *   host to engine
 *     ["ready", {"version": 1, "runtime": "node 20.20.2", "pid": PID}]    first of all
 *     ["online", ID, {"tid": TID}]    its code is about to run
 *     ["error", ID, {"name", "message", "code", "stack"}]   it did not catch this; "exit" follows
 *     ["fault", ID, {"message"}]      a message could not be passed on (no JSON, not cloneable, too long)
 *     ["log", ID, {"level", "message"}]            native: a line for the journal
 *     ["progress", ID, {"fraction", "message"}]    native: 0 to 1, or -1 when unknown
 *     ["exit", ID, {"code", "reason"}]   the last word about ID, after its output and messages are
 *                                     written and their sockets closed; also when "create" failed:
 *                                     then "reason" says why, and there was no "online"
 *     ["linked", A, B]  ["unlinked", A, B]  ["link-failed", A, B, {"message"}]
 *     ["stat", REQUEST, [{"id", "tid", "queue", "taken", "utilization", "heap_used",
 *                                     "heap_total"} …]]
 *                                     what a runtime cannot tell is left out
 *     ["peeked", REQUEST, {"offset", "data"}]    base64; shorter than asked at the end of the block
 *     ["list", [{"id", "tid"} …]]     every thread that has not ended
 *
 * OPTIONS: "file" (absolute path), "name", "argv" (array), "env" (object: a copy of its own; null: shared with
 * the host), "exec_argv" (array), "worker_data" (any JSON; may be left out), "resource_limits" (Node's names:
 * maxOldGenerationSizeMb, maxYoungGenerationSizeMb, codeRangeSizeMb, stackSizeMb).
 *
 * IDs are positive, chosen by the engine and used once in a host's life. A host ends by itself when its channel is
 * closed by the engine (not when the engine dies: the keeper holds the other end). Main thread. */

#define TROUPE_THREAD_PROTOCOL_VERSION 1
#define TROUPE_THREAD_PEEK_MAX (64 * 1024)
/* Threads of one host. */
#define TROUPE_THREAD_MAX 512
/* Bytes of one text that a host may give us (a stack, a reason); what is longer is cut off. */
#define TROUPE_THREAD_TEXT_MAX (64 * 1024)
/* Questions about the shared block that may wait for their answer. */
#define TROUPE_THREAD_PEEKS_MAX 64

typedef struct _TroupeThreadHost TroupeThreadHost;

typedef struct
{
  guint id;
  pid_t tid;          /* 0: unknown */
  gint64 queue;       /* messages that the host has for it; -1: unknown */
  gint64 taken;       /* messages that it has taken in its life; -1: unknown. A thread that computes does not
                       * read its socket, so what waits for it is what was sent to it less this. */
  double utilization; /* of its event loop, 0 to 1; -1: unknown */
  gint64 heap_used_bytes, heap_total_bytes; /* -1: unknown */
} TroupeThreadFigures;

/* What is to run. Pointers are borrowed for the call. */
typedef struct
{
  const char *file; /* absolute */
  const char *name;
  const char *const *argv;      /* (nullable): after the file */
  const char *const *envp;      /* (nullable): NULL shares the host's */
  const char *const *exec_argv; /* (nullable) */
  const char *worker_data;      /* (nullable): JSON */
  const char *resource_limits;  /* (nullable): a JSON object */
  int fds[4];                   /* input, output, error, channel: sockets; duplicated */
} TroupeThreadLaunch;

/* Called in the order things came; texts are valid UTF-8, during the call. A handler may free the host.
 * An ID is what the host said, checked for its form only: the handler looks it up, and passes over one
 * that it does not know. */
typedef struct
{
  void (*ready) (TroupeThreadHost *host, const char *runtime, gpointer user_data);
  void (*online) (TroupeThreadHost *host, guint id, pid_t tid, gpointer user_data);
  /* DETAIL: the stack where there is one, else the message; SUMMARY: one line, "TypeError: …". */
  void (*error) (TroupeThreadHost *host, guint id, const char *summary, const char *detail, gpointer user_data);
  void (*fault) (TroupeThreadHost *host, guint id, const char *message, gpointer user_data);
  void (*log) (TroupeThreadHost *host, guint id, const char *level, const char *message, gpointer user_data);
  void (*progress) (TroupeThreadHost *host, guint id, double fraction, const char *message, gpointer user_data);
  /* REASON (nullable): why it could not be created, or why it ended so. */
  void (*exited) (TroupeThreadHost *host, guint id, int code, const char *reason, gpointer user_data);
  /* PROBLEM (nullable): why a link could not be made. */
  void (*linked) (TroupeThreadHost *host, guint a, guint b, const char *problem, gpointer user_data);
  void (*unlinked) (TroupeThreadHost *host, guint a, guint b, gpointer user_data);
  void (*figures) (TroupeThreadHost *host, const TroupeThreadFigures *figures, guint n, gpointer user_data);
  /* After troupe_thread_host_list: (element-type TroupeThreadFigures), id and tid only. */
  void (*listed) (TroupeThreadHost *host, const TroupeThreadFigures *threads, guint n, gpointer user_data);
  /* The host said something that is not of this protocol, or of another version. It is passed
   * over; whether to go on with such a host is up to the handler. */
  void (*broken) (TroupeThreadHost *host, const char *problem, gpointer user_data);
} TroupeThreadHostHandler;

/* CHANNEL: of the host's process, outlives this object; whoever owns it hands every user message to
 * _receive. HANDLER outlives the object. Returns: (transfer full) */
TroupeThreadHost *troupe_thread_host_new (TroupeChannel *channel, const TroupeThreadHostHandler *handler,
                                          gpointer user_data);
void troupe_thread_host_free (TroupeThreadHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeThreadHost, troupe_thread_host_free)

void troupe_thread_host_receive (TroupeThreadHost *self, const char *text, gsize length);

/* These fail as troupe_channel_send does; `create` also with G_IO_ERROR_INVALID_DATA for worker data or
 * resource limits that are no JSON. Texts that are not UTF-8 reach the thread with
 * replacement characters, as they would in Node; a file name must be UTF-8. */
gboolean troupe_thread_host_share (TroupeThreadHost *self, guint64 bytes, GError **error);
gboolean troupe_thread_host_create (TroupeThreadHost *self, guint id, const TroupeThreadLaunch *launch,
                                    GError **error);

/* These cannot fail here: with the channel closed the host is gone or going, and its end says all. */
void troupe_thread_host_stop (TroupeThreadHost *self, guint id);
void troupe_thread_host_terminate (TroupeThreadHost *self, guint id);
void troupe_thread_host_link (TroupeThreadHost *self, guint a, guint b, const char *name_a, const char *name_b);
void troupe_thread_host_unlink (TroupeThreadHost *self, guint a, guint b);
/* While one question is open, another is not asked. */
void troupe_thread_host_ask_figures (TroupeThreadHost *self);
void troupe_thread_host_list (TroupeThreadHost *self);
void troupe_thread_host_exit (TroupeThreadHost *self, int code);

/* Reads of the shared block; fails with G_IO_ERROR_CLOSED when the host is gone, G_IO_ERROR_BUSY past
 * TROUPE_THREAD_PEEKS_MAX, G_IO_ERROR_INVALID_ARGUMENT past TROUPE_THREAD_PEEK_MAX. */
void troupe_thread_host_peek_async (TroupeThreadHost *self, guint64 offset, guint length,
                                    GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) */
GBytes *troupe_thread_host_peek_finish (TroupeThreadHost *self, GAsyncResult *result, GError **error);

/* The host for Node modules, a script for `node [EXEC-ARGV…] SCRIPT`. Returns: (transfer full) */
char *troupe_thread_host_dup_node_script (void);

G_END_DECLS
