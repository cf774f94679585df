/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Orders are read by json-glib, but for the worker data: those are handed to the module as they
 * were written. A parser would round large numbers, and refuse strings that JSON allows. */

#include "config.h"

#include "threads/native/native-order.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <string.h>

static gboolean G_GNUC_PRINTF (2, 3)
fail (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, message);
  return FALSE;
}

/* --- The worker data as they stand in the line ------------------------------ */

static const char *
skip_space (const char *p)
{
  return p + strspn (p, " \t\r\n");
}

/* Behind the string that begins at P, in a valid text. */
static const char *
skip_string (const char *p)
{
  for (p++; *p != '"'; p++)
    if (*p == '\\')
      p++;
  return p + 1;
}

static const char *
skip_value (const char *p)
{
  guint depth = 0;

  do
    {
      if (*p == '"')
        {
          p = skip_string (p);
          continue;
        }
      if (*p == '{' || *p == '[')
        depth++;
      else if (*p == '}' || *p == ']')
        depth--;
      else if (depth == 0)
        return p + strcspn (p, ",}] \t\r\n");
      p++;
    }
  while (depth > 0);
  return p;
}

/* In the object at P, a valid one. Of equal names the last one counts. */
static const char *
find_member (const char *p, const char *quoted_name)
{
  const char *found = NULL;

  for (p = skip_space (p + 1); *p != '}'; p = skip_space (p + (*p == ',')))
    {
      const char *end = skip_string (p);
      const char *value = skip_space (skip_space (end) + 1);

      if ((gsize) (end - p) == strlen (quoted_name) && memcmp (p, quoted_name, end - p) == 0)
        found = value;
      p = skip_space (skip_value (value));
    }
  return found;
}

/* Cuts the worker data out of LINE, if it is a "create", and puts null there. Returns: (transfer full) (nullable) */
static char *
cut_worker_data (GString *line)
{
  const char *p = skip_space (line->str), *end;
  g_autofree char *data = NULL;

  if (*p != '[')
    return NULL;
  p = skip_space (p + 1);
  if (!g_str_has_prefix (p, "\"create\""))
    return NULL;
  for (guint i = 0; i < 2; i++)
    {
      p = skip_space (skip_value (p));
      if (*p != ',')
        return NULL;
      p = skip_space (p + 1);
    }
  if (*p != '{' || (p = find_member (p, "\"worker_data\"")) == NULL)
    return NULL;
  end = skip_value (p);
  data = g_strndup (p, end - p);
  g_string_overwrite_len (line, p - line->str, "null", MIN (4, end - p));
  if (end - p > 4)
    g_string_erase (line, p + 4 - line->str, end - p - 4);
  else if (end - p < 4)
    g_string_insert (line, end - line->str, &"null"[end - p]);
  return g_steal_pointer (&data);
}

/* --- Options ---------------------------------------------------------------- */

void
native_create_options_free (NativeCreateOptions *options)
{
  if (options == NULL)
    return;
  g_free (options->file);
  g_free (options->name);
  g_strfreev (options->argv);
  g_strfreev (options->envp);
  g_free (options->worker_data);
  g_ptr_array_unref (options->unheeded);
  g_free (options);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NativeCreateOptions, native_create_options_free)

static gboolean
is_string (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

static char *
dup_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return is_string (node) ? json_node_dup_string (node) : NULL;
}

static char **
dup_strings (JsonObject *object, const char *name, GError **error)
{
  g_autoptr (GStrvBuilder) strings = g_strv_builder_new ();
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (array == NULL && node != NULL && !JSON_NODE_HOLDS_NULL (node))
    {
      fail (error, "“%s” is not a list of texts", name);
      return NULL;
    }
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (!is_string (element))
        {
          fail (error, "“%s” is not a list of texts", name);
          return NULL;
        }
      g_strv_builder_add (strings, json_node_get_string (element));
    }
  return g_strv_builder_end (strings);
}

static gboolean
read_env (NativeCreateOptions *options, JsonNode *node, GError **error)
{
  g_autoptr (GStrvBuilder) envp = g_strv_builder_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (error, "“env” is not an object");
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &value))
    {
      g_autofree char *line = NULL;

      if (!is_string (value))
        return fail (error, "the environment variable %s is not a text", name);
      line = g_strdup_printf ("%s=%s", name, json_node_get_string (value));
      g_strv_builder_add (envp, line);
    }
  options->envp = g_strv_builder_end (envp);
  return TRUE;
}

static gboolean
read_limits (NativeCreateOptions *options, JsonNode *node, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (error, "“resource_limits” is not an object");
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &value))
    {
      gboolean is_number = JSON_NODE_HOLDS_VALUE (value)
                           && (json_node_get_value_type (value) == G_TYPE_INT64
                               || json_node_get_value_type (value) == G_TYPE_DOUBLE);
      double bytes;

      if (!g_str_equal (name, "stackSizeMb"))
        {
          g_ptr_array_add (options->unheeded,
                           g_strdup_printf ("The resource limit %s has no meaning for a native thread", name));
          continue;
        }
      bytes = is_number ? json_node_get_double (value) * 1024 * 1024 : -1;
      if (!(bytes > 0 && bytes <= (double) NATIVE_STACK_BYTES_MAX))
        return fail (error, "the resource limit stackSizeMb is not a size of at most %d MiB",
                     (int) (NATIVE_STACK_BYTES_MAX / 1024 / 1024));
      options->stack_bytes = MAX ((gsize) bytes, NATIVE_STACK_BYTES_MIN);
    }
  return TRUE;
}

/* Takes WORKER_DATA. */
static NativeCreateOptions *
read_options (JsonObject *object, char *worker_data, GError **error)
{
  g_autoptr (NativeCreateOptions) options = g_new0 (NativeCreateOptions, 1);
  g_auto (GStrv) exec_argv = NULL;

  options->unheeded = g_ptr_array_new_with_free_func (g_free);
  options->worker_data = worker_data != NULL ? worker_data : g_strdup ("null");
  options->file = dup_string (object, "file");
  options->name = dup_string (object, "name");
  if (options->file == NULL || !g_path_is_absolute (options->file))
    {
      fail (error, "“file” is not an absolute path");
      return NULL;
    }
  if (options->name == NULL)
    options->name = g_path_get_basename (options->file);
  options->argv = dup_strings (object, "argv", error);
  if (options->argv == NULL)
    return NULL;
  exec_argv = dup_strings (object, "exec_argv", error);
  if (exec_argv == NULL || !read_env (options, json_object_get_member (object, "env"), error)
      || !read_limits (options, json_object_get_member (object, "resource_limits"), error))
    return NULL;
  if (exec_argv[0] != NULL)
    g_ptr_array_add (options->unheeded, g_strdup_printf ("exec-argv (%s …) has no meaning for a native thread",
                                                         exec_argv[0]));
  return g_steal_pointer (&options);
}

/* --- Orders ----------------------------------------------------------------- */

/* FORM: of the elements behind the name. i: a positive ID; n: a number from 0 on; c: an exit code; s: a text;
 * o: options. */
static const struct
{
  const char *name;
  NativeOrderKind kind;
  const char *form;
} forms[] = {
  { "shared", NATIVE_ORDER_SHARED, "n" },   { "stdio", NATIVE_ORDER_STDIO, "in" },
  { "create", NATIVE_ORDER_CREATE, "io" },  { "stop", NATIVE_ORDER_STOP, "i" },
  { "terminate", NATIVE_ORDER_STOP, "i" },  { "link", NATIVE_ORDER_LINK, "iiss" },
  { "unlink", NATIVE_ORDER_UNLINK, "ii" },  { "stat", NATIVE_ORDER_STAT, "n" },
  { "peek", NATIVE_ORDER_PEEK, "nnn" },     { "list", NATIVE_ORDER_LIST, "" },
  { "exit", NATIVE_ORDER_EXIT, "c" },
};

static gboolean
read_number (JsonNode *node, char form, guint64 *number)
{
  gint64 value;

  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  value = json_node_get_int (node);
  *number = (guint64) value;
  if (form == 'i')
    return value > 0 && value <= G_MAXINT;
  return value >= 0 && (form != 'c' || value <= 255);
}

static gboolean
read_elements (NativeOrder *order, const char *form, JsonArray *array, char **worker_data, GError **error)
{
  guint n_numbers = 0, n_names = 0;

  if (json_array_get_length (array) != strlen (form) + 1)
    return fail (error, "it has %u elements, not %u", json_array_get_length (array), (guint) strlen (form) + 1);
  for (guint i = 0; form[i] != '\0'; i++)
    {
      JsonNode *node = json_array_get_element (array, i + 1);

      if (form[i] == 's')
        {
          if (!is_string (node))
            return fail (error, "element %u is not a text", i + 2);
          order->names[n_names++] = json_node_dup_string (node);
        }
      else if (form[i] == 'o')
        {
          if (!JSON_NODE_HOLDS_OBJECT (node))
            return fail (error, "element %u is not an object", i + 2);
          order->options = read_options (json_node_get_object (node), g_steal_pointer (worker_data), error);
          if (order->options == NULL)
            return FALSE;
        }
      else if (!read_number (node, form[i], &order->numbers[n_numbers++]))
        return fail (error, "element %u is not a number that makes sense there", i + 2);
    }
  return TRUE;
}

gboolean
native_order_parse (NativeOrder *order, const char *text, gsize length, GError **error)
{
  g_autoptr (GString) line = g_string_new_len (text, (gssize) length);
  g_autofree char *worker_data = cut_worker_data (line);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonNode *root;
  JsonArray *array;

  memset (order, 0, sizeof *order);
  if (!json_parser_load_from_data (parser, line->str, (gssize) line->len, error))
    return FALSE;
  root = json_parser_get_root (parser);
  array = root != NULL && JSON_NODE_HOLDS_ARRAY (root) ? json_node_get_array (root) : NULL;
  if (array == NULL || json_array_get_length (array) == 0 || !is_string (json_array_get_element (array, 0)))
    return fail (error, "it is not an array with a name");
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    if (g_str_equal (json_array_get_string_element (array, 0), forms[i].name))
      {
        order->kind = forms[i].kind;
        if (read_elements (order, forms[i].form, array, &worker_data, error))
          return TRUE;
        /* Who has an ID wants to be told. */
        g_free (order->names[0]);
        g_free (order->names[1]);
        order->names[0] = order->names[1] = NULL;
        return FALSE;
      }
  return fail (error, "there is no such order");
}

void
native_order_clear (NativeOrder *order)
{
  g_clear_pointer (&order->names[0], g_free);
  g_clear_pointer (&order->names[1], g_free);
  g_clear_pointer (&order->options, native_create_options_free);
}

void
native_append_json_string (GString *line, const char *text)
{
  g_autofree char *valid = g_utf8_validate (text, -1, NULL) ? NULL : g_utf8_make_valid (text, -1);

  g_string_append_c (line, '"');
  for (const char *p = valid != NULL ? valid : text; *p != '\0'; p++)
    if (*p == '"' || *p == '\\')
      g_string_append_printf (line, "\\%c", *p);
    else if ((guchar) *p < 0x20)
      g_string_append_printf (line, "\\u%04x", (guint) (guchar) *p);
    else
      g_string_append_c (line, *p);
  g_string_append_c (line, '"');
}
