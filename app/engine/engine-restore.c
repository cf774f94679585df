/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What one engine leaves to the next.
 *
 *   STATE/default.troupe   the ad-hoc launches, as [program NAME] groups
 *   STATE/projects.ini     [project NAME] path=… for each open project, and its programs' scales
 *   STATE/wanted           who is to be up: a line “+project/worker” when it is started, a line
 *                          “-project/worker” when it has ended for good or is to stop; the last line counts
 *   RUN/restarts           how many restarts led to the run, in its own folder (supervisor/restart-count.h)
 *
 * A launch, a start and an end are appended at once, so that an engine killed in the next
 * instant has lost nothing, at a cost that does not grow with what is there; all files are
 * written anew, as a whole, some time later. A keeper that is alive knows its run; should its
 * program be in no file, it is read from the copy in the run's own folder. */

#include "config.h"

#include "engine/engine-private.h"

#include "supervisor/worker-launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define AD_HOC_FILE "default.troupe"
#define PROJECTS_FILE "projects.ini"
#define WANTED_FILE "wanted"
/* What was appended this often is written anew. */
#define APPENDS_MAX 1000

#define PROJECT_GROUP "project "
#define PROGRAM_GROUP "program "
#define SCALE_KEY "scale."

static void
save_file (TroupeEngine *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->state_dir, name, NULL);
  g_autoptr (GError) error = NULL;

  /* Replaced as a whole, but not forced to the disk: after a crash of the machine there is nothing to
   * take over anyway, and the older file will do. */
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_debug ("%s; the next engine will not know the latest launches", error->message);
}

static void
append_to_file (TroupeEngine *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->state_dir, name, NULL);
  gsize length = strlen (text);
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0 || write (fd, text, length) != (gssize) length)
    g_debug ("Could not add to “%s”: %s", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  if (++self->n_appended >= APPENDS_MAX)
    troupe_engine_save_later (self);
}

static char *
dup_full_name (TroupeWorker *worker)
{
  return g_strdup_printf ("%s/%s", troupe_worker_get_project (worker), troupe_worker_get_name (worker));
}

void
troupe_engine_remember_program (TroupeEngine *self, TroupeProgram *program)
{
  g_autoptr (GKeyFile) key_file = NULL;
  g_autofree char *text = NULL, *line = NULL;

  if (self->is_restoring || strcmp (troupe_program_get_project (program), TROUPE_DEFAULT_PROJECT) != 0)
    return;
  key_file = g_key_file_new ();
  troupe_program_definition_to_key_file (troupe_program_get_definition (program), key_file);
  text = g_key_file_to_data (key_file, NULL, NULL);
  line = g_strconcat ("\n", text, NULL);
  append_to_file (self, AD_HOC_FILE, line);
}

void
troupe_engine_remember_wanted (TroupeEngine *self, TroupeWorker *worker)
{
  gboolean is_wanted = troupe_worker_is_wanted (worker);
  g_autofree char *name = NULL, *line = NULL;

  if (is_wanted == g_hash_table_contains (self->wanted, worker))
    return;
  if (is_wanted)
    g_hash_table_add (self->wanted, worker);
  else
    g_hash_table_remove (self->wanted, worker);
  if (self->is_restoring)
    return;
  name = dup_full_name (worker);
  line = g_strdup_printf ("%c%s\n", is_wanted ? '+' : '-', name);
  append_to_file (self, WANTED_FILE, line);
}

static void
add_wanted (gpointer data, gpointer user_data)
{
  TroupeWorker *worker = data;
  g_autofree char *name = dup_full_name (worker);

  if (troupe_worker_is_wanted (worker))
    g_string_append_printf (user_data, "+%s\n", name);
}

/* How far its programs are scaled, besides what the file says: scale.NAME=INSTANCES;WHAT THE FILE SAID */
static void
save_scales (TroupeProject *project, GKeyFile *key_file, const char *group)
{
  for (guint i = 0; i < project->programs->len; i++)
    {
      TroupeProgram *program = g_ptr_array_index (project->programs, i);
      g_autofree char *key = g_strconcat (SCALE_KEY, troupe_program_get_name (program), NULL);
      int numbers[2];
      guint from;

      numbers[0] = (int) troupe_program_get_scale (program, &from);
      numbers[1] = (int) from;
      if (numbers[0] != 0)
        g_key_file_set_integer_list (key_file, group, key, numbers, 2);
    }
}

/* After the file was opened again. */
static void
restore_scales (TroupeEngine *self, TroupeProject *project, GKeyFile *key_file, const char *group)
{
  for (guint i = 0; i < project->programs->len; i++)
    {
      TroupeProgram *program = g_ptr_array_index (project->programs, i);
      g_autofree char *key = g_strconcat (SCALE_KEY, troupe_program_get_name (program), NULL);
      gsize length = 0;
      g_autofree int *numbers = g_key_file_get_integer_list (key_file, group, key, &length, NULL);
      g_autoptr (TroupeProgramDefinition) scaled = NULL;

      if (length != 2 || numbers[0] < 1 || numbers[0] > TROUPE_INSTANCES_MAX
          || (guint) numbers[1] != troupe_program_get_definition (program)->instances)
        continue;
      scaled = troupe_program_definition_new_scaled (troupe_program_get_definition (program), (guint) numbers[0]);
      troupe_program_set_scale (program, (guint) numbers[0], (guint) numbers[1]);
      troupe_engine_change_program (self, project, program, scaled);
    }
}

void
troupe_engine_save (TroupeEngine *self)
{
  g_autoptr (GKeyFile) ad_hoc = g_key_file_new ();
  g_autoptr (GKeyFile) projects = g_key_file_new ();
  g_autoptr (GString) wanted = g_string_new (NULL);
  g_autofree char *ad_hoc_text = NULL, *projects_text = NULL;
  gint64 begin = g_get_monotonic_time ();

  troupe_clock_clear_timeout (self->clock, &self->save_timeout);
  for (guint i = 0; i < self->projects->len; i++)
    {
      TroupeProject *project = g_ptr_array_index (self->projects, i);
      g_autofree char *group = NULL;

      if (project->path != NULL)
        {
          group = g_strconcat (PROJECT_GROUP, project->name, NULL);
          g_key_file_set_string (projects, group, "path", project->path);
          save_scales (project, projects, group);
          continue;
        }
      for (guint j = 0; j < project->programs->len; j++)
        {
          TroupeProgram *program = g_ptr_array_index (project->programs, j);

          if (!troupe_program_is_leaving (program))
            troupe_program_definition_to_key_file (troupe_program_get_definition (program), ad_hoc);
        }
    }
  troupe_engine_foreach_worker (self, add_wanted, wanted);

  ad_hoc_text = g_key_file_to_data (ad_hoc, NULL, NULL);
  projects_text = g_key_file_to_data (projects, NULL, NULL);
  save_file (self, AD_HOC_FILE, ad_hoc_text);
  save_file (self, PROJECTS_FILE, projects_text);
  save_file (self, WANTED_FILE, wanted->str);
  self->n_appended = 0;
  self->save_cost_usec = g_get_monotonic_time () - begin;
}

/* Returns: (transfer full): set of "project/worker". */
static GHashTable *
load_wanted (TroupeEngine *self)
{
  GHashTable *wanted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *path = g_build_filename (self->state_dir, WANTED_FILE, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return wanted;
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      if (lines[i][0] == '+')
        g_hash_table_add (wanted, g_strdup (lines[i] + 1));
      else if (lines[i][0] == '-')
        g_hash_table_remove (wanted, lines[i] + 1);
    }
  return wanted;
}

static GKeyFile *
load_key_file (TroupeEngine *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->state_dir, name, NULL);
  g_autoptr (GError) error = NULL;
  GKeyFile *key_file = g_key_file_new ();

  if (!g_key_file_load_from_file (key_file, path, G_KEY_FILE_NONE, &error)
      && !g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_debug ("“%s” could not be read, going on without: %s", path, error->message);
  return key_file;
}

static void
restore_ad_hoc (TroupeEngine *self)
{
  g_autoptr (GKeyFile) key_file = load_key_file (self, AD_HOC_FILE);
  g_auto (GStrv) groups = g_key_file_get_groups (key_file, NULL);
  TroupeProject *project = g_ptr_array_index (self->projects, 0);

  for (gsize i = 0; groups[i] != NULL && project->programs->len < TROUPE_ENGINE_AD_HOC_MAX; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TroupeProgramDefinition) definition = NULL;

      if (!g_str_has_prefix (groups[i], PROGRAM_GROUP))
        continue;
      definition = troupe_program_definition_new_from_key_file (key_file, groups[i], "/", NULL, &error);
      if (definition != NULL && troupe_project_find_program (project, definition->name) == NULL)
        troupe_engine_add_program (self, project, definition);
      else if (definition == NULL)
        g_debug ("[%s] in %s was forgotten: %s", groups[i], AD_HOC_FILE, error->message);
    }
}

static void
restore_projects (TroupeEngine *self, GKeyFile *key_file)
{
  g_auto (GStrv) groups = g_key_file_get_groups (key_file, NULL);

  for (gsize i = 0; groups[i] != NULL; i++)
    {
      g_autofree char *path = NULL, *name = NULL;
      g_auto (GStrv) notes = NULL;
      g_autoptr (GError) error = NULL;

      if (!g_str_has_prefix (groups[i], PROJECT_GROUP))
        continue;
      path = g_key_file_get_string (key_file, groups[i], "path", NULL);
      if (path != NULL && path[0] == '/' && !troupe_engine_open_project (self, path, FALSE, &name, &notes, &error))
        {
          /* Shown all the same, with nothing in it but the runs that live. */
          g_debug ("The project “%s” could not be opened again: %s", path, error->message);
          if (troupe_engine_find_project (self, groups[i] + strlen (PROJECT_GROUP)) == NULL)
            troupe_engine_add_project (self, groups[i] + strlen (PROJECT_GROUP), path);
        }
      else if (name != NULL)
        restore_scales (self, troupe_engine_find_project (self, name), key_file, groups[i]);
    }
}

/* The worker that KEEPER's run is of; made from what the run's folder says when nobody knows it. */
static TroupeWorker *
find_worker_of_keeper (TroupeEngine *self, TroupeKeeper *keeper)
{
  const char *identity = troupe_keeper_get_identity (keeper);
  g_autofree char *project_name = NULL, *worker_name = NULL;
  g_autoptr (TroupeProgramDefinition) definition = NULL;
  g_autoptr (GError) error = NULL;
  TroupeProject *project;
  TroupeProgram *program;
  TroupeWorker *worker;
  guint run;

  /* Another engine's, with another state folder, may have left its keeper here. */
  if (!g_str_has_prefix (troupe_keeper_get_journal_dir (keeper), self->journals_dir)
      || !troupe_worker_launch_parse_identity (identity, &project_name, &worker_name, &run))
    return NULL;
  project = troupe_engine_find_project (self, project_name);
  worker = project != NULL ? troupe_project_find_worker (project, worker_name) : NULL;
  if (worker != NULL)
    return worker;

  definition = troupe_worker_launch_read_definition (troupe_keeper_get_journal_dir (keeper), &error);
  if (definition == NULL)
    {
      g_debug ("The run %s lives, but what it is cannot be read: %s", identity, error->message);
      return NULL;
    }
  if (project == NULL)
    project = troupe_engine_add_project (self, project_name, "");
  program = troupe_project_find_program (project, definition->name);
  if (program == NULL)
    program = troupe_engine_add_program (self, project, definition);
  worker = troupe_program_find_worker (program, worker_name);
  /* One more than its definition asks for by now: it stays until it ends. */
  if (worker == NULL)
    worker = troupe_engine_add_worker (
        self, project, program, worker_name,
        troupe_program_parse_instance (program, worker_name, troupe_program_get_workers (program)->len + 1));
  return worker;
}

typedef struct
{
  GHashTable *keepers; /* TroupeWorker to (owned) array of TroupeKeeper */
  GHashTable *wanted;  /* set of "project/worker" */
} Restoring;

static void
add_keeper (Restoring *restoring, TroupeWorker *worker, TroupeKeeper *keeper)
{
  GPtrArray *keepers = g_hash_table_lookup (restoring->keepers, worker);

  if (keepers == NULL)
    {
      keepers = g_ptr_array_new ();
      g_hash_table_insert (restoring->keepers, worker, keepers);
    }
  g_ptr_array_add (keepers, keeper);
}

/* What the workers of PROGRAM shared; before any of them takes up its run. */
static void
restore_group (TroupeProgram *program, Restoring *restoring)
{
  GPtrArray *workers = troupe_program_get_workers (program);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  for (guint i = 0; i < workers->len; i++)
    {
      GPtrArray *keepers = g_hash_table_lookup (restoring->keepers, g_ptr_array_index (workers, i));

      if (keepers != NULL)
        g_ptr_array_extend (all, keepers, NULL, NULL);
    }
  troupe_worker_group_restore (troupe_program_get_group (program), all);
}

static void
restore_worker (gpointer data, gpointer user_data)
{
  TroupeWorker *worker = data;
  Restoring *restoring = user_data;
  GPtrArray *keepers = g_hash_table_lookup (restoring->keepers, worker);
  g_autofree char *name = dup_full_name (worker);

  troupe_worker_restore (worker, keepers, g_hash_table_contains (restoring->wanted, name));
}

static void
finish_group (TroupeProgram *program, gpointer user_data)
{
  GPtrArray *workers = troupe_program_get_workers (program);

  troupe_worker_group_finish_restore (troupe_program_get_group (program));
  for (guint i = 0; i < workers->len; i++)
    if (troupe_worker_is_host (g_ptr_array_index (workers, i)))
      troupe_thread_group_finish_restore (troupe_program_get_threads (program),
                                          troupe_worker_get_end (g_ptr_array_index (workers, i)));
}

static void
tend_program (TroupeProgram *program, gpointer user_data)
{
  troupe_engine_tend_later (user_data, program);
}

static void
foreach_program (TroupeEngine *self, GFunc func, gpointer user_data)
{
  for (guint i = 0; i < self->projects->len; i++)
    g_ptr_array_foreach (((TroupeProject *) g_ptr_array_index (self->projects, i))->programs, func, user_data);
}

void
troupe_engine_restore (TroupeEngine *self)
{
  g_autoptr (GKeyFile) key_file = load_key_file (self, PROJECTS_FILE);
  g_autoptr (GHashTable) wanted = load_wanted (self);
  g_autoptr (GHashTable) keepers_by_worker
      = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) keepers = NULL;
  g_autoptr (GError) error = NULL;
  Restoring restoring = { keepers_by_worker, wanted };

  self->is_restoring = TRUE;
  restore_ad_hoc (self);
  restore_projects (self, key_file);
  keepers = troupe_keeper_pool_adopt (self->pool, &error);
  if (keepers == NULL)
    g_debug ("No keeper could be taken over: %s", error->message);
  for (guint i = 0; keepers != NULL && i < keepers->len; i++)
    {
      TroupeKeeper *keeper = g_ptr_array_index (keepers, i);
      TroupeWorker *worker = find_worker_of_keeper (self, keeper);

      if (worker != NULL)
        add_keeper (&restoring, worker, keeper);
    }
  foreach_program (self, (GFunc) restore_group, &restoring);
  troupe_engine_foreach_worker (self, restore_worker, &restoring);
  foreach_program (self, (GFunc) finish_group, NULL);
  self->is_restoring = FALSE;
  foreach_program (self, (GFunc) tend_program, self);

  troupe_engine_save (self);
  troupe_engine_reconsider_all (self);
  troupe_engine_restore_reloads (self);
}
