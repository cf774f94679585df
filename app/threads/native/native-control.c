/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lines in both directions; out of any thread under one lock. Descriptors come as Node sends them: with the
 * first byte of a line {"cmd":"NODE_HANDLE",…,"msg":ORDER}, each of which is answered at once. */

#include "config.h"

#include "threads/native/native-control.h"

#include "ipc/framer.h"
#include "ipc/json-text.h"
#include "threads/native/native-time.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)
#define READS_PER_TURN_MAX 32

#define ACK_LINE "{\"cmd\":\"NODE_HANDLE_ACK\"}"
#define NACK_LINE "{\"cmd\":\"NODE_HANDLE_NACK\"}"

struct _NativeControl
{
  int fd;
  NativeControlFunc func;
  void (*wake) (gpointer user_data);
  gpointer user_data;

  /* The main thread's. */
  TroupeFramer *framer; /* (owned) */
  int fds[NATIVE_CONTROL_FDS_MAX];
  guint n_fds;

  GMutex lock; /* for what follows */
  GCond room;
  GByteArray *queue; /* (owned) */
  gsize sent;        /* of the queue, which begins with a line in part then */
  gboolean impatient, broken;
  volatile gboolean in_line; /* also read by a signal handler: a part of a line is out */
};

static void control_line (const char *line, gsize length, gpointer user_data);

NativeControl *
native_control_new (int fd, NativeControlFunc func, void (*wake) (gpointer user_data), gpointer user_data)
{
  NativeControl *self = g_new0 (NativeControl, 1);

  self->fd = fd;
  self->func = func;
  self->wake = wake;
  self->user_data = user_data;
  self->framer = troupe_framer_new (NATIVE_CONTROL_ORDER_MAX, control_line, self);
  self->queue = g_byte_array_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->room);
  return self;
}

void
native_control_free (NativeControl *self)
{
  while (self->n_fds > 0)
    close (self->fds[--self->n_fds]);
  close (self->fd);
  troupe_framer_free (self->framer);
  g_byte_array_unref (self->queue);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->room);
  g_free (self);
}

int
native_control_peek_fd (NativeControl *self)
{
  return self->fd;
}

/* --- Telling ---------------------------------------------------------------- */

static gsize
get_queued (NativeControl *self)
{
  return self->queue->len - self->sent;
}

/* With the lock held. Sends what the socket takes. */
static void
send_queued (NativeControl *self)
{
  while (get_queued (self) > 0)
    {
      gssize n = send (self->fd, self->queue->data + self->sent, get_queued (self), MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM)
        {
          /* The reading side sees the end, too, and knows what to do. */
          self->broken = TRUE;
          g_byte_array_set_size (self->queue, 0);
          self->sent = 0;
        }
      if (n <= 0)
        break;
      self->sent += n;
    }
  self->in_line = self->sent > 0 && self->queue->data[self->sent - 1] != '\n';
  if (get_queued (self) == 0 || self->sent > self->queue->len / 2)
    {
      g_byte_array_remove_range (self->queue, 0, (guint) self->sent);
      self->sent = 0;
    }
  if (get_queued (self) <= NATIVE_CONTROL_QUEUE_MAX / 2)
    {
      self->impatient = FALSE;
      g_cond_broadcast (&self->room);
    }
}

/* With the lock held; takes LINE. */
static void
append (NativeControl *self, GString *line)
{
  gboolean waited = get_queued (self) > 0;

  g_string_append_c (line, '\n');
  if (!self->broken)
    g_byte_array_append (self->queue, (const guint8 *) line->str, (guint) line->len);
  g_string_free (line, TRUE);
  if (!waited)
    {
      send_queued (self);
      if (get_queued (self) > 0)
        self->wake (self->user_data);
    }
}

void
native_control_tell (NativeControl *self, GString *line)
{
  g_mutex_lock (&self->lock);
  append (self, line);
  g_mutex_unlock (&self->lock);
}

gboolean
native_control_try_tell (NativeControl *self, GString *line)
{
  gint64 deadline = 0;
  gboolean told;

  g_mutex_lock (&self->lock);
  while (get_queued (self) > NATIVE_CONTROL_QUEUE_MAX && !self->impatient)
    {
      if (deadline == 0)
        deadline = g_get_monotonic_time () + NATIVE_CONTROL_PATIENCE_USEC;
      if (!g_cond_wait_until (&self->room, &self->lock, deadline))
        self->impatient = get_queued (self) > NATIVE_CONTROL_QUEUE_MAX;
    }
  told = get_queued (self) <= NATIVE_CONTROL_QUEUE_MAX;
  if (told)
    append (self, line);
  else
    g_string_free (line, TRUE);
  g_mutex_unlock (&self->lock);
  return told;
}

gboolean
native_control_has_room (NativeControl *self)
{
  gboolean room;

  g_mutex_lock (&self->lock);
  room = get_queued (self) <= NATIVE_CONTROL_QUEUE_MAX;
  g_mutex_unlock (&self->lock);
  return room;
}

void
native_control_cry (NativeControl *self, const char *line, gsize length)
{
  if (!self->in_line)
    send (self->fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

gboolean
native_control_wants_write (NativeControl *self)
{
  gboolean wants;

  g_mutex_lock (&self->lock);
  wants = get_queued (self) > 0;
  g_mutex_unlock (&self->lock);
  return wants;
}

void
native_control_flush (NativeControl *self)
{
  g_mutex_lock (&self->lock);
  send_queued (self);
  g_mutex_unlock (&self->lock);
}

void
native_control_finish (NativeControl *self, gint64 deadline)
{
  while (native_control_wants_write (self) && !native_deadline_has_passed (deadline))
    {
      struct pollfd fd = { self->fd, POLLOUT, 0 };

      poll (&fd, 1, native_deadline_get_poll_msec (deadline));
      native_control_flush (self);
    }
}

/* --- Orders ----------------------------------------------------------------- */

/* The member "msg" of a NODE_HANDLE line, which is always the last one Node's protocol writes, or NULL. */
static char *
dup_wrapped (const char *line, gsize length)
{
  static const char key[] = "\"msg\":";
  const char *msg = memmem (line, length, key, strlen (key));
  gsize end = length;

  if (msg == NULL)
    return NULL;
  msg += strlen (key);
  while (end > 0 && line[end - 1] != '}')
    end--;
  if (end == 0 || msg > line + end - 1)
    return NULL;
  return g_strndup (msg, line + end - 1 - msg);
}

static int
take_fd (NativeControl *self)
{
  int fd;

  if (self->n_fds == 0)
    return -1;
  fd = self->fds[0];
  memmove (self->fds, self->fds + 1, --self->n_fds * sizeof (int));
  return fd;
}

static void
receive_handle (NativeControl *self, const char *line, gsize length)
{
  g_autofree char *order = dup_wrapped (line, length);
  int fd = take_fd (self);

  native_control_tell (self, g_string_new (fd >= 0 ? ACK_LINE : NACK_LINE));
  if (fd < 0)
    return;
  if (order != NULL && troupe_json_text_is_valid (order, strlen (order), NULL, NULL))
    self->func (order, strlen (order), fd, self->user_data);
  else
    close (fd);
}

static void
control_line (const char *line, gsize length, gpointer user_data)
{
  NativeControl *self = user_data;
  const char *cmd;
  gsize cmd_length, offset;
  const char *explanation;

  if (line == NULL)
    {
      g_printerr ("troupe-thread-host: an order of %" G_GSIZE_FORMAT " bytes was passed over, it is too long\n", length);
      return;
    }
  if (!troupe_json_text_is_valid (line, length, &offset, &explanation))
    {
      g_printerr ("troupe-thread-host: an order is no JSON: %s at byte %" G_GSIZE_FORMAT "\n", explanation, offset + 1);
      return;
    }
  cmd = troupe_json_text_get_internal_cmd (line, length, &cmd_length);
  if (cmd == NULL)
    {
      g_autofree char *text = g_strndup (line, length);

      self->func (text, length, -1, self->user_data);
    }
  else if (cmd_length == strlen ("NODE_HANDLE") && memcmp (cmd, "NODE_HANDLE", cmd_length) == 0)
    receive_handle (self, line, length);
}

static void
keep_descriptors (NativeControl *self, struct msghdr *message)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
      for (gsize i = 0; i < (c->cmsg_len - CMSG_LEN (0)) / sizeof (int); i++)
        {
          int fd;

          memcpy (&fd, CMSG_DATA (c) + i * sizeof (int), sizeof (int));
          if (self->n_fds < NATIVE_CONTROL_FDS_MAX)
            self->fds[self->n_fds++] = fd;
          else
            close (fd);
        }
}

gboolean
native_control_read (NativeControl *self)
{
  static char buffer[READ_BYTES];

  for (guint i = 0; i < READS_PER_TURN_MAX; i++)
    {
      struct iovec iov = { buffer, sizeof buffer };
      union
      {
        struct cmsghdr header;
        char space[CMSG_SPACE (NATIVE_CONTROL_FDS_MAX * sizeof (int))];
      } control;
      struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                                .msg_controllen = sizeof control };
      gssize n = recvmsg (self->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EAGAIN)
        return TRUE;
      if (n <= 0)
        return FALSE;
      keep_descriptors (self, &message);
      troupe_framer_feed (self->framer, buffer, n);
    }
  return TRUE;
}
