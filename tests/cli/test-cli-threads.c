/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Programs of kind threads on the command line. THREAD_MODULE: the worker of tests/engine/workers, for Node
 * or for the native host. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "cli-fixture.h"

static const char *
get_module (void)
{
  return g_getenv ("THREAD_MODULE");
}

static int
compare_lines (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
launch (CliFixture *fixture, const char *instances)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "--kind", "threads", "--name", "crunch", "--instances", instances,
                                       "--worker-data", "{\"a\":[1]}", "--shared-memory", "4K", "-d", get_module (), NULL);

  cli_assert_code (result, 0);
}

static void
send (CliFixture *fixture, const char *worker, const char *message)
{
  g_auto (CliResult) result = cli_run (fixture, "send", worker, message, NULL);

  cli_assert_code (result, 0);
}

static void
assert_reply (CliFixture *fixture, const char *worker, const char *message, const char *reply)
{
  g_auto (CliResult) result = cli_run (fixture, "send", worker, message, "--reply", NULL);

  cli_assert_code (result, 0);
  g_assert_cmpstr (cli_out (&result), ==, reply);
}

static void
assert_field (CliFixture *fixture, const char *worker, const char *key, const char *expected)
{
  g_autofree char *value = cli_list_get (fixture, worker, key);

  g_assert_cmpstr (value, ==, expected);
}

static void
test_list (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *pid = NULL, *tid = NULL, *other_tid = NULL, *host_pid = NULL, *both = NULL;
  g_auto (CliResult) table = { 0 };

  launch (fixture, "2");
  assert_reply (fixture, "crunch.1", "\"data\"", "{\"a\":[1]}\n");
  assert_reply (fixture, "crunch.2", "\"ping\"", "\"pong\"\n");
  host_pid = cli_list_get (fixture, "crunch.host", "pid");
  pid = cli_list_get (fixture, "crunch.1", "pid");
  tid = cli_list_get (fixture, "crunch.1", "tid");
  other_tid = cli_list_get (fixture, "crunch.2", "tid");
  g_assert_cmpstr (pid, ==, host_pid);
  g_assert_cmpstr (tid, !=, "null");
  g_assert_cmpstr (tid, !=, pid);
  g_assert_cmpstr (tid, !=, other_tid);
  assert_field (fixture, "crunch.host", "tid", "null");
  assert_field (fixture, "crunch.host", "instance", "0");
  assert_field (fixture, "crunch.1", "kind", "\"threads\"");
  assert_field (fixture, "crunch.1", "memory_bytes", "null");
  table = cli_run (fixture, "list", NULL);
  both = g_strdup_printf ("%s/%s", pid, tid);
  g_assert_nonnull (strstr (cli_out (&table), both));
}

static void
test_foreground (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--kind", "threads", "--name", "crunch", get_module (), NULL);
  g_autofree char *out = NULL, *err = NULL;

  cli_process_read_until (process, "ready\n");
  send (fixture, "crunch.1", "[\"log\",\"words\"]");
  cli_process_read_until (process, "words\n");
  send (fixture, "crunch.1", "[\"exit\",6]");
  g_assert_cmpint (cli_process_finish (process, &out, &err), ==, 6);
  /* One thread: its output as it is, without names. */
  g_assert_cmpstr (out, ==, "ready\nwords\n");
}

static void
test_foreground_says_why (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process
      = cli_start (fixture, "run", "--kind", "threads", "--name", "crunch", "--instances", "2", get_module (), NULL);
  g_autofree char *err = NULL;

  cli_process_read_until (process, "crunch.1 | ready\n");
  cli_process_read_until (process, "crunch.2 | ready\n");
  send (fixture, "crunch.1", "\"fail\"");
  send (fixture, "crunch.2", "[\"exit\",0]");
  g_assert_cmpint (cli_process_finish (process, NULL, &err), ==, 1);
  g_assert_nonnull (strstr (err, "crunch.1: Exited with code 1 after "));
  g_assert_nonnull (strstr (err, "as asked"));
}

static void
test_interrupt_stops (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process
      = cli_start (fixture, "run", "--kind", "threads", "--name", "crunch", "--instances", "2", get_module (), NULL);
  g_autofree char *reason = NULL;

  cli_process_read_until (process, "crunch.1 | ready\n");
  cli_process_read_until (process, "crunch.2 | ready\n");
  cli_process_signal (process, SIGINT);
  cli_process_finish (process, NULL, NULL);
  assert_field (fixture, "crunch.1", "state", "\"stopped\"");
  /* The host ended as asked, too, and not of the signal. */
  assert_field (fixture, "crunch.host", "exit_signal", "null");
}

static void
test_refusals (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) data_result = { 0 }, module = { 0 }, signalled = { 0 }, started = { 0 }, kind = { 0 };

  data_result = cli_run (fixture, "run", "--kind", "threads", "--worker-data", "{\"a\":", get_module (), NULL);
  cli_assert_code (data_result, 1);
  g_assert_nonnull (strstr (cli_err (&data_result), "worker-data: No JSON: line 1, column 6"));
  module = cli_run (fixture, "run", "--kind", "threads", "sleep", "1", NULL);
  cli_assert_code (module, 1);
  g_assert_nonnull (strstr (cli_err (&module), "“sleep” is no module"));
  kind = cli_run (fixture, "run", "--shared-memory", "4K", "sleep", "1", NULL);
  cli_assert_code (kind, 1);
  g_assert_nonnull (strstr (cli_err (&kind), "expected kind threads"));
  launch (fixture, "1");
  signalled = cli_run (fixture, "signal", "crunch.1", "USR1", NULL);
  cli_assert_code (signalled, 1);
  g_assert_nonnull (strstr (cli_err (&signalled), "a thread takes no signals"));
  started = cli_run (fixture, "start", "crunch.host", NULL);
  cli_assert_code (started, 1);
  g_assert_nonnull (strstr (cli_err (&started), "first thread"));
}

/* By the program's name: the threads, and the host as they need it. */
static void
test_control (CliFixture *fixture, gconstpointer data)
{
  static const char *const commands[] = { "restart", "stop", "start", "reload" };
  g_autofree char *pid = NULL, *new_pid = NULL;
  g_auto (CliResult) scaled = { 0 };

  launch (fixture, "2");
  pid = cli_list_get (fixture, "crunch.host", "pid");
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_auto (CliResult) result = cli_run (fixture, commands[i], "crunch", NULL);

      cli_assert_code (result, 0);
      if (g_str_equal (commands[i], "stop"))
        {
          assert_field (fixture, "crunch.1", "state", "\"stopped\"");
          continue;
        }
      assert_reply (fixture, "crunch.1", "\"ping\"", "\"pong\"\n");
      assert_reply (fixture, "crunch.2", "\"ping\"", "\"pong\"\n");
    }
  new_pid = cli_list_get (fixture, "crunch.host", "pid");
  g_assert_cmpstr (pid, !=, new_pid);
  scaled = cli_run (fixture, "scale", "crunch", "3", NULL);
  cli_assert_code (scaled, 0);
  assert_reply (fixture, "crunch.3", "\"ping\"", "\"pong\"\n");
}

static char *
dup_sorted (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  qsort (lines, g_strv_length (lines), sizeof *lines, compare_lines);
  return g_strjoinv ("\n", lines);
}

/* By the program's name a message reaches the threads, and a signal their host. */
static void
test_whole_program (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) sent = { 0 }, alone = { 0 }, signalled = { 0 }, waited = { 0 };
  g_autofree char *replies = NULL;

  launch (fixture, "2");
  assert_reply (fixture, "crunch.1", "\"ping\"", "\"pong\"\n");
  assert_reply (fixture, "crunch.2", "\"ping\"", "\"pong\"\n");
  assert_field (fixture, "crunch.1", "queue", "0");
  assert_field (fixture, "crunch.host", "queue", "null");
  sent = cli_run (fixture, "send", "crunch", "\"ping\"", "--reply", "--all", NULL);
  cli_assert_code (sent, 0);
  replies = dup_sorted (cli_out (&sent));
  g_assert_cmpstr (replies, ==, "\ncrunch.1 | \"pong\"\ncrunch.2 | \"pong\"");
  /* Figures are of now, not of when somebody looked last. */
  assert_field (fixture, "crunch.1", "queue", "0");
  /* Where there is one thread, its program's name means it. */
  alone = cli_run (fixture, "scale", "crunch", "1", NULL);
  cli_assert_code (alone, 0);
  assert_reply (fixture, "crunch", "\"ping\"", "\"pong\"\n");
  signalled = cli_run (fixture, "signal", "crunch", "KILL", NULL);
  cli_assert_code (signalled, 0);
  waited = cli_run (fixture, "wait", "crunch.host", "--for", "failed", NULL);
  cli_assert_code (waited, 0);
  assert_field (fixture, "crunch.host", "exit_signal", "\"SIGKILL\"");
}

static void
test_link (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) linked = { 0 }, said = { 0 };
  CliProcess *messages;

  launch (fixture, "2");
  assert_reply (fixture, "crunch.1", "\"ping\"", "\"pong\"\n");
  assert_reply (fixture, "crunch.2", "\"ping\"", "\"pong\"\n");
  messages = cli_start (fixture, "events", "--follow", "crunch.1", NULL);
  linked = cli_run (fixture, "link", "crunch.1", "crunch.2", NULL);
  cli_assert_code (linked, 0);
  cli_process_read_until (messages, "linked with=crunch.2");
  cli_process_signal (messages, SIGINT);
  cli_process_finish (messages, NULL, NULL);
  messages = cli_start (fixture, "messages", "--follow", "crunch.2", NULL);
  send (fixture, "crunch.1", "[\"say\",\"hello\"]");
  cli_process_read_until (messages, "hello");
  cli_process_signal (messages, SIGINT);
  cli_process_finish (messages, NULL, NULL);
}

int
main (int argc, char **argv)
{
  g_autofree char *node = g_find_program_in_path ("node");

  if (node == NULL && g_str_has_suffix (g_getenv ("THREAD_MODULE"), ".js"))
    {
      g_print ("1..0 # SKIP Node.js is not installed\n");
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/threads/list", test_list);
  cli_test_add ("/cli/threads/foreground", test_foreground);
  cli_test_add ("/cli/threads/foreground-says-why", test_foreground_says_why);
  cli_test_add ("/cli/threads/interrupt-stops", test_interrupt_stops);
  cli_test_add ("/cli/threads/refusals", test_refusals);
  cli_test_add ("/cli/threads/control", test_control);
  cli_test_add ("/cli/threads/whole-program", test_whole_program);
  cli_test_add ("/cli/threads/link", test_link);
  return g_test_run ();
}
