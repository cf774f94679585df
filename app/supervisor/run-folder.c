/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Numbers, makes and deletes the folders of runs. */

#include "config.h"

#include "supervisor/run-folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder is created again with the next number this often when others create it first. */
#define CREATE_ATTEMPTS 100

/* Why it ended, beside the keeper's status. */
#define REASON_FILE "reason"

/* Nothing of ours nests deeper. */
#define DELETE_DEPTH_MAX 16

static int
compare_runs (gconstpointer a, gconstpointer b)
{
  guint left = *(const guint *) a, right = *(const guint *) b;

  return (left > right) - (left < right);
}

GArray *
troupe_run_folder_list (const char *worker_dir)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (guint));
  GDir *dir = g_dir_open (worker_dir, 0, NULL);
  const char *name;

  if (dir == NULL)
    return runs;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      guint64 number;

      /* A leading zero would be a second name of the same number. */
      if (name[0] != '0' && g_ascii_string_to_unsigned (name, 10, 1, G_MAXUINT, &number, NULL))
        {
          guint run = (guint) number;

          g_array_append_val (runs, run);
        }
    }
  g_dir_close (dir);
  g_array_sort (runs, compare_runs);
  return runs;
}

char *
troupe_run_folder_dup_path (const char *worker_dir, guint run)
{
  return g_strdup_printf ("%s/%u", worker_dir, run);
}

char *
troupe_run_folder_create (const char *worker_dir, guint after, guint *run, GError **error)
{
  g_autofree char *path = NULL;
  int saved_errno = 0;

  if (after == 0)
    {
      g_autoptr (GArray) runs = troupe_run_folder_list (worker_dir);

      if (runs->len > 0)
        after = g_array_index (runs, guint, runs->len - 1);
    }
  for (guint attempt = 1; attempt <= CREATE_ATTEMPTS && after < G_MAXUINT - attempt; attempt++)
    {
      g_free (path);
      path = troupe_run_folder_dup_path (worker_dir, after + attempt);
      if (g_mkdir (path, 0700) == 0)
        {
          *run = after + attempt;
          return g_steal_pointer (&path);
        }
      saved_errno = errno;
      if (saved_errno == ENOENT && g_mkdir_with_parents (worker_dir, 0700) == 0 && g_mkdir (path, 0700) == 0)
        {
          *run = after + attempt;
          return g_steal_pointer (&path);
        }
      if (saved_errno != EEXIST)
        break;
    }
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not make the journal folder “%s”: %s",
               path, g_strerror (saved_errno));
  return NULL;
}

static guint64
measure (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint64 bytes = 0;

  if (dir == NULL)
    return 0;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      GStatBuf st;

      if (g_lstat (file, &st) == 0 && S_ISREG (st.st_mode))
        bytes += (guint64) st.st_blocks * 512;
    }
  g_dir_close (dir);
  return bytes;
}

void
troupe_run_folder_write_reason (const char *dir, const char *reason)
{
  g_autofree char *path = g_build_filename (dir, REASON_FILE, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents_full (path, reason, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error))
    g_debug ("%s; the reason is told now and forgotten later", error->message);
}

char *
troupe_run_folder_dup_reason (const char *dir)
{
  g_autofree char *path = g_build_filename (dir, REASON_FILE, NULL);
  char *reason = NULL;

  return g_file_get_contents (path, &reason, NULL, NULL) ? reason : NULL;
}

void
troupe_run_folder_prune (const char *worker_dir, guint keep_runs, guint64 limit_bytes, guint live_run)
{
  g_autoptr (GArray) runs = troupe_run_folder_list (worker_dir);
  guint64 kept_bytes = 0;
  guint kept = 0;
  gboolean full = FALSE;

  /* From the newest: what fits stays; from the first one that does not, all older ones go. */
  for (guint i = runs->len; i-- > 0;)
    {
      guint run = g_array_index (runs, guint, i);
      g_autofree char *path = troupe_run_folder_dup_path (worker_dir, run);

      if (live_run != 0 && run >= live_run)
        continue;
      if (!full && limit_bytes > 0 && keep_runs > kept)
        kept_bytes += measure (path);
      full = full || kept >= keep_runs || (limit_bytes > 0 && kept_bytes > limit_bytes);
      if (full)
        troupe_run_folder_delete_tree (path);
      else
        kept++;
    }
}

static void
delete_at (int parent_fd, const char *name, guint depth)
{
  int fd;
  DIR *dir;
  struct dirent *entry;

  if (depth > DELETE_DEPTH_MAX)
    return;
  fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    {
      unlinkat (parent_fd, name, 0);
      return;
    }
  dir = fdopendir (fd);
  if (dir == NULL)
    {
      close (fd);
      return;
    }
  while ((entry = readdir (dir)) != NULL)
    {
      if (entry->d_name[0] == '.'
          && (entry->d_name[1] == '\0' || (entry->d_name[1] == '.' && entry->d_name[2] == '\0')))
        continue;
      if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
        delete_at (dirfd (dir), entry->d_name, depth + 1);
      else
        unlinkat (dirfd (dir), entry->d_name, 0);
    }
  closedir (dir);
  unlinkat (parent_fd, name, AT_REMOVEDIR);
}

void
troupe_run_folder_delete_tree (const char *path)
{
  delete_at (AT_FDCWD, path, 0);
}
