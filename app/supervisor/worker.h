/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"
#include "supervisor/thread-group.h"
#include "supervisor/worker-context.h"
#include "supervisor/worker-group.h"

G_BEGIN_DECLS

/* One instance slot of a program: it starts runs, watches over the one that lives, and
 * decides what follows its end. Main thread.
 *
 * It has one current run, the one that everything visible speaks of. While it is reloaded there is a
 * next one, which takes over when it is ready; then the old one retires: it finishes what it
 * serves, and ends.
 *
 * Everything visible is a getter; "changed" () says that some of it is new, and
 * "state-changed" (TroupeState from, TroupeState to) comes with each edge of the state table,
 * before "changed"; also, with twice the same state, when another run has taken over, and when the last
 * retiring one has ended.
 * "reloaded" (gboolean success, const char *why) ends a reload; WHY it failed, or "". */

#define TROUPE_TYPE_WORKER (troupe_worker_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWorker, troupe_worker, TROUPE, WORKER, GObject)

TroupeWorker *troupe_worker_new (const TroupeWorkerContext *context, guint id, const char *project,
                                 const char *name, guint instance, TroupeProgramDefinition *definition);

/* What the workers of its program share as a cluster, and as threads; before it runs. */
void troupe_worker_set_groups (TroupeWorker *self, TroupeWorkerGroup *cluster, TroupeThreadGroup *threads);

/* After an engine's start. KEEPERS (nullable) (element-type TroupeKeeper): of its runs that live. Without one
 * the last run's end is read from its journal. WANTED: it was to be up when the last engine ended; then what
 * the policy asks for happens now. */
void troupe_worker_restore (TroupeWorker *self, GPtrArray *keepers, gboolean wanted);

/* Takes effect at the next start. */
void troupe_worker_set_definition (TroupeWorker *self, TroupeProgramDefinition *definition);
TroupeProgramDefinition *troupe_worker_get_definition (TroupeWorker *self);

/* A person asks. None of them waits; starting what is up and stopping what is down do nothing. */
void troupe_worker_start (TroupeWorker *self);
void troupe_worker_stop (TroupeWorker *self);
void troupe_worker_restart (TroupeWorker *self);
void troupe_worker_kill (TroupeWorker *self);

/* Replaces its run by one of the definition as it is now. OVERLAP: the new run starts beside the old
 * one and takes over when it is ready; else the old one is stopped first. A new run that ends, or is not ready
 * in its ready-timeout, fails the reload, and the old one goes on. Returns FALSE when there is nothing to
 * replace: it is down, and not to come up. Answers with "reloaded". */
gboolean troupe_worker_reload (TroupeWorker *self, gboolean overlap);
/* Under way: since troupe_worker_reload, or since the last engine's. */
gboolean troupe_worker_is_reloading (TroupeWorker *self);
/* The new run goes, if it has not taken over yet. No "reloaded" follows. */
void troupe_worker_cancel_reload (TroupeWorker *self);

/* Waiting: looks whether it still has to. */
void troupe_worker_reconsider (TroupeWorker *self);
/* Waiting, or to start again later: what it waits for will not come. REASON: in words. */
void troupe_worker_give_up (TroupeWorker *self, const char *reason);

/* These fail with TROUPE_ERROR_WRONG_STATE when no process of it is there, and signals to a thread. */
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
/* What its run serves: "tcp:127.0.0.1:8000", "unix:/path". Returns: (transfer full) */
GStrv troupe_worker_dup_addresses (TroupeWorker *self);
/* Connections that its run was handed as a member of a cluster. */
guint64 troupe_worker_get_connections (TroupeWorker *self);
/* Adds an event to its run's activity log. */
void troupe_worker_note (TroupeWorker *self, const char *event, const char *key, const char *value);

/* Of kind threads: it is a thread, or the process that hosts them. */
gboolean troupe_worker_is_thread (TroupeWorker *self);
gboolean troupe_worker_is_host (TroupeWorker *self);
/* Why it takes no signals, "" when it does. */
const char *troupe_worker_get_signal_problem (TroupeWorker *self);
/* Whom else a kill would end now, in words. Returns: (transfer full) */
char *troupe_worker_dup_kill_warning (TroupeWorker *self);
/* Of a thread: the kernel's number for it, 0 while it does not run; how far it says it is (-1: it does not), with TEXT
 * (out); what its host tells of it (FALSE: nothing since the last time). */
pid_t troupe_worker_get_tid (TroupeWorker *self);
double troupe_worker_get_progress (TroupeWorker *self, const char **text);
gboolean troupe_worker_take_thread_figures (TroupeWorker *self, TroupeThreadFigures *figures);
/* How its current or last run ended, as far as that is known. */
const TroupeRunEnd *troupe_worker_get_end (TroupeWorker *self);

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
/* Of every run that lives: also one that is to take over, and those that are on their way out.
 * Returns: (transfer full) (element-type pid_t) */
GArray *troupe_worker_dup_keeper_pids (TroupeWorker *self);
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
