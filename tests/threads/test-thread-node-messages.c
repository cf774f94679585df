/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The host for Node modules: messages between engine and thread, and links between threads. */

#include "config.h"

#include "node-suite.h"

#include <string.h>

static void
test_echo (const char *node)
{
  static const char *const messages[] = {
    "{\"a\":[1,2.5,null,true]}", "\"text\"", "7", "null", "true", "\"\xc3\xa9\xf0\x9f\x98\x80\\n\"", "[]",
    "{\"__proto__\":1}", "{\"type\":\"troupe:link\"}", "\"\\ud800\"",
  };
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "echo.js", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    thread_fixture_send (thread, messages[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    assert_next_message (thread, messages[i]);
  host_fixture_free (host);
}

static void
count_cb (ThreadFixture *thread, const char *text, gsize length, gpointer user_data)
{
  guint *n = user_data;
  char expected[64];

  g_snprintf (expected, sizeof expected, "{\"n\":%u", (*n)++);
  g_assert_true (g_str_has_prefix (text, expected));
}

#define MANY 100000

static void
test_many (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "many", G_STRINGIFY (MANY), NULL);
  guint received = 0;

  thread_fixture_set_message_func (thread, count_cb, &received);
  for (guint i = 0; i < MANY; i++)
    {
      char text[32];

      g_snprintf (text, sizeof text, "{\"n\":%u}", i);
      thread_fixture_send (thread, text);
    }
  fixture_wait_for (received == MANY);
  host_fixture_free (host);
}

/* Order is kept whichever way a message takes when sockets are full and the reader stumbles. */
static void
test_stumbling (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "echo.js", NULL);
  TroupeChannel *channel = thread_fixture_get_channel (thread);
  g_autofree char *fill = g_strnfill (500, 'x');
  guint sent = 0, received = 0, stumbles = 0, n;

  thread_fixture_set_message_func (thread, count_cb, &received);
  while (received < 40000)
    {
      while (sent < 40000 && sent < received + 8000)
        {
          g_autofree char *text = g_strdup_printf ("{\"n\":%u,\"fill\":\"%s\"}", sent++, fill);

          thread_fixture_send (thread, text);
        }
      if (received / 1000 > stumbles)
        {
          stumbles = received / 1000;
          troupe_channel_set_reading (channel, FALSE);
          for (guint i = 0; i < 10; i++)
            host_fixture_ask_figures (host, &n);
          troupe_channel_set_reading (channel, TRUE);
        }
      g_main_context_iteration (NULL, TRUE);
    }
  host_fixture_free (host);
}

/* 64 MiB there and back. */
static void
test_huge (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "echo.js", NULL), *other = node_thread_new (host, "echo.js", NULL);
  GString *text = g_string_new ("\"");
  g_autofree char *back = NULL;

  while (text->len < 64 * 1024 * 1024)
    g_string_append (text, "0123456789abcdef\xc3\xa9");
  g_string_append_c (text, '"');
  thread_fixture_send (thread, text->str);
  thread_fixture_send (other, "1");
  assert_next_message (other, "1");
  back = thread_fixture_next_message (thread);
  g_assert_cmpuint (strlen (back), ==, text->len);
  g_assert_true (strcmp (back, text->str) == 0);
  thread_fixture_send (thread, "\"after\"");
  assert_next_message (thread, "\"after\"");
  g_string_free (text, TRUE);
  host_fixture_free (host);
}

/* Everything that was sent before process.exit () arrives, although the sockets are full by then. */
static void
test_leave (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "leave", "2000", "5000", NULL);
  guint received = 0;

  thread_fixture_set_message_func (thread, count_cb, &received);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 3);
  g_assert_cmpuint (received, ==, 2000);
  host_fixture_free (host);
}

/* The same while the engine does not read, and does again. */
static void
test_leave_unread (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "leave", "2000", "5000", NULL);
  const TroupeThreadFigures *figures;
  guint received = 0, n;

  thread_fixture_set_message_func (thread, count_cb, &received);
  troupe_channel_set_reading (thread_fixture_get_channel (thread), FALSE);
  /* Its loop is gone, and it is not: nobody has taken its last words. */
  do
    figures = host_fixture_ask_figures (host, &n);
  while (n == 0 || thread_fixture_wait_online (thread) == 0 || figures[0].utilization >= 0);
  g_assert_false (thread_fixture_has_exited (thread));
  troupe_channel_set_reading (thread_fixture_get_channel (thread), TRUE);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 3);
  g_assert_cmpuint (received, ==, 2000);
  host_fixture_free (host);
}

/* Nobody reads at all: memory has an end, the thread goes on, and the loss is told. */
static void
test_unread (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "leave", "4000", "5000", NULL);
  guint received = 0;
  guint lost;

  thread_fixture_set_message_func (thread, count_cb, &received);
  troupe_channel_set_reading (thread_fixture_get_channel (thread), FALSE);
  {
    g_autofree char *first = thread_fixture_next_fault (thread), *second = thread_fixture_next_fault (thread);

    g_assert_true (g_str_has_prefix (first, "Nobody reads the messages"));
    assert_contains (second, " messages are lost");
    lost = (guint) g_ascii_strtoull (second, NULL, 10);
  }
  troupe_channel_set_reading (thread_fixture_get_channel (thread), TRUE);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 3);
  g_assert_cmpuint (received, >=, 3000);
  g_assert_cmpuint (received + lost, ==, 4000);
  host_fixture_free (host);
}

/* What cannot be sent, and what can be. */
static void
test_strange (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "strange", NULL);
  static const char *const faults[] = { "circular", "BigInt", "NODE_" };
  g_autofree char *big = NULL;

  assert_next_message (thread, "{\"cmd\":\"NODE_\"}");
  assert_next_message (thread, "null");
  assert_next_message (thread, "\"1970-01-01T00:00:00.000Z\"");
  assert_next_message (thread, "{}");
  assert_next_message (thread, "{\"a\":1}");
  big = thread_fixture_next_message (thread);
  g_assert_cmpstr (big, ==, "{\"toJSON\":1,\"nan\":null,\"big\":\"\\ud800 \"}");
  assert_next_message (thread, "{\"buffer\":{\"0\":1,\"1\":2}}");
  assert_next_message (thread, "0"); /* it was transferred */
  assert_next_message (thread, "{\"port1\":{}}");
  assert_next_message (thread, "[\"DataCloneError\",\"DataCloneError\",\"DataCloneError\",\"ERR_MISSING_ARGS\"]");
  assert_next_message (thread, "\"around\"");
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *fault = thread_fixture_next_fault (thread);

      assert_contains (fault, faults[i]);
    }
  host_fixture_free (host);
}

static void
test_too_long (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "long", "100663295", NULL);
  g_autofree char *fault = thread_fixture_next_fault (thread);

  /* With its quotes, of which there is room for one. */
  assert_contains (fault, "100663297 bytes is too long");
  assert_next_message (thread, "\"short\"");
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  host_fixture_free (host);
}

/* A thread that never comes back to its event loop asks for messages, and what it sends is out. */
static void
test_synchronous (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "sync", "1000", NULL);

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      thread_fixture_send (thread, text);
      assert_next_message (thread, text);
    }
  host_fixture_free (host);
}

/* Answers that are gathered because more are about to follow, and then never do. */
static void
test_busy (const char *node)
{
  HostFixture *host = node_host_new (node);

  for (guint round = 0; round < 5; round++)
    {
      ThreadFixture *thread = node_thread_new (host, "messages.js", "busy", NULL);

      for (guint i = 0; i < 50; i++)
        thread_fixture_send (thread, "\"one\"");
      thread_fixture_send (thread, "\"last\"");
      thread_fixture_send (thread, "\"never\"");
      fixture_wait_for (thread_fixture_get_n_messages (thread) == 51);
      troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (thread));
      thread_fixture_wait_exit (thread);
      g_assert_cmpuint (thread_fixture_get_n_messages (thread), ==, 51);
    }
  host_fixture_free (host);
}

/* A thread that takes nothing costs a bounded amount: the rest waits here, and comes in order. */
static void
test_deaf (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "deaf", NULL);
  TroupeChannel *channel = thread_fixture_get_channel (thread);
  const TroupeThreadFigures *figures;
  guint n;

  for (guint i = 0; i < MANY; i++)
    {
      char text[64];

      g_snprintf (text, sizeof text, "{\"n\":%u,\"of\":" G_STRINGIFY (MANY) "}", i);
      thread_fixture_send (thread, text);
    }
  do
    figures = host_fixture_ask_figures (host, &n);
  while (n == 0 || figures[0].queue < 1024);
  g_assert_cmpint (figures[0].queue, <, 8000);
  g_assert_cmpuint (troupe_channel_get_queued (channel), >, 1000000);
  thread_fixture_write_input (thread, "now\n");
  assert_next_message (thread, "\"all\"");
  figures = host_fixture_ask_figures (host, &n);
  g_assert_cmpint (figures[0].queue, ==, 0);
  g_assert_cmpint (figures[0].taken, ==, MANY);
  host_fixture_free (host);
}

static void
test_disconnect (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "disconnected", NULL);
  ThreadFixture *one = node_thread_new (host, "messages.js", "takesOne", NULL);

  /* What was sent before comes first. */
  for (guint i = 0; i < 3000; i++)
    thread_fixture_send (thread, "7");
  troupe_channel_disconnect (thread_fixture_get_channel (thread));
  fixture_wait_for (thread_fixture_has_exited (thread));
  g_assert_cmpuint (thread_fixture_get_output (thread, 1)->len, ==, 3000 * 2 + strlen ("closed\n"));
  g_assert_true (g_str_has_suffix (thread_fixture_get_output (thread, 1)->str, "7\nclosed\n"));

  /* One that does not listen any more ends too, with its port open. */
  thread_fixture_send (one, "1");
  assert_next_message (one, "1");
  g_assert_cmpint (thread_fixture_wait_exit (one), ==, 0);
  host_fixture_free (host);
}

/* The thread closes its port and lives on. */
static void
test_close (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "closes", NULL);

  assert_next_message (thread, "\"last words\"");
  fixture_wait_for (!troupe_channel_is_open (thread_fixture_get_channel (thread)));
  thread_fixture_wait_output (thread, 1, "closed\n");
  g_assert_false (thread_fixture_has_exited (thread));
  thread_fixture_close_input (thread);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  host_fixture_free (host);
}

/* --- Links ------------------------------------------------------------------------ */

static void
link_threads (HostFixture *host, ThreadFixture *a, ThreadFixture *b)
{
  g_autofree char *linked
    = g_strdup_printf ("linked %u %u", thread_fixture_get_id (a), thread_fixture_get_id (b));

  troupe_thread_host_link (host_fixture_get_host (host), thread_fixture_get_id (a), thread_fixture_get_id (b), "a",
                           "b");
  assert_next_note (host, linked);
}

static void
unlink_threads (HostFixture *host, ThreadFixture *a, ThreadFixture *b)
{
  g_autofree char *unlinked
    = g_strdup_printf ("unlinked %u %u", thread_fixture_get_id (a), thread_fixture_get_id (b));

  troupe_thread_host_unlink (host_fixture_get_host (host), thread_fixture_get_id (a), thread_fixture_get_id (b));
  assert_next_note (host, unlinked);
}

static void
test_link (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *a = node_thread_new (host, "link.js", NULL), *b = node_thread_new (host, "link.js", NULL);

  for (guint round = 0; round < 2; round++)
    {
      link_threads (host, a, b);
      assert_next_message (a, "{\"linked\":\"b\"}");
      assert_next_message (b, "{\"linked\":\"a\"}");
      thread_fixture_send (a, "{\"to\":\"b\",\"text\":\"to b\"}");
      assert_next_message (b, "{\"from\":\"a\",\"text\":\"to b\"}");
      thread_fixture_send (b, "{\"to\":\"a\",\"text\":\"to a\"}");
      assert_next_message (a, "{\"from\":\"b\",\"text\":\"to a\"}");
      unlink_threads (host, a, b);
      assert_next_message (a, "{\"closed\":\"b\"}");
      assert_next_message (b, "{\"closed\":\"a\"}");
    }

  /* With the end of one, its links end. */
  link_threads (host, a, b);
  assert_next_message (b, "{\"linked\":\"a\"}");
  troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (a));
  thread_fixture_wait_exit (a);
  assert_next_message (b, "{\"closed\":\"a\"}");
  host_fixture_free (host);
}

/* Closed before the script has seen it. */
static void
test_link_late (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *a = node_thread_new (host, "link.js", "late", NULL), *b = node_thread_new (host, "link.js", NULL);

  link_threads (host, a, b);
  unlink_threads (host, a, b);
  assert_next_message (b, "{\"linked\":\"a\"}");
  assert_next_message (b, "{\"closed\":\"a\"}");
  thread_fixture_write_input (a, "now\n");
  assert_next_message (a, "{\"linked\":\"b\"}");
  assert_next_message (a, "{\"closed\":\"b\"}");
  host_fixture_free (host);
}

static void
test_link_fails (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *a = node_thread_new (host, "link.js", NULL), *b = node_thread_new (host, "ends.js", "return", NULL);
  guint id = thread_fixture_get_id (a);
  g_autofree char *itself = g_strdup_printf ("link-failed %u %u A thread cannot be linked with itself", id, id);
  g_autofree char *ended
    = g_strdup_printf ("link-failed %u %u One of the two threads has ended", id, thread_fixture_get_id (b));

  thread_fixture_wait_exit (b);
  troupe_thread_host_link (host_fixture_get_host (host), id, id, "a", "a");
  assert_next_note (host, itself);
  troupe_thread_host_link (host_fixture_get_host (host), id, thread_fixture_get_id (b), "a", "b");
  assert_next_note (host, ended);
  host_fixture_free (host);
}

int
main (int argc, char **argv)
{
  static const NodeCase cases[] = {
    { "come-back-as-they-were", test_echo },
    { "100000-each-way-in-order", test_many },
    { "keep-their-order-when-sockets-are-full", test_stumbling },
    { "64-mebibytes-long", test_huge },
    { "none-is-lost-at-exit", test_leave },
    { "wait-for-a-reader-at-exit", test_leave_unread },
    { "without-a-reader-have-a-ceiling", test_unread },
    { "are-what-json-makes-of-them", test_strange },
    { "may-be-too-long", test_too_long },
    { "reach-a-thread-that-polls", test_synchronous },
    { "leave-a-thread-that-computes", test_busy },
    { "wait-for-a-thread-that-takes-none", test_deaf },
    { "end-with-a-disconnect", test_disconnect },
    { "end-when-the-thread-closes-its-port", test_close },
    { "pass-over-links", test_link },
    { "links-close-before-they-are-seen", test_link_late },
    { "links-may-fail", test_link_fails },
  };

  return node_suite_run (argc, argv, "messages", cases, G_N_ELEMENTS (cases));
}
