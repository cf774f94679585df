/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Makes sentences of wait statuses. */

#include "config.h"

#include "supervisor/exit-words.h"

#include <errno.h>
#include <signal.h>

char *
troupe_exit_words_dup_duration (guint64 usec)
{
  guint64 seconds = usec / G_USEC_PER_SEC;

  if (usec < 1000)
    return g_strdup ("less than 1 ms");
  if (usec < G_USEC_PER_SEC)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " ms", usec / 1000);
  if (seconds < 60)
    /* Integers, so that the decimal point does not depend on the locale. */
    return g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " s", seconds, usec / 100000 % 10);
  if (seconds < 3600)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " min %" G_GUINT64_FORMAT " s", seconds / 60, seconds % 60);
  if (seconds < 86400)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " h %" G_GUINT64_FORMAT " min", seconds / 3600,
                            seconds % 3600 / 60);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " d %" G_GUINT64_FORMAT " h", seconds / 86400,
                          seconds % 86400 / 3600);
}

char *
troupe_exit_words_dup_processes (guint n)
{
  return n == 1 ? g_strdup ("1 process") : g_strdup_printf ("%u processes", n);
}

static char *
dup_size (guint64 bytes)
{
  static const char *const units[] = { "bytes", "KiB", "MiB", "GiB" };
  gsize unit = 0;

  while (bytes >= 1024 && bytes % 1024 == 0 && unit + 1 < G_N_ELEMENTS (units))
    {
      bytes /= 1024;
      unit++;
    }
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %s", bytes, units[unit]);
}

/* “5 s”, “0.5 s”, “250 ms”, “2 min 0 s”: a length somebody chose. */
static char *
dup_setting (guint64 msec)
{
  if (msec < 60000 && msec % 1000 == 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " s", msec / 1000);
  return troupe_exit_words_dup_duration (msec * 1000);
}

static char *
dup_launch_failure (const TroupeExitFacts *facts)
{
  const TroupeRunStatus *status = &facts->end->status;
  const char *program = facts->program != NULL ? facts->program : "";
  const char *cwd = facts->cwd != NULL ? facts->cwd : "";

  switch (status->launch_stage)
    {
    case TROUPE_LAUNCH_OK:
    case TROUPE_LAUNCH_PREPARE:
      break;
    case TROUPE_LAUNCH_CWD:
      if (status->launch_errno == ENOENT)
        return g_strdup_printf ("Could not start: the folder “%s” does not exist", cwd);
      if (status->launch_errno == ENOTDIR)
        return g_strdup_printf ("Could not start: “%s” is not a folder", cwd);
      return g_strdup_printf ("Could not start in the folder “%s”: %s", cwd,
                              g_strerror (status->launch_errno));
    case TROUPE_LAUNCH_LIMITS:
      return g_strdup_printf ("Could not start with the limits asked for: %s",
                              g_strerror (status->launch_errno));
    case TROUPE_LAUNCH_EXEC:
      switch (status->launch_errno)
        {
        case ENOENT:
          return g_strdup_printf ("exit 127: command not found: %s", program);
        case EACCES:
        case EISDIR:
          return g_strdup_printf ("exit 126: not executable: %s", program);
        case ENOEXEC:
          return g_strdup_printf ("exit 126: not a program this machine can run: %s", program);
        default:
          return g_strdup_printf ("Could not start “%s”: %s", program, g_strerror (status->launch_errno));
        }
    }
  return g_strdup_printf ("Could not start: %s", g_strerror (status->launch_errno));
}

static gboolean
is_crash (int signal_number)
{
  switch (signal_number)
    {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGABRT:
    case SIGTRAP:
    case SIGSYS:
      return TRUE;
    default:
      return FALSE;
    }
}

static char *
dup_signal_end (const TroupeExitFacts *facts, const char *duration)
{
  const TroupeRunEnd *end = facts->end;
  int number = end->status.exit_signal;
  g_autofree char *name = troupe_signal_dup_name (number);
  const char *core = end->status.core_dumped ? " (core dumped)" : "";

  if (name == NULL)
    name = g_strdup_printf ("signal %d", number);
  if (number == SIGKILL && end->kill_asked)
    return g_strdup_printf ("Killed as you asked after %s", duration);
  if (number == SIGKILL && end->stop_asked && end->status.end_reason == TROUPE_END_KILLED)
    {
      g_autofree char *grace = dup_setting (facts->grace_msec);
      g_autofree char *polite = troupe_signal_dup_name (facts->stop_signal);

      return g_strdup_printf ("Killed: it was still running %s after %s", grace,
                              polite != NULL ? polite : "the stop signal");
    }
  if (number == end->asked_signal || (end->stop_asked && number == facts->stop_signal))
    return g_strdup_printf ("Ended by the %s you sent after %s%s", name, duration, core);
  if (number == SIGKILL && facts->oom_seen)
    return g_strdup_printf ("Killed by SIGKILL, probably out of memory, after %s", duration);
  return g_strdup_printf (is_crash (number) ? "Crashed with %s after %s%s" : "Killed by %s after %s%s", name, duration,
                          core);
}

char *
troupe_exit_words_dup_host_end (const TroupeRunEnd *host, const char *why, const char *culprit)
{
  const TroupeRunStatus *status = &host->status;
  const char *who = culprit != NULL ? culprit : "";
  g_autofree char *name = NULL;

  if (host->lost)
    return g_strdup ("its host process was lost with its keeper");
  if (why != NULL)
    return g_strdup_printf ("its host process was killed %s", why);
  if (status->phase == TROUPE_RUN_FAILED)
    return g_strdup ("its host process could not be started");
  if (status->exit_signal == 0)
    return status->exit_code >= 0
               ? g_strdup_printf ("its host process ended with code %d%s%s", status->exit_code,
                                culprit != NULL ? ", by " : "", who)
               : g_strdup ("its host process is gone");
  name = troupe_signal_dup_name (status->exit_signal);
  if (name == NULL)
    name = g_strdup_printf ("signal %d", status->exit_signal);
  if (!is_crash (status->exit_signal))
    return g_strdup_printf ("its host process was killed by %s", name);
  return g_strdup_printf ("its host process crashed with %s%s%s", name, culprit != NULL ? " in " : "", who);
}

static char *
dup_code_end (const TroupeExitFacts *facts, const char *duration)
{
  const TroupeRunEnd *end = facts->end;
  int code = end->status.exit_code;

  /* It is asked to when the last thread has gone, of whose end its own says nothing more. */
  if (end->stop_asked && facts->is_host && code == 0)
    return g_strdup_printf ("Ended with its last thread after %s", duration);
  if (end->stop_asked)
    return g_strdup_printf ("Stopped as you asked, with code %d after %s", code, duration);
  if (facts->is_shell && code == 127)
    return g_strdup_printf ("Exited with code 127 after %s: the shell did not find a command", duration);
  if (facts->is_shell && code == 126)
    return g_strdup_printf ("Exited with code 126 after %s: the shell could not execute a command", duration);
  if (code != 0 && facts->listen_problem != NULL)
    return g_strdup_printf ("Exited with code %d after %s: %s", code, duration, facts->listen_problem);
  return g_strdup_printf ("Exited with code %d after %s", code, duration);
}

static char *
dup_thread_end (const TroupeExitFacts *facts, const char *duration)
{
  const TroupeRunEnd *end = facts->end;
  const TroupeRunStatus *status = &end->status;
  const char *colon = facts->reason != NULL ? ": " : "", *reason = facts->reason != NULL ? facts->reason : "";

  if (end->rebooted)
    return g_strdup ("The machine was shut down or restarted while it ran");
  if (status->phase == TROUPE_RUN_FAILED)
    return dup_launch_failure (facts);
  if (end->lost)
    return g_strdup_printf ("Its keeper was killed%s%s", colon, reason);
  switch (status->end_reason)
    {
    case TROUPE_END_TIMEOUT:
      {
        g_autofree char *timeout = dup_setting (facts->timeout_msec);

        return g_strdup_printf ("Stopped: timeout of %s", timeout);
      }
    case TROUPE_END_CPU_TIME:
      {
        g_autofree char *limit = dup_setting (facts->cpu_limit_msec);

        return g_strdup_printf ("Stopped: CPU-time limit of %s", limit);
      }
    case TROUPE_END_WITH_HOST:
      return g_strdup_printf ("Ended after %s%s%s", duration, colon, reason);
    case TROUPE_END_NOT_STARTED:
      return g_strdup_printf ("Could not start%s%s", colon, reason);
    case TROUPE_END_STOPPED:
      return g_strdup_printf ("Stopped as you asked after %s", duration);
    case TROUPE_END_KILLED:
      return g_strdup_printf ("Killed as you asked after %s%s%s", duration, colon, reason);
    case TROUPE_END_MAX_BUFFER_STDOUT:
    case TROUPE_END_MAX_BUFFER_STDERR:
    case TROUPE_END_BY_ITSELF:
      break;
    }
  return g_strdup_printf ("Exited with code %d after %s%s%s", status->exit_code, duration, colon, reason);
}

char *
troupe_exit_words_dup (const TroupeExitFacts *facts)
{
  const TroupeRunEnd *end = facts->end;
  const TroupeRunStatus *status = &end->status;
  g_autofree char *duration = troupe_exit_words_dup_duration (status->duration_usec);

  if (facts->is_thread)
    return dup_thread_end (facts, duration);
  if (end->rebooted)
    return g_strdup ("The machine was shut down or restarted while it ran");
  if (status->phase == TROUPE_RUN_FAILED)
    return dup_launch_failure (facts);
  if (end->lost)
    return g_strdup ("The keeper was killed; its worker died with it");

  switch (status->end_reason)
    {
    case TROUPE_END_TIMEOUT:
      {
        g_autofree char *timeout = dup_setting (facts->timeout_msec);

        return g_strdup_printf ("Stopped: timeout of %s", timeout);
      }
    case TROUPE_END_MAX_BUFFER_STDOUT:
    case TROUPE_END_MAX_BUFFER_STDERR:
      {
        g_autofree char *size = dup_size (facts->max_buffer_bytes);

        return g_strdup_printf ("Stopped: max-buffer of %s passed on %s", size,
                                status->end_reason == TROUPE_END_MAX_BUFFER_STDOUT ? "stdout" : "stderr");
      }
    case TROUPE_END_BY_ITSELF:
    case TROUPE_END_STOPPED:
    case TROUPE_END_KILLED:
    case TROUPE_END_CPU_TIME:
    case TROUPE_END_WITH_HOST:
    case TROUPE_END_NOT_STARTED:
      break;
    }
  if (status->exit_signal != 0)
    return dup_signal_end (facts, duration);
  if (status->exit_code >= 0)
    return dup_code_end (facts, duration);
  return g_strdup ("Ended; how is not known");
}

int
troupe_exit_words_get_code (const TroupeRunEnd *end)
{
  const TroupeRunStatus *status = &end->status;

  if (end->lost)
    return -1;
  if (status->phase != TROUPE_RUN_FAILED)
    return status->exit_signal == 0 ? status->exit_code : -1;
  if (status->launch_stage != TROUPE_LAUNCH_EXEC)
    return -1;
  return status->launch_errno == ENOENT ? 127 : 126;
}
