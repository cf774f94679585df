/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine's end of a thread host with the native one at the other: what either says the other
 * understands. */

#include "config.h"

#include "thread-fixture.h"

#include <string.h>
#include <unistd.h>

static HostFixture *
host_new (void)
{
  const char *argv[] = { g_getenv ("TROUPE_THREAD_HOST"), NULL };
  HostFixture *host = host_fixture_new (argv, NULL);

  g_assert_true (g_str_has_prefix (host_fixture_get_runtime (host), "native "));
  return host;
}

/* The test module, its arguments from MODE on, NULL at the end. */
static ThreadFixture *
thread_new (HostFixture *host, const char *mode, const char *argument)
{
  g_autofree char *file = g_build_filename (g_getenv ("TROUPE_TEST_MODULES"), "test-module.so", NULL);
  const char *argv[] = { mode, argument, NULL };
  const char *envp[] = { "COLOUR=red", NULL };

  return thread_fixture_new (host, &(TroupeThreadLaunch) {
                                     .file = file,
                                     .name = "test",
                                     .argv = argv,
                                     .envp = envp,
                                     .worker_data = "{\"n\": 18446744073709551615}",
                                     .resource_limits = "{\"stackSizeMb\":2}",
                                   });
}

static void
test_life (void)
{
  HostFixture *host = host_new ();
  ThreadFixture *show = thread_new (host, "show", NULL), *env = thread_new (host, "env", NULL);
  ThreadFixture *failing = thread_new (host, "tell", NULL), *none = thread_new (host, "no-such-mode", NULL);

  g_assert_cmpint (thread_fixture_wait_online (show), >, 0);
  g_assert_cmpint (thread_fixture_wait_exit (show), ==, 0);
  g_assert_null (thread_fixture_get_reason (show));
  g_assert_nonnull (strstr (thread_fixture_get_output (show, 1)->str, "data {\"n\": 18446744073709551615}\n"));
  g_assert_nonnull (strstr (thread_fixture_get_output (show, 2)->str, "to stderr: 42\n"));
  g_assert_cmpint (thread_fixture_wait_exit (env), ==, 0);
  g_assert_cmpint (thread_fixture_wait_exit (failing), ==, 3);
  g_assert_cmpstr (thread_fixture_get_error (failing), ==, "Error: there is no paper|there is no paper");
  g_assert_cmpstr (thread_fixture_get_reason (failing), ==, "its entry point returned 3");
  g_assert_cmpint (thread_fixture_wait_exit (none), ==, 64);
  host_fixture_free (host);
}

static void
test_not_created (void)
{
  HostFixture *host = host_new ();
  ThreadFixture *thread = thread_fixture_new (host, &(TroupeThreadLaunch) { .file = "/no/such.so" });

  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  g_assert_false (thread_fixture_was_online (thread));
  g_assert_nonnull (strstr (thread_fixture_get_reason (thread), "/no/such.so"));
  host_fixture_free (host);
}

static void
test_messages (void)
{
  HostFixture *host = host_new ();
  ThreadFixture *echo = thread_new (host, "echo", NULL), *refused = thread_new (host, "refused", NULL);
  g_autofree char *back = NULL, *fault = NULL, *lines = NULL;

  thread_fixture_send (echo, "{\"ä\":1}");
  back = thread_fixture_next_message (echo);
  g_assert_cmpstr (back, ==, "{\"ä\":1}");
  fault = thread_fixture_next_fault (refused);
  g_assert_nonnull (strstr (fault, "100663297 bytes was refused"));
  lines = thread_fixture_next_message (refused);
  g_assert_cmpstr (lines, ==, "{\"lines\": [1, 2]}");
  g_assert_cmpint (thread_fixture_wait_exit (refused), ==, 0);
  troupe_thread_host_stop (host_fixture_get_host (host), thread_fixture_get_id (echo));
  g_assert_cmpint (thread_fixture_wait_exit (echo), ==, 0);
  host_fixture_free (host);
}

static void
test_figures (void)
{
  HostFixture *host = host_new ();
  ThreadFixture *lazy = thread_new (host, "lazy", NULL), *wait = thread_new (host, "wait", NULL);
  pid_t lazy_tid = thread_fixture_wait_online (lazy), wait_tid = thread_fixture_wait_online (wait);
  const TroupeThreadFigures *figures;
  guint n;

  for (guint i = 0; i < 3; i++)
    thread_fixture_send (lazy, "1");
  figures = host_fixture_ask_figures (host, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (figures[0].id, ==, thread_fixture_get_id (lazy));
  g_assert_cmpint (figures[0].tid, ==, lazy_tid);
  g_assert_cmpint (figures[0].queue, ==, 3);
  g_assert_cmpfloat (figures[0].utilization, ==, -1);
  g_assert_cmpint (figures[0].heap_used_bytes, ==, -1);
  g_assert_cmpint (figures[1].queue, ==, 0);
  figures = host_fixture_list (host, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (figures[1].id, ==, thread_fixture_get_id (wait));
  g_assert_cmpint (figures[1].tid, ==, wait_tid);
  thread_fixture_write_input (lazy, "\n");
  g_assert_cmpint (thread_fixture_wait_exit (lazy), ==, 0);
  troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (wait));
  g_assert_cmpint (thread_fixture_wait_exit (wait), ==, 0);
  host_fixture_free (host);
}

static void
test_shared (void)
{
  HostFixture *host = host_new ();
  ThreadFixture *thread;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  const guchar *data;

  troupe_thread_host_share (host_fixture_get_host (host), 1 << 20, &error);
  g_assert_no_error (error);
  thread = thread_new (host, "shared", "65536");
  thread_fixture_wait_output (thread, 1, "1048576\n");
  bytes = host_fixture_peek (host, 65536, TROUPE_THREAD_PEEK_MAX);
  data = g_bytes_get_data (bytes, &length);
  g_assert_cmpuint (length, ==, TROUPE_THREAD_PEEK_MAX);
  g_assert_cmpint (memcmp (data, "\x01\x02\x03\xff\0", 5), ==, 0);
  host_fixture_free (host);
}

static void
test_links (void)
{
  HostFixture *host = host_new ();
  ThreadFixture *left = thread_new (host, "link-relay", NULL), *right = thread_new (host, "link-relay", NULL);
  guint a = thread_fixture_get_id (left), b = thread_fixture_get_id (right);
  g_autofree char *linked = NULL, *failed = NULL, *unlinked = NULL, *linked_left = NULL, *linked_right = NULL;
  g_autofree char *over = NULL, *expected_linked = g_strdup_printf ("linked %u %u", a, b);
  g_autofree char *expected_unlinked = g_strdup_printf ("unlinked %u %u", a, b);

  thread_fixture_wait_online (left);
  thread_fixture_wait_online (right);
  troupe_thread_host_link (host_fixture_get_host (host), a, b, "the lëft", "right");
  linked = host_fixture_next_note (host);
  g_assert_cmpstr (linked, ==, expected_linked);
  linked_left = thread_fixture_next_message (left);
  g_assert_cmpstr (linked_left, ==, "{\"linked\":\"right\"}");
  linked_right = thread_fixture_next_message (right);
  g_assert_cmpstr (linked_right, ==, "{\"linked\":\"the lëft\"}");
  thread_fixture_send (left, "\"over\"");
  over = thread_fixture_next_message (right);
  g_assert_cmpstr (over, ==, "\"over\"");
  troupe_thread_host_link (host_fixture_get_host (host), b, a, "right", "left");
  failed = host_fixture_next_note (host);
  g_assert_true (g_str_has_prefix (failed, "link-failed "));
  g_assert_nonnull (strstr (failed, "right and left are linked already"));
  troupe_thread_host_unlink (host_fixture_get_host (host), a, b);
  unlinked = host_fixture_next_note (host);
  g_assert_cmpstr (unlinked, ==, expected_unlinked);
  host_fixture_free (host);
}

static void
test_end (void)
{
  HostFixture *host = host_new ();
  ThreadFixture *stuck = thread_new (host, "stuck", NULL);

  thread_fixture_wait_output (stuck, 1, "stuck\n");
  troupe_thread_host_exit (host_fixture_get_host (host), 9);
  g_assert_cmpint (host_fixture_wait_exit (host), ==, 9 << 8);
  host_fixture_free (host);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/native-engine/threads-live-and-end", test_life);
  g_test_add_func ("/native-engine/says-why-one-was-not-created", test_not_created);
  g_test_add_func ("/native-engine/exchanges-messages", test_messages);
  g_test_add_func ("/native-engine/tells-figures", test_figures);
  g_test_add_func ("/native-engine/shows-shared-memory", test_shared);
  g_test_add_func ("/native-engine/links", test_links);
  g_test_add_func ("/native-engine/ends", test_end);
  return g_test_run ();
}
