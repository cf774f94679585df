/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "cluster/preload.h"

#include "base/paths.h"

#include <string.h>

#define SCRIPT "troupe-leave.cjs"

static gboolean
may_load (GStrv argv, GStrv envp)
{
  static const char *const programs[] = { "node", "nodejs", NULL };
  const char *options = g_environ_getenv (envp, "NODE_OPTIONS"), *off = g_environ_getenv (envp, TROUPE_PRELOAD_OFF);
  g_autofree char *program = g_path_get_basename (argv[0]);

  if (!g_strv_contains (programs, program) || (off != NULL && off[0] != '\0')
      || (options != NULL && strstr (options, "permission") != NULL))
    return FALSE;
  for (gsize i = 1; argv[i] != NULL && argv[i][0] == '-'; i++)
    if (strstr (argv[i], "permission") != NULL)
      return FALSE;
  return TRUE;
}

GStrv
troupe_cluster_preload (GStrv argv, GStrv envp)
{
  g_autofree char *data_dir = NULL, *path = NULL, *option = NULL;
  g_autoptr (GStrvBuilder) builder = NULL;

  if (!may_load (argv, envp))
    return argv;
  data_dir = troupe_paths_dup_data_dir ();
  path = g_build_filename (data_dir, "cluster", SCRIPT, NULL);
  /* Node would not start without it. */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return argv;
  option = g_strconcat ("--require=", path, NULL);
  builder = g_strv_builder_new ();
  g_strv_builder_add (builder, argv[0]);
  g_strv_builder_add (builder, option);
  g_strv_builder_addv (builder, (const char **) argv + 1);
  g_strfreev (argv);
  return g_strv_builder_end (builder);
}
