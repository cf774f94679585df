/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What only the machine knows of a definition: whether its folder and files are there and
 * its command can be found. It looks, and changes nothing; a moment later it may be wrong. */

#include "config.h"

#include "project/program-definition.h"

#include "project/env-file.h"
#include "project/program-name.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What execvp() takes when there is no PATH. */
#define FALLBACK_PATH "/bin:/usr/bin"
/* Entries of PATH looked at for a word that was meant. */
#define SUGGESTION_ENTRIES_MAX 20000

static void G_GNUC_PRINTF (3, 4)
add_problem (GPtrArray *problems, const char *key, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (problems, troupe_problem_new (key, message));
}

/* 0 when PATH can be executed, else the errno of it. */
static int
check_executable (const char *path)
{
  struct stat st;

  if (stat (path, &st) < 0)
    return errno;
  if (S_ISDIR (st.st_mode))
    return EISDIR;
  /* Root may do anything by access(2), but the kernel executes nothing without an x bit. */
  if (!S_ISREG (st.st_mode) || (st.st_mode & 0111) == 0)
    return EACCES;
  return access (path, X_OK) == 0 ? 0 : errno;
}

/* A folder of PATH; an empty one or a relative one is relative to the working folder. */
static char *
dup_candidate (const char *dir, const char *name, const char *cwd)
{
  g_autofree char *absolute = g_canonicalize_filename (dir[0] != '\0' ? dir : ".", cwd);

  return g_build_filename (absolute, name, NULL);
}

static char *
dup_similar_program (const char *const *dirs, const char *name)
{
  guint seen = 0;

  for (gsize i = 0; dirs[i] != NULL; i++)
    {
      g_autoptr (GDir) dir = dirs[i][0] == '/' ? g_dir_open (dirs[i], 0, NULL) : NULL;
      const char *entry;

      while (dir != NULL && seen++ < SUGGESTION_ENTRIES_MAX && (entry = g_dir_read_name (dir)) != NULL)
        if (troupe_name_is_similar (name, entry))
          {
            g_autofree char *path = g_build_filename (dirs[i], entry, NULL);

            if (check_executable (path) == 0)
              return g_strdup (entry);
          }
    }
  return NULL;
}

static void
check_on_path (const char *name, const char *path, const char *cwd, const char *key, GPtrArray *problems)
{
  g_auto (GStrv) dirs = g_strsplit (path != NULL ? path : FALLBACK_PATH, ":", -1);
  g_autofree char *denied = NULL;
  g_autofree char *similar = NULL;

  for (gsize i = 0; dirs[i] != NULL; i++)
    {
      g_autofree char *candidate = dup_candidate (dirs[i], name, cwd);
      int problem = check_executable (candidate);

      if (problem == 0)
        return;
      if (problem == EACCES && denied == NULL)
        denied = g_steal_pointer (&candidate);
    }
  if (denied != NULL)
    {
      add_problem (problems, key, "“%s” is not executable", denied);
      return;
    }
  similar = dup_similar_program ((const char *const *) dirs, name);
  if (similar != NULL)
    add_problem (problems, key, "“%s”: not found on the PATH; did you mean “%s”?", name, similar);
  else
    add_problem (problems, key, "“%s”: not found on the PATH", name);
}

static void
check_path (const char *path, const char *cwd, const char *key, GPtrArray *problems)
{
  g_autofree char *absolute = g_canonicalize_filename (path, cwd);
  g_autofree char *shown = g_filename_display_name (absolute);

  switch (check_executable (absolute))
    {
    case 0:
      return;
    case EACCES:
      add_problem (problems, key, "“%s” is not executable; `chmod +x` would make it so", shown);
      return;
    case EISDIR:
      add_problem (problems, key, "“%s” is a folder: expected a program", shown);
      return;
    default:
      add_problem (problems, key, "“%s” does not exist", shown);
      return;
    }
}

/* A module that something else runs need not be executable, but be there. */
static void
check_module (TroupeProgramDefinition *self, const char *key, GPtrArray *problems)
{
  g_autofree char *absolute = troupe_program_definition_dup_module_path (self);
  g_autofree char *shown = g_filename_display_name (absolute);

  if (!g_file_test (absolute, G_FILE_TEST_EXISTS))
    add_problem (problems, key, "“%s” does not exist", shown);
  else if (g_file_test (absolute, G_FILE_TEST_IS_DIR))
    add_problem (problems, key, "“%s” is a folder: expected a module", shown);
}

void
troupe_program_definition_check_system (TroupeProgramDefinition *self, GPtrArray *problems)
{
  const char *command_key = self->command != NULL ? "command" : "argv";
  g_auto (GStrv) environment = NULL, argv = NULL;
  g_autoptr (GError) error = NULL;

  if (self->cwd != NULL && !g_file_test (self->cwd, G_FILE_TEST_IS_DIR))
    {
      gboolean exists = g_file_test (self->cwd, G_FILE_TEST_EXISTS);

      add_problem (problems, "cwd", "The folder “%s” %s", self->cwd, exists ? "is not a folder" : "does not exist");
      /* Relative to a folder that is not there, everything else would be missing too. */
      if (strchr (self->argv[0], '/') != NULL && self->argv[0][0] != '/')
        return;
    }
  else if (self->cwd != NULL && access (self->cwd, X_OK) < 0)
    add_problem (problems, "cwd", "The folder “%s” cannot be entered: %s", self->cwd, g_strerror (errno));

  environment = troupe_program_definition_dup_environment (self, self->name, 1, &error);
  if (environment == NULL)
    {
      add_problem (problems, "env-file", "%s", error->message);
      environment = g_get_environ ();
    }
  argv = troupe_program_definition_dup_exec_argv (self, environment);
  if (self->kind == TROUPE_KIND_THREADS && troupe_program_definition_is_native_module (self))
    {
      check_module (self, command_key, problems);
      return;
    }
  if (strchr (argv[0], '/') != NULL)
    check_path (argv[0], self->cwd, command_key, problems);
  else
    check_on_path (argv[0], g_environ_getenv (environment, "PATH"), self->cwd, command_key, problems);
  if (troupe_kind_has_channel (self->kind) && !g_str_equal (argv[0], self->argv[0]))
    check_module (self, command_key, problems);
}
