/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The little of the protocol that is code: the status between its two forms. */

#include "keeper/keeper-protocol.h"

#include <string.h>

void
troupe_keeper_status_to_wire (const TroupeRunStatus *status, TroupeKeeperWireStatus *wire)
{
  memset (wire, 0, sizeof *wire);
  wire->phase = (int32_t) status->phase;
  wire->end_reason = (int32_t) status->end_reason;
  wire->keeper_pid = status->keeper_pid;
  wire->pid = status->pid;
  wire->exit_code = status->exit_code;
  wire->exit_signal = status->exit_signal;
  wire->core_dumped = status->core_dumped;
  wire->launch_stage = (int32_t) status->launch_stage;
  wire->launch_errno = status->launch_errno;
  wire->stdout_pipe_bytes = status->stdout_pipe_bytes;
  wire->stderr_pipe_bytes = status->stderr_pipe_bytes;
  wire->start_usec = status->start_usec;
  wire->exit_usec = status->exit_usec;
  wire->end_usec = status->end_usec;
  wire->duration_usec = status->duration_usec;
  wire->user_usec = status->user_usec;
  wire->system_usec = status->system_usec;
  wire->max_rss_bytes = status->max_rss_bytes;
  wire->stdout_bytes = status->stdout_bytes;
  wire->stderr_bytes = status->stderr_bytes;
  wire->lost_bytes = status->lost_bytes;
}

void
troupe_keeper_status_from_wire (const TroupeKeeperWireStatus *wire, TroupeRunStatus *status)
{
  memset (status, 0, sizeof *status);
  status->phase = (TroupeRunPhase) wire->phase;
  status->end_reason = (TroupeEndReason) wire->end_reason;
  status->keeper_pid = wire->keeper_pid;
  status->pid = wire->pid;
  status->exit_code = wire->exit_code;
  status->exit_signal = wire->exit_signal;
  status->core_dumped = wire->core_dumped != 0;
  status->launch_stage = (TroupeLaunchStage) wire->launch_stage;
  status->launch_errno = wire->launch_errno;
  status->stdout_pipe_bytes = wire->stdout_pipe_bytes;
  status->stderr_pipe_bytes = wire->stderr_pipe_bytes;
  status->start_usec = wire->start_usec;
  status->exit_usec = wire->exit_usec;
  status->end_usec = wire->end_usec;
  status->duration_usec = wire->duration_usec;
  status->user_usec = wire->user_usec;
  status->system_usec = wire->system_usec;
  status->max_rss_bytes = wire->max_rss_bytes;
  status->stdout_bytes = wire->stdout_bytes;
  status->stderr_bytes = wire->stderr_bytes;
  status->lost_bytes = wire->lost_bytes;
}
