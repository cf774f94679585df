/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* From the summary of a run to an exit code and a sentence. */

#include "config.h"

#include "cli/exit-status.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/words.h"
#include "cli/table-text.h"

#define CODE_NOT_EXECUTABLE 126
#define CODE_NOT_FOUND 127
#define CODE_SIGNAL 128

/* exec() says ENOENT for a script whose interpreter is missing, too. */
static gboolean
exists (const char *program)
{
  return strchr (program, '/') != NULL && access (program, F_OK) == 0;
}

int
troupe_exit_status_get_code (const TroupeRunStatus *status, const char *program)
{
  if (status->phase == TROUPE_RUN_FAILED)
    {
      if (status->launch_stage == TROUPE_LAUNCH_EXEC)
        return (status->launch_errno == ENOENT || status->launch_errno == ENOTDIR) && !exists (program)
                   ? CODE_NOT_FOUND
                   : CODE_NOT_EXECUTABLE;
      /* A folder it cannot enter, a limit it cannot set: the command exists, but cannot be run so. */
      return status->launch_stage == TROUPE_LAUNCH_PREPARE ? 1 : CODE_NOT_EXECUTABLE;
    }
  if (status->exit_signal > 0)
    return CODE_SIGNAL + status->exit_signal;
  return status->exit_code >= 0 ? status->exit_code & 0xff : 1;
}

static char *
dup_launch_note (const TroupeRunStatus *status, const char *program, const char *folder)
{
  const char *why = g_strerror (status->launch_errno);

  switch (status->launch_stage)
    {
    case TROUPE_LAUNCH_EXEC:
      if (status->launch_errno == ENOENT && exists (program))
        return g_strdup_printf ("%s: its interpreter was not found; look at its first line", program);
      if (status->launch_errno == ENOENT)
        return g_strdup_printf ("%s: command not found", program);
      return g_strdup_printf ("%s: cannot be executed: %s", program, why);
    case TROUPE_LAUNCH_CWD:
      return g_strdup_printf ("Could not enter the folder “%s”: %s", folder != NULL ? folder : "", why);
    case TROUPE_LAUNCH_LIMITS:
      return g_strdup_printf ("Could not set the limits for %s: %s", program, why);
    case TROUPE_LAUNCH_PREPARE:
    case TROUPE_LAUNCH_OK:
      return g_strdup_printf ("Could not prepare the launch of %s: %s", program, why);
    }
  return NULL;
}

/* As a shell tells it: not what a person meant to do, nor a reader of its output that went away. */
static char *
dup_signal_note (const TroupeRunStatus *status, const char *program)
{
  g_autofree char *name = NULL;

  if (status->exit_signal <= 0 || status->exit_signal == SIGINT || status->exit_signal == SIGPIPE)
    return NULL;
  name = troupe_signal_dup_name (status->exit_signal);
  return g_strdup_printf ("%s: ended by %s (%s)%s", program, name != NULL ? name : "a signal",
                          g_strsignal (status->exit_signal), status->core_dumped ? ", core dumped" : "");
}

char *
troupe_exit_status_dup_note (const TroupeRunStatus *status, const char *program, const char *folder)
{
  if (status->phase == TROUPE_RUN_FAILED)
    return dup_launch_note (status, program, folder);
  switch (status->end_reason)
    {
    case TROUPE_END_TIMEOUT:
      return g_strdup_printf ("%s: killed, because its timeout was over", program);
    case TROUPE_END_MAX_BUFFER_STDOUT:
      return g_strdup_printf ("%s: killed, because it wrote more than max-buffer to standard output", program);
    case TROUPE_END_MAX_BUFFER_STDERR:
      return g_strdup_printf ("%s: killed, because it wrote more than max-buffer to standard error", program);
    case TROUPE_END_CPU_TIME:
      return g_strdup_printf ("%s: ended, because it used up its CPU time", program);
    case TROUPE_END_WITH_HOST:
      return g_strdup_printf ("%s: ended, because its host process did", program);
    case TROUPE_END_NOT_STARTED:
      return g_strdup_printf ("%s: could not be started as a thread", program);
    case TROUPE_END_BY_ITSELF:
      return dup_signal_note (status, program);
    case TROUPE_END_STOPPED:
    case TROUPE_END_KILLED:
      break;
    }
  return NULL;
}

char *
troupe_exit_status_dup_summary (const TroupeRunStatus *status, const char *program)
{
  gboolean by_itself = status->phase != TROUPE_RUN_FAILED && status->end_reason == TROUPE_END_BY_ITSELF;
  g_autofree char *note = by_itself ? NULL : troupe_exit_status_dup_note (status, program, NULL);
  g_autofree char *duration = troupe_text_dup_duration ((gint64) status->duration_usec);
  g_autofree char *name = NULL;

  if (note != NULL)
    return g_steal_pointer (&note);
  if (status->exit_signal > 0)
    {
      name = troupe_signal_dup_name (status->exit_signal);
      return g_strdup_printf ("%s by %s after %s", status->end_reason == TROUPE_END_STOPPED ? "stopped" : "killed",
                              name != NULL ? name : "a signal", duration);
    }
  if (status->exit_code >= 0)
    return g_strdup_printf ("exited with code %d after %s", status->exit_code, duration);
  return g_strdup ("ended, and nobody saw how");
}
