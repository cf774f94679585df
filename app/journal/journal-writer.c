/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Appends to a log: first the bytes, then the records that name them.
 *
 * The keeper calls this for every read from a worker's pipes, so the common way is two
 * pwrites and one pass over the bytes to count lines. The order is the whole promise:
 * a crash between the two writes leaves bytes without a record, never a record without bytes.
 *
 * What fails goes one of two ways. Bytes that the disk did not take, or that the index has
 * no room to name, are lost and become a gap. A gap that cannot be written either waits in
 * memory; until it is written no later bytes of that stream are taken, so order holds. */

#include "journal/journal-writer-private.h"

#include "journal/journal-count.h"
#include "journal/journal-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

size_t
troupe_writer_write_fully (int fd, const uint8_t *bytes, size_t n, bool with_newline, uint64_t offset, int *error)
{
  size_t total = n + with_newline;
  size_t done = 0;

  while (done < total)
    {
      struct iovec parts[2];
      int n_parts = 0;
      ssize_t written;

      if (done < n)
        parts[n_parts++] = (struct iovec){ .iov_base = (void *) (bytes + done), .iov_len = n - done };
      if (with_newline)
        parts[n_parts++] = (struct iovec){ .iov_base = (void *) "\n", .iov_len = 1 };
      /* The plain call is a little cheaper, and it is the common one. */
      if (n_parts == 1)
        written = pwrite (fd, parts[0].iov_base, parts[0].iov_len, (off_t) (offset + done));
      else
        written = pwritev (fd, parts, n_parts, (off_t) (offset + done));
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        {
          *error = written < 0 ? -errno : -EIO;
          break;
        }
      done += (size_t) written;
    }
  return done;
}

int
troupe_writer_write_header (int fd, const TroupeIndexHeader *header)
{
  uint8_t bytes[TROUPE_JOURNAL_HEADER_SIZE];
  int error = 0;

  troupe_index_header_pack (header, bytes);
  troupe_writer_write_fully (fd, bytes, sizeof bytes, false, 0, &error);
  return error;
}

static uint64_t
get_slot_offset (TroupeJournalWriter *writer, uint64_t number)
{
  return TROUPE_JOURNAL_HEADER_SIZE + number % writer->header.segment_records * TROUPE_JOURNAL_SLOT_SIZE;
}

/* Its header is written with its first record. */
static int
start_index_segment (TroupeJournalWriter *writer)
{
  uint64_t segment = writer->header.segment + 1;
  int fd = troupe_files_open (writer->dir_fd, writer->header.log, TROUPE_FILES_INDEX, segment,
                              O_RDWR | O_CREAT | O_TRUNC);

  if (fd < 0)
    return fd;
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      close (fd);
      return -EBUSY;
    }
  close (writer->index_fd);
  writer->index_fd = fd;
  writer->header.segment = segment;
  writer->header_is_due = true;
  return 0;
}

int
troupe_writer_write_records (TroupeJournalWriter *writer, const TroupeIndexRecord *records, int n)
{
  uint8_t bytes[TROUPE_JOURNAL_HEADER_SIZE + TROUPE_WRITER_BATCH * TROUPE_JOURNAL_SLOT_SIZE];
  uint8_t *slots = bytes + TROUPE_JOURNAL_HEADER_SIZE, *begin = slots;
  uint64_t room, offset;
  size_t written;
  int error = troupe_writer_ensure_index (writer);

  if (error == 0 && writer->n_records / writer->header.segment_records != writer->header.segment)
    error = start_index_segment (writer);
  if (error < 0)
    return error;
  room = writer->header.segment_records - writer->n_records % writer->header.segment_records;
  if ((uint64_t) n > room)
    n = (int) room;
  for (int i = 0; i < n; i++)
    troupe_index_record_pack (&records[i], writer->n_records + (uint64_t) i,
                              slots + i * TROUPE_JOURNAL_SLOT_SIZE);
  offset = get_slot_offset (writer, writer->n_records);
  if (writer->header_is_due)
    {
      begin = bytes;
      offset = 0;
      troupe_index_header_pack (&writer->header, bytes);
    }
  written = troupe_writer_write_fully (writer->index_fd, begin,
                                       (size_t) (slots - begin) + (size_t) n * TROUPE_JOURNAL_SLOT_SIZE, false,
                                       offset, &error);
  if (written < (size_t) (slots - begin))
    return error;
  writer->header_is_due = false;
  n = (int) ((written - (size_t) (slots - begin)) / TROUPE_JOURNAL_SLOT_SIZE);
  return n > 0 ? n : error;
}

void
troupe_writer_init_record (TroupeJournalWriter *writer, int column, TroupeRecordKind kind, uint64_t time_usec,
             TroupeIndexRecord *record)
{
  memset (record, 0, sizeof *record);
  record->time_usec = time_usec;
  record->stream = (uint8_t) troupe_log_get_stream (writer->header.log, (unsigned) column);
  record->kind = (uint8_t) kind;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      record->bytes_before[i] = writer->columns[i].bytes;
      record->rows_before[i] = writer->columns[i].rows;
      if (writer->columns[i].open_line && i != column)
        record->flags |= TROUPE_RECORD_FLAG_OPEN (i);
    }
}

int
troupe_writer_name_bytes (TroupeJournalWriter *writer, int column, TroupeRecordKind kind, uint64_t time_usec,
                          const uint8_t *bytes, size_t n, bool with_newline, size_t *named)
{
  TroupeWriterColumn *target = &writer->columns[column];
  size_t total = n + with_newline;

  *named = 0;
  while (*named < total)
    {
      TroupeIndexRecord records[TROUPE_WRITER_BATCH];
      uint64_t column_bytes = target->bytes, column_rows = target->rows;
      bool open_line = target->open_line;
      size_t at = *named;
      int n_records = 0, n_written;

      for (; n_records < TROUPE_WRITER_BATCH && at < total; n_records++)
        {
          TroupeIndexRecord *record = &records[n_records];
          size_t length = total - at;
          bool ends_with_newline;

          if (length > TROUPE_JOURNAL_RECORD_MAX)
            length = TROUPE_JOURNAL_RECORD_MAX;
          ends_with_newline = at + length > n || bytes[at + length - 1] == '\n';

          troupe_writer_init_record (writer, column, kind, time_usec, record);
          record->bytes_before[column] = column_bytes;
          record->rows_before[column] = column_rows;
          record->length = length;
          /* The newline that is the last byte starts its line in the next record. */
          record->rows = (uint32_t) (!open_line + troupe_count_newlines (bytes + at, length - 1));
          if (!open_line)
            record->flags |= TROUPE_RECORD_FLAG_STARTS_LINE;
          open_line = !ends_with_newline;
          if (open_line)
            record->flags |= TROUPE_RECORD_FLAG_OPEN (column);

          column_bytes += length;
          column_rows += record->rows;
          at += length;
        }

      n_written = troupe_writer_write_records (writer, records, n_records);
      if (n_written < 0)
        return n_written;
      writer->n_records += (uint64_t) n_written;
      writer->last_time_usec = time_usec;
      for (int i = 0; i < n_written; i++)
        {
          *named += records[i].length;
          target->bytes += records[i].length;
          target->rows += records[i].rows;
          target->open_line = records[i].flags & TROUPE_RECORD_FLAG_OPEN (column);
        }
      target->gap_written = false;
    }
  return 0;
}

static bool
gap_can_grow (TroupeJournalWriter *writer, const TroupeWriterColumn *target)
{
  return target->gap_written && target->gap_number / writer->header.segment_records == writer->header.segment;
}

int
troupe_writer_write_gap (TroupeJournalWriter *writer, int column)
{
  TroupeWriterColumn *target = &writer->columns[column];
  TroupeIndexRecord gap;
  uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE];
  int error = 0;

  if (target->gap_pending_bytes == 0)
    return 0;
  if (gap_can_grow (writer, target))
    {
      gap = target->gap;
      gap.length += target->gap_pending_bytes;
      troupe_index_record_pack (&gap, target->gap_number, slot);
      troupe_writer_write_fully (writer->index_fd, slot, sizeof slot, false, get_slot_offset (writer, target->gap_number),
                   &error);
      if (error < 0)
        return error;
    }
  else
    {
      uint64_t time_usec = target->gap_pending_time;

      if (time_usec < writer->last_time_usec)
        time_usec = writer->last_time_usec;
      troupe_writer_init_record (writer, column, TROUPE_RECORD_LOST, time_usec, &gap);
      gap.flags |= TROUPE_RECORD_FLAG_STARTS_LINE;
      gap.rows = 1;
      gap.length = target->gap_pending_bytes;
      error = troupe_writer_write_records (writer, &gap, 1);
      if (error < 0)
        return error;
      target->gap_written = true;
      target->gap_number = writer->n_records++;
      target->rows++;
      target->open_line = false;
      writer->last_time_usec = time_usec;
    }
  target->gap = gap;
  target->gap_pending_bytes = 0;
  return 0;
}

int
troupe_writer_lose (TroupeJournalWriter *writer, int column, uint64_t time_usec, uint64_t n)
{
  TroupeWriterColumn *target = &writer->columns[column];

  if (target->gap_pending_bytes == 0)
    target->gap_pending_time = time_usec;
  target->gap_pending_bytes += n;
  writer->lost_bytes += n;
  return troupe_writer_write_gap (writer, column);
}

int
troupe_writer_open_data (TroupeJournalWriter *writer, int column)
{
  TroupeWriterColumn *target = &writer->columns[column];
  uint64_t segment = target->bytes / writer->header.segment_bytes;
  int fd;

  if (target->fd >= 0 && target->segment == segment)
    return 0;
  /* A log without an index is not there, so it comes first: no byte may be overlooked after a crash. */
  fd = troupe_writer_ensure_index (writer);
  if (fd < 0)
    return fd;
  fd = troupe_files_open (writer->dir_fd, writer->header.log, column, segment, O_WRONLY | O_CREAT);
  if (fd < 0)
    return fd;
  if (target->fd >= 0)
    close (target->fd);
  target->reserved_end = 0;
  target->fd = fd;
  target->segment = segment;
  return 0;
}

/* Writes and names bytes up to the end of the data segment. Sets *DONE to what is kept. */
static int
append_piece (TroupeJournalWriter *writer, int column, TroupeRecordKind kind, uint64_t time_usec,
              const uint8_t *bytes, size_t n, bool with_newline, bool all_or_nothing, size_t *done)
{
  TroupeWriterColumn *target = &writer->columns[column];
  uint64_t position = target->bytes % writer->header.segment_bytes;
  size_t written;
  int error, name_error;

  *done = 0;
  error = troupe_writer_open_data (writer, column);
  if (error < 0)
    return error;
  troupe_writer_reserve (writer, column, n + with_newline);
  written = troupe_writer_write_fully (target->fd, bytes, n, with_newline, position, &error);
  if (written == n + with_newline || (written > 0 && !all_or_nothing))
    {
      bool newline_written = written > n;

      name_error = troupe_writer_name_bytes (writer, column, kind, time_usec, bytes,
                                             newline_written ? n : written, newline_written, done);
      if (name_error < 0)
        error = name_error;
    }
  /* No bytes may stay that will never have a record: the next ones go there. Should this
   * fail, too, they are overwritten all the same. */
  if (written > *done && ftruncate (target->fd, (off_t) (position + *done)) != 0 && error == 0)
    error = -errno;
  return error;
}

int
troupe_journal_writer_append (TroupeJournalWriter *writer, TroupeStream stream, TroupeRecordKind kind,
                              uint64_t time_usec, const void *bytes, size_t length)
{
  const uint8_t *at = bytes;
  int column = troupe_log_get_column (writer->header.log, stream);
  bool is_lines = troupe_stream_is_lines (stream);
  bool add_newline;
  uint64_t total, done = 0;
  int error;

  if (column < 0 || (unsigned) kind > TROUPE_RECORD_KIND_LAST)
    return -EINVAL;
  if (time_usec < writer->last_time_usec)
    time_usec = writer->last_time_usec;
  if (kind == TROUPE_RECORD_LOST)
    return length > 0 ? troupe_writer_lose (writer, column, time_usec, length) : 0;

  add_newline = is_lines && (length == 0 || at[length - 1] != '\n');
  total = (uint64_t) length + add_newline;
  if (total == 0)
    return 0;

  error = troupe_writer_write_gap (writer, column);
  while (error == 0 && done < total)
    {
      uint64_t room =
          writer->header.segment_bytes - writer->columns[column].bytes % writer->header.segment_bytes;
      uint64_t piece = total - done < room ? total - done : room;
      bool with_newline = add_newline && done + piece == total;
      size_t kept;

      error = append_piece (writer, column, kind, time_usec, at + done, (size_t) piece - with_newline,
                            with_newline, is_lines && piece == total, &kept);
      done += kept;
    }
  if (done < total)
    troupe_writer_lose (writer, column, time_usec, total - done);
  troupe_writer_prune (writer);
  return error;
}

uint64_t
troupe_journal_writer_get_stream_bytes (TroupeJournalWriter *writer, TroupeStream stream)
{
  int column = troupe_log_get_column (writer->header.log, stream);

  return column >= 0 ? writer->columns[column].bytes : 0;
}

uint64_t
troupe_journal_writer_get_lost_bytes (TroupeJournalWriter *writer)
{
  return writer->lost_bytes;
}
