/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Walks the process tree below us by /proc/PID/task/TID/children, which costs
 * only what the tree has; where the kernel lacks that file
 * (CONFIG_PROC_CHILDREN), by the parents of all processes. */

#include "keeper/keeper-tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than a user may have; a ceiling for a walk that a fork bomb keeps feeding. */
#define WALK_MAX 262144

typedef struct
{
  pid_t *pids;
  size_t n, size;
} PidList;

static void
pid_list_add (PidList *list, pid_t pid)
{
  if (list->n == list->size)
    {
      size_t size = list->size > 0 ? list->size * 2 : 64;
      pid_t *pids = size <= WALK_MAX ? realloc (list->pids, size * sizeof *pids) : NULL;

      if (pids == NULL) /* what we have will do; the caller looks again */
        return;
      list->pids = pids;
      list->size = size;
    }
  list->pids[list->n++] = pid;
}

typedef struct
{
  pid_t parent, group;
  char state;
  int n_threads;
} Stat;

static bool
read_stat (pid_t pid, Stat *out)
{
  char path[64], text[1024], *after_name;
  ssize_t length;
  int fd;

  snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  length = read (fd, text, sizeof text - 1);
  close (fd);
  if (length <= 0)
    return false;
  text[length] = '\0';

  /* "PID (NAME) STATE PARENT GROUP …", and NAME may hold anything. */
  after_name = strrchr (text, ')');
  return after_name != NULL &&
         sscanf (after_name + 1, " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d",
                 &out->state, &out->parent, &out->group, &out->n_threads) == 4;
}

/* Adds the numbers that the file PATH holds. False when it cannot be opened. */
static bool
add_numbers (PidList *list, const char *path)
{
  char text[4096];
  pid_t pid = 0;
  ssize_t length;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return false;
  while ((length = read (fd, text, sizeof text)) > 0)
    for (ssize_t i = 0; i < length; i++)
      if (isdigit ((unsigned char) text[i]))
        pid = pid * 10 + (text[i] - '0');
      else if (pid > 0)
        {
          pid_list_add (list, pid);
          pid = 0;
        }
  if (pid > 0)
    pid_list_add (list, pid);
  close (fd);
  return true;
}

/* Each thread lists the children it made itself. */
static bool
add_children (PidList *list, pid_t pid, int n_threads)
{
  char path[300];
  struct dirent *entry;
  DIR *tasks;

  if (n_threads <= 1)
    {
      snprintf (path, sizeof path, "/proc/%d/task/%d/children", (int) pid, (int) pid);
      return add_numbers (list, path);
    }
  snprintf (path, sizeof path, "/proc/%d/task", (int) pid);
  tasks = opendir (path);
  if (tasks == NULL)
    return false;
  while ((entry = readdir (tasks)) != NULL)
    if (isdigit ((unsigned char) entry->d_name[0]))
      {
        snprintf (path, sizeof path, "/proc/%d/task/%s/children", (int) pid, entry->d_name);
        add_numbers (list, path);
      }
  closedir (tasks);
  return true;
}

/* The way without `children`: all processes, again and again, until no more descend from one
 * in the list. Kernels without it are rare; the cost is theirs. */
static void
add_by_parents (PidList *list, pid_t root)
{
  PidList all = { NULL };
  struct dirent *entry;
  DIR *proc = opendir ("/proc");
  size_t begin = 0;

  if (proc == NULL)
    return;
  while ((entry = readdir (proc)) != NULL)
    if (isdigit ((unsigned char) entry->d_name[0]))
      pid_list_add (&all, atoi (entry->d_name));
  closedir (proc);

  for (pid_t parent = root;;)
    {
      for (size_t i = 0; i < all.n; i++)
        {
          Stat stat;

          if (all.pids[i] != 0 && read_stat (all.pids[i], &stat) && stat.parent == parent)
            {
              pid_list_add (list, all.pids[i]);
              all.pids[i] = 0;
            }
        }
      if (begin == list->n)
        break;
      parent = list->pids[begin++];
    }
  free (all.pids);
}

unsigned
keeper_tree_walk (KeeperTreeVisit visit, void *data)
{
  PidList list = { NULL };
  pid_t own = getpid ();
  bool by_children = add_children (&list, own, 1);
  unsigned n_alive = 0;

  if (!by_children)
    add_by_parents (&list, own);
  for (size_t i = 0; i < list.n; i++)
    {
      Stat stat;

      if (!read_stat (list.pids[i], &stat))
        continue;
      if (by_children)
        add_children (&list, list.pids[i], stat.n_threads);
      n_alive += stat.state != 'Z' && stat.state != 'X';
      if (visit != NULL)
        visit (&(KeeperProcess){ list.pids[i], stat.group, stat.state == 'Z' || stat.state == 'X' }, data);
    }
  free (list.pids);
  return n_alive;
}

unsigned
keeper_tree_count (void)
{
  return keeper_tree_walk (NULL, NULL);
}

/* The group first: that is one step for the kernel, so a process that only ever forks and
 * exits cannot slip through between look and kill. Every group of a descendant is ours alone:
 * it lies in a session that a descendant made. */
static void
kill_process (const KeeperProcess *process, void *data)
{
  pid_t own_group = *(pid_t *) data;

  if (process->group > 1 && process->group != own_group)
    kill (-process->group, SIGKILL);
  kill (process->pid, SIGKILL);
}

unsigned
keeper_tree_kill (void)
{
  pid_t own_group = getpgrp ();

  return keeper_tree_walk (kill_process, &own_group);
}
