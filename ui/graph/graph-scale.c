/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "graph/graph-scale.h"

#include <glib/gi18n.h>
#include <math.h>

typedef struct
{
  double top; /* as a multiple of the power of ten below */
  guint n_steps;
} Round;

/* One, two and five, and what lies well between. */
static const Round rounds[] = { { 1, 2 }, { 2, 4 }, { 4, 4 }, { 5, 5 }, { 6, 3 }, { 8, 4 }, { 10, 4 } };

double
troupe_graph_scale_top (TroupeGraphUnit unit, double value, guint *n_steps)
{
  double smallest = unit == TROUPE_GRAPH_PERCENT ? 10 : unit == TROUPE_GRAPH_BYTES ? 1e6 : 4;
  double power;

  if (!isfinite (value) || value < smallest)
    value = smallest;
  /* Past one core, the axis ends with a whole one. */
  if (unit == TROUPE_GRAPH_PERCENT && value > 50 && value <= 400)
    {
      double top = ceil (value / 100) * 100;

      *n_steps = top <= 200 ? 4 : (guint) (top / 100);
      return top;
    }
  power = pow (10, floor (log10 (value)));
  for (guint i = 0; i < G_N_ELEMENTS (rounds); i++)
    {
      /* A trillionth of slack: 1.4e6 / 1e6 is not quite 1.4. */
      if (value <= rounds[i].top * power * (1 + 1e-12))
        {
          *n_steps = rounds[i].n_steps;
          return rounds[i].top * power;
        }
    }
  *n_steps = 4;
  return 10 * power;
}

char *
troupe_graph_scale_dup_text (TroupeGraphUnit unit, double value)
{
  /* Conversions of what does not fit are undefined. */
  value = isfinite (value) ? CLAMP (value, 0, 1e18) : 0;
  switch (unit)
    {
    case TROUPE_GRAPH_PERCENT:
      /* Translators: a share, as in "50 %"; the space is a narrow one that does not break. */
      return g_strdup_printf (_ ("%.*f %%"), value < 9.95 && value != floor (value) ? 1 : 0, value);
    case TROUPE_GRAPH_BYTES:
      return g_format_size ((guint64) value);
    case TROUPE_GRAPH_COUNT:
      break;
    }
  return g_strdup_printf ("%.*f", value < 9.95 && value != floor (value) ? 1 : 0, value);
}

char *
troupe_graph_scale_dup_age (guint seconds)
{
  if (seconds == 0)
    return g_strdup (_ ("now"));
  if (seconds % 60 == 0)
    return g_strdup_printf (_ ("%u min"), seconds / 60);
  if (seconds > 60)
    return g_strdup_printf (_ ("%u:%02u min"), seconds / 60, seconds % 60);
  return g_strdup_printf (_ ("%u s"), seconds);
}
