/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

/* Points in time until which something waits: monotonic microseconds, or for ever. */

#define NATIVE_FOR_EVER G_GINT64_CONSTANT (-1)

/* TIMEOUT_MSEC as modules give it: negative is for ever. */
static inline gint64
native_deadline (int timeout_msec)
{
  return timeout_msec < 0 ? NATIVE_FOR_EVER : g_get_monotonic_time () + (gint64) timeout_msec * 1000;
}

/* What poll () wants to hear; rounded up, so that a wait is never too short. */
static inline int
native_deadline_get_poll_msec (gint64 deadline)
{
  gint64 left;

  if (deadline == NATIVE_FOR_EVER)
    return -1;
  left = deadline - g_get_monotonic_time ();
  return left <= 0 ? 0 : (int) MIN ((left + 999) / 1000, G_MAXINT);
}

static inline gboolean
native_deadline_has_passed (gint64 deadline)
{
  return deadline != NATIVE_FOR_EVER && g_get_monotonic_time () >= deadline;
}
