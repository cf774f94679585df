/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What the log view costs: frames and CPU while another process appends 100 MB/s, opening and
 * jumping in 10 million lines (--short: 100 thousand), idling, memory; and 100 sparklines.
 * Run it through tests/ui/run-headless.sh. */

#include "config.h"

#include "graph/sparkline.h"
#include "journal/journal-reader.h"
#include "journal/journal-writer.h"
#include "logview/log-view.h"

#include <adwaita.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK_BYTES (64u << 10)
#define FEED_BLOCKS 61
#define FEED_BYTES_PER_SECOND 100e6
#define WINDOW_WIDTH 1400
#define WINDOW_HEIGHT 950

static gboolean is_short;
static guint n_frames;
static guint n_wakeups;

static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double
wall_seconds (void)
{
  return g_get_monotonic_time () / 1e6;
}

/* Anonymous memory, in MB. */
static double
anonymous_mb (void)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL) || (at = strstr (text, "RssAnon:")) == NULL)
    return 0;
  return g_ascii_strtod (at + 8, NULL) / 1024;
}

/* One line as servers print them: some with colours, some long, some not ASCII. */
static gsize
fill_line (char *out, gsize size, guint64 number)
{
  switch (number % 8)
    {
    case 0:
      return g_snprintf (out, size, "12:01:07.%03u \033[32mGET\033[0m /items/%u \033[1m200\033[0m %u ms\n",
                         (guint) (number % 1000), (guint) (number % 99991), (guint) (number % 17));
    case 1:
      return g_snprintf (out, size, "\033[33mwarning\033[0m: queue %u is %u %% full – naïve retry in %u s\n",
                         (guint) (number % 12), (guint) (number % 100), (guint) (number % 60));
    case 5:
      return g_snprintf (out, size, "{\"level\":\"info\",\"time\":%u,\"path\":\"/usr/share/doc/package-%u/changelog.gz\",\"user\":\"u%u\"}\n",
                         (guint) number, (guint) (number % 5000), (guint) (number % 777));
    default:
      return g_snprintf (out, size, "/usr/lib/x86_64-linux-gnu/module-%u/file-%u.so\n", (guint) (number % 333),
                         (guint) number);
    }
}

static gsize
fill_block (char *block, guint64 *number)
{
  gsize at = 0;
  char line[256];

  for (;;)
    {
      gsize n = fill_line (line, sizeof line, *number);

      if (at + n > BLOCK_BYTES)
        return at;
      memcpy (block + at, line, n);
      at += n;
      ++*number;
    }
}

/* The other process: appends at a steady rate until it is killed. */
static int
feed (const char *dir)
{
  TroupeJournalOptions options = { .limit_bytes = 400u << 20 };
  TroupeJournalWriter *writer;
  char *blocks[FEED_BLOCKS];
  gsize lengths[FEED_BLOCKS];
  guint64 number = 0;
  double start = wall_seconds ();
  double sent = 0;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer) < 0)
    return 1;
  /* Different ones, so that no frame looks like the one before. */
  for (guint i = 0; i < FEED_BLOCKS; i++)
    {
      blocks[i] = g_malloc (BLOCK_BYTES);
      lengths[i] = fill_block (blocks[i], &number);
    }
  for (guint i = 0;; i = (i + 1) % FEED_BLOCKS)
    {
      double ahead = sent / FEED_BYTES_PER_SECOND - (wall_seconds () - start);

      if (ahead > 0)
        g_usleep (ahead * 1e6);
      troupe_journal_writer_append (writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, g_get_real_time (),
                                    blocks[i], lengths[i]);
      sent += lengths[i];
    }
}

static GPid
start_feeder (const char *self, const char *dir)
{
  const char *argv[] = { self, "--feed", dir, NULL };
  g_autoptr (GError) error = NULL;
  GPid pid;

  if (!g_spawn_async (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error))
    g_error ("%s", error->message);
  return pid;
}

static void
stop_feeder (GPid pid)
{
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
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

static void
painted_cb (GdkFrameClock *clock, gpointer data)
{
  n_frames++;
}

static gboolean
stop_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (double seconds)
{
  gboolean done = FALSE;

  g_timeout_add (seconds * 1000, stop_cb, &done);
  while (!done)
    {
      g_main_context_iteration (NULL, TRUE);
      n_wakeups++;
    }
}

static void
wait_for_frame (void)
{
  guint before = n_frames;

  while (n_frames == before)
    g_main_context_iteration (NULL, TRUE);
}

static GtkWindow *
show (GtkWidget *view)
{
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());
  GtkWidget *scrolled = gtk_scrolled_window_new ();

  gtk_window_set_default_size (window, WINDOW_WIDTH, WINDOW_HEIGHT);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), view);
  gtk_window_set_child (window, scrolled);
  gtk_window_present (window);
  g_signal_connect (gtk_widget_get_frame_clock (GTK_WIDGET (window)), "after-paint", G_CALLBACK (painted_cb), NULL);
  wait_for_frame ();
  return window;
}

static int
compare_doubles (const void *a, const void *b)
{
  return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

static void
bench_follow (const char *self, TroupeLogView *view, const char *dir)
{
  double seconds = is_short ? 1 : 5;
  TroupeLogRun run = { dir, NULL, 0 };
  GPid feeder;
  guint64 rows;
  static const struct
  {
    const char *name;
    gboolean follow, wrap, times;
  } modes[] = {
    { "following", TRUE, FALSE, FALSE },
    { "following, time stamps", TRUE, FALSE, TRUE },
    { "following, wrapped", TRUE, TRUE, FALSE },
    { "not following", FALSE, FALSE, FALSE },
  };

  feeder = start_feeder (self, dir);
  troupe_log_view_set_runs (view, &run, 1);
  while (troupe_log_view_get_n_rows (view) < 100000)
    run_for (0.05);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      double cpu;
      double wall;
      double memory;

      troupe_log_view_set_wrap (view, modes[i].wrap);
      troupe_log_view_set_time_stamps (view, modes[i].times ? TROUPE_LOG_TIMES_CLOCK : TROUPE_LOG_TIMES_OFF);
      troupe_log_view_set_follow (view, modes[i].follow);
      run_for (0.3);
      n_frames = 0;
      memory = anonymous_mb ();
      rows = troupe_log_view_get_n_rows (view);
      cpu = cpu_seconds ();
      wall = wall_seconds ();
      run_for (seconds);
      cpu = cpu_seconds () - cpu;
      wall = wall_seconds () - wall;
      printf ("100 MB/s, %s: %.1f fps, %.2f ms CPU/frame (limit 3.5: %.2f), %.1f %% of a core, memory %+.1f MB\n",
              modes[i].name, n_frames / wall, n_frames > 0 ? cpu * 1000 / n_frames : 0,
              n_frames > 0 ? cpu * 1000 / n_frames / 3.5 : 0, cpu / wall * 100, anonymous_mb () - memory);
      if (modes[i].follow && troupe_log_view_get_n_rows (view) == rows)
        g_error ("nothing was appended");
    }
  stop_feeder (feeder);
  troupe_log_view_set_follow (view, TRUE);
  /* Until the scrollbar has faded away. */
  run_for (is_short ? 1.5 : 4);
  n_frames = n_wakeups = 0;
  {
    double cpu = cpu_seconds ();

    run_for (seconds);
    printf ("idle: %u frames, %u wake-ups, %.3f %% of a core\n", n_frames, n_wakeups,
            (cpu_seconds () - cpu) / seconds * 100);
  }
}

static void
write_lines (const char *dir, guint64 n_lines)
{
  TroupeJournalWriter *writer;
  g_autofree char *block = g_malloc (BLOCK_BYTES);
  guint64 number = 0;

  if (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &writer) < 0)
    g_error ("could not write to %s", dir);
  while (number < n_lines)
    {
      gsize length = fill_block (block, &number);

      troupe_journal_writer_append (writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA,
                                    G_GUINT64_CONSTANT (1700000000000000) + number, block, length);
    }
  troupe_journal_writer_close (writer);
}

static void
print_times (const char *what, double *wall, double *cpu, guint n)
{
  qsort (wall, n, sizeof *wall, compare_doubles);
  qsort (cpu, n, sizeof *cpu, compare_doubles);
  printf ("%s: CPU %.1f ms median, %.1f ms worst (limit 20: %.2f); painted after %.1f ms median, %.1f ms worst\n", what,
          cpu[n / 2] * 1000, cpu[n - 1] * 1000, cpu[n / 2] * 1000 / 20, wall[n / 2] * 1000, wall[n - 1] * 1000);
}

static void
bench_open_and_jump (TroupeLogView *view, GtkAdjustment *adjustment, const char *dir, const char *small_dir)
{
  TroupeLogRun run = { dir, NULL, 0 };
  TroupeLogRun small = { small_dir, NULL, 0 };
  guint n = is_short ? 5 : 40;
  g_autofree double *wall = g_new (double, n);
  g_autofree double *cpu = g_new (double, n);
  GRand *rand = g_rand_new_with_seed (1);
  double memory = anonymous_mb ();

  for (guint i = 0; i < n; i++)
    {
      troupe_log_view_set_runs (view, &small, 1);
      run_for (0.05);
      wall[i] = wall_seconds ();
      cpu[i] = cpu_seconds ();
      troupe_log_view_set_runs (view, &run, 1);
      wait_for_frame ();
      cpu[i] = cpu_seconds () - cpu[i];
      wall[i] = wall_seconds () - wall[i];
    }
  printf ("%" G_GUINT64_FORMAT " rows\n", troupe_log_view_get_n_rows (view));
  print_times ("open at the end", wall, cpu, n);
  for (guint i = 0; i < n; i++)
    {
      run_for (0.03);
      wall[i] = wall_seconds ();
      cpu[i] = cpu_seconds ();
      gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment) * g_rand_double (rand));
      wait_for_frame ();
      cpu[i] = cpu_seconds () - cpu[i];
      wall[i] = wall_seconds () - wall[i];
    }
  print_times ("jump", wall, cpu, n);
  printf ("memory: %.1f MB anonymous, %+.1f MB by opening and jumping\n", anonymous_mb (), anonymous_mb () - memory);
  g_rand_free (rand);
}

/* Several workers in one view. */
static void
bench_merged (TroupeLogView *view, GtkAdjustment *adjustment, guint n_runs)
{
  g_autofree TroupeLogRun *runs = g_new0 (TroupeLogRun, n_runs);
  g_autofree char *what = g_strdup_printf ("jump in %u merged runs", n_runs);
  guint64 n_lines = (is_short ? 100000 : 1000000) / n_runs;
  guint n = is_short ? 5 : 40;
  g_autofree double *wall = g_new (double, n);
  g_autofree double *cpu = g_new (double, n);
  GRand *rand = g_rand_new_with_seed (2);

  for (guint i = 0; i < n_runs; i++)
    {
      runs[i].journal_dir = g_dir_make_tmp ("troupe-bench-run-XXXXXX", NULL);
      runs[i].label = "worker";
      write_lines (runs[i].journal_dir, n_lines);
    }
  troupe_log_view_set_runs (view, runs, n_runs);
  wait_for_frame ();
  for (guint i = 0; i < n; i++)
    {
      run_for (0.03);
      wall[i] = wall_seconds ();
      cpu[i] = cpu_seconds ();
      gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment) * g_rand_double (rand));
      wait_for_frame ();
      cpu[i] = cpu_seconds () - cpu[i];
      wall[i] = wall_seconds () - wall[i];
    }
  print_times (what, wall, cpu, n);
  troupe_log_view_set_runs (view, NULL, 0);
  for (guint i = 0; i < n_runs; i++)
    {
      remove_dir (runs[i].journal_dir);
      g_free ((char *) runs[i].journal_dir);
    }
  g_rand_free (rand);
}

static void
bench_search (TroupeLogView *view)
{
  static const struct
  {
    const char *text;
    TroupeLogMatchFlags flags;
  } searches[] = {
    { "file-4242.so", TROUPE_LOG_MATCH_DEFAULT },
    { "queue [0-9]+ is 99", TROUPE_LOG_MATCH_REGEX },
    { "e", TROUPE_LOG_MATCH_DEFAULT },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (searches); i++)
    {
      double wall = wall_seconds ();
      double memory = anonymous_mb ();

      if (!troupe_log_view_set_search (view, searches[i].text, searches[i].flags, NULL))
        g_error ("%s does not compile", searches[i].text);
      while (troupe_log_view_get_searching (view))
        run_for (0.01);
      wall = wall_seconds () - wall;
      printf ("search “%s”: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " rows in %.2f s, %.1f M rows/s, memory %+.1f MB\n",
              searches[i].text, troupe_log_view_get_n_matches (view), troupe_log_view_get_n_rows (view), wall,
              troupe_log_view_get_n_rows (view) / wall / 1e6, anonymous_mb () - memory);
      troupe_log_view_set_search (view, NULL, 0, NULL);
      run_for (0.1);
    }
}

static void
bench_sparklines (void)
{
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());
  GtkWidget *grid = gtk_grid_new ();
  GtkWidget *sparklines[100];
  guint n = is_short ? 3 : 20;
  double cpu;

  for (guint i = 0; i < 100; i++)
    {
      sparklines[i] = troupe_sparkline_new ();
      gtk_grid_attach (GTK_GRID (grid), sparklines[i], i % 10, i / 10, 1, 1);
    }
  gtk_window_set_child (window, grid);
  gtk_window_present (window);
  g_signal_connect (gtk_widget_get_frame_clock (GTK_WIDGET (window)), "after-paint", G_CALLBACK (painted_cb), NULL);
  for (guint k = 0; k < 60; k++)
    {
      for (guint i = 0; i < 100; i++)
        troupe_sparkline_push (TROUPE_SPARKLINE (sparklines[i]), (k * 37 + i * 11) % 100);
    }
  run_for (0.3);
  cpu = cpu_seconds ();
  for (guint k = 0; k < n; k++)
    {
      for (guint i = 0; i < 100; i++)
        troupe_sparkline_push (TROUPE_SPARKLINE (sparklines[i]), (k * 41 + i * 13) % 100);
      wait_for_frame ();
    }
  cpu = (cpu_seconds () - cpu) / n;
  printf ("100 sparklines: %.1f ms CPU per update (limit 10, 1 %% of a core at 1 Hz: %.2f)\n", cpu * 1000,
          cpu * 1000 / 10);
  gtk_window_destroy (window);
}

int
main (int argc, char **argv)
{
  GtkWidget *view;
  GtkWindow *window;
  g_autofree char *feed_dir = NULL;
  g_autofree char *large_dir = NULL;

  if (argc == 3 && g_str_equal (argv[1], "--feed"))
    return feed (argv[2]);
  is_short = argc > 1 && g_str_equal (argv[1], "--short");
  setvbuf (stdout, NULL, _IOLBF, 0);
  gtk_init ();
  adw_init ();
  feed_dir = g_dir_make_tmp ("troupe-bench-feed-XXXXXX", NULL);
  large_dir = g_dir_make_tmp ("troupe-bench-log-XXXXXX", NULL);
  view = troupe_log_view_new ();
  window = show (view);
  printf ("renderer %s, %d×%d\n", G_OBJECT_TYPE_NAME (gtk_native_get_renderer (GTK_NATIVE (window))),
          gtk_widget_get_width (view), gtk_widget_get_height (view));
  bench_follow (argv[0], TROUPE_LOG_VIEW (view), feed_dir);
  write_lines (large_dir, is_short ? 100000 : 10000000);
  bench_open_and_jump (TROUPE_LOG_VIEW (view), gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view)), large_dir,
                       feed_dir);
  bench_search (TROUPE_LOG_VIEW (view));
  bench_merged (TROUPE_LOG_VIEW (view), gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view)), 12);
  bench_merged (TROUPE_LOG_VIEW (view), gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view)), 100);
  gtk_window_destroy (window);
  bench_sparklines ();
  remove_dir (feed_dir);
  remove_dir (large_dir);
  return 0;
}
