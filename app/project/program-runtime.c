/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Which program runs a module, by the ending of its name. */

#include "config.h"

#include "project/program-definition.h"

#include "base/paths.h"

#include <string.h>

static const struct
{
  const char *ending;
  const char *programs[3]; /* the first that is there, else the first */
} runtimes[] = {
  { ".js", { "node" } },       { ".mjs", { "node" } },          { ".cjs", { "node" } },
  { ".py", { "python3" } },    { ".ts", { "tsx", "ts-node" } },
};

gboolean
troupe_kind_has_channel (TroupeKind kind)
{
  switch (kind)
    {
    case TROUPE_KIND_FORK:
    case TROUPE_KIND_CLUSTER:
    case TROUPE_KIND_THREADS:
      return TRUE;
    case TROUPE_KIND_SPAWN:
    case TROUPE_KIND_EXEC:
    case TROUPE_KIND_EXEC_FILE:
      return FALSE;
    }
  g_return_val_if_reached (FALSE);
}

static gboolean
is_on_path (const char *name, const char *path)
{
  g_auto (GStrv) dirs = g_strsplit (path != NULL ? path : "/bin:/usr/bin", ":", -1);

  for (gsize i = 0; dirs[i] != NULL; i++)
    {
      g_autofree char *candidate = g_build_filename (dirs[i], name, NULL);

      if (g_file_test (candidate, G_FILE_TEST_IS_EXECUTABLE))
        return TRUE;
    }
  return FALSE;
}

static const char *
find_runtime (const char *module, GStrv environment)
{
  const char *path = g_environ_getenv (environment, "PATH");

  for (gsize i = 0; i < G_N_ELEMENTS (runtimes); i++)
    {
      if (!g_str_has_suffix (module, runtimes[i].ending))
        continue;
      for (gsize k = 0; runtimes[i].programs[k] != NULL; k++)
        if (is_on_path (runtimes[i].programs[k], path))
          return runtimes[i].programs[k];
      return runtimes[i].programs[0];
    }
  return NULL;
}

gboolean
troupe_program_definition_is_node (TroupeProgramDefinition *self)
{
  static const char *const endings[] = { ".js", ".mjs", ".cjs", ".ts" };
  static const char *const programs[] = { "node", "nodejs", "tsx", "ts-node", NULL };
  g_autofree char *program = g_path_get_basename (self->exec_path != NULL ? self->exec_path : self->argv[0]);

  if (g_strv_contains (programs, program))
    return TRUE;
  for (gsize i = 0; self->exec_path == NULL && i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (program, endings[i]))
      return TRUE;
  return FALSE;
}

gboolean
troupe_program_definition_is_native_module (TroupeProgramDefinition *self)
{
  return self->exec_path == NULL && g_str_has_suffix (self->argv[0], ".so");
}

char *
troupe_program_definition_dup_module_path (TroupeProgramDefinition *self)
{
  g_autofree char *path = g_canonicalize_filename (self->argv[0], self->cwd), *ours = NULL;

  /* The folder of the program comes first, then what came with Troupe. */
  if (self->kind == TROUPE_KIND_THREADS && troupe_program_definition_is_native_module (self)
      && !g_file_test (path, G_FILE_TEST_EXISTS))
    ours = troupe_paths_dup_module (self->argv[0]);
  return ours != NULL ? g_steal_pointer (&ours) : g_steal_pointer (&path);
}

GStrv
troupe_program_definition_dup_exec_argv (TroupeProgramDefinition *self, GStrv environment)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *runtime = self->exec_path;

  if (!troupe_kind_has_channel (self->kind))
    return g_strdupv (self->argv);
  if (runtime == NULL)
    runtime = find_runtime (self->argv[0], environment);
  if (runtime != NULL)
    {
      g_strv_builder_add (builder, runtime);
      g_strv_builder_addv (builder, (const char **) self->exec_argv);
      g_strv_builder_add (builder, self->argv[0]);
    }
  else
    {
      /* A module is a file: its name alone means the one in the working folder. */
      g_autofree char *beside = g_build_filename (self->cwd != NULL ? self->cwd : ".", self->argv[0], NULL);

      if (strchr (self->argv[0], '/') == NULL && g_file_test (beside, G_FILE_TEST_IS_REGULAR))
        g_strv_builder_add (builder, beside);
      else
        g_strv_builder_add (builder, self->argv[0]);
    }
  g_strv_builder_addv (builder, (const char **) self->argv + 1);
  return g_strv_builder_end (builder);
}
