/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Kills, reloads and scales at random; g_test_rand_int makes it the same again with --seed. */

#include "config.h"

#include "cluster-changes.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MOST_WORKERS 6

void
cluster_serve_telling (Cluster *self, Fixture *fixture, guint n, const char *more)
{
  g_autofree char *env = NULL;

  g_free (self->told);
  self->told = g_build_filename (fixture->folder, "told", NULL);
  env = g_strdup_printf ("'TOLD=%s', ", self->told);
  cluster_serve (self, fixture, n, env, more);
}

static gboolean
kill_one (Cluster *self, GHashTable *killed)
{
  TroupeBusWorker1 *victim = worker (self, (guint) g_test_rand_int_range (0, (gint32) self->workers->len));
  guint pid = troupe_bus_worker1_get_pid (victim);

  return pid > 0 && g_hash_table_add (killed, GUINT_TO_POINTER (pid)) && kill ((pid_t) pid, SIGKILL) == 0;
}

GHashTable *
cluster_kill_at_random (Cluster *self, HttpLoad *load, guint n_kills, gint64 until)
{
  GHashTable *killed = g_hash_table_new (NULL, NULL);
  guint n = 0;

  while (n_kills > 0 ? n < n_kills : g_get_monotonic_time () < until)
    {
      wait_for_requests (load, (guint64) g_test_rand_int_range (2, 100));
      n += kill_one (self, killed);
    }
  for (guint i = 0; i < self->workers->len; i++)
    wait_until (g_strcmp0 (troupe_bus_worker1_get_state (worker (self, i)), "ready") == 0
                && troupe_bus_worker1_get_pid (worker (self, i)) > 0
                && !g_hash_table_contains (killed, GUINT_TO_POINTER (troupe_bus_worker1_get_pid (worker (self, i)))));
  return killed;
}

static void
scale (Cluster *self, guint n)
{
  g_autoptr (GError) error = NULL;

  troupe_bus_program1_call_scale_sync (self->program, n, NULL, &error);
  g_assert_no_error (error);
}

/* The engine may have yielded (base/yielding.h) when it started them; they are not to. */
static void
assert_default_policy (Cluster *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      pid_t pid = (pid_t) troupe_bus_worker1_get_pid (worker (self, i));
      int policy = pid > 0 ? sched_getscheduler (pid) : -1;

      if (policy >= 0)
        g_assert_cmpint (policy, ==, sched_getscheduler (0));
    }
}

void
cluster_reload_and_scale (Cluster *self, HttpLoad *load, gint64 until, guint *n_reloads, guint *n_scalings)
{
  guint size = self->workers->len;

  *n_reloads = *n_scalings = 0;
  do
    {
      g_autoptr (GError) error = NULL;
      guint next = (size + (guint) g_test_rand_int_range (1, MOST_WORKERS) - 1) % MOST_WORKERS + 1;

      troupe_bus_program1_call_reload_sync (self->program, NULL, &error);
      g_assert_no_error (error);
      /* In the middle of it, wherever that is. */
      wait_for_requests (load, (guint64) g_test_rand_int_range (1, 100));
      scale (self, next);
      wait_until (reload_is_over (self));
      g_assert_cmpstr (troupe_bus_program1_get_reload_failure (self->program), ==, "");
      wait_until ((cluster_look_up (self, "web"), self->workers->len == next && all_in_state (self, "ready")));
      assert_default_policy (self);
      wait_for_requests (load, 1);
      size = next;
      (*n_reloads)++;
      (*n_scalings)++;
    }
  while (g_get_monotonic_time () < until);
}

static void
count_one (GHashTable *counts, const char *key, int change)
{
  int n = GPOINTER_TO_INT (g_hash_table_lookup (counts, key)) + change;

  g_hash_table_insert (counts, g_strdup (key), GINT_TO_POINTER (n));
}

/* How many connections from each port were open in the killed workers at their end. (transfer full) */
static GHashTable *
read_open_ports (Cluster *self, GHashTable *killed)
{
  GHashTable *counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  FILE *file = fopen (self->told, "r");
  char line[64];

  g_assert_nonnull (file);
  while (fgets (line, sizeof line, file) != NULL)
    {
      char what, port[16];
      guint pid;

      if (sscanf (line, "%c %u %15[0-9]", &what, &pid, port) == 3
          && g_hash_table_contains (killed, GUINT_TO_POINTER (pid)))
        count_one (counts, port, what == '+' ? 1 : -1);
    }
  fclose (file);
  return counts;
}

guint
cluster_count_inside (Cluster *self, GHashTable *killed, const HttpLoadResult *result)
{
  g_autoptr (GHashTable) open = read_open_ports (self, killed);
  guint n = 0;

  for (guint i = 0; i < result->failures->len; i++)
    {
      g_autofree char *port = g_strdup_printf ("%u", g_array_index (result->failures, HttpLoadFailure, i).port);

      if (GPOINTER_TO_INT (g_hash_table_lookup (open, port)) <= 0)
        continue;
      count_one (open, port, -1);
      n++;
    }
  return n;
}

guint
cluster_count_begun (Cluster *self, const HttpLoadResult *result)
{
  g_autoptr (GHashTable) begun = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  FILE *file = fopen (self->told, "r");
  char line[64];
  guint n = 0;

  g_assert_nonnull (file);
  while (fgets (line, sizeof line, file) != NULL)
    if (line[0] == '?')
      {
        guint64 number = g_ascii_strtoull (line + 1, NULL, 10);

        g_hash_table_add (begun, g_memdup2 (&number, sizeof number));
      }
  fclose (file);
  for (guint i = 0; i < result->failures->len; i++)
    n += g_hash_table_contains (begun, &g_array_index (result->failures, HttpLoadFailure, i).number);
  g_test_message ("%u requests were told of", g_hash_table_size (begun));
  return n;
}
