/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reading: one buffer, filled by large reads, from which lines are lent with a NUL in place of their newline.
 * Writing: straight into the socket, or, as long as there are received messages to handle, into a buffer that goes
 * out when the last of them was taken. */

#include "config.h"

#include "threads/native/native-port.h"

#include "ipc/json-text.h"
#include "threads/native/native-time.h"
#include "threads/native/troupe-worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)
/* A buffer that a long message made grow past this is given back. */
#define BUFFER_KEEP_BYTES (256 * 1024)
/* More than a socket's buffer usually holds. */
#define COUNT_BYTES (256 * 1024)

#define NACK_LINE "{\"cmd\":\"NODE_HANDLE_NACK\"}\n"

struct _NativePort
{
  int fd;
  void (*gathered) (gpointer user_data);
  gpointer user_data;

  char *buffer; /* (owned), CAPACITY bytes and one for a NUL */
  gsize capacity;
  gsize begin, end; /* what was read and not taken */
  gsize searched;   /* there is no newline before this */
  gsize dropped;    /* bytes of a line past the ceiling, so far; 0: not in one */
  gboolean closed;
  guint lines; /* atomic: complete lines between BEGIN and END */

  GMutex post_lock; /* for what follows */
  GByteArray *rest; /* (owned): what is posted and not out; may begin within a message */
  int has_rest;     /* atomic: there is something in it */
};

NativePort *
native_port_new (int fd, void (*gathered) (gpointer user_data), gpointer user_data)
{
  NativePort *self = g_new0 (NativePort, 1);

  self->fd = fd;
  self->gathered = gathered;
  self->user_data = user_data;
  g_mutex_init (&self->post_lock);
  self->rest = g_byte_array_new ();
  return self;
}

void
native_port_free (NativePort *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self->buffer);
  g_byte_array_unref (self->rest);
  g_mutex_clear (&self->post_lock);
  g_free (self);
}

int
native_port_peek_fd (NativePort *self)
{
  return self->fd;
}

/* --- Reading ---------------------------------------------------------------- */

static guint
count_lines (const char *bytes, gsize length)
{
  const char *end = bytes + length;
  guint n = 0;

  for (; (bytes = memchr (bytes, '\n', end - bytes)) != NULL; bytes++)
    n++;
  return n;
}

/* Makes room for a read behind what is there. */
static void
make_room (NativePort *self)
{
  gsize pending = self->end - self->begin;

  if (pending == 0 && self->capacity > BUFFER_KEEP_BYTES)
    {
      g_clear_pointer (&self->buffer, g_free);
      self->capacity = 0;
    }
  else if (self->begin > 0)
    memmove (self->buffer, self->buffer + self->begin, pending);
  self->searched -= self->begin;
  self->begin = 0;
  self->end = pending;
  if (self->capacity - pending < READ_BYTES)
    {
      self->capacity = MAX (2 * READ_BYTES, 2 * pending);
      self->buffer = g_realloc (self->buffer, self->capacity + 1);
    }
}

/* One read. FALSE: nothing now. */
static gboolean
fill (NativePort *self)
{
  gssize n;

  native_port_try_flush (self);
  make_room (self);
  do
    n = recv (self->fd, self->buffer + self->end, self->capacity - self->end, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    {
      g_atomic_int_add ((int *) &self->lines, (int) count_lines (self->buffer + self->end, n));
      self->end += n;
      return TRUE;
    }
  if (n < 0 && errno == EAGAIN)
    return FALSE;
  self->closed = TRUE;
  return TRUE;
}

/* With the post lock held. */
static void
keep (NativePort *self, const char *bytes, gsize length)
{
  g_byte_array_append (self->rest, (const guint8 *) bytes, (guint) length);
  g_atomic_int_set (&self->has_rest, TRUE);
}

/* What was read of a line that is too long is of no use. */
static void
drop_pending (NativePort *self)
{
  self->dropped += self->end - self->begin;
  self->begin = self->end = self->searched = 0;
}

/* The line from BEGIN up to END_OF_LINE is complete, the next one begins at NEXT. */
static NativePortResult
end_line (NativePort *self, gsize end_of_line, gsize next, const char **text, gsize *length)
{
  NativePortResult result = NATIVE_PORT_MESSAGE;

  if (self->dropped > 0 || end_of_line - self->begin > TROUPE_WORKER_MESSAGE_MAX)
    result = NATIVE_PORT_TOO_LONG;
  *text = self->buffer + self->begin;
  *length = end_of_line - self->begin;
  self->buffer[end_of_line] = '\0';
  self->begin = self->searched = next;
  self->dropped = 0;
  return result;
}

/* The next line, whatever it says. */
static NativePortResult
take_line (NativePort *self, const char **text, gsize *length)
{
  for (;;)
    {
      char *newline = self->searched < self->end
                        ? memchr (self->buffer + self->searched, '\n', self->end - self->searched)
                        : NULL;

      if (newline != NULL)
        {
          g_atomic_int_add ((int *) &self->lines, -1);
          return end_line (self, newline - self->buffer, newline - self->buffer + 1, text, length);
        }
      self->searched = self->end;
      if (self->dropped > 0 || self->end - self->begin > TROUPE_WORKER_MESSAGE_MAX)
        drop_pending (self);
      if (self->closed)
        {
          if (self->begin == self->end && self->dropped == 0)
            return NATIVE_PORT_CLOSED;
          /* A last line without its newline. */
          return end_line (self, self->end, self->end, text, length);
        }
      if (!fill (self))
        return NATIVE_PORT_NOTHING;
    }
}

NativePortResult
native_port_take (NativePort *self, const char **text, gsize *length)
{
  NativePortResult result;

  for (;;)
    {
      const char *cmd;
      gsize cmd_length;

      result = take_line (self, text, length);
      if (result != NATIVE_PORT_MESSAGE)
        return result;
      cmd = troupe_json_text_get_internal_cmd (*text, *length, &cmd_length);
      if (cmd == NULL)
        return result;
      /* Nobody hands a native thread a socket with a message. Without an answer the sender would wait for ever. */
      if (cmd_length == strlen ("NODE_HANDLE") && memcmp (cmd, "NODE_HANDLE", cmd_length) == 0)
        {
          g_mutex_lock (&self->post_lock);
          keep (self, NACK_LINE, strlen (NACK_LINE));
          g_mutex_unlock (&self->post_lock);
          native_port_try_flush (self);
        }
    }
}

gboolean
native_port_has_more (NativePort *self)
{
  return g_atomic_int_get ((int *) &self->lines) > 0 || self->closed;
}

guint
native_port_count_waiting (NativePort *self)
{
  g_autofree char *bytes = NULL;
  guint n = (guint) g_atomic_int_get ((int *) &self->lines);
  gssize length;
  char byte;

  if (recv (self->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
    return n;
  bytes = g_malloc (COUNT_BYTES);
  length = recv (self->fd, bytes, COUNT_BYTES, MSG_PEEK | MSG_DONTWAIT);
  return length > 0 ? n + count_lines (bytes, length) : n;
}

/* --- Writing ---------------------------------------------------------------- */

/* Waits until the socket takes more. */
static int
wait_for_room (NativePort *self, gint64 deadline, int stop_fd)
{
  struct pollfd fds[] = {
    { self->fd, POLLOUT, 0 },
    { deadline == NATIVE_FOR_EVER ? stop_fd : -1, POLLIN, 0 },
  };
  int n;

  if (native_deadline_has_passed (deadline))
    return -ETIMEDOUT;
  n = poll (fds, G_N_ELEMENTS (fds), native_deadline_get_poll_msec (deadline));
  if (n > 0 && fds[0].revents == 0 && fds[1].revents != 0)
    return -ECANCELED;
  return 0;
}

/* Sends what there is in IOV. Returns the number of bytes, 0 when there is no room, or -EPIPE. */
static gssize
send_some (NativePort *self, struct iovec *iov, gsize n_iov)
{
  struct msghdr message = { .msg_iov = iov, .msg_iovlen = n_iov };
  gssize n;

  do
    n = sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n >= 0)
    return n;
  return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? 0 : -EPIPE;
}

/* The rest, a message and its newline. */
enum
{
  REST,
  TEXT,
  NEWLINE,
  N_IOV,
};

static void
advance (struct iovec *iov, gsize sent)
{
  for (guint i = 0; i < N_IOV; i++)
    {
      gsize skip = MIN (sent, iov[i].iov_len);

      iov[i].iov_base = (char *) iov[i].iov_base + skip;
      iov[i].iov_len -= skip;
      sent -= skip;
    }
}

/* With the lock held: the rest, then TEXT and a newline if it is not NULL. What is partly out then becomes the rest. */
static int
send_all (NativePort *self, const char *text, gsize length, gint64 deadline, int stop_fd)
{
  struct iovec iov[N_IOV] = {
    [REST] = { self->rest->data, self->rest->len },
    [TEXT] = { (char *) text, length },
    [NEWLINE] = { (char *) "\n", text != NULL ? 1 : 0 },
  };
  int result = 0;

  while (iov[REST].iov_len + iov[TEXT].iov_len + iov[NEWLINE].iov_len > 0 && result == 0)
    {
      gssize n = send_some (self, iov, N_IOV);

      if (n < 0)
        result = (int) n;
      else if (n > 0)
        advance (iov, n);
      else
        result = wait_for_room (self, deadline, stop_fd);
    }
  g_byte_array_remove_range (self->rest, 0, (guint) (self->rest->len - iov[REST].iov_len));
  if (result != 0 && result != -EPIPE && text != NULL && iov[REST].iov_len == 0 && iov[TEXT].iov_len < length)
    {
      keep (self, iov[TEXT].iov_base, iov[TEXT].iov_len);
      keep (self, iov[NEWLINE].iov_base, iov[NEWLINE].iov_len);
      result = 0;
    }
  g_atomic_int_set (&self->has_rest, self->rest->len > 0);
  return result;
}

int
native_port_post (NativePort *self, const char *text, gsize length, gint64 deadline, int stop_fd)
{
  g_autofree char *one_line = NULL;
  gboolean is_first = FALSE;
  int result = 0;

  /* In a JSON text newlines can stand only between tokens. */
  if (memchr (text, '\n', length) != NULL)
    {
      one_line = g_strndup (text, length);
      for (char *p = one_line; (p = memchr (p, '\n', one_line + length - p)) != NULL; p++)
        *p = ' ';
      text = one_line;
    }
  g_mutex_lock (&self->post_lock);
  if (g_atomic_int_get ((int *) &self->lines) > 0 && self->rest->len + length < NATIVE_PORT_GATHER_MAX)
    {
      is_first = self->rest->len == 0;
      keep (self, text, length);
      keep (self, "\n", 1);
    }
  else
    result = send_all (self, text, length, deadline, stop_fd);
  g_mutex_unlock (&self->post_lock);
  if (is_first)
    self->gathered (self->user_data);
  return result;
}

int
native_port_flush (NativePort *self, gint64 deadline)
{
  int result;

  g_mutex_lock (&self->post_lock);
  result = send_all (self, NULL, 0, deadline, -1);
  g_mutex_unlock (&self->post_lock);
  return result;
}

gboolean
native_port_try_flush (NativePort *self)
{
  int result;

  if (!native_port_has_rest (self))
    return TRUE;
  /* Whoever has it is posting, and sends the rest first. */
  if (!g_mutex_trylock (&self->post_lock))
    return TRUE;
  result = send_all (self, NULL, 0, 0, -1);
  g_mutex_unlock (&self->post_lock);
  return result != -ETIMEDOUT;
}

gboolean
native_port_has_rest (NativePort *self)
{
  return g_atomic_int_get (&self->has_rest);
}

void
native_port_cry (NativePort *self)
{
  if (native_port_has_rest (self))
    send (self->fd, self->rest->data, self->rest->len, MSG_NOSIGNAL | MSG_DONTWAIT);
}
