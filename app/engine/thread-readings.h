/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/worker.h"

G_BEGIN_DECLS

/* Processor time of worker threads, from one look to the next; for figures.c. And what the threads of one
 * process come to, which is to be taken off that process's figures, or it would be counted twice.
 * Main thread. */

typedef struct _TroupeThreadReadings TroupeThreadReadings;

/* CLOCK outlives it. Returns: (transfer full) */
TroupeThreadReadings *troupe_thread_readings_new (TroupeClock *clock);
void troupe_thread_readings_free (TroupeThreadReadings *self);

/* Between these two WORKER, a thread, is looked at; any number of them, then the sums are right. */
void troupe_thread_readings_begin (TroupeThreadReadings *self);
void troupe_thread_readings_read (TroupeThreadReadings *self, TroupeWorker *worker);
void troupe_thread_readings_forget (TroupeThreadReadings *self, TroupeWorker *worker);

/* FALSE when it has no figures: it does not run, or ended before it was looked at. */
gboolean troupe_thread_readings_get (TroupeThreadReadings *self, TroupeWorker *worker, double *cpu_percent,
                                     guint64 *cpu_usec);
/* Of all threads that were read in the process PID. */
void troupe_thread_readings_get_sum (TroupeThreadReadings *self, pid_t pid, double *cpu_percent, guint *n_threads);

G_END_DECLS
