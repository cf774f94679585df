/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl list: what there is and how it does, for people and for scripts. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/engine-connection.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/json-object.h"
#include "cli/stats.h"
#include "cli/table-text.h"
#include "cli/terminal-text.h"
#include "cli/worker-list.h"
#include "cli/worker-name.h"

/* How long to wait for the engine's next figures. */
#define STATS_WAIT_MSEC 150

/* The workers that any of NAMES means, all without names. Fails on a name that means none.
 * Returns: (transfer container) (nullable) */
static GPtrArray *
filter_workers (TroupeRoster *roster, char **names, GError **error)
{
  g_autoptr (GPtrArray) all = troupe_roster_get_workers (roster);
  g_autoptr (GPtrArray) workers = g_ptr_array_new ();
  g_autoptr (GHashTable) chosen = g_hash_table_new (NULL, NULL);

  if (names[0] == NULL)
    return g_steal_pointer (&all);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_auto (GStrv) paths = troupe_roster_find (roster, names[i], error);

      if (paths == NULL)
        return NULL;
      for (gsize j = 0; paths[j] != NULL; j++)
        g_hash_table_add (chosen, troupe_roster_get_worker (roster, paths[j]));
    }
  for (guint i = 0; i < all->len; i++)
    if (g_hash_table_contains (chosen, all->pdata[i]))
      g_ptr_array_add (workers, all->pdata[i]);
  return g_steal_pointer (&workers);
}

/* For completion: quick, and starts nothing. */
static int
print_names (void)
{
  g_autoptr (TroupeEngineClient) client = troupe_engine_client_new (TROUPE_ENGINE_IF_RUNNING, NULL);
  g_autoptr (TroupeRoster) roster = client != NULL ? troupe_roster_new (client) : NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) workers = NULL;

  if (roster == NULL || !troupe_roster_load_all (roster, NULL))
    return TROUPE_EXIT_DONE;
  workers = troupe_roster_get_workers (roster);
  for (guint i = 0; i < workers->len; i++)
    {
      const TroupeWorkerInfo *worker = workers->pdata[i];
      char *name = troupe_worker_name_dup_full (worker->project, worker->name);
      char *program =
          troupe_worker_name_dup_full (worker->project, troupe_roster_get_program_of (roster, worker)->name);

      if (g_hash_table_add (seen, program))
        printf ("%s\n", program);
      if (g_hash_table_add (seen, name))
        printf ("%s\n", name);
    }
  return TROUPE_EXIT_DONE;
}

static gboolean
any_alive (GPtrArray *workers)
{
  for (guint i = 0; i < workers->len; i++)
    if (((TroupeWorkerInfo *) workers->pdata[i])->pid != 0)
      return TRUE;
  return FALSE;
}

/* IDs of those that run. Returns: (transfer full) (element-type guint) */
static GArray *
get_threads (GPtrArray *workers)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < workers->len; i++)
    {
      const TroupeWorkerInfo *worker = workers->pdata[i];

      if (worker->tid != 0)
        g_array_append_val (ids, worker->id);
    }
  return ids;
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  gboolean json = FALSE, names = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print one JSON array", NULL },
    { "names", 0, 0, G_OPTION_ARG_NONE, &names, "Print only the names that commands take; starts no engine", NULL },
    { NULL }
  };
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (TroupeRoster) roster = NULL;
  g_autoptr (TroupeStats) stats = NULL;
  g_autoptr (GPtrArray) workers = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv))
    return TROUPE_EXIT_USAGE;
  if (names)
    return print_names ();
  client = troupe_engine_client_new (TROUPE_ENGINE_START, &error);
  if (client == NULL)
    return troupe_command_report (error);
  roster = troupe_roster_new (client);
  stats = troupe_stats_new (client);
  if (!troupe_roster_load_all (roster, &error) || (workers = filter_workers (roster, argv + 1, &error)) == NULL)
    return troupe_command_report (error);
  if (any_alive (workers))
    {
      g_autoptr (GArray) threads = get_threads (workers);

      /* The table has nothing of what only threads have. */
      troupe_stats_wait (stats, (const guint *) threads->data, json ? threads->len : 0, STATS_WAIT_MSEC);
    }
  text = json ? troupe_worker_list_to_json (roster, workers, stats, g_get_real_time ())
              : troupe_worker_list_to_table (roster, workers, stats, g_get_real_time (),
                                             troupe_terminal_wants_color (STDOUT_FILENO),
                                             troupe_terminal_get_columns (STDOUT_FILENO));
  fputs (text, stdout);
  return TROUPE_EXIT_DONE;
}

const TroupeCommand troupe_command_list = {
  "list",
  "[NAME...]",
  "Show workers: state, CPU, memory, how they ended",
  "With --json: an array of objects with name, project, program, instance, kind, state,\n"
  "pid, tid, run, restarts, exit_code, exit_signal, cpu_percent, memory_bytes, threads,\n"
  "descendants, uptime_seconds, ready_address and journal, and of threads queue,\n"
  "loop_percent, heap_used_bytes, heap_total_bytes and progress_percent; null where it does not apply.",
  run,
};
