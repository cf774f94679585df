/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A one-shot inotify watch on the run folder.
 *
 * One mark on the folder sees every file in it: the logs, segments that do not exist
 * yet, and status. IN_ONESHOT takes the mark away with the first event, so between two
 * armings the kernel does nothing for the writer's writes. The bytes are written a moment before
 * the record that names them; whoever draws frames sees one wake-up for both. */

#include "journal/journal-watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS                                                                                               \
  (IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |         \
   IN_ONLYDIR | IN_ONESHOT)

struct _TroupeJournalWatch
{
  int fd;
  char dir[];
};

TroupeJournalWatch *
troupe_journal_watch_new (const char *dir)
{
  size_t size = strlen (dir) + 1;
  TroupeJournalWatch *watch = malloc (sizeof *watch + size);
  int saved_errno;

  if (watch == NULL)
    return NULL;
  memcpy (watch->dir, dir, size);
  watch->fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (watch->fd >= 0 && inotify_add_watch (watch->fd, dir, EVENTS) >= 0)
    return watch;

  saved_errno = errno;
  troupe_journal_watch_free (watch);
  errno = saved_errno;
  return NULL;
}

void
troupe_journal_watch_free (TroupeJournalWatch *watch)
{
  if (watch == NULL)
    return;
  if (watch->fd >= 0)
    close (watch->fd);
  free (watch);
}

int
troupe_journal_watch_peek_fd (TroupeJournalWatch *watch)
{
  return watch->fd;
}

void
troupe_journal_watch_acknowledge (TroupeJournalWatch *watch)
{
  char events[16 * (sizeof (struct inotify_event) + NAME_MAX + 1)];

  while (read (watch->fd, events, sizeof events) > 0)
    ;
}

void
troupe_journal_watch_arm (TroupeJournalWatch *watch)
{
  /* Arming twice gives the same mark again. A folder that is gone will not change any more. */
  inotify_add_watch (watch->fd, watch->dir, EVENTS);
}
