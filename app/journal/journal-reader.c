/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Rows of a log: which record a row starts in comes from the index, where in the
 * record it starts from its bytes, where it ends from the next row of its stream.
 *
 * One record's bytes are kept, with the place of every sixteenth line in it, and the last
 * record found; so rows asked for one after the other, forwards or backwards,
 * cost one read of 64 KiB for as many as stand in it. */

#include "journal/journal-reader.h"

#include "journal/journal-count.h"
#include "journal/journal-index.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MARK_EVERY 16
#define MARKS_MAX (TROUPE_JOURNAL_RECORD_MAX / MARK_EVERY)
/* Read at once while looking for the first newline of a record. */
#define PEEK_SIZE 4096

/* The bytes of one record. */
typedef struct
{
  int column; /* -1: nothing */
  uint64_t offset;
  uint32_t length;
  bool starts_line;
  uint32_t n_marked;         /* lines whose start is known */
  uint16_t marks[MARKS_MAX]; /* start of line 0, 16, 32, … */
  uint32_t frontier;         /* start of line n_marked - 1 */
  uint8_t bytes[TROUPE_JOURNAL_RECORD_MAX];
} Chunk;

struct _TroupeJournalReader
{
  TroupeIndex index;
  unsigned hint_columns; /* the record that the last row was in */
  uint64_t hint_number;
  Chunk chunk;
};

static unsigned
get_columns (TroupeJournalReader *reader, unsigned mask)
{
  unsigned columns = 0;

  for (unsigned stream = 0; stream < TROUPE_N_STREAMS; stream++)
    {
      int column = troupe_log_get_column (reader->index.log, stream);

      if (column >= 0 && mask & TROUPE_STREAM_MASK (stream))
        columns |= 1u << column;
    }
  return columns;
}

static int
get_record_column (TroupeJournalReader *reader, const TroupeIndexRecord *record)
{
  return troupe_log_get_column (reader->index.log, record->stream);
}

int
troupe_journal_reader_open (const char *dir, TroupeLog log, TroupeJournalReader **out)
{
  TroupeJournalReader *reader = calloc (1, sizeof *reader);
  int error;

  if (reader == NULL)
    return -ENOMEM;
  error = troupe_index_open (&reader->index, dir, log);
  if (error < 0)
    {
      free (reader);
      return error;
    }
  troupe_journal_reader_refresh (reader);
  *out = reader;
  return 0;
}

void
troupe_journal_reader_close (TroupeJournalReader *reader)
{
  if (reader == NULL)
    return;
  troupe_index_close (&reader->index);
  free (reader);
}

bool
troupe_journal_reader_refresh (TroupeJournalReader *reader)
{
  reader->chunk.column = -1;
  reader->hint_columns = 0;
  return troupe_index_refresh (&reader->index, reader->chunk.bytes);
}

/* Rows before record NUMBER, or all when it is the end. */
static uint64_t
count_rows_before (TroupeJournalReader *reader, unsigned columns, uint64_t number)
{
  TroupeIndexRecord record;
  uint64_t rows = 0;

  /* A damaged record has no say; the next one knows the count behind it. */
  for (int i = 0; i < TROUPE_INDEX_PAGE_RECORDS && number < reader->index.end; i++, number++)
    if (troupe_index_get_record (&reader->index, number, &record))
      return troupe_index_record_get_key (&record, TROUPE_KEY_ROWS, columns);
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    if (columns & 1u << i)
      rows += reader->index.columns[i].rows_end;
  return rows;
}

uint64_t
troupe_journal_reader_get_end (TroupeJournalReader *reader, unsigned mask)
{
  return count_rows_before (reader, get_columns (reader, mask), reader->index.end);
}

static uint64_t
get_begin_record (TroupeJournalReader *reader, unsigned columns)
{
  uint64_t begin = reader->index.begin;

  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    if (columns & 1u << i && begin < reader->index.columns[i].begin_record)
      begin = reader->index.columns[i].begin_record;
  return begin;
}

static uint64_t
get_begin_row (TroupeJournalReader *reader, unsigned columns)
{
  uint64_t begin = get_begin_record (reader, columns);
  uint64_t row, end;

  if (begin == 0)
    return 0;
  row = count_rows_before (reader, columns, begin);
  end = count_rows_before (reader, columns, reader->index.end);
  return row < end ? row : end;
}

uint64_t
troupe_journal_reader_get_begin (TroupeJournalReader *reader, unsigned mask)
{
  return get_begin_row (reader, get_columns (reader, mask));
}

/* Whether ROW, counted over COLUMNS, starts in RECORD. */
static bool
record_has_row (TroupeJournalReader *reader, unsigned columns, const TroupeIndexRecord *record, uint64_t row)
{
  uint64_t before = troupe_index_record_get_key (record, TROUPE_KEY_ROWS, columns);

  return columns & 1u << get_record_column (reader, record) && row >= before && row - before < record->rows;
}

/* The record that ROW starts in, looked for from record FROM on. */
static bool
find_row_record (TroupeJournalReader *reader, unsigned columns, uint64_t row, uint64_t from, uint64_t *number,
                 TroupeIndexRecord *record)
{
  uint64_t above;

  /* Mostly it is the record that the last row was in, or one close behind it. */
  for (uint64_t i = from; i < from + 2; i++)
    if (troupe_index_get_record (&reader->index, i, record) && record_has_row (reader, columns, record, row))
      {
        *number = i;
        return true;
      }
  above = troupe_index_find_above (&reader->index, reader->index.begin, TROUPE_KEY_ROWS, columns, row);
  if (above <= reader->index.begin)
    return false;
  *number = above - 1;
  return troupe_index_get_record (&reader->index, *number, record) &&
         record_has_row (reader, columns, record, row);
}

/* Brings RECORD's bytes into the chunk. False when their file is gone. */
static bool
load_chunk (TroupeJournalReader *reader, const TroupeIndexRecord *record)
{
  Chunk *chunk = &reader->chunk;
  int column = get_record_column (reader, record);
  uint64_t offset = record->bytes_before[column];
  ssize_t n;

  if (chunk->column == column && chunk->offset == offset && chunk->length == record->length)
    return true;
  chunk->column = -1;
  n = troupe_index_read_bytes (&reader->index, column, offset, chunk->bytes, (size_t) record->length);
  if (n == -ENOENT)
    return false;
  chunk->column = column;
  chunk->offset = offset;
  chunk->length = n > 0 ? (uint32_t) n : 0;
  chunk->starts_line = record->flags & TROUPE_RECORD_FLAG_STARTS_LINE;
  chunk->n_marked = 0;
  return true;
}

/* Where the line after the one that goes on at POSITION starts; false when none does. */
static bool
chunk_next_line (const Chunk *chunk, uint32_t position, uint32_t *next)
{
  const uint8_t *newline;

  if (position >= chunk->length)
    return false;
  newline = memchr (chunk->bytes + position, '\n', chunk->length - position);
  if (newline == NULL || newline + 1 >= chunk->bytes + chunk->length)
    return false;
  *next = (uint32_t) (newline + 1 - chunk->bytes);
  return true;
}

/* Where line K of the chunk starts; false when it has fewer. */
static bool
chunk_find_line (Chunk *chunk, uint32_t k, uint32_t *start)
{
  uint32_t line;

  if (chunk->length == 0)
    return false;
  if (chunk->n_marked == 0)
    {
      chunk->frontier = 0;
      if (!chunk->starts_line && !chunk_next_line (chunk, 0, &chunk->frontier))
        return false;
      chunk->marks[0] = (uint16_t) chunk->frontier;
      chunk->n_marked = 1;
    }
  while (chunk->n_marked <= k)
    {
      if (!chunk_next_line (chunk, chunk->frontier, &chunk->frontier))
        return false;
      if (chunk->n_marked % MARK_EVERY == 0)
        chunk->marks[chunk->n_marked / MARK_EVERY] = (uint16_t) chunk->frontier;
      chunk->n_marked++;
    }
  if (k == chunk->n_marked - 1)
    {
      *start = chunk->frontier;
      return true;
    }
  *start = chunk->marks[k / MARK_EVERY];
  for (line = k - k % MARK_EVERY; line < k; line++)
    if (!chunk_next_line (chunk, *start, start))
      return false;
  return true;
}

/* Where the first line that starts in RECORD does. */
static uint64_t
find_first_line (TroupeJournalReader *reader, const TroupeIndexRecord *record)
{
  int column = get_record_column (reader, record);
  uint64_t offset = record->bytes_before[column];
  uint64_t done = 0;

  if (record->flags & TROUPE_RECORD_FLAG_STARTS_LINE || record->kind == TROUPE_RECORD_LOST)
    return offset;
  while (done < record->length)
    {
      uint8_t bytes[PEEK_SIZE];
      size_t size = record->length - done < sizeof bytes ? (size_t) (record->length - done) : sizeof bytes;
      ssize_t n = troupe_index_read_bytes (&reader->index, column, offset + done, bytes, size);
      const uint8_t *newline;

      if (n <= 0)
        break;
      newline = memchr (bytes, '\n', (size_t) n);
      if (newline != NULL)
        return offset + done + (uint64_t) (newline + 1 - bytes);
      done += (uint64_t) n;
    }
  return offset + done;
}

/* Where the last line ends that starts in record NUMBER, which is row ROW_IN_STREAM of its stream:
 * behind its newline, if it has one. */
static uint64_t
find_line_end (TroupeJournalReader *reader, const TroupeIndexRecord *record, uint64_t number,
               uint64_t row_in_stream)
{
  int column = get_record_column (reader, record);
  const TroupeIndexColumn *target = &reader->index.columns[column];
  TroupeIndexRecord next;
  uint64_t next_number;

  if (row_in_stream + 1 >= target->rows_end)
    return target->bytes_end;
  if (find_row_record (reader, 1u << column, row_in_stream + 1, number + 1, &next_number, &next))
    return find_first_line (reader, &next);
  /* The index is damaged, or gone since the last refresh: what stands in this record is certain. */
  return record->bytes_before[column] + record->length;
}

static bool
is_newline (TroupeJournalReader *reader, int column, uint64_t offset)
{
  const Chunk *chunk = &reader->chunk;
  uint8_t byte;

  if (chunk->column == column && offset >= chunk->offset && offset - chunk->offset < chunk->length)
    return chunk->bytes[offset - chunk->offset] == '\n';
  return troupe_index_read_bytes (&reader->index, column, offset, &byte, 1) == 1 && byte == '\n';
}

/* Fills OUT with line K of RECORD. False when its bytes are gone. */
static bool
get_line (TroupeJournalReader *reader, uint64_t number, const TroupeIndexRecord *record, uint32_t k,
          TroupeJournalRow *out)
{
  int column = get_record_column (reader, record);
  uint64_t offset = record->bytes_before[column];
  uint64_t end;
  uint32_t start, next;

  out->time_usec = record->time_usec;
  out->stream = record->stream;
  out->kind = record->kind;
  out->offset = offset;
  out->length = record->length;
  out->complete = true;
  if (record->kind == TROUPE_RECORD_LOST)
    return true;

  if (!load_chunk (reader, record))
    return false;
  /* A damaged index may name bytes past what it says the stream's end is. */
  if (!chunk_find_line (&reader->chunk, k, &start) || offset + start > reader->index.columns[column].bytes_end)
    {
      out->kind = TROUPE_RECORD_LOST;
      return true;
    }
  out->offset = offset + start;
  if (k + 1 < record->rows && chunk_find_line (&reader->chunk, k + 1, &next))
    end = offset + next;
  else
    end = find_line_end (reader, record, number, record->rows_before[column] + k);
  if (end > reader->index.columns[column].bytes_end)
    end = reader->index.columns[column].bytes_end;
  out->length = end > out->offset ? end - out->offset : 0;
  out->complete = out->length > 0 && is_newline (reader, column, end - 1);
  if (out->complete)
    out->length--;
  return true;
}

bool
troupe_journal_reader_get_row (TroupeJournalReader *reader, unsigned mask, uint64_t row,
                               TroupeJournalRow *out)
{
  unsigned columns = get_columns (reader, mask);
  TroupeIndexRecord record;
  uint64_t number;
  uint64_t k;

  if (row < get_begin_row (reader, columns) || row >= count_rows_before (reader, columns, reader->index.end))
    return false;
  if (!find_row_record (reader, columns, row, reader->hint_columns == columns ? reader->hint_number : 0,
                        &number, &record))
    {
      /* The index is damaged here: a gap of unknown length. */
      memset (out, 0, sizeof *out);
      for (int i = TROUPE_JOURNAL_COLUMNS - 1; i >= 0; i--)
        if (columns & 1u << i)
          out->stream = (TroupeStream) troupe_log_get_stream (reader->index.log, (unsigned) i);
      out->kind = TROUPE_RECORD_LOST;
      out->complete = true;
      return true;
    }
  reader->hint_columns = columns;
  reader->hint_number = number;
  k = row - troupe_index_record_get_key (&record, TROUPE_KEY_ROWS, columns);
  return get_line (reader, number, &record, (uint32_t) k, out);
}

uint64_t
troupe_journal_reader_find_time (TroupeJournalReader *reader, unsigned mask, uint64_t time_usec)
{
  unsigned columns = get_columns (reader, mask);
  uint64_t begin = get_begin_row (reader, columns);
  uint64_t number, row;

  if (time_usec == 0)
    return begin;
  number = troupe_index_find_above (&reader->index, reader->index.begin, TROUPE_KEY_TIME, 0, time_usec - 1);
  row = count_rows_before (reader, columns, number);
  return row > begin ? row : begin;
}

bool
troupe_journal_reader_find_offset (TroupeJournalReader *reader, unsigned mask, TroupeStream stream,
                                   uint64_t offset, uint64_t *row)
{
  TroupeIndex *index = &reader->index;
  unsigned columns = get_columns (reader, mask);
  int column = troupe_log_get_column (index->log, stream);
  TroupeIndexRecord record;
  uint64_t number, row_in_stream, result;
  uint32_t in_record, k;

  if (column < 0 || !(columns & 1u << column) || offset < index->columns[column].bytes_begin ||
      offset >= index->columns[column].bytes_end)
    return false;
  number = troupe_index_find_above (index, index->begin, TROUPE_KEY_BYTES, 1u << column, offset);
  if (number <= index->begin || !troupe_index_get_record (index, number - 1, &record) ||
      get_record_column (reader, &record) != column || record.kind == TROUPE_RECORD_LOST ||
      offset - record.bytes_before[column] >= record.length || !load_chunk (reader, &record))
    return false;

  /* Lines that start in the record up to OFFSET: at its first byte and behind each newline. */
  in_record = (uint32_t) (offset - record.bytes_before[column]);
  if (in_record >= reader->chunk.length)
    return false;
  k = (uint32_t) troupe_count_newlines (reader->chunk.bytes, in_record) +
      ((record.flags & TROUPE_RECORD_FLAG_STARTS_LINE) != 0);
  row_in_stream = record.rows_before[column] + k;
  if (row_in_stream == 0)
    return false;
  row_in_stream--;
  if (k > 0)
    result = troupe_index_record_get_key (&record, TROUPE_KEY_ROWS, columns) + k - 1;
  else
    {
      /* The line started in a record before. */
      if (!find_row_record (reader, 1u << column, row_in_stream, index->begin, &number, &record))
        return false;
      result = troupe_index_record_get_key (&record, TROUPE_KEY_ROWS, columns) +
               (row_in_stream - record.rows_before[column]);
    }
  if (result < get_begin_row (reader, columns) || result >= count_rows_before (reader, columns, index->end))
    return false;
  *row = result;
  return true;
}

uint64_t
troupe_journal_reader_get_stream_begin (TroupeJournalReader *reader, TroupeStream stream)
{
  int column = troupe_log_get_column (reader->index.log, stream);

  return column >= 0 ? reader->index.columns[column].bytes_begin : 0;
}

uint64_t
troupe_journal_reader_get_stream_end (TroupeJournalReader *reader, TroupeStream stream)
{
  int column = troupe_log_get_column (reader->index.log, stream);

  return column >= 0 ? reader->index.columns[column].bytes_end : 0;
}

ssize_t
troupe_journal_reader_read (TroupeJournalReader *reader, TroupeStream stream, uint64_t offset, void *buffer,
                            size_t size)
{
  int column = troupe_log_get_column (reader->index.log, stream);
  const TroupeIndexColumn *target;

  if (column < 0)
    return 0;
  target = &reader->index.columns[column];
  if (offset < target->bytes_begin || offset >= target->bytes_end)
    return 0;
  if (size > target->bytes_end - offset)
    size = (size_t) (target->bytes_end - offset);
  if (size > SSIZE_MAX)
    size = SSIZE_MAX;
  return troupe_index_read_bytes (&reader->index, column, offset, buffer, size);
}

uint64_t
troupe_journal_reader_get_record_begin (TroupeJournalReader *reader)
{
  return reader->index.begin;
}

uint64_t
troupe_journal_reader_get_record_end (TroupeJournalReader *reader)
{
  return reader->index.end;
}

bool
troupe_journal_reader_get_record (TroupeJournalReader *reader, uint64_t number, TroupeJournalRecord *out)
{
  TroupeIndexRecord record;

  if (!troupe_index_get_record (&reader->index, number, &record))
    return false;
  out->time_usec = record.time_usec;
  out->offset = record.bytes_before[get_record_column (reader, &record)];
  out->length = record.length;
  out->stream = record.stream;
  out->kind = record.kind;
  return true;
}
