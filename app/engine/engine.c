/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Programs and workers come, act and go. See engine-private.h for who does what. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"
#include "supervisor/run-folder.h"

#include <string.h>

/* A burst of changes is written once. When there is much to write, it is written less often, so
 * that it takes no more than one part in SAVE_SHARE of the time. */
#define SAVE_PAUSE_MSEC 200
#define SAVE_SHARE 50

enum
{
  PROGRAM_ADDED,
  PROGRAM_REMOVED,
  WORKER_ADDED,
  WORKER_REMOVED,
  PROJECTS_CHANGED,
  SAMPLED,
  THREADS_SAMPLED,
  IDLE_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (TroupeEngine, troupe_engine, G_TYPE_OBJECT)

static gboolean
save_cb (gpointer user_data)
{
  TroupeEngine *self = user_data;

  self->save_timeout = 0;
  troupe_engine_save (self);
  return G_SOURCE_REMOVE;
}

void
troupe_engine_save_later (TroupeEngine *self)
{
  guint pause_msec = (guint) MAX (SAVE_PAUSE_MSEC, self->save_cost_usec * SAVE_SHARE / 1000);

  if (self->save_timeout == 0 && !self->is_restoring)
    self->save_timeout = troupe_clock_add_timeout (self->clock, pause_msec, save_cb, self);
}

gboolean
troupe_engine_is_idle (TroupeEngine *self)
{
  return g_hash_table_size (self->busy) == 0 && troupe_trash_is_empty (self->trash);
}

void
troupe_engine_update_idle (TroupeEngine *self)
{
  gboolean is_idle = troupe_engine_is_idle (self);

  if (is_idle == self->was_idle)
    return;
  self->was_idle = is_idle;
  g_signal_emit (self, signals[IDLE_CHANGED], 0);
}

TroupeProject *
troupe_engine_find_project (TroupeEngine *self, const char *name)
{
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      if (strcmp (project->name, name) == 0)
        return project;
    }
  return NULL;
}

TroupeProject *
troupe_engine_add_project (TroupeEngine *self, const char *name, const char *path)
{
  TroupeProject *project = troupe_project_new (name, path);

  g_ptr_array_add (self->projects, project);
  troupe_engine_save_later (self);
  g_signal_emit (self, signals[PROJECTS_CHANGED], 0);
  return project;
}

void
troupe_engine_drop_project (TroupeEngine *self, TroupeProject *project)
{
  g_ptr_array_remove (self->projects, project);
  troupe_engine_save_later (self);
  g_signal_emit (self, signals[PROJECTS_CHANGED], 0);
}

TroupeProgram *
troupe_engine_get_program_of (TroupeEngine *self, TroupeWorker *worker)
{
  return g_hash_table_lookup (self->programs_of, worker);
}

/* What worker.h asks before a start. */
static gboolean
may_start (TroupeWorker *worker, char **reason, gpointer user_data)
{
  return troupe_engine_dependencies_are_met (user_data, worker, reason)
         && troupe_engine_host_is_up (user_data, worker, reason);
}

static guint
count_processes (TroupeWorker *worker, gpointer user_data)
{
  TroupeEngine *self = user_data;
  g_autoptr (GPtrArray) processes = troupe_figures_dup_processes (self->figures, worker);

  return processes->len;
}

static void
received_cb (TroupeWorker *worker, const char *text, gsize length, gpointer user_data)
{
  troupe_links_route (((TroupeEngine *) user_data)->links, worker, text, length);
}

static void
drained_cb (TroupeWorker *worker, gpointer user_data)
{
  troupe_links_drained (((TroupeEngine *) user_data)->links, worker);
}

static TroupeProgram *
find_linked_program (const char *project_name, const char *name, gpointer user_data)
{
  TroupeProject *project = troupe_engine_find_project (user_data, project_name);

  return project != NULL ? troupe_project_find_program (project, name) : NULL;
}

gboolean
troupe_engine_check_not_quitting (TroupeEngine *self, GError **error)
{
  if (!self->is_quitting)
    return TRUE;
  g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "The engine is about to end");
  return FALSE;
}

static void
troupe_engine_finish_quit (TroupeEngine *self)
{
  g_autoptr (GPtrArray) tasks = NULL;

  if (!self->is_quitting || g_hash_table_size (self->busy) > 0)
    return;
  troupe_engine_save (self);
  tasks = g_steal_pointer (&self->quit_tasks);
  self->quit_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static void
worker_state_changed_cb (TroupeWorker *worker, TroupeState from, TroupeState to, TroupeEngine *self)
{
  TroupeProject *project = troupe_engine_find_project (self, troupe_worker_get_project (worker));
  TroupeProgram *program = troupe_engine_get_program_of (self, worker);

  troupe_figures_update (self->figures, worker);
  if (troupe_worker_is_busy (worker))
    g_hash_table_add (self->busy, worker);
  else
    g_hash_table_remove (self->busy, worker);
  troupe_engine_remember_wanted (self, worker);
  troupe_engine_update_idle (self);
  if (project == NULL || program == NULL)
    return;
  if (!troupe_state_is_alive (to) && (troupe_program_is_leaving (program) || project->is_closing
                                      || !troupe_program_has_place_for (program, troupe_worker_get_name (worker))))
    troupe_engine_tidy_later (self);
  troupe_engine_tend_later (self, program);
  if (!self->is_restoring && !self->is_quitting)
    troupe_engine_reconsider (self, project, program);
  troupe_engine_finish_quit (self);
}

TroupeWorker *
troupe_engine_add_worker (TroupeEngine *self, TroupeProject *project, TroupeProgram *program, const char *name,
                          guint instance)
{
  TroupeWorker *worker = troupe_worker_new (&self->context, ++self->last_id, project->name, name, instance,
                                            troupe_program_get_definition (program));

  if (troupe_program_get_group (program) != NULL)
    troupe_worker_set_groups (worker, troupe_program_get_group (program), troupe_program_get_threads (program));
  g_ptr_array_add (troupe_program_get_workers (program), worker);
  g_hash_table_insert (project->workers, g_strdup (name), worker);
  g_hash_table_insert (self->programs_of, worker, program);
  g_signal_connect_object (worker, "state-changed", G_CALLBACK (worker_state_changed_cb), self, 0);
  g_signal_emit (self, signals[WORKER_ADDED], 0, program, worker);
  return worker;
}

void
troupe_engine_drop_worker (TroupeEngine *self, TroupeProject *project, TroupeProgram *program,
                           TroupeWorker *worker)
{
  g_autoptr (TroupeWorker) keep = g_object_ref (worker);

  g_signal_handlers_disconnect_by_data (worker, self);
  g_hash_table_remove (self->busy, worker);
  troupe_links_forget (self->links, worker);
  g_hash_table_remove (self->wanted, worker);
  troupe_figures_remove (self->figures, worker);
  g_hash_table_remove (project->workers, troupe_worker_get_name (worker));
  g_hash_table_remove (self->programs_of, worker);
  g_ptr_array_remove (troupe_program_get_workers (program), worker);
  g_signal_emit (self, signals[WORKER_REMOVED], 0, program, worker);
}

static void
troupe_engine_add_missing_workers (TroupeEngine *self, TroupeProject *project, TroupeProgram *program)
{
  guint instances = MAX (troupe_program_get_definition (program)->instances, 1);

  for (guint i = troupe_program_get_first_instance (program); i <= instances; i++)
    {
      g_autofree char *name = troupe_program_dup_worker_name (program, i);

      if (troupe_program_find_worker (program, name) == NULL)
        troupe_engine_add_worker (self, project, program, name, i);
    }
}

/* The program of ours that has the socket INODE. */
static char *
dup_owner_of_socket (guint64 inode, gpointer user_data)
{
  TroupeEngine *self = user_data;

  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      for (guint j = 0; j < project->programs->len; j++)
        {
          TroupeProgram *program = g_ptr_array_index (project->programs, j);

          if (troupe_worker_group_has_socket (troupe_program_get_group (program), inode))
            return g_strdup_printf ("%s/%s", project->name, troupe_program_get_name (program));
        }
    }
  return NULL;
}

TroupeProgram *
troupe_engine_add_program (TroupeEngine *self, TroupeProject *project, TroupeProgramDefinition *definition)
{
  g_autoptr (TroupeWorkerGroup) group
      = troupe_worker_group_new (self->reactor, self->clock, dup_owner_of_socket, self);
  g_autoptr (TroupeThreadGroup) threads = troupe_engine_new_thread_group (self);
  g_autoptr (TroupeProgram) program
      = troupe_program_new (++self->last_id, project->name, definition, group, threads);

  troupe_thread_group_set_links (threads, (const char *const *) definition->links);
  troupe_project_add_program (project, program);
  g_signal_emit (self, signals[PROGRAM_ADDED], 0, program);
  troupe_engine_add_missing_workers (self, project, program);
  troupe_engine_remember_program (self, program);
  return program;
}

void
troupe_engine_change_program (TroupeEngine *self, TroupeProject *project, TroupeProgram *program,
                              TroupeProgramDefinition *definition)
{
  troupe_program_set_definition (program, definition);
  troupe_thread_group_set_links (troupe_program_get_threads (program), (const char *const *) definition->links);
  troupe_engine_add_missing_workers (self, project, program);
  troupe_engine_tidy_later (self);
  troupe_engine_save_later (self);
}

void
troupe_engine_drop_program (TroupeEngine *self, TroupeProject *project, TroupeProgram *program)
{
  g_autoptr (TroupeProgram) keep = g_object_ref (program);
  GPtrArray *workers = troupe_program_get_workers (program);

  g_hash_table_remove (self->reloads, program);
  while (workers->len > 0)
    troupe_engine_drop_worker (self, project, program, g_ptr_array_index (workers, workers->len - 1));
  troupe_project_remove_program (project, program);
  g_signal_emit (self, signals[PROGRAM_REMOVED], 0, program);
  troupe_engine_save_later (self);
}

/* Workers that PROJECT knows under NAME, added to FOUND. */
static gboolean
find_in_project (TroupeProject *project, const char *name, GPtrArray *found)
{
  TroupeWorker *worker = troupe_project_find_worker (project, name);
  TroupeProgram *program = troupe_project_find_program (project, name);

  if (worker != NULL)
    {
      g_ptr_array_add (found, worker);
      return TRUE;
    }
  if (program == NULL)
    return FALSE;
  for (guint i = 0; i < troupe_program_get_workers (program)->len; i++)
    g_ptr_array_add (found, g_ptr_array_index (troupe_program_get_workers (program), i));
  return TRUE;
}

GPtrArray *
troupe_engine_find (TroupeEngine *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_autoptr (GString) where = g_string_new (NULL);
  const char *slash = strchr (name, '/');
  guint n_projects = 0;

  if (slash != NULL)
    {
      g_autofree char *project_name = g_strndup (name, (gsize) (slash - name));
      TroupeProject *project = troupe_engine_find_project (self, project_name);

      n_projects = project != NULL && find_in_project (project, slash + 1, found);
    }
  else
    for (guint i = 0; i < self->projects->len; i++)
      {
        TroupeProject *project = g_ptr_array_index (self->projects, i);

        if (find_in_project (project, name, found))
          g_string_append_printf (where, "%s%s/%s", n_projects++ > 0 ? ", " : "", project->name, name);
      }

  if (n_projects == 0)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER, "There is no worker or program “%s”", name);
      return NULL;
    }
  if (n_projects > 1)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_AMBIGUOUS_NAME, "“%s” can be any of %s", name, where->str);
      return NULL;
    }
  return g_steal_pointer (&found);
}

void
troupe_engine_foreach_worker (TroupeEngine *self, GFunc func, gpointer user_data)
{
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      for (guint j = 0; j < project->programs->len; j++)
        g_ptr_array_foreach (troupe_program_get_workers (g_ptr_array_index (project->programs, j)), func,
                             user_data);
    }
}

void
troupe_engine_foreach_project (TroupeEngine *self, TroupeProjectFunc func, gpointer user_data)
{
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);

      func (project->name, project->path != NULL ? project->path : "", user_data);
    }
}

void
troupe_engine_quit_async (TroupeEngine *self, GAsyncReadyCallback callback, gpointer user_data)
{
  self->is_quitting = TRUE;
  g_ptr_array_add (self->quit_tasks, g_task_new (self, NULL, callback, user_data));
  for (guint i = 0; i < self->projects->len; i++)
    {
      GPtrArray *programs = ((TroupeProject *) g_ptr_array_index (self->projects, i))->programs;

      for (guint j = 0; j < programs->len; j++)
        troupe_engine_stop_program (self, g_ptr_array_index (programs, j));
    }
  troupe_engine_finish_quit (self);
}

gboolean
troupe_engine_quit_finish (TroupeEngine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
troupe_engine_set_sampling (TroupeEngine *self, gboolean sampling)
{
  troupe_figures_set_active (self->figures, sampling);
}

guint
troupe_engine_get_interval_msec (TroupeEngine *self)
{
  return troupe_figures_get_interval_msec (self->figures);
}

void
troupe_engine_set_interval_msec (TroupeEngine *self, guint interval_msec)
{
  troupe_figures_set_interval_msec (self->figures, interval_msec);
}

gboolean
troupe_engine_get_sample (TroupeEngine *self, TroupeWorker *worker, TroupeTreeSample *sample)
{
  return troupe_figures_get (self->figures, worker, sample);
}

void
troupe_engine_get_engine_sample (TroupeEngine *self, TroupeEngineSample *sample)
{
  troupe_figures_get_engine (self->figures, sample);
}

GPtrArray *
troupe_engine_dup_processes (TroupeEngine *self, TroupeWorker *worker)
{
  return troupe_figures_dup_processes (self->figures, worker);
}

gboolean
troupe_engine_read_memory (TroupeEngine *self, TroupeWorker *worker, guint64 *pss_bytes, guint64 *rss_bytes)
{
  return troupe_figures_read_memory (self->figures, worker, pss_bytes, rss_bytes);
}

static void
sampled_cb (gpointer user_data)
{
  TroupeEngine *self = user_data;

  g_signal_emit (self, signals[SAMPLED], 0);
  troupe_engine_ask_threads (self);
}

static void
trash_emptied_cb (gpointer user_data)
{
  troupe_engine_update_idle (user_data);
}

static void
troupe_engine_dispose (GObject *object)
{
  TroupeEngine *self = TROUPE_ENGINE (object);

  troupe_clock_clear_timeout (self->clock, &self->save_timeout);
  g_clear_handle_id (&self->tidy_source, g_source_remove);
  g_clear_handle_id (&self->tend_source, g_source_remove);
  g_clear_handle_id (&self->told_source, g_source_remove);
  g_hash_table_remove_all (self->untended);
  g_hash_table_remove_all (self->reloads);
  if (self->figures != NULL)
    while (self->projects->len > 0)
      {
        TroupeProject *project = g_ptr_array_index (self->projects, self->projects->len - 1);

        while (project->programs->len > 0)
          {
            TroupeProgram *program = g_ptr_array_index (project->programs, project->programs->len - 1);
            GPtrArray *workers = troupe_program_get_workers (program);

            for (guint i = 0; i < workers->len; i++)
              {
                g_signal_handlers_disconnect_by_data (g_ptr_array_index (workers, i), self);
                troupe_links_forget (self->links, g_ptr_array_index (workers, i));
                troupe_figures_remove (self->figures, g_ptr_array_index (workers, i));
              }
            troupe_project_remove_program (project, program);
          }
        g_ptr_array_remove_index (self->projects, self->projects->len - 1);
      }
  g_clear_pointer (&self->figures, troupe_figures_free);
  g_clear_pointer (&self->trash, troupe_trash_free);
  g_clear_pointer (&self->links, troupe_links_free);
  if (self->pool != NULL)
    troupe_keeper_pool_set_reactor (self->pool, NULL);
  g_clear_pointer (&self->reactor, troupe_reactor_free);
  g_clear_object (&self->pool);
  G_OBJECT_CLASS (troupe_engine_parent_class)->dispose (object);
}

static void
troupe_engine_finalize (GObject *object)
{
  TroupeEngine *self = TROUPE_ENGINE (object);

  g_ptr_array_unref (self->projects);
  g_ptr_array_unref (self->quit_tasks);
  g_hash_table_unref (self->programs_of);
  g_hash_table_unref (self->busy);
  g_hash_table_unref (self->reloads);
  g_hash_table_unref (self->wanted);
  g_hash_table_unref (self->untended);
  g_free (self->state_dir);
  g_free (self->journals_dir);
  G_OBJECT_CLASS (troupe_engine_parent_class)->finalize (object);
}

static void
troupe_engine_class_init (TroupeEngineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_engine_dispose;
  object_class->finalize = troupe_engine_finalize;

  signals[PROGRAM_ADDED] = g_signal_new ("program-added", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, TROUPE_TYPE_PROGRAM);
  signals[PROGRAM_REMOVED] = g_signal_new ("program-removed", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 1, TROUPE_TYPE_PROGRAM);
  signals[WORKER_ADDED]
      = g_signal_new ("worker-added", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                      TROUPE_TYPE_PROGRAM, TROUPE_TYPE_WORKER);
  signals[WORKER_REMOVED]
      = g_signal_new ("worker-removed", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      2, TROUPE_TYPE_PROGRAM, TROUPE_TYPE_WORKER);
  signals[PROJECTS_CHANGED] = g_signal_new ("projects-changed", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL,
                                            NULL, NULL, G_TYPE_NONE, 0);
  signals[SAMPLED]
      = g_signal_new ("sampled", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[THREADS_SAMPLED]
      = g_signal_new ("threads-sampled", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[IDLE_CHANGED] = g_signal_new ("idle-changed", TROUPE_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 0);
}

static void
troupe_engine_init (TroupeEngine *self)
{
  self->projects = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_project_free);
  self->quit_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  self->programs_of = g_hash_table_new (NULL, NULL);
  self->busy = g_hash_table_new (NULL, NULL);
  self->reloads = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) troupe_reload_free);
  self->wanted = g_hash_table_new (NULL, NULL);
  self->untended = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->was_idle = TRUE;
}

TroupeEngine *
troupe_engine_new (const char *state_dir, const char *runtime_dir, const char *keeper_path, TroupeClock *clock)
{
  TroupeEngine *self = g_object_new (TROUPE_TYPE_ENGINE, NULL);
  g_autoptr (GError) error = NULL;

  self->reactor = troupe_reactor_new (NULL, &error);
  if (self->reactor == NULL)
    g_error ("The engine cannot begin: %s", error->message);
  self->links = troupe_links_new (find_linked_program, self);
  self->state_dir = g_strdup (state_dir);
  self->journals_dir = g_build_filename (state_dir, "journals", NULL);
  self->clock = clock;
  self->pool = troupe_keeper_pool_new (keeper_path, runtime_dir);
  troupe_keeper_pool_set_reactor (self->pool, self->reactor);
  self->figures = troupe_figures_new (clock, sampled_cb, self);
  self->trash = troupe_trash_new (self->journals_dir, clock, TROUPE_ENGINE_UNDO_SECONDS, trash_emptied_cb, self);
  self->context = (TroupeWorkerContext){
    .pool = self->pool,
    .reactor = self->reactor,
    .clock = clock,
    .oom_watch = &self->oom_watch,
    .journals_dir = self->journals_dir,
    .may_start = may_start,
    .received = received_cb,
    .drained = drained_cb,
    .count_processes = count_processes,
    .user_data = self,
  };
  g_ptr_array_add (self->projects, troupe_project_new (TROUPE_DEFAULT_PROJECT, NULL));
  return self;
}
