/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A timer while there is something to count; how long the thread waited is the second number of its schedstat
 * (Linux, Documentation/scheduler/sched-stats.rst). */

#include "config.h"

#include "base/yielding.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* Fewer a second hardly cost anything. */
#define RATE_MIN 2000
#define RATE_LOW 1000
/* Programs that sleep in between keep us waiting for a tenth of a millisecond; a slice is some milliseconds. */
#define WAIT_MAX_USEC 250
#define PATIENCE_MIN 10
#define PATIENCE_MAX 320
/* A trial that went well for so long: the next one after a failure comes soon. */
#define PERIODS_TO_FORGET 50

void
troupe_yielding_rule_judge (TroupeYieldingRule *self, double rate, double wait_usec)
{
  if (!self->is_on)
    {
      if (self->n_patient > 0)
        self->n_patient--;
      else if (rate >= RATE_MIN)
        self->is_on = TRUE;
      self->n_on = 0;
      return;
    }
  /* A single period that is a little too long may have been bad luck. */
  self->wait_usec = self->n_on == 0 ? wait_usec : (self->wait_usec + wait_usec) / 2;
  self->n_on++;
  if (self->n_on > 1 && self->wait_usec > WAIT_MAX_USEC)
    {
      self->is_on = FALSE;
      self->patience = self->n_on > PERIODS_TO_FORGET ? PATIENCE_MIN : CLAMP (2 * self->patience, PATIENCE_MIN, PATIENCE_MAX);
      self->n_patient = self->patience;
    }
  else if (rate < RATE_LOW)
    self->is_on = FALSE;
}

/* Of this thread, so far. */
typedef struct
{
  guint64 wait_nsec, n_slices;
} Waits;

typedef struct
{
  TroupeYieldingRule rule;
  GSource *timer; /* (owned) (nullable) */
  guint n;
  gint64 began_usec;
  Waits waits; /* then */
  gboolean is_batch; /* what the kernel knows */
} Yielding;

static _Thread_local Yielding yielding;

/* FALSE: the kernel does not tell. */
static gboolean
read_waits (Waits *waits)
{
  char text[96];
  int fd = open ("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  gssize n;

  if (fd < 0)
    return FALSE;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  text[MAX (n, 0)] = '\0';
  return sscanf (text, "%*u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &waits->wait_nsec, &waits->n_slices) == 2;
}

static void
begin_period (Yielding *self, const Waits *waits)
{
  self->n = 0;
  self->began_usec = g_get_monotonic_time ();
  self->waits = *waits;
}

static void
apply (Yielding *self)
{
  const struct sched_param no_priority = { 0 };

  if (self->is_batch != self->rule.is_on
      && sched_setscheduler (0, self->rule.is_on ? SCHED_BATCH : SCHED_OTHER, &no_priority) == 0)
    self->is_batch = self->rule.is_on;
}

static gboolean
period_over_cb (gpointer user_data)
{
  Yielding *self = user_data;
  gint64 elapsed_usec = MAX (g_get_monotonic_time () - self->began_usec, 1);
  Waits waits = self->waits;
  gboolean is_over = self->n == 0;

  read_waits (&waits);
  troupe_yielding_rule_judge (&self->rule, (double) self->n * G_USEC_PER_SEC / (double) elapsed_usec,
                              (double) (waits.wait_nsec - self->waits.wait_nsec) / 1000
                                / (double) MAX (waits.n_slices - self->waits.n_slices, 1));
  apply (self);
  begin_period (self, &waits);
  if (is_over && !self->is_batch)
    {
      g_clear_pointer (&self->timer, g_source_unref);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

/* Not of a thread that has another policy already. */
static void
start (Yielding *self)
{
  Waits waits;

  if (sched_getscheduler (0) != SCHED_OTHER || !read_waits (&waits))
    return;
  begin_period (self, &waits);
  self->timer = g_timeout_source_new (TROUPE_YIELDING_PERIOD_MSEC);
  g_source_set_static_name (self->timer, "troupe-yielding");
  g_source_set_callback (self->timer, period_over_cb, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

void
troupe_yielding_count (void)
{
  if (yielding.n++ == 0 && yielding.timer == NULL)
    start (&yielding); /* which counts from 0 */
}

gboolean
troupe_yielding_is_on (void)
{
  return yielding.is_batch;
}

void
troupe_yielding_end_in_child (void)
{
  const struct sched_param no_priority = { 0 };

  if (yielding.is_batch)
    sched_setscheduler (0, SCHED_OTHER, &no_priority);
}
