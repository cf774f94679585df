/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What messages must hold under: many workers at once, many messages, huge ones, and peers that do not
 * play along. TROUPE_TEST_MESSAGES in the environment says how many messages are "many". */

#include "config.h"

#include <string.h>

#include "cli-fixture.h"
#include "message-fixture.h"

#define PEER g_getenv ("TROUPE_TEST_PEER")
#define N_WORKERS 200
#define ROUNDS 3
#define HUGE_BYTES (64 * 1024 * 1024)

static void
launch (CliFixture *fixture, const char *name, const char *mode, const char *argument)
{
  g_auto (CliResult) result
      = cli_run (fixture, "run", "--kind", "fork", "--name", name, "--detach", "--", PEER, mode, argument, NULL);

  cli_assert_code (result, 0);
}

static void
assert_echo (CliFixture *fixture, const char *worker)
{
  g_auto (CliResult) result = cli_run (fixture, "send", worker, "{\"are\":\"you there\"}", "--reply=0", NULL);

  cli_assert_code (result, 0);
  g_assert_cmpstr (cli_out (&result), ==, "{\"are\":\"you there\"}\n");
}

static void
test_many_workers (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *n = g_strdup_printf ("%d", N_WORKERS);
  g_auto (CliResult) run = cli_run (fixture, "run", "--kind", "fork", "--instances", n, "--name", "echo", "--detach",
                                    "--", PEER, "echo", NULL);

  cli_assert_code (run, 0);
  g_assert_cmpuint (count_lines (cli_out (&run)), ==, N_WORKERS);
  for (int round = 0; round < ROUNDS; round++)
    {
      g_autofree char *message = g_strdup_printf ("{\"round\":%d}", round);
      g_auto (CliResult) all = cli_run (fixture, "send", "echo", message, "--all", "--reply=0", NULL);

      cli_assert_code (all, 0);
      g_assert_cmpuint (count_lines (cli_out (&all)), ==, N_WORKERS);
      for (int i = 1; i <= N_WORKERS; i++)
        {
          g_autofree char *line = g_strdup_printf ("echo.%d | %s\n", i, message);

          g_assert_nonnull (strstr (cli_out (&all), line));
        }
    }
  {
    g_auto (CliResult) messages = cli_run (fixture, "messages", "echo", "--json", NULL);

    cli_assert_code (messages, 0);
    g_assert_cmpuint (count_lines (cli_out (&messages)), ==, N_WORKERS * ROUNDS * 2);
  }
}

/* Of each direction 1, 2, … TOTAL, in this order. */
static void
assert_in_order (const char *text, guint64 total)
{
  static const char *const needles[] = {
    "\"direction\":\"routed\",\"from\":\"a\",\"payload\":",
    "\"direction\":\"received\",\"payload\":",
  };
  guint64 n[G_N_ELEMENTS (needles)] = { 0 };
  const char *text_end = text + strlen (text);

  for (const char *p = text, *end; (end = memchr (p, '\n', (gsize) (text_end - p))) != NULL; p = end + 1)
    {
      /* A copy: searching the long text again and again takes sanitizers for ever. */
      g_autofree char *line = g_strndup (p, (gsize) (end - p));
      gboolean found = FALSE;

      for (gsize i = 0; i < G_N_ELEMENTS (needles); i++)
        {
          const char *at = strstr (line, needles[i]);

          if (at == NULL)
            continue;
          g_assert_cmpuint (g_ascii_strtoull (at + strlen (needles[i]), NULL, 10), ==, ++n[i]);
          found = TRUE;
        }
      if (!found)
        g_error ("an unexpected message: %s", line);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (needles); i++)
    g_assert_cmpuint (n[i], ==, total);
}

/* Two workers linked both ways: one sends numbers as fast as they are taken and wants each back, so that
 * each message passes the engine twice. Nothing is lost or out of order, on the way and in the journal. */
static void
test_many_messages (CliFixture *fixture, gconstpointer data)
{
  guint64 total = g_ascii_strtoull (g_getenv ("TROUPE_TEST_MESSAGES"), NULL, 10);
  g_autofree char *project
      = g_strdup_printf ("[project]\nname=pair\n\n"
                         "[program a]\nkind=fork\ncommand=%s exchange %" G_GUINT64_FORMAT "\nlink=b\nafter=b\n\n"
                         "[program b]\nkind=fork\ncommand=%s echo\nlink=a\n",
                         PEER, total, PEER);
  g_auto (CliResult) up = { 0 }, over = { 0 }, logs = { 0 }, messages = { 0 };
  g_autofree char *expected = g_strdup_printf ("ready\n%" G_GUINT64_FORMAT " in order\n", total);

  cli_write_file (fixture, "pair.troupe", project);
  up = cli_run (fixture, "up", "--detach", "pair.troupe", NULL);
  cli_assert_code (up, 0);
  over = cli_run (fixture, "wait", "pair/a", NULL);
  logs = cli_run (fixture, "logs", "pair/a", NULL);
  g_assert_cmpstr (cli_out (&logs), ==, expected);
  messages = cli_run (fixture, "messages", "pair/b", "--json", NULL);
  cli_assert_code (messages, 0);
  assert_in_order (cli_out (&messages), total);
}

static void
test_huge_message (CliFixture *fixture, gconstpointer data)
{
  const char *arguments[] = { "send", "echo", "-", "--reply=0", NULL };
  g_autofree char *text = g_malloc (HUGE_BYTES + 1);
  g_autoptr (GBytes) input = NULL;
  g_auto (CliResult) sent = { 0 }, messages = { 0 };
  const char *received;

  /* Not all the same, so that a lost piece would show. */
  for (gsize i = 0; i < HUGE_BYTES; i++)
    text[i] = (char) ('a' + i / 7919 % 26);
  text[0] = text[HUGE_BYTES - 1] = '"';
  text[HUGE_BYTES] = '\0';
  input = g_bytes_new_static (text, HUGE_BYTES);
  launch (fixture, "echo", "echo", NULL);
  sent = cli_run_argv (fixture, arguments, input);
  cli_assert_code (sent, 0);
  g_assert_cmpuint (g_bytes_get_size (sent.out), ==, HUGE_BYTES + 1);
  g_assert_true (memcmp (cli_out (&sent), text, HUGE_BYTES) == 0);

  messages = cli_run (fixture, "messages", "echo", "--json", NULL);
  cli_assert_code (messages, 0);
  g_assert_cmpuint (count_lines (cli_out (&messages)), ==, 2);
  received = strstr (cli_out (&messages), "\"direction\":\"received\",\"payload\":");
  g_assert_nonnull (received);
  received += strlen ("\"direction\":\"received\",\"payload\":");
  g_assert_true (memcmp (received, text, HUGE_BYTES) == 0);
  g_assert_cmpint (received[HUGE_BYTES], ==, ',');
  assert_echo (fixture, "echo");
}

static void
test_half_a_line (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) late = { 0 }, stopped = { 0 };

  launch (fixture, "half", "half", "{\"a\":[1,");
  launch (fixture, "echo", "echo", NULL);
  late = cli_run (fixture, "send", "half", "1", "--reply=100ms", NULL);
  cli_assert_code (late, 1);
  assert_echo (fixture, "echo");
  stopped = cli_run (fixture, "stop", "half", NULL);
  cli_assert_code (stopped, 0);
  assert_conversation (fixture, "half", "sent 1|invalid \"{\\\"a\\\":[1,\"|");
}

/* A worker that floods, and beside it one that answers. */
static void
test_flood (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *project = g_strdup_printf ("[project]\nname=noise\n\n"
                                              "[program flood]\nkind=fork\ncommand=%s flood\njournal-limit=1M\n\n"
                                              "[program echo]\nkind=fork\ncommand=%s echo\n",
                                              PEER, PEER);
  g_auto (CliResult) up = { 0 }, messages = { 0 }, stopped = { 0 };

  cli_write_file (fixture, "noise.troupe", project);
  up = cli_run (fixture, "up", "--detach", "noise.troupe", NULL);
  cli_assert_code (up, 0);
  wait_for_messages (fixture, "noise/flood", 1);
  for (int i = 0; i < 20; i++)
    assert_echo (fixture, "noise/echo");
  stopped = cli_run (fixture, "stop", "noise/flood", NULL);
  cli_assert_code (stopped, 0);
  /* What is left is the newest, whole but for the last: its end may have come in the middle of a line. */
  messages = cli_run (fixture, "messages", "noise/flood", "--json", "--lines", "100", NULL);
  cli_assert_code (messages, 0);
  g_assert_cmpuint (count_lines (cli_out (&messages)), ==, 100);
  {
    const char *invalid = strstr (cli_out (&messages), "\"invalid\"");

    g_assert_true (invalid == NULL || count_lines (invalid) == 1);
  }
}

/* A worker that never reads can be told much, and then no more; nobody else notices. */
static void
test_deaf (CliFixture *fixture, gconstpointer data)
{
  const char *arguments[] = { "send", "mute", "-", NULL };
  g_autofree char *text = g_strnfill (1024 * 1024, ' ');
  g_autoptr (GBytes) input = NULL;
  guint n_sent = 0;

  text[0] = '1';
  input = g_bytes_new_static (text, strlen (text));
  launch (fixture, "mute", "mute", NULL);
  launch (fixture, "echo", "echo", NULL);
  for (;;)
    {
      g_auto (CliResult) sent = cli_run_argv (fixture, arguments, input);

      if (sent.code != 0)
        {
          cli_assert_code (sent, 1);
          g_assert_nonnull (strstr (cli_err (&sent), "does not read"));
          break;
        }
      g_assert_cmpuint (++n_sent, <, 64);
    }
  g_assert_cmpuint (n_sent, >=, 16);
  assert_echo (fixture, "echo");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/messages/200-workers-at-once", test_many_workers);
  cli_test_add ("/cli/messages/many-both-ways-in-order", test_many_messages);
  cli_test_add ("/cli/messages/64-mib-both-ways", test_huge_message);
  cli_test_add ("/cli/messages/half-a-line", test_half_a_line);
  cli_test_add ("/cli/messages/a-flood-stalls-nobody", test_flood);
  cli_test_add ("/cli/messages/a-deaf-worker-is-told-no-more", test_deaf);
  return g_test_run ();
}
