/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The table of keys, and below it nothing but readers and writers of one key each. A reader
 * gets text and either stores a value or adds a problem; a writer gives the value in the
 * shortest form that reads back equal, or NULL when it is the default. */

#include "config.h"

#include "project/program-fields-private.h"

#include "project/program-name.h"
#include "project/units.h"

#include <signal.h>
#include <string.h>

#define SHELL "/bin/sh"

#define DURATION_MAX_MSEC (G_GUINT64_CONSTANT (30) * 24 * 3600 * 1000)
#define SIZE_MAX_BYTES (G_GUINT64_CONSTANT (1) << 50)
#define JOURNAL_LIMIT_MIN (64 * 1024)
/* Of sockaddr_un, its final NUL included. */
#define UNIX_PATH_MAX 108

#define DEFAULT_RESTART_DELAY_MSEC 500
#define DEFAULT_RESTART_DELAY_MAX_MSEC 30000
#define DEFAULT_RESTART_LIMIT 10
#define DEFAULT_STABLE_MSEC 10000
#define DEFAULT_READY_TIMEOUT_MSEC 60000
#define DEFAULT_JOURNAL_RUNS 20

TroupeFieldValue *
troupe_field_value_new_take (GStrv items, gboolean is_list)
{
  TroupeFieldValue *value = g_new (TroupeFieldValue, 1);

  value->items = items;
  value->is_list = is_list;
  return value;
}

void
troupe_field_value_free (TroupeFieldValue *value)
{
  g_strfreev (value->items);
  g_free (value);
}

void
troupe_field_add_problem (TroupeFieldReader *reader, const char *key, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (reader->problems, troupe_problem_new (key, message));
}

char *
troupe_field_dup_shown (const char *text)
{
  if (g_utf8_strlen (text, -1) <= 80)
    return g_strdup (text);
  {
    g_autofree char *start = g_utf8_substring (text, 0, 77);

    return g_strconcat (start, "…", NULL);
  }
}

void
troupe_field_add_bad_value (TroupeFieldReader *reader, const char *key, const char *text, const char *expected)
{
  g_autofree char *shown = troupe_field_dup_shown (text);

  troupe_field_add_problem (reader, key, "“%s” is not possible here: expected %s", shown, expected);
}

/* Availability */

/* The words below are in the vocabulary, but what they name is not built yet. */
static void
check_available (TroupeFieldReader *reader, const char *key, const char *word)
{
  static const char *const later[] = { "terminal", "file", NULL };

  if (g_strv_contains (later, word))
    troupe_field_add_problem (reader, key, "“%s” is not available yet: expected pipe", word);
}

/* Plain types */

static guint64
get_unsigned (const TroupeProgramDefinition *self, const TroupeField *field)
{
  const void *place = (const char *) self + field->offset;

  return field->size == sizeof (guint64) ? *(const guint64 *) place : *(const guint *) place;
}

static void
set_unsigned (TroupeProgramDefinition *self, const TroupeField *field, guint64 value)
{
  void *place = (char *) self + field->offset;

  if (field->size == sizeof (guint64))
    *(guint64 *) place = value;
  else
    *(guint *) place = (guint) value;
}

static int *
int_place (const TroupeProgramDefinition *self, const TroupeField *field)
{
  return (int *) ((char *) self + field->offset);
}

static void
read_duration (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  guint64 msec;

  if (!troupe_units_parse_duration (value->items[0], &msec) || msec > field->max)
    troupe_field_add_bad_value (reader, field->key, value->items[0],
                                "a duration of at most 30 days, like 2s, 500ms or 1m");
  else
    set_unsigned (reader->self, field, msec);
}

static GVariant *
write_duration (const TroupeProgramDefinition *self, const TroupeField *field,
                const TroupeProgramDefinition *defaults)
{
  guint64 msec = get_unsigned (self, field);

  return msec == get_unsigned (defaults, field) ? NULL
                                                : g_variant_new_take_string (troupe_units_dup_duration (msec));
}

static void
read_size (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  guint64 bytes;

  if (!troupe_units_parse_size (value->items[0], &bytes) || bytes < field->min || bytes > field->max)
    troupe_field_add_bad_value (reader, field->key, value->items[0],
                   field->min > 0 ? "a size of 64K or more, like 10M or 1G" : "a size, like 64K, 10M or 1G");
  else
    set_unsigned (reader->self, field, bytes);
}

static GVariant *
write_size (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  guint64 bytes = get_unsigned (self, field);

  return bytes == get_unsigned (defaults, field) ? NULL : g_variant_new_take_string (troupe_units_dup_size (bytes));
}

static void
read_count (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  guint64 count;

  if (!g_ascii_string_to_unsigned (value->items[0], 10, field->min, field->max, &count, NULL))
    {
      g_autofree char *expected = g_strdup_printf ("a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                                   field->min, field->max);

      troupe_field_add_bad_value (reader, field->key, value->items[0], expected);
    }
  else
    set_unsigned (reader->self, field, count);
}

static GVariant *
write_count (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  guint64 count = get_unsigned (self, field);

  return count == get_unsigned (defaults, field) ? NULL : g_variant_new_int64 ((gint64) count);
}

static void
read_signal (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  int number = troupe_signal_from_string (value->items[0]);

  if (number == 0)
    troupe_field_add_bad_value (reader, field->key, value->items[0], "a signal, like SIGTERM, INT or 15");
  else
    *int_place (reader->self, field) = number;
}

/* A number such as 32, which libc keeps for itself, has no name. */
static char *
dup_signal (int number)
{
  char *name = troupe_signal_dup_name (number);

  return name != NULL ? name : g_strdup_printf ("%d", number);
}

static GVariant *
write_signal (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  int number = *int_place (self, field);

  return number == *int_place (defaults, field) ? NULL : g_variant_new_take_string (dup_signal (number));
}

static void
read_boolean (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  static const char *const no[] = { "false", "no", "off", "0", NULL };

  if (g_strv_contains (yes, value->items[0]))
    *int_place (reader->self, field) = TRUE;
  else if (g_strv_contains (no, value->items[0]))
    *int_place (reader->self, field) = FALSE;
  else
    troupe_field_add_bad_value (reader, field->key, value->items[0], "true or false");
}

static GVariant *
write_boolean (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  gboolean is_set = *int_place (self, field);

  return is_set == *int_place (defaults, field) ? NULL : g_variant_new_boolean (is_set);
}

/* Kind, command, argv */

static void
set_instances_auto (TroupeProgramDefinition *self)
{
  self->instances_auto = TRUE;
  self->instances = MIN (g_get_num_processors (), TROUPE_INSTANCES_MAX);
}

/* What a kind wants otherwise than a spawn. */
static void
set_kind (TroupeProgramDefinition *self, TroupeKind kind)
{
  self->kind = kind;
  switch (kind)
    {
    case TROUPE_KIND_EXEC:
    case TROUPE_KIND_EXEC_FILE:
      self->max_buffer_bytes = TROUPE_DEFAULT_MAX_BUFFER;
      break;
    case TROUPE_KIND_CLUSTER:
      set_instances_auto (self);
      self->restart = TROUPE_RESTART_ALWAYS;
      self->ready = TROUPE_READY_LISTENING;
      break;
    case TROUPE_KIND_SPAWN:
    case TROUPE_KIND_FORK:
    case TROUPE_KIND_THREADS:
      break;
    }
}

static void
read_kind (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  TroupeKind kind;

  if (!troupe_kind_from_string (value->items[0], &kind))
    {
      troupe_field_add_bad_value (reader, field->key, value->items[0], "spawn, exec, exec-file, fork, cluster or threads");
      return;
    }
  set_kind (reader->self, kind);
}

static GVariant *
write_kind (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return self->kind == TROUPE_KIND_SPAWN ? NULL : g_variant_new_string (troupe_kind_to_string (self->kind));
}

static void
read_command (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_free (reader->self->command);
  reader->self->command = g_strdup (value->items[0]);
}

static GVariant *
write_command (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return self->command != NULL ? g_variant_new_string (self->command) : NULL;
}

static void
read_argv (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  if (value->items[0] == NULL || value->items[0][0] == '\0')
    troupe_field_add_problem (reader, field->key, "The first item is empty: expected the program to run");
  else
    reader->self->argv = g_strdupv (value->items);
}

static GVariant *
write_argv (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return self->command == NULL ? g_variant_new_strv ((const char *const *) self->argv, -1) : NULL;
}

static char *
dup_quoted (const char *const *argv)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (gsize i = 0; argv[i] != NULL; i++)
    {
      g_autofree char *quoted = g_shell_quote (argv[i]);

      if (i > 0)
        g_string_append_c (line, ' ');
      g_string_append (line, quoted);
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static void
settle_shell_command (TroupeFieldReader *reader)
{
  TroupeProgramDefinition *self = reader->self;
  const char *argv[] = { SHELL, "-c", NULL, NULL };

  /* The command as a list: what this function itself makes, a line as the only item, or
   * words, which the shell shall take as they are. */
  if (self->command == NULL)
    {
      guint length = g_strv_length (self->argv);

      if (length == 3 && g_str_equal (self->argv[0], SHELL) && g_str_equal (self->argv[1], "-c"))
        self->command = g_strdup (self->argv[2]);
      else
        self->command = length == 1 ? g_strdup (self->argv[0]) : dup_quoted ((const char *const *) self->argv);
    }
  if (strlen (self->command) > TROUPE_DEFINITION_TEXT_MAX)
    troupe_field_add_problem (reader, "argv", "Too long as one line: expected at most %d bytes",
                              TROUPE_DEFINITION_TEXT_MAX);
  argv[2] = self->command;
  g_strfreev (self->argv);
  self->argv = g_strdupv ((char **) argv);
}

static gboolean
is_blank (const char *text)
{
  return text == NULL || text[strspn (text, " \t\r\n")] == '\0';
}

/* Brings command and argv together, once both have been read. */
static void
settle_command (TroupeFieldReader *reader, gboolean argv_given)
{
  TroupeProgramDefinition *self = reader->self;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;

  if (self->command == NULL && self->argv == NULL)
    {
      if (!argv_given)
        troupe_field_add_problem (reader, "command", "Nothing to run: expected a command");
      return;
    }
  if (self->command != NULL && is_blank (self->command))
    {
      troupe_field_add_problem (reader, "command", "The command is empty: expected what to run");
      return;
    }
  if (self->kind == TROUPE_KIND_EXEC)
    {
      if (self->command != NULL && self->argv != NULL &&
          (g_strv_length (self->argv) != 3 || !g_str_equal (self->argv[2], self->command)))
        troupe_field_add_problem (reader, "argv",
                                  "“command” is given too, and says something else: expected one of the two");
      else
        settle_shell_command (reader);
      return;
    }
  if (self->command == NULL)
    return;
  if (!g_shell_parse_argv (self->command, NULL, &words, &error))
    {
      g_autofree char *shown = troupe_field_dup_shown (self->command);

      troupe_field_add_problem (reader, "command", "“%s” cannot be split into words: %s", shown, error->message);
    }
  else if (words[0][0] == '\0')
    troupe_field_add_problem (reader, "command", "The first word is empty: expected the program to run");
  else if (self->argv != NULL && !g_strv_equal ((const char *const *) self->argv, (const char *const *) words))
    troupe_field_add_problem (reader, "argv",
                              "“command” is given too, and says something else: expected one of the two");
  else
    {
      g_strfreev (self->argv);
      self->argv = g_steal_pointer (&words);
    }
}

static void
read_argv0 (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_free (reader->self->argv0);
  reader->self->argv0 = g_strdup (value->items[0]);
}

static GVariant *
write_argv0 (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return self->argv0 != NULL ? g_variant_new_string (self->argv0) : NULL;
}

static void
read_exec_path (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  if (is_blank (value->items[0]))
    {
      troupe_field_add_problem (reader, field->key, "The text is empty: expected the program that runs the module");
      return;
    }
  g_free (reader->self->exec_path);
  reader->self->exec_path = g_strdup (value->items[0]);
}

static GVariant *
write_exec_path (const TroupeProgramDefinition *self, const TroupeField *field,
                 const TroupeProgramDefinition *defaults)
{
  return self->exec_path != NULL ? g_variant_new_string (self->exec_path) : NULL;
}

/* In a file a single line of words, split as the command is. */
static void
read_exec_argv (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;

  if (value->is_list || strchr (value->items[0], ' ') == NULL)
    words = g_strdupv (value->items);
  else if (!g_shell_parse_argv (value->items[0], NULL, &words, &error))
    {
      troupe_field_add_problem (reader, field->key, "“%s” cannot be split into words: %s", value->items[0],
                                error->message);
      return;
    }
  g_strfreev (reader->self->exec_argv);
  reader->self->exec_argv = g_steal_pointer (&words);
}

static void
read_links (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      guint a, b;

      if (troupe_name_is_valid (value->items[i]) || troupe_thread_link_parse (value->items[i], &a, &b))
        continue;
      troupe_field_add_bad_value (reader, field->key, value->items[i],
                                  "the names of programs of this project, or for threads 1:2, 2:3, … or *");
      return;
    }
  g_strfreev (reader->self->links);
  reader->self->links = g_strdupv (value->items);
}

/* Folder and environment */

/* NULL when TEXT is relative and there is nothing it could be relative to. */
static char *
dup_resolved (TroupeFieldReader *reader, const char *text)
{
  if (text[0] == '~' && (text[1] == '/' || text[1] == '\0'))
    return g_canonicalize_filename (text[1] == '\0' ? "." : text + 2, g_get_home_dir ());
  if (text[0] != '/' && reader->base_dir == NULL)
    return NULL;
  return g_canonicalize_filename (text, reader->base_dir);
}

static void
read_cwd (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  char *resolved;

  /* An empty text is the same as no text: relative to nothing but the base. */
  if (value->items[0][0] == '\0')
    return;
  resolved = dup_resolved (reader, value->items[0]);
  if (resolved == NULL)
    {
      troupe_field_add_bad_value (reader, field->key, value->items[0], "an absolute folder");
      return;
    }
  g_free (reader->self->cwd);
  reader->self->cwd = resolved;
}

static GVariant *
write_cwd (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return self->cwd != NULL ? g_variant_new_string (self->cwd) : NULL;
}

static void
read_env (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      if (value->items[i][0] == '\0' || value->items[i][0] == '=')
        troupe_field_add_bad_value (reader, field->key, value->items[i], "KEY=VALUE, or KEY alone to unset it");
      else
        g_strv_builder_add (builder, value->items[i]);
    }
  g_strfreev (reader->self->env);
  reader->self->env = g_strv_builder_end (builder);
}

GVariant *
troupe_field_write_strv (const TroupeProgramDefinition *self, const TroupeField *field,
                         const TroupeProgramDefinition *defaults)
{
  GStrv items = *(GStrv *) ((char *) self + field->offset);

  return items[0] != NULL ? g_variant_new_strv ((const char *const *) items, -1) : NULL;
}

static void
read_env_files (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      g_autofree char *resolved = value->items[i][0] != '\0' ? dup_resolved (reader, value->items[i]) : NULL;

      if (resolved == NULL)
        troupe_field_add_bad_value (reader, field->key, value->items[i],
                       reader->base_dir != NULL ? "a file" : "the absolute path of a file");
      else
        g_strv_builder_add (builder, resolved);
    }
  g_strfreev (reader->self->env_files);
  reader->self->env_files = g_strv_builder_end (builder);
}

/* Instances, restart, success */

static void
read_instances (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  guint64 count;

  if (g_str_equal (value->items[0], "auto"))
    set_instances_auto (reader->self);
  else if (g_ascii_string_to_unsigned (value->items[0], 10, 1, TROUPE_INSTANCES_MAX, &count, NULL))
    {
      reader->self->instances_auto = FALSE;
      reader->self->instances = (guint) count;
    }
  else
    troupe_field_add_bad_value (reader, field->key, value->items[0],
                   "a number from 1 to " G_STRINGIFY (TROUPE_INSTANCES_MAX) ", or auto");
}

static GVariant *
write_instances (const TroupeProgramDefinition *self, const TroupeField *field,
                 const TroupeProgramDefinition *defaults)
{
  if (self->instances_auto == defaults->instances_auto
      && (self->instances_auto || self->instances == defaults->instances))
    return NULL;
  return self->instances_auto ? g_variant_new_string ("auto") : g_variant_new_int64 (self->instances);
}

static void
read_restart (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  if (!troupe_restart_from_string (value->items[0], &reader->self->restart))
    troupe_field_add_bad_value (reader, field->key, value->items[0], "no, on-failure or always");
}

static GVariant *
write_restart (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return self->restart == defaults->restart ? NULL : g_variant_new_string (troupe_restart_to_string (self->restart));
}

/* An exit code as a number, a signal by its name. */
static void
read_success (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      const char *text = value->items[i];
      g_autofree char *word = NULL;
      guint64 code;

      if (g_ascii_string_to_unsigned (text, 10, 0, 255, &code, NULL))
        word = g_strdup_printf ("%" G_GUINT64_FORMAT, code);
      else if (!g_ascii_isdigit (text[0]) && troupe_signal_from_string (text) != 0)
        word = troupe_signal_dup_name (troupe_signal_from_string (text));
      if (word == NULL)
        troupe_field_add_bad_value (reader, field->key, text, "exit codes from 0 to 255, or signals such as SIGTERM");
      else
        g_strv_builder_add (builder, word);
    }
  g_strfreev (reader->self->success);
  reader->self->success = g_strv_builder_end (builder);
}

/* After */

static const char *const after_conditions[] = {
  [TROUPE_AFTER_STARTED] = "started",
  [TROUPE_AFTER_READY] = "ready",
  [TROUPE_AFTER_EXITED_SUCCESSFULLY] = "exited-successfully",
};

static gboolean
parse_after (const char *text, TroupeAfter *after)
{
  const char *colon = strchr (text, ':');
  g_autofree char *program = colon != NULL ? g_strndup (text, (gsize) (colon - text)) : g_strdup (text);

  g_strstrip (program);
  if (!troupe_name_is_valid (program))
    return FALSE;
  after->condition = TROUPE_AFTER_STARTED;
  if (colon != NULL)
    {
      gsize i = 0;

      while (i < G_N_ELEMENTS (after_conditions) && !g_str_equal (after_conditions[i], colon + 1))
        i++;
      if (i == G_N_ELEMENTS (after_conditions))
        return FALSE;
      after->condition = (TroupeAfterCondition) i;
    }
  after->program = g_steal_pointer (&program);
  return TRUE;
}

static void
read_after (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      TroupeAfter after;

      if (parse_after (value->items[i], &after))
        g_array_append_val (reader->self->after, after);
      else
        troupe_field_add_bad_value (reader, field->key, value->items[i],
                       "PROGRAM, or PROGRAM:CONDITION where the condition is started, ready or exited-successfully");
    }
}

static GVariant *
write_after (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  GVariantBuilder builder;

  if (self->after->len == 0)
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < self->after->len; i++)
    {
      const TroupeAfter *after = &g_array_index (self->after, TroupeAfter, i);
      g_autofree char *text = g_strconcat (after->program, ":", after_conditions[after->condition], NULL);

      g_variant_builder_add (&builder, "s", text);
    }
  return g_variant_builder_end (&builder);
}

/* Ready */

static const char *const ready_words[] = {
  [TROUPE_READY_NONE] = "none", [TROUPE_READY_TIME] = "time", [TROUPE_READY_LINE] = "line",
  [TROUPE_READY_TCP] = "tcp",   [TROUPE_READY_HTTP] = "http", [TROUPE_READY_COMMAND] = "command",
  [TROUPE_READY_MESSAGE] = "message", [TROUPE_READY_LISTENING] = "listening",
};

static char *
take_time (const char *text)
{
  guint64 msec;
  char seconds[G_ASCII_DTOSTR_BUF_SIZE];

  if (!troupe_units_parse_duration (text, &msec) || msec > DURATION_MAX_MSEC)
    return NULL;
  return g_strdup (g_ascii_formatd (seconds, sizeof seconds, "%.15g", (double) msec / 1000));
}

static char *
take_tcp (const char *text)
{
  const char *colon = strrchr (text, ':');
  const char *port = colon != NULL ? colon + 1 : text;

  if (colon == text || !g_ascii_string_to_unsigned (port, 10, 1, 65535, NULL, NULL))
    return NULL;
  return g_strdup (text);
}

/* Takes what follows "http:": "//HOST…", or a whole URL, or one without its scheme. */
static char *
take_http (const char *text)
{
  g_autofree char *url = NULL;
  g_autoptr (GUri) uri = NULL;

  if (g_str_has_prefix (text, "//"))
    url = g_strconcat ("http:", text, NULL);
  else if (strstr (text, "://") != NULL)
    url = g_strdup (text);
  else
    url = g_strconcat ("http://", text, NULL);
  uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  if (uri == NULL || g_strcmp0 (g_uri_get_scheme (uri), "http") != 0 || g_uri_get_host (uri) == NULL ||
      g_uri_get_host (uri)[0] == '\0')
    return NULL;
  return g_steal_pointer (&url);
}

static char *
take_ready_value (TroupeReadyKind kind, const char *text)
{
  switch (kind)
    {
    case TROUPE_READY_NONE:
    case TROUPE_READY_MESSAGE:
    case TROUPE_READY_LISTENING:
      return NULL;
    case TROUPE_READY_TIME:
      return take_time (text);
    case TROUPE_READY_LINE:
      {
        g_autoptr (GRegex) regex = text[0] != '\0' ? g_regex_new (text, G_REGEX_DEFAULT, 0, NULL) : NULL;

        return regex != NULL ? g_strdup (text) : NULL;
      }
    case TROUPE_READY_TCP:
      return take_tcp (text);
    case TROUPE_READY_HTTP:
      return take_http (text);
    case TROUPE_READY_COMMAND:
      return is_blank (text) ? NULL : g_strdup (text);
    }
  g_return_val_if_reached (NULL);
}

static void
read_ready (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  const char *text = value->items[0];
  const char *colon = strchr (text, ':');
  gsize word_length = colon != NULL ? (gsize) (colon - text) : strlen (text);

  static const TroupeReadyKind plain[] = { TROUPE_READY_NONE, TROUPE_READY_MESSAGE, TROUPE_READY_LISTENING };

  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    if (g_str_equal (text, ready_words[plain[i]]))
      {
        reader->self->ready = plain[i];
        return;
      }
  for (gsize i = TROUPE_READY_TIME; i < G_N_ELEMENTS (ready_words); i++)
    if (colon != NULL && strlen (ready_words[i]) == word_length && memcmp (text, ready_words[i], word_length) == 0)
      {
        char *ready_value = take_ready_value ((TroupeReadyKind) i, colon + 1);

        if (ready_value == NULL)
          break;
        g_free (reader->self->ready_value);
        reader->self->ready_value = ready_value;
        reader->self->ready = (TroupeReadyKind) i;
        return;
      }
  troupe_field_add_bad_value (reader, field->key, text,
                 "none, time:DURATION, line:REGEX, tcp:PORT, tcp:HOST:PORT, http://URL, command:LINE, message or "
                 "listening");
}

static GVariant *
write_ready (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  switch (self->ready)
    {
    case TROUPE_READY_NONE:
    case TROUPE_READY_MESSAGE:
    case TROUPE_READY_LISTENING:
      return self->ready != defaults->ready ? g_variant_new_string (ready_words[self->ready]) : NULL;
    case TROUPE_READY_HTTP:
      return g_variant_new_string (self->ready_value);
    case TROUPE_READY_TIME:
    case TROUPE_READY_LINE:
    case TROUPE_READY_TCP:
    case TROUPE_READY_COMMAND:
      return g_variant_new_printf ("%s:%s", ready_words[self->ready], self->ready_value);
    }
  g_return_val_if_reached (NULL);
}

/* Listen, schedule */

static gboolean
is_listen_port (const char *text)
{
  return g_ascii_string_to_unsigned (text, 10, 0, 65535, NULL, NULL);
}

/* tcp:PORT, tcp:ADDRESS:PORT, tcp:[V6ADDRESS]:PORT, udp: likewise; the address is numeric, or localhost. */
static gboolean
is_listen_inet (const char *text)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *host = NULL;

  if (colon == NULL)
    return is_listen_port (text);
  if (!is_listen_port (colon + 1))
    return FALSE;
  host = g_strndup (text, (gsize) (colon - text));
  if (host[0] == '[' && g_str_has_suffix (host, "]"))
    {
      host[strlen (host) - 1] = '\0';
      return strchr (host + 1, ':') != NULL && g_hostname_is_ip_address (host + 1);
    }
  return g_str_equal (host, "localhost") || (strchr (host, ':') == NULL && g_hostname_is_ip_address (host));
}

/* A unix socket's relative path becomes absolute. NULL when TEXT is no address. */
static char *
dup_listen (TroupeFieldReader *reader, const char *text)
{
  if (g_str_has_prefix (text, "tcp:") || g_str_has_prefix (text, "udp:"))
    return is_listen_inet (text + 4) ? g_strdup (text) : NULL;
  if (g_str_has_prefix (text, "unix:@"))
    return text[6] != '\0' && strlen (text + 5) < UNIX_PATH_MAX ? g_strdup (text) : NULL;
  if (g_str_has_prefix (text, "unix:") && text[5] != '\0')
    {
      g_autofree char *path = dup_resolved (reader, text + 5);

      return path != NULL && strlen (path) < UNIX_PATH_MAX ? g_strconcat ("unix:", path, NULL) : NULL;
    }
  return NULL;
}

static void
read_listen (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      char *address = dup_listen (reader, value->items[i]);

      if (address == NULL)
        troupe_field_add_bad_value (reader, field->key, value->items[i],
                       "tcp:PORT, tcp:ADDRESS:PORT, tcp:[V6ADDRESS]:PORT, udp: likewise, or unix:PATH");
      else if (g_ptr_array_find_with_equal_func (addresses, address, g_str_equal, NULL))
        {
          troupe_field_add_problem (reader, field->key, "“%s” is there twice: expected different addresses", address);
          g_free (address);
        }
      else
        g_ptr_array_add (addresses, address);
    }
  if (addresses->len > TROUPE_LISTEN_MAX)
    troupe_field_add_problem (reader, field->key, "%u addresses are too many: expected at most %d", addresses->len,
                 TROUPE_LISTEN_MAX);
  g_ptr_array_add (addresses, NULL);
  g_strfreev (reader->self->listen);
  reader->self->listen = (GStrv) g_ptr_array_free (g_steal_pointer (&addresses), FALSE);
}

static void
read_map_ports (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (gsize i = 0; value->items[i] != NULL; i++)
    {
      guint from, to;

      if (!troupe_port_map_parse (value->items[i], &from, &to))
        {
          troupe_field_add_bad_value (reader, field->key, value->items[i], "PORT:PORT, the one asked for and the one to give");
          return;
        }
      if (!g_hash_table_add (seen, GUINT_TO_POINTER (from)))
        {
          troupe_field_add_problem (reader, field->key, "Port %u is there twice: expected one port for it", from);
          return;
        }
    }
  if (g_strv_length (value->items) > TROUPE_LISTEN_MAX)
    troupe_field_add_problem (reader, field->key, "%u ports are too many: expected at most %d", g_strv_length (value->items),
                 TROUPE_LISTEN_MAX);
  g_strfreev (reader->self->map_ports);
  reader->self->map_ports = g_strdupv (value->items);
}

static void
read_schedule (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  if (g_str_equal (value->items[0], "shared"))
    reader->self->schedule_shared = TRUE;
  else if (g_str_equal (value->items[0], "round-robin"))
    reader->self->schedule_shared = FALSE;
  else
    troupe_field_add_bad_value (reader, field->key, value->items[0], "round-robin or shared");
}

static GVariant *
write_schedule (const TroupeProgramDefinition *self, const TroupeField *field,
                const TroupeProgramDefinition *defaults)
{
  return self->schedule_shared ? g_variant_new_string ("shared") : NULL;
}

/* Output, nice */

static void
read_output (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  static const char *const words[] = { "pipe", "terminal", "file", NULL };

  if (!g_strv_contains (words, value->items[0]))
    troupe_field_add_bad_value (reader, field->key, value->items[0], "pipe");
  else
    check_available (reader, field->key, value->items[0]);
}

static GVariant *
write_nothing (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return NULL;
}

static void
read_nice (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  gint64 number;

  if (g_ascii_string_to_signed (value->items[0], 10, -20, 19, &number, NULL))
    reader->self->nice = (int) number;
  else
    troupe_field_add_bad_value (reader, field->key, value->items[0], "a number from -20 (favoured) to 19 (patient)");
}

static GVariant *
write_nice (const TroupeProgramDefinition *self, const TroupeField *field, const TroupeProgramDefinition *defaults)
{
  return self->nice != 0 ? g_variant_new_int64 (self->nice) : NULL;
}

/* The table. “kind” stands first, because defaults depend on it. */

#define PLACE(member) \
  G_STRUCT_OFFSET (TroupeProgramDefinition, member), sizeof (((TroupeProgramDefinition *) NULL)->member)
#define DURATION(member) read_duration, write_duration, FALSE, PLACE (member), 0, DURATION_MAX_MSEC
#define SIZE(member, min) read_size, write_size, FALSE, PLACE (member), min, SIZE_MAX_BYTES
#define COUNT(member, min, max) read_count, write_count, FALSE, PLACE (member), min, max
#define SIGNAL(member) read_signal, write_signal, FALSE, PLACE (member)

static const TroupeField fields[] = {
  { "kind", read_kind, write_kind },
  { "command", read_command, write_command },
  { "argv", read_argv, write_argv, TRUE },
  { "argv0", read_argv0, write_argv0 },
  { "exec-path", read_exec_path, write_exec_path },
  { "exec-argv", read_exec_argv, troupe_field_write_strv, TRUE, PLACE (exec_argv) },
  { "worker-data", troupe_field_read_worker_data, troupe_field_write_worker_data },
  { "share-env", read_boolean, write_boolean, FALSE, PLACE (share_env) },
  { "resource-limits", troupe_field_read_resource_limits, troupe_field_write_strv, TRUE, PLACE (resource_limits) },
  { "shared-memory", read_size, write_size, FALSE, PLACE (shared_memory_bytes), 0, TROUPE_SHARED_MEMORY_MAX },
  { "cpu-time-limit", DURATION (cpu_limit_msec) },
  { "cwd", read_cwd, write_cwd },
  { "env", read_env, troupe_field_write_strv, TRUE, PLACE (env) },
  { "env-file", read_env_files, troupe_field_write_strv, TRUE, PLACE (env_files) },
  { "instances", read_instances, write_instances },
  { "restart", read_restart, write_restart },
  { "success", read_success, troupe_field_write_strv, TRUE, PLACE (success) },
  { "restart-delay", DURATION (restart_delay_msec) },
  { "restart-delay-max", DURATION (restart_delay_max_msec) },
  { "restart-limit", COUNT (restart_limit, 0, 1000000) },
  { "stable-time", DURATION (stable_msec) },
  { "after", read_after, write_after, TRUE },
  { "link", read_links, troupe_field_write_strv, TRUE, PLACE (links) },
  { "listen", read_listen, troupe_field_write_strv, TRUE, PLACE (listen) },
  { "map-port", read_map_ports, troupe_field_write_strv, TRUE, PLACE (map_ports) },
  { "schedule", read_schedule, write_schedule },
  { "ready", read_ready, write_ready },
  { "ready-timeout", DURATION (ready_timeout_msec) },
  { "stop-signal", SIGNAL (stop_signal) },
  { "grace", DURATION (grace_msec) },
  { "timeout", DURATION (timeout_msec) },
  { "max-buffer", SIZE (max_buffer_bytes, 0) },
  { "kill-signal", SIGNAL (kill_signal) },
  { "nice", read_nice, write_nice },
  { "colors", read_boolean, write_boolean, FALSE, PLACE (colors) },
  { "journal-limit", SIZE (journal_limit_bytes, JOURNAL_LIMIT_MIN) },
  { "journal-runs", COUNT (journal_runs, 1, 10000) },
  { "output", read_output, write_nothing },
};

static const TroupeField *
find_field (const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (fields[i].key, key))
      return &fields[i];
  return NULL;
}

const char *const *
troupe_program_fields_get_keys (void)
{
  static const char *keys[G_N_ELEMENTS (fields) + 1];

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    keys[i] = fields[i].key;
  return keys;
}

gboolean
troupe_program_fields_is_list (const char *key)
{
  const TroupeField *field = find_field (key);

  return field != NULL && field->is_list;
}

static void
clear_after (gpointer data)
{
  g_free (((TroupeAfter *) data)->program);
}

/* For a spawn; read_kind changes what another kind wants otherwise. */
static void
set_defaults (TroupeProgramDefinition *self)
{
  self->kind = TROUPE_KIND_SPAWN;
  self->env = g_new0 (char *, 1);
  self->env_files = g_new0 (char *, 1);
  self->success = g_new0 (char *, 1);
  self->exec_argv = g_new0 (char *, 1);
  self->links = g_new0 (char *, 1);
  self->map_ports = g_new0 (char *, 1);
  self->resource_limits = g_new0 (char *, 1);
  self->listen = g_new0 (char *, 1);
  self->after = g_array_new (FALSE, FALSE, sizeof (TroupeAfter));
  g_array_set_clear_func (self->after, clear_after);
  self->instances = 1;
  self->restart = TROUPE_RESTART_NO;
  self->restart_delay_msec = DEFAULT_RESTART_DELAY_MSEC;
  self->restart_delay_max_msec = DEFAULT_RESTART_DELAY_MAX_MSEC;
  self->restart_limit = DEFAULT_RESTART_LIMIT;
  self->stable_msec = DEFAULT_STABLE_MSEC;
  self->ready = TROUPE_READY_NONE;
  self->ready_timeout_msec = DEFAULT_READY_TIMEOUT_MSEC;
  self->stop_signal = SIGTERM;
  self->grace_msec = TROUPE_DEFAULT_GRACE_MSEC;
  self->kill_signal = SIGTERM;
  self->colors = TRUE;
  self->journal_limit_bytes = TROUPE_DEFAULT_JOURNAL_LIMIT;
  self->journal_runs = DEFAULT_JOURNAL_RUNS;
}

/* FALSE, with a problem, when VALUE is past a ceiling or a list where one value belongs. */
static gboolean
check_shape (TroupeFieldReader *reader, const TroupeField *field, const TroupeFieldValue *value)
{
  guint length = g_strv_length (value->items);

  if (!field->is_list && length != 1)
    {
      troupe_field_add_problem (reader, field->key, "A list of %u is not possible here: expected one value", length);
      return FALSE;
    }
  if (length > TROUPE_DEFINITION_LIST_MAX)
    {
      troupe_field_add_problem (reader, field->key, "A list of %u is too long: expected at most %d", length,
                   TROUPE_DEFINITION_LIST_MAX);
      return FALSE;
    }
  for (guint i = 0; i < length; i++)
    if (strlen (value->items[i]) > TROUPE_DEFINITION_TEXT_MAX)
      {
        troupe_field_add_problem (reader, field->key,
                                  "A text of %" G_GSIZE_FORMAT " bytes is too long: expected at most %d",
                     strlen (value->items[i]), TROUPE_DEFINITION_TEXT_MAX);
        return FALSE;
      }
  return TRUE;
}

/* What one key alone cannot know. */
static void
check_together (TroupeFieldReader *reader, GHashTable *values)
{
  TroupeProgramDefinition *self = reader->self;

  if (self->kind == TROUPE_KIND_SPAWN && self->max_buffer_bytes != 0)
    troupe_field_add_problem (reader, "max-buffer",
                              "A spawn streams without limit: expected kind exec or exec-file beside it");
  if (!troupe_kind_has_channel (self->kind))
    {
      static const char *const with_channel[] = { "exec-path", "exec-argv", "link" };

      for (gsize i = 0; i < G_N_ELEMENTS (with_channel); i++)
        if (g_hash_table_contains (values, with_channel[i]))
          troupe_field_add_problem (reader, with_channel[i],
                       "Only a module with a channel has this: expected kind fork, cluster or threads beside it");
      if (self->ready == TROUPE_READY_MESSAGE)
        troupe_field_add_problem (reader, "ready",
                     "Only a worker with a channel sends messages: expected kind fork, cluster or threads beside it");
    }
  if (self->kind != TROUPE_KIND_CLUSTER)
    {
      static const char *const of_clusters[] = { "listen", "map-port", "schedule" };

      for (gsize i = 0; i < G_N_ELEMENTS (of_clusters); i++)
        if (g_hash_table_contains (values, of_clusters[i]))
          troupe_field_add_problem (reader, of_clusters[i],
                                    "Only a cluster shares sockets: expected kind cluster beside it");
      if (self->ready == TROUPE_READY_LISTENING)
        troupe_field_add_problem (reader, "ready",
                     "Only of a cluster is it known who listens: expected kind cluster beside it, or tcp:PORT");
    }
  troupe_field_check_threads (reader, values);
  if (self->restart_delay_max_msec < self->restart_delay_msec)
    {
      if (g_hash_table_contains (values, "restart-delay-max"))
        troupe_field_add_problem (reader, "restart-delay-max",
                                  "Shorter than restart-delay: expected at least as long");
      else
        self->restart_delay_max_msec = self->restart_delay_msec;
    }
}

void
troupe_program_fields_read (TroupeProgramDefinition *self, GHashTable *values, const char *base_dir,
                            GPtrArray *problems)
{
  TroupeFieldReader reader = { self, base_dir, problems };

  set_defaults (self);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const TroupeFieldValue *value = g_hash_table_lookup (values, fields[i].key);

      if (value != NULL && check_shape (&reader, &fields[i], value))
        fields[i].read (&reader, &fields[i], value);
    }
  if (self->cwd == NULL && base_dir != NULL)
    self->cwd = g_canonicalize_filename (base_dir, NULL);
  settle_command (&reader, g_hash_table_contains (values, "argv") || g_hash_table_contains (values, "command"));
  check_together (&reader, values);
}

void
troupe_program_fields_clear (TroupeProgramDefinition *self)
{
  g_free (self->command);
  g_strfreev (self->argv);
  g_free (self->argv0);
  g_free (self->exec_path);
  g_strfreev (self->exec_argv);
  g_strfreev (self->links);
  g_free (self->worker_data);
  g_strfreev (self->resource_limits);
  g_strfreev (self->listen);
  g_strfreev (self->map_ports);
  g_free (self->cwd);
  g_strfreev (self->env);
  g_strfreev (self->env_files);
  g_strfreev (self->success);
  g_clear_pointer (&self->after, g_array_unref);
  g_free (self->ready_value);
}

void
troupe_program_fields_foreach (const TroupeProgramDefinition *self, TroupeFieldFunc func, gpointer user_data)
{
  TroupeProgramDefinition defaults = { 0 };

  set_defaults (&defaults);
  set_kind (&defaults, self->kind);
  /* A delay past the usual ceiling lifts the ceiling with it, see check_together (). */
  defaults.restart_delay_max_msec = MAX (defaults.restart_delay_max_msec, self->restart_delay_msec);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      GVariant *value = fields[i].write (self, &fields[i], &defaults);

      if (value != NULL)
        func (fields[i].key, value, user_data);
    }
  troupe_program_fields_clear (&defaults);
}
