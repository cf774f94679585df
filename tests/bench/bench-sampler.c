/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a sample costs: CPU time per watched worker (its keeper included) and share of a core at
 * one sample a second, for workers that sleep and for workers that all ran since the last one,
 * beside three others that look at the same workers in the same run: the process clock alone
 * (the least that can be asked), stat opened, read and closed, and libgtop's time and memory.
 *
 *   bench-sampler [--short] */

#include "config.h"

#include "sampler/sampler.h"

#include "sampler/proc-stat.h"

#include <errno.h>
#include <glibtop.h>
#include <glibtop/procmem.h>
#include <glibtop/proctime.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 9

typedef struct
{
  guint n;
  int *keepers, *workers;
  int news; /* pipe: a byte for each worker that ran */
} Troop;

typedef void (*Subject) (Troop *troop, TroupeSampler *sampler);

static guint rounds = ROUNDS_MAX;

static double
own_cpu_usec (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double) time.tv_sec * 1e6 + (double) time.tv_nsec / 1e3;
}

static void
wake_cb (int signal_number)
{
}

/* A worker sleeps; each SIGUSR1 makes it run for a moment and tell. */
static G_GNUC_NORETURN void
work (int news)
{
  sigset_t none;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  signal (SIGUSR1, wake_cb);
  sigemptyset (&none);
  for (;;)
    {
      if (write (news, "", 1) != 1)
        _exit (1);
      /* SIGUSR1 is blocked but here, so none comes unseen. */
      sigsuspend (&none);
    }
}

static void
wait_for_news (Troop *troop)
{
  char bytes[1024];
  guint left = troop->n;

  while (left > 0)
    {
      gssize n = read (troop->news, bytes, MIN (left, sizeof bytes));

      if (n <= 0)
        g_error ("a worker has died");
      left -= (guint) n;
    }
}

static void
start_troop (Troop *troop, guint n)
{
  sigset_t usr1;
  int news[2], pids[2];

  troop->n = n;
  troop->keepers = g_new0 (int, n);
  troop->workers = g_new0 (int, n);
  if (pipe (news) < 0 || pipe (pids) < 0)
    g_error ("pipe: %s", g_strerror (errno));
  sigemptyset (&usr1);
  sigaddset (&usr1, SIGUSR1);
  sigprocmask (SIG_BLOCK, &usr1, NULL);
  for (guint i = 0; i < n; i++)
    {
      troop->keepers[i] = fork ();
      if (troop->keepers[i] < 0)
        g_error ("fork: %s", g_strerror (errno));
      if (troop->keepers[i] == 0)
        {
          int worker;

          prctl (PR_SET_PDEATHSIG, SIGKILL);
          prctl (PR_SET_CHILD_SUBREAPER, 1);
          worker = fork ();
          if (worker == 0)
            work (news[1]);
          if (write (pids[1], &worker, sizeof worker) != sizeof worker)
            _exit (1);
          for (;;)
            pause ();
        }
      if (read (pids[0], &troop->workers[i], sizeof (int)) != sizeof (int) || troop->workers[i] < 0)
        g_error ("no worker %u", i);
    }
  close (pids[0]);
  close (pids[1]);
  close (news[1]);
  troop->news = news[0];
  wait_for_news (troop);
}

static void
end_troop (Troop *troop)
{
  for (guint i = 0; i < troop->n; i++)
    kill (troop->workers[i], SIGKILL);
  for (guint i = 0; i < troop->n; i++)
    {
      kill (troop->keepers[i], SIGKILL);
      waitpid (troop->keepers[i], NULL, 0);
    }
  close (troop->news);
  g_free (troop->keepers);
  g_free (troop->workers);
}

/* Subjects */

static void
with_sampler (Troop *troop, TroupeSampler *sampler)
{
  troupe_sampler_sample (sampler, FALSE);
}

static void
with_clock (Troop *troop, TroupeSampler *sampler)
{
  for (guint i = 0; i < troop->n; i++)
    {
      struct timespec time;

      clock_gettime ((clockid_t) ((~(guint) troop->workers[i] << 3) | 2), &time);
    }
}

static void
with_stat (Troop *troop, TroupeSampler *sampler)
{
  for (guint i = 0; i < troop->n; i++)
    {
      TroupeProcStat stat;

      troupe_proc_stat_load (troop->workers[i], &stat);
    }
}

static void
with_libgtop (Troop *troop, TroupeSampler *sampler)
{
  for (guint i = 0; i < troop->n; i++)
    {
      glibtop_proc_time time;
      glibtop_proc_mem mem;

      glibtop_get_proc_time (&time, troop->workers[i]);
      glibtop_get_proc_mem (&mem, troop->workers[i]);
    }
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare_doubles);
  return values[n / 2];
}

static const struct
{
  const char *name;
  Subject subject;
} subjects[] = {
  { "troupe-sampler", with_sampler },
  { "process clock only", with_clock },
  { "stat open/read/close", with_stat },
  { "libgtop time+mem", with_libgtop },
};

/* Subjects take turns, so that all meet the same noise. */
static void
compare (Troop *troop, TroupeSampler *sampler, gboolean awake)
{
  double usec[G_N_ELEMENTS (subjects)][ROUNDS_MAX];
  /* Enough samples to be measured; all that the sampler does now and then must fall into a round. */
  guint samples = awake ? 8 : 256;

  memset (usec, 0, sizeof usec);
  for (guint round = 0; round < rounds; round++)
    for (guint s = 0; s < G_N_ELEMENTS (subjects); s++)
      for (guint i = 0; i < samples; i++)
        {
          double start;

          if (awake)
            {
              for (guint w = 0; w < troop->n; w++)
                kill (troop->workers[w], SIGUSR1);
              wait_for_news (troop);
            }
          start = own_cpu_usec ();
          subjects[s].subject (troop, sampler);
          usec[s][round] += (own_cpu_usec () - start) / samples;
        }
  for (guint s = 0; s < G_N_ELEMENTS (subjects); s++)
    {
      double ours = median (usec[0], rounds), theirs = median (usec[s], rounds);

      printf ("%5u workers, %-9s  %-20s  %7.2f us/worker  %7.4f %% of a core at 1 Hz  %6.2fx\n", troop->n,
              awake ? "all awake" : "asleep", subjects[s].name, theirs / troop->n, theirs / 1e4, theirs / ours);
    }
  fflush (stdout);
}

static void
run (guint n)
{
  TroupeSampler *sampler = troupe_sampler_new ();
  TroupeTreeSample sample;
  Troop troop;
  double start;

  start_troop (&troop, n);
  for (guint i = 0; i < n; i++)
    troupe_sampler_add (sampler, i, troop.keepers[i]);
  start = own_cpu_usec ();
  troupe_sampler_sample (sampler, FALSE);
  printf ("%5u workers, first sample (all of /proc)      %7.2f us/worker\n", n, (own_cpu_usec () - start) / n);
  for (guint i = 0; i < n; i++)
    if (!troupe_sampler_get (sampler, i, &sample) || sample.processes != 1)
      g_error ("worker %u was not found", i);
  start = own_cpu_usec ();
  troupe_sampler_sample (sampler, TRUE);
  printf ("%5u workers, sample with PSS in its budget    %7.0f us\n", n, own_cpu_usec () - start);

  compare (&troop, sampler, FALSE);
  compare (&troop, sampler, TRUE);
  end_troop (&troop);
  troupe_sampler_free (sampler);
}

int
main (int argc, char **argv)
{
  gboolean is_short = argc > 1 && strcmp (argv[1], "--short") == 0;

  if (is_short)
    {
      rounds = 3;
      run (20);
      return 0;
    }
  run (100);
  run (1000);
  return 0;
}
