/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The system's clock. */

#include "config.h"

#include "supervisor/clock.h"

static gint64
system_get_real_usec (TroupeClock *self)
{
  return g_get_real_time ();
}

static gint64
system_get_monotonic_usec (TroupeClock *self)
{
  return g_get_monotonic_time ();
}

static guint
system_add_timeout (TroupeClock *self, guint msec, GSourceFunc callback, gpointer user_data)
{
  return g_timeout_add (msec, callback, user_data);
}

static void
system_remove_timeout (TroupeClock *self, guint id)
{
  g_source_remove (id);
}

static double
system_get_random (TroupeClock *self)
{
  return g_random_double ();
}

static const TroupeClockFunctions system_functions = {
  .get_real_usec = system_get_real_usec,
  .get_monotonic_usec = system_get_monotonic_usec,
  .add_timeout = system_add_timeout,
  .remove_timeout = system_remove_timeout,
  .get_random = system_get_random,
};

TroupeClock *
troupe_clock_get_system (void)
{
  static TroupeClock system_clock = { &system_functions };

  return &system_clock;
}
