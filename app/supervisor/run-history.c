/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reads how past runs went from their folders. */

#include "config.h"

#include "supervisor/run-history.h"

#include "supervisor/exit-words.h"
#include "supervisor/run-folder.h"
#include "supervisor/run.h"
#include "supervisor/worker-launch.h"

void
troupe_past_run_free (TroupePastRun *self)
{
  g_free (self->exit_signal);
  g_free (self->summary);
  g_free (self->journal);
  g_free (self);
}

static TroupePastRun *
new_current (TroupeWorker *worker)
{
  TroupePastRun *past = g_new0 (TroupePastRun, 1);

  past->run = troupe_worker_get_run (worker);
  past->started_usec = troupe_worker_get_started_usec (worker);
  past->ended_usec = troupe_worker_get_ended_usec (worker);
  past->exit_code = troupe_worker_get_exit_code (worker);
  past->exit_signal = g_strdup (troupe_worker_get_exit_signal (worker));
  past->summary = g_strdup (troupe_worker_get_exit_summary (worker));
  past->journal = g_strdup (troupe_worker_get_journal (worker));
  return past;
}

static TroupePastRun *
new_from_folder (TroupeWorker *worker, guint run)
{
  TroupePastRun *past = g_new0 (TroupePastRun, 1);
  g_autoptr (TroupeProgramDefinition) definition = NULL;
  TroupeRunEnd end = { .status = { .exit_code = -1 } };
  TroupeExitFacts facts = { .end = &end };
  g_autofree char *reason = NULL;
  gboolean was_stopped;

  past->run = run;
  past->journal = troupe_run_folder_dup_path (troupe_worker_get_journals_dir (worker), run);
  end.lost = troupe_run_status_read (past->journal, &end.status) != 0
             || end.status.phase == TROUPE_RUN_STARTING || end.status.phase == TROUPE_RUN_RUNNING;
  was_stopped = end.status.end_reason == TROUPE_END_STOPPED || end.status.end_reason == TROUPE_END_KILLED;
  end.stop_asked = was_stopped;

  definition = troupe_worker_launch_read_definition (past->journal, NULL);
  if (definition != NULL)
    {
      facts.cwd = definition->cwd;
      facts.is_shell = definition->kind == TROUPE_KIND_EXEC;
      facts.stop_signal = definition->stop_signal;
      facts.grace_msec = definition->grace_msec;
      facts.timeout_msec = definition->timeout_msec;
      facts.max_buffer_bytes = definition->max_buffer_bytes;
      facts.cpu_limit_msec = definition->cpu_limit_msec;
      facts.is_host = definition->kind == TROUPE_KIND_THREADS && troupe_worker_is_host (worker);
      facts.is_thread = definition->kind == TROUPE_KIND_THREADS && !facts.is_host;
      facts.program = facts.is_host ? troupe_run_host_get_program (definition) : definition->argv[0];
    }
  if (facts.is_thread)
    facts.reason = reason = troupe_run_folder_dup_reason (past->journal);
  past->started_usec = end.status.start_usec;
  past->ended_usec = end.status.exit_usec;
  past->exit_code = troupe_exit_words_get_code (&end);
  past->exit_signal = end.lost ? NULL : troupe_signal_dup_name (end.status.exit_signal);
  if (past->exit_signal == NULL)
    past->exit_signal = g_strdup ("");
  past->summary = troupe_exit_words_dup (&facts);
  return past;
}

GPtrArray *
troupe_run_history_load (TroupeWorker *worker)
{
  GPtrArray *history = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_past_run_free);
  g_autoptr (GArray) runs = troupe_run_folder_list (troupe_worker_get_journals_dir (worker));

  for (guint i = 0; i < runs->len; i++)
    {
      guint run = g_array_index (runs, guint, i);

      g_ptr_array_add (history, run == troupe_worker_get_run (worker) ? new_current (worker)
                                                                      : new_from_folder (worker, run));
    }
  return history;
}
