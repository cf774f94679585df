/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The definition as a value: made from a variant or a key file, written to either, copied
 * and compared. Both sources become one table of key to text, which program-fields.c reads. */

#include "config.h"

#include "project/program-definition.h"

#include "base/error.h"
#include "project/program-fields.h"
#include "project/program-name.h"

#include <string.h>

#define DEFAULT_PROJECT "default"
#define GROUP_PREFIX "program "
#define ENV_KEY_PREFIX "env."

TroupeProblem *
troupe_problem_new (const char *key, const char *message)
{
  TroupeProblem *problem = g_new (TroupeProblem, 1);

  problem->key = g_strdup (key);
  problem->message = g_strdup (message);
  return problem;
}

void
troupe_problem_free (TroupeProblem *problem)
{
  g_free (problem->key);
  g_free (problem->message);
  g_free (problem);
}

static GPtrArray *
new_problems (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_problem_free);
}

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

static GHashTable *
new_values (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) troupe_field_value_free);
}

/* Takes ITEMS as the value of KEY; env and every env.KEY gather in one list. */
static void
add_value (GHashTable *values, const char *key, GStrv items, gboolean is_list)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  const TroupeFieldValue *before;
  g_auto (GStrv) owned = items;
  const char *variable = NULL;

  if (g_str_has_prefix (key, ENV_KEY_PREFIX))
    variable = key + strlen (ENV_KEY_PREFIX);
  else if (!g_str_equal (key, "env"))
    {
      g_hash_table_replace (values, g_strdup (key), troupe_field_value_new_take (g_steal_pointer (&owned), is_list));
      return;
    }

  builder = g_strv_builder_new ();
  before = g_hash_table_lookup (values, "env");
  if (before != NULL)
    g_strv_builder_addv (builder, (const char **) before->items);
  if (variable != NULL)
    {
      g_autofree char *entry = g_strconcat (variable, "=", items[0], NULL);

      g_strv_builder_add (builder, entry);
    }
  else
    g_strv_builder_addv (builder, (const char **) items);
  g_hash_table_replace (values, g_strdup ("env"),
                        troupe_field_value_new_take (g_strv_builder_end (builder), TRUE));
}

static gboolean
is_env_key (const char *key)
{
  return g_str_has_prefix (key, ENV_KEY_PREFIX) && key[strlen (ENV_KEY_PREFIX)] != '\0';
}

const char *const *
troupe_program_definition_get_keys (void)
{
  return troupe_program_fields_get_keys ();
}

gboolean
troupe_program_definition_is_key (const char *key)
{
  return is_env_key (key) || g_strv_contains (troupe_program_fields_get_keys (), key);
}

static void
free_definition (TroupeProgramDefinition *self)
{
  troupe_program_fields_clear (self);
  g_free (self->name);
  g_free (self->project);
  g_free (self);
}

TroupeProgramDefinition *
troupe_program_definition_ref (TroupeProgramDefinition *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
troupe_program_definition_unref (TroupeProgramDefinition *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    free_definition (self);
}

/* Hands PROBLEMS to the caller; with any of them the definition becomes an error. */
static TroupeProgramDefinition *
finish (TroupeProgramDefinition *self, GPtrArray *problems, GPtrArray **out_problems, GError **error)
{
  for (guint i = 0; self->name[0] != '\0' && i < self->after->len; i++)
    if (g_str_equal (g_array_index (self->after, TroupeAfter, i).program, self->name))
      add_problem (problems, "after", "“%s” would wait for itself: expected another program", self->name);

  if (problems->len > 0)
    {
      const TroupeProblem *first = g_ptr_array_index (problems, 0);

      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION, "%s: %s", first->key, first->message);
      g_clear_pointer (&self, troupe_program_definition_unref);
    }
  if (out_problems != NULL)
    *out_problems = problems;
  else
    g_ptr_array_unref (problems);
  return self;
}

static TroupeProgramDefinition *
new_definition (const char *name, const char *project)
{
  TroupeProgramDefinition *self = g_new0 (TroupeProgramDefinition, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (name);
  self->project = g_strdup (project);
  return self;
}

/* From a variant */

/* VALUE as text; NULL when it is of no type that a definition has. */
static GStrv
dup_items (GVariant *value, gboolean *is_list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  *is_list = FALSE;
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_STRING:
      g_strv_builder_add (builder, g_variant_get_string (value, NULL));
      break;
    case G_VARIANT_CLASS_BOOLEAN:
      g_strv_builder_add (builder, g_variant_get_boolean (value) ? "true" : "false");
      break;
    case G_VARIANT_CLASS_DOUBLE:
      g_strv_builder_add (builder, g_ascii_formatd (number, sizeof number, "%.15g", g_variant_get_double (value)));
      break;
    case G_VARIANT_CLASS_BYTE:
    case G_VARIANT_CLASS_INT16:
    case G_VARIANT_CLASS_UINT16:
    case G_VARIANT_CLASS_INT32:
    case G_VARIANT_CLASS_UINT32:
    case G_VARIANT_CLASS_INT64:
    case G_VARIANT_CLASS_UINT64:
      {
        /* g_variant_print without types gives the bare number, except a byte's, in hexadecimal. */
        g_autofree char *text = g_variant_classify (value) == G_VARIANT_CLASS_BYTE
                                    ? g_strdup_printf ("%u", g_variant_get_byte (value))
                                    : g_variant_print (value, FALSE);

        g_strv_builder_add (builder, text);
        break;
      }
    case G_VARIANT_CLASS_ARRAY:
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        return NULL;
      *is_list = TRUE;
      return g_variant_dup_strv (value, NULL);
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      return NULL;
    }
  return g_strv_builder_end (builder);
}

/* NAME is only checked where one was given. */
static void
take_name (char **place, const char *key, const char *name, GPtrArray *problems)
{
  if (troupe_name_is_valid (name))
    {
      g_free (*place);
      *place = g_strdup (name);
    }
  else
    add_problem (problems, key, "“%.200s” is no name: expected " TROUPE_NAME_EXPECTED, name);
}

static void
add_unknown_key (GPtrArray *problems, const char *key)
{
  const char *similar = troupe_name_find_similar (key, troupe_program_fields_get_keys ());

  if (similar != NULL)
    add_problem (problems, key, "Unknown key: did you mean “%s”?", similar);
  else
    add_problem (problems, key, "Unknown key");
}

TroupeProgramDefinition *
troupe_program_definition_new_from_variant (GVariant *dict, const char *base_dir, GPtrArray **problems,
                                            GError **error)
{
  TroupeProgramDefinition *self = new_definition ("", DEFAULT_PROJECT);
  g_autoptr (GHashTable) values = new_values ();
  GPtrArray *found = new_problems ();
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_return_val_if_fail (g_variant_is_of_type (dict, G_VARIANT_TYPE_VARDICT), NULL);

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      gboolean is_list;
      GStrv items = dup_items (value, &is_list);

      if (items == NULL || (is_list && is_env_key (key)))
        {
          add_problem (found, key, "A value of type “%s” is not possible here: expected %s",
                       g_variant_get_type_string (value),
                       troupe_program_fields_is_list (key) ? "a list of texts" : "a text, a number or a boolean");
          g_strfreev (items);
        }
      else if (g_str_equal (key, "name") && !is_list)
        {
          if (items[0][0] != '\0')
            take_name (&self->name, key, items[0], found);
          g_strfreev (items);
        }
      else if (g_str_equal (key, "project") && !is_list)
        {
          if (items[0][0] != '\0')
            take_name (&self->project, key, items[0], found);
          g_strfreev (items);
        }
      else if (troupe_program_definition_is_key (key))
        add_value (values, key, items, is_list);
      else
        {
          add_unknown_key (found, key);
          g_strfreev (items);
        }
    }
  troupe_program_fields_read (self, values, base_dir, found);
  return finish (self, found, problems, error);
}

static void
add_to_builder (const char *key, GVariant *value, gpointer user_data)
{
  g_variant_builder_add (user_data, "{sv}", key, value);
}

GVariant *
troupe_program_definition_to_variant (TroupeProgramDefinition *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (self->name[0] != '\0')
    g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (self->name));
  if (!g_str_equal (self->project, DEFAULT_PROJECT))
    g_variant_builder_add (&builder, "{sv}", "project", g_variant_new_string (self->project));
  troupe_program_fields_foreach (self, add_to_builder, &builder);
  return g_variant_builder_end (&builder);
}

/* From a key file */

/* GLib says of a bad escape only that there is one. */
static void
add_bad_text (GPtrArray *problems, const char *key, const GError *error)
{
  if (g_error_matches (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING))
    add_problem (problems, key, "The value is not UTF-8: expected UTF-8 text");
  else
    add_problem (problems, key,
                 "A backslash stands before a character that needs none: expected \\s, \\n, \\t, \\r or \\\\ "
                 "(write \\\\ for one backslash)");
}

TroupeProgramDefinition *
troupe_program_definition_new_from_key_file (GKeyFile *key_file, const char *group, const char *base_dir,
                                             GPtrArray **problems, GError **error)
{
  TroupeProgramDefinition *self = new_definition ("", DEFAULT_PROJECT);
  g_autoptr (GHashTable) values = new_values ();
  g_auto (GStrv) keys = g_key_file_get_keys (key_file, group, NULL, NULL);
  GPtrArray *found = new_problems ();
  g_autofree char *name = NULL;

  name = g_str_has_prefix (group, GROUP_PREFIX) ? g_strstrip (g_strdup (group + strlen (GROUP_PREFIX)))
                                                : g_strdup ("");
  take_name (&self->name, "name", name, found);
  for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      gboolean is_list = troupe_program_fields_is_list (keys[i]);
      g_autoptr (GError) local_error = NULL;
      GStrv items = NULL;

      if (!troupe_program_definition_is_key (keys[i]))
        continue;
      if (is_list)
        items = g_key_file_get_string_list (key_file, group, keys[i], NULL, &local_error);
      else
        {
          char *text = g_key_file_get_string (key_file, group, keys[i], &local_error);

          if (text != NULL)
            {
              items = g_new0 (char *, 2);
              items[0] = text;
            }
        }
      /* GLib gives a value besides the error for an escape that it does not know. */
      if (local_error == NULL)
        add_value (values, keys[i], items, is_list);
      else
        {
          add_bad_text (found, keys[i], local_error);
          g_strfreev (items);
        }
    }
  troupe_program_fields_read (self, values, base_dir, found);
  return finish (self, found, problems, error);
}

typedef struct
{
  GKeyFile *key_file;
  const char *group;
  GHashTable *written; /* set of keys */
} KeyFileWriter;

static void
write_key (const char *key, GVariant *value, gpointer user_data)
{
  KeyFileWriter *writer = user_data;
  g_autoptr (GVariant) sunk = g_variant_ref_sink (value);

  if (g_variant_is_of_type (sunk, G_VARIANT_TYPE_STRING_ARRAY))
    {
      gsize length;
      g_autofree const char **items = g_variant_get_strv (sunk, &length);

      g_key_file_set_string_list (writer->key_file, writer->group, key, items, length);
    }
  else if (g_variant_is_of_type (sunk, G_VARIANT_TYPE_INT64))
    g_key_file_set_int64 (writer->key_file, writer->group, key, g_variant_get_int64 (sunk));
  else if (g_variant_is_of_type (sunk, G_VARIANT_TYPE_BOOLEAN))
    g_key_file_set_boolean (writer->key_file, writer->group, key, g_variant_get_boolean (sunk));
  else
    g_key_file_set_string (writer->key_file, writer->group, key, g_variant_get_string (sunk, NULL));
  g_hash_table_add (writer->written, g_strdup (key));
}

void
troupe_program_definition_to_key_file (TroupeProgramDefinition *self, GKeyFile *key_file)
{
  g_autofree char *group = g_strconcat (GROUP_PREFIX, self->name, NULL);
  g_autoptr (GHashTable) written = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  KeyFileWriter writer = { key_file, group, written };
  g_auto (GStrv) keys = NULL;

  g_return_if_fail (self->name[0] != '\0');

  troupe_program_fields_foreach (self, write_key, &writer);
  keys = g_key_file_get_keys (key_file, group, NULL, NULL);
  for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
    if (troupe_program_definition_is_key (keys[i]) && !g_hash_table_contains (written, keys[i]))
      g_key_file_remove_key (key_file, group, keys[i], NULL);
}

/* Copies and comparisons, by what is written */

TroupeProgramDefinition *
troupe_program_definition_new_renamed (TroupeProgramDefinition *self, const char *name)
{
  g_autoptr (GVariant) written = g_variant_ref_sink (troupe_program_definition_to_variant (self));
  TroupeProgramDefinition *copy;

  g_return_val_if_fail (troupe_name_is_valid (name), NULL);

  copy = troupe_program_definition_new_from_variant (written, NULL, NULL, NULL);
  g_assert (copy != NULL);
  g_free (copy->name);
  copy->name = g_strdup (name);
  return copy;
}

TroupeProgramDefinition *
troupe_program_definition_new_with_links (TroupeProgramDefinition *self, GStrv links)
{
  TroupeProgramDefinition *copy = troupe_program_definition_new_renamed (self, self->name);

  g_strfreev (copy->links);
  copy->links = links;
  return copy;
}

TroupeProgramDefinition *
troupe_program_definition_new_with_ports (TroupeProgramDefinition *self, GStrv listen, GStrv map_ports)
{
  TroupeProgramDefinition *copy = troupe_program_definition_new_renamed (self, self->name);

  g_strfreev (copy->listen);
  g_strfreev (copy->map_ports);
  copy->listen = listen;
  copy->map_ports = map_ports;
  return copy;
}

gboolean
troupe_port_map_parse (const char *text, guint *from, guint *to)
{
  g_auto (GStrv) ports = g_strsplit (text, ":", 2);
  guint64 one, other;

  if (ports[0] == NULL || ports[1] == NULL || !g_ascii_string_to_unsigned (ports[0], 10, 1, 65535, &one, NULL)
      || !g_ascii_string_to_unsigned (ports[1], 10, 0, 65535, &other, NULL))
    return FALSE;
  *from = (guint) one;
  *to = (guint) other;
  return TRUE;
}

TroupeProgramDefinition *
troupe_program_definition_new_scaled (TroupeProgramDefinition *self, guint instances)
{
  TroupeProgramDefinition *copy = troupe_program_definition_new_renamed (self, self->name);

  g_return_val_if_fail (instances >= 1 && instances <= TROUPE_INSTANCES_MAX, copy);

  copy->instances = instances;
  copy->instances_auto = FALSE;
  return copy;
}

gboolean
troupe_program_definition_equal (TroupeProgramDefinition *a, TroupeProgramDefinition *b)
{
  g_autoptr (GVariant) a_written = g_variant_ref_sink (troupe_program_definition_to_variant (a));
  g_autoptr (GVariant) b_written = g_variant_ref_sink (troupe_program_definition_to_variant (b));

  return g_variant_equal (a_written, b_written);
}

char *
troupe_program_definition_dup_made_name (TroupeProgramDefinition *self)
{
  return troupe_name_dup_from_argv ((const char *const *) self->argv, troupe_kind_has_channel (self->kind));
}

/* TRUE when a shell takes TEXT as one word of exactly these characters. */
static gboolean
is_plain_word (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_-./:=@%+,", *p) == NULL)
      return FALSE;
  return text[0] != '\0';
}

char *
troupe_program_definition_dup_command_line (TroupeProgramDefinition *self)
{
  g_autoptr (GString) line = NULL;

  if (self->command != NULL)
    return g_strdup (self->command);
  line = g_string_new (NULL);
  for (gsize i = 0; self->argv[i] != NULL; i++)
    {
      g_autofree char *quoted = is_plain_word (self->argv[i]) ? NULL : g_shell_quote (self->argv[i]);

      if (i > 0)
        g_string_append_c (line, ' ');
      g_string_append (line, quoted != NULL ? quoted : self->argv[i]);
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}
