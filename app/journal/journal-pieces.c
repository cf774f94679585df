/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Appends many short pieces at once. What is out of the ordinary (a long piece, the end of a
 * segment, a disk that takes only part) goes the common way, one append a piece. */

#include "journal/journal-writer-private.h"

#include "journal/journal-count.h"
#include "journal/journal-record.h"

#include <errno.h>
#include <unistd.h>

static int
append_one_by_one (TroupeJournalWriter *writer, TroupeStream stream, const uint8_t *bytes,
                   const TroupeJournalPiece *pieces, size_t n_pieces)
{
  int result = 0;

  for (size_t i = 0; i < n_pieces; bytes += pieces[i++].length)
    {
      int error = troupe_journal_writer_append (writer, stream, pieces[i].kind, pieces[i].time_usec, bytes,
                                                pieces[i].length);

      if (result == 0)
        result = error;
    }
  return result;
}

/* TRUE when each piece is one record and all stand in the current data segment. Sets *TOTAL. */
static bool
are_ordinary (TroupeJournalWriter *writer, int column, const uint8_t *bytes, const TroupeJournalPiece *pieces,
              size_t n_pieces, size_t *total)
{
  TroupeWriterColumn *target = &writer->columns[column];
  uint64_t room = writer->header.segment_bytes - target->bytes % writer->header.segment_bytes;

  *total = 0;
  for (size_t i = 0; i < n_pieces; i++)
    {
      size_t length = pieces[i].length;

      if (length == 0 || length > TROUPE_JOURNAL_RECORD_MAX || (unsigned) pieces[i].kind > TROUPE_RECORD_KIND_LAST ||
          pieces[i].kind == TROUPE_RECORD_LOST)
        return false;
      *total += length;
      if (bytes[*total - 1] != '\n')
        return false;
    }
  return *total <= room && !target->open_line;
}

/* Names the pieces, whose bytes are in the file, and sets *NAMED to how many have a record. */
static int
name_pieces (TroupeJournalWriter *writer, int column, const uint8_t *bytes, const TroupeJournalPiece *pieces,
             size_t n_pieces, size_t *named)
{
  TroupeWriterColumn *target = &writer->columns[column];

  for (*named = 0; *named < n_pieces;)
    {
      TroupeIndexRecord records[TROUPE_WRITER_BATCH];
      uint64_t column_bytes = target->bytes, column_rows = target->rows, time_usec = writer->last_time_usec;
      const uint8_t *at = bytes;
      int n_records = 0, n_written;

      for (; n_records < TROUPE_WRITER_BATCH && *named + (size_t) n_records < n_pieces; n_records++)
        {
          const TroupeJournalPiece *piece = &pieces[*named + (size_t) n_records];
          TroupeIndexRecord *record = &records[n_records];

          if (piece->time_usec > time_usec)
            time_usec = piece->time_usec;
          troupe_writer_init_record (writer, column, piece->kind, time_usec, record);
          record->bytes_before[column] = column_bytes;
          record->rows_before[column] = column_rows;
          record->length = piece->length;
          record->rows = (uint32_t) (1 + troupe_count_newlines (at, piece->length - 1));
          record->flags |= TROUPE_RECORD_FLAG_STARTS_LINE;
          column_bytes += record->length;
          column_rows += record->rows;
          at += piece->length;
        }

      n_written = troupe_writer_write_records (writer, records, n_records);
      if (n_written < 0)
        return n_written;
      writer->n_records += (uint64_t) n_written;
      writer->last_time_usec = records[n_written - 1].time_usec;
      for (int i = 0; i < n_written; i++)
        {
          target->bytes += records[i].length;
          target->rows += records[i].rows;
          bytes += records[i].length;
        }
      target->gap_written = false;
      *named += (size_t) n_written;
    }
  return 0;
}

int
troupe_journal_writer_append_pieces (TroupeJournalWriter *writer, TroupeStream stream, const void *bytes,
                                     const TroupeJournalPiece *pieces, size_t n_pieces)
{
  const uint8_t *at = bytes;
  int column = troupe_log_get_column (writer->header.log, stream);
  uint64_t position;
  size_t total, written, named;
  int error = 0;

  if (column < 0)
    return -EINVAL;
  if (n_pieces < 2 || !are_ordinary (writer, column, at, pieces, n_pieces, &total) ||
      troupe_writer_write_gap (writer, column) < 0 || troupe_writer_open_data (writer, column) < 0)
    return append_one_by_one (writer, stream, at, pieces, n_pieces);

  position = writer->columns[column].bytes % writer->header.segment_bytes;
  written = troupe_writer_write_fully (writer->columns[column].fd, at, total, false, position, &error);
  if (written == total)
    error = name_pieces (writer, column, at, pieces, n_pieces, &named);
  else
    named = 0;
  for (size_t i = 0; i < named; i++)
    at += pieces[i].length;
  if (error < 0)
    {
      /* No bytes may stay that have no record; the common way finds out what still fits. */
      position = writer->columns[column].bytes % writer->header.segment_bytes;
      if (ftruncate (writer->columns[column].fd, (off_t) position) != 0)
        return -errno;
      return append_one_by_one (writer, stream, at, pieces + named, n_pieces - named);
    }
  troupe_writer_prune (writer);
  return 0;
}
