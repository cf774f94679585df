/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The descendants of this process, from /proc. As it is a child subreaper,
 * that is every process of the run, whatever it did to its parent or session.
 * A walk is a look at something that moves: what forks meanwhile may be
 * missed or seen twice. Only wait() saying ECHILD proves that none is left. */

typedef struct
{
  pid_t pid, group;
  bool is_zombie;
} KeeperProcess;

typedef void (*KeeperTreeVisit) (const KeeperProcess *process, void *data);

/* Calls VISIT for each. Returns how many are alive (not zombies). */
unsigned keeper_tree_walk (KeeperTreeVisit visit, void *data);
unsigned keeper_tree_count (void);

/* SIGKILL to every descendant and to every group they are in. Returns how many it found. */
unsigned keeper_tree_kill (void);
