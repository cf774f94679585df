/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Blocking sockets and one request after the other in each thread. */

#include "http-load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _HttpLoad
{
  guint port;
  GPtrArray *threads;
  int stop;
  guint64 n_ok, last_number;
  GMutex mutex; /* of what follows */
  HttpLoadResult result;
};

int
http_connect (guint port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((guint16) port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval timeout = { .tv_sec = HTTP_LOAD_TIMEOUT_SEC };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int saved_errno;

  if (fd < 0)
    return -errno;
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  saved_errno = errno;
  close (fd);
  return -saved_errno;
}

/* The client's end of FD. */
static guint
get_own_port (int fd)
{
  struct sockaddr_in address = { 0 };
  socklen_t length = sizeof address;

  return getsockname (fd, (struct sockaddr *) &address, &length) == 0 ? ntohs (address.sin_port) : 0;
}

/* The length of the body that the head in TEXT names; -1 when the head is not complete. */
static gssize
get_body_length (const char *text, gsize *head_length)
{
  const char *end = strstr (text, "\r\n\r\n");
  const char *length = strcasestr (text, "content-length:");

  if (end == NULL)
    return -1;
  *head_length = (gsize) (end - text) + 4;
  return length != NULL && length < end ? atol (length + strlen ("content-length:")) : 0;
}

/* FALSE, with WHY filled: "connect: …", "closed after N bytes". */
static gboolean
request (guint port, const char *path, char answer[8192], gsize *head_length, guint *own_port, int *error_number,
         char why[128])
{
  char text[256];
  gsize length = 0;
  int fd = http_connect (port);

  *own_port = fd >= 0 ? get_own_port (fd) : 0;
  if (fd < 0)
    {
      *error_number = -fd;
      g_snprintf (why, 128, "connect: %s", g_strerror (*error_number));
      return FALSE;
    }
  g_snprintf (text, sizeof text, "GET %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
  *error_number = send (fd, text, strlen (text), MSG_NOSIGNAL) < 0 ? errno : 0;
  for (;;)
    {
      gssize n = recv (fd, answer + length, 8191 - length, 0);

      if (n <= 0)
        {
          *error_number = n < 0 ? errno : 0;
          break;
        }
      length += (gsize) n;
    }
  answer[length] = '\0';
  close (fd);
  if (g_str_has_prefix (answer, "HTTP/1.1 200") || g_str_has_prefix (answer, "HTTP/1.0 200"))
    {
      gssize body = get_body_length (answer, head_length);

      if (body >= 0 && length >= *head_length + (gsize) body)
        return TRUE;
    }
  g_snprintf (why, 128, "closed after %" G_GSIZE_FORMAT " bytes: %s", length,
              *error_number != 0 ? g_strerror (*error_number) : "end of file");
  return FALSE;
}

static void
count_failure (HttpLoad *self, guint64 number, guint own_port, int error_number, const char *why)
{
  g_mutex_lock (&self->mutex);
  if (self->result.n_failed++ == 0)
    g_strlcpy (self->result.first_failure, why, sizeof self->result.first_failure);
  if (self->result.failures->len < HTTP_LOAD_FAILURES_MAX)
    g_array_append_vals (self->result.failures, &(HttpLoadFailure){ number, own_port }, 1);
  self->result.n_refused += error_number == ECONNREFUSED;
  self->result.n_timed_out += error_number == EAGAIN;
  g_mutex_unlock (&self->mutex);
}

static gpointer
client_thread (gpointer data)
{
  HttpLoad *self = data;
  char answer[8192], why[128];

  while (!g_atomic_int_get (&self->stop))
    {
      gsize head_length;
      guint own_port;
      int error_number;

      if (request (self->port, "/", answer, &head_length, &own_port, &error_number, why))
        __atomic_add_fetch (&self->n_ok, 1, __ATOMIC_RELAXED);
      else
        count_failure (self, 0, own_port, error_number, why);
    }
  return NULL;
}

/* One request on FD. FALSE, with WHY filled. *CLOSE: the server wants no more on this connection. */
static gboolean
exchange (int fd, guint64 number, gboolean *close_after, int *error_number, char why[128])
{
  char text[256], answer[8192];
  gsize length = 0, head_length;
  gssize body = -1;

  g_snprintf (text, sizeof text, "GET /?%" G_GUINT64_FORMAT " HTTP/1.1\r\nHost: localhost\r\n\r\n", number);
  *error_number = send (fd, text, strlen (text), MSG_NOSIGNAL) < 0 ? errno : 0;
  while (*error_number == 0 && length < sizeof answer - 1)
    {
      gssize n = recv (fd, answer + length, sizeof answer - 1 - length, 0);

      if (n <= 0)
        {
          *error_number = n < 0 ? errno : 0;
          break;
        }
      length += (gsize) n;
      answer[length] = '\0';
      body = get_body_length (answer, &head_length);
      if (body >= 0 && length >= head_length + (gsize) body)
        {
          *close_after = strcasestr (answer, "connection: close") != NULL;
          if (g_str_has_prefix (answer, "HTTP/1.1 200"))
            return TRUE;
          break;
        }
    }
  g_snprintf (why, 128, "request %" G_GUINT64_FORMAT ": closed after %" G_GSIZE_FORMAT " bytes: %s", number, length,
              *error_number != 0 ? g_strerror (*error_number) : "end of file");
  return FALSE;
}

static gpointer
keep_alive_thread (gpointer data)
{
  HttpLoad *self = data;
  int fd = -1;

  while (!g_atomic_int_get (&self->stop))
    {
      guint64 number = __atomic_add_fetch (&self->last_number, 1, __ATOMIC_RELAXED);
      gboolean close_after = TRUE;
      int error_number = 0;
      char why[128];

      if (fd < 0 && (fd = http_connect (self->port)) < 0)
        {
          g_snprintf (why, sizeof why, "connect: %s", g_strerror (-fd));
          count_failure (self, number, 0, -fd, why);
          continue;
        }
      if (exchange (fd, number, &close_after, &error_number, why))
        __atomic_add_fetch (&self->n_ok, 1, __ATOMIC_RELAXED);
      else
        count_failure (self, number, get_own_port (fd), error_number, why);
      if (close_after)
        {
          close (fd);
          fd = -1;
        }
    }
  if (fd >= 0)
    close (fd);
  return NULL;
}

static HttpLoad *
start (guint port, guint n_clients, GThreadFunc thread)
{
  HttpLoad *self = g_new0 (HttpLoad, 1);

  self->port = port;
  self->threads = g_ptr_array_new ();
  self->result.failures = g_array_new (FALSE, FALSE, sizeof (HttpLoadFailure));
  g_mutex_init (&self->mutex);
  for (guint i = 0; i < n_clients; i++)
    g_ptr_array_add (self->threads, g_thread_new ("client", thread, self));
  return self;
}

HttpLoad *
http_load_start (guint port, guint n_clients)
{
  return start (port, n_clients, client_thread);
}

HttpLoad *
http_load_start_keep_alive (guint port, guint n_clients)
{
  return start (port, n_clients, keep_alive_thread);
}

guint64
http_load_count (HttpLoad *self)
{
  return __atomic_load_n (&self->n_ok, __ATOMIC_RELAXED);
}

HttpLoadResult
http_load_stop (HttpLoad *self)
{
  HttpLoadResult result;

  g_atomic_int_set (&self->stop, 1);
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  result = self->result;
  result.n_ok = self->n_ok;
  g_ptr_array_unref (self->threads);
  g_mutex_clear (&self->mutex);
  g_free (self);
  return result;
}

void
http_load_result_clear (HttpLoadResult *self)
{
  g_clear_pointer (&self->failures, g_array_unref);
}

char *
http_get (guint port, const char *path)
{
  char answer[8192], why[128];
  gsize head_length;
  guint own_port;
  int error_number;

  return request (port, path, answer, &head_length, &own_port, &error_number, why) ? g_strdup (answer + head_length) : NULL;
}

guint
http_free_port (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &length), ==, 0);
  close (fd);
  return ntohs (address.sin_port);
}
