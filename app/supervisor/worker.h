/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/reactor.h"
#include "keeper/keeper-pool.h"
#include "project/program-definition.h"
#include "supervisor/clock.h"
#include "supervisor/oom-watch.h"

G_BEGIN_DECLS

/* One instance slot of a program: it starts runs, watches over the one that lives, and
 * decides what follows its end. Main thread.
 *
 * Everything visible is a getter; "changed" () says that some of it is new, and
 * "state-changed" (TroupeState from, TroupeState to) comes with each edge of the state table,
 * before "changed". */

#define TROUPE_TYPE_WORKER (troupe_worker_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWorker, troupe_worker, TROUPE, WORKER, GObject)

/* What a worker leans on; outlives it. */
typedef struct
{
  TroupeKeeperPool *pool;
  TroupeReactor *reactor; /* of the channels */
  TroupeClock *clock;
  TroupeOomWatch *oom_watch;
  const char *journals_dir;
  /* FALSE, with REASON (out) (transfer full), when its program has to wait for another one.
   * The owner calls troupe_worker_reconsider () when that may have changed. */
  gboolean (*may_start) (TroupeWorker *worker, char **reason, gpointer user_data);
  /* (nullable): how many processes of its run live. */
  guint (*count_processes) (TroupeWorker *worker, gpointer user_data);
  /* (nullable): the worker sent a message; it is in the journal already. */
  void (*received) (TroupeWorker *worker, const char *text, gsize length, gpointer user_data);
  /* (nullable): after troupe_worker_send found no room there is some again, or the channel is gone. */
  void (*drained) (TroupeWorker *worker, gpointer user_data);
  gpointer user_data;
} TroupeWorkerContext;

TroupeWorker *troupe_worker_new (const TroupeWorkerContext *context, guint id, const char *project,
                                 const char *name, guint instance, TroupeProgramDefinition *definition);

/* After an engine's start. KEEPER (nullable): its run lives, and this keeper has it. Without one the
 * last run's end is read from its journal. WANTED: it was to be up when the last engine ended; then what the
 * policy asks for happens now. */
void troupe_worker_restore (TroupeWorker *self, TroupeKeeper *keeper, gboolean wanted);

/* Takes effect at the next start. */
void troupe_worker_set_definition (TroupeWorker *self, TroupeProgramDefinition *definition);
TroupeProgramDefinition *troupe_worker_get_definition (TroupeWorker *self);

/* A person asks. None of them waits; starting what is up and stopping what is down do nothing. */
void troupe_worker_start (TroupeWorker *self);
void troupe_worker_stop (TroupeWorker *self);
void troupe_worker_restart (TroupeWorker *self);
void troupe_worker_kill (TroupeWorker *self);

/* Waiting: looks whether it still has to. */
void troupe_worker_reconsider (TroupeWorker *self);

/* These fail with TROUPE_ERROR_WRONG_STATE when no process of it is there. */
gboolean troupe_worker_signal (TroupeWorker *self, int signal_number, TroupeSignalScope scope, GError **error);
gboolean troupe_worker_close_input (TroupeWorker *self, GError **error);
void troupe_worker_input_async (TroupeWorker *self, GBytes *bytes, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean troupe_worker_input_finish (TroupeWorker *self, GAsyncResult *result, GError **error);
void troupe_worker_open_input_async (TroupeWorker *self, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: a descriptor, or -1 with error set. */
int troupe_worker_open_input_finish (TroupeWorker *self, GAsyncResult *result, GError **error);

/* Messages, for kinds with a channel. They fail with TROUPE_ERROR_WRONG_STATE when there is none
 * or it is closed, and as troupe_channel_send (ipc/channel.h) does. SENDER (nullable): the worker
 * whose message this is, passed on over a link. */
gboolean troupe_worker_send (TroupeWorker *self, const char *text, gsize length, const char *sender,
                             GError **error);
/* Sends, and answers with its next message; see conversation.h. */
void troupe_worker_request_async (TroupeWorker *self, const char *text, gsize length, guint timeout_msec,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full), NULL with error set. */
char *troupe_worker_request_finish (TroupeWorker *self, GAsyncResult *result, GError **error);
gboolean troupe_worker_disconnect (TroupeWorker *self, GError **error);
/* Stops and resumes taking its messages. */
void troupe_worker_set_listening (TroupeWorker *self, gboolean listening);
gboolean troupe_worker_has_open_channel (TroupeWorker *self);
/* "open", "closed", or "" when its kind has none or it never ran. */
const char *troupe_worker_get_channel (TroupeWorker *self);
/* Adds an event to its run's activity log. */
void troupe_worker_note (TroupeWorker *self, const char *event, const char *key, const char *value);

guint troupe_worker_get_id (TroupeWorker *self);
const char *troupe_worker_get_project (TroupeWorker *self);
const char *troupe_worker_get_name (TroupeWorker *self);
guint troupe_worker_get_instance (TroupeWorker *self);
TroupeState troupe_worker_get_state (TroupeWorker *self);
const char *troupe_worker_get_state_reason (TroupeWorker *self); /* "" when there is none */
/* TRUE when the engine should bring it up again after its own restart. */
gboolean troupe_worker_is_wanted (TroupeWorker *self);
/* TRUE while it needs the engine: a run lives, or it waits to start one. */
gboolean troupe_worker_is_busy (TroupeWorker *self);
pid_t troupe_worker_get_pid (TroupeWorker *self);        /* 0: no main process lives */
pid_t troupe_worker_get_keeper_pid (TroupeWorker *self); /* 0: no run lives */
guint troupe_worker_get_run (TroupeWorker *self);        /* 0: none yet */
guint troupe_worker_get_restarts (TroupeWorker *self);
guint64 troupe_worker_get_started_usec (TroupeWorker *self);
guint64 troupe_worker_get_ended_usec (TroupeWorker *self);
int troupe_worker_get_exit_code (TroupeWorker *self);            /* -1: none */
const char *troupe_worker_get_exit_signal (TroupeWorker *self);  /* "" when none */
const char *troupe_worker_get_exit_summary (TroupeWorker *self); /* "" while it runs */
const char *troupe_worker_get_journal (TroupeWorker *self);      /* "" before the first run */
const char *troupe_worker_get_journals_dir (TroupeWorker *self); /* the folder of all its runs */

G_END_DECLS
