/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A recursive-descent walk over JSON with an explicit depth, no allocation. */

#include "config.h"

#include "ipc/json-text.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef struct
{
  const guchar *start, *p, *end;
  const char *message;
  guint depth;
  gboolean saw_node; /* a string that begins with NODE_ */
} Walk;

static gboolean
fail (Walk *walk, const char *message)
{
  walk->message = message;
  return FALSE;
}

static inline void
skip_space (Walk *walk)
{
  if (walk->p < walk->end && *walk->p > ' ')
    return;
  while (walk->p < walk->end && (*walk->p == ' ' || *walk->p == '\t' || *walk->p == '\n' || *walk->p == '\r'))
    walk->p++;
}

static gboolean
walk_word (Walk *walk, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (walk->end - walk->p) < length || memcmp (walk->p, word, length) != 0)
    return fail (walk, "a value was expected");
  walk->p += length;
  return TRUE;
}

static gboolean
walk_digits (Walk *walk)
{
  const guchar *begin = walk->p;

  while (walk->p < walk->end && g_ascii_isdigit (*walk->p))
    walk->p++;
  return walk->p > begin ? TRUE : fail (walk, "a digit was expected");
}

static gboolean
walk_number (Walk *walk)
{
  if (walk->p < walk->end && *walk->p == '-')
    walk->p++;
  if (walk->p < walk->end && *walk->p == '0')
    walk->p++;
  else if (!walk_digits (walk))
    return FALSE;
  if (walk->p < walk->end && *walk->p == '.')
    {
      walk->p++;
      if (!walk_digits (walk))
        return FALSE;
    }
  if (walk->p < walk->end && (*walk->p == 'e' || *walk->p == 'E'))
    {
      walk->p++;
      if (walk->p < walk->end && (*walk->p == '+' || *walk->p == '-'))
        walk->p++;
      return walk_digits (walk);
    }
  return TRUE;
}

/* Bytes that need no look: printable ASCII other than quote and backslash. */
static inline gboolean
is_plain (guchar c)
{
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The first byte from P that is not plain, or END. */
static inline const guchar *
skip_plain (const guchar *p, const guchar *end)
{
#ifdef __SSE2__
  while (end - p >= 16)
    {
      __m128i bytes = _mm_loadu_si128 ((const __m128i *) (const void *) p);
      /* Signed: what is above 0x7f counts as below the space. */
      __m128i odd = _mm_or_si128 (_mm_cmplt_epi8 (bytes, _mm_set1_epi8 (0x20)),
                                  _mm_or_si128 (_mm_cmpeq_epi8 (bytes, _mm_set1_epi8 ('"')),
                                                _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 ('\\'))));
      guint found = (guint) _mm_movemask_epi8 (odd);

      if (found != 0)
        return p + __builtin_ctz (found);
      p += 16;
    }
#endif
  while (p < end && is_plain (*p))
    p++;
  return p;
}

static gboolean
walk_escape (Walk *walk)
{
  walk->p++;
  if (walk->p >= walk->end)
    return fail (walk, "the text ends in an escape");
  if (*walk->p == 'u')
    {
      for (int i = 1; i <= 4; i++)
        if (walk->p + i >= walk->end || !g_ascii_isxdigit (walk->p[i]))
          return fail (walk, "four hexadecimal digits were expected after \\u");
      walk->p += 5;
      return TRUE;
    }
  if (memchr ("\"\\/bfnrt", *walk->p, 8) == NULL)
    return fail (walk, "no such escape");
  walk->p++;
  return TRUE;
}

static gboolean
walk_utf8 (Walk *walk)
{
  gunichar c = g_utf8_get_char_validated ((const char *) walk->p, walk->end - walk->p);

  if (c == (gunichar) -1 || c == (gunichar) -2)
    return fail (walk, "not UTF-8");
  walk->p += g_unichar_to_utf8 (c, NULL);
  return TRUE;
}

static gboolean
walk_string (Walk *walk)
{
  if (walk->p >= walk->end || *walk->p != '"')
    return fail (walk, "a string was expected");
  walk->p++;
  /* JSON.stringify never escapes ASCII letters. */
  if (walk->end - walk->p > 5 && memcmp (walk->p, "NODE_", 5) == 0)
    walk->saw_node = TRUE;
  for (;;)
    {
      walk->p = skip_plain (walk->p, walk->end);
      if (walk->p >= walk->end)
        return fail (walk, "the text ends in a string");
      if (*walk->p == '"')
        {
          walk->p++;
          return TRUE;
        }
      if (*walk->p == '\\')
        {
          if (!walk_escape (walk))
            return FALSE;
        }
      else if (*walk->p < 0x20)
        return fail (walk, "a control character must be escaped");
      else if (!walk_utf8 (walk))
        return FALSE;
    }
}

static gboolean walk_value (Walk *walk);

/* After the opening bracket: VALUE, VALUE … CLOSE, or "KEY": VALUE, … for objects. */
static gboolean
walk_members (Walk *walk, guchar close)
{
  walk->p++;
  if (++walk->depth > TROUPE_JSON_DEPTH_MAX)
    return fail (walk, "nested too deeply");
  skip_space (walk);
  if (walk->p < walk->end && *walk->p == close)
    {
      walk->p++;
      walk->depth--;
      return TRUE;
    }
  for (;;)
    {
      if (close == '}')
        {
          skip_space (walk);
          if (!walk_string (walk))
            return FALSE;
          skip_space (walk);
          if (walk->p >= walk->end || *walk->p != ':')
            return fail (walk, "a colon was expected");
          walk->p++;
        }
      if (!walk_value (walk))
        return FALSE;
      skip_space (walk);
      if (walk->p >= walk->end || (*walk->p != ',' && *walk->p != close))
        return fail (walk, close == '}' ? "a comma or } was expected" : "a comma or ] was expected");
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
  skip_space (walk);
  if (walk->p >= walk->end)
    return fail (walk, "the text ends where a value was expected");
  switch (*walk->p)
    {
    case '{':
      return walk_members (walk, '}');
    case '[':
      return walk_members (walk, ']');
    case '"':
      return walk_string (walk);
    case 't':
      return walk_word (walk, "true");
    case 'f':
      return walk_word (walk, "false");
    case 'n':
      return walk_word (walk, "null");
    default:
      if (*walk->p == '-' || g_ascii_isdigit (*walk->p))
        return walk_number (walk);
      return fail (walk, "a value was expected");
    }
}

gboolean
troupe_json_text_look (const char *text, gsize length, gboolean *may_be_internal, gsize *error_offset,
                       const char **error_message)
{
  const guchar *start = (const guchar *) text;
  Walk walk = { .start = start, .p = start, .end = start + length };
  gboolean valid = walk_value (&walk);

  if (valid)
    {
      skip_space (&walk);
      if (walk.p < walk.end)
        valid = fail (&walk, "nothing was expected after the value");
    }
  if (!valid && error_offset != NULL)
    *error_offset = walk.p - walk.start;
  if (!valid && error_message != NULL)
    *error_message = walk.message;
  if (may_be_internal != NULL)
    *may_be_internal = walk.saw_node;
  return valid;
}

gboolean
troupe_json_text_is_valid (const char *text, gsize length, gsize *error_offset, const char **error_message)
{
  return troupe_json_text_look (text, length, NULL, error_offset, error_message);
}

const char *
troupe_json_text_get_internal_cmd (const char *text, gsize length, gsize *cmd_length)
{
  const guchar *start = (const guchar *) text;
  Walk walk = { .start = start, .p = start, .end = start + length };
  const char *cmd = NULL;

  /* This settles nearly every message. */
  if (length == 0 || memmem (text, length, "\"NODE_", 6) == NULL)
    return NULL;
  skip_space (&walk);
  if (walk.p >= walk.end || *walk.p != '{')
    return NULL;
  walk.p++;
  for (;;)
    {
      const guchar *key, *value;
      gboolean is_cmd;

      skip_space (&walk);
      key = walk.p;
      if (!walk_string (&walk))
        return cmd;
      is_cmd = walk.p - key == 5 && memcmp (key, "\"cmd\"", 5) == 0;
      skip_space (&walk);
      walk.p++;
      skip_space (&walk);
      value = walk.p;
      if (!walk_value (&walk))
        return cmd;
      /* The last of several equal keys counts, as in JSON.parse. */
      if (is_cmd)
        {
          cmd = walk.p - value > 7 && memcmp (value, "\"NODE_", 6) == 0 ? (const char *) value + 1 : NULL;
          *cmd_length = walk.p - value - 2;
        }
      skip_space (&walk);
      if (walk.p >= walk.end || *walk.p != ',')
        return cmd;
      walk.p++;
    }
}
