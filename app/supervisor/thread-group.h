/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "keeper/keeper-pool.h"
#include "supervisor/clock.h"
#include "supervisor/restart-verdict.h"
#include "threads/thread-host.h"

G_BEGIN_DECLS

/* What the threads of one program share: the process that hosts them, spoken to over its channel, and the
 * links between them. Two sorts of runs meet here: that of the host, which opens and closes the channel, and those
 * of the threads, each a member. Neither knows the other. Main thread.
 *
 * A thread is known to its host by a number made of its worker's and its run's, so that an engine that takes
 * over needs no list of its own: it asks the host who lives. */

typedef struct _TroupeThreadGroup TroupeThreadGroup;
typedef struct _TroupeThreadMember TroupeThreadMember; /* one thread's run */

/* What the program is told. Handlers do not act on the group at once. */
typedef struct
{
  /* The host takes threads from now on, or no longer does. */
  void (*ready_changed) (TroupeThreadGroup *group, gpointer user_data);
  /* Every thread that is left was asked to end and does not: nothing but the end of the host will help. */
  void (*stuck) (TroupeThreadGroup *group, gpointer user_data);
  /* To end one thread its host has to be killed. */
  void (*kill_wanted) (TroupeThreadGroup *group, gpointer user_data);
  /* The figures that were asked for are there. */
  void (*figures_told) (TroupeThreadGroup *group, gpointer user_data);
} TroupeThreadGroupHandler;

/* What the host's run is told. */
typedef struct
{
  /* RUNTIME: "node 20.20.2"; "" after it was taken over. */
  void (*ready) (const char *runtime, gpointer user_data);
  /* It does not keep to the protocol. */
  void (*broken) (const char *problem, gpointer user_data);
  /* It closed its channel: mostly its end follows. */
  void (*closed) (gpointer user_data);
} TroupeThreadHostWatcher;

/* What a thread's run is told. It may free its member in `exited` and `gone`. */
typedef struct
{
  void (*online) (TroupeThreadMember *member, pid_t tid, gpointer user_data);
  void (*error) (TroupeThreadMember *member, const char *summary, const char *detail, gpointer user_data);
  void (*fault) (TroupeThreadMember *member, const char *message, gpointer user_data);
  void (*log) (TroupeThreadMember *member, const char *level, const char *message, gpointer user_data);
  void (*progress) (TroupeThreadMember *member, double fraction, const char *message, gpointer user_data);
  /* WITH: the other worker's name. PROBLEM (nullable): why there is no link. */
  void (*linked) (TroupeThreadMember *member, const char *with, const char *problem, gpointer user_data);
  void (*unlinked) (TroupeThreadMember *member, const char *with, gpointer user_data);
  /* It has ended; all its output and messages are on their way. REASON (nullable): in words. */
  void (*exited) (TroupeThreadMember *member, int code, const char *reason, gpointer user_data);
  /* It ended while no engine looked, or was never made: the host does not know it. */
  void (*unknown) (TroupeThreadMember *member, gpointer user_data);
  /* Its host has ended, and it with it. HOST: how; REASON: in words, “its host process crashed with
   * SIGSEGV”. */
  void (*gone) (TroupeThreadMember *member, const TroupeRunEnd *host, const char *reason, gpointer user_data);
} TroupeThreadMemberHandler;

/* REACTOR and CLOCK outlive the group. Returns: (transfer full) */
TroupeThreadGroup *troupe_thread_group_new (TroupeReactor *reactor, TroupeClock *clock,
                                            const TroupeThreadGroupHandler *handler, gpointer user_data);
TroupeThreadGroup *troupe_thread_group_ref (TroupeThreadGroup *self);
void troupe_thread_group_unref (TroupeThreadGroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeThreadGroup, troupe_thread_group_unref)

/* ---- For the host's run ---- */

/* It has begun. Takes FD, our end of its channel, and STATE (nullable). SHARED_BYTES: of the block its threads
 * share. IS_ADOPTED: an engine before had it; then it is asked who lives. */
gboolean troupe_thread_group_open (TroupeThreadGroup *self, int fd, TroupeChannelState *state, guint64 shared_bytes,
                                   gboolean is_adopted, const TroupeThreadHostWatcher *watcher, gpointer user_data,
                                   GError **error);
/* For the keeper to hold: our end of the channel and its state; -1 when there is none. */
int troupe_thread_group_peek_fd (TroupeThreadGroup *self);
int troupe_thread_group_peek_state_fd (TroupeThreadGroup *self);
void troupe_thread_group_set_pid (TroupeThreadGroup *self, pid_t pid);
/* Asks it to end, when no thread is left in it. FALSE when some are, or there is nobody to ask. */
gboolean troupe_thread_group_leave (TroupeThreadGroup *self);
/* It has ended, as END says. What it said last is handed on, then every member is gone. */
void troupe_thread_group_close (TroupeThreadGroup *self, const TroupeRunEnd *end);
/* Lets go of it, without a word. */
void troupe_thread_group_drop (TroupeThreadGroup *self);

/* ---- For the program ---- */

/* TRUE when a thread can be made. */
gboolean troupe_thread_group_is_ready (TroupeThreadGroup *self);
/* Why its host was killed, in words, when somebody wanted to: “to end crunch.2”. (nullable) */
const char *troupe_thread_group_get_kill_reason (TroupeThreadGroup *self);
/* After an engine's start, when all runs have been taken over: who has no host is gone. HOST: how the last one
 * ended. */
void troupe_thread_group_finish_restore (TroupeThreadGroup *self, const TroupeRunEnd *host);

/* Channels straight between two threads: LINKS as in a definition ("1:2", "*"), others passed over. */
void troupe_thread_group_set_links (TroupeThreadGroup *self, const char *const *links);

/* Asks for the figures of all members; they come some time later. */
void troupe_thread_group_ask_figures (TroupeThreadGroup *self);

/* See thread-host.h. Fails with TROUPE_ERROR_WRONG_STATE when no host is ready. */
void troupe_thread_group_peek_async (TroupeThreadGroup *self, guint64 offset, guint length,
                                     GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) */
GBytes *troupe_thread_group_peek_finish (TroupeThreadGroup *self, GAsyncResult *result, GError **error);

/* ---- For a thread's run ---- */

/* INSTANCE and NAME: of its worker; NAME outlives the member. Returns: (transfer full) */
TroupeThreadMember *troupe_thread_member_new (TroupeThreadGroup *group, guint instance, const char *name, guint run,
                                              const TroupeThreadMemberHandler *handler, gpointer user_data);
/* A thread that has not ended is left to itself. */
void troupe_thread_member_free (TroupeThreadMember *self);

/* Makes the thread; the group is ready. */
gboolean troupe_thread_member_create (TroupeThreadMember *self, const TroupeThreadLaunch *launch, GError **error);
/* It was made under an engine before. IS_ONLINE: and ran. */
void troupe_thread_member_adopt (TroupeThreadMember *self, gboolean is_online);

pid_t troupe_thread_member_get_host_pid (TroupeThreadMember *self);
void troupe_thread_member_stop (TroupeThreadMember *self);
void troupe_thread_member_terminate (TroupeThreadMember *self);
/* It was asked to end, and the time for that is over. */
void troupe_thread_member_set_overdue (TroupeThreadMember *self);
/* Wants the host killed. */
void troupe_thread_member_kill_host (TroupeThreadMember *self);
/* The others in the same host, “crunch.1 and crunch.3”. Returns: (transfer full) (nullable): NULL when it is alone */
char *troupe_thread_member_dup_others (TroupeThreadMember *self);
/* FALSE when the host has told none since the last time. What it does not know is -1. */
gboolean troupe_thread_member_take_figures (TroupeThreadMember *self, TroupeThreadFigures *figures);

G_END_DECLS
