/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-record.h"

#include <sys/types.h>

/* The files of a log by name and number. Private to the journal folder. */

#define TROUPE_JOURNAL_NAME_MAX 64

/* Which row of segments: the index, or the data of a column. */
#define TROUPE_FILES_INDEX (-1)

/* Opens segment SEGMENT of COLUMN (or TROUPE_FILES_INDEX) of LOG in folder DIR_FD with
 * open(2) FLAGS. Returns a descriptor or a negative errno. */
int troupe_files_open (int dir_fd, TroupeLog log, int column, uint64_t segment, int flags);
int troupe_files_unlink (int dir_fd, TroupeLog log, int column, uint64_t segment);

/* Calls FUNC for each segment of LOG that is in the folder, of its index and of its columns, in no order.
 * Returns 0 or a negative errno. */
typedef void (*TroupeFilesFunc) (int column, uint64_t segment, void *data);
int troupe_files_foreach (int dir_fd, TroupeLog log, TroupeFilesFunc func, void *data);

/* The newest index segment whose header holds. Returns its descriptor, opened with FLAGS,
 * and fills HEADER; -ENOENT when the log has no index at all, -EBADMSG when no header of it
 * holds, -EPROTONOSUPPORT when one is of a newer version. */
int troupe_files_open_newest_index (int dir_fd, TroupeLog log, int flags, TroupeIndexHeader *header);
int troupe_files_read_header (int fd, TroupeLog log, uint64_t segment, TroupeIndexHeader *header);

/* pread that goes on after a signal or a short read. Bytes read, fewer at the end of the file. */
ssize_t troupe_files_pread (int fd, void *buffer, size_t size, uint64_t offset);

/* Time of the file's last write, microseconds since 1970. */
struct stat;
uint64_t troupe_files_get_mtime_usec (const struct stat *info);
