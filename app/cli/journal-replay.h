/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

#include "journal/journal-reader.h"

G_BEGIN_DECLS

/* Plays one log of a run from a place to its end, in the order of its records, and goes on when
 * it grows. Reads ahead a little, so its memory is a small constant. One thread. */

typedef struct _TroupeReplay TroupeReplay;

typedef struct
{
  guint64 time_usec;
  TroupeStream stream;
  TroupeRecordKind kind; /* TROUPE_RECORD_LOST: LENGTH bytes were not kept, or were deleted before we came */
  guint64 offset;        /* of BYTES in their stream */
  const char *bytes;     /* valid until the next call; NULL for a gap */
  gsize length;
} TroupeReplayItem;

/* DIR need not hold the log yet. MASK: the streams to play. */
TroupeReplay *troupe_replay_new (const char *dir, TroupeLog log, unsigned mask);
void troupe_replay_free (TroupeReplay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeReplay, troupe_replay_free)

/* Looks at the files again; opens them when they have come into being. Returns 0, or a negative errno when
 * there is a log that cannot be read (-ENOENT is no error here). */
int troupe_replay_refresh (TroupeReplay *self);

/* The next bytes, at most TROUPE_REPLAY_PIECE_MAX of them; FALSE at the end of what the last refresh saw. */
#define TROUPE_REPLAY_PIECE_MAX (128 * 1024)
gboolean troupe_replay_next (TroupeReplay *self, TroupeReplayItem *item);

/* Before the first troupe_replay_next(), after a refresh: start at the first record of TIME_USEC or later, or at
 * the end. */
void troupe_replay_seek_time (TroupeReplay *self, guint64 time_usec);
void troupe_replay_seek_end (TroupeReplay *self);

/* The byte before OFFSET is a newline, or there is none: a line begins here. */
gboolean troupe_replay_is_line_start (TroupeReplay *self, TroupeStream stream, guint64 offset);

/* How far STREAM was played, and how far it goes as of the last refresh. */
guint64 troupe_replay_get_position (TroupeReplay *self, TroupeStream stream);
guint64 troupe_replay_get_stream_end (TroupeReplay *self, TroupeStream stream);

G_END_DECLS
