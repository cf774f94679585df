/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Room on disk ahead of a stream that grows fast.
 *
 * ext4 accounts for each block of 4 KiB that a file grows by, which is nearly half of what writing
 * costs there; into blocks that were asked for beforehand, many at a time, it only writes.
 * Other file systems account for ranges, or make no use of it, and are left alone. What is
 * asked for is a part of what the file has already, and given back when the stream rests. The
 * size of the file is what was written, always: no reader sees any of this. */

#include "journal/journal-writer-private.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Of a file of at least so many bytes, this part at a time, but no more than that. */
#define RESERVE_FROM (UINT64_C (4) * 1024 * 1024)
#define RESERVE_SHARE 4
#define RESERVE_MAX (UINT64_C (8) * 1024 * 1024)

static bool
is_of_use (TroupeJournalWriter *writer)
{
  struct statfs info;

  if (!writer->asked_file_system)
    writer->can_reserve = fstatfs (writer->dir_fd, &info) == 0 && info.f_type == EXT4_SUPER_MAGIC;
  writer->asked_file_system = true;
  return writer->can_reserve;
}

void
troupe_writer_reserve (TroupeJournalWriter *writer, int column, size_t n)
{
  TroupeWriterColumn *target = &writer->columns[column];
  uint64_t position = target->bytes % writer->header.segment_bytes;
  uint64_t room = writer->header.segment_bytes - position;
  uint64_t length = position / RESERVE_SHARE < RESERVE_MAX ? position / RESERVE_SHARE : RESERVE_MAX;

  if (position < RESERVE_FROM || position + n <= target->reserved_end || !is_of_use (writer))
    return;
  if (length < n)
    length = n;
  if (length > room)
    length = room;
  if (fallocate (target->fd, FALLOC_FL_KEEP_SIZE, (off_t) position, (off_t) length) == 0)
    target->reserved_end = position + length;
  else
    writer->can_reserve = false; /* an old file system, or a full one */
}

void
troupe_writer_release (TroupeJournalWriter *writer, int column)
{
  TroupeWriterColumn *target = &writer->columns[column];
  uint64_t position = target->bytes - target->segment * writer->header.segment_bytes;

  if (target->reserved_end > position && ftruncate (target->fd, (off_t) position) != 0)
    writer->can_reserve = false;
  target->reserved_end = 0;
}

void
troupe_journal_writer_trim (TroupeJournalWriter *writer)
{
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    troupe_writer_release (writer, i);
}
