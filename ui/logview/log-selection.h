/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/log-line.h"

G_BEGIN_DECLS

/* What is selected: from a place in one row to a place in another, wherever these rows go. */

typedef struct
{
  TroupeLogAnchor anchor;
  guint64 column;
} TroupeLogPoint;

/* Behind the last column of any line. */
#define TROUPE_LOG_COLUMN_END G_MAXUINT64

typedef struct
{
  gboolean active;
  TroupeLogPoint base; /* where it began */
  TroupeLogPoint tip;  /* where it was drawn to */
} TroupeLogSelection;

/* The same in reading order, with today's row numbers. */
typedef struct
{
  guint64 first_row, last_row;
  guint64 first_column; /* in the first row */
  guint64 end_column;   /* in the last row; not selected itself */
} TroupeLogRange;

/* FALSE: nothing is selected. */
gboolean troupe_log_selection_get_range (TroupeLogSelection *self, TroupeLogRows *rows, TroupeLogRange *out);
/* The columns [begin, end) of row NUMBER that are selected; FALSE: none. */
gboolean troupe_log_range_get_columns (const TroupeLogRange *range, guint64 number, guint64 *begin, guint64 *end);

/* The text of RANGE, at most MAX_BYTES. Sets *truncated when there was more. */
GByteArray *troupe_log_range_collect (const TroupeLogRange *range, TroupeLogRows *rows, gsize max_bytes,
                                      gboolean *truncated);

/* The word, or the blanks, or the single sign around COLUMN. */
void troupe_log_line_find_word (TroupeLogLine *line, TroupeLogRows *rows, guint64 column, guint64 *begin,
                                guint64 *end);

/* BYTES as valid UTF-8 without NUL, as a clipboard wants it: U+FFFD and U+2400 stand in. */
char *troupe_log_dup_clipboard_text (const guint8 *bytes, gsize length);

G_END_DECLS
