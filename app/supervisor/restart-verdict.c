/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Policy times end of the run makes what comes next. */

#include "config.h"

#include "supervisor/restart-verdict.h"

#include <errno.h>
#include <signal.h>

/* Signals by which a person ends a program; dying of one that was sent on purpose is no failure. */
static gboolean
is_ending_signal (int signal_number)
{
  return signal_number == SIGTERM || signal_number == SIGINT || signal_number == SIGHUP
         || signal_number == SIGQUIT || signal_number == SIGKILL;
}

static gboolean
is_listed (const TroupeRunStatus *status, const char *const *success)
{
  for (gsize i = 0; success != NULL && success[i] != NULL; i++)
    {
      guint64 code;

      if (g_ascii_string_to_unsigned (success[i], 10, 0, 255, &code, NULL))
        {
          if (status->exit_signal == 0 && status->exit_code == (int) code)
            return TRUE;
        }
      else if (status->exit_signal != 0 && status->exit_signal == troupe_signal_from_string (success[i]))
        return TRUE;
    }
  return FALSE;
}

gboolean
troupe_run_end_is_success (const TroupeRunEnd *end, const char *const *success)
{
  const TroupeRunStatus *status = &end->status;

  if (end->lost || status->phase == TROUPE_RUN_FAILED)
    return FALSE;
  switch (status->end_reason)
    {
    case TROUPE_END_TIMEOUT:
    case TROUPE_END_MAX_BUFFER_STDOUT:
    case TROUPE_END_MAX_BUFFER_STDERR:
    case TROUPE_END_CPU_TIME:
    case TROUPE_END_WITH_HOST:
    case TROUPE_END_NOT_STARTED:
      return FALSE;
    case TROUPE_END_BY_ITSELF:
    case TROUPE_END_STOPPED:
    case TROUPE_END_KILLED:
      break;
    }
  if (status->exit_signal == 0 && status->exit_code == 0)
    return TRUE;
  if (status->exit_signal != 0 && status->exit_signal == end->asked_signal
      && is_ending_signal (end->asked_signal))
    return TRUE;
  return is_listed (status, success);
}

gboolean
troupe_run_end_is_hopeless (const TroupeRunEnd *end)
{
  if (end->lost || end->status.phase != TROUPE_RUN_FAILED)
    return FALSE;
  switch (end->status.launch_stage)
    {
    case TROUPE_LAUNCH_OK:
    case TROUPE_LAUNCH_PREPARE:
      return FALSE;
    case TROUPE_LAUNCH_CWD:
    case TROUPE_LAUNCH_LIMITS:
    case TROUPE_LAUNCH_EXEC:
      break;
    }
  switch (end->status.launch_errno)
    {
    case EAGAIN: /* these pass by themselves */
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETXTBSY:
    case EINTR:
      return FALSE;
    default:
      return TRUE;
    }
}

TroupeVerdict
troupe_restart_verdict (TroupeRestart policy, const TroupeRunEnd *end, const char *const *success)
{
  gboolean is_success = troupe_run_end_is_success (end, success);

  if (end->stop_asked)
    return TROUPE_VERDICT_STOPPED;
  if (troupe_run_end_is_hopeless (end))
    return TROUPE_VERDICT_FAILED;
  switch (policy)
    {
    case TROUPE_RESTART_NO:
      break;
    case TROUPE_RESTART_ON_FAILURE:
      if (!is_success)
        return TROUPE_VERDICT_RESTART;
      break;
    case TROUPE_RESTART_ALWAYS:
      return TROUPE_VERDICT_RESTART;
    }
  return is_success ? TROUPE_VERDICT_EXITED : TROUPE_VERDICT_FAILED;
}

TroupeVerdict
troupe_restart_verdict_of_host (TroupeRestart policy, const TroupeRunEnd *end)
{
  if (end->stop_asked)
    return TROUPE_VERDICT_STOPPED;
  return policy == TROUPE_RESTART_NO || troupe_run_end_is_hopeless (end) ? TROUPE_VERDICT_FAILED
                                                                        : TROUPE_VERDICT_RESTART;
}
