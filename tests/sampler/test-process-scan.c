/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The scan finds what is born into a tree, with and without the kernel's last number. */

#include "config.h"

#include "sampler/process-scan.h"

#include "family.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Everything known, by pid; the root is known from the start. */
typedef struct
{
  GHashTable *known;
} Book;

static gpointer
owner_of_cb (int pid, guint64 start_ticks, gpointer user_data)
{
  Book *book = user_data;

  return g_hash_table_contains (book->known, GINT_TO_POINTER (pid)) ? book : NULL;
}

static void
adopt_cb (gpointer owner, const TroupeProcStat *stat, gpointer user_data)
{
  Book *book = user_data;

  g_assert_true (owner == book);
  g_assert_true (g_hash_table_add (book->known, GINT_TO_POINTER (stat->pid)));
}

static const TroupeProcessScanFuncs funcs = { owner_of_cb, adopt_cb };

static gboolean
knows (Book *book, int pid)
{
  return g_hash_table_contains (book->known, GINT_TO_POINTER (pid));
}

/* Sleeps until it is told to go on; then has a child that does the same, ARGUMENT times. */
static void
step_body (int reports, gint64 argument)
{
  sigset_t set;
  int signal_number;

  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  sigprocmask (SIG_BLOCK, &set, NULL);
  for (;;)
    {
      /* Parents end before their children here, so these cannot be bound to them; should the
       * test abort, this ends them. */
      alarm (100);
      family_tell (reports, argument);
      sigwait (&set, &signal_number);
      if (argument-- == 0 || fork () != 0)
        break;
    }
  for (;;)
    pause ();
}

static void
run_births (gboolean may_use_last_pid)
{
  g_autoptr (GHashTable) known = g_hash_table_new (NULL, NULL);
  Book book = { known };
  TroupeProcessScan *scan = troupe_process_scan_new (&funcs, &book, may_use_last_pid);
  Family family, stranger;
  int first, second, third, other;

  family_start (&family, step_body, 2);
  family_start (&stranger, step_body, 0);
  first = family_wait (&family, REPORT_WORD).pid;
  other = family_wait (&stranger, REPORT_WORD).pid;
  g_hash_table_add (known, GINT_TO_POINTER (family.keeper));
  troupe_process_scan_add_root (scan, family.keeper);

  troupe_process_scan_run (scan);
  g_assert_true (knows (&book, first));

  kill (first, SIGUSR1);
  second = family_wait (&family, REPORT_WORD).pid;
  troupe_process_scan_run (scan);
  g_assert_true (knows (&book, second));

  /* Its parents end, so it is the keeper's: the tree's all the same. */
  kill (second, SIGUSR1);
  third = family_wait (&family, REPORT_WORD).pid;
  kill (second, SIGKILL);
  kill (first, SIGKILL);
  while (family_wait (&family, REPORT_REAPED).pid != second)
    ;
  troupe_process_scan_run (scan);
  g_assert_true (knows (&book, third));
  g_assert_false (knows (&book, other));
  g_assert_false (knows (&book, stranger.keeper));
  g_assert_false (knows (&book, getpid ()));
  g_assert_cmpuint (g_hash_table_size (known), ==, 4);

  /* Again and again, full looks among them: nobody comes twice (adopt_cb asserts that). */
  for (guint i = 0; i < 600; i++)
    troupe_process_scan_run (scan);
  g_assert_cmpuint (g_hash_table_size (known), ==, 4);

  troupe_process_scan_free (scan);
  kill (third, SIGKILL);
  kill (other, SIGKILL);
  family_end (&family);
  family_end (&stranger);
}

static void
test_with_last_pid (void)
{
  run_births (TRUE);
}

static void
test_without_last_pid (void)
{
  run_births (FALSE);
}

/* A tree whose root is added long after its processes were taken for strangers. */
static void
run_late_root (gboolean may_use_last_pid)
{
  g_autoptr (GHashTable) known = g_hash_table_new (NULL, NULL);
  Book book = { known };
  TroupeProcessScan *scan = troupe_process_scan_new (&funcs, &book, may_use_last_pid);
  Family family;
  int first, second;

  family_start (&family, step_body, 1);
  first = family_wait (&family, REPORT_WORD).pid;
  kill (first, SIGUSR1);
  second = family_wait (&family, REPORT_WORD).pid;
  troupe_process_scan_run (scan);
  troupe_process_scan_run (scan);
  g_assert_cmpuint (g_hash_table_size (known), ==, 0);

  g_hash_table_add (known, GINT_TO_POINTER (family.keeper));
  troupe_process_scan_add_root (scan, family.keeper);
  troupe_process_scan_run (scan);
  g_assert_true (knows (&book, first));
  g_assert_true (knows (&book, second));

  troupe_process_scan_free (scan);
  kill (second, SIGKILL);
  kill (first, SIGKILL);
  family_end (&family);
}

static void
test_late_root (void)
{
  run_late_root (TRUE);
  run_late_root (FALSE);
}

static void
many_body (int reports, gint64 argument)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (gint64 i = 0; i < argument; i++)
    {
      int parent = getpid ();

      if (fork () == 0)
        {
          prctl (PR_SET_PDEATHSIG, SIGKILL);
          if (getppid () != parent)
            _exit (1);
          for (;;)
            pause ();
        }
    }
  family_tell (reports, argument);
  for (;;)
    pause ();
}

/* More births between two looks than are tried one by one. */
static void
test_many (void)
{
  g_autoptr (GHashTable) known = g_hash_table_new (NULL, NULL);
  Book book = { known };
  TroupeProcessScan *scan = troupe_process_scan_new (&funcs, &book, TRUE);
  Family family;

  troupe_process_scan_run (scan);
  family_start (&family, many_body, 400);
  family_wait (&family, REPORT_WORD);
  g_hash_table_add (known, GINT_TO_POINTER (family.keeper));
  troupe_process_scan_add_root (scan, family.keeper);
  troupe_process_scan_run (scan);
  g_assert_cmpuint (g_hash_table_size (known), ==, 402);
  troupe_process_scan_free (scan);
  family_end (&family);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/scan/finds-births", test_with_last_pid);
  g_test_add_func ("/sampler/scan/finds-births-without-last-pid", test_without_last_pid);
  g_test_add_func ("/sampler/scan/finds-the-tree-of-a-late-root", test_late_root);
  g_test_add_func ("/sampler/scan/finds-many-at-once", test_many);
  return g_test_run ();
}
