/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What the journal costs: the writer against write(2) of the same bytes to a file, and
 * the reader on a log of 10 million lines (--short: 100 thousand). */

#include "journal/journal-reader.h"
#include "journal/journal-view.h"
#include "journal/journal-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BLOCK_SIZE (256 * 1024)
#define SCREEN_ROWS 60
#define START_USEC G_GUINT64_CONSTANT (1700000000000000)
/* The full log is kept here from run to run. */
#define LOG_FOLDER "troupe-bench-journal"

static gboolean is_short;

static double
get_cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) usage.ru_utime.tv_sec + (double) usage.ru_stime.tv_sec +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
remove_dir (const char *dir)
{
  g_autoptr (GDir) entries = g_dir_open (dir, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (dir, name, NULL);

      g_unlink (path);
    }
  g_rmdir (dir);
}

/* Lines of 20 to 110 bytes, 65 on average, as logs have. */
static gsize
fill_lines (GRand *rand, char *bytes, gsize size, guint64 *n_lines)
{
  gsize at = 0;

  for (;;)
    {
      gsize length = (gsize) g_rand_int_range (rand, 20, 111);

      if (at + length > size)
        return at;
      for (gsize i = 0; i + 1 < length; i++)
        bytes[at + i] = (char) ('a' + (at * 7 + i) % 26);
      bytes[at + length - 1] = '\n';
      at += length;
      (*n_lines)++;
    }
}

typedef struct
{
  double seconds, cpu_seconds;
} Cost;

static Cost
write_plainly (const char *bytes, gsize piece, guint64 total)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "troupe-bench-plain-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  double cpu = get_cpu_seconds ();
  gint64 start = g_get_monotonic_time ();
  Cost cost;

  g_assert_cmpint (fd, >=, 0);
  for (guint64 done = 0; done < total; done += piece)
    g_assert_cmpint (write (fd, bytes + done % BLOCK_SIZE, piece), ==, piece);
  cost.seconds = (double) (g_get_monotonic_time () - start) / 1e6;
  cost.cpu_seconds = get_cpu_seconds () - cpu;
  close (fd);
  g_unlink (path);
  return cost;
}

static Cost
write_journal (const char *bytes, gsize piece, guint64 total, double *index_share)
{
  g_autofree char *dir = g_dir_make_tmp ("troupe-bench-XXXXXX", NULL);
  g_autofree char *index = g_build_filename (dir, "output.index", NULL);
  TroupeJournalWriter *writer;
  GStatBuf info;
  double cpu;
  gint64 start;
  Cost cost;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  cpu = get_cpu_seconds ();
  start = g_get_monotonic_time ();
  for (guint64 done = 0; done < total; done += piece)
    g_assert_cmpint (troupe_journal_writer_append (writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA,
                                                   START_USEC + done, bytes + done % BLOCK_SIZE, piece),
                     ==, 0);
  cost.seconds = (double) (g_get_monotonic_time () - start) / 1e6;
  cost.cpu_seconds = get_cpu_seconds () - cpu;
  troupe_journal_writer_close (writer);
  g_assert_cmpint (g_stat (index, &info), ==, 0);
  *index_share = (double) info.st_size / (double) total;
  remove_dir (dir);
  return cost;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
get_quantile (double *values, guint n, double quantile)
{
  qsort (values, n, sizeof *values, compare_doubles);
  return values[MIN (n - 1, (guint) (quantile * n))];
}

static void
bench_writer (const char *what, gsize piece, guint64 total)
{
  enum
  {
    ROUNDS_MAX = 9
  };
  guint rounds = is_short ? 3 : ROUNDS_MAX;
  double plain[ROUNDS_MAX], ours[ROUNDS_MAX], ratios[ROUNDS_MAX], plain_cpu[ROUNDS_MAX], our_cpu[ROUNDS_MAX];
  double index_share = 0;
  g_autofree char *bytes = g_malloc (BLOCK_SIZE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint64 n_lines = 0;

  memset (bytes, 'x', BLOCK_SIZE);
  fill_lines (rand, bytes, BLOCK_SIZE, &n_lines);
  write_plainly (bytes, piece, total / 4);
  for (guint i = 0; i < rounds; i++)
    {
      Cost a = write_plainly (bytes, piece, total);
      Cost b = write_journal (bytes, piece, total, &index_share);
      double mb = (double) total / 1e6;

      plain[i] = mb / a.seconds;
      ours[i] = mb / b.seconds;
      ratios[i] = a.seconds / b.seconds;
      plain_cpu[i] = a.cpu_seconds / mb * 1000;
      our_cpu[i] = b.cpu_seconds / mb * 1000;
    }
  printf ("writer, %s: %.0f MB/s against %.0f MB/s of write(): %.2fx; CPU %.2f s/GB against %.2f; "
          "index %.4f bytes a byte\n",
          what, get_quantile (ours, rounds, 0.5), get_quantile (plain, rounds, 0.5),
          get_quantile (ratios, rounds, 0.5), get_quantile (our_cpu, rounds, 0.5),
          get_quantile (plain_cpu, rounds, 0.5), index_share);
}

/* Writes the log unless it is there from the last time. */
static void
build_log (const char *dir, guint64 n_rows)
{
  TroupeJournalReader *reader = NULL;
  TroupeJournalWriter *writer;
  g_autofree char *bytes = g_malloc (BLOCK_SIZE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  guint64 n_lines = 0, time_usec = START_USEC;

  if (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader) == 0)
    {
      guint64 end = troupe_journal_reader_get_end (reader, TROUPE_STREAM_MASK_ALL);

      troupe_journal_reader_close (reader);
      if (end >= n_rows)
        return;
      remove_dir (dir);
    }
  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer), ==, 0);
  while (n_lines < n_rows)
    {
      /* Reads of all sizes, one in eight from stderr. */
      gsize size = (gsize) g_rand_int_range (rand, 200, 16 * 1024);
      TroupeStream stream = g_rand_int_range (rand, 0, 8) == 0 ? TROUPE_STREAM_STDERR : TROUPE_STREAM_STDOUT;

      time_usec += (guint64) g_rand_int_range (rand, 1, 2000);
      size = fill_lines (rand, bytes, size, &n_lines);
      g_assert_cmpint (
          troupe_journal_writer_append (writer, stream, TROUPE_RECORD_DATA, time_usec, bytes, size), ==, 0);
    }
  troupe_journal_writer_close (writer);
}

static void
print_times (const char *what, double *usec, guint n)
{
  double median = get_quantile (usec, n, 0.5);
  double p99 = get_quantile (usec, n, 0.99);

  printf ("reader, %s: median %.1f us, 99%% within %.1f us, worst %.1f us\n", what, median, p99, usec[n - 1]);
}

static guint64
get_pss_kib (void)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents ("/proc/self/smaps_rollup", &text, NULL, NULL))
    return 0;
  at = strstr (text, "\nPss:");
  return at != NULL ? g_ascii_strtoull (at + 5, NULL, 10) : 0;
}

/* The cost of one call in microseconds: a row, or a screen of them. */
static double
jump (TroupeJournalReader *reader, unsigned mask, guint64 row, guint n_rows)
{
  guint64 end = troupe_journal_reader_get_end (reader, mask);
  struct timespec begin, now;
  TroupeJournalRow out;

  clock_gettime (CLOCK_MONOTONIC, &begin);
  for (guint i = 0; i < n_rows && row + i < end; i++)
    g_assert_true (troupe_journal_reader_get_row (reader, mask, row + i, &out));
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) (now.tv_sec - begin.tv_sec) * 1e6 + (double) (now.tv_nsec - begin.tv_nsec) / 1e3;
}

static void
bench_open (const char *dir, guint n)
{
  g_autofree double *usec = g_new (double, n);

  for (guint i = 0; i < n; i++)
    {
      TroupeJournalReader *reader;
      struct timespec begin, now;
      guint64 end;

      clock_gettime (CLOCK_MONOTONIC, &begin);
      g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
      end = troupe_journal_reader_get_end (reader, TROUPE_STREAM_MASK_ALL);
      jump (reader, TROUPE_STREAM_MASK_ALL, end - SCREEN_ROWS, SCREEN_ROWS);
      clock_gettime (CLOCK_MONOTONIC, &now);
      usec[i] = (double) (now.tv_sec - begin.tv_sec) * 1e6 + (double) (now.tv_nsec - begin.tv_nsec) / 1e3;
      troupe_journal_reader_close (reader);
    }
  print_times ("open and read the last 60 rows", usec, n);
}

static void
bench_view (const char *dir, guint n)
{
  TroupeJournalView *view = troupe_journal_view_new ();
  g_autofree double *usec = g_new (double, n);
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  guint64 end;

  /* The same log as two sources: stdout and stderr merged by time. */
  for (guint i = 0; i < 2; i++)
    {
      TroupeJournalReader *reader;

      g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
      troupe_journal_view_add (view, reader,
                               TROUPE_STREAM_MASK (i == 0 ? TROUPE_STREAM_STDOUT : TROUPE_STREAM_STDERR));
    }
  end = troupe_journal_view_get_end (view);
  for (guint i = 0; i < n; i++)
    {
      guint64 row = (guint64) (g_rand_double (rand) * (double) (end - SCREEN_ROWS));
      struct timespec begin, now;
      TroupeJournalViewRow out;

      clock_gettime (CLOCK_MONOTONIC, &begin);
      for (guint j = 0; j < SCREEN_ROWS; j++)
        g_assert_true (troupe_journal_view_get_row (view, row + j, &out));
      clock_gettime (CLOCK_MONOTONIC, &now);
      usec[i] = (double) (now.tv_sec - begin.tv_sec) * 1e6 + (double) (now.tv_nsec - begin.tv_nsec) / 1e3;
    }
  print_times ("jump in a view of two logs and read 60 rows", usec, n);
  for (guint i = 0; i < n; i++)
    {
      struct timespec begin, now;
      TroupeJournalViewRow out;

      /* What a frame costs that follows the end: masks set anew make the view forget. */
      troupe_journal_view_set_mask (
          view, 0, i % 2 == 0 ? TROUPE_STREAM_MASK_ALL : TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT));
      clock_gettime (CLOCK_MONOTONIC, &begin);
      end = troupe_journal_view_get_end (view);
      for (guint j = SCREEN_ROWS; j > 0; j--)
        g_assert_true (troupe_journal_view_get_row (view, end - j, &out));
      clock_gettime (CLOCK_MONOTONIC, &now);
      usec[i] = (double) (now.tv_sec - begin.tv_sec) * 1e6 + (double) (now.tv_nsec - begin.tv_nsec) / 1e3;
    }
  print_times ("the last 60 rows of that view", usec, n);
  troupe_journal_view_free (view);
}

static void
bench_reader (const char *dir)
{
  guint n = is_short ? 200 : 5000;
  g_autofree double *usec = g_new (double, n);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  unsigned mask = TROUPE_STREAM_MASK_ALL;
  TroupeJournalReader *reader;
  gsize heap_before, heap_open;
  guint64 pss_before;
  guint64 end, first, last;
  TroupeJournalRow row;

  bench_open (dir, is_short ? 20 : 200);

  pss_before = get_pss_kib ();
  heap_before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  g_assert_cmpint (troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader), ==, 0);
  end = troupe_journal_reader_get_end (reader, mask);
  heap_open = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  printf ("reader, log: %" G_GUINT64_FORMAT " rows, %.0f MB, %" G_GUINT64_FORMAT " records\n", end,
          (double) (troupe_journal_reader_get_stream_end (reader, TROUPE_STREAM_STDOUT) +
                    troupe_journal_reader_get_stream_end (reader, TROUPE_STREAM_STDERR)) /
              1e6,
          troupe_journal_reader_get_record_end (reader));

  for (guint i = 0; i < n; i++)
    usec[i] = jump (reader, mask, (guint64) (g_rand_double (rand) * (double) end), 1);
  print_times ("jump to any line", usec, n);
  for (guint i = 0; i < n; i++)
    usec[i] = jump (reader, mask, (guint64) (g_rand_double (rand) * (double) end), SCREEN_ROWS);
  print_times ("jump and read 60 rows", usec, n);

  g_assert_true (troupe_journal_reader_get_row (reader, mask, 0, &row));
  first = row.time_usec;
  g_assert_true (troupe_journal_reader_get_row (reader, mask, end - 1, &row));
  last = row.time_usec;
  for (guint i = 0; i < n; i++)
    {
      guint64 time_usec = first + (guint64) (g_rand_double (rand) * (double) (last - first));
      struct timespec begin, now;

      clock_gettime (CLOCK_MONOTONIC, &begin);
      g_assert_cmpuint (troupe_journal_reader_find_time (reader, mask, time_usec), <, end);
      clock_gettime (CLOCK_MONOTONIC, &now);
      usec[i] = (double) (now.tv_sec - begin.tv_sec) * 1e6 + (double) (now.tv_nsec - begin.tv_nsec) / 1e3;
    }
  print_times ("row at a time", usec, n);

  printf ("reader, memory: %zu KiB of heap at opening, %zd bytes more after all that; PSS grew by "
          "%" G_GINT64_FORMAT " KiB\n",
          (heap_open - heap_before) / 1024,
          (gssize) (mallinfo2 ().uordblks + mallinfo2 ().hblkhd - heap_open),
          (gint64) (get_pss_kib () - pss_before));
  troupe_journal_reader_close (reader);
  bench_view (dir, is_short ? 50 : 500);
}

int
main (int argc, char **argv)
{
  g_autofree char *dir = NULL;

  for (int i = 1; i < argc; i++)
    if (g_str_equal (argv[i], "--short"))
      is_short = TRUE;
    else
      {
        fprintf (stderr, "usage: bench-journal [--short]\n");
        return 2;
      }

  bench_writer ("blocks of 256 KiB", 256 << 10, is_short ? 8 << 20 : 512 << 20);
  bench_writer ("blocks of 64 KiB", 64 << 10, is_short ? 8 << 20 : 512 << 20);
  bench_writer ("blocks of 8 KiB", 8 << 10, is_short ? 4 << 20 : 128 << 20);
  bench_writer ("pieces of 64 bytes", 64, is_short ? 256 << 10 : 16 << 20);

  if (is_short)
    dir = g_dir_make_tmp ("troupe-bench-XXXXXX", NULL);
  else
    dir = g_build_filename (g_get_tmp_dir (), LOG_FOLDER, NULL);
  build_log (dir, is_short ? 100000 : 10000000);
  bench_reader (dir);
  if (is_short)
    remove_dir (dir);
  return 0;
}
