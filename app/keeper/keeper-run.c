/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The run's beginning and end.
 *
 * Order at the start: status (its block is there from now on), journal, then
 * the program, so that no byte of it is without a place. Order at the end of
 * the main process: what is in the pipes, then the `exit` event, then the
 * status, then the engine; so whoever reads an exit code can read all that
 * came before it. The run itself is over when wait() knows no child any more:
 * every descendant is ours then, as we are a child subreaper. Mostly that is
 * so at once, and then both ends are told as one. */

#include "keeper/keeper-run.h"

#include "keeper/keeper-child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_MIN_BYTES (16 * 1024)

/* Longer is as good as never; keeps sums of times in range. */
#define TIMEOUT_MAX_MSEC (UINT64_C (1) << 42)

_Static_assert (KEEPER_CHILD_STACK_SIZE <= KEEPER_BUFFER_SIZE, "the child's stack lies in the buffer");

static int
make_pipe (int *ours, int *theirs, bool we_read)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -errno;
  *ours = we_read ? ends[0] : ends[1];
  *theirs = we_read ? ends[1] : ends[0];
  fcntl (*ours, F_SETFL, O_NONBLOCK);
  return 0;
}

/* What can be made before it is known what to run. */
int
keeper_run_prepare (KeeperRun *run)
{
  int result = make_pipe (&run->input.fd, &run->worker_stdio[0], false);

  run->state = KEEPER_WARM;
  run->status = (TroupeRunStatus){ .phase = TROUPE_RUN_STARTING, .keeper_pid = getpid (), .exit_code = -1 };
  for (int i = 0; i < 2 && result == 0; i++)
    {
      run->streams[i].stream = i == 0 ? TROUPE_STREAM_STDOUT : TROUPE_STREAM_STDERR;
      result = make_pipe (&run->streams[i].fd, &run->worker_stdio[i + 1], true);
    }
  return result;
}

/* Asks for WISH bytes and takes less where the user's share of pipe memory is used up. */
static uint32_t
size_pipe (int fd, uint64_t wish)
{
  int size = -1;

  for (; size < 0 && wish >= PIPE_MIN_BYTES; wish /= 2)
    if (wish <= INT32_MAX)
      size = fcntl (fd, F_SETPIPE_SZ, (int) wish);
  if (size < 0)
    size = fcntl (fd, F_GETPIPE_SZ);
  return size > 0 ? (uint32_t) size : 0;
}

static void
close_fds (int *fds, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      if (fds[i] >= 0)
        close (fds[i]);
      fds[i] = -1;
    }
}

/* dup2 in the child must not overwrite a descriptor that it still needs. */
static int
raise_fds (int *fds, unsigned n, int lowest)
{
  for (unsigned i = 0; i < n; i++)
    if (fds[i] < lowest)
      {
        int raised = fcntl (fds[i], F_DUPFD_CLOEXEC, lowest);

        if (raised < 0)
          return -errno;
        close (fds[i]);
        fds[i] = raised;
      }
  return 0;
}

static int
open_journal (KeeperRun *run)
{
  const TroupeJournalOptions options = { .limit_bytes = run->spec.journal_limit_bytes, .is_fresh = true };

  run->status_fd = troupe_run_status_create (run->spec.journal_dir, &run->status);
  if (run->status_fd < 0)
    return run->status_fd;
  return troupe_journal_writer_open (run->spec.journal_dir, TROUPE_LOG_OUTPUT, &options, &run->journal);
}

static void
close_run (KeeperRun *run)
{
  for (int i = 0; i < 2; i++)
    close_fds (&run->streams[i].fd, 1);
  close_fds (run->worker_stdio, 3);
  keeper_input_close (run, false);
  keeper_store_clear (run);
  troupe_journal_writer_close (run->journal);
  run->journal = NULL;
  close_fds (&run->status_fd, 1);
}

bool
keeper_run_renew (KeeperRun *run)
{
  const KeeperControl control = run->control;
  int signal_fd = run->signal_fd;

  if (control.fd < 0)
    return false;
  if (run->trim_at != 0)
    keeper_capture_trim (run);
  keeper_spec_clear (&run->spec);
  *run = (KeeperRun){ .control = control, .signal_fd = signal_fd, .status_fd = -1 };
  return keeper_run_prepare (run) == 0;
}

static void
give_up (KeeperRun *run, TroupeLaunchStage stage, int error)
{
  run->status.phase = TROUPE_RUN_FAILED;
  run->status.launch_stage = stage;
  run->status.launch_errno = error;
  run->status.pid = 0;
  run->status.end_usec = run->status.exit_usec = keeper_wall ();
  keeper_record_failure (run);
  close_run (run);
  keeper_control_send_status (run);
  run->state = KEEPER_DONE;
}

void
keeper_run_refuse (KeeperRun *run, int error)
{
  give_up (run, TROUPE_LAUNCH_PREPARE, error);
}

static int
start_program (KeeperRun *run, int *fds, unsigned n_fds, TroupeLaunchStage *stage)
{
  KeeperChild child = {
    .program = run->spec.program,
    .argv = run->spec.argv,
    .envp = run->spec.envp,
    .pid_digits = run->spec.pid_digits,
    .cwd = run->spec.cwd,
    .nice = run->spec.nice,
    .fds = fds,
    .n_fds = n_fds,
  };
  int first_unused = 3 + (int) n_fds, error;

  *stage = TROUPE_LAUNCH_PREPARE;
  if ((error = raise_fds (fds, n_fds, first_unused)) < 0 ||
      (error = raise_fds (run->worker_stdio, 3, first_unused)) < 0)
    return -error;
  for (int i = 0; i < 3; i++)
    child.stdio[i] = run->worker_stdio[i];
  run->started_at = keeper_now ();
  run->status.start_usec = keeper_wall ();
  run->status.pid = keeper_child_start (&child, keeper_buffer, stage, &error);
  return error;
}

void
keeper_run_launch (KeeperRun *run, const void *spec, size_t length, int *fds, unsigned n_fds)
{
  TroupeLaunchStage stage = TROUPE_LAUNCH_PREPARE;
  int error;

  run->state = KEEPER_RUNNING;
  run->status.start_usec = keeper_wall ();
  error = -keeper_spec_parse (spec, length, &run->spec);
  if (error == 0 && run->spec.sink_pid != 0)
    error = keeper_sink_start (run, fds, n_fds);
  else if (error == 0)
    {
      for (int i = 0; i < 2; i++)
        run->streams[i].pipe_bytes = size_pipe (run->streams[i].fd, run->spec.pipe_bytes);
      run->status.stdout_pipe_bytes = run->streams[0].pipe_bytes;
      run->status.stderr_pipe_bytes = run->streams[1].pipe_bytes;
    }
  if (error == 0)
    error = -open_journal (run);
  if (error == 0 && run->spec.sink_pid == 0)
    error = start_program (run, fds, n_fds, &stage);
  close_fds (fds, n_fds);
  if (error != 0)
    {
      give_up (run, stage, error);
      return;
    }

  close_fds (run->worker_stdio, 3);
  run->main_is_alive = true;
  run->has_children = run->spec.sink_pid == 0;
  run->status.phase = TROUPE_RUN_RUNNING;
  if (run->has_children && run->spec.timeout_msec > 0 && run->spec.timeout_msec < TIMEOUT_MAX_MSEC)
    run->timeout_at = run->started_at + run->spec.timeout_msec * 1000;
  /* Who has heard that it runs can find it. */
  keeper_control_listen (run);
  keeper_record_start (run);
  keeper_spec_detach (&run->spec);
}

static uint64_t
timeval_usec (struct timeval time)
{
  return (uint64_t) time.tv_sec * 1000000 + (uint64_t) time.tv_usec;
}

static void
main_has_exited (KeeperRun *run, int wait_status, const struct rusage *usage)
{
  TroupeRunStatus *status = &run->status;

  run->main_is_alive = false;
  status->exit_usec = keeper_wall ();
  status->duration_usec = keeper_now () - run->started_at;
  status->exit_code = WIFEXITED (wait_status) ? WEXITSTATUS (wait_status) : -1;
  status->exit_signal = WIFSIGNALED (wait_status) ? WTERMSIG (wait_status) : 0;
  status->core_dumped = WIFSIGNALED (wait_status) && WCOREDUMP (wait_status);
  status->user_usec = timeval_usec (usage->ru_utime);
  status->system_usec = timeval_usec (usage->ru_stime);
  status->max_rss_bytes = (uint64_t) usage->ru_maxrss * 1024;

}

void
keeper_run_reap (KeeperRun *run)
{
  struct rusage usage;
  int wait_status;
  bool has_exited = false;
  pid_t pid;

  while ((pid = wait4 (-1, &wait_status, WNOHANG, &usage)) > 0)
    if (pid == run->status.pid && run->main_is_alive)
      {
        main_has_exited (run, wait_status, &usage);
        has_exited = true;
      }
  run->has_children = pid == 0;
  if (!has_exited)
    return;
  keeper_capture_drain (run);
  run->status.phase = TROUPE_RUN_EXITED;
  if (run->has_children)
    {
      keeper_record_exit (run);
      keeper_stop_main_has_exited (run);
    }
  else
    run->exit_is_untold = true;
}

void
keeper_run_finish_if_over (KeeperRun *run)
{
  if (run->state == KEEPER_RUNNING && run->spec.sink_pid != 0)
    keeper_sink_finish_if_over (run);
  if (run->state != KEEPER_RUNNING || run->main_is_alive || run->has_children)
    return;

  /* All that the run wrote is in the pipes by now; who else holds them is no part of it. */
  keeper_capture_drain (run);
  run->status.phase = TROUPE_RUN_ENDED;
  run->status.end_usec = keeper_wall ();
  keeper_record_end (run);
  /* In this order: an engine that finds no socket believes what is written. */
  keeper_record_status (run);
  keeper_control_unlink (run);
  close_run (run);
  keeper_control_send_status (run);
  run->state = KEEPER_DONE;
}
