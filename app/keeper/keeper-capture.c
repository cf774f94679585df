/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* From the worker's pipes into the journal, one read at a time.
 *
 * A reader that wakes for every small write costs more than the bytes: so
 * after a small read the pipe is left alone for up to PAUSE_MAX_USEC, and what
 * was written meanwhile comes in one read. A line after a quiet time is read at
 * once. The pause is the shorter the fuller it finds the pipe (a small pipe, a
 * quick writer), so that the writer does not wait for it. A read of BULK_READ
 * bytes or more is not small: bulk is read without pauses.
 *
 * Each turn of the loop reads each stream at most once, so neither of them
 * starves the other or the control socket. */

#include "keeper/keeper-run.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAUSE_MAX_USEC 2000
#define PAUSE_MIN_USEC 125
#define BULK_READ (32 * 1024)
#define TRIM_AFTER_USEC 1000000

static void
close_stream (KeeperStream *stream)
{
  close (stream->fd);
  stream->fd = -1;
}

static void
keep (KeeperRun *run, KeeperStream *stream, const char *bytes, size_t length)
{
  uint64_t limit = run->spec.max_buffer_bytes;

  if (limit > 0 && length > limit - stream->kept_bytes)
    {
      bool was_full = stream->is_full;

      length = (size_t) (limit - stream->kept_bytes);
      stream->is_full = true;
      if (!was_full)
        keeper_stop_begin (run, run->spec.kill_signal, run->spec.grace_msec,
                           stream->stream == TROUPE_STREAM_STDOUT ? TROUPE_END_MAX_BUFFER_STDOUT
                                                                  : TROUPE_END_MAX_BUFFER_STDERR);
    }
  if (length == 0)
    return;
  /* What a full disk does not take, the writer counts and records as a gap. */
  troupe_journal_writer_append (run->journal, stream->stream, TROUPE_RECORD_DATA, keeper_wall (), bytes,
                                length);
  stream->kept_bytes += length;
}

/* One read. Returns its size; 0 when there was nothing or the pipe has ended. */
static size_t
read_once (KeeperRun *run, KeeperStream *stream, size_t size)
{
  ssize_t n = read (stream->fd, keeper_buffer, size);

  if (n > 0)
    {
      keep (run, stream, keeper_buffer, (size_t) n);
      return (size_t) n;
    }
  if (n == 0 || (errno != EAGAIN && errno != EINTR))
    close_stream (stream);
  return 0;
}

/* Aims at a pipe that is half full when we come back. */
static void
choose_pause (KeeperStream *stream, size_t n)
{
  uint64_t half = stream->pipe_bytes / 2, pause_usec;

  stream->burst_bytes += n;
  if ((n >= BULK_READ && n < half) || n == KEEPER_BUFFER_SIZE)
    return; /* read on at once */

  pause_usec = stream->pause_usec > PAUSE_MIN_USEC ? stream->pause_usec : PAUSE_MIN_USEC;
  pause_usec = pause_usec * half / stream->burst_bytes;
  stream->pause_usec = pause_usec < PAUSE_MIN_USEC   ? 0
                       : pause_usec > PAUSE_MAX_USEC ? PAUSE_MAX_USEC
                                                     : pause_usec;
  stream->burst_bytes = 0;
  stream->resume_at = stream->pause_usec > 0 ? keeper_now () + stream->pause_usec : 0;
}

void
keeper_capture_read (KeeperRun *run, KeeperStream *stream)
{
  size_t n = read_once (run, stream, KEEPER_BUFFER_SIZE);

  if (n == 0 || stream->fd < 0)
    return;
  if (n > 4096 && run->trim_at == 0)
    run->trim_at = keeper_now () + TRIM_AFTER_USEC;
  choose_pause (stream, n);
}

void
keeper_capture_drain (KeeperRun *run)
{
  for (int i = 0; i < 2; i++)
    {
      KeeperStream *stream = &run->streams[i];
      int available = 0;

      if (stream->fd < 0 || ioctl (stream->fd, FIONREAD, &available) < 0)
        continue;
      while (available > 0 && stream->fd >= 0)
        {
          size_t size = (size_t) available < KEEPER_BUFFER_SIZE ? (size_t) available : KEEPER_BUFFER_SIZE;
          size_t n = read_once (run, stream, size);

          if (n == 0)
            break;
          available -= (int) n;
        }
    }
}

/* The first page stays: the next line needs it. */
void
keeper_capture_trim (KeeperRun *run)
{
  madvise (keeper_buffer + 4096, KEEPER_BUFFER_SIZE - 4096, MADV_DONTNEED);
  run->trim_at = 0;
}
