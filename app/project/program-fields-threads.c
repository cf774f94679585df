/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The keys of worker threads, readers and writers of one key each, as in program-fields.c, which calls
 * them. */

#include "config.h"

#include "project/program-fields-private.h"

#include "ipc/json-text.h"
#include "project/program-name.h"

#include <string.h>

/* As the key says it, and as Node does. */
static const struct
{
  const char *name, *node_name;
} limits[] = {
  { "max-old-generation-size-mb", "maxOldGenerationSizeMb" },
  { "max-young-generation-size-mb", "maxYoungGenerationSizeMb" },
  { "code-range-size-mb", "codeRangeSizeMb" },
  { "stack-size-mb", "stackSizeMb" },
};

#define LIMIT_MAX_MB 1000000.0

/* Worker data */

/* Line and column of byte OFFSET, both from 1. */
static void
find_position (const char *text, gsize offset, guint *line, glong *column)
{
  const char *begin = text;

  *line = 1;
  for (gsize i = 0; i < offset; i++)
    if (text[i] == '\n')
      {
        (*line)++;
        begin = text + i + 1;
      }
  *column = g_utf8_strlen (begin, (gssize) (text + offset - begin)) + 1;
}

void
troupe_field_read_worker_data (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  const char *text = value->items[0], *problem;
  gsize offset;
  glong column;
  guint line;

  if (troupe_json_text_is_valid (text, strlen (text), &offset, &problem))
    {
      g_free (reader->self->worker_data);
      reader->self->worker_data = g_strdup (text);
      return;
    }
  find_position (text, offset, &line, &column);
  troupe_field_add_problem (reader, field->key, "No JSON: line %u, column %ld: %s", line, column, problem);
}

GVariant *
troupe_field_write_worker_data (const TroupeProgramDefinition *self, const TroupeField *field,
                                const TroupeProgramDefinition *defaults)
{
  return self->worker_data != NULL ? g_variant_new_string (self->worker_data) : NULL;
}

/* Resource limits */

/* NAME=MEGABYTES. The number is written as Node reads it, whatever the locale. */
static gboolean
parse_limit (const char *text, const char **node_name, double *megabytes)
{
  const char *equals = strchr (text, '=');
  gsize length = equals != NULL ? (gsize) (equals - text) : 0;
  char *end;

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    if (strlen (limits[i].name) == length && memcmp (limits[i].name, text, length) == 0)
      {
        *node_name = limits[i].node_name;
        if (!g_ascii_isdigit (equals[1]))
          return FALSE;
        *megabytes = g_ascii_strtod (equals + 1, &end);
        return *end == '\0' && *megabytes > 0 && *megabytes <= LIMIT_MAX_MB;
      }
  return FALSE;
}

void
troupe_field_read_resource_limits (TroupeFieldReader *reader, const TroupeField *field,
                                   const TroupeFieldValue *value)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      const char *node_name = NULL;
      double megabytes;

      if (!parse_limit (value->items[i], &node_name, &megabytes))
        troupe_field_add_bad_value (reader, field->key, value->items[i],
                                    "NAME=MEGABYTES, where the name is max-old-generation-size-mb, "
                                    "max-young-generation-size-mb, code-range-size-mb or stack-size-mb");
      else if (!g_hash_table_add (seen, (gpointer) node_name))
        troupe_field_add_problem (reader, field->key, "“%s” is the second for the same limit: expected each once",
                                  value->items[i]);
    }
  g_strfreev (reader->self->resource_limits);
  reader->self->resource_limits = g_strdupv (value->items);
}

char *
troupe_program_definition_dup_resource_limits (TroupeProgramDefinition *self)
{
  g_autoptr (GString) json = g_string_new ("{");
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  const char *node_name;
  double megabytes;

  if (self->resource_limits[0] == NULL)
    return NULL;
  for (gsize i = 0; self->resource_limits[i] != NULL; i++)
    if (parse_limit (self->resource_limits[i], &node_name, &megabytes))
      g_string_append_printf (json, "%s\"%s\":%s", i > 0 ? "," : "", node_name,
                              g_ascii_formatd (number, sizeof number, "%.15g", megabytes));
  g_string_append_c (json, '}');
  return g_string_free (g_steal_pointer (&json), FALSE);
}

/* Links between two threads */

/* A number of a worker, up to END. */
static gboolean
parse_instance (const char *text, const char *end, guint *instance)
{
  g_autofree char *number = g_strndup (text, (gsize) (end - text));
  guint64 value;

  if (!g_ascii_string_to_unsigned (number, 10, 1, TROUPE_INSTANCES_MAX, &value, NULL))
    return FALSE;
  *instance = (guint) value;
  return TRUE;
}

gboolean
troupe_thread_link_parse (const char *text, guint *a, guint *b)
{
  const char *colon = strchr (text, ':');

  *a = *b = 0;
  if (g_str_equal (text, TROUPE_THREAD_LINK_ALL))
    return TRUE;
  return colon != NULL && parse_instance (text, colon, a) && parse_instance (colon + 1, text + strlen (text), b)
         && *a != *b;
}

/* What keys of threads cannot know alone */

static void
check_is_threads (TroupeFieldReader *reader, GHashTable *values)
{
  static const char *const of_threads[] = { "worker-data", "share-env", "resource-limits", "shared-memory",
                                            "cpu-time-limit" };

  for (gsize i = 0; i < G_N_ELEMENTS (of_threads); i++)
    if (g_hash_table_contains (values, of_threads[i]))
      troupe_field_add_problem (reader, of_threads[i],
                                "Only worker threads have this: expected kind threads beside it");
  for (gsize i = 0; reader->self->links[i] != NULL; i++)
    if (!troupe_name_is_valid (reader->self->links[i]))
      troupe_field_add_problem (reader, "link",
                                "“%s” joins two worker threads: expected kind threads beside it, or names of "
                                "programs of this project",
                                reader->self->links[i]);
}

static gboolean
is_module (const char *name)
{
  static const char *const endings[] = { ".js", ".mjs", ".cjs", ".so" };

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (name, endings[i]))
      return TRUE;
  return FALSE;
}

/* A native thread has a stack of its own and no heap. */
static void
check_native_limits (TroupeFieldReader *reader)
{
  TroupeProgramDefinition *self = reader->self;

  for (gsize i = 0; self->resource_limits[i] != NULL; i++)
    if (!g_str_has_prefix (self->resource_limits[i], "stack-size-mb="))
      troupe_field_add_problem (reader, "resource-limits",
                                "“%s” limits JavaScript: expected a module .js, .mjs or .cjs beside it, or of native "
                                "threads stack-size-mb alone",
                                self->resource_limits[i]);
}

static void
check_module (TroupeFieldReader *reader, GHashTable *values)
{
  static const char *const of_node[] = { "exec-path", "exec-argv" };
  TroupeProgramDefinition *self = reader->self;
  const char *command_key = g_hash_table_contains (values, "command") ? "command" : "argv";

  if (self->argv == NULL)
    return;
  if (troupe_program_definition_is_native_module (self))
    {
      for (gsize i = 0; i < G_N_ELEMENTS (of_node); i++)
        if (g_hash_table_contains (values, of_node[i]))
          troupe_field_add_problem (reader, of_node[i],
                                    "Only threads of Node have this: expected a module .js, .mjs or .cjs beside it");
      check_native_limits (reader);
    }
  else if (!is_module (self->argv[0]) && self->exec_path == NULL)
    {
      g_autofree char *shown = troupe_field_dup_shown (self->argv[0]);

      if (self->argv[1] != NULL && is_module (self->argv[1]))
        troupe_field_add_problem (reader, command_key,
                                  "Threads run in a process that is started for them: leave out “%s”, expected the "
                                  "module alone (exec-path= says what runs it)",
                                  shown);
      else
        troupe_field_add_problem (reader, command_key,
                                  "“%s” is no module that runs as a thread: expected a file .js, .mjs or .cjs for "
                                  "Node, or .so for the native host",
                                  shown);
    }
}

static void
check_links (TroupeFieldReader *reader)
{
  TroupeProgramDefinition *self = reader->self;
  guint pairs = 0;

  for (gsize i = 0; self->links[i] != NULL; i++)
    {
      guint a, b;

      if (!troupe_thread_link_parse (self->links[i], &a, &b))
        continue;
      pairs += a == 0 ? self->instances * (self->instances - 1) / 2 : 1;
    }
  if (pairs > TROUPE_THREAD_LINKS_MAX)
    troupe_field_add_problem (reader, "link", "%u channels between threads are too many: expected at most %d", pairs,
                              TROUPE_THREAD_LINKS_MAX);
}

void
troupe_field_check_threads (TroupeFieldReader *reader, GHashTable *values)
{
  static const char *const of_processes[] = { "argv0", "stop-signal", "kill-signal", "max-buffer" };
  TroupeProgramDefinition *self = reader->self;

  if (self->kind != TROUPE_KIND_THREADS)
    {
      check_is_threads (reader, values);
      return;
    }
  check_module (reader, values);
  for (gsize i = 0; i < G_N_ELEMENTS (of_processes); i++)
    if (g_hash_table_contains (values, of_processes[i]))
      troupe_field_add_problem (reader, of_processes[i],
                                "Only processes have this, not threads: expected another kind beside it");
  if (self->instances > TROUPE_THREAD_INSTANCES_MAX)
    troupe_field_add_problem (reader, "instances", "%u threads in one process are too many: expected at most %d",
                              self->instances, TROUPE_THREAD_INSTANCES_MAX);
  check_links (reader);
}
