/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-record.h"

#include <sys/types.h>

/* The reader's eye on a log: its records by number, searched by a key, and the bytes
 * of its streams. Private to the journal folder.
 *
 * Behind the records of the index stand the trailing ones, made up for bytes that no record
 * names yet (see journal-format.h); callers see no difference. */

/* Trailing records, and so bytes behind the index that a reader shows: 4 MiB. More
 * than that no writer leaves; it waits for the writer to name it. */
#define TROUPE_INDEX_TRAILING_MAX 64

/* Messages that no record names are shown when they have lain for so long: until then their record is
 * likely on its way. */
#define TROUPE_INDEX_SETTLE_USEC 1000000

/* Slots of the index read at once, and how many such pages are kept. */
#define TROUPE_INDEX_PAGE_RECORDS 64
#define TROUPE_INDEX_PAGES 8
#define TROUPE_INDEX_FDS 4

typedef struct
{
  uint64_t segment;
  int fd; /* -1: free */
} TroupeIndexFd;

typedef struct
{
  uint64_t first; /* number of its first record */
  unsigned count; /* 0: free */
  uint64_t used;
  uint8_t slots[TROUPE_INDEX_PAGE_RECORDS * TROUPE_JOURNAL_SLOT_SIZE];
} TroupeIndexPage;

typedef struct
{
  uint64_t bytes_begin, bytes_end; /* that can be read */
  uint64_t rows_end;
  uint64_t begin_record; /* from here on records of this column have their bytes */
} TroupeIndexColumn;

typedef struct
{
  TroupeLog log;
  int dir_fd;
  int newest_fd; /* of the newest index segment, -1 while there is none that holds */
  TroupeIndexHeader header;
  TroupeIndexFd index_fds[TROUPE_INDEX_FDS];
  unsigned next_index_fd;
  TroupeIndexFd data_fds[TROUPE_JOURNAL_COLUMNS];

  /* State as of the last refresh. */
  uint64_t begin;       /* first record that is left */
  uint64_t n_records;   /* end of the index */
  uint64_t n_slots_end; /* the same by its size, with slots that do not hold */
  uint64_t end;         /* with the trailing ones */
  uint64_t last_gap_bytes;
  TroupeIndexColumn columns[TROUPE_JOURNAL_COLUMNS];
  TroupeIndexRecord trailing[TROUPE_INDEX_TRAILING_MAX];

  uint64_t clock;
  TroupeIndexPage pages[TROUPE_INDEX_PAGES];
} TroupeIndex;

/* INDEX is zeroed memory. On failure it holds nothing. Call refresh next. */
int troupe_index_open (TroupeIndex *index, const char *dir, TroupeLog log);
void troupe_index_close (TroupeIndex *index);

/* SCRATCH: TROUPE_JOURNAL_RECORD_MAX bytes that this may overwrite. True when anything changed. */
bool troupe_index_refresh (TroupeIndex *index, uint8_t *scratch);

/* False outside [begin, end) and where the index is damaged. */
bool troupe_index_get_record (TroupeIndex *index, uint64_t number, TroupeIndexRecord *out);

typedef enum
{
  TROUPE_KEY_ROWS,  /* rows before the record, summed over the columns in COLUMNS */
  TROUPE_KEY_BYTES, /* bytes before the record in the one column in COLUMNS */
  TROUPE_KEY_TIME,
} TroupeIndexKey;

uint64_t troupe_index_record_get_key (const TroupeIndexRecord *record, TroupeIndexKey key, unsigned columns);

/* The first record from FROM on whose key is over LIMIT; end when there is none. Gets over
 * damaged records, if it can; where it cannot they count as the end. */
uint64_t troupe_index_find_above (TroupeIndex *index, uint64_t from, TroupeIndexKey key, unsigned columns,
                                  uint64_t limit);

/* Bytes of a column's data files; fewer than SIZE at the end, or a negative errno:
 * -ENOENT where the segment is gone. */
ssize_t troupe_index_read_bytes (TroupeIndex *index, int column, uint64_t offset, void *buffer, size_t size);
