/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Where things are: in a build folder, and in an installation that was moved. For the latter the
 * test copies itself into one and asks the copy (test-paths --print). */

#include "config.h"

#include "base/paths.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *test_dir;

static int
print_places (void)
{
  g_autofree char *engine = troupe_paths_dup_program ("troupe-engine");
  g_autofree char *client = troupe_paths_dup_program ("troupectl");
  g_autofree char *data_dir = troupe_paths_dup_data_dir ();
  g_autofree char *build_root = troupe_paths_dup_build_root ();

  printf ("%s\n%s\n%s\n%s\n", engine, client, data_dir, build_root != NULL ? build_root : "-");
  return 0;
}

static void
assert_private (const char *dir)
{
  struct stat st;

  g_assert_cmpint (g_stat (dir, &st), ==, 0);
  g_assert_true (S_ISDIR (st.st_mode));
  g_assert_cmpint (st.st_mode & 0777, ==, 0700);
}

static void
test_state_dir (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected = g_build_filename (test_dir, "state", "troupe", NULL);
  g_autofree char *dir = troupe_paths_dup_state_dir (&error);

  g_assert_no_error (error);
  g_assert_cmpstr (dir, ==, expected);
  assert_private (dir);
}

static void
test_runtime_dir (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected = g_build_filename (test_dir, "run", "troupe", NULL);
  g_autofree char *dir = troupe_paths_dup_runtime_dir (&error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (dir, ==, expected);
  assert_private (dir);

  /* One that others could reach into is made private. */
  g_assert_cmpint (g_chmod (dir, 0755), ==, 0);
  again = troupe_paths_dup_runtime_dir (&error);
  g_assert_no_error (error);
  assert_private (again);
}

static void
test_no_dir (void)
{
  g_autofree char *blocked = g_build_filename (test_dir, "blocked", NULL);
  g_autofree char *place = g_build_filename (blocked, "troupe", NULL);
  g_autofree char *before = g_strdup (g_getenv ("XDG_RUNTIME_DIR"));
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (blocked, 0700), ==, 0);
  g_assert_true (g_file_set_contents (place, "in the way", -1, NULL));
  g_setenv ("XDG_RUNTIME_DIR", blocked, TRUE);
  g_assert_null (troupe_paths_dup_runtime_dir (&error));
  g_setenv ("XDG_RUNTIME_DIR", before, TRUE);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, place));
  g_unlink (place);
  g_rmdir (blocked);
}

static void
test_build (void)
{
  g_autofree char *root = troupe_paths_dup_build_root ();
  g_autofree char *engine = troupe_paths_dup_program ("troupe-engine");
  g_autofree char *data_dir = troupe_paths_dup_data_dir ();
  g_autofree char *interface =
      g_build_filename (data_dir, "dbus", "io.github.troupe.Troupe.Engine.xml", NULL);
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *module = troupe_paths_dup_module ("primes.so");

  g_assert_nonnull (root);
  g_assert_nonnull (module);
  g_assert_true (g_str_has_prefix (module, root));
  g_assert_null (troupe_paths_dup_module ("no-such.so"));
  g_assert_null (troupe_paths_dup_module ("../write-a-worker/primes.so"));
  g_assert_true (g_str_has_prefix (own, root));
  g_assert_true (g_str_has_prefix (engine, root));
  g_assert_true (g_file_test (interface, G_FILE_TEST_IS_REGULAR));
}

/* What a copy of this program in PREFIX/FOLDER says. */
static GStrv
ask_copy (const char *prefix, const char *folder)
{
  g_autofree char *dir = g_build_filename (prefix, folder, NULL);
  g_autofree char *copy = g_build_filename (dir, "copy", NULL);
  const char *argv[] = { copy, "--print", NULL };
  g_autofree char *text = NULL, *output = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  int status;

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_true (g_file_get_contents ("/proc/self/exe", &text, &length, NULL));
  g_assert_true (g_file_set_contents_full (copy, text, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT, 0700, NULL));
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  g_unlink (copy);
  g_rmdir (dir);
  return g_strsplit (output, "\n", -1);
}

static void
test_moved (void)
{
  static const char *const folders[] = { TROUPE_BINDIR, TROUPE_LIBEXECDIR };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *prefix = g_build_filename (test_dir, "opt", NULL);
      g_autofree char *engine = g_build_filename (prefix, TROUPE_LIBEXECDIR, "troupe-engine", NULL);
      g_autofree char *client = g_build_filename (prefix, TROUPE_BINDIR, "troupectl", NULL);
      g_autofree char *data_dir = g_build_filename (prefix, TROUPE_DATADIR, "troupe", NULL);
      g_auto (GStrv) lines = ask_copy (prefix, folders[i]);

      g_assert_cmpstr (lines[0], ==, engine);
      g_assert_cmpstr (lines[1], ==, client);
      g_assert_cmpstr (lines[2], ==, data_dir);
      g_assert_cmpstr (lines[3], ==, "-");
      g_rmdir (prefix);
    }
}

static void
remove_dir (const char *name)
{
  g_autofree char *inner = g_build_filename (test_dir, name, "troupe", NULL);
  g_autofree char *outer = g_build_filename (test_dir, name, NULL);

  g_rmdir (inner);
  g_rmdir (outer);
}

int
main (int argc, char **argv)
{
  g_autofree char *state = NULL, *run = NULL;
  int result;

  if (argc > 1 && strcmp (argv[1], "--print") == 0)
    return print_places ();

  test_dir = g_dir_make_tmp ("troupe-paths-XXXXXX", NULL);
  state = g_build_filename (test_dir, "state", NULL);
  run = g_build_filename (test_dir, "run", NULL);
  g_assert_cmpint (g_mkdir (run, 0700), ==, 0);
  /* GLib remembers the first answer. */
  g_setenv ("XDG_STATE_HOME", state, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", run, TRUE);

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/paths/state-dir-is-private", test_state_dir);
  g_test_add_func ("/base/paths/runtime-dir-is-made-private", test_runtime_dir);
  g_test_add_func ("/base/paths/error-names-the-folder", test_no_dir);
  g_test_add_func ("/base/paths/build-folder-is-found", test_build);
  g_test_add_func ("/base/paths/installation-can-be-moved", test_moved);
  result = g_test_run ();

  remove_dir ("state");
  remove_dir ("run");
  g_rmdir (test_dir);
  g_free (test_dir);
  return result;
}
