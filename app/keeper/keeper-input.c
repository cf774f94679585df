/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The worker's standard input: what the engine sends goes into the pipe at
 * once where it fits, the rest waits in a ring of TROUPE_KEEPER_INPUT_QUEUE_MAX
 * bytes that exists only while something waits. A message is taken whole or
 * refused whole. The pipe stays open until it is closed by request or by the
 * worker. A sink's is a socket, with the same rules. */

#include "keeper/keeper-run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define RING_SIZE ((size_t) TROUPE_KEEPER_INPUT_QUEUE_MAX)

static void
drop_ring (KeeperInput *input)
{
  if (input->ring != NULL)
    munmap (input->ring, RING_SIZE);
  input->ring = NULL;
  input->begin = input->n = 0;
}

void
keeper_input_close (KeeperRun *run, bool after_queue)
{
  KeeperInput *input = &run->input;

  if (input->fd < 0)
    return;
  if (after_queue && input->n > 0)
    {
      input->close_after = true;
      return;
    }
  /* Of a socket others may hold duplicates, and the worker shall see the end now. */
  if (input->is_socket)
    shutdown (input->fd, SHUT_WR);
  close (input->fd);
  input->fd = -1;
  drop_ring (input);
}

/* Never waits. */
static ssize_t
write_parts (KeeperInput *input, struct iovec *parts, int n)
{
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = (size_t) n };

  if (input->is_socket)
    return sendmsg (input->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return writev (input->fd, parts, n);
}

void
keeper_input_flush (KeeperRun *run)
{
  KeeperInput *input = &run->input;

  while (input->fd >= 0 && input->n > 0)
    {
      size_t first = RING_SIZE - input->begin < input->n ? RING_SIZE - input->begin : input->n;
      struct iovec parts[2] = { { input->ring + input->begin, first }, { input->ring, input->n - first } };
      ssize_t written = write_parts (input, parts, 2);

      if (written < 0)
        {
          if (errno != EAGAIN)
            keeper_input_close (run, false); /* nobody reads it any more */
          return;
        }
      input->begin = (input->begin + (size_t) written) % RING_SIZE;
      input->n -= (size_t) written;
    }
  drop_ring (input);
  if (input->close_after)
    keeper_input_close (run, false);
}

static int
enqueue (KeeperInput *input, const char *bytes, size_t length)
{
  size_t at, first;

  if (length == 0)
    return 0;
  if (input->ring == NULL)
    {
      void *ring = mmap (NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

      if (ring == MAP_FAILED)
        return ENOSPC;
      input->ring = ring;
    }
  at = (input->begin + input->n) % RING_SIZE;
  first = RING_SIZE - at < length ? RING_SIZE - at : length;
  memcpy (input->ring + at, bytes, first);
  memcpy (input->ring, bytes + first, length - first);
  input->n += length;
  return 0;
}

static int
take_piece (KeeperRun *run, const char *bytes, size_t length)
{
  KeeperInput *input = &run->input;

  if (input->n == 0)
    {
      struct iovec part = { (void *) bytes, length };
      ssize_t written = length > 0 ? write_parts (input, &part, 1) : 0;

      if (written < 0 && errno != EAGAIN)
        {
          keeper_input_close (run, false);
          return EPIPE;
        }
      if (written > 0)
        {
          bytes += written;
          length -= (size_t) written;
        }
    }
  return enqueue (input, bytes, length);
}

bool
keeper_input_take (KeeperRun *run, uint32_t serial, const TroupeKeeperInput *head, const void *bytes,
                   size_t length, int *error)
{
  KeeperInput *input = &run->input;

  if (head->offset == 0)
    {
      input->serial = serial;
      input->next_offset = 0;
      input->total = head->total;
      input->error = input->fd < 0 || input->close_after ? EPIPE
                     : head->total > RING_SIZE - input->n ? ENOSPC
                                                          : 0;
    }
  if (serial != input->serial || head->offset != input->next_offset ||
      length > input->total - input->next_offset || (length == 0 && input->total > 0))
    {
      *error = EINVAL;
      return true;
    }
  input->next_offset += (uint32_t) length;
  if (input->error == 0)
    input->error = take_piece (run, bytes, length);
  *error = input->error;
  return input->next_offset == input->total;
}

int
keeper_input_open (KeeperRun *run)
{
  char path[64];
  int fd;

  if (run->input.fd < 0 || run->input.close_after)
    return -EPIPE;
  if (run->input.is_socket)
    {
      fd = fcntl (run->input.fd, F_DUPFD_CLOEXEC, 3);
      return fd < 0 ? -errno : fd;
    }
  /* A duplicate would share our O_NONBLOCK; a fresh open file does not. Opened without
   * blocking, as nobody may read it any more (ENXIO). */
  snprintf (path, sizeof path, "/proc/self/fd/%d", run->input.fd);
  fd = open (path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return errno == ENXIO ? -EPIPE : -errno;
  fcntl (fd, F_SETFL, 0);
  return fd;
}
