/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many connections a worker may be handed before it has answered them: as many as it answers within
 * TROUPE_PROMPTNESS_BUDGET_USEC, going by what its answers took of late. One that calculates for its clients
 * gets the next only after each answer, so that nobody waits behind it while another worker is free; of those
 * that are busy now and then, one such answer in a hundred already makes it fewer. A pure decision. */

/* About what a connection waits anyway before its worker gets a processor. */
#define TROUPE_PROMPTNESS_BUDGET_USEC 1500
#define TROUPE_PROMPTNESS_MAX 8

typedef struct
{
  double answer_usec; /* for each connection that it had then: an average in which the last ones count most */
} TroupePromptness;

/* Nothing is known yet: one at a time. */
void troupe_promptness_init (TroupePromptness *self);

/* An answer came USEC after the connection was handed over, as the Nth that was not answered then (from 1).
 */
void troupe_promptness_note (TroupePromptness *self, gint64 usec, guint nth);

/* 1 to TROUPE_PROMPTNESS_MAX. */
guint troupe_promptness_get_room (const TroupePromptness *self);

G_END_DECLS
