/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Forks small families for the sampler to watch. */

#include "config.h"

#include "family.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
write_report (int reports, Report report)
{
  /* Shorter than PIPE_BUF: whole, or not at all. */
  if (write (reports, &report, sizeof report) != sizeof report)
    _exit (99);
}

void
family_tell (int reports, gint64 value)
{
  write_report (reports, (Report) { REPORT_WORD, getpid (), value });
}

static gint64
get_cpu_usec (int who)
{
  struct rusage usage;

  getrusage (who, &usage);
  return (gint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

gint64
family_get_own_cpu_usec (void)
{
  return get_cpu_usec (RUSAGE_SELF) + get_cpu_usec (RUSAGE_CHILDREN);
}

void
family_burn (gint64 usec)
{
  while (family_get_own_cpu_usec () < usec)
    for (volatile int i = 0; i < 10000; i++)
      ;
}

static G_GNUC_NORETURN void
keep (int reports, FamilyBody body, gint64 argument)
{
  int status, pid;

  prctl (PR_SET_CHILD_SUBREAPER, 1);
  pid = fork ();
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      body (reports, argument);
      _exit (0);
    }
  /* Reap for ever: a keeper without children waits for its end. */
  for (;;)
    {
      pid = waitpid (-1, &status, 0);
      if (pid > 0)
        write_report (reports, (Report) { REPORT_REAPED, pid, status });
      else if (errno == ECHILD)
        pause ();
    }
}

void
family_start (Family *self, FamilyBody body, gint64 argument)
{
  int test = getpid ();
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  self->keeper = fork ();
  g_assert_cmpint (self->keeper, >=, 0);
  if (self->keeper == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (getppid () != test)
        _exit (1);
      close (fds[0]);
      keep (fds[1], body, argument);
    }
  close (fds[1]);
  self->reports = fds[0];
}

void
family_end (Family *self)
{
  char byte;

  kill (self->keeper, SIGKILL);
  g_assert_cmpint (waitpid (self->keeper, NULL, 0), ==, self->keeper);
  /* Everybody below holds the writing end: none is left once it ends. Grandchildren have no
   * death signal of their own; each body sees to that. */
  while (read (self->reports, &byte, 1) > 0)
    ;
  close (self->reports);
}

Report
family_wait (Family *self, ReportKind kind)
{
  Report report;

  do
    g_assert_cmpint (read (self->reports, &report, sizeof report), ==, sizeof report);
  while (report.kind != kind);
  return report;
}
