/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a definition says about this machine: the environment it makes, and the problems that
 * only a look at the file system can find. */

#include "config.h"

#include "project/program-definition.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  char *dir;
} Fixture;

static void
write_file (const Fixture *fixture, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("troupe-system-XXXXXX", NULL);
  write_file (fixture, "frobnicate", "#!/bin/sh\n", 0755);
  write_file (fixture, "plain", "text\n", 0644);
  write_file (fixture, "good.env", "FROM_FILE=1\nBOTH=file\n", 0644);
  write_file (fixture, "bad.env", "A=1\nnonsense\n", 0644);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "frobnicate", "plain", "good.env", "bad.env" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->dir, names[i], NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
}

static TroupeProgramDefinition *
parse (Fixture *fixture, const char *text)
{
  g_autoptr (GVariant) dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  TroupeProgramDefinition *definition =
      troupe_program_definition_new_from_variant (dict, fixture->dir, NULL, &error);

  g_assert_no_error (error);
  return definition;
}

/* Asserts one problem with KEY whose message holds WORDS; none when KEY is NULL. */
static void
assert_problem (Fixture *fixture, const char *text, const char *key, const char *words)
{
  g_autoptr (TroupeProgramDefinition) definition = parse (fixture, text);
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_problem_free);
  const TroupeProblem *problem;

  troupe_program_definition_check_system (definition, problems);
  if (key == NULL)
    {
      g_assert_cmpuint (problems->len, ==, 0);
      return;
    }
  g_assert_cmpuint (problems->len, ==, 1);
  problem = g_ptr_array_index (problems, 0);
  g_assert_cmpstr (problem->key, ==, key);
  if (strstr (problem->message, words) == NULL)
    g_error ("“%s” lacks “%s”", problem->message, words);
}

static void
test_check (Fixture *fixture, gconstpointer data)
{
  g_autofree char *own_path = g_strdup_printf ("{'command': <'frobnicate'>, 'env': <['PATH=%s']>}", fixture->dir);
  g_autofree char *slip = g_strdup_printf ("{'command': <'frobnicat'>, 'env': <['PATH=%s']>}", fixture->dir);
  g_autofree char *denied = g_strdup_printf ("{'command': <'plain'>, 'env': <['PATH=%s']>}", fixture->dir);

  assert_problem (fixture, "{'command': <'sh'>}", NULL, NULL);
  assert_problem (fixture, "{'command': <'/bin/sh'>}", NULL, NULL);
  assert_problem (fixture, "{'command': <'./frobnicate'>}", NULL, NULL);
  assert_problem (fixture, own_path, NULL, NULL);
  assert_problem (fixture, "{'kind': <'exec'>, 'command': <'whatever | else'>}", NULL, NULL);
  assert_problem (fixture, "{'command': <'sh'>, 'env-file': <['good.env']>}", NULL, NULL);
  assert_problem (fixture, "{'command': <'sh'>, 'env': <['PATH']>}", NULL, NULL);

  assert_problem (fixture, "{'command': <'frobnicate'>}", "command", "“frobnicate”: not found on the PATH");
  assert_problem (fixture, slip, "command", "did you mean “frobnicate”?");
  assert_problem (fixture, denied, "command", "not executable");
  assert_problem (fixture, "{'argv': <['./plain']>}", "argv", "not executable");
  assert_problem (fixture, "{'argv': <['./none']>}", "argv", "does not exist");
  assert_problem (fixture, "{'argv': <['.']>, 'env': <['PATH=/']>}", "argv", "not found");
  assert_problem (fixture, "{'argv': <['/']>}", "argv", "is a folder");
  assert_problem (fixture, "{'command': <'sh'>, 'cwd': <'none'>}", "cwd", "does not exist");
  assert_problem (fixture, "{'command': <'./sh'>, 'cwd': <'none'>}", "cwd", "does not exist");
  assert_problem (fixture, "{'command': <'sh'>, 'cwd': <'plain'>}", "cwd", "is not a folder");
  assert_problem (fixture, "{'command': <'sh'>, 'env-file': <['none.env']>}", "env-file", "none.env");
  assert_problem (fixture, "{'command': <'sh'>, 'env-file': <['bad.env']>}", "env-file", "bad.env:2: ");
}

static void
test_environment (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeProgramDefinition) d = parse (
      fixture, "{'command': <'sh'>, 'project': <'shop'>, 'env-file': <['good.env']>,"
               " 'env': <['BOTH=own', 'UNSET_ME', 'EMPTY=', 'PYTHONUNBUFFERED', 'TROUPE_WORKER=x']>}");
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) environment = NULL;

  g_setenv ("NODE_CHANNEL_FD", "3", TRUE);
  g_setenv ("LISTEN_FDS", "1", TRUE);
  g_setenv ("DBUS_STARTER_ADDRESS", "unix:path=/x", TRUE);
  g_setenv ("UNSET_ME", "1", TRUE);
  g_setenv ("KEEP_ME", "1", TRUE);
  g_setenv ("CLICOLOR_FORCE", "0", TRUE);
  g_unsetenv ("NO_COLOR");
  environment = troupe_program_definition_dup_environment (d, "web.2", 2, &error);
  g_assert_no_error (error);

  g_assert_null (g_environ_getenv (environment, "NODE_CHANNEL_FD"));
  g_assert_null (g_environ_getenv (environment, "LISTEN_FDS"));
  g_assert_null (g_environ_getenv (environment, "DBUS_STARTER_ADDRESS"));
  g_assert_null (g_environ_getenv (environment, "UNSET_ME"));
  g_assert_null (g_environ_getenv (environment, "PYTHONUNBUFFERED"));
  g_assert_cmpstr (g_environ_getenv (environment, "KEEP_ME"), ==, "1");
  g_assert_cmpstr (g_environ_getenv (environment, "FORCE_COLOR"), ==, "1");
  g_assert_cmpstr (g_environ_getenv (environment, "CLICOLOR_FORCE"), ==, "0");
  g_assert_cmpstr (g_environ_getenv (environment, "FROM_FILE"), ==, "1");
  g_assert_cmpstr (g_environ_getenv (environment, "BOTH"), ==, "own");
  g_assert_cmpstr (g_environ_getenv (environment, "EMPTY"), ==, "");
  g_assert_cmpstr (g_environ_getenv (environment, "PWD"), ==, fixture->dir);
  g_assert_cmpstr (g_environ_getenv (environment, "TROUPE_PROJECT"), ==, "shop");
  g_assert_cmpstr (g_environ_getenv (environment, "TROUPE_WORKER"), ==, "web.2");
  g_assert_cmpstr (g_environ_getenv (environment, "TROUPE_INSTANCE"), ==, "2");
}

static void
test_no_colors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeProgramDefinition) off = parse (fixture, "{'command': <'sh'>, 'colors': <false>}");
  g_autoptr (TroupeProgramDefinition) asked = parse (fixture, "{'command': <'sh'>, 'env': <['NO_COLOR=1']>}");
  g_auto (GStrv) off_environment = NULL, asked_environment = NULL;

  g_unsetenv ("FORCE_COLOR");
  g_unsetenv ("CLICOLOR_FORCE");
  off_environment = troupe_program_definition_dup_environment (off, "a", 1, NULL);
  asked_environment = troupe_program_definition_dup_environment (asked, "a", 1, NULL);
  g_assert_null (g_environ_getenv (off_environment, "FORCE_COLOR"));
  g_assert_null (g_environ_getenv (asked_environment, "FORCE_COLOR"));
  g_assert_cmpstr (g_environ_getenv (asked_environment, "NO_COLOR"), ==, "1");
}

static void
test_environment_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeProgramDefinition) d = parse (fixture, "{'command': <'sh'>, 'env-file': <['bad.env']>}");
  g_autoptr (GError) error = NULL;

  g_assert_null (troupe_program_definition_dup_environment (d, "a", 1, &error));
  g_assert_nonnull (strstr (error->message, "bad.env:2: expected KEY=VALUE"));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/project/system/finds-what-is-missing", test_check);
  ADD ("/project/system/makes-the-environment", test_environment);
  ADD ("/project/system/respects-no-color", test_no_colors);
  ADD ("/project/system/names-the-line-of-a-bad-env-file", test_environment_error);
  return g_test_run ();
}
