/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run folder made of the fuzzer's bytes, read by reader, view and status reader, and repaired
 * by a writer. None may crash, hang, or contradict itself.
 *
 * The input is a row of files: one byte says which (see file_names), one byte of flags, two bytes
 * length (little-endian), the contents. Flag 1 puts good checks on the slots of an index, so
 * that the fuzzer gets past them.
 *
 * With -Dfuzz=true and clang this is a libFuzzer target:
 *   build-fuzz/tests/journal/fuzz-journal-reader NEW-INPUTS-FOLDER tests/journal/corpus
 * Otherwise test-journal-fuzz.c calls it. */

#include "fuzz-journal-reader.h"

#include "journal/journal-record.h"
#include "journal/journal-view.h"
#include "journal/journal-writer.h"
#include "journal/run-status.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_TRIED 100

const char *const troupe_fuzz_file_names[TROUPE_FUZZ_N_FILES] = {
  "output.index",  "output.index.1", "output.index.2",   "stdout",   "stdout.1",        "stdout.2", "stderr",
  "output.events", "activity.index", "activity.index.1", "messages", "activity.events", "status",
};

static char dir[256];
static int dir_fd = -1;

static void
remove_files (void)
{
  char name[64];

  for (unsigned i = 0; i < TROUPE_FUZZ_N_FILES; i++)
    unlinkat (dir_fd, troupe_fuzz_file_names[i], 0);
  /* What the writer may have begun. */
  for (unsigned i = 1; i < 8; i++)
    for (unsigned j = 0; j < TROUPE_FUZZ_N_FILES; j++)
      {
        snprintf (name, sizeof name, "%s.%u", troupe_fuzz_file_names[j], i);
        unlinkat (dir_fd, name, 0);
      }
}

static void
remove_dir (void)
{
  char command[sizeof dir + 16];

  remove_files ();
  /* A damaged index can make the writer go on in a segment of any number. */
  snprintf (command, sizeof command, "rm -rf '%s'", dir);
  if (system (command) != 0)
    perror (dir);
}

static void
make_dir (void)
{
  if (dir_fd >= 0)
    {
      remove_files ();
      return;
    }
  /* In memory where that is to be had: it is files by the ten thousand. */
  snprintf (dir, sizeof dir, "%s/troupe-fuzz-XXXXXX", getenv ("TMPDIR") != NULL ? getenv ("TMPDIR") : "/dev/shm");
  if (mkdtemp (dir) == NULL)
    {
      snprintf (dir, sizeof dir, "/tmp/troupe-fuzz-XXXXXX");
      if (mkdtemp (dir) == NULL)
        abort ();
    }
  dir_fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  atexit (remove_dir);
}

static void
seal (unsigned file, uint8_t *bytes, size_t length)
{
  const char *suffix = strrchr (troupe_fuzz_file_names[file], '.');
  uint64_t segment, segment_records = 0;

  if (strstr (troupe_fuzz_file_names[file], ".index") == NULL || length < TROUPE_JOURNAL_HEADER_SIZE)
    return;
  segment = (uint64_t) atoi (suffix + 1);
  troupe_index_header_seal (bytes);
  for (int i = 7; i >= 0; i--)
    segment_records = segment_records << 8 | bytes[32 + i];
  for (size_t at = TROUPE_JOURNAL_HEADER_SIZE; at + TROUPE_JOURNAL_SLOT_SIZE <= length;
       at += TROUPE_JOURNAL_SLOT_SIZE)
    troupe_index_record_seal (bytes + at, segment * segment_records +
                                              (at - TROUPE_JOURNAL_HEADER_SIZE) / TROUPE_JOURNAL_SLOT_SIZE);
}

static void
write_files (const uint8_t *data, size_t size)
{
  while (size >= 4)
    {
      unsigned file = data[0] % TROUPE_FUZZ_N_FILES;
      unsigned flags = data[1];
      size_t length = data[2] | (size_t) data[3] << 8;
      uint8_t *bytes;
      int fd;

      data += 4;
      size -= 4;
      if (length > size)
        length = size;
      bytes = malloc (length + 1);
      memcpy (bytes, data, length);
      if (flags & TROUPE_FUZZ_SEAL)
        seal (file, bytes, length);
      fd = openat (dir_fd, troupe_fuzz_file_names[file], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      if (fd < 0 || write (fd, bytes, length) != (ssize_t) length)
        abort ();
      close (fd);
      free (bytes);
      data += length;
      size -= length;
    }
}

static void
read_row (TroupeJournalReader *reader, unsigned mask, uint64_t number)
{
  TroupeJournalRow row;
  uint64_t found;

  if (!troupe_journal_reader_get_row (reader, mask, number, &row))
    return;
  assert (row.stream < TROUPE_N_STREAMS);
  if (row.kind == TROUPE_RECORD_LOST)
    return;
  assert (mask & TROUPE_STREAM_MASK (row.stream));
  assert (row.offset + row.length <= troupe_journal_reader_get_stream_end (reader, row.stream));
  if (troupe_journal_reader_find_offset (reader, mask, row.stream, row.offset, &found))
    assert (found < troupe_journal_reader_get_end (reader, mask));
}

static void
use_rows (TroupeJournalReader *reader, unsigned mask)
{
  uint64_t begin = troupe_journal_reader_get_begin (reader, mask);
  uint64_t end = troupe_journal_reader_get_end (reader, mask);

  assert (begin <= end);
  for (uint64_t i = begin; i < end && i < begin + ROWS_TRIED; i++)
    read_row (reader, mask, i);
  for (uint64_t i = end; i > begin + ROWS_TRIED && i > end - ROWS_TRIED; i--)
    read_row (reader, mask, i - 1);
  for (uint64_t i = 0; i < 16 && end > begin; i++)
    read_row (reader, mask, begin + (end - begin) / 16 * i);
  for (uint64_t time_usec = 1; time_usec != 0; time_usec <<= 9)
    {
      uint64_t found = troupe_journal_reader_find_time (reader, mask, time_usec);

      assert (found >= begin);
    }
}

static void
use_reader (TroupeLog log, TroupeJournalReader *reader)
{
  uint64_t begin, end;
  unsigned own = 0;

  troupe_journal_reader_refresh (reader);
  /* Every set of the log's own streams, and all of them with the others, which add nothing. */
  for (unsigned stream = 0; stream < TROUPE_N_STREAMS; stream++)
    if (troupe_log_get_column (log, stream) >= 0)
      own |= TROUPE_STREAM_MASK (stream);
  for (unsigned mask = 0; mask < TROUPE_STREAM_MASK_ALL; mask++)
    if ((mask & ~own) == 0)
      use_rows (reader, mask);
  use_rows (reader, TROUPE_STREAM_MASK_ALL);
  for (unsigned stream = 0; stream < TROUPE_N_STREAMS; stream++)
    {
      uint8_t bytes[512];
      uint64_t row;
      ssize_t n;

      begin = troupe_journal_reader_get_stream_begin (reader, stream);
      end = troupe_journal_reader_get_stream_end (reader, stream);
      assert (begin <= end);
      n = troupe_journal_reader_read (reader, stream, begin, bytes, sizeof bytes);
      assert (n <= (ssize_t) sizeof bytes);
      if (end > sizeof bytes)
        troupe_journal_reader_read (reader, stream, end - sizeof bytes, bytes, sizeof bytes);
      for (uint64_t i = 0; i < 16; i++)
        troupe_journal_reader_find_offset (reader, TROUPE_STREAM_MASK_ALL, stream,
                                           begin + (end - begin) / 16 * i, &row);
    }
  begin = troupe_journal_reader_get_record_begin (reader);
  end = troupe_journal_reader_get_record_end (reader);
  for (uint64_t i = begin; i < end && i < begin + ROWS_TRIED; i++)
    {
      TroupeJournalRecord record;

      if (troupe_journal_reader_get_record (reader, i, &record))
        assert (record.stream < TROUPE_N_STREAMS);
    }
}

static void
use_view (void)
{
  TroupeJournalView *view = troupe_journal_view_new ();
  TroupeJournalViewRow row;
  TroupeJournalReader *reader;
  uint64_t begin, end;

  for (unsigned log = 0; log < 2; log++)
    if (troupe_journal_reader_open (dir, log, &reader) == 0)
      {
        use_reader (log, reader);
        troupe_journal_view_add (view, reader, TROUPE_STREAM_MASK_ALL);
      }
  begin = troupe_journal_view_get_begin (view);
  end = troupe_journal_view_get_end (view);
  for (uint64_t i = begin; i < end && i < begin + ROWS_TRIED; i++)
    troupe_journal_view_get_row (view, i, &row);
  for (uint64_t i = end; i > begin && i > end - ROWS_TRIED / 4; i--)
    if (troupe_journal_view_get_row (view, i - 1, &row))
      troupe_journal_view_find_source_row (view, row.source, i - 1);
  troupe_journal_view_find_time (view, UINT64_MAX);
  troupe_journal_view_free (view);
}

static void
use_writer (TroupeLog log, uint64_t limit_bytes)
{
  const TroupeJournalOptions options = { .limit_bytes = limit_bytes };
  TroupeJournalWriter *writer;

  if (troupe_journal_writer_open (dir, log, &options, &writer) < 0)
    return;
  for (unsigned i = 0; i < 3; i++)
    troupe_journal_writer_append (writer, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, i, "{}", 2);
  troupe_journal_writer_close (writer);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  TroupeRunStatus status;

  make_dir ();
  write_files (data, size);
  troupe_run_status_read (dir, &status);
  use_view ();
  use_writer (TROUPE_LOG_OUTPUT, size % 2 * 1024);
  use_writer (TROUPE_LOG_ACTIVITY, 0);
  use_view ();
  return 0;
}
