/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The same cases with each version of Node. */

#include "config.h"

#include "node-suite.h"

#include <stdarg.h>

#define ARGUMENTS_MAX 3

typedef struct
{
  const NodeCase *what;
  char *node;
} Run;

HostFixture *
node_host_new (const char *node)
{
  g_autofree char *script = troupe_thread_host_dup_node_script ();
  const char *argv[] = { node, script, NULL };

  return host_fixture_new (argv, NULL);
}

char *
node_dup_script (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "threads", "workers", name, NULL);
}

ThreadFixture *
node_thread_new (HostFixture *host, const char *script, ...)
{
  g_autofree char *file = node_dup_script (script);
  const char *argv[ARGUMENTS_MAX + 1] = { NULL };
  const char *argument;
  guint n = 0;
  va_list args;

  va_start (args, script);
  while ((argument = va_arg (args, const char *)) != NULL)
    {
      g_assert_cmpuint (n, <, ARGUMENTS_MAX);
      argv[n++] = argument;
    }
  va_end (args);
  return thread_fixture_new (host, &(TroupeThreadLaunch) { .file = file, .argv = argv });
}

static void
run_free (gpointer user_data)
{
  Run *run = user_data;

  g_free (run->node);
  g_free (run);
}

static void
run_case (gconstpointer user_data)
{
  const Run *run = user_data;

  run->what->run (run->node);
}

/* The major version, or NULL when NODE is no Node. */
static char *
dup_version (const char *node)
{
  const char *argv[] = { node, "-p", "process.versions.node.split('.')[0]", NULL };
  g_autofree char *output = NULL;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, NULL))
    return NULL;
  return g_strdup (g_strchomp (output));
}

int
node_suite_run (int argc, char **argv, const char *suite, const NodeCase *cases, gsize n)
{
  const char *wanted = g_getenv ("TROUPE_TEST_NODES");
  g_auto (GStrv) nodes = g_strsplit (wanted != NULL ? wanted : "node", ":", -1);
  gboolean found = FALSE;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; nodes[i] != NULL; i++)
    {
      g_autofree char *version = dup_version (nodes[i]);

      if (version == NULL)
        continue;
      found = TRUE;
      for (gsize k = 0; k < n; k++)
        {
          g_autofree char *path = g_strdup_printf ("/threads/%s/node-%s/%s", suite, version, cases[k].name);
          Run *run = g_new (Run, 1);

          *run = (Run) { &cases[k], g_strdup (nodes[i]) };
          g_test_add_data_func_full (path, run, run_case, run_free);
        }
    }
  if (!found)
    {
      g_print ("1..0 # SKIP Node.js is not installed\n");
      return 0;
    }
  return g_test_run ();
}
