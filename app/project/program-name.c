/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What may be a name, how one is made from a command, and which one was meant. */

#include "config.h"

#include "project/program-name.h"

#include <string.h>

/* Longer words are not compared: nobody mistypes that much of one. */
#define SIMILAR_MAX 40

static const char *const shells[] = { "sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox", NULL };
static const char *const interpreters[] = { "node",   "nodejs", "python", "python3", "python2", "ruby", "perl",
                                            "php",    "lua",    "deno",   "bun",     "tsx",     "ts-node",
                                            "Rscript", "gjs",   NULL };

static gboolean
is_name_byte (char c)
{
  return g_ascii_isalnum (c) || c == '.' || c == '_' || c == '-';
}

static gboolean
is_first_byte (char c)
{
  return g_ascii_isalnum (c) || c == '_';
}

gboolean
troupe_name_is_valid (const char *name)
{
  gsize length = 0;

  if (name == NULL || !is_first_byte (name[0]))
    return FALSE;
  for (; name[length] != '\0'; length++)
    if (!is_name_byte (name[length]))
      return FALSE;
  return length <= TROUPE_NAME_MAX;
}

char *
troupe_name_dup_valid (const char *text, const char *fallback)
{
  g_autoptr (GString) name = g_string_new (NULL);

  for (const char *p = text; p != NULL && *p != '\0' && name->len < TROUPE_NAME_MAX; p++)
    {
      if (name->len == 0 ? is_first_byte (*p) : is_name_byte (*p))
        g_string_append_c (name, *p);
      else if (name->len > 0 && name->str[name->len - 1] != '-')
        g_string_append_c (name, '-');
    }
  while (name->len > 0 && name->str[name->len - 1] == '-')
    g_string_truncate (name, name->len - 1);
  return name->len > 0 ? g_string_free (g_steal_pointer (&name), FALSE) : g_strdup (fallback);
}

static char *
dup_last_part (const char *path)
{
  const char *slash = strrchr (path, '/');

  return g_strdup (slash != NULL ? slash + 1 : path);
}

/* KEY=value before a command, as the shell takes it. */
static gboolean
is_assignment (const char *word, gsize length)
{
  const char *equals = memchr (word, '=', length);

  if (equals == NULL || equals == word || g_ascii_isdigit (word[0]))
    return FALSE;
  for (const char *p = word; p < equals; p++)
    if (!g_ascii_isalnum (*p) && *p != '_')
      return FALSE;
  return TRUE;
}

/* The end of a word such as A="b c", where quotes hide blanks. */
static const char *
skip_word (const char *p)
{
  char quote = '\0';

  for (; *p != '\0' && (quote != '\0' || !g_ascii_isspace (*p)); p++)
    {
      if (quote != '\0')
        quote = *p == quote ? '\0' : quote;
      else if (*p == '"' || *p == '\'')
        quote = *p;
    }
  return p;
}

static char *
dup_name_from_line (const char *line)
{
  for (;;)
    {
      gsize length;

      line += strspn (line, " \t\n(){}!\"'");
      length = strcspn (line, " \t\n;|&<>(){}\"'`$");
      if (length == 0)
        return NULL;
      if ((length == 4 && memcmp (line, "exec", 4) == 0) || is_assignment (line, length))
        {
          line = skip_word (line + length);
          continue;
        }
      {
        g_autofree char *word = g_strndup (line, length);

        return dup_last_part (word);
      }
    }
}

static char *
dup_without_extension (const char *file_name)
{
  const char *dot = strrchr (file_name, '.');

  return dot != NULL && dot > file_name ? g_strndup (file_name, (gsize) (dot - file_name)) : g_strdup (file_name);
}

char *
troupe_name_dup_from_argv (const char *const *argv, gboolean is_module)
{
  g_autofree char *command = argv[0] != NULL ? dup_last_part (argv[0]) : NULL;
  g_autofree char *better = NULL;

  if (command != NULL && argv[1] != NULL)
    {
      gboolean is_shell = g_strv_contains (shells, command);

      if (is_shell && argv[2] != NULL && argv[1][0] == '-' && g_str_has_suffix (argv[1], "c"))
        better = dup_name_from_line (argv[2]);
      else if (argv[1][0] != '-' && (is_shell || g_strv_contains (interpreters, command)))
        {
          g_autofree char *script = dup_last_part (argv[1]);

          better = dup_without_extension (script);
        }
    }
  if (command != NULL && better == NULL && is_module)
    better = dup_without_extension (command);
  return troupe_name_dup_valid (better != NULL ? better : command, "program");
}

/* Number of slips between A and B (optimal string alignment), in three rows of the table. */
static guint
count_slips (const char *a, gsize a_length, const char *b, gsize b_length)
{
  guint rows[3][SIMILAR_MAX + 1];

  for (gsize j = 0; j <= b_length; j++)
    rows[0][j] = (guint) j;
  for (gsize i = 1; i <= a_length; i++)
    {
      guint *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];

      row[0] = (guint) i;
      for (gsize j = 1; j <= b_length; j++)
        {
          guint best = above[j - 1] + (a[i - 1] != b[j - 1]);

          best = MIN (best, above[j] + 1);
          best = MIN (best, row[j - 1] + 1);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            best = MIN (best, above_that[j - 2] + 1);
          row[j] = best;
        }
    }
  return rows[a_length % 3][b_length];
}

gboolean
troupe_name_is_similar (const char *a, const char *b)
{
  gsize a_length = strlen (a), b_length = strlen (b);
  guint allowed = MIN (a_length, b_length) > 5 ? 2 : 1;

  if (MIN (a_length, b_length) < 2 || MAX (a_length, b_length) > SIMILAR_MAX)
    return FALSE;
  if (MAX (a_length, b_length) - MIN (a_length, b_length) > allowed)
    return FALSE;
  return count_slips (a, a_length, b, b_length) <= allowed;
}

const char *
troupe_name_find_similar (const char *text, const char *const *candidates)
{
  for (gsize i = 0; candidates[i] != NULL; i++)
    if (g_ascii_strcasecmp (candidates[i], text) == 0)
      return candidates[i];
  for (gsize i = 0; candidates[i] != NULL; i++)
    if (troupe_name_is_similar (text, candidates[i]))
      return candidates[i];
  return NULL;
}
