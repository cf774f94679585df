/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Tokens and layout of JSON. Works by the look of each byte, so it needs no valid text. */

#include "config.h"

#include "messages/json-layout.h"

#include <string.h>

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static gboolean
is_punctuation (char c)
{
  return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}

static gsize
find_string_end (const char *text, gsize length, gsize begin)
{
  gsize at = begin + 1;

  while (at < length)
    {
      if (text[at] == '"')
        return at + 1;
      if (text[at] == '\\')
        at++;
      at++;
    }
  return length;
}

static gboolean
is_number (const char *text, gsize length)
{
  gboolean digits = FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_isdigit (text[i]))
        digits = TRUE;
      else if (strchr ("+-.eE", text[i]) == NULL || text[i] == '\0')
        return FALSE;
    }
  return digits && (text[0] == '-' || g_ascii_isdigit (text[0]));
}

static TroupeJsonKind
classify_word (const char *text, gsize length)
{
  static const char *const literals[] = { "true", "false", "null" };

  for (gsize i = 0; i < G_N_ELEMENTS (literals); i++)
    if (strlen (literals[i]) == length && memcmp (literals[i], text, length) == 0)
      return TROUPE_JSON_LITERAL;
  return is_number (text, length) ? TROUPE_JSON_NUMBER : TROUPE_JSON_OTHER;
}

gboolean
troupe_json_next_token (const char *text, gsize length, gsize at, TroupeJsonSpan *token)
{
  gsize end = at + 1;

  if (at >= length)
    return FALSE;
  token->begin = at;
  if (is_blank (text[at]))
    {
      while (end < length && is_blank (text[end]))
        end++;
      token->kind = TROUPE_JSON_BLANK;
    }
  else if (is_punctuation (text[at]))
    token->kind = TROUPE_JSON_PUNCTUATION;
  else if (text[at] == '"')
    {
      gsize after;

      end = find_string_end (text, length, at);
      for (after = end; after < length && is_blank (text[after]); after++)
        ;
      token->kind = after < length && text[after] == ':' ? TROUPE_JSON_KEY : TROUPE_JSON_STRING;
    }
  else
    {
      while (end < length && !is_blank (text[end]) && !is_punctuation (text[end]) && text[end] != '"')
        end++;
      token->kind = classify_word (text + at, end - at);
    }
  token->end = end;
  return TRUE;
}

/* ---- Layout ---- */

typedef struct
{
  GString *out;
  GArray *spans; /* (nullable) */
  gsize limit;   /* of out->len */
} Writer;

static gboolean
write_bytes (Writer *writer, const char *bytes, gsize length)
{
  if (writer->out->len + length > writer->limit)
    return FALSE;
  g_string_append_len (writer->out, bytes, (gssize) length);
  return TRUE;
}

/* Whatever is no printable UTF-8 shows as a symbol. */
static gboolean
write_safe (Writer *writer, const char *text, gsize length)
{
  gsize at = 0;

  while (at < length)
    {
      gsize begin = at;
      gunichar c = 0xfffd;
      char symbol[6];
      gsize symbol_length;

      while (at < length && text[at] >= 0x20 && text[at] < 0x7f)
        at++;
      if (at > begin)
        {
          gsize room = writer->limit - MIN (writer->limit, writer->out->len);

          if (!write_bytes (writer, text + begin, MIN (at - begin, room)) || at - begin > room)
            return FALSE;
          continue;
        }
      if ((guchar) text[at] < 0x20)
        c = 0x2400 + (guchar) text[at++];
      else if (text[at] == 0x7f)
        {
          c = 0x2421;
          at++;
        }
      else
        {
          gunichar valid = g_utf8_get_char_validated (text + at, (gssize) (length - at));

          if (valid == (gunichar) -1 || valid == (gunichar) -2)
            at++;
          else
            {
              at += (gsize) g_unichar_to_utf8 (valid, NULL);
              /* Line ends that are no newline, and marks that turn the reading order of all that follows. */
              if (g_unichar_type (valid) == G_UNICODE_FORMAT || valid == 0x2028 || valid == 0x2029 ||
                  (valid >= 0x80 && valid < 0xa0))
                c = valid == 0x200d ? valid : 0xfffd;
              else
                c = valid;
            }
        }
      symbol_length = (gsize) g_unichar_to_utf8 (c, symbol);
      if (!write_bytes (writer, symbol, symbol_length))
        return FALSE;
    }
  return TRUE;
}

static gboolean
write_token (Writer *writer, const char *text, const TroupeJsonSpan *token)
{
  TroupeJsonSpan span = { token->kind, writer->out->len, 0 };
  gboolean whole = write_safe (writer, text + token->begin, token->end - token->begin);

  span.end = writer->out->len;
  if (writer->spans != NULL && span.end > span.begin)
    {
      TroupeJsonSpan *last = writer->spans->len > 0
                                 ? &g_array_index (writer->spans, TroupeJsonSpan, writer->spans->len - 1)
                                 : NULL;

      if (last != NULL && last->kind == span.kind && last->end == span.begin)
        last->end = span.end;
      else
        g_array_append_val (writer->spans, span);
    }
  return whole;
}

static gboolean
write_newline (Writer *writer, guint depth)
{
  static const char blanks[] = "                                                                ";

  G_STATIC_ASSERT (sizeof blanks == TROUPE_JSON_INDENT_MAX + 1);
  return write_bytes (writer, "\n", 1) && write_bytes (writer, blanks, MIN (depth * 2, TROUPE_JSON_INDENT_MAX));
}

/* The first byte after AT that is not blank; 0 at the end. */
static char
look_ahead (const char *text, gsize length, gsize at)
{
  while (at < length && is_blank (text[at]))
    at++;
  return at < length ? text[at] : '\0';
}

static gboolean
write_punctuation (Writer *writer, const char *text, gsize length, const TroupeJsonSpan *token, TroupeJsonStyle style,
                   guint *depth)
{
  char c = text[token->begin];
  gboolean opens = c == '{' || c == '[', closes = c == '}' || c == ']';
  char next = look_ahead (text, length, token->end);
  gboolean empty = opens && (next == '}' || next == ']');

  if (closes && *depth > 0)
    --*depth;
  if (closes && style == TROUPE_JSON_OPEN)
    {
      const char *before = text + token->begin;

      while (before > text && is_blank (before[-1]))
        before--;
      if ((before == text || (before[-1] != '{' && before[-1] != '[')) && !write_newline (writer, *depth))
        return FALSE;
    }
  if (!write_token (writer, text, token))
    return FALSE;
  if (opens)
    ++*depth;
  if (style == TROUPE_JSON_COMPACT || empty || closes)
    return TRUE;
  if (c == ':' || (c == ',' && style == TROUPE_JSON_FOLDED))
    return write_bytes (writer, " ", 1);
  if (style == TROUPE_JSON_OPEN)
    return write_newline (writer, *depth);
  return TRUE;
}

gboolean
troupe_json_layout (GString *out, GArray *spans, const char *text, gsize length, TroupeJsonStyle style,
                    gsize max_bytes)
{
  Writer writer = { out, spans, out->len + max_bytes };
  TroupeJsonSpan token, before = { TROUPE_JSON_PUNCTUATION, 0, 0 };
  guint depth = 0;

  for (gsize at = 0; troupe_json_next_token (text, length, at, &token); at = token.end)
    {
      gboolean whole = TRUE;

      if (token.kind == TROUPE_JSON_BLANK)
        continue;
      if (token.kind == TROUPE_JSON_PUNCTUATION)
        whole = write_punctuation (&writer, text, length, &token, style, &depth);
      else
        {
          /* Two words that were apart stay apart: this is no JSON, and is shown as it is. */
          if (before.kind != TROUPE_JSON_PUNCTUATION && before.end < token.begin)
            whole = write_bytes (&writer, " ", 1);
          whole = whole && write_token (&writer, text, &token);
        }
      if (!whole)
        return FALSE;
      before = token;
    }
  return TRUE;
}

gboolean
troupe_json_append_plain (GString *out, const char *text, gsize length, gsize max_bytes)
{
  Writer writer = { out, NULL, out->len + max_bytes };

  return write_safe (&writer, text, length);
}

gboolean
troupe_json_can_open (const char *text, gsize length)
{
  TroupeJsonSpan token;
  gsize at = 0;

  while (troupe_json_next_token (text, length, at, &token) && token.kind == TROUPE_JSON_BLANK)
    at = token.end;
  if (at >= length || (text[at] != '{' && text[at] != '['))
    return FALSE;
  return look_ahead (text, length, at + 1) != '}' && look_ahead (text, length, at + 1) != ']';
}
