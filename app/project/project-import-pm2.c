/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* pm2's ecosystem file in JSON: { "apps": [ { "name": …, "script": … } ] }. What pm2 does by
 * itself (restart always, choose an interpreter by the file's ending) is written out here. */

#include "config.h"

#include "project/project-import.h"

#include "project/program-name.h"
#include "project/project-json.h"

#include <string.h>

/* pm2's own figure: this many restarts within min_uptime. */
#define PM2_MAX_RESTARTS 16

typedef struct
{
  TroupeProjectFile *file;
  const char *text;
  gsize offset; /* of the app being read */
  TroupeRemarks *notes, *errors;
} Import;

static const struct
{
  const char *suffix, *interpreter;
} interpreters[] = {
  { ".js", "node" },  { ".mjs", "node" }, { ".cjs", "node" }, { ".py", "python3" }, { ".sh", "bash" },
  { ".rb", "ruby" },  { ".pl", "perl" },  { ".php", "php" },
};

static guint
line_of (Import *import, const char *key)
{
  return troupe_project_json_find_line (import->text, import->offset, key);
}

/* A text, a number or a boolean as text; NULL for anything else. */
static char *
dup_text (JsonNode *node)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (type == G_TYPE_STRING)
    return json_node_dup_string (node);
  if (type == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  if (type == G_TYPE_DOUBLE)
    return g_strdup (g_ascii_formatd (number, sizeof number, "%.15g", json_node_get_double (node)));
  if (type == G_TYPE_BOOLEAN)
    return g_strdup (json_node_get_boolean (node) ? "true" : "false");
  return NULL;
}

/* Adds the words of KEY, a list or one text split as a shell would. */
static void
add_words (Import *import, JsonObject *app, const char *key, GPtrArray *argv)
{
  JsonNode *node = json_object_get_member (app, key);
  g_auto (GStrv) words = NULL;

  if (node == NULL)
    return;
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          char *word = dup_text (json_array_get_element (array, i));

          if (word != NULL)
            g_ptr_array_add (argv, word);
          else
            troupe_remarks_add (import->notes, line_of (import, key), "%s: an item is no text, ignored", key);
        }
      return;
    }
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    {
      g_autoptr (GError) error = NULL;

      if (g_shell_parse_argv (json_node_get_string (node), NULL, &words, &error))
        for (gsize i = 0; words[i] != NULL; i++)
          g_ptr_array_add (argv, g_strdup (words[i]));
      else if (!g_error_matches (error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
        troupe_remarks_add (import->errors, line_of (import, key), "%s: %s", key, error->message);
    }
}

static const char *
get_string (JsonObject *app, const char *key)
{
  JsonNode *node = json_object_get_member (app, key);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static GStrv
dup_argv (Import *import, JsonObject *app, const char *script)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  const char *interpreter = get_string (app, "interpreter");

  if (interpreter == NULL)
    interpreter = get_string (app, "exec_interpreter");
  for (gsize i = 0; interpreter == NULL && i < G_N_ELEMENTS (interpreters); i++)
    if (g_str_has_suffix (script, interpreters[i].suffix))
      interpreter = interpreters[i].interpreter;

  if (interpreter != NULL && !g_str_equal (interpreter, "none"))
    {
      g_ptr_array_add (argv, g_strdup (interpreter));
      add_words (import, app, "interpreter_args", argv);
      add_words (import, app, "node_args", argv);
    }
  g_ptr_array_add (argv, g_strdup (script));
  add_words (import, app, "args", argv);
  g_ptr_array_add (argv, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&argv), FALSE);
}

static void
add_env (Import *import, JsonObject *app, GVariantBuilder *builder)
{
  JsonNode *node = json_object_get_member (app, "env");
  g_autoptr (GList) members = NULL;
  GVariantBuilder env;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node) || json_object_get_size (json_node_get_object (node)) == 0)
    return;
  g_variant_builder_init (&env, G_VARIANT_TYPE_STRING_ARRAY);
  members = json_object_get_members (json_node_get_object (node));
  for (GList *l = members; l != NULL; l = l->next)
    {
      g_autofree char *value = dup_text (json_object_get_member (json_node_get_object (node), l->data));
      g_autofree char *entry = value != NULL ? g_strconcat (l->data, "=", value, NULL) : NULL;

      if (entry != NULL)
        g_variant_builder_add (&env, "s", entry);
      else
        troupe_remarks_add (import->notes, line_of (import, l->data), "env: “%s” is no text, ignored",
                            (const char *) l->data);
    }
  g_variant_builder_add (builder, "{sv}", "env", g_variant_builder_end (&env));
}

static void
add_text (GVariantBuilder *builder, const char *key, char *text)
{
  if (text != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_take_string (text));
}

/* pm2 counts in milliseconds where it is given a number. */
static char *
dup_duration (JsonObject *app, const char *key)
{
  JsonNode *node = json_object_get_member (app, key);
  g_autofree char *text = node != NULL ? dup_text (node) : NULL;

  if (text == NULL)
    return NULL;
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, NULL, NULL) ? g_strconcat (text, "ms", NULL)
                                                                         : g_steal_pointer (&text);
}

static char *
dup_instances (JsonObject *app)
{
  JsonNode *node = json_object_get_member (app, "instances");
  char *text = node != NULL ? dup_text (node) : NULL;

  if (text == NULL)
    return NULL;
  if (g_str_equal (text, "max") || g_str_equal (text, "0"))
    {
      g_free (text);
      return g_strdup ("auto");
    }
  return text;
}

/* pm2's default is one, also of a cluster. */
static char *
dup_cluster_instances (JsonObject *app)
{
  char *text = dup_instances (app);

  return text != NULL ? text : g_strdup ("1");
}

/* Every key is either read above or told to be ignored. */
static void
note_ignored (Import *import, JsonObject *app)
{
  static const char *const read[] = { "name",         "script",           "args",          "cwd",
                                      "interpreter",  "exec_interpreter", "interpreter_args", "node_args",
                                      "env",          "instances",        "autorestart",   "max_restarts",
                                      "min_uptime",   "restart_delay",    "kill_timeout",  "exec_mode", NULL };
  g_autoptr (GList) members = json_object_get_members (app);

  for (GList *l = members; l != NULL; l = l->next)
    if (!g_strv_contains (read, l->data))
      troupe_remarks_add (import->notes, line_of (import, l->data), "“%.80s” is not understood, ignored",
                          (const char *) l->data);
}

static gboolean
is_cluster (JsonObject *app)
{
  const char *mode = get_string (app, "exec_mode");

  return g_strcmp0 (mode, "cluster") == 0 || g_strcmp0 (mode, "cluster_mode") == 0;
}

/* pm2 restarts unless told otherwise. */
static const char *
get_restart (JsonObject *app)
{
  JsonNode *node = json_object_get_member (app, "autorestart");
  gboolean is_off = node != NULL && JSON_NODE_HOLDS_VALUE (node) &&
                    json_node_get_value_type (node) == G_TYPE_BOOLEAN && !json_node_get_boolean (node);

  return is_off ? "no" : "always";
}

static void
add_app (Import *import, JsonObject *app)
{
  const char *script = get_string (app, "script");
  const char *name = get_string (app, "name");
  g_autofree char *base = NULL, *valid = NULL;
  g_auto (GStrv) argv = NULL;
  GVariantBuilder builder;
  JsonNode *node;

  if (script == NULL || script[0] == '\0')
    {
      troupe_remarks_add (import->errors, troupe_line_of_offset (import->text, import->offset),
                          "An app without “script”: expected what to run");
      return;
    }
  if (name == NULL)
    {
      base = g_path_get_basename (script);
      if (strrchr (base, '.') != NULL && strrchr (base, '.') != base)
        *strrchr (base, '.') = '\0';
      name = base;
    }
  valid = troupe_project_import_dup_name (name, line_of (import, "name"), import->notes);
  argv = dup_argv (import, app, script);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (valid));
  g_variant_builder_add (&builder, "{sv}", "argv", g_variant_new_strv ((const char *const *) argv, -1));
  if (get_string (app, "cwd") != NULL)
    g_variant_builder_add (&builder, "{sv}", "cwd", g_variant_new_string (get_string (app, "cwd")));
  add_env (import, app, &builder);
  if (is_cluster (app))
    {
      g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string ("cluster"));
      add_text (&builder, "instances", dup_cluster_instances (app));
    }
  else
    add_text (&builder, "instances", dup_instances (app));
  g_variant_builder_add (&builder, "{sv}", "restart", g_variant_new_string (get_restart (app)));
  node = json_object_get_member (app, "max_restarts");
  add_text (&builder, "restart-limit",
            node != NULL ? dup_text (node) : g_strdup (G_STRINGIFY (PM2_MAX_RESTARTS)));
  add_text (&builder, "stable-time", dup_duration (app, "min_uptime"));
  add_text (&builder, "restart-delay", dup_duration (app, "restart_delay"));
  add_text (&builder, "grace", dup_duration (app, "kill_timeout"));
  troupe_project_import_add (import->file, g_variant_builder_end (&builder), line_of (import, "name"),
                             import->errors);
  note_ignored (import, app);
}

void
troupe_project_import_pm2 (TroupeProjectFile *file, const char *text, TroupeRemarks *notes, TroupeRemarks *errors)
{
  g_autoptr (JsonObject) root = troupe_project_json_parse (text, errors);
  JsonNode *node = root != NULL ? json_object_get_member (root, "apps") : NULL;
  Import import = { file, text, troupe_project_json_find (text, 0, "apps"), notes, errors };
  JsonArray *apps;

  if (root == NULL)
    return;
  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    {
      troupe_remarks_add (errors, 1, "There are no apps: expected “apps”, a list, as in a pm2 ecosystem file");
      return;
    }
  apps = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (apps); i++)
    {
      JsonNode *app = json_array_get_element (apps, i);

      if (!JSON_NODE_HOLDS_OBJECT (app))
        {
          troupe_remarks_add (errors, troupe_line_of_offset (text, import.offset),
                              "Item %u of “apps” is no object", i + 1);
          continue;
        }
      add_app (&import, json_node_get_object (app));
      /* The next app's keys stand behind this one's script. */
      import.offset = troupe_project_json_find (text, import.offset, "script");
      if (text[import.offset] != '\0')
        import.offset++;
    }
}
