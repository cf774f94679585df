/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Scripts written for Node's child_process.fork(), unchanged, and the examples of “Write a worker”:
 * the real engine is their parent. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "cli-fixture.h"
#include "message-fixture.h"

static gboolean
has_program (const char *name)
{
  g_autofree char *path = g_find_program_in_path (name);
  g_autofree char *reason = g_strdup_printf ("%s is not installed", name);

  if (path == NULL)
    g_test_skip (reason);
  return path != NULL;
}

static void
launch (CliFixture *fixture, const char *path)
{
  g_auto (CliResult) result = cli_run (fixture, "run", "--kind", "fork", "--detach", path, NULL);

  cli_assert_code (result, 0);
}

static void
assert_reply (CliFixture *fixture, const char *worker, const char *message, const char *reply)
{
  g_auto (CliResult) result = cli_run (fixture, "send", worker, message, "--reply", NULL);
  g_autoptr (GString) squeezed = g_string_new (NULL);

  cli_assert_code (result, 0);
  /* Languages differ in the blanks they put between tokens. */
  for (const char *p = cli_out (&result); *p != '\0'; p++)
    if (*p != ' ' || (p > cli_out (&result) && p[-1] != ':' && p[-1] != ','))
      g_string_append_c (squeezed, *p);
  g_string_truncate (squeezed, squeezed->len - 1);
  g_assert_cmpstr (squeezed->str, ==, reply);
}

static void
test_forkedchild (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "seeds", "fork", "forkedchild.js", NULL);
  g_autofree char *code = NULL;
  g_auto (CliResult) over = { 0 };

  if (!has_program ("node"))
    return;
  launch (fixture, script);
  /* Its last words and its exit come at once. */
  assert_reply (fixture, "forkedchild", "{\"number\":10007}", "{\"number\":10007,\"isPrime\":true}");
  over = cli_run (fixture, "wait", "forkedchild", "--for", "exited", NULL);
  cli_assert_code (over, 0);
  code = cli_list_get (fixture, "forkedchild", "exit_code");
  g_assert_cmpstr (code, ==, "0");
  assert_conversation (fixture, "forkedchild",
                       "sent {\"number\":10007}|received {\"number\":10007,\"isPrime\":true}|");
}

static void
test_child_script (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "seeds", "fork", "child-script.js", NULL);
  g_auto (CliResult) disconnected = { 0 }, over = { 0 }, logs = { 0 };

  if (!has_program ("node"))
    return;
  launch (fixture, script);
  assert_reply (fixture, "child-script", "{\"hello\":\"world\"}", "{\"msg\":\"Hello from child!\"}");
  assert_reply (fixture, "child-script", "{\"hello\":\"world\"}", "{\"msg\":\"Hello from child!\"}");
  /* Only its channel keeps it alive. */
  disconnected = cli_run (fixture, "disconnect", "child-script", NULL);
  cli_assert_code (disconnected, 0);
  over = cli_run (fixture, "wait", "child-script", "--for", "exited", NULL);
  cli_assert_code (over, 0);
  logs = cli_run (fixture, "logs", "child-script", NULL);
  g_assert_nonnull (strstr (cli_out (&logs), "Message from parent: {"));
  assert_conversation (fixture, "child-script",
                       "sent {\"hello\":\"world\"}|received {\"msg\":\"Hello from child!\"}|"
                       "sent {\"hello\":\"world\"}|received {\"msg\":\"Hello from child!\"}|");
}

/* What a script may ask of Node about its channel. */
static void
test_node_sees_a_channel (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) disconnected = { 0 }, over = { 0 }, events = { 0 };

  if (!has_program ("node"))
    return;
  cli_write_file (fixture, "look.js",
                  "process.on ('message', (command) => {\n"
                  "  if (command === 'look')\n"
                  "    process.send ([process.connected, typeof process.channel.ref, 'NODE_CHANNEL_FD' in process.env,\n"
                  "                   require ('child_process').execSync ('[ -e /dev/fd/3 ] && echo open || echo closed')\n"
                  "                     .toString ().trim ()]);\n"
                  "  else\n"
                  "    process.disconnect ();\n"
                  "});\n"
                  "process.on ('disconnect', () => console.log ('connected', process.connected));\n");
  launch (fixture, "look.js");
  /* Node takes the variable away at its start, and gives its children no channel of its own. */
  assert_reply (fixture, "look", "\"look\"", "[true,\"function\",false,\"closed\"]");
  disconnected = cli_run (fixture, "send", "look", "\"leave\"", NULL);
  cli_assert_code (disconnected, 0);
  over = cli_run (fixture, "wait", "look", "--for", "exited", NULL);
  cli_assert_code (over, 0);
  events = cli_run (fixture, "events", "look", "--json", NULL);
  g_assert_nonnull (strstr (cli_out (&events), "\"event\":\"disconnected\",\"by\":\"worker\""));
}

static void
check_example (CliFixture *fixture, const char *path, const char *worker)
{
  g_auto (CliResult) disconnected = { 0 }, over = { 0 }, logs = { 0 };

  launch (fixture, path);
  assert_reply (fixture, worker, "{\"number\": 7}", "{\"number\":7,\"isPrime\":true}");
  assert_reply (fixture, worker, "{\"number\":12}", "{\"number\":12,\"isPrime\":false}");
  logs = cli_run (fixture, "logs", worker, NULL);
  g_assert_cmpstr (cli_out (&logs), ==, "ready for numbers\n");
  disconnected = cli_run (fixture, "disconnect", worker, NULL);
  cli_assert_code (disconnected, 0);
  over = cli_run (fixture, "wait", worker, "--for", "exited", NULL);
  cli_assert_code (over, 0);
}

static void
test_example (CliFixture *fixture, gconstpointer data)
{
  const char *const *words = data; /* script, then what it needs */
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "data", "write-a-worker", words[0], NULL);

  if (has_program (words[1]))
    check_example (fixture, path, "worker");
}

static void
test_example_c (CliFixture *fixture, gconstpointer data)
{
  check_example (fixture, g_getenv ("EXAMPLE_WORKER"), "example-worker");
}

static void
test_linked_project (CliFixture *fixture, gconstpointer data)
{
  CliProcess *process;
  g_auto (CliResult) up = { 0 }, told = { 0 };

  if (!has_program ("node"))
    return;
  cli_write_file (fixture, "sender.js", "process.on ('message', (m) => process.send ({ doubled: m.n * 2 }));\n"
                                        "process.send ({ ready: true });\n");
  cli_write_file (fixture, "receiver.js", "process.on ('message', (m) => process.send ({ got: m }));\n");
  cli_write_file (fixture, "pair.troupe",
                  "[project]\nname=pair\n\n"
                  "[program a]\nkind=fork\ncommand=sender.js\nlink=b\nready=message\nexec-argv=--no-warnings\nafter=b\n\n"
                  "[program b]\nkind=fork\ncommand=receiver.js\n");
  up = cli_run (fixture, "up", "--detach", "pair.troupe", NULL);
  cli_assert_code (up, 0);
  process = cli_start (fixture, "messages", "pair/b", "--json", "--follow", NULL);
  cli_process_read_until (process, "{\"got\":{\"ready\":true}}");
  told = cli_run (fixture, "send", "pair/a", "{\"n\":21}", "--reply", NULL);
  cli_assert_code (told, 0);
  cli_process_read_until (process, "{\"got\":{\"doubled\":42}}");
  cli_process_signal (process, SIGTERM);
  cli_process_finish (process, NULL, NULL);
  assert_conversation (fixture, "pair/b",
                       "routed from a {\"ready\":true}|received {\"got\":{\"ready\":true}}|"
                       "routed from a {\"doubled\":42}|received {\"got\":{\"doubled\":42}}|");
  assert_conversation (fixture, "pair/a", "received {\"ready\":true}|sent {\"n\":21}|received {\"doubled\":42}|");
}

/* A new engine takes the channel over, and with it what was said while there was none. */
static void
test_engine_killed (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) asked = { 0 }, list = { 0 };
  CliProcess *process;

  if (!has_program ("node"))
    return;
  cli_write_file (fixture, "clock.js", "let n = 0;\n"
                                       "process.on ('message', (m) => process.send ({ again: m }));\n"
                                       "process.on ('SIGUSR1', () => process.send ({ meanwhile: ++n }));\n"
                                       "console.log (process.pid);\n");
  launch (fixture, "clock.js");
  cli_wait_until_saved (fixture, "clock");
  assert_reply (fixture, "clock", "1", "{\"again\":1}");
  {
    g_autofree char *pid = cli_list_get (fixture, "clock", "pid");

    cli_kill_engine (fixture);
    g_assert_cmpint (kill (atoi (pid), SIGUSR1), ==, 0);
  }
  list = cli_run (fixture, "list", NULL);
  cli_assert_code (list, 0);
  process = cli_start (fixture, "messages", "clock", "--follow", NULL);
  cli_process_read_until (process, "← {\"meanwhile\":1}\n");
  cli_process_signal (process, SIGTERM);
  cli_process_finish (process, NULL, NULL);
  assert_reply (fixture, "clock", "2", "{\"again\":2}");
  assert_conversation (fixture, "clock",
                       "sent 1|received {\"again\":1}|received {\"meanwhile\":1}|sent 2|received {\"again\":2}|");
}

int
main (int argc, char **argv)
{
  static const char *const javascript[] = { "worker.js", "node" };
  static const char *const python[] = { "worker.py", "python3" };
  static const char *const shell[] = { "worker.sh", "jq" };

  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/fork/forkedchild", test_forkedchild);
  cli_test_add ("/cli/fork/child-script", test_child_script);
  cli_test_add ("/cli/fork/node-sees-a-channel", test_node_sees_a_channel);
  cli_test_add ("/cli/fork/linked-in-a-project", test_linked_project);
  cli_test_add ("/cli/fork/channel-outlives-the-engine", test_engine_killed);
  g_test_add ("/cli/fork/write-a-worker/javascript", CliFixture, javascript, cli_fixture_set_up, test_example,
              cli_fixture_tear_down);
  g_test_add ("/cli/fork/write-a-worker/python", CliFixture, python, cli_fixture_set_up, test_example,
              cli_fixture_tear_down);
  g_test_add ("/cli/fork/write-a-worker/shell", CliFixture, shell, cli_fixture_set_up, test_example,
              cli_fixture_tear_down);
  cli_test_add ("/cli/fork/write-a-worker/c", test_example_c);
  return g_test_run ();
}
