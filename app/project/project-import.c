/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Procfile and package.json. */

#include "config.h"

#include "project/project-import.h"

#include "project/env-file.h"
#include "project/program-name.h"
#include "project/project-json.h"

#include <string.h>

/* The ports that Procfile runners hand out: so much for the first program, so much more for each next. */
#define PROCFILE_PORT 5000
#define PROCFILE_PORT_STEP 100

void
troupe_project_import_add (TroupeProjectFile *file, GVariant *dict, guint line, TroupeRemarks *errors)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (dict);
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (TroupeProgramDefinition) definition =
      troupe_program_definition_new_from_variant (sunk, file->folder, &problems, NULL);

  for (guint i = 0; i < problems->len; i++)
    {
      const TroupeProblem *problem = g_ptr_array_index (problems, i);

      troupe_remarks_add (errors, line, "%s: %s", problem->key, problem->message);
    }
  for (guint i = 0; definition != NULL && i < file->programs->len; i++)
    if (g_str_equal (((TroupeProgramDefinition *) g_ptr_array_index (file->programs, i))->name, definition->name))
      {
        troupe_remarks_add (errors, line, "There is a “%s” above already: expected each name once", definition->name);
        return;
      }
  if (definition != NULL && file->programs->len < TROUPE_PROJECT_PROGRAMS_MAX)
    g_ptr_array_add (file->programs, g_steal_pointer (&definition));
  else if (definition != NULL)
    troupe_remarks_add (errors, line, "Too many programs: expected at most %d", TROUPE_PROJECT_PROGRAMS_MAX);
}

char *
troupe_project_import_dup_name (const char *name, guint line, TroupeRemarks *notes)
{
  char *valid = troupe_name_dup_valid (name, "program");

  if (!g_str_equal (name, valid))
    troupe_remarks_add (notes, line, "“%.80s” is called “%s” here, where a name has only letters, digits, “.”, “_” and “-”",
                        name, valid);
  return valid;
}

/* Procfile */

/* Looks for PORT in the .env beside the file. NULL when there is no such file. */
static char *
dup_env_file (TroupeProjectFile *file, guint64 *port)
{
  g_autofree char *path = g_build_filename (file->folder, ".env", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) entries = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  entries = troupe_env_file_load (path, &error);
  if (entries == NULL)
    g_ptr_array_add (file->notes, g_strdup (error->message));
  for (gsize i = 0; entries != NULL && entries[i] != NULL; i++)
    if (g_str_has_prefix (entries[i], "PORT="))
      g_ascii_string_to_unsigned (entries[i] + strlen ("PORT="), 10, 1, 65535, port, NULL);
  return g_steal_pointer (&path);
}

/* Runners of Procfiles hand the line to a shell and let it write as much as it likes. */
static void
add_procfile_program (TroupeProjectFile *file, const char *name, const char *command, const char *env_file,
                      guint64 port, guint line, TroupeRemarks *errors)
{
  g_autofree char *port_entry =
      g_strdup_printf ("PORT=%" G_GUINT64_FORMAT, port + (guint64) file->programs->len * PROCFILE_PORT_STEP);
  const char *env[] = { port_entry };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string ("exec"));
  g_variant_builder_add (&builder, "{sv}", "max-buffer", g_variant_new_int64 (0));
  g_variant_builder_add (&builder, "{sv}", "command", g_variant_new_string (command));
  g_variant_builder_add (&builder, "{sv}", "env", g_variant_new_strv (env, 1));
  if (env_file != NULL)
    g_variant_builder_add (&builder, "{sv}", "env-file", g_variant_new_strv (&env_file, 1));
  troupe_project_import_add (file, g_variant_builder_end (&builder), line, errors);
}

void
troupe_project_import_procfile (TroupeProjectFile *file, const char *text, TroupeRemarks *notes,
                                TroupeRemarks *errors)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint64 port = PROCFILE_PORT;
  g_autofree char *env_file = dup_env_file (file, &port);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);
      char *colon = strchr (line, ':');
      g_autofree char *name = NULL;

      if (line[0] == '\0' || line[0] == '#')
        continue;
      if (colon != NULL)
        name = g_strchomp (g_strndup (line, (gsize) (colon - line)));
      if (name == NULL || !troupe_name_is_valid (name))
        {
          troupe_remarks_add (notes, i + 1, "“%.80s” was not understood, ignored: expected NAME: COMMAND", line);
          continue;
        }
      add_procfile_program (file, name, g_strchug (colon + 1), env_file, port, i + 1, errors);
    }
}

/* package.json */

/* npm runs “prebuild” before and “postbuild” after “build”, all by itself. */
static const char *
find_hooked_script (JsonObject *scripts, const char *name)
{
  const char *rest = NULL;

  if (g_str_has_prefix (name, "pre"))
    rest = name + strlen ("pre");
  else if (g_str_has_prefix (name, "post"))
    rest = name + strlen ("post");
  return rest != NULL && rest[0] != '\0' && json_object_has_member (scripts, rest) ? rest : NULL;
}

static void
add_script (TroupeProjectFile *file, JsonObject *scripts, const char *script, guint line, TroupeRemarks *notes,
            TroupeRemarks *errors)
{
  JsonNode *node = json_object_get_member (scripts, script);
  const char *hooked = find_hooked_script (scripts, script);
  const char *argv[] = { "npm", "run", script };
  g_autofree char *name = NULL;
  GVariantBuilder builder;

  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      troupe_remarks_add (notes, line, "“%.80s” is no text, ignored: expected a command", script);
      return;
    }
  if (hooked != NULL)
    {
      troupe_remarks_add (notes, line, "“%.80s” belongs to “%.80s”, so it is no program of its own", script, hooked);
      return;
    }
  name = troupe_project_import_dup_name (script, line, notes);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (&builder, "{sv}", "argv", g_variant_new_strv (argv, G_N_ELEMENTS (argv)));
  troupe_project_import_add (file, g_variant_builder_end (&builder), line, errors);
}

void
troupe_project_import_package_json (TroupeProjectFile *file, const char *text, TroupeRemarks *notes,
                                    TroupeRemarks *errors)
{
  g_autoptr (JsonObject) root = troupe_project_json_parse (text, errors);
  JsonNode *node = root != NULL ? json_object_get_member (root, "scripts") : NULL;
  gsize offset = troupe_project_json_find (text, 0, "scripts");
  g_autoptr (GList) members = NULL;

  if (root == NULL)
    return;
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      troupe_remarks_add (errors, troupe_line_of_offset (text, offset), "There are no scripts: expected “scripts”, an object");
      return;
    }
  members = json_object_get_members (json_node_get_object (node));
  for (GList *l = members; l != NULL; l = l->next)
    {
      gsize found = troupe_project_json_find (text, offset, l->data);

      add_script (file, json_node_get_object (node), l->data, troupe_line_of_offset (text, found), notes, errors);
    }
}
