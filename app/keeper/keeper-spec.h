/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What to launch, decoded from LAUNCH (keeper-protocol.h). Texts point into
 * the encoded bytes, which must outlive the spec. */
typedef struct
{
  const char *identity, *journal_dir;
  const char *socket_dir, *cwd; /* (nullable) */
  const char *program;          /* what to look up and execute; NULL for a sink */
  char **argv;                  /* argv[-1] is a spare slot, for /bin/sh */
  char **envp;                  /* with TROUPE_RUN_ID; an older one is dropped */
  char *pid_digits;             /* (nullable) in envp: where the program's pid belongs, KEEPER_PID_DIGITS and a NUL */
  uint64_t journal_limit_bytes, max_buffer_bytes, timeout_msec, grace_msec, pipe_bytes;
  int kill_signal, nice;
  int sink_pid; /* of the process whose thread is captured; 0: this is no sink */
  void *memory; /* (owned) behind argv and envp */
  char *mark;   /* (owned) TROUPE_RUN_ID=IDENTITY; identity points into it once detached */
  char *dir;    /* (owned) journal_dir, for when it is detached */
  char *pid_env; /* (owned) behind pid_digits */
} KeeperSpec;

/* A pid_t has no more. */
#define KEEPER_PID_DIGITS 10

/* Decodes; opens nothing. Returns 0 or a negative errno: -EINVAL when a field
 * is missing or damaged, -EPROTONOSUPPORT for a tag we do not know. */
int keeper_spec_parse (const void *bytes, size_t length, KeeperSpec *out);
/* Lets go of the encoded bytes: keeps the numbers, identity and journal_dir, forgets the rest. */
void keeper_spec_detach (KeeperSpec *spec);
void keeper_spec_clear (KeeperSpec *spec);
