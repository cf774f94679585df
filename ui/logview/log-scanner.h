/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/log-rows.h"

G_BEGIN_DECLS

/* Walks over all rows of some runs from first to last, with large reads.
 *
 * Merges by time like the journal view, but steps through each source by its own numbers,
 * which never change: no row is left out or seen twice, even where writers race. Belongs to
 * one thread, with files of its own. */

typedef struct _TroupeLogScanner TroupeLogScanner;

/* All sources together buffer this much at most (but 16 KiB for each). */
#define TROUPE_LOG_SCANNER_BUFFER_BYTES (8u << 20)

/* Rows before FROM_USEC are left out. */
TroupeLogScanner *troupe_log_scanner_new (const char *const *dirs, gsize n_dirs, unsigned streams,
                                          guint64 from_usec);
void troupe_log_scanner_free (TroupeLogScanner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogScanner, troupe_log_scanner_free)

/* Looks at the files again; next () then goes on. */
void troupe_log_scanner_refresh (TroupeLogScanner *self);
/* FALSE: that was all, for now. */
gboolean troupe_log_scanner_next (TroupeLogScanner *self, TroupeLogRow *out);
/* The row at PLACE as it is now. */
gboolean troupe_log_scanner_get_at (TroupeLogScanner *self, TroupeLogPlace place, TroupeLogRow *out);
/* Bytes [at, at + size) of ROW, valid until the next call; *GOT is how many there are. */
const guint8 *troupe_log_scanner_peek (TroupeLogScanner *self, const TroupeLogRow *row, guint64 at, gsize size,
                                       gsize *got);

G_END_DECLS
