/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Writes JSON objects, and splits them at their first level. */

#include "config.h"

#include "cli/json-object.h"

#include <math.h>
#include <string.h>

static void
append_quoted (GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (out, '"');
  for (const char *p = valid; *p != '\0'; p++)
    switch (*p)
      {
      case '"':
        g_string_append (out, "\\\"");
        break;
      case '\\':
        g_string_append (out, "\\\\");
        break;
      case '\n':
        g_string_append (out, "\\n");
        break;
      case '\t':
        g_string_append (out, "\\t");
        break;
      default:
        if ((guchar) *p < 0x20 || *p == 0x7f)
          g_string_append_printf (out, "\\u%04x", (guint) (guchar) *p);
        else
          g_string_append_c (out, *p);
      }
  g_string_append_c (out, '"');
}

void
troupe_json_object_begin (GString *out)
{
  g_string_append_c (out, '{');
}

void
troupe_json_object_end (GString *out)
{
  g_string_append_c (out, '}');
}

static void
append_key (GString *out, const char *key)
{
  if (out->len > 0 && out->str[out->len - 1] != '{')
    g_string_append_c (out, ',');
  append_quoted (out, key);
  g_string_append_c (out, ':');
}

void
troupe_json_object_add_string (GString *out, const char *key, const char *text)
{
  append_key (out, key);
  if (text == NULL)
    g_string_append (out, "null");
  else
    append_quoted (out, text);
}

void
troupe_json_object_add_int (GString *out, const char *key, gint64 value)
{
  append_key (out, key);
  g_string_append_printf (out, "%" G_GINT64_FORMAT, value);
}

void
troupe_json_object_add_decimal (GString *out, const char *key, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  append_key (out, key);
  g_string_append (out, isfinite (value) ? g_ascii_formatd (buffer, sizeof buffer, "%.1f", value) : "null");
}

void
troupe_json_object_add_null (GString *out, const char *key)
{
  troupe_json_object_add_raw (out, key, "null");
}

void
troupe_json_object_add_raw (GString *out, const char *key, const char *raw)
{
  append_key (out, key);
  g_string_append (out, raw);
}

void
troupe_json_member_free (TroupeJsonMember *member)
{
  g_free (member->key);
  g_free (member->raw);
  g_free (member);
}

static const char *
skip_space (const char *p, const char *end)
{
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    p++;
  return p;
}

/* P stands on the opening quote. Returns what follows the closing one, or NULL. */
static const char *
skip_string (const char *p, const char *end)
{
  for (p++; p < end; p++)
    {
      if (*p == '"')
        return p + 1;
      if ((guchar) *p < 0x20)
        return NULL;
      if (*p == '\\')
        p++;
    }
  return NULL;
}

/* Skips one value: brackets have to match, strings have to end, and the rest is what numbers and
 * words are made of. Good enough to pass the value on unread. */
static const char *
skip_value (const char *p, const char *end)
{
  char closers[TROUPE_JSON_OBJECT_DEPTH_MAX];
  guint depth = 0;
  const char *start = p;

  while (p < end)
    {
      if (*p == '"')
        {
          p = skip_string (p, end);
          if (p == NULL)
            return NULL;
        }
      else if (*p == '{' || *p == '[')
        {
          if (depth == TROUPE_JSON_OBJECT_DEPTH_MAX)
            return NULL;
          closers[depth++] = *p == '{' ? '}' : ']';
          p++;
        }
      else if (*p == '}' || *p == ']')
        {
          if (depth == 0)
            break;
          if (closers[--depth] != *p)
            return NULL;
          p++;
        }
      else if (depth == 0 && *p == ',')
        break;
      else if (g_ascii_isalnum (*p) || strchr ("+-.", *p) != NULL || (depth > 0 && strchr (",: \t\n\r", *p) != NULL))
        p++;
      else if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        break;
      else
        return NULL;
    }
  return depth == 0 && p > start ? p : NULL;
}

GPtrArray *
troupe_json_object_split (const char *text, gsize length)
{
  g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_json_member_free);
  const char *end = text + length;
  const char *p = skip_space (text, end);

  if (p == end || *p != '{' || memchr (text, '\0', length) != NULL)
    return NULL;
  p = skip_space (p + 1, end);
  if (p < end && *p == '}')
    return skip_space (p + 1, end) == end ? g_steal_pointer (&members) : NULL;
  for (;;)
    {
      const char *key = p, *value;
      g_autofree char *raw_key = NULL;
      TroupeJsonMember *member;

      if (p == end || *p != '"' || (p = skip_string (p, end)) == NULL || members->len == TROUPE_JSON_OBJECT_MEMBERS_MAX)
        return NULL;
      raw_key = g_strndup (key, (gsize) (p - key));
      p = skip_space (p, end);
      if (p == end || *p != ':')
        return NULL;
      value = p = skip_space (p + 1, end);
      p = skip_value (p, end);
      if (p == NULL)
        return NULL;
      member = g_new0 (TroupeJsonMember, 1);
      member->key = troupe_json_object_dup_plain (raw_key);
      member->raw = g_strndup (value, (gsize) (p - value));
      g_ptr_array_add (members, member);
      p = skip_space (p, end);
      if (p < end && *p == '}')
        return skip_space (p + 1, end) == end ? g_steal_pointer (&members) : NULL;
      if (p == end || *p != ',')
        return NULL;
      p = skip_space (p + 1, end);
    }
}

/* Four hexadecimal digits, or -1. */
static int
parse_hex4 (const char *p, const char *end)
{
  int value = 0;

  if (end - p < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (p[i]);

      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }
  return value;
}

static gunichar
parse_escape (const char **p, const char *end)
{
  int high = parse_hex4 (*p, end), low;

  if (high < 0)
    return 0xfffd;
  *p += 4;
  if (high >= 0xd800 && high < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u')
    {
      low = parse_hex4 (*p + 2, end);
      if (low >= 0xdc00 && low < 0xe000)
        {
          *p += 6;
          return 0x10000 + (((gunichar) high - 0xd800) << 10) + ((gunichar) low - 0xdc00);
        }
    }
  return high == 0 || (high >= 0xd800 && high < 0xe000) ? 0xfffd : (gunichar) high;
}

char *
troupe_json_object_dup_plain (const char *raw)
{
  gsize length = strlen (raw);
  const char *p = raw + 1, *end = raw + length - 1;
  GString *text;

  if (length < 2 || raw[0] != '"' || *end != '"')
    return g_strdup (raw);
  text = g_string_sized_new (length);
  while (p < end)
    {
      if (*p != '\\' || p + 1 == end)
        {
          g_string_append_c (text, *p++);
          continue;
        }
      p++;
      switch (*p++)
        {
        case 'n':
          g_string_append_c (text, '\n');
          break;
        case 't':
          g_string_append_c (text, '\t');
          break;
        case 'r':
          g_string_append_c (text, '\r');
          break;
        case 'b':
          g_string_append_c (text, '\b');
          break;
        case 'f':
          g_string_append_c (text, '\f');
          break;
        case 'u':
          g_string_append_unichar (text, parse_escape (&p, end));
          break;
        default:
          g_string_append_c (text, p[-1]);
        }
    }
  return g_string_free (text, FALSE);
}
