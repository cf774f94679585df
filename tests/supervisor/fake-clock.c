/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Keeps timeouts in a list and calls them when told what time it is. */

#include "config.h"

#include "fake-clock.h"

typedef struct
{
  guint id;
  gint64 due_usec;
  guint msec;
  GSourceFunc callback;
  gpointer user_data;
} Timeout;

static gint64
get_now (TroupeClock *clock)
{
  return ((FakeClock *) clock)->now_usec;
}

static gint64
get_real (TroupeClock *clock)
{
  /* Real enough to stand in a journal beside what a keeper wrote. */
  return g_get_real_time ();
}

static guint
add (TroupeClock *clock, guint msec, GSourceFunc callback, gpointer user_data)
{
  FakeClock *self = (FakeClock *) clock;
  Timeout timeout = { ++self->last_id, self->now_usec + (gint64) msec * 1000, msec, callback, user_data };

  g_array_append_val (self->timeouts, timeout);
  return timeout.id;
}

static void
take_out (TroupeClock *clock, guint id)
{
  FakeClock *self = (FakeClock *) clock;

  for (guint i = 0; i < self->timeouts->len; i++)
    if (g_array_index (self->timeouts, Timeout, i).id == id)
      {
        g_array_remove_index (self->timeouts, i);
        return;
      }
  g_assert_not_reached ();
}

static double
get_random (TroupeClock *clock)
{
  return ((FakeClock *) clock)->random;
}

static const TroupeClockFunctions functions = {
  .get_real_usec = get_real,
  .get_monotonic_usec = get_now,
  .add_timeout = add,
  .remove_timeout = take_out,
  .get_random = get_random,
};

FakeClock *
fake_clock_new (void)
{
  FakeClock *self = g_new0 (FakeClock, 1);

  self->clock.functions = &functions;
  self->now_usec = 1000 * (gint64) G_USEC_PER_SEC;
  self->timeouts = g_array_new (FALSE, FALSE, sizeof (Timeout));
  return self;
}

void
fake_clock_free (FakeClock *self)
{
  g_array_unref (self->timeouts);
  g_free (self);
}

static Timeout *
find_next (FakeClock *self)
{
  Timeout *next = NULL;

  for (guint i = 0; i < self->timeouts->len; i++)
    {
      Timeout *timeout = &g_array_index (self->timeouts, Timeout, i);

      if (next == NULL || timeout->due_usec < next->due_usec)
        next = timeout;
    }
  return next;
}

gint64
fake_clock_get_next (FakeClock *self)
{
  Timeout *next = find_next (self);

  return next != NULL ? (next->due_usec - self->now_usec) / 1000 : -1;
}

void
fake_clock_advance (FakeClock *self, guint msec)
{
  gint64 target = self->now_usec + (gint64) msec * 1000;
  Timeout *next;

  while ((next = find_next (self)) != NULL && next->due_usec <= target)
    {
      Timeout timeout = *next;

      self->now_usec = MAX (self->now_usec, timeout.due_usec);
      next->due_usec += (gint64) MAX (timeout.msec, 1) * 1000;
      if (timeout.callback (timeout.user_data) == G_SOURCE_REMOVE)
        for (guint i = 0; i < self->timeouts->len; i++)
          if (g_array_index (self->timeouts, Timeout, i).id == timeout.id)
            {
              g_array_remove_index (self->timeouts, i);
              break;
            }
    }
  self->now_usec = target;
}
