/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* All commands but run and logs, from end to end. */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli-fixture.h"
#include "cli/json-object.h"

#define CHILD cli_test_child ()

static void
run_detached (CliFixture *fixture, const char *name, const char *mode)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "-d", "-n", name, "--", CHILD, mode, NULL);

  cli_assert_code (result, 0);
}

static void
assert_state (CliFixture *fixture, const char *worker, const char *wanted)
{
  g_autofree char *state = cli_list_get (fixture, worker, "state");
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", wanted);

  g_assert_cmpstr (state, ==, quoted);
}

static void
test_help_and_version (CliFixture *fixture, gconstpointer data)
{
  static const char *const commands[] = { "run",    "up",    "down", "list",    "logs",   "wait",   "input",
                                          "signal", "start", "stop", "restart", "remove", "events", "quit" };
  g_auto (CliResult) version = cli_run (fixture, "--version", NULL);
  g_auto (CliResult) help = cli_run (fixture, "--help", NULL);
  g_auto (CliResult) none = cli_run (fixture, NULL);
  g_auto (CliResult) slip = cli_run (fixture, "lsit", NULL);

  cli_assert_code (version, 0);
  g_assert_cmpstr (cli_out (&version), ==, "troupectl " TROUPE_VERSION "\n");
  cli_assert_code (help, 0);
  cli_assert_code (none, 2);
  cli_assert_code (slip, 2);
  g_assert_nonnull (strstr (cli_err (&slip), "did you mean “list”"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_auto (CliResult) one = cli_run (fixture, commands[i], "--help", NULL);
      g_auto (CliResult) same = cli_run (fixture, "help", commands[i], NULL);
      g_autofree char *line = g_strdup_printf ("\n  %s ", commands[i]);

      cli_assert_code (one, 0);
      g_assert_cmpstr (cli_out (&one), ==, cli_out (&same));
      g_assert_nonnull (strstr (cli_out (&help), line));
    }
}

static void
test_usage (CliFixture *fixture, gconstpointer data)
{
  static const char *const lines[][4] = {
    { "wait" },           { "wait", "a", "b" },        { "wait", "a", "--for=asleep" }, { "wait", "a", "--timeout=x" },
    { "stop" },           { "signal", "a" },           { "signal", "a", "NOSUCH" },     { "input", "a" },
    { "down", "a", "b" }, { "list", "--bogus" },       { "logs", "--since=soon" },      { "logs", "--grep=(" },
    { "quit", "now" },    { "logs", "--stream=both" }, { "logs", "--run=first" },       { "logs", "-f", "-u1m" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      const char *argv[] = { lines[i][0], lines[i][1], lines[i][2], lines[i][3], NULL };
      g_auto (CliResult) result = cli_run_argv (fixture, argv, NULL);
      const char *newline = strchr (cli_err (&result), '\n');

      cli_assert_code (result, 2);
      g_assert_nonnull (newline);
      g_assert_cmpstr (newline, ==, "\n");
    }
}

static void
test_no_such_worker (CliFixture *fixture, gconstpointer data)
{
  static const char *const lines[][3] = {
    { "list", "wbe" },        { "logs", "wbe" }, { "wait", "wbe" },  { "input", "wbe", "x" },
    { "signal", "wbe", "1" }, { "stop", "wbe" }, { "start", "wbe" }, { "restart", "wbe" },
    { "remove", "wbe" },      { "events", "wbe" },
  };

  run_detached (fixture, "web", "sleep");
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      const char *argv[] = { lines[i][0], lines[i][1], lines[i][2], NULL };
      g_auto (CliResult) result = cli_run_argv (fixture, argv, NULL);

      cli_assert_code (result, 3);
      g_assert_cmpstr (cli_err (&result), ==, "troupectl: There is no worker “wbe”; did you mean “web”?\n");
    }
  {
    g_auto (CliResult) down = cli_run (fixture, "down", "shop", NULL);

    cli_assert_code (down, 3);
  }
}

static void
test_unreachable (CliFixture *fixture, gconstpointer data)
{
  static const char *const commands[] = { "list", "quit", "down" };
  g_autofree char *address = g_steal_pointer (&fixture->address);

  fixture->address = g_strdup ("unix:path=/not/there");
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_auto (CliResult) result = cli_run (fixture, commands[i], NULL);

      cli_assert_code (result, 4);
      g_assert_nonnull (strstr (cli_err (&result), "session bus"));
    }
  g_free (fixture->address);
  fixture->address = g_steal_pointer (&address);
}

static const char *const list_fields[] = {
  "name",        "project",   "program",     "instance",       "kind",          "state",   "pid",
  "tid",         "run",       "restarts",    "exit_code",      "exit_signal",   "cpu_percent",
  "memory_bytes", "threads",  "descendants", "uptime_seconds", "ready_address", "journal",
  "queue",        "loop_percent", "heap_used_bytes", "heap_total_bytes", "progress_percent",
};

static void
test_list_json (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) empty = cli_run (fixture, "list", "--json", NULL);
  g_auto (CliResult) ended = cli_run (fixture, "run", "-n", "dead", "--", CHILD, "die", "9", NULL);
  g_auto (CliResult) list = { 0 };
  g_auto (GStrv) lines = NULL;
  g_autofree char *pid = NULL, *signal = NULL, *code = NULL, *dead_pid = NULL, *dead_uptime = NULL, *uptime = NULL;

  g_assert_cmpstr (cli_out (&empty), ==, "[]\n");
  cli_assert_code (ended, 137);
  run_detached (fixture, "alive", "sleep");
  list = cli_run (fixture, "list", "--json", NULL);
  cli_assert_code (list, 0);
  lines = g_strsplit (cli_out (&list), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  g_assert_cmpstr (lines[0], ==, "[");
  g_assert_cmpstr (lines[3], ==, "]");
  for (int i = 1; i <= 2; i++)
    {
      g_autoptr (GPtrArray) members = troupe_json_object_split (lines[i], strlen (lines[i]) - (i == 1 ? 1 : 0));

      g_assert_nonnull (members);
      g_assert_cmpuint (members->len, ==, G_N_ELEMENTS (list_fields));
      for (guint j = 0; j < members->len; j++)
        g_assert_cmpstr (((TroupeJsonMember *) members->pdata[j])->key, ==, list_fields[j]);
    }
  pid = cli_list_get (fixture, "alive", "pid");
  uptime = cli_list_get (fixture, "alive", "uptime_seconds");
  dead_pid = cli_list_get (fixture, "dead", "pid");
  dead_uptime = cli_list_get (fixture, "dead", "uptime_seconds");
  signal = cli_list_get (fixture, "dead", "exit_signal");
  code = cli_list_get (fixture, "dead", "exit_code");
  g_assert_cmpint (kill ((pid_t) g_ascii_strtoll (pid, NULL, 10), 0), ==, 0);
  g_assert_cmpfloat (g_ascii_strtod (uptime, NULL), >=, 0.0);
  g_assert_cmpstr (uptime, !=, "null");
  g_assert_cmpstr (dead_pid, ==, "null");
  g_assert_cmpstr (dead_uptime, ==, "null");
  g_assert_cmpstr (signal, ==, "\"SIGKILL\"");
  g_assert_cmpstr (code, ==, "null");
}

static void
test_list_table (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) ended = cli_run (fixture, "run", "-n", "done", "--", CHILD, "exit", "3", NULL);
  g_auto (CliResult) all = { 0 };
  g_auto (CliResult) one = { 0 };

  run_detached (fixture, "web", "sleep");
  all = cli_run (fixture, "list", NULL);
  one = cli_run (fixture, "list", "web", NULL);
  cli_assert_code (ended, 3);
  cli_assert_code (all, 0);
  cli_assert_code (one, 0);
  g_assert_true (g_str_has_prefix (cli_out (&all), "NAME"));
  g_assert_nonnull (strstr (cli_out (&all), "code 3"));
  g_assert_nonnull (strstr (cli_out (&all), "running"));
  g_assert_null (strstr (cli_out (&one), "done"));
  /* No escape sequences where no terminal is. */
  g_assert_null (strchr (cli_out (&all), '\033'));
}

static void
test_list_names (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) before = cli_run (fixture, "list", "--names", NULL);
  g_auto (CliResult) run = { 0 };
  g_auto (CliResult) names = { 0 };

  cli_assert_code (before, 0);
  g_assert_cmpstr (cli_out (&before), ==, "");
  g_assert_cmpint (cli_get_engine_pid (fixture), ==, 0);
  run = cli_run (fixture, "run", "-d", "-i", "2", "-n", "web", "--", CHILD, "sleep", NULL);
  cli_assert_code (run, 0);
  names = cli_run (fixture, "list", "--names", NULL);
  g_assert_cmpstr (cli_out (&names), ==, "web\nweb.1\nweb.2\n");
}

static void
test_stop_start_restart_remove (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) run = cli_run (fixture, "run", "-d", "-i", "2", "-n", "web", "--", CHILD, "sleep", NULL);
  g_auto (CliResult) stop = cli_run (fixture, "stop", "web.1", NULL);
  g_autofree char *first_run = NULL, *second_run = NULL;

  cli_assert_code (run, 0);
  cli_assert_code (stop, 0);
  assert_state (fixture, "web.1", "stopped");
  assert_state (fixture, "web.2", "running");
  {
    g_auto (CliResult) start = cli_run (fixture, "start", "web", NULL);

    cli_assert_code (start, 0);
  }
  assert_state (fixture, "web.1", "running");
  first_run = cli_list_get (fixture, "web.2", "run");
  g_assert_cmpstr (first_run, ==, "1");
  {
    g_auto (CliResult) restart = cli_run (fixture, "restart", "default/web", NULL);

    cli_assert_code (restart, 0);
  }
  second_run = cli_list_get (fixture, "web.2", "run");
  g_assert_cmpstr (second_run, ==, "2");
  {
    g_auto (CliResult) half = cli_run (fixture, "remove", "web.1", NULL);
    g_auto (CliResult) all = cli_run (fixture, "remove", "web", NULL);
    g_auto (CliResult) list = cli_run (fixture, "list", "--json", NULL);

    cli_assert_code (half, 1);
    cli_assert_code (all, 0);
    g_assert_cmpstr (cli_out (&list), ==, "[]\n");
  }
}

static void
test_start_that_cannot (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) run = cli_run (fixture, "run", "-n", "bad", "--", "nodee", NULL);
  g_auto (CliResult) start = cli_run (fixture, "start", "bad", NULL);
  g_auto (CliResult) fails = cli_run (fixture, "run", "-n", "fails", "--", CHILD, "exit", "4", NULL);
  g_auto (CliResult) start_fails = cli_run (fixture, "start", "fails", NULL);

  cli_assert_code (run, 127);
  cli_assert_code (start, 1);
  g_assert_nonnull (strstr (cli_err (&start), "nodee"));
  /* That it ends with 4 is its own affair: it was started. */
  cli_assert_code (fails, 4);
  cli_assert_code (start_fails, 0);
}

static void
test_stop_takes_all (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process = cli_start (fixture, "run", "-n", "tree", "--", CHILD, "daemon", "keep", "wait", NULL);
  pid_t daemon;

  cli_process_read_until (process, "ready\n");
  daemon = (pid_t) g_ascii_strtoll (process->seen->str, NULL, 10);
  g_assert_cmpint (daemon, >, 0);
  {
    g_auto (CliResult) stop = cli_run (fixture, "stop", "tree", NULL);

    cli_assert_code (stop, 0);
  }
  g_assert_cmpint (kill (daemon, 0), ==, -1);
  cli_process_finish (process, NULL, NULL);
}

static void
test_input_and_signal (CliFixture *fixture, gconstpointer data)
{
  const char *from_stdin[] = { "input", "parrot", "-", NULL };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\0three\n", 7);
  CliProcess *logs = NULL;
  g_auto (CliResult) stdin_result = { 0 };

  run_detached (fixture, "parrot", "cat");
  logs = cli_start (fixture, "logs", "parrot", "--follow", NULL);
  {
    g_auto (CliResult) one = cli_run (fixture, "input", "parrot", "one", NULL);
    g_auto (CliResult) two = cli_run (fixture, "input", "-n", "parrot", "--", "-two", NULL);

    cli_assert_code (one, 0);
    cli_assert_code (two, 0);
  }
  /* Not ended by a newline, and shown all the same. */
  cli_process_read_until (logs, "one\n-two");
  stdin_result = cli_run_argv (fixture, from_stdin, bytes);
  cli_assert_code (stdin_result, 0);
  {
    g_auto (CliResult) end = cli_run (fixture, "input", "--end", "parrot", NULL);
    g_auto (CliResult) wait = cli_run (fixture, "wait", "parrot", "--for", "exited", NULL);
    g_auto (CliResult) all = cli_run (fixture, "logs", "parrot", NULL);
    g_auto (CliResult) late = cli_run (fixture, "input", "parrot", "late", NULL);

    cli_assert_code (end, 0);
    cli_assert_code (wait, 0);
    g_assert_cmpuint (g_bytes_get_size (all.out), ==, 15);
    g_assert_cmpmem (cli_out (&all), 15, "one\n-two\0three\n", 15);
    cli_assert_code (late, 1);
  }
  cli_process_signal (logs, SIGTERM);
  cli_process_finish (logs, NULL, NULL);
  run_detached (fixture, "catcher", "catch-term");
  {
    CliProcess *ready = cli_start (fixture, "logs", "catcher", "--follow", NULL);
    g_auto (CliResult) signalled = { 0 };

    cli_process_read_until (ready, "ready\n");
    signalled = cli_run (fixture, "signal", "catcher", "usr1", NULL);
    cli_assert_code (signalled, 0);
    cli_process_read_until (ready, "signal 10\n");
    cli_process_signal (ready, SIGTERM);
    cli_process_finish (ready, NULL, NULL);
  }
}

static void
test_wait (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *gate = g_build_filename (fixture->work_dir, "gate", NULL);
  g_auto (CliResult) run = cli_run (fixture, "run", "-d", "-n", "job", "--", CHILD, "until-file", gate, "0", NULL);
  CliProcess *waiting = NULL;

  cli_assert_code (run, 0);
  {
    g_auto (CliResult) running = cli_run (fixture, "wait", "job", "--for", "running", NULL);
    g_auto (CliResult) too_long = cli_run (fixture, "wait", "job", "--timeout", "50ms", NULL);

    cli_assert_code (running, 0);
    cli_assert_code (too_long, 1);
    g_assert_nonnull (strstr (cli_err (&too_long), "still running"));
  }
  waiting = cli_start (fixture, "wait", "job", NULL);
  cli_write_file (fixture, "gate", "");
  g_assert_cmpint (cli_process_finish (waiting, NULL, NULL), ==, 0);
  {
    g_auto (CliResult) never = cli_run (fixture, "wait", "job", "--for", "ready", NULL);

    cli_assert_code (never, 1);
    g_assert_nonnull (strstr (cli_err (&never), "will not become ready"));
  }
}

/* Whether it has asked the engine by then or not, it waits on with the next one. */
static void
test_wait_outlives_engine (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *gate = g_build_filename (fixture->work_dir, "gate", NULL);
  g_auto (CliResult) run = cli_run (fixture, "run", "-d", "-n", "job", "--", CHILD, "until-file", gate, "7", NULL);
  CliProcess *waiting = NULL;
  g_autofree char *code = NULL;

  cli_assert_code (run, 0);
  cli_wait_until_saved (fixture, "job");
  waiting = cli_start (fixture, "wait", "job", "--for", "failed", NULL);
  cli_kill_engine (fixture);
  cli_write_file (fixture, "gate", "");
  g_assert_cmpint (cli_process_finish (waiting, NULL, NULL), ==, 0);
  code = cli_list_get (fixture, "job", "exit_code");
  g_assert_cmpstr (code, ==, "7");
}

/* Same processes, same runs, and an exit code from the time when there was no engine. */
static void
test_engine_is_replaced (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *gate = g_build_filename (fixture->work_dir, "gate", NULL);
  g_auto (CliResult) run = cli_run (fixture, "run", "-d", "-n", "job", "--", CHILD, "until-file", gate, "7", NULL);
  CliProcess *follow = cli_start (fixture, "logs", "job", "--follow", NULL);
  g_autofree char *pid = NULL, *new_pid = NULL, *code = NULL, *runs = NULL;

  cli_assert_code (run, 0);
  run_detached (fixture, "stays", "sleep");
  pid = cli_list_get (fixture, "stays", "pid");
  cli_process_read_until (follow, "ready\n");
  cli_wait_until_saved (fixture, "stays");
  cli_kill_engine (fixture);
  cli_write_file (fixture, "gate", "");
  /* The reader of the journal sees the end without any engine. */
  cli_process_read_until (follow, "done\n");
  cli_process_signal (follow, SIGTERM);
  cli_process_finish (follow, NULL, NULL);
  {
    g_auto (CliResult) wait = cli_run (fixture, "wait", "job", NULL);

    cli_assert_code (wait, 0);
  }
  new_pid = cli_list_get (fixture, "stays", "pid");
  code = cli_list_get (fixture, "job", "exit_code");
  runs = cli_list_get (fixture, "job", "run");
  g_assert_cmpstr (new_pid, ==, pid);
  g_assert_cmpstr (code, ==, "7");
  g_assert_cmpstr (runs, ==, "1");
}

static void
test_up_and_down (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_strdup_printf ("[project]\nname=shop\n\n"
                                           "[program web]\ncommand=%s sleep\ninstances=2\nbogus=1\n"
                                           "[program job]\ncommand=%s echo 'done it'\n",
                                           CHILD, CHILD);
  g_auto (CliResult) waited = { 0 };
  CliProcess *up = NULL;
  g_autofree char *out = NULL, *err = NULL;

  cli_write_file (fixture, "shop.troupe", file);
  up = cli_start (fixture, "up", NULL);
  cli_process_read_until (up, "web.1 | ready\n");
  cli_process_read_until (up, "web.2 | ready\n");
  cli_process_read_until (up, "done it\n");
  waited = cli_run (fixture, "wait", "job", "--for", "exited", NULL);
  cli_assert_code (waited, 0);
  cli_process_signal (up, SIGINT);
  g_assert_cmpint (cli_process_finish (up, &out, &err), ==, 1);
  g_assert_nonnull (strstr (out, "job   | done it\n"));
  g_assert_nonnull (strstr (err, "bogus"));
  g_assert_nonnull (strstr (err, "web.1: stopped by SIGTERM"));
  g_assert_nonnull (strstr (err, "job: exited with code 0"));
  assert_state (fixture, "web.2", "stopped");
  {
    g_auto (CliResult) detached = cli_run (fixture, "up", "shop.troupe", "--detach", NULL);
    g_auto (CliResult) wait = cli_run (fixture, "wait", "shop/job", NULL);
    g_auto (CliResult) down = cli_run (fixture, "down", NULL);
    g_auto (CliResult) list = cli_run (fixture, "list", "--json", NULL);
    g_auto (CliResult) logs = cli_run (fixture, "logs", "shop/job", NULL);

    cli_assert_code (detached, 0);
    g_assert_cmpstr (cli_out (&detached), ==, "shop\n");
    cli_assert_code (wait, 0);
    cli_assert_code (down, 0);
    g_assert_cmpstr (cli_out (&list), ==, "[]\n");
    /* Journals stay. */
    g_assert_cmpstr (cli_out (&logs), ==, "done it\n");
  }
}

static void
test_up_until_all_ended (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *good = g_strdup_printf ("[program a]\ncommand=%s echo A\n[program b]\ncommand=%s lines 1000\n",
                                           CHILD, CHILD);
  g_autofree char *bad = g_strdup_printf ("[program a]\ncommand=%s exit 5\n", CHILD);
  g_auto (CliResult) well = { 0 };
  g_auto (CliResult) badly = { 0 };
  g_auto (CliResult) again = { 0 };
  g_auto (CliResult) nothing = { 0 };
  g_auto (CliResult) wrong = { 0 };
  g_auto (GStrv) lines = NULL;

  cli_write_file (fixture, "good.troupe", good);
  cli_write_file (fixture, "wrong.troupe", "[program a]\ncomand=x\n");
  cli_write_file (fixture, "bad.troupe", bad);
  well = cli_run (fixture, "up", "good.troupe", NULL);
  cli_assert_code (well, 0);
  lines = g_strsplit (cli_out (&well), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 1002);
  /* Only what is new is shown. */
  again = cli_run (fixture, "up", "good.troupe", NULL);
  cli_assert_code (again, 0);
  g_assert_cmpuint (g_bytes_get_size (again.out), ==, g_bytes_get_size (well.out));
  badly = cli_run (fixture, "up", "bad.troupe", NULL);
  cli_assert_code (badly, 1);
  g_assert_nonnull (strstr (cli_err (&badly), "a: exited with code 5"));
  nothing = cli_run (fixture, "up", "not-there.troupe", NULL);
  cli_assert_code (nothing, 1);
  g_assert_nonnull (strstr (cli_err (&nothing), "not-there.troupe"));
  wrong = cli_run (fixture, "up", "wrong.troupe", NULL);
  cli_assert_code (wrong, 1);
  g_assert_cmpstr (cli_err (&wrong), ==,
                   "troupectl: wrong.troupe:1: command: Nothing to run: expected a command\n"
                   "troupectl: wrong.troupe:2: unknown key “comand”, ignored; did you mean “command”?\n");
}

static void
test_events (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) run = cli_run (fixture, "run", "-n", "job", "--", CHILD, "exit", "3", NULL);
  g_auto (CliResult) json = cli_run (fixture, "events", "job", "--json", NULL);
  g_auto (CliResult) text = cli_run (fixture, "events", NULL);
  g_autofree char *chomped = g_strchomp (g_strdup (cli_out (&json)));
  g_auto (GStrv) lines = g_strsplit (chomped, "\n", -1);
  g_autofree char *last_time = g_strdup ("");
  gboolean saw_exit = FALSE;
  CliProcess *follow = NULL;

  cli_assert_code (run, 3);
  cli_assert_code (json, 0);
  cli_assert_code (text, 0);
  g_assert_cmpuint (g_strv_length (lines), >=, 4);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) members = troupe_json_object_split (lines[i], strlen (lines[i]));
      TroupeJsonMember *time, *worker, *event;

      g_assert_nonnull (members);
      g_assert_cmpuint (members->len, >=, 3);
      time = members->pdata[0];
      worker = members->pdata[1];
      event = members->pdata[2];
      g_assert_cmpstr (time->key, ==, "time");
      g_assert_cmpstr (worker->key, ==, "worker");
      g_assert_cmpstr (worker->raw, ==, "\"job\"");
      g_assert_cmpstr (event->key, ==, "event");
      g_assert_cmpint (strcmp (time->raw, last_time), >=, 0);
      g_free (last_time);
      last_time = g_strdup (time->raw);
      saw_exit |= strcmp (event->raw, "\"exit\"") == 0;
    }
  g_assert_true (saw_exit);
  /* New runs and new workers are followed, too. */
  follow = cli_start (fixture, "events", "--follow", "--json", NULL);
  cli_process_read_until (follow, "\"exit\"");
  run_detached (fixture, "later", "sleep");
  cli_process_read_until (follow, "\"worker\":\"later\"");
  cli_process_signal (follow, SIGTERM);
  g_assert_cmpint (cli_process_finish (follow, NULL, NULL), ==, 128 + SIGTERM);
}

static void
test_quit (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) nothing = cli_run (fixture, "quit", NULL);

  cli_assert_code (nothing, 0);
  g_assert_cmpint (cli_get_engine_pid (fixture), ==, 0);
  run_detached (fixture, "job", "sleep");
  cli_wait_until_saved (fixture, "job");
  /* What a killed engine left behind is ended, too: tear-down looks for it. */
  cli_kill_engine (fixture);
  {
    g_auto (CliResult) quit = cli_run (fixture, "quit", NULL);

    cli_assert_code (quit, 0);
    g_assert_cmpint (cli_get_engine_pid (fixture), ==, 0);
  }
}

/* The very first answer of an engine that was started by the question. */
static void
test_list_after_engine_was_killed (CliFixture *fixture, gconstpointer data)
{
  run_detached (fixture, "job", "sleep");
  cli_wait_until_saved (fixture, "job");
  {
    g_autofree char *pid = cli_list_get (fixture, "job", "pid");

    for (guint i = 0; i < 5; i++)
      {
        g_autofree char *state = NULL, *pid_now = NULL;

        cli_kill_engine (fixture);
        state = cli_list_get (fixture, "job", "state");
        pid_now = cli_list_get (fixture, "job", "pid");
        g_assert_cmpstr (state, ==, "\"running\"");
        g_assert_cmpstr (pid_now, ==, pid);
      }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/commands/help-and-version", test_help_and_version);
  cli_test_add ("/cli/commands/usage", test_usage);
  cli_test_add ("/cli/commands/no-such-worker", test_no_such_worker);
  cli_test_add ("/cli/commands/unreachable", test_unreachable);
  cli_test_add ("/cli/list/json", test_list_json);
  cli_test_add ("/cli/list/table", test_list_table);
  cli_test_add ("/cli/list/names-start-no-engine", test_list_names);
  cli_test_add ("/cli/control/stop-start-restart-remove", test_stop_start_restart_remove);
  cli_test_add ("/cli/control/start-that-cannot", test_start_that_cannot);
  cli_test_add ("/cli/control/stop-takes-all", test_stop_takes_all);
  cli_test_add ("/cli/control/input-and-signal", test_input_and_signal);
  cli_test_add ("/cli/wait/states-and-timeout", test_wait);
  cli_test_add ("/cli/wait/outlives-the-engine", test_wait_outlives_engine);
  cli_test_add ("/cli/engine-is-replaced", test_engine_is_replaced);
  cli_test_add ("/cli/list/after-the-engine-was-killed", test_list_after_engine_was_killed);
  cli_test_add ("/cli/project/up-and-down", test_up_and_down);
  cli_test_add ("/cli/project/up-until-all-ended", test_up_until_all_ended);
  cli_test_add ("/cli/events/in-order-and-followed", test_events);
  cli_test_add ("/cli/quit", test_quit);
  return g_test_run ();
}
