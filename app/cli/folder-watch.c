/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* inotify over many folders. */

#include "config.h"

#include "cli/folder-watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#define WATCHED (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

struct _TroupeFolderWatch
{
  int fd;
  GHashTable *folders; /* path -> watch number */
};

TroupeFolderWatch *
troupe_folder_watch_new (void)
{
  int fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  TroupeFolderWatch *self;

  if (fd < 0)
    return NULL;
  self = g_new0 (TroupeFolderWatch, 1);
  self->fd = fd;
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
troupe_folder_watch_free (TroupeFolderWatch *self)
{
  close (self->fd);
  g_hash_table_unref (self->folders);
  g_free (self);
}

gboolean
troupe_folder_watch_add (TroupeFolderWatch *self, const char *dir)
{
  int number;

  if (g_hash_table_contains (self->folders, dir))
    return TRUE;
  number = inotify_add_watch (self->fd, dir, WATCHED);
  if (number < 0)
    return FALSE;
  g_hash_table_insert (self->folders, g_strdup (dir), GINT_TO_POINTER (number));
  return TRUE;
}

void
troupe_folder_watch_remove (TroupeFolderWatch *self, const char *dir)
{
  gpointer number;

  if (!g_hash_table_lookup_extended (self->folders, dir, NULL, &number))
    return;
  inotify_rm_watch (self->fd, GPOINTER_TO_INT (number));
  g_hash_table_remove (self->folders, dir);
}

int
troupe_folder_watch_peek_fd (TroupeFolderWatch *self)
{
  return self->fd;
}

static gboolean
is_number (gpointer path, gpointer number, gpointer wanted)
{
  return number == wanted;
}

void
troupe_folder_watch_acknowledge (TroupeFolderWatch *self)
{
  char buffer[16 * 1024] __attribute__ ((aligned (__alignof__ (struct inotify_event))));
  ssize_t n;

  /* Which folder it was does not matter: looking is cheaper than keeping books. Only one that was
   * deleted has to be known, so that its successor of the same name is watched again. */
  while ((n = read (self->fd, buffer, sizeof buffer)) > 0)
    for (char *p = buffer; p < buffer + n;)
      {
        const struct inotify_event *event = (const struct inotify_event *) (gpointer) p;

        if ((event->mask & IN_IGNORED) != 0)
          g_hash_table_foreach_remove (self->folders, is_number, GINT_TO_POINTER (event->wd));
        p += sizeof *event + event->len;
      }
}
