/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-format.h"

#include <stddef.h>
#include <stdint.h>

/* The one writer of one log of a run (see journal-format.h).
 *
 * Plain C, libc only; one thread. Small: it keeps no copy of what it writes.
 * Opening an existing log repairs it first: a torn record at the end is cut,
 * bytes in a data file that no record names yet get one, and counting goes on
 * where it stopped. Functions return 0 or a negative errno. */

typedef struct _TroupeJournalWriter TroupeJournalWriter;

typedef struct
{
  /* Once the log's files hold more, the oldest segments are deleted while
   * writing goes on; at least the newest segment always stays. 0: no limit. */
  uint64_t limit_bytes;
  /* Size of a segment; 0 picks one that suits limit_bytes. */
  uint64_t segment_bytes;
} TroupeJournalOptions;

/* DIR must exist; files are made with mode 0600. OPTIONS may be NULL. */
int troupe_journal_writer_open (const char *dir, TroupeLog log, const TroupeJournalOptions *options,
                                TroupeJournalWriter **out);

/* Appends one read's worth of bytes with one time stamp. Never fails halfway:
 * what the disk does not take is counted as lost and recorded as a gap as soon
 * as it can be (returns -ENOSPC, -EDQUOT, -EIO then, and the writer stays usable).
 * Times that run backwards are raised to the last one. */
int troupe_journal_writer_append (TroupeJournalWriter *writer, TroupeStream stream,
                                  TroupeRecordKind kind, uint64_t time_usec, const void *bytes,
                                  size_t length);

uint64_t troupe_journal_writer_get_stream_bytes (TroupeJournalWriter *writer, TroupeStream stream);
uint64_t troupe_journal_writer_get_lost_bytes (TroupeJournalWriter *writer);

/* Writes a gap that is still pending, if it can, and closes. NULL is allowed. */
void troupe_journal_writer_close (TroupeJournalWriter *writer);
