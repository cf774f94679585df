/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Keeps a log within its limit by deleting whole segments, oldest first.
 *
 * A segment is as old as its newest byte, counted in records. The header is
 * written before the file goes, so a crash between the two leaves a file that
 * nobody misses and the next opening deletes. */

#include "journal/journal-writer-private.h"

#include "journal/journal-files.h"

#include <fcntl.h>
#include <unistd.h>

/* Segments deleted after one append; what is over the limit then goes with the next ones. Only a
 * damaged index ever claims that many. */
#define PRUNE_MAX 64

static uint64_t
get_column_segments_end (TroupeJournalWriter *writer, int column)
{
  uint64_t bytes = writer->columns[column].bytes;
  uint64_t size = writer->header.segment_bytes;

  return bytes / size + (bytes % size != 0);
}

static uint64_t
get_total_bytes (TroupeJournalWriter *writer)
{
  const TroupeIndexHeader *header = &writer->header;
  uint64_t n_segments = header->segment - header->first_index_segment + 1;
  uint64_t total =
      n_segments * TROUPE_JOURNAL_HEADER_SIZE +
      (writer->n_records - header->first_index_segment * header->segment_records) * TROUPE_JOURNAL_SLOT_SIZE;

  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      uint64_t begin = header->first_data_segment[i] * header->segment_bytes;

      if (writer->columns[i].bytes > begin)
        total += writer->columns[i].bytes - begin;
    }
  return total;
}

static bool
read_record (TroupeJournalWriter *writer, uint64_t number, TroupeIndexRecord *record)
{
  const TroupeIndexHeader *header = &writer->header;
  uint64_t segment = number / header->segment_records;
  uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE];
  int fd = writer->index_fd;
  ssize_t n;

  if (segment != header->segment)
    fd = troupe_files_open (writer->dir_fd, header->log, TROUPE_FILES_INDEX, segment, O_RDONLY);
  if (fd < 0)
    return false;
  n = troupe_files_pread (fd, slot, sizeof slot,
                          TROUPE_JOURNAL_HEADER_SIZE +
                              number % header->segment_records * TROUPE_JOURNAL_SLOT_SIZE);
  if (fd != writer->index_fd)
    close (fd);
  return n == sizeof slot && troupe_index_record_unpack (header->log, number, slot, record);
}

/* The first record that stands at OFFSET of COLUMN or behind it. */
static uint64_t
find_offset (TroupeJournalWriter *writer, int column, uint64_t offset)
{
  uint64_t low = writer->header.first_index_segment * writer->header.segment_records;
  uint64_t high = writer->n_records;

  while (low < high)
    {
      uint64_t middle = low + (high - low) / 2;
      TroupeIndexRecord record;

      /* Where the index is damaged its oldest part may as well go first. */
      if (!read_record (writer, middle, &record) || record.bytes_before[column] >= offset)
        high = middle;
      else
        low = middle + 1;
    }
  return low;
}

static bool
prune_one (TroupeJournalWriter *writer)
{
  TroupeIndexHeader *header = &writer->header;
  TroupeIndexHeader changed = *header;
  uint64_t oldest_end = UINT64_MAX;
  int oldest = 0;
  bool found = false;

  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      uint64_t next = header->first_data_segment[i] + 1;
      uint64_t end;

      if (next >= get_column_segments_end (writer, i))
        continue;
      end = find_offset (writer, i, next * header->segment_bytes);
      if (!found || end < oldest_end)
        {
          oldest = i;
          oldest_end = end;
          found = true;
        }
    }
  if (header->first_index_segment < header->segment)
    {
      uint64_t end = (header->first_index_segment + 1) * header->segment_records;

      /* The newest segment must hold a record: it carries the state of the log. */
      if (end < writer->n_records && (!found || end < oldest_end))
        {
          oldest = TROUPE_FILES_INDEX;
          found = true;
        }
    }
  if (!found)
    return false;

  if (oldest == TROUPE_FILES_INDEX)
    changed.first_index_segment++;
  else
    changed.first_data_segment[oldest]++;
  if (troupe_writer_write_header (writer->index_fd, &changed) < 0)
    return false;
  troupe_files_unlink (writer->dir_fd, header->log, oldest,
                       oldest == TROUPE_FILES_INDEX ? header->first_index_segment
                                                    : header->first_data_segment[oldest]);
  *header = changed;
  return true;
}

void
troupe_writer_prune (TroupeJournalWriter *writer)
{
  if (writer->limit_bytes == 0)
    return;
  for (int i = 0; i < PRUNE_MAX && get_total_bytes (writer) > writer->limit_bytes; i++)
    if (!prune_one (writer))
      break;
}
