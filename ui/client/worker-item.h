/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/words.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* One worker as the window knows it. Lives as long as its name does: when the engine is
 * replaced by a new one, the item stays and is bound to the new engine's object, so
 * selection, history and marks survive. Main thread.
 *
 * Signals: "changed" when any of the words below changed, "sampled" when the figures did. */

#define TROUPE_HISTORY_LENGTH 60

typedef enum
{
  TROUPE_UNSEEN_NOTHING = 0,
  TROUPE_UNSEEN_STDERR = 1 << 0,
  TROUPE_UNSEEN_CRASH = 1 << 1,
} TroupeUnseen;

#define TROUPE_TYPE_WORKER_ITEM (troupe_worker_item_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWorkerItem, troupe_worker_item, TROUPE, WORKER_ITEM, GObject)

typedef struct _TroupeProgramItem TroupeProgramItem;

/* PROJECT/NAME: the lasting key. */
const char *troupe_worker_item_get_key (TroupeWorkerItem *self);
const char *troupe_worker_item_get_project (TroupeWorkerItem *self);
const char *troupe_worker_item_get_name (TroupeWorkerItem *self);
guint troupe_worker_item_get_instance (TroupeWorkerItem *self);

/* TRUE for the process that hosts a program's threads; its instance is 0. */
gboolean troupe_worker_item_is_host (TroupeWorkerItem *self);
/* TRUE for a thread; its process is the program's host. */
gboolean troupe_worker_item_is_thread (TroupeWorkerItem *self);

/* (nullable): NULL while the engine has not yet told of it. */
TroupeProgramItem *troupe_worker_item_get_program (TroupeWorkerItem *self);

/* FALSE while no engine answers for it; then its state is what was last known. */
gboolean troupe_worker_item_is_connected (TroupeWorkerItem *self);

TroupeState troupe_worker_item_get_state (TroupeWorkerItem *self);
gboolean troupe_worker_item_is_alive (TroupeWorkerItem *self);
const char *troupe_worker_item_get_state_reason (TroupeWorkerItem *self);
guint troupe_worker_item_get_pid (TroupeWorkerItem *self);
/* Of a thread, the kernel's number for it while it runs; else 0. */
guint troupe_worker_item_get_tid (TroupeWorkerItem *self);
guint troupe_worker_item_get_run (TroupeWorkerItem *self);
guint troupe_worker_item_get_restarts (TroupeWorkerItem *self);
guint64 troupe_worker_item_get_started_usec (TroupeWorkerItem *self);
guint64 troupe_worker_item_get_ended_usec (TroupeWorkerItem *self);
int troupe_worker_item_get_exit_code (TroupeWorkerItem *self);
const char *troupe_worker_item_get_exit_signal (TroupeWorkerItem *self);
const char *troupe_worker_item_get_exit_summary (TroupeWorkerItem *self);
const char *troupe_worker_item_get_journal (TroupeWorkerItem *self);
/* What a native thread says it has done of its work, 0 to 1; -1 when it says nothing. Told with "sampled". */
double troupe_worker_item_get_progress (TroupeWorkerItem *self);
/* And in words, or "". */
const char *troupe_worker_item_get_progress_text (TroupeWorkerItem *self);
/* Why it cannot be started on its own, and why it takes no signals, or ""; whom else Kill ends, or "". */
const char *troupe_worker_item_get_start_problem (TroupeWorkerItem *self);
const char *troupe_worker_item_get_signal_problem (TroupeWorkerItem *self);
const char *troupe_worker_item_get_kill_warning (TroupeWorkerItem *self);
/* What its run serves as a member of a cluster, as client/address.h reads it. (transfer none) */
const char *const *troupe_worker_item_get_addresses (TroupeWorkerItem *self);
/* Handed to its run and taken by it; told with the figures. */
guint64 troupe_worker_item_get_connections (TroupeWorkerItem *self);
/* "open", "closed", or "" when its kind has none or it never ran; the property `channel`. */
const char *troupe_worker_item_get_channel (TroupeWorkerItem *self);

/* Figures of the last sample; 0 while it is not alive. cpu: 100 is one core. */
double troupe_worker_item_get_cpu_percent (TroupeWorkerItem *self);
guint64 troupe_worker_item_get_memory_bytes (TroupeWorkerItem *self);
guint64 troupe_worker_item_get_rss_bytes (TroupeWorkerItem *self);
guint troupe_worker_item_get_threads (TroupeWorkerItem *self);
guint troupe_worker_item_get_descendants (TroupeWorkerItem *self);

/* Of a thread, what its host tells: messages that wait for it, the share of time that its event loop works (0 to 1),
 * its JavaScript heap. Each -1 when it is not told. */
typedef struct
{
  gint64 queue;
  double utilization;
  gint64 heap_used_bytes, heap_total_bytes;
} TroupeThreadFigures;
const TroupeThreadFigures *troupe_worker_item_get_thread_figures (TroupeWorkerItem *self);

/* The last CPU figures, oldest first, newest last. (transfer none) */
const double *troupe_worker_item_get_history (TroupeWorkerItem *self, guint *n_values);

/* Microseconds since the run started; 0 when it is not alive. */
guint64 troupe_worker_item_get_uptime_usec (TroupeWorkerItem *self);

/* "0", "137", "SIGKILL"; "" before the end. Returns: (transfer full) */
char *troupe_worker_item_dup_exit_text (TroupeWorkerItem *self);

/* State and how the last run ended: "Failed · 137". Returns: (transfer full) */
char *troupe_worker_item_dup_status_text (TroupeWorkerItem *self);

TroupeUnseen troupe_worker_item_get_unseen (TroupeWorkerItem *self);
/* The person looks at its output now: takes the marks away. */
void troupe_worker_item_mark_seen (TroupeWorkerItem *self);
/* Looks whether stderr grew since it was last seen; cheap. */
void troupe_worker_item_check_stderr (TroupeWorkerItem *self);

/* METHOD: "Start", "Stop", "Restart", "Kill" or "CloseInput". Each answers when the change is under
 * way. Finish all calls with troupe_bus_call_finish (). */
void troupe_worker_item_call_async (TroupeWorkerItem *self, const char *method, GAsyncReadyCallback callback,
                                    gpointer user_data);
void troupe_worker_item_signal_async (TroupeWorkerItem *self, const char *signal_name, const char *scope,
                                      GAsyncReadyCallback callback, gpointer user_data);
void troupe_worker_item_input_async (TroupeWorkerItem *self, GBytes *bytes, GAsyncReadyCallback callback,
                                     gpointer user_data);

/* MESSAGE: one JSON text for its channel. Send answers once it is queued and recorded; finish it and
 * Disconnect with troupe_bus_call_finish (). */
void troupe_worker_item_send_async (TroupeWorkerItem *self, const char *message, GAsyncReadyCallback callback,
                                    gpointer user_data);
void troupe_worker_item_disconnect_async (TroupeWorkerItem *self, GAsyncReadyCallback callback, gpointer user_data);
/* Sends, and answers with its next message; TIMEOUT_MSEC 0 waits as long as the channel is open. */
void troupe_worker_item_request_async (TroupeWorkerItem *self, const char *message, guint timeout_msec,
                                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): JSON. */
char *troupe_worker_item_request_finish (TroupeWorkerItem *self, GAsyncResult *result, GError **error);

/* Returns: (transfer full) (element-type TroupeRunItem), newest first. */
void troupe_worker_item_load_runs_async (TroupeWorkerItem *self, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *troupe_worker_item_load_runs_finish (TroupeWorkerItem *self, GAsyncResult *result, GError **error);

/* Returns: (transfer full) (element-type TroupeProcessItem), as the engine orders them. */
void troupe_worker_item_load_processes_async (TroupeWorkerItem *self, GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *troupe_worker_item_load_processes_finish (TroupeWorkerItem *self, GAsyncResult *result,
                                                     GError **error);

G_END_DECLS
