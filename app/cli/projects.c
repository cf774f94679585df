/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reads Engine1.Projects and chooses one of them. */

#include "config.h"

#include "cli/projects.h"

#include <string.h>

#include "base/engine-connection.h"
#include "base/error.h"
#include "project/program-name.h"

void
troupe_project_info_free (TroupeProjectInfo *project)
{
  g_free (project->name);
  g_free (project->path);
  g_free (project);
}

GPtrArray *
troupe_projects_load (TroupeEngineClient *client, GError **error)
{
  g_autoptr (GVariant) properties = NULL, list = NULL;
  GPtrArray *projects;
  GVariantIter iter;
  const char *name, *path;

  properties =
      troupe_engine_client_get_properties (client, TROUPE_ENGINE_MANAGER_PATH, TROUPE_ENGINE_INTERFACE, error);
  if (properties == NULL)
    return NULL;
  projects = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_project_info_free);
  list = g_variant_lookup_value (properties, "Projects", G_VARIANT_TYPE ("a(ss)"));
  if (list == NULL)
    return projects;
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "(&s&s)", &name, &path))
    {
      TroupeProjectInfo *project = g_new0 (TroupeProjectInfo, 1);

      project->name = g_strdup (name);
      project->path = g_strdup (path);
      g_ptr_array_add (projects, project);
    }
  return projects;
}

/* The project's file is PATH, or lies in it. */
static gboolean
belongs_to (const TroupeProjectInfo *project, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (project->path);

  return project->path[0] != '\0' && (strcmp (project->path, path) == 0 || strcmp (folder, path) == 0);
}

static char *
dup_names (GPtrArray *projects)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < projects->len; i++)
    {
      const TroupeProjectInfo *project = projects->pdata[i];

      if (project->path[0] != '\0')
        g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", project->name);
    }
  return g_string_free (g_steal_pointer (&names), FALSE);
}

static void
set_unknown (GPtrArray *projects, const char *text, GError **error)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();
  g_autofree char *names = dup_names (projects);
  const char *meant;

  for (guint i = 0; i < projects->len; i++)
    g_ptr_array_add (candidates, ((TroupeProjectInfo *) projects->pdata[i])->name);
  g_ptr_array_add (candidates, NULL);
  meant = troupe_name_find_similar (text, (const char *const *) candidates->pdata);
  if (meant != NULL)
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER,
                 "There is no open project “%s”; did you mean “%s”?", text, meant);
  else
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER, "There is no open project “%s”%s%s", text,
                 names[0] != '\0' ? "; open are: " : "; none is open", names);
}

const TroupeProjectInfo *
troupe_projects_choose (GPtrArray *projects, const char *text, const char *cwd, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (text != NULL ? text : ".", cwd);
  const TroupeProjectInfo *found = NULL;

  for (guint i = 0; text != NULL && i < projects->len; i++)
    {
      const TroupeProjectInfo *project = projects->pdata[i];

      if (strcmp (project->name, text) == 0)
        return project;
    }
  for (guint i = 0; i < projects->len; i++)
    {
      const TroupeProjectInfo *project = projects->pdata[i];

      if (!belongs_to (project, path))
        continue;
      if (found != NULL)
        {
          g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_AMBIGUOUS_NAME,
                       "Several projects are open from “%s”; say “%s” or “%s”", path, found->name, project->name);
          return NULL;
        }
      found = project;
    }
  if (found == NULL)
    set_unknown (projects, text != NULL ? text : path, error);
  return found;
}
