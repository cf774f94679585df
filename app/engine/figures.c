/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* When to sample, and whom. */

#include "config.h"

#include "engine/figures.h"

#include "engine/thread-readings.h"

#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_INTERVAL_MSEC 1000

/* Our own PSS is dear to read and hardly changes: it is read this often, of the engine and this
 * many keepers, going round. The sum counts keepers not read yet as the mean of the others. */
#define OWN_MEMORY_SECONDS 5
#define KEEPERS_PER_READING 8

/* One run. A worker has several while one takes over from another. */
typedef struct
{
  guint key; /* for the sampler */
  pid_t keeper_pid;
  gboolean is_sink; /* of a thread: nothing is below its keeper */
  gboolean is_watched;
  guint64 keeper_pss_bytes; /* 0: not read yet */
} Entry;

struct _TroupeFigures
{
  TroupeClock *clock;
  TroupeSampler *sampler; /* (owned) (nullable): made when it is first needed */
  GPtrArray *entries;     /* (owned) of Entry */
  GHashTable *by_worker;  /* (owned) TroupeWorker (borrowed: removes itself first) to (owned) array of its entries */
  TroupeThreadReadings *threads; /* (owned) */
  guint last_key;
  gboolean active;
  guint interval_msec;
  guint timeout;
  guint next_keeper;
  gint64 cpu_read_usec;
  guint64 cpu_usec;
  double cpu_percent;
  guint64 own_pss_bytes;
  gint64 memory_read_usec; /* 0: never */
  void (*sampled) (gpointer user_data);
  gpointer user_data;
};

TroupeFigures *
troupe_figures_new (TroupeClock *clock, void (*sampled) (gpointer user_data), gpointer user_data)
{
  TroupeFigures *self = g_new0 (TroupeFigures, 1);

  self->clock = clock;
  self->entries = g_ptr_array_new_with_free_func (g_free);
  self->by_worker = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->threads = troupe_thread_readings_new (clock);
  self->interval_msec = DEFAULT_INTERVAL_MSEC;
  self->sampled = sampled;
  self->user_data = user_data;
  return self;
}

void
troupe_figures_free (TroupeFigures *self)
{
  troupe_clock_clear_timeout (self->clock, &self->timeout);
  g_clear_pointer (&self->sampler, troupe_sampler_free);
  g_hash_table_unref (self->by_worker);
  g_ptr_array_unref (self->entries);
  troupe_thread_readings_free (self->threads);
  g_free (self);
}

static TroupeSampler *
troupe_figures_get_sampler (TroupeFigures *self)
{
  if (self->sampler == NULL)
    self->sampler = troupe_sampler_new ();
  return self->sampler;
}

static void
drop_entry (TroupeFigures *self, Entry *entry)
{
  if (entry->is_watched)
    troupe_sampler_remove (self->sampler, entry->key);
  g_ptr_array_remove_fast (self->entries, entry);
}

void
troupe_figures_remove (TroupeFigures *self, TroupeWorker *worker)
{
  GPtrArray *entries = g_hash_table_lookup (self->by_worker, worker);

  for (guint i = 0; entries != NULL && i < entries->len; i++)
    drop_entry (self, g_ptr_array_index (entries, i));
  g_hash_table_remove (self->by_worker, worker);
  troupe_thread_readings_forget (self->threads, worker);
}

static gboolean
steal_pid (GArray *pids, pid_t pid)
{
  for (guint i = 0; i < pids->len; i++)
    if (g_array_index (pids, pid_t, i) == pid)
      {
        g_array_remove_index_fast (pids, i);
        return TRUE;
      }
  return FALSE;
}

void
troupe_figures_update (TroupeFigures *self, TroupeWorker *worker)
{
  GPtrArray *entries = g_hash_table_lookup (self->by_worker, worker);
  g_autoptr (GArray) pids = troupe_worker_dup_keeper_pids (worker);

  for (guint i = entries != NULL ? entries->len : 0; i > 0; i--)
    {
      Entry *entry = g_ptr_array_index (entries, i - 1);

      if (!steal_pid (pids, entry->keeper_pid))
        {
          drop_entry (self, entry);
          g_ptr_array_remove_index (entries, i - 1);
        }
    }
  if (entries == NULL && pids->len > 0)
    g_hash_table_insert (self->by_worker, worker, entries = g_ptr_array_new ());
  for (guint i = 0; i < pids->len; i++)
    {
      Entry *entry = g_new0 (Entry, 1);

      entry->key = ++self->last_key;
      entry->keeper_pid = g_array_index (pids, pid_t, i);
      entry->is_sink = troupe_worker_is_thread (worker);
      g_ptr_array_add (self->entries, entry);
      g_ptr_array_add (entries, entry);
    }
  if (entries != NULL && entries->len == 0)
    {
      g_hash_table_remove (self->by_worker, worker);
      troupe_thread_readings_forget (self->threads, worker);
    }
}

static void
watch (TroupeFigures *self, Entry *entry)
{
  if (entry->is_watched || entry->is_sink)
    return;
  entry->is_watched = TRUE;
  troupe_sampler_add (troupe_figures_get_sampler (self), entry->key, entry->keeper_pid);
}

static void
measure_own_cpu (TroupeFigures *self)
{
  struct rusage usage;
  gint64 now = troupe_clock_get_monotonic_usec (self->clock);
  guint64 cpu_usec;

  getrusage (RUSAGE_SELF, &usage);
  cpu_usec = (guint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC
             + (guint64) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  if (self->cpu_read_usec != 0 && now > self->cpu_read_usec)
    self->cpu_percent = 100.0 * (double) (cpu_usec - self->cpu_usec) / (double) (now - self->cpu_read_usec);
  self->cpu_usec = cpu_usec;
  self->cpu_read_usec = now;
}

static void
measure_own_memory (TroupeFigures *self)
{
  gint64 now = troupe_clock_get_monotonic_usec (self->clock);

  if (self->memory_read_usec != 0 && now - self->memory_read_usec < OWN_MEMORY_SECONDS * G_USEC_PER_SEC)
    return;
  self->memory_read_usec = now;
  self->own_pss_bytes = troupe_sampler_read_process_memory (getpid ());
  for (guint i = 0; i < MIN (KEEPERS_PER_READING, self->entries->len); i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, self->next_keeper++ % self->entries->len);

      entry->keeper_pss_bytes = troupe_sampler_read_process_memory (entry->keeper_pid);
    }
}

static void
read_threads (TroupeFigures *self)
{
  GHashTableIter iter;
  gpointer worker;

  troupe_thread_readings_begin (self->threads);
  g_hash_table_iter_init (&iter, self->by_worker);
  while (g_hash_table_iter_next (&iter, &worker, NULL))
    if (troupe_worker_is_thread (worker))
      troupe_thread_readings_read (self->threads, worker);
}

static void
troupe_figures_sample (TroupeFigures *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    watch (self, g_ptr_array_index (self->entries, i));
  troupe_sampler_sample (troupe_figures_get_sampler (self), TRUE);
  read_threads (self);
  measure_own_cpu (self);
  measure_own_memory (self);
  self->sampled (self->user_data);
}

static gboolean
tick_cb (gpointer user_data)
{
  troupe_figures_sample (user_data);
  return G_SOURCE_CONTINUE;
}

static void
troupe_figures_set_timer (TroupeFigures *self)
{
  troupe_clock_clear_timeout (self->clock, &self->timeout);
  if (self->active)
    self->timeout = troupe_clock_add_timeout (self->clock, self->interval_msec, tick_cb, self);
}

void
troupe_figures_set_active (TroupeFigures *self, gboolean active)
{
  if (self->active == active)
    return;
  self->active = active;
  troupe_figures_set_timer (self);
  /* A first look at once: what is counted from one look to the next has a beginning then. */
  if (active)
    troupe_figures_sample (self);
}

guint
troupe_figures_get_interval_msec (TroupeFigures *self)
{
  return self->interval_msec;
}

void
troupe_figures_set_interval_msec (TroupeFigures *self, guint interval_msec)
{
  interval_msec = CLAMP (interval_msec, TROUPE_ENGINE_INTERVAL_MIN_MSEC, TROUPE_ENGINE_INTERVAL_MAX_MSEC);
  if (self->interval_msec == interval_msec)
    return;
  self->interval_msec = interval_msec;
  troupe_figures_set_timer (self);
}

/* What is left of a host's figures when its threads have theirs. */
static void
take_off_threads (TroupeFigures *self, TroupeWorker *host, TroupeTreeSample *sample)
{
  double cpu_percent;
  guint n_threads;

  troupe_thread_readings_get_sum (self->threads, troupe_worker_get_pid (host), &cpu_percent, &n_threads);
  sample->cpu_percent = MAX (sample->cpu_percent - cpu_percent, 0);
  sample->threads -= MIN (n_threads, sample->threads);
}

gboolean
troupe_figures_get (TroupeFigures *self, TroupeWorker *worker, TroupeTreeSample *sample)
{
  GPtrArray *entries = g_hash_table_lookup (self->by_worker, worker);
  gboolean has_any = FALSE;

  *sample = (TroupeTreeSample){ 0 };
  if (troupe_worker_is_thread (worker))
    {
      sample->threads = 1;
      return troupe_thread_readings_get (self->threads, worker, &sample->cpu_percent, &sample->cpu_usec);
    }
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);
      TroupeTreeSample one;

      if (!entry->is_watched || !troupe_sampler_get (self->sampler, entry->key, &one))
        continue;
      has_any = TRUE;
      sample->cpu_percent += one.cpu_percent;
      sample->cpu_usec += one.cpu_usec;
      sample->rss_bytes += one.rss_bytes;
      sample->memory_bytes += one.memory_bytes;
      sample->threads += one.threads;
      sample->processes += one.processes;
    }
  if (has_any && troupe_worker_is_host (worker))
    take_off_threads (self, worker, sample);
  return has_any;
}

void
troupe_figures_get_engine (TroupeFigures *self, TroupeEngineSample *sample)
{
  guint64 known_bytes = 0;
  guint n_known = 0;

  troupe_sampler_get_machine (troupe_figures_get_sampler (self), &sample->machine);
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);

      known_bytes += entry->keeper_pss_bytes;
      n_known += entry->keeper_pss_bytes > 0;
    }
  sample->engine_cpu_percent = self->cpu_percent;
  sample->engine_memory_bytes = self->own_pss_bytes
                                + (n_known > 0 ? known_bytes / n_known * self->entries->len : 0);
}

GPtrArray *
troupe_figures_dup_processes (TroupeFigures *self, TroupeWorker *worker)
{
  GPtrArray *entries = g_hash_table_lookup (self->by_worker, worker);
  GPtrArray *processes = NULL;

  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);
      GPtrArray *more;

      if (entry->is_sink)
        continue;
      watch (self, entry);
      more = troupe_sampler_dup_processes (self->sampler, entry->key);
      if (processes == NULL)
        processes = more;
      else
        g_ptr_array_extend_and_steal (processes, more);
    }
  return processes != NULL ? processes : g_ptr_array_new ();
}

gboolean
troupe_figures_read_memory (TroupeFigures *self, TroupeWorker *worker, guint64 *pss_bytes, guint64 *rss_bytes)
{
  GPtrArray *entries = g_hash_table_lookup (self->by_worker, worker);
  gboolean has_any = FALSE;

  *pss_bytes = *rss_bytes = 0;
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);
      guint64 pss, rss;

      if (entry->is_sink)
        continue;
      watch (self, entry);
      if (!troupe_sampler_read_memory (self->sampler, entry->key, &pss, &rss))
        continue;
      has_any = TRUE;
      *pss_bytes += pss;
      *rss_bytes += rss;
    }
  return has_any;
}
