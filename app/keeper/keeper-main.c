/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupe-keeper: starts one worker, captures it, reaps it, ends its whole tree.
 *
 * The engine starts it (keeper-pool.c) with a socket at descriptor 3, in a
 * session of its own, all other descriptors closed, all signals at their
 * defaults. It makes ready what it can and waits, warm, for LAUNCH; then it
 * lives as long as anything of the run does, with or without an engine.
 *
 * All signals stay blocked and are read from a descriptor, so no code here
 * runs in a handler, and the dispositions a worker inherits are the default
 * ones. SIGTERM stops the run politely (a sink goes when its thread has gone); a closed pipe or socket is an error
 * of a write. */

#include "config.h"

#include "keeper/keeper-run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long a finished keeper waits for an engine that does not read its last word. The word
 * is in the status file as well. */
#define FAREWELL_USEC 2000000

_Alignas (4096) char keeper_buffer[KEEPER_BUFFER_SIZE];

enum
{
  POLL_SIGNALS,
  POLL_CONTROL,
  POLL_LISTEN,
  POLL_FRESH,
  POLL_INPUT,
  POLL_STDOUT,
  POLL_STDERR,
  N_POLL,
};

static uint64_t
read_clock (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

uint64_t
keeper_now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

uint64_t
keeper_wall (void)
{
  return read_clock (CLOCK_REALTIME);
}

static void
earlier (uint64_t *wake_at, uint64_t at)
{
  if (at != 0 && (*wake_at == 0 || at < *wake_at))
    *wake_at = at;
}

/* Fills in what each part waits for; returns when to wake up at the latest. */
static uint64_t
prepare_poll (KeeperRun *run, struct pollfd fds[N_POLL], uint64_t now, uint64_t farewell_at)
{
  KeeperControl *control = &run->control;
  uint64_t wake_at = farewell_at;

  fds[POLL_SIGNALS] = (struct pollfd){ run->signal_fd, POLLIN, 0 };
  fds[POLL_CONTROL] = (struct pollfd){ control->fd, control->n_outbox > 0 ? POLLOUT : POLLIN, 0 };
  fds[POLL_LISTEN] = (struct pollfd){ control->listen_fd, POLLIN, 0 };
  fds[POLL_FRESH] = (struct pollfd){ control->fresh_fd, POLLIN, 0 };
  /* With nothing queued, POLLERR still tells that the worker closed its end. */
  fds[POLL_INPUT] = (struct pollfd){ run->state == KEEPER_RUNNING ? run->input.fd : -1,
                                     run->input.n > 0 ? POLLOUT : 0, 0 };
  for (int i = 0; i < 2; i++)
    {
      KeeperStream *stream = &run->streams[i];
      bool rests = stream->resume_at > now;

      fds[POLL_STDOUT + i]
          = (struct pollfd){ run->state == KEEPER_RUNNING && !rests ? stream->fd : -1, POLLIN, 0 };
      if (rests && stream->fd >= 0)
        earlier (&wake_at, stream->resume_at);
    }
  if (run->state == KEEPER_RUNNING)
    {
      earlier (&wake_at, run->timeout_at);
      earlier (&wake_at, run->trim_at);
      earlier (&wake_at, run->sink_grace_ends_at);
      if (run->stop == KEEPER_STOP_POLITE)
        earlier (&wake_at, run->grace_ends_at);
      if (run->stop == KEEPER_STOP_HARD)
        earlier (&wake_at, run->next_kill_at);
    }
  return wake_at;
}

static void
read_signals (KeeperRun *run)
{
  struct signalfd_siginfo info;
  bool reap = false;

  while (read (run->signal_fd, &info, sizeof info) == sizeof info)
    {
      reap |= info.ssi_signo == SIGCHLD;
      if (info.ssi_signo == SIGTERM && run->state == KEEPER_WARM)
        keeper_control_close (run);
      else if (info.ssi_signo == SIGTERM && run->spec.sink_pid != 0)
        run->sink_may_go = true;
      else if (info.ssi_signo == SIGTERM)
        keeper_stop_begin (run, SIGTERM, run->spec.grace_msec, TROUPE_END_STOPPED);
    }
  if (reap && run->state == KEEPER_RUNNING)
    keeper_run_reap (run);
}

static void
turn (KeeperRun *run, uint64_t farewell_at)
{
  struct pollfd fds[N_POLL];
  uint64_t now = keeper_now (), wake_at = prepare_poll (run, fds, now, farewell_at);
  uint64_t wait_usec = wake_at > now ? wake_at - now : 0;
  struct timespec timeout
      = { (time_t) (wait_usec / 1000000), (long) (wait_usec % 1000000) * 1000 };

  if (ppoll (fds, N_POLL, wake_at != 0 ? &timeout : NULL, NULL) < 0)
    return;

  if (fds[POLL_CONTROL].revents & POLLOUT)
    keeper_control_flush (run);
  else if (fds[POLL_CONTROL].revents != 0)
    {
      if (run->control.n_outbox > 0)
        keeper_control_close (run);
      else
        keeper_control_read (run);
    }
  /* The descriptors may be others by now, so ask by state and not by number. */
  if (fds[POLL_FRESH].revents != 0 && run->control.fresh_fd == fds[POLL_FRESH].fd)
    keeper_control_read_fresh (run);
  if (fds[POLL_LISTEN].revents != 0 && run->control.listen_fd >= 0)
    keeper_control_accept (run);
  if (fds[POLL_INPUT].revents & (POLLERR | POLLHUP))
    keeper_input_close (run, false);
  else if (fds[POLL_INPUT].revents != 0)
    keeper_input_flush (run);

  now = keeper_now ();
  for (int i = 0; i < 2; i++)
    {
      KeeperStream *stream = &run->streams[i];
      /* One that rested was not asked for; most likely there is something by now. */
      bool has_rested = stream->resume_at != 0 && stream->resume_at <= now;

      if (run->state == KEEPER_RUNNING && stream->fd >= 0 && (fds[POLL_STDOUT + i].revents != 0 || has_rested))
        keeper_capture_read (run, stream);
    }
  if (fds[POLL_SIGNALS].revents != 0)
    read_signals (run);

  now = keeper_now ();
  keeper_stop_tick (run, now);
  if (run->trim_at != 0 && now >= run->trim_at)
    keeper_capture_trim (run);
  keeper_run_finish_if_over (run);
}

static void
run_keeper (KeeperRun *run)
{
  uint64_t farewell_at;

  do
    while (run->state != KEEPER_DONE)
      {
        turn (run, 0);
        if (run->state == KEEPER_WARM && run->control.fd < 0)
          return; /* the engine went before it had use for us */
      }
  while (keeper_run_renew (run));

  farewell_at = keeper_now () + FAREWELL_USEC;
  while (run->control.fd >= 0 && run->control.n_outbox > 0 && keeper_now () < farewell_at)
    turn (run, farewell_at);
}

static bool
is_socket (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 && S_ISSOCK (st.st_mode);
}

static int
open_signals (void)
{
  sigset_t all, ours;

  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, NULL);
  sigemptyset (&ours);
  sigaddset (&ours, SIGCHLD);
  sigaddset (&ours, SIGTERM);
  return signalfd (-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
main (int argc, char **argv)
{
  static KeeperRun run = {
    .state = KEEPER_WARM,
    .status_fd = -1,
    .streams = { { .fd = -1 }, { .fd = -1 } },
    .worker_stdio = { -1, -1, -1 },
    .input = { .fd = -1 },
    .control = { .fd = TROUPE_KEEPER_START_FD, .listen_fd = -1, .fresh_fd = -1, .dir_fd = -1 },
  };

  if (argc > 1 && strcmp (argv[1], "--version") == 0)
    {
      puts ("troupe-keeper " TROUPE_VERSION);
      return 0;
    }
  if (argc > 1 || !is_socket (TROUPE_KEEPER_START_FD))
    {
      fputs ("troupe-keeper is started by troupe-engine, with a socket at descriptor 3.\n", stderr);
      return 2;
    }
  fcntl (TROUPE_KEEPER_START_FD, F_SETFD, FD_CLOEXEC);

  run.signal_fd = open_signals ();
  if (run.signal_fd < 0 || prctl (PR_SET_CHILD_SUBREAPER, 1) < 0 || keeper_run_prepare (&run) < 0)
    return 1;
  run_keeper (&run);
  return 0;
}
