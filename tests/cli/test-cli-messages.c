/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl send, messages, link, unlink, disconnect, and run --kind fork, from end to end. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "cli-fixture.h"
#include "message-fixture.h"

#define PEER g_getenv ("TROUPE_TEST_PEER")
#define WORKER g_getenv ("EXAMPLE_WORKER")

static void
launch (CliFixture *fixture, const char *name, const char *mode, const char *argument)
{
  g_auto (CliResult) result
      = cli_run (fixture, "run", "--kind", "fork", "--name", name, "--detach", "--", PEER, mode, argument, NULL);

  cli_assert_code (result, 0);
}

static void
test_reply (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) run = cli_run (fixture, "run", "--kind", "fork", "--detach", WORKER, NULL);
  g_auto (CliResult) plain = { 0 }, before = { 0 };

  cli_assert_code (run, 0);
  g_assert_cmpstr (cli_out (&run), ==, "example-worker\n");
  plain = cli_run (fixture, "send", "example-worker", "{\"number\":7}", "--reply", NULL);
  cli_assert_code (plain, 0);
  g_assert_cmpstr (cli_out (&plain), ==, "{\"number\":7,\"isPrime\":true}\n");
  before = cli_run (fixture, "send", "--reply=1m", "example-worker", "{\"number\":9}", NULL);
  cli_assert_code (before, 0);
  g_assert_cmpstr (cli_out (&before), ==, "{\"number\":9,\"isPrime\":false}\n");
  assert_conversation (fixture, "example-worker",
                       "sent {\"number\":7}|received {\"number\":7,\"isPrime\":true}|"
                       "sent {\"number\":9}|received {\"number\":9,\"isPrime\":false}|");
}

static void
test_standard_input (CliFixture *fixture, gconstpointer data)
{
  const char *arguments[] = { "send", "echo", "-", "--reply", NULL };
  g_autoptr (GBytes) input = g_bytes_new_static ("{\n  \"a\": \"é\"\n}\n", 16);
  g_auto (CliResult) result = { 0 };

  launch (fixture, "echo", "echo", NULL);
  result = cli_run_argv (fixture, arguments, input);
  cli_assert_code (result, 0);
  g_assert_cmpstr (cli_out (&result), ==, "{   \"a\": \"é\" } \n");
}

static void
test_bad_message (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = { 0 };

  launch (fixture, "echo", "echo", NULL);
  result = cli_run (fixture, "send", "echo", "{\"a\":\n tru}", NULL);
  cli_assert_code (result, 2);
  g_assert_nonnull (strstr (cli_err (&result), "line 2, column 2"));
  assert_conversation (fixture, "echo", "");
}

static void
test_several (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) run = cli_run (fixture, "run", "--kind", "fork", "--instances", "3", "--name", "echo", "--detach",
                                    "--", PEER, "echo", NULL);
  g_auto (CliResult) one = { 0 }, all = { 0 }, single = { 0 };

  cli_assert_code (run, 0);
  one = cli_run (fixture, "send", "echo", "1", NULL);
  cli_assert_code (one, 2);
  g_assert_nonnull (strstr (cli_err (&one), "echo.1, echo.2, echo.3"));
  g_assert_nonnull (strstr (cli_err (&one), "--all"));
  all = cli_run (fixture, "send", "echo", "[2]", "--all", "--reply", NULL);
  cli_assert_code (all, 0);
  g_assert_cmpuint (strlen (cli_out (&all)), ==, 3 * strlen ("echo.1 | [2]\n"));
  for (int i = 1; i <= 3; i++)
    {
      g_autofree char *line = g_strdup_printf ("echo.%d | [2]\n", i);

      g_assert_nonnull (strstr (cli_out (&all), line));
    }
  single = cli_run (fixture, "send", "echo.2", "3", "--reply", NULL);
  cli_assert_code (single, 0);
  assert_conversation (fixture, "echo.1", "sent [2]|received [2]|");
  assert_conversation (fixture, "echo.2", "sent [2]|received [2]|sent 3|received 3|");
}

static void
test_failures (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) late = { 0 }, unknown = { 0 }, none = { 0 }, spawned = { 0 }, bad_time = { 0 };

  launch (fixture, "mute", "mute", NULL);
  late = cli_run (fixture, "send", "mute", "1", "--reply=50ms", NULL);
  cli_assert_code (late, 1);
  g_assert_cmpstr (cli_out (&late), ==, "");
  g_assert_nonnull (strstr (cli_err (&late), "did not answer in time"));
  unknown = cli_run (fixture, "send", "mute2", "1", NULL);
  cli_assert_code (unknown, 3);
  g_assert_nonnull (strstr (cli_err (&unknown), "did you mean “mute”"));
  none = cli_run (fixture, "run", "--name", "plain", "--detach", "--", cli_test_child (), "sleep", NULL);
  cli_assert_code (none, 0);
  spawned = cli_run (fixture, "send", "plain", "1", NULL);
  cli_assert_code (spawned, 1);
  g_assert_nonnull (strstr (cli_err (&spawned), "channel"));
  bad_time = cli_run (fixture, "send", "mute", "1", "--reply=soon", NULL);
  cli_assert_code (bad_time, 2);
}

/* Who was interrupted while waiting takes no reply from who asks next. */
static void
test_given_up (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) run = cli_run (fixture, "run", "--kind", "fork", "--name", "late", "--detach", "--", "/bin/sh", "-c",
                                    "read -r a <&3; while read -r b <&3; do echo $b >&3; done", NULL);
  g_auto (CliResult) next = { 0 };
  CliProcess *process;

  cli_assert_code (run, 0);
  process = cli_start (fixture, "send", "late", "1", "--reply=0", NULL);
  wait_for_messages (fixture, "late", 1);
  cli_process_signal (process, SIGINT);
  g_assert_cmpint (cli_process_finish (process, NULL, NULL), ==, 130);
  next = cli_run (fixture, "send", "late", "2", "--reply", NULL);
  cli_assert_code (next, 0);
  g_assert_cmpstr (cli_out (&next), ==, "2\n");
}

static void
test_invalid_lines (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) run = cli_run (fixture, "run", "--kind", "fork", "--name", "bad", "--detach", "--", PEER, "say",
                                    "1", "no \"JSON\"", "{\"cmd\":\"NODE_X\"}", "2", NULL);
  g_auto (CliResult) text = { 0 };

  cli_assert_code (run, 0);
  wait_for_messages (fixture, "bad", 3);
  assert_conversation (fixture, "bad", "received 1|invalid \"no \\\"JSON\\\"\"|received 2|");
  text = cli_run (fixture, "messages", "bad", NULL);
  cli_assert_code (text, 0);
  g_assert_nonnull (strstr (cli_out (&text), "  ← not JSON: no \"JSON\"\n"));
}

static void
test_which_messages (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = { 0 }, again = { 0 }, first = { 0 }, all = { 0 }, last = { 0 }, none = { 0 };

  launch (fixture, "echo", "echo", NULL);
  for (int i = 0; i < 3; i++)
    {
      g_auto (CliResult) sent = cli_run (fixture, "send", "echo", "1", "--reply", NULL);

      cli_assert_code (sent, 0);
    }
  again = cli_run (fixture, "restart", "echo", NULL);
  cli_assert_code (again, 0);
  result = cli_run (fixture, "send", "echo", "2", "--reply", NULL);
  cli_assert_code (result, 0);
  assert_conversation (fixture, "echo", "sent 2|received 2|");
  first = cli_run (fixture, "messages", "echo", "--run", "1", NULL);
  g_assert_cmpuint (count_lines (cli_out (&first)), ==, 6);
  all = cli_run (fixture, "messages", "echo", "--run", "all", NULL);
  g_assert_cmpuint (count_lines (cli_out (&all)), ==, 8);
  last = cli_run (fixture, "messages", "echo", "--run", "all", "--lines", "3", NULL);
  g_assert_cmpuint (count_lines (cli_out (&last)), ==, 3);
  g_assert_true (g_str_has_suffix (cli_out (&all), cli_out (&last)));
  none = cli_run (fixture, "messages", "echo", "--since", "now", NULL);
  cli_assert_code (none, 0);
  g_assert_cmpstr (cli_out (&none), ==, "");
}

/* The journal is all it needs. */
static void
test_without_engine (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) sent = { 0 }, quit = { 0 };

  launch (fixture, "echo", "echo", NULL);
  sent = cli_run (fixture, "send", "echo", "[1]", "--reply", NULL);
  cli_assert_code (sent, 0);
  quit = cli_run (fixture, "quit", NULL);
  cli_assert_code (quit, 0);
  assert_conversation (fixture, "echo", "sent [1]|received [1]|");
}

static void
test_follow (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) first = { 0 }, again = { 0 }, second = { 0 };
  CliProcess *process;

  launch (fixture, "echo", "echo", NULL);
  first = cli_run (fixture, "send", "echo", "\"first\"", "--reply", NULL);
  process = cli_start (fixture, "messages", "echo", "--follow", "--lines", "1", NULL);
  cli_process_read_until (process, "← \"first\"\n");
  /* Also into the next run. */
  again = cli_run (fixture, "restart", "echo", NULL);
  cli_assert_code (again, 0);
  second = cli_run (fixture, "send", "echo", "\"second\"", NULL);
  cli_assert_code (second, 0);
  cli_process_read_until (process, "← \"second\"\n");
  g_assert_null (strstr (process->seen->str, "→ \"first\""));
  g_assert_nonnull (strstr (process->seen->str, "→ \"second\"\n"));
  cli_process_signal (process, SIGTERM);
  cli_process_finish (process, NULL, NULL);
}

static void
test_link (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) linked = { 0 }, told = { 0 }, unlinked = { 0 }, told_again = { 0 }, shown = { 0 }, bad = { 0 };

  launch (fixture, "parrot", "echo", NULL);
  launch (fixture, "listener", "mute", NULL);
  linked = cli_run (fixture, "link", "parrot", "listener", NULL);
  cli_assert_code (linked, 0);
  told = cli_run (fixture, "send", "parrot", "{\"a\":1}", "--reply", NULL);
  cli_assert_code (told, 0);
  wait_for_messages (fixture, "listener", 1);
  unlinked = cli_run (fixture, "unlink", "parrot", "listener", NULL);
  cli_assert_code (unlinked, 0);
  told_again = cli_run (fixture, "send", "parrot", "2", "--reply", NULL);
  cli_assert_code (told_again, 0);
  assert_conversation (fixture, "listener", "routed from parrot {\"a\":1}|");
  shown = cli_run (fixture, "messages", "listener", "parrot", NULL);
  g_assert_nonnull (strstr (cli_out (&shown), "listener → (from parrot) {\"a\":1}\n"));
  bad = cli_run (fixture, "link", "parrot", "nobody", NULL);
  cli_assert_code (bad, 3);
}

static void
test_disconnect (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) done = { 0 }, over = { 0 }, again = { 0 }, events = { 0 };

  launch (fixture, "echo", "echo", NULL);
  done = cli_run (fixture, "disconnect", "echo", NULL);
  cli_assert_code (done, 0);
  over = cli_run (fixture, "wait", "echo", "--for", "exited", NULL);
  cli_assert_code (over, 0);
  again = cli_run (fixture, "disconnect", "echo", NULL);
  cli_assert_code (again, 1);
  events = cli_run (fixture, "events", "echo", "--json", NULL);
  g_assert_nonnull (strstr (cli_out (&events), "\"event\":\"disconnected\",\"by\":\"engine\""));
}

static void
test_foreground (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--kind", "fork", "--name", "echo", "--", PEER, "echo", NULL);
  CliProcess *interrupted;
  g_auto (CliResult) sent = { 0 }, done = { 0 };
  g_autofree char *out = NULL;

  cli_process_read_until (process, "ready\n");
  sent = cli_run (fixture, "send", "echo", "1", "--reply", NULL);
  cli_assert_code (sent, 0);
  done = cli_run (fixture, "disconnect", "echo", NULL);
  cli_assert_code (done, 0);
  g_assert_cmpint (cli_process_finish (process, &out, NULL), ==, 0);
  g_assert_cmpstr (out, ==, "ready\n");

  interrupted = cli_start (fixture, "run", "--kind", "fork", "--", PEER, "mute", NULL);
  cli_process_read_until (interrupted, "ready\n");
  cli_process_signal (interrupted, SIGINT);
  g_assert_cmpint (cli_process_finish (interrupted, NULL, NULL), ==, 130);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/send/prints-the-reply", test_reply);
  cli_test_add ("/cli/send/reads-standard-input", test_standard_input);
  cli_test_add ("/cli/send/refuses-a-bad-message", test_bad_message);
  cli_test_add ("/cli/send/to-several-only-with-all", test_several);
  cli_test_add ("/cli/send/failures", test_failures);
  cli_test_add ("/cli/send/given-up", test_given_up);
  cli_test_add ("/cli/messages/invalid-lines", test_invalid_lines);
  cli_test_add ("/cli/messages/chooses-run-time-and-number", test_which_messages);
  cli_test_add ("/cli/messages/needs-no-engine", test_without_engine);
  cli_test_add ("/cli/messages/follows", test_follow);
  cli_test_add ("/cli/link/passes-on-with-the-sender", test_link);
  cli_test_add ("/cli/disconnect", test_disconnect);
  cli_test_add ("/cli/run/fork-in-the-foreground", test_foreground);
  return g_test_run ();
}
