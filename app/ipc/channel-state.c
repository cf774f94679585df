/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The file: one page with the figures below, mapped; then room for the line that comes in, then room for
 * the one that goes out. Bytes are written before the figure that says they are there. */

#include "config.h"

#include "ipc/channel-state.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x54435331u /* "TCS1" */
#define PAGE 4096
#define IN_OFFSET PAGE
#define OUT_OFFSET (G_GINT64_CONSTANT (1) << 32)
/* After a longer line its pages are given back. */
#define KEEP_BYTES (1024 * 1024)

typedef struct
{
  guint32 magic;
  guint64 in_length, in_dropped;
  guint64 out_length, out_sent;
} Figures;

struct _TroupeChannelState
{
  int fd;
  volatile Figures *figures; /* mapped */
};

/* Fails quietly where the state cannot be what it says. */
static gboolean
is_sound (const volatile Figures *figures, gint64 size)
{
  return figures->magic == MAGIC && figures->in_length <= (guint64) OUT_OFFSET - IN_OFFSET
         && figures->out_sent <= figures->out_length
         && (figures->in_length == 0 || (gint64) (IN_OFFSET + figures->in_length) <= size)
         && (figures->out_length == 0 || (gint64) (OUT_OFFSET + figures->out_length) <= size);
}

TroupeChannelState *
troupe_channel_state_new (int fd)
{
  TroupeChannelState *self = g_new0 (TroupeChannelState, 1);
  gboolean is_new = fd < 0;
  struct stat st;
  void *page;

  self->fd = is_new ? memfd_create ("troupe-channel", MFD_CLOEXEC) : fd;
  if (self->fd < 0 || (is_new && ftruncate (self->fd, PAGE) < 0) || fstat (self->fd, &st) < 0 || st.st_size < PAGE)
    {
      troupe_channel_state_free (self);
      return NULL;
    }
  page = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
  if (page == MAP_FAILED)
    {
      troupe_channel_state_free (self);
      return NULL;
    }
  self->figures = page;
  if (is_new)
    self->figures->magic = MAGIC;
  else if (!is_sound (self->figures, st.st_size))
    g_clear_pointer (&self, troupe_channel_state_free);
  return self;
}

void
troupe_channel_state_free (TroupeChannelState *self)
{
  if (self == NULL)
    return;
  if (self->figures != NULL)
    munmap ((void *) self->figures, PAGE);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

int
troupe_channel_state_peek_fd (TroupeChannelState *self)
{
  return self->fd;
}

/* What does not fit into memory is not there for a successor; this one goes on. */
static gboolean
write_at (TroupeChannelState *self, gint64 offset, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gssize n = pwrite (self->fd, bytes, length, offset);

      if (n <= 0)
        return FALSE;
      bytes += n;
      offset += n;
      length -= (gsize) n;
    }
  return TRUE;
}

/* Pages of the room at OFFSET that held LENGTH bytes. */
static void
give_back (TroupeChannelState *self, gint64 offset, guint64 length)
{
  if (length > KEEP_BYTES)
    fallocate (self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, (gint64) length);
}

void
troupe_channel_state_begin_in (TroupeChannelState *self, const char *bytes, gsize length)
{
  troupe_channel_state_clear_in (self);
  troupe_channel_state_append_in (self, bytes, length);
}

void
troupe_channel_state_append_in (TroupeChannelState *self, const char *bytes, gsize length)
{
  if (write_at (self, IN_OFFSET + (gint64) self->figures->in_length, bytes, length))
    self->figures->in_length += length;
}

void
troupe_channel_state_drop_in (TroupeChannelState *self, gsize length)
{
  give_back (self, IN_OFFSET, self->figures->in_length);
  self->figures->in_length = 0;
  self->figures->in_dropped = length;
}

void
troupe_channel_state_clear_in (TroupeChannelState *self)
{
  if (self->figures->in_length == 0 && self->figures->in_dropped == 0)
    return;
  troupe_channel_state_drop_in (self, 0);
}

void
troupe_channel_state_begin_out (TroupeChannelState *self, const char *bytes, gsize length)
{
  troupe_channel_state_clear_out (self);
  if (!write_at (self, OUT_OFFSET, bytes, length))
    return;
  self->figures->out_sent = 0;
  self->figures->out_length = length;
}

void
troupe_channel_state_advance_out (TroupeChannelState *self, gsize length)
{
  if (self->figures->out_sent + length <= self->figures->out_length)
    self->figures->out_sent += length;
}

void
troupe_channel_state_clear_out (TroupeChannelState *self)
{
  guint64 length = self->figures->out_length;

  if (length == 0)
    return;
  self->figures->out_length = 0;
  give_back (self, OUT_OFFSET, length);
}

static GBytes *
read_at (TroupeChannelState *self, gint64 offset, gsize length)
{
  g_autofree char *bytes = NULL;
  gsize done = 0;

  if (length == 0)
    return NULL;
  bytes = g_malloc (length);
  while (done < length)
    {
      gssize n = pread (self->fd, bytes + done, length - done, offset + (gint64) done);

      if (n <= 0)
        return NULL;
      done += (gsize) n;
    }
  return g_bytes_new_take (g_steal_pointer (&bytes), length);
}

GBytes *
troupe_channel_state_dup_in (TroupeChannelState *self, gsize *dropped)
{
  *dropped = self->figures->in_dropped;
  return read_at (self, IN_OFFSET, self->figures->in_length);
}

GBytes *
troupe_channel_state_dup_out (TroupeChannelState *self)
{
  return read_at (self, OUT_OFFSET + (gint64) self->figures->out_sent,
                  self->figures->out_length - self->figures->out_sent);
}
