/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Many descriptors as one source, also when callbacks remove what is about to be served. */

#include "config.h"

#include "base/reactor.h"

#include <unistd.h>

#define N_PIPES 100

typedef struct Pipe
{
  TroupeReactor *reactor;
  TroupeReactorWatch *watch;
  struct Pipe *all;
  int ends[2];
  guint served;
  gboolean remove_others;
} Pipe;

static void
pipe_remove (Pipe *p)
{
  troupe_reactor_remove (p->reactor, p->watch);
  p->watch = NULL;
}

static void
readable_cb (guint32 events, gpointer user_data)
{
  Pipe *p = user_data;
  char byte;

  g_assert_nonnull (p->watch);
  g_assert_cmpint (read (p->ends[0], &byte, 1), ==, 1);
  p->served++;
  if (p->remove_others)
    for (guint i = 0; i < N_PIPES; i++)
      if (p->all[i].watch != NULL)
        pipe_remove (&p->all[i]);
}

static void
open_pipes (Pipe *pipes, TroupeReactor *reactor)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_PIPES; i++)
    {
      pipes[i] = (Pipe){ .reactor = reactor, .all = pipes };
      g_assert_cmpint (pipe (pipes[i].ends), ==, 0);
      pipes[i].watch = troupe_reactor_add (reactor, pipes[i].ends[0], EPOLLIN, readable_cb, &pipes[i], &error);
      g_assert_no_error (error);
    }
}

static void
close_pipes (Pipe *pipes)
{
  for (guint i = 0; i < N_PIPES; i++)
    {
      if (pipes[i].watch != NULL)
        pipe_remove (&pipes[i]);
      close (pipes[i].ends[0]);
      close (pipes[i].ends[1]);
    }
}

static guint
count_served (Pipe *pipes)
{
  guint n = 0;

  for (guint i = 0; i < N_PIPES; i++)
    n += pipes[i].served;
  return n;
}

static void
test_serves_all (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  Pipe pipes[N_PIPES];

  open_pipes (pipes, reactor);
  for (guint i = 0; i < N_PIPES; i++)
    g_assert_cmpint (write (pipes[i].ends[1], "x", 1), ==, 1);
  while (count_served (pipes) < N_PIPES)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < N_PIPES; i++)
    g_assert_cmpuint (pipes[i].served, ==, 1);
  close_pipes (pipes);
}

static void
test_removed_is_not_served (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  Pipe pipes[N_PIPES];

  open_pipes (pipes, reactor);
  for (guint i = 0; i < N_PIPES; i++)
    {
      pipes[i].remove_others = TRUE;
      g_assert_cmpint (write (pipes[i].ends[1], "x", 1), ==, 1);
    }
  while (count_served (pipes) == 0)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (count_served (pipes), ==, 1);
  close_pipes (pipes);
}

static gboolean
remove_cb (gpointer user_data)
{
  Pipe *pipes = user_data;

  for (guint i = 0; i < N_PIPES; i++)
    pipe_remove (&pipes[i]);
  return G_SOURCE_REMOVE;
}

/* A source of higher priority takes watches away whose events are fetched already. */
static void
test_removed_between_poll_and_dispatch (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  Pipe pipes[N_PIPES];

  open_pipes (pipes, reactor);
  for (guint i = 0; i < N_PIPES; i++)
    g_assert_cmpint (write (pipes[i].ends[1], "x", 1), ==, 1);
  g_idle_add_full (G_PRIORITY_HIGH, remove_cb, pipes, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (count_served (pipes), ==, 0);
  close_pipes (pipes);
}

static gpointer
wake_thread (gpointer user_data)
{
  g_main_context_invoke (NULL, remove_cb, user_data);
  return NULL;
}

/* The context's own wake-up works while the reactor does the waiting. */
static void
test_other_threads_wake_the_loop (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  Pipe pipes[N_PIPES];
  GThread *thread;

  open_pipes (pipes, reactor);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  thread = g_thread_new ("wake", wake_thread, pipes);
  while (pipes[0].watch != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  close_pipes (pipes);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/reactor/serves-all", test_serves_all);
  g_test_add_func ("/base/reactor/a-removed-watch-is-not-served", test_removed_is_not_served);
  g_test_add_func ("/base/reactor/removed-between-poll-and-dispatch", test_removed_between_poll_and_dispatch);
  g_test_add_func ("/base/reactor/other-threads-wake-the-loop", test_other_threads_wake_the_loop);
  return g_test_run ();
}
