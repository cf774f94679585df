/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/ansi.h"
#include "logview/log-rows.h"

G_BEGIN_DECLS

/* The rows in view, read and parsed, kept while they stay in view.
 *
 * A line of up to TROUPE_ANSI_MAX_BYTES is read and parsed whole. Of a longer one only a
 * window around the columns asked for is read, with a column for each byte, so every byte of
 * a line of any length can be reached. Memory: TROUPE_LOG_LINES_MAX lines at most. */

#define TROUPE_LOG_LINES_MAX 1024
#define TROUPE_LOG_LINE_WINDOW_BYTES (4u << 10)

typedef struct
{
  TroupeLogRow row;
  gboolean is_long;
  gboolean is_annotation; /* an event or a gap: our words, not the worker's */
  guint64 n_columns;
  guint64 first; /* the column of ansi's first cell */
  TroupeAnsiLine ansi;
  guint8 *bytes; /* (owned) */
  gsize n_bytes;
  guint last_frame;
} TroupeLogLine;

typedef struct _TroupeLogLines TroupeLogLines;

TroupeLogLines *troupe_log_lines_new (void);
void troupe_log_lines_free (TroupeLogLines *self);
/* Forgets all lines. */
void troupe_log_lines_clear (TroupeLogLines *self);
/* A new frame begins: lines not asked for in it may be forgotten. */
void troupe_log_lines_begin_frame (TroupeLogLines *self);
/* Returns: (transfer none): valid until the next frame begins */
TroupeLogLine *troupe_log_lines_get (TroupeLogLines *self, TroupeLogRows *rows, const TroupeLogRow *row);

/* A line outside of the cache. */
TroupeLogLine *troupe_log_line_load (TroupeLogRows *rows, const TroupeLogRow *row);
void troupe_log_line_free (TroupeLogLine *line);
/* Sees that cells [first, first + n) are there, of those that the line has. */
void troupe_log_line_ensure (TroupeLogLine *line, TroupeLogRows *rows, guint64 first, guint64 n);

/* The column of the glyph that COLUMN is part of. */
guint64 troupe_log_line_glyph_start (const TroupeLogLine *line, guint64 column);

G_END_DECLS
