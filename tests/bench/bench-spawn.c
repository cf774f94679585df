/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a launch costs: /bin/true with both pipes captured and reaped, through the keeper pool,
 * against bare posix_spawn with two pipes and against Node's child_process.spawn in the same
 * run. One after the other, a hundred in flight, and with 500 MB of heap in the launcher.
 * Rounds alternate; figures are medians of the rounds and of their ratios. CPU is everybody's:
 * launcher, keepers, children.
 *
 * Journals lie in memory where there is such a file system, as the others write none and a disk's
 * price for a new file differs a hundredfold; the last lines have them on disk, with that price.
 *
 *   bench-spawn [--short]
 *   bench-spawn --journal DIR     only the last lines, on another disk */

#include "config.h"

#include "base/paths.h"
#include "keeper/keeper-pool.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/bin/true"
#define N_NEW_FILES 101

extern char **environ;

typedef struct
{
  double wall_usec, cpu_usec; /* each launch */
} Figures;

static double
usage_usec (int who)
{
  struct rusage usage;

  getrusage (who, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + (double) usage.ru_utime.tv_usec +
         (double) usage.ru_stime.tv_usec;
}

static double
cpu_usec (void)
{
  return usage_usec (RUSAGE_SELF) + usage_usec (RUSAGE_CHILDREN);
}

typedef struct
{
  pid_t pid;
  int out, err;
} Child;

static Child
bare_spawn (void)
{
  posix_spawn_file_actions_t actions;
  char *argv[] = { (char *) PROGRAM, NULL };
  int out[2], err[2];
  Child child;

  if (pipe2 (out, O_CLOEXEC) < 0 || pipe2 (err, O_CLOEXEC) < 0)
    g_error ("no pipe");
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
  posix_spawn_file_actions_adddup2 (&actions, err[1], 2);
  if (posix_spawn (&child.pid, PROGRAM, &actions, NULL, argv, environ) != 0)
    g_error ("could not start " PROGRAM);
  posix_spawn_file_actions_destroy (&actions);
  close (out[1]);
  close (err[1]);
  child.out = out[0];
  child.err = err[0];
  return child;
}

static void
bare_finish (Child *child)
{
  char buffer[4096];

  while (read (child->out, buffer, sizeof buffer) > 0)
    ;
  while (read (child->err, buffer, sizeof buffer) > 0)
    ;
  waitpid (child->pid, NULL, 0);
  close (child->out);
  close (child->err);
}

static Figures
run_bare (guint total, guint window)
{
  g_autofree Child *children = g_new (Child, window);
  double cpu = cpu_usec ();
  gint64 start = g_get_monotonic_time ();
  guint started = 0;

  /* The oldest is awaited while the others run. */
  for (guint ended = 0; ended < total; ended++)
    {
      while (started < total && started - ended < window)
        children[started++ % window] = bare_spawn ();
      bare_finish (&children[ended % window]);
    }
  return (Figures){ (double) (g_get_monotonic_time () - start) / total, (cpu_usec () - cpu) / total };
}

typedef struct
{
  TroupeKeeperPool *pool;
  char *folder;
  guint total, window, started, exited, gone;
  GMainLoop *loop;
} Launcher;

static char *
run_dir (Launcher *launcher, guint index)
{
  return g_strdup_printf ("%s/run-%u", launcher->folder, index);
}

static void launch_one (Launcher *launcher);

static void
exited_cb (TroupeKeeper *keeper, Launcher *launcher)
{
  if (troupe_keeper_get_status (keeper)->exit_code != 0)
    g_error ("a launch failed");
  launcher->exited++;
  if (launcher->started < launcher->total)
    launch_one (launcher);
  else if (launcher->exited == launcher->total)
    g_main_loop_quit (launcher->loop);
}

static void
ended_cb (TroupeKeeper *keeper, Launcher *launcher)
{
  launcher->gone++;
  g_object_unref (keeper);
}

static void
launch_one (Launcher *launcher)
{
  g_autofree char *dir = run_dir (launcher, launcher->started);
  g_autofree char *identity = g_strdup_printf ("bench/true.1/%u", launcher->started);
  const char *argv[] = { PROGRAM, NULL };
  const TroupeLaunch launch = {
    .identity = identity,
    .journal_dir = dir,
    .argv = argv,
    .envp = (const char *const *) environ,
  };
  g_autoptr (GError) error = NULL;
  TroupeKeeper *keeper = troupe_keeper_pool_launch (launcher->pool, &launch, &error);

  if (keeper == NULL)
    g_error ("%s", error->message);
  launcher->started++;
  g_signal_connect (keeper, "exited", G_CALLBACK (exited_cb), launcher);
  g_signal_connect (keeper, "ended", G_CALLBACK (ended_cb), launcher);
}

/* Where journals go. Sockets go to memory, where every session has its runtime folder. */
static const char *base_dir, *runtime_base_dir;

static void
make_folders (Launcher *launcher)
{
  launcher->folder = g_build_filename (base_dir, "troupe-bench-XXXXXX", NULL);
  if (g_mkdtemp (launcher->folder) == NULL)
    g_error ("could not make %s", launcher->folder);
  for (guint i = 0; i < launcher->total; i++)
    {
      g_autofree char *dir = run_dir (launcher, i);

      if (g_mkdir (dir, 0700) < 0)
        g_error ("could not make %s", dir);
    }
}

/* To be removed when all is measured: ext4 without a journal looks at every file that was deleted in the
 * last minutes before it makes a new one. */
static GPtrArray *folders;

static void
remove_folders (void)
{
  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *command = g_strdup_printf ("rm -r '%s'", (char *) folders->pdata[i]);

      if (system (command) != 0)
        g_printerr ("could not remove %s\n", (char *) folders->pdata[i]);
    }
  g_ptr_array_unref (folders);
}

static Figures
run_pool (guint total, guint window)
{
  g_autofree char *keeper_path = troupe_paths_dup_program ("troupe-keeper");
  g_autofree char *runtime_dir = g_build_filename (runtime_base_dir, "troupe-bench-XXXXXX", NULL);
  g_autofree char *socket_dir = NULL;
  Launcher launcher = { .total = total, .window = window, .loop = g_main_loop_new (NULL, FALSE) };
  Figures figures;
  double cpu;
  gint64 start;

  make_folders (&launcher);
  if (g_mkdtemp (runtime_dir) == NULL)
    g_error ("could not make %s", runtime_dir);
  socket_dir = g_build_filename (runtime_dir, "keepers", NULL);
  launcher.pool = troupe_keeper_pool_new (keeper_path, runtime_dir);
  while (g_main_context_iteration (NULL, FALSE)) /* the first warm keeper */
    ;
  cpu = cpu_usec ();
  start = g_get_monotonic_time ();
  while (launcher.started < MIN (window, total))
    launch_one (&launcher);
  g_main_loop_run (launcher.loop);
  figures.wall_usec = (double) (g_get_monotonic_time () - start) / total;
  while (launcher.gone < total)
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&launcher.pool); /* waits for the last keepers, whose CPU counts */
  figures.cpu_usec = (cpu_usec () - cpu) / total;
  g_main_loop_unref (launcher.loop);
  g_rmdir (socket_dir);
  g_rmdir (runtime_dir);
  g_ptr_array_add (folders, launcher.folder);
  return figures;
}

static Figures
run_node_once (guint total, guint window, guint mebibytes)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "bench", "spawn-parent.js", NULL);
  g_autofree char *total_text = g_strdup_printf ("%u", total);
  g_autofree char *window_text = g_strdup_printf ("%u", window);
  g_autofree char *heap_text = g_strdup_printf ("%u", mebibytes);
  const char *argv[] = { "node", script, PROGRAM, total_text, window_text, heap_text, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  double cpu = usage_usec (RUSAGE_CHILDREN), wall;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL, NULL,
                     &output, NULL, NULL, &error))
    g_error ("%s", error->message);
  if (sscanf (output, "%lf", &wall) != 1)
    g_error ("Node as the launcher printed: %s", output);
  return (Figures){ wall, usage_usec (RUSAGE_CHILDREN) - cpu };
}

/* Node's own start is taken out. */
static Figures
run_node (guint total, guint window, guint mebibytes)
{
  Figures idle = run_node_once (0, 1, mebibytes), busy = run_node_once (total, window, mebibytes);

  return (Figures){ busy.wall_usec / total, (busy.cpu_usec - idle.cpu_usec) / total };
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

typedef struct
{
  const char *name;
  guint total, window, mebibytes;
} Case;

static void
compare (const Case *the_case, guint rounds, gboolean with_node)
{
  g_autofree double *bare_wall = g_new (double, rounds), *wall = g_new (double, rounds);
  g_autofree double *wall_ratio = g_new (double, rounds), *cpu_ratio = g_new (double, rounds);
  g_autofree double *bare_cpu = g_new (double, rounds), *cpu = g_new (double, rounds);
  g_autofree double *node_wall = g_new0 (double, rounds), *node_ratio = g_new0 (double, rounds);
  g_autofree double *node_cpu = g_new0 (double, rounds), *node_cpu_ratio = g_new0 (double, rounds);

  for (guint i = 0; i < rounds; i++)
    {
      Figures bare = run_bare (the_case->total, the_case->window);
      Figures ours = run_pool (the_case->total, the_case->window);

      bare_wall[i] = bare.wall_usec;
      bare_cpu[i] = bare.cpu_usec;
      wall[i] = ours.wall_usec;
      cpu[i] = ours.cpu_usec;
      wall_ratio[i] = ours.wall_usec / bare.wall_usec;
      cpu_ratio[i] = ours.cpu_usec / bare.cpu_usec;
      if (with_node)
        {
          Figures node = run_node (MIN (the_case->total, 300), the_case->window, the_case->mebibytes);

          node_wall[i] = node.wall_usec;
          node_cpu[i] = node.cpu_usec;
          node_ratio[i] = ours.wall_usec / node.wall_usec;
          node_cpu_ratio[i] = ours.cpu_usec / node.cpu_usec;
        }
    }
  printf ("%s: %.0f us a launch, bare posix_spawn %.0f, ratio %.2f (goal <= 1.6)\n", the_case->name,
          median (wall, rounds), median (bare_wall, rounds), median (wall_ratio, rounds));
  printf ("%s: CPU %.0f us a launch, bare posix_spawn %.0f, ratio %.2f (goal <= 2.0)\n", the_case->name,
          median (cpu, rounds), median (bare_cpu, rounds), median (cpu_ratio, rounds));
  if (with_node)
    printf ("%s: Node %.0f us a launch and %.0f us of CPU, ratios %.2f (goal <= 0.6) and %.2f\n", the_case->name,
            median (node_wall, rounds), median (node_cpu, rounds), median (node_ratio, rounds),
            median (node_cpu_ratio, rounds));
  fflush (stdout);
}

/* A new file is what a file system may take its time for, so it stands beside the figure. Each
 * in a folder of its own, as with runs. */
static double
measure_new_file (void)
{
  g_autofree char *folder = g_build_filename (base_dir, "troupe-bench-XXXXXX", NULL);
  double *usec = g_new (double, N_NEW_FILES), result;

  if (g_mkdtemp (folder) == NULL)
    g_error ("could not make %s", folder);
  for (guint i = 0; i < N_NEW_FILES; i++)
    {
      g_autofree char *dir = g_strdup_printf ("%s/%u", folder, i);
      g_autofree char *path = g_build_filename (dir, "file", NULL);
      gint64 start;

      if (g_mkdir (dir, 0700) < 0)
        g_error ("could not make %s", dir);
      start = g_get_monotonic_time ();
      close (open (path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
      usec[i] = (double) (g_get_monotonic_time () - start);
    }
  g_ptr_array_add (folders, g_steal_pointer (&folder));
  result = median (usec, N_NEW_FILES);
  g_free (usec);
  return result;
}

static void
compare_on_disk (const char *dir, guint total, guint rounds)
{
  g_autofree char *name = g_strdup_printf ("journal in %s, where a new file costs %.0f us", dir,
                                           (base_dir = dir, measure_new_file ()));
  const Case on_disk = { name, total, 1, 0 };

  compare (&on_disk, rounds, FALSE);
}

int
main (int argc, char **argv)
{
  gboolean short_run = argc > 1 && strcmp (argv[1], "--short") == 0;
  const char *disk = argc == 3 && strcmp (argv[1], "--journal") == 0 ? argv[2] : NULL;
  g_autofree char *node = g_find_program_in_path ("node");
  guint rounds = short_run ? 1 : 7, total = short_run ? 40 : 500;
  const Case one = { "one at a time", total, 1, 0 }, many = { "100 in flight", total * 2, 100, 0 };
  const Case grown = { "500 MB of heap", total, 1, 500 };
  char *test_argv[] = { argv[0], NULL }, **test_argv_p = test_argv;
  int test_argc = 1;
  g_autofree char *heap = NULL;

  g_test_init (&test_argc, &test_argv_p, NULL);
  signal (SIGPIPE, SIG_IGN);
  folders = g_ptr_array_new_with_free_func (g_free);
  runtime_base_dir = base_dir = g_access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir ();
  if (disk != NULL)
    {
      compare_on_disk (disk, total, rounds);
      remove_folders ();
      return 0;
    }
  compare (&one, rounds, node != NULL);
  compare (&many, rounds, node != NULL);
  heap = g_malloc ((gsize) 500 << 20);
  memset (heap, 1, (gsize) 500 << 20);
  compare (&grown, short_run ? 1 : 3, node != NULL);
  compare_on_disk ("/var/tmp", total, short_run ? 1 : 3);
  remove_folders ();
  return 0;
}
