/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Waits for the answer in the main loop, where news of workers come in, too. */

#include "config.h"

#include "cli/stopping.h"

#include <string.h>
#include <unistd.h>

#include "base/engine-connection.h"
#include "cli/progress.h"

typedef struct
{
  TroupeRoster *roster;
  const char *project;
  TroupeProgress *progress;
  GMainLoop *loop;
  GVariant *reply;
  GError *error;
} Stopping;

static void
changed_cb (TroupeWorkerInfo *changed, gpointer user_data)
{
  Stopping *stopping = user_data;
  g_autoptr (GPtrArray) workers = troupe_roster_get_workers (stopping->roster);
  TroupeWorkerInfo *first = NULL;
  guint n = 0;

  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorkerInfo *worker = workers->pdata[i];

      if (!troupe_worker_info_is_over (worker) &&
          (stopping->project == NULL || strcmp (worker->project, stopping->project) == 0) && n++ == 0)
        first = worker;
    }
  if (first != NULL)
    {
      g_autofree char *text = troupe_progress_dup_text (first, n - 1);

      troupe_progress_show (stopping->progress, text);
    }
}

/* The call itself fails when the engine goes away. */
static void
vanished_cb (gpointer user_data)
{
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Stopping *stopping = user_data;

  stopping->reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &stopping->error);
  g_main_loop_quit (stopping->loop);
}

gboolean
troupe_stopping_call (TroupeEngineClient *client, TroupeRoster *roster, const char *method, GVariant *arguments,
                      const char *project, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (TroupeProgress) progress = troupe_progress_new ();
  Stopping stopping = { roster, project, progress, loop, NULL, NULL };

  if (isatty (STDERR_FILENO))
    {
      troupe_roster_follow (roster, changed_cb, vanished_cb, &stopping);
      troupe_roster_load_all (roster, NULL);
    }
  g_dbus_connection_call (troupe_engine_client_get_connection (client), troupe_engine_client_get_owner (client),
                          TROUPE_ENGINE_MANAGER_PATH, TROUPE_ENGINE_INTERFACE, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, answered_cb, &stopping);
  g_main_loop_run (loop);
  troupe_roster_unfollow (roster);
  if (stopping.reply == NULL)
    {
      g_propagate_error (error, stopping.error);
      return FALSE;
    }
  g_variant_unref (stopping.reply);
  return TRUE;
}
