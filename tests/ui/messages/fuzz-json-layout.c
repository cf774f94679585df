/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Feeds any bytes to the check, the tokens and the layout. */

#include "config.h"

#include "fuzz-json-layout.h"

#include <glib.h>
#include <string.h>

#include "messages/json-check.h"
#include "messages/json-layout.h"

static void
check_tokens (const char *text, gsize length)
{
  TroupeJsonSpan token;
  gsize at = 0;

  while (troupe_json_next_token (text, length, at, &token))
    {
      g_assert_cmpuint (token.begin, ==, at);
      g_assert_cmpuint (token.end, >, token.begin);
      g_assert_cmpuint (token.end, <=, length);
      at = token.end;
    }
  g_assert_cmpuint (at, ==, length);
}

static void
check_layout (const char *text, gsize length, TroupeJsonStyle style, gsize max_bytes)
{
  g_autoptr (GString) out = g_string_new ("before");
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (TroupeJsonSpan));
  gsize end = out->len;
  gboolean whole = troupe_json_layout (out, spans, text, length, style, max_bytes);

  g_assert_true (g_str_has_prefix (out->str, "before"));
  g_assert_cmpuint (out->len, <=, strlen ("before") + max_bytes);
  g_assert_true (g_utf8_validate (out->str, (gssize) out->len, NULL));
  for (gsize i = 0; i < out->len; i++)
    g_assert_true ((guchar) out->str[i] >= 0x20 || (out->str[i] == '\n' && style == TROUPE_JSON_OPEN));
  for (guint i = 0; i < spans->len; i++)
    {
      TroupeJsonSpan *span = &g_array_index (spans, TroupeJsonSpan, i);

      g_assert_cmpuint (span->begin, >=, end);
      g_assert_cmpuint (span->end, >, span->begin);
      end = span->end;
    }
  g_assert_cmpuint (end, <=, out->len);
  if (!whole || max_bytes < G_MAXUINT32)
    return;
  if (style == TROUPE_JSON_OPEN)
    {
      /* Folding what was opened gives what folding gives at once. */
      g_autoptr (GString) again = g_string_new (NULL), direct = g_string_new (NULL);

      troupe_json_layout (again, NULL, out->str + 6, out->len - 6, TROUPE_JSON_COMPACT, G_MAXUINT32);
      troupe_json_layout (direct, NULL, text, length, TROUPE_JSON_COMPACT, G_MAXUINT32);
      {
        TroupeJsonProblem problem;

        if (troupe_json_check (text, length, &problem))
          g_assert_cmpstr (again->str, ==, direct->str);
      }
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  TroupeJsonProblem problem;

  if (!troupe_json_check (text, size, &problem))
    {
      g_autofree char *words = troupe_json_problem_dup_text (&problem);

      g_assert_cmpuint (problem.offset, <=, size);
      g_assert_cmpuint (strlen (words), >, 0);
    }
  else
    {
      g_autoptr (GString) compact = g_string_new (NULL);

      g_assert_true (troupe_json_layout (compact, NULL, text, size, TROUPE_JSON_COMPACT, G_MAXUINT32));
      g_assert_true (troupe_json_check (compact->str, compact->len, &problem));
    }
  troupe_json_can_open (text, size);
  check_tokens (text, size);
  for (int style = TROUPE_JSON_COMPACT; style <= TROUPE_JSON_OPEN; style++)
    {
      check_layout (text, size, style, G_MAXUINT32);
      check_layout (text, size, style, size / 2);
      check_layout (text, size, style, 3);
    }
  return 0;
}
