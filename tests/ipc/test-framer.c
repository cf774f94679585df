/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lines come out the same wherever the stream was cut. */

#include "config.h"

#include "ipc/framer.h"

#include <string.h>

#define LINE_MAX_BYTES 10


static void
collect_cb (const char *line, gsize length, gpointer user_data)
{
  GString *seen = user_data;

  if (line == NULL)
    {
      g_string_append_printf (seen, "<%" G_GSIZE_FORMAT ">", length);
      return;
    }
  g_string_append_c (seen, '[');
  g_string_append_len (seen, line, length);
  g_string_append_c (seen, ']');
}

static char *
frame (const char *text, gsize first_cut, gsize second_cut)
{
  GString *seen = g_string_new (NULL);
  g_autoptr (TroupeFramer) framer = troupe_framer_new (LINE_MAX_BYTES, collect_cb, seen);
  gsize length = strlen (text);

  troupe_framer_feed (framer, text, first_cut);
  troupe_framer_feed (framer, text + first_cut, second_cut - first_cut);
  troupe_framer_feed (framer, text + second_cut, length - second_cut);
  troupe_framer_finish (framer);
  return g_string_free (seen, FALSE);
}

static void
test_split_at_any_byte (void)
{
  const char *text = "one\n\ntwo three\n0123456789\n01234567890\nlast\n\n0123456789012345\nend";
  const char *expected = "[one][][two three][0123456789]<11>[last][]<16>[end]";
  gsize length = strlen (text);

  for (gsize i = 0; i <= length; i++)
    for (gsize j = i; j <= length; j++)
      {
        g_autofree char *seen = frame (text, i, j);

        g_assert_cmpstr (seen, ==, expected);
      }
}

static void
test_pending (void)
{
  GString *seen = g_string_new (NULL);
  g_autoptr (TroupeFramer) framer = troupe_framer_new (LINE_MAX_BYTES, collect_cb, seen);

  troupe_framer_feed (framer, "half", 4);
  g_assert_cmpuint (troupe_framer_get_pending (framer), ==, 4);
  troupe_framer_feed (framer, "half way past", 13);
  g_assert_cmpuint (troupe_framer_get_pending (framer), ==, 17);
  troupe_framer_feed (framer, "\n", 1);
  g_assert_cmpuint (troupe_framer_get_pending (framer), ==, 0);
  g_assert_cmpstr (seen->str, ==, "<17>");
  g_string_free (seen, TRUE);
}

static void
test_nul_is_a_byte (void)
{
  GString *seen = g_string_new (NULL);
  g_autoptr (TroupeFramer) framer = troupe_framer_new (LINE_MAX_BYTES, collect_cb, seen);

  troupe_framer_feed (framer, "a\0b\n", 4);
  g_assert_cmpmem (seen->str, seen->len, "[a\0b]", 5);
  g_string_free (seen, TRUE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/framer/split-at-any-byte", test_split_at_any_byte);
  g_test_add_func ("/ipc/framer/counts-what-is-pending", test_pending);
  g_test_add_func ("/ipc/framer/nul-is-a-byte", test_nul_is_a_byte);
  return g_test_run ();
}
