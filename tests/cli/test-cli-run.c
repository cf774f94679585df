/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl run, from end to end: bytes, codes, signals. */

#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "cli-fixture.h"

#define CHILD cli_test_child ()
#define RANDOM_BYTES (5 * 1024 * 1024)

static void
assert_same_bytes (GBytes *a, GBytes *b)
{
  g_assert_cmpuint (g_bytes_get_size (a), ==, g_bytes_get_size (b));
  g_assert_true (g_bytes_equal (a, b));
}

static void
test_output_and_code (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "--", CHILD, "say", "to out\n", "to err\n", "3", NULL);

  cli_assert_code (result, 3);
  g_assert_cmpstr (cli_out (&result), ==, "to out\n");
  g_assert_cmpstr (cli_err (&result), ==, "to err\n");
}

static void
test_no_newline_added (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = cli_run (fixture, "run", CHILD, "say", "a prompt: ", "", "0", NULL);

  cli_assert_code (result, 0);
  g_assert_cmpstr (cli_out (&result), ==, "a prompt: ");
}

static void
test_codes (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) killed = cli_run (fixture, "run", "--", CHILD, "die", "9", NULL);
  g_auto (CliResult) terminated = cli_run (fixture, "run", "--", CHILD, "die", "15", NULL);
  g_auto (CliResult) missing = cli_run (fixture, "run", "--", "nodee", NULL);
  g_auto (CliResult) not_executable = cli_run (fixture, "run", "--", "/etc/passwd", NULL);
  g_auto (CliResult) no_folder = cli_run (fixture, "run", "--cwd", "/not/there", "--", "true", NULL);
  g_auto (CliResult) high = cli_run (fixture, "run", "--", CHILD, "exit", "255", NULL);

  cli_assert_code (killed, 137);
  g_assert_nonnull (strstr (cli_err (&killed), "ended by SIGKILL"));
  cli_assert_code (terminated, 143);
  cli_assert_code (missing, 127);
  g_assert_cmpstr (cli_err (&missing), ==, "troupectl: nodee: command not found\n");
  cli_assert_code (not_executable, 126);
  g_assert_nonnull (strstr (cli_err (&not_executable), "/etc/passwd: cannot be executed"));
  cli_assert_code (no_folder, 126);
  g_assert_nonnull (strstr (cli_err (&no_folder), "/not/there"));
  cli_assert_code (high, 255);
}

static void
test_missing_interpreter (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->work_dir, "script", NULL);

  cli_write_file (fixture, "script", "#!/not/there/sh\n");
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  {
    g_auto (CliResult) result = cli_run (fixture, "run", "./script", NULL);

    cli_assert_code (result, 126);
    g_assert_nonnull (strstr (cli_err (&result), "interpreter"));
  }
}

static void
test_binary_both_ways (CliFixture *fixture, gconstpointer data)
{
  const char *argv[] = { "run", "--", CHILD, "cat", NULL };
  guint32 *random = g_malloc (RANDOM_BYTES);
  g_autoptr (GBytes) input = NULL;
  g_auto (CliResult) result = { 0 };

  for (gsize i = 0; i < RANDOM_BYTES / sizeof *random; i++)
    random[i] = (guint32) g_test_rand_int ();
  input = g_bytes_new_take (random, RANDOM_BYTES);
  result = cli_run_argv (fixture, argv, input);
  cli_assert_code (result, 0);
  assert_same_bytes (result.out, input);
}

static void
test_both_streams_exact (CliFixture *fixture, gconstpointer data)
{
  guint times = 300;
  guchar *all = g_malloc (256 * times);
  g_autoptr (GBytes) expected = NULL;
  g_auto (CliResult) result = cli_run (fixture, "run", "--", CHILD, "bytes", "300", NULL);

  for (guint i = 0; i < 256 * times; i++)
    all[i] = (guchar) i;
  expected = g_bytes_new_take (all, 256 * times);
  cli_assert_code (result, 0);
  assert_same_bytes (result.out, expected);
  assert_same_bytes (result.err, expected);
}

static void
test_last_line_is_there (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "--", CHILD, "lines", "50000", NULL);
  g_auto (GStrv) lines = g_strsplit (cli_out (&result), "\n", -1);

  cli_assert_code (result, 0);
  g_assert_cmpuint (g_strv_length (lines), ==, 50001);
  g_assert_cmpstr (lines[50000], ==, "");
  g_assert_nonnull (strstr (lines[49999], lines[0][0] == '0' ? "49999" : "50000"));
}

static void
test_empty_input_ends (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "--", CHILD, "cat", NULL);

  cli_assert_code (result, 0);
  g_assert_cmpstr (cli_out (&result), ==, "");
}

static void
test_input_line_by_line (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--", CHILD, "cat", NULL);
  g_autofree char *out = NULL;

  cli_process_write (process, "one\n");
  cli_process_read_until (process, "one\n");
  cli_process_write (process, "two\n");
  cli_process_read_until (process, "two\n");
  g_assert_cmpint (cli_process_finish (process, &out, NULL), ==, 0);
  g_assert_cmpstr (out, ==, "one\ntwo\n");
}

static void
test_several_have_names (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result =
      cli_run (fixture, "run", "--name", "web", "--instances", "2", "--", CHILD, "echo", "hello", NULL);

  cli_assert_code (result, 0);
  g_assert_nonnull (strstr (cli_out (&result), "web.1 | hello\n"));
  g_assert_nonnull (strstr (cli_out (&result), "web.2 | hello\n"));
  g_assert_cmpuint (strlen (cli_out (&result)), ==, 2 * strlen ("web.1 | hello\n"));
}

static void
test_first_failure_of_several (CliFixture *fixture, gconstpointer data)
{
  /* The second instance fails at once, the first one well after that. */
  g_auto (CliResult) result =
      cli_run (fixture, "run", "-i", "2", "--kind", "exec",
               "if [ $TROUPE_INSTANCE = 2 ]; then echo $$ >pid; exit 7; fi; "
               "until [ -s pid ]; do :; done; while kill -0 $(cat pid) 2>/dev/null; do :; done; exit 4",
               NULL);

  cli_assert_code (result, 7);
}

static void
test_exec_kind (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) one = cli_run (fixture, "run", "--kind", "exec", "echo a b | tr ab xy; exit 5", NULL);
  g_auto (CliResult) words = cli_run (fixture, "run", "--kind", "exec", "--", "echo", "$((1 + 1))", NULL);

  cli_assert_code (one, 5);
  g_assert_cmpstr (cli_out (&one), ==, "x y\n");
  cli_assert_code (words, 0);
  g_assert_cmpstr (cli_out (&words), ==, "2\n");
}

static void
test_timeout_and_max_buffer (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) slow = cli_run (fixture, "run", "--timeout", "100ms", "--", CHILD, "sleep", NULL);
  g_auto (CliResult) loud =
      cli_run (fixture, "run", "--kind", "exec-file", "--max-buffer", "1000", "--", CHILD, "flood", "0", NULL);

  cli_assert_code (slow, 143);
  g_assert_nonnull (strstr (cli_err (&slow), "timeout"));
  cli_assert_code (loud, 143);
  g_assert_nonnull (strstr (cli_err (&loud), "max-buffer"));
}

static void
test_environment (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) first = cli_run (fixture, "list", NULL);
  g_auto (CliResult) given = cli_run (fixture, "run", "--env", "CLI_A=1 2", "-e", "CLI_B=", "--", CHILD, "env",
                                      "CLI_A", "CLI_B", NULL);
  g_auto (CliResult) unset = cli_run (fixture, "run", "--env", "CLI_NOT_SET", "true", NULL);

  cli_assert_code (first, 0);
  cli_assert_code (given, 0);
  g_assert_nonnull (strstr (cli_out (&given), "1 2"));
  cli_assert_code (unset, 1);
  g_assert_nonnull (strstr (cli_err (&unset), "CLI_NOT_SET"));
}

/* The engine runs already, without what this shell has set since. */
static void
test_shell_environment (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) first = cli_run (fixture, "list", NULL);

  cli_assert_code (first, 0);
  g_assert_true (g_setenv ("CLI_OF_THE_SHELL", "yes", TRUE));
  {
    g_auto (CliResult) result = cli_run (fixture, "run", "--", CHILD, "env", "CLI_OF_THE_SHELL", NULL);

    g_unsetenv ("CLI_OF_THE_SHELL");
    cli_assert_code (result, 0);
    g_assert_nonnull (strstr (cli_out (&result), "yes"));
  }
}

static void
test_same_command_is_one_entry (CliFixture *fixture, gconstpointer data)
{
  for (int i = 0; i < 3; i++)
    {
      g_auto (CliResult) result = cli_run (fixture, "run", "--", CHILD, "exit", "0", NULL);

      cli_assert_code (result, 0);
    }
  {
    g_auto (CliResult) other = cli_run (fixture, "run", "--", CHILD, "exit", "1", NULL);
    g_autofree char *runs = cli_list_get (fixture, "test-child", "run");
    g_autofree char *other_runs = cli_list_get (fixture, "test-child-2", "run");

    cli_assert_code (other, 1);
    g_assert_cmpstr (runs, ==, "3");
    g_assert_cmpstr (other_runs, ==, "1");
  }
}

static void
test_named_is_replaced (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) first = cli_run (fixture, "run", "--name", "job", "--", CHILD, "echo", "one", NULL);
  g_auto (CliResult) second = cli_run (fixture, "run", "--name", "job", "--", CHILD, "echo", "two", NULL);
  CliProcess *process = cli_start (fixture, "run", "--name", "job", "--", CHILD, "sleep", NULL);
  g_autofree char *runs = NULL;

  g_assert_cmpstr (cli_out (&first), ==, "one\n");
  g_assert_cmpstr (cli_out (&second), ==, "two\n");
  cli_process_read_until (process, "ready");
  {
    g_auto (CliResult) busy = cli_run (fixture, "run", "--name", "job", "true", NULL);

    cli_assert_code (busy, 1);
    g_assert_nonnull (strstr (cli_err (&busy), "running already"));
  }
  runs = cli_list_get (fixture, "job", "run");
  g_assert_cmpstr (runs, ==, "3");
  cli_process_signal (process, SIGTERM);
  g_assert_cmpint (cli_process_finish (process, NULL, NULL), ==, 143);
}

static void
test_kept_in_list (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "--name", "kept", "--", CHILD, "echo", "again", NULL);
  g_auto (CliResult) logs = cli_run (fixture, "logs", "kept", NULL);
  g_autofree char *state = cli_list_get (fixture, "kept", "state");

  cli_assert_code (result, 0);
  cli_assert_code (logs, 0);
  g_assert_cmpstr (cli_out (&logs), ==, "again\n");
  g_assert_cmpstr (state, ==, "\"exited\"");
}

static void
test_interrupt_reaches_it (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--", CHILD, "catch-term", "9", NULL);
  g_autofree char *out = NULL;

  cli_process_read_until (process, "ready\n");
  cli_process_signal (process, SIGINT);
  g_assert_cmpint (cli_process_finish (process, &out, NULL), ==, 9);
  g_assert_nonnull (strstr (out, "signal 2\n"));
}

static void
test_interrupt_ends_it (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--", CHILD, "sleep", NULL);

  cli_process_read_until (process, "ready\n");
  cli_process_signal (process, SIGINT);
  g_assert_cmpint (cli_process_finish (process, NULL, NULL), ==, 130);
}

static void
test_second_interrupt_kills (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--name", "deaf", "--", CHILD, "ignore-term", NULL);

  cli_process_read_until (process, "ready\n");
  cli_process_signal (process, SIGINT);
  /* The same signal twice at once would count as one. */
  {
    CliProcess *events = cli_start (fixture, "events", "deaf", "--follow", NULL);

    cli_process_read_until (events, "signal");
    cli_process_signal (events, SIGTERM);
    cli_process_finish (events, NULL, NULL);
  }
  cli_process_signal (process, SIGINT);
  g_assert_cmpint (cli_process_finish (process, NULL, NULL), ==, 137);
}

static void
test_terminate_stops_it (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--restart", "always", "--", CHILD, "catch-term", "0", NULL);
  g_autofree char *out = NULL;

  cli_process_read_until (process, "ready\n");
  cli_process_signal (process, SIGTERM);
  g_assert_cmpint (cli_process_finish (process, &out, NULL), ==, 0);
  g_assert_nonnull (strstr (out, "signal 15\n"));
}

static void
test_restarts_are_shown (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *marker = g_build_filename (fixture->work_dir, "marker", NULL);
  CliProcess *process = cli_start (fixture, "run", "--name", "again", "--restart", "on-failure", "--", CHILD,
                                   "fail-first", marker, "2", "5", NULL);

  cli_process_read_until (process, "ready\n");
  cli_process_signal (process, SIGTERM);
  cli_process_finish (process, NULL, NULL);
  {
    g_autofree char *runs = cli_list_get (fixture, "again", "run");

    g_assert_cmpstr (runs, ==, "3");
  }
}

/* As `yes | head`: who reads no more ends who writes. */
static void
test_closed_output_stops_it (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "--name", "loud", "--", CHILD, "flood", "0", NULL);
  g_autofree char *state = NULL;
  int code;

  cli_process_read_until (process, "\n");
  g_input_stream_close (g_subprocess_get_stdout_pipe (process->process), NULL, NULL);
  g_subprocess_wait (process->process, NULL, NULL);
  code = g_subprocess_get_exit_status (process->process);
  g_assert_cmpint (code, >=, 128);
  g_object_unref (process->process);
  g_string_free (process->seen, TRUE);
  g_free (process);
  {
    g_auto (CliResult) ended = cli_run (fixture, "wait", "loud", NULL);

    cli_assert_code (ended, 0);
  }
  state = cli_list_get (fixture, "loud", "state");
  g_assert_cmpstr (state, ==, "\"stopped\"");
}

static void
test_engine_killed (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *gate = g_build_filename (fixture->work_dir, "gate", NULL);
  CliProcess *process = cli_start (fixture, "run", "--name", "tough", "--", CHILD, "until-file", gate, "6", NULL);
  g_autofree char *out = NULL, *err = NULL;

  cli_process_read_until (process, "ready\n");
  cli_wait_until_saved (fixture, "tough");
  cli_kill_engine (fixture);
  cli_write_file (fixture, "gate", "");
  g_assert_cmpint (cli_process_finish (process, &out, &err), ==, 6);
  g_assert_cmpstr (out, ==, "ready\ndone\n");
  {
    g_autofree char *code = cli_list_get (fixture, "tough", "exit_code");

    g_assert_cmpstr (code, ==, "6");
  }
}

static void
test_detach (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "-d", "-i", "2", "-n", "bg", "--", CHILD, "sleep", NULL);
  g_auto (CliResult) missing = cli_run (fixture, "run", "-d", "--", "nodee", NULL);
  g_autofree char *state = cli_list_get (fixture, "bg.2", "state");

  cli_assert_code (result, 0);
  g_assert_cmpstr (cli_out (&result), ==, "bg.1\nbg.2\n");
  g_assert_cmpstr (state, ==, "\"running\"");
  cli_assert_code (missing, 127);
}

static void
test_usage (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) nothing = cli_run (fixture, "run", NULL);
  g_auto (CliResult) option = cli_run (fixture, "run", "--bogus", "true", NULL);
  g_auto (CliResult) kind = cli_run (fixture, "run", "--kind", "spwan", "true", NULL);
  g_auto (CliResult) binary = cli_run (fixture, "run", "echo", "\xff", NULL);

  cli_assert_code (nothing, 2);
  cli_assert_code (option, 2);
  cli_assert_code (kind, 1);
  g_assert_nonnull (strstr (cli_err (&kind), "kind"));
  cli_assert_code (binary, 1);
  g_assert_nonnull (strstr (cli_err (&binary), "UTF-8"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/run/passes-output-and-code", test_output_and_code);
  cli_test_add ("/cli/run/adds-no-newline", test_no_newline_added);
  cli_test_add ("/cli/run/codes-of-ends", test_codes);
  cli_test_add ("/cli/run/missing-interpreter", test_missing_interpreter);
  cli_test_add ("/cli/run/binary-both-ways", test_binary_both_ways);
  cli_test_add ("/cli/run/both-streams-are-exact", test_both_streams_exact);
  cli_test_add ("/cli/run/the-last-line-is-there", test_last_line_is_there);
  cli_test_add ("/cli/run/empty-input-ends", test_empty_input_ends);
  cli_test_add ("/cli/run/input-line-by-line", test_input_line_by_line);
  cli_test_add ("/cli/run/several-have-names", test_several_have_names);
  cli_test_add ("/cli/run/first-failure-of-several", test_first_failure_of_several);
  cli_test_add ("/cli/run/exec", test_exec_kind);
  cli_test_add ("/cli/run/timeout-and-max-buffer", test_timeout_and_max_buffer);
  cli_test_add ("/cli/run/environment", test_environment);
  cli_test_add ("/cli/run/environment-of-the-shell", test_shell_environment);
  cli_test_add ("/cli/run/same-command-is-one-entry", test_same_command_is_one_entry);
  cli_test_add ("/cli/run/named-is-replaced", test_named_is_replaced);
  cli_test_add ("/cli/run/kept-in-list", test_kept_in_list);
  cli_test_add ("/cli/run/interrupt-reaches-it", test_interrupt_reaches_it);
  cli_test_add ("/cli/run/interrupt-ends-it", test_interrupt_ends_it);
  cli_test_add ("/cli/run/second-interrupt-kills", test_second_interrupt_kills);
  cli_test_add ("/cli/run/terminate-stops-it", test_terminate_stops_it);
  cli_test_add ("/cli/run/restarts-are-shown", test_restarts_are_shown);
  cli_test_add ("/cli/run/closed-output-stops-it", test_closed_output_stops_it);
  cli_test_add ("/cli/run/engine-killed", test_engine_killed);
  cli_test_add ("/cli/run/detach", test_detach);
  cli_test_add ("/cli/run/usage", test_usage);
  return g_test_run ();
}
