/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Starts the host and plays the engine. */

#include "config.h"

#include "host-fixture.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_SECONDS 120

static gboolean
timeout_cb (gpointer user_data)
{
  g_error ("waited %d seconds for: %s", WAIT_SECONDS, (const char *) user_data);
  return G_SOURCE_REMOVE;
}

guint
wait_begin (const char *what)
{
  return g_timeout_add_seconds (WAIT_SECONDS, timeout_cb, (gpointer) what);
}

char *
dup_module_path (const char *name)
{
  return g_build_filename (g_getenv ("TROUPE_TEST_MODULES"), name, NULL);
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length, const char *explanation,
          gpointer user_data)
{
  g_error ("fault: %s: %.*s", explanation, (int) length, text != NULL ? text : "");
}

/* --- The host --------------------------------------------------------------- */

static void
host_message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  g_queue_push_tail (&((Host *) user_data)->lines, g_strndup (text, length));
}

static void
host_closed_cb (TroupeChannel *channel, gpointer user_data)
{
  ((Host *) user_data)->closed = TRUE;
}

static const TroupeChannelHandler host_handler = {
  .message = host_message_cb, .fault = fault_cb, .closed = host_closed_cb,
};

static void
exit_cb (GPid pid, int wait_status, gpointer user_data)
{
  Host *host = user_data;

  host->exited = TRUE;
  host->wait_status = wait_status;
}

static void peer_free (gpointer user_data);

void
host_set_up (Host *host, gconstpointer data)
{
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "NODE_CHANNEL_FD", "3", TRUE);
  const char *argv[] = { g_getenv ("TROUPE_THREAD_HOST"), NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *ready = NULL;
  int ours, theirs, target = 3;

  env = g_environ_setenv (env, "COLOUR", "red", TRUE);
  g_queue_init (&host->lines);
  host->peers = g_ptr_array_new_with_free_func (peer_free);
  host->reactor = troupe_reactor_new (NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (argv[0]);
  g_assert_true (troupe_channel_socketpair (&ours, &theirs, &error));
  g_spawn_async_with_pipes_and_fds (NULL, argv, (const char *const *) env,
                                    G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL
                                      | (data != NULL ? G_SPAWN_STDERR_TO_DEV_NULL : 0),
                                    NULL, NULL, -1, -1, -1, &theirs, &target, 1, &host->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  close (theirs);
  host->channel = troupe_channel_new (host->reactor, ours, NULL, &host_handler, host, &error);
  g_assert_no_error (error);
  g_child_watch_add (host->pid, exit_cb, host);
  ready = host_expect (host, "[\"ready\",");
  g_assert_nonnull (strstr (ready, "\"version\":1"));
  g_assert_nonnull (strstr (ready, "\"runtime\":\"native "));
}

void
host_wait_end (Host *host)
{
  wait_for (host->exited);
}

void
host_expect_end (Host *host, int wait_status)
{
  host_wait_end (host);
  g_assert_cmpint (host->wait_status, ==, wait_status);
}

void
host_tear_down (Host *host, gconstpointer data)
{
  char *line;

  if (!host->exited)
    {
      troupe_channel_disconnect (host->channel);
      host_expect_end (host, 0);
    }
  troupe_channel_free (host->channel);
  g_ptr_array_unref (host->peers);
  while ((line = g_queue_pop_head (&host->lines)) != NULL)
    g_free (line);
  troupe_reactor_free (host->reactor);
}

void
host_order (Host *host, const char *format, ...)
{
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  troupe_channel_send (host->channel, line, strlen (line), &error);
  g_assert_no_error (error);
}

/* (transfer full) (nullable) */
static char *
take_line (Host *host, const char *prefix)
{
  for (GList *l = host->lines.head; l != NULL; l = l->next)
    if (g_str_has_prefix (l->data, prefix))
      {
        char *line = l->data;

        g_queue_delete_link (&host->lines, l);
        return line;
      }
  return NULL;
}

gboolean
host_has (Host *host, const char *prefix)
{
  for (GList *l = host->lines.head; l != NULL; l = l->next)
    if (g_str_has_prefix (l->data, prefix))
      return TRUE;
  return FALSE;
}

char *
host_expect (Host *host, const char *format, ...)
{
  g_autofree char *prefix = NULL;
  char *line = NULL;
  va_list args;
  guint timeout;

  va_start (args, format);
  prefix = g_strdup_vprintf (format, args);
  va_end (args);
  timeout = wait_begin (prefix);
  while ((line = take_line (host, prefix)) == NULL && !host->closed)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
  if (line == NULL)
    g_error ("the host ended without saying %s", prefix);
  return line;
}

/* --- One thread ------------------------------------------------------------- */

static void
peer_send_more (Peer *peer)
{
  char text[32];
  g_autoptr (GError) error = NULL;

  while (peer->sent < peer->to_send)
    {
      int length = g_snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, peer->sent + 1);

      if (!troupe_channel_send (peer->channel, text, length, &error))
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
          return;
        }
      peer->sent++;
    }
}

static void
peer_message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  Peer *peer = user_data;

  if (!peer->counting)
    {
      g_queue_push_tail (&peer->messages, g_strndup (text, length));
      return;
    }
  {
    guint64 number = 0;

    for (gsize i = 0; i < length; i++)
      number = number * 10 + (guint64) (text[i] - '0');
    if (number != ++peer->expected)
      g_error ("%" G_GUINT64_FORMAT " came in place of %" G_GUINT64_FORMAT, number, peer->expected);
  }
}

static void
peer_drained_cb (TroupeChannel *channel, gpointer user_data)
{
  peer_send_more (user_data);
}

static void
peer_closed_cb (TroupeChannel *channel, gpointer user_data)
{
  ((Peer *) user_data)->closed = TRUE;
}

static const TroupeChannelHandler peer_handler = {
  .message = peer_message_cb, .fault = fault_cb, .drained = peer_drained_cb, .closed = peer_closed_cb,
};

static void
peer_free (gpointer user_data)
{
  Peer *peer = user_data;
  char *message;

  for (guint i = 0; i < 3; i++)
    if (peer->streams[i] >= 0)
      close (peer->streams[i]);
  troupe_channel_free (peer->channel);
  while ((message = g_queue_pop_head (&peer->messages)) != NULL)
    g_free (message);
  g_free (peer);
}

Peer *
peer_prepare (Host *host)
{
  Peer *peer = g_new0 (Peer, 1);
  g_autoptr (GError) error = NULL;
  int pair[2];

  peer->host = host;
  peer->id = ++host->last_id;
  g_queue_init (&peer->messages);
  g_ptr_array_add (host->peers, peer);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *line = g_strdup_printf ("[\"stdio\",%u,%u]", peer->id, i);

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (i == 3 ? SOCK_NONBLOCK : 0), 0, pair), ==, 0);
      if (i < 3)
        {
          const struct timeval patience = { WAIT_SECONDS, 0 };

          peer->streams[i] = pair[0];
          setsockopt (pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        }
      else
        peer->channel = troupe_channel_new (host->reactor, pair[0], NULL, &peer_handler, peer, &error);
      g_assert_no_error (error);
      troupe_channel_send_internal (host->channel, line, "net.Native", pair[1], &error);
      g_assert_no_error (error);
      close (pair[1]);
    }
  return peer;
}

Peer *
peer_new (Host *host, const char *file, const char *options, ...)
{
  Peer *peer = peer_prepare (host);
  g_autofree char *path = dup_module_path (file);
  g_autofree char *more = NULL;
  va_list args;

  va_start (args, options);
  more = g_strdup_vprintf (options, args);
  va_end (args);
  host_order (host, "[\"create\",%u,{\"file\":\"%s\",\"name\":\"test.%u\"%s}]", peer->id, path, peer->id, more);
  return peer;
}

Peer *
peer_run (Host *host, const char *words)
{
  g_auto (GStrv) argv = g_strsplit (words, " ", -1);
  g_autofree char *joined = g_strjoinv ("\",\"", argv);
  Peer *peer = peer_new (host, "test-module.so", ",\"argv\":[\"%s\"]", joined);
  g_autofree char *online = host_expect (host, "[\"online\",%u,{\"tid\":", peer->id);

  return peer;
}

char *
peer_take (Peer *peer)
{
  wait_for (!g_queue_is_empty (&peer->messages) || peer->closed);
  if (g_queue_is_empty (&peer->messages))
    g_error ("the channel was closed before a message came");
  return g_queue_pop_head (&peer->messages);
}

void
peer_expect (Peer *peer, const char *message)
{
  g_autofree char *got = peer_take (peer);

  g_assert_cmpstr (got, ==, message);
}

void
peer_send (Peer *peer, const char *message)
{
  g_autoptr (GError) error = NULL;

  troupe_channel_send (peer->channel, message, strlen (message), &error);
  g_assert_no_error (error);
}

void
peer_send_numbers (Peer *peer, guint64 n)
{
  peer->to_send = n;
  peer_send_more (peer);
}

void
peer_set_reading (Peer *peer, gboolean reading)
{
  troupe_channel_set_reading (peer->channel, reading);
}

void
peer_expect_exit (Peer *peer, int code, const char *reason)
{
  g_autofree char *error_prefix = g_strdup_printf ("[\"error\",%u,", peer->id);
  g_autofree char *line = host_expect (peer->host, "[\"exit\",%u,", peer->id);
  g_autofree char *expected = g_strdup_printf ("[\"exit\",%u,{\"code\":%d,\"reason\":%s", peer->id, code,
                                               reason == NULL ? "null}]" : "\"");

  if (!g_str_has_prefix (line, expected) || (reason != NULL && strstr (line, reason) == NULL))
    {
      g_autofree char *error = take_line (peer->host, error_prefix);

      g_error ("%s %s came, and %s “%s” was expected", error != NULL ? error : "", line, expected,
               reason != NULL ? reason : "");
    }
  wait_for (peer->closed);
  /* Its sockets were closed before it was told. */
  for (guint i = 1; i < 3; i++)
    {
      struct pollfd fd = { peer->streams[i], POLLIN, 0 };

      g_assert_cmpint (poll (&fd, 1, 0), ==, 1);
      g_assert_true ((fd.revents & POLLHUP) != 0);
    }
}

char *
peer_read_line (Peer *peer, int stream)
{
  g_autoptr (GString) line = g_string_new (NULL);
  char byte;

  while (read (peer->streams[stream], &byte, 1) == 1 && byte != '\n')
    g_string_append_c (line, byte);
  return g_strdup (line->str);
}

char *
peer_read_all (Peer *peer, int stream)
{
  GString *text = g_string_new (NULL);
  char bytes[4096];
  gssize n;

  while ((n = read (peer->streams[stream], bytes, sizeof bytes)) > 0)
    g_string_append_len (text, bytes, n);
  return g_string_free (text, FALSE);
}

void
peer_expect_line (Peer *peer, const char *line)
{
  g_autofree char *got = peer_read_line (peer, STDOUT_FILENO);

  g_assert_cmpstr (got, ==, line);
}
