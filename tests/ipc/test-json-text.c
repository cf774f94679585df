/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The judge of messages agrees with JSON.parse. */

#include "config.h"

#include "ipc/json-text.h"

#include <string.h>

static const char *const valid[] = {
  "null", "true", "false", "0", "-0", "1e5", "-1.25E-3", "\"\"", "\"a\\u00e9\\n\"", "[]", "{}", " [ 1 , 2 ] ",
  "{\"a\":{\"b\":[null]},\"a\":1}", "\"\\ud800\"", "\"é\xe2\x80\xa8\"", "12345678901234567890123456789",
  "\t{ \"x\" : \"\\/\\b\\f\\r\\t\\\"\\\\\" }\r",
};

static const char *const invalid[] = {
  "", " ", "nul", "tru", "01", "-", "1.", ".5", "+1", "1e", "\"", "\"\\x\"", "\"\\u12g4\"", "\"a\tb\"", "[1,]",
  "[1 2]", "{\"a\"}", "{a:1}", "{\"a\":1,}", "[", "{", "[1", "{\"a\":", "1 2", "NaN", "Infinity", "'a'", "\"\xff\"",
  "\"\xed\xa0\x80\"", "// x", "[1]]", "undefined", "\xef\xbb\xbf" "1",
};

static void
test_valid (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (valid); i++)
    if (!troupe_json_text_is_valid (valid[i], strlen (valid[i]), NULL, NULL))
      g_error ("refused: %s", valid[i]);
}

static void
test_invalid (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      gsize offset = 9999;
      const char *message = NULL;

      if (troupe_json_text_is_valid (invalid[i], strlen (invalid[i]), &offset, &message))
        g_error ("taken: %s", invalid[i]);
      g_assert_cmpuint (offset, <=, strlen (invalid[i]));
      g_assert_nonnull (message);
    }
}

/* Every prefix of a valid text that ends in a bracket is invalid, and none is read past its end:
 * each stands in memory of its own size for the sanitizer. */
static void
test_prefixes (void)
{
  const char *text = "{\"a\":[1,-2.5e+3,\"\\u00e9x\",true,false,null,{}],\"é\":\"\"}";

  gsize cmd_length;

  for (gsize n = 0; n < strlen (text); n++)
    {
      g_autofree char *copy = g_memdup2 (text, n);

      g_assert_false (troupe_json_text_is_valid (copy, n, NULL, NULL));
      troupe_json_text_get_internal_cmd (copy, n, &cmd_length);
    }
  g_assert_true (troupe_json_text_is_valid (text, strlen (text), NULL, NULL));
}

/* A string of any length with one byte of each sort at any place of it. */
static void
test_each_place (void)
{
  for (gsize length = 1; length < 50; length++)
    for (gsize place = 0; place < length; place++)
      {
        g_autofree char *text = g_malloc (length + 2);
        gsize offset = 9999;

        memset (text, 'x', length + 2);
        text[0] = text[length + 1] = '"';
        g_assert_true (troupe_json_text_is_valid (text, length + 2, NULL, NULL));
        text[place + 1] = '\n';
        g_assert_false (troupe_json_text_is_valid (text, length + 2, &offset, NULL));
        g_assert_cmpuint (offset, ==, place + 1);
        text[place + 1] = '"';
        g_assert_false (troupe_json_text_is_valid (text, length + 2, &offset, NULL));
        g_assert_cmpuint (offset, ==, place + 2);
        text[place + 1] = '\xff';
        g_assert_false (troupe_json_text_is_valid (text, length + 2, &offset, NULL));
        g_assert_cmpuint (offset, ==, place + 1);
        text[place + 1] = '\\'; /* of the x behind it, or of the closing quote */
        g_assert_false (troupe_json_text_is_valid (text, length + 2, NULL, NULL));
        if (place + 1 < length)
          text[place + 2] = 't';
        g_assert_cmpint (troupe_json_text_is_valid (text, length + 2, NULL, NULL), ==, place + 1 < length);
      }
}

static void
test_depth (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *message = NULL;

  for (guint i = 0; i < TROUPE_JSON_DEPTH_MAX; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < TROUPE_JSON_DEPTH_MAX; i++)
    g_string_append_c (text, ']');
  g_assert_true (troupe_json_text_is_valid (text->str, text->len, NULL, NULL));
  g_string_prepend_c (text, '[');
  g_string_append_c (text, ']');
  g_assert_false (troupe_json_text_is_valid (text->str, text->len, NULL, &message));
  g_assert_cmpstr (message, ==, "nested too deeply");
}

static void
test_internal (void)
{
  static const struct
  {
    const char *text;
    gboolean internal;
  } cases[] = {
    { "{\"cmd\":\"NODE_FOO\"}", TRUE },
    { "{\"a\":1, \"cmd\" : \"NODE_HANDLE\",\"b\":2}", TRUE },
    { "{\"cmd\":\"NODE_\"}", FALSE },      /* not longer than five characters */
    { "{\"cmd\":\"node_foo\"}", FALSE },
    { "{\"x\":{\"cmd\":\"NODE_FOO\"}}", FALSE },
    { "[{\"cmd\":\"NODE_FOO\"}]", FALSE },
    { "\"NODE_FOO\"", FALSE },
    { "{\"cmd\":\"NODE_FOO\",\"cmd\":\"mine\"}", FALSE }, /* the last of equal keys counts */
    { "{\"cmd\":[\"NODE_FOO\"]}", FALSE },
    { "{\"command\":\"NODE_FOO\"}", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize length;
      const char *cmd = troupe_json_text_get_internal_cmd (cases[i].text, strlen (cases[i].text), &length);

      if ((cmd != NULL) != cases[i].internal)
        g_error ("judged wrongly: %s", cases[i].text);
      if (cmd != NULL)
        g_assert_true (g_str_has_prefix (cmd, "NODE_") && cmd[length] == '"');
    }
}

/* Bytes changed at random never make it read outside, and what it takes stays taken when only
 * white space is added. */
static void
test_mutations (void)
{
  const char *seed = "{\"cmd\":\"NODE_X\",\"n\":[1,2.5e3,-7],\"s\":\"a\\u12abé\",\"t\":[true,false,null]}";
  gsize length = strlen (seed), cmd_length;

  for (guint i = 0; i < 20000; i++)
    {
      gsize n = g_test_rand_int_range (1, length + 1);
      g_autofree char *copy = g_memdup2 (seed, n);
      g_autofree char *spaced = NULL;
      gboolean taken;

      for (int k = g_test_rand_int_range (0, 4); k > 0; k--)
        copy[g_test_rand_int_range (0, n)] = g_test_rand_int_range (0, 256);
      taken = troupe_json_text_is_valid (copy, n, NULL, NULL);
      troupe_json_text_get_internal_cmd (copy, n, &cmd_length);
      spaced = g_malloc (n + 2);
      spaced[0] = ' ';
      memcpy (spaced + 1, copy, n);
      spaced[n + 1] = '\n';
      g_assert_cmpint (troupe_json_text_is_valid (spaced, n + 2, NULL, NULL), ==, taken);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/json-text/takes-what-is-json", test_valid);
  g_test_add_func ("/ipc/json-text/refuses-what-is-not", test_invalid);
  g_test_add_func ("/ipc/json-text/stays-inside-a-prefix", test_prefixes);
  g_test_add_func ("/ipc/json-text/looks-at-each-place-of-a-string", test_each_place);
  g_test_add_func ("/ipc/json-text/depth-has-a-ceiling", test_depth);
  g_test_add_func ("/ipc/json-text/knows-nodes-own-messages", test_internal);
  g_test_add_func ("/ipc/json-text/random-changes", test_mutations);
  return g_test_run ();
}
