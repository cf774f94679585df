/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "ipc/handle.h"

#include <sys/uio.h>

G_BEGIN_DECLS

/* Lines that wait to be written, in as few pieces as can be: short lines behind one another are one piece,
 * and the piece that was written last is used again, so that a line costs a copy and no allocation. A line
 * with a descriptor is a piece of its own. One thread; opens nothing. */

typedef struct _TroupeLinePiece TroupeLinePiece;
struct _TroupeLinePiece
{
  TroupeLinePiece *next;
  char *bytes; /* (owned): whole lines, each with its newline */
  gsize length, capacity;
  gsize sent;
  TroupeHandle *handle; /* (owned) (nullable): goes with the first byte */

  /* The channel's, of a line with a descriptor. */
  gboolean in_any_order;
  guint n_refused;
  guint64 end; /* where it ends in all that was sent */
};

typedef struct
{
  TroupeLinePiece *head, *tail;
  TroupeLinePiece *spare; /* (nullable) */
} TroupeLineQueue;

/* Adds the N_PARTS as one line; newlines in them become spaces. HANDLE: (nullable). Returns bytes added. */
gsize troupe_line_queue_append (TroupeLineQueue *self, const struct iovec *parts, guint n_parts,
                                TroupeHandle *handle);

void troupe_line_queue_push_tail (TroupeLineQueue *self, TroupeLinePiece *piece);
/* PIECE (taken) is the next again. */
void troupe_line_queue_push_head (TroupeLineQueue *self, TroupeLinePiece *piece);
/* Returns: (transfer full) (nullable) */
TroupeLinePiece *troupe_line_queue_pop_head (TroupeLineQueue *self);
/* PIECE (taken) is done with; the queue may use it for the next lines. */
void troupe_line_queue_recycle (TroupeLineQueue *self, TroupeLinePiece *piece);
/* Drops everything. */
void troupe_line_queue_clear (TroupeLineQueue *self);

/* Returns: (transfer full): LENGTH bytes as they are, which the caller fills. */
TroupeLinePiece *troupe_line_piece_new (gsize length);
void troupe_line_piece_free (TroupeLinePiece *piece);

G_END_DECLS
