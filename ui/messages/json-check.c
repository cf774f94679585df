/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A walk over JSON with an explicit depth. Its messages name the slip people make most often at the
 * place where it stops: single quotes, a comma too many, a bare word. */

#include "config.h"

#include "messages/json-check.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct
{
  const guchar *start, *p, *end;
  const char *message;
  guint depth;
} Walk;

static gboolean walk_value (Walk *walk);

static gboolean
fail (Walk *walk, const char *message)
{
  walk->message = message;
  return FALSE;
}

static int
peek (const Walk *walk)
{
  return walk->p < walk->end ? *walk->p : -1;
}

static void
skip_space (Walk *walk)
{
  while (walk->p < walk->end && (*walk->p == ' ' || *walk->p == '\t' || *walk->p == '\n' || *walk->p == '\r'))
    walk->p++;
}

static gboolean
walk_word (Walk *walk)
{
  static const char *const words[] = { "true", "false", "null" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i]);

      if ((gsize) (walk->end - walk->p) >= length && memcmp (walk->p, words[i], length) == 0 &&
          ((gsize) (walk->end - walk->p) == length || !g_ascii_isalnum (walk->p[length])))
        {
          walk->p += length;
          return TRUE;
        }
    }
  return fail (walk, N_ ("text stands in double quotes"));
}

static gboolean
walk_digits (Walk *walk)
{
  const guchar *begin = walk->p;

  while (walk->p < walk->end && g_ascii_isdigit (*walk->p))
    walk->p++;
  return walk->p > begin ? TRUE : fail (walk, N_ ("a digit is missing"));
}

static gboolean
walk_number (Walk *walk)
{
  if (peek (walk) == '-')
    walk->p++;
  if (peek (walk) == '0')
    {
      walk->p++;
      if (walk->p < walk->end && g_ascii_isdigit (*walk->p))
        return fail (walk, N_ ("a number does not begin with 0"));
    }
  else if (!walk_digits (walk))
    return FALSE;
  if (peek (walk) == '.')
    {
      walk->p++;
      if (!walk_digits (walk))
        return FALSE;
    }
  if (peek (walk) == 'e' || peek (walk) == 'E')
    {
      walk->p++;
      if (peek (walk) == '+' || peek (walk) == '-')
        walk->p++;
      return walk_digits (walk);
    }
  return TRUE;
}

static gboolean
walk_escape (Walk *walk)
{
  int c = walk->p + 1 < walk->end ? walk->p[1] : -1;

  if (c == 'u')
    {
      for (int i = 2; i <= 5; i++)
        if (walk->p + i >= walk->end || !g_ascii_isxdigit (walk->p[i]))
          return fail (walk, N_ ("four hexadecimal digits belong after \\u"));
      walk->p += 6;
      return TRUE;
    }
  if (c < 0)
    return fail (walk, N_ ("the closing quote is missing"));
  if (c == 0 || strchr ("\"\\/bfnrt", c) == NULL)
    return fail (walk, N_ ("there is no such escape; a backslash itself is written \\\\"));
  walk->p += 2;
  return TRUE;
}

static gboolean
walk_string (Walk *walk)
{
  const guchar *begin = walk->p;

  walk->p++;
  for (;;)
    {
      gunichar c;

      while (walk->p < walk->end && *walk->p >= 0x20 && *walk->p < 0x80 && *walk->p != '"' && *walk->p != '\\')
        walk->p++;
      if (walk->p >= walk->end || *walk->p == '\n')
        {
          /* Where it began says more than where the text ends. */
          walk->p = begin;
          return fail (walk, N_ ("the closing quote of this text is missing"));
        }
      if (*walk->p == '"')
        {
          walk->p++;
          return TRUE;
        }
      if (*walk->p == '\\')
        {
          if (!walk_escape (walk))
            return FALSE;
          continue;
        }
      if (*walk->p < 0x20)
        return fail (walk, *walk->p == '\t' ? N_ ("a tab inside text is written \\t")
                                            : N_ ("a control character inside text must be escaped"));
      c = g_utf8_get_char_validated ((const char *) walk->p, walk->end - walk->p);
      if (c == (gunichar) -1 || c == (gunichar) -2)
        return fail (walk, N_ ("these bytes are no UTF-8"));
      walk->p += g_unichar_to_utf8 (c, NULL);
    }
}

static gboolean
walk_key (Walk *walk)
{
  int c = peek (walk);

  if (c < 0)
    return fail (walk, N_ ("a closing } is missing"));
  if (c == '}')
    return fail (walk, N_ ("no comma belongs before }"));
  if (c != '"')
    return fail (walk, N_ ("a key in double quotes was expected"));
  if (!walk_string (walk))
    return FALSE;
  skip_space (walk);
  if (peek (walk) != ':')
    return fail (walk, N_ ("a colon belongs after the key"));
  walk->p++;
  return TRUE;
}

static const char *
expected_after_member (const Walk *walk, int close)
{
  if (walk->p >= walk->end)
    return close == '}' ? N_ ("a closing } is missing") : N_ ("a closing ] is missing");
  return close == '}' ? N_ ("a comma or } was expected") : N_ ("a comma or ] was expected");
}

/* From the opening bracket on. */
static gboolean
walk_members (Walk *walk, int close)
{
  walk->p++;
  if (++walk->depth > TROUPE_JSON_CHECK_DEPTH_MAX)
    return fail (walk, N_ ("nested too deeply"));
  skip_space (walk);
  if (peek (walk) == close)
    {
      walk->p++;
      walk->depth--;
      return TRUE;
    }
  for (;;)
    {
      skip_space (walk);
      if (close == '}' && !walk_key (walk))
        return FALSE;
      skip_space (walk);
      if (close == ']' && peek (walk) == ']')
        return fail (walk, N_ ("no comma belongs before ]"));
      if (!walk_value (walk))
        return FALSE;
      skip_space (walk);
      if (peek (walk) != ',' && peek (walk) != close)
        return fail (walk, expected_after_member (walk, close));
      if (*walk->p++ == close)
        {
          walk->depth--;
          return TRUE;
        }
    }
}

static gboolean
walk_value (Walk *walk)
{
  int c;

  skip_space (walk);
  c = peek (walk);
  if (c == '{')
    return walk_members (walk, '}');
  if (c == '[')
    return walk_members (walk, ']');
  if (c == '"')
    return walk_string (walk);
  if (c == '-' || (c >= 0 && g_ascii_isdigit (c)))
    return walk_number (walk);
  if (c == '\'')
    return fail (walk, N_ ("text stands in double quotes, not in single ones"));
  if (c >= 0 && (g_ascii_isalpha (c) || c >= 0x80))
    return walk_word (walk);
  return fail (walk, N_ ("a value is missing"));
}

static void
locate (const Walk *walk, TroupeJsonProblem *problem)
{
  problem->offset = (gsize) (walk->p - walk->start);
  problem->line = 1;
  problem->column = 1;
  problem->message = walk->message;
  for (const guchar *p = walk->start; p < walk->p; p++)
    if (*p == '\n')
      {
        problem->line++;
        problem->column = 1;
      }
    else if ((*p & 0xc0) != 0x80)
      problem->column++;
}

gboolean
troupe_json_check (const char *text, gsize length, TroupeJsonProblem *problem)
{
  const guchar *start = (const guchar *) text;
  Walk walk = { start, start, start + length, NULL, 0 };
  gboolean valid = walk_value (&walk);

  if (valid)
    {
      skip_space (&walk);
      if (walk.p < walk.end)
        valid = fail (&walk, N_ ("nothing belongs after the value; several need [ ] around them"));
    }
  if (!valid)
    locate (&walk, problem);
  return valid;
}

char *
troupe_json_problem_dup_text (const TroupeJsonProblem *problem)
{
  if (problem->line > 1)
    /* Translators: a place in a text and what is wrong there */
    return g_strdup_printf (_ ("Line %u, column %u: %s"), problem->line, problem->column, _ (problem->message));
  return g_strdup_printf (_ ("Column %u: %s"), problem->column, _ (problem->message));
}
