/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long to wait before the next automatic restart. Pure.
 *
 * A run that ended before it was up for STABLE_MSEC is a quick one. The wait doubles with each quick
 * one in a row, from FIRST_MSEC to CEILING_MSEC, less up to a quarter at random so that many
 * workers felled by one cause do not come back in step. A run that was stable starts the
 * row anew. */
typedef struct
{
  guint first_msec;
  guint ceiling_msec;
  guint stable_msec;
  guint limit; /* quick ones in a row before giving up; 0: never give up */
} TroupeBackoffRules;

typedef struct
{
  guint quick_ends; /* in a row, up to now */
} TroupeBackoff;

/* A run ended after UP_USEC. RANDOM is in [0, 1). Returns FALSE when it is time to give up. */
gboolean troupe_backoff_next (TroupeBackoff *self, const TroupeBackoffRules *rules, gint64 up_usec,
                              double random, guint *delay_msec);

G_END_DECLS
