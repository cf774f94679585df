/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What clients lose while workers of a Node cluster come and go, each way for long enough that what is rare happens:
 *   - reloading and scaling without a pause, with a connection for each request;
 *   - the same with connections that are kept, where a server may close one just when the next request comes: against
 *     Node's own primary, which replaces its workers in the same way;
 *   - workers killed at random, under clients of our own and under wrk where that is installed.
 *
 *   bench-cluster-changes [--short]
 *
 * Fails when a request is lost that must not be. */

#include "config.h"

#include "cluster-changes.h"
#include "wrk.h"

#include <stdlib.h>
#include <string.h>

#define N_MANY_CLIENTS 64

typedef struct
{
  guint changing_sec; /* under reloads and scalings */
  guint compared_sec; /* against Node's primary */
  guint killing_sec;
} Lengths;

static const Lengths full = { 60, 20, 20 }, shorter = { 3, 3, 3 };

static gboolean is_missed;

static void
demand (gboolean is_met)
{
  is_missed |= !is_met;
}

static gint64
in_seconds (guint seconds)
{
  return g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

static void
change_closing (Fixture *fixture, guint seconds)
{
  g_auto (HttpLoadResult) result = { 0 };
  g_auto (Cluster) cluster = { 0 };
  guint n_reloads, n_scalings;
  HttpLoad *load;

  cluster_serve (&cluster, fixture, 2, "", "");
  load = http_load_start (cluster.port, N_CLIENTS);
  cluster_reload_and_scale (&cluster, load, in_seconds (seconds), &n_reloads, &n_scalings);
  result = http_load_stop (load);
  g_print ("reloading and scaling for %u s, a connection each: %u reloads, %u scalings, %" G_GUINT64_FORMAT
           " requests, %" G_GUINT64_FORMAT " failed (goal 0) %s\n",
           seconds, n_reloads, n_scalings, result.n_ok, result.n_failed, result.first_failure);
  demand (result.n_failed == 0);
  cluster_stop (&cluster);
}

static void
change_keep_alive (Fixture *fixture, guint seconds)
{
  g_auto (HttpLoadResult) result = { 0 };
  g_auto (Cluster) cluster = { 0 };
  guint n_reloads, n_scalings, n_begun;
  HttpLoad *load;

  cluster_serve_telling (&cluster, fixture, 2, "");
  load = http_load_start_keep_alive (cluster.port, N_CLIENTS);
  cluster_reload_and_scale (&cluster, load, in_seconds (seconds), &n_reloads, &n_scalings);
  result = http_load_stop (load);
  n_begun = cluster_count_begun (&cluster, &result);
  g_print ("reloading and scaling for %u s, keep-alive: %u reloads, %u scalings, %" G_GUINT64_FORMAT
           " requests, %u failed that a worker had begun to read (goal 0), %" G_GUINT64_FORMAT " cut while idle\n",
           seconds, n_reloads, n_scalings, result.n_ok, n_begun, result.n_failed - n_begun);
  demand (n_begun == 0);
  cluster_stop (&cluster);
}

/* -- Against Node's primary ------------------------------------------------------------ */

/* What a reload of two workers costs those who keep their connections. */
typedef struct
{
  guint n_reloads, n_begun;
  guint64 n_ok, n_failed;
} Cost;

static Cost
reload_ours (Fixture *fixture, gint64 until)
{
  g_auto (HttpLoadResult) result = { 0 };
  g_auto (Cluster) cluster = { 0 };
  Cost cost = { 0 };
  HttpLoad *load;

  cluster_serve_telling (&cluster, fixture, 2, "");
  load = http_load_start_keep_alive (cluster.port, N_CLIENTS);
  do
    {
      if (cluster_reload (&cluster)[0] != '\0')
        g_error ("%s", troupe_bus_program1_get_reload_failure (cluster.program));
      wait_for_requests (load, 100);
      cost.n_reloads++;
    }
  while (g_get_monotonic_time () < until);
  result = http_load_stop (load);
  cost.n_ok = result.n_ok;
  cost.n_failed = result.n_failed;
  cost.n_begun = cluster_count_begun (&cluster, &result);
  cluster_stop (&cluster);
  return cost;
}

static void
await_word (GDataInputStream *words, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *got = g_data_input_stream_read_line_utf8 (words, NULL, NULL, &error);

  if (g_strcmp0 (got, word) != 0)
    g_error ("expected “%s” of Node's primary, got “%s”", word, got);
}

static Cost
reload_nodes (Fixture *fixture, gint64 until)
{
  g_autofree char *primary = g_test_build_filename (G_TEST_DIST, "bench", "cluster-reloader.js", NULL);
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "engine", "workers", "serve.js", NULL);
  g_auto (Cluster) cluster = { .port = http_free_port (), .told = g_build_filename (fixture->folder, "told-node", NULL) };
  g_autofree char *port = g_strdup_printf ("%u", cluster.port);
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GDataInputStream) words = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_auto (HttpLoadResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  Cost cost = { 0 };
  HttpLoad *load;

  g_subprocess_launcher_setenv (launcher, "WORKERS", "2", TRUE);
  g_subprocess_launcher_setenv (launcher, "PORT", port, TRUE);
  g_subprocess_launcher_setenv (launcher, "TOLD", cluster.told, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, "node", primary, script, NULL);
  if (process == NULL)
    g_error ("%s", error->message);
  words = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  await_word (words, "ready");
  load = http_load_start_keep_alive (cluster.port, N_CLIENTS);
  do
    {
      if (!g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), "\n", 1, NULL, NULL, &error))
        g_error ("%s", error->message);
      await_word (words, "done");
      wait_for_requests (load, 100);
      cost.n_reloads++;
    }
  while (g_get_monotonic_time () < until);
  result = http_load_stop (load);
  cost.n_ok = result.n_ok;
  cost.n_failed = result.n_failed;
  cost.n_begun = cluster_count_begun (&cluster, &result);
  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, NULL);
  g_subprocess_wait (process, NULL, NULL);
  return cost;
}

static void
compare_keep_alive (Fixture *fixture, guint seconds)
{
  Cost us = reload_ours (fixture, in_seconds (seconds));
  Cost them = reload_nodes (fixture, in_seconds (seconds));
  double ours = (double) us.n_failed / us.n_reloads, theirs = (double) them.n_failed / them.n_reloads;

  g_print ("reloading for %u s, keep-alive: %.1f of %u connections cut in a reload (%u reloads, %" G_GUINT64_FORMAT
           " requests), Node's primary %.1f (%u reloads, %" G_GUINT64_FORMAT
           " requests) (goal: no more); begun requests lost %u (goal 0), Node's %u\n",
           seconds, ours, N_CLIENTS, us.n_reloads, us.n_ok, theirs, them.n_reloads, them.n_ok, us.n_begun, them.n_begun);
  demand (us.n_begun == 0);
}

/* -- Killing --------------------------------------------------------------------------- */

static const char killed_often[] = ", 'restart-delay': <'10ms'>, 'restart-limit': <0>";

static void
kill_at_random (Fixture *fixture, guint seconds)
{
  g_auto (HttpLoadResult) result = { 0 };
  g_autoptr (GHashTable) killed = NULL;
  g_auto (Cluster) cluster = { 0 };
  HttpLoad *load;
  guint n_inside;

  cluster_serve_telling (&cluster, fixture, 4, killed_often);
  load = http_load_start (cluster.port, N_MANY_CLIENTS);
  killed = cluster_kill_at_random (&cluster, load, 0, in_seconds (seconds));
  result = http_load_stop (load);
  n_inside = cluster_count_inside (&cluster, killed, &result);
  g_print ("killing at random for %u s, %u clients, a connection each: %u workers killed, %" G_GUINT64_FORMAT
           " requests, %" G_GUINT64_FORMAT " failed, %u of them seen inside a killed worker (goal: all, but for "
           "one at the most in the instant of each kill); refused %" G_GUINT64_FORMAT ", without an answer %" G_GUINT64_FORMAT
           " (goal 0)\n",
           seconds, N_MANY_CLIENTS, g_hash_table_size (killed), result.n_ok, result.n_failed, n_inside, result.n_refused,
           result.n_timed_out);
  demand (result.n_failed <= n_inside + g_hash_table_size (killed) && result.n_refused == 0 && result.n_timed_out == 0);
  cluster_stop (&cluster);
}

static void
kill_under_wrk (Fixture *fixture, guint seconds)
{
  g_autofree char *installed = g_find_program_in_path ("wrk");
  g_autoptr (GHashTable) killed = NULL;
  g_autoptr (GSubprocess) wrk = NULL;
  g_auto (HttpLoadResult) result = { 0 };
  g_auto (Cluster) cluster = { 0 };
  WrkResult of_wrk;
  HttpLoad *load;

  if (installed == NULL)
    {
      g_print ("killing at random under wrk: skipped, it is not installed\n");
      return;
    }
  cluster_serve (&cluster, fixture, 4, "", killed_often);
  load = http_load_start (cluster.port, 1); /* the measure of when to kill */
  wrk = wrk_start (cluster.port, N_MANY_CLIENTS, TRUE, seconds);
  killed = cluster_kill_at_random (&cluster, load, 0, in_seconds (seconds));
  of_wrk = wrk_finish (wrk);
  result = http_load_stop (load);
  g_print ("killing at random for %u s, wrk with %u connections, a connection each: %u workers killed, %" G_GUINT64_FORMAT
           " requests, %" G_GUINT64_FORMAT " failed, %.1f a killed worker\n",
           seconds, N_MANY_CLIENTS, g_hash_table_size (killed), of_wrk.n_requests, of_wrk.n_failed,
           (double) of_wrk.n_failed / MAX (g_hash_table_size (killed), 1));
  cluster_stop (&cluster);
}

/* -------------------------------------------------------------------------------------- */

/* A fresh engine for each, so that none has what another left. */
static void
with_engine (void (*func) (Fixture *fixture, guint seconds), guint seconds)
{
  Fixture fixture = { NULL };

  fixture_set_up (&fixture, NULL);
  func (&fixture, seconds);
  fixture_tear_down (&fixture, NULL);
}

int
main (int argc, char *argv[])
{
  const Lengths *lengths = argc > 1 && strcmp (argv[1], "--short") == 0 ? &shorter : &full;
  g_autofree char *node = g_find_program_in_path ("node");
  char *test_argv[] = { argv[0], NULL }, **test_argv_p = test_argv;
  int test_argc = 1;

  g_test_init (&test_argc, &test_argv_p, NULL);
  if (node == NULL)
    {
      g_print ("skipped: Node.js is not installed\n");
      return 77;
    }
  with_engine (change_closing, lengths->changing_sec);
  with_engine (change_keep_alive, lengths->changing_sec);
  with_engine (compare_keep_alive, lengths->compared_sec);
  with_engine (kill_at_random, lengths->killing_sec);
  with_engine (kill_under_wrk, lengths->killing_sec);
  return is_missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
