/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* .env files: what they mean, where they are wrong, and that no bytes can hurt. */

#include "config.h"

#include "project/env-file.h"

#include "base/error.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static GStrv
parse (const char *text, GError **error)
{
  return troupe_env_file_parse (text, strlen (text), ".env", error);
}

static void
test_meaning (void)
{
  static const char text[] = "\xef\xbb\xbf# first\n"
                             "\n"
                             "PLAIN=value\r\n"
                             "  SPACED =  some words  # and a comment\n"
                             "export EXPORTED=1\n"
                             "HASH=a#b\n"
                             "EMPTY=\n"
                             "EMPTY_TOO= # nothing\n"
                             "SINGLE='as $it \\n is' # comment\n"
                             "DOUBLE=\"a\\tb \\\"c\\\" \\$d \\q\"\n"
                             "MULTI=\"one\n"
                             "two\"\n"
                             "URL=postgres://u:p@h/d?x=y\n"
                             "exported=x\n"
                             "LAST=no newline";
  static const char *const expected[] = {
    "PLAIN=value", "SPACED=some words", "EXPORTED=1", "HASH=a#b", "EMPTY=", "EMPTY_TOO=", "SINGLE=as $it \\n is",
    "DOUBLE=a\tb \"c\" $d \\q", "MULTI=one\ntwo", "URL=postgres://u:p@h/d?x=y", "exported=x", "LAST=no newline", NULL
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) entries = parse (text, &error);

  g_assert_no_error (error);
  for (gsize i = 0; expected[i] != NULL; i++)
    g_assert_cmpstr (entries[i], ==, expected[i]);
  g_assert_cmpuint (g_strv_length (entries), ==, G_N_ELEMENTS (expected) - 1);
}

static void
test_errors (void)
{
  static const struct
  {
    const char *text, *where;
  } cases[] = {
    { "A=1\nwhat is this\n", ".env:2: " },
    { "A=1\n\n=x\n", ".env:3: " },
    { "1A=x", ".env:1: " },
    { "A=\"multi\nline\nB=2\n", ".env:1: " },
    { "A=\"multi\nline\" trailing\n", ".env:2: " },
    { "A='x'\nB='x", ".env:2: " },
    { "KEY", ".env:1: " },
    { "export ", ".env:1: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (cases[i].text, &error));
      g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION);
      g_assert_true (g_str_has_prefix (error->message, cases[i].where));
    }
}

static void
test_nul (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (troupe_env_file_parse ("A=1\nB=\0x\n", 9, ".env", &error));
  g_assert_true (g_str_has_prefix (error->message, ".env:2: "));
}

/* Whatever the bytes, the answer is an error or entries that each hold a key and “=”. */
static void
test_mutations (void)
{
  static const char seed[] = "# c\nexport A=1\nB='x y'\nC=\"a\\nb\"\nD=\"m\nl\"\nE= # n\n";
  static const char alphabet[] = "\"'`\\=# \t\r\n$Aa0\0\xff\xef\xbb\xbf";
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  guint read = 0;

  for (guint round = 0; round < 50000; round++)
    {
      g_autoptr (GString) text = g_string_new_len (seed, sizeof seed - 1);
      g_auto (GStrv) entries = NULL;
      g_autofree char *exact = NULL;
      gint32 changes = g_rand_int_range (random, 1, 8);

      while (changes-- > 0 && text->len > 0)
        {
          gint32 at = g_rand_int_range (random, 0, (gint32) text->len);
          char c = alphabet[g_rand_int_range (random, 0, sizeof alphabet - 1)];

          switch (g_rand_int_range (random, 0, 4))
            {
            case 0:
              text->str[at] = c;
              break;
            case 1:
              g_string_insert_c (text, at, c);
              break;
            case 2:
              g_string_erase (text, at, 1);
              break;
            default:
              g_string_truncate (text, (gsize) at);
              break;
            }
        }
      /* Exactly as long as the text, so that a sanitizer sees a step too far. */
      exact = g_memdup2 (text->str, text->len);
      entries = troupe_env_file_parse (exact != NULL ? exact : "", text->len, ".env", NULL);
      for (gsize i = 0; entries != NULL && entries[i] != NULL; i++)
        g_assert_cmpint (strchr (entries[i], '=') - entries[i], >, 0);
      read += entries != NULL;
    }
  /* Both outcomes must occur, or this test has lost its subject. */
  g_assert_cmpuint (read, >, 1000);
  g_assert_cmpuint (read, <, 49000);
}

static void
test_files (void)
{
  g_autofree char *dir = g_dir_make_tmp ("troupe-env-XXXXXX", NULL);
  g_autofree char *missing = g_build_filename (dir, "missing", NULL);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  g_autofree char *large = g_build_filename (dir, "large", NULL);
  g_autofree char *text = g_strnfill (TROUPE_ENV_FILE_MAX + 1, '\n');
  g_autoptr (GError) missing_error = NULL, fifo_error = NULL, large_error = NULL;
  g_auto (GStrv) entries = NULL;

  g_assert_null (troupe_env_file_load (missing, &missing_error));
  g_assert_error (missing_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (missing_error->message, missing));

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_null (troupe_env_file_load (fifo, &fifo_error));
  g_assert_error (fifo_error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);

  g_assert_true (g_file_set_contents (large, text, TROUPE_ENV_FILE_MAX + 1, NULL));
  g_assert_null (troupe_env_file_load (large, &large_error));
  g_assert_error (large_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);

  g_assert_true (g_file_set_contents (large, text, TROUPE_ENV_FILE_MAX, NULL));
  entries = troupe_env_file_load (large, NULL);
  g_assert_nonnull (entries);

  g_unlink (fifo);
  g_unlink (large);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/project/env-file/means-what-people-mean", test_meaning);
  g_test_add_func ("/project/env-file/errors-name-the-line", test_errors);
  g_test_add_func ("/project/env-file/refuses-nul", test_nul);
  g_test_add_func ("/project/env-file/survives-mutations", test_mutations);
  g_test_add_func ("/project/env-file/refuses-what-is-no-small-file", test_files);
  return g_test_run ();
}
