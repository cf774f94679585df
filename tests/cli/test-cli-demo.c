/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The demo project does what it says, with everything it shows: it is the first thing that a person sees. */

#include "config.h"

#include <string.h>

#include "base/paths.h"
#include "cli-fixture.h"

static void
assert_done (CliFixture *fixture, const char *const *arguments)
{
  g_auto (CliResult) result = cli_run_argv (fixture, arguments, NULL);

  cli_assert_code (result, 0);
}

#define assert_command(fixture, ...) assert_done (fixture, (const char *const[]){ __VA_ARGS__, NULL })

static void
start_demo (CliFixture *fixture)
{
  g_autofree char *data_dir = troupe_paths_dup_data_dir ();
  g_autofree char *demo = g_build_filename (data_dir, "demo", NULL);

  assert_command (fixture, "up", "--detach", demo);
}

static void
assert_listed (CliFixture *fixture, const char *worker, const char *key, const char *value)
{
  g_autofree char *text = cli_list_get (fixture, worker, key);

  g_assert_cmpstr (text, ==, value);
}

static void
test_ends (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) report = { 0 };

  start_demo (fixture);
  assert_command (fixture, "wait", "demo/setup");
  assert_command (fixture, "wait", "demo/about");
  report = cli_run (fixture, "wait", "demo/report", NULL);
  cli_assert_code (report, 0);
  assert_listed (fixture, "report", "exit_code", "3");
  assert_listed (fixture, "setup", "exit_code", "0");
  assert_listed (fixture, "about", "exit_code", "0");
  assert_command (fixture, "down", "demo");
}

static void
test_input (CliFixture *fixture, gconstpointer data)
{
  CliProcess *logs;

  start_demo (fixture);
  assert_command (fixture, "wait", "parrot", "--for", "running");
  assert_command (fixture, "input", "parrot", "Hello");
  logs = cli_start (fixture, "logs", "--follow", "parrot", NULL);
  cli_process_read_until (logs, "Hello, Hello!\n");
  cli_process_signal (logs, SIGINT);
  cli_process_finish (logs, NULL, NULL);
}

static void
test_messages (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) factors = { 0 }, prime = { 0 }, wrong = { 0 };

  start_demo (fixture);
  assert_command (fixture, "wait", "factors", "--for", "running");
  factors = cli_run (fixture, "send", "factors", "{\"number\": 360}", "--reply", NULL);
  cli_assert_code (factors, 0);
  g_assert_cmpstr (cli_out (&factors), ==, "{\"number\":360,\"factors\":[2,2,2,3,3,5]}\n");
  prime = cli_run (fixture, "send", "factors", "{\"number\":97}", "--reply", NULL);
  g_assert_cmpstr (cli_out (&prime), ==, "{\"number\":97,\"factors\":[97]}\n");
  wrong = cli_run (fixture, "send", "factors", "[\"; exit\"]", "--reply", NULL);
  g_assert_nonnull (strstr (cli_out (&wrong), "expected"));
}

/* Three threads of one process share the work, by memory that can be seen, and answer while they do. */
static void
test_threads (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) reply = { 0 };
  CliProcess *logs;

  start_demo (fixture);
  assert_command (fixture, "wait", "primes.2", "--for", "running");
  assert_command (fixture, "wait", "primes.3", "--for", "running");
  reply = cli_run (fixture, "send", "primes.2", "{\"number\": 97}", "--reply", NULL);
  cli_assert_code (reply, 0);
  g_assert_cmpstr (cli_out (&reply), ==, "{\"number\":97,\"isPrime\":true}\n");
  logs = cli_start (fixture, "events", "--follow", "primes.3", NULL);
  cli_process_read_until (logs, "progress fraction=");
  cli_process_signal (logs, SIGINT);
  cli_process_finish (logs, NULL, NULL);
  assert_command (fixture, "stop", "primes");
  assert_listed (fixture, "primes.host", "exit_code", "0");
}

/* The cluster tells the visitor where it is, and no visit fails while all of it is replaced. */
static void
test_cluster (CliFixture *fixture, gconstpointer data)
{
  CliProcess *visits;
  g_auto (CliResult) logs = { 0 };

  start_demo (fixture);
  visits = cli_start (fixture, "logs", "--follow", "visitor", NULL);
  cli_process_read_until (visits, " from ");
  assert_command (fixture, "send", "visitor", "{\"every\": 0.02}");
  assert_command (fixture, "wait", "web", "--for", "ready");
  assert_command (fixture, "reload", "web");
  cli_process_signal (visits, SIGINT);
  cli_process_finish (visits, NULL, NULL);
  logs = cli_run (fixture, "logs", "visitor", NULL);
  cli_assert_code (logs, 0);
  g_assert_nonnull (strstr (cli_out (&logs), "a visit every 0.02 s\n"));
  g_assert_null (strstr (cli_out (&logs), "Errno"));
  g_assert_null (strstr (cli_out (&logs), "timed out"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/demo/ends-as-told", test_ends);
  cli_test_add ("/cli/demo/hears-input", test_input);
  cli_test_add ("/cli/demo/answers-messages", test_messages);
  cli_test_add ("/cli/demo/threads-share-the-work", test_threads);
  cli_test_add ("/cli/demo/cluster-is-reloaded-without-a-failed-visit", test_cluster);
  return g_test_run ();
}
