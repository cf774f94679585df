/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reads small files that others wrote. */

#include "config.h"

#include "project/bounded-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void
set_errno_error (GError **error, const char *path, int saved_errno)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not read “%s”: %s", path,
               g_strerror (saved_errno));
}

/* Reads until the end of the file or until BUFFER is full; -1 with errno. */
static gssize
read_all (int fd, char *buffer, gsize size)
{
  gsize got = 0;

  while (got < size)
    {
      gssize n = read (fd, buffer + got, size - got);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -1;
      if (n == 0)
        break;
      got += (gsize) n;
    }
  return (gssize) got;
}

char *
troupe_bounded_file_read (const char *path, gsize max_bytes, gsize *length, GError **error)
{
  g_autofree char *buffer = NULL;
  struct stat st;
  gssize got = -1;
  int saved_errno, fd;

  /* O_NONBLOCK: opening a FIFO for reading would otherwise wait for its writer. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    {
      set_errno_error (error, path, errno);
      return NULL;
    }
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    {
      close (fd);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "Could not read “%s”: not a regular file", path);
      return NULL;
    }
  /* One byte more than allowed, to see a file that is larger, or grows meanwhile. */
  if ((guint64) st.st_size <= max_bytes)
    {
      gsize size = MIN ((gsize) st.st_size + 4096, max_bytes + 1);

      buffer = g_malloc (size + 1);
      got = read_all (fd, buffer, size);
    }
  else
    errno = EFBIG;
  saved_errno = errno;
  close (fd);
  if (got < 0 && saved_errno != EFBIG)
    {
      set_errno_error (error, path, saved_errno);
      return NULL;
    }
  if (got < 0 || (gsize) got > max_bytes)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "Could not read “%s”: larger than the %" G_GSIZE_FORMAT " bytes allowed", path, max_bytes);
      return NULL;
    }
  buffer[got] = '\0';
  *length = (gsize) got;
  return g_steal_pointer (&buffer);
}
