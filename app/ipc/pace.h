/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether to read a channel at once or to let messages gather for a moment.
 *
 * A peer that is told nothing back for a while may well send many messages; taken together they cost
 * either end far less than one by one. But one that waits for each answer would only wait longer.
 * Nothing in the stream tells the two apart, so it is tried: now and then, while much comes, a few waits.
 * When they bring several messages each, and no fewer in the same time than before, it goes on like that;
 * else the next trial is twice as far away. Nothing is tried while little comes. A pure decision. */

typedef struct
{
  gboolean is_gathering;
  guint n_turns, n_messages; /* of this period */
  guint n_lone;              /* waits in a row that brought one message: of somebody who waits for an answer */
  gboolean was_empty;        /* the last wait brought nothing */
  guint n_periods;           /* of gathering, since it began; of reading at once, until the next trial */
  guint patience;            /* periods between trials */

  /* Messages a microsecond in the best stretch of the period: the rest measures how busy the machine is. */
  double best_rate;
  gint64 stretch_usec; /* when this stretch began; 0: the first begins with the next turn */
  guint n_stretch_messages;
  double plain_rate; /* the best when read at once */
} TroupePace;

/* A turn of reading ended with nothing left and had N_MESSAGES. CLOCK is asked rarely: it costs too.
 * Returns: TRUE: wait before the next; FALSE: read as soon as there is something. */
gboolean troupe_pace_turn (TroupePace *self, guint n_messages, gint64 (*clock) (void));

G_END_DECLS
