/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Runs the fuzz target on its corpus and on mutations of it that are the same every time.
 *
 * `test-journal-fuzz --write-seeds tests/journal/corpus` makes the seeds anew after a change of
 * the format: small logs as a writer leaves them. */

#include "corpus.h"
#include "fuzz-journal-reader.h"
#include "journal-model.h"

#include "journal/run-status.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MUTATIONS 2000

static void
test_corpus (void)
{
  g_autoptr (GPtrArray) corpus = corpus_load ("journal");

  for (guint i = 0; i < corpus->len; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (corpus->pdata[i], &size);

      g_assert_cmpint (LLVMFuzzerTestOneInput (data, size), ==, 0);
    }
}

static void
mutate (GRand *rand, GByteArray *bytes)
{
  static const guint8 values[] = { 0, 1, 2, 4, 0x7f, 0x80, 0xff, '\n' };
  guint at = (guint) g_rand_int_range (rand, 0, (gint32) bytes->len);
  guint n = (guint) g_rand_int_range (rand, 1, 9);

  n = MIN (n, bytes->len - at);
  switch (g_rand_int_range (rand, 0, 6))
    {
    case 0:
      bytes->data[at] ^= (guint8) (1 << g_rand_int_range (rand, 0, 8));
      break;
    case 1:
      bytes->data[at] = values[g_rand_int_range (rand, 0, G_N_ELEMENTS (values))];
      break;
    case 2:
      memset (bytes->data + at, values[g_rand_int_range (rand, 0, G_N_ELEMENTS (values))], n);
      break;
    case 3:
      memmove (bytes->data + at, bytes->data + g_rand_int_range (rand, 0, (gint32) (bytes->len - n + 1)), n);
      break;
    case 4:
      bytes->data[at] += (guint8) g_rand_int_range (rand, -3, 4);
      break;
    default:
      if (bytes->len > 16 && g_rand_int_range (rand, 0, 4) == 0)
        g_byte_array_set_size (bytes, bytes->len - n);
    }
}

static void
test_mutations (void)
{
  g_autoptr (GPtrArray) corpus = corpus_load ("journal");
  g_autoptr (GRand) rand = g_rand_new_with_seed (20240229);

  for (guint i = 0; i < MUTATIONS; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      gsize size;
      const guint8 *data = g_bytes_get_data (corpus->pdata[i % corpus->len], &size);

      g_byte_array_append (bytes, data, (guint) size);
      for (int n = g_rand_int_range (rand, 1, 12); n > 0; n--)
        mutate (rand, bytes);
      LLVMFuzzerTestOneInput (bytes->data, bytes->len);
    }
}

static void
add_file (GByteArray *seed, const char *dir, guint file, guint8 flags)
{
  g_autofree char *path = g_build_filename (dir, troupe_fuzz_file_names[file], NULL);
  g_autofree char *contents = NULL;
  gsize length;

  if (g_file_get_contents (path, &contents, &length, NULL))
    {
      guint8 head[4] = { (guint8) file, flags, (guint8) length, (guint8) (length >> 8) };

      g_byte_array_append (seed, head, sizeof head);
      g_byte_array_append (seed, (const guint8 *) contents, (guint) length);
    }
}

static void
write_seed (const char *folder, const char *name, guint64 segment_bytes, guint64 limit_bytes, guint rounds,
            guint8 flags)
{
  const TroupeJournalOptions options = { .limit_bytes = limit_bytes, .segment_bytes = segment_bytes };
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GByteArray) seed = g_byte_array_new ();
  char *dir = journal_test_dir_new ();
  TroupeRunStatus status = { .exit_code = -1 };
  TroupeJournalWriter *output, *activity;

  close (troupe_run_status_create (dir, &status));
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &output), ==, 0);
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_ACTIVITY, &options, &activity), ==, 0);
  for (guint i = 0; i < rounds; i++)
    {
      troupe_journal_writer_append (output, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, 1000 * i,
                                    "one\ntwo\nthr", 11);
      troupe_journal_writer_append (output, TROUPE_STREAM_STDERR, TROUPE_RECORD_DATA, 1000 * i + 1, "error\n",
                                    6);
      if (i % 3 == 2)
        troupe_journal_writer_append (output, TROUPE_STREAM_STDOUT, TROUPE_RECORD_LOST, 1000 * i + 2, NULL,
                                      99);
      troupe_journal_writer_append (activity, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_SENT, 1000 * i + 3, "{}",
                                    2);
    }
  troupe_journal_writer_append (output, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, 1000 * rounds, "{}", 2);
  troupe_journal_writer_close (output);
  troupe_journal_writer_close (activity);
  for (guint i = 0; i < TROUPE_FUZZ_N_FILES; i++)
    add_file (seed, dir, i, flags);
  journal_test_dir_remove (dir);
  g_assert_true (g_file_set_contents (path, (const char *) seed->data, (gssize) seed->len, NULL));
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--write-seeds"))
    {
      write_seed (argv[2], "plain", 0, 0, 3, 0);
      write_seed (argv[2], "sealed", 0, 0, 6, TROUPE_FUZZ_SEAL);
      write_seed (argv[2], "segments", 256, 0, 15, TROUPE_FUZZ_SEAL);
      write_seed (argv[2], "limited", 256, 2000, 18, TROUPE_FUZZ_SEAL);
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/fuzz/corpus", test_corpus);
  g_test_add_func ("/journal/fuzz/mutations", test_mutations);
  return g_test_run ();
}
