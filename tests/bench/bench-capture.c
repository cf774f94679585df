/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What capturing costs: a child that floods its stdout, in blocks of 64 KiB and in lines of 80
 * bytes with a write each, through a keeper into a journal, against `cat > file` behind a pipe and
 * against the child writing to the file itself; then a hundred floods at once against Node, once
 * piping them into files and once only counting bytes; then a keeper's memory. Rounds alternate;
 * figures are medians of the rounds and of their ratios. CPU is the reader's alone. Files lie on
 * disk, in TMPDIR or /var/tmp, as journals do.
 *
 * In a virtual machine that reports free memory to its host, a page that was not used for two
 * seconds costs more to write to than all else here. So as much memory is used and freed before
 * each measurement as it will need.
 *
 *   bench-capture [--short] */

#include "config.h"

#include "base/paths.h"
#include "keeper/keeper-pool.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEGABYTE 1e6
#define MANY 100

extern char **environ;

static const char *test_child;
static const char *base_dir;

typedef struct
{
  double wall_usec;        /* from the start until all is in the file */
  double writer_usec;      /* the writer's own life */
  double reader_cpu_usec;
} Figures;

static double
time_usec (struct timeval time)
{
  return (double) time.tv_sec * 1e6 + (double) time.tv_usec;
}

static char *
make_folder (void)
{
  char *folder = g_build_filename (base_dir, "troupe-bench-XXXXXX", NULL);

  if (g_mkdtemp (folder) == NULL)
    g_error ("could not make %s", folder);
  return folder;
}

static void
remove_folder (char *folder)
{
  g_autofree char *command = g_strdup_printf ("rm -r '%s'", folder);

  if (system (command) != 0)
    g_printerr ("could not remove %s\n", folder);
  g_free (folder);
}

/* Starts a program with descriptors for stdin (-1: as ours) and stdout. */
static pid_t
start (const char *const *argv, int stdin_fd, int stdout_fd)
{
  posix_spawn_file_actions_t actions;
  pid_t pid;

  posix_spawn_file_actions_init (&actions);
  if (stdin_fd >= 0)
    posix_spawn_file_actions_adddup2 (&actions, stdin_fd, 0);
  posix_spawn_file_actions_adddup2 (&actions, stdout_fd, 1);
  if (posix_spawnp (&pid, argv[0], &actions, NULL, (char **) argv, environ) != 0)
    g_error ("could not start %s", argv[0]);
  posix_spawn_file_actions_destroy (&actions);
  return pid;
}

typedef struct
{
  char *bytes, *block;
  const char *argv[5];
} Flood;

static void
flood_init (Flood *flood, guint64 bytes, guint block)
{
  flood->bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
  flood->block = g_strdup_printf ("%u", block);
  flood->argv[0] = test_child;
  flood->argv[1] = "flood";
  flood->argv[2] = flood->bytes;
  flood->argv[3] = flood->block;
  flood->argv[4] = NULL;
}

static void
flood_clear (Flood *flood)
{
  g_free (flood->bytes);
  g_free (flood->block);
}

static int
create_file (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  int fd = open (path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

  if (fd < 0)
    g_error ("could not make %s", path);
  return fd;
}

static void
warm_memory (guint64 bytes)
{
  static char block[256 * 1024];
  char *folder = make_folder ();
  int fd = create_file (folder);

  for (guint64 done = 0; done < bytes; done += sizeof block)
    if (write (fd, block, sizeof block) != sizeof block)
      break;
  close (fd);
  remove_folder (folder);
}

static Figures
run_direct (const Flood *flood)
{
  char *folder = make_folder ();
  int fd = create_file (folder);
  gint64 begin = g_get_monotonic_time ();
  double wall;

  waitpid (start (flood->argv, -1, fd), NULL, 0);
  wall = (double) (g_get_monotonic_time () - begin);
  close (fd);
  remove_folder (folder);
  return (Figures){ wall, wall, 0 };
}

static Figures
run_cat (const Flood *flood)
{
  static const char *const cat[] = { "cat", NULL };
  char *folder = make_folder ();
  int fd = create_file (folder), ends[2];
  struct rusage usage;
  Figures figures;
  pid_t writer, reader;
  gint64 begin;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    g_error ("no pipe");
  begin = g_get_monotonic_time ();
  reader = start (cat, ends[0], fd);
  writer = start (flood->argv, -1, ends[1]);
  close (ends[0]);
  close (ends[1]);
  waitpid (writer, NULL, 0);
  figures.writer_usec = (double) (g_get_monotonic_time () - begin);
  wait4 (reader, NULL, 0, &usage);
  figures.wall_usec = (double) (g_get_monotonic_time () - begin);
  figures.reader_cpu_usec = time_usec (usage.ru_utime) + time_usec (usage.ru_stime);
  close (fd);
  remove_folder (folder);
  return figures;
}

/* Nanoseconds that a process of one thread has run. */
static double
read_cpu_usec (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/schedstat", (int) pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  return g_ascii_strtod (text, NULL) / 1000;
}

/* From /proc/PID/smaps_rollup, in KiB. */
static guint
read_pss_kib (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (at = strstr (text, "\nPss:")) == NULL)
    return 0;
  return (guint) atoi (at + strlen ("\nPss:"));
}

typedef struct
{
  TroupeKeeperPool *pool;
  char *folder;
  guint n_launched, n_ended;
} Bench;

static void
bench_init (Bench *bench)
{
  g_autofree char *keeper = troupe_paths_dup_program ("troupe-keeper");

  bench->folder = make_folder ();
  bench->pool = troupe_keeper_pool_new (keeper, bench->folder);
  bench->n_launched = bench->n_ended = 0;
  while (g_main_context_iteration (NULL, FALSE)) /* a warm keeper */
    ;
}

static void
bench_clear (Bench *bench)
{
  g_object_unref (bench->pool);
  remove_folder (bench->folder);
}

static void
ended_cb (TroupeKeeper *keeper, Bench *bench)
{
  bench->n_ended++;
}

static TroupeKeeper *
launch (Bench *bench, const char *const *argv)
{
  g_autofree char *dir = g_strdup_printf ("%s/run-%u", bench->folder, bench->n_launched);
  g_autofree char *identity = g_strdup_printf ("bench/flood/%u", bench->n_launched++);
  const TroupeLaunch spec = {
    .identity = identity,
    .journal_dir = dir,
    .argv = argv,
    .envp = (const char *const *) environ,
  };
  g_autoptr (GError) error = NULL;
  TroupeKeeper *keeper;

  if (g_mkdir (dir, 0700) < 0)
    g_error ("could not make %s", dir);
  keeper = troupe_keeper_pool_launch (bench->pool, &spec, &error);
  if (keeper == NULL)
    g_error ("%s", error->message);
  g_signal_connect (keeper, "ended", G_CALLBACK (ended_cb), bench);
  return keeper;
}

static void
await_end (Bench *bench)
{
  while (bench->n_ended < bench->n_launched)
    g_main_context_iteration (NULL, TRUE);
}

static Figures
run_keeper (const Flood *flood)
{
  g_autoptr (TroupeKeeper) keeper = NULL;
  const TroupeRunStatus *status;
  Figures figures;
  Bench bench;
  gint64 begin;

  bench_init (&bench);
  begin = g_get_monotonic_time ();
  keeper = launch (&bench, flood->argv);
  await_end (&bench);
  figures.wall_usec = (double) (g_get_monotonic_time () - begin);
  status = troupe_keeper_get_status (keeper);
  if (status->stdout_bytes != g_ascii_strtoull (flood->bytes, NULL, 10) || status->lost_bytes != 0)
    g_error ("bytes were lost");
  figures.writer_usec = (double) status->duration_usec;
  /* It is warm again, and has done nothing else in its life. */
  figures.reader_cpu_usec = read_cpu_usec (status->keeper_pid);
  bench_clear (&bench);
  return figures;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare_doubles);
  return values[n / 2];
}

static void
compare_one (const char *name, guint64 bytes, guint block, guint rounds, const char *speed_goal, const char *cpu_goal)
{
  g_autofree double *speed = g_new (double, rounds), *cat_speed = g_new (double, rounds);
  g_autofree double *speed_ratio = g_new (double, rounds), *cpu = g_new (double, rounds);
  g_autofree double *cat_cpu = g_new (double, rounds), *cpu_ratio = g_new (double, rounds);
  g_autofree double *slowdown = g_new (double, rounds), *cat_slowdown = g_new (double, rounds);
  Flood flood;

  flood_init (&flood, bytes, block);
  for (guint i = 0; i < rounds; i++)
    {
      Figures direct, cat, ours;
      double gigabytes = (double) bytes / 1e9;

      warm_memory (bytes);
      direct = run_direct (&flood);
      warm_memory (bytes);
      cat = run_cat (&flood);
      warm_memory (bytes);
      ours = run_keeper (&flood);
      speed[i] = (double) bytes / MEGABYTE / (ours.wall_usec / 1e6);
      cat_speed[i] = (double) bytes / MEGABYTE / (cat.wall_usec / 1e6);
      speed_ratio[i] = speed[i] / cat_speed[i];
      cpu[i] = ours.reader_cpu_usec / 1e6 / gigabytes;
      cat_cpu[i] = cat.reader_cpu_usec / 1e6 / gigabytes;
      cpu_ratio[i] = cpu[i] / cat_cpu[i];
      slowdown[i] = ours.writer_usec / direct.writer_usec;
      cat_slowdown[i] = cat.writer_usec / direct.writer_usec;
    }
  flood_clear (&flood);
  printf ("%s: %.0f MB/s, cat > file %.0f, ratio %.2f%s\n", name, median (speed, rounds), median (cat_speed, rounds),
          median (speed_ratio, rounds), speed_goal);
  printf ("%s: CPU %.3f s/GB, cat > file %.3f, ratio %.2f%s\n", name, median (cpu, rounds), median (cat_cpu, rounds),
          median (cpu_ratio, rounds), cpu_goal);
  printf ("%s: the writer takes %.2f times as long as into a file of its own, with cat %.2f\n", name,
          median (slowdown, rounds), median (cat_slowdown, rounds));
  fflush (stdout);
}

static double
run_many (guint64 bytes, guint *pss_kib)
{
  g_autoptr (GPtrArray) keepers = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 begin = g_get_monotonic_time ();
  double wall;
  Flood flood;
  Bench bench;

  flood_init (&flood, bytes, 65536);
  bench_init (&bench);
  for (guint i = 0; i < MANY; i++)
    g_ptr_array_add (keepers, launch (&bench, flood.argv));
  while (bench.n_ended < MANY / 2)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < MANY; i++)
    *pss_kib = MAX (*pss_kib, read_pss_kib (troupe_keeper_get_pid (g_ptr_array_index (keepers, i))));
  await_end (&bench);
  wall = (double) (g_get_monotonic_time () - begin);
  bench_clear (&bench);
  flood_clear (&flood);
  return wall;
}

static double
run_node (guint64 bytes, const char *folder)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "bench", "capture-parent.js", NULL);
  g_autofree char *bytes_text = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
  g_autofree char *many = g_strdup_printf ("%d", MANY);
  const char *argv[] = { "node", script, test_child, many, bytes_text, folder, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, &error))
    g_error ("%s", error->message);
  return g_ascii_strtod (output, NULL);
}

static void
compare_many (guint64 bytes, guint rounds, gboolean with_node)
{
  g_autofree double *speed = g_new (double, rounds), *node_speed = g_new0 (double, rounds);
  g_autofree double *ratio = g_new0 (double, rounds);
  g_autofree double *count_speed = g_new0 (double, rounds), *count_ratio = g_new0 (double, rounds);
  double megabytes = (double) bytes * MANY / MEGABYTE;
  guint pss_kib = 0;

  for (guint i = 0; i < rounds; i++)
    {
      warm_memory (bytes * MANY);
      speed[i] = megabytes / (run_many (bytes, &pss_kib) / 1e6);
      if (with_node)
        {
          char *folder = make_folder ();

          warm_memory (bytes * MANY);
          node_speed[i] = megabytes / (run_node (bytes, folder) / 1e6);
          ratio[i] = speed[i] / node_speed[i];
          count_speed[i] = megabytes / (run_node (bytes, NULL) / 1e6);
          count_ratio[i] = speed[i] / count_speed[i];
          remove_folder (folder);
        }
    }
  printf ("%d floods at once: %.0f MB/s", MANY, median (speed, rounds));
  if (with_node)
    printf (", Node into files %.0f, ratio %.2f (goal >= 1.7), Node that keeps nothing %.0f, ratio %.2f",
            median (node_speed, rounds), median (ratio, rounds), median (count_speed, rounds),
            median (count_ratio, rounds));
  printf ("; the largest keeper has %u KiB (goal <= 2048)\n", pss_kib);
  fflush (stdout);
}

static void
measure_memory (void)
{
  const char *argv[] = { test_child, "sleep", NULL };
  g_autoptr (GPtrArray) keepers = g_ptr_array_new_with_free_func (g_object_unref);
  guint sum = 0;
  Bench bench;

  bench_init (&bench);
  for (guint i = 0; i < MANY; i++)
    {
      g_ptr_array_add (keepers, launch (&bench, argv));
      while (troupe_keeper_get_status (g_ptr_array_index (keepers, i))->phase != TROUPE_RUN_RUNNING)
        g_main_context_iteration (NULL, TRUE);
    }
  for (guint i = 0; i < MANY; i++)
    sum += read_pss_kib (troupe_keeper_get_pid (g_ptr_array_index (keepers, i)));
  printf ("%d idle keepers: %.0f KiB each (goal <= 150)\n", MANY, (double) sum / MANY);
  for (guint i = 0; i < MANY; i++)
    troupe_keeper_kill (g_ptr_array_index (keepers, i));
  await_end (&bench);
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  gboolean short_run = argc > 1 && strcmp (argv[1], "--short") == 0;
  g_autofree char *node = g_find_program_in_path ("node");
  guint64 megabyte = 1000 * 1000;
  char *test_argv[] = { argv[0], NULL }, **test_argv_p = test_argv;
  int test_argc = 1;

  g_test_init (&test_argc, &test_argv_p, NULL);
  base_dir = g_getenv ("TMPDIR") != NULL ? g_getenv ("TMPDIR") : "/var/tmp";
  test_child = g_getenv ("TROUPE_TEST_CHILD");
  if (test_child == NULL)
    {
      printf ("skipped: TROUPE_TEST_CHILD is not set\n");
      return 77;
    }
  compare_one ("64 KiB blocks", (short_run ? 64 : 400) * megabyte, 65536, short_run ? 1 : 7, " (goal >= 0.95)",
               " (goal <= 1.10)");
  compare_one ("80-byte lines", (short_run ? 8 : 200) * megabyte, 80, short_run ? 1 : 7, "", " (goal <= 0.5 s/GB)");
  compare_many ((short_run ? 1 : 20) * megabyte, short_run ? 1 : 3, node != NULL);
  measure_memory ();
  return 0;
}
