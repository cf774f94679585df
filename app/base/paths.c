/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Finds folders and sibling programs. A build folder is known by the file
 * .troupe-build-root that the build writes into its top. */

#include "config.h"

#include "base/paths.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILD_ROOT_MARKER ".troupe-build-root"

/* Where each program is built, below the build folder. */
static const struct
{
  const char *name;
  const char *build_path;
  const char *install_dir;
} programs[] = {
  { "troupe", "ui/troupe", TROUPE_BINDIR },
  { "troupectl", "app/cli/troupectl", TROUPE_BINDIR },
  { "troupe-engine", "app/bus/troupe-engine", TROUPE_LIBEXECDIR },
  { "troupe-keeper", "app/keeper/troupe-keeper", TROUPE_LIBEXECDIR },
  { "troupe-thread-host", "app/threads/native/troupe-thread-host", TROUPE_LIBEXECDIR },
};

static char *
dup_own_dir (void)
{
  g_autofree char *exe = g_file_read_link ("/proc/self/exe", NULL);

  return exe != NULL ? g_path_get_dirname (exe) : g_strdup (TROUPE_PREFIX "/" TROUPE_BINDIR);
}

/* The folder the whole installation was moved to: the running program lies in
 * PREFIX/BINDIR or PREFIX/LIBEXECDIR. */
static char *
dup_prefix (void)
{
  static const char *const own_dirs[] = { TROUPE_LIBEXECDIR, TROUPE_BINDIR };
  g_autofree char *dir = dup_own_dir ();

  for (gsize i = 0; i < G_N_ELEMENTS (own_dirs); i++)
    {
      g_autofree char *suffix = g_strconcat ("/", own_dirs[i], NULL);

      if (g_str_has_suffix (dir, suffix))
        return g_strndup (dir, strlen (dir) - strlen (suffix));
    }
  return g_strdup (TROUPE_PREFIX);
}

/* Makes DIR and checks that nobody else can reach into it. */
static char *
take_private_dir (char *dir, GError **error)
{
  g_autofree char *owned = dir;
  struct stat st;

  if (g_mkdir_with_parents (owned, 0700) < 0 || g_stat (owned, &st) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "Could not make the folder “%s”: %s", owned, g_strerror (saved_errno));
      return NULL;
    }
  if (st.st_uid != geteuid () || !S_ISDIR (st.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   "The folder “%s” belongs to somebody else; remove it or set XDG_RUNTIME_DIR", owned);
      return NULL;
    }
  if ((st.st_mode & 0077) != 0 && g_chmod (owned, 0700) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "Could not make the folder “%s” private: %s", owned, g_strerror (saved_errno));
      return NULL;
    }
  return g_steal_pointer (&owned);
}

char *
troupe_paths_dup_state_dir (GError **error)
{
  return take_private_dir (g_build_filename (g_get_user_state_dir (), "troupe", NULL), error);
}

char *
troupe_paths_dup_runtime_dir (GError **error)
{
  const char *base = g_getenv ("XDG_RUNTIME_DIR");

  if (base != NULL && base[0] == '/')
    return take_private_dir (g_build_filename (base, "troupe", NULL), error);
  return take_private_dir (g_strdup_printf ("/tmp/troupe-%u", (guint) geteuid ()), error);
}

char *
troupe_paths_dup_build_root (void)
{
  g_autofree char *dir = dup_own_dir ();

  while (strlen (dir) > 1)
    {
      g_autofree char *marker = g_build_filename (dir, BUILD_ROOT_MARKER, NULL);
      g_autofree char *child = g_steal_pointer (&dir);

      if (g_file_test (marker, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&child);
      dir = g_path_get_dirname (child);
    }
  return NULL;
}

char *
troupe_paths_dup_program (const char *name)
{
  g_autofree char *root = troupe_paths_dup_build_root ();
  g_autofree char *prefix = dup_prefix ();

  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    if (strcmp (programs[i].name, name) == 0)
      return root != NULL ? g_build_filename (root, programs[i].build_path, NULL)
                          : g_build_filename (prefix, programs[i].install_dir, name, NULL);
  g_return_val_if_reached (NULL);
}

char *
troupe_paths_dup_module (const char *name)
{
  g_autofree char *root = troupe_paths_dup_build_root ();
  g_autofree char *prefix = dup_prefix ();
  g_autofree char *folder = root != NULL ? g_build_filename (root, "data", "write-a-worker", NULL)
                                         : g_build_filename (prefix, TROUPE_LIBDIR, "troupe", "modules", NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (strchr (name, '/') != NULL || !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return NULL;
  return g_steal_pointer (&path);
}

char *
troupe_paths_dup_data_dir (void)
{
  g_autofree char *root = troupe_paths_dup_build_root ();
  g_autofree char *prefix = dup_prefix ();

  if (root != NULL)
    return g_strdup (TROUPE_SOURCE_DATADIR);
  return g_build_filename (prefix, TROUPE_DATADIR, "troupe", NULL);
}
