/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* How threads begin and end: modules that are none, stops, crashes, many at once; and the end of the host. */

#include "config.h"

#include "host-fixture.h"

#include "threads/thread-host.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define host_test(name, func) g_test_add ("/native-host/" name, Host, NULL, host_set_up, func, host_tear_down)
/* One that is about to crash or to complain. */
#define noisy_test(name, func) g_test_add ("/native-host/" name, Host, "", host_set_up, func, host_tear_down)

static void
expect_refused (Host *host, const char *file, const char *reason)
{
  Peer *peer = peer_prepare (host);
  g_autofree char *online = g_strdup_printf ("[\"online\",%u,", peer->id);

  host_order (host, "[\"create\",%u,{\"file\":\"%s\",\"name\":\"bad\"}]", peer->id, file);
  peer_expect_exit (peer, 1, reason);
  g_assert_false (host_has (host, online));
}

static void
test_bad_modules (Host *host, gconstpointer data)
{
  static const char *const bad[][2] = {
    { "module-no-entry.so", "has no entry point “troupe_worker_module”: a module needs TROUPE_WORKER_MODULE" },
    { "module-other-version.so", "was built for version 42 of troupe-worker.h, but version 1 is expected" },
    { "module-unresolved.so", "function_that_nobody_has" },
    { "module-that-is-not-there.so", "No such file" },
    { "meson.build", "Could not load the module: " },
    { "", "it is not a file" },
  };
  g_autofree char *text = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "threads", "native", "meson.build", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = dup_module_path (bad[i][0]);

      expect_refused (host, g_str_equal (bad[i][0], "meson.build") ? text : path, bad[i][1]);
    }
  /* And none of that is in the way of a good one. */
  peer_expect_exit (peer_run (host, "return 0"), 0, NULL);
}

static void
test_bad_options (Host *host, gconstpointer data)
{
  Peer *relative = peer_prepare (host), *argv = peer_prepare (host), *nothing;

  host_order (host, "[\"create\",%u,{\"file\":\"test-module.so\"}]", relative->id);
  peer_expect_exit (relative, 1, "“file” is not an absolute path");
  host_order (host, "[\"create\",%u,{\"file\":\"/x.so\",\"argv\":[1]}]", argv->id);
  peer_expect_exit (argv, 1, "“argv” is not a list of texts");
  host_order (host, "[\"create\",1000,{\"file\":\"/x.so\"}]");
  g_free (host_expect (host, "[\"exit\",1000,{\"code\":1,\"reason\":\"its standard streams and its channel have not all come"));
  /* Given up before it was created. */
  nothing = peer_prepare (host);
  host_order (host, "[\"terminate\",%u]", nothing->id);
  wait_for (nothing->closed);
}

static void
test_strange_orders (Host *host, gconstpointer data)
{
  static const char *const orders[] = {
    "{}", "[]", "[7]", "[\"dance\",1]", "[\"stop\"]", "[\"stop\",\"1\"]", "[\"stop\",0]", "[\"stop\",-1]", "[\"stop\",1,2]",
    "[\"exit\",256]", "[\"link\",1,2,3,4]", "[\"stdio\",1,2]", "[\"create\",0,{}]", "[\"create\",1]", "[\"stop\",99]",
    "[\"unlink\",1,2]", "null", "[\"create\",1,null]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    host_order (host, "%s", orders[i]);
  host_order (host, "[\"list\"]");
  g_free (host_expect (host, "[\"list\",[]]"));
  g_free (host_expect (host, "[\"exit\",1,"));
  g_assert_cmpuint (host->lines.length, ==, 0);
}

static void
test_exit_codes (Host *host, gconstpointer data)
{
  peer_expect_exit (peer_run (host, "return 255"), 255, "its entry point returned 255");
  peer_expect_exit (peer_run (host, "return -22"), 234, "its entry point returned -22");
  peer_expect_exit (peer_run (host, "leave 0"), 0, NULL);
  peer_expect_exit (peer_run (host, "leave 7"), 7, "it left with 7");
  peer_expect_exit (peer_run (host, "pthread-exit"), 1, "without returning from its entry point");
  peer_expect_exit (peer_run (host, "no-such-mode"), 64, "returned 64");
  g_free (host_expect (host, "[\"error\",6,{\"name\":\"Error\",\"message\":\"no mode “no-such-mode”\"}]"));
}

static void
test_stop_one (Host *host, gconstpointer data)
{
  Peer *spin = peer_run (host, "spin"), *waiting = peer_run (host, "wait"), *echo = peer_run (host, "echo");

  peer_expect_line (spin, "spinning");
  host_order (host, "[\"stop\",%u]", spin->id);
  peer_expect_exit (spin, 0, NULL);
  host_order (host, "[\"terminate\",%u]", waiting->id);
  peer_expect_exit (waiting, 0, NULL);
  peer_send (echo, "\"alive\"");
  peer_expect (echo, "\"alive\"");
  host_order (host, "[\"list\"]");
  g_free (host_expect (host, "[\"list\",[{\"id\":%u,\"tid\":", echo->id));
}

/* 64 threads of one module, all busy, and each with its own. */
static void
test_many (Host *host, gconstpointer data)
{
  enum { N = 64, EACH = 500 };
  Peer *peers[N];

  for (guint i = 0; i < N; i++)
    {
      peers[i] = peer_new (host, "test-module.so", ",\"argv\":[\"exchange\",\"%d\"],\"worker_data\":%u", EACH, i);
      peers[i]->counting = TRUE;
    }
  for (guint i = 0; i < N; i++)
    peer_send_numbers (peers[i], EACH);
  for (guint i = 0; i < N; i++)
    {
      peer_expect_exit (peers[i], 0, NULL);
      g_assert_cmpuint (peers[i]->expected, ==, EACH);
    }
}

static void
test_ceiling (Host *host, gconstpointer data)
{
  g_autofree char *line = NULL;
  Peer *one_more;
  guint n = 0;

  for (guint i = 0; i < TROUPE_THREAD_MAX; i++)
    peer_new (host, "test-module.so", ",\"argv\":[\"wait\"]");
  for (guint i = 0; i < TROUPE_THREAD_MAX; i++)
    g_free (host_expect (host, "[\"online\",%u,", i + 1));
  one_more = peer_new (host, "test-module.so", ",\"argv\":[\"wait\"]");
  peer_expect_exit (one_more, 1, "the host runs 512 threads already");
  host_order (host, "[\"list\"]");
  line = host_expect (host, "[\"list\",");
  for (const char *p = line; (p = strstr (p, "\"tid\":")) != NULL; p++)
    n++;
  g_assert_cmpuint (n, ==, TROUPE_THREAD_MAX);
}

/* A rebuilt module is new code for those that start, and none for those that run. */
static void
test_replaced (Host *host, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("troupe-test-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "module.so", NULL);
  static const char *const versions[] = { "test-module.so", "module-c99.so", "test-module.so" };
  Peer *first = NULL, *peer;

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      g_autofree char *source = dup_module_path (versions[i]);
      g_autofree char *contents = NULL;
      gsize length;

      g_file_get_contents (source, &contents, &length, &error);
      g_assert_no_error (error);
      g_file_set_contents (path, contents, (gssize) length, &error); /* by rename, as linkers do */
      g_assert_no_error (error);
      peer = peer_prepare (host);
      host_order (host, "[\"create\",%u,{\"file\":\"%s\",\"name\":\"x\",\"argv\":[\"echo\"]}]", peer->id, path);
      if (i == 1)
        {
          peer_expect_exit (peer, 0, NULL);
          peer_expect_line (peer, "in C99");
          continue;
        }
      peer_send (peer, "1");
      peer_expect (peer, "1");
      first = first == NULL ? peer : first;
    }
  peer_send (first, "2");
  peer_expect (first, "2");
  g_remove (path);
  g_rmdir (folder);
}

/* --- The end of all --------------------------------------------------------- */

/* What the sanitizers make of a crash is an exit code. */
#if defined(__SANITIZE_ADDRESS__)
#define CRASHED(host, number) (WIFSIGNALED ((host)->wait_status) || WEXITSTATUS ((host)->wait_status) != 0)
#else
#define CRASHED(host, number) (WIFSIGNALED ((host)->wait_status) && WTERMSIG ((host)->wait_status) == (number))
#endif

/* One that is given two messages before it runs. */
static Peer *
run_with_messages (Host *host, const char *mode)
{
  Peer *peer = peer_new (host, "test-module.so", ",\"argv\":[\"%s\"]", mode);

  peer_send (peer, "1");
  peer_send (peer, "2");
  return peer;
}

static Peer *
expect_crash (Host *host, const char *mode, int number, const char *name, const char *message)
{
  Peer *other = peer_run (host, "wait"), *peer = run_with_messages (host, mode);
  g_autofree char *line = host_expect (host, "[\"error\",%u,{\"name\":\"%s\",\"message\":\"The module crashed: ", peer->id,
                                       name);

  g_assert_nonnull (strstr (line, message));
  g_assert_true (g_str_has_suffix (line, "; that ends the process, and with it every thread in it\"}]"));
  host_wait_end (host);
  wait_for (other->closed && peer->closed && host->closed);
  g_assert_true (CRASHED (host, number));
  return peer;
}

/* Its last words came out, though it had not received all that there was. */
static void
test_segv (Host *host, gconstpointer data)
{
  Peer *peer = expect_crash (host, "segv", SIGSEGV, "SIGSEGV", "(address 0x10)");

  peer_expect (peer, "1");
}

static void
test_abort (Host *host, gconstpointer data)
{
  expect_crash (host, "abort", SIGABRT, "SIGABRT", "it called abort ()");
}

static void
test_stack_overflow (Host *host, gconstpointer data)
{
  expect_crash (host, "deep", SIGSEGV, "SIGSEGV", "ran out of stack");
}

static void
test_module_exits (Host *host, gconstpointer data)
{
  Peer *peer = run_with_messages (host, "exit");

  g_free (host_expect (host, "[\"error\",%u,{\"name\":\"exit\",\"message\":\"The module called exit ();", peer->id));
  host_wait_end (host);
  g_assert_true (WIFEXITED (host->wait_status));
  g_assert_cmpint (WEXITSTATUS (host->wait_status), ==, 6);
  peer_expect (peer, "1");
}

static void
test_ordered_exit (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "stuck");

  peer_expect_line (peer, "stuck");
  host_order (host, "[\"exit\",7]");
  host_expect_end (host, 7 << 8);
}

static void
test_closed (Host *host, gconstpointer data)
{
  Peer *peers[] = { peer_run (host, "wait"), peer_run (host, "spin"), peer_run (host, "echo") };

  troupe_channel_disconnect (host->channel);
  host_expect_end (host, 0);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    wait_for (peers[i]->closed);
}

static void
test_closed_while_stuck (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "stuck");

  peer_expect_line (peer, "stuck");
  troupe_channel_disconnect (host->channel);
  host_expect_end (host, 1 << 8);
}

static void
test_terminated (Host *host, gconstpointer data)
{
  Peer *peer = peer_run (host, "spin");

  peer_expect_line (peer, "spinning");
  kill (host->pid, SIGTERM);
  peer_expect_exit (peer, 0, NULL);
  host_expect_end (host, 0);
}

static void
test_by_hand (void)
{
  const char *host = g_getenv ("TROUPE_THREAD_HOST");
  const char *argvs[][3] = { { host, NULL }, { host, "--version", NULL }, { host, "--wrong", NULL } };
  const int codes[] = { 2, 0, 2 };
  g_auto (GStrv) env = g_environ_unsetenv (g_get_environ (), "NODE_CHANNEL_FD");

  for (guint i = 0; i < G_N_ELEMENTS (argvs); i++)
    {
      g_autofree char *out = NULL, *err = NULL;
      g_autoptr (GError) error = NULL;
      int status;

      g_spawn_sync (NULL, (char **) argvs[i], env, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, &error);
      g_assert_no_error (error);
      g_assert_cmpint (status, ==, codes[i] << 8);
      g_assert_true (g_str_has_prefix (codes[i] == 0 ? out : err, "troupe-thread-host"));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  host_test ("says-why-a-module-is-none", test_bad_modules);
  host_test ("says-why-options-are-none", test_bad_options);
  noisy_test ("passes-over-strange-orders", test_strange_orders);
  host_test ("tells-exit-codes", test_exit_codes);
  host_test ("stops-one-and-leaves-the-others", test_stop_one);
  host_test ("runs-64-threads-of-one-module", test_many);
  host_test ("runs-512-threads-and-no-more", test_ceiling);
  host_test ("loads-a-module-anew-when-it-was-replaced", test_replaced);
  noisy_test ("names-the-thread-that-crashed", test_segv);
  noisy_test ("names-the-thread-that-aborted", test_abort);
  noisy_test ("names-the-thread-that-ran-out-of-stack", test_stack_overflow);
  noisy_test ("names-the-thread-that-called-exit", test_module_exits);
  host_test ("exits-when-ordered", test_ordered_exit);
  host_test ("stops-all-when-its-channel-is-closed", test_closed);
  noisy_test ("does-not-wait-for-ever-for-the-stuck", test_closed_while_stuck);
  host_test ("stops-all-when-terminated", test_terminated);
  g_test_add_func ("/native-host/is-not-for-hands", test_by_hand);
  return g_test_run ();
}
