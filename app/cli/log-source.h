/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

#include "journal/journal-reader.h"

G_BEGIN_DECLS

/* The lines of one worker's runs, one run after the other, from one of their logs. Reads each
 * run once, from front to back, and keeps one run open at a time. One thread. */

/* A line longer than this comes in pieces. */
#define TROUPE_LOG_PIECE_MAX (1024 * 1024)

typedef struct
{
  guint64 time_usec; /* when its first byte came */
  guint64 run;
  TroupeStream stream;
  TroupeRecordKind kind; /* TROUPE_RECORD_LOST: LENGTH bytes are missing here */
  const char *text;      /* without the newline; valid until the source is asked again */
  gsize length;
  gboolean begins; /* FALSE: goes on where the last piece of this stream ended */
  gboolean ends;   /* with a newline */
} TroupeLogLine;

typedef struct _TroupeLogSource TroupeLogSource;

TroupeLogSource *troupe_log_source_new (const char *project, const char *worker, TroupeLog log, unsigned mask);
void troupe_log_source_free (TroupeLogSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogSource, troupe_log_source_free)

const char *troupe_log_source_get_project (TroupeLogSource *self);
const char *troupe_log_source_get_worker (TroupeLogSource *self);

/* Runs in order; one that was added already is ignored. Returns TRUE when it was not. */
gboolean troupe_log_source_add_run (TroupeLogSource *self, guint64 run, const char *dir);

/* Lines that began earlier are left out. Before the first line is asked for. */
void troupe_log_source_set_since (TroupeLogSource *self, guint64 time_usec);

/* Starts with the lines of STREAM from OFFSET on, in the first run. Before the first line; to
 * be called for every stream that is read, and TIME_USEC not later than any of those lines. */
void troupe_log_source_set_start (TroupeLogSource *self, guint64 time_usec, TroupeStream stream, guint64 offset);

/* Starts at the present end of the first run. */
void troupe_log_source_set_start_at_end (TroupeLogSource *self);

/* Nothing more will come: the end of the files is the end, and an unfinished line is given out. */
void troupe_log_source_set_final (TroupeLogSource *self, gboolean final);

/* Looks at the files again. Returns 0 or a negative errno of a log that cannot be read. */
int troupe_log_source_refresh (TroupeLogSource *self);

/* The next line, or NULL when there is none now. The same one until advance. */
const TroupeLogLine *troupe_log_source_peek (TroupeLogSource *self);
void troupe_log_source_advance (TroupeLogSource *self);

/* Gives out what has been written of an unfinished line; its rest follows as a piece that does
 * not begin. For a prompt that waits for an answer. */
void troupe_log_source_release_unfinished (TroupeLogSource *self);

/* The folder of the run that is being read, or NULL. */
const char *troupe_log_source_get_dir (TroupeLogSource *self);

G_END_DECLS
