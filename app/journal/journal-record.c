/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Packing and unpacking of index slots. Whatever unpack lets through is safe to
 * compute with: lengths and rows are bounded, offsets stay below 2^48. */

#include "journal/journal-record.h"

#include <endian.h>
#include <string.h>

#define RECORD_VERSION 1
#define CHECK_OFFSET 60
#define HEADER_SLOT_NUMBER (UINT64_C (1) << 63)

static const char magic[8] = { 'T', 'r', 'p', 'I', 'n', 'd', 'x', '\n' };

static void
put_u16 (uint8_t *bytes, uint64_t value)
{
  uint16_t packed = htole16 ((uint16_t) value);

  memcpy (bytes, &packed, sizeof packed);
}

static void
put_u32 (uint8_t *bytes, uint64_t value)
{
  uint32_t packed = htole32 ((uint32_t) value);

  memcpy (bytes, &packed, sizeof packed);
}

static void
put_u64 (uint8_t *bytes, uint64_t value)
{
  uint64_t packed = htole64 (value);

  memcpy (bytes, &packed, sizeof packed);
}

static uint16_t
get_u16 (const uint8_t *bytes)
{
  uint16_t packed;

  memcpy (&packed, bytes, sizeof packed);
  return le16toh (packed);
}

static uint32_t
get_u32 (const uint8_t *bytes)
{
  uint32_t packed;

  memcpy (&packed, bytes, sizeof packed);
  return le32toh (packed);
}

static uint64_t
get_u64 (const uint8_t *bytes)
{
  uint64_t packed;

  memcpy (&packed, bytes, sizeof packed);
  return le64toh (packed);
}

static uint32_t
compute_check (const uint8_t *slot, uint64_t number)
{
  uint64_t check = number;

  for (int i = 0; i < CHECK_OFFSET; i += 8)
    {
      uint64_t word = i + 8 <= CHECK_OFFSET ? get_u64 (slot + i) : get_u32 (slot + i);

      check = (check ^ word) * UINT64_C (0x9e3779b97f4a7c15);
      check ^= check >> 32;
    }
  return (uint32_t) check;
}

static bool
check_holds (const uint8_t *slot, uint64_t number)
{
  return get_u32 (slot + CHECK_OFFSET) == compute_check (slot, number);
}

int
troupe_log_get_column (TroupeLog log, unsigned stream)
{
  for (unsigned column = 0; column < TROUPE_JOURNAL_COLUMNS; column++)
    if (troupe_log_get_stream (log, column) == (int) stream)
      return (int) column;
  return -1;
}

int
troupe_log_get_stream (TroupeLog log, unsigned column)
{
  static const int streams[2][TROUPE_JOURNAL_COLUMNS] = {
    [TROUPE_LOG_OUTPUT] = { TROUPE_STREAM_STDOUT, TROUPE_STREAM_STDERR, TROUPE_STREAM_EVENTS },
    [TROUPE_LOG_ACTIVITY] = { TROUPE_STREAM_MESSAGES, TROUPE_STREAM_EVENTS, -1 },
  };

  if ((unsigned) log > TROUPE_LOG_ACTIVITY || column >= TROUPE_JOURNAL_COLUMNS)
    return -1;
  return streams[log][column];
}

bool
troupe_stream_is_lines (unsigned stream)
{
  return stream == TROUPE_STREAM_MESSAGES || stream == TROUPE_STREAM_EVENTS;
}

TroupeRecordKind
troupe_stream_get_default_kind (unsigned stream)
{
  if (stream == TROUPE_STREAM_MESSAGES)
    return TROUPE_RECORD_RECEIVED;
  if (stream == TROUPE_STREAM_EVENTS)
    return TROUPE_RECORD_EVENT;
  return TROUPE_RECORD_DATA;
}

void
troupe_index_record_seal (uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE], uint64_t number)
{
  put_u32 (slot + CHECK_OFFSET, compute_check (slot, number));
}

void
troupe_index_record_pack (const TroupeIndexRecord *record, uint64_t number,
                          uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE])
{
  put_u64 (slot, record->time_usec);
  put_u64 (slot + 8, record->length);
  put_u32 (slot + 16, record->rows);
  slot[20] = record->stream;
  slot[21] = record->kind;
  slot[22] = record->flags;
  slot[23] = RECORD_VERSION;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      put_u32 (slot + 24 + 4 * i, record->bytes_before[i]);
      put_u32 (slot + 36 + 4 * i, record->rows_before[i]);
      put_u16 (slot + 48 + 2 * i, record->bytes_before[i] >> 32);
      put_u16 (slot + 54 + 2 * i, record->rows_before[i] >> 32);
    }
  troupe_index_record_seal (slot, number);
}

bool
troupe_index_record_unpack (TroupeLog log, uint64_t number, const uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE],
                            TroupeIndexRecord *out)
{
  if (slot[23] != RECORD_VERSION || !check_holds (slot, number))
    return false;

  out->time_usec = get_u64 (slot);
  out->length = get_u64 (slot + 8);
  out->rows = get_u32 (slot + 16);
  out->stream = slot[20];
  out->kind = slot[21];
  out->flags = slot[22];
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      out->bytes_before[i] = get_u32 (slot + 24 + 4 * i) | (uint64_t) get_u16 (slot + 48 + 2 * i) << 32;
      out->rows_before[i] = get_u32 (slot + 36 + 4 * i) | (uint64_t) get_u16 (slot + 54 + 2 * i) << 32;
    }

  if (troupe_log_get_column (log, out->stream) < 0 || out->kind > TROUPE_RECORD_KIND_LAST)
    return false;
  if (out->kind == TROUPE_RECORD_LOST)
    return out->rows == 1;
  return out->length > 0 && out->length <= TROUPE_JOURNAL_RECORD_MAX && out->rows <= out->length;
}

void
troupe_index_header_seal (uint8_t bytes[TROUPE_JOURNAL_HEADER_SIZE])
{
  troupe_index_record_seal (bytes, HEADER_SLOT_NUMBER);
  troupe_index_record_seal (bytes + TROUPE_JOURNAL_SLOT_SIZE, HEADER_SLOT_NUMBER + 1);
}

void
troupe_index_header_pack (const TroupeIndexHeader *header, uint8_t bytes[TROUPE_JOURNAL_HEADER_SIZE])
{
  uint8_t *firsts = bytes + TROUPE_JOURNAL_SLOT_SIZE;

  memset (bytes, 0, TROUPE_JOURNAL_HEADER_SIZE);
  memcpy (bytes, magic, sizeof magic);
  put_u32 (bytes + 8, TROUPE_JOURNAL_VERSION);
  put_u32 (bytes + 12, TROUPE_JOURNAL_HEADER_SIZE);
  put_u32 (bytes + 16, TROUPE_JOURNAL_SLOT_SIZE);
  put_u32 (bytes + 20, header->log);
  put_u64 (bytes + 24, header->segment_bytes);
  put_u64 (bytes + 32, header->segment_records);
  put_u64 (bytes + 40, header->segment);
  put_u64 (firsts, header->first_index_segment);
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    put_u64 (firsts + 8 + 8 * i, header->first_data_segment[i]);
  troupe_index_header_seal (bytes);
}

TroupeHeaderVerdict
troupe_index_header_unpack (TroupeLog log, uint64_t segment, const uint8_t *bytes, size_t length,
                            TroupeIndexHeader *out)
{
  if (length < 12 || memcmp (bytes, magic, sizeof magic) != 0)
    return TROUPE_HEADER_DAMAGED;
  if (get_u32 (bytes + 8) > TROUPE_JOURNAL_VERSION)
    return TROUPE_HEADER_NEWER;
  if (length < TROUPE_JOURNAL_HEADER_SIZE || get_u32 (bytes + 8) != TROUPE_JOURNAL_VERSION ||
      !check_holds (bytes, HEADER_SLOT_NUMBER))
    return TROUPE_HEADER_DAMAGED;

  memset (out, 0, sizeof *out);
  out->log = log;
  out->segment_bytes = get_u64 (bytes + 24);
  out->segment_records = get_u64 (bytes + 32);
  out->segment = get_u64 (bytes + 40);
  if (get_u32 (bytes + 12) != TROUPE_JOURNAL_HEADER_SIZE ||
      get_u32 (bytes + 16) != TROUPE_JOURNAL_SLOT_SIZE || get_u32 (bytes + 20) != (uint32_t) log ||
      out->segment != segment || out->segment_bytes < TROUPE_JOURNAL_SEGMENT_MIN ||
      out->segment_bytes > TROUPE_JOURNAL_SEGMENT_MAX || out->segment_records < 1 ||
      out->segment_records > TROUPE_JOURNAL_SEGMENT_RECORDS_MAX ||
      segment > TROUPE_JOURNAL_SEGMENT_RECORDS_MAX / out->segment_records)
    return TROUPE_HEADER_DAMAGED;

  /* A torn second half says nothing about what is gone; the files themselves will. */
  troupe_index_header_unpack_firsts (bytes + TROUPE_JOURNAL_SLOT_SIZE, out);
  return TROUPE_HEADER_OK;
}

bool
troupe_index_header_unpack_firsts (const uint8_t bytes[TROUPE_JOURNAL_SLOT_SIZE], TroupeIndexHeader *out)
{
  uint64_t first_index_segment = get_u64 (bytes);

  if (!check_holds (bytes, HEADER_SLOT_NUMBER + 1) || first_index_segment > out->segment)
    return false;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    if (get_u64 (bytes + 8 + 8 * i) > TROUPE_JOURNAL_SEGMENT_MAX / out->segment_bytes)
      return false;

  out->first_index_segment = first_index_segment;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    out->first_data_segment[i] = get_u64 (bytes + 8 + 8 * i);
  return true;
}
