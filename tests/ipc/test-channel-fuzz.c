/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Runs the fuzz target on its corpus and on mutations of it that are the same every time. */

#include "config.h"

#include "corpus.h"
#include "fuzz-channel.h"

#include <glib.h>
#include <string.h>

#define MUTATIONS 3000

static void
test_corpus (void)
{
  g_autoptr (GPtrArray) corpus = corpus_load ("ipc");

  for (guint i = 0; i < corpus->len; i++)
    for (guint pieces = 0; pieces < 256; pieces += 15)
      {
        g_autoptr (GByteArray) bytes = g_bytes_unref_to_array (g_bytes_ref (corpus->pdata[i]));

        /* As it is, then written in other pieces. */
        LLVMFuzzerTestOneInput (bytes->data, bytes->len);
        bytes->data[0] = (guint8) pieces;
        LLVMFuzzerTestOneInput (bytes->data, bytes->len);
      }
}

static void
mutate (GRand *rand, GByteArray *bytes, GBytes *other)
{
  static const char values[] = "\n\"\\{}[],:0-.eN\x00\x1f\x7f\x80\xc3\xed\xff";
  guint at = (guint) g_rand_int_range (rand, 0, (gint32) bytes->len);
  guint n = (guint) g_rand_int_range (rand, 1, 40);
  gsize other_length, from;
  const guint8 *other_bytes = g_bytes_get_data (other, &other_length);

  n = MIN (n, bytes->len - at);
  switch (g_rand_int_range (rand, 0, 5))
    {
    case 0:
      bytes->data[at] ^= (guint8) (1 << g_rand_int_range (rand, 0, 8));
      break;
    case 1:
      bytes->data[at] = (guint8) values[g_rand_int_range (rand, 0, sizeof values - 1)];
      break;
    case 2:
      memmove (bytes->data + at, bytes->data + g_rand_int_range (rand, 0, (gint32) (bytes->len - n + 1)), n);
      break;
    case 3:
      from = (gsize) g_rand_int_range (rand, 0, (gint32) other_length);
      g_byte_array_append (bytes, other_bytes + from, (guint) MIN (other_length - from, 200));
      break;
    default:
      if (bytes->len > n + 1)
        g_byte_array_remove_range (bytes, at, n);
    }
}

static void
test_mutations (void)
{
  g_autoptr (GPtrArray) corpus = corpus_load ("ipc");
  g_autoptr (GRand) rand = g_rand_new_with_seed (20240315);

  for (guint i = 0; i < MUTATIONS; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      gsize length;
      const guint8 *seed = g_bytes_get_data (corpus->pdata[i % corpus->len], &length);

      g_byte_array_append (bytes, seed, (guint) length);
      for (int n = g_rand_int_range (rand, 1, 12); n > 0; n--)
        mutate (rand, bytes, corpus->pdata[g_rand_int_range (rand, 0, (gint32) corpus->len)]);
      LLVMFuzzerTestOneInput (bytes->data, bytes->len);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/channel-fuzz/corpus", test_corpus);
  g_test_add_func ("/ipc/channel-fuzz/mutations", test_mutations);
  return g_test_run ();
}
