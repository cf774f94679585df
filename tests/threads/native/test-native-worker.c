/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Every function that a native module can call does what troupe-worker.h promises, in a real host. */

#include "config.h"

#include "host-fixture.h"

#include "threads/native/troupe-worker.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define host_test(name, func) g_test_add ("/native-worker/" name, Host, NULL, host_set_up, func, host_tear_down)

static void
test_given (Host *host, gconstpointer data)
{
  Peer *peer = peer_new (host, "test-module.so",
                         ",\"argv\":[\"show\",\"a b\",\"ü\"],\"worker_data\": {\"big\":12345678901234567890,"
                         "\"lone\":\"\\ud800\",\"worker_data\":[1.0,{}]} ,\"exec_argv\":[]");
  g_autofree char *online = host_expect (host, "[\"online\",1,{\"tid\":");
  g_autofree char *stdout_text = NULL, *stderr_text = NULL;
  int tid = atoi (strchr (online, ':') + 1);
  g_autofree char *task = g_strdup_printf ("/proc/%d/task", (int) host->pid);

  g_assert_cmpint (tid, >, 0);
  g_assert_cmpint (tid, !=, host->pid);
  g_assert_true (g_file_test (task, G_FILE_TEST_IS_DIR));
  peer_expect_exit (peer, 0, NULL);
  stdout_text = peer_read_all (peer, STDOUT_FILENO);
  stderr_text = peer_read_all (peer, STDERR_FILENO);
  g_assert_cmpstr (stdout_text, ==,
                   "name test.1\ndata {\"big\":12345678901234567890,\"lone\":\"\\ud800\",\"worker_data\":[1.0,{}]}\n"
                   "argument show\nargument a b\nargument ü\nby its descriptor\n");
  g_assert_cmpstr (stderr_text, ==, "to stderr: 42\n");
}

static void
test_data_absent (Host *host, gconstpointer data)
{
  Peer *none = peer_new (host, "test-module.so", ",\"argv\":[\"show\"]");
  Peer *number = peer_new (host, "test-module.so", ",\"worker_data\":7,\"argv\":[\"show\"]");
  g_autofree char *text = NULL;

  peer_expect_exit (none, 0, NULL);
  peer_expect_exit (number, 0, NULL);
  peer_expect_line (none, "name test.1");
  peer_expect_line (none, "data null");
  peer_expect_line (number, "name test.2");
  peer_expect_line (number, "data 7");
}

static void
test_environment_own (Host *host, gconstpointer data)
{
  Peer *peer = peer_new (host, "test-module.so", ",\"argv\":[\"env\"],\"env\":{\"COLOUR\":\"red\",\"SIZE\":\"\"}");
  Peer *big = peer_run (host, "big-env");
  Peer *other;

  peer_expect_exit (peer, 0, NULL);
  peer_expect_exit (big, 0, NULL);
  other = peer_run (host, "get SHAPE");
  peer_expect_exit (other, 0, NULL);
  peer_expect_line (other, "(none)");
}

static void
test_environment_shared (Host *host, gconstpointer data)
{
  Peer *seen, *set, *own;

  seen = peer_run (host, "get COLOUR"); /* from the host's own */
  peer_expect_exit (seen, 0, NULL);
  peer_expect_line (seen, "red");
  set = peer_run (host, "set COLOUR blue");
  peer_expect_exit (set, 0, NULL);
  seen = peer_run (host, "get COLOUR");
  peer_expect_exit (seen, 0, NULL);
  peer_expect_line (seen, "blue");
  own = peer_new (host, "test-module.so", ",\"argv\":[\"get\",\"COLOUR\"],\"env\":{\"COLOUR\":\"own\"}");
  peer_expect_exit (own, 0, NULL);
  peer_expect_line (own, "own");
  seen = peer_run (host, "get NODE_CHANNEL_FD");
  peer_expect_exit (seen, 0, NULL);
  peer_expect_line (seen, "(none)");
}

static void
test_echo (Host *host, gconstpointer data)
{
  const char *mode = data;
  Peer *peer = peer_run (host, mode);
  g_autoptr (GString) large = g_string_new ("\"");

  for (guint i = 0; i < 400000; i++)
    g_string_append (large, "grün ");
  g_string_append_c (large, '"');
  peer_send (peer, "{\"a\":[1,2,{\"b\":null}]}");
  peer_send (peer, "\"line\\nbreak\"");
  peer_send (peer, "0");
  peer_expect (peer, "{\"a\":[1,2,{\"b\":null}]}");
  peer_expect (peer, "\"line\\nbreak\"");
  peer_expect (peer, "0");
  peer_send (peer, large->str);
  peer_send (peer, "{\"spread\":\n1}");
  peer_expect (peer, large->str);
  peer_expect (peer, "{\"spread\": 1}");
  host_order (host, "[\"stop\",%u]", peer->id);
  peer_expect_exit (peer, 0, NULL);
}

static void
test_channel_closed (Host *host, gconstpointer data)
{
  Peer *peers[] = { peer_run (host, "echo"), peer_run (host, "poll") };

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      peer_send (peers[i], "1");
      peer_expect (peers[i], "1");
      troupe_channel_close (peers[i]->channel);
      peers[i]->closed = TRUE;
      peer_expect_exit (peers[i], 3, "returned 3");
    }
}

/* In both directions at once, past every buffer there is. */
static void
test_exchange (Host *host, gconstpointer data)
{
  guint64 n = 1000000;
  Peer *peer = peer_new (host, "test-module.so", ",\"argv\":[\"exchange\",\"%" G_GUINT64_FORMAT "\"]", n);

  peer->counting = TRUE;
  peer_send_numbers (peer, n);
  peer_expect_exit (peer, 0, NULL);
  g_assert_cmpuint (peer->expected, ==, n);
  g_assert_cmpuint (peer->sent, ==, n);
}

/* What was posted before the end arrives, however fast the end came. */
static void
test_flood_then_end (Host *host, gconstpointer data)
{
  Peer *peer = peer_new (host, "test-module.so", ",\"argv\":[\"flood\",\"100000\"]");

  peer->counting = TRUE;
  peer_expect_exit (peer, 0, NULL);
  g_assert_cmpuint (peer->expected, ==, 100000);
}

/* An answer that was gathered is not kept back by a module that computes. */
static void
test_busy (Host *host, gconstpointer data)
{
  Peer *peer = peer_new (host, "test-module.so", ",\"argv\":[\"busy\"]");

  peer_send (peer, "1");
  peer_send (peer, "2");
  peer_expect (peer, "1");
  host_order (host, "[\"stop\",%u]", peer->id);
  peer_expect_exit (peer, 0, NULL);
}

static void
test_refused (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "refused");
  static const char *const faults[] = {
    "100663297 bytes was refused: at most 100663296", "it is no JSON: the text ends where a value was expected at byte 9",
    "it is no JSON", "“cmd” begins with NODE_",
  };

  peer_expect (peer, "{\"lines\": [1, 2]}");
  peer_expect_exit (peer, 0, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *line = host_expect (host, "[\"fault\",%u,", peer->id);

      g_assert_nonnull (strstr (line, faults[i]));
    }
  g_assert_false (host_has (host, "[\"fault\""));
}

/* Of which nothing is read, from the first message on. */
static Peer *
peer_run_unread (Host *host, const char *mode)
{
  Peer *peer = peer_new (host, "test-module.so", ",\"argv\":[\"%s\"]", mode);

  peer_set_reading (peer, FALSE);
  g_free (host_expect (host, "[\"online\",%u,", peer->id));
  return peer;
}

static void
test_timeouts (Host *host, gconstpointer data)
{
  Peer *peer = peer_run_unread (host, "timeouts");
  g_autofree char *last = NULL;

  peer_expect_line (peer, "full");
  peer_set_reading (peer, TRUE);
  do
    {
      g_free (last);
      last = peer_take (peer);
    }
  while (strcmp (last, "\"last\"") != 0);
  peer_expect_exit (peer, 0, NULL);
}

static void
test_stop_while_posting (Host *host, gconstpointer data)
{
  Peer *peer = peer_run_unread (host, "blocked");

  peer_expect_line (peer, "full");
  peer_send (peer, "\"what is left\"");
  host_order (host, "[\"stop\",%u]", peer->id);
  peer_expect_line (peer, "stopped");
  peer_set_reading (peer, TRUE);
  peer_expect_exit (peer, 0, NULL);
}

/* A message that is posted without waiting, but too large for the socket, is posted all the same: it has
 * begun to go out, and nothing may come in between. */
static void
test_large_without_wait (Host *host, gconstpointer data)
{
  Peer *peer;
  g_autofree char *message = NULL;

  peer = peer_run (host, "large 10000000");
  peer_expect_line (peer, "0");
  message = peer_take (peer);
  g_assert_cmpuint (strlen (message), ==, 10000000);
  peer_expect_exit (peer, 0, NULL);
}

static void
test_helpers (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "helpers");
  guint counts[100] = { 0 };

  for (guint i = 0; i < 400; i++)
    {
      g_autofree char *text = peer_take (peer);

      counts[atoi (text)]++;
    }
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (counts[i], ==, 4);
  peer_expect_exit (peer, 0, NULL);
  for (guint i = 0; i < 4; i++)
    g_free (host_expect (host, "[\"log\",%u,{\"level\":\"debug\",\"message\":\"from a thread of its own\"}]", peer->id));
}

static void
test_queue (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "lazy");

  /* So few that a socket's buffer, which counts what each costs the kernel, holds them. */
  for (guint i = 0; i < 100; i++)
    peer_send (peer, "{\"n\":1}");
  wait_for (troupe_channel_get_queued (peer->channel) == 0);
  host_order (host, "[\"stat\",77]");
  {
    g_autofree char *line = host_expect (host, "[\"stat\",77,[{\"id\":%u,\"tid\":", peer->id);

    g_assert_nonnull (strstr (line, ",\"queue\":100}"));
  }
  g_assert_cmpint (write (peer->streams[0], "\n", 1), ==, 1);
  peer_expect (peer, "{\"received\":100}");
  peer_expect_exit (peer, 0, NULL);
}

static void
test_input (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "input");

  g_assert_cmpint (write (peer->streams[0], "hello\n", 6), ==, 6);
  peer_expect_line (peer, "got hello");
  shutdown (peer->streams[0], SHUT_WR);
  peer_expect_exit (peer, 0, NULL);
}

static void
test_shared (Host *host, gconstpointer data)
{
  Peer *peers[2];
  g_autofree char *all = NULL, *end = NULL, *past = NULL;

  host_order (host, "[\"shared\",1000000000]");
  peers[0] = peer_run (host, "shared 65530");
  peers[1] = peer_run (host, "shared 999999996");
  for (guint i = 0; i < 2; i++)
    peer_expect_line (peers[i], "1000000000");
  host_order (host, "[\"peek\",5,65528,8]");
  all = host_expect (host, "[\"peeked\",5,");
  g_assert_cmpstr (all, ==, "[\"peeked\",5,{\"offset\":65528,\"data\":\"AAABAgP/AAA=\"}]");
  host_order (host, "[\"peek\",6,999999998,65536]");
  end = host_expect (host, "[\"peeked\",6,");
  g_assert_cmpstr (end, ==, "[\"peeked\",6,{\"offset\":999999998,\"data\":\"A/8=\"}]");
  host_order (host, "[\"peek\",7,1000000000,1]");
  past = host_expect (host, "[\"peeked\",7,");
  g_assert_cmpstr (past, ==, "[\"peeked\",7,{\"offset\":1000000000,\"data\":\"\"}]");
  for (guint i = 0; i < 2; i++)
    {
      host_order (host, "[\"stop\",%u]", peers[i]->id);
      peer_expect_exit (peers[i], 0, NULL);
    }
}

static void
test_shared_none (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "shared 0");

  peer_expect_exit (peer, 0, NULL);
  peer_expect_line (peer, "none");
  host_order (host, "[\"peek\",1,0,10]");
  g_free (host_expect (host, "[\"peeked\",1,{\"offset\":0,\"data\":\"\"}]"));
}

static void
test_shared_too_large (Host *host, gconstpointer data)
{
  Peer *peer;

  host_order (host, "[\"shared\",9000000000000000000]");
  peer = peer_new (host, "test-module.so", ",\"argv\":[\"shared\",\"0\"]");
  peer_expect_exit (peer, 1, "no room for a shared memory of 9000000000000000000 bytes");
}

static void
test_told (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "tell");
  g_autofree char *progress = NULL, *info = NULL, *warning = NULL, *error = NULL, *long_line = NULL;

  peer_expect_exit (peer, 3, "its entry point returned 3");
  progress = host_expect (host, "[\"progress\"");
  while (host_has (host, "[\"progress\""))
    {
      g_free (progress);
      progress = host_expect (host, "[\"progress\"");
    }
  g_assert_cmpstr (progress, ==, "[\"progress\",1,{\"fraction\":1,\"message\":\"done\"}]");
  info = host_expect (host, "[\"log\"");
  g_assert_cmpstr (info, ==, "[\"log\",1,{\"level\":\"info\",\"message\":\"one of 3: “ä” \\\"quoted\\\"\\u000a\"}]");
  warning = host_expect (host, "[\"log\"");
  g_assert_cmpstr (warning, ==, "[\"log\",1,{\"level\":\"warning\",\"message\":\"bad \357\277\275 byte\"}]");
  long_line = host_expect (host, "[\"log\",1,{\"level\":\"error\",\"message\":\"xxx");
  g_assert_true (g_str_has_suffix (long_line, "xxx\"}]")); /* not half of a letter */
  g_assert_cmpuint (strlen (long_line), ==,
                    TROUPE_WORKER_TEXT_MAX - 1 + strlen ("[\"log\",1,{\"level\":\"error\",\"message\":\"\"}]"));
  error = host_expect (host, "[\"error\"");
  g_assert_cmpstr (error, ==, "[\"error\",1,{\"name\":\"Error\",\"message\":\"there is no paper\"}]");
}

/* An engine that does not listen costs a module a second, once, and the host a mebibyte. */
static void
test_told_too_much (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "chatter");
  g_autofree char *lost = NULL;

  troupe_channel_set_reading (host->channel, FALSE);
  peer_expect_line (peer, "lost");
  troupe_channel_set_reading (host->channel, TRUE);
  host_order (host, "[\"stop\",%u]", peer->id);
  peer_expect_exit (peer, 0, NULL);
  lost = host_expect (host, "[\"log\",%u,{\"level\":\"warning\",\"message\":\"100 lines are missing here", peer->id);
}

static void
test_names (Host *host, gconstpointer data)
{
  static const char *const names[][2] = {
    { "short", "short" },
    { "exactly-fifteen", "exactly-fifteen" },
    { "a-rather-long-name.12", "a-rather-lon.12" },
    { "a-long-name-without-number", "a-long-name-wit" },
    { "a.very-very-very-long-suffix", "a.very-very-ver" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      Peer *peer = peer_prepare (host);
      g_autofree char *path = dup_module_path ("test-module.so");

      host_order (host, "[\"create\",%u,{\"file\":\"%s\",\"name\":\"%s\",\"argv\":[\"name\"]}]", peer->id, path,
                  names[i][0]);
      peer_expect_exit (peer, 0, NULL);
      peer_expect_line (peer, names[i][1]);
    }
}

static void
test_stack_size (Host *host, gconstpointer data)
{
  Peer *peer = peer_new (host, "test-module.so",
                         ",\"argv\":[\"stack\",\"3072\"],\"resource_limits\":{\"stackSizeMb\":3,"
                         "\"maxOldGenerationSizeMb\":10},\"exec_argv\":[\"--expose-gc\"]");
  Peer *wrong = peer_new (host, "test-module.so", ",\"argv\":[\"stack\",\"1\"],\"resource_limits\":{\"stackSizeMb\":-3}");

  peer_expect_exit (peer, 0, NULL);
  g_free (host_expect (host, "[\"log\",1,{\"level\":\"warning\",\"message\":\"The resource limit maxOldGenerationSizeMb has no"));
  g_free (host_expect (host, "[\"log\",1,{\"level\":\"warning\",\"message\":\"exec-argv (--expose-gc …) has no"));
  peer_expect_exit (wrong, 1, "stackSizeMb is not a size");
}

static void
test_languages (Host *host, gconstpointer data)
{
  Peer *c99 = peer_new (host, "module-c99.so", "%s", "");

  peer_expect_exit (c99, 0, NULL);
  peer_expect_line (c99, "in C99");
  if (g_getenv ("TROUPE_TEST_CXX") != NULL)
    {
      Peer *cxx = peer_new (host, "module-cxx.so", ",\"worker_data\":[1]");

      peer_expect_exit (cxx, 5, "it left with 5");
      peer_expect_line (cxx, "in C++: [1]");
      peer_expect_line (cxx, "cleaned up");
    }
}

static Peer *
run_example (Host *host, const char *worker_data)
{
  Peer *peer = peer_prepare (host);

  host_order (host, "[\"create\",%u,{\"file\":\"%s\",\"name\":\"primes.%u\",\"worker_data\":%s}]", peer->id,
              g_getenv ("TROUPE_EXAMPLE_MODULE"), peer->id, worker_data);
  return peer;
}

/* The module that comes with Troupe: what its page says of it. */
static void
test_example (Host *host, gconstpointer data)
{
  Peer *peers[3], *wrong;
  g_autofree char *refusal = NULL;

  host_order (host, "[\"shared\",64]");
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peers[i] = run_example (host, "{\"upTo\":300000}");
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      g_autofree char *hello = g_strdup_printf ("primes.%u: counting primes up to 300000", i + 1);

      peer_send (peers[i], "{\"number\": 7}");
      peer_expect (peers[i], "{\"number\":7,\"isPrime\":true}");
      peer_send (peers[i], "{\"number\":1000001}");
      peer_expect (peers[i], "{\"number\":1000001,\"isPrime\":false}");
      peer_send (peers[i], "null");
      peer_expect (peers[i], "{\"error\":\"expected {\\\"number\\\": N}\"}");
      peer_expect_line (peers[i], hello);
      peer_expect_line (peers[i], "there are 25997 primes up to 300000");
      host_order (host, "[\"stop\",%u]", peers[i]->id);
      peer_expect_exit (peers[i], 0, NULL);
      g_free (host_expect (host, "[\"progress\",%u,{\"fraction\":1,\"message\":\"done\"}]", peers[i]->id));
    }
  wrong = run_example (host, "{\"upTo\":-4}");
  peer_expect_exit (wrong, 2, "returned 2");
  refusal = host_expect (host, "[\"error\",%u,", wrong->id);
  g_assert_nonnull (strstr (refusal, "“upTo” is -4: expected 1 to 1000000000"));
}

static void
test_example_alone (Host *host, gconstpointer data)
{
  Peer *peer = run_example (host, "{\"upTo\":30,\"pauseMsec\":1}");

  g_free (host_expect (host, "[\"log\",%u,{\"level\":\"info\",\"message\":\"no shared memory: counting alone\"}]",
                       peer->id));
  peer_expect_line (peer, "primes.1: counting primes up to 30");
  peer_expect_line (peer, "there are 10 primes up to 30");
}

/* --- Links ------------------------------------------------------------------ */

static void
test_link_order (Host *host, gconstpointer data)
{
  Peer *source = peer_run (host, "link-source 300000"), *sink = peer_run (host, "link-sink");

  host_order (host, "[\"link\",%u,%u,\"left\",\"right\"]", source->id, sink->id);
  g_free (host_expect (host, "[\"linked\",%u,%u]", source->id, sink->id));
  peer_expect_line (source, "peer right");
  peer_expect (sink, "{\"received\":300000,\"peer\":\"left\"}");
  peer_expect_exit (source, 0, NULL);
  peer_expect_exit (sink, 0, NULL);
  g_free (host_expect (host, "[\"unlinked\",%u,%u]", source->id, sink->id));
}

static void
test_link_relay (Host *host, gconstpointer data)
{
  Peer *left = peer_run (host, "link-relay"), *right = peer_run (host, "link-relay");

  for (guint round = 0; round < 2; round++)
    {
      host_order (host, "[\"link\",%u,%u,\"left\",\"right\"]", left->id, right->id);
      g_free (host_expect (host, "[\"linked\",%u,%u]", left->id, right->id));
      if (round == 0)
        {
          peer_expect (left, "{\"linked\":\"right\"}");
          peer_expect (right, "{\"linked\":\"left\"}");
        }
      peer_send (left, "\"to the right\"");
      peer_expect (right, "\"to the right\"");
      peer_send (right, "\"to the left\"");
      peer_expect (left, "\"to the left\"");
      host_order (host, "[\"unlink\",%u,%u]", right->id, left->id);
      g_free (host_expect (host, "[\"unlinked\",%u,%u]", left->id, right->id));
      peer_expect (left, "{\"unlinked\":\"right\"}");
      peer_expect (right, "{\"unlinked\":\"left\"}");
    }
  host_order (host, "[\"stop\",%u]", left->id);
  host_order (host, "[\"stop\",%u]", right->id);
  peer_expect_exit (left, 0, NULL);
  peer_expect_exit (right, 0, NULL);
}

static void
test_link_full (Host *host, gconstpointer data)
{
  Peer *left = peer_run (host, "link-fill"), *right = peer_run (host, "lazy");
  gboolean by_stop = GPOINTER_TO_INT (data) == 1, by_peer = GPOINTER_TO_INT (data) == 2;

  host_order (host, "[\"link\",%u,%u,\"left\",\"right\"]", left->id, right->id);
  peer_expect_line (left, "full");
  host_order (host, "[\"stat\",1]");
  {
    g_autofree char *line = host_expect (host, "[\"stat\",1,");
    /* And that it was linked. */
    g_autofree char *queue = g_strdup_printf ("\"queue\":%d}", TROUPE_WORKER_LINK_MESSAGES_MAX + 1);

    g_assert_nonnull (strstr (line, queue));
  }
  if (by_stop)
    host_order (host, "[\"stop\",%u]", left->id);
  else if (by_peer)
    host_order (host, "[\"unlink\",%u,%u]", left->id, right->id);
  else
    g_assert_cmpint (write (right->streams[0], "\n", 1), ==, 1);
  peer_expect (left, by_stop ? "-125" : by_peer ? "-32" : "0");
  if (by_stop || by_peer)
    g_assert_cmpint (write (right->streams[0], "\n", 1), ==, 1);
  peer_expect_exit (left, 0, NULL);
  peer_expect_exit (right, 0, NULL);
}

static void
test_link_full_stop (Host *host, gconstpointer data)
{
  test_link_full (host, GINT_TO_POINTER (1));
}

static void
test_link_full_unlink (Host *host, gconstpointer data)
{
  test_link_full (host, GINT_TO_POINTER (2));
}

static void
test_link_failed (Host *host, gconstpointer data)
{
  Peer *a = peer_run (host, "wait"), *b = peer_run (host, "wait");
  g_autofree char *line = NULL, *self = NULL, *twice = NULL, *turned = NULL;

  host_order (host, "[\"link\",%u,99,\"a\",\"nobody\"]", a->id);
  line = host_expect (host, "[\"link-failed\",%u,99,{\"message\":", a->id);
  g_assert_nonnull (strstr (line, "nobody does not run"));
  host_order (host, "[\"link\",%u,%u,\"a\",\"a\"]", a->id, a->id);
  self = host_expect (host, "[\"link-failed\",%u,%u,{\"message\":", a->id, a->id);
  g_assert_nonnull (strstr (self, "with itself"));
  host_order (host, "[\"link\",%u,%u,\"a\",\"b\"]", a->id, b->id);
  g_free (host_expect (host, "[\"linked\",%u,%u]", a->id, b->id));
  host_order (host, "[\"link\",%u,%u,\"a\",\"b\"]", a->id, b->id);
  twice = host_expect (host, "[\"link-failed\",%u,%u,{\"message\":", a->id, b->id);
  g_assert_nonnull (strstr (twice, "are linked already"));
  host_order (host, "[\"link\",%u,%u,\"b\",\"a\"]", b->id, a->id);
  turned = host_expect (host, "[\"link-failed\",%u,%u,{\"message\":", b->id, a->id);
  g_assert_nonnull (strstr (turned, "are linked already"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  host_test ("sees-what-it-was-given", test_given);
  host_test ("has-null-for-no-data", test_data_absent);
  host_test ("has-an-environment-of-its-own", test_environment_own);
  host_test ("shares-an-environment", test_environment_shared);
  g_test_add ("/native-worker/echoes", Host, "echo", host_set_up, test_echo, host_tear_down);
  g_test_add ("/native-worker/echoes-from-a-poll-loop", Host, "poll", host_set_up, test_echo, host_tear_down);
  host_test ("sees-its-channel-closed", test_channel_closed);
  host_test ("exchanges-a-million-each-way-in-order", test_exchange);
  host_test ("loses-nothing-at-its-end", test_flood_then_end);
  host_test ("answers-though-it-computes", test_busy);
  host_test ("is-refused-what-is-no-message", test_refused);
  host_test ("waits-no-longer-than-it-says", test_timeouts);
  host_test ("stops-while-it-posts", test_stop_while_posting);
  host_test ("posts-large-messages-whole", test_large_without_wait);
  host_test ("has-threads-of-its-own", test_helpers);
  host_test ("tells-how-many-messages-wait", test_queue);
  host_test ("reads-its-input", test_input);
  host_test ("shares-memory", test_shared);
  host_test ("does-without-shared-memory", test_shared_none);
  host_test ("says-that-shared-memory-is-too-large", test_shared_too_large);
  host_test ("logs-and-tells-progress-and-failure", test_told);
  host_test ("can-not-be-slowed-by-telling", test_told_too_much);
  host_test ("has-its-name-in-the-kernel", test_names);
  host_test ("has-the-stack-it-asked-for", test_stack_size);
  host_test ("speaks-c99-and-c++", test_languages);
  host_test ("counts-primes-with-others", test_example);
  host_test ("counts-primes-alone", test_example_alone);
  host_test ("links-in-order-to-the-last", test_link_order);
  host_test ("links-both-ways-and-again", test_link_relay);
  host_test ("links-wait-when-full", test_link_full);
  host_test ("links-stop-while-full", test_link_full_stop);
  host_test ("links-end-while-full", test_link_full_unlink);
  host_test ("says-why-it-cannot-link", test_link_failed);
  return g_test_run ();
}
