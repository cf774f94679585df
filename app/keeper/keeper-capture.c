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
 * Each turn of the loop reads each stream a few times at most, so neither of them
 * starves the other or the control socket.
 *
 * What a flood brings is read such that it goes into the file in large aligned pieces, for which
 * a file system takes one large page where it would take many small ones else. */

#include "keeper/keeper-run.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAUSE_MAX_USEC 2000
#define PAUSE_MIN_USEC 125
/* Of a stream that brings this much between two pauses, a longer one is no loss to who looks. */
#define FLOOD_BURST (64 * 1024)
#define FLOOD_PAUSE_MAX_USEC 8000
#define BULK_READ (32 * 1024)
#define READS_A_TURN 4
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

/* Leaves the pipe alone for a while, such that it is half full when we come back. */
static void
rest (KeeperStream *stream)
{
  uint64_t half = stream->pipe_bytes / 2;
  uint64_t pause_usec = stream->pause_usec > PAUSE_MIN_USEC ? stream->pause_usec : PAUSE_MIN_USEC;
  uint64_t max_usec = stream->burst_bytes >= FLOOD_BURST ? FLOOD_PAUSE_MAX_USEC : PAUSE_MAX_USEC;

  pause_usec = pause_usec * half / stream->burst_bytes;
  stream->pause_usec = pause_usec < PAUSE_MIN_USEC ? 0 : pause_usec > max_usec ? max_usec : pause_usec;
  stream->burst_bytes = 0;
  stream->resume_at = stream->pause_usec > 0 ? keeper_now () + stream->pause_usec : 0;
}

/* How much to read: up to where a write of KEEPER_BUFFER_SIZE bytes into the file is aligned. 0: what
 * there is does not fill that, and others of this burst did; it can wait for more. */
static size_t
choose_size (const KeeperStream *stream)
{
  size_t size = KEEPER_BUFFER_SIZE - (size_t) (stream->kept_bytes % KEEPER_BUFFER_SIZE);
  int available;

  if (stream->is_full)
    return KEEPER_BUFFER_SIZE;
  if (stream->pause_usec > 0 && stream->burst_bytes >= FLOOD_BURST && ioctl (stream->fd, FIONREAD, &available) == 0
      && (size_t) available < size)
    return 0;
  return size;
}

void
keeper_capture_read (KeeperRun *run, KeeperStream *stream)
{
  size_t size, n;
  int i = 0;

  stream->resume_at = 0;
  do
    {
      size = choose_size (stream);
      if (size == 0)
        {
          rest (stream);
          return;
        }
      n = read_once (run, stream, size);
      if (n == 0 || stream->fd < 0)
        return;
      if (n > 4096 && run->trim_at == 0)
        run->trim_at = keeper_now () + TRIM_AFTER_USEC;
      stream->burst_bytes += n;
    }
  while (n == size && ++i < READS_A_TURN);
  if (n < size && (stream->pause_usec > 0 || n < BULK_READ || n >= stream->pipe_bytes / 2))
    rest (stream);
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

/* The first page stays: the next line needs it. During a flood this comes once a second, which does no harm. */
void
keeper_capture_trim (KeeperRun *run)
{
  madvise (keeper_buffer + 4096, KEEPER_BUFFER_SIZE - 4096, MADV_DONTNEED);
  if (run->journal != NULL)
    troupe_journal_writer_trim (run->journal);
  run->trim_at = 0;
}
