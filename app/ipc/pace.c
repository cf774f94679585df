/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Periods of turns, each judged at its end. */

#include "config.h"

#include "ipc/pace.h"

/* Turns of a period. */
#define PLAIN_TURNS 64
#define TRIAL_TURNS 8
#define GATHERING_TURNS 64
/* Turns of a stretch of reading at once; of gathering each is one. */
#define PLAIN_STRETCH_TURNS 8

/* A hold with what the kernel adds to it, and what has to come meanwhile to be worth it. */
#define WAIT_USEC 100
#define MESSAGES_PER_WAIT_MIN 4
#define LONE_WAITS_MAX 2
/* A peer that pauses longer has nothing more to say; shorter ones are the machine's. */
#define PAUSE_USEC 10000
#define RATE_RATIO_MIN 0.8
/* Then reading at once is measured again: the traffic may have changed. */
#define GATHERING_PERIODS 16
#define PATIENCE_MAX 256

static void
begin_period (TroupePace *self, gboolean is_gathering, gint64 now)
{
  self->is_gathering = is_gathering;
  self->n_turns = self->n_messages = self->n_stretch_messages = self->n_lone = 0;
  self->stretch_usec = now;
  self->best_rate = 0;
}

static void
end_stretch (TroupePace *self, gint64 now)
{
  double rate = (double) self->n_stretch_messages / (double) MAX (now - self->stretch_usec, 1);

  self->best_rate = MAX (self->best_rate, rate);
  self->stretch_usec = now;
  self->n_stretch_messages = 0;
}

static void
give_up (TroupePace *self, gint64 now)
{
  self->patience = CLAMP (2 * self->patience, 1, PATIENCE_MAX);
  self->n_periods = self->patience;
  begin_period (self, FALSE, now);
}

static void
judge_plain (TroupePace *self, gint64 now)
{
  gboolean is_busy = self->best_rate * WAIT_USEC >= MESSAGES_PER_WAIT_MIN;

  self->plain_rate = self->best_rate;
  if (self->n_periods > 0)
    self->n_periods--;
  begin_period (self, is_busy && self->n_periods == 0, now);
}

static void
judge_gathering (TroupePace *self, gint64 now)
{
  if (self->n_messages < self->n_turns * MESSAGES_PER_WAIT_MIN || self->best_rate < RATE_RATIO_MIN * self->plain_rate)
    {
      give_up (self, now);
      return;
    }
  self->patience = 0;
  self->n_periods = (self->n_periods + 1) % GATHERING_PERIODS;
  begin_period (self, self->n_periods > 0, now);
}

/* A wait that brings nothing says nothing: the peer may have been kept from its processor. It is
 * left to the next message to wake us, and then it goes on. */
static void
gathering_turn (TroupePace *self, guint n_messages, gint64 now)
{
  guint period = self->n_periods == 0 ? TRIAL_TURNS : GATHERING_TURNS;

  if (self->was_empty)
    {
      self->was_empty = FALSE;
      if (now - self->stretch_usec > PAUSE_USEC)
        begin_period (self, FALSE, now);
      self->stretch_usec = now;
      return;
    }
  self->was_empty = n_messages == 0;
  if (self->was_empty)
    return;
  self->n_turns++;
  self->n_messages += n_messages;
  self->n_stretch_messages = n_messages;
  end_stretch (self, now);
  self->n_lone = n_messages == 1 ? self->n_lone + 1 : 0;
  if (self->n_lone == LONE_WAITS_MAX)
    give_up (self, now);
  else if (self->n_turns == period)
    judge_gathering (self, now);
}

static void
plain_turn (TroupePace *self, guint n_messages, gint64 (*clock) (void))
{
  gint64 now;

  self->n_turns++;
  self->n_stretch_messages += n_messages;
  if (self->n_turns % PLAIN_STRETCH_TURNS != 0)
    return;
  now = clock ();
  end_stretch (self, now);
  if (self->n_turns == PLAIN_TURNS)
    judge_plain (self, now);
}

gboolean
troupe_pace_turn (TroupePace *self, guint n_messages, gint64 (*clock) (void))
{
  if (self->stretch_usec == 0)
    begin_period (self, FALSE, clock ());
  else if (self->is_gathering)
    gathering_turn (self, n_messages, clock ());
  else
    plain_turn (self, n_messages, clock);
  return self->is_gathering && !self->was_empty;
}
