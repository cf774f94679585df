/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Picks the earliest of the sources' next lines. */

#include "config.h"

#include "cli/log-merge.h"

struct _TroupeLogMerge
{
  GPtrArray *sources; /* (owned) of TroupeLogSource */
  TroupeLogSource *current; /* whose line is lent out */
};

TroupeLogMerge *
troupe_log_merge_new (void)
{
  TroupeLogMerge *self = g_new0 (TroupeLogMerge, 1);

  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_log_source_free);
  return self;
}

void
troupe_log_merge_free (TroupeLogMerge *self)
{
  g_ptr_array_unref (self->sources);
  g_free (self);
}

void
troupe_log_merge_add (TroupeLogMerge *self, TroupeLogSource *source)
{
  g_ptr_array_add (self->sources, source);
}

guint
troupe_log_merge_get_n_sources (TroupeLogMerge *self)
{
  return self->sources->len;
}

TroupeLogSource *
troupe_log_merge_get_source (TroupeLogMerge *self, guint n)
{
  return self->sources->pdata[n];
}

const TroupeLogLine *
troupe_log_merge_next (TroupeLogMerge *self, TroupeLogSource **source)
{
  const TroupeLogLine *earliest = NULL;

  if (self->current != NULL)
    troupe_log_source_advance (self->current);
  self->current = NULL;
  for (guint i = 0; i < self->sources->len; i++)
    {
      const TroupeLogLine *line = troupe_log_source_peek (self->sources->pdata[i]);

      if (line != NULL && (earliest == NULL || line->time_usec < earliest->time_usec))
        {
          earliest = line;
          self->current = self->sources->pdata[i];
        }
    }
  if (source != NULL)
    *source = self->current;
  return earliest;
}

void
troupe_log_merge_set_final (TroupeLogMerge *self, gboolean final)
{
  for (guint i = 0; i < self->sources->len; i++)
    troupe_log_source_set_final (self->sources->pdata[i], final);
}

int
troupe_log_merge_refresh (TroupeLogMerge *self)
{
  int result = 0;

  for (guint i = 0; i < self->sources->len; i++)
    {
      int error = troupe_log_source_refresh (self->sources->pdata[i]);

      if (error < 0)
        result = error;
    }
  return result;
}
