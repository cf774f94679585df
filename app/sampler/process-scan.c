/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A process can come into a tree in one way only: it is born there. Its parents may die, but
 * then it goes to the next subreaper above, which is the tree's root or below it. So whoever was
 * found to be a stranger stays one, and only new processes need a look.
 *
 * The kernel counts process numbers upwards and starts over at the top; /proc/loadavg tells the
 * last one given. What is new lies between the last number of the previous look and the last
 * one now: nothing at all, mostly, or a handful that are tried one by one. Numbers of threads
 * come from the same count, so a number that opens may be a thread's.
 *
 * Where that figure is not to be had (a container that fakes loadavg), the names in /proc are
 * listed each time, and strangers are remembered by number. Because a number may be given
 * anew, and to repair whatever a restore with chosen numbers or a full turn of the count hid,
 * everything is read afresh now and then. */

#include "config.h"

#include "sampler/process-scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* So many numbers are tried one by one; for more, listing /proc is cheaper. */
#define TRY_MAX 256
/* Everything is read again after so many looks, with and without a last number to go by. */
#define FULL_EVERY 256
#define FULL_EVERY_BLIND 8
/* Processes whose parent vanished under the look are read again next time, so many at most. */
#define RETRY_MAX 256
/* Births are told in ticks; closer than this to the last look counts as before it. */
#define START_SLACK_TICKS 3

struct _TroupeProcessScan
{
  TroupeProcessScanFuncs funcs;
  gpointer user_data;
  int loadavg_fd;
  gboolean last_pid_works;
  int last_pid;              /* at the previous look */
  guint64 look_ticks;        /* when that was, since boot; 0 before the first */
  guint looks;               /* since the last full one */
  gboolean want_full;
  GHashTable *strangers;     /* set of pids; only without last_pid_works */
  GArray *retry;             /* of int */
  GArray *found;             /* of TroupeProcStat: scratch of one look */
  gboolean tried;            /* some of them were tried by number, so they may be threads */
};

static gpointer
get_thread_id (gpointer data)
{
  return GINT_TO_POINTER ((int) gettid ());
}

/* TRUE when the last number follows what is born: tried with a thread. */
static gboolean
try_last_pid (int fd)
{
  int before = troupe_proc_read_last_pid (fd);
  GThread *thread = g_thread_try_new ("pid-probe", get_thread_id, NULL, NULL);
  int id = thread != NULL ? GPOINTER_TO_INT (g_thread_join (thread)) : 0;
  int after = troupe_proc_read_last_pid (fd);

  if (before == 0 || after == 0 || id == 0 || before == after)
    return FALSE;
  return before < after ? id > before && id <= after : id > before || id <= after;
}

static guint64
get_boot_ticks (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (guint64) now.tv_sec * (guint64) sysconf (_SC_CLK_TCK) +
         (guint64) now.tv_nsec * (guint64) sysconf (_SC_CLK_TCK) / 1000000000;
}

TroupeProcessScan *
troupe_process_scan_new (const TroupeProcessScanFuncs *funcs, gpointer user_data, gboolean may_use_last_pid)
{
  TroupeProcessScan *self = g_new0 (TroupeProcessScan, 1);

  self->funcs = *funcs;
  self->user_data = user_data;
  self->loadavg_fd = open ("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  self->last_pid_works = may_use_last_pid && self->loadavg_fd >= 0 && try_last_pid (self->loadavg_fd);
  self->want_full = TRUE;
  self->strangers = g_hash_table_new (NULL, NULL);
  self->retry = g_array_new (FALSE, FALSE, sizeof (int));
  self->found = g_array_new (FALSE, FALSE, sizeof (TroupeProcStat));
  return self;
}

void
troupe_process_scan_free (TroupeProcessScan *self)
{
  if (self->loadavg_fd >= 0)
    close (self->loadavg_fd);
  g_hash_table_unref (self->strangers);
  g_array_unref (self->retry);
  g_array_unref (self->found);
  g_free (self);
}

void
troupe_process_scan_add_root (TroupeProcessScan *self, int root)
{
  guint64 oldest;

  /* Children born after the last look will be met by the next one in any case. Older ones were
   * taken for strangers, and so were theirs. */
  if (!troupe_proc_get_oldest_child (root, &oldest) ||
      (oldest != 0 && oldest <= self->look_ticks + START_SLACK_TICKS))
    self->want_full = TRUE;
}

/* Reads PID, unless it is somebody's already. */
static void
look_at (TroupeProcessScan *self, int pid)
{
  TroupeProcStat stat;

  if (troupe_proc_stat_load (pid, &stat) == TROUPE_PROC_READ_OK &&
      self->funcs.owner_of (pid, stat.start_ticks, self->user_data) == NULL)
    {
      stat.pid = pid;
      g_array_append_val (self->found, stat);
    }
}

static gboolean
is_between (int pid, int after, int last)
{
  return after <= last ? pid > after && pid <= last : pid > after || pid <= last;
}

/* Looks at every process for which CHECK holds. LAST: the last number given. */
static void
list_proc (TroupeProcessScan *self, gboolean (*check) (TroupeProcessScan *self, int pid, int last), int last)
{
  DIR *dir = opendir ("/proc");
  struct dirent *entry;

  if (dir == NULL)
    return;
  while ((entry = readdir (dir)) != NULL)
    {
      int pid = g_ascii_isdigit (entry->d_name[0]) ? atoi (entry->d_name) : 0;

      if (pid > 0 && check (self, pid, last))
        look_at (self, pid);
    }
  closedir (dir);
}

static gboolean
check_between (TroupeProcessScan *self, int pid, int last)
{
  return is_between (pid, self->last_pid, last);
}

static gboolean
check_unknown (TroupeProcessScan *self, int pid, int last)
{
  return !g_hash_table_contains (self->strangers, GINT_TO_POINTER (pid)) &&
         self->funcs.owner_of (pid, 0, self->user_data) == NULL;
}

/* A known one needs no look, unless its number was given anew. */
static gboolean
check_full (TroupeProcessScan *self, int pid, int last)
{
  return self->funcs.owner_of (pid, 0, self->user_data) == NULL || is_between (pid, self->last_pid, last);
}

static void
collect (TroupeProcessScan *self, int last)
{
  if (self->want_full)
    {
      g_hash_table_remove_all (self->strangers);
      list_proc (self, check_full, last);
    }
  else if (!self->last_pid_works)
    list_proc (self, check_unknown, last);
  else if (last > self->last_pid && last - self->last_pid <= TRY_MAX)
    {
      self->tried = TRUE;
      for (int pid = self->last_pid + 1; pid <= last; pid++)
        look_at (self, pid);
    }
  else if (last != self->last_pid)
    list_proc (self, check_between, last);

  if (self->retry->len > 0)
    self->tried = TRUE;
  for (guint i = 0; i < self->retry->len; i++)
    look_at (self, g_array_index (self->retry, int, i));
  g_array_set_size (self->retry, 0);
}

/* Hands over those whose parent has an owner, and then those whose parent has one now. */
static void
adopt_found (TroupeProcessScan *self)
{
  gboolean progress;

  do
    {
      progress = FALSE;
      for (guint i = 0; i < self->found->len; i++)
        {
          TroupeProcStat *stat = &g_array_index (self->found, TroupeProcStat, i);
          gpointer owner = stat->pid != 0 ? self->funcs.owner_of (stat->parent, 0, self->user_data) : NULL;

          if (owner == NULL)
            continue;
          /* Twice in the list, or a thread. */
          if (self->funcs.owner_of (stat->pid, stat->start_ticks, self->user_data) == NULL &&
              (!self->tried || troupe_proc_is_process (stat->pid)))
            {
              self->funcs.adopt (owner, stat, self->user_data);
              progress = TRUE;
            }
          stat->pid = 0;
        }
    }
  while (progress);
}

/* The rest are strangers, except those whose parent is no more: whether it was one of ours
 * only their next parent can tell. */
static void
settle_strangers (TroupeProcessScan *self)
{
  for (guint i = 0; i < self->found->len; i++)
    {
      const TroupeProcStat *stat = &g_array_index (self->found, TroupeProcStat, i);

      if (stat->pid == 0)
        continue;
      if (stat->parent > 0 && kill (stat->parent, 0) < 0 && errno == ESRCH && self->retry->len < RETRY_MAX)
        g_array_append_val (self->retry, stat->pid);
      else if (!self->last_pid_works)
        g_hash_table_add (self->strangers, GINT_TO_POINTER (stat->pid));
    }
}

void
troupe_process_scan_run (TroupeProcessScan *self)
{
  /* Before the look: what is born under it belongs to the next one. */
  int last = self->last_pid_works ? troupe_proc_read_last_pid (self->loadavg_fd) : 0;
  guint64 ticks = get_boot_ticks ();

  if (++self->looks >= (self->last_pid_works ? FULL_EVERY : FULL_EVERY_BLIND))
    self->want_full = TRUE;
  if (self->want_full)
    self->looks = 0;
  self->tried = FALSE;
  g_array_set_size (self->found, 0);
  collect (self, last);
  adopt_found (self);
  settle_strangers (self);
  self->want_full = FALSE;
  self->last_pid = last;
  self->look_ticks = ticks;
}
