/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "threads/thread-host.h"

G_BEGIN_DECLS

/* A real thread host with its threads, from the engine's and the keeper's side: for the tests of both
 * hosts and for the benchmark. Everything waits for events, with one generous limit. */

typedef struct _HostFixture HostFixture;
typedef struct _ThreadFixture ThreadFixture;

/* ARGV: the host's command. ENVP (nullable). The host is told to be ready when this returns. */
HostFixture *host_fixture_new (const char *const *argv, const char *const *envp);
/* Ends the host when it still runs. */
void host_fixture_free (HostFixture *self);
TroupeThreadHost *host_fixture_get_host (HostFixture *self);
TroupeReactor *host_fixture_get_reactor (HostFixture *self);
GPid host_fixture_get_pid (HostFixture *self);
const char *host_fixture_get_runtime (HostFixture *self);
/* Waits for its end. Returns the wait status. */
int host_fixture_wait_exit (HostFixture *self);
/* "linked 1 2", "link-failed 1 2 WHY", "unlinked 1 2", "broken …": the next of these. (transfer full) */
char *host_fixture_next_note (HostFixture *self);
/* Asks, and waits for the answer. (transfer none): until the next answer. */
const TroupeThreadFigures *host_fixture_ask_figures (HostFixture *self, guint *n);
const TroupeThreadFigures *host_fixture_list (HostFixture *self, guint *n);
/* (transfer full) */
GBytes *host_fixture_peek (HostFixture *self, guint64 offset, guint length);

/* LAUNCH: without its sockets. (transfer none): belongs to HOST. */
ThreadFixture *thread_fixture_new (HostFixture *host, const TroupeThreadLaunch *launch);
guint thread_fixture_get_id (ThreadFixture *self);
/* Waits until its code runs. Returns the thread's id of the operating system. */
pid_t thread_fixture_wait_online (ThreadFixture *self);
gboolean thread_fixture_was_online (ThreadFixture *self);
/* Waits for its end; output and messages are complete then. Returns the code. */
int thread_fixture_wait_exit (ThreadFixture *self);
gboolean thread_fixture_has_exited (ThreadFixture *self);
const char *thread_fixture_get_reason (ThreadFixture *self);

/* Waits for the next; fails when the thread ends instead. (transfer full) */
char *thread_fixture_next_message (ThreadFixture *self);
char *thread_fixture_next_fault (ThreadFixture *self);
guint thread_fixture_get_n_messages (ThreadFixture *self);
/* "SUMMARY|DETAIL" of its uncaught error, or NULL. */
const char *thread_fixture_get_error (ThreadFixture *self);
void thread_fixture_send (ThreadFixture *self, const char *text);
/* Instead of keeping messages: called for each. */
typedef void (*ThreadMessageFunc) (ThreadFixture *thread, const char *text, gsize length, gpointer user_data);
void thread_fixture_set_message_func (ThreadFixture *self, ThreadMessageFunc func, gpointer user_data);
TroupeChannel *thread_fixture_get_channel (ThreadFixture *self);

/* What it wrote until now, and waiting for it to contain TEXT. */
const GString *thread_fixture_get_output (ThreadFixture *self, guint stream);
void thread_fixture_wait_output (ThreadFixture *self, guint stream, const char *text);
/* Stops reading its output, as a keeper that is busy. */
void thread_fixture_hold_output (ThreadFixture *self, gboolean hold);
void thread_fixture_close_output (ThreadFixture *self);
void thread_fixture_write_input (ThreadFixture *self, const char *text);
void thread_fixture_close_input (ThreadFixture *self);

/* Runs the loop once; fails the test when it has run for too long since the last progress. */
void fixture_iterate (gint64 *deadline);

#define fixture_wait_for(condition)                                                                                \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    gint64 deadline_ = 0;                                                                                          \
                                                                                                                   \
    while (!(condition))                                                                                           \
      fixture_iterate (&deadline_);                                                                                \
  }                                                                                                                \
  G_STMT_END

G_END_DECLS
