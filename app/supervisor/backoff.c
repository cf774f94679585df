/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The sum behind the pause before a restart. */

#include "config.h"

#include "supervisor/backoff.h"

#define JITTER 0.25

gboolean
troupe_backoff_next (TroupeBackoff *self, const TroupeBackoffRules *rules, gint64 up_usec, double random,
                     guint *delay_msec)
{
  guint64 delay = rules->first_msec;
  guint64 ceiling = MAX (rules->ceiling_msec, rules->first_msec);

  if (up_usec >= (gint64) rules->stable_msec * 1000)
    self->quick_ends = 0;
  else if (self->quick_ends < G_MAXUINT)
    self->quick_ends++;

  if (rules->limit > 0 && self->quick_ends >= rules->limit)
    return FALSE;

  for (guint i = 1; i < self->quick_ends && delay < ceiling && delay > 0; i++)
    delay *= 2;
  delay = MIN (delay, ceiling);
  *delay_msec = (guint) (delay - (guint64) ((double) delay * JITTER * random));
  return TRUE;
}
