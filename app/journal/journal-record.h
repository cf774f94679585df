/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of an index, packed and unpacked (see journal-format.h).
 *
 * Private to the journal folder. Pure: opens nothing, waits for nothing. */

#define TROUPE_JOURNAL_COLUMNS 3
#define TROUPE_JOURNAL_SLOT_SIZE 64
#define TROUPE_JOURNAL_HEADER_SIZE 128
#define TROUPE_JOURNAL_RECORD_MAX (64 * 1024) /* bytes that one record names */

/* Segments outside these bounds are no segments of ours. */
#define TROUPE_JOURNAL_SEGMENT_MIN 256
#define TROUPE_JOURNAL_SEGMENT_MAX (UINT64_C (1) << 47)
#define TROUPE_JOURNAL_SEGMENT_RECORDS_MAX (UINT64_C (1) << 41)

enum
{
  TROUPE_RECORD_FLAG_STARTS_LINE = 1,
  /* After the record, column C stands inside a line. */
  TROUPE_RECORD_FLAG_OPEN_0 = 2,
  TROUPE_RECORD_FLAGS_OPEN = 2 | 4 | 8,
};

#define TROUPE_RECORD_FLAG_OPEN(column) (TROUPE_RECORD_FLAG_OPEN_0 << (column))

typedef struct
{
  uint64_t time_usec;
  uint64_t length;
  uint32_t rows;
  uint8_t stream;
  uint8_t kind;
  uint8_t flags;
  uint64_t bytes_before[TROUPE_JOURNAL_COLUMNS];
  uint64_t rows_before[TROUPE_JOURNAL_COLUMNS];
} TroupeIndexRecord;

typedef struct
{
  TroupeLog log;
  uint64_t segment_bytes;
  uint64_t segment_records;
  uint64_t segment;
  uint64_t first_index_segment;
  uint64_t first_data_segment[TROUPE_JOURNAL_COLUMNS];
} TroupeIndexHeader;

typedef enum
{
  TROUPE_HEADER_OK,
  TROUPE_HEADER_DAMAGED,
  TROUPE_HEADER_NEWER, /* of a version we do not know */
} TroupeHeaderVerdict;

/* The column of STREAM in LOG, -1 when the log has no such stream. */
int troupe_log_get_column (TroupeLog log, unsigned stream);
/* The stream in column COLUMN of LOG, -1 when there is none. */
int troupe_log_get_stream (TroupeLog log, unsigned column);
/* Streams whose every append is whole lines: messages and events. */
bool troupe_stream_is_lines (unsigned stream);
/* What bytes of STREAM are that no record names. */
TroupeRecordKind troupe_stream_get_default_kind (unsigned stream);

void troupe_index_record_pack (const TroupeIndexRecord *record, uint64_t number,
                               uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE]);
/* False when SLOT is not whole, not record NUMBER of LOG, or says what no writer says. */
bool troupe_index_record_unpack (TroupeLog log, uint64_t number, const uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE],
                                 TroupeIndexRecord *out);
/* Puts a good check on SLOT, whatever it holds. For tests and fuzzing. */
void troupe_index_record_seal (uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE], uint64_t number);

void troupe_index_header_pack (const TroupeIndexHeader *header, uint8_t bytes[TROUPE_JOURNAL_HEADER_SIZE]);
TroupeHeaderVerdict troupe_index_header_unpack (TroupeLog log, uint64_t segment, const uint8_t *bytes,
                                                size_t length, TroupeIndexHeader *out);
/* Only the half that changes; false when its check does not hold, and OUT is left alone. */
bool troupe_index_header_unpack_firsts (const uint8_t bytes[TROUPE_JOURNAL_SLOT_SIZE],
                                        TroupeIndexHeader *out);
void troupe_index_header_seal (uint8_t bytes[TROUPE_JOURNAL_HEADER_SIZE]);
