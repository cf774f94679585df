/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reading and parsing of the files in /proc that the sampler needs. Plain calls, no state. */

/* Longer than any line of /proc/PID/stat. */
#define TROUPE_PROC_STAT_MAX 1024

typedef struct
{
  int pid, parent;
  char state;
  guint64 own_ticks;      /* utime + stime of all its threads, dead ones too */
  guint64 children_ticks; /* cutime + cstime: of children that it has waited for, and theirs */
  guint threads;
  guint64 start_ticks;    /* since boot */
  guint64 rss_pages;
} TroupeProcStat;

/* Pure. FALSE when TEXT is no line of /proc/PID/stat. */
gboolean troupe_proc_stat_parse (const char *text, TroupeProcStat *out);

typedef enum
{
  TROUPE_PROC_READ_OK,
  TROUPE_PROC_READ_GONE,   /* no such process */
  TROUPE_PROC_READ_FAILED, /* no descriptor left, say: nothing is known of the process */
} TroupeProcRead;

/* Opens /proc/PID/stat; -1 with errno. */
int troupe_proc_stat_open (int pid);
/* Reads it anew from a descriptor kept open, which never speaks of another process. */
TroupeProcRead troupe_proc_stat_read (int fd, TroupeProcStat *out);
/* Opens, reads and closes. */
TroupeProcRead troupe_proc_stat_load (int pid, TroupeProcStat *out);

/* PSS and, of the same moment, RSS from smaps_rollup. FALSE when it cannot be read. */
gboolean troupe_proc_read_pss (int pid, guint64 *pss_bytes, guint64 *rss_bytes);

/* Arguments with blanks between them, "[name]" when there are none. Returns: (transfer full) valid UTF-8 */
char *troupe_proc_dup_command (int pid);

/* FALSE for the id of a thread that is not its process's first. */
gboolean troupe_proc_is_process (int id);

/* When the oldest child of the single-threaded PID began, in ticks since boot; 0 when it has
 * none. FALSE when the kernel does not tell children. */
gboolean troupe_proc_get_oldest_child (int pid, guint64 *start_ticks);

/* The last number the kernel gave to a process or thread, by the open /proc/loadavg FD; 0 when
 * it does not say. */
int troupe_proc_read_last_pid (int fd);

G_END_DECLS
