/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A singly linked list of buffers. */

#include "config.h"

#include "ipc/line-queue.h"

#include <string.h>

#define JOINED_BYTES_MAX (16 * 1024)
/* What a channel at rest holds at most: many channels are at rest. */
#define SPARE_BYTES_MAX (4 * 1024)
#define SMALLEST_BYTES 256

TroupeLinePiece *
troupe_line_piece_new (gsize length)
{
  TroupeLinePiece *piece = g_new0 (TroupeLinePiece, 1);

  piece->length = length;
  piece->capacity = MAX (length, SMALLEST_BYTES);
  piece->bytes = g_malloc (piece->capacity);
  return piece;
}

void
troupe_line_piece_free (TroupeLinePiece *piece)
{
  if (piece == NULL)
    return;
  g_clear_pointer (&piece->handle, troupe_handle_unref);
  g_free (piece->bytes);
  g_free (piece);
}

void
troupe_line_queue_push_tail (TroupeLineQueue *self, TroupeLinePiece *piece)
{
  piece->next = NULL;
  if (self->tail != NULL)
    self->tail->next = piece;
  else
    self->head = piece;
  self->tail = piece;
}

/* The piece a line of LENGTH bytes goes to, with room for it. */
static TroupeLinePiece *
get_piece (TroupeLineQueue *self, gsize length, TroupeHandle *handle)
{
  TroupeLinePiece *piece = self->tail;

  /* What has begun to go out is not added to: it has to be finished before anything can pass. */
  if (piece == NULL || piece->handle != NULL || handle != NULL || piece->sent > 0
      || piece->length + length > JOINED_BYTES_MAX)
    {
      piece = g_steal_pointer (&self->spare);
      if (piece == NULL)
        piece = troupe_line_piece_new (0);
      piece->handle = handle != NULL ? troupe_handle_ref (handle) : NULL;
      troupe_line_queue_push_tail (self, piece);
    }
  if (piece->length + length > piece->capacity)
    {
      gsize wanted = piece->length + length;

      /* A long line gets what it needs; joined ones grow by doubling. */
      piece->capacity = wanted > JOINED_BYTES_MAX ? wanted : MIN (MAX (wanted, 2 * piece->capacity), JOINED_BYTES_MAX);
      piece->bytes = g_realloc (piece->bytes, piece->capacity);
    }
  return piece;
}

gsize
troupe_line_queue_append (TroupeLineQueue *self, const struct iovec *parts, guint n_parts,
                          TroupeHandle *handle)
{
  gsize length = 1;
  TroupeLinePiece *piece;
  char *end;

  for (guint i = 0; i < n_parts; i++)
    length += parts[i].iov_len;
  piece = get_piece (self, length, handle);
  end = piece->bytes + piece->length;
  for (guint i = 0; i < n_parts; i++)
    {
      memcpy (end, parts[i].iov_base, parts[i].iov_len);
      end += parts[i].iov_len;
    }
  for (char *p = piece->bytes + piece->length; (p = memchr (p, '\n', (gsize) (end - p))) != NULL; p++)
    *p = ' ';
  *end = '\n';
  piece->length += length;
  return length;
}

void
troupe_line_queue_push_head (TroupeLineQueue *self, TroupeLinePiece *piece)
{
  piece->next = self->head;
  self->head = piece;
  if (self->tail == NULL)
    self->tail = piece;
}

TroupeLinePiece *
troupe_line_queue_pop_head (TroupeLineQueue *self)
{
  TroupeLinePiece *piece = self->head;

  if (piece == NULL)
    return NULL;
  self->head = piece->next;
  if (self->head == NULL)
    self->tail = NULL;
  piece->next = NULL;
  return piece;
}

void
troupe_line_queue_recycle (TroupeLineQueue *self, TroupeLinePiece *piece)
{
  g_clear_pointer (&piece->handle, troupe_handle_unref);
  if (self->spare != NULL || piece->capacity > SPARE_BYTES_MAX)
    {
      troupe_line_piece_free (piece);
      return;
    }
  piece->length = piece->sent = 0;
  piece->in_any_order = FALSE;
  piece->n_refused = 0;
  self->spare = piece;
}

void
troupe_line_queue_clear (TroupeLineQueue *self)
{
  TroupeLinePiece *piece;

  while ((piece = troupe_line_queue_pop_head (self)) != NULL)
    troupe_line_piece_free (piece);
  g_clear_pointer (&self->spare, troupe_line_piece_free);
}
