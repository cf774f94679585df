/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Finds, reads and writes project files. Reading runs nothing. */

#include "config.h"

#include "project/project-file.h"

#include "base/error.h"
#include "project/bounded-file.h"
#include "project/program-name.h"
#include "project/project-import.h"
#include "project/project-lines.h"
#include "project/project-order.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROJECT_GROUP "project"
#define PROGRAM_PREFIX "program "
#define SUFFIX ".troupe"
/* Ad-hoc launches have it. */
#define RESERVED_NAME "default"

typedef void (*ReadFunc) (TroupeProjectFile *file, const char *text, TroupeRemarks *notes, TroupeRemarks *errors);

/* [program …] and [project] */

/* The name in "program NAME", NULL for another group. */
static char *
dup_program_name (const char *group)
{
  if (g_str_equal (group, "program"))
    return g_strdup ("");
  if (!g_str_has_prefix (group, PROGRAM_PREFIX))
    return NULL;
  return g_strstrip (g_strdup (group + strlen (PROGRAM_PREFIX)));
}

static void
read_project_group (TroupeProjectFile *file, GKeyFile *key_file, TroupeProjectLines *lines, TroupeRemarks *notes,
                    TroupeRemarks *errors)
{
  g_auto (GStrv) keys = g_key_file_get_keys (key_file, PROJECT_GROUP, NULL, NULL);

  for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      guint line = troupe_project_lines_find (lines, PROJECT_GROUP, keys[i]);
      g_autofree char *value = g_key_file_get_string (key_file, PROJECT_GROUP, keys[i], NULL);

      if (!g_str_equal (keys[i], "name"))
        troupe_remarks_add (notes, line, "unknown key “%.80s”, ignored", keys[i]);
      else if (g_strcmp0 (value, RESERVED_NAME) == 0)
        troupe_remarks_add (errors, line, "name: “" RESERVED_NAME "” is the project of ad-hoc launches: expected another");
      else if (troupe_name_is_valid (value))
        {
          g_free (file->name);
          file->name = g_steal_pointer (&value);
        }
      else
        troupe_remarks_add (errors, line, "name: “%.80s” is no name: expected " TROUPE_NAME_EXPECTED,
                            value != NULL ? value : "");
    }
}

static void
note_unknown_keys (GKeyFile *key_file, const char *group, TroupeProjectLines *lines, TroupeRemarks *notes)
{
  g_auto (GStrv) keys = g_key_file_get_keys (key_file, group, NULL, NULL);

  for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      const char *similar;

      if (troupe_program_definition_is_key (keys[i]))
        continue;
      similar = troupe_name_find_similar (keys[i], troupe_program_definition_get_keys ());
      if (similar != NULL)
        troupe_remarks_add (notes, troupe_project_lines_find (lines, group, keys[i]),
                            "unknown key “%.80s”, ignored; did you mean “%s”?", keys[i], similar);
      else
        troupe_remarks_add (notes, troupe_project_lines_find (lines, group, keys[i]), "unknown key “%.80s”, ignored",
                            keys[i]);
    }
}

/* Line of a problem's key; a problem with env may come from an env.KEY. */
static guint
find_problem_line (TroupeProjectLines *lines, GKeyFile *key_file, const char *group, const char *key)
{
  g_auto (GStrv) keys = g_key_file_get_keys (key_file, group, NULL, NULL);

  if (g_str_equal (key, "env") && !g_key_file_has_key (key_file, group, "env", NULL))
    for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
      if (g_str_has_prefix (keys[i], "env."))
        return troupe_project_lines_find (lines, group, keys[i]);
  return troupe_project_lines_find (lines, group, key);
}

static void
read_program_group (TroupeProjectFile *file, GKeyFile *key_file, const char *group, TroupeProjectLines *lines,
                    TroupeRemarks *errors)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (TroupeProgramDefinition) definition =
      troupe_program_definition_new_from_key_file (key_file, group, file->folder, &problems, NULL);

  for (guint i = 0; i < problems->len; i++)
    {
      const TroupeProblem *problem = g_ptr_array_index (problems, i);

      troupe_remarks_add (errors, find_problem_line (lines, key_file, group, problem->key), "%s: %s", problem->key,
                          problem->message);
    }
  if (definition == NULL)
    return;
  for (guint i = 0; i < file->programs->len; i++)
    if (g_str_equal (((TroupeProgramDefinition *) g_ptr_array_index (file->programs, i))->name, definition->name))
      {
        troupe_remarks_add (errors, troupe_project_lines_find (lines, group, NULL),
                            "There is a program “%s” above already: expected each name once", definition->name);
        return;
      }
  if (file->programs->len == TROUPE_PROJECT_PROGRAMS_MAX)
    {
      troupe_remarks_add (errors, troupe_project_lines_find (lines, group, NULL),
                          "Too many programs: expected at most %d", TROUPE_PROJECT_PROGRAMS_MAX);
      return;
    }
  g_ptr_array_add (file->programs, g_steal_pointer (&definition));
}

typedef struct
{
  TroupeProjectLines *lines;
  TroupeRemarks *errors;
} OrderReport;

static void
report_order_cb (TroupeProgramDefinition *program, const char *key, const char *message, gpointer user_data)
{
  OrderReport *report = user_data;
  g_autofree char *group = g_strconcat (PROGRAM_PREFIX, program->name, NULL);

  troupe_remarks_add (report->errors, troupe_project_lines_find (report->lines, group, key), "%s%s%s",
                      key != NULL ? key : "", key != NULL ? ": " : "", message);
}

static void
read_troupe (TroupeProjectFile *file, const char *text, TroupeRemarks *notes, TroupeRemarks *errors)
{
  g_autoptr (TroupeProjectLines) lines = troupe_project_lines_new (text, notes, errors);
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) groups = NULL;
  OrderReport report = { lines, errors };

  if (!troupe_remarks_is_empty (errors))
    return;
  if (!g_key_file_load_from_data (key_file, troupe_project_lines_get_text (lines), (gsize) -1, G_KEY_FILE_NONE,
                                  &error))
    {
      troupe_remarks_add (errors, 1, "%s", error->message);
      return;
    }
  read_project_group (file, key_file, lines, notes, errors);
  groups = g_key_file_get_groups (key_file, NULL);
  for (gsize i = 0; groups[i] != NULL; i++)
    {
      g_autofree char *name = dup_program_name (groups[i]);

      if (name != NULL)
        {
          read_program_group (file, key_file, groups[i], lines, errors);
          note_unknown_keys (key_file, groups[i], lines, notes);
        }
      else if (!g_str_equal (groups[i], PROJECT_GROUP))
        troupe_remarks_add (notes, troupe_project_lines_find (lines, groups[i], NULL),
                            "unknown group [%.80s], ignored: expected [project] or [program NAME]", groups[i]);
    }
  /* With a program missing because it is wrong, every after= that names it would look wrong too. */
  if (troupe_remarks_is_empty (errors))
    troupe_project_order_check (file->programs, report_order_cb, &report);
  if (troupe_remarks_is_empty (errors) && file->programs->len == 0)
    troupe_remarks_add (notes, 1, "there is no program in it: expected a group [program NAME]");
}

/* Which file, and what it is */

static ReadFunc
find_reader (const char *base_name)
{
  if (g_str_has_suffix (base_name, SUFFIX))
    return read_troupe;
  if (g_str_equal (base_name, "Procfile") || g_str_has_prefix (base_name, "Procfile.") ||
      g_str_has_suffix (base_name, ".procfile"))
    return troupe_project_import_procfile;
  if (g_str_equal (base_name, "package.json"))
    return troupe_project_import_package_json;
  if (g_str_has_suffix (base_name, ".json"))
    return troupe_project_import_pm2;
  return NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The project file in FOLDER. */
static char *
dup_file_in (const char *folder, GError **error)
{
  static const char *const others[] = { "Procfile", "package.json", "ecosystem.config.json", "ecosystem.json" };
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  const char *entry;

  if (dir == NULL)
    return NULL;
  while ((entry = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (entry, SUFFIX) && entry[0] != '.')
      g_ptr_array_add (found, g_strdup (entry));
  g_ptr_array_sort (found, compare_names);
  if (found->len > 1)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT,
                   "%s: there are %u project files in this folder, “%s” and “%s” among them; open one of them", folder,
                   found->len, (const char *) g_ptr_array_index (found, 0),
                   (const char *) g_ptr_array_index (found, 1));
      return NULL;
    }
  if (found->len == 1)
    return g_build_filename (folder, g_ptr_array_index (found, 0), NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *path = g_build_filename (folder, others[i], NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT,
               "%s: no project file in this folder: expected *.troupe, Procfile, package.json or ecosystem.json", folder);
  return NULL;
}

/* "shop" for /x/shop.troupe; for files whose name says nothing, the folder's. */
static char *
dup_default_name (const char *path, const char *folder)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = NULL;

  if (g_str_has_suffix (base, SUFFIX))
    base[strlen (base) - strlen (SUFFIX)] = '\0';
  else
    {
      g_free (base);
      base = g_path_get_basename (folder);
    }
  name = troupe_name_dup_valid (base, PROJECT_GROUP);
  return g_str_equal (name, RESERVED_NAME) ? g_strdup (PROJECT_GROUP) : g_steal_pointer (&name);
}

/* TEXT behind the mark that some editors put in front. Bytes that are no text get a line too. */
static const char *
check_text (const char *text, gsize length, TroupeRemarks *errors)
{
  const char *end;

  if (!g_utf8_validate_len (text, length, &end))
    troupe_remarks_add (errors, troupe_line_of_offset (text, (gsize) (end - text)),
                        "A byte that is no UTF-8 text: expected UTF-8");
  return g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text;
}

TroupeProjectFile *
troupe_project_file_load (const char *path, GError **error)
{
  g_autoptr (TroupeProjectFile) self = g_new0 (TroupeProjectFile, 1);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *base_name = NULL, *shown = NULL, *text = NULL;
  g_autoptr (TroupeRemarks) notes = NULL, errors = NULL;
  const char *content;
  gsize length;
  ReadFunc read_text;

  self->path = g_file_test (absolute, G_FILE_TEST_IS_DIR) ? dup_file_in (absolute, error)
                                                          : g_steal_pointer (&absolute);
  if (self->path == NULL)
    return NULL;
  self->folder = g_path_get_dirname (self->path);
  self->programs = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_program_definition_unref);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  self->name = dup_default_name (self->path, self->folder);
  base_name = g_path_get_basename (self->path);
  shown = g_filename_display_name (base_name);

  read_text = find_reader (base_name);
  if (read_text == NULL)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT,
                   "%s: no project file: expected *.troupe, Procfile, package.json or a pm2 ecosystem file in JSON", shown);
      return NULL;
    }
  text = troupe_bounded_file_read (self->path, TROUPE_PROJECT_FILE_MAX, &length, error);
  if (text == NULL)
    return NULL;
  notes = troupe_remarks_new (shown);
  errors = troupe_remarks_new (shown);
  content = check_text (text, length, errors);
  if (troupe_remarks_is_empty (errors))
    read_text (self, content, notes, errors);
  if (!troupe_remarks_check (errors, notes, error))
    return NULL;
  troupe_remarks_append_to (notes, self->notes);
  for (guint i = 0; i < self->programs->len; i++)
    {
      /* Fresh from the reader, so still ours alone. */
      TroupeProgramDefinition *program = g_ptr_array_index (self->programs, i);

      g_free (program->project);
      program->project = g_strdup (self->name);
    }
  return g_steal_pointer (&self);
}

void
troupe_project_file_free (TroupeProjectFile *self)
{
  g_free (self->name);
  g_free (self->path);
  g_free (self->folder);
  g_clear_pointer (&self->programs, g_ptr_array_unref);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_free (self);
}

/* Saving */

/* PATH as a file in FOLDER would say it. NULL: FOLDER itself. */
static const char *
relative_to (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  if (g_str_equal (path, folder))
    return NULL;
  if (strncmp (path, folder, length) == 0 && path[length] == '/' && path[length + 1] != '~')
    return path + length + 1;
  return path;
}

/* Folders of the project as the file's reader expects them, so that it can be moved. */
static void
write_relative (TroupeProgramDefinition *program, GKeyFile *key_file, const char *group, const char *folder)
{
  guint n_files = g_strv_length (program->env_files);
  g_autofree const char **files = g_new0 (const char *, n_files + 1);

  if (program->cwd != NULL)
    {
      const char *cwd = relative_to (program->cwd, folder);

      if (cwd != NULL)
        g_key_file_set_string (key_file, group, "cwd", cwd);
      else
        g_key_file_remove_key (key_file, group, "cwd", NULL);
    }
  for (guint i = 0; i < n_files; i++)
    {
      const char *file = relative_to (program->env_files[i], folder);

      files[i] = file != NULL ? file : ".";
    }
  if (n_files > 0)
    g_key_file_set_string_list (key_file, group, "env-file", files, n_files);
}

/* The group of the file that is PROGRAM's, spelled as it stands there. */
static char *
dup_group_of (GKeyFile *key_file, const char *name)
{
  g_auto (GStrv) groups = g_key_file_get_groups (key_file, NULL);

  for (gsize i = 0; groups[i] != NULL; i++)
    {
      g_autofree char *group_name = dup_program_name (groups[i]);

      if (g_strcmp0 (group_name, name) == 0)
        return g_strdup (groups[i]);
    }
  return NULL;
}

static void
save_program (TroupeProgramDefinition *program, GKeyFile *key_file, const char *folder)
{
  g_autofree char *group = dup_group_of (key_file, program->name);
  g_autofree char *plain_group = g_strconcat (PROGRAM_PREFIX, program->name, NULL);

  if (group != NULL)
    {
      g_autoptr (TroupeProgramDefinition) before =
          troupe_program_definition_new_from_key_file (key_file, group, folder, NULL, NULL);

      if (before != NULL)
        {
          g_free (before->project);
          before->project = g_strdup (program->project);
          /* Unchanged: it keeps the wording that the person gave it. */
          if (troupe_program_definition_equal (before, program))
            return;
        }
      if (!g_str_equal (group, plain_group))
        g_key_file_remove_group (key_file, group, NULL);
    }
  troupe_program_definition_to_key_file (program, key_file);
  write_relative (program, key_file, plain_group, folder);
}

static void
remove_vanished (GKeyFile *key_file, GPtrArray *programs)
{
  g_auto (GStrv) groups = g_key_file_get_groups (key_file, NULL);

  for (gsize i = 0; groups[i] != NULL; i++)
    {
      g_autofree char *name = dup_program_name (groups[i]);
      gboolean stays = name == NULL;

      for (guint j = 0; !stays && j < programs->len; j++)
        stays = g_str_equal (((TroupeProgramDefinition *) g_ptr_array_index (programs, j))->name, name);
      if (!stays)
        g_key_file_remove_group (key_file, groups[i], NULL);
    }
}

/* What the file holds already; an empty one when there is no file. */
static GKeyFile *
load_for_saving (const char *path, const char *shown, GError **error)
{
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (TroupeRemarks) notes = troupe_remarks_new (shown), errors = troupe_remarks_new (shown);
  g_autoptr (TroupeProjectLines) lines = NULL;
  g_autoptr (GError) read_error = NULL;
  g_autofree char *text = NULL;
  const char *content;
  gsize length;

  text = troupe_bounded_file_read (path, TROUPE_PROJECT_FILE_MAX, &length, &read_error);
  if (text == NULL)
    {
      if (g_error_matches (read_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return g_steal_pointer (&key_file);
      g_propagate_error (error, g_steal_pointer (&read_error));
      return NULL;
    }
  content = check_text (text, length, errors);
  if (troupe_remarks_is_empty (errors))
    lines = troupe_project_lines_new (content, notes, errors);
  if (!troupe_remarks_check (errors, notes, error))
    return NULL;
  if (!g_key_file_load_from_data (key_file, troupe_project_lines_get_text (lines), (gsize) -1,
                                  G_KEY_FILE_KEEP_COMMENTS, error))
    {
      g_prefix_error (error, "%s: ", shown);
      return NULL;
    }
  return g_steal_pointer (&key_file);
}

gboolean
troupe_project_file_save (const char *path, const char *name, GPtrArray *programs, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  /* The file behind a symbolic link is the one to replace, not the link. */
  char *resolved = realpath (absolute, NULL);
  g_autofree char *target = g_strdup (resolved != NULL ? resolved : absolute);
  g_autofree char *folder = g_path_get_dirname (absolute);
  g_autofree char *base_name = g_path_get_basename (absolute);
  g_autofree char *shown = g_filename_display_name (base_name);
  g_autoptr (GKeyFile) key_file = NULL;
  g_autofree char *before = NULL, *text = NULL;
  struct stat st;
  gsize length;
  int mode = 0666;

  free (resolved);
  g_return_val_if_fail (troupe_name_is_valid (name), FALSE);
  if (programs->len > TROUPE_PROJECT_PROGRAMS_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "%s: too many programs: expected at most %d", shown,
                   TROUPE_PROJECT_PROGRAMS_MAX);
      return FALSE;
    }
  key_file = load_for_saving (target, shown, error);
  if (key_file == NULL)
    return FALSE;
  before = g_key_file_get_string (key_file, PROJECT_GROUP, "name", NULL);
  if (g_strcmp0 (before, name) != 0)
    g_key_file_set_string (key_file, PROJECT_GROUP, "name", name);
  remove_vanished (key_file, programs);
  for (guint i = 0; i < programs->len; i++)
    save_program (g_ptr_array_index (programs, i), key_file, folder);

  text = g_key_file_to_data (key_file, &length, NULL);
  if (length > TROUPE_PROJECT_FILE_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "%s: larger than the %d bytes allowed", shown,
                   TROUPE_PROJECT_FILE_MAX);
      return FALSE;
    }
  if (g_stat (target, &st) == 0)
    mode = st.st_mode & 0777;
  return g_file_set_contents_full (target, text, (gssize) length,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, mode, error);
}
