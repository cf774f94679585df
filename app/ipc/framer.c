/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lines out of reads. Owns the beginning of the line that is still open. */

#include "config.h"

#include "ipc/framer.h"

#include <string.h>

/* A partial line's buffer that grew past this is given back when the line is done. */
#define PARTIAL_KEEP_BYTES (64 * 1024)

struct _TroupeFramer
{
  gsize line_max;
  TroupeFramerFunc func;
  gpointer user_data;
  GByteArray *partial; /* (owned) */
  gsize dropped;       /* bytes of an overlong line seen so far; 0: not in one */
};

TroupeFramer *
troupe_framer_new (gsize line_max, TroupeFramerFunc func, gpointer user_data)
{
  TroupeFramer *self = g_new0 (TroupeFramer, 1);

  self->line_max = line_max;
  self->func = func;
  self->user_data = user_data;
  self->partial = g_byte_array_new ();
  return self;
}

void
troupe_framer_free (TroupeFramer *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->partial);
  g_free (self);
}

static void
clear_partial (TroupeFramer *self)
{
  if (self->partial->len > PARTIAL_KEEP_BYTES)
    {
      g_byte_array_unref (self->partial);
      self->partial = g_byte_array_new ();
    }
  else
    g_byte_array_set_size (self->partial, 0);
}

/* BYTES belong to the open line. */
static void
keep (TroupeFramer *self, const char *bytes, gsize length)
{
  if (self->dropped > 0)
    self->dropped += length;
  else if (self->partial->len + length > self->line_max)
    {
      self->dropped = self->partial->len + length;
      clear_partial (self);
    }
  else
    g_byte_array_append (self->partial, (const guint8 *) bytes, length);
}

static void
end_line (TroupeFramer *self)
{
  if (self->dropped > 0)
    self->func (NULL, self->dropped, self->user_data);
  else
    self->func ((const char *) self->partial->data, self->partial->len, self->user_data);
  self->dropped = 0;
  clear_partial (self);
}

void
troupe_framer_feed (TroupeFramer *self, const char *bytes, gsize length)
{
  const char *end = bytes + length;

  while (bytes < end)
    {
      const char *newline = memchr (bytes, '\n', end - bytes);
      gsize n = (newline != NULL ? newline : end) - bytes;

      if (newline == NULL)
        {
          keep (self, bytes, n);
          return;
        }
      if (troupe_framer_get_pending (self) > 0)
        {
          keep (self, bytes, n);
          end_line (self);
        }
      else
        self->func (n <= self->line_max ? bytes : NULL, n, self->user_data);
      bytes = newline + 1;
    }
}

gsize
troupe_framer_get_pending (TroupeFramer *self)
{
  return self->dropped > 0 ? self->dropped : self->partial->len;
}

void
troupe_framer_set_dropped (TroupeFramer *self, gsize length)
{
  clear_partial (self);
  self->dropped = length;
}

gboolean
troupe_framer_is_dropping (TroupeFramer *self)
{
  return self->dropped > 0;
}

void
troupe_framer_finish (TroupeFramer *self)
{
  if (troupe_framer_get_pending (self) > 0)
    end_line (self);
}
