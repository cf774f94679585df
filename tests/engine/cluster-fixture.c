/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Launches clusters over the bus, and looks at them. */

#include "config.h"

#include "cluster-fixture.h"

#include <errno.h>
#include <unistd.h>

void
cluster_clear (Cluster *self)
{
  g_clear_object (&self->program);
  g_clear_pointer (&self->workers, g_ptr_array_unref);
  g_free (self->path);
  g_free (self->told);
}

TroupeBusWorker1 *
worker (Cluster *self, guint i)
{
  return g_ptr_array_index (self->workers, i);
}

gboolean
all_in_state (Cluster *self, const char *state)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (g_strcmp0 (troupe_bus_worker1_get_state (worker (self, i)), state) != 0)
      return FALSE;
  return self->workers->len > 0;
}

/* FALSE when one of them was gone before we got there. */
static gboolean
cluster_find_workers (Cluster *self, const char *name)
{
  g_auto (GStrv) paths = fixture_find_paths (self->fixture, name, NULL);

  g_assert_nonnull (paths);
  g_clear_pointer (&self->workers, g_ptr_array_unref);
  self->workers = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      TroupeBusWorker1 *found
          = troupe_bus_worker1_proxy_new_sync (self->fixture->bus, G_DBUS_PROXY_FLAGS_NONE, TROUPE_ENGINE_BUS_NAME,
                                               paths[i], NULL, NULL);

      g_assert_nonnull (found);
      g_ptr_array_add (self->workers, found);
      if (troupe_bus_worker1_get_name (found) == NULL)
        return FALSE;
    }
  return TRUE;
}

void
cluster_look_up (Cluster *self, const char *name)
{
  while (!cluster_find_workers (self, name))
    ;
  g_clear_object (&self->program);
  g_free (self->path);
  self->path = g_strdup (troupe_bus_worker1_get_program (worker (self, 0)));
  self->program = fixture_get_program (self->fixture, self->path);
}

void
cluster_launch (Cluster *self, Fixture *fixture, const char *fields)
{
  g_auto (GStrv) paths = fixture_launch_paths (fixture, fields, TRUE, NULL);

  self->fixture = fixture;
  cluster_look_up (self, "web");
}

void
cluster_serve (Cluster *self, Fixture *fixture, guint n, const char *env, const char *more)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_autofree char *fields = NULL;

  self->port = http_free_port ();
  fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'argv': <['%s']>, 'instances': <%u>, "
                            "'env': <[%s'PORT=%u']>%s}",
                            script, n, env, self->port, more);
  cluster_launch (self, fixture, fields);
  wait_until (all_in_state (self, "ready"));
}

gboolean
reload_is_over (Cluster *self)
{
  return troupe_bus_program1_get_reload_progress (self->program)[0] == '\0';
}

const char *
cluster_reload (Cluster *self)
{
  g_autoptr (GError) error = NULL;

  troupe_bus_program1_call_reload_sync (self->program, NULL, &error);
  g_assert_no_error (error);
  /* What was said before the answer. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  wait_until (reload_is_over (self));
  return troupe_bus_program1_get_reload_failure (self->program);
}

void
cluster_stop (Cluster *self)
{
  troupe_bus_program1_call_stop_sync (self->program, NULL, NULL);
  wait_until (all_in_state (self, "stopped"));
}

void
wait_for_requests (HttpLoad *load, guint64 more)
{
  guint64 until = http_load_count (load) + more;

  wait_until (http_load_count (load) >= until);
}

void
assert_no_failure (const HttpLoadResult *result)
{
  if (result->n_failed > 0)
    g_error ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " requests failed, first: %s", result->n_failed,
             result->n_ok + result->n_failed, result->first_failure);
  g_test_message ("%" G_GUINT64_FORMAT " requests, none failed", result->n_ok);
}

gboolean
is_refused (guint port)
{
  int fd = http_connect (port);

  if (fd >= 0)
    close (fd);
  return fd == -ECONNREFUSED;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  test_node_use (data);
  fixture_set_up (fixture, NULL);
}

void
cluster_test (const char *name, void (*func) (Fixture *fixture, gconstpointer data))
{
  for (guint i = 0; i < test_nodes_get ()->len; i++)
    {
      const TestNode *node = g_ptr_array_index (test_nodes_get (), i);
      g_autofree char *path = g_strdup_printf ("/engine/cluster%s/%s", i > 0 ? node->label + strlen ("node") : "", name);

      g_test_add (path, Fixture, node, set_up, func, fixture_tear_down);
    }
}

gboolean
cluster_tests_begin (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  troupe_error_quark (); /* errors from the bus have its codes from now on */
  if (test_nodes_get ()->len > 0)
    return TRUE;
  g_print ("1..0 # SKIP Node.js is not installed\n");
  return FALSE;
}
