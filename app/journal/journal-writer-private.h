/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-record.h"
#include "journal/journal-writer.h"

#include <stdbool.h>

/* What the writer's files share: opening (journal-open.c), repairing what is found there
 * (journal-repair.c), appending (journal-writer.c), also many pieces at once (journal-pieces.c),
 * asking for room on disk (journal-reserve.c), deleting what is oldest (journal-prune.c). */

typedef struct
{
  int fd; /* of the data segment last written, -1 */
  uint64_t segment;
  uint64_t bytes, rows; /* named by records so far */
  bool open_line;       /* the last byte was no newline */
  uint64_t reserved_end; /* up to here in its segment there is room on disk, 0: nobody asked */

  /* A gap that is not in the index yet, and one that is and may still grow. */
  uint64_t gap_pending_bytes;
  uint64_t gap_pending_time;
  bool gap_written;
  uint64_t gap_number;
  TroupeIndexRecord gap;
} TroupeWriterColumn;

struct _TroupeJournalWriter
{
  int dir_fd;
  int index_fd;       /* of the newest index segment, locked; -1 until a fresh log has something to say */
  bool header_is_due; /* the newest index segment has none yet */
  TroupeIndexHeader header;
  TroupeWriterColumn columns[TROUPE_JOURNAL_COLUMNS];
  uint64_t n_records;
  uint64_t last_time_usec;
  uint64_t lost_bytes;
  uint64_t limit_bytes;
  bool asked_file_system, can_reserve;
};

/* Makes the index of a log that was opened as fresh, unless it is there. */
int troupe_writer_ensure_index (TroupeJournalWriter *writer);

/* Makes sure that the segment for the next byte of COLUMN is open. */
int troupe_writer_open_data (TroupeJournalWriter *writer, int column);

/* Writes the header of an index segment into FD. */
int troupe_writer_write_header (int fd, const TroupeIndexHeader *header);

/* Records that go into the index with one write; 1 MiB of bytes. */
#define TROUPE_WRITER_BATCH 16

/* As much of the bytes, and of a newline after them, as the file takes at OFFSET. Bytes
 * written; sets *ERROR when that is not all. */
size_t troupe_writer_write_fully (int fd, const uint8_t *bytes, size_t n, bool with_newline, uint64_t offset,
                                  int *error);

/* Asks for room on disk for the next N bytes of COLUMN, and for more that may come. */
void troupe_writer_reserve (TroupeJournalWriter *writer, int column, size_t n);
/* Gives back what was not used of it. */
void troupe_writer_release (TroupeJournalWriter *writer, int column);

/* A record with the state of the log before it. */
void troupe_writer_init_record (TroupeJournalWriter *writer, int column, TroupeRecordKind kind,
                                uint64_t time_usec, TroupeIndexRecord *record);

/* Writes at most TROUPE_WRITER_BATCH records from WRITER->n_records on, as many as fit into one segment.
 * Returns how many are whole in the index, at least one, or a negative errno. */
int troupe_writer_write_records (TroupeJournalWriter *writer, const TroupeIndexRecord *records, int n);

/* Writes COLUMN's pending gap, if there is one. */
int troupe_writer_write_gap (TroupeJournalWriter *writer, int column);

/* Names the N bytes at BYTES, which stand in COLUMN's file already, in the index.
 * WITH_NEWLINE: one more byte follows them, a newline. Sets *NAMED to how many bytes (with that
 * newline) have a record now, and moves the column there. */
int troupe_writer_name_bytes (TroupeJournalWriter *writer, int column, TroupeRecordKind kind,
                              uint64_t time_usec, const uint8_t *bytes, size_t n, bool with_newline,
                              size_t *named);

/* Records N bytes of COLUMN as lost, now or as soon as it can be. */
int troupe_writer_lose (TroupeJournalWriter *writer, int column, uint64_t time_usec, uint64_t n);

/* Brings a log that exists, whose newest index segment is open, to where writing can go on. */
int troupe_writer_repair (TroupeJournalWriter *writer);

/* Deletes the oldest segments while the log is over its limit. */
void troupe_writer_prune (TroupeJournalWriter *writer);
