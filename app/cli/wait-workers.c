/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Runs the main loop until a verdict holds for all. */

#include "config.h"

#include "cli/wait-workers.h"

#include <string.h>

#include "cli/progress.h"

typedef struct
{
  TroupeRoster *roster;
  const char *const *paths;
  TroupeVerdictFunc verdict;
  gpointer user_data;
  GMainLoop *loop;
  TroupeProgress *progress;
  TroupeWaitResult result;
  TroupeWorkerInfo *culprit;
  gboolean over;
} Wait;

static void
look (Wait *wait)
{
  guint n_waiting = 0;

  if (wait->over)
    return;
  wait->culprit = NULL;
  for (gsize i = 0; wait->paths[i] != NULL; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_get_worker (wait->roster, wait->paths[i]);
      TroupeVerdict verdict = worker != NULL ? wait->verdict (worker, wait->user_data) : TROUPE_VERDICT_DONE;

      if (verdict == TROUPE_VERDICT_NEVER)
        {
          wait->culprit = worker;
          wait->result = TROUPE_WAIT_NEVER;
          wait->over = TRUE;
          break;
        }
      if (verdict == TROUPE_VERDICT_WAIT && n_waiting++ == 0)
        wait->culprit = worker;
    }
  if (!wait->over && n_waiting == 0)
    {
      wait->result = TROUPE_WAIT_DONE;
      wait->over = TRUE;
    }
  if (wait->over)
    g_main_loop_quit (wait->loop);
  else
    {
      g_autofree char *text = troupe_progress_dup_text (wait->culprit, n_waiting - 1);

      troupe_progress_show (wait->progress, text);
    }
}

static void
changed_cb (TroupeWorkerInfo *worker, gpointer user_data)
{
  look (user_data);
}

static void
vanished_cb (gpointer user_data)
{
  Wait *wait = user_data;

  wait->result = TROUPE_WAIT_ENGINE_GONE;
  wait->over = TRUE;
  g_main_loop_quit (wait->loop);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Wait *wait = user_data;

  wait->result = TROUPE_WAIT_TIMED_OUT;
  wait->over = TRUE;
  g_main_loop_quit (wait->loop);
  return G_SOURCE_CONTINUE;
}

TroupeWaitResult
troupe_wait_for_workers (TroupeRoster *roster, const char *const *paths, TroupeVerdictFunc verdict,
                         void (*begin) (gpointer user_data), gpointer user_data, gint64 timeout_usec,
                         TroupeWorkerInfo **culprit)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (TroupeProgress) progress = troupe_progress_new ();
  Wait wait = { roster, paths, verdict, user_data, loop, progress, TROUPE_WAIT_DONE, NULL, FALSE };
  guint timeout = 0;

  troupe_roster_follow (roster, changed_cb, vanished_cb, &wait);
  if (begin != NULL)
    begin (user_data);
  for (gsize i = 0; paths[i] != NULL; i++)
    troupe_roster_load_worker (roster, paths[i], NULL);
  look (&wait);
  if (timeout_usec >= 0)
    timeout = g_timeout_add ((guint) MIN (timeout_usec / 1000, G_MAXUINT), timeout_cb, &wait);
  if (!wait.over)
    g_main_loop_run (loop);
  if (timeout != 0)
    g_source_remove (timeout);
  troupe_roster_unfollow (roster);
  if (culprit != NULL)
    *culprit = wait.culprit;
  return wait.result;
}

/* How far up a worker is: ready is more than running, running more than starting. */
static int
get_height (TroupeState state)
{
  switch (state)
    {
    case TROUPE_STATE_STARTING:
      return 1;
    case TROUPE_STATE_RUNNING:
      return 2;
    case TROUPE_STATE_READY:
      return 3;
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_STOPPING:
    case TROUPE_STATE_BACKOFF:
    case TROUPE_STATE_EXITED:
    case TROUPE_STATE_FAILED:
      return 0;
    }
  g_return_val_if_reached (0);
}

TroupeVerdict
troupe_verdict_for_state (const TroupeWorkerInfo *worker, gpointer word)
{
  TroupeState wanted;
  gboolean over = troupe_worker_info_is_over (worker);

  if (strcmp (word, "ended") == 0)
    return over ? TROUPE_VERDICT_DONE : TROUPE_VERDICT_WAIT;
  if (!troupe_state_from_string (word, &wanted))
    g_return_val_if_reached (TROUPE_VERDICT_NEVER);
  if (worker->state == wanted)
    return TROUPE_VERDICT_DONE;
  if (get_height (wanted) > 0 && get_height (worker->state) > get_height (wanted))
    return TROUPE_VERDICT_DONE;
  /* What has given up or done its work goes nowhere by itself; what is stopped may still be
   * started by whoever waits for it. */
  if (worker->state == TROUPE_STATE_FAILED || worker->state == TROUPE_STATE_EXITED)
    return TROUPE_VERDICT_NEVER;
  return TROUPE_VERDICT_WAIT;
}
