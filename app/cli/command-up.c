/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl up, down: open a project and start it; stop it and close it. */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/foreground.h"
#include "cli/program-notes.h"
#include "cli/projects.h"
#include "cli/stopping.h"
#include "cli/terminal-text.h"

static void
print_notes (const char *const *notes)
{
  for (gsize i = 0; notes != NULL && notes[i] != NULL; i++)
    troupe_command_complain ("%s", notes[i]);
}

static char *
dup_project_path (const char *argument, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (argument != NULL ? argument : ".", NULL);

  if (!g_utf8_validate (path, -1, NULL))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT,
                   "The path of the project is not valid UTF-8, and the engine takes nothing else");
      return NULL;
    }
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT,
                   "There is no file or folder “%s”; expected a project file or a folder that holds one", path);
      return NULL;
    }
  return g_steal_pointer (&path);
}

static gboolean
open_project (TroupeEngineClient *client, const char *path, gboolean start, char **name, GStrv *notes, GError **error)
{
  return troupe_bus_engine1_call_open_project_sync (troupe_engine_client_get_manager (client), path, start, name,
                                                    notes, NULL, error);
}

/* (transfer container) */
static GPtrArray *
get_workers_of (TroupeRoster *roster, const char *project)
{
  g_autoptr (GPtrArray) all = troupe_roster_get_workers (roster);
  GPtrArray *workers = g_ptr_array_new ();

  for (guint i = 0; i < all->len; i++)
    if (strcmp (((TroupeWorkerInfo *) all->pdata[i])->project, project) == 0)
      g_ptr_array_add (workers, all->pdata[i]);
  return workers;
}

/* What is to be known of its programs, each once. WORKERS: in their order. */
static void
print_program_notes (TroupeEngineClient *client, TroupeRoster *roster, GPtrArray *workers)
{
  const TroupeProgramInfo *last = NULL;

  for (guint i = 0; i < workers->len; i++)
    {
      const TroupeProgramInfo *program = troupe_roster_get_program_of (roster, workers->pdata[i]);

      if (program != last)
        troupe_program_notes_print (client, program);
      last = program;
    }
}

/* "node" of "node server.js": only for messages. */
static char *
dup_program_word (TroupeRoster *roster, const TroupeWorkerInfo *worker)
{
  const TroupeProgramInfo *program = troupe_roster_get_program_of (roster, worker);
  g_auto (GStrv) argv = NULL;

  if (g_shell_parse_argv (program->command_line, NULL, &argv, NULL))
    return g_strdup (argv[0]);
  return g_strdup (program->name);
}

static guint
get_name_width (GPtrArray *workers)
{
  guint width = 0;

  for (guint i = 0; i < workers->len; i++)
    width = MAX (width, troupe_terminal_get_width (((TroupeWorkerInfo *) workers->pdata[i])->name));
  return width;
}

typedef struct
{
  guint run;
  gboolean was_over;
} Before;

/* Opens without starting first, to know which runs are old; then starts, with the ears open. */
static int
up_in_foreground (TroupeEngineClient *client, const char *path)
{
  g_autoptr (TroupeRoster) roster = troupe_roster_new (client);
  g_autoptr (TroupeForeground) foreground = NULL;
  g_autoptr (GPtrArray) workers = NULL;
  g_autoptr (GHashTable) before = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL, *same_name = NULL;
  g_auto (GStrv) notes = NULL, same_notes = NULL;

  if (!open_project (client, path, FALSE, &name, &notes, &error) || !troupe_roster_load_all (roster, &error))
    return troupe_command_report (error);
  print_notes ((const char *const *) notes);
  workers = get_workers_of (roster, name);
  if (workers->len == 0)
    {
      troupe_command_complain ("The project “%s” lists no programs that can be run", name);
      return TROUPE_EXIT_FAILED;
    }
  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorkerInfo *worker = workers->pdata[i];
      Before *entry = g_new0 (Before, 1);

      entry->run = worker->run;
      entry->was_over = troupe_worker_info_is_over (worker);
      g_hash_table_insert (before, g_strdup (worker->path), entry);
    }
  print_program_notes (client, roster, workers);
  foreground = troupe_foreground_new (client, roster, TROUPE_FOREGROUND_SUMMARIES, get_name_width (workers));
  troupe_foreground_begin (foreground);
  if (!open_project (client, path, TRUE, &same_name, &same_notes, &error) || !troupe_roster_load_all (roster, &error))
    return troupe_command_report (error);
  g_ptr_array_unref (workers);
  workers = get_workers_of (roster, name);
  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorkerInfo *worker = workers->pdata[i];
      const Before *entry = g_hash_table_lookup (before, worker->path);
      g_autofree char *program = dup_program_word (roster, worker);

      if (entry == NULL || entry->was_over)
        troupe_foreground_add (foreground, worker, entry != NULL ? entry->run : 0, program);
      else
        troupe_foreground_join (foreground, worker, program);
    }
  return troupe_foreground_run (foreground) == 0 ? TROUPE_EXIT_DONE : TROUPE_EXIT_FAILED;
}

static int
up_detached (TroupeEngineClient *client, const char *path)
{
  g_autoptr (TroupeRoster) roster = troupe_roster_new (client);
  g_autoptr (GPtrArray) workers = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_auto (GStrv) notes = NULL;

  if (!open_project (client, path, TRUE, &name, &notes, &error) || !troupe_roster_load_all (roster, &error))
    return troupe_command_report (error);
  print_notes ((const char *const *) notes);
  workers = get_workers_of (roster, name);
  print_program_notes (client, roster, workers);
  printf ("%s\n", name);
  return TROUPE_EXIT_DONE;
}

static int
run_up (const TroupeCommand *command, int argc, char **argv)
{
  gboolean detach = FALSE;
  const GOptionEntry entries[] = {
    { "detach", 'd', 0, G_OPTION_ARG_NONE, &detach, "Print the project's name and return", NULL }, { NULL }
  };
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 0, 1))
    return TROUPE_EXIT_USAGE;
  path = dup_project_path (argc > 1 ? argv[1] : NULL, &error);
  if (path == NULL || (client = troupe_engine_client_new (TROUPE_ENGINE_START, &error)) == NULL)
    return troupe_command_report (error);
  return detach ? up_detached (client, path) : up_in_foreground (client, path);
}

const TroupeCommand troupe_command_up = {
  "up",
  "[FILE|FOLDER]",
  "Open a project, start all of it and show its output",
  "FILE is a project file (*.troupe) or a Procfile; FOLDER holds one; the current folder\n"
  "if absent. Returns when all programs have ended: 0 if each ended well, else 1.\n"
  "Ctrl+C stops all of the project; Ctrl+C again kills.",
  run_up,
};

static int
run_down (const TroupeCommand *command, int argc, char **argv)
{
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (TroupeRoster) roster = NULL;
  g_autoptr (GPtrArray) projects = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *cwd = g_get_current_dir ();
  const TroupeProjectInfo *project;

  if (!troupe_command_parse (command, NULL, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 0, 1))
    return TROUPE_EXIT_USAGE;
  if ((client = troupe_engine_client_new (TROUPE_ENGINE_START, &error)) == NULL ||
      (projects = troupe_projects_load (client, &error)) == NULL ||
      (project = troupe_projects_choose (projects, argc > 1 ? argv[1] : NULL, cwd, &error)) == NULL)
    return troupe_command_report (error);
  roster = troupe_roster_new (client);
  if (!troupe_stopping_call (client, roster, "CloseProject", g_variant_new ("(s)", project->name), project->name,
                             &error))
    return troupe_command_report (error);
  return TROUPE_EXIT_DONE;
}

const TroupeCommand troupe_command_down = {
  "down",
  "[PROJECT]",
  "Stop all of a project and close it",
  "PROJECT is the name of an open project, its file or its folder; the one of the current\n"
  "folder if absent. Returns when nothing of it runs any more. Journals stay on disk.",
  run_down,
};
