/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Examples as people write them, from tests/seeds/threads: those that make their own threads as the
 * program that they are, and the part of them that is for a thread in our host. And our own
 * examples, of the page about threads. */

#include "config.h"

#include "node-suite.h"

#include <signal.h>
#include <string.h>

static char *
dup_seed (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "seeds", "threads", name, NULL);
}

/* --- As programs ------------------------------------------------------------------ */

/* Runs SEED until it has written EXPECTED. With ENDS, it then ends by itself. */
static void
run_program (const char *node, const char *seed, const char *expected, gboolean ends)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "seeds", "threads", NULL);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) program = NULL;
  g_autofree char *output = g_malloc0 (strlen (expected) + 1);
  gsize n;

  g_subprocess_launcher_set_cwd (launcher, folder);
  program = g_subprocess_launcher_spawn (launcher, &error, node, seed, NULL);
  g_assert_no_error (error);
  g_input_stream_read_all (g_subprocess_get_stdout_pipe (program), output, strlen (expected), &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (output, ==, expected);
  if (!ends)
    g_subprocess_force_exit (program);
  g_subprocess_wait (program, NULL, &error);
  g_assert_no_error (error);
  if (ends)
    g_assert_cmpint (g_subprocess_get_exit_status (program), ==, 0);
}

static void
test_programs (const char *node)
{
  run_program (node, "parent.js", "{ pong: 'ping' }\n", FALSE);
  run_program (node, "worker-data.js", "Hello\n", TRUE);
  run_program (node, "env.js", "undefined\n", TRUE);
  run_program (node, "share-env.js", "foo\n", TRUE);
  run_program (node, "message-channel.js", "{ foo: 'bar' }\n", FALSE);
  run_program (node, "hello.js", "Message from main thread: Hello Worker!\nMessage from worker: Hello Main Thread!\n",
               FALSE);
  run_program (node, "parse-main.mjs", "[\"let\",\"a\",\"=\",\"1\",\";\"]\n", TRUE);
}

/* --- As threads --------------------------------------------------------------------- */

static ThreadFixture *
seed_new (HostFixture *host, const char *name, const char *worker_data, const char *const *envp)
{
  g_autofree char *file = dup_seed (name);

  return thread_fixture_new (
    host, &(TroupeThreadLaunch) { .file = file, .worker_data = worker_data, .envp = envp });
}

static void
test_ping (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = seed_new (host, "worker.js", NULL, NULL);

  thread_fixture_send (thread, "\"ping\"");
  assert_next_message (thread, "{\"pong\":\"ping\"}");
  thread = seed_new (host, "hello.js", NULL, NULL);
  thread_fixture_send (thread, "\"Hello Worker!\"");
  assert_next_message (thread, "\"Hello Main Thread!\"");
  assert_output (thread, 1, "Message from main thread: Hello Worker!\n");
  host_fixture_free (host);
}

static void
test_worker_data (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = seed_new (host, "worker-data.js", "\"Hello\"", NULL);

  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  assert_output (thread, 1, "Hello\n");
  thread = seed_new (host, "parse.mjs", "\"let a = 1;\"", NULL);
  assert_next_message (thread, "[\"let\",\"a\",\"=\",\"1\",\";\"]");
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  host_fixture_free (host);
}

/* What one thread sets, the next one sees when they share, and does not when they do not. */
static void
test_environment (const char *node)
{
  HostFixture *host = node_host_new (node);
  const char *const own[] = { "A=1", NULL };
  g_autofree char *file = g_test_build_filename (G_TEST_DIST, "threads", "workers", "shared.js", NULL);
  ThreadFixture *look = thread_fixture_new (host, &(TroupeThreadLaunch) { .file = file });

  g_assert_cmpint (thread_fixture_wait_exit (seed_new (host, "env.js", NULL, own)), ==, 0);
  thread_fixture_send (look, "{\"get\":\"SET_IN_WORKER\"}");
  assert_next_message (look, "null");
  g_assert_cmpint (thread_fixture_wait_exit (seed_new (host, "share-env.js", NULL, NULL)), ==, 0);
  thread_fixture_send (look, "{\"get\":\"SET_IN_WORKER\"}");
  assert_next_message (look, "\"foo\"");
  host_fixture_free (host);
}

static void
test_message_channel (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = seed_new (host, "message-channel.js", NULL, NULL);

  thread_fixture_wait_output (thread, 1, "{ foo: 'bar' }\n");
  g_assert_false (thread_fixture_has_exited (thread));
  host_fixture_free (host);
}

/* --- Of our page ---------------------------------------------------------------------- */

static ThreadFixture *
example_new (HostFixture *host, const char *name, const char *worker_data)
{
  g_autofree char *file = g_test_build_filename (G_TEST_DIST, "..", "data", "write-a-worker", name, NULL);

  return thread_fixture_new (host, &(TroupeThreadLaunch) { .file = file, .worker_data = worker_data });
}

static void
test_primes (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = example_new (host, "thread-primes.js", "{\"upTo\":100}");

  thread_fixture_send (thread, "{\"number\":7}");
  assert_next_message (thread, "{\"number\":7,\"isPrime\":true}");
  thread_fixture_send (thread, "\"x\"");
  assert_next_message (thread, "{\"error\":\"expected {\\\"number\\\": N}\",\"got\":\"x\"}");
  troupe_channel_disconnect (thread_fixture_get_channel (thread));
  fixture_wait_for (thread_fixture_has_exited (thread));
  thread_fixture_wait_output (thread, 1, "and knows 25 primes\ngoodbye\n");
  host_fixture_free (host);
}

static void
test_counter (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *threads[3];
  g_autoptr (GBytes) block = NULL;
  gint32 words[16];

  g_assert_true (troupe_thread_host_share (host_fixture_get_host (host), sizeof words, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = example_new (host, "thread-counter.js", "{\"additions\":5000}");
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (thread_fixture_wait_exit (threads[i]), ==, 0);
  block = host_fixture_peek (host, 0, sizeof words);
  memcpy (words, g_bytes_get_data (block, NULL), sizeof words);
  g_assert_cmpint (words[0], ==, 15000);
  for (guint i = 1; i <= 14; i++)
    g_assert_cmpint (words[i], ==, i <= 3 ? 5000 : 0);
  g_assert_cmpint (words[15], ==, 3);
  host_fixture_free (host);

  host = node_host_new (node);
  threads[0] = example_new (host, "thread-counter.js", NULL);
  g_assert_cmpint (thread_fixture_wait_exit (threads[0]), ==, 1);
  assert_contains (thread_fixture_get_error (threads[0]), "shared-memory=");
  host_fixture_free (host);
}

static void
test_relay (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *a = example_new (host, "thread-relay.mjs", NULL), *b = example_new (host, "thread-relay.mjs", NULL);

  thread_fixture_send (a, "{\"to\":\"b\",\"text\":1}");
  assert_next_message (a, "{\"error\":\"no link to b\",\"links\":[]}");
  troupe_thread_host_link (host_fixture_get_host (host), thread_fixture_get_id (a), thread_fixture_get_id (b), "a",
                           "b");
  g_free (host_fixture_next_note (host));
  do
    {
      g_autofree char *answer = NULL;

      thread_fixture_send (a, "{\"to\":\"b\",\"text\":1}");
      thread_fixture_send (a, "{\"to\":\"nobody\",\"text\":1}");
      answer = thread_fixture_next_message (a);
      if (strstr (answer, "no link to b") == NULL)
        break;
      g_free (thread_fixture_next_message (a));
    }
  while (TRUE);
  assert_next_message (b, "{\"from\":\"a\",\"text\":1}");
  host_fixture_free (host);
}

int
main (int argc, char **argv)
{
  static const NodeCase cases[] = {
    { "run-as-programs", test_programs },
    { "answer-as-threads", test_ping },
    { "get-their-worker-data", test_worker_data },
    { "copy-or-share-the-environment", test_environment },
    { "make-a-message-channel", test_message_channel },
    { "of-our-page-find-primes", test_primes },
    { "of-our-page-share-memory", test_counter },
    { "of-our-page-talk-to-each-other", test_relay },
  };

  return node_suite_run (argc, argv, "seeds", cases, G_N_ELEMENTS (cases));
}
