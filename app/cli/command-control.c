/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl start, stop, restart, remove: what one does to workers by name. */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/program-notes.h"
#include "cli/wait-workers.h"
#include "cli/worker-name.h"
#include "journal/run-status.h"

typedef struct
{
  TroupeEngineClient *client;
  TroupeRoster *roster;
  GPtrArray *paths;    /* (owned), NULL-terminated once complete */
  GPtrArray *programs; /* (owned) (nullable) paths, for remove */
  GHashTable *whole;  /* (owned) set of (owned) paths of programs that were named whole and have a host for threads */
  const char *method; /* of Worker1, and of Program1 for those */
  GHashTable *runs;   /* path -> run before */
  guint n_calls;
  GError *error;
} Control;

static void
control_clear (Control *control)
{
  g_clear_pointer (&control->runs, g_hash_table_unref);
  g_clear_pointer (&control->programs, g_ptr_array_unref);
  g_clear_pointer (&control->whole, g_hash_table_unref);
  g_clear_pointer (&control->paths, g_ptr_array_unref);
  g_clear_pointer (&control->roster, troupe_roster_free);
  g_clear_pointer (&control->client, troupe_engine_client_free);
  g_clear_error (&control->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Control, control_clear)

static gboolean
has_path (GPtrArray *paths, const char *path)
{
  for (guint i = 0; i < paths->len; i++)
    if (g_strcmp0 (paths->pdata[i], path) == 0)
      return TRUE;
  return FALSE;
}

/* A host and its threads are not asked one by one: what each would do depends on the others. */
static void
note_whole_program (Control *control, GStrv found)
{
  TroupeWorkerInfo *first;

  if (g_strv_length (found) < 2)
    return;
  first = troupe_roster_load_worker (control->roster, found[0], NULL);
  if (first != NULL && troupe_worker_info_is_host (first))
    g_hash_table_add (control->whole, g_strdup (first->program_path));
}

/* Reaches the engine and finds every name, before anything is done to any of them. */
static gboolean
prepare (Control *control, char **names, GError **error)
{
  control->client = troupe_engine_client_new (TROUPE_ENGINE_START, error);
  if (control->client == NULL)
    return FALSE;
  control->roster = troupe_roster_new (control->client);
  control->paths = g_ptr_array_new_with_free_func (g_free);
  control->runs = g_hash_table_new (g_str_hash, g_str_equal);
  control->whole = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_auto (GStrv) found = troupe_roster_find (control->roster, names[i], error);

      if (found == NULL)
        return FALSE;
      note_whole_program (control, found);
      for (gsize j = 0; found[j] != NULL; j++)
        if (!has_path (control->paths, found[j]))
          g_ptr_array_add (control->paths, g_strdup (found[j]));
    }
  g_ptr_array_add (control->paths, NULL);
  return TRUE;
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Control *control = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  control->n_calls--;
  if (reply == NULL && control->error == NULL)
    control->error = g_steal_pointer (&error);
}

static void
call (Control *control, const char *path, const char *interface)
{
  control->n_calls++;
  g_dbus_connection_call (troupe_engine_client_get_connection (control->client),
                          troupe_engine_client_get_owner (control->client), path, interface, control->method, NULL,
                          NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, called_cb, control);
}

/* Asks all of them at once, and waits for the answers. */
static void
call_all (gpointer user_data)
{
  Control *control = user_data;
  GHashTableIter iter;
  gpointer program;

  g_hash_table_iter_init (&iter, control->whole);
  while (g_hash_table_iter_next (&iter, &program, NULL))
    call (control, program, TROUPE_PROGRAM_INTERFACE);
  for (guint i = 0; control->paths->pdata[i] != NULL; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_load_worker (control->roster, control->paths->pdata[i], NULL);

      g_hash_table_insert (control->runs, control->paths->pdata[i], GUINT_TO_POINTER (worker != NULL ? worker->run : 0));
      if (worker == NULL || !g_hash_table_contains (control->whole, worker->program_path))
        call (control, control->paths->pdata[i], TROUPE_WORKER_INTERFACE);
    }
  while (control->n_calls > 0)
    g_main_context_iteration (NULL, TRUE);
}

static TroupeVerdict
is_stopped (const TroupeWorkerInfo *worker, gpointer user_data)
{
  Control *control = user_data;

  return control->error != NULL || troupe_worker_info_is_over (worker) ? TROUPE_VERDICT_DONE : TROUPE_VERDICT_WAIT;
}

/* As opposed to one that was started and failed at its work. */
static gboolean
could_not_launch (const TroupeWorkerInfo *worker)
{
  TroupeRunStatus status;

  return worker->journal[0] == '\0' || troupe_run_status_read (worker->journal, &status) != 0 ||
         status.phase == TROUPE_RUN_FAILED;
}

/* A thread whose host is on its way will start in a moment, or fail. */
static gboolean
waits_for_host (Control *control, const TroupeWorkerInfo *worker)
{
  g_autoptr (GPtrArray) all = NULL;

  if (!g_hash_table_contains (control->whole, worker->program_path))
    return FALSE;
  all = troupe_roster_get_workers (control->roster);
  for (guint i = 0; i < all->len; i++)
    {
      const TroupeWorkerInfo *host = all->pdata[i];

      if (troupe_worker_info_is_host (host) && strcmp (host->program_path, worker->program_path) == 0)
        return host->state == TROUPE_STATE_STARTING || host->state == TROUPE_STATE_RUNNING
               || host->state == TROUPE_STATE_STOPPING;
    }
  return FALSE;
}

/* Under way: past its launch, or waiting for another program or for its turn. */
static TroupeVerdict
is_started (const TroupeWorkerInfo *worker, gpointer user_data)
{
  Control *control = user_data;

  if (control->error != NULL)
    return TROUPE_VERDICT_DONE;
  switch (worker->state)
    {
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_STOPPING:
      return TROUPE_VERDICT_WAIT;
    case TROUPE_STATE_FAILED:
      return could_not_launch (worker) ? TROUPE_VERDICT_NEVER : TROUPE_VERDICT_DONE;
    case TROUPE_STATE_WAITING:
      return waits_for_host (control, worker) ? TROUPE_VERDICT_WAIT : TROUPE_VERDICT_DONE;
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
    case TROUPE_STATE_BACKOFF:
    case TROUPE_STATE_EXITED:
      return TROUPE_VERDICT_DONE;
    }
  g_return_val_if_reached (TROUPE_VERDICT_DONE);
}

/* The old run counts no more: a restart has begun when there is another. */
static TroupeVerdict
is_restarted (const TroupeWorkerInfo *worker, gpointer user_data)
{
  Control *control = user_data;
  guint before = GPOINTER_TO_UINT (g_hash_table_lookup (control->runs, worker->path));

  if (control->error == NULL && worker->run == before && worker->state != TROUPE_STATE_FAILED)
    return TROUPE_VERDICT_WAIT;
  return is_started (worker, user_data);
}

static int
wait_and_report (Control *control, TroupeVerdictFunc verdict, void (*begin) (gpointer user_data))
{
  TroupeWorkerInfo *culprit = NULL;

  switch (troupe_wait_for_workers (control->roster, (const char *const *) control->paths->pdata, verdict, begin,
                                   control, -1, &culprit))
    {
    case TROUPE_WAIT_NEVER:
      troupe_command_complain ("%s could not be started: %s", culprit->name,
                               culprit->exit_summary[0] != '\0' ? culprit->exit_summary : culprit->state_reason);
      troupe_program_notes_print_port_remedies (control->client, troupe_roster_get_program_of (control->roster, culprit));
      return TROUPE_EXIT_FAILED;
    case TROUPE_WAIT_ENGINE_GONE:
      troupe_command_complain ("The engine went away before all was done; “troupectl list” shows what is");
      return TROUPE_EXIT_UNREACHABLE;
    case TROUPE_WAIT_DONE:
    case TROUPE_WAIT_TIMED_OUT:
      break;
    }
  return control->error != NULL ? troupe_command_report (control->error) : TROUPE_EXIT_DONE;
}

static int
run_control (const TroupeCommand *command, int argc, char **argv, const char *method, TroupeVerdictFunc verdict)
{
  g_auto (Control) control = { .method = method };
  g_autoptr (GError) error = NULL;

  if (!troupe_command_parse (command, NULL, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 1, -1))
    return TROUPE_EXIT_USAGE;
  if (!prepare (&control, argv + 1, &error))
    return troupe_command_report (error);
  return wait_and_report (&control, verdict, call_all);
}

/* Each program takes the port that is free, and starts. */
static void
use_free_ports (gpointer user_data)
{
  Control *control = user_data;
  g_autoptr (GPtrArray) programs = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; control->paths->pdata[i] != NULL && control->error == NULL; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_load_worker (control->roster, control->paths->pdata[i], NULL);
      g_autoptr (TroupeBusProgram1) program = NULL;
      g_autofree char *address = NULL;

      if (worker == NULL || has_path (programs, worker->program_path))
        continue;
      g_ptr_array_add (programs, g_strdup (worker->program_path));
      program = troupe_engine_client_new_program (control->client, worker->program_path, &control->error);
      if (program != NULL && troupe_bus_program1_call_use_free_port_sync (program, &address, NULL, &control->error))
        printf ("%s\n", address);
    }
}

static void
print_notes (Control *control)
{
  const TroupeProgramInfo *last = NULL;

  for (guint i = 0; control->paths->pdata[i] != NULL; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_get_worker (control->roster, control->paths->pdata[i]);
      const TroupeProgramInfo *program = worker != NULL ? troupe_roster_get_program_of (control->roster, worker) : last;

      if (program != last)
        troupe_program_notes_print (control->client, program);
      last = program;
    }
}

static int
run_start (const TroupeCommand *command, int argc, char **argv)
{
  gboolean free_port = FALSE;
  const GOptionEntry entries[] = {
    { "free-port", 0, 0, G_OPTION_ARG_NONE, &free_port, "Take the next free port for one that is taken, and print it", NULL },
    { NULL }
  };
  g_auto (Control) control = { .method = "Start" };
  g_autoptr (GError) error = NULL;
  int code;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 1, -1))
    return TROUPE_EXIT_USAGE;
  if (!prepare (&control, argv + 1, &error))
    return troupe_command_report (error);
  code = wait_and_report (&control, is_started, free_port ? use_free_ports : call_all);
  if (code == TROUPE_EXIT_DONE)
    print_notes (&control);
  return code;
}

static int
run_stop (const TroupeCommand *command, int argc, char **argv)
{
  return run_control (command, argc, argv, "Stop", is_stopped);
}

static int
run_restart (const TroupeCommand *command, int argc, char **argv)
{
  return run_control (command, argc, argv, "Restart", is_restarted);
}

/* -- remove ---------------------------------------------------------------------------- */

/* The programs of the workers that were named, each once. A worker that is only one of several
 * cannot go alone. Returns: (transfer full) (nullable) */
static GPtrArray *
get_programs (Control *control, GError **error)
{
  g_autoptr (GPtrArray) programs = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) all = NULL;

  if (!troupe_roster_load_all (control->roster, error))
    return NULL;
  all = troupe_roster_get_workers (control->roster);
  for (guint i = 0; control->paths->pdata[i] != NULL; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_get_worker (control->roster, control->paths->pdata[i]);

      if (worker != NULL && !has_path (programs, worker->program_path))
        g_ptr_array_add (programs, g_strdup (worker->program_path));
    }
  for (guint i = 0; i < all->len; i++)
    {
      const TroupeWorkerInfo *worker = all->pdata[i];

      if (!has_path (programs, worker->program_path) || has_path (control->paths, worker->path))
        continue;
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED,
                   "A single worker cannot be removed: “%s” is of the same program; name the program “%s”",
                   worker->name, troupe_roster_get_program_of (control->roster, worker)->name);
      return NULL;
    }
  return g_steal_pointer (&programs);
}

static void
remove_all (gpointer user_data)
{
  Control *control = user_data;

  for (guint i = 0; i < control->programs->len && control->error == NULL; i++)
    {
      g_autoptr (TroupeBusProgram1) program = NULL;
      guint64 token;

      program = troupe_engine_client_new_program (control->client, control->programs->pdata[i], &control->error);
      if (program != NULL)
        troupe_bus_program1_call_remove_sync (program, &token, NULL, &control->error);
    }
}

/* One that is not there any more counts as done. */
static TroupeVerdict
is_removed (const TroupeWorkerInfo *worker, gpointer user_data)
{
  Control *control = user_data;

  return control->error != NULL ? TROUPE_VERDICT_DONE : TROUPE_VERDICT_WAIT;
}

static int
run_remove (const TroupeCommand *command, int argc, char **argv)
{
  g_auto (Control) control = { 0 };
  g_autoptr (GError) error = NULL;

  if (!troupe_command_parse (command, NULL, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 1, -1))
    return TROUPE_EXIT_USAGE;
  if (!prepare (&control, argv + 1, &error) || (control.programs = get_programs (&control, &error)) == NULL)
    return troupe_command_report (error);
  return wait_and_report (&control, is_removed, remove_all);
}

const TroupeCommand troupe_command_start = {
  "start", "NAME...", "Start workers",
  "A program means all its workers. One that runs already is left alone. With --free-port a\n"
  "cluster that could not have its port is changed to use the next one that is free.",
  run_start,
};

const TroupeCommand troupe_command_stop = {
  "stop", "NAME...", "Stop workers, and wait until they have ended",
  "First the stop signal to the worker's group, then, when its grace time is over, SIGKILL to\n"
  "every process of it. On a terminal one sees whom it waits for.",
  run_stop,
};

const TroupeCommand troupe_command_restart = {
  "restart", "NAME...", "Stop workers and start them again", "Returns when the new runs have begun.", run_restart,
};

const TroupeCommand troupe_command_remove = {
  "remove", "NAME...", "Stop programs and take them off the list",
  "Their journals are deleted half a minute later.", run_remove,
};
