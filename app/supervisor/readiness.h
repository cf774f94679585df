/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"
#include "supervisor/clock.h"

G_BEGIN_DECLS

/* Finds out when a running worker is ready: after a time, when a line of its output matches, when
 * something listens on a TCP port or answers HTTP with 2xx, when a command succeeds, when it says so on
 * its channel, or when it serves an address as a member of a cluster. Asks again, from every 50 ms to every second,
 * until it is so. Main thread. */

typedef struct _TroupeReadiness TroupeReadiness;

typedef struct
{
  /* Once, and never from within troupe_readiness_start: HOW in words, “port 3000 listens”. */
  void (*ready) (const char *how, gpointer user_data);
  /* Once, when the time for it is over; asking goes on. WHAT is missing, in words. */
  void (*late) (const char *what, gpointer user_data);
  gpointer user_data;
} TroupeReadinessWatcher;

/* Begins to ask, as DEFINITION says (its kind of readiness is not NONE), for the run in JOURNAL_DIR
 * that is up since STARTED_USEC (wall clock). ENVIRONMENT (nullable) is for the command.
 * Returns: (transfer full) */
TroupeReadiness *troupe_readiness_start (TroupeProgramDefinition *definition, TroupeClock *clock,
                                         const char *journal_dir, gint64 started_usec,
                                         const char *const *environment,
                                         const TroupeReadinessWatcher *watcher);

/* A message of the worker's: when that is what is waited for, and it is "ready" or {"ready":true}, the
 * watcher's `ready` is called from here. */
void troupe_readiness_hear (TroupeReadiness *self, const char *text, gsize length);

/* The worker serves ADDRESS as a member of a cluster: likewise, when that is what is waited for. */
void troupe_readiness_serve (TroupeReadiness *self, const char *address);

/* Stops asking and frees; no call comes after this. */
void troupe_readiness_stop (TroupeReadiness *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeReadiness, troupe_readiness_stop)

/* "3000", "localhost:3000", "[::1]:3000". HOST (out) (transfer full). Pure. */
gboolean troupe_readiness_parse_address (const char *text, char **host, guint16 *port);

/* TRUE for the messages by which a worker says that it is ready. Pure. */
gboolean troupe_readiness_is_ready_message (const char *text, gsize length);

/* TRUE when LINE is the status line of an HTTP answer with 2xx. Pure. */
gboolean troupe_readiness_is_http_success (const char *line, gsize length);

G_END_DECLS
