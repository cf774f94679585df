/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One pass over a key file's lines, by GKeyFile's own rules of what a line is. */

#include "config.h"

#include "project/project-lines.h"

#include "base/error.h"
#include "project/program-fields.h"

#include <string.h>

/* An error names so many lines at most: nobody reads more at once. */
#define ERROR_LINES_MAX 20

typedef struct
{
  guint line;
  char *message;
} Remark;

struct _TroupeProjectLines
{
  GString *text;
  GHashTable *places;  /* "group" and "group\nkey" (owned) to the line number */
  GPtrArray *kept;     /* (owned) lines of the text; NULL for one that was merged away */
  GHashTable *indices; /* "group\nkey" (owned) to 1 + index in kept */
};

/* Remarks */

static void
clear_remark (gpointer data)
{
  g_free (((Remark *) data)->message);
}

TroupeRemarks *
troupe_remarks_new (const char *file_name)
{
  TroupeRemarks *self = g_new (TroupeRemarks, 1);

  self->file_name = g_strdup (file_name);
  self->remarks = g_array_new (FALSE, FALSE, sizeof (Remark));
  g_array_set_clear_func (self->remarks, clear_remark);
  return self;
}

void
troupe_remarks_free (TroupeRemarks *self)
{
  g_free (self->file_name);
  g_array_unref (self->remarks);
  g_free (self);
}

void
troupe_remarks_add (TroupeRemarks *self, guint line, const char *format, ...)
{
  Remark remark = { line, NULL };
  va_list args;
  guint place = self->remarks->len;

  va_start (args, format);
  remark.message = g_strdup_vprintf (format, args);
  va_end (args);
  /* Sorted as they come; of one line in the order of their coming. */
  while (place > 0 && g_array_index (self->remarks, Remark, place - 1).line > line)
    place--;
  g_array_insert_val (self->remarks, place, remark);
}

gboolean
troupe_remarks_is_empty (TroupeRemarks *self)
{
  return self->remarks->len == 0;
}

static char *
dup_remark (TroupeRemarks *self, guint i)
{
  const Remark *remark = &g_array_index (self->remarks, Remark, i);

  return g_strdup_printf ("%s:%u: %s", self->file_name, remark->line, remark->message);
}

void
troupe_remarks_append_to (TroupeRemarks *self, GPtrArray *notes)
{
  for (guint i = 0; i < self->remarks->len; i++)
    g_ptr_array_add (notes, dup_remark (self, i));
}

gboolean
troupe_remarks_check (TroupeRemarks *self, TroupeRemarks *notes, GError **error)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) text = g_string_new (NULL);

  if (troupe_remarks_is_empty (self))
    return TRUE;
  troupe_remarks_append_to (self, lines);
  troupe_remarks_append_to (notes, lines);
  for (guint i = 0; i < lines->len && i < ERROR_LINES_MAX; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", (const char *) lines->pdata[i]);
  if (lines->len > ERROR_LINES_MAX)
    g_string_append_printf (text, "\n… and %u more", lines->len - ERROR_LINES_MAX);
  g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT, text->str);
  return FALSE;
}

guint
troupe_line_of_offset (const char *text, gsize offset)
{
  guint line = 1;

  for (gsize i = 0; i < offset && text[i] != '\0'; i++)
    line += text[i] == '\n';
  return line;
}

/* Lines */

/* The name in "[name]"; NULL when LINE, without blanks around it, is none. */
static char *
dup_group (const char *line)
{
  const char *end = strchr (line, ']');

  return line[0] == '[' && end != NULL && end[1] == '\0' && end > line + 1
             ? g_strndup (line + 1, (gsize) (end - line - 1))
             : NULL;
}

/* Joins two raw values of a list. */
static char *
join_lists (const char *first, const char *second)
{
  gsize length = strlen (first);
  gsize backslashes = 0;
  gboolean ends_item;

  /* A separator behind an odd number of backslashes is part of an item. */
  while (length > 1 + backslashes && first[length - 2 - backslashes] == '\\')
    backslashes++;
  ends_item = length > 0 && first[length - 1] == ';' && backslashes % 2 == 0;
  return g_strconcat (first, length == 0 || ends_item ? "" : ";", second, NULL);
}

static void
add_key (TroupeProjectLines *self, const char *group, const char *key, const char *value, guint line,
         TroupeRemarks *notes)
{
  g_autofree char *place = g_strconcat (group, "\n", key, NULL);
  guint before = GPOINTER_TO_UINT (g_hash_table_lookup (self->indices, place));
  char *kept;

  if (before == 0)
    {
      kept = g_strconcat (key, "=", value, NULL);
      g_hash_table_insert (self->places, g_strdup (place), GUINT_TO_POINTER (line));
    }
  else
    {
      char **earlier = (char **) &g_ptr_array_index (self->kept, before - 1);

      if (troupe_program_fields_is_list (key))
        {
          g_autofree char *joined = join_lists (*earlier + strlen (key) + 1, value);

          kept = g_strconcat (key, "=", joined, NULL);
        }
      else
        {
          guint first_line = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, place));

          troupe_remarks_add (notes, line, "“%s” stands in line %u already; the last one counts", key, first_line);
          kept = g_strconcat (key, "=", value, NULL);
          g_hash_table_replace (self->places, g_strdup (place), GUINT_TO_POINTER (line));
        }
      g_clear_pointer (earlier, g_free);
    }
  g_ptr_array_add (self->kept, kept);
  g_hash_table_replace (self->indices, g_steal_pointer (&place), GUINT_TO_POINTER (self->kept->len));
}

static gboolean
is_key (const char *key)
{
  return key[0] != '\0' && strpbrk (key, "[]") == NULL;
}

static void
scan_line (TroupeProjectLines *self, char **group, const char *raw, guint line, TroupeRemarks *notes,
           TroupeRemarks *errors)
{
  g_autofree char *stripped = g_strstrip (g_strdup (raw));
  g_autofree char *new_group = dup_group (stripped);
  const char *equals = strchr (stripped, '=');

  if (stripped[0] == '\0' || stripped[0] == '#')
    g_ptr_array_add (self->kept, g_strdup (raw));
  else if (new_group != NULL)
    {
      guint before = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, new_group));

      if (before != 0)
        troupe_remarks_add (errors, line, "[%s] stands in line %u already: expected each group once", new_group,
                            before);
      else
        g_hash_table_insert (self->places, g_strdup (new_group), GUINT_TO_POINTER (line));
      g_free (*group);
      *group = g_steal_pointer (&new_group);
      g_ptr_array_add (self->kept, g_strdup (stripped));
    }
  else if (stripped[0] == '[' || equals == NULL)
    troupe_remarks_add (errors, line, "“%.80s” was not understood: expected [group], key=value or # comment",
                        stripped);
  else if (*group == NULL)
    troupe_remarks_add (errors, line, "A key stands before the first group: expected [project] or [program NAME]");
  else
    {
      g_autofree char *key = g_strchomp (g_strndup (stripped, (gsize) (equals - stripped)));
      /* Blanks at the end belong to the value, as for GKeyFile. */
      const char *value = strchr (raw, '=') + 1;

      while (g_ascii_isspace (*value))
        value++;
      if (is_key (key))
        add_key (self, *group, key, value, line, notes);
      else
        troupe_remarks_add (errors, line, "“%.80s” is no key: expected key=value", key);
    }
}

TroupeProjectLines *
troupe_project_lines_new (const char *text, TroupeRemarks *notes, TroupeRemarks *errors)
{
  TroupeProjectLines *self = g_new0 (TroupeProjectLines, 1);
  g_autofree char *group = NULL;
  const char *start = text;

  self->text = g_string_new (NULL);
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->indices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->kept = g_ptr_array_new_with_free_func (g_free);

  for (guint line = 1; *start != '\0'; line++)
    {
      gsize length = strcspn (start, "\n");
      gsize content = length > 0 && start[length - 1] == '\r' ? length - 1 : length;
      g_autofree char *raw = g_strndup (start, content);

      scan_line (self, &group, raw, line, notes, errors);
      start += length + (start[length] == '\n' ? 1 : 0);
    }
  for (guint i = 0; i < self->kept->len; i++)
    if (g_ptr_array_index (self->kept, i) != NULL)
      g_string_append_printf (self->text, "%s\n", (const char *) g_ptr_array_index (self->kept, i));
  return self;
}

void
troupe_project_lines_free (TroupeProjectLines *self)
{
  g_string_free (self->text, TRUE);
  g_hash_table_unref (self->places);
  g_hash_table_unref (self->indices);
  g_ptr_array_unref (self->kept);
  g_free (self);
}

const char *
troupe_project_lines_get_text (TroupeProjectLines *self)
{
  return self->text->str;
}

guint
troupe_project_lines_find (TroupeProjectLines *self, const char *group, const char *key)
{
  g_autofree char *place = key != NULL ? g_strconcat (group, "\n", key, NULL) : g_strdup (group);
  guint line = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, place));

  if (line == 0 && key != NULL)
    line = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, group));
  return line != 0 ? line : 1;
}
