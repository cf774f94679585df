/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Project files: open, read again, close. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"
#include "project/project-file.h"

#include <string.h>

static TroupeProject *
find_by_path (TroupeEngine *self, const char *path)
{
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      if (g_strcmp0 (project->path, path) == 0)
        return project;
    }
  return NULL;
}

/* May this open project be read from another file from now on? */
static gboolean
can_change_file (TroupeProject *project)
{
  if (project->path == NULL || project->is_closing)
    return FALSE;
  /* Its runs were found before its file was; or its folder was moved or copied (a second clone, an
   * installed demo), and nothing of it runs. */
  return project->path[0] == '\0' || !troupe_project_is_busy (project);
}

/* The project that FILE is to be, open already or new. */
static TroupeProject *
troupe_engine_take_project (TroupeEngine *self, const TroupeProjectFile *file, GError **error)
{
  TroupeProject *project = find_by_path (self, file->path);
  TroupeProject *same_name = troupe_engine_find_project (self, file->name);

  if (project == NULL && same_name != NULL && can_change_file (same_name))
    {
      g_free (same_name->path);
      same_name->path = g_strdup (file->path);
      project = same_name;
      g_signal_emit_by_name (self, "projects-changed");
    }
  if (project != NULL && project->is_closing)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "The project “%s” is being closed",
                   project->name);
      return NULL;
    }
  if (project != NULL && strcmp (project->name, file->name) == 0)
    return project;
  if (project != NULL)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                   "“%s” is open as project “%s” and now calls itself “%s”; close it first", file->path,
                   project->name, file->name);
      return NULL;
    }
  if (same_name != NULL)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT,
                   "A project “%s” runs already%s%s; stop it, or name this one otherwise with name= in [project]",
                   file->name, same_name->path != NULL ? ", from " : "",
                   same_name->path != NULL ? same_name->path : "");
      return NULL;
    }
  if (self->projects->len >= TROUPE_ENGINE_PROJECTS_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "%d projects are open already; close one",
                   TROUPE_ENGINE_PROJECTS_MAX);
      return NULL;
    }
  return troupe_engine_add_project (self, file->name, file->path);
}

static gboolean
file_has_program (const TroupeProjectFile *file, const char *name)
{
  for (guint i = 0; i < file->programs->len; i++)
    if (strcmp (((TroupeProgramDefinition *) g_ptr_array_index (file->programs, i))->name, name) == 0)
      return TRUE;
  return FALSE;
}

static void
troupe_engine_take_programs (TroupeEngine *self, TroupeProject *project, const TroupeProjectFile *file,
                             GPtrArray *notes)
{
  for (guint i = 0; i < project->programs->len; i++)
    {
      TroupeProgram *program = g_ptr_array_index (project->programs, i);

      if (!file_has_program (file, troupe_program_get_name (program)))
        troupe_program_set_leaving (program, TRUE);
    }
  for (guint i = 0; i < file->programs->len; i++)
    {
      TroupeProgramDefinition *definition = g_ptr_array_index (file->programs, i);
      TroupeProgram *program = troupe_project_find_program (project, definition->name);
      g_autofree char *free_name = NULL;

      if (program != NULL)
        {
          g_autoptr (TroupeProgramDefinition) scaled = NULL;
          guint from, scale = troupe_program_get_scale (program, &from);

          /* What was scaled by hand stays so until the file says otherwise. */
          if (scale != 0 && from == definition->instances)
            definition = scaled = troupe_program_definition_new_scaled (definition, scale);
          else
            troupe_program_set_scale (program, 0, 0);
          troupe_program_set_leaving (program, FALSE);
          if (!troupe_program_definition_equal (troupe_program_get_definition (program), definition))
            troupe_engine_change_program (self, project, program, definition);
          continue;
        }
      free_name = troupe_project_dup_free_name (project, definition->name, definition->instances);
      if (strcmp (free_name, definition->name) == 0)
        troupe_engine_add_program (self, project, definition);
      else
        g_ptr_array_add (notes, g_strdup_printf ("%s: the program “%s” was left out: a worker of that name "
                                                 "belongs to another program",
                                                 file->path, definition->name));
    }
  troupe_engine_tidy_later (self);
}

gboolean
troupe_engine_open_project (TroupeEngine *self, const char *path, gboolean start, char **name, GStrv *notes,
                            GError **error)
{
  g_autoptr (TroupeProjectFile) file = NULL;
  g_autoptr (GPtrArray) all_notes = g_ptr_array_new_with_free_func (g_free);
  TroupeProject *project;

  if (self->is_quitting)
    {
      g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "The engine is about to end");
      return FALSE;
    }
  file = troupe_project_file_load (path, error);
  if (file == NULL)
    return FALSE;
  project = troupe_engine_take_project (self, file, error);
  if (project == NULL)
    return FALSE;

  for (guint i = 0; i < file->notes->len; i++)
    g_ptr_array_add (all_notes, g_strdup (g_ptr_array_index (file->notes, i)));
  troupe_engine_take_programs (self, project, file, all_notes);
  for (guint i = 0; start && i < project->programs->len; i++)
    {
      TroupeProgram *program = g_ptr_array_index (project->programs, i);

      if (!troupe_program_is_leaving (program))
        troupe_engine_start_program (self, program);
    }

  if (!self->is_restoring)
    troupe_engine_save (self);
  *name = g_strdup (project->name);
  g_ptr_array_add (all_notes, NULL);
  *notes = (GStrv) g_ptr_array_free (g_steal_pointer (&all_notes), FALSE);
  return TRUE;
}

void
troupe_engine_close_if_down (TroupeEngine *self, TroupeProject *project)
{
  g_autoptr (GPtrArray) tasks = NULL;

  if (!project->is_closing || troupe_project_is_busy (project))
    return;
  while (project->programs->len > 0)
    troupe_engine_drop_program (self, project, g_ptr_array_index (project->programs, project->programs->len - 1));
  tasks = g_steal_pointer (&project->close_tasks);
  project->close_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  if (project->path != NULL)
    troupe_engine_drop_project (self, project);
  else
    project->is_closing = FALSE;
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

void
troupe_engine_close_project_async (TroupeEngine *self, const char *name, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  TroupeProject *project = troupe_engine_find_project (self, name);

  if (project == NULL)
    {
      g_task_return_new_error (task, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER, "No project “%s” is open", name);
      return;
    }
  project->is_closing = TRUE;
  g_ptr_array_add (project->close_tasks, g_steal_pointer (&task));
  for (guint i = 0; i < project->programs->len; i++)
    troupe_engine_stop_program (self, g_ptr_array_index (project->programs, i));
  troupe_engine_tidy_later (self);
}

gboolean
troupe_engine_close_project_finish (TroupeEngine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
