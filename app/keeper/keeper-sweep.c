/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Kills what a dead keeper left behind: its worker died with it, but the
 * worker's descendants did not, and nobody else knows whose they are. They
 * carry TROUPE_RUN_ID=IDENTITY in the environment they were started with. One
 * that cleared or overwrote its environment (as some servers do to set their
 * title) cannot be found this way. */

#include "config.h"

#include "keeper/keeper-private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The whole sweep takes no longer. Usual are one pass over /proc that kills and one that
 * finds nothing more: some 10 ms each with a thousand processes. */
#define SWEEP_MAX_USEC G_USEC_PER_SEC

static int
open_pidfd (pid_t pid)
{
  return (int) syscall (SYS_pidfd_open, pid, 0);
}

/* An environment can be megabytes long, so it is searched in pieces; what a piece ends with
 * is kept for the next, as the mark may lie across. */
static gboolean
has_mark (pid_t pid, const char *mark)
{
  gsize mark_size = strlen (mark) + 1, kept = 1;
  g_autofree char *path = g_strdup_printf ("/proc/%d/environ", (int) pid);
  g_autofree char *text = NULL;
  gboolean found = FALSE;
  gssize n;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return FALSE;
  /* "\0MARK\0", the first variable standing behind a NUL of ours. */
  text = g_malloc0 (16384 + mark_size + 1);
  while (!found && (n = read (fd, text + kept, 16384)) > 0)
    {
      gsize length = kept + (gsize) n;

      for (const char *at = text; !found && (at = memmem (at, length - (gsize) (at - text), mark, mark_size)) != NULL;
           at++)
        found = at > text && at[-1] == '\0';
      kept = MIN (length, mark_size);
      memmove (text, text + length - kept, kept);
    }
  close (fd);
  return found;
}

/* By a pidfd, and looked at again through it: a number can be given to another process in
 * between. */
static gboolean
kill_if_marked (pid_t pid, const char *mark, GArray *dying)
{
  int pidfd;

  if (!has_mark (pid, mark))
    return FALSE;
  pidfd = open_pidfd (pid);
  if (pidfd < 0)
    {
      if (errno == ENOSYS || errno == EPERM)
        kill (pid, SIGKILL);
      return TRUE;
    }
  if (!has_mark (pid, mark) || syscall (SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0)
    {
      close (pidfd);
      return FALSE;
    }
  g_array_append_val (dying, pidfd);
  return TRUE;
}

static guint
sweep_once (const char *mark, GArray *dying)
{
  GDir *proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  if (proc == NULL)
    return 0;
  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = NULL;
      struct stat st;

      if (!g_ascii_isdigit (name[0]) || atoi (name) == getpid ())
        continue;
      path = g_strconcat ("/proc/", name, NULL);
      if (stat (path, &st) == 0 && st.st_uid == geteuid ())
        n += kill_if_marked (atoi (name), mark, dying);
    }
  g_dir_close (proc);
  return n;
}

/* Waits until all of DYING are gone, or the time is over, and forgets them. */
static void
await_deaths (GArray *dying, gint64 until)
{
  for (guint i = 0; i < dying->len; i++)
    {
      struct pollfd death = { g_array_index (dying, int, i), POLLIN, 0 };
      gint64 left = until - g_get_monotonic_time ();

      poll (&death, 1, left > 0 ? (int) (left / 1000) + 1 : 0);
      close (death.fd);
    }
  g_array_set_size (dying, 0);
}

guint
troupe_keeper_sweep_orphans (const char *identity)
{
  g_autofree char *mark = NULL;
  g_autoptr (GArray) dying = NULL;
  gint64 until = g_get_monotonic_time () + SWEEP_MAX_USEC;
  guint n, total = 0;

  g_return_val_if_fail (identity != NULL && identity[0] != '\0', 0);

  mark = g_strconcat (TROUPE_KEEPER_MARK "=", identity, NULL);
  dying = g_array_new (FALSE, FALSE, sizeof (int));
  do
    {
      n = sweep_once (mark, dying);
      total += n;
      await_deaths (dying, until);
    }
  while (n > 0 && g_get_monotonic_time () < until);
  return total;
}
