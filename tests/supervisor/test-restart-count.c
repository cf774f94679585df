/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The number that a run's folder keeps for the next engine. */

#include "config.h"

#include "supervisor/restart-count.h"
#include "supervisor/run-folder.h"

typedef struct
{
  char *dir, *path;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->dir = g_dir_make_tmp ("troupe-restart-count-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, "restarts", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  troupe_run_folder_delete_tree (self->dir);
  g_free (self->dir);
  g_free (self->path);
}

static void
assert_count (Fixture *self, guint restarts, guint quick_ends)
{
  TroupeRestartCount count = { 91, 92 };

  troupe_restart_count_read (&count, self->dir);
  g_assert_cmpuint (count.restarts, ==, restarts);
  g_assert_cmpuint (count.quick_ends, ==, quick_ends);
}

static void
test_comes_back (Fixture *self, gconstpointer data)
{
  const TroupeRestartCount few = { 2, 1 }, many = { G_MAXUINT, 0 };

  troupe_restart_count_write (&few, self->dir);
  assert_count (self, 2, 1);
  troupe_restart_count_write (&many, self->dir);
  assert_count (self, G_MAXUINT, 0);
  troupe_restart_count_forget (self->dir);
  assert_count (self, 0, 0);
  /* Once more there is nothing to forget. */
  troupe_restart_count_forget (self->dir);
}

/* As most runs are: an older engine left none either. */
static void
test_none_costs_no_file (Fixture *self, gconstpointer data)
{
  const TroupeRestartCount none = { 0 };

  troupe_restart_count_write (&none, self->dir);
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
  assert_count (self, 0, 0);
}

static void
test_no_folder (Fixture *self, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (self->dir, "missing", NULL);
  const TroupeRestartCount few = { 2, 1 };
  TroupeRestartCount count = { 91, 92 };

  troupe_restart_count_write (&few, missing);
  troupe_restart_count_read (&count, missing);
  g_assert_cmpuint (count.restarts, ==, 0);
  troupe_restart_count_forget (missing);
}

static void
test_damaged (Fixture *self, gconstpointer data)
{
  static const struct
  {
    const char *text;
    guint restarts, quick_ends;
  } cases[] = {
    { "", 0, 0 },
    { "restarts=", 0, 0 },
    { "restarts=-1\nquick_ends=2\n", 0, 2 },
    { "restarts=99999999999\nquick_ends=x\n", 0, 0 },
    { "restarts=3", 3, 0 },
    { "later=1\nquick_ends=4\n\nrestarts=5\n", 5, 4 },
    { "\xff\xfe restarts=1", 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_true (g_file_set_contents (self->path, cases[i].text, -1, NULL));
      assert_count (self, cases[i].restarts, cases[i].quick_ends);
    }
}

#define count_test(path, func) \
  g_test_add ("/supervisor/restart-count/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  count_test ("comes-back", test_comes_back);
  count_test ("none-costs-no-file", test_none_costs_no_file);
  count_test ("no-folder", test_no_folder);
  count_test ("damaged", test_damaged);
  return g_test_run ();
}
