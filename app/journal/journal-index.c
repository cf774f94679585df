/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Records by number through a few cached pages, and the state of the log's files.
 *
 * Everything here is read from files that somebody else writes, cuts and deletes at
 * the same time. Each number out of them is checked or clamped before it counts, and no
 * loop is longer than its named bound or a binary search. */

#include "journal/journal-index.h"

#include "journal/journal-count.h"
#include "journal/journal-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How far past damaged records a search looks for one that holds. */
#define DAMAGE_STEPS 64
/* How many index segments a refresh steps over; the next refresh goes on. */
#define SEGMENT_STEPS 1024
/* How often a refresh starts over because the writer was quicker. */
#define MOVING_TRIES 3

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static int
get_segment_fd (TroupeIndex *index, TroupeIndexFd *slot, int column, uint64_t segment)
{
  int fd;

  if (slot->fd >= 0 && slot->segment == segment)
    return slot->fd;
  fd = troupe_files_open (index->dir_fd, index->log, column, segment, O_RDONLY);
  if (fd < 0)
    return fd;
  close_fd (&slot->fd);
  slot->fd = fd;
  slot->segment = segment;
  return fd;
}

static int
get_index_fd (TroupeIndex *index, uint64_t segment)
{
  TroupeIndexFd *slot;

  if (segment == index->header.segment)
    return index->newest_fd;
  for (int i = 0; i < TROUPE_INDEX_FDS; i++)
    if (index->index_fds[i].fd >= 0 && index->index_fds[i].segment == segment)
      return index->index_fds[i].fd;
  slot = &index->index_fds[index->next_index_fd];
  index->next_index_fd = (index->next_index_fd + 1) % TROUPE_INDEX_FDS;
  return get_segment_fd (index, slot, TROUPE_FILES_INDEX, segment);
}

/* The page that holds record NUMBER, which is in the index; NULL when it cannot be read. Pages
 * never reach over the end of a segment. */
static TroupeIndexPage *
get_page (TroupeIndex *index, uint64_t number)
{
  uint64_t segment = number / index->header.segment_records;
  uint64_t segment_first = segment * index->header.segment_records;
  uint64_t in_segment = number - segment_first;
  uint64_t in_page = in_segment % TROUPE_INDEX_PAGE_RECORDS;
  uint64_t first = number - in_page;
  uint64_t end = first + TROUPE_INDEX_PAGE_RECORDS;
  TroupeIndexPage *oldest = &index->pages[0];
  ssize_t n;
  int fd;

  for (int i = 0; i < TROUPE_INDEX_PAGES; i++)
    {
      TroupeIndexPage *page = &index->pages[i];

      if (page->count > 0 && page->first == first)
        {
          page->used = ++index->clock;
          return page;
        }
      if (page->used < oldest->used)
        oldest = page;
    }

  fd = get_index_fd (index, segment);
  if (fd < 0)
    return NULL;
  if (end > segment_first + index->header.segment_records)
    end = segment_first + index->header.segment_records;
  if (end > index->n_records)
    end = index->n_records;
  oldest->count = 0;
  n = troupe_files_pread (fd, oldest->slots, (size_t) (end - first) * TROUPE_JOURNAL_SLOT_SIZE,
                          TROUPE_JOURNAL_HEADER_SIZE + (in_segment - in_page) * TROUPE_JOURNAL_SLOT_SIZE);
  if (n < TROUPE_JOURNAL_SLOT_SIZE)
    return NULL;
  oldest->first = first;
  oldest->count = (unsigned) (n / TROUPE_JOURNAL_SLOT_SIZE);
  oldest->used = ++index->clock;
  return oldest;
}

bool
troupe_index_get_record (TroupeIndex *index, uint64_t number, TroupeIndexRecord *out)
{
  TroupeIndexPage *page;

  if (number < index->begin || number >= index->end)
    return false;
  if (number >= index->n_records)
    {
      *out = index->trailing[number - index->n_records];
      return true;
    }
  page = get_page (index, number);
  return page != NULL && number - page->first < page->count &&
         troupe_index_record_unpack (index->log, number,
                                     page->slots + (number - page->first) * TROUPE_JOURNAL_SLOT_SIZE, out);
}

uint64_t
troupe_index_record_get_key (const TroupeIndexRecord *record, TroupeIndexKey key, unsigned columns)
{
  const uint64_t *counts = key == TROUPE_KEY_ROWS ? record->rows_before : record->bytes_before;
  uint64_t sum = 0;

  if (key == TROUPE_KEY_TIME)
    return record->time_usec;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    if (columns & 1u << i)
      sum += counts[i];
  return sum;
}

/* A record in [low, high) that holds, near *NUMBER: one just before it, or else one behind,
 * at growing distance, so that a search gets over a segment that is missing. */
static bool
find_record_near (TroupeIndex *index, uint64_t low, uint64_t high, uint64_t *number,
                  TroupeIndexRecord *record)
{
  uint64_t middle = *number;

  for (uint64_t i = 0; i <= DAMAGE_STEPS && middle - low >= i; i++)
    if (troupe_index_get_record (index, middle - i, record))
      {
        *number = middle - i;
        return true;
      }
  for (uint64_t step = 1; step < high - middle; step *= 2)
    if (troupe_index_get_record (index, middle + step, record))
      {
        *number = middle + step;
        return true;
      }
  return false;
}

uint64_t
troupe_index_find_above (TroupeIndex *index, uint64_t from, TroupeIndexKey key, unsigned columns,
                         uint64_t limit)
{
  uint64_t low = from > index->begin ? from : index->begin;
  uint64_t high = index->end;
  int damages = 0;

  while (low < high)
    {
      uint64_t middle = low + (high - low) / 2;
      uint64_t number = middle;
      TroupeIndexRecord record;
      bool found = troupe_index_get_record (index, number, &record);

      if (!found && damages++ < DAMAGE_STEPS)
        found = find_record_near (index, low, high, &number, &record);
      if (found && troupe_index_record_get_key (&record, key, columns) <= limit)
        low = number + 1;
      else
        high = number;
    }
  return low;
}

ssize_t
troupe_index_read_bytes (TroupeIndex *index, int column, uint64_t offset, void *buffer, size_t size)
{
  uint64_t segment_bytes = index->header.segment_bytes;
  size_t done = 0;

  while (done < size)
    {
      uint64_t segment = (offset + done) / segment_bytes;
      uint64_t position = (offset + done) % segment_bytes;
      uint64_t length = size - done;
      int fd = get_segment_fd (index, &index->data_fds[column], column, segment);
      ssize_t n;

      if (fd < 0)
        return done > 0 ? (ssize_t) done : fd;
      if (length > segment_bytes - position)
        length = segment_bytes - position;
      n = troupe_files_pread (fd, (uint8_t *) buffer + done, (size_t) length, position);
      if (n < 0)
        return done > 0 ? (ssize_t) done : n;
      done += (size_t) n;
      if ((uint64_t) n < length)
        break;
    }
  return (ssize_t) done;
}

/* What stands in for a header that is torn or not written yet. */
static void
set_empty_header (TroupeIndex *index)
{
  index->header = (TroupeIndexHeader){
    .log = index->log,
    .segment_bytes = TROUPE_JOURNAL_SEGMENT_MAX,
    .segment_records = TROUPE_JOURNAL_SEGMENT_RECORDS_MAX,
  };
}

int
troupe_index_open (TroupeIndex *index, const char *dir, TroupeLog log)
{
  int fd;

  if ((unsigned) log > TROUPE_LOG_ACTIVITY)
    return -EINVAL;
  index->log = log;
  index->newest_fd = -1;
  for (int i = 0; i < TROUPE_INDEX_FDS; i++)
    index->index_fds[i].fd = -1;
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    index->data_fds[i].fd = -1;
  set_empty_header (index);

  index->dir_fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (index->dir_fd < 0)
    return -errno;
  fd = troupe_files_open_newest_index (index->dir_fd, log, O_RDONLY, &index->header);
  if (fd < 0 && fd != -EBADMSG)
    {
      troupe_index_close (index);
      return fd;
    }
  if (fd < 0)
    set_empty_header (index);
  else
    index->newest_fd = fd;
  return 0;
}

void
troupe_index_close (TroupeIndex *index)
{
  close_fd (&index->newest_fd);
  for (int i = 0; i < TROUPE_INDEX_FDS; i++)
    close_fd (&index->index_fds[i].fd);
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    close_fd (&index->data_fds[i].fd);
  close_fd (&index->dir_fd);
}

static void
adopt_newest (TroupeIndex *index, int fd, const TroupeIndexHeader *header)
{
  /* A log that begins anew with other sizes has nothing in common with what is open. */
  if (index->header.segment_bytes != header->segment_bytes ||
      index->header.segment_records != header->segment_records)
    {
      for (int i = 0; i < TROUPE_INDEX_FDS; i++)
        close_fd (&index->index_fds[i].fd);
      for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
        close_fd (&index->data_fds[i].fd);
    }
  close_fd (&index->newest_fd);
  index->newest_fd = fd;
  index->header = *header;
}

/* How many records the newest segment holds by its size. */
static uint64_t
count_slots (TroupeIndex *index, bool *deleted)
{
  struct stat info;
  uint64_t n = 0;

  *deleted = false;
  if (fstat (index->newest_fd, &info) != 0)
    return 0;
  *deleted = info.st_nlink == 0;
  if (info.st_size > TROUPE_JOURNAL_HEADER_SIZE)
    n = ((uint64_t) info.st_size - TROUPE_JOURNAL_HEADER_SIZE) / TROUPE_JOURNAL_SLOT_SIZE;
  return n < index->header.segment_records ? n : index->header.segment_records;
}

/* Moves to the newest segment. Returns how many slots it holds. */
static uint64_t
follow_segments (TroupeIndex *index)
{
  TroupeIndexHeader header;
  bool deleted;
  uint64_t n;
  int fd;

  if (index->newest_fd < 0)
    {
      fd = troupe_files_open_newest_index (index->dir_fd, index->log, O_RDONLY, &header);
      if (fd < 0)
        return 0;
      adopt_newest (index, fd, &header);
    }

  n = count_slots (index, &deleted);
  if (deleted)
    {
      /* So long not looked that even this one is gone. With the folder gone, too, stay. */
      fd = troupe_files_open_newest_index (index->dir_fd, index->log, O_RDONLY, &header);
      if (fd >= 0)
        {
          adopt_newest (index, fd, &header);
          n = count_slots (index, &deleted);
        }
    }
  for (int i = 0; i < SEGMENT_STEPS && n == index->header.segment_records; i++)
    {
      uint64_t next = index->header.segment + 1;

      fd = troupe_files_open (index->dir_fd, index->log, TROUPE_FILES_INDEX, next, O_RDONLY);
      if (fd < 0)
        break;
      if (troupe_files_read_header (fd, index->log, next, &header) < 0 ||
          header.segment_bytes != index->header.segment_bytes ||
          header.segment_records != index->header.segment_records)
        {
          close (fd);
          break;
        }
      adopt_newest (index, fd, &header);
      n = count_slots (index, &deleted);
    }
  return n;
}

static void
read_firsts (TroupeIndex *index)
{
  uint8_t slot[TROUPE_JOURNAL_SLOT_SIZE];

  if (index->newest_fd >= 0 && index->header.segment_bytes < TROUPE_JOURNAL_SEGMENT_MAX &&
      troupe_files_pread (index->newest_fd, slot, sizeof slot, TROUPE_JOURNAL_SLOT_SIZE) == sizeof slot)
    troupe_index_header_unpack_firsts (slot, &index->header);
}

/* Whether record NUMBER holds, whatever the index says its end is. */
static bool
probe_record (TroupeIndex *index, uint64_t number, TroupeIndexRecord *record)
{
  index->n_records = index->end = number + 1;
  return troupe_index_get_record (index, number, record);
}

/* The end of the index: behind the last record that holds. Records at the end that do
 * not are torn, or zeros that a power loss left; then what holds is in front. */
static void
find_end (TroupeIndex *index, TroupeIndexRecord *last)
{
  uint64_t low = index->begin, high = index->n_records;

  for (int i = 0; i < DAMAGE_STEPS && high > low; i++)
    {
      if (probe_record (index, high - 1, last))
        {
          index->n_records = index->end = high;
          return;
        }
      high--;
    }
  /* LOW records hold, as far as we looked, and what is from HIGH on does not. */
  while (low < high)
    {
      uint64_t middle = low + (high - low) / 2;

      for (int i = 0; i < TROUPE_INDEX_PAGES; i++)
        index->pages[i].count = 0;
      if (probe_record (index, middle, last))
        low = middle + 1;
      else
        high = middle;
    }
  index->n_records = index->end = low;
  for (int i = 0; i < TROUPE_INDEX_PAGES; i++)
    index->pages[i].count = 0;
  if (low > index->begin && !probe_record (index, low - 1, last))
    index->n_records = index->end = index->begin;
}

/* Whether bytes of STREAM in the file of INFO may have their record on its way. What they are is in the
 * record, and of a message that cannot be guessed: it would be shown as from the wrong side. */
static bool
is_being_written (int stream, const struct stat *info)
{
  uint64_t written_usec = troupe_files_get_mtime_usec (info), now_usec;
  struct timespec now;

  if (stream != TROUPE_STREAM_MESSAGES || clock_gettime (CLOCK_REALTIME, &now) != 0)
    return false;
  now_usec = (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
  return written_usec <= now_usec && now_usec - written_usec < TROUPE_INDEX_SETTLE_USEC;
}

/* Adds records for the bytes of COLUMN that no record names. */
static void
add_trailing (TroupeIndex *index, int column, TroupeIndexRecord *state, uint8_t *scratch)
{
  TroupeIndexColumn *target = &index->columns[column];
  uint64_t segment_bytes = index->header.segment_bytes;
  int stream = troupe_log_get_stream (index->log, (unsigned) column);

  for (;;)
    {
      uint64_t end = state->bytes_before[column];
      uint64_t position = end % segment_bytes;
      uint64_t size, length;
      TroupeIndexRecord *record;
      struct stat info;
      ssize_t n;
      int fd = get_segment_fd (index, &index->data_fds[column], column, end / segment_bytes);

      if (fd < 0 || fstat (fd, &info) != 0)
        break;
      size = (uint64_t) info.st_size < segment_bytes ? (uint64_t) info.st_size : segment_bytes;
      if (size < position)
        target->bytes_end = end - position + size; /* damaged: less than the records say */
      if (size <= position || index->end - index->n_records == TROUPE_INDEX_TRAILING_MAX)
        break;
      if (is_being_written (stream, &info))
        break;
      length = size - position < TROUPE_JOURNAL_RECORD_MAX ? size - position : TROUPE_JOURNAL_RECORD_MAX;
      n = troupe_files_pread (fd, scratch, (size_t) length, position);
      if (n <= 0)
        break;

      record = &index->trailing[index->end - index->n_records];
      *record = *state;
      record->stream = (uint8_t) stream;
      record->kind = (uint8_t) troupe_stream_get_default_kind ((unsigned) stream);
      record->length = (uint64_t) n;
      record->time_usec = troupe_files_get_mtime_usec (&info);
      if (record->time_usec < state->time_usec)
        record->time_usec = state->time_usec;
      record->rows = (uint32_t) troupe_count_newlines (scratch, (size_t) n - 1);
      record->flags = state->flags & TROUPE_RECORD_FLAGS_OPEN;
      if (!(state->flags & TROUPE_RECORD_FLAG_OPEN (column)))
        {
          record->flags |= TROUPE_RECORD_FLAG_STARTS_LINE;
          record->rows++;
        }
      record->flags &= (uint8_t) ~TROUPE_RECORD_FLAG_OPEN (column);
      if (scratch[n - 1] != '\n')
        record->flags |= TROUPE_RECORD_FLAG_OPEN (column);
      index->end++;

      state->time_usec = record->time_usec;
      state->flags = record->flags;
      state->bytes_before[column] += record->length;
      state->rows_before[column] += record->rows;
      target->bytes_end = state->bytes_before[column];
    }
}

/* Where the readable bytes of COLUMN begin, and which record is the first of them. */
static void
find_begin (TroupeIndex *index, int column)
{
  TroupeIndexColumn *target = &index->columns[column];
  uint64_t begin = index->header.first_data_segment[column] * index->header.segment_bytes;
  TroupeIndexRecord first;

  target->begin_record = index->begin;
  if (index->begin > 0 && troupe_index_get_record (index, index->begin, &first) &&
      begin < first.bytes_before[column])
    begin = first.bytes_before[column];
  else if (begin > 0)
    target->begin_record =
        troupe_index_find_above (index, index->begin, TROUPE_KEY_BYTES, 1u << column, begin - 1);
  if (begin > target->bytes_end)
    begin = target->bytes_end;
  target->bytes_begin = begin;
}

/* Reads the index up to its end: STATE is the log's after the last record. */
static void
read_index (TroupeIndex *index, TroupeIndexRecord *state)
{
  uint64_t n_slots = follow_segments (index);

  for (int i = 0; i < TROUPE_INDEX_PAGES; i++)
    index->pages[i].count = 0;
  read_firsts (index);
  index->begin = index->header.first_index_segment * index->header.segment_records;
  index->n_records = index->end = index->header.segment * index->header.segment_records + n_slots;
  index->n_slots_end = index->end;
  if (index->newest_fd < 0)
    index->n_records = index->end = 0;
  find_end (index, state);

  index->last_gap_bytes = 0;
  if (index->n_records > index->begin)
    {
      int column = troupe_log_get_column (index->log, state->stream);

      /* From the state before the last record to the one after it. */
      if (state->kind == TROUPE_RECORD_LOST)
        index->last_gap_bytes = state->length;
      else
        state->bytes_before[column] += state->length;
      state->rows_before[column] += state->rows;
    }
  else
    {
      memset (state, 0, sizeof *state);
      for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
        state->bytes_before[i] = index->header.first_data_segment[i] * index->header.segment_bytes;
    }
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    {
      index->columns[i].bytes_end = state->bytes_before[i];
      index->columns[i].rows_end = state->rows_before[i];
    }
}

static void
read_trailing (TroupeIndex *index, TroupeIndexRecord *state, uint8_t *scratch)
{
  for (int i = 0; troupe_log_get_stream (index->log, (unsigned) i) >= 0; i++)
    {
      add_trailing (index, i, state, scratch);
      index->columns[i].rows_end = state->rows_before[i];
    }
}

/* Whether the writer has added records since the index was read. */
static bool
has_moved (TroupeIndex *index)
{
  uint64_t segment_first = index->header.segment * index->header.segment_records;
  uint64_t n_slots;
  struct stat info;
  bool moved, deleted;
  int fd;

  if (index->newest_fd < 0)
    {
      /* The header is written with the first record. */
      TroupeIndexHeader header;

      fd = troupe_files_open_newest_index (index->dir_fd, index->log, O_RDONLY, &header);
      if (fd >= 0)
        close (fd);
      return fd >= 0;
    }
  n_slots = count_slots (index, &deleted);
  if (deleted || segment_first + n_slots != index->n_slots_end)
    return true;
  if (n_slots < index->header.segment_records)
    return false;
  /* A next segment is made just before its first record, which alone counts. */
  fd = troupe_files_open (index->dir_fd, index->log, TROUPE_FILES_INDEX, index->header.segment + 1, O_RDONLY);
  if (fd < 0)
    return false;
  moved = fstat (fd, &info) == 0 && info.st_size >= TROUPE_JOURNAL_HEADER_SIZE + TROUPE_JOURNAL_SLOT_SIZE;
  close (fd);
  return moved;
}

bool
troupe_index_refresh (TroupeIndex *index, uint8_t *scratch)
{
  TroupeIndexRecord state = { 0 };
  TroupeIndexColumn before[TROUPE_JOURNAL_COLUMNS];
  uint64_t begin_before = index->begin, end_before = index->end, gap_before = index->last_gap_bytes;

  memcpy (before, index->columns, sizeof before);

  /* Bytes seen behind an index that has moved on meanwhile may be of several records, and their
   * order is not known. Then look again; with a writer that never pauses, do without
   * them: what an earlier refresh showed has its record by now. */
  for (int i = 0; i < MOVING_TRIES; i++)
    {
      read_index (index, &state);
      if (i + 1 == MOVING_TRIES)
        break;
      read_trailing (index, &state, scratch);
      if (index->end == index->n_records || !has_moved (index))
        break;
    }
  for (int i = 0; i < TROUPE_JOURNAL_COLUMNS; i++)
    find_begin (index, i);

  return memcmp (before, index->columns, sizeof before) != 0 || begin_before != index->begin ||
         end_before != index->end || gap_before != index->last_gap_bytes;
}
