/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* /proc as numbers; see proc(5) for the fields. */

#include "config.h"

#include "sampler/proc-stat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So much of a command line is read. */
#define COMMAND_MAX 4096
#define ROLLUP_MAX 4096
/* Children looked at for the oldest. */
#define CHILDREN_MAX 4096

/* Fields of stat, counted from 1 as in proc(5); "comm" is 2 and may hold anything. */
enum
{
  FIELD_STATE = 3,
  FIELD_PARENT = 4,
  FIELD_UTIME = 14,
  FIELD_STIME = 15,
  FIELD_CUTIME = 16,
  FIELD_CSTIME = 17,
  FIELD_THREADS = 20,
  FIELD_START = 22,
  FIELD_RSS = 24,
};

gboolean
troupe_proc_stat_parse (const char *text, TroupeProcStat *out)
{
  guint64 values[FIELD_RSS + 1] = { 0 };
  /* The name stands in parentheses and may hold some: the last one closes it. */
  const char *p = strrchr (text, ')');

  if (p == NULL || p[1] != ' ' || p[2] == '\0' || p[3] != ' ')
    return FALSE;
  out->pid = atoi (text);
  out->state = p[2];
  p += 4;
  for (guint field = FIELD_PARENT; field <= FIELD_RSS; field++)
    {
      gboolean negative = *p == '-';
      guint64 value = 0;

      p += negative;
      if (!g_ascii_isdigit (*p))
        return FALSE;
      for (; g_ascii_isdigit (*p); p++)
        value = value * 10 + (guint64) (*p - '0');
      /* A few fields can be negative; none of ours means anything then. */
      values[field] = negative ? 0 : value;
      if (*p == ' ')
        p++;
      else if (field < FIELD_RSS)
        return FALSE;
    }
  out->parent = (int) values[FIELD_PARENT];
  out->own_ticks = values[FIELD_UTIME] + values[FIELD_STIME];
  out->children_ticks = values[FIELD_CUTIME] + values[FIELD_CSTIME];
  out->threads = (guint) values[FIELD_THREADS];
  out->start_ticks = values[FIELD_START];
  out->rss_pages = values[FIELD_RSS];
  return TRUE;
}

/* Opens /proc/PID/NAME. */
static int
open_proc (int pid, const char *name)
{
  char path[64];

  g_snprintf (path, sizeof path, "/proc/%d/%s", pid, name);
  return open (path, O_RDONLY | O_CLOEXEC);
}

/* Reads up to SIZE - 1 bytes and puts a NUL behind them; -1 with errno. */
static gssize
read_proc (int pid, const char *name, char *buffer, gsize size)
{
  int fd = open_proc (pid, name);
  gsize got = 0;
  gssize n = 0;

  if (fd < 0)
    return -1;
  while (got < size - 1 && ((n = read (fd, buffer + got, size - 1 - got)) > 0 || (n < 0 && errno == EINTR)))
    got += n > 0 ? (gsize) n : 0;
  close (fd);
  if (n < 0 && got == 0)
    return -1;
  buffer[got] = '\0';
  return (gssize) got;
}

int
troupe_proc_stat_open (int pid)
{
  return open_proc (pid, "stat");
}

TroupeProcRead
troupe_proc_stat_read (int fd, TroupeProcStat *out)
{
  char buffer[TROUPE_PROC_STAT_MAX];
  gssize n;

  do
    n = pread (fd, buffer, sizeof buffer - 1, 0);
  while (n < 0 && errno == EINTR);
  /* ESRCH, or nothing, once the process has been reaped. */
  if (n <= 0)
    return n == 0 || errno == ESRCH ? TROUPE_PROC_READ_GONE : TROUPE_PROC_READ_FAILED;
  buffer[n] = '\0';
  return troupe_proc_stat_parse (buffer, out) ? TROUPE_PROC_READ_OK : TROUPE_PROC_READ_FAILED;
}

TroupeProcRead
troupe_proc_stat_load (int pid, TroupeProcStat *out)
{
  int fd = troupe_proc_stat_open (pid);
  TroupeProcRead result;

  if (fd < 0)
    return errno == ENOENT || errno == ESRCH ? TROUPE_PROC_READ_GONE : TROUPE_PROC_READ_FAILED;
  result = troupe_proc_stat_read (fd, out);
  close (fd);
  return result;
}

/* The figure behind NAME, which begins a line; 0 when there is none. */
static guint64
find_kilobytes (const char *text, const char *name)
{
  const char *line = strstr (text, name);

  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) * 1024 : 0;
}

gboolean
troupe_proc_read_pss (int pid, guint64 *pss_bytes, guint64 *rss_bytes)
{
  char buffer[ROLLUP_MAX];

  if (read_proc (pid, "smaps_rollup", buffer, sizeof buffer) <= 0)
    return FALSE;
  *pss_bytes = find_kilobytes (buffer, "\nPss:");
  *rss_bytes = find_kilobytes (buffer, "\nRss:");
  return TRUE;
}

char *
troupe_proc_dup_command (int pid)
{
  char buffer[COMMAND_MAX];
  gssize length = read_proc (pid, "cmdline", buffer, sizeof buffer);

  while (length > 0 && (buffer[length - 1] == '\0' || buffer[length - 1] == ' '))
    length--;
  if (length > 0)
    {
      for (gssize i = 0; i < length; i++)
        if (buffer[i] == '\0')
          buffer[i] = ' ';
      return g_utf8_make_valid (buffer, length);
    }
  length = read_proc (pid, "comm", buffer, sizeof buffer);
  if (length > 0 && buffer[length - 1] == '\n')
    length--;
  {
    g_autofree char *name = g_utf8_make_valid (buffer, MAX (length, 0));

    return g_strdup_printf ("[%s]", name);
  }
}

gboolean
troupe_proc_is_process (int id)
{
  char buffer[1024];
  const char *line;

  if (read_proc (id, "status", buffer, sizeof buffer) <= 0)
    return FALSE;
  line = strstr (buffer, "\nTgid:");
  return line != NULL && atoi (line + strlen ("\nTgid:")) == id;
}

gboolean
troupe_proc_get_oldest_child (int pid, guint64 *start_ticks)
{
  char path[64];
  FILE *file;
  int child;

  g_snprintf (path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
  file = fopen (path, "re");
  if (file == NULL)
    return FALSE;
  *start_ticks = 0;
  for (guint n = 0; n < CHILDREN_MAX && fscanf (file, "%d", &child) == 1; n++)
    {
      TroupeProcStat stat;

      if (troupe_proc_stat_load (child, &stat) == TROUPE_PROC_READ_OK &&
          (*start_ticks == 0 || stat.start_ticks < *start_ticks))
        *start_ticks = stat.start_ticks;
    }
  fclose (file);
  return TRUE;
}

int
troupe_proc_read_last_pid (int fd)
{
  char buffer[128];
  gssize n = fd >= 0 ? pread (fd, buffer, sizeof buffer - 1, 0) : -1;
  const char *last;

  if (n <= 0)
    return 0;
  buffer[n] = '\0';
  last = strrchr (g_strchomp (buffer), ' ');
  return last != NULL ? atoi (last + 1) : 0;
}
