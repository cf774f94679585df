/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl wait: until a worker is where one wants it. */

#include "config.h"

#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/table-text.h"
#include "cli/time-spec.h"
#include "cli/wait-workers.h"
#include "cli/worker-name.h"

static int
report_never (const TroupeWorkerInfo *worker, const char *word)
{
  g_autofree char *name = troupe_worker_name_dup_full (worker->project, worker->name);
  const char *why = worker->exit_summary[0] != '\0' ? worker->exit_summary : worker->state_reason;

  troupe_command_complain ("%s will not become %s: it is %s%s%s", name, word, troupe_state_to_string (worker->state),
                           why[0] != '\0' ? ": " : "", why);
  return TROUPE_EXIT_FAILED;
}

static int
report_timeout (const TroupeWorkerInfo *worker, const char *word, gint64 timeout_usec)
{
  g_autofree char *name = troupe_worker_name_dup_full (worker->project, worker->name);
  g_autofree char *duration = troupe_text_dup_duration (timeout_usec);

  troupe_command_complain ("%s is still %s, not %s, after %s", name, troupe_state_to_string (worker->state), word,
                           duration);
  return TROUPE_EXIT_FAILED;
}

/* A state that a worker may have come to without any engine. */
static gboolean
is_end (const char *word)
{
  static const char *const ends[] = { "ended", "stopped", "exited", "failed", NULL };

  return g_strv_contains (ends, word);
}

static gint64
get_time_left (gint64 deadline_usec)
{
  return deadline_usec < 0 ? -1 : MAX (0, deadline_usec - g_get_monotonic_time ());
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  g_autofree char *word = NULL, *timeout = NULL;
  const GOptionEntry entries[] = {
    { "for", 'f', 0, G_OPTION_ARG_FILENAME, &word,
      "stopped, waiting, starting, running, ready, stopping, backoff, exited, failed; ended (the default): one of "
      "stopped, exited and failed",
      "STATE" },
    { "timeout", 't', 0, G_OPTION_ARG_FILENAME, &timeout, "Give up after this long: 5 (seconds), 500ms, 2m", "TIME" },
    { NULL }
  };
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (GError) error = NULL;
  gint64 timeout_usec = -1, deadline_usec = -1;
  TroupeState state;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 1, 1))
    return TROUPE_EXIT_USAGE;
  if (word == NULL)
    word = g_strdup ("ended");
  if (strcmp (word, "ended") != 0 && !troupe_state_from_string (word, &state))
    return troupe_command_usage_error (command, "“%s” is no state", word);
  if (timeout != NULL && !troupe_duration_spec_parse (timeout, &timeout_usec, &error))
    return troupe_command_usage_error (command, "--timeout: %s", error->message);
  if (timeout_usec >= 0)
    deadline_usec = g_get_monotonic_time () + timeout_usec;
  client = troupe_engine_client_new (TROUPE_ENGINE_START, &error);
  if (client == NULL)
    return troupe_command_report (error);
  for (;;)
    {
      g_autoptr (TroupeRoster) roster = troupe_roster_new (client);
      g_auto (GStrv) paths = troupe_roster_find (roster, argv[1], &error);
      TroupeWorkerInfo *culprit = NULL;
      TroupeWaitResult result = TROUPE_WAIT_ENGINE_GONE;

      if (paths != NULL)
        result = troupe_wait_for_workers (roster, (const char *const *) paths, troupe_verdict_for_state, NULL, word,
                                          get_time_left (deadline_usec), &culprit);
      else if (troupe_command_exit_for_error (error) != TROUPE_EXIT_UNREACHABLE)
        return troupe_command_report (error);
      g_clear_error (&error);
      switch (result)
        {
        case TROUPE_WAIT_DONE:
          return TROUPE_EXIT_DONE;
        case TROUPE_WAIT_NEVER:
          return report_never (culprit, word);
        case TROUPE_WAIT_TIMED_OUT:
          return report_timeout (culprit, word, timeout_usec);
        case TROUPE_WAIT_ENGINE_GONE:
          break;
        }
      /* Killed, and not ended on purpose: the next engine takes the workers over, and we go on. */
      if (!is_end (word) && !troupe_engine_client_keepers_are_left ())
        {
          troupe_command_complain ("The engine went away while we waited for “%s”", argv[1]);
          return TROUPE_EXIT_UNREACHABLE;
        }
      if (!troupe_engine_client_reconnect (client, &error))
        return troupe_command_report (error);
    }
}

const TroupeCommand troupe_command_wait = {
  "wait",
  "NAME",
  "Wait until a worker has ended, or is in some state",
  "A program means all its workers. Running is also reached by one that is ready. Fails when\n"
  "the time is over, or when a worker has ended and will not come there any more.",
  run,
};
