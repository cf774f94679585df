/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The process that hosts the threads of a program comes up before the first of them and goes after the last. A
 * thread that is to start waits until its host is ready (supervisor/thread-group.h says when); what becomes
 * of a host that ended by itself its own policy decides, once for all its threads, and these follow it. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"

#include <string.h>

/* For who may change the list. Returns: (transfer full) */
static GPtrArray *
dup_workers (TroupeProgram *program)
{
  return g_ptr_array_copy (troupe_program_get_workers (program), (GCopyFunc) (void *) g_object_ref, NULL);
}

/* The worker that hosts its threads, or NULL. */
static TroupeWorker *
find_host (TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);

  for (guint i = 0; i < workers->len; i++)
    if (troupe_worker_is_host (g_ptr_array_index (workers, i)))
      return g_ptr_array_index (workers, i);
  return NULL;
}

TroupeWorker *
troupe_engine_get_host_of (TroupeEngine *self, TroupeWorker *worker)
{
  TroupeProgram *program = troupe_engine_get_program_of (self, worker);

  return program != NULL && troupe_worker_is_thread (worker) ? find_host (program) : NULL;
}

typedef struct
{
  guint n_busy, n_alive, n_waiting;
} Threads;

static Threads
count_threads (TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);
  Threads threads = { 0 };

  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);

      if (troupe_worker_is_host (worker))
        continue;
      threads.n_busy += troupe_worker_is_busy (worker);
      threads.n_alive += troupe_worker_get_keeper_pid (worker) != 0;
      threads.n_waiting += troupe_worker_get_state (worker) == TROUPE_STATE_WAITING;
    }
  return threads;
}

/* ---- A thread wants to start ---- */

/* A host that ended by itself has its own pause, and its own count of them; one that gave up comes back only
 * for a thread that a person starts. */
static gboolean
may_start_host (TroupeWorker *host, TroupeWorker *thread)
{
  TroupeState state = troupe_worker_get_state (thread);

  switch (troupe_worker_get_state (host))
    {
    case TROUPE_STATE_BACKOFF:
      return FALSE;
    case TROUPE_STATE_FAILED:
      return state != TROUPE_STATE_BACKOFF && state != TROUPE_STATE_WAITING;
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
    case TROUPE_STATE_STOPPING:
    case TROUPE_STATE_EXITED:
      break;
    }
  return TRUE;
}

gboolean
troupe_engine_host_is_up (TroupeEngine *self, TroupeWorker *worker, char **reason)
{
  TroupeProgram *program = troupe_engine_get_program_of (self, worker);
  TroupeWorker *host = program != NULL ? find_host (program) : NULL;
  const char *words;

  if (host == NULL || troupe_worker_is_host (worker)
      || troupe_worker_get_definition (worker)->kind != TROUPE_KIND_THREADS)
    return TRUE;
  if (troupe_program_is_renewing (program))
    {
      *reason = g_strdup_printf ("%s starts anew", troupe_worker_get_name (host));
      return FALSE;
    }
  if (troupe_thread_group_is_ready (troupe_program_get_threads (program)))
    return TRUE;
  if (may_start_host (host, worker))
    troupe_worker_start (host);
  else
    troupe_engine_tend_later (self, program);
  words = troupe_worker_get_state_reason (host);
  *reason = g_strdup_printf ("its host process %s is %s%s%s", troupe_worker_get_name (host),
                             troupe_state_to_string (troupe_worker_get_state (host)), words[0] != '\0' ? ": " : "",
                             words);
  return FALSE;
}

/* ---- Threads and host follow each other ---- */

/* The host will not come: nor will those who wait for it. */
static void
give_up_threads (TroupeEngine *self, TroupeProgram *program, TroupeWorker *host)
{
  GPtrArray *workers = troupe_program_get_workers (program);
  const char *words = troupe_worker_get_exit_summary (host), *why = troupe_worker_get_state_reason (host);
  g_autofree char *reason = g_strdup_printf ("its host process failed: %s%s%s", words,
                                             words[0] != '\0' && why[0] != '\0' ? "; " : "", why);

  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);
      g_autofree char *unmet = NULL;

      if (!troupe_worker_is_host (worker) && troupe_engine_dependencies_are_met (self, worker, &unmet))
        troupe_worker_give_up (worker, reason);
    }
}

static void
reconsider_threads (TroupeProgram *program)
{
  g_autoptr (GPtrArray) workers = dup_workers (program);

  for (guint i = 0; i < workers->len; i++)
    troupe_worker_reconsider (g_ptr_array_index (workers, i));
}

static void
tend_host (TroupeEngine *self, TroupeProgram *program)
{
  TroupeWorker *host = find_host (program);
  Threads threads = count_threads (program);

  if (host == NULL)
    return;
  if (troupe_program_is_renewing (program) && threads.n_alive == 0)
    {
      troupe_program_set_renewing (program, FALSE);
      if (threads.n_waiting > 0)
        troupe_worker_restart (host);
    }
  else if (threads.n_busy == 0 && troupe_worker_is_busy (host)
           && troupe_worker_get_state (host) != TROUPE_STATE_STOPPING)
    troupe_worker_stop (host);
  else if (troupe_worker_get_state (host) == TROUPE_STATE_FAILED && threads.n_busy > threads.n_alive)
    give_up_threads (self, program, host);
}

static gboolean
tend_cb (gpointer user_data)
{
  TroupeEngine *self = user_data;
  g_autoptr (GHashTable) programs = g_steal_pointer (&self->untended);
  GHashTableIter iter;
  gpointer program;

  self->tend_source = 0;
  self->untended = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  g_hash_table_iter_init (&iter, programs);
  while (g_hash_table_iter_next (&iter, &program, NULL))
    tend_host (self, program);
  return G_SOURCE_REMOVE;
}

/* Not at once: who is on the way shall have arrived. */
void
troupe_engine_tend_later (TroupeEngine *self, TroupeProgram *program)
{
  if (find_host (program) == NULL || self->is_restoring)
    return;
  g_hash_table_add (self->untended, g_object_ref (program));
  if (self->tend_source == 0)
    self->tend_source = g_idle_add_full (G_PRIORITY_HIGH, tend_cb, self, NULL);
}

/* ---- Figures ---- */

void
troupe_engine_ask_threads (TroupeEngine *self)
{
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      for (guint k = 0; k < project->programs->len; k++)
        troupe_thread_group_ask_figures (troupe_program_get_threads (g_ptr_array_index (project->programs, k)));
    }
}

static gboolean
figures_cb (gpointer user_data)
{
  TroupeEngine *self = user_data;

  self->told_source = 0;
  g_signal_emit_by_name (self, "threads-sampled");
  return G_SOURCE_REMOVE;
}

/* Hosts that answer together are told of together. */
static void
figures_told_cb (TroupeThreadGroup *group, gpointer user_data)
{
  TroupeEngine *self = user_data;

  if (self->told_source == 0)
    self->told_source = g_idle_add_full (G_PRIORITY_LOW, figures_cb, self, NULL);
}

/* ---- What the group says ---- */

static TroupeProgram *
find_program_of (TroupeEngine *self, TroupeThreadGroup *group)
{
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      for (guint k = 0; k < project->programs->len; k++)
        if (troupe_program_get_threads (g_ptr_array_index (project->programs, k)) == group)
          return g_ptr_array_index (project->programs, k);
    }
  return NULL;
}

static void
ready_changed_cb (TroupeThreadGroup *group, gpointer user_data)
{
  TroupeEngine *self = user_data;
  TroupeProgram *program = self->is_restoring ? NULL : find_program_of (self, group);

  if (program != NULL && troupe_thread_group_is_ready (group) && !self->is_quitting)
    reconsider_threads (program);
}

static void
stuck_cb (TroupeThreadGroup *group, gpointer user_data)
{
  TroupeProgram *program = find_program_of (user_data, group);
  TroupeWorker *host = program != NULL ? find_host (program) : NULL;

  if (host != NULL)
    troupe_worker_stop (host);
}

static void
kill_wanted_cb (TroupeThreadGroup *group, gpointer user_data)
{
  TroupeProgram *program = find_program_of (user_data, group);
  TroupeWorker *host = program != NULL ? find_host (program) : NULL;

  if (host != NULL)
    troupe_worker_signal (host, SIGKILL, TROUPE_SIGNAL_TREE, NULL);
}

TroupeThreadGroup *
troupe_engine_new_thread_group (TroupeEngine *self)
{
  static const TroupeThreadGroupHandler handler = {
    .ready_changed = ready_changed_cb,
    .stuck = stuck_cb,
    .kill_wanted = kill_wanted_cb,
    .figures_told = figures_told_cb,
  };

  return troupe_thread_group_new (self->reactor, self->clock, &handler, self);
}

/* ---- What a person asks of a worker ---- */

const char *
troupe_engine_get_start_problem (TroupeEngine *self, TroupeWorker *worker)
{
  return troupe_worker_is_host (worker) ? "it comes up with its first thread" : "";
}

gboolean
troupe_engine_start_worker (TroupeEngine *self, TroupeWorker *worker, GError **error)
{
  const char *problem = troupe_engine_get_start_problem (self, worker);

  if (problem[0] != '\0')
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s/%s: %s", troupe_worker_get_project (worker),
                   troupe_worker_get_name (worker), problem);
      return FALSE;
    }
  troupe_worker_start (worker);
  return TRUE;
}

/* Without its host no thread can go on: a host goes after all of them. */
void
troupe_engine_stop_worker (TroupeEngine *self, TroupeWorker *worker)
{
  TroupeProgram *program = troupe_engine_get_program_of (self, worker);

  if (troupe_worker_is_host (worker) && count_threads (program).n_busy > 0)
    troupe_engine_stop_program (self, program);
  else
    troupe_worker_stop (worker);
}

void
troupe_engine_kill_worker (TroupeEngine *self, TroupeWorker *worker)
{
  if (troupe_worker_is_host (worker))
    troupe_engine_stop_program (self, troupe_engine_get_program_of (self, worker));
  troupe_worker_kill (worker);
}

/* New threads in a new host: those that are up, or ALL. */
static void
renew_threads (TroupeEngine *self, TroupeProgram *program, TroupeWorker *host, gboolean all)
{
  g_autoptr (GPtrArray) workers = dup_workers (program);

  if (troupe_worker_is_busy (host))
    troupe_program_set_renewing (program, TRUE);
  for (guint i = 0; i < workers->len && !self->is_quitting; i++)
    {
      TroupeWorker *thread = g_ptr_array_index (workers, i);

      if (!troupe_worker_is_host (thread) && (all || troupe_worker_is_busy (thread)))
        troupe_worker_restart (thread);
    }
  troupe_engine_tend_later (self, program);
}

void
troupe_engine_restart_program (TroupeEngine *self, TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);
  TroupeWorker *host = find_host (program);

  if (host != NULL)
    {
      renew_threads (self, program, host, TRUE);
      return;
    }
  /* Those without a place are on their way out. */
  for (guint i = 0; i < workers->len && !self->is_quitting; i++)
    if (troupe_program_has_place_for (program, troupe_worker_get_name (g_ptr_array_index (workers, i))))
      troupe_worker_restart (g_ptr_array_index (workers, i));
}

gboolean
troupe_engine_restart_worker (TroupeEngine *self, TroupeWorker *worker, GError **error)
{
  TroupeProgram *program = troupe_engine_get_program_of (self, worker);

  if (!troupe_worker_is_host (worker))
    troupe_worker_restart (worker);
  else if (count_threads (program).n_busy > 0)
    renew_threads (self, program, worker, FALSE);
  else
    return troupe_engine_start_worker (self, worker, error);
  return TRUE;
}
