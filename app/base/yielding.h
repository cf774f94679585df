/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lets programs finish what they are at while a thread does many small things a second for them.
 *
 * Who is woken takes the processor from whoever runs, by default, for a few microseconds of work; then the other
 * one comes back to it. When each of a program's answers wakes us, that is two switches an answer. A thread that yields
 * (SCHED_BATCH) comes when a processor is free: at once on a machine that has one, else when somebody sleeps, and
 * then it finds several answers together, and those who gave them still have something to do.
 *
 * Where processors are held by programs that do not sleep it would come only at the end of their slices, milliseconds
 * later. The kernel tells how long it waited; when much of the time goes into such waits it does not yield for a while,
 * and is slower to try again each time.
 *
 * The policy is a thread's, and so is all of this. It is changed only where it was the default one. */

/* One of the small things was done by this thread. It has to run its thread-default main context. */
void troupe_yielding_count (void);

/* TRUE while this thread yields: a process that it starts inherits the policy, and should be given SCHED_OTHER. Safe
 * between fork and exec, as is troupe_yielding_end_in_child, which does that. */
gboolean troupe_yielding_is_on (void);
void troupe_yielding_end_in_child (void);

/* The decision alone, for one thread. */
typedef struct
{
  gboolean is_on;
  guint n_on;      /* periods since then */
  double late;     /* of the last ones */
  guint patience;  /* periods until the next trial, after one that failed */
  guint n_patient; /* of these still to come */
} TroupeYieldingRule;

#define TROUPE_YIELDING_PERIOD_MSEC 100

/* At the end of a period: RATE things a second were done, and LATE of the time (0 to 1) was spent waiting for a
 * processor longer than programs that sleep would keep us. */
void troupe_yielding_rule_judge (TroupeYieldingRule *self, double rate, double late);

G_END_DECLS
