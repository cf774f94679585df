/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run whose worker is a thread of somebody else's process. We have no child, only our ends of
 * the thread's sockets: they take the place of the pipes, and capture and input
 * go on as ever. How the thread ended only its process knows; that tells the engine, and the
 * engine tells us, maybe another engine than the one that launched. Until then we wait. */

#include "keeper/keeper-run.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SINK_FDS 3

/* The kernel counts what each write occupies, some 768 bytes at least, against the room of a
 * socket. So with short lines one is full with this part of its nominal bytes. */
#define SHORT_LINES_SHARE 16

static void
take (int *ours, int *theirs)
{
  close (*ours);
  *ours = *theirs;
  *theirs = -1;
}

static int
get_room (int fd)
{
  int bytes = 0;
  socklen_t size = sizeof bytes;

  return getsockopt (fd, SOL_SOCKET, SO_SNDBUF, &bytes, &size) == 0 && bytes > 0 ? bytes : 4096;
}

static bool
set_blocking (int fd, bool blocking)
{
  int flags = fcntl (fd, F_GETFL);

  return flags >= 0 && fcntl (fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) == 0;
}

int
keeper_sink_start (KeeperRun *run, int *fds, unsigned n_fds)
{
  if (n_fds != SINK_FDS)
    return EINVAL;
  for (unsigned i = 0; i < SINK_FDS; i++)
    {
      int type;
      socklen_t size = sizeof type;

      if (getsockopt (fds[i], SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM)
        return ENOTSOCK;
      if (!set_blocking (fds[i], i == 0))
        return errno;
    }
  take (&run->input.fd, &fds[0]);
  run->input.is_socket = true;
  for (unsigned i = 0; i < 2; i++)
    {
      take (&run->streams[i].fd, &fds[i + 1]);
      run->streams[i].pipe_bytes = (uint32_t) get_room (run->streams[i].fd) / SHORT_LINES_SHARE;
    }
  run->spec.max_buffer_bytes = 0;
  run->status.pid = run->spec.sink_pid;
  run->started_at = keeper_now ();
  return 0;
}

void
keeper_sink_end (KeeperRun *run, const TroupeKeeperSinkEnd *end)
{
  TroupeRunStatus *status = &run->status;

  if (run->spec.sink_pid == 0 || run->sink_grace_ends_at != 0)
    return;
  status->exit_usec = keeper_wall ();
  status->duration_usec = keeper_now () - run->started_at;
  status->exit_code = end->exit_code;
  status->exit_signal = end->exit_signal;
  status->end_reason = (TroupeEndReason) end->end_reason;
  status->user_usec = end->user_usec;
  status->system_usec = end->system_usec;
  run->sink_grace_ends_at = keeper_now () + TROUPE_KEEPER_SINK_GRACE_MSEC * 1000;
}

/* The thread has ended, and all it wrote is kept; what comes next is as after a child's end. */
static void
thread_has_ended (KeeperRun *run)
{
  run->main_is_alive = false;
  keeper_capture_drain (run);
  run->status.phase = TROUPE_RUN_EXITED;
  run->exit_is_untold = true;
}

/* Asked to go, with nobody left to write and nobody to tell. The status goes on to say that the
 * thread ran: how it ended we never heard. */
static void
leave (KeeperRun *run)
{
  keeper_control_unlink (run);
  keeper_record_status (run);
  run->state = KEEPER_DONE;
}

void
keeper_sink_finish_if_over (KeeperRun *run)
{
  bool all_is_read = run->streams[0].fd < 0 && run->streams[1].fd < 0;

  if (!run->main_is_alive)
    return;
  if (run->sink_grace_ends_at != 0 && (all_is_read || keeper_now () >= run->sink_grace_ends_at))
    thread_has_ended (run);
  else if (run->sink_grace_ends_at == 0 && run->sink_may_go && all_is_read && run->control.fd < 0)
    leave (run);
}
