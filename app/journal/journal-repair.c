/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Opens a log that a writer left, in whatever state it left it: finds the last whole
 * record, cuts what is behind it, and gives the bytes that have no record theirs. */

#include "journal/journal-writer-private.h"

#include "journal/journal-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS_PER_READ 64

/* How many records of the open index segment are there, up to the last that holds, and how long its file is. */
static int
find_last_record (TroupeJournalWriter *writer, uint64_t *count, TroupeIndexRecord *last, off_t *file_size)
{
  const TroupeIndexHeader *header = &writer->header;
  uint64_t first = header->segment * header->segment_records;
  struct stat info;
  uint64_t n = 0;

  if (fstat (writer->index_fd, &info) != 0)
    return -errno;
  *file_size = info.st_size;
  if (info.st_size > TROUPE_JOURNAL_HEADER_SIZE)
    n = ((uint64_t) info.st_size - TROUPE_JOURNAL_HEADER_SIZE) / TROUPE_JOURNAL_SLOT_SIZE;
  if (n > header->segment_records)
    n = header->segment_records;

  while (n > 0)
    {
      uint8_t slots[SLOTS_PER_READ * TROUPE_JOURNAL_SLOT_SIZE];
      uint64_t begin = n > SLOTS_PER_READ ? n - SLOTS_PER_READ : 0;
      size_t size = (size_t) (n - begin) * TROUPE_JOURNAL_SLOT_SIZE;
      ssize_t n_read = troupe_files_pread (writer->index_fd, slots, size,
                                           TROUPE_JOURNAL_HEADER_SIZE + begin * TROUPE_JOURNAL_SLOT_SIZE);

      if (n_read != (ssize_t) size)
        return n_read < 0 ? (int) n_read : -EIO;
      for (; n > begin; n--)
        if (troupe_index_record_unpack (header->log, first + n - 1,
                                        slots + (n - 1 - begin) * TROUPE_JOURNAL_SLOT_SIZE, last))
          {
            *count = n;
            return 0;
          }
    }
  *count = 0;
  return 0;
}

/* Gives up the newest index segment, which holds no record, for the one before it. */
static int
step_back (TroupeJournalWriter *writer)
{
  TroupeIndexHeader header;
  uint64_t segment = writer->header.segment;
  int error;
  int fd = troupe_files_open (writer->dir_fd, writer->header.log, TROUPE_FILES_INDEX, segment - 1, O_RDWR);

  if (fd < 0)
    return fd;
  error = troupe_files_read_header (fd, writer->header.log, segment - 1, &header);
  if (error == 0 && flock (fd, LOCK_EX | LOCK_NB) != 0)
    error = -EBUSY;
  if (error < 0)
    {
      close (fd);
      return error;
    }
  close (writer->index_fd);
  writer->index_fd = fd;
  /* The newer header knows best what is gone. */
  writer->header.segment = segment - 1;
  return troupe_writer_write_header (fd, &writer->header);
}

static int
find_state (TroupeJournalWriter *writer)
{
  TroupeIndexHeader *header = &writer->header;
  TroupeIndexRecord last = { 0 };
  uint64_t count;
  off_t size, file_size;
  int error;

  for (;;)
    {
      error = find_last_record (writer, &count, &last, &file_size);
      if (error < 0)
        return error;
      if (count > 0 || header->segment == header->first_index_segment || step_back (writer) < 0)
        break;
    }

  writer->n_records = header->segment * header->segment_records + count;
  size = (off_t) (TROUPE_JOURNAL_HEADER_SIZE + count * TROUPE_JOURNAL_SLOT_SIZE);
  if (file_size > size && ftruncate (writer->index_fd, size) != 0)
    return -errno;

  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      TroupeWriterColumn *column = &writer->columns[i];

      if (count > 0)
        {
          column->bytes = last.bytes_before[i];
          column->rows = last.rows_before[i];
          column->open_line = last.flags & TROUPE_RECORD_FLAG_OPEN (i);
        }
      /* A damaged index may point before what is left. */
      if (column->bytes < header->first_data_segment[i] * header->segment_bytes)
        column->bytes = header->first_data_segment[i] * header->segment_bytes;
    }
  if (count > 0)
    {
      TroupeWriterColumn *column = &writer->columns[troupe_log_get_column (header->log, last.stream)];

      if (last.kind != TROUPE_RECORD_LOST)
        column->bytes += last.length;
      column->rows += last.rows;
      writer->last_time_usec = last.time_usec;
    }
  return 0;
}

/* Bytes that records name and the file does not have: the file grows to where the next
 * byte belongs, and the record says how many are missing. */
static int
mend_missing (TroupeJournalWriter *writer, int column)
{
  const TroupeIndexHeader *header = &writer->header;
  TroupeWriterColumn *target = &writer->columns[column];
  uint64_t segment, expected;
  struct stat info;
  int error = 0;
  int fd;

  if (target->bytes == 0 || target->bytes == header->first_data_segment[column] * header->segment_bytes)
    return 0;
  segment = (target->bytes - 1) / header->segment_bytes;
  expected = target->bytes - segment * header->segment_bytes;
  fd = troupe_files_open (writer->dir_fd, header->log, column, segment, O_WRONLY | O_CREAT);
  if (fd < 0)
    return fd;
  if (fstat (fd, &info) != 0)
    error = -errno;
  else if ((uint64_t) info.st_size < expected)
    {
      error = ftruncate (fd, (off_t) expected) == 0 ? 0 : -errno;
      if (error == 0)
        error =
            troupe_writer_lose (writer, column, writer->last_time_usec, expected - (uint64_t) info.st_size);
    }
  close (fd);
  return error;
}

/* Names the bytes of FD from the column's position to SIZE. */
static int
name_tail (TroupeJournalWriter *writer, int column, int fd, const struct stat *info, uint64_t size,
           uint8_t *buffer)
{
  const TroupeIndexHeader *header = &writer->header;
  TroupeWriterColumn *target = &writer->columns[column];
  int stream = troupe_log_get_stream (header->log, (unsigned) column);
  uint64_t time_usec = troupe_files_get_mtime_usec (info);
  uint64_t begin = target->bytes - target->bytes % header->segment_bytes;

  if (time_usec < writer->last_time_usec)
    time_usec = writer->last_time_usec;
  while (target->bytes < begin + size)
    {
      uint64_t left = begin + size - target->bytes;
      size_t length = left < TROUPE_JOURNAL_RECORD_MAX ? (size_t) left : TROUPE_JOURNAL_RECORD_MAX;
      ssize_t n = troupe_files_pread (fd, buffer, length, target->bytes - begin);
      size_t named;
      int error;

      if (n <= 0)
        return n < 0 ? (int) n : -EIO;
      error = troupe_writer_name_bytes (writer, column, troupe_stream_get_default_kind ((unsigned) stream),
                                        time_usec, buffer, (size_t) n, false, &named);
      if (error < 0)
        return error;
    }
  return 0;
}

static int
name_tails (TroupeJournalWriter *writer, int column, uint8_t *buffer)
{
  const TroupeIndexHeader *header = &writer->header;
  TroupeWriterColumn *target = &writer->columns[column];

  for (;;)
    {
      uint64_t position = target->bytes % header->segment_bytes;
      uint64_t size;
      struct stat info;
      int fd = troupe_files_open (writer->dir_fd, header->log, column, target->bytes / header->segment_bytes,
                                  O_RDWR);
      int error = 0;

      if (fd == -ENOENT)
        return 0;
      if (fd < 0)
        return fd;
      if (fstat (fd, &info) != 0)
        error = -errno;
      size = error == 0 ? (uint64_t) info.st_size : 0;
      if (size > header->segment_bytes)
        {
          size = header->segment_bytes;
          error = ftruncate (fd, (off_t) size) == 0 ? 0 : -errno;
        }
      if (error == 0 && size > position)
        error = name_tail (writer, column, fd, &info, size, buffer);
      close (fd);
      if (error < 0)
        return error;
      if (size <= position || target->bytes % header->segment_bytes != 0)
        return 0;
    }
}

/* A message or event that a crash cut ends where it was cut. */
static int
end_open_line (TroupeJournalWriter *writer, int column)
{
  TroupeWriterColumn *target = &writer->columns[column];
  int stream = troupe_log_get_stream (writer->header.log, (unsigned) column);
  uint64_t position = target->bytes % writer->header.segment_bytes;
  size_t named;
  int error;

  if (!troupe_stream_is_lines ((unsigned) stream) || !target->open_line)
    return 0;
  error = troupe_writer_open_data (writer, column);
  if (error < 0)
    return error;
  if (pwrite (target->fd, "\n", 1, (off_t) position) != 1)
    return errno != 0 ? -errno : -EIO;
  return troupe_writer_name_bytes (writer, column, troupe_stream_get_default_kind ((unsigned) stream),
                                   writer->last_time_usec, (const uint8_t *) "\n", 1, false, &named);
}

/* Segments from before what is left (a crash while deleting), and behind the end (torn ones,
 * and bytes that a damaged index lost the way to). */
static void
unlink_stray_cb (int column, uint64_t segment, void *data)
{
  TroupeJournalWriter *writer = data;
  const TroupeIndexHeader *header = &writer->header;
  bool is_index = column == TROUPE_FILES_INDEX;
  uint64_t begin = is_index ? header->first_index_segment : header->first_data_segment[column];
  uint64_t last = is_index ? header->segment : writer->columns[column].bytes / header->segment_bytes;

  if (segment < begin || segment > last)
    troupe_files_unlink (writer->dir_fd, header->log, column, segment);
}

int
troupe_writer_repair (TroupeJournalWriter *writer)
{
  uint8_t *buffer;
  int error = find_state (writer);

  if (error < 0)
    return error;
  buffer = malloc (TROUPE_JOURNAL_RECORD_MAX);
  if (buffer == NULL)
    return -ENOMEM;
  for (int i = 0; error == 0 && troupe_log_get_stream (writer->header.log, (unsigned) i) >= 0; i++)
    {
      error = mend_missing (writer, i);
      if (error == 0)
        error = name_tails (writer, i, buffer);
      if (error == 0)
        error = end_open_line (writer, i);
    }
  free (buffer);
  if (error == 0)
    troupe_files_foreach (writer->dir_fd, writer->header.log, unlink_stray_cb, writer);
  return error;
}
