/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/run-status.h"

#include <stddef.h>
#include <sys/types.h>

/* What the worker shall become. Everything is made ready before, so that
 * between clone and exec nothing needs memory. */
typedef struct
{
  const char *program;
  char **argv; /* argv[-1] is a spare slot */
  char **envp;
  char *pid_digits; /* (nullable) in envp: gets the pid */
  const char *cwd; /* (nullable) */
  int nice;
  int stdio[3];    /* become 0, 1, 2; each above the last target */
  const int *fds;  /* become 3, 4, …; each above the last target */
  unsigned n_fds;
} KeeperChild;

/* Starts it as leader of its own session and group, to be killed when this
 * process dies. Returns the pid once the program runs, else 0 with the stage
 * and errno that failed; nothing is left behind then. STACK is borrowed for
 * the call, KEEPER_CHILD_STACK_SIZE bytes. */
#define KEEPER_CHILD_STACK_SIZE (64 * 1024)
pid_t keeper_child_start (const KeeperChild *child, void *stack, TroupeLaunchStage *stage, int *error);
