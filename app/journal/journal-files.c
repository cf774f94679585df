/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Names of segments, and finding the newest index. */

#include "journal/journal-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder can hold more index segments than any writer leaves; of those that look newest
 * this many are tried. */
#define HEADER_TRIES 16

static const char *
get_base_name (TroupeLog log, int column)
{
  if (column == TROUPE_FILES_INDEX)
    return log == TROUPE_LOG_OUTPUT ? "output.index" : "activity.index";
  switch (troupe_log_get_stream (log, (unsigned) column))
    {
    case TROUPE_STREAM_STDOUT:
      return "stdout";
    case TROUPE_STREAM_STDERR:
      return "stderr";
    case TROUPE_STREAM_MESSAGES:
      return "messages";
    case TROUPE_STREAM_EVENTS:
      return log == TROUPE_LOG_OUTPUT ? "output.events" : "activity.events";
    default:
      return NULL;
    }
}

static void
format_name (TroupeLog log, int column, uint64_t segment, char name[TROUPE_JOURNAL_NAME_MAX])
{
  const char *base = get_base_name (log, column);

  if (segment == 0)
    snprintf (name, TROUPE_JOURNAL_NAME_MAX, "%s", base);
  else
    snprintf (name, TROUPE_JOURNAL_NAME_MAX, "%s.%llu", base, (unsigned long long) segment);
}

/* Only the one spelling that format_name gives. */
static bool
parse_name (const char *base, const char *name, uint64_t *segment)
{
  size_t length = strlen (base);
  uint64_t number = 0;

  if (strncmp (name, base, length) != 0)
    return false;
  name += length;
  if (*name == '\0')
    {
      *segment = 0;
      return true;
    }
  if (name[0] != '.' || name[1] < '1' || name[1] > '9' || strlen (name + 1) > 15)
    return false;
  for (name++; *name != '\0'; name++)
    {
      if (*name < '0' || *name > '9')
        return false;
      number = number * 10 + (uint64_t) (*name - '0');
    }
  *segment = number;
  return true;
}

int
troupe_files_open (int dir_fd, TroupeLog log, int column, uint64_t segment, int flags)
{
  char name[TROUPE_JOURNAL_NAME_MAX];
  struct stat info;
  int fd;

  /* Not to hang on a FIFO, nor to follow a link out of the folder. */
  format_name (log, column, segment, name);
  fd = openat (dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  if (fd < 0)
    return -errno;
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      close (fd);
      return -EBADMSG;
    }
  return fd;
}

int
troupe_files_unlink (int dir_fd, TroupeLog log, int column, uint64_t segment)
{
  char name[TROUPE_JOURNAL_NAME_MAX];

  format_name (log, column, segment, name);
  return unlinkat (dir_fd, name, 0) == 0 ? 0 : -errno;
}

int
troupe_files_foreach (int dir_fd, TroupeLog log, TroupeFilesFunc func, void *data)
{
  struct dirent *entry;
  DIR *dir;
  int fd;

  /* A descriptor of its own: readdir moves the position. */
  fd = openat (dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  dir = fdopendir (fd);
  if (dir == NULL)
    {
      close (fd);
      return -ENOMEM;
    }
  while ((entry = readdir (dir)) != NULL)
    {
      uint64_t segment;
      const char *base;

      for (int column = TROUPE_FILES_INDEX; (base = get_base_name (log, column)) != NULL; column++)
        if (parse_name (base, entry->d_name, &segment))
          func (column, segment, data);
    }
  closedir (dir);
  return 0;
}

ssize_t
troupe_files_pread (int fd, void *buffer, size_t size, uint64_t offset)
{
  size_t done = 0;

  while (done < size)
    {
      ssize_t n = pread (fd, (char *) buffer + done, size - done, (off_t) (offset + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return done > 0 ? (ssize_t) done : -errno;
      if (n == 0)
        break;
      done += (size_t) n;
    }
  return (ssize_t) done;
}

int
troupe_files_read_header (int fd, TroupeLog log, uint64_t segment, TroupeIndexHeader *header)
{
  uint8_t bytes[TROUPE_JOURNAL_HEADER_SIZE];
  ssize_t n = troupe_files_pread (fd, bytes, sizeof bytes, 0);

  if (n < 0)
    return (int) n;
  switch (troupe_index_header_unpack (log, segment, bytes, (size_t) n, header))
    {
    case TROUPE_HEADER_OK:
      return 0;
    case TROUPE_HEADER_NEWER:
      return -EPROTONOSUPPORT;
    case TROUPE_HEADER_DAMAGED:
      break;
    }
  return -EBADMSG;
}

typedef struct
{
  uint64_t below;
  uint64_t newest;
  bool found;
} Newest;

static void
find_newest_cb (int column, uint64_t segment, void *data)
{
  Newest *newest = data;

  if (column == TROUPE_FILES_INDEX && segment < newest->below && (!newest->found || segment > newest->newest))
    {
      newest->newest = segment;
      newest->found = true;
    }
}

int
troupe_files_open_newest_index (int dir_fd, TroupeLog log, int flags, TroupeIndexHeader *header)
{
  Newest newest = { .below = UINT64_MAX };
  int error = -ENOENT;

  for (int i = 0; i < HEADER_TRIES; i++)
    {
      int fd, status;

      newest.found = false;
      status = troupe_files_foreach (dir_fd, log, find_newest_cb, &newest);
      if (status < 0)
        return status;
      if (!newest.found)
        return error;
      newest.below = newest.newest;

      fd = troupe_files_open (dir_fd, log, TROUPE_FILES_INDEX, newest.newest, flags);
      if (fd == -ENOENT)
        continue; /* deleted meanwhile */
      if (fd < 0)
        return fd;
      status = troupe_files_read_header (fd, log, newest.newest, header);
      if (status == 0)
        return fd;
      close (fd);
      if (status == -EPROTONOSUPPORT)
        return status;
      error = -EBADMSG;
    }
  return error;
}

uint64_t
troupe_files_get_mtime_usec (const struct stat *info)
{
  if (info->st_mtim.tv_sec < 0)
    return 0;
  return (uint64_t) info->st_mtim.tv_sec * 1000000 + (uint64_t) info->st_mtim.tv_nsec / 1000;
}
