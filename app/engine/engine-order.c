/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Who may start, and who looks again because another is not as it was. */

#include "config.h"

#include "engine/engine-private.h"

#include "supervisor/dependencies.h"

#include <string.h>

gboolean
troupe_engine_dependencies_are_met (TroupeEngine *self, TroupeWorker *worker, char **reason)
{
  TroupeProgramDefinition *definition = troupe_worker_get_definition (worker);
  TroupeProject *project = troupe_engine_find_project (self, troupe_worker_get_project (worker));

  for (guint i = 0; project != NULL && definition->after != NULL && i < definition->after->len; i++)
    {
      const TroupeAfter *after = &g_array_index (definition->after, TroupeAfter, i);
      TroupeProgram *other = troupe_project_find_program (project, after->program);
      g_autofree TroupeState *states = NULL;
      TroupeDependencyState state = { .exists = other != NULL };

      if (other != NULL)
        {
          GPtrArray *workers = troupe_program_get_workers (other);

          /* The threads count, not the process around them. */
          states = g_new (TroupeState, workers->len + 1);
          for (guint j = 0; j < workers->len; j++)
            if (!troupe_worker_is_host (g_ptr_array_index (workers, j)))
              states[state.n_workers++] = troupe_worker_get_state (g_ptr_array_index (workers, j));
          state.states = states;
          state.has_readiness = troupe_program_get_definition (other)->ready != TROUPE_READY_NONE;
        }
      if (!troupe_dependency_is_met (after, &state, reason))
        return FALSE;
    }
  return TRUE;
}

static void
reconsider_worker (gpointer worker, gpointer user_data)
{
  troupe_worker_reconsider (worker);
}

void
troupe_engine_reconsider (TroupeEngine *self, TroupeProject *project, TroupeProgram *program)
{
  for (guint i = 0; i < project->programs->len; i++)
    {
      TroupeProgram *waiting = g_ptr_array_index (project->programs, i);
      GArray *afters = troupe_program_get_definition (waiting)->after;

      for (guint j = 0; afters != NULL && j < afters->len; j++)
        if (strcmp (g_array_index (afters, TroupeAfter, j).program, troupe_program_get_name (program)) == 0)
          {
            g_ptr_array_foreach (troupe_program_get_workers (waiting), reconsider_worker, NULL);
            break;
          }
    }
}

void
troupe_engine_reconsider_all (TroupeEngine *self)
{
  troupe_engine_foreach_worker (self, reconsider_worker, NULL);
}
