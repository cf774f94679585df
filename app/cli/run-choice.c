/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Which runs, and which part of them, a command shows. */

#include "config.h"

#include "cli/run-choice.h"

#include <string.h>

#include "base/error.h"
#include "cli/time-spec.h"

gboolean
troupe_run_choice_parse_time (const char *option, const char *text, guint64 *out_usec, GError **error)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  gint64 usec;

  if (text == NULL)
    return TRUE;
  if (!troupe_time_spec_parse (text, g_get_real_time (), zone, &usec, error))
    {
      g_prefix_error (error, "%s: ", option);
      return FALSE;
    }
  *out_usec = (guint64) MAX (usec, 1);
  return TRUE;
}

gboolean
troupe_run_choice_parse (const char *text, gboolean bounded, TroupeChosenRuns *out, GError **error)
{
  if (text == NULL)
    out->choice = bounded ? TROUPE_RUNS_ALL : TROUPE_RUNS_LAST;
  else if (strcmp (text, "all") == 0)
    out->choice = TROUPE_RUNS_ALL;
  else if (g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT32, &out->run, NULL))
    out->choice = TROUPE_RUNS_ONE;
  else
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "--run “%s”: expected the number of a run, or all", text);
      return FALSE;
    }
  return TRUE;
}

gboolean
troupe_run_choice_check (const TroupeChosenRuns *chosen, GPtrArray *places, GError **error)
{
  const TroupeJournalPlace *first;
  g_autoptr (GArray) first_runs = NULL;

  if (chosen->choice != TROUPE_RUNS_ONE || places->len == 0)
    return TRUE;
  for (guint i = 0; i < places->len; i++)
    {
      g_autoptr (GArray) runs = troupe_journal_tree_list_runs (((TroupeJournalPlace *) places->pdata[i])->dir);

      for (guint j = 0; j < runs->len; j++)
        if (g_array_index (runs, guint64, j) == chosen->run)
          return TRUE;
    }
  first = places->pdata[0];
  first_runs = troupe_journal_tree_list_runs (first->dir);
  if (first_runs->len == 0)
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "%s has not run yet", first->worker);
  else
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED,
                 "%s has no run %" G_GUINT64_FORMAT "; kept are %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                 first->worker, chosen->run, g_array_index (first_runs, guint64, 0),
                 g_array_index (first_runs, guint64, first_runs->len - 1));
  return FALSE;
}
