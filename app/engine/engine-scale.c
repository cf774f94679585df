/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Another number of workers, while they run. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"

#include <string.h>

gboolean
troupe_engine_check_names (TroupeProject *project, TroupeProgram *program, TroupeProgramDefinition *scaled,
                           GError **error)
{
  g_autoptr (TroupeProgram) names = troupe_program_new (0, project->name, scaled, NULL, NULL);

  for (guint i = 1; i <= scaled->instances; i++)
    {
      g_autofree char *name = troupe_program_dup_worker_name (names, i);
      TroupeProgram *other = troupe_project_find_program (project, name);

      if ((other == NULL || other == program)
          && (troupe_project_find_worker (project, name) == NULL || troupe_program_find_worker (program, name) != NULL))
        continue;
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED,
                   "“%s” cannot have %u workers: there is a program or a worker “%s” already", scaled->name,
                   scaled->instances, name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_any_wanted (TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);

  for (guint i = 0; i < workers->len; i++)
    if (troupe_worker_is_wanted (g_ptr_array_index (workers, i)))
      return TRUE;
  return FALSE;
}

gboolean
troupe_engine_scale_program (TroupeEngine *self, TroupeProgram *program, guint instances, GError **error)
{
  TroupeProgramDefinition *definition = troupe_program_get_definition (program);
  TroupeProject *project = troupe_engine_find_project (self, troupe_program_get_project (program));
  GPtrArray *workers = troupe_program_get_workers (program);
  g_autoptr (TroupeProgramDefinition) scaled = NULL;
  g_autoptr (GHashTable) placed = g_hash_table_new (NULL, NULL);
  gboolean was_up = is_any_wanted (program);

  if (!troupe_engine_check_program (self, program, error))
    return FALSE;
  if (instances < 1 || instances > TROUPE_INSTANCES_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "%u workers are not possible: expected 1 to %d", instances,
                   TROUPE_INSTANCES_MAX);
      return FALSE;
    }
  if (definition->kind == TROUPE_KIND_THREADS && instances > TROUPE_THREAD_INSTANCES_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "%u threads are not possible in one process: expected 1 to %d",
                   instances, TROUPE_THREAD_INSTANCES_MAX);
      return FALSE;
    }
  scaled = troupe_program_definition_new_scaled (definition, instances);
  if (!troupe_engine_check_names (project, program, scaled, error))
    return FALSE;
  for (guint i = 0; i < workers->len; i++)
    if (troupe_program_has_place_for (program, troupe_worker_get_name (g_ptr_array_index (workers, i))))
      g_hash_table_add (placed, g_ptr_array_index (workers, i));

  troupe_program_set_scale (program, instances,
                            troupe_program_get_scale (program, NULL) != 0 ? G_MAXUINT : definition->instances);
  troupe_engine_change_program (self, project, program, scaled);
  troupe_engine_remember_program (self, program);
  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);

      if (!troupe_program_has_place_for (program, troupe_worker_get_name (worker)))
        troupe_worker_stop (worker);
      else if (was_up && !g_hash_table_contains (placed, worker))
        troupe_worker_start (worker);
    }
  return TRUE;
}
