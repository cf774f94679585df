/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The channel against a peer whose bytes the test decides. */

#include "config.h"

#include "ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  TroupeReactor *reactor;
  TroupeChannel *channel;
  int peer;
  GPtrArray *seen; /* of char *: what the handler was told, in order */
  guint n_messages;
  gsize message_bytes;
  gboolean echo;
  gboolean keep; /* fill `seen` */
  gboolean closed, drained;
} Fixture;

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  Fixture *f = user_data;

  f->n_messages++;
  f->message_bytes += length;
  if (f->keep)
    g_ptr_array_add (f->seen, g_strndup (text, length));
  if (f->echo)
    troupe_channel_send (channel, text, length, NULL);
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
          const char *explanation, gpointer user_data)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->seen, g_strdup_printf ("fault %d %" G_GSIZE_FORMAT, fault, length));
}

static void
cluster_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->seen, g_strdup_printf ("cluster %.*s", (int) length, text));
}

static void
drained_cb (TroupeChannel *channel, gpointer user_data)
{
  ((Fixture *) user_data)->drained = TRUE;
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
  Fixture *f = user_data;

  f->closed = TRUE;
  g_ptr_array_add (f->seen, g_strdup ("closed"));
}

static const TroupeChannelHandler handler = {
  .message = message_cb, .fault = fault_cb, .cluster = cluster_cb, .drained = drained_cb, .closed = closed_cb,
};

static void
set_up (Fixture *f, gconstpointer data)
{
  int ours;
  g_autoptr (GError) error = NULL;

  f->reactor = troupe_reactor_new (NULL, &error);
  g_assert_no_error (error);
  f->seen = g_ptr_array_new_with_free_func (g_free);
  f->keep = TRUE;
  g_assert_true (troupe_channel_socketpair (&ours, &f->peer, &error));
  fcntl (f->peer, F_SETFL, O_NONBLOCK);
  f->channel = troupe_channel_new (f->reactor, ours, NULL, &handler, f, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  troupe_channel_free (f->channel);
  if (f->peer >= 0)
    close (f->peer);
  troupe_reactor_free (f->reactor);
  g_ptr_array_unref (f->seen);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Writes all of BYTES from the peer, letting the channel work in between. */
static void
peer_write (Fixture *f, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gssize n = write (f->peer, bytes, length);

      if (n < 0)
        {
          g_assert_cmpint (errno, ==, EAGAIN);
          g_main_context_iteration (NULL, TRUE);
          continue;
        }
      bytes += n;
      length -= n;
    }
  turn ();
}

static void
peer_say (Fixture *f, const char *text)
{
  peer_write (f, text, strlen (text));
}

/* Everything the peer can read now. */
static char *
peer_read (Fixture *f)
{
  GString *got = g_string_new (NULL);
  char buffer[65536];
  gssize n;

  turn ();
  while ((n = read (f->peer, buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (got, buffer, n);
      turn ();
    }
  return g_string_free (got, FALSE);
}

static char *
seen_text (Fixture *f)
{
  GString *joined = g_string_new (NULL);

  for (guint i = 0; i < f->seen->len; i++)
    g_string_append_printf (joined, "%s%s", i > 0 ? "|" : "", (char *) g_ptr_array_index (f->seen, i));
  g_ptr_array_set_size (f->seen, 0);
  return g_string_free (joined, FALSE);
}

#define assert_seen(f, expected)                                                                                   \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_autofree char *seen_ = seen_text (f);                                                                        \
    g_assert_cmpstr (seen_, ==, expected);                                                                         \
  }                                                                                                                \
  G_STMT_END

#define assert_peer_reads(f, expected)                                                                             \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_autofree char *read_ = peer_read (f);                                                                        \
    g_assert_cmpstr (read_, ==, expected);                                                                         \
  }                                                                                                                \
  G_STMT_END

static void
send_ok (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;

  troupe_channel_send (f->channel, text, strlen (text), &error);
  g_assert_no_error (error);
}

static void
send_fails (Fixture *f, const char *text, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (troupe_channel_send (f->channel, text, strlen (text), &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static void
test_messages (Fixture *f, gconstpointer data)
{
  peer_say (f, "{\"a\":1}\n\"x\"\n7\nnull\n{\"half");
  assert_seen (f, "{\"a\":1}|\"x\"|7|null");
  peer_say (f, "\":2}\n");
  assert_seen (f, "{\"half\":2}");

  send_ok (f, "{\"to\":\n\"peer\"}");
  assert_peer_reads (f, "{\"to\": \"peer\"}\n");
}

static void
test_faults (Fixture *f, gconstpointer data)
{
  peer_say (f, "1\n\nnope\n2\n");
  assert_seen (f, "1|fault 0 0|fault 0 4|2");
}

static void
test_refuses_to_send (Fixture *f, gconstpointer data)
{
  send_fails (f, "{", G_IO_ERROR_INVALID_DATA);
  send_fails (f, "", G_IO_ERROR_INVALID_DATA);
  send_fails (f, "{\"cmd\":\"NODE_FOO\"}", G_IO_ERROR_INVALID_DATA);
  assert_peer_reads (f, "");
}

static void
test_internal_stays_inside (Fixture *f, gconstpointer data)
{
  peer_say (f, "{\"cmd\":\"NODE_FOO\"}\n{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\",\"seq\":0}\n1\n");
  assert_seen (f, "cluster {\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\",\"seq\":0}|1");
}

static void
test_socket_questions (Fixture *f, gconstpointer data)
{
  peer_say (f, "{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"4:::80\"}\n");
  assert_peer_reads (f, "{\"cmd\":\"NODE_SOCKET_COUNT\",\"key\":\"4:::80\",\"count\":0}\n");
  peer_say (f, "{\"cmd\":\"NODE_SOCKET_NOTIFY_CLOSE\",\"key\":\"4:::80\"}\n");
  assert_peer_reads (f, "{\"cmd\":\"NODE_SOCKET_ALL_CLOSED\",\"key\":\"4:::80\"}\n");
}

static void
peer_send_with_fd (Fixture *f, const char *text, int fd)
{
  struct iovec iov = { (char *) text, strlen (text) };
  char control[CMSG_SPACE (sizeof (int))] = { 0 };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
  struct cmsghdr *c = CMSG_FIRSTHDR (&message);

  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (c), &fd, sizeof (int));
  g_assert_cmpint (sendmsg (f->peer, &message, 0), ==, (int) strlen (text));
  turn ();
}

/* A descriptor nobody asked for: acknowledged, closed, its message still delivered. */
static void
test_unasked_handle (Fixture *f, gconstpointer data)
{
  int pair[2];
  char byte;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
  peer_send_with_fd (f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":{\"what\":\"tcp\"}}\n", pair[0]);
  close (pair[0]);
  assert_seen (f, "{\"what\":\"tcp\"}");
  assert_peer_reads (f, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  g_assert_cmpint (read (pair[1], &byte, 1), ==, 0);
  close (pair[1]);

  peer_say (f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n");
  assert_peer_reads (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
  assert_seen (f, "");
}

/* The kernel ends a read at each descriptor; what lies behind is read all the same. */
static void
test_handles_among_messages (Fixture *f, gconstpointer data)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
  peer_say (f, "1\n");
  for (guint i = 0; i < 3; i++)
    peer_send_with_fd (f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":2}\n", pair[0]);
  peer_say (f, "3\n4\n");
  assert_seen (f, "1|2|2|2|3|4");
  close (pair[0]);
  close (pair[1]);
}

static int
receive_fd (Fixture *f, char *text, gsize size)
{
  struct iovec iov = { text, size - 1 };
  char control[CMSG_SPACE (sizeof (int))] = { 0 };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
  gssize n = recvmsg (f->peer, &message, 0);
  struct cmsghdr *c = CMSG_FIRSTHDR (&message);
  int fd = -1;

  g_assert_cmpint (n, >, 0);
  text[n] = '\0';
  if (c != NULL)
    memcpy (&fd, CMSG_DATA (c), sizeof (int));
  return fd;
}

static void
test_handle_holds_until_acknowledged (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char text[1024];
  int fd, sock = socket (AF_INET, SOCK_STREAM, 0);

  troupe_channel_send_internal (f->channel, "{\"n\":1}", "net.Native", sock, &error);
  g_assert_no_error (error);
  troupe_channel_send_internal (f->channel, "{\"n\":2}", "net.Native", sock, &error);
  send_ok (f, "3");
  close (sock);

  fd = receive_fd (f, text, sizeof text);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_cmpstr (text, ==, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{\"n\":1}}\n");
  assert_peer_reads (f, "");

  /* Refused: the same again, with its descriptor. */
  peer_say (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
  fd = receive_fd (f, text, sizeof text);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_nonnull (strstr (text, "{\"n\":1}"));

  /* An answer passes the hold, the rest does not. */
  peer_say (f, "{\"cmd\":\"NODE_HANDLE\",\"msg\":0}\n");
  assert_peer_reads (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n");

  peer_say (f, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  fd = receive_fd (f, text, sizeof text);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_nonnull (strstr (text, "{\"n\":2}"));
  peer_say (f, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  assert_peer_reads (f, "3\n");
}

static void
send_in_any_order (Fixture *f, const char *text)
{
  g_autoptr (TroupeHandle) handle = troupe_handle_new (socket (AF_INET, SOCK_STREAM, 0));
  g_autoptr (GError) error = NULL;

  troupe_channel_send_handle (f->channel, text, "net.Native", handle, TRUE, &error);
  g_assert_no_error (error);
}

static void
assert_peer_gets_handle (Fixture *f, const char *message)
{
  char text[1024];
  int fd = receive_fd (f, text, sizeof text);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_nonnull (strstr (text, message));
}

#define ACK "{\"cmd\":\"NODE_HANDLE_ACK\"}\n"

/* The channel knows what the peer has read. */
static void
exchange_a_handle (Fixture *f)
{
  send_in_any_order (f, "{\"n\":0}");
  assert_peer_gets_handle (f, "{\"n\":0}");
  peer_say (f, ACK);
}

/* Several at a time, and what has an order waits for all of them. */
static void
test_handles_in_any_order (Fixture *f, gconstpointer data)
{
  /* Not yet: how much the peer has read is not known before it acknowledged something. */
  send_in_any_order (f, "{\"n\":1}");
  g_assert_false (troupe_channel_takes_handle (f->channel));
  send_in_any_order (f, "{\"n\":2}");
  assert_peer_gets_handle (f, "{\"n\":1}");
  assert_peer_reads (f, "");
  peer_say (f, ACK);
  assert_peer_gets_handle (f, "{\"n\":2}");

  for (guint i = 1; i < TROUPE_CHANNEL_HANDLES_MAX; i++)
    {
      g_assert_true (troupe_channel_takes_handle (f->channel));
      send_in_any_order (f, "{\"n\":3}");
    }
  g_assert_false (troupe_channel_takes_handle (f->channel));
  send_in_any_order (f, "{\"n\":4}");
  send_ok (f, "5");
  for (guint i = 1; i < TROUPE_CHANNEL_HANDLES_MAX; i++)
    assert_peer_gets_handle (f, "{\"n\":3}");
  assert_peer_reads (f, "");
  peer_say (f, ACK);
  assert_peer_gets_handle (f, "{\"n\":4}");
  for (guint i = 0; i < TROUPE_CHANNEL_HANDLES_MAX; i++)
    {
      assert_peer_reads (f, "");
      peer_say (f, ACK);
    }
  assert_peer_reads (f, "5\n");
  g_assert_true (troupe_channel_takes_handle (f->channel));
}

/* Answers are for the lines in the order in which these came. */
static void
test_one_of_two_handles_is_refused (Fixture *f, gconstpointer data)
{
  exchange_a_handle (f);
  send_in_any_order (f, "{\"n\":1}");
  send_in_any_order (f, "{\"n\":2}");
  assert_peer_gets_handle (f, "{\"n\":1}");
  assert_peer_gets_handle (f, "{\"n\":2}");
  for (guint i = 0; i < 3; i++)
    {
      peer_say (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n" ACK);
      assert_peer_gets_handle (f, "{\"n\":1}");
      send_in_any_order (f, "{\"n\":2}");
      assert_peer_gets_handle (f, "{\"n\":2}");
    }
  /* That was the last try. */
  peer_say (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n" ACK);
  send_ok (f, "3");
  assert_peer_reads (f, "3\n");
}

/* Behind much that may be unread one waits: its line could be cut by the end of the peer's buffer. */
static void
test_handles_behind_long_messages (Fixture *f, gconstpointer data)
{
  g_autofree char *filler = g_strnfill (5000, '1');
  char line[5001];

  exchange_a_handle (f);
  send_ok (f, filler);
  send_in_any_order (f, "{\"n\":1}");
  g_assert_false (troupe_channel_takes_handle (f->channel));
  send_in_any_order (f, "{\"n\":2}");
  g_assert_cmpint (recv (f->peer, line, sizeof line, MSG_WAITALL), ==, sizeof line);
  assert_peer_gets_handle (f, "{\"n\":1}");
  assert_peer_reads (f, "");
  peer_say (f, ACK);
  assert_peer_gets_handle (f, "{\"n\":2}");
}

/* A peer that never finds the descriptor costs four tries, not the channel. */
static void
test_handle_is_given_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char text[1024];
  int sock = socket (AF_INET, SOCK_STREAM, 0);

  troupe_channel_send_internal (f->channel, "{\"n\":1}", "net.Native", sock, &error);
  g_assert_no_error (error);
  close (sock);
  send_ok (f, "2");
  for (guint i = 0; i < 4; i++)
    {
      close (receive_fd (f, text, sizeof text));
      g_assert_nonnull (strstr (text, "{\"n\":1}"));
      peer_say (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
    }
  assert_peer_reads (f, "2\n");

  /* Refusals of nothing are no harm. */
  peer_say (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n{\"cmd\":\"NODE_HANDLE_ACK\"}\n3\n");
  assert_seen (f, "3");
  assert_peer_reads (f, "");
}

/* Descriptors that come with no line that owns them are closed at the ceiling, and with the channel. */
static void
test_descriptors_have_a_ceiling (Fixture *f, gconstpointer data)
{
  int pair[2];
  char byte;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), ==, 0);
  for (guint i = 0; i < 3 * TROUPE_CHANNEL_FDS_MAX; i++)
    peer_send_with_fd (f, "7\n", pair[0]);
  close (pair[0]);
  g_assert_cmpuint (f->n_messages, ==, 3 * TROUPE_CHANNEL_FDS_MAX);
  g_assert_cmpint (read (pair[1], &byte, 1), ==, -1);

  /* Each of those that were kept is closed with the line that claims it. */
  for (guint i = 0; i < TROUPE_CHANNEL_FDS_MAX; i++)
    {
      g_assert_cmpint (read (pair[1], &byte, 1), ==, -1);
      peer_say (f, "{\"cmd\":\"NODE_HANDLE\",\"msg\":0}\n");
      assert_peer_reads (f, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
    }
  g_assert_cmpint (read (pair[1], &byte, 1), ==, 0);
  peer_say (f, "{\"cmd\":\"NODE_HANDLE\",\"msg\":0}\n");
  assert_peer_reads (f, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
  close (pair[1]);
}

/* While messages gather nothing is read, but what the peer says last is, and the answer to a descriptor. */
static void
test_gathering_loses_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int sock = socket (AF_INET, SOCK_STREAM, 0);
  char text[256];
  guint n = 0;

  f->keep = FALSE;
  for (guint round = 0; round < 3000; round++)
    {
      for (guint i = 0; i < 8; i++, n++)
        g_assert_cmpint (write (f->peer, "7\n", 2), ==, 2);
      g_main_context_iteration (NULL, FALSE);
      if (round % 500 == 250)
        troupe_channel_set_reading (f->channel, FALSE);
      if (round % 500 == 260)
        troupe_channel_set_reading (f->channel, TRUE);
      if (round % 500 == 499)
        {
          troupe_channel_send_internal (f->channel, "{}", "net.Native", sock, &error);
          g_assert_no_error (error);
          send_ok (f, "8");
          close (receive_fd (f, text, sizeof text));
          g_assert_cmpint (write (f->peer, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n", 26), ==, 26);
          while (read (f->peer, text, sizeof text) < 0)
            g_main_context_iteration (NULL, FALSE);
        }
    }
  close (sock);
  close (f->peer);
  f->peer = -1;
  while (!f->closed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->n_messages, ==, n);
}

static void
test_only_sockets_are_handles (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  g_assert_false (troupe_channel_send_internal (f->channel, "1", "net.Socket", fd, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  close (fd);
}

static void
test_peer_that_never_reads (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (1000000, 'x');
  g_autoptr (GError) error = NULL;
  guint n = 0;

  text[0] = text[999999] = '"';
  while (troupe_channel_send (f->channel, text, 1000000, &error))
    n++;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (troupe_channel_get_queued (f->channel), <=, TROUPE_CHANNEL_QUEUE_MAX);

  while (n > 0)
    {
      g_autofree char *got = peer_read (f);

      for (const char *p = got; (p = strchr (p, '\n')) != NULL; p++)
        n--;
    }
  turn ();
  g_assert_true (f->drained);
  send_ok (f, "1");
}

/* What has to be answered cannot be read faster than the answers are. */
static void
test_answers_have_a_ceiling (Fixture *f, gconstpointer data)
{
  const char *line = "{\"cmd\":\"NODE_HANDLE\"}\n", *answer = "{\"cmd\":\"NODE_HANDLE_NACK\"}\n";
  g_autoptr (GString) lines = g_string_new (NULL);
  gsize n_written = 0, n_answered = 0, position = 0;
  gssize n;

  for (guint i = 0; i < 1000; i++)
    g_string_append (lines, line);
  while (n_written < 100000000)
    {
      n = write (f->peer, lines->str + position, lines->len - position);
      for (guint i = 0; i < 10; i++)
        g_main_context_iteration (NULL, FALSE);
      g_assert_cmpuint (troupe_channel_get_queued (f->channel), <, 4 * TROUPE_CHANNEL_ANSWERS_MAX);
      if (n < 0)
        break;
      n_written += (gsize) n;
      position = (position + (gsize) n) % lines->len;
    }
  g_assert_cmpint (n, <, 0);
  g_assert_cmpuint (n_written, <, 2000000);

  /* It is read again, from where it stopped, when the answers are. */
  position = n_written % strlen (line);
  while (n_answered < (n_written + strlen (line) - 1) / strlen (line) * strlen (answer))
    {
      g_autofree char *got = peer_read (f);

      n_answered += strlen (got);
      if (position > 0 && write (f->peer, line + position, strlen (line) - position) > 0)
        position = 0;
      g_main_context_iteration (NULL, FALSE);
    }
  peer_say (f, "1\n");
  while (f->n_messages == 0)
    g_main_context_iteration (NULL, TRUE);
  assert_seen (f, "1");
}

static void
test_64_megabytes (Fixture *f, gconstpointer data)
{
  gsize length = 64 * 1024 * 1024;
  g_autofree char *text = g_strnfill (length + 1, 'y');

  text[0] = text[length - 1] = '"';
  text[length] = '\n';
  f->keep = FALSE;
  peer_write (f, text, length + 1);
  while (f->n_messages == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->message_bytes, ==, length);

  text[length] = '\0';
  send_ok (f, text);
  {
    g_autofree char *got = peer_read (f);

    g_assert_cmpuint (strlen (got), ==, length + 1);
  }
}

/* Many small messages each way, none lost, none out of order. */
static void
test_a_million_echoes (Fixture *f, gconstpointer data)
{
  guint total = g_test_slow () ? 1000000 : 200000, sent = 0, received = 0;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GString) in = g_string_new (NULL);
  char buffer[65536];

  f->keep = FALSE;
  f->echo = TRUE;
  while (received < total)
    {
      gssize n;
      char *p, *newline;

      while (sent < total && out->len < 32768)
        g_string_append_printf (out, "{\"n\":%u}\n", sent++);
      n = write (f->peer, out->str, out->len);
      if (n > 0)
        g_string_erase (out, 0, n);
      g_main_context_iteration (NULL, FALSE);
      while ((n = read (f->peer, buffer, sizeof buffer)) > 0)
        g_string_append_len (in, buffer, n);
      for (p = in->str; (newline = strchr (p, '\n')) != NULL; p = newline + 1)
        g_assert_cmpuint (strtoul (p + 5, NULL, 10), ==, received++);
      g_string_erase (in, 0, p - in->str);
    }
  g_assert_cmpuint (f->n_messages, ==, total);
}

static void
test_close_hands_on_the_rest_first (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (write (f->peer, "1\n2\n{\"cut", 9), ==, 9);
  close (f->peer);
  f->peer = -1;
  turn ();
  assert_seen (f, "1|2|fault 0 5|closed");
  g_assert_false (troupe_channel_is_open (f->channel));
  send_fails (f, "1", G_IO_ERROR_CLOSED);
}

static void
test_pause_keeps_and_resumes (Fixture *f, gconstpointer data)
{
  troupe_channel_set_reading (f->channel, FALSE);
  g_assert_cmpint (write (f->peer, "1\n", 2), ==, 2);
  close (f->peer);
  f->peer = -1;
  turn ();
  assert_seen (f, "");
  troupe_channel_set_reading (f->channel, TRUE);
  turn ();
  assert_seen (f, "1|closed");
}

static void
test_disconnect_sends_the_queue_first (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (3000001, 'z');
  g_autofree char *got = NULL;
  char byte;

  text[0] = text[2999999] = '"';
  text[3000000] = '\0';
  send_ok (f, text);
  troupe_channel_disconnect (f->channel);
  send_fails (f, "1", G_IO_ERROR_CLOSED);
  got = peer_read (f);
  g_assert_cmpuint (strlen (got), ==, 3000001);
  turn ();
  g_assert_cmpint (read (f->peer, &byte, 1), ==, 0);
  g_assert_false (f->closed);
}

static void
test_close_with_bytes_unread (Fixture *f, gconstpointer data)
{
  char byte;

  g_assert_cmpint (write (f->peer, "1\n", 2), ==, 2);
  troupe_channel_close (f->channel);
  g_assert_cmpint (read (f->peer, &byte, 1), ==, 0);
}

/* Puts another channel in the place of one whose process was killed: same socket, same state. */
static void
take_over (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  int fd = dup (troupe_channel_peek_fd (f->channel));
  int state_fd = dup (troupe_channel_state_peek_fd (troupe_channel_get_state (f->channel)));

  /* The copy keeps the socket from closing; nothing is unread here, or freeing would swallow it. */
  troupe_channel_free (f->channel);
  f->channel = troupe_channel_new (f->reactor, fd, troupe_channel_state_new (state_fd), &handler, f, &error);
  g_assert_no_error (error);
}

static void
set_up_with_state (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd;

  set_up (f, data);
  fd = dup (troupe_channel_peek_fd (f->channel));
  troupe_channel_free (f->channel);
  f->channel = troupe_channel_new (f->reactor, fd, troupe_channel_state_new (-1), &handler, f, &error);
  g_assert_no_error (error);
}

/* At every byte of what comes in. */
static void
test_taken_over_while_receiving (Fixture *f, gconstpointer data)
{
  const char *text = "{\"a\":1}\n\"bc\"\n[2,3]\n";

  for (gsize cut = 0; cut <= strlen (text); cut++)
    {
      peer_write (f, text, cut);
      take_over (f);
      peer_write (f, text + cut, strlen (text) - cut);
      assert_seen (f, "{\"a\":1}|\"bc\"|[2,3]");
    }
}

/* A long line is half out; the successor sends the rest and then what it has to say itself. */
static void
test_taken_over_while_sending (Fixture *f, gconstpointer data)
{
  gsize length = 3 * 1024 * 1024;
  g_autofree char *text = g_strnfill (length, 'z');
  g_autofree char *first = g_malloc (100000);
  GString *got = g_string_new (NULL);
  gssize n;

  text[0] = text[length - 1] = '"';
  for (guint round = 0; round < 3; round++)
    {
      g_assert_true (troupe_channel_send (f->channel, text, length, NULL));
      while ((n = read (f->peer, first, 100000)) > 0 && got->len < 500000)
        {
          g_string_append_len (got, first, n);
          turn ();
        }
      if (n > 0)
        g_string_append_len (got, first, n);
      take_over (f);
      send_ok (f, "\"after\"");
      {
        g_autofree char *rest = peer_read (f);

        g_string_append (got, rest);
      }
      g_assert_cmpuint (got->len, ==, length + strlen ("\n\"after\"\n"));
      g_assert_true (g_str_has_suffix (got->str, "z\"\n\"after\"\n"));
      g_string_truncate (got, 0);
    }
  g_string_free (got, TRUE);
}

static void
test_random_bytes (Fixture *f, gconstpointer data)
{
  static const char *const pieces[] = {
    "{\"cmd\":\"NODE_HANDLE\"", ",\"msg\":", "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"x\"}", "}", "\n", "\n", "[", "1",
    "{\"cmd\":\"NODE_HANDLE_ACK\"}\n", "{\"cmd\":\"NODE_HANDLE_NACK\"}\n", "\xff", "\\u", "\"",
    "{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":[[]]}\n", "null\n",
  };

  f->keep = FALSE;
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *got = NULL;

      peer_say (f, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      if (i % 64 == 0)
        got = peer_read (f);
    }
  /* A flood may have made the channel wait between its reads. */
  f->keep = TRUE;
  peer_say (f, "\n\"still here\"\n");
  while (!g_str_equal (g_ptr_array_index (f->seen, f->seen->len - 1), "\"still here\""))
    g_main_context_iteration (NULL, TRUE);
}

#define ADD(path, func) g_test_add ("/ipc/channel/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("messages-both-ways", test_messages);
  ADD ("a-bad-line-is-reported-and-the-stream-goes-on", test_faults);
  ADD ("refuses-what-would-hurt-the-peer", test_refuses_to_send);
  ADD ("internal-messages-stay-inside", test_internal_stays_inside);
  ADD ("questions-about-sockets-are-answered", test_socket_questions);
  ADD ("unasked-descriptors-are-answered-and-closed", test_unasked_handle);
  ADD ("descriptors-among-messages", test_handles_among_messages);
  ADD ("a-handle-holds-the-queue-until-acknowledged", test_handle_holds_until_acknowledged);
  ADD ("handles-in-any-order", test_handles_in_any_order);
  ADD ("one-of-two-handles-is-refused", test_one_of_two_handles_is_refused);
  ADD ("handles-behind-long-messages", test_handles_behind_long_messages);
  ADD ("a-handle-is-given-up-after-some-tries", test_handle_is_given_up);
  ADD ("descriptors-have-a-ceiling", test_descriptors_have_a_ceiling);
  ADD ("gathering-loses-nothing", test_gathering_loses_nothing);
  ADD ("only-sockets-are-handles", test_only_sockets_are_handles);
  ADD ("a-peer-that-never-reads-has-a-ceiling", test_peer_that_never_reads);
  ADD ("answers-nobody-reads-have-a-ceiling", test_answers_have_a_ceiling);
  ADD ("64-megabytes-in-one-message", test_64_megabytes);
  ADD ("many-echoes-in-order", test_a_million_echoes);
  ADD ("closing-hands-on-the-rest-first", test_close_hands_on_the_rest_first);
  ADD ("a-pause-keeps-what-comes", test_pause_keeps_and_resumes);
  ADD ("disconnect-sends-the-queue-first", test_disconnect_sends_the_queue_first);
  ADD ("closing-with-bytes-unread-is-an-end-of-file", test_close_with_bytes_unread);
  g_test_add ("/ipc/channel/taken-over-while-receiving", Fixture, NULL, set_up_with_state,
              test_taken_over_while_receiving, tear_down);
  g_test_add ("/ipc/channel/taken-over-while-sending", Fixture, NULL, set_up_with_state,
              test_taken_over_while_sending, tear_down);
  ADD ("random-bytes", test_random_bytes);
  return g_test_run ();
}
