/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl reload, scale: what one does to a program while it serves. */

#include "config.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/roster.h"

typedef struct
{
  TroupeEngineClient *client;
  TroupeRoster *roster;
  char *name, *path; /* of the program */
  TroupeBusProgram1 *program; /* with its properties, kept up to date */
  gboolean is_cancelled;      /* Ctrl+C came */
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

/* The first Ctrl+C cancels what is under way; what follows is waited for. */
static gboolean
interrupted_cb (gpointer user_data)
{
  Target *target = user_data;

  target->is_cancelled = TRUE;
  return G_SOURCE_CONTINUE;
}

static int
report_lost_engine (Target *target)
{
  troupe_command_complain ("The engine went away; “%s” and what is under way there go on with the next one",
                           target->name);
  return TROUPE_EXIT_UNREACHABLE;
}

static gboolean
has_engine (Target *target)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (target->program));

  return owner != NULL;
}

/* -- reload ---------------------------------------------------------------------------- */

/* Until the program says that its reload is over; a line for each worker's turn. Returns the exit code. */
static int
wait_for_reload (Target *target)
{
  g_autofree char *shown = g_strdup ("");
  gboolean cancel_sent = FALSE;
  const char *progress, *failure;

  while ((progress = troupe_bus_program1_get_reload_progress (target->program))[0] != '\0')
    {
      if (!has_engine (target))
        return report_lost_engine (target);
      if (strcmp (progress, shown) != 0)
        {
          printf ("%s: reload, %s\n", target->name, progress);
          fflush (stdout);
          g_free (shown);
          shown = g_strdup (progress);
        }
      if (target->is_cancelled && !cancel_sent)
        {
          cancel_sent = TRUE;
          /* It may have come to its end by itself. */
          troupe_bus_program1_call_cancel_reload_sync (target->program, NULL, NULL);
          continue;
        }
      g_main_context_iteration (NULL, TRUE);
    }
  failure = troupe_bus_program1_get_reload_failure (target->program);
  if (failure[0] == '\0')
    return TROUPE_EXIT_DONE;
  troupe_command_complain ("The reload of “%s” failed: %s", target->name, failure);
  return TROUPE_EXIT_FAILED;
}

static int
reload (const char *name, gboolean detach, gboolean cancel)
{
  g_auto (Target) target = { 0 };
  g_autoptr (GError) error = NULL;
  guint interrupted;
  int code;

  if (!target_find (&target, name, &error))
    return troupe_command_report (error);
  if (cancel ? !troupe_bus_program1_call_cancel_reload_sync (target.program, NULL, &error)
             : !troupe_bus_program1_call_reload_sync (target.program, NULL, &error))
    return troupe_command_report (error);
  if (detach || cancel)
    return TROUPE_EXIT_DONE;
  interrupted = g_unix_signal_add (SIGINT, interrupted_cb, &target);
  /* What the engine said before it answered. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  code = wait_for_reload (&target);
  g_source_remove (interrupted);
  return code;
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

/* A worker that came or is to go, while its program is scaled. */
typedef struct
{
  char *path, *name;
  gboolean is_told;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_free (change->path);
  g_free (change->name);
  g_free (change);
}

typedef struct
{
  Target *target;
  guint before, wanted; /* workers that it had, and is to have */
  GPtrArray *changes; /* (owned) of (owned) Change */
  GHashTable *known;  /* (owned) set of (owned) paths: of those it had before */
  gboolean is_lost, cancel_sent;
  gboolean will_listen; /* its workers become ready by listening, or are late with it */
} Scaling;

static gboolean
is_settled (Scaling *scaling, const TroupeWorkerInfo *worker)
{
  /* It is to go. */
  if (worker->instance > scaling->wanted)
    return FALSE;
  switch (worker->state)
    {
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_STOPPING:
      return FALSE;
    case TROUPE_STATE_RUNNING:
      return !scaling->will_listen || worker->state_reason[0] != '\0';
    case TROUPE_STATE_FAILED:
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_READY:
    case TROUPE_STATE_BACKOFF:
    case TROUPE_STATE_EXITED:
      return TRUE;
    }
  g_return_val_if_reached (TRUE);
}

static void
tell (Scaling *scaling, const char *worker, const char *what)
{
  printf ("%s: scale, %s %s\n", scaling->target->name, worker, what);
  fflush (stdout);
}

/* Every worker of the program, as far as it is known. */
static void
find_changes (Scaling *scaling)
{
  g_autoptr (GPtrArray) all = troupe_roster_get_workers (scaling->target->roster);

  for (guint i = 0; i < all->len; i++)
    {
      TroupeWorkerInfo *worker = all->pdata[i];
      Change *change;
      guint k;

      if (strcmp (worker->program_path, scaling->target->path) != 0)
        continue;
      for (k = 0; k < scaling->changes->len; k++)
        if (strcmp (((Change *) scaling->changes->pdata[k])->path, worker->path) == 0)
          break;
      if (k < scaling->changes->len)
        continue;
      change = g_new0 (Change, 1);
      change->path = g_strdup (worker->path);
      change->name = g_strdup (worker->name);
      change->is_told = g_hash_table_contains (scaling->known, worker->path);
      g_ptr_array_add (scaling->changes, change);
    }
}

/* Says what is new. TRUE when nothing is to be waited for. */
static gboolean
look (Scaling *scaling)
{
  gboolean is_done = TRUE;

  find_changes (scaling);
  for (guint i = scaling->changes->len; i > 0; i--)
    {
      Change *change = g_ptr_array_index (scaling->changes, i - 1);
      const TroupeWorkerInfo *worker = troupe_roster_get_worker (scaling->target->roster, change->path);

      if (worker == NULL)
        {
          tell (scaling, change->name, "has ended");
          g_ptr_array_remove_index (scaling->changes, i - 1);
        }
      else if (!is_settled (scaling, worker))
        is_done = FALSE;
      else if (!change->is_told)
        {
          g_autofree char *what
              = worker->state_reason[0] != '\0' && worker->state != TROUPE_STATE_READY
                    ? g_strdup_printf ("is %s: %s", troupe_state_to_string (worker->state), worker->state_reason)
                    : g_strdup_printf ("is %s", troupe_state_to_string (worker->state));

          change->is_told = TRUE;
          tell (scaling, change->name, what);
        }
    }
  return is_done;
}

static void
changed_cb (TroupeWorkerInfo *worker, gpointer user_data)
{
}

static void
vanished_cb (gpointer user_data)
{
  ((Scaling *) user_data)->is_lost = TRUE;
}

static int
wait_for_scale (Scaling *scaling)
{
  Target *target = scaling->target;

  while (!look (scaling) && !scaling->is_lost)
    {
      if (target->is_cancelled && !scaling->cancel_sent)
        {
          g_autoptr (GError) error = NULL;

          scaling->cancel_sent = TRUE;
          scaling->wanted = scaling->before;
          if (!troupe_bus_program1_call_scale_sync (target->program, scaling->before, NULL, &error))
            return troupe_command_report (error);
          continue;
        }
      g_main_context_iteration (NULL, TRUE);
    }
  if (scaling->is_lost)
    return report_lost_engine (target);
  if (!scaling->cancel_sent)
    return TROUPE_EXIT_DONE;
  troupe_command_complain ("Cancelled: “%s” has %u workers, as before", target->name, scaling->before);
  return TROUPE_EXIT_FAILED;
}

/* A cluster's default, unless its definition says otherwise; nothing comes up while it is down. */
static gboolean
will_listen (Target *target)
{
  GVariant *definition = troupe_bus_program1_get_definition (target->program);
  g_autoptr (GVariant) ready = g_variant_lookup_value (definition, "ready", NULL);

  return strcmp (troupe_bus_program1_get_kind (target->program), "cluster") == 0 && ready == NULL;
}

static int
scale_and_wait (Target *target, guint instances)
{
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (change_free);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Scaling scaling = {
    .target = target,
    .before = troupe_bus_program1_get_instances (target->program),
    .wanted = instances,
    .changes = changes,
    .known = known,
    .will_listen = will_listen (target),
  };
  guint interrupted = g_unix_signal_add (SIGINT, interrupted_cb, target);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = NULL;
  int code;

  troupe_roster_follow (target->roster, changed_cb, vanished_cb, &scaling);
  troupe_roster_follow_new (target->roster);
  if (troupe_roster_load_all (target->roster, &error))
    {
      all = troupe_roster_get_workers (target->roster);
      for (guint i = 0; i < all->len; i++)
        if (strcmp (((TroupeWorkerInfo *) all->pdata[i])->program_path, target->path) == 0)
          g_hash_table_add (known, g_strdup (((TroupeWorkerInfo *) all->pdata[i])->path));
      find_changes (&scaling);
    }
  if (error == NULL && troupe_bus_program1_call_scale_sync (target->program, instances, NULL, &error)
      && troupe_roster_load_all (target->roster, &error))
    code = wait_for_scale (&scaling);
  else
    code = troupe_command_report (error);
  troupe_roster_unfollow (target->roster);
  g_source_remove (interrupted);
  return code;
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
  if (!target_find (&target, argv[1], &error))
    return troupe_command_report (error);
  if (!detach)
    return scale_and_wait (&target, (guint) instances);
  return troupe_bus_program1_call_scale_sync (target.program, (guint) instances, NULL, &error)
             ? TROUPE_EXIT_DONE
             : troupe_command_report (error);
}

const TroupeCommand troupe_command_reload = {
  "reload", "PROGRAM...", "Replace the runs of a program, one worker after the other",
  "The new run of a cluster's worker takes over once it is ready, and the old one finishes what\n"
  "it serves. Says whose turn it is; Ctrl+C cancels. Exit code 1 when a new run failed or it was\n"
  "cancelled; then those that are not through keep their old ones.",
  run_reload,
};

const TroupeCommand troupe_command_scale = {
  "scale", "PROGRAM N", "Change how many workers a program has",
  "New ones are started when the program is up; those with the highest numbers are stopped. Says\n"
  "when each is up or has ended; Ctrl+C goes back to the number before.",
  run_scale,
};
