/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Tells what happens: as a line of JSON in the events stream of the output
 * log, in the file `status`, and to the engine when there is one.
 *
 *   {"event":"start","pid":1}
 *   {"event":"failed","stage":"exec","errno":2,"error":"ENOENT"}
 *   {"event":"signal","signal":"SIGHUP","scope":"group"}
 *   {"event":"limit","reason":"timeout"}
 *   {"event":"stopping","step":0,"remaining":3}
 *   {"event":"exit","code":0,"signal":null,"core_dumped":false,"user_usec":1,…}
 *   {"event":"end","reason":"by-itself"} */

#include "keeper/keeper-run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EVENT_MAX 512

#define SIGNAL_NAME_MAX 24

static const char *
signal_name (int signal_number, char buffer[static SIGNAL_NAME_MAX])
{
  const char *name = sigabbrev_np (signal_number);

  if (name != NULL)
    snprintf (buffer, SIGNAL_NAME_MAX, "SIG%s", name);
  else if (signal_number >= SIGRTMIN && signal_number <= SIGRTMAX)
    snprintf (buffer, SIGNAL_NAME_MAX, "SIGRTMIN+%d", signal_number - SIGRTMIN);
  else
    snprintf (buffer, SIGNAL_NAME_MAX, "%d", signal_number);
  return buffer;
}

static const char *
reason_name (TroupeEndReason reason)
{
  switch (reason)
    {
    case TROUPE_END_BY_ITSELF:
      return "by-itself";
    case TROUPE_END_STOPPED:
      return "stopped";
    case TROUPE_END_KILLED:
      return "killed";
    case TROUPE_END_TIMEOUT:
      return "timeout";
    case TROUPE_END_MAX_BUFFER_STDOUT:
      return "max-buffer-stdout";
    case TROUPE_END_MAX_BUFFER_STDERR:
      return "max-buffer-stderr";
    case TROUPE_END_CPU_TIME:
      return "cpu-time";
    case TROUPE_END_WITH_HOST:
      return "with-host";
    case TROUPE_END_NOT_STARTED:
      return "not-started";
    }
  return "unknown";
}

static const char *
stage_name (TroupeLaunchStage stage)
{
  switch (stage)
    {
    case TROUPE_LAUNCH_OK:
      return "ok";
    case TROUPE_LAUNCH_PREPARE:
      return "prepare";
    case TROUPE_LAUNCH_CWD:
      return "cwd";
    case TROUPE_LAUNCH_LIMITS:
      return "limits";
    case TROUPE_LAUNCH_EXEC:
      return "exec";
    }
  return "unknown";
}

static const char *
scope_name (unsigned scope)
{
  static const char *const names[] = { "leader", "group", "tree" };

  return scope < 3 ? names[scope] : "unknown";
}

/* The event's own text follows `{"event":`. A journal that cannot be written to counts what
 * it lost by itself; the run goes on. */
__attribute__ ((format (printf, 2, 3))) static void
append_event (KeeperRun *run, const char *format, ...)
{
  char text[EVENT_MAX];
  va_list arguments;
  int length;

  if (run->journal == NULL)
    return;
  va_start (arguments, format);
  length = vsnprintf (text, sizeof text, format, arguments);
  va_end (arguments);
  if (length > 0 && (size_t) length < sizeof text)
    troupe_journal_writer_append (run->journal, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, keeper_wall (),
                                  text, (size_t) length);
}

void
keeper_record_status (KeeperRun *run)
{
  run->status.stdout_bytes = run->streams[0].kept_bytes;
  run->status.stderr_bytes = run->streams[1].kept_bytes;
  if (run->journal != NULL)
    run->status.lost_bytes = troupe_journal_writer_get_lost_bytes (run->journal);
  if (run->status_fd >= 0)
    troupe_run_status_write (run->status_fd, &run->status);
}

void
keeper_record_start (KeeperRun *run)
{
  /* First, so that whoever hears of the run finds a journal. */
  append_event (run, "{\"event\":\"start\",\"pid\":%d}\n", (int) run->status.pid);
  keeper_record_status (run);
  keeper_control_send_status (run);
}

void
keeper_record_failure (KeeperRun *run)
{
  const char *name = strerrorname_np (run->status.launch_errno);

  append_event (run, "{\"event\":\"failed\",\"stage\":\"%s\",\"errno\":%d,\"error\":\"%s\"}\n",
                stage_name (run->status.launch_stage), run->status.launch_errno, name != NULL ? name : "");
  keeper_record_status (run);
}

/* Returns the length of the line. */
static size_t
format_exit (const TroupeRunStatus *status, char text[static EVENT_MAX])
{
  char code[16] = "null", name[SIGNAL_NAME_MAX], quoted[SIGNAL_NAME_MAX + 2] = "null";

  if (status->exit_code >= 0)
    snprintf (code, sizeof code, "%d", status->exit_code);
  if (status->exit_signal != 0)
    snprintf (quoted, sizeof quoted, "\"%s\"", signal_name (status->exit_signal, name));
  return (size_t) snprintf (text, EVENT_MAX,
                            "{\"event\":\"exit\",\"code\":%s,\"signal\":%s,\"core_dumped\":%s,\"user_usec\":%" PRIu64
                            ",\"system_usec\":%" PRIu64 ",\"max_rss_bytes\":%" PRIu64 ",\"duration_usec\":%" PRIu64
                            ",\"reason\":\"%s\"}\n",
                            code, quoted, status->core_dumped ? "true" : "false", status->user_usec,
                            status->system_usec, status->max_rss_bytes, status->duration_usec,
                            reason_name (status->end_reason));
}

void
keeper_record_exit (KeeperRun *run)
{
  char text[EVENT_MAX];

  append_event (run, "%.*s", (int) format_exit (&run->status, text), text);
  keeper_record_status (run);
  keeper_control_send_status (run);
}

void
keeper_record_end (KeeperRun *run)
{
  const char *reason = reason_name (run->status.end_reason);
  char text[EVENT_MAX + 64];
  TroupeJournalPiece pieces[2];
  size_t n = 0, length = 0;

  if (run->exit_is_untold)
    {
      length = format_exit (&run->status, text);
      pieces[n++] = (TroupeJournalPiece){ TROUPE_RECORD_EVENT, run->status.exit_usec, length };
    }
  pieces[n] = (TroupeJournalPiece){ TROUPE_RECORD_EVENT, run->status.end_usec,
                                    (size_t) snprintf (text + length, sizeof text - length,
                                                       "{\"event\":\"end\",\"reason\":\"%s\"}\n", reason) };
  troupe_journal_writer_append_pieces (run->journal, TROUPE_STREAM_EVENTS, text, pieces, n + 1);
}

void
keeper_record_signal (KeeperRun *run, int signal_number, unsigned scope)
{
  char name[SIGNAL_NAME_MAX];

  append_event (run, "{\"event\":\"signal\",\"signal\":\"%s\",\"scope\":\"%s\"}\n",
                signal_name (signal_number, name), scope_name (scope));
}

void
keeper_record_stopping (KeeperRun *run, unsigned step, unsigned remaining)
{
  const TroupeKeeperStopping message = { step, remaining };

  append_event (run, "{\"event\":\"stopping\",\"step\":%u,\"remaining\":%u}\n", step, remaining);
  keeper_control_send (run, TROUPE_KEEPER_STOPPING, 0, &message, sizeof message, -1);
}

void
keeper_record_limit (KeeperRun *run, TroupeEndReason reason)
{
  append_event (run, "{\"event\":\"limit\",\"reason\":\"%s\"}\n", reason_name (reason));
}
