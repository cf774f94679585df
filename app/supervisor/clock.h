/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Time and chance, handed to whoever waits, so that a test can turn the hands itself.
 * Main thread. */

typedef struct _TroupeClock TroupeClock;

typedef struct
{
  gint64 (*get_real_usec) (TroupeClock *self);
  gint64 (*get_monotonic_usec) (TroupeClock *self);
  guint (*add_timeout) (TroupeClock *self, guint msec, GSourceFunc callback, gpointer user_data);
  void (*remove_timeout) (TroupeClock *self, guint id);
  double (*get_random) (TroupeClock *self); /* in [0, 1) */
} TroupeClockFunctions;

struct _TroupeClock
{
  const TroupeClockFunctions *functions;
};

/* The real one: the system's time, the default main context's timeouts. (transfer none) */
TroupeClock *troupe_clock_get_system (void);

static inline gint64
troupe_clock_get_real_usec (TroupeClock *self)
{
  return self->functions->get_real_usec (self);
}

static inline gint64
troupe_clock_get_monotonic_usec (TroupeClock *self)
{
  return self->functions->get_monotonic_usec (self);
}

static inline guint
troupe_clock_add_timeout (TroupeClock *self, guint msec, GSourceFunc callback, gpointer user_data)
{
  return self->functions->add_timeout (self, msec, callback, user_data);
}

static inline double
troupe_clock_get_random (TroupeClock *self)
{
  return self->functions->get_random (self);
}

/* Forgets the timeout *ID, if there is one, and clears it. */
static inline void
troupe_clock_clear_timeout (TroupeClock *self, guint *id)
{
  guint old = *id;

  *id = 0;
  if (old != 0)
    self->functions->remove_timeout (self, old);
}

G_END_DECLS
