/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One open clock (sampler/thread-clock.h) for each thread. */

#include "config.h"

#include "engine/thread-readings.h"

#include "sampler/thread-clock.h"

typedef struct
{
  TroupeThreadClock *clock; /* (owned) (nullable) */
  pid_t tid;
  guint64 cpu_usec;
  gint64 read_usec; /* 0: not yet */
  gboolean is_valid;
  double cpu_percent;
} Reading;

typedef struct
{
  double cpu_percent;
  guint n_threads;
} Sum;

struct _TroupeThreadReadings
{
  TroupeClock *clock;
  GHashTable *readings; /* TroupeWorker to its (owned) Reading */
  GHashTable *sums;     /* pid to its (owned) Sum */
};

static void
free_reading (gpointer data)
{
  troupe_thread_clock_free (((Reading *) data)->clock);
  g_free (data);
}

TroupeThreadReadings *
troupe_thread_readings_new (TroupeClock *clock)
{
  TroupeThreadReadings *self = g_new (TroupeThreadReadings, 1);

  self->clock = clock;
  self->readings = g_hash_table_new_full (NULL, NULL, NULL, free_reading);
  self->sums = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
troupe_thread_readings_free (TroupeThreadReadings *self)
{
  g_hash_table_unref (self->readings);
  g_hash_table_unref (self->sums);
  g_free (self);
}

void
troupe_thread_readings_begin (TroupeThreadReadings *self)
{
  g_hash_table_remove_all (self->sums);
}

static void
add_to_sum (TroupeThreadReadings *self, pid_t pid, double cpu_percent)
{
  Sum *sum = g_hash_table_lookup (self->sums, GINT_TO_POINTER (pid));

  if (sum == NULL)
    {
      sum = g_new0 (Sum, 1);
      g_hash_table_insert (self->sums, GINT_TO_POINTER (pid), sum);
    }
  sum->cpu_percent += cpu_percent;
  sum->n_threads++;
}

void
troupe_thread_readings_read (TroupeThreadReadings *self, TroupeWorker *worker)
{
  Reading *reading = g_hash_table_lookup (self->readings, worker);
  pid_t tid = troupe_worker_get_tid (worker), pid = troupe_worker_get_pid (worker);
  gint64 now;
  guint64 cpu_usec;

  if (reading == NULL)
    {
      reading = g_new0 (Reading, 1);
      g_hash_table_insert (self->readings, worker, reading);
    }
  if (tid != reading->tid)
    {
      g_clear_pointer (&reading->clock, troupe_thread_clock_free);
      reading->clock = tid != 0 ? troupe_thread_clock_new (pid, tid) : NULL;
      reading->tid = tid;
      reading->read_usec = 0;
    }
  reading->is_valid = reading->clock != NULL && troupe_thread_clock_read (reading->clock, &cpu_usec);
  if (!reading->is_valid)
    return;
  now = troupe_clock_get_monotonic_usec (self->clock);
  reading->cpu_percent = reading->read_usec != 0 && now > reading->read_usec
                             ? 100.0 * (double) (cpu_usec - reading->cpu_usec) / (double) (now - reading->read_usec)
                             : 0;
  reading->cpu_usec = cpu_usec;
  reading->read_usec = now;
  add_to_sum (self, pid, reading->cpu_percent);
}

void
troupe_thread_readings_forget (TroupeThreadReadings *self, TroupeWorker *worker)
{
  g_hash_table_remove (self->readings, worker);
}

gboolean
troupe_thread_readings_get (TroupeThreadReadings *self, TroupeWorker *worker, double *cpu_percent, guint64 *cpu_usec)
{
  const Reading *reading = g_hash_table_lookup (self->readings, worker);

  if (reading == NULL || !reading->is_valid)
    return FALSE;
  *cpu_percent = reading->cpu_percent;
  *cpu_usec = reading->cpu_usec;
  return TRUE;
}

void
troupe_thread_readings_get_sum (TroupeThreadReadings *self, pid_t pid, double *cpu_percent, guint *n_threads)
{
  const Sum *sum = g_hash_table_lookup (self->sums, GINT_TO_POINTER (pid));

  *cpu_percent = sum != NULL ? sum->cpu_percent : 0;
  *n_threads = sum != NULL ? sum->n_threads : 0;
}
