/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Opens and closes a log's writer.
 *
 * A new file is what a file system charges most for, and most runs are short and say little. So a
 * file comes to be with its first byte, and of a log that the caller knows to be fresh even the index. */

#include "journal/journal-writer-private.h"

#include "journal/journal-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* A limit is kept in this many segments, within these sizes. */
#define SEGMENTS_PER_LIMIT 16
#define AUTOMATIC_SEGMENT_MIN (UINT64_C (16) * 1024)
#define AUTOMATIC_SEGMENT_MAX (UINT64_C (64) * 1024 * 1024)
/* An index segment is this much smaller than a data segment. */
#define INDEX_SEGMENT_SHARE 4
#define INDEX_SEGMENT_RECORDS_MIN 16

static uint64_t
clamp (uint64_t value, uint64_t low, uint64_t high)
{
  return value < low ? low : value > high ? high : value;
}

static void
choose_segments (const TroupeJournalOptions *options, TroupeIndexHeader *header)
{
  uint64_t bytes = options->segment_bytes;

  if (bytes == 0 && options->limit_bytes == 0)
    {
      header->segment_bytes = TROUPE_JOURNAL_SEGMENT_MAX;
      header->segment_records = TROUPE_JOURNAL_SEGMENT_RECORDS_MAX;
      return;
    }
  if (bytes == 0)
    bytes = clamp (options->limit_bytes / SEGMENTS_PER_LIMIT, AUTOMATIC_SEGMENT_MIN, AUTOMATIC_SEGMENT_MAX);
  header->segment_bytes = clamp (bytes, TROUPE_JOURNAL_SEGMENT_MIN, TROUPE_JOURNAL_SEGMENT_MAX);
  header->segment_records = clamp (header->segment_bytes / INDEX_SEGMENT_SHARE / TROUPE_JOURNAL_SLOT_SIZE,
                                   INDEX_SEGMENT_RECORDS_MIN, TROUPE_JOURNAL_SEGMENT_RECORDS_MAX);
}

static bool
has_data (TroupeJournalWriter *writer, TroupeLog log)
{
  for (int column = 0; troupe_log_get_stream (log, (unsigned) column) >= 0; column++)
    {
      int fd = troupe_files_open (writer->dir_fd, log, column, 0, O_RDONLY);
      off_t size = fd >= 0 ? lseek (fd, 0, SEEK_END) : 0;

      if (fd >= 0)
        close (fd);
      if (size > 0)
        return true;
    }
  return false;
}

static int
take_index (TroupeJournalWriter *writer, int fd)
{
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      close (fd);
      return -EBUSY;
    }
  writer->index_fd = fd;
  return 0;
}

/* Starts the index of a new log, or of one whose index is beyond use. */
static int
create_index (TroupeJournalWriter *writer)
{
  TroupeLog log = writer->header.log;
  int fd, error;

  /* The size of segments is lost with the header. Bytes that are there can only be taken as one. */
  if (has_data (writer, log))
    {
      writer->header.segment_bytes = TROUPE_JOURNAL_SEGMENT_MAX;
      writer->header.segment_records = TROUPE_JOURNAL_SEGMENT_RECORDS_MAX;
    }
  fd = troupe_files_open (writer->dir_fd, log, TROUPE_FILES_INDEX, 0, O_RDWR | O_CREAT);
  if (fd < 0)
    return fd;
  error = take_index (writer, fd);
  if (error < 0)
    return error;
  writer->header_is_due = true;
  return ftruncate (fd, 0) == 0 ? 0 : -errno;
}

static int
open_index (TroupeJournalWriter *writer)
{
  TroupeIndexHeader header;
  int fd = troupe_files_open_newest_index (writer->dir_fd, writer->header.log, O_RDWR, &header);

  if (fd == -ENOENT || fd == -EBADMSG)
    return create_index (writer);
  if (fd < 0)
    return fd;
  writer->header = header;
  return take_index (writer, fd);
}

static int
open_and_repair (TroupeJournalWriter *writer)
{
  int error = open_index (writer);

  if (error == 0)
    error = troupe_writer_repair (writer);
  if (error < 0 && writer->index_fd >= 0)
    {
      close (writer->index_fd);
      writer->index_fd = -1;
    }
  return error;
}

int
troupe_writer_ensure_index (TroupeJournalWriter *writer)
{
  int fd, error;

  if (writer->index_fd >= 0)
    return 0;
  fd = troupe_files_open (writer->dir_fd, writer->header.log, TROUPE_FILES_INDEX, 0, O_RDWR | O_CREAT | O_EXCL);
  if (fd == -EEXIST) /* it is not fresh after all; what is there stays */
    return open_and_repair (writer);
  if (fd < 0)
    return fd;
  error = take_index (writer, fd);
  if (error == 0)
    writer->header_is_due = true;
  return error;
}

int
troupe_journal_writer_open (const char *dir, TroupeLog log, const TroupeJournalOptions *options,
                            TroupeJournalWriter **out)
{
  static const TroupeJournalOptions defaults;
  TroupeJournalWriter *writer;
  int error;

  if (options == NULL)
    options = &defaults;
  if ((unsigned) log > TROUPE_LOG_ACTIVITY)
    return -EINVAL;
  writer = calloc (1, sizeof *writer);
  if (writer == NULL)
    return -ENOMEM;
  writer->index_fd = -1;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    writer->columns[i].fd = -1;
  writer->limit_bytes = options->limit_bytes;
  writer->header.log = log;
  choose_segments (options, &writer->header);

  writer->dir_fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  error = writer->dir_fd >= 0 ? 0 : -errno;
  if (error == 0 && !options->is_fresh)
    error = open_and_repair (writer);
  if (error < 0)
    {
      troupe_journal_writer_close (writer);
      return error;
    }
  *out = writer;
  return 0;
}

void
troupe_journal_writer_close (TroupeJournalWriter *writer)
{
  if (writer == NULL)
    return;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      troupe_writer_write_gap (writer, i);
      troupe_writer_release (writer, i);
      if (writer->columns[i].fd >= 0)
        close (writer->columns[i].fd);
    }
  if (writer->index_fd >= 0)
    close (writer->index_fd);
  if (writer->dir_fd >= 0)
    close (writer->dir_fd);
  free (writer);
}
