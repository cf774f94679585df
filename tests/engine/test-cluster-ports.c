/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Ports that somebody has, and scripts of which a part does not run. */

#include "config.h"

#include "cluster-fixture.h"

#include "cluster/listen-socket.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
take_port (guint *port)
{
  TroupeListenAddress address = { .type = TROUPE_LISTEN_TCP4, .address = (char *) "127.0.0.1" };
  int fd = troupe_listen_socket_bind (&address);
  char name[64];
  guint family;

  g_assert_cmpint (fd, >=, 0);
  g_assert_no_errno (listen (fd, 1));
  g_assert_true (troupe_listen_socket_get_name (fd, name, &family, port));
  return fd;
}

static void
test_names_the_holder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_autoptr (TroupeBusWorker1) node = NULL, other = NULL, third = NULL;
  g_autofree char *node_fields = NULL, *other_fields = NULL, *third_fields = NULL, *holder = NULL, *expected = NULL;
  g_auto (Cluster) cluster = { 0 };
  guint port;
  int fd = take_port (&port);

  holder = g_strdup_printf ("tcp:127.0.0.1:%u is taken by process %d (", port, (int) getpid ());
  node_fields = g_strdup_printf ("{'name': <'node'>, 'kind': <'cluster'>, 'instances': <1>, 'restart': <'no'>, "
                                 "'argv': <['%s']>, 'env': <['PORT=%u']>}",
                                 script, port);
  node = fixture_launch (fixture, node_fields);
  wait_for_state (node, "failed");
  g_assert_nonnull (strstr (troupe_bus_worker1_get_exit_summary (node), holder));
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (node), "Exited with code 1 "));

  other_fields = g_strdup_printf ("{'name': <'other'>, 'kind': <'cluster'>, 'instances': <1>, "
                                  "'argv': <['sleep', '60']>, 'listen': <['tcp:127.0.0.1:%u']>}",
                                  port);
  other = fixture_launch (fixture, other_fields);
  wait_for_state (other, "failed");
  g_assert_true (g_str_has_prefix (troupe_bus_worker1_get_exit_summary (other), "Could not start: "));
  g_assert_nonnull (strstr (troupe_bus_worker1_get_exit_summary (other), holder));
  close (fd);
  troupe_bus_worker1_call_start_sync (other, NULL, NULL);
  wait_for_state (other, "ready");

  /* One of ours. */
  cluster_serve (&cluster, fixture, 1, "", "");
  third_fields = g_strdup_printf ("{'name': <'third'>, 'kind': <'cluster'>, 'instances': <1>, 'restart': <'no'>, "
                                  "'argv': <['sleep', '60']>, 'listen': <['tcp:127.0.0.1:%u']>}",
                                  cluster.port);
  third = fixture_launch (fixture, third_fields);
  wait_for_state (third, "failed");
  expected = g_strdup_printf ("Could not start: tcp:127.0.0.1:%u is taken by Troupe's program “default/web”",
                              cluster.port);
  g_assert_cmpstr (troupe_bus_worker1_get_exit_summary (third), ==, expected);
}

/* A script that asks for the port its program holds for it already. */
static void
test_own_listen (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  guint port = http_free_port ();
  g_autofree char *fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <1>, 'restart': <'no'>, "
                                             "'argv': <['%s']>, 'env': <['PORT=%u']>, 'listen': <['tcp:127.0.0.1:%u']>}",
                                             script, port, port);
  g_autofree char *expected = g_strdup_printf ("tcp:127.0.0.1:%u is held for this program by its own listen=", port);
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, fields);

  wait_for_state (worker, "failed");
  g_assert_nonnull (strstr (troupe_bus_worker1_get_exit_summary (worker), expected));
}

static const char *
get_problem (Cluster *self, const char *key)
{
  g_autoptr (GVariant) value
      = g_variant_lookup_value (troupe_bus_program1_get_port_problem (self->program), key, NULL);

  /* It lives on in the property. */
  return value != NULL ? g_variant_get_string (value, NULL) : NULL;
}

static gboolean
has_problem (Cluster *self)
{
  return g_variant_n_children (troupe_bus_program1_get_port_problem (self->program)) > 0;
}

/* The port that a script names, or one of listen=, is somebody else's: told, and another taken in its place. */
static void
use_free_port (Fixture *fixture, gboolean by_listen)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_auto (Cluster) cluster = { 0 };
  g_autofree char *taken = NULL, *fields = NULL, *used = NULL, *again = NULL, *body = NULL, *was_free = NULL;
  g_autoptr (GVariant) pid = NULL;
  g_autoptr (GError) error = NULL;
  guint port;
  int fd = take_port (&port), next_fd;
  TroupeListenAddress next;

  taken = g_strdup_printf ("tcp:127.0.0.1:%u", port);
  fields = by_listen
               ? g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <2>, 'restart': <'no'>, "
                                  "'argv': <['%s']>, 'listen': <['tcp:127.0.0.1:0', '%s']>}",
                                  script, taken)
               : g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <2>, 'restart': <'no'>, "
                                  "'argv': <['%s']>, 'env': <['PORT=%u']>}",
                                  script, port);
  cluster_launch (&cluster, fixture, fields);
  wait_until (all_in_state (&cluster, "failed") && has_problem (&cluster));
  g_assert_cmpstr (get_problem (&cluster, "address"), ==, taken);
  g_assert_true (g_str_has_prefix (get_problem (&cluster, "text"), taken));
  g_assert_nonnull (strstr (get_problem (&cluster, "command"), "test-cluster-ports"));
  g_assert_null (get_problem (&cluster, "holder"));
  pid = g_variant_lookup_value (troupe_bus_program1_get_port_problem (cluster.program), "pid", NULL);
  g_assert_cmpint (g_variant_get_uint32 (pid), ==, getpid ());

  /* The one that was free then is not any more. */
  was_free = g_strdup (get_problem (&cluster, "free"));
  g_assert_true (troupe_listen_address_parse (&next, was_free, NULL));
  g_assert_cmpuint (next.port, >, port);
  next_fd = troupe_listen_socket_bind (&next);
  troupe_listen_address_clear (&next);
  if (next_fd >= 0)
    listen (next_fd, 1);
  troupe_bus_program1_call_use_free_port_sync (cluster.program, &used, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (next_fd < 0 || g_strcmp0 (used, was_free) != 0);
  wait_until (all_in_state (&cluster, "ready") && !has_problem (&cluster));
  if (!by_listen)
    g_assert_cmpstr (troupe_bus_worker1_get_addresses (worker (&cluster, 1))[0], ==, used);
  wait_until (g_strv_contains (troupe_bus_program1_get_listen (cluster.program), used));
  body = by_listen ? NULL : http_get ((guint) g_ascii_strtoull (strrchr (used, ':') + 1, NULL, 10), "/");
  g_assert_true (by_listen || body != NULL);
  g_assert_false (troupe_bus_program1_call_use_free_port_sync (cluster.program, &again, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  if (next_fd >= 0)
    close (next_fd);
  close (fd);
  cluster_stop (&cluster);
}

static void
test_uses_free_port_for_script (Fixture *fixture, gconstpointer data)
{
  use_free_port (fixture, FALSE);
}

static void
test_uses_free_port_for_listen (Fixture *fixture, gconstpointer data)
{
  use_free_port (fixture, TRUE);
}

/* A program of ours has the port: it is named in a way that can be acted on. */
static void
test_stops_the_holder (Fixture *fixture, gconstpointer data)
{
  g_auto (Cluster) cluster = { 0 }, second = { 0 };
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_autofree char *fields = NULL, *holder = NULL;
  g_autoptr (TroupeBusProgram1) other = NULL;
  g_auto (GStrv) paths = NULL;

  cluster_serve (&cluster, fixture, 1, "", "");
  fields = g_strdup_printf ("{'name': <'second'>, 'kind': <'cluster'>, 'instances': <1>, 'restart': <'no'>, "
                            "'argv': <['%s']>, 'env': <['PORT=%u']>}",
                            script, cluster.port);
  paths = fixture_launch_paths (fixture, fields, TRUE, NULL);
  second.fixture = fixture;
  cluster_look_up (&second, "second");
  wait_until (all_in_state (&second, "failed") && has_problem (&second));
  g_assert_cmpstr (get_problem (&second, "holder"), ==, "default/web");
  holder = g_strdup (get_problem (&second, "program"));
  g_assert_cmpstr (holder, ==, cluster.path);
  other = fixture_get_program (fixture, holder);
  troupe_bus_program1_call_stop_sync (other, NULL, NULL);
  wait_until (all_in_state (&cluster, "stopped"));
  troupe_bus_program1_call_start_sync (second.program, NULL, NULL);
  wait_until (all_in_state (&second, "ready") && !has_problem (&second));
  cluster_stop (&second);
}

static void
assert_note (GVariant *notes, const char *topic, guint line)
{
  const char *real_topic, *text;
  guint real_line;

  g_assert_cmpuint (g_variant_n_children (notes), ==, 1);
  g_variant_get_child (notes, 0, "(&su&s)", &real_topic, &real_line, &text);
  g_assert_cmpstr (real_topic, ==, topic);
  g_assert_cmpuint (real_line, ==, line);
  g_assert_nonnull (strstr (text, "will not run"));
}

/* What is in the primary's branch of a script is said, before a start and as it changes. */
static void
test_notes_primary_branch (Fixture *fixture, gconstpointer data)
{
  static const char forks[] = "const cluster = require('cluster');\nif (cluster.isPrimary) {\n  cluster.fork();\n}\n"
                              "else setInterval(() => {}, 1000);\n";
  static const char counts[] = "const cluster = require('cluster');\nif (cluster.isPrimary) {\n"
                               "  setInterval(() => {}, 5);\n}\nelse setInterval(() => {}, 1000);\n";
  g_autofree char *script = fixture_write (fixture, "app.js", forks);
  g_autofree char *definition
      = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'instances': <1>, 'argv': <['%s']>, 'ready': <'none'>, "
                         "'grace': <'200ms'>}",
                         script);
  g_autoptr (GVariant) dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, definition, NULL, NULL, NULL);
  g_autoptr (GVariant) notes = NULL;
  g_auto (Cluster) cluster = { 0 };
  g_autoptr (GError) error = NULL;

  troupe_bus_engine1_call_examine_sync (fixture->engine, dict, &notes, NULL, &error);
  g_assert_no_error (error);
  assert_note (notes, "primary-branch", 2);
  cluster_launch (&cluster, fixture, definition);
  assert_note (troupe_bus_program1_get_notes (cluster.program), "primary-branch", 2);
  wait_until (all_in_state (&cluster, "running"));
  cluster_stop (&cluster);
  g_free (fixture_write (fixture, "app.js", counts));
  troupe_bus_program1_call_start_sync (cluster.program, NULL, NULL);
  wait_until (all_in_state (&cluster, "running"));
  assert_note (troupe_bus_program1_get_notes (cluster.program), "primary-logic", 3);
  cluster_stop (&cluster);
}

int
main (int argc, char **argv)
{
  if (!cluster_tests_begin (&argc, &argv))
    return 0;
  cluster_test ("names-the-holder", test_names_the_holder);
  cluster_test ("own-listen", test_own_listen);
  cluster_test ("uses-free-port-for-script", test_uses_free_port_for_script);
  cluster_test ("uses-free-port-for-listen", test_uses_free_port_for_listen);
  cluster_test ("stops-the-holder", test_stops_the_holder);
  cluster_test ("notes-primary-branch", test_notes_primary_branch);
  return g_test_run ();
}
