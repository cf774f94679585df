/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Keeps descriptors for the next engine: the engine's end of the worker's channel,
 * listening sockets, and whatever it needs to go on with them. We only hold them. */

#include "keeper/keeper-run.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static KeeperKept *
find (KeeperRun *run, const char *name)
{
  for (unsigned i = 0; i < run->n_kept; i++)
    if (strcmp (run->kept[i].name, name) == 0)
      return &run->kept[i];
  return NULL;
}

void
keeper_store_keep (KeeperRun *run, const char *name, int fd)
{
  KeeperKept *kept = find (run, name);

  if (kept != NULL)
    {
      close (kept->fd);
      *kept = run->kept[--run->n_kept];
    }
  if (fd < 0)
    return;
  if (run->n_kept == TROUPE_KEEPER_KEPT_MAX || strlen (name) > TROUPE_KEEPER_KEPT_NAME_MAX)
    {
      close (fd);
      return;
    }
  kept = &run->kept[run->n_kept++];
  strcpy (kept->name, name);
  kept->fd = fd;
}

void
keeper_store_send (KeeperRun *run)
{
  for (unsigned i = 0; i < run->n_kept; i++)
    {
      int copy = fcntl (run->kept[i].fd, F_DUPFD_CLOEXEC, 3);

      if (copy >= 0)
        keeper_control_send (run, TROUPE_KEEPER_KEPT, 0, run->kept[i].name, strlen (run->kept[i].name) + 1, copy);
    }
}

void
keeper_store_clear (KeeperRun *run)
{
  while (run->n_kept > 0)
    close (run->kept[--run->n_kept].fd);
}
