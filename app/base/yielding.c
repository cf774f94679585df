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
/* A wait for programs that sleep in between is some tenths of a millisecond, for one that does not its slice: several
 * milliseconds. Both are seen as the sum of the waits of so many things done: asked once for each of them, the kernel
 * would cost too much. The average of all waits does not tell them apart, as the long ones are few. */
#define GROUP_SIZE 16
#define LATE_USEC 4000
/* Of the time: more than a noisy machine or programs that have just begun make of it, and less than a program for each
 * processor that does not sleep. */
#define LATE_MAX 0.2
#define PATIENCE_MIN 10
#define PATIENCE_MAX 320
/* A trial that went well for so long: older failures do not count. */
#define PERIODS_TO_FORGET 20

void
troupe_yielding_rule_judge (TroupeYieldingRule *self, double rate, double late)
{
  if (!self->is_on)
    {
      if (self->n_patient > 0)
        self->n_patient--;
      else if (rate >= RATE_MIN)
        self->is_on = TRUE;
      self->n_on = 0;
      self->late = 0;
      return;
    }
  /* A single period may have been bad luck. */
  self->late = (self->late + late) / 2;
  self->n_on++;
  if (self->n_on > PERIODS_TO_FORGET)
    self->patience = 0;
  if (self->late > LATE_MAX)
    {
      self->is_on = FALSE;
      self->patience = CLAMP (2 * self->patience, PATIENCE_MIN, PATIENCE_MAX);
      self->n_patient = self->patience;
    }
  else if (rate < RATE_LOW)
    self->is_on = FALSE;
}

typedef struct
{
  TroupeYieldingRule rule;
  GSource *timer; /* (owned) (nullable) */
  int waits_fd;   /* while there is a timer */
  guint n;
  gint64 began_usec;
  guint64 wait_usec; /* of this thread, at the last group */
  guint64 late_usec; /* of all groups that were late */
  gboolean is_batch; /* what the kernel knows */
} Yielding;

static _Thread_local Yielding yielding;

/* FALSE: the kernel does not tell. */
static gboolean
read_wait (int fd, guint64 *usec)
{
  char text[96];
  gssize n = pread (fd, text, sizeof text - 1, 0);
  guint64 nsec;

  text[MAX (n, 0)] = '\0';
  if (sscanf (text, "%*u %" G_GUINT64_FORMAT, &nsec) != 1)
    return FALSE;
  *usec = nsec / 1000;
  return TRUE;
}

static void
end_group (Yielding *self)
{
  guint64 last_usec = self->wait_usec;

  if (read_wait (self->waits_fd, &self->wait_usec) && self->wait_usec - last_usec >= LATE_USEC)
    self->late_usec += self->wait_usec - last_usec;
}

static void
begin_period (Yielding *self)
{
  self->n = 0;
  self->began_usec = g_get_monotonic_time ();
  self->late_usec = 0;
}

static void
apply (Yielding *self)
{
  const struct sched_param no_priority = { 0 };

  if (self->is_batch == self->rule.is_on
      || sched_setscheduler (0, self->rule.is_on ? SCHED_BATCH : SCHED_OTHER, &no_priority) != 0)
    return;
  self->is_batch = self->rule.is_on;
  read_wait (self->waits_fd, &self->wait_usec);
}

static gboolean
period_over_cb (gpointer user_data)
{
  Yielding *self = user_data;
  double elapsed_usec = (double) MAX (g_get_monotonic_time () - self->began_usec, 1);
  gboolean is_over = self->n == 0;

  troupe_yielding_rule_judge (&self->rule, self->n * (double) G_USEC_PER_SEC / elapsed_usec,
                              (double) self->late_usec / elapsed_usec);
  apply (self);
  begin_period (self);
  if (is_over && !self->is_batch)
    {
      close (self->waits_fd);
      g_clear_pointer (&self->timer, g_source_unref);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

/* Not of a thread that has another policy already. */
static void
start (Yielding *self)
{
  if (sched_getscheduler (0) != SCHED_OTHER)
    return;
  self->waits_fd = open ("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (self->waits_fd < 0)
    return;
  if (!read_wait (self->waits_fd, &self->wait_usec))
    {
      close (self->waits_fd);
      return;
    }
  begin_period (self);
  self->timer = g_timeout_source_new (TROUPE_YIELDING_PERIOD_MSEC);
  g_source_set_static_name (self->timer, "troupe-yielding");
  g_source_set_callback (self->timer, period_over_cb, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

void
troupe_yielding_count (void)
{
  Yielding *self = &yielding;

  if (self->timer == NULL && self->n == 0)
    start (self);
  self->n++;
  if (self->is_batch && self->n % GROUP_SIZE == 0)
    end_group (self);
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
