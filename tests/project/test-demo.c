/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The demo project opens without a remark, would find all it runs, and its scripts are scripts. */

#include "config.h"

#include "base/paths.h"
#include "project/project-file.h"

#include <string.h>
#include <sys/wait.h>

static TroupeProjectFile *
load_demo (void)
{
  g_autofree char *data_dir = troupe_paths_dup_data_dir ();
  g_autofree char *path = g_build_filename (data_dir, "demo", NULL);
  g_autoptr (GError) error = NULL;
  TroupeProjectFile *file = troupe_project_file_load (path, &error);

  g_assert_no_error (error);
  return file;
}

static void
test_opens (void)
{
  g_autoptr (TroupeProjectFile) file = load_demo ();

  g_assert_cmpstr (file->name, ==, "demo");
  g_assert_cmpuint (file->notes->len, ==, 0);
  g_assert_cmpuint (file->programs->len, >=, 8);
}

static void
test_finds_everything (void)
{
  g_autoptr (TroupeProjectFile) file = load_demo ();

  for (guint i = 0; i < file->programs->len; i++)
    {
      g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_problem_free);

      troupe_program_definition_check_system (g_ptr_array_index (file->programs, i), problems);
      g_assert_cmpuint (problems->len, ==, 0);
    }
}

/* Runs ARGV in the demo's folder; its exit code, or -1. */
static int
run (TroupeProjectFile *file, const char *const *argv, char **output)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (file->folder, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, output, NULL, &status, &error);
  g_assert_no_error (error);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void
test_scripts_parse (void)
{
  g_autoptr (TroupeProjectFile) file = load_demo ();

  for (guint i = 0; i < file->programs->len; i++)
    {
      const TroupeProgramDefinition *program = g_ptr_array_index (file->programs, i);
      gboolean is_module = program->exec_path != NULL, is_line = program->kind == TROUPE_KIND_EXEC;
      const char *argv[] = { "sh", "-n", NULL, NULL, NULL };
      g_autofree char *output = NULL;

      if (program->kind == TROUPE_KIND_THREADS)
        continue;
      g_assert_cmpstr (is_module ? program->exec_path : program->argv[0], ==, is_line ? "/bin/sh" : "sh");
      if (is_line)
        argv[2] = "-c";
      argv[is_line ? 3 : 2] = program->argv[is_module ? 0 : is_line ? 2 : 1];
      g_assert_cmpint (run (file, argv, &output), ==, 0);
    }
}

/* What is there is installed, and the other way round. */
static void
test_all_installed (void)
{
  g_autoptr (TroupeProjectFile) file = load_demo ();
  g_autofree char *path = g_build_filename (file->folder, "meson.build", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GDir) dir = g_dir_open (file->folder, 0, NULL);
  const char *name;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  while ((name = g_dir_read_name (dir)) != NULL)
    if (strcmp (name, "meson.build") != 0)
      {
        g_autofree char *quoted = g_strdup_printf ("'%s'", name);

        g_assert_nonnull (strstr (text, quoted));
      }
}

/* The two that end by themselves end as the demo says. */
static void
test_one_shots (void)
{
  g_autoptr (TroupeProjectFile) file = load_demo ();
  const char *const setup[] = { "sh", "setup.sh", NULL };
  const char *const report[] = { "sh", "report.sh", NULL };
  g_autofree char *setup_output = NULL;
  g_autofree char *report_output = NULL;

  g_assert_cmpint (run (file, setup, &setup_output), ==, 0);
  g_assert_cmpint (run (file, report, &report_output), ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/demo/opens-without-a-remark", test_opens);
  g_test_add_func ("/demo/finds-everything-it-runs", test_finds_everything);
  g_test_add_func ("/demo/scripts-parse", test_scripts_parse);
  g_test_add_func ("/demo/is-installed-whole", test_all_installed);
  g_test_add_func ("/demo/one-shots-end-as-told", test_one_shots);
  return g_test_run ();
}
