/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Figures of real processes against what these say of themselves. */

#include "config.h"

#include "sampler/sampler.h"

#include "family.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MSEC 1000
/* A clock tick of the user's kind, of which /proc knows nothing finer. */
#define TICK_USEC 10000

static G_GNUC_NORETURN void
sleep_on (void)
{
  for (;;)
    pause ();
}

/* A child that dies with its parent. */
static int
fork_bound (void)
{
  int parent = getpid ();
  int pid = fork ();

  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (getppid () != parent)
        _exit (1);
    }
  return pid;
}

static TroupeTreeSample
sample (TroupeSampler *sampler, guint key)
{
  TroupeTreeSample figures;

  troupe_sampler_sample (sampler, FALSE);
  g_assert_true (troupe_sampler_get (sampler, key, &figures));
  return figures;
}

static void
assert_near (guint64 actual, gint64 expected, gint64 tolerance)
{
  if (ABS ((gint64) actual - expected) > tolerance)
    g_error ("%" G_GUINT64_FORMAT " is more than %" G_GINT64_FORMAT " away from %" G_GINT64_FORMAT, actual, tolerance,
             expected);
}

static void
burn_body (int reports, gint64 argument)
{
  family_burn (argument);
  family_tell (reports, family_get_own_cpu_usec ());
  sleep_on ();
}

static void
test_cpu (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeTreeSample figures;
  Family family;
  gint64 used;

  family_start (&family, burn_body, 300 * MSEC);
  troupe_sampler_add (sampler, 7, family.keeper);
  g_assert_false (troupe_sampler_get (sampler, 7, &figures));
  g_assert_false (troupe_sampler_get (sampler, 8, &figures));
  figures = sample (sampler, 7);
  used = family_wait (&family, REPORT_WORD).value;
  figures = sample (sampler, 7);
  assert_near (figures.cpu_usec, used, 2 * MSEC);
  g_assert_cmpuint (figures.processes, ==, 1);
  g_assert_cmpuint (figures.threads, ==, 1);
  g_assert_cmpuint (figures.rss_bytes, >, 0);

  /* It sleeps from here on. */
  sample (sampler, 7);
  g_usleep (20 * MSEC); /* not to wait for anything, but for a span to measure */
  figures = sample (sampler, 7);
  g_assert_cmpfloat (figures.cpu_percent, <, 10);

  troupe_sampler_remove (sampler, 7);
  g_assert_false (troupe_sampler_get (sampler, 7, &figures));
  troupe_sampler_free (sampler);
  family_end (&family);
}

/* The share of the first sample is the average since the start, of later ones since the last. */
static void
test_percent (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  Family family;
  TroupeTreeSample before, after;
  gint64 start, elapsed;

  family_start (&family, burn_body, 60 * 1000 * MSEC);
  troupe_sampler_add (sampler, 1, family.keeper);
  do
    before = sample (sampler, 1);
  while (before.cpu_usec < 30 * MSEC);
  before = sample (sampler, 1);
  start = g_get_monotonic_time ();
  g_usleep (200 * MSEC);
  elapsed = g_get_monotonic_time () - start;
  after = sample (sampler, 1);
  /* Whatever share the machine gave it, both figures tell the same. */
  g_assert_cmpfloat_with_epsilon (after.cpu_percent, 100.0 * (double) (after.cpu_usec - before.cpu_usec) / (double) elapsed,
                                  30);
  g_assert_cmpfloat (after.cpu_percent, >, 0);
  troupe_sampler_free (sampler);
  kill (family.keeper, SIGKILL);
  family_end (&family);
}

/* A child, one that double-forks into a session of its own, and one with threads of no account. */
static void
descendants_body (int reports, gint64 argument)
{
  int worker = getpid ();

  if (fork_bound () == 0)
    {
      family_tell (reports, getppid ());
      sleep_on ();
    }
  if (fork () == 0)
    {
      setsid ();
      if (fork () == 0)
        {
          /* Bound to nobody: the test kills it by its pid. */
          while (getppid () != (int) argument && getppid () == worker)
            ;
          family_tell (reports, 0);
          sleep_on ();
        }
      _exit (0);
    }
  while (waitpid (-1, NULL, 0) > 0)
    ;
  sleep_on ();
}

static int
index_of (GPtrArray *processes, int pid)
{
  for (guint i = 0; i < processes->len; i++)
    if (((TroupeProcessSample *) g_ptr_array_index (processes, i))->pid == pid)
      return (int) i;
  return -1;
}

static void
test_descendants (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  g_autoptr (GPtrArray) processes = NULL;
  TroupeTreeSample figures;
  Family family;
  Report first, second;
  int child, daemon;

  family_start (&family, descendants_body, 0);
  first = family_wait (&family, REPORT_WORD);
  second = family_wait (&family, REPORT_WORD);
  child = first.value != 0 ? first.pid : second.pid;
  daemon = first.value != 0 ? second.pid : first.pid;

  troupe_sampler_add (sampler, 1, family.keeper);
  do
    /* The middle one of the double fork may still be about to end. */
    figures = sample (sampler, 1);
  while (figures.processes > 3);
  g_assert_cmpuint (figures.processes, ==, 3);
  g_assert_cmpuint (figures.threads, ==, 3);

  processes = troupe_sampler_dup_processes (sampler, 1);
  g_assert_cmpuint (processes->len, ==, 3);
  g_assert_cmpint (index_of (processes, child), >=, 0);
  g_assert_cmpint (index_of (processes, daemon), >=, 0);
  g_assert_cmpint (index_of (processes, family.keeper), ==, -1);
  for (guint i = 0; i < processes->len; i++)
    {
      const TroupeProcessSample *process = g_ptr_array_index (processes, i);

      if (process->parent != family.keeper)
        {
          g_assert_cmpint (index_of (processes, process->parent), >=, 0);
          g_assert_cmpint (index_of (processes, process->parent), <, (int) i);
        }
      g_assert_nonnull (strstr (process->command, "test-sampler"));
      g_assert_cmpint (process->state, !=, 0);
      g_assert_cmpuint (process->threads, ==, 1);
      g_assert_cmpuint (process->rss_bytes, >, 0);
      assert_near (process->started_usec, g_get_real_time (), 60 * G_USEC_PER_SEC);
    }
  kill (daemon, SIGKILL);
  troupe_sampler_free (sampler);
  family_end (&family);
}

#define BURSTS 40
#define BURST_USEC (20 * MSEC)

/* Children one after the other, each with a child of its own that it does not wait for. */
static void
bursts_body (int reports, gint64 argument)
{
  for (gint64 i = 0; i < argument; i++)
    {
      if (fork_bound () == 0)
        {
          int pid = fork ();

          family_burn (BURST_USEC);
          if (pid == 0)
            family_tell (reports, family_get_own_cpu_usec ());
          _exit (0);
        }
      while (waitpid (-1, NULL, 0) > 0)
        ;
    }
  family_tell (reports, -family_get_own_cpu_usec ());
  sleep_on ();
}

/* Samples as fast as it can while processes come and go: the total never falls, and in the end
 * all of it is there, and once. */
static void
test_dead_children (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeTreeSample figures;
  Family family;
  gint64 expected = 0, highest = 0;
  guint told = 0, reaped = 0, samples = 0;

  family_start (&family, bursts_body, BURSTS);
  troupe_sampler_add (sampler, 1, family.keeper);
  while (told < BURSTS + 1 || reaped < BURSTS)
    {
      GPollFD poll_fd = { family.reports, G_IO_IN, 0 };

      figures = sample (sampler, 1);
      samples++;
      g_assert_cmpint ((gint64) figures.cpu_usec, >=, highest);
      highest = (gint64) figures.cpu_usec;
      if (g_poll (&poll_fd, 1, 0) > 0)
        {
          Report report;

          g_assert_cmpint (read (family.reports, &report, sizeof report), ==, sizeof report);
          if (report.kind == REPORT_REAPED)
            reaped++;
          else
            {
              told++;
              expected += ABS (report.value);
            }
        }
    }
  /* A sample within a tick of the last one leaves its figure to the next. */
  g_usleep (TICK_USEC);
  figures = sample (sampler, 1);
  g_test_message ("%u samples, %" G_GUINT64_FORMAT " of %" G_GINT64_FORMAT " us", samples, figures.cpu_usec, expected);
  g_assert_cmpuint (figures.processes, ==, 1);
  /* What each had left to do after its report, and ticks of the two that reap. */
  assert_near (figures.cpu_usec, expected, 4 * TICK_USEC + BURSTS * MSEC / 2);
  troupe_sampler_free (sampler);
  family_end (&family);
}

/* Whoever ignores SIGCHLD takes the time of its children with them; the total stays. */
static void
ignore_body (int reports, gint64 argument)
{
  int pid;

  signal (SIGCHLD, SIG_IGN);
  pid = fork_bound ();
  if (pid == 0)
    {
      family_burn (argument);
      family_tell (reports, pid);
      sleep_on ();
    }
  /* Returns once the child is gone. */
  while (waitpid (-1, NULL, 0) > 0)
    ;
  family_tell (reports, 0);
  family_burn (argument / 2);
  family_tell (reports, 0);
  sleep_on ();
}

static void
test_never_falls (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeTreeSample alive, dead, later;
  Family family;

  family_start (&family, ignore_body, 100 * MSEC);
  troupe_sampler_add (sampler, 1, family.keeper);
  {
    int child = family_wait (&family, REPORT_WORD).pid;

    alive = sample (sampler, 1);
    kill (child, SIGKILL);
  }
  family_wait (&family, REPORT_WORD);
  dead = sample (sampler, 1);
  family_wait (&family, REPORT_WORD);
  /* As above: the figure of a sample within a tick of the last waits for the next. */
  g_usleep (TICK_USEC);
  later = sample (sampler, 1);
  g_assert_cmpuint (alive.cpu_usec, >=, 100 * MSEC);
  g_assert_cmpuint (dead.processes, ==, 1);
  g_assert_cmpuint (dead.cpu_usec, >=, alive.cpu_usec);
  /* What comes after the loss counts in full. */
  g_assert_cmpuint (later.cpu_usec, >=, alive.cpu_usec + 40 * MSEC);
  troupe_sampler_free (sampler);
  family_end (&family);
}

#define BLOCK_BYTES (16 * 1024 * 1024)

/* Two processes that share one block. */
static void
share_body (int reports, gint64 argument)
{
  char *block = mmap (NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  guint sum = 0;

  memset (block, 1, BLOCK_BYTES);
  if (fork_bound () == 0)
    {
      for (gsize i = 0; i < BLOCK_BYTES; i += 4096)
        sum += (guint) block[i];
      family_tell (reports, sum);
      sleep_on ();
    }
  sleep_on ();
}

static void
test_memory (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeTreeSample without, with;
  guint64 pss, rss;
  Family family;

  if (g_file_test ("/proc/self/smaps_rollup", G_FILE_TEST_EXISTS) &&
      troupe_sampler_read_process_memory (getpid ()) > 0)
    {
      int child;

      family_start (&family, share_body, 0);
      child = family_wait (&family, REPORT_WORD).pid;
      troupe_sampler_add (sampler, 1, family.keeper);
      without = sample (sampler, 1);
      g_assert_cmpuint (without.memory_bytes, ==, without.rss_bytes);
      g_assert_cmpuint (without.rss_bytes, >=, 2 * BLOCK_BYTES);

      /* The budget is at least one process a time. */
      do
        {
          troupe_sampler_sample (sampler, TRUE);
          g_assert_true (troupe_sampler_get (sampler, 1, &with));
        }
      while (with.memory_bytes > with.rss_bytes - BLOCK_BYTES / 2 - 1024 * 1024);
      g_assert_cmpuint (with.memory_bytes, >=, BLOCK_BYTES);

      g_assert_true (troupe_sampler_read_memory (sampler, 1, &pss, &rss));
      g_assert_false (troupe_sampler_read_memory (sampler, 2, &pss, &rss));
      g_assert_cmpuint (pss, >=, BLOCK_BYTES);
      g_assert_cmpuint (pss, <, 2 * BLOCK_BYTES);
      g_assert_cmpuint (rss, >=, 2 * BLOCK_BYTES);
      g_assert_cmpuint (troupe_sampler_read_process_memory (child), >=, BLOCK_BYTES / 2);
      family_end (&family);
    }
  else
    g_test_skip ("PSS cannot be read here");
  troupe_sampler_free (sampler);
}

/* The kernel's rough count may say that a small process has no page at all. */
static void
test_small_memory (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeTreeSample figures;
  guint64 pss, rss;
  Family family;
  int worker;

  family_start (&family, burn_body, 0);
  worker = family_wait (&family, REPORT_WORD).pid;
  if (troupe_sampler_read_process_memory (worker) > 0)
    {
      troupe_sampler_add (sampler, 1, family.keeper);
      for (guint i = 0; i < 3; i++)
        {
          troupe_sampler_sample (sampler, TRUE);
          g_assert_true (troupe_sampler_get (sampler, 1, &figures));
        }
      g_assert_true (troupe_sampler_read_memory (sampler, 1, &pss, &rss));
      g_assert_cmpuint (pss, >, 0);
      g_assert_cmpuint (rss, >=, pss);
      /* It sleeps, so neither has changed; but PSS depends on who else shares its pages. */
      g_assert_cmpuint (figures.rss_bytes, ==, rss);
      g_assert_cmpuint (figures.memory_bytes, >, 0);
      g_assert_cmpuint (figures.memory_bytes, <=, figures.rss_bytes);
    }
  else
    g_test_skip ("PSS cannot be read here");
  troupe_sampler_free (sampler);
  family_end (&family);
}

static void
test_gone (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  g_autoptr (GPtrArray) processes = NULL, unknown = NULL;
  TroupeTreeSample figures;
  Family family;
  Report report;
  gint64 used;

  family_start (&family, burn_body, 50 * MSEC);
  troupe_sampler_add (sampler, 1, family.keeper);
  report = family_wait (&family, REPORT_WORD);
  used = report.value;
  sample (sampler, 1);
  kill (report.pid, SIGKILL);
  while (family_wait (&family, REPORT_REAPED).pid != report.pid)
    ;
  figures = sample (sampler, 1);
  g_assert_cmpuint (figures.processes, ==, 0);
  g_assert_cmpuint (figures.rss_bytes, ==, 0);
  assert_near (figures.cpu_usec, used, 2 * TICK_USEC);
  processes = troupe_sampler_dup_processes (sampler, 1);
  g_assert_cmpuint (processes->len, ==, 0);
  unknown = troupe_sampler_dup_processes (sampler, 2);
  g_assert_cmpuint (unknown->len, ==, 0);
  g_assert_cmpuint (troupe_sampler_read_process_memory (report.pid), ==, 0);

  family_end (&family);
  figures = sample (sampler, 1);
  assert_near (figures.cpu_usec, used, 2 * TICK_USEC);
  troupe_sampler_free (sampler);
}

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
many_body (int reports, gint64 argument)
{
  for (gint64 i = 0; i < argument; i++)
    if (fork_bound () == 0)
      sleep_on ();
  family_tell (reports, argument);
  sleep_on ();
}

static void
test_descriptors (void)
{
  struct rlimit before, few;
  TroupeSampler *sampler;
  TroupeTreeSample figures;
  Family family;
  guint fds_before = count_fds (), fds;

  family_start (&family, many_body, 100);
  family_wait (&family, REPORT_WORD);
  getrlimit (RLIMIT_NOFILE, &before);
  few = before;
  few.rlim_cur = 60;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  sampler = troupe_sampler_new ();
  troupe_sampler_add (sampler, 1, family.keeper);
  for (guint i = 0; i < 100; i++)
    figures = sample (sampler, 1);
  fds = count_fds ();
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

  g_assert_cmpuint (figures.processes, ==, 101);
  g_assert_cmpuint (figures.threads, ==, 101);
  g_assert_cmpuint (fds, >, fds_before + 20);
  g_assert_cmpuint (fds, <=, fds_before + 30 + 4);

  family_end (&family);
  sample (sampler, 1);
  troupe_sampler_free (sampler);
  g_assert_cmpuint (count_fds (), ==, fds_before);
}

static void
test_machine (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeMachineSample machine;

  troupe_sampler_get_machine (sampler, &machine);
  troupe_sampler_get_machine (sampler, &machine);
  g_assert_cmpuint (machine.cores, >=, 1);
  g_assert_cmpfloat (machine.cpu_percent, >=, 0);
  g_assert_cmpfloat (machine.cpu_percent, <=, 100.0 * machine.cores);
  g_assert_cmpuint (machine.memory_total_bytes, >, 0);
  g_assert_cmpuint (machine.memory_used_bytes, >, 0);
  g_assert_cmpuint (machine.memory_used_bytes, <, machine.memory_total_bytes);
  troupe_sampler_free (sampler);
}

/* Many trees that come and go, each known by its key. */
static void
test_trees (void)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeTreeSample figures;
  Family families[5];

  for (guint i = 0; i < 5; i++)
    {
      family_start (&families[i], many_body, i);
      family_wait (&families[i], REPORT_WORD);
      troupe_sampler_add (sampler, i, families[i].keeper);
      figures = sample (sampler, i);
      g_assert_cmpuint (figures.processes, ==, i + 1);
    }
  troupe_sampler_remove (sampler, 2);
  troupe_sampler_remove (sampler, 2);
  for (guint i = 0; i < 5; i++)
    if (i != 2)
      g_assert_cmpuint (sample (sampler, i).processes, ==, i + 1);
  troupe_sampler_add (sampler, 2, families[2].keeper);
  g_assert_cmpuint (sample (sampler, 2).processes, ==, 3);
  troupe_sampler_free (sampler);
  for (guint i = 0; i < 5; i++)
    family_end (&families[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/cpu/is-what-the-process-used", test_cpu);
  g_test_add_func ("/sampler/cpu/percent-is-since-the-last-sample", test_percent);
  g_test_add_func ("/sampler/cpu/counts-dead-children-once", test_dead_children);
  g_test_add_func ("/sampler/cpu/never-falls", test_never_falls);
  g_test_add_func ("/sampler/tree/holds-daemons", test_descendants);
  g_test_add_func ("/sampler/tree/many-come-and-go", test_trees);
  g_test_add_func ("/sampler/tree/outlives-its-processes", test_gone);
  g_test_add_func ("/sampler/memory/shared-pages-count-once", test_memory);
  g_test_add_func ("/sampler/memory/small-processes-have-some", test_small_memory);
  g_test_add_func ("/sampler/descriptors/have-a-ceiling", test_descriptors);
  g_test_add_func ("/sampler/machine/has-totals", test_machine);
  return g_test_run ();
}
