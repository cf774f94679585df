/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Worker threads in their hosts, against Node's own threads in the same run: messages per second between
 * engine and thread; the time from the order to make a thread to the first message of its code,
 * also against a forked process; memory for each thread, also against a process; and CPU figures of two
 * threads with a known load, against what their own clocks say. Rounds
 * alternate; figures are medians of the rounds and of their ratios.
 *
 *   bench-threads [--short] */

#include "config.h"

#include "bench-needs.h"
#include "thread-fixture.h"

#include "sampler/thread-clock.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WARM_UP 2000
#define ROUNDS_MAX 9

/* A host, a module for it that says "hello", then echoes every message, and one that uses CPU time as it is told. */
typedef struct
{
  const char *name;
  char *argv[3];
  char *module, *load_module;
} Runtime;

typedef struct
{
  GPid pid;
  guint total, sent, received;
  gint64 start;
  double cpu_usec, wall_usec;
} Echo;

static guint rounds;

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

/* The median of what OURS is in proportion to THEIRS, round by round. */
static double
median_ratio (const double *ours, const double *theirs, guint n)
{
  double ratios[ROUNDS_MAX];

  for (guint i = 0; i < n; i++)
    ratios[i] = ours[i] / theirs[i];
  return median (ratios, n);
}

static HostFixture *
host_new (const Runtime *runtime)
{
  return host_fixture_new ((const char *const *) runtime->argv, NULL);
}

/* A thread that has said hello. */
static ThreadFixture *
thread_new (HostFixture *host, const Runtime *runtime)
{
  ThreadFixture *thread = thread_fixture_new (host, &(TroupeThreadLaunch) { .file = runtime->module });
  g_autofree char *hello = thread_fixture_next_message (thread);

  g_assert_cmpstr (hello, ==, "\"hello\"");
  return thread;
}

/* What Node prints when it does the same by itself. */
static char *
run_parent (const char *what, guint a, guint b)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "bench", "threads-parent.js", NULL);
  g_autofree char *a_text = g_strdup_printf ("%u", a), *b_text = g_strdup_printf ("%u", b);
  const char *argv[] = { "node", script, what, a_text, b_text, NULL };
  char *output = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, &error))
    g_error ("%s", error->message);
  return output;
}

/* --- Messages --------------------------------------------------------------- */

static void
send_one (ThreadFixture *thread, Echo *echo)
{
  char text[128];
  int length
    = g_snprintf (text, sizeof text, "{\"id\":%u,\"method\":\"resize\",\"path\":\"/images/cat.png\"}", echo->sent++);

  troupe_channel_send (thread_fixture_get_channel (thread), text, (gsize) length, NULL);
}

/* Of all threads of PID. */
static double
read_cpu_usec (GPid pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *name;
  double usec = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, name, "schedstat", NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        usec += (double) g_ascii_strtoull (text, NULL, 10) / 1000;
    }
  return usec;
}

static void
echo_cb (ThreadFixture *thread, const char *text, gsize length, gpointer user_data)
{
  Echo *echo = user_data;

  if (++echo->received == WARM_UP)
    {
      echo->start = g_get_monotonic_time ();
      echo->cpu_usec = read_cpu_usec (echo->pid);
    }
  if (echo->sent < echo->total + WARM_UP)
    send_one (thread, echo);
  if (echo->received == echo->total + WARM_UP)
    {
      echo->wall_usec = (double) (g_get_monotonic_time () - echo->start);
      echo->cpu_usec = read_cpu_usec (echo->pid) - echo->cpu_usec;
    }
}

static void
measure_messages (const Runtime *runtime, guint total, guint window, double *rate, double *cpu_usec)
{
  HostFixture *host = host_new (runtime);
  ThreadFixture *thread = thread_new (host, runtime);
  Echo echo = { .pid = host_fixture_get_pid (host), .total = total };

  thread_fixture_set_message_func (thread, echo_cb, &echo);
  for (guint i = 0; i < window; i++)
    send_one (thread, &echo);
  fixture_wait_for (echo.wall_usec > 0);
  host_fixture_free (host);
  *rate = total / echo.wall_usec * 1e6;
  *cpu_usec = echo.cpu_usec / total;
}

static void
measure_node_messages (guint total, guint window, double *rate, double *cpu_usec)
{
  g_autofree char *output = run_parent ("messages", total, window);
  double wall, cpu;

  if (sscanf (output, "%lf %lf", &wall, &cpu) != 2)
    g_error ("Node as the parent printed: %s", output);
  *rate = total / wall * 1e6;
  *cpu_usec = cpu / total;
}

static void
compare_messages (const Runtime *runtime, const char *name, guint total, guint window)
{
  double ours[ROUNDS_MAX], nodes[ROUNDS_MAX], our_cpu[ROUNDS_MAX], node_cpu[ROUNDS_MAX];
  double ratio, cpu_ratio;

  for (guint i = 0; i < rounds; i++)
    {
      measure_messages (runtime, total, window, &ours[i], &our_cpu[i]);
      measure_node_messages (total, window, &nodes[i], &node_cpu[i]);
    }
  ratio = median_ratio (ours, nodes, rounds);
  cpu_ratio = median_ratio (our_cpu, node_cpu, rounds);
  g_print ("%s, %s: %.0f messages/s there and back, Node's own parent and Worker %.0f, ratio %.2f\n", runtime->name,
           name, median (ours, rounds), median (nodes, rounds), ratio);
  g_print ("%s, %s: CPU of the host %.2f us/message, of Node with its Worker %.2f, ratio %.2f\n", runtime->name, name,
           median (our_cpu, rounds), median (node_cpu, rounds), cpu_ratio);
}

/* --- The start -------------------------------------------------------------- */

static double
measure_start (const Runtime *runtime, guint n)
{
  HostFixture *host = host_new (runtime);
  g_autofree double *times = g_new (double, n);
  double result;

  for (guint i = 0; i < n; i++)
    {
      gint64 begin = g_get_monotonic_time ();
      ThreadFixture *thread = thread_new (host, runtime);

      times[i] = (double) (g_get_monotonic_time () - begin);
      troupe_thread_host_terminate (host_fixture_get_host (host), thread_fixture_get_id (thread));
      thread_fixture_wait_exit (thread);
    }
  result = median (times, n);
  host_fixture_free (host);
  return result;
}

typedef struct
{
  GPid pid;
  TroupeChannel *channel;
  gboolean said_hello;
} Process;

static void
process_message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  ((Process *) user_data)->said_hello = TRUE;
}

static void
process_fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
                  const char *explanation, gpointer user_data)
{
  g_error ("%s", explanation);
}

static void
process_closed_cb (TroupeChannel *channel, gpointer user_data)
{
  g_error ("a forked process left");
}

static const TroupeChannelHandler process_handler = {
  .message = process_message_cb, .fault = process_fault_cb, .closed = process_closed_cb,
};

/* The same module, forked; it has said hello when this returns. */
static void
process_start (Process *process, TroupeReactor *reactor)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "bench", "threads-worker.js", NULL);
  const char *argv[] = { "node", script, NULL };
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "NODE_CHANNEL_FD", "3", TRUE);
  g_autoptr (GError) error = NULL;
  int ours, theirs, target = 3;

  if (!troupe_channel_socketpair (&ours, &theirs, &error)
      || !g_spawn_async_with_pipes_and_fds (NULL, argv, (const char *const *) env, G_SPAWN_SEARCH_PATH, NULL, NULL,
                                            -1, 1, 2, &theirs, &target, 1, &process->pid, NULL, NULL, NULL, &error))
    g_error ("%s", error->message);
  close (theirs);
  process->said_hello = FALSE;
  process->channel = troupe_channel_new (reactor, ours, NULL, &process_handler, process, &error);
  g_assert_no_error (error);
  fixture_wait_for (process->said_hello);
}

/* Without its channel it leaves by itself. */
static void
process_stop (Process *process)
{
  g_clear_pointer (&process->channel, troupe_channel_free);
}

static double
measure_process_start (guint n)
{
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, NULL);
  g_autofree double *times = g_new (double, n);

  for (guint i = 0; i < n; i++)
    {
      gint64 begin = g_get_monotonic_time ();
      Process process;

      process_start (&process, reactor);
      times[i] = (double) (g_get_monotonic_time () - begin);
      process_stop (&process);
    }
  return median (times, n);
}

static void
compare_start (const Runtime *runtime, guint n)
{
  double ours[ROUNDS_MAX], nodes[ROUNDS_MAX], processes[ROUNDS_MAX];
  double to_node, to_process;

  for (guint i = 0; i < rounds; i++)
    {
      g_autofree char *output = run_parent ("start", n, 0);

      nodes[i] = g_ascii_strtod (output, NULL);
      ours[i] = measure_start (runtime, n);
      processes[i] = measure_process_start (n);
    }
  to_node = median_ratio (ours, nodes, rounds);
  to_process = median_ratio (ours, processes, rounds);
  g_print ("%s, start to first message: %.3g ms; Node's own Worker %.1f ms, ratio %.3g; a forked process %.1f ms, "
           "ratio %.3g\n",
           runtime->name, median (ours, rounds) / 1000, median (nodes, rounds) / 1000, to_node,
           median (processes, rounds) / 1000, to_process);
}

/* --- Memory ----------------------------------------------------------------- */

static double
read_pss_mib (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "\nPss:")) == NULL)
    return 0;
  return (double) g_ascii_strtoull (line + strlen ("\nPss:"), NULL, 10) / 1024;
}

static double
measure_process_memory (guint n)
{
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, NULL);
  g_autofree Process *processes = g_new0 (Process, n);
  double mib = 0;

  for (guint i = 0; i < n; i++)
    process_start (&processes[i], reactor);
  for (guint i = 0; i < n; i++)
    mib += read_pss_mib (processes[i].pid);
  for (guint i = 0; i < n; i++)
    process_stop (&processes[i]);
  return mib / n;
}

static void
compare_memory (const Runtime *runtime, guint n)
{
  HostFixture *host = host_new (runtime);
  g_autofree char *output = run_parent ("memory", n, 0);
  double empty = read_pss_mib (host_fixture_get_pid (host)), each, process, node_empty, node_full, node_each;

  for (guint i = 0; i < n; i++)
    thread_new (host, runtime);
  each = (read_pss_mib (host_fixture_get_pid (host)) - empty) / n;
  process = measure_process_memory (n);
  if (sscanf (output, "%lf %lf", &node_empty, &node_full) != 2)
    g_error ("Node as the parent printed: %s", output);
  node_each = (node_full - node_empty) / 1024 / n;
  g_print ("%s, memory: %.1f MiB for the host, %.3g MiB for each of %u threads; Node's own Worker %.2f MiB, ratio %.3g; "
           "a forked process %.1f MiB, ratio %.3g\n",
           runtime->name, empty, each, n, node_each, each / node_each, process, each / process);
  host_fixture_free (host);
}

/* --- CPU -------------------------------------------------------------------- */

/* The share that the thread itself says to have used between two times of the clock. Its lines: both clocks, in
 * microseconds. */
static double
read_own_share (ThreadFixture *thread, double begin_usec, double end_usec)
{
  g_auto (GStrv) lines = g_strsplit (thread_fixture_get_output (thread, 1)->str, "\n", -1);
  double first_wall = 0, first_cpu = 0, last_wall = 0, last_cpu = 0, wall, cpu;

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      if (sscanf (lines[i], "%lf %lf", &wall, &cpu) != 2 || wall > end_usec)
        continue;
      if (wall <= begin_usec || first_wall == 0)
        {
          first_wall = wall;
          first_cpu = cpu;
        }
      last_wall = wall;
      last_cpu = cpu;
    }
  return last_wall > first_wall ? (last_cpu - first_cpu) / (last_wall - first_wall) : 0;
}

static void
compare_cpu (const Runtime *runtime, gint64 usec)
{
  static const char *const loads[] = { "[\"load\",1]", "[\"load\",0.3]" };
  HostFixture *host = host_new (runtime);
  ThreadFixture *threads[2];
  TroupeThreadClock *clocks[2];
  guint64 begin_cpu[2] = { 0 }, end_cpu[2] = { 0 };
  double begin_usec, end_usec, read[2], own[2];

  for (guint i = 0; i < 2; i++)
    {
      threads[i] = thread_fixture_new (host, &(TroupeThreadLaunch) { .file = runtime->load_module });
      thread_fixture_wait_output (threads[i], 1, "ready\n");
      thread_fixture_send (threads[i], loads[i]);
      fixture_wait_for (thread_fixture_get_output (threads[i], 1)->len > 100);
      clocks[i] = troupe_thread_clock_new (host_fixture_get_pid (host), thread_fixture_wait_online (threads[i]));
      g_assert_nonnull (clocks[i]);
    }
  begin_usec = (double) g_get_real_time ();
  for (guint i = 0; i < 2; i++)
    troupe_thread_clock_read (clocks[i], &begin_cpu[i]);
  fixture_wait_for ((double) g_get_real_time () > begin_usec + (double) usec);
  end_usec = (double) g_get_real_time ();
  for (guint i = 0; i < 2; i++)
    troupe_thread_clock_read (clocks[i], &end_cpu[i]);
  for (guint i = 0; i < 2; i++)
    {
      read[i] = 100 * (double) (end_cpu[i] - begin_cpu[i]) / (end_usec - begin_usec);
      own[i] = 100 * read_own_share (threads[i], begin_usec, end_usec);
      troupe_thread_clock_free (clocks[i]);
    }
  g_print ("%s, CPU of two threads that want 100 %% and 30 %%: read %.1f %% and %.1f %%, by their own clocks %.1f %% and "
           "%.1f %%; off by %.1f and %.1f points, limit 3\n",
           runtime->name, read[0], read[1], own[0], own[1], fabs (read[0] - own[0]), fabs (read[1] - own[1]));
  host_fixture_free (host);
}

static void
measure (const Runtime *runtime, gboolean is_short)
{
  compare_cpu (runtime, is_short ? 500000 : 5000000);
  compare_messages (runtime, "one in flight", is_short ? 3000 : 50000, 1);
  compare_messages (runtime, "64 in flight", is_short ? 10000 : 300000, 64);
  compare_start (runtime, is_short ? 3 : 20);
  compare_memory (runtime, is_short ? 2 : 16);
}

int
main (int argc, char *argv[])
{
  gboolean is_short = argc > 1 && strcmp (argv[1], "--short") == 0;
  g_autofree char *node = g_find_program_in_path ("node");
  g_autofree char *script = troupe_thread_host_dup_node_script ();
  g_autofree char *native = g_strdup (g_getenv ("TROUPE_THREAD_HOST"));
  g_autofree char *native_module = g_strdup (g_getenv ("TROUPE_BENCH_MODULE"));
  g_autofree char *native_load = g_strdup (g_getenv ("TROUPE_BENCH_LOAD"));
  g_autofree char *module = NULL, *load = NULL;
  char *test_argv[] = { argv[0], NULL }, **test_argv_p = test_argv;
  int test_argc = 1;

  g_test_init (&test_argc, &test_argv_p, NULL);
  bench_needs ((const char *const[]){ "G_TEST_SRCDIR", "TROUPE_THREAD_HOST", "TROUPE_BENCH_MODULE", NULL });
  if (node == NULL)
    {
      printf ("skipped: Node.js is not installed\n");
      return 77;
    }
  rounds = is_short ? 1 : 5;
  module = g_test_build_filename (G_TEST_DIST, "bench", "threads-worker.js", NULL);
  load = g_test_build_filename (G_TEST_DIST, "engine", "workers", "thread.js", NULL);
  measure (&(Runtime) { .name = "node", .argv = { node, script, NULL }, .module = module, .load_module = load },
           is_short);
  measure (&(Runtime) { .name = "native", .argv = { native, NULL }, .module = native_module, .load_module = native_load },
           is_short);
  return 0;
}
