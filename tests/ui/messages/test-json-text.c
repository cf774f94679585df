/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* JSON for the eye, and what is wrong with JSON that is typed. */

#include "config.h"

#include <glib.h>
#include <string.h>

#include "fuzz-json-layout.h"
#include "messages/json-check.h"
#include "messages/json-layout.h"

static void
test_check (void)
{
  static const struct
  {
    const char *text;
    gsize offset;
    const char *words; /* NULL: it is JSON */
  } cases[] = {
    { "{\"number\": 7}", 0, NULL },
    { " [1, -2.5e3, true, null, \"\\u00e9\\n\"] ", 0, NULL },
    { "0", 0, NULL },
    { "", 0, "Column 1: a value is missing" },
    { "{'a': 1}", 1, "Column 2: a key in double quotes was expected" },
    { "'a'", 0, "Column 1: text stands in double quotes, not in single ones" },
    { "{a: 1}", 1, "Column 2: a key in double quotes was expected" },
    { "hello", 0, "Column 1: text stands in double quotes" },
    { "trueish", 0, "Column 1: text stands in double quotes" },
    { "[1, 2,]", 6, "Column 7: no comma belongs before ]" },
    { "{\"a\": 1,}", 8, "Column 9: no comma belongs before }" },
    { "{\"a\" 1}", 5, "Column 6: a colon belongs after the key" },
    { "{\"a\": 1", 7, "Column 8: a closing } is missing" },
    { "[1 2]", 3, "Column 4: a comma or ] was expected" },
    { "{\n  \"ä\": tru\n}", 10, "Line 2, column 8: text stands in double quotes" },
    { "\"abc", 0, "Column 1: the closing quote of this text is missing" },
    { "\"a\tb\"", 2, "Column 3: a tab inside text is written \\t" },
    { "\"\\x\"", 1, "Column 2: there is no such escape; a backslash itself is written \\\\" },
    { "012", 1, "Column 2: a number does not begin with 0" },
    { "1.", 2, "Column 3: a digit is missing" },
    { "1 2", 2, "Column 3: nothing belongs after the value; several need [ ] around them" },
    { "\"\xff\"", 1, "Column 2: these bytes are no UTF-8" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      TroupeJsonProblem problem = { 0 };
      gboolean valid = troupe_json_check (cases[i].text, strlen (cases[i].text), &problem);
      g_autofree char *words = valid ? NULL : troupe_json_problem_dup_text (&problem);

      g_assert_cmpstr (words, ==, cases[i].words);
      g_assert_cmpuint (problem.offset, ==, cases[i].offset);
    }
}

static void
test_check_depth (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  TroupeJsonProblem problem;

  for (guint i = 0; i < TROUPE_JSON_CHECK_DEPTH_MAX; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < TROUPE_JSON_CHECK_DEPTH_MAX; i++)
    g_string_append_c (text, ']');
  g_assert_true (troupe_json_check (text->str, text->len, &problem));
  g_string_prepend_c (text, '[');
  g_string_append_c (text, ']');
  g_assert_false (troupe_json_check (text->str, text->len, &problem));
}

static char *
dup_layout (const char *text, TroupeJsonStyle style)
{
  GString *out = g_string_new (NULL);

  g_assert_true (troupe_json_layout (out, NULL, text, strlen (text), style, 1000));
  return g_string_free (out, FALSE);
}

static void
test_layout (void)
{
  const char *text = "{ \"a\" :[1,2 , { }],\n\"b\":{\"c\":\"x, y\"} }";
  g_autofree char *compact = dup_layout (text, TROUPE_JSON_COMPACT);
  g_autofree char *folded = dup_layout (text, TROUPE_JSON_FOLDED);
  g_autofree char *open = dup_layout (text, TROUPE_JSON_OPEN);
  g_autofree char *words = dup_layout ("no  JSON\tat all", TROUPE_JSON_FOLDED);
  g_autofree char *strange = dup_layout ("\"a\x01\xff\xe2\x80\xae" "b\"", TROUPE_JSON_FOLDED);

  g_assert_cmpstr (compact, ==, "{\"a\":[1,2,{}],\"b\":{\"c\":\"x, y\"}}");
  g_assert_cmpstr (folded, ==, "{\"a\": [1, 2, {}], \"b\": {\"c\": \"x, y\"}}");
  g_assert_cmpstr (open, ==, "{\n  \"a\": [\n    1,\n    2,\n    {}\n  ],\n  \"b\": {\n    \"c\": \"x, y\"\n  }\n}");
  g_assert_cmpstr (words, ==, "no JSON at all");
  g_assert_cmpstr (strange, ==, "\"a␁��b\"");
}

static void
test_cut (void)
{
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_false (troupe_json_layout (out, NULL, "\"äöü\"", strlen ("\"äöü\""), TROUPE_JSON_FOLDED, 4));
  g_assert_cmpstr (out->str, ==, "\"ä");
  g_assert_true (troupe_json_can_open (" {\"a\":1}", 8));
  g_assert_false (troupe_json_can_open ("[ ]", 3));
  g_assert_false (troupe_json_can_open ("7", 1));
  g_assert_false (troupe_json_can_open ("", 0));
}

static void
test_spans (void)
{
  static const TroupeJsonKind kinds[] = { TROUPE_JSON_PUNCTUATION, TROUPE_JSON_KEY,  TROUPE_JSON_PUNCTUATION,
                                          TROUPE_JSON_NUMBER,      TROUPE_JSON_PUNCTUATION, TROUPE_JSON_KEY,
                                          TROUPE_JSON_PUNCTUATION, TROUPE_JSON_LITERAL, TROUPE_JSON_PUNCTUATION,
                                          TROUPE_JSON_STRING,      TROUPE_JSON_OTHER, TROUPE_JSON_PUNCTUATION };
  const char *text = "{\"n\":-1.5e3,\"k\" :null,\"s\"what}";
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (TroupeJsonSpan));

  troupe_json_layout (out, spans, text, strlen (text), TROUPE_JSON_COMPACT, 1000);
  g_assert_cmpuint (spans->len, ==, G_N_ELEMENTS (kinds));
  for (guint i = 0; i < spans->len; i++)
    g_assert_cmpint (g_array_index (spans, TroupeJsonSpan, i).kind, ==, kinds[i]);
}

/* Bytes from a vocabulary that gets deep into the parsers, from a fixed seed. */
static void
test_random (void)
{
  static const char *const pieces[] = { "{",  "}",    "[",     "]",   ",",    ":",    "\"",   "\\", "true", "null", "1", "-",
                                        "e5", " ",    "\n",    "\t",  "\xff", "\xc3", "\xa4", "a",  "\x01", "\\u00", ".",
                                        "0",  "\"k\":", "\"v\"", "'", "\xe2\x80\xae" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (20240501);

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      guint n = (guint) g_rand_int_range (rand, 0, 40);
      /* An exact copy, so that reading past the end is seen by a sanitizer. */
      g_autofree guint8 *copy = NULL;

      for (guint k = 0; k < n; k++)
        g_string_append (text, pieces[g_rand_int_range (rand, 0, G_N_ELEMENTS (pieces))]);
      copy = g_memdup2 (text->str, text->len);
      LLVMFuzzerTestOneInput (copy, text->len);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ui/messages/json-check/names-place-and-slip", test_check);
  g_test_add_func ("/ui/messages/json-check/depth-has-a-ceiling", test_check_depth);
  g_test_add_func ("/ui/messages/json-layout/folds-and-opens", test_layout);
  g_test_add_func ("/ui/messages/json-layout/cuts-between-characters", test_cut);
  g_test_add_func ("/ui/messages/json-layout/tells-kinds-apart", test_spans);
  g_test_add_func ("/ui/messages/json-layout/takes-any-bytes", test_random);
  return g_test_run ();
}
