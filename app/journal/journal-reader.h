/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads one log of a run (see journal-format.h), also while it is written.
 *
 * Plain C, libc only, pread and never mmap (a file that shrinks must not be a
 * SIGBUS). A reader belongs to one thread at a time; open as many as wanted. Its
 * memory is a small constant, however long the log. Whatever the files hold,
 * a reader never crashes or loops: damage reads as an end or a gap.
 *
 * A *row* is a line: it belongs to the record in which its first byte stands,
 * and rows are ordered by record, so a row's number never changes. MASK says
 * which streams count (TROUPE_STREAM_MASK); rows are numbered within the mask, from 0
 * at the start of the run. When old segments were deleted the first rows are
 * gone, and numbering stays. A gap (TROUPE_RECORD_LOST) and an event are one row
 * each. Every row lookup costs O(log records) small preads. */

typedef struct _TroupeJournalReader TroupeJournalReader;

typedef struct
{
  uint64_t time_usec; /* of the record its first byte stands in */
  uint64_t offset;    /* in its stream */
  uint64_t length;    /* bytes, without the newline; of a gap: bytes lost */
  TroupeStream stream;
  TroupeRecordKind kind;
  bool complete; /* ended by a newline; false for the growing last line */
} TroupeJournalRow;

typedef struct
{
  uint64_t time_usec;
  uint64_t offset;
  uint64_t length;
  TroupeStream stream;
  TroupeRecordKind kind;
} TroupeJournalRecord;

/* Opens the log in run folder DIR. Returns 0, -ENOENT when it does not exist (yet),
 * -EPROTONOSUPPORT when it was written by a newer version, or another negative errno. */
int troupe_journal_reader_open (const char *dir, TroupeLog log, TroupeJournalReader **out);
void troupe_journal_reader_close (TroupeJournalReader *reader);

/* Looks at the files again. True when rows or bytes were added or dropped
 * since the last time. All other functions speak of the state then. Cheap: a stat or two. */
bool troupe_journal_reader_refresh (TroupeJournalReader *reader);

/* Rows [begin, end) can be read. */
uint64_t troupe_journal_reader_get_begin (TroupeJournalReader *reader, unsigned mask);
uint64_t troupe_journal_reader_get_end (TroupeJournalReader *reader, unsigned mask);
bool troupe_journal_reader_get_row (TroupeJournalReader *reader, unsigned mask, uint64_t row,
                                    TroupeJournalRow *out);

/* The first row whose time is TIME_USEC or later; get_end() when there is none. */
uint64_t troupe_journal_reader_find_time (TroupeJournalReader *reader, unsigned mask,
                                          uint64_t time_usec);

/* The row number, within MASK, of the row of STREAM that holds byte OFFSET (to go from
 * a search hit in the bytes to its row). False when that byte is not there. */
bool troupe_journal_reader_find_offset (TroupeJournalReader *reader, unsigned mask,
                                        TroupeStream stream, uint64_t offset, uint64_t *row);

/* Bytes [begin, end) of a stream can be read. Returns bytes read, fewer at the end,
 * 0 outside, or a negative errno. */
uint64_t troupe_journal_reader_get_stream_begin (TroupeJournalReader *reader, TroupeStream stream);
uint64_t troupe_journal_reader_get_stream_end (TroupeJournalReader *reader, TroupeStream stream);
ssize_t troupe_journal_reader_read (TroupeJournalReader *reader, TroupeStream stream, uint64_t offset,
                                    void *buffer, size_t size);

/* Records in order of writing, [begin, end), to replay a run exactly. */
uint64_t troupe_journal_reader_get_record_begin (TroupeJournalReader *reader);
uint64_t troupe_journal_reader_get_record_end (TroupeJournalReader *reader);
bool troupe_journal_reader_get_record (TroupeJournalReader *reader, uint64_t index,
                                       TroupeJournalRecord *out);
