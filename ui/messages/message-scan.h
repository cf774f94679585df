/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-reader.h"
#include "logview/log-matcher.h"

G_BEGIN_DECLS

/* One walk of a filter over a range of rows, in a thread with files of its own. What it finds comes to
 * the main thread in blocks. */

typedef struct _TroupeMessageScan TroupeMessageScan;

#define TROUPE_MESSAGE_SCAN_BLOCK_ROWS 4096u

typedef struct
{
  const char *dir;
  unsigned mask;
  TroupeLogMatcher *matcher; /* (nullable) */
  unsigned kinds;            /* bit N: rows of TroupeRecordKind N pass */
  gsize text_max;            /* bytes looked at of each */
  guint64 begin, end;        /* rows */
  gboolean backwards;        /* newest block first */
} TroupeMessageScanOrder;

/* Called in the main thread: N rows of a block that pass, ascending. N 0, ROWS NULL: that was all. */
typedef void (*TroupeMessageScanFunc) (const guint64 *rows, gsize n_rows, gpointer user_data);

TroupeMessageScan *troupe_message_scan_start (const TroupeMessageScanOrder *order, TroupeMessageScanFunc func,
                                              gpointer user_data);
/* FUNC is not called any more; the thread ends by itself soon. */
void troupe_message_scan_cancel (TroupeMessageScan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeMessageScan, troupe_message_scan_cancel)

G_END_DECLS
