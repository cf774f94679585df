/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The host for Node modules: what a thread sees, its streams, its ends. */

#include "config.h"

#include "node-suite.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void
test_exit (const char *node)
{
  HostFixture *host = node_host_new (node);

  g_assert_true (g_str_has_prefix (host_fixture_get_runtime (host), "node "));
  node_thread_new (host, "ends.js", "loop", NULL);
  troupe_thread_host_exit (host_fixture_get_host (host), 7);
  g_assert_cmpint (WEXITSTATUS (host_fixture_wait_exit (host)), ==, 7);
  host_fixture_free (host);
}

/* --- What a thread sees ------------------------------------------------------ */

static void
test_environment (const char *node)
{
  HostFixture *host = node_host_new (node);
  g_autofree char *file = node_dup_script ("environment.js");
  const char *const argv[] = { "a b", "\"", NULL };
  const char *const envp[] = { "TROUPE_TEST_SET=\xc3\xa9", "NODE_CHANNEL_FD=3", "NODE_UNIQUE_ID=1", NULL };
  TroupeThreadLaunch launch = {
    .file = file, .name = "web.1", .argv = argv, .envp = envp, .worker_data = "{\"a\":[1,\"\\u00e9\"]}",
  };
  ThreadFixture *thread = thread_fixture_new (host, &launch);

  assert_next_message (thread, "{\"isMainThread\":false,\"hasThreadId\":true,\"workerData\":{\"a\":[1,\"é\"]},"
                               "\"argv\":[\"a b\",\"\\\"\"],\"isFile\":true,\"isMain\":true,\"execArgv\":[],"
                               "\"set\":\"é\",\"channel\":[],\"send\":\"undefined\",\"connected\":null,"
                               "\"chdir\":\"ERR_WORKER_UNSUPPORTED_OPERATION\",\"isPort\":true,\"keys\":0,"
                               "\"given\":null,\"cache\":[],\"listeners\":[],\"handles\":\"ReadableWorkerStdio\"}");
  /* The thread that it makes: the same, and nothing of ours either. */
  assert_next_message (thread, "{\"isMainThread\":false,\"hasThreadId\":true,\"workerData\":\"inner\","
                               "\"argv\":[\"nested\"],\"isFile\":true,\"isMain\":true,\"execArgv\":[],"
                               "\"set\":\"é\",\"channel\":[],\"send\":\"undefined\",\"connected\":null,"
                               "\"chdir\":\"ERR_WORKER_UNSUPPORTED_OPERATION\",\"isPort\":true,\"keys\":0,"
                               "\"given\":null,\"cache\":[],\"listeners\":[],\"handles\":\"ReadableWorkerStdio\"}");
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  assert_output (thread, 1, "from the nested thread\n");
  assert_output (thread, 2, "");
  host_fixture_free (host);
}

static void
test_esm (const char *node)
{
  HostFixture *host = node_host_new (node);
  g_autofree char *file = node_dup_script ("module.mjs");
  ThreadFixture *thread = thread_fixture_new (host, &(TroupeThreadLaunch) { .file = file, .worker_data = "7" });

  assert_next_message (thread, "{\"isMainThread\":false,\"workerData\":7,\"url\":\"module.mjs\",\"same\":true}");
  thread_fixture_send (thread, "\"x\"");
  assert_next_message (thread, "[\"x\"]");
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  host_fixture_free (host);
}

static ThreadFixture *
shared_thread_new (HostFixture *host, const char *const *envp)
{
  g_autofree char *file = node_dup_script ("shared.js");

  return thread_fixture_new (host, &(TroupeThreadLaunch) { .file = file, .envp = envp });
}

static void
test_environment_variables (const char *node)
{
  HostFixture *host = node_host_new (node);
  const char *const envp[] = { "OWN=1", NULL };
  ThreadFixture *a = shared_thread_new (host, NULL), *b = shared_thread_new (host, NULL);
  ThreadFixture *c = shared_thread_new (host, envp), *d = shared_thread_new (host, envp);

  thread_fixture_send (a, "{\"set\":\"SET_IN_WORKER\"}");
  assert_next_message (a, "\"set\"");
  thread_fixture_send (b, "{\"get\":\"SET_IN_WORKER\"}");
  assert_next_message (b, "\"set\"");
  thread_fixture_send (b, "{\"get\":\"NODE_CHANNEL_FD\"}");
  assert_next_message (b, "null");
  thread_fixture_send (c, "{\"get\":\"SET_IN_WORKER\"}");
  assert_next_message (c, "null");
  thread_fixture_send (c, "{\"set\":\"SET_IN_C\"}");
  assert_next_message (c, "\"set\"");
  thread_fixture_send (c, "{\"get\":\"OWN\"}");
  assert_next_message (c, "\"1\"");
  thread_fixture_send (d, "{\"get\":\"SET_IN_C\"}");
  assert_next_message (d, "null");
  thread_fixture_send (a, "{\"get\":\"SET_IN_C\"}");
  assert_next_message (a, "null");
  host_fixture_free (host);
}

static void
test_shared_memory (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *threads[3];
  g_autoptr (GBytes) block = NULL, rest = NULL, nothing = NULL;
  gint32 count;

  g_assert_true (troupe_thread_host_share (host_fixture_get_host (host), 4096, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      threads[i] = shared_thread_new (host, NULL);
      thread_fixture_send (threads[i], "{\"count\":1000}");
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_free (thread_fixture_next_message (threads[i]));
  block = host_fixture_peek (host, 0, 16);
  g_assert_cmpuint (g_bytes_get_size (block), ==, 16);
  memcpy (&count, g_bytes_get_data (block, NULL), sizeof count);
  g_assert_cmpint (count, ==, 3000);
  rest = host_fixture_peek (host, 4090, 100);
  g_assert_cmpuint (g_bytes_get_size (rest), ==, 6);
  nothing = host_fixture_peek (host, 10000, 100);
  g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
  host_fixture_free (host);
}

static void
test_too_much_shared_memory (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread;

  g_assert_true (troupe_thread_host_share (host_fixture_get_host (host), G_GUINT64_CONSTANT (1) << 60, NULL));
  thread = node_thread_new (host, "echo.js", NULL);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  assert_contains (thread_fixture_get_reason (thread), "shared memory");
  g_assert_false (thread_fixture_was_online (thread));
  host_fixture_free (host);
}

/* Flags of the host that Node takes for a thread, flags that it does not, and NODE_OPTIONS. */
static void
test_flags (const char *node)
{
  g_autofree char *script = troupe_thread_host_dup_node_script ();
  const char *argv[] = { node, "--max-old-space-size=200", "--title=x", "--no-deprecation", script, NULL };
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "NODE_OPTIONS", "--max-old-space-size=100", TRUE);
  HostFixture *host = host_fixture_new (argv, (const char *const *) env);
  g_autofree char *file = node_dup_script ("environment.js");
  const char *const good[] = { "--no-warnings", NULL }, *const bad[] = { "--max-old-space-size=50", NULL };
  TroupeThreadLaunch launch = { .file = file, .envp = (const char *const *) env };
  ThreadFixture *thread = thread_fixture_new (host, &launch);
  g_autofree char *first = thread_fixture_next_message (thread), *second = NULL;

  assert_contains (first, "\"execArgv\":[\"--no-deprecation\"]");
  launch.exec_argv = good;
  thread = thread_fixture_new (host, &launch);
  second = thread_fixture_next_message (thread);
  assert_contains (second, "\"execArgv\":[\"--no-warnings\"]");
  launch.exec_argv = bad;
  thread = thread_fixture_new (host, &launch);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  assert_contains (thread_fixture_get_reason (thread), "--max-old-space-size=50");
  host_fixture_free (host);
}

/* --- Ends ---------------------------------------------------------------------- */

static ThreadFixture *
end (HostFixture *host, const char *how, int code)
{
  ThreadFixture *thread = node_thread_new (host, "ends.js", how, NULL);

  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, code);
  g_assert_true (thread_fixture_was_online (thread));
  return thread;
}

static void
test_errors (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = end (host, "throw", 1);

  g_assert_true (g_str_has_prefix (thread_fixture_get_error (thread), "TypeError [ERR_TEST]: no|TypeError"));
  assert_contains (thread_fixture_get_error (thread), "ends.js:");
  assert_contains (thread_fixture_get_error (thread), "the cause");
  g_assert_null (thread_fixture_get_reason (thread));
  thread = end (host, "value", 1);
  g_assert_cmpstr (thread_fixture_get_error (thread), ==, "Uncaught { not: 'an error' }|{ not: 'an error' }");
  thread = end (host, "nothing", 1);
  g_assert_cmpstr (thread_fixture_get_error (thread), ==, "Uncaught undefined|undefined");
  thread = end (host, "reject", 1);
  g_assert_true (g_str_has_prefix (thread_fixture_get_error (thread), "RangeError: rejected|"));
  thread = end (host, "later", 1);
  g_assert_true (g_str_has_prefix (thread_fixture_get_error (thread), "Error: later|"));
  thread = node_thread_new (host, "syntax-error.js", NULL);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  g_assert_true (g_str_has_prefix (thread_fixture_get_error (thread), "SyntaxError: "));
  thread = node_thread_new (host, "missing.js", NULL);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  assert_contains (thread_fixture_get_error (thread), "MODULE_NOT_FOUND");
  thread = node_thread_new (host, "missing.mjs", NULL);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  g_assert_nonnull (thread_fixture_get_error (thread));
  host_fixture_free (host);
}

static void
test_codes (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = end (host, "exit", 7);

  g_assert_null (thread_fixture_get_error (thread));
  g_assert_null (thread_fixture_get_reason (thread));
  end (host, "exitCode", 9);
  end (host, "return", 0);
  host_fixture_free (host);
}

/* Wherever it is; and the others go on. */
static void
test_terminate (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *other = node_thread_new (host, "echo.js", NULL);
  static const char *const ways[] = { "loop", "wait", "listen" };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      ThreadFixture *thread = node_thread_new (host, "ends.js", ways[i], NULL);

      g_free (thread_fixture_next_message (thread));
      if (i % 2 == 0)
        troupe_thread_host_stop (host_fixture_get_host (host), thread_fixture_get_id (thread));
      else
        troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (thread));
      g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
      g_assert_null (thread_fixture_get_error (thread));
      g_assert_cmpstr (thread_fixture_get_reason (thread), ==, "It was terminated");
    }
  thread_fixture_send (other, "1");
  assert_next_message (other, "1");
  g_assert_false (thread_fixture_has_exited (other));
  host_fixture_free (host);
}

static void
test_limits (const char *node)
{
  HostFixture *host = node_host_new (node);
  g_autofree char *file = node_dup_script ("ends.js");
  const char *const heap[] = { "heap", NULL }, *const stack[] = { "stack", NULL };
  TroupeThreadLaunch launch = {
    .file = file, .argv = heap, .resource_limits = "{\"maxOldGenerationSizeMb\":16,\"maxYoungGenerationSizeMb\":4}",
  };
  ThreadFixture *other = node_thread_new (host, "echo.js", NULL), *thread = thread_fixture_new (host, &launch);

  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  assert_contains (thread_fixture_get_error (thread), "ERR_WORKER_OUT_OF_MEMORY");
  g_assert_cmpstr (thread_fixture_get_reason (thread), ==,
                   "It ran out of memory (resource limits: maxOldGenerationSizeMb=16, maxYoungGenerationSizeMb=4)");
  launch.argv = stack;
  launch.resource_limits = "{\"stackSizeMb\":1}";
  thread = thread_fixture_new (host, &launch);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  assert_contains (thread_fixture_get_error (thread), "RangeError");
  thread_fixture_send (other, "1");
  assert_next_message (other, "1");
  host_fixture_free (host);
}

static void
test_host_killed (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *a = node_thread_new (host, "echo.js", NULL), *b = node_thread_new (host, "ends.js", "loop", NULL);

  thread_fixture_wait_online (a);
  g_free (thread_fixture_next_message (b));
  kill (host_fixture_get_pid (host), SIGKILL);
  g_assert_cmpint (WTERMSIG (host_fixture_wait_exit (host)), ==, SIGKILL);
  fixture_wait_for (!troupe_channel_is_open (thread_fixture_get_channel (a))
                    && !troupe_channel_is_open (thread_fixture_get_channel (b)));
  g_assert_false (thread_fixture_has_exited (a));
  host_fixture_free (host);
}

static void
test_many_threads (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *threads[32];
  const TroupeThreadFigures *listed;
  g_autoptr (GHashTable) tids = g_hash_table_new (NULL, NULL);
  guint n;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = node_thread_new (host, "echo.js", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autofree char *message = g_strdup_printf ("%u", i);

      thread_fixture_send (threads[i], message);
      assert_next_message (threads[i], message);
    }
  listed = host_fixture_list (host, &n);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (threads));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *task
        = g_strdup_printf ("/proc/%d/task/%d", (int) host_fixture_get_pid (host), (int) listed[i].tid);

      g_assert_cmpint (listed[i].tid, ==, thread_fixture_wait_online (threads[i]));
      g_assert_true (g_hash_table_add (tids, GINT_TO_POINTER (listed[i].tid)));
      g_assert_true (g_file_test (task, G_FILE_TEST_EXISTS));
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (threads[i]));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    thread_fixture_wait_exit (threads[i]);
  host_fixture_list (host, &n);
  g_assert_cmpuint (n, ==, 0);
  host_fixture_free (host);
}

static guint
count_descriptors (HostFixture *host)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) host_fixture_get_pid (host));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* However a thread ends, and however early, all its sockets go. */
static void
test_descriptors (const char *node)
{
  static const char *const ways[] = { "return", "throw", "exit", "listen" };
  HostFixture *host = node_host_new (node);
  guint before, n;

  end (host, "return", 0);
  host_fixture_list (host, &n);
  before = count_descriptors (host);
  for (guint i = 0; i < 40; i++)
    {
      ThreadFixture *thread = node_thread_new (host, "ends.js", ways[i % G_N_ELEMENTS (ways)], NULL);

      if (i % 2 == 1)
        troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (thread));
    }
  do
    host_fixture_list (host, &n);
  while (n > 0);
  g_assert_cmpuint (count_descriptors (host), <=, before);
  host_fixture_free (host);
}

/* --- Streams ------------------------------------------------------------------- */

#define LINES 20000

static char *
dup_lines (guint n)
{
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (lines, "line %u\n", i);
  return g_string_free (lines, FALSE);
}

static void
test_output_complete (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "output.js", "lines", G_STRINGIFY (LINES), NULL);
  g_autofree char *lines = dup_lines (LINES);

  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 4);
  assert_output (thread, 1, lines);
  assert_output (thread, 2, "\xc3\xa9, the last\n");
  host_fixture_free (host);
}

/* A reader that is slow makes the thread wait, and nobody else. */
static void
test_output_waits (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "output.js", "lines", G_STRINGIFY (LINES), NULL);
  ThreadFixture *other = node_thread_new (host, "echo.js", NULL);
  g_autofree char *lines = dup_lines (LINES);

  thread_fixture_hold_output (thread, TRUE);
  thread_fixture_wait_online (thread);
  for (guint i = 0; i < 100; i++)
    {
      thread_fixture_send (other, "1");
      assert_next_message (other, "1");
    }
  g_assert_false (thread_fixture_has_exited (thread));
  thread_fixture_hold_output (thread, FALSE);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 4);
  assert_output (thread, 1, lines);
  host_fixture_free (host);
}

/* A thread that computes shows what it wrote before, and delays nobody. */
static void
test_output_busy (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *busy[2], *other;
  g_autofree char *lines = dup_lines (100);

  for (guint i = 0; i < 2; i++)
    {
      busy[i] = node_thread_new (host, "output.js", "busy", NULL);
      thread_fixture_wait_output (busy[i], 2, "error\n");
      fixture_wait_for (thread_fixture_get_output (busy[i], 1)->len == 16);
      g_assert_cmpmem (thread_fixture_get_output (busy[i], 1)->str, 16, "before\n\xff\0\nafter\n", 16);
    }
  other = node_thread_new (host, "output.js", "lines", "100", NULL);
  g_assert_cmpint (thread_fixture_wait_exit (other), ==, 4);
  assert_output (other, 1, lines);
  g_assert_false (thread_fixture_has_exited (busy[0]));
  host_fixture_free (host);
}

/* Terminated while it writes, also while it waits for the reader: what was written is there, in order. */
static void
test_output_terminated (const char *node)
{
  HostFixture *host = node_host_new (node);

  for (guint i = 0; i < 2; i++)
    {
      ThreadFixture *thread = node_thread_new (host, "output.js", "forever", NULL);
      guint n = 0;

      if (i == 0)
        thread_fixture_hold_output (thread, TRUE);
      g_free (thread_fixture_next_message (thread));
      troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (thread));
      fixture_wait_for (thread_fixture_has_exited (thread));
      thread_fixture_hold_output (thread, FALSE);
      thread_fixture_wait_exit (thread);
      for (const char *p = thread_fixture_get_output (thread, 1)->str; *p != '\0'; n++)
        {
          g_autofree char *line = g_strdup_printf ("line %u\n", n);

          if (strchr (p, '\n') == NULL)
            break;
          g_assert_true (g_str_has_prefix (p, line));
          p += strlen (line);
        }
    }
  host_fixture_free (host);
}

static void
test_output_around (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "output.js", "around", G_STRINGIFY (LINES), NULL);
  g_autofree char *lines = dup_lines (LINES);

  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 5);
  assert_output (thread, 1, lines);
  thread = node_thread_new (host, "output.js", "callback", NULL);
  assert_next_message (thread, "\"done\"");
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  assert_output (thread, 1, "one\ntwo\n");
  host_fixture_free (host);
}

/* Nobody is at the other end any more. */
static void
test_output_gone (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "output.js", "forever", NULL);

  thread_fixture_close_output (thread);
  g_free (thread_fixture_next_message (thread));
  troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (thread));
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 1);
  g_assert_null (thread_fixture_get_error (thread));
  host_fixture_free (host);
}

static void
test_input (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "output.js", "input", NULL);
  ThreadFixture *deaf = node_thread_new (host, "echo.js", NULL);
  g_autofree char *lines = dup_lines (LINES);

  thread_fixture_write_input (deaf, "nobody reads this");
  for (guint i = 0; i < 10; i++)
    thread_fixture_write_input (thread, lines);
  thread_fixture_close_input (thread);
  g_assert_cmpint (thread_fixture_wait_exit (thread), ==, 0);
  assert_output (thread, 1, "2088900 bytes, 200000 lines\n");
  troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (deaf));
  thread_fixture_wait_exit (deaf);
  host_fixture_free (host);
}

/* --- Who is who ------------------------------------------------------------------ */

static double
read_thread_msec (HostFixture *host, pid_t tid)
{
  g_autofree char *path
    = g_strdup_printf ("/proc/%d/task/%d/schedstat", (int) host_fixture_get_pid (host), (int) tid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return -1;
  return (double) g_ascii_strtoull (text, NULL, 10) / 1e6;
}

/* Only the thread that computes has used the processor, by the number that we have for it. */
static void
test_tid (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *threads[4];
  double before[4], after[4];
  pid_t tids[4];

  for (guint i = 0; i < 4; i++)
    {
      threads[i] = node_thread_new (host, "burn.js", NULL);
      tids[i] = thread_fixture_wait_online (threads[i]);
      g_assert_cmpint (tids[i], >, 0);
      thread_fixture_send (threads[i], "0");
      g_free (thread_fixture_next_message (threads[i]));
    }
  for (guint i = 0; i < 4; i++)
    before[i] = read_thread_msec (host, tids[i]);
  if (before[0] < 0)
    {
      g_test_skip ("This kernel does not say what a thread has used");
      host_fixture_free (host);
      return;
    }
  do
    {
      thread_fixture_send (threads[2], "200");
      g_free (thread_fixture_next_message (threads[2]));
      after[2] = read_thread_msec (host, tids[2]);
    }
  while (after[2] - before[2] < 100);
  for (guint i = 0; i < 4; i++)
    if (i != 2)
      g_assert_cmpfloat (read_thread_msec (host, tids[i]) - before[i], <, (after[2] - before[2]) / 2);
  host_fixture_free (host);
}

static void
test_figures (const char *node)
{
  HostFixture *host = node_host_new (node);
  ThreadFixture *thread = node_thread_new (host, "messages.js", "deaf", NULL);
  const TroupeThreadFigures *figures;
  guint n;

  for (guint i = 0; i < 10; i++)
    thread_fixture_send (thread, "{\"of\":10}");
  do
    figures = host_fixture_ask_figures (host, &n);
  while (figures[0].queue < 10 || figures[0].heap_used_bytes < 0);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (figures[0].id, ==, thread_fixture_get_id (thread));
  g_assert_cmpint (figures[0].tid, ==, thread_fixture_wait_online (thread));
  g_assert_cmpint (figures[0].queue, ==, 10);
  g_assert_cmpint (figures[0].taken, ==, 0);
  g_assert_cmpint (figures[0].heap_used_bytes, >, 1000000);
  g_assert_cmpint (figures[0].heap_total_bytes, >=, figures[0].heap_used_bytes);
  g_assert_cmpfloat (figures[0].utilization, >=, 0);
  host_fixture_free (host);

  /* One that computes all the time has a loop that is never idle. */
  host = node_host_new (node);
  thread = node_thread_new (host, "ends.js", "loop", NULL);
  g_free (thread_fixture_next_message (thread));
  do
    figures = host_fixture_ask_figures (host, &n);
  while (figures[0].utilization < 0.9);
  host_fixture_free (host);
}

int
main (int argc, char **argv)
{
  static const NodeCase cases[] = {
    { "ends-when-told", test_exit },
    { "threads-see-what-node-promises", test_environment },
    { "runs-es-modules", test_esm },
    { "copies-or-shares-the-environment", test_environment_variables },
    { "shares-memory", test_shared_memory },
    { "says-when-memory-cannot-be-shared", test_too_much_shared_memory },
    { "passes-on-flags", test_flags },
    { "tells-uncaught-errors", test_errors },
    { "tells-exit-codes", test_codes },
    { "terminates-a-thread-wherever-it-is", test_terminate },
    { "limits-resources", test_limits },
    { "threads-end-with-their-host", test_host_killed },
    { "runs-32-threads", test_many_threads },
    { "leaves-no-descriptors-behind", test_descriptors },
    { "output-is-complete-at-exit", test_output_complete },
    { "output-waits-for-its-reader", test_output_waits },
    { "output-of-busy-threads-comes-at-once", test_output_busy },
    { "output-is-in-order-when-terminated", test_output_terminated },
    { "output-around-us-is-kept", test_output_around },
    { "output-may-have-no-reader", test_output_gone },
    { "passes-on-input", test_input },
    { "knows-threads-of-the-system", test_tid },
    { "tells-figures", test_figures },
  };

  return node_suite_run (argc, argv, "host", cases, G_N_ELEMENTS (cases));
}
