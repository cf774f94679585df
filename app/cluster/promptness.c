/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "cluster/promptness.h"

/* An answer counts for as many others before it is forgotten. */
#define MEMORY 64
/* Some 170 prompt answers away from the second connection. */
#define UNKNOWN_USEC 10000

void
troupe_promptness_init (TroupePromptness *self)
{
  self->answer_usec = UNKNOWN_USEC;
}

void
troupe_promptness_note (TroupePromptness *self, gint64 usec, guint nth)
{
  self->answer_usec += ((double) usec / nth - self->answer_usec) / MEMORY;
}

guint
troupe_promptness_get_room (const TroupePromptness *self)
{
  return (guint) CLAMP (TROUPE_PROMPTNESS_BUDGET_USEC / MAX (self->answer_usec, 1), 1, TROUPE_PROMPTNESS_MAX);
}
