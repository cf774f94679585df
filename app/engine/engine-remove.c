/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Programs and workers that are on their way out go once they are down; what a person removed can come
 * back for a while. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"

/* Moves a removed program's journals away and takes the program with them. */
static void
troupe_engine_bin_program (TroupeEngine *self, TroupeProject *project, TroupeProgram *program, guint64 token)
{
  GPtrArray *workers = troupe_program_get_workers (program);

  troupe_trash_add (self->trash, token, project->name, troupe_program_get_definition (program));
  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);

      troupe_trash_add_journals (self->trash, token, troupe_worker_get_journals_dir (worker),
                                 troupe_worker_get_name (worker));
    }
  troupe_engine_drop_program (self, project, program);
  troupe_engine_update_idle (self);
}

static guint64
get_token (TroupeProgram *program)
{
  guint64 *token = g_object_get_data (G_OBJECT (program), "undo-token");

  return token != NULL ? *token : 0;
}

static void
troupe_engine_tidy_program (TroupeEngine *self, TroupeProject *project, TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);

  if (troupe_program_is_leaving (program) && !troupe_program_is_busy (program))
    {
      if (get_token (program) != 0)
        troupe_engine_bin_program (self, project, program, get_token (program));
      else
        troupe_engine_drop_program (self, project, program);
      return;
    }
  for (guint i = workers->len; i-- > 0;)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);

      if (!troupe_worker_is_busy (worker)
          && !troupe_program_has_place_for (program, troupe_worker_get_name (worker)))
        troupe_engine_drop_worker (self, project, program, worker);
    }
}

static gboolean
tidy_cb (gpointer user_data)
{
  TroupeEngine *self = user_data;

  self->tidy_source = 0;
  for (guint i = self->projects->len; i-- > 0;)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      for (guint j = project->programs->len; j-- > 0;)
        troupe_engine_tidy_program (self, project, g_ptr_array_index (project->programs, j));
      troupe_engine_close_if_down (self, project);
    }
  return G_SOURCE_REMOVE;
}

void
troupe_engine_tidy_later (TroupeEngine *self)
{
  if (self->tidy_source == 0)
    self->tidy_source = g_idle_add (tidy_cb, self);
}

gboolean
troupe_engine_remove_program (TroupeEngine *self, TroupeProgram *program, guint64 *token, GError **error)
{
  guint64 *kept = g_new (guint64, 1);

  *token = *kept = get_token (program) != 0 ? get_token (program) : troupe_trash_next_token (self->trash);
  g_object_set_data_full (G_OBJECT (program), "undo-token", kept, g_free);
  troupe_program_set_leaving (program, TRUE);
  if (troupe_program_is_busy (program))
    troupe_engine_stop_program (self, program);
  /* Stopping may have been all it took (a worker that only waited). */
  if (!troupe_program_is_busy (program))
    troupe_engine_tidy_program (
        self, troupe_engine_find_project (self, troupe_program_get_project (program)), program);
  return TRUE;
}

/* The program that is still stopping on its way out under TOKEN. */
static TroupeProgram *
troupe_engine_find_leaving (TroupeEngine *self, guint64 token)
{
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      for (guint j = 0; j < project->programs->len; j++)
        if (get_token (g_ptr_array_index (project->programs, j)) == token)
          return g_ptr_array_index (project->programs, j);
    }
  return NULL;
}

TroupeProgram *
troupe_engine_undo_remove (TroupeEngine *self, guint64 token, GError **error)
{
  TroupeProgram *program = token != 0 ? troupe_engine_find_leaving (self, token) : NULL;
  g_autoptr (TroupeProgramDefinition) renamed = NULL;
  TroupeProgramDefinition *definition;
  g_autofree char *name = NULL;
  const char *project_name;
  TroupeProject *project;

  if (program != NULL)
    {
      troupe_program_set_leaving (program, FALSE);
      g_object_set_data (G_OBJECT (program), "undo-token", NULL);
      return program;
    }
  if (!troupe_trash_peek (self->trash, token, &project_name, &definition)
      || (project = troupe_engine_find_project (self, project_name)) == NULL || project->is_closing)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER,
                   "It cannot be brought back: it was removed more than %d seconds ago, or its project was closed",
                   TROUPE_ENGINE_UNDO_SECONDS);
      return NULL;
    }
  name = troupe_project_dup_free_name (project, definition->name, definition->instances);
  renamed = troupe_program_definition_new_renamed (definition, name);
  {
    g_autoptr (TroupeProgram) old_names = troupe_program_new (0, project->name, definition, NULL, NULL);
    g_autoptr (TroupeProgram) new_names = troupe_program_new (0, project->name, renamed, NULL, NULL);

    /* The journals first, so that the new workers find them. */
    for (guint i = troupe_program_get_first_instance (old_names); i <= MAX (definition->instances, 1); i++)
      {
        g_autofree char *old_name = troupe_program_dup_worker_name (old_names, i);
        g_autofree char *new_name = troupe_program_dup_worker_name (new_names, i);
        g_autofree char *dir = g_build_filename (self->journals_dir, project->name, new_name, NULL);

        troupe_trash_restore_journals (self->trash, token, old_name, dir);
      }
  }
  program = troupe_engine_add_program (self, project, renamed);
  for (guint i = 0; i < troupe_program_get_workers (program)->len; i++)
    troupe_worker_restore (g_ptr_array_index (troupe_program_get_workers (program), i), NULL, FALSE);
  troupe_trash_drop (self->trash, token);
  return program;
}
