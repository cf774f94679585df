/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Clusters as a person meets them: launched, listed, reloaded, scaled, with a port that is taken, and as
 * part of a project. */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli-fixture.h"
#include "http-load.h"

#include "cluster/listen-socket.h"

static char *
serve_script (void)
{
  return g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
}

static char *
setting (const char *name, const char *value)
{
  return g_strdup_printf ("%s=%s", name, value);
}

/* Two workers of serve.js, ready. ENV (nullable): one more variable. Returns the port. */
static guint
launch (CliFixture *fixture, const char *env)
{
  guint port = http_free_port ();
  g_autofree char *script = serve_script ();
  g_autofree char *number = g_strdup_printf ("PORT=%u", port);
  g_auto (CliResult) launched
      = cli_run (fixture, "run", "--kind", "cluster", "--instances", "2", "--name", "web", "--detach", "--env", number,
                 "--env", env != NULL ? env : "A=b", script, NULL);
  g_auto (CliResult) ready = { 0 };

  cli_assert_code (launched, 0);
  g_assert_cmpstr (cli_out (&launched), ==, "web.1\nweb.2\n");
  ready = cli_run (fixture, "wait", "web", "--for", "ready", NULL);
  cli_assert_code (ready, 0);
  return port;
}

static void
assert_runs (CliFixture *fixture, const char *first, const char *second)
{
  g_autofree char *one = cli_list_get (fixture, "web.1", "run"), *two = cli_list_get (fixture, "web.2", "run");

  g_assert_cmpstr (one, ==, first);
  g_assert_cmpstr (two, ==, second);
}

/* The address is in the table, and in JSON. */
static void
test_list_shows_addresses (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *shown = NULL, *quoted = NULL, *json = NULL, *body = NULL;
  g_auto (CliResult) list = { 0 };
  guint port = launch (fixture, NULL);

  shown = g_strdup_printf ("tcp:127.0.0.1:%u", port);
  quoted = g_strdup_printf ("\"%s\"", shown);
  list = cli_run (fixture, "list", NULL);
  cli_assert_code (list, 0);
  g_assert_nonnull (strstr (cli_out (&list), shown));
  json = cli_list_get (fixture, "web.2", "ready_address");
  g_assert_cmpstr (json, ==, quoted);
  body = http_get (port, "/");
  g_assert_nonnull (body);
}

/* Sockets of --listen, for a script that takes descriptor 3. */
static void
test_listen (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *script = serve_script (), *address = g_strdup_printf ("tcp:127.0.0.1:%u", http_free_port ());
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", address), *json = NULL, *body = NULL;
  g_auto (CliResult) launched = cli_run (fixture, "run", "--kind", "cluster", "--instances", "2", "--name", "web",
                                         "--listen", address, "--detach", script, NULL);
  g_auto (CliResult) ready = { 0 }, bad = { 0 }, other = { 0 };

  cli_assert_code (launched, 0);
  ready = cli_run (fixture, "wait", "web", "--for", "ready", NULL);
  cli_assert_code (ready, 0);
  json = cli_list_get (fixture, "web.1", "ready_address");
  g_assert_cmpstr (json, ==, quoted);
  body = http_get ((guint) atoi (strrchr (address, ':') + 1), "/");
  g_assert_nonnull (body);

  bad = cli_run (fixture, "run", "--kind", "cluster", "--listen", "8000", script, NULL);
  cli_assert_code (bad, 1);
  g_assert_nonnull (strstr (cli_err (&bad), "tcp:PORT"));
  other = cli_run (fixture, "run", "--listen", "tcp:8000", script, NULL);
  cli_assert_code (other, 1);
  g_assert_nonnull (strstr (cli_err (&other), "kind cluster"));
}

/* A worker that is handed its connections has no socket to listen on. */
static void
test_schedule (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) shared = { 0 }, round_robin = { 0 }, bad = { 0 };

  cli_write_file (fixture, "handle.js",
                  "const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {\n"
                  "  console.log(server._handle.constructor.name);\n"
                  "  process.exit();\n"
                  "});\n");
  shared = cli_run (fixture, "run", "--kind", "cluster", "--instances", "1", "--restart", "no", "--schedule",
                    "shared", "handle.js", NULL);
  cli_assert_code (shared, 0);
  g_assert_cmpstr (cli_out (&shared), ==, "TCP\n");
  round_robin = cli_run (fixture, "run", "--kind", "cluster", "--instances", "1", "--restart", "no", "handle.js", NULL);
  cli_assert_code (round_robin, 0);
  g_assert_cmpstr (cli_out (&round_robin), ==, "Object\n");

  bad = cli_run (fixture, "run", "--kind", "cluster", "--schedule", "fair", "handle.js", NULL);
  cli_assert_code (bad, 1);
  g_assert_nonnull (strstr (cli_err (&bad), "round-robin"));
}

static void
test_reload (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) reload = { 0 }, detached = { 0 }, one = { 0 }, nobody = { 0 }, idle = { 0 }, usage = { 0 };

  launch (fixture, NULL);
  reload = cli_run (fixture, "reload", "web", NULL);
  cli_assert_code (reload, 0);
  g_assert_cmpstr (cli_out (&reload), ==, "web: reload, 1 of 2: web.1\nweb: reload, 2 of 2: web.2\n");
  assert_runs (fixture, "2", "2");
  one = cli_run (fixture, "reload", "web.1", NULL);
  cli_assert_code (one, 1);
  g_assert_nonnull (strstr (cli_err (&one), "expected its program, “web”"));
  nobody = cli_run (fixture, "reload", "nobody", NULL);
  cli_assert_code (nobody, 3);
  idle = cli_run (fixture, "reload", "--cancel", "web", NULL);
  cli_assert_code (idle, 1);
  g_assert_nonnull (strstr (cli_err (&idle), "is not being reloaded"));
  usage = cli_run (fixture, "reload", NULL);
  cli_assert_code (usage, 2);
}

/* From elsewhere, and with Ctrl+C. */
static void
test_reload_is_cancelled (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *hold = g_build_filename (fixture->dir, "hold", NULL), *env = setting ("HOLD", hold);

  launch (fixture, env);
  g_assert_true (g_file_set_contents (hold, "", 0, NULL));
  for (guint i = 0; i < 2; i++)
    {
      CliProcess *reload = cli_start (fixture, "reload", "web", NULL);
      g_autofree char *err = NULL;

      cli_process_read_until (reload, "web: reload, 1 of 2: web.1\n");
      if (i == 0)
        {
          g_auto (CliResult) cancel = cli_run (fixture, "reload", "--cancel", "web", NULL);

          cli_assert_code (cancel, 0);
        }
      else
        cli_process_signal (reload, SIGINT);
      g_assert_cmpint (cli_process_finish (reload, NULL, &err), ==, 1);
      g_assert_cmpstr (err, ==, "troupectl: The reload of “web” failed: it was cancelled\n");
    }
  assert_runs (fixture, "1", "1");
}

static void
test_reload_fails (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *broken = g_build_filename (fixture->dir, "broken", NULL), *env = setting ("BROKEN", broken);
  g_autofree char *script = serve_script (), *number = g_strdup_printf ("PORT=%u", http_free_port ());
  g_autofree char *project = g_strdup_printf ("[project]\nname=shop\n[program web]\nkind=cluster\ncommand=%s\n"
                                              "instances=2\nready-timeout=1s\ngrace=1s\nenv=%s;%s\n",
                                              script, env, number);
  g_auto (CliResult) up = { 0 }, ready = { 0 }, reload = { 0 };

  cli_write_file (fixture, "shop.troupe", project);
  up = cli_run (fixture, "up", "--detach", NULL);
  cli_assert_code (up, 0);
  ready = cli_run (fixture, "wait", "web", "--for", "ready", NULL);
  cli_assert_code (ready, 0);
  g_assert_true (g_file_set_contents (broken, "", 0, NULL));
  reload = cli_run (fixture, "reload", "shop/web", NULL);
  cli_assert_code (reload, 1);
  g_assert_cmpstr (cli_out (&reload), ==, "web: reload, 1 of 2: web.1\n");
  g_assert_cmpstr (cli_err (&reload), ==,
                   "troupectl: The reload of “web” failed: web.1: run 2 is not ready: it does not listen\n");
}

static void
test_scale (CliFixture *fixture, gconstpointer data)
{
  g_auto (CliResult) up = { 0 }, down = { 0 }, bad = { 0 }, zero = { 0 }, same = { 0 }, list = { 0 };

  launch (fixture, NULL);
  up = cli_run (fixture, "scale", "web", "3", NULL);
  cli_assert_code (up, 0);
  g_assert_cmpstr (cli_out (&up), ==, "web: scale, web.3 is ready\n");
  same = cli_run (fixture, "scale", "web", "3", NULL);
  cli_assert_code (same, 0);
  g_assert_cmpstr (cli_out (&same), ==, "");
  down = cli_run (fixture, "scale", "web", "1", NULL);
  cli_assert_code (down, 0);
  g_assert_nonnull (strstr (cli_out (&down), "web: scale, web.2 has ended\n"));
  g_assert_nonnull (strstr (cli_out (&down), "web: scale, web.3 has ended\n"));
  list = cli_run (fixture, "list", "--names", NULL);
  g_assert_cmpstr (cli_out (&list), ==, "web\nweb.1\n");
  bad = cli_run (fixture, "scale", "web", "many", NULL);
  cli_assert_code (bad, 2);
  zero = cli_run (fixture, "scale", "web", "2000", NULL);
  cli_assert_code (zero, 1);
  g_assert_nonnull (strstr (cli_err (&zero), "expected 1 to 1024"));
}

static void
test_scale_is_cancelled (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *hold = g_build_filename (fixture->dir, "hold", NULL), *env = setting ("HOLD", hold);
  g_autofree char *out = NULL, *err = NULL;
  g_auto (CliResult) running = { 0 }, list = { 0 };
  CliProcess *scale;

  launch (fixture, env);
  g_assert_true (g_file_set_contents (hold, "", 0, NULL));
  scale = cli_start (fixture, "scale", "web", "4", NULL);
  running = cli_run (fixture, "wait", "web.4", "--for", "running", "--timeout", "60", NULL);
  while (running.code == 3)
    {
      cli_result_clear (&running);
      running = cli_run (fixture, "wait", "web.4", "--for", "running", "--timeout", "60", NULL);
    }
  cli_assert_code (running, 0);
  cli_process_signal (scale, SIGINT);
  g_assert_cmpint (cli_process_finish (scale, &out, &err), ==, 1);
  g_assert_nonnull (strstr (out, "web: scale, web.4 has ended\n"));
  g_assert_cmpstr (err, ==, "troupectl: Cancelled: “web” has 2 workers, as before\n");
  list = cli_run (fixture, "list", "--names", NULL);
  g_assert_cmpstr (cli_out (&list), ==, "web\nweb.1\nweb.2\n");
}

/* What a script has for a primary is said at the start, and never without need. */
static void
test_notes (CliFixture *fixture, gconstpointer data)
{
  static const char script[] = "const cluster = require('cluster');\n"
                               "if (cluster.isMaster) {\n"
                               "  const worker = cluster.fork();\n"
                               "  worker.on('message', count);\n"
                               "} else require('http').createServer().listen(0, '127.0.0.1');\n";
  static const char note[] = "troupectl: note on app: Lines 2 to 5 of app.js will not run: they are for a primary of "
                             "Node's, and here Troupe is the primary. What is more there than starting workers is "
                             "missing: worker.on ('message') in line 4. As kind spawn the script is its own primary\n";
  g_auto (CliResult) run = { 0 }, start = { 0 }, up = { 0 }, stop = { 0 }, spawn = { 0 };

  cli_write_file (fixture, "app.js", script);
  run = cli_run (fixture, "run", "--kind", "cluster", "--instances", "1", "--detach", "app.js", NULL);
  cli_assert_code (run, 0);
  g_assert_cmpstr (cli_err (&run), ==, note);
  stop = cli_run (fixture, "stop", "app", NULL);
  cli_assert_code (stop, 0);
  start = cli_run (fixture, "start", "app", NULL);
  cli_assert_code (start, 0);
  g_assert_cmpstr (cli_err (&start), ==, note);
  cli_write_file (fixture, "shop.troupe", "[project]\nname=shop\n[program app]\nkind=cluster\ninstances=2\ncommand=app.js\n");
  up = cli_run (fixture, "up", "--detach", NULL);
  cli_assert_code (up, 0);
  g_assert_cmpstr (cli_err (&up), ==, note);
  spawn = cli_run (fixture, "run", "--detach", "--", "node", "-e", "cluster = { isPrimary: 1 }", NULL);
  cli_assert_code (spawn, 0);
  g_assert_cmpstr (cli_err (&spawn), ==, "");
}

/* A port that is taken: who has it, and the next one. */
static void
test_free_port (CliFixture *fixture, gconstpointer data)
{
  TroupeListenAddress any = { .type = TROUPE_LISTEN_TCP4, .address = (char *) "127.0.0.1" };
  g_autofree char *script = serve_script (), *address = NULL, *holder = NULL, *hint = NULL, *quoted = NULL, *body = NULL;
  g_autofree char *used = NULL, *json = NULL;
  g_auto (CliResult) taken = { 0 }, start = { 0 }, ready = { 0 }, again = { 0 };
  guint family, port;
  char name[64];
  int fd = troupe_listen_socket_bind (&any);

  g_assert_no_errno (listen (fd, 1));
  g_assert_true (troupe_listen_socket_get_name (fd, name, &family, &port));
  address = g_strdup_printf ("tcp:127.0.0.1:%u", port);
  holder = g_strdup_printf ("%s is taken by process %d (", address, (int) getpid ());
  taken = cli_run (fixture, "run", "--kind", "cluster", "--instances", "1", "--name", "web", "--listen", address,
                   "--detach", script, NULL);
  g_assert_cmpint (taken.code, !=, 0);
  start = cli_run (fixture, "start", "web", NULL);
  cli_assert_code (start, 1);
  g_assert_nonnull (strstr (cli_err (&start), holder));
  hint = g_strdup ("troupectl: “troupectl start --free-port web” starts it on tcp:127.0.0.1:");
  g_assert_nonnull (strstr (cli_err (&start), hint));
  cli_result_clear (&start);
  start = cli_run (fixture, "start", "--free-port", "web", NULL);
  cli_assert_code (start, 0);
  used = g_strchomp (g_strdup (cli_out (&start)));
  g_assert_cmpstr (used, !=, address);
  ready = cli_run (fixture, "wait", "web", "--for", "ready", NULL);
  cli_assert_code (ready, 0);
  quoted = g_strdup_printf ("\"%s\"", used);
  json = cli_list_get (fixture, "web.1", "ready_address");
  g_assert_cmpstr (json, ==, quoted);
  body = http_get ((guint) atoi (strrchr (used, ':') + 1), "/");
  g_assert_nonnull (body);
  again = cli_run (fixture, "start", "--free-port", "web", NULL);
  cli_assert_code (again, 1);
  close (fd);
}

/* A port that a program of ours has: how to end it, which makes room. */
static void
test_stop_holder (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *address = g_strdup_printf ("tcp:127.0.0.1:%u", launch (fixture, NULL));
  g_autofree char *script = serve_script (), *taken = g_strdup_printf ("%s is taken by Troupe's program “default/web”", address);
  g_auto (CliResult) launched = cli_run (fixture, "run", "--kind", "cluster", "--instances", "1", "--name", "second",
                                         "--listen", address, "--detach", script, NULL);
  g_auto (CliResult) start = { 0 }, stop = { 0 }, again = { 0 };

  g_assert_cmpint (launched.code, !=, 0);
  start = cli_run (fixture, "start", "second", NULL);
  cli_assert_code (start, 1);
  g_assert_nonnull (strstr (cli_err (&start), taken));
  g_assert_nonnull (strstr (cli_err (&start), "troupectl: “troupectl stop default/web” ends what has it\n"));
  stop = cli_run (fixture, "stop", "default/web", NULL);
  cli_assert_code (stop, 0);
  again = cli_run (fixture, "start", "second", NULL);
  cli_assert_code (again, 0);
}

/* A project with a cluster, opened, served, taken down. */
static void
test_up (CliFixture *fixture, gconstpointer data)
{
  guint port = http_free_port ();
  g_autofree char *script = serve_script ();
  g_autofree char *project = g_strdup_printf ("[project]\nname=shop\n"
                                              "[program web]\nkind=cluster\ncommand=node %s\ninstances=2\nenv=PORT=%u\n"
                                              "[program after]\ncommand=echo it serves\nafter=web:ready\n",
                                              script, port);
  g_autofree char *body = NULL, *out = NULL;
  g_auto (CliResult) down = { 0 }, list = { 0 };
  CliProcess *up;

  cli_write_file (fixture, "shop.troupe", project);
  up = cli_start (fixture, "up", NULL);
  cli_process_read_until (up, "it serves");
  body = http_get (port, "/");
  g_assert_nonnull (body);
  list = cli_run (fixture, "list", "--names", NULL);
  g_assert_nonnull (strstr (cli_out (&list), "web.2\n"));
  down = cli_run (fixture, "down", "shop", NULL);
  cli_assert_code (down, 0);
  cli_process_finish (up, &out, NULL);
  g_assert_cmpint (http_connect (port), <, 0);
}

int
main (int argc, char **argv)
{
  g_autofree char *node = g_find_program_in_path ("node");

  g_test_init (&argc, &argv, NULL);
  if (node == NULL)
    {
      g_print ("1..0 # SKIP Node.js is not installed\n");
      return 0;
    }
  cli_test_add ("/cli/cluster/list-shows-addresses", test_list_shows_addresses);
  cli_test_add ("/cli/cluster/listen", test_listen);
  cli_test_add ("/cli/cluster/schedule", test_schedule);
  cli_test_add ("/cli/cluster/reload", test_reload);
  cli_test_add ("/cli/cluster/reload-is-cancelled", test_reload_is_cancelled);
  cli_test_add ("/cli/cluster/reload-fails", test_reload_fails);
  cli_test_add ("/cli/cluster/scale", test_scale);
  cli_test_add ("/cli/cluster/scale-is-cancelled", test_scale_is_cancelled);
  cli_test_add ("/cli/cluster/notes", test_notes);
  cli_test_add ("/cli/cluster/free-port", test_free_port);
  cli_test_add ("/cli/cluster/stop-holder", test_stop_holder);
  cli_test_add ("/cli/cluster/up", test_up);
  return g_test_run ();
}
