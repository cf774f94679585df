/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Signals, and the end of the tree.
 *
 * A stop is polite first: the signal to the worker's group, and once the main
 * process has ended also to those that left the group and so have heard
 * nothing. When the grace time is over, or at once for a kill, it is hard:
 * SIGKILL to every descendant, in passes, until wait() says that there is
 * none. A pass that found something is followed by the next at once, a few
 * times, to outrun processes that only fork; then passes get rarer, for what
 * hangs in the kernel. */

#include "keeper/keeper-run.h"

#include "keeper/keeper-tree.h"

#include <signal.h>
#include <unistd.h>

#define KILL_PASSES_IN_A_ROW 16
#define KILL_PAUSE_MIN_USEC 500
#define KILL_PAUSE_MAX_USEC 200000

/* Longer times are as good as never; keeps sums of times in range. */
#define TIME_MAX_MSEC (UINT64_C (1) << 42)

enum
{
  SCOPE_LEADER,
  SCOPE_GROUP,
  SCOPE_TREE,
};

typedef struct
{
  pid_t group;
  int signal_number;
  bool strays_only; /* who is not in the group */
  bool group_only;
} SignalVisit;

static void
signal_process (const KeeperProcess *process, void *data)
{
  const SignalVisit *visit = data;
  bool in_group = process->group == visit->group;

  if (process->is_zombie || (visit->strays_only && in_group) || (visit->group_only && !in_group))
    return;
  kill (process->pid, visit->signal_number);
}

static void
signal_tree (KeeperRun *run, int signal_number, bool strays_only, bool group_only)
{
  SignalVisit visit = { run->status.pid, signal_number, strays_only, group_only };

  keeper_tree_walk (signal_process, &visit);
}

/* While the main process has not been reaped its number, and so the group's, is ours. Later
 * the number may be anybody's, and the group is found member by member. */
static void
signal_group (KeeperRun *run, int signal_number)
{
  if (run->main_is_alive)
    kill (-run->status.pid, signal_number);
  else
    signal_tree (run, signal_number, false, true);
}

static void
kill_pass (KeeperRun *run)
{
  for (int i = 0; i < KILL_PASSES_IN_A_ROW && run->has_children; i++)
    {
      if (keeper_tree_kill () == 0)
        break;
      keeper_run_reap (run);
    }
  run->next_kill_at = keeper_now () + run->kill_pause_usec;
  if (run->kill_pause_usec < KILL_PAUSE_MAX_USEC)
    run->kill_pause_usec += run->kill_pause_usec / 4;
}

/* The first reason stays, except that a stop can become a kill. What comes after the main
 * process has ended is no reason for its end. */
static void
set_reason (KeeperRun *run, TroupeEndReason reason)
{
  TroupeEndReason old = run->status.end_reason;

  if (run->status.phase != TROUPE_RUN_RUNNING)
    return;
  if (old == TROUPE_END_BY_ITSELF || (old == TROUPE_END_STOPPED && reason == TROUPE_END_KILLED))
    run->status.end_reason = reason;
}

/* A sink's thread is the engine's to deal with, and its process is not ours to touch. */
static bool
has_processes (KeeperRun *run)
{
  return run->state == KEEPER_RUNNING && run->spec.sink_pid == 0;
}

static void
become_hard (KeeperRun *run)
{
  run->stop = KEEPER_STOP_HARD;
  run->grace_ends_at = 0;
  run->kill_pause_usec = KILL_PAUSE_MIN_USEC;
  keeper_record_signal (run, SIGKILL, SCOPE_TREE);
  keeper_record_stopping (run, 1, keeper_tree_count ());
  kill_pass (run);
}

void
keeper_stop_kill (KeeperRun *run, TroupeEndReason reason)
{
  if (!has_processes (run) || run->stop == KEEPER_STOP_HARD)
    return;
  set_reason (run, reason);
  become_hard (run);
}

void
keeper_stop_begin (KeeperRun *run, int signal_number, uint64_t grace_msec, TroupeEndReason reason)
{
  uint64_t grace_ends_at;

  if (!has_processes (run) || run->stop == KEEPER_STOP_HARD)
    return;
  if (reason != TROUPE_END_STOPPED)
    keeper_record_limit (run, reason);
  if (signal_number == SIGKILL)
    {
      keeper_stop_kill (run, reason);
      return;
    }

  set_reason (run, reason);
  run->stop_signal = signal_number;
  grace_ends_at = keeper_now () + (grace_msec < TIME_MAX_MSEC ? grace_msec : TIME_MAX_MSEC) * 1000;
  /* A second stop may shorten the grace time of the first, never prolong it. */
  if (run->stop == KEEPER_STOP_NONE || grace_ends_at < run->grace_ends_at)
    run->grace_ends_at = grace_ends_at;
  run->stop = KEEPER_STOP_POLITE;

  keeper_record_signal (run, signal_number, run->main_is_alive ? SCOPE_GROUP : SCOPE_TREE);
  if (run->main_is_alive)
    {
      signal_group (run, signal_number);
      signal_group (run, SIGCONT); /* who is stopped cannot end */
    }
  else
    {
      signal_tree (run, signal_number, false, false);
      signal_tree (run, SIGCONT, false, false);
      run->strays_were_asked = true;
    }
  keeper_record_stopping (run, 0, keeper_tree_count ());
}

void
keeper_stop_main_has_exited (KeeperRun *run)
{
  if (run->stop != KEEPER_STOP_POLITE || run->strays_were_asked)
    return;
  run->strays_were_asked = true;
  signal_tree (run, run->stop_signal, true, false);
  signal_tree (run, SIGCONT, true, false);
}

void
keeper_stop_signal (KeeperRun *run, int signal_number, unsigned scope)
{
  if (!has_processes (run) || (scope == SCOPE_LEADER && !run->main_is_alive))
    return;
  keeper_record_signal (run, signal_number, scope);
  switch (scope)
    {
    case SCOPE_LEADER:
      kill (run->status.pid, signal_number);
      break;
    case SCOPE_GROUP:
      signal_group (run, signal_number);
      break;
    case SCOPE_TREE:
      signal_tree (run, signal_number, false, false);
      break;
    }
}

void
keeper_stop_tick (KeeperRun *run, uint64_t now)
{
  if (!has_processes (run))
    return;
  if (run->timeout_at != 0 && now >= run->timeout_at)
    {
      run->timeout_at = 0;
      keeper_stop_begin (run, run->spec.kill_signal, run->spec.grace_msec, TROUPE_END_TIMEOUT);
    }
  if (run->stop == KEEPER_STOP_POLITE && now >= run->grace_ends_at)
    {
      set_reason (run, TROUPE_END_KILLED);
      become_hard (run);
    }
  else if (run->stop == KEEPER_STOP_HARD && now >= run->next_kill_at)
    kill_pass (run);
}
