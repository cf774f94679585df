/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* CPU and memory of trees of processes, each below a keeper.
 *
 * What a tree has used is the sum over its living processes of their own time and of the time
 * of the children they have waited for (cutime + cstime), plus the latter of the keeper, whose
 * own time is left out. When a child ends, its figure moves to whoever reaps it: a parent, or
 * the keeper as subreaper. So the sum loses nothing of children that lived between two samples,
 * and counts nothing twice, as long as it is taken consistently: parents are read before their
 * children, and when one has vanished in the meantime, its figure may be in its reaper's
 * already or not yet, and the pass is repeated.
 *
 * A process whose parent ignores SIGCHLD takes its time with it: the sum falls. What has fallen
 * is remembered as lost, so that the total goes on from where it was and never back.
 *
 * Own time comes from the process's CPU clock, in nanoseconds. It is also ten times cheaper to
 * ask than /proc, and a process whose clock stands still has not run, so nothing else about it
 * can have changed but by others' doing (pages taken away): /proc is read then only now and
 * then. Sleeping processes cost a fraction of a microsecond each. */

#include "config.h"

#include "sampler/sampler.h"

#include "sampler/proc-stat.h"
#include "sampler/process-scan.h"

#include <errno.h>
#include <glibtop.h>
#include <glibtop/cpu.h>
#include <glibtop/mem.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC G_GUINT64_CONSTANT (1000000000)

/* Passes over one tree until none of its processes vanishes meanwhile. */
#define PASSES_MAX 4
/* A process that did not run is read from /proc once in so many samples, or half as many. */
#define REFRESH_EVERY 64
/* Time for the PSS of some processes in one sample. One that takes longer is paid off by the
 * samples that follow. */
#define PSS_BUDGET_USEC 4000
/* The PSS of a process that did not run meanwhile is good for so many samples. */
#define PSS_KEEP 60
/* CPU shares of single processes are taken over at least so long. */
#define SHARE_MIN_NSEC (100 * 1000 * 1000)

typedef struct _Tree Tree;

typedef struct
{
  int pid;
  Tree *tree;
  int fd;                 /* its stat, kept open; -1 */
  gboolean gone;
  TroupeProcStat stat;    /* as last read */
  guint64 own_nsec;
  guint refresh_in;       /* samples until stat is read even if it slept; stands still for a keeper,
                           * whose memory nobody asks for */

  double cpu_percent;     /* since mark */
  guint64 mark_nsec, mark_time_nsec;

  guint64 pss_bytes;      /* 0: not read, or not readable */
  guint64 exact_rss_bytes, pss_stat_pages; /* RSS of that moment, exactly and as stat had it */
  guint64 pss_own_nsec;
  guint pss_age;          /* samples */
  GList pss_link;         /* in pss_queue */
} Process;

struct _Tree
{
  guint key;
  Process keeper;
  GPtrArray *processes;   /* (owned) of Process, parents before children */
  gboolean sampled;
  guint64 total_nsec;     /* never falls */
  guint64 lost_nsec;
  guint64 time_nsec;      /* of the last sample */
  TroupeTreeSample sample;
};

struct _TroupeSampler
{
  GHashTable *trees;      /* key to Tree (owned) */
  GHashTable *processes;  /* pid to Process, of keepers too */
  TroupeProcessScan *scan;
  GQueue pss_queue;       /* who is next */
  gint64 pss_credit_usec;
  guint open_fds, max_fds;
  gboolean clocks_work;
  guint64 nsec_per_tick;
  guint64 page_size, rss_noise_bytes;
  guint cores;

  guint64 machine_total, machine_idle; /* libgtop's units, at the last call */
  double machine_percent;
};

static guint64
get_time_nsec (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (guint64) now.tv_sec * NSEC_PER_SEC + (guint64) now.tv_nsec;
}

/* CPU time of all threads of PID; see CPUCLOCK_SCHED in the kernel's posix-timers.h, of which
 * clock_getcpuclockid() makes the same without saying whether the process is there. */
static gboolean
read_clock (int pid, guint64 *nsec)
{
  clockid_t clock = (clockid_t) ((~(guint) pid << 3) | 2);
  struct timespec time;

  if (clock_gettime (clock, &time) < 0)
    return FALSE;
  *nsec = (guint64) time.tv_sec * NSEC_PER_SEC + (guint64) time.tv_nsec;
  return TRUE;
}

/* Processes */

static void
init_process (TroupeSampler *self, Process *process, Tree *tree, int pid)
{
  process->pid = pid;
  process->tree = tree;
  process->fd = -1;
  process->pss_link.data = process;
  g_hash_table_insert (self->processes, GINT_TO_POINTER (pid), process);
}

static void
clear_process (TroupeSampler *self, Process *process)
{
  if (process->fd >= 0)
    {
      close (process->fd);
      process->fd = -1;
      self->open_fds--;
    }
  /* The number may be another's already. */
  if (g_hash_table_lookup (self->processes, GINT_TO_POINTER (process->pid)) == process)
    g_hash_table_remove (self->processes, GINT_TO_POINTER (process->pid));
}

static void
free_process (TroupeSampler *self, Process *process)
{
  g_queue_unlink (&self->pss_queue, &process->pss_link);
  clear_process (self, process);
  g_free (process);
}

/* Reads stat by the kept descriptor, which is opened while there is room for one more. */
static TroupeProcRead
read_stat (TroupeSampler *self, Process *process)
{
  TroupeProcStat stat;
  TroupeProcRead result;

  if (process->fd < 0 && self->open_fds < self->max_fds)
    {
      process->fd = troupe_proc_stat_open (process->pid);
      if (process->fd >= 0)
        self->open_fds++;
      else if (errno == EMFILE || errno == ENFILE)
        self->max_fds = self->open_fds;
    }
  result = process->fd >= 0 ? troupe_proc_stat_read (process->fd, &stat)
                            : troupe_proc_stat_load (process->pid, &stat);
  if (result != TROUPE_PROC_READ_OK)
    return result;
  /* Opened by number: it may be another process of the same one. */
  if (process->stat.start_ticks != 0 && stat.start_ticks != process->stat.start_ticks)
    return TROUPE_PROC_READ_GONE;
  process->stat = stat;
  return TROUPE_PROC_READ_OK;
}

/* Brings PROCESS up to date; FALSE when it is gone. FORCE: even if it did not run. */
static gboolean
refresh_process (TroupeSampler *self, Process *process, gboolean force)
{
  guint64 own_nsec = 0;
  gboolean have_clock = self->clocks_work && read_clock (process->pid, &own_nsec);

  if (have_clock && own_nsec == process->own_nsec && !force && process->refresh_in > 0)
    return TRUE;
  switch (read_stat (self, process))
    {
    case TROUPE_PROC_READ_GONE:
      return FALSE;
    case TROUPE_PROC_READ_FAILED:
      /* Nothing new is known; the figures stay. */
      return TRUE;
    case TROUPE_PROC_READ_OK:
      break;
    }
  if (!have_clock)
    own_nsec = process->stat.own_ticks * self->nsec_per_tick;
  process->own_nsec = MAX (own_nsec, process->own_nsec);
  /* Spread over the samples, lest all be read in the same one. */
  process->refresh_in = REFRESH_EVERY / 2 + (guint) process->pid % (REFRESH_EVERY / 2);
  return TRUE;
}

static void
mark_process (Process *process, guint64 now_nsec)
{
  if (now_nsec < process->mark_time_nsec + SHARE_MIN_NSEC)
    return;
  process->cpu_percent =
      100.0 * (double) (process->own_nsec - process->mark_nsec) / (double) (now_nsec - process->mark_time_nsec);
  process->mark_nsec = process->own_nsec;
  process->mark_time_nsec = now_nsec;
}

/* What the scan asks */

static gpointer
owner_of_cb (int pid, guint64 start_ticks, gpointer user_data)
{
  TroupeSampler *self = user_data;
  Process *process = g_hash_table_lookup (self->processes, GINT_TO_POINTER (pid));

  if (process == NULL || process->gone)
    return NULL;
  if (start_ticks != 0 && process->stat.start_ticks != 0 && process->stat.start_ticks != start_ticks)
    {
      /* Its number has been given to another: it will be cleared away by the next sample. */
      process->gone = TRUE;
      return NULL;
    }
  return process->tree;
}

static void
adopt_cb (gpointer owner, const TroupeProcStat *stat, gpointer user_data)
{
  TroupeSampler *self = user_data;
  Tree *tree = owner;
  Process *process = g_new0 (Process, 1);

  init_process (self, process, tree, stat->pid);
  process->stat = *stat;
  process->mark_time_nsec = stat->start_ticks * self->nsec_per_tick;
  g_ptr_array_add (tree->processes, process);
  g_queue_push_tail_link (&self->pss_queue, &process->pss_link);
}

/* Trees */

/* One pass; FALSE when something vanished under it. */
static gboolean
refresh_tree (TroupeSampler *self, Tree *tree, gboolean force)
{
  gboolean complete = TRUE;
  guint kept = 0;

  if (!tree->keeper.gone && !refresh_process (self, &tree->keeper, force))
    tree->keeper.gone = TRUE;
  for (guint i = 0; i < tree->processes->len; i++)
    {
      Process *process = g_ptr_array_index (tree->processes, i);

      if (!process->gone && refresh_process (self, process, force))
        g_ptr_array_index (tree->processes, kept++) = process;
      else
        {
          free_process (self, process);
          complete = FALSE;
        }
    }
  g_ptr_array_set_size (tree->processes, (gint) kept);
  return complete;
}

static guint64
sum_cpu (TroupeSampler *self, Tree *tree)
{
  guint64 ticks = tree->keeper.stat.children_ticks;
  guint64 nsec = 0;

  for (guint i = 0; i < tree->processes->len; i++)
    {
      const Process *process = g_ptr_array_index (tree->processes, i);

      nsec += process->own_nsec;
      ticks += process->stat.children_ticks;
    }
  return nsec + ticks * self->nsec_per_tick;
}

/* RSS and PSS as far as they are known. The kernel counts pages for stat roughly (a few for each
 * core are still on their way, so small processes seem to have none), for smaps_rollup exactly,
 * but that is dear. So the exact figures stand until stat has moved by more than its own noise;
 * then new pages count as the process's own, and fewer pages as fewer of every kind. */
static void
estimate_memory (TroupeSampler *self, const Process *process, guint64 *pss_bytes, guint64 *rss_bytes)
{
  guint64 rss = process->stat.rss_pages * self->page_size;
  guint64 rss_then = process->pss_stat_pages * self->page_size;

  if (process->pss_bytes == 0)
    *pss_bytes = *rss_bytes = rss;
  else if (rss > rss_then + self->rss_noise_bytes)
    {
      *pss_bytes = process->pss_bytes + (rss - rss_then);
      *rss_bytes = process->exact_rss_bytes + (rss - rss_then);
    }
  else if (rss + self->rss_noise_bytes < rss_then && process->exact_rss_bytes > 0)
    {
      *rss_bytes = process->exact_rss_bytes - MIN (process->exact_rss_bytes, rss_then - rss);
      *pss_bytes = (guint64) ((double) process->pss_bytes * (double) *rss_bytes / (double) process->exact_rss_bytes);
    }
  else
    {
      *pss_bytes = process->pss_bytes;
      *rss_bytes = process->exact_rss_bytes;
    }
}

/* When the oldest process of TREE began; 0 when none lives. */
static guint64
get_start_nsec (TroupeSampler *self, Tree *tree)
{
  guint64 start = 0;

  for (guint i = 0; i < tree->processes->len; i++)
    {
      const Process *process = g_ptr_array_index (tree->processes, i);
      guint64 nsec = process->stat.start_ticks * self->nsec_per_tick;

      if (start == 0 || nsec < start)
        start = nsec;
    }
  return start;
}

static void
add_up_cpu (TroupeSampler *self, Tree *tree, guint64 now_nsec)
{
  guint64 sum = sum_cpu (self, tree);
  guint64 before = tree->total_nsec;
  /* What a child had to the nanosecond arrives at its parent in whole ticks, user and system
   * time apart; this much is not lost but comes back with the next child. */
  guint64 rounding = 2 * self->nsec_per_tick * (tree->processes->len + 1);
  guint64 since = tree->sampled ? tree->time_nsec : get_start_nsec (self, tree);

  if (sum + tree->lost_nsec + rounding < before)
    tree->lost_nsec = before - sum;
  tree->total_nsec = MAX (before, sum + tree->lost_nsec);

  /* The first figure is the average since the run began. */
  if (since == 0)
    tree->sample.cpu_percent = 0;
  else if (now_nsec >= since + self->nsec_per_tick || !tree->sampled)
    {
      double elapsed = (double) MAX (now_nsec - MIN (since, now_nsec), self->nsec_per_tick);

      tree->sample.cpu_percent = MIN (100.0 * (double) (tree->total_nsec - before) / elapsed, 100.0 * self->cores);
    }
  else
    {
      /* Too soon after the last sample to tell a share: leave it to the next. */
      tree->total_nsec = before;
      return;
    }
  tree->time_nsec = now_nsec;
}

static void
sample_tree (TroupeSampler *self, Tree *tree)
{
  guint64 now_nsec;

  for (guint pass = 0; pass < PASSES_MAX && !refresh_tree (self, tree, FALSE); pass++)
    ;
  now_nsec = get_time_nsec (CLOCK_BOOTTIME);
  add_up_cpu (self, tree, now_nsec);

  tree->sample.cpu_usec = tree->total_nsec / 1000;
  tree->sample.rss_bytes = 0;
  tree->sample.memory_bytes = 0;
  tree->sample.threads = 0;
  tree->sample.processes = tree->processes->len;
  for (guint i = 0; i < tree->processes->len; i++)
    {
      Process *process = g_ptr_array_index (tree->processes, i);
      guint64 pss, rss;

      if (process->refresh_in > 0)
        process->refresh_in--;
      process->pss_age++;
      mark_process (process, now_nsec);
      estimate_memory (self, process, &pss, &rss);
      tree->sample.rss_bytes += rss;
      tree->sample.memory_bytes += pss;
      tree->sample.threads += process->stat.threads;
    }
  tree->sampled = TRUE;
}

static void
read_pss (TroupeSampler *self, Process *process)
{
  read_stat (self, process);
  if (!troupe_proc_read_pss (process->pid, &process->pss_bytes, &process->exact_rss_bytes))
    process->pss_bytes = 0;
  process->pss_stat_pages = process->stat.rss_pages;
  process->pss_own_nsec = process->own_nsec;
  process->pss_age = 0;
}

/* Goes round, from where the last sample stopped, until the time is spent. */
static void
sample_pss (TroupeSampler *self)
{
  gint64 start = g_get_monotonic_time ();
  gint64 deadline;

  self->pss_credit_usec = MIN (self->pss_credit_usec + PSS_BUDGET_USEC, PSS_BUDGET_USEC);
  deadline = start + self->pss_credit_usec;
  for (guint n = self->pss_queue.length; n > 0 && g_get_monotonic_time () < deadline; n--)
    {
      GList *link = g_queue_pop_head_link (&self->pss_queue);
      Process *process = link->data;

      g_queue_push_tail_link (&self->pss_queue, link);
      if (process->pss_bytes == 0 || process->own_nsec != process->pss_own_nsec || process->pss_age >= PSS_KEEP)
        read_pss (self, process);
    }
  self->pss_credit_usec -= g_get_monotonic_time () - start;
}

static void
free_tree (TroupeSampler *self, Tree *tree)
{
  for (guint i = 0; i < tree->processes->len; i++)
    free_process (self, g_ptr_array_index (tree->processes, i));
  g_ptr_array_unref (tree->processes);
  clear_process (self, &tree->keeper);
  g_free (tree);
}

/* Public */

static guint
get_max_fds (void)
{
  struct rlimit limit;

  /* Half of what the engine may have: the rest is for keepers and clients. */
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    return (guint) MIN (limit.rlim_cur / 2, TROUPE_SAMPLER_MAX_FDS);
  return TROUPE_SAMPLER_MAX_FDS;
}

TroupeSampler *
troupe_sampler_new (void)
{
  static const TroupeProcessScanFuncs funcs = { owner_of_cb, adopt_cb };
  TroupeSampler *self = g_new0 (TroupeSampler, 1);
  guint64 nsec;

  self->trees = g_hash_table_new (NULL, NULL);
  self->processes = g_hash_table_new (NULL, NULL);
  self->scan = troupe_process_scan_new (&funcs, self, TRUE);
  g_queue_init (&self->pss_queue);
  self->max_fds = get_max_fds ();
  self->clocks_work = read_clock (getppid () > 0 ? getppid () : getpid (), &nsec) && nsec > 0;
  self->nsec_per_tick = NSEC_PER_SEC / (guint64) sysconf (_SC_CLK_TCK);
  self->page_size = (guint64) sysconf (_SC_PAGESIZE);
  self->cores = (guint) MAX (sysconf (_SC_NPROCESSORS_ONLN), 1);
  /* The kernel's percpu_counter_batch, on every core. */
  self->rss_noise_bytes = MAX (32, 2 * self->cores) * self->cores * self->page_size;
  return self;
}

void
troupe_sampler_free (TroupeSampler *self)
{
  GHashTableIter iter;
  gpointer tree;

  g_hash_table_iter_init (&iter, self->trees);
  while (g_hash_table_iter_next (&iter, NULL, &tree))
    {
      g_hash_table_iter_steal (&iter);
      free_tree (self, tree);
    }
  g_hash_table_unref (self->trees);
  g_hash_table_unref (self->processes);
  troupe_process_scan_free (self->scan);
  g_free (self);
}

void
troupe_sampler_add (TroupeSampler *self, guint key, int keeper_pid)
{
  Tree *tree = g_new0 (Tree, 1);

  troupe_sampler_remove (self, key);
  tree->key = key;
  tree->processes = g_ptr_array_new ();
  init_process (self, &tree->keeper, tree, keeper_pid);
  g_hash_table_insert (self->trees, GUINT_TO_POINTER (key), tree);
  troupe_process_scan_add_root (self->scan, keeper_pid);
}

void
troupe_sampler_remove (TroupeSampler *self, guint key)
{
  Tree *tree = g_hash_table_lookup (self->trees, GUINT_TO_POINTER (key));

  if (tree == NULL)
    return;
  g_hash_table_remove (self->trees, GUINT_TO_POINTER (key));
  free_tree (self, tree);
}

void
troupe_sampler_sample (TroupeSampler *self, gboolean with_pss)
{
  GHashTableIter iter;
  gpointer tree;

  if (g_hash_table_size (self->trees) == 0)
    return;
  troupe_process_scan_run (self->scan);
  /* Before the sums, so that what is read now is in them. */
  if (with_pss)
    sample_pss (self);
  g_hash_table_iter_init (&iter, self->trees);
  while (g_hash_table_iter_next (&iter, NULL, &tree))
    sample_tree (self, tree);
}

gboolean
troupe_sampler_get (TroupeSampler *self, guint key, TroupeTreeSample *out)
{
  Tree *tree = g_hash_table_lookup (self->trees, GUINT_TO_POINTER (key));

  if (tree == NULL || !tree->sampled)
    return FALSE;
  *out = tree->sample;
  return TRUE;
}

static void
free_process_sample (gpointer data)
{
  g_free (((TroupeProcessSample *) data)->command);
  g_free (data);
}

/* The tree as it is now; NULL when KEY is not watched. */
static Tree *
look_up_fresh (TroupeSampler *self, guint key)
{
  Tree *tree = g_hash_table_lookup (self->trees, GUINT_TO_POINTER (key));

  if (tree != NULL)
    {
      troupe_process_scan_run (self->scan);
      refresh_tree (self, tree, TRUE);
    }
  return tree;
}

GPtrArray *
troupe_sampler_dup_processes (TroupeSampler *self, guint key)
{
  GPtrArray *samples = g_ptr_array_new_with_free_func (free_process_sample);
  Tree *tree = look_up_fresh (self, key);
  guint64 now_nsec = get_time_nsec (CLOCK_BOOTTIME);
  guint64 boot_usec = get_time_nsec (CLOCK_REALTIME) / 1000 - now_nsec / 1000;

  for (guint i = 0; tree != NULL && i < tree->processes->len; i++)
    {
      Process *process = g_ptr_array_index (tree->processes, i);
      TroupeProcessSample *sample = g_new0 (TroupeProcessSample, 1);
      guint64 pss, rss;

      read_pss (self, process);
      mark_process (process, now_nsec);
      sample->pid = process->pid;
      sample->parent = process->stat.parent;
      sample->command = troupe_proc_dup_command (process->pid);
      sample->state = process->stat.state;
      sample->started_usec = boot_usec + process->stat.start_ticks * self->nsec_per_tick / 1000;
      sample->cpu_percent = process->cpu_percent;
      sample->pss_bytes = process->pss_bytes;
      estimate_memory (self, process, &pss, &rss);
      sample->rss_bytes = rss;
      sample->threads = process->stat.threads;
      g_ptr_array_add (samples, sample);
    }
  return samples;
}

gboolean
troupe_sampler_read_memory (TroupeSampler *self, guint key, guint64 *pss_bytes, guint64 *rss_bytes)
{
  Tree *tree = look_up_fresh (self, key);

  if (tree == NULL)
    return FALSE;
  *pss_bytes = 0;
  *rss_bytes = 0;
  for (guint i = 0; i < tree->processes->len; i++)
    {
      Process *process = g_ptr_array_index (tree->processes, i);
      guint64 pss, rss;

      read_pss (self, process);
      estimate_memory (self, process, &pss, &rss);
      *rss_bytes += rss;
      *pss_bytes += pss;
    }
  return TRUE;
}

void
troupe_sampler_get_machine (TroupeSampler *self, TroupeMachineSample *out)
{
  glibtop_cpu cpu;
  glibtop_mem mem;

  glibtop_get_cpu (&cpu);
  glibtop_get_mem (&mem);
  if (cpu.total > self->machine_total)
    {
      guint64 total = cpu.total - self->machine_total;
      /* Waiting for a disk is not work; the kernel counts it apart from idle. */
      guint64 idle_now = cpu.idle + cpu.iowait;
      guint64 idle = idle_now > self->machine_idle ? MIN (idle_now - self->machine_idle, total) : 0;

      self->machine_percent = 100.0 * self->cores * (double) (total - idle) / (double) total;
      self->machine_total = cpu.total;
      self->machine_idle = idle_now;
    }
  out->cpu_percent = self->machine_percent;
  out->cores = self->cores;
  out->memory_used_bytes = mem.user;
  out->memory_total_bytes = mem.total;
}

guint64
troupe_sampler_read_process_memory (int pid)
{
  guint64 pss, rss;
  TroupeProcStat stat;

  if (troupe_proc_read_pss (pid, &pss, &rss) && pss != 0)
    return pss;
  return troupe_proc_stat_load (pid, &stat) == TROUPE_PROC_READ_OK
             ? stat.rss_pages * (guint64) sysconf (_SC_PAGESIZE)
             : 0;
}
