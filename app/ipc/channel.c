/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lines in both directions over one socket. Sending: a queue of pieces, each some lines or one
 * line with a descriptor. What is sent while messages are being handed out is gathered and
 * goes out in as few system calls as it takes when that turn ends; at other times at once.
 *
 * The hold: after a line with a descriptor everything else waits for NODE_HANDLE_ACK, because
 * a Node peer gives the next descriptor it has to the next NODE_HANDLE line it parses, and
 * two on their way can be swapped: when what is read before them fills its buffer up to the middle of
 * the first line, the rest of that line comes with the second descriptor, and the first is forgotten. Our own
 * acknowledgements pass; and lines whose order does not matter, behind others of the kind, while it is certain that all
 * the peer may have unread is far less than any buffer. */

#include "config.h"

#include "ipc/channel.h"

#include "ipc/framer.h"
#include "ipc/json-text.h"
#include "ipc/line-queue.h"
#include "ipc/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Edge-triggered: the kernel need not look at a socket again that was read empty, which is a
 * twentieth of what a message costs. So whoever stops before the end has to rearm the watch. */
#define WATCHED_WHEN_READING (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define WATCHED_WHEN_WRITING (EPOLLOUT | EPOLLET)

#define READ_BYTES (64 * 1024)
#define READS_PER_TURN_MAX 32
/* A socket holds about 208 KiB. */
#define SWALLOWS_MAX 256
#define IOV_MAX_PER_SEND 64
#define HANDLE_RETRIES_MAX 3
/* Bytes on their way with a line that has a descriptor, when it is not the only one: Node reads 64 KiB at a time, and
 * other peers hardly less than a page. */
#define UNREAD_MAX 4096
#define SHORT_LINE_BYTES 256

#define ACK_LINE "{\"cmd\":\"NODE_HANDLE_ACK\"}"
#define NACK_LINE "{\"cmd\":\"NODE_HANDLE_NACK\"}"

struct _TroupeChannel
{
  TroupeReactor *reactor; /* (unowned) */
  TroupeReactorWatch *watch;
  const TroupeChannelHandler *handler;
  gpointer user_data;
  int fd;
  TroupeChannelState *state; /* (owned) (nullable) */
  TroupeLinePiece *stated;   /* (unowned): whose rest the state holds; compared, never followed */

  TroupeFramer *framer; /* (owned) */
  int pending_fds[TROUPE_CHANNEL_FDS_MAX];
  guint n_pending_fds;

  TroupeLineQueue queue;
  TroupeLineQueue answers; /* acknowledgements, which no hold stops */
  gsize queued_bytes; /* of both */
  gsize answer_bytes;
  TroupeLineQueue unacknowledged; /* handle lines that were sent, in that order */
  guint n_unacknowledged;
  guint64 sent, known_read; /* bytes in all; of these those up to the last line that was acknowledged, 0: none was */

  TroupePace pace;
  guint turn_messages; /* lines of this turn */

  guint in_turn : 1;     /* messages are being handed out */
  guint in_event : 1;    /* a callback of the reactor is on the stack */
  guint freed : 1;       /* free when that callback returns */
  guint reading : 1;
  guint gathering : 1;   /* messages gather in the socket until a hold of the reactor ends */
  guint want_drained : 1;
  guint disconnecting : 1;
  guint peer_done : 1;   /* end of file or error was seen while reading */
};

static void channel_event (guint32 events, gpointer user_data);
static void update_watch (TroupeChannel *self);
static void channel_line (const char *line, gsize length, gpointer user_data);

static void
take_errno (GError **error, int saved_errno, const char *attempt)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s", attempt, g_strerror (saved_errno));
}

gboolean
troupe_channel_socketpair (int *ours, int *theirs, GError **error)
{
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      take_errno (error, errno, "Could not make a channel");
      return FALSE;
    }
  /* Each end has a flag of its own; Node sets its end itself, other programs expect reads that wait. */
  fcntl (pair[0], F_SETFL, O_NONBLOCK);
  *ours = pair[0];
  *theirs = pair[1];
  return TRUE;
}

/* Goes on where whoever held the channel before was killed. */
static void
resume (TroupeChannel *self)
{
  gsize dropped;
  g_autoptr (GBytes) in = troupe_channel_state_dup_in (self->state, &dropped);
  g_autoptr (GBytes) out = troupe_channel_state_dup_out (self->state);

  if (in != NULL)
    troupe_framer_feed (self->framer, g_bytes_get_data (in, NULL), g_bytes_get_size (in));
  if (dropped > 0)
    troupe_framer_set_dropped (self->framer, dropped);
  if (out != NULL)
    {
      gsize length;
      const char *bytes = g_bytes_get_data (out, &length);
      TroupeLinePiece *piece = troupe_line_piece_new (length);

      memcpy (piece->bytes, bytes, length);
      troupe_line_queue_push_head (&self->queue, piece);
      self->queued_bytes += length;
      self->stated = piece;
    }
}

TroupeChannel *
troupe_channel_new (TroupeReactor *reactor, int fd, TroupeChannelState *state, const TroupeChannelHandler *handler,
                    gpointer user_data, GError **error)
{
  TroupeChannel *self = g_new0 (TroupeChannel, 1);

  self->state = state;
  self->reactor = reactor;
  self->handler = handler;
  self->user_data = user_data;
  self->fd = fd;
  self->reading = TRUE;
  self->framer = troupe_framer_new (TROUPE_CHANNEL_MESSAGE_MAX, channel_line, self);
  self->watch = troupe_reactor_add (reactor, fd, WATCHED_WHEN_READING, channel_event, self, error);
  if (self->watch == NULL)
    {
      troupe_channel_free (self);
      return NULL;
    }
  if (self->state != NULL)
    {
      resume (self);
      update_watch (self);
    }
  return self;
}

static void
clear_queues (TroupeChannel *self)
{
  troupe_line_queue_clear (&self->queue);
  troupe_line_queue_clear (&self->answers);
  self->queued_bytes = self->answer_bytes = 0;
  self->stated = NULL;
  troupe_line_queue_clear (&self->unacknowledged);
  self->n_unacknowledged = 0;
}

/* Closing with bytes unread reaches the peer as ECONNRESET, of which a Node worker dies with
 * code 1; the end of file it should see instead lets it leave with 0. */
static void
swallow_unread (int fd)
{
  char buffer[4096];

  for (guint i = 0; i < SWALLOWS_MAX && recv (fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0; i++)
    ;
}

void
troupe_channel_close (TroupeChannel *self)
{
  if (self->watch != NULL)
    troupe_reactor_remove (self->reactor, self->watch);
  self->watch = NULL;
  if (self->fd >= 0)
    {
      swallow_unread (self->fd);
      close (self->fd);
    }
  self->fd = -1;
  clear_queues (self);
  while (self->n_pending_fds > 0)
    close (self->pending_fds[--self->n_pending_fds]);
}

void
troupe_channel_free (TroupeChannel *self)
{
  if (self == NULL)
    return;
  troupe_channel_close (self);
  if (self->in_event)
    {
      self->freed = TRUE;
      return;
    }
  troupe_framer_free (self->framer);
  troupe_channel_state_free (self->state);
  g_free (self);
}

TroupeChannelState *
troupe_channel_get_state (TroupeChannel *self)
{
  return self->state;
}

int
troupe_channel_peek_fd (TroupeChannel *self)
{
  return self->fd;
}

gboolean
troupe_channel_is_open (TroupeChannel *self)
{
  return self->fd >= 0 && !self->disconnecting && !self->peer_done;
}

gsize
troupe_channel_get_queued (TroupeChannel *self)
{
  return self->queued_bytes;
}

static gboolean
is_half_sent (const TroupeLineQueue *queue)
{
  return queue->head != NULL && queue->head->sent > 0;
}

/* May a line of LENGTH bytes, with a descriptor and in any order, go while others are on their way? */
static gboolean
may_follow (TroupeChannel *self, gsize length)
{
  return self->unacknowledged.tail->in_any_order && self->n_unacknowledged < TROUPE_CHANNEL_HANDLES_MAX
         && self->known_read > 0
         && self->sent - self->known_read + length <= UNREAD_MAX;
}

static gboolean
may_go (TroupeChannel *self, const TroupeLinePiece *piece)
{
  return self->n_unacknowledged == 0 || (piece->in_any_order && may_follow (self, piece->length));
}

/* The queue whose turn it is, or NULL. A piece that is half out is always finished first. */
static TroupeLineQueue *
next_queue (TroupeChannel *self)
{
  if (is_half_sent (&self->answers))
    return &self->answers;
  if (is_half_sent (&self->queue))
    return &self->queue;
  if (self->answers.head != NULL)
    return &self->answers;
  if (self->queue.head != NULL && may_go (self, self->queue.head))
    return &self->queue;
  return NULL;
}

/* What is read may have to be answered. */
static gboolean
may_read (TroupeChannel *self)
{
  return self->reading && self->answer_bytes < TROUPE_CHANNEL_ANSWERS_MAX;
}

static void
update_watch (TroupeChannel *self)
{
  /* The answer to a descriptor is never kept waiting: much may be held back for it. */
  self->gathering = self->gathering && self->n_unacknowledged == 0;
  if (self->watch != NULL)
    troupe_reactor_modify (self->reactor, self->watch,
                           (may_read (self) && !self->gathering ? WATCHED_WHEN_READING : 0u)
                               | (next_queue (self) != NULL ? WATCHED_WHEN_WRITING : 0u));
}

/* A line with a descriptor, which goes with its first byte. */
static gssize
send_handle (TroupeChannel *self, TroupeLinePiece *piece)
{
  struct iovec iov = { piece->bytes, piece->length };
  int fd = troupe_handle_peek_fd (piece->handle);
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { .space = { 0 } };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof control.space };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (&control.header), &fd, sizeof (int));
  return sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* As many plain pieces as fit one call. */
static gssize
send_pieces (TroupeChannel *self, TroupeLinePiece *first)
{
  struct iovec iov[IOV_MAX_PER_SEND];
  struct msghdr message = { .msg_iov = iov };

  for (TroupeLinePiece *piece = first; piece != NULL && piece->handle == NULL && message.msg_iovlen < G_N_ELEMENTS (iov);
       piece = piece->next)
    {
      iov[message.msg_iovlen].iov_base = piece->bytes + piece->sent;
      iov[message.msg_iovlen++].iov_len = piece->length - piece->sent;
    }
  return sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Returns bytes sent or -1 with errno. */
static gssize
send_some (TroupeChannel *self, TroupeLineQueue *queue)
{
  TroupeLinePiece *first = queue->head;

  if (first->handle != NULL && first->sent == 0)
    return send_handle (self, first);
  /* What is half out may have to let answers pass when it is done, so nothing goes with it. */
  if (first->next == NULL || first->next->handle != NULL || first->handle != NULL || first->sent > 0)
    return send (self->fd, first->bytes + first->sent, first->length - first->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
  return send_pieces (self, first);
}

/* PIECE went out by N more bytes and is not done: its rest is what a successor would have to send. */
static void
state_half_sent (TroupeChannel *self, TroupeLinePiece *piece, gsize n)
{
  if (self->state == NULL)
    return;
  if (self->stated == piece)
    troupe_channel_state_advance_out (self->state, n);
  else
    troupe_channel_state_begin_out (self->state, piece->bytes + piece->sent, piece->length - piece->sent);
  self->stated = piece;
}

static void
push_unacknowledged (TroupeChannel *self, TroupeLinePiece *piece)
{
  piece->end = self->sent;
  troupe_line_queue_push_tail (&self->unacknowledged, piece);
  self->n_unacknowledged++;
}

/* (transfer full) (nullable): the one an answer is for: they are answered in the order they were sent in. */
static TroupeLinePiece *
pop_unacknowledged (TroupeChannel *self)
{
  TroupeLinePiece *piece = troupe_line_queue_pop_head (&self->unacknowledged);

  if (piece == NULL)
    return NULL;
  self->n_unacknowledged--;
  self->known_read = piece->end;
  return piece;
}

/* Takes N sent bytes off QUEUE; a finished handle line is kept until its answer. */
static void
account_sent (TroupeChannel *self, TroupeLineQueue *queue, gsize n)
{
  self->queued_bytes -= n;
  self->sent += n;
  if (queue == &self->answers)
    self->answer_bytes -= n;
  while (n > 0)
    {
      TroupeLinePiece *piece = queue->head;
      gsize left = piece->length - piece->sent;

      if (n < left)
        {
          piece->sent += n;
          state_half_sent (self, piece, n);
          return;
        }
      n -= left;
      troupe_line_queue_pop_head (queue);
      if (self->stated == piece && self->state != NULL)
        troupe_channel_state_clear_out (self->state);
      if (self->stated == piece)
        self->stated = NULL;
      if (piece->handle != NULL)
        push_unacknowledged (self, piece);
      else
        troupe_line_queue_recycle (queue, piece);
    }
}

/* Writes until the queues are empty, held, or the peer takes no more. */
static void
flush (TroupeChannel *self)
{
  TroupeLineQueue *queue;
  gboolean again = FALSE;

  while (self->fd >= 0 && (queue = next_queue (self)) != NULL)
    {
      gssize n = send_some (self, queue);

      if (n >= 0)
        account_sent (self, queue, n);
      else if (errno != EINTR)
        {
          /* ETOOMANYREFS: too many descriptors on their way; the next turn tries again. A
           * broken pipe is left to the reading side, which first hands on what is still unread. */
          if (errno == ETOOMANYREFS || errno == ENOBUFS)
            again = TRUE;
          else if (errno != EAGAIN)
            {
              clear_queues (self);
              self->reading = TRUE;
            }
          break;
        }
    }
  if (self->disconnecting && self->queued_bytes == 0 && self->n_unacknowledged == 0)
    troupe_channel_close (self);
  else
    update_watch (self);
  if (again && self->watch != NULL)
    troupe_reactor_rearm (self->reactor, self->watch);
}

/* Queues one line of N_PARTS; HANDLE: (nullable). */
static void
push (TroupeChannel *self, const struct iovec *parts, guint n_parts, TroupeHandle *handle, gboolean in_any_order)
{
  self->queued_bytes += troupe_line_queue_append (&self->queue, parts, n_parts, handle);
  self->queue.tail->in_any_order = in_any_order;
  if (!self->in_turn)
    flush (self);
}

static void
push_answer (TroupeChannel *self, const char *line)
{
  struct iovec part = { (char *) line, strlen (line) };
  gsize n = troupe_line_queue_append (&self->answers, &part, 1, NULL);

  self->queued_bytes += n;
  self->answer_bytes += n;
}

static gboolean
check_room (TroupeChannel *self, gsize length, GError **error)
{
  if (!troupe_channel_is_open (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The channel is closed");
      return FALSE;
    }
  if (length > TROUPE_CHANNEL_MESSAGE_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "The message has %" G_GSIZE_FORMAT " bytes; at most %d can be sent", length,
                   TROUPE_CHANNEL_MESSAGE_MAX);
      return FALSE;
    }
  if (self->queued_bytes > 0 && self->queued_bytes + length > TROUPE_CHANNEL_QUEUE_MAX)
    {
      self->want_drained = TRUE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "The worker does not read its messages: %" G_GSIZE_FORMAT " bytes wait already",
                   self->queued_bytes);
      return FALSE;
    }
  return TRUE;
}

gboolean
troupe_channel_send (TroupeChannel *self, const char *text, gsize length, GError **error)
{
  const char *explanation;
  gboolean may_be_internal;
  gsize offset;

  if (!check_room (self, length, error))
    return FALSE;
  if (!troupe_json_text_look (text, length, &may_be_internal, &offset, &explanation))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "Not JSON: %s at byte %" G_GSIZE_FORMAT, explanation,
                   offset + 1);
      return FALSE;
    }
  if (may_be_internal && troupe_json_text_get_internal_cmd (text, length, &offset) != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "A message whose “cmd” begins with NODE_ is Node's own: the worker would never see it");
      return FALSE;
    }
  push (self, &(struct iovec){ (char *) text, length }, 1, NULL, FALSE);
  return TRUE;
}

static gboolean
check_handle (int fd, GError **error)
{
  int type;
  socklen_t length = sizeof type;

  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "Only sockets can be handed to a worker: Node aborts on any other descriptor");
  return FALSE;
}

gboolean
troupe_channel_send_handle (TroupeChannel *self, const char *text, const char *type, TroupeHandle *handle,
                            gboolean in_any_order, GError **error)
{
  static const char begin[] = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"", middle[] = "\",\"msg\":", end[] = "}";
  const struct iovec parts[] = {
    { (char *) begin, strlen (begin) },   { (char *) type, strlen (type) }, { (char *) middle, strlen (middle) },
    { (char *) text, strlen (text) }, { (char *) end, strlen (end) },
  };

  if (!check_room (self, strlen (text), error))
    return FALSE;
  push (self, parts, G_N_ELEMENTS (parts), handle, in_any_order);
  return TRUE;
}

gboolean
troupe_channel_takes_handle (TroupeChannel *self)
{
  return troupe_channel_is_open (self) && self->queue.head == NULL
         && (self->n_unacknowledged == 0 || may_follow (self, SHORT_LINE_BYTES));
}

gboolean
troupe_channel_send_internal (TroupeChannel *self, const char *text, const char *type, int fd, GError **error)
{
  g_autoptr (TroupeHandle) handle = NULL;
  int copy;

  if (fd < 0)
    {
      if (!check_room (self, strlen (text), error))
        return FALSE;
      push (self, &(struct iovec){ (char *) text, strlen (text) }, 1, NULL, FALSE);
      return TRUE;
    }
  if (!check_handle (fd, error))
    return FALSE;
  copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0)
    {
      take_errno (error, errno, "Could not duplicate a socket for a worker");
      return FALSE;
    }
  handle = troupe_handle_new (copy);
  return troupe_channel_send_handle (self, text, type, handle, FALSE, error);
}

/* ---- Receiving ---- */

static int
take_pending_fd (TroupeChannel *self)
{
  int fd;

  if (self->n_pending_fds == 0)
    return -1;
  fd = self->pending_fds[0];
  self->n_pending_fds--;
  memmove (self->pending_fds, self->pending_fds + 1, self->n_pending_fds * sizeof (int));
  return fd;
}

static void
handle_acknowledged (TroupeChannel *self)
{
  TroupeLinePiece *line = pop_unacknowledged (self);

  if (line != NULL)
    troupe_line_queue_recycle (&self->queue, line);
}

/* Behind what is half out. */
static void
push_next (TroupeLineQueue *queue, TroupeLinePiece *piece)
{
  TroupeLinePiece *begun = is_half_sent (queue) ? troupe_line_queue_pop_head (queue) : NULL;

  troupe_line_queue_push_head (queue, piece);
  if (begun != NULL)
    troupe_line_queue_push_head (queue, begun);
}

/* The peer saw the line but no descriptor: the same again, a few times. */
static void
handle_refused (TroupeChannel *self)
{
  TroupeLinePiece *line = pop_unacknowledged (self);

  if (line == NULL)
    return;
  if (++line->n_refused > HANDLE_RETRIES_MAX)
    {
      troupe_line_queue_recycle (&self->queue, line);
      return;
    }
  line->sent = 0;
  push_next (&self->queue, line);
  self->queued_bytes += line->length;
}

/* Questions about sockets that we would hold under a server's key: we never keep any. */
static void
answer_socket_question (TroupeChannel *self, const char *cmd, JsonObject *message)
{
  gboolean count = strcmp (cmd, "NODE_SOCKET_GET_COUNT") == 0;
  g_autoptr (JsonObject) answer = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  json_object_set_string_member (answer, "cmd", count ? "NODE_SOCKET_COUNT" : "NODE_SOCKET_ALL_CLOSED");
  if (json_object_has_member (message, "key"))
    json_object_set_member (answer, "key", json_node_copy (json_object_get_member (message, "key")));
  if (count)
    json_object_set_int_member (answer, "count", 0);
  json_node_set_object (node, answer);
  text = json_to_string (node, FALSE);
  troupe_channel_send_internal (self, text, NULL, -1, NULL);
}

/* A descriptor that nobody asked for: acknowledged at once, or the peer's queue would stop for
 * good, and closed; the message it came with is handed on when it is a user's. */
static void
receive_handle (TroupeChannel *self, JsonObject *message)
{
  int fd = take_pending_fd (self);
  JsonNode *wrapped = json_object_has_member (message, "msg") ? json_object_get_member (message, "msg") : NULL;
  g_autofree char *text = NULL;
  gsize cmd_length;

  if (fd < 0)
    {
      push_answer (self, NACK_LINE);
      return;
    }
  close (fd);
  push_answer (self, ACK_LINE);
  if (wrapped == NULL)
    return;
  text = json_to_string (wrapped, FALSE);
  if (!self->disconnecting && troupe_json_text_get_internal_cmd (text, strlen (text), &cmd_length) == NULL)
    self->handler->message (self, text, strlen (text), self->user_data);
}

static gboolean
is_word (const char *text, gsize length, const char *word)
{
  return length == strlen (word) && memcmp (text, word, length) == 0;
}

/* The messages whose contents matter here. */
static void
receive_parsed (TroupeChannel *self, const char *line, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *message;
  const char *cmd;

  /* It is valid and an object with a string `cmd`; json-glib still refuses what it cannot hold. */
  if (!json_parser_load_from_data (parser, line, length, NULL))
    {
      if (self->n_pending_fds > 0)
        {
          close (take_pending_fd (self));
          push_answer (self, ACK_LINE);
        }
      return;
    }
  message = json_node_get_object (json_parser_get_root (parser));
  cmd = json_object_get_string_member (message, "cmd");
  if (strcmp (cmd, "NODE_HANDLE") == 0)
    receive_handle (self, message);
  else
    answer_socket_question (self, cmd, message);
}

static void
receive_internal (TroupeChannel *self, const char *line, gsize length, const char *cmd, gsize cmd_length)
{
  if (is_word (cmd, cmd_length, "NODE_HANDLE_ACK"))
    handle_acknowledged (self);
  else if (is_word (cmd, cmd_length, "NODE_HANDLE_NACK"))
    handle_refused (self);
  else if (is_word (cmd, cmd_length, "NODE_CLUSTER"))
    {
      if (self->handler->cluster != NULL)
        self->handler->cluster (self, line, length, self->user_data);
    }
  else if (is_word (cmd, cmd_length, "NODE_HANDLE") || is_word (cmd, cmd_length, "NODE_SOCKET_GET_COUNT") ||
           is_word (cmd, cmd_length, "NODE_SOCKET_NOTIFY_CLOSE"))
    receive_parsed (self, line, length);
}

static void
channel_line (const char *line, gsize length, gpointer user_data)
{
  TroupeChannel *self = user_data;
  const char *explanation = NULL, *cmd;
  gboolean may_be_internal;
  gsize cmd_length;

  if (self->fd < 0)
    return;
  self->turn_messages++;
  /* Only acknowledgements matter to a channel that is on its way out. */
  if (self->disconnecting && (line == NULL || memmem (line, length, "NODE_HANDLE", 11) == NULL))
    return;
  if (line == NULL)
    self->handler->fault (self, TROUPE_CHANNEL_FAULT_TOO_LONG, NULL, length, "the line is too long",
                          self->user_data);
  else if (!troupe_json_text_look (line, length, &may_be_internal, NULL, &explanation))
    self->handler->fault (self, TROUPE_CHANNEL_FAULT_NOT_JSON, line, length, explanation, self->user_data);
  else if (may_be_internal && (cmd = troupe_json_text_get_internal_cmd (line, length, &cmd_length)) != NULL)
    receive_internal (self, line, length, cmd, cmd_length);
  else
    self->handler->message (self, line, length, self->user_data);
}

/* Keeps the descriptors of one recvmsg; what is past the ceiling is closed at once. */
static void
take_descriptors (TroupeChannel *self, struct msghdr *message)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    {
      gsize n;

      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        continue;
      n = (c->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      for (gsize i = 0; i < n; i++)
        {
          int fd;

          memcpy (&fd, CMSG_DATA (c) + i * sizeof (int), sizeof (int));
          if (self->n_pending_fds < TROUPE_CHANNEL_FDS_MAX)
            self->pending_fds[self->n_pending_fds++] = fd;
          else
            close (fd);
        }
    }
}

/* One read. Returns bytes, 0 at the end, -1 with errno. *IS_EMPTY: nothing was left behind it, which
 * cannot be told of a full buffer and of a read that a descriptor came with: there the kernel stops. */
static gssize
receive_some (TroupeChannel *self, char *buffer, gboolean *is_empty)
{
  struct iovec iov = { buffer, READ_BYTES };
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (TROUPE_CHANNEL_FDS_MAX * sizeof (int))];
  } control;
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof control };
  gssize n = recvmsg (self->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

  if (n >= 0)
    take_descriptors (self, &message);
  *is_empty = n < READ_BYTES && (n < 0 || message.msg_controllen == 0);
  return n;
}

/* After a read of N bytes: is there the beginning of a line, and where does it stand? */
static void
state_partial (TroupeChannel *self, const char *buffer, gsize n)
{
  gsize pending = troupe_framer_get_pending (self->framer);

  if (self->state == NULL)
    return;
  if (pending == 0)
    troupe_channel_state_clear_in (self->state);
  else if (troupe_framer_is_dropping (self->framer))
    troupe_channel_state_drop_in (self->state, pending);
  else if (pending <= n)
    troupe_channel_state_begin_in (self->state, buffer + n - pending, pending);
  else
    troupe_channel_state_append_in (self->state, buffer, n);
}

/* One a thread: handlers never re-enter the loop. Not a thread-local array: every thread of the process, GLib's too,
 * would begin by clearing one of its own. */
static char *
get_read_buffer (void)
{
  static GPrivate thread_buffer = G_PRIVATE_INIT (g_free);
  char *buffer = g_private_get (&thread_buffer);

  if (buffer == NULL)
    {
      buffer = g_malloc (READ_BYTES);
      g_private_set (&thread_buffer, buffer);
    }
  return buffer;
}

/* Reads what there is, up to a bound. When AT_END nothing will tell of the end again. */
static void
receive_turn (TroupeChannel *self, gboolean at_end)
{
  char *buffer = get_read_buffer ();
  gboolean is_empty = FALSE;

  self->in_turn = TRUE;
  self->turn_messages = 0;
  for (guint i = 0; i < READS_PER_TURN_MAX && !is_empty && self->fd >= 0 && may_read (self) && !self->peer_done; i++)
    {
      gssize n = receive_some (self, buffer, &is_empty);

      if (n > 0)
        {
          troupe_framer_feed (self->framer, buffer, n);
          state_partial (self, buffer, (gsize) n);
          is_empty = is_empty && !at_end;
        }
      else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        {
          self->peer_done = TRUE;
          troupe_framer_finish (self->framer);
        }
      else
        is_empty = errno == EAGAIN;
    }
  self->in_turn = FALSE;
  if (self->watch != NULL && self->reading && !self->peer_done)
    {
      if (!is_empty)
        troupe_reactor_rearm (self->reactor, self->watch);
      else if (!self->disconnecting && troupe_pace_turn (&self->pace, self->turn_messages, g_get_monotonic_time))
        self->gathering = troupe_reactor_hold (self->reactor, self->watch);
    }
  if (self->handler->turn_done != NULL && !self->freed)
    self->handler->turn_done (self, self->user_data);
}

/* One event, up to the point where the channel is gone. */
static void
serve_event (TroupeChannel *self, guint32 events)
{
  if ((events & EPOLLIN) != 0)
    self->gathering = FALSE;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && self->reading)
    receive_turn (self, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
    {
      /* A hang-up cannot be masked and would wake us for ever; what is left is read on resuming. */
      troupe_reactor_remove (self->reactor, self->watch);
      self->watch = NULL;
      return;
    }
  if (self->fd < 0)
    return;
  if (self->peer_done)
    {
      gboolean expected = self->disconnecting;

      troupe_channel_close (self);
      if (!expected)
        self->handler->closed (self, self->user_data);
      return;
    }
  flush (self);
  if (self->fd >= 0 && self->want_drained && self->queued_bytes < TROUPE_CHANNEL_QUEUE_LOW)
    {
      self->want_drained = FALSE;
      if (self->handler->drained != NULL)
        self->handler->drained (self, self->user_data);
    }
}

void
troupe_channel_drain (TroupeChannel *self)
{
  guint turns = TROUPE_CHANNEL_DRAIN_MAX / (READ_BYTES * READS_PER_TURN_MAX);
  int available = 0;

  self->in_event = TRUE;
  self->reading = TRUE;
  while (turns-- > 0 && self->fd >= 0 && ioctl (self->fd, FIONREAD, &available) == 0)
    {
      serve_event (self, EPOLLIN | EPOLLRDHUP);
      if (available == 0) /* that was for the end of file */
        break;
    }
  self->in_event = FALSE;
  if (self->freed)
    troupe_channel_free (self);
}

static void
channel_event (guint32 events, gpointer user_data)
{
  TroupeChannel *self = user_data;

  self->in_event = TRUE;
  serve_event (self, events);
  self->in_event = FALSE;
  if (self->freed)
    troupe_channel_free (self);
}

void
troupe_channel_set_reading (TroupeChannel *self, gboolean reading)
{
  self->reading = reading;
  self->gathering = FALSE;
  if (reading && self->watch == NULL && self->fd >= 0)
    self->watch = troupe_reactor_add (self->reactor, self->fd, WATCHED_WHEN_READING, channel_event, self, NULL);
  update_watch (self);
}

void
troupe_channel_disconnect (TroupeChannel *self)
{
  if (self->fd < 0)
    return;
  self->disconnecting = TRUE;
  troupe_channel_set_reading (self, TRUE); /* for acknowledgements still to come */
  flush (self);
}
