/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/clock.h"

G_BEGIN_DECLS

/* A clock whose hands a test turns. */

typedef struct
{
  TroupeClock clock;
  gint64 now_usec;
  GArray *timeouts;
  guint last_id;
  double random;
} FakeClock;

FakeClock *fake_clock_new (void);
void fake_clock_free (FakeClock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeClock, fake_clock_free)

/* Turns the hands; what falls due on the way is called at its time, in order. */
void fake_clock_advance (FakeClock *self, guint msec);
/* Milliseconds until the next timeout; -1: there is none. */
gint64 fake_clock_get_next (FakeClock *self);

G_END_DECLS
