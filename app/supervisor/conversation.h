/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "ipc/channel.h"
#include "supervisor/activity-log.h"
#include "supervisor/clock.h"

G_BEGIN_DECLS

/* A run's channel and the record of all that passes through it: what the worker says and what is
 * said to it become records of the run's journal, in order. Main thread.
 *
 * A worker that floods is slowed down by its socket, one that does not read by the
 * queue's ceiling (ipc/channel.h); neither costs other workers anything. */

/* Requests that wait for an answer at a time. */
#define TROUPE_CONVERSATION_REQUESTS_MAX 1000

typedef struct _TroupeConversation TroupeConversation;

typedef struct
{
  /* (nullable): one message of the worker's, valid JSON, in the journal already. */
  void (*received) (TroupeConversation *conversation, const char *text, gsize length, gpointer user_data);
  /* (nullable): after a send failed with G_IO_ERROR_NO_SPACE there is room again. */
  void (*drained) (TroupeConversation *conversation, gpointer user_data);
  /* (nullable): one of Node's cluster messages. */
  void (*cluster) (TroupeConversation *conversation, const char *text, gsize length, gpointer user_data);
  /* The worker closed its end. Everything it had said has been handed on. */
  void (*closed) (TroupeConversation *conversation, gpointer user_data);
} TroupeConversationHandler;

/* Takes FD, our end of the channel, and STATE (nullable), see channel.h. REACTOR, LOG, CLOCK and HANDLER outlive the
 * conversation. Returns: (transfer full), NULL with error set. */
TroupeConversation *troupe_conversation_new (TroupeReactor *reactor, int fd, TroupeChannelState *state,
                                             TroupeActivityLog *log, TroupeClock *clock, const TroupeConversationHandler *handler,
                                             gpointer user_data, GError **error);
/* Requests that still wait fail with G_IO_ERROR_CLOSED. */
void troupe_conversation_free (TroupeConversation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeConversation, troupe_conversation_free)

gboolean troupe_conversation_is_open (TroupeConversation *self);
/* (transfer none) (nullable) */
TroupeChannelState *troupe_conversation_get_state (TroupeConversation *self);

/* (transfer none) */
TroupeChannel *troupe_conversation_get_channel (TroupeConversation *self);
/* Our end, for the keeper to hold; (borrowed). -1 when closed. */
int troupe_conversation_peek_fd (TroupeConversation *self);

/* Messages that were sent through this conversation. */
guint64 troupe_conversation_get_n_sent (TroupeConversation *self);

/* SENDER (nullable): the worker the message comes from, when it is passed on over a link. Fails as
 * troupe_channel_send does; then nothing is recorded. */
gboolean troupe_conversation_send (TroupeConversation *self, const char *text, gsize length, const char *sender,
                                   GError **error);

/* Sends, and answers with the worker's next message; several requests are answered in the order
 * they were made. One that was cancelled takes no answer from the next. Fails with G_IO_ERROR_TIMED_OUT after
 * TIMEOUT_MSEC (0: never), G_IO_ERROR_CLOSED when the channel closes first. */
void troupe_conversation_request_async (TroupeConversation *self, const char *text, gsize length,
                                        guint timeout_msec, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): JSON, NULL with error set. */
char *troupe_conversation_request_finish (GAsyncResult *result, GError **error);

/* Stops and resumes listening to the worker: back-pressure for a link whose other end is full. */
void troupe_conversation_set_listening (TroupeConversation *self, gboolean listening);

/* The other end is gone: hands on what is still unread, also while not listening. */
void troupe_conversation_drain (TroupeConversation *self);

/* Says goodbye: what is queued still goes out. `closed` is not called. */
void troupe_conversation_disconnect (TroupeConversation *self);

G_END_DECLS
