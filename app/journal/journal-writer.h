/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one writer of one log of a run (see journal-format.h).
 *
 * Plain C, libc only; one thread. Small: it keeps no copy of what it writes.
 * Opening an existing log repairs it first: a torn record at the end is cut,
 * bytes in a data file that no record names yet get one, and counting goes on
 * where it stopped. Functions return 0 or a negative errno.
 *
 * A process that may run under a file size limit ignores SIGXFSZ; the limit then is
 * one more way for the disk to be full. */

typedef struct _TroupeJournalWriter TroupeJournalWriter;

typedef struct
{
  /* Once the log's files hold more, the oldest segments are deleted while
   * writing goes on; at least the newest segment always stays. 0: no limit. */
  uint64_t limit_bytes;
  /* Size of a segment; 0 picks one that suits limit_bytes. A log that exists keeps its own. */
  uint64_t segment_bytes;
  /* The caller knows that DIR holds nothing of this log and that nobody else writes it: nothing is looked
   * for, and the index comes to be with the first append, too. */
  bool is_fresh;
} TroupeJournalOptions;

/* DIR must exist; files are made with mode 0600, those of a stream with its first byte. OPTIONS may be NULL. -EBUSY
 * when another writer has this log open, -EPROTONOSUPPORT when it was written by a newer version. */
int troupe_journal_writer_open (const char *dir, TroupeLog log, const TroupeJournalOptions *options,
                                TroupeJournalWriter **out);

/* Appends one read's worth of bytes with one time stamp. Never fails halfway:
 * what the disk does not take is counted as lost and recorded as a gap as soon
 * as it can be (returns -ENOSPC, -EDQUOT, -EFBIG, -EIO then, and the writer stays usable).
 * Times that run backwards are raised to the last one.
 *
 * Messages and events are whole lines: one that does not end with a newline gets it.
 * With kind TROUPE_RECORD_LOST, BYTES is not read and LENGTH bytes are recorded as lost. */
int troupe_journal_writer_append (TroupeJournalWriter *writer, TroupeStream stream,
                                  TroupeRecordKind kind, uint64_t time_usec, const void *bytes,
                                  size_t length);

/* Bytes kept of STREAM since the start of the run, also those deleted since. */
/* Some of the bytes handed to troupe_journal_writer_append_pieces: whole lines. */
typedef struct
{
  TroupeRecordKind kind; /* not a gap */
  uint64_t time_usec;
  size_t length;
} TroupeJournalPiece;

/* As one append for each piece, in order; BYTES holds them one after the other. For many short
 * messages of changing kind: their bytes go out with one write, their records with few. */
int troupe_journal_writer_append_pieces (TroupeJournalWriter *writer, TroupeStream stream, const void *bytes,
                                         const TroupeJournalPiece *pieces, size_t n_pieces);

uint64_t troupe_journal_writer_get_stream_bytes (TroupeJournalWriter *writer, TroupeStream stream);
/* Bytes lost since the writer was opened. */
uint64_t troupe_journal_writer_get_lost_bytes (TroupeJournalWriter *writer);

/* Gives back room on disk that was asked for ahead of a stream that grew fast. For when it rests; closing
 * does it, too. */
void troupe_journal_writer_trim (TroupeJournalWriter *writer);

/* Writes a gap that is still pending, if it can, and closes. NULL is allowed. */
void troupe_journal_writer_close (TroupeJournalWriter *writer);
