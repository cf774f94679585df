/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl reload, scale: what one does to a program while it serves. */

#include "config.h"

#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/wait-workers.h"

typedef struct
{
  TroupeEngineClient *client;
  TroupeRoster *roster;
  char *name, *path; /* of the program */
  TroupeBusProgram1 *program; /* with its properties, kept up to date */
} Target;

static void
target_clear (Target *target)
{
  g_clear_object (&target->program);
  g_free (target->name);
  g_free (target->path);
  g_clear_pointer (&target->roster, troupe_roster_free);
  g_clear_pointer (&target->client, troupe_engine_client_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Target, target_clear)

/* Finds the program NAME; of one of several workers it is refused. */
static gboolean
target_find (Target *target, const char *name, GError **error)
{
  g_auto (GStrv) paths = NULL;
  const char *slash = strchr (name, '/');
  TroupeWorkerInfo *worker;

  target->client = troupe_engine_client_new (TROUPE_ENGINE_START, error);
  if (target->client == NULL)
    return FALSE;
  target->roster = troupe_roster_new (target->client);
  paths = troupe_roster_find (target->roster, name, error);
  if (paths == NULL || (worker = troupe_roster_load_worker (target->roster, paths[0], error)) == NULL)
    return FALSE;
  target->name = g_strdup (troupe_roster_get_program_of (target->roster, worker)->name);
  target->path = g_strdup (worker->program_path);
  if (strcmp (slash != NULL ? slash + 1 : name, target->name) != 0)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "“%s” is a worker; expected its program, “%s”", name,
                   target->name);
      return FALSE;
    }
  target->program = troupe_bus_program1_proxy_new_sync (
      troupe_engine_client_get_connection (target->client), G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
      troupe_engine_client_get_owner (target->client), target->path, NULL, error);
  return target->program != NULL;
}

/* -- reload ---------------------------------------------------------------------------- */

/* Until the program says that its reload is over. Returns the exit code. */
static int
wait_for_reload (Target *target)
{
  g_autoptr (TroupeProgress) progress = troupe_progress_new ();
  const char *failure;

  while (troupe_bus_program1_get_reload_progress (target->program)[0] != '\0')
    {
      g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (target->program));
      g_autofree char *text = g_strdup_printf ("%s: reload, %s", target->name,
                                               troupe_bus_program1_get_reload_progress (target->program));

      if (owner == NULL)
        {
          troupe_command_complain ("The engine went away in the middle of the reload of “%s”; its workers go on",
                                   target->name);
          return TROUPE_EXIT_UNREACHABLE;
        }
      troupe_progress_show (progress, text);
      g_main_context_iteration (NULL, TRUE);
    }
  failure = troupe_bus_program1_get_reload_failure (target->program);
  if (failure[0] == '\0')
    return TROUPE_EXIT_DONE;
  g_clear_pointer (&progress, troupe_progress_free);
  troupe_command_complain ("The reload of “%s” failed: %s", target->name, failure);
  return TROUPE_EXIT_FAILED;
}

static int
reload (const char *name, gboolean detach, gboolean cancel)
{
  g_auto (Target) target = { 0 };
  g_autoptr (GError) error = NULL;

  if (!target_find (&target, name, &error))
    return troupe_command_report (error);
  if (cancel ? !troupe_bus_program1_call_cancel_reload_sync (target.program, NULL, &error)
             : !troupe_bus_program1_call_reload_sync (target.program, NULL, &error))
    return troupe_command_report (error);
  if (detach || cancel)
    return TROUPE_EXIT_DONE;
  /* What the engine said before it answered. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return wait_for_reload (&target);
}

static int
run_reload (const TroupeCommand *command, int argc, char **argv)
{
  gboolean detach = FALSE, cancel = FALSE;
  const GOptionEntry entries[] = {
    { "detach", 'd', 0, G_OPTION_ARG_NONE, &detach, "Return when it is under way", NULL },
    { "cancel", 0, 0, G_OPTION_ARG_NONE, &cancel, "End a reload where it is", NULL },
    { NULL }
  };
  int code = TROUPE_EXIT_DONE;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 1, -1))
    return TROUPE_EXIT_USAGE;
  for (int i = 1; i < argc && code == TROUPE_EXIT_DONE; i++)
    code = reload (argv[i], detach, cancel);
  return code;
}

/* -- scale ----------------------------------------------------------------------------- */

static TroupeVerdict
is_settled (const TroupeWorkerInfo *worker, gpointer user_data)
{
  switch (worker->state)
    {
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_STOPPING:
      return TROUPE_VERDICT_WAIT;
    case TROUPE_STATE_FAILED:
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
    case TROUPE_STATE_BACKOFF:
    case TROUPE_STATE_EXITED:
      return TROUPE_VERDICT_DONE;
    }
  g_return_val_if_reached (TROUPE_VERDICT_DONE);
}

/* Until its workers run, and those it has too many are gone. */
static int
wait_for_workers (Target *target)
{
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  if (!troupe_roster_load_all (target->roster, &error))
    return troupe_command_report (error);
  all = troupe_roster_get_workers (target->roster);
  for (guint i = 0; i < all->len; i++)
    if (strcmp (((TroupeWorkerInfo *) all->pdata[i])->program_path, target->path) == 0)
      g_ptr_array_add (paths, g_strdup (((TroupeWorkerInfo *) all->pdata[i])->path));
  g_ptr_array_add (paths, NULL);
  if (troupe_wait_for_workers (target->roster, (const char *const *) paths->pdata, is_settled, NULL, NULL, -1, NULL)
      != TROUPE_WAIT_ENGINE_GONE)
    return TROUPE_EXIT_DONE;
  troupe_command_complain ("The engine went away before all was done; “troupectl list” shows what is");
  return TROUPE_EXIT_UNREACHABLE;
}

static int
run_scale (const TroupeCommand *command, int argc, char **argv)
{
  gboolean detach = FALSE;
  const GOptionEntry entries[] = {
    { "detach", 'd', 0, G_OPTION_ARG_NONE, &detach, "Return when it is under way", NULL }, { NULL }
  };
  g_auto (Target) target = { 0 };
  g_autoptr (GError) error = NULL;
  guint64 instances;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 2, 2))
    return TROUPE_EXIT_USAGE;
  if (!g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXUINT, &instances, NULL))
    return troupe_command_usage_error (command, "“%s” is no number of workers, expected 1 or more", argv[2]);
  if (!target_find (&target, argv[1], &error) ||
      !troupe_bus_program1_call_scale_sync (target.program, (guint) instances, NULL, &error))
    return troupe_command_report (error);
  return detach ? TROUPE_EXIT_DONE : wait_for_workers (&target);
}

const TroupeCommand troupe_command_reload = {
  "reload", "PROGRAM...", "Replace the runs of a program, one worker after the other",
  "The new run of a cluster's worker takes over once it is ready, and the old one finishes what\n"
  "it serves. Exit code 1 when a new run failed; then the old ones go on.",
  run_reload,
};

const TroupeCommand troupe_command_scale = {
  "scale", "PROGRAM N", "Change how many workers a program has",
  "New ones are started when the program is up; those with the highest numbers are stopped.", run_scale,
};
