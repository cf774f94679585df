/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The product's vocabulary as enums, each with its one spelling in files, on
 * the bus and on the command line. */

typedef enum
{
  TROUPE_KIND_SPAWN,
  TROUPE_KIND_EXEC,
  TROUPE_KIND_EXEC_FILE,
  TROUPE_KIND_FORK,
  TROUPE_KIND_CLUSTER,
  TROUPE_KIND_THREADS,
} TroupeKind;

typedef enum
{
  TROUPE_STATE_STOPPED,
  TROUPE_STATE_WAITING,
  TROUPE_STATE_STARTING,
  TROUPE_STATE_RUNNING,
  TROUPE_STATE_READY,
  TROUPE_STATE_STOPPING,
  TROUPE_STATE_BACKOFF,
  TROUPE_STATE_EXITED,
  TROUPE_STATE_FAILED,
} TroupeState;

#define TROUPE_N_STATES (TROUPE_STATE_FAILED + 1)

typedef enum
{
  TROUPE_RESTART_NO,
  TROUPE_RESTART_ON_FAILURE,
  TROUPE_RESTART_ALWAYS,
} TroupeRestart;

/* Each _to_string returns a static string ("exec-file"); each _from_string
 * returns FALSE and leaves *out alone when the text is none of them. */
const char *troupe_kind_to_string (TroupeKind kind);
gboolean troupe_kind_from_string (const char *text, TroupeKind *out);

const char *troupe_state_to_string (TroupeState state);
gboolean troupe_state_from_string (const char *text, TroupeState *out);

const char *troupe_restart_to_string (TroupeRestart restart);
gboolean troupe_restart_from_string (const char *text, TroupeRestart *out);

/* TRUE while a run of the worker may have processes. */
gboolean troupe_state_is_alive (TroupeState state);

/* "SIGTERM" for 15, "SIGRTMIN+3" for real-time ones, NULL for no signal.
 * Returns: (transfer full) (nullable) */
char *troupe_signal_dup_name (int signal_number);

/* Takes "SIGHUP", "HUP", "hup", "SIGRTMIN+3" or "1". Returns 0 for anything else. */
int troupe_signal_from_string (const char *text);

G_END_DECLS
