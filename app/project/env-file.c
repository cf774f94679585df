/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A parser of .env files that keeps count of lines. */

#include "config.h"

#include "project/env-file.h"

#include "base/error.h"
#include "project/bounded-file.h"

#include <string.h>

typedef struct
{
  const char *name;
  const char *at;
  const char *end;
  guint line;
} Cursor;

static gboolean
is_key_byte (char c, gboolean first)
{
  return g_ascii_isalpha (c) || c == '_' || (!first && (g_ascii_isdigit (c) || c == '.' || c == '-'));
}

static void
skip_blanks (Cursor *cursor)
{
  while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r'))
    cursor->at++;
}

static const char *
end_of_line (const Cursor *cursor)
{
  const char *p = cursor->at;

  while (p < cursor->end && *p != '\n')
    p++;
  return p;
}

static void
skip_line (Cursor *cursor)
{
  cursor->at = end_of_line (cursor);
  if (cursor->at < cursor->end)
    {
      cursor->at++;
      cursor->line++;
    }
}

static gboolean
fail (const Cursor *cursor, guint line, GError **error, const char *message)
{
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION, "%s:%u: %s", cursor->name, line, message);
  return FALSE;
}

static void
append_escaped (GString *value, char c)
{
  switch (c)
    {
    case 'n':
      g_string_append_c (value, '\n');
      break;
    case 'r':
      g_string_append_c (value, '\r');
      break;
    case 't':
      g_string_append_c (value, '\t');
      break;
    case '"':
    case '\\':
    case '$':
    case '`':
      g_string_append_c (value, c);
      break;
    default:
      /* As the shell: no escape that it knows, so the backslash stays. */
      g_string_append_c (value, '\\');
      g_string_append_c (value, c);
      break;
    }
}

static gboolean
parse_quoted (Cursor *cursor, GString *value, GError **error)
{
  char quote = *cursor->at++;
  guint first_line = cursor->line;

  while (cursor->at < cursor->end && *cursor->at != quote)
    {
      char c = *cursor->at++;

      if (c == '\n')
        cursor->line++;
      if (c == '\\' && quote == '"' && cursor->at < cursor->end && *cursor->at != '\n')
        append_escaped (value, *cursor->at++);
      else
        g_string_append_c (value, c);
    }
  if (cursor->at == cursor->end)
    return fail (cursor, first_line, error, "the quoted value has no closing quote");
  cursor->at++;
  skip_blanks (cursor);
  if (cursor->at < end_of_line (cursor) && *cursor->at != '#')
    return fail (cursor, cursor->line, error, "expected the end of the line after the closing quote");
  return TRUE;
}

static void
parse_bare (Cursor *cursor, GString *value)
{
  const char *end = end_of_line (cursor);
  const char *stop = cursor->at;

  while (stop < end && !(*stop == '#' && (stop == cursor->at || g_ascii_isspace (stop[-1]))))
    stop++;
  while (stop > cursor->at && g_ascii_isspace (stop[-1]))
    stop--;
  g_string_append_len (value, cursor->at, stop - cursor->at);
}

static char *
parse_assignment (Cursor *cursor, GError **error)
{
  g_autoptr (GString) entry = g_string_new (NULL);
  const char *key;

  if (cursor->end - cursor->at > 7 && memcmp (cursor->at, "export", 6) == 0 &&
      (cursor->at[6] == ' ' || cursor->at[6] == '\t'))
    {
      cursor->at += 6;
      skip_blanks (cursor);
    }
  key = cursor->at;
  while (cursor->at < cursor->end && is_key_byte (*cursor->at, cursor->at == key))
    cursor->at++;
  g_string_append_len (entry, key, cursor->at - key);
  skip_blanks (cursor);
  if (entry->len == 0 || cursor->at == cursor->end || *cursor->at != '=')
    {
      fail (cursor, cursor->line, error, "expected KEY=VALUE");
      return NULL;
    }
  cursor->at++;
  g_string_append_c (entry, '=');
  skip_blanks (cursor);
  if (cursor->at < cursor->end && strchr ("\"'`", *cursor->at) != NULL)
    {
      if (!parse_quoted (cursor, entry, error))
        return NULL;
    }
  else
    parse_bare (cursor, entry);
  return g_string_free (g_steal_pointer (&entry), FALSE);
}

GStrv
troupe_env_file_parse (const char *text, gsize length, const char *name, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (g_free);
  Cursor cursor = { name, text, text + length, 1 };

  for (const char *p = text; p < text + length; p++)
    {
      if (*p == '\n')
        cursor.line++;
      if (*p == '\0')
        {
          fail (&cursor, cursor.line, error, "a NUL byte; expected text");
          return NULL;
        }
    }
  cursor.line = 1;
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    cursor.at += 3;

  while (cursor.at < cursor.end)
    {
      skip_blanks (&cursor);
      if (cursor.at < cursor.end && *cursor.at != '\n' && *cursor.at != '#')
        {
          char *entry = parse_assignment (&cursor, error);

          if (entry == NULL)
            return NULL;
          g_ptr_array_add (entries, entry);
        }
      skip_line (&cursor);
    }
  g_ptr_array_add (entries, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&entries), FALSE);
}

GStrv
troupe_env_file_load (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *name = g_filename_display_name (path);
  gsize length;

  text = troupe_bounded_file_read (path, TROUPE_ENV_FILE_MAX, &length, error);
  if (text == NULL)
    return NULL;
  return troupe_env_file_parse (text, length, name, error);
}
