/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-format.h"
#include "supervisor/clock.h"

G_BEGIN_DECLS

/* The engine's log of a run: its events, one JSON object a line, and its messages, one JSON
 * text a line, in the run folder's `activity` log.
 *
 *   {"event":"state","from":"starting","to":"running","reason":"…"}   reason only when there is one
 *   {"event":"start-asked"} {"event":"stop-asked"} {"event":"kill-asked"} {"event":"restart-asked"}
 *   {"event":"signal","signal":"SIGHUP","scope":"leader"}
 *   {"event":"input-closed"}
 *   {"event":"adopted"}                  a new engine took the run over
 *   {"event":"ended","summary":"…"}      how it ended, in words
 *   {"event":"disconnected","by":"worker"}   or "engine": the channel was closed from there
 *   {"event":"listening","address":"tcp:3000"}, "listening-ended": as a member of a cluster
 *   {"event":"listen-failed","problem":"…"}
 *   {"event":"took-over","from":"3"}     a reload: this run is ready and replaces run 3
 *   {"event":"reload-failed","problem":"…"}
 *   {"event":"message-too-long","bytes":"…"} a line past the ceiling of a message was dropped
 * Of a thread:
 *   {"event":"online","tid":"4711"}      its code is about to run
 *   {"event":"error","summary":"…","stack":"…"}   it did not catch this
 *   {"event":"message-fault","problem":"…"}       a message could not be passed on
 *   {"event":"log","level":"info","message":"…"}
 *   {"event":"progress","fraction":"0.5","message":"…"}
 *   {"event":"linked","with":"crunch.2"}, "unlinked", "link-failed" (with "problem")
 *   {"event":"cpu-time-limit"} {"event":"timeout"}   it went past that
 * Of the process that hosts threads:
 *   {"event":"host-ready","runtime":"…"} {"event":"host-broken","problem":"…"}
 *
 * Events from before the first run exists wait, at most TROUPE_ACTIVITY_LOG_WAITING_MAX of them (the
 * oldest go), and open the log of the next run. A log that cannot be written is survived in silence: the
 * run matters more. Main thread. */

#define TROUPE_ACTIVITY_LOG_WAITING_MAX 32

#define TROUPE_ACTIVITY_LOG_EVENTS_MSEC 20

/* Messages are gathered and written together: this much later at most, or as soon as they are
 * this many bytes. An engine that is killed loses what it had gathered. */
#define TROUPE_ACTIVITY_LOG_GATHER_MSEC 5
#define TROUPE_ACTIVITY_LOG_GATHER_BYTES (256 * 1024)

typedef struct _TroupeActivityLog TroupeActivityLog;

/* CLOCK (nullable) outlives the log: with one, events are gathered for
 * TROUPE_ACTIVITY_LOG_EVENTS_MSEC, so that making the log's files delays no launch and a short run opens them
 * once; without one each event is written at once. */
TroupeActivityLog *troupe_activity_log_new (TroupeClock *clock);
void troupe_activity_log_free (TroupeActivityLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeActivityLog, troupe_activity_log_free)

/* The run folder events go to from now on; NULL: events wait for the next one. */
void troupe_activity_log_set_dir (TroupeActivityLog *self, const char *dir);

/* What the log may take on disk; 16 MiB unless said. Takes effect when a log is opened next. */
void troupe_activity_log_set_limit (TroupeActivityLog *self, guint64 limit_bytes);

/* Writes out what is gathered and gives the descriptors back; the next event opens the log again. */
void troupe_activity_log_rest (TroupeActivityLog *self);
/* The same, in the next turn of the main loop. */
void troupe_activity_log_rest_later (TroupeActivityLog *self);

/* KEY, VALUE pairs of strings end with NULL; a pair whose value is NULL or empty is left out. */
void troupe_activity_log_write (TroupeActivityLog *self, gint64 time_usec, const char *event, ...)
    G_GNUC_NULL_TERMINATED;

/* Adds a message of KIND (SENT, RECEIVED, INVALID, ROUTED; the latter with its SENDER, else NULL) to
 * what is gathered. Newlines in TEXT become spaces. Follow it by troupe_activity_log_settle. */
void troupe_activity_log_add_message (TroupeActivityLog *self, gint64 time_usec, TroupeRecordKind kind,
                                      const char *sender, const char *text, gsize length);

/* A turn's messages are all here: they are written now when the last writing was a while ago, so that a
 * single message shows at once, else a little later, by CLOCK. */
void troupe_activity_log_settle (TroupeActivityLog *self, TroupeClock *clock);

/* TEXT as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void troupe_activity_log_append_json_string (GString *json, const char *text);

G_END_DECLS
