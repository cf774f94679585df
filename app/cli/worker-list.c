/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The JSON fields are a promise to scripts: their names and order stand in troupectl(1). */

#include "config.h"

#include "cli/worker-list.h"

#include <string.h>

#include "cli/json-object.h"
#include "cli/terminal-text.h"
#include "cli/worker-name.h"

static gint64
get_uptime_usec (const TroupeWorkerInfo *worker, gint64 now_usec)
{
  if (worker->pid == 0 || worker->started_usec == 0 || (gint64) worker->started_usec > now_usec)
    return worker->pid != 0 ? 0 : -1;
  return now_usec - (gint64) worker->started_usec;
}

static void
add_int_or_null (GString *out, const char *key, gint64 value, gboolean applies)
{
  if (applies)
    troupe_json_object_add_int (out, key, value);
  else
    troupe_json_object_add_null (out, key);
}

static void
add_decimal_or_null (GString *out, const char *key, double value, gboolean applies)
{
  if (applies)
    troupe_json_object_add_decimal (out, key, value);
  else
    troupe_json_object_add_null (out, key);
}

static void
append_thread_figures (GString *out, const TroupeThreadStats *stats)
{
  add_int_or_null (out, "queue", stats->queue, stats->queue >= 0);
  add_decimal_or_null (out, "loop_percent", 100 * stats->utilization, stats->utilization >= 0);
  add_int_or_null (out, "heap_used_bytes", stats->heap_used_bytes, stats->heap_used_bytes >= 0);
  add_int_or_null (out, "heap_total_bytes", stats->heap_total_bytes, stats->heap_total_bytes >= 0);
}

static const char *
null_if_empty (const char *text)
{
  return text[0] != '\0' ? text : NULL;
}

void
troupe_worker_append_json (GString *out, const TroupeWorkerInfo *worker, const TroupeProgramInfo *program,
                           const TroupeWorkerStats *stats, const TroupeThreadStats *thread_stats, gint64 now_usec)
{
  static const TroupeThreadStats unknown = { -1, -1, -1, -1 };
  gint64 uptime = get_uptime_usec (worker, now_usec);

  troupe_json_object_begin (out);
  troupe_json_object_add_string (out, "name", worker->name);
  troupe_json_object_add_string (out, "project", worker->project);
  troupe_json_object_add_string (out, "program", program->name);
  troupe_json_object_add_int (out, "instance", worker->instance);
  troupe_json_object_add_string (out, "kind", null_if_empty (program->kind));
  troupe_json_object_add_string (out, "state", troupe_state_to_string (worker->state));
  add_int_or_null (out, "pid", worker->pid, worker->pid != 0);
  add_int_or_null (out, "tid", worker->tid, worker->tid != 0);
  add_int_or_null (out, "run", worker->run, worker->run != 0);
  troupe_json_object_add_int (out, "restarts", worker->restarts);
  add_int_or_null (out, "exit_code", worker->exit_code, worker->exit_code >= 0);
  troupe_json_object_add_string (out, "exit_signal", null_if_empty (worker->exit_signal));
  add_decimal_or_null (out, "cpu_percent", stats != NULL ? stats->cpu_percent : 0, stats != NULL);
  /* Memory is of processes: a thread has none of its own. */
  add_int_or_null (out, "memory_bytes", stats != NULL ? (gint64) stats->memory_bytes : 0,
                   stats != NULL && !worker->is_thread);
  add_int_or_null (out, "threads", stats != NULL ? stats->threads : 0, stats != NULL);
  add_int_or_null (out, "descendants", stats != NULL ? stats->descendants : 0, stats != NULL);
  add_decimal_or_null (out, "uptime_seconds", (double) uptime / G_USEC_PER_SEC, uptime >= 0);
  troupe_json_object_add_string (out, "ready_address", null_if_empty (worker->address));
  troupe_json_object_add_string (out, "journal", null_if_empty (worker->journal));
  append_thread_figures (out, thread_stats != NULL ? thread_stats : &unknown);
  add_decimal_or_null (out, "progress_percent", 100 * worker->progress, worker->progress >= 0);
  troupe_json_object_end (out);
}

char *
troupe_worker_list_to_json (TroupeRoster *roster, GPtrArray *workers, TroupeStats *stats, gint64 now_usec)
{
  g_autoptr (GString) out = g_string_new ("[");

  for (guint i = 0; i < workers->len; i++)
    {
      const TroupeWorkerInfo *worker = workers->pdata[i];
      g_autoptr (GString) object = g_string_new (NULL);

      troupe_worker_append_json (object, worker, troupe_roster_get_program_of (roster, worker),
                                 troupe_stats_get (stats, worker->id), troupe_stats_get_thread (stats, worker->id),
                                 now_usec);
      g_string_append_printf (out, "%s\n%s", i > 0 ? "," : "", object->str);
    }
  g_string_append (out, workers->len > 0 ? "\n]\n" : "]\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static const char *
get_state_color (const TroupeWorkerInfo *worker)
{
  switch (worker->state)
    {
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
      return TROUPE_SGR_GREEN;
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_STOPPING:
    case TROUPE_STATE_BACKOFF:
      return TROUPE_SGR_YELLOW;
    case TROUPE_STATE_FAILED:
      return TROUPE_SGR_RED;
    case TROUPE_STATE_EXITED:
      return worker->exit_code > 0 || worker->exit_signal[0] != '\0' ? TROUPE_SGR_RED : NULL;
    case TROUPE_STATE_STOPPED:
      return TROUPE_SGR_DIM;
    }
  return NULL;
}

/* “40 %: 3 of 7 files” */
static char *
dup_progress (const TroupeWorkerInfo *worker)
{
  g_autofree char *percent = worker->progress >= 0 ? g_strdup_printf ("%.0f %%", 100 * worker->progress) : NULL;

  if (percent == NULL || worker->progress_text[0] == '\0')
    return percent != NULL ? g_steal_pointer (&percent) : g_strdup (worker->progress_text);
  return g_strdup_printf ("%s: %s", percent, worker->progress_text);
}

/* What there is to say beyond the state's name: whom it waits for, how it ended, and why it gave
 * up; of one that is up, where it can be reached or how far it is. */
static char *
dup_detail (const TroupeWorkerInfo *worker)
{
  const char *exit = worker->exit_summary, *reason = worker->state_reason;
  g_autofree char *progress = dup_progress (worker);
  g_autoptr (GString) detail = g_string_new (NULL);
  gboolean told_both = FALSE;

  switch (worker->state)
    {
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
      reason = worker->address[0] != '\0' ? worker->address : progress;
      break;
    case TROUPE_STATE_BACKOFF:
      told_both = exit[0] != '\0' && reason[0] != '\0';
      break;
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_STOPPING:
    case TROUPE_STATE_FAILED:
    case TROUPE_STATE_EXITED:
    case TROUPE_STATE_STOPPED:
      break;
    }
  if (told_both || reason[0] == '\0')
    troupe_terminal_append_safe (detail, exit, strlen (exit));
  if (told_both)
    g_string_append (detail, "; ");
  troupe_terminal_append_safe (detail, reason, strlen (reason));
  return g_string_free (g_steal_pointer (&detail), FALSE);
}

/* A thread's is its process's, with its own number behind it. */
static char *
dup_pid (const TroupeWorkerInfo *worker)
{
  if (worker->pid == 0)
    return NULL;
  return worker->tid != 0 ? g_strdup_printf ("%u/%u", worker->pid, worker->tid)
                          : g_strdup_printf ("%u", worker->pid);
}

void
troupe_worker_add_row (TroupeTable *table, const TroupeWorkerInfo *worker, const TroupeWorkerStats *stats,
                       gint64 now_usec)
{
  g_autofree char *name = troupe_worker_name_dup_full (worker->project, worker->name);
  g_autofree char *pid = dup_pid (worker);
  g_autofree char *cpu = stats != NULL ? troupe_text_dup_percent (stats->cpu_percent) : NULL;
  g_autofree char *memory = stats != NULL && !worker->is_thread ? troupe_text_dup_bytes (stats->memory_bytes) : NULL;
  g_autofree char *restarts = g_strdup_printf ("%u", worker->restarts);
  g_autofree char *up = NULL;
  gint64 uptime = get_uptime_usec (worker, now_usec);
  g_autofree char *detail = dup_detail (worker);

  if (uptime >= 0)
    up = troupe_text_dup_duration (uptime);
  troupe_table_add_cell (table, name, NULL);
  troupe_table_add_cell (table, troupe_state_to_string (worker->state), get_state_color (worker));
  troupe_table_add_cell (table, pid, NULL);
  troupe_table_add_cell (table, cpu, NULL);
  troupe_table_add_cell (table, memory, NULL);
  troupe_table_add_cell (table, up, NULL);
  troupe_table_add_cell (table, restarts, worker->restarts > 0 ? TROUPE_SGR_YELLOW : NULL);
  troupe_table_add_cell (table, detail, NULL);
}

char *
troupe_worker_list_to_table (TroupeRoster *roster, GPtrArray *workers, TroupeStats *stats, gint64 now_usec,
                             gboolean colored, guint width)
{
  g_autoptr (TroupeTable) table = troupe_table_new ();

  troupe_table_add_column (table, "NAME", TROUPE_ALIGN_LEFT);
  troupe_table_add_column (table, "STATE", TROUPE_ALIGN_LEFT);
  troupe_table_add_column (table, "PID", TROUPE_ALIGN_RIGHT);
  troupe_table_add_column (table, "CPU", TROUPE_ALIGN_RIGHT);
  troupe_table_add_column (table, "MEM", TROUPE_ALIGN_RIGHT);
  troupe_table_add_column (table, "UP", TROUPE_ALIGN_RIGHT);
  troupe_table_add_column (table, "RESTARTS", TROUPE_ALIGN_RIGHT);
  troupe_table_add_column (table, "DETAIL", TROUPE_ALIGN_LEFT);
  for (guint i = 0; i < workers->len; i++)
    {
      const TroupeWorkerInfo *worker = workers->pdata[i];

      troupe_worker_add_row (table, worker, troupe_stats_get (stats, worker->id), now_usec);
    }
  return troupe_table_to_text (table, colored, width);
}
