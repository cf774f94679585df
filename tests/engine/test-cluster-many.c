/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* As many workers as a large machine has processors. */

#include "config.h"

#include "cluster-fixture.h"

#define N_WORKERS 64
#define N_FEW 2

/* Each of them is new, or is the one that it was. */
static void
assert_runs (Cluster *self, guint n, guint run)
{
  g_assert_cmpuint (self->workers->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (troupe_bus_worker1_get_run (worker (self, i)), ==, run);
}

/* With an end to waiting for each worker, not for all. */
static void
reload (Cluster *self)
{
  g_autoptr (GError) error = NULL;

  troupe_bus_program1_call_reload_sync (self->program, NULL, &error);
  g_assert_no_error (error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  while (!reload_is_over (self))
    {
      g_autofree char *progress = g_strdup (troupe_bus_program1_get_reload_progress (self->program));

      wait_until (g_strcmp0 (troupe_bus_program1_get_reload_progress (self->program), progress) != 0);
    }
  g_assert_cmpstr (troupe_bus_program1_get_reload_failure (self->program), ==, "");
}

static void
scale (Cluster *self, guint n)
{
  g_autoptr (GError) error = NULL;

  troupe_bus_program1_call_scale_sync (self->program, n, NULL, &error);
  g_assert_no_error (error);
  wait_until ((cluster_look_up (self, "web"), self->workers->len == n));
  for (guint i = 0; i < n; i++)
    wait_for_state (worker (self, i), "ready");
}

/* One after the other, so that round robin gets to everybody. */
static void
assert_all_serve (Cluster *self)
{
  g_autoptr (GHashTable) pids = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < 4 * self->workers->len && g_hash_table_size (pids) < self->workers->len; i++)
    {
      g_autofree char *body = http_get (self->port, "/");

      g_assert_nonnull (body);
      g_hash_table_add (pids, GUINT_TO_POINTER ((guint) g_ascii_strtoull (body, NULL, 10)));
    }
  g_assert_cmpuint (g_hash_table_size (pids), ==, self->workers->len);
}

static void
test_many (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_auto (Cluster) cluster = { .port = http_free_port () };
  g_auto (HttpLoadResult) result = { 0 };
  g_autofree char *fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'argv': <['%s']>, "
                                             "'instances': <%d>, 'env': <['PORT=%u']>, 'ready-timeout': <'600s'>}",
                                             script, N_WORKERS, cluster.port);
  HttpLoad *load;

  cluster_launch (&cluster, fixture, fields);
  for (guint i = 0; i < N_WORKERS; i++)
    wait_for_state (worker (&cluster, i), "ready");
  assert_runs (&cluster, N_WORKERS, 1);
  assert_all_serve (&cluster);
  load = http_load_start (cluster.port, 2);
  reload (&cluster);
  for (guint i = 0; i < N_WORKERS; i++)
    wait_until (troupe_bus_worker1_get_run (worker (&cluster, i)) == 2);
  scale (&cluster, N_FEW);
  assert_runs (&cluster, N_FEW, 2);
  wait_for_requests (load, 100);
  scale (&cluster, N_WORKERS);
  wait_for_requests (load, 100);
  result = http_load_stop (load);
  assert_no_failure (&result);
  assert_all_serve (&cluster);
  cluster_stop (&cluster);
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
  fixture_test ("cluster/many-workers", test_many);
  return g_test_run ();
}
