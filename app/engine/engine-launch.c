/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Programs are launched, examined, started, stopped and edited. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"
#include "supervisor/run-folder.h"

#include <string.h>

/* Makes room for one more ad-hoc launch. */
static gboolean
troupe_engine_make_room (TroupeEngine *self, TroupeProject *project, GError **error)
{
  if (project->programs->len < TROUPE_ENGINE_AD_HOC_MAX)
    return TRUE;
  for (guint i = 0; i < project->programs->len; i++)
    {
      TroupeProgram *program = g_ptr_array_index (project->programs, i);

      if (!troupe_program_is_busy (program))
        {
          GPtrArray *workers = troupe_program_get_workers (program);

          for (guint j = 0; j < workers->len; j++)
            troupe_run_folder_delete_tree (troupe_worker_get_journals_dir (g_ptr_array_index (workers, j)));
          troupe_engine_drop_program (self, project, program);
          return TRUE;
        }
    }
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "%d launches are running already; stop or remove one",
               TROUPE_ENGINE_AD_HOC_MAX);
  return FALSE;
}

TroupeProgram *
troupe_engine_launch (TroupeEngine *self, GVariant *definition, gboolean start, GError **error)
{
  g_autoptr (TroupeProgramDefinition) parsed = NULL, named = NULL;
  g_autofree char *wish = NULL, *name = NULL;
  TroupeProject *project;
  TroupeProgram *program;

  if (!troupe_engine_check_not_quitting (self, error))
    return NULL;
  parsed = troupe_program_definition_new_from_variant (definition, g_get_home_dir (), NULL, error);
  if (parsed == NULL)
    return NULL;
  project = troupe_engine_find_project (self, parsed->project);
  if (project == NULL || project->is_closing)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION,
                   "project: no project “%s” is open; leave it out for an ad-hoc launch", parsed->project);
      return NULL;
    }
  if (project->path == NULL && !troupe_engine_make_room (self, project, error))
    return NULL;

  wish = parsed->name[0] != '\0' ? g_strdup (parsed->name) : troupe_program_definition_dup_made_name (parsed);
  name = troupe_project_dup_free_name (project, wish, parsed->instances);
  named = troupe_program_definition_new_renamed (parsed, name);
  program = troupe_engine_add_program (self, project, named);
  if (start)
    troupe_engine_start_program (self, program);
  return program;
}

GPtrArray *
troupe_engine_check (TroupeEngine *self, GVariant *definition)
{
  GPtrArray *problems = NULL;
  g_autoptr (TroupeProgramDefinition) parsed = NULL;

  parsed = troupe_program_definition_new_from_variant (definition, g_get_home_dir (), &problems, NULL);
  if (problems == NULL)
    problems = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_problem_free);
  if (parsed == NULL)
    return problems;
  troupe_program_definition_check_system (parsed, problems);
  if (troupe_engine_find_project (self, parsed->project) == NULL)
    {
      g_autofree char *message = g_strdup_printf ("no project “%s” is open", parsed->project);

      g_ptr_array_add (problems, troupe_problem_new ("project", message));
    }
  return problems;
}

GPtrArray *
troupe_engine_examine (TroupeEngine *self, GVariant *definition, GError **error)
{
  g_autoptr (TroupeProgramDefinition) parsed
      = troupe_program_definition_new_from_variant (definition, g_get_home_dir (), NULL, error);

  return parsed != NULL ? troupe_program_definition_dup_notes (parsed) : NULL;
}

void
troupe_engine_start_program (TroupeEngine *self, TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);

  troupe_program_look (program);
  for (guint i = 0; i < workers->len && !self->is_quitting; i++)
    if (!troupe_worker_is_host (g_ptr_array_index (workers, i)))
      troupe_worker_start (g_ptr_array_index (workers, i));
}

/* A host goes by itself after its last thread. */
static void
stop_worker (gpointer worker, gpointer user_data)
{
  if (!troupe_worker_is_host (worker))
    troupe_worker_stop (worker);
}

void
troupe_engine_stop_program (TroupeEngine *self, TroupeProgram *program)
{
  g_ptr_array_foreach (troupe_program_get_workers (program), stop_worker, NULL);
}

static void
stop_without_place (gpointer worker, gpointer program)
{
  if (!troupe_program_has_place_for (program, troupe_worker_get_name (worker)))
    troupe_worker_stop (worker);
}

gboolean
troupe_engine_edit_program (TroupeEngine *self, TroupeProgram *program, GVariant *definition, GError **error)
{
  g_autoptr (TroupeProgramDefinition) parsed = NULL, named = NULL;
  TroupeProject *project = troupe_engine_find_project (self, troupe_program_get_project (program));

  if (!troupe_engine_check_not_quitting (self, error))
    return FALSE;
  parsed = troupe_program_definition_new_from_variant (definition, g_get_home_dir (), NULL, error);
  if (parsed == NULL)
    return FALSE;
  if (parsed->name[0] != '\0' && strcmp (parsed->name, troupe_program_get_name (program)) != 0)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION,
                   "name: “%s” cannot become “%s”; launch a new program and remove the old one",
                   troupe_program_get_name (program), parsed->name);
      return FALSE;
    }
  if (strcmp (parsed->project, project->name) != 0)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION,
                   "project: a program cannot move from “%s” to “%s”", project->name, parsed->project);
      return FALSE;
    }
  named = troupe_program_definition_new_renamed (parsed, troupe_program_get_name (program));
  if (!troupe_engine_check_names (project, program, named, error))
    return FALSE;
  troupe_engine_change_program (self, project, program, named);
  /* There is no next start for those that have no place any more. */
  g_ptr_array_foreach (troupe_program_get_workers (program), stop_without_place, program);
  return TRUE;
}
