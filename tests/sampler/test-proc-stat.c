/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Parsing of /proc. */

#include "config.h"

#include "sampler/proc-stat.h"

#include "family.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char line[] = "4711 (a) b) (c) S 12 4711 4711 0 -1 4194560 1 2 3 4 50 60 70 80 20 0 9 0 123456 1000 77 "
                           "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

static void
test_fields (void)
{
  TroupeProcStat stat;

  g_assert_true (troupe_proc_stat_parse (line, &stat));
  g_assert_cmpint (stat.pid, ==, 4711);
  g_assert_cmpint (stat.parent, ==, 12);
  g_assert_cmpint (stat.state, ==, 'S');
  g_assert_cmpuint (stat.own_ticks, ==, 110);
  g_assert_cmpuint (stat.children_ticks, ==, 150);
  g_assert_cmpuint (stat.threads, ==, 9);
  g_assert_cmpuint (stat.start_ticks, ==, 123456);
  g_assert_cmpuint (stat.rss_pages, ==, 77);
}

static void
test_nonsense (void)
{
  static const char *const bad[] = { "", ")", "1 (a)", "1 (a) S", "1 (a) S 1 2", "1 (a) S x", "no such thing", NULL };
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  TroupeProcStat stat;

  for (gsize i = 0; bad[i] != NULL; i++)
    g_assert_false (troupe_proc_stat_parse (bad[i], &stat));
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *text = g_strndup (line, (gsize) g_rand_int_range (random, 1, sizeof line));

      text[g_rand_int_range (random, 0, (gint32) strlen (text))] = " )(-x9\n"[g_rand_int_range (random, 0, 7)];
      troupe_proc_stat_parse (text, &stat);
    }
}

static void
test_self (void)
{
  TroupeProcStat stat, again;
  int fd = troupe_proc_stat_open (getpid ());
  g_autofree char *command = troupe_proc_dup_command (getpid ());
  guint64 pss, rss;

  g_assert_cmpint (troupe_proc_stat_load (getpid (), &stat), ==, TROUPE_PROC_READ_OK);
  g_assert_cmpint (stat.pid, ==, getpid ());
  g_assert_cmpint (stat.parent, ==, getppid ());
  g_assert_cmpuint (stat.rss_pages, >, 0);
  g_assert_cmpint (troupe_proc_stat_read (fd, &again), ==, TROUPE_PROC_READ_OK);
  g_assert_cmpint (troupe_proc_stat_read (fd, &again), ==, TROUPE_PROC_READ_OK);
  g_assert_cmpuint (again.start_ticks, ==, stat.start_ticks);
  close (fd);
  g_assert_nonnull (strstr (command, "test-proc-stat"));
  g_assert_true (troupe_proc_is_process (getpid ()));
  if (troupe_proc_read_pss (getpid (), &pss, &rss))
    {
      g_assert_cmpuint (pss, >, 0);
      g_assert_cmpuint (pss, <=, rss);
    }
}

static gpointer
check_thread (gpointer data)
{
  g_assert_false (troupe_proc_is_process ((int) gettid ()));
  return NULL;
}

static void
test_thread (void)
{
  g_thread_join (g_thread_new ("probe", check_thread, NULL));
}

static void
exit_body (int reports, gint64 argument)
{
}

static void
test_gone (void)
{
  Family family;
  TroupeProcStat stat;
  g_autofree char *command = NULL;
  guint64 pss, rss;
  int pid;

  family_start (&family, exit_body, 0);
  pid = family_wait (&family, REPORT_REAPED).pid;
  g_assert_cmpint (troupe_proc_stat_load (pid, &stat), ==, TROUPE_PROC_READ_GONE);
  g_assert_false (troupe_proc_read_pss (pid, &pss, &rss));
  g_assert_false (troupe_proc_is_process (pid));
  command = troupe_proc_dup_command (pid);
  g_assert_cmpstr (command, ==, "[]");
  family_end (&family);
}

/* A descriptor kept open tells that its process is gone. */
static void
test_kept_gone (void)
{
  Family family;
  TroupeProcStat stat;
  int fd;

  family_start (&family, exit_body, 0);
  fd = troupe_proc_stat_open (family.keeper);
  g_assert_cmpint (troupe_proc_stat_read (fd, &stat), ==, TROUPE_PROC_READ_OK);
  family_end (&family);
  g_assert_cmpint (troupe_proc_stat_read (fd, &stat), ==, TROUPE_PROC_READ_GONE);
  close (fd);
}

static void
test_no_descriptor (void)
{
  struct rlimit before, none;
  TroupeProcStat stat;
  TroupeProcRead result;

  getrlimit (RLIMIT_NOFILE, &before);
  none = before;
  none.rlim_cur = 0;
  setrlimit (RLIMIT_NOFILE, &none);
  result = troupe_proc_stat_load (getpid (), &stat);
  setrlimit (RLIMIT_NOFILE, &before);
  g_assert_cmpint (result, ==, TROUPE_PROC_READ_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/proc-stat/reads-fields-behind-odd-names", test_fields);
  g_test_add_func ("/sampler/proc-stat/refuses-nonsense", test_nonsense);
  g_test_add_func ("/sampler/proc-stat/reads-itself", test_self);
  g_test_add_func ("/sampler/proc-stat/knows-threads", test_thread);
  g_test_add_func ("/sampler/proc-stat/tells-who-is-gone", test_gone);
  g_test_add_func ("/sampler/proc-stat/kept-descriptor-tells-the-end", test_kept_gone);
  g_test_add_func ("/sampler/proc-stat/no-descriptor-is-not-gone", test_no_descriptor);
  return g_test_run ();
}
