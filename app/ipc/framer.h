/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Cuts a byte stream into lines, wherever the reads happened to split it.
 *
 * Whole lines inside one read are handed on where they lie; only a line that
 * spans reads is copied. A line longer than the ceiling is dropped up to its newline and
 * reported by its size, so a peer that never ends a line costs at most the ceiling. One
 * thread; opens nothing. */

typedef struct _TroupeFramer TroupeFramer;

/* LINE: without its newline, not terminated, valid during the call; NULL when the line was
 * longer than the ceiling (LENGTH then says how long it was). */
typedef void (*TroupeFramerFunc) (const char *line, gsize length, gpointer user_data);

TroupeFramer *troupe_framer_new (gsize line_max, TroupeFramerFunc func, gpointer user_data);
void troupe_framer_free (TroupeFramer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeFramer, troupe_framer_free)

/* FUNC may not feed the same framer. */
void troupe_framer_feed (TroupeFramer *self, const char *bytes, gsize length);

/* Bytes of the line that has begun and not ended; 0 between lines. */
gsize troupe_framer_get_pending (TroupeFramer *self);

/* Goes on in the middle of a line of which LENGTH bytes were dropped as too long. */
void troupe_framer_set_dropped (TroupeFramer *self, gsize length);
gboolean troupe_framer_is_dropping (TroupeFramer *self);

/* At the end of the stream: hands on a last line that has no newline. */
void troupe_framer_finish (TroupeFramer *self);

G_END_DECLS
