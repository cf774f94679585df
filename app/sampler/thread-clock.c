/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reads /proc/PID/task/TID/schedstat, which counts nanoseconds. A kernel without CONFIG_SCHED_INFO has no such
 * file, or zeroes in it; then stat has to do, with its hundredths of a second. */

#include "config.h"

#include "sampler/thread-clock.h"

#include "sampler/proc-stat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_LENGTH 64
/* Three numbers. */
#define SCHEDSTAT_MAX 80

struct _TroupeThreadClock
{
  int fd;
  gboolean is_stat;
};

static int
open_file (pid_t pid, pid_t tid, const char *name)
{
  char path[PATH_LENGTH];

  g_snprintf (path, sizeof path, "/proc/%d/task/%d/%s", (int) pid, (int) tid, name);
  return open (path, O_RDONLY | O_CLOEXEC);
}

gboolean
troupe_thread_clock_parse_schedstat (const char *text, guint64 *nsec)
{
  char *end;
  guint64 value;

  if (!g_ascii_isdigit (text[0]))
    return FALSE;
  errno = 0;
  value = g_ascii_strtoull (text, &end, 10);
  if (errno != 0 || *end != ' ')
    return FALSE;
  *nsec = value;
  return TRUE;
}

static gboolean
read_schedstat (int fd, guint64 *nsec)
{
  char text[SCHEDSTAT_MAX];
  ssize_t length = pread (fd, text, sizeof text - 1, 0);

  if (length <= 0)
    return FALSE;
  text[length] = '\0';
  return troupe_thread_clock_parse_schedstat (text, nsec);
}

TroupeThreadClock *
troupe_thread_clock_new (pid_t pid, pid_t tid)
{
  TroupeThreadClock *self;
  gboolean is_stat = FALSE;
  guint64 nsec;
  int fd = open_file (pid, tid, "schedstat");

  /* A thread that reached its first line of code has been on a processor. */
  if (fd < 0 || !read_schedstat (fd, &nsec) || nsec == 0)
    {
      if (fd >= 0)
        close (fd);
      is_stat = TRUE;
      fd = open_file (pid, tid, "stat");
    }
  if (fd < 0)
    return NULL;
  self = g_new (TroupeThreadClock, 1);
  self->fd = fd;
  self->is_stat = is_stat;
  return self;
}

void
troupe_thread_clock_free (TroupeThreadClock *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self);
}

gboolean
troupe_thread_clock_read (TroupeThreadClock *self, guint64 *cpu_usec)
{
  TroupeProcStat stat;
  guint64 nsec;

  if (!self->is_stat)
    {
      if (!read_schedstat (self->fd, &nsec))
        return FALSE;
      *cpu_usec = nsec / 1000;
      return TRUE;
    }
  if (troupe_proc_stat_read (self->fd, &stat) != TROUPE_PROC_READ_OK)
    return FALSE;
  *cpu_usec = stat.own_ticks * (guint64) G_USEC_PER_SEC / (guint64) sysconf (_SC_CLK_TCK);
  return TRUE;
}
