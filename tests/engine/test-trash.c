/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What was removed: how long it can come back, and what becomes of its journals. */

#include "config.h"

#include "../supervisor/fake-clock.h"

#include "engine/trash.h"
#include "supervisor/run-folder.h"

#include <glib/gstdio.h>

typedef struct
{
  char *folder, *worker_dir, *file;
  FakeClock *clock;
  TroupeTrash *trash;
  TroupeProgramDefinition *definition;
  guint n_emptied;
} Fixture;

static void
emptied_cb (gpointer user_data)
{
  ((Fixture *) user_data)->n_emptied++;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GVariant) dict = g_variant_ref_sink (g_variant_new_parsed ("{'name': <'web'>, 'argv': <['true']>}"));
  g_autofree char *run = NULL;

  self->folder = g_dir_make_tmp ("troupe-trash-XXXXXX", NULL);
  self->worker_dir = g_build_filename (self->folder, "default", "web", NULL);
  run = g_build_filename (self->worker_dir, "1", NULL);
  g_mkdir_with_parents (run, 0700);
  self->file = g_build_filename (run, "stdout", NULL);
  g_assert_true (g_file_set_contents (self->file, "x", 1, NULL));
  self->clock = fake_clock_new ();
  self->trash = troupe_trash_new (self->folder, &self->clock->clock, 30, emptied_cb, self);
  self->definition = troupe_program_definition_new_from_variant (dict, "/", NULL, NULL);
  g_assert_nonnull (self->definition);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  troupe_trash_free (self->trash);
  g_assert_cmpint (fake_clock_get_next (self->clock), ==, -1);
  fake_clock_free (self->clock);
  troupe_program_definition_unref (self->definition);
  troupe_run_folder_delete_tree (self->folder);
  g_free (self->folder);
  g_free (self->worker_dir);
  g_free (self->file);
}

static guint64
throw_away (Fixture *self)
{
  guint64 token = troupe_trash_next_token (self->trash);

  troupe_trash_add (self->trash, token, "default", self->definition);
  troupe_trash_add_journals (self->trash, token, self->worker_dir, "web");
  g_assert_false (g_file_test (self->worker_dir, G_FILE_TEST_EXISTS));
  return token;
}

static void
test_comes_back (Fixture *self, gconstpointer data)
{
  guint64 token = throw_away (self);
  TroupeProgramDefinition *definition = NULL;
  const char *project = NULL;

  fake_clock_advance (self->clock, 29999);
  g_assert_false (troupe_trash_is_empty (self->trash));
  g_assert_true (troupe_trash_peek (self->trash, token, &project, &definition));
  g_assert_cmpstr (project, ==, "default");
  g_assert_true (definition == self->definition);
  troupe_trash_restore_journals (self->trash, token, "web", self->worker_dir);
  troupe_trash_drop (self->trash, token);
  g_assert_true (g_file_test (self->file, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (self->n_emptied, ==, 1);
  g_assert_false (troupe_trash_peek (self->trash, token, &project, &definition));
}

static void
test_is_gone_after_its_time (Fixture *self, gconstpointer data)
{
  guint64 token = throw_away (self);
  g_autofree char *kept = g_strdup_printf ("%s/.removed/%" G_GUINT64_FORMAT, self->folder, token);
  TroupeProgramDefinition *definition;
  const char *project;

  g_assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
  fake_clock_advance (self->clock, 30000);
  g_assert_false (troupe_trash_peek (self->trash, token, &project, &definition));
  g_assert_false (g_file_test (kept, G_FILE_TEST_EXISTS));
  g_assert_true (troupe_trash_is_empty (self->trash));
  g_assert_cmpuint (self->n_emptied, ==, 1);
}

static void
test_each_has_its_own_time (Fixture *self, gconstpointer data)
{
  guint64 first = throw_away (self), second;
  TroupeProgramDefinition *definition;
  const char *project;

  fake_clock_advance (self->clock, 20000);
  g_mkdir_with_parents (self->worker_dir, 0700);
  second = throw_away (self);
  g_assert_cmpuint (first, !=, second);
  fake_clock_advance (self->clock, 10000);
  g_assert_false (troupe_trash_peek (self->trash, first, &project, &definition));
  g_assert_true (troupe_trash_peek (self->trash, second, &project, &definition));
  g_assert_cmpuint (self->n_emptied, ==, 0);
}

#define trash_test(path, func) g_test_add ("/engine/trash/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  trash_test ("comes-back", test_comes_back);
  trash_test ("is-gone-after-its-time", test_is_gone_after_its_time);
  trash_test ("each-has-its-own-time", test_each_has_its_own_time);
  return g_test_run ();
}
