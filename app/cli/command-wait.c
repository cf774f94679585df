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
  g_autoptr (TroupeRoster) roster = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) paths = NULL;
  TroupeWorkerInfo *culprit = NULL;
  gint64 timeout_usec = -1;
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
  client = troupe_engine_client_new (TROUPE_ENGINE_START, &error);
  if (client == NULL)
    return troupe_command_report (error);
  roster = troupe_roster_new (client);
  paths = troupe_roster_find (roster, argv[1], &error);
  if (paths == NULL)
    return troupe_command_report (error);
  switch (troupe_wait_for_workers (roster, (const char *const *) paths, troupe_verdict_for_state, NULL, word,
                                   timeout_usec, &culprit))
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
  troupe_command_complain ("The engine went away while we waited for “%s”", argv[1]);
  return TROUPE_EXIT_UNREACHABLE;
}

const TroupeCommand troupe_command_wait = {
  "wait",
  "NAME",
  "Wait until a worker has ended, or is in some state",
  "A program means all its workers. Running is also reached by one that is ready. Fails when\n"
  "the time is over, or when a worker has ended and will not come there any more.",
  run,
};
