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

static gboolean
pass_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static gpointer
write_and_hurry_thread (gpointer user_data)
{
  Pipe *pipes = user_data;

  for (guint i = 0; i < N_PIPES; i++)
    g_assert_cmpint (write (pipes[i].ends[1], "x", 1), ==, 1);
  g_idle_add_full (G_PRIORITY_HIGH, pass_cb, NULL, NULL);
  return NULL;
}

/* What was fetched is served later when a source of higher priority, which another thread added
 * meanwhile, comes first: an edge would not be fetched twice. */
static void
test_edges_survive_a_higher_priority (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  Pipe pipes[N_PIPES];

  open_pipes (pipes, reactor);
  for (guint i = 0; i < N_PIPES; i++)
    troupe_reactor_modify (reactor, pipes[i].watch, EPOLLIN | EPOLLET);
  for (guint round = 1; round <= 200; round++)
    {
      GThread *thread = g_thread_new ("hurry", write_and_hurry_thread, pipes);

      while (count_served (pipes) < round * N_PIPES)
        g_main_context_iteration (NULL, TRUE);
      g_thread_join (thread);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  close_pipes (pipes);
}

static void
held_cb (guint32 events, gpointer user_data)
{
  Pipe *p = user_data;

  g_assert_cmpuint (events, ==, EPOLLIN);
  p->served++;
  if (p->remove_others)
    for (guint i = 0; i < N_PIPES; i++)
      if (p->all[i].watch != NULL)
        pipe_remove (&p->all[i]);
}

static guint
hold_all (Pipe *pipes, TroupeReactor *reactor)
{
  g_autoptr (GError) error = NULL;
  guint n_held = 0;

  open_pipes (pipes, reactor);
  for (guint i = 0; i < N_PIPES; i++)
    {
      troupe_reactor_remove (reactor, pipes[i].watch);
      pipes[i].watch = troupe_reactor_add (reactor, pipes[i].ends[0], EPOLLET, held_cb, &pipes[i], &error);
      g_assert_no_error (error);
      n_held += troupe_reactor_hold (reactor, pipes[i].watch);
      g_assert_cmpint (write (pipes[i].ends[1], "x", 1), ==, 1);
    }
  return n_held;
}

static void
test_holds_end (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  g_autoptr (GMainContext) other_context = g_main_context_new ();
  g_autoptr (TroupeReactor) other = troupe_reactor_new (other_context, &error);
  Pipe pipes[N_PIPES];

  if (hold_all (pipes, reactor) == 0)
    g_test_skip ("this kernel waits no less than a millisecond");
  else
    {
      g_assert_true (troupe_reactor_hold (reactor, pipes[0].watch));
      while (count_served (pipes) < N_PIPES)
        g_main_context_iteration (NULL, TRUE);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      for (guint i = 0; i < N_PIPES; i++)
        g_assert_cmpuint (pipes[i].served, ==, 1);
    }
  /* A second reactor of a thread does not wait by itself. */
  g_assert_false (troupe_reactor_hold (other, pipes[0].watch));
  close_pipes (pipes);
}

/* Nothing but a hold ends the wait here, with a third descriptor in the set. */
static void
test_holds_end_among_other_sources (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  GSource *source = g_source_new (&(GSourceFuncs){ NULL }, sizeof (GSource));
  Pipe pipes[N_PIPES];
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  g_source_add_unix_fd (source, ends[0], G_IO_IN);
  g_source_attach (source, NULL);
  if (hold_all (pipes, reactor) == 0)
    g_test_skip ("this kernel waits no less than a millisecond");
  else
    while (count_served (pipes) < N_PIPES)
      g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
  g_source_unref (source);
  close (ends[0]);
  close (ends[1]);
  close_pipes (pipes);
}

static void
test_a_removed_hold_is_not_served (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  Pipe pipes[N_PIPES];

  if (hold_all (pipes, reactor) == 0)
    g_test_skip ("this kernel waits no less than a millisecond");
  else
    {
      for (guint i = 0; i < N_PIPES; i++)
        pipes[i].remove_others = TRUE;
      while (count_served (pipes) == 0)
        g_main_context_iteration (NULL, TRUE);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpuint (count_served (pipes), ==, 1);
    }
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
  g_test_add_func ("/base/reactor/edges-survive-a-higher-priority", test_edges_survive_a_higher_priority);
  g_test_add_func ("/base/reactor/holds-end", test_holds_end);
  g_test_add_func ("/base/reactor/holds-end-among-other-sources", test_holds_end_among_other_sources);
  g_test_add_func ("/base/reactor/a-removed-hold-is-not-served", test_a_removed_hold_is_not_served);
  return g_test_run ();
}
