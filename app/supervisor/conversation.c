/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Between a channel and the journal. Messages are recorded before anybody is told of them. */

#include "config.h"

#include "supervisor/conversation.h"

typedef struct
{
  TroupeConversation *conversation; /* (unowned) */
  GTask *task;                      /* (owned) */
  guint timeout;
  GSource *cancelled; /* (owned) (nullable): fires when nobody wants the answer any more */
} Request;

struct _TroupeConversation
{
  TroupeChannel *channel; /* (owned) */
  TroupeActivityLog *log; /* (unowned) */
  TroupeClock *clock;     /* (unowned) */
  const TroupeConversationHandler *handler;
  gpointer user_data;
  guint64 n_sent;
  GQueue requests;  /* of (owned) Request, oldest first */
  gint64 turn_usec; /* the time all messages of this turn get; 0: none came yet */
};

static void
request_end (Request *request, const char *text, gsize length, GError *error)
{
  TroupeConversation *self = request->conversation;
  g_autoptr (GTask) task = g_steal_pointer (&request->task);

  g_queue_remove (&self->requests, request);
  troupe_clock_clear_timeout (self->clock, &request->timeout);
  if (request->cancelled != NULL)
    {
      g_source_destroy (request->cancelled);
      g_source_unref (request->cancelled);
    }
  g_free (request);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_strndup (text, length), g_free);
}

static void
fail_requests (TroupeConversation *self)
{
  while (!g_queue_is_empty (&self->requests))
    request_end (g_queue_peek_head (&self->requests), NULL, 0,
                 g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                      "The channel was closed before an answer came"));
}

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  TroupeConversation *self = user_data;

  if (self->turn_usec == 0)
    self->turn_usec = troupe_clock_get_real_usec (self->clock);
  troupe_activity_log_add_message (self->log, self->turn_usec, TROUPE_RECORD_RECEIVED, NULL, text, length);
  if (!g_queue_is_empty (&self->requests))
    request_end (g_queue_peek_head (&self->requests), text, length, NULL);
  if (self->handler->received != NULL)
    self->handler->received (self, text, length, self->user_data);
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
          const char *explanation, gpointer user_data)
{
  TroupeConversation *self = user_data;
  gint64 now = troupe_clock_get_real_usec (self->clock);
  g_autofree char *bytes = NULL;

  switch (fault)
    {
    case TROUPE_CHANNEL_FAULT_NOT_JSON:
      troupe_activity_log_add_message (self->log, now, TROUPE_RECORD_INVALID, NULL, text, length);
      break;
    case TROUPE_CHANNEL_FAULT_TOO_LONG:
      bytes = g_strdup_printf ("%" G_GSIZE_FORMAT, length);
      troupe_activity_log_write (self->log, now, "message-too-long", "bytes", bytes, NULL);
      break;
    }
}

static void
cluster_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  TroupeConversation *self = user_data;

  if (self->handler->cluster != NULL)
    self->handler->cluster (self, text, length, self->user_data);
}

static void
turn_done_cb (TroupeChannel *channel, gpointer user_data)
{
  TroupeConversation *self = user_data;

  self->turn_usec = 0;
  troupe_activity_log_settle (self->log, self->clock);
}

static void
drained_cb (TroupeChannel *channel, gpointer user_data)
{
  TroupeConversation *self = user_data;

  if (self->handler->drained != NULL)
    self->handler->drained (self, self->user_data);
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
  TroupeConversation *self = user_data;

  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->clock), "disconnected", "by", "worker",
                             NULL);
  fail_requests (self);
  self->handler->closed (self, self->user_data);
}

static const TroupeChannelHandler channel_handler = {
  .message = message_cb,
  .fault = fault_cb,
  .cluster = cluster_cb,
  .turn_done = turn_done_cb,
  .drained = drained_cb,
  .closed = closed_cb,
};

TroupeConversation *
troupe_conversation_new (TroupeReactor *reactor, int fd, TroupeChannelState *state, TroupeActivityLog *log, TroupeClock *clock,
                         const TroupeConversationHandler *handler, gpointer user_data, GError **error)
{
  TroupeConversation *self = g_new0 (TroupeConversation, 1);

  self->log = log;
  self->clock = clock;
  self->handler = handler;
  self->user_data = user_data;
  g_queue_init (&self->requests);
  self->channel = troupe_channel_new (reactor, fd, state, &channel_handler, self, error);
  if (self->channel == NULL)
    g_clear_pointer (&self, g_free);
  return self;
}

void
troupe_conversation_free (TroupeConversation *self)
{
  if (self == NULL)
    return;
  fail_requests (self);
  troupe_channel_free (self->channel);
  g_free (self);
}

gboolean
troupe_conversation_is_open (TroupeConversation *self)
{
  return troupe_channel_is_open (self->channel);
}

TroupeChannelState *
troupe_conversation_get_state (TroupeConversation *self)
{
  return troupe_channel_get_state (self->channel);
}

TroupeChannel *
troupe_conversation_get_channel (TroupeConversation *self)
{
  return self->channel;
}

int
troupe_conversation_peek_fd (TroupeConversation *self)
{
  return troupe_channel_peek_fd (self->channel);
}

guint64
troupe_conversation_get_n_sent (TroupeConversation *self)
{
  return self->n_sent;
}

gboolean
troupe_conversation_send (TroupeConversation *self, const char *text, gsize length, const char *sender,
                          GError **error)
{
  if (!troupe_channel_send (self->channel, text, length, error))
    return FALSE;
  self->n_sent++;
  troupe_activity_log_add_message (self->log, troupe_clock_get_real_usec (self->clock),
                                   sender != NULL ? TROUPE_RECORD_ROUTED : TROUPE_RECORD_SENT, sender, text,
                                   length);
  troupe_activity_log_settle (self->log, self->clock);
  return TRUE;
}

static gboolean
request_timeout_cb (gpointer user_data)
{
  Request *request = user_data;

  request->timeout = 0;
  request_end (request, NULL, 0,
               g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The worker did not answer in time"));
  return G_SOURCE_REMOVE;
}

static gboolean
request_cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  request_end (user_data, NULL, 0,
               g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Whoever asked has left"));
  return G_SOURCE_REMOVE;
}

void
troupe_conversation_request_async (TroupeConversation *self, const char *text, gsize length, guint timeout_msec,
                                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GError *error = NULL;
  Request *request;

  if (g_queue_get_length (&self->requests) >= TROUPE_CONVERSATION_REQUESTS_MAX)
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "%d requests to this worker wait for an answer already",
                         TROUPE_CONVERSATION_REQUESTS_MAX);
  if (error != NULL || !troupe_conversation_send (self, text, length, NULL, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  request = g_new0 (Request, 1);
  request->conversation = self;
  request->task = g_steal_pointer (&task);
  if (timeout_msec > 0)
    request->timeout = troupe_clock_add_timeout (self->clock, timeout_msec, request_timeout_cb, request);
  if (cancellable != NULL)
    {
      request->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (request->cancelled, G_SOURCE_FUNC (request_cancelled_cb), request, NULL);
      g_source_attach (request->cancelled, NULL);
    }
  g_queue_push_tail (&self->requests, request);
}

char *
troupe_conversation_request_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
troupe_conversation_set_listening (TroupeConversation *self, gboolean listening)
{
  troupe_channel_set_reading (self->channel, listening);
}

void
troupe_conversation_drain (TroupeConversation *self)
{
  troupe_channel_drain (self->channel);
}

void
troupe_conversation_disconnect (TroupeConversation *self)
{
  if (!troupe_channel_is_open (self->channel))
    return;
  troupe_activity_log_write (self->log, troupe_clock_get_real_usec (self->clock), "disconnected", "by", "engine",
                             NULL);
  fail_requests (self);
  troupe_channel_disconnect (self->channel);
}
