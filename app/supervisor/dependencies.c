/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Decides whether a program may start yet. */

#include "config.h"

#include "supervisor/dependencies.h"

static gboolean
worker_meets (TroupeAfterCondition condition, TroupeState state, gboolean has_readiness)
{
  switch (condition)
    {
    case TROUPE_AFTER_STARTED:
      return state == TROUPE_STATE_RUNNING || state == TROUPE_STATE_READY || state == TROUPE_STATE_EXITED;
    case TROUPE_AFTER_READY:
      return state == TROUPE_STATE_READY || (!has_readiness && state == TROUPE_STATE_RUNNING);
    case TROUPE_AFTER_EXITED_SUCCESSFULLY:
      return state == TROUPE_STATE_EXITED;
    }
  g_return_val_if_reached (FALSE);
}

static const char *
condition_to_words (TroupeAfterCondition condition)
{
  switch (condition)
    {
    case TROUPE_AFTER_STARTED:
      return "to be started";
    case TROUPE_AFTER_READY:
      return "to be ready";
    case TROUPE_AFTER_EXITED_SUCCESSFULLY:
      return "to exit successfully";
    }
  g_return_val_if_reached ("");
}

gboolean
troupe_dependency_is_met (const TroupeAfter *after, const TroupeDependencyState *other, char **reason)
{
  if (!other->exists)
    {
      *reason = g_strdup_printf ("waits for %s, which this project does not have", after->program);
      return FALSE;
    }
  for (guint i = 0; i < other->n_workers; i++)
    {
      TroupeState state = other->states[i];

      if (!worker_meets (after->condition, state, other->has_readiness))
        {
          *reason = g_strdup_printf ("waits for %s %s; it is %s", after->program,
                                     condition_to_words (after->condition), troupe_state_to_string (state));
          return FALSE;
        }
    }
  return TRUE;
}
