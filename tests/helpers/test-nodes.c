/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "test-nodes.h"

#include <string.h>

static TestNode *
find_node (const char *folder)
{
  g_autofree char *program = g_build_filename (folder, "node", NULL);
  const char *argv[] = { program, "--version", NULL };
  g_autofree char *version = NULL;
  g_autoptr (GError) error = NULL;
  TestNode *node;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &version, NULL, NULL, &error))
    g_error ("TROUPE_TEST_NODES: %s", error->message);
  node = g_new0 (TestNode, 1);
  node->label = g_strdup_printf ("node-%s", g_strchomp (version));
  node->path = g_strconcat (folder, ":", g_getenv ("PATH"), NULL);
  return node;
}

GPtrArray *
test_nodes_get (void)
{
  static GPtrArray *nodes;
  g_auto (GStrv) others = g_strsplit (g_getenv ("TROUPE_TEST_NODES") != NULL ? g_getenv ("TROUPE_TEST_NODES") : "", ":", -1);
  g_autofree char *usual = NULL;

  if (nodes != NULL)
    return nodes;
  nodes = g_ptr_array_new ();
  usual = g_find_program_in_path ("node");
  if (usual != NULL)
    {
      TestNode *node = g_new0 (TestNode, 1);

      node->label = g_strdup ("node");
      node->path = g_strdup (g_getenv ("PATH"));
      g_ptr_array_add (nodes, node);
    }
  for (gsize i = 0; others[i] != NULL; i++)
    if (others[i][0] != '\0')
      {
        g_autofree char *folder = g_file_test (others[i], G_FILE_TEST_IS_DIR) ? g_strdup (others[i])
                                                                             : g_path_get_dirname (others[i]);

        g_ptr_array_add (nodes, find_node (folder));
      }
  return nodes;
}

void
test_node_use (const TestNode *node)
{
  if (g_strcmp0 (g_getenv ("PATH"), node->path) != 0)
    g_setenv ("PATH", node->path, TRUE);
}
