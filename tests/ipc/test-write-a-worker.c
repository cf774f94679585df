/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The examples of "Write a worker" do what their page says, at the far end of a real channel. */

#include "config.h"

#include "ipc/channel.h"

#include <string.h>
#include <unistd.h>

#define WAIT_SECONDS 60

typedef struct
{
  TroupeChannel *channel;
  GQueue messages; /* of char * */
  gboolean closed, exited;
  int wait_status;
} Peer;

static gboolean
timeout_cb (gpointer user_data)
{
  g_error ("waited %d seconds for: %s", WAIT_SECONDS, (const char *) user_data);
  return G_SOURCE_REMOVE;
}

#define wait_for(condition)                                                                                        \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    guint timeout_ = g_timeout_add_seconds (WAIT_SECONDS, timeout_cb, (gpointer) #condition);                      \
    while (!(condition))                                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                                       \
    g_source_remove (timeout_);                                                                                    \
  }                                                                                                                \
  G_STMT_END

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  GString *squeezed = g_string_new (NULL);

  /* Languages differ in the blanks they put between tokens; these messages hold none elsewhere. */
  for (gsize i = 0; i < length; i++)
    if (text[i] != ' ' || (i > 0 && text[i - 1] != ':' && text[i - 1] != ','))
      g_string_append_c (squeezed, text[i]);
  g_queue_push_tail (&((Peer *) user_data)->messages, g_string_free (squeezed, FALSE));
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
          const char *explanation, gpointer user_data)
{
  g_error ("fault: %s", explanation);
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
  ((Peer *) user_data)->closed = TRUE;
}

static const TroupeChannelHandler handler = { .message = message_cb, .fault = fault_cb, .closed = closed_cb };

static void
exit_cb (GPid pid, int wait_status, gpointer user_data)
{
  Peer *peer = user_data;

  peer->exited = TRUE;
  peer->wait_status = wait_status;
}

static void
expect_reply (Peer *peer, const char *message, const char *reply)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *got = NULL;

  troupe_channel_send (peer->channel, message, strlen (message), &error);
  g_assert_no_error (error);
  wait_for (!g_queue_is_empty (&peer->messages) || peer->closed);
  got = g_queue_pop_head (&peer->messages);
  g_assert_cmpstr (got, ==, reply);
}

static void
check_example (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "NODE_CHANNEL_FD", "3", TRUE);
  Peer peer = { .messages = G_QUEUE_INIT };
  int ours, theirs, target = 3;
  GPid pid;

  g_assert_true (troupe_channel_socketpair (&ours, &theirs, &error));
  g_spawn_async_with_pipes_and_fds (NULL, argv, (const char *const *) env,
                                    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                                    NULL, -1, -1, 2, &theirs, &target, 1, &pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  close (theirs);
  peer.channel = troupe_channel_new (reactor, ours, NULL, &handler, &peer, &error);
  g_child_watch_add (pid, exit_cb, &peer);

  expect_reply (&peer, "{\"number\": 7}", "{\"number\":7,\"isPrime\":true}");
  expect_reply (&peer, "{\"number\":12}", "{\"number\":12,\"isPrime\":false}");
  expect_reply (&peer, "{\"number\":1}", "{\"number\":1,\"isPrime\":false}");
  expect_reply (&peer, "{\"number\":1000003}", "{\"number\":1000003,\"isPrime\":true}");
  g_assert_nonnull (argv[0]);
  {
    const char *question = "{\"hello\":\"there\"}";

    troupe_channel_send (peer.channel, question, strlen (question), &error);
    g_assert_no_error (error);
    wait_for (!g_queue_is_empty (&peer.messages) || peer.closed);
    {
      g_autofree char *got = g_queue_pop_head (&peer.messages);

      g_assert_nonnull (got);
      g_assert_nonnull (strstr (got, "\"error\":"));
      g_assert_nonnull (strstr (got, "\"got\":{\"hello\":\"there\"}"));
    }
  }

  troupe_channel_disconnect (peer.channel);
  wait_for (peer.exited);
  g_assert_cmpint (peer.wait_status, ==, 0);
  troupe_channel_free (peer.channel);
}

static void
test_interpreted (gconstpointer user_data)
{
  const char *const *words = user_data; /* interpreter, also needed, script */
  g_autofree char *interpreter = g_find_program_in_path (words[0]);
  g_autofree char *helper = words[1] != NULL ? g_find_program_in_path (words[1]) : NULL;
  g_autofree char *script =
      g_test_build_filename (G_TEST_DIST, "..", "data", "write-a-worker", words[2], NULL);
  const char *argv[] = { words[0], script, NULL };

  if (interpreter == NULL || (words[1] != NULL && helper == NULL))
    {
      g_autofree char *reason = g_strdup_printf ("%s is not installed", interpreter == NULL ? words[0] : words[1]);

      g_test_skip (reason);
      return;
    }
  check_example (argv);
}

static void
test_c (void)
{
  const char *argv[] = { g_getenv ("EXAMPLE_WORKER"), NULL };

  g_assert_nonnull (argv[0]);
  check_example (argv);
}

int
main (int argc, char *argv[])
{
  static const char *const javascript[] = { "node", NULL, "worker.js" };
  static const char *const python[] = { "python3", NULL, "worker.py" };
  static const char *const shell[] = { "sh", "jq", "worker.sh" };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/write-a-worker/javascript", javascript, test_interpreted);
  g_test_add_data_func ("/write-a-worker/python", python, test_interpreted);
  g_test_add_data_func ("/write-a-worker/shell", shell, test_interpreted);
  g_test_add_func ("/write-a-worker/c", test_c);
  return g_test_run ();
}
