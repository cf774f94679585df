/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stdint.h>

/* What a journal looks like on disk.
 *
 * A run's folder holds two logs, each with exactly one writer and any number
 * of readers:
 *
 *   output    by the keeper: streams stdout, stderr, events
 *   activity  by the engine: streams messages, events
 *
 * Each log is an index and one data file per stream:
 *
 *   LOG.index         the index: a header, then fixed-size records
 *   stdout, stderr    exact bytes as the run wrote them
 *   messages          one JSON text a line
 *   LOG.events        one JSON object a line
 *
 * Beside them stands `status`, one page of text (run-status.h). A file comes to be with its first
 * byte, the index with the first byte of any: a run that never wrote to its standard error has no
 * `stderr`. An index segment gets its header with its first record, and is empty until then.
 *
 * Segments
 * --------
 * Each of these files is the first of a row of segments, so that the oldest
 * bytes can go while the newest come: segment 0 has the plain name, segment N
 * is NAME.N. All data segments of a log have the same size S (the last one of
 * a stream is still growing), so byte OFFSET of a stream is byte OFFSET % S of
 * segment OFFSET / S. Likewise record R is record R % K of index segment R / K.
 * Without a limit S and K are so large that there is one segment only. A
 * segment is deleted after the index header says that it is gone; offsets,
 * record and row numbers keep counting from the start of the run.
 *
 * Index header
 * ------------
 * Each index segment starts with 128 bytes, two slots of 64. All numbers are
 * little-endian. The first slot never changes:
 *
 *     0  8  "TrpIndx\n"
 *     8  4  version, 1
 *    12  4  size of the header, 128
 *    16  4  size of a record, 64
 *    20  4  log (TroupeLog)
 *    24  8  S, bytes of a data segment
 *    32  8  K, records of an index segment
 *    40  8  number of this index segment
 *    48 12  0
 *    60  4  check
 *
 * The second is written again, in the newest segment, when old segments go:
 *
 *    64  8  first index segment that is left
 *    72 24  first data segment that is left, of each column (below)
 *    96 28  0
 *   124  4  check
 *
 * Records
 * -------
 * A record names up to 64 KiB of one stream that came at one time; more than
 * that is several records with the same time. No record crosses the end of a
 * segment. Each holds the state of the whole log before it, so the row, byte or
 * time one looks for is found by binary search with nothing else read, and
 * so the last record is all that a writer has to know to go on.
 *
 *     0  8  time, microseconds since 1970; never less than the record before
 *     8  8  length: bytes named; of a gap, bytes lost
 *    16  4  rows: line starts in these bytes; of a gap, 1
 *    20  1  stream (TroupeStream)
 *    21  1  kind (TroupeRecordKind)
 *    22  1  flags: 1 the first byte starts a line (or this is a gap);
 *           2, 4, 8 after this record column 0, 1, 2 stands inside a line
 *    23  1  version of the record, 1
 *    24 12  bytes of column 0, 1, 2 before this record, low 32 bits
 *    36 12  rows of column 0, 1, 2 before this record, low 32 bits
 *    48  6  bytes of column 0, 1, 2, high 16 bits
 *    54  6  rows of column 0, 1, 2, high 16 bits
 *    60  4  check
 *
 * A column is the place of a stream in its log: output has stdout, stderr,
 * events as columns 0, 1, 2; activity has messages, events as 0, 1.
 *
 * A line starts at the first byte of a stream, after each newline, and after a
 * gap. The line start behind a record's last newline belongs to the record that
 * brings the next byte.
 *
 * A gap (TROUPE_RECORD_LOST) says that bytes which belong here were not kept. It
 * takes no bytes in the data file, and ends the line before it. While
 * the gap lasts its length is written again in place; this is the only
 * record that ever changes.
 *
 * The check is over the slot's first 60 bytes: start with the slot's number
 * (of a record: its number in the run; of header slots: 2^63 and 2^63 + 1),
 * and for each of seven 8-byte words and the last 4-byte word
 *
 *   check = (check XOR word) * 0x9e3779b97f4a7c15, check = check XOR (check >> 32)
 *
 * of which the low 32 bits are kept.
 *
 * After a crash
 * -------------
 * Bytes are written before the record that names them, a record is one slot,
 * and nothing but the two cases above is written twice. So whatever was written
 * last, this holds:
 *
 *   - A torn or foreign record at the end (its check does not hold) is not there.
 *   - Bytes in a data file beyond what records name are real. A reader shows them
 *     as trailing records; a writer that opens the log writes those records. Their
 *     time is the file's time of modification. A message or event that lacks its
 *     newline gets one. Whether a message was sent or received stands in its record alone, so
 *     a reader waits a second for that before it shows the bytes, as received.
 *   - An index segment whose header is torn is not there. When it is the only one
 *     all bytes of the first segment are trailing.
 *   - A data file shorter than its records say (power loss, a foreign hand) reads
 *     as a gap; a writer that opens the log records it as one.
 *
 * A log of a version we do not know is left alone. */

#define TROUPE_JOURNAL_VERSION 1

typedef enum
{
  TROUPE_LOG_OUTPUT,
  TROUPE_LOG_ACTIVITY,
} TroupeLog;

typedef enum
{
  TROUPE_STREAM_STDOUT,
  TROUPE_STREAM_STDERR,
  TROUPE_STREAM_MESSAGES,
  TROUPE_STREAM_EVENTS,
} TroupeStream;

#define TROUPE_N_STREAMS 4

/* Streams as a set, for readers. */
#define TROUPE_STREAM_MASK(stream) (1u << (stream))
#define TROUPE_STREAM_MASK_ALL 0xfu

typedef enum
{
  TROUPE_RECORD_DATA,     /* stdout, stderr: bytes as they came */
  TROUPE_RECORD_LOST,     /* a gap: `length` bytes were not kept, nothing in the data file */
  TROUPE_RECORD_SENT,     /* messages: from us to the worker */
  TROUPE_RECORD_RECEIVED, /* messages: from the worker */
  TROUPE_RECORD_INVALID,  /* messages: a line from the worker that is no JSON */
  TROUPE_RECORD_EVENT,    /* events */
  TROUPE_RECORD_ROUTED,   /* messages: from another worker, passed on to this one: its name, a tab, the text */
} TroupeRecordKind;

#define TROUPE_RECORD_KIND_LAST TROUPE_RECORD_ROUTED
