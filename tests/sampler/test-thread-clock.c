/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Processor time of single threads. */

#include "config.h"

#include "sampler/thread-clock.h"

#include <time.h>
#include <unistd.h>

static void
test_parse (void)
{
  guint64 nsec = 0;

  g_assert_true (troupe_thread_clock_parse_schedstat ("103826 262950 2\n", &nsec));
  g_assert_cmpuint (nsec, ==, 103826);
  g_assert_false (troupe_thread_clock_parse_schedstat ("", &nsec));
  g_assert_false (troupe_thread_clock_parse_schedstat ("-1 2 3", &nsec));
  g_assert_false (troupe_thread_clock_parse_schedstat ("12", &nsec));
  g_assert_false (troupe_thread_clock_parse_schedstat ("99999999999999999999999 1 1", &nsec));
  g_assert_cmpuint (nsec, ==, 103826);
}

typedef struct
{
  GMutex lock;
  GCond cond;
  pid_t tid;
  gboolean may_burn, may_end;
  guint64 own_usec; /* 0: still at it */
} Burner;

static guint64
read_own_usec (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (guint64) time.tv_sec * G_USEC_PER_SEC + (guint64) time.tv_nsec / 1000;
}

static gpointer
burn (gpointer user_data)
{
  Burner *burner = user_data;

  g_mutex_lock (&burner->lock);
  burner->tid = gettid ();
  g_cond_broadcast (&burner->cond);
  while (!burner->may_burn)
    g_cond_wait (&burner->cond, &burner->lock);
  g_mutex_unlock (&burner->lock);
  while (read_own_usec () < 200000)
    ;
  g_mutex_lock (&burner->lock);
  burner->own_usec = read_own_usec ();
  g_cond_broadcast (&burner->cond);
  while (!burner->may_end)
    g_cond_wait (&burner->cond, &burner->lock);
  g_mutex_unlock (&burner->lock);
  return NULL;
}

static void
wake (Burner *burner, gboolean *flag)
{
  g_mutex_lock (&burner->lock);
  *flag = TRUE;
  g_cond_broadcast (&burner->cond);
  g_mutex_unlock (&burner->lock);
}

/* What one thread burns is that one's; the kernel's figure is the one of its own clock, but for what is not
 * accounted yet. */
static void
test_tells_threads_apart (void)
{
  Burner burners[2] = { 0 };
  GThread *threads[2];
  TroupeThreadClock *clocks[2];
  guint64 usec[2];

  for (guint i = 0; i < 2; i++)
    {
      threads[i] = g_thread_new ("burner", burn, &burners[i]);
      g_mutex_lock (&burners[i].lock);
      while (burners[i].tid == 0)
        g_cond_wait (&burners[i].cond, &burners[i].lock);
      g_mutex_unlock (&burners[i].lock);
      clocks[i] = troupe_thread_clock_new (getpid (), burners[i].tid);
      g_assert_nonnull (clocks[i]);
    }
  wake (&burners[0], &burners[0].may_burn);
  g_mutex_lock (&burners[0].lock);
  while (burners[0].own_usec == 0)
    g_cond_wait (&burners[0].cond, &burners[0].lock);
  g_mutex_unlock (&burners[0].lock);
  for (guint i = 0; i < 2; i++)
    g_assert_true (troupe_thread_clock_read (clocks[i], &usec[i]));
  g_assert_cmpuint (usec[0], >=, 190000);
  g_assert_cmpuint (usec[1], <, 100000);

  /* A clock outlives its thread, and says so. */
  usec[0] = 7;
  for (guint i = 0; i < 2; i++)
    {
      wake (&burners[i], &burners[i].may_burn);
      wake (&burners[i], &burners[i].may_end);
      g_thread_join (threads[i]);
    }
  while (troupe_thread_clock_read (clocks[0], &usec[0]))
    g_thread_yield ();
  g_assert_null (troupe_thread_clock_new (getpid (), burners[0].tid));
  for (guint i = 0; i < 2; i++)
    troupe_thread_clock_free (clocks[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/thread-clock/parse", test_parse);
  g_test_add_func ("/sampler/thread-clock/tells-threads-apart", test_tells_threads_apart);
  return g_test_run ();
}
