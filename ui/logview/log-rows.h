/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-view.h"
#include "logview/log-index.h"

#include <glib.h>

G_BEGIN_DECLS

/* The rows that a log view shows: the journals of its runs, merged, less what streams, clear
 * and filter hide. Belongs to one thread; for another, make a copy.
 *
 * Each run has two sources, its logs: source = 2 * run + TroupeLog. A log that does not exist
 * yet is opened once it does. */

typedef struct _TroupeLogRows TroupeLogRows;

typedef struct
{
  TroupeJournalRow row;
  guint source;
} TroupeLogRow;

/* A row kept in mind while rows come and go. Its number is what it was last seen at. */
typedef struct
{
  guint64 number;
  guint64 time_usec;
  TroupeLogPlace place;
  TroupeRecordKind kind;
} TroupeLogAnchor;

TroupeLogRows *troupe_log_rows_new (const char *const *dirs, gsize n_dirs, unsigned streams);
/* A copy with files of its own, to be used in another thread; it shares the filter's index. */
TroupeLogRows *troupe_log_rows_copy (TroupeLogRows *self);
void troupe_log_rows_free (TroupeLogRows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogRows, troupe_log_rows_free)

/* Looks at the files again. TRUE when something changed. */
gboolean troupe_log_rows_refresh (TroupeLogRows *self);
/* Opens the logs that were not there before; TRUE when one was. */
gboolean troupe_log_rows_open_missing (TroupeLogRows *self);
/* (nullable): what is wrong with a journal, in words. */
const char *troupe_log_rows_get_problem (TroupeLogRows *self);
void troupe_log_rows_set_problem (TroupeLogRows *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

guint64 troupe_log_rows_get_begin (TroupeLogRows *self);
guint64 troupe_log_rows_get_end (TroupeLogRows *self);
/* Where the rows would begin without a filter. */
guint64 troupe_log_rows_get_unfiltered_begin (TroupeLogRows *self);
gboolean troupe_log_rows_get (TroupeLogRows *self, guint64 number, TroupeLogRow *out);
/* Reads SIZE bytes of ROW from AT on; returns how many there were. */
gsize troupe_log_rows_read (TroupeLogRows *self, const TroupeLogRow *row, guint64 at, void *buffer, gsize size);
guint64 troupe_log_rows_find_time (TroupeLogRows *self, guint64 time_usec);
/* The time of the oldest line of a run; 0 when there is none. */
guint64 troupe_log_rows_get_start_usec (TroupeLogRows *self, guint run);

void troupe_log_rows_anchor (TroupeLogRows *self, guint64 number, TroupeLogAnchor *out);
/* Brings anchor->number up to date. FALSE when the row is gone: the number is then that of the
 * first row of its time or later. */
gboolean troupe_log_rows_resolve (TroupeLogRows *self, TroupeLogAnchor *anchor);
/* The number of the row at PLACE, which is near NUMBER. */
gboolean troupe_log_rows_find_place (TroupeLogRows *self, TroupeLogPlace place, guint64 near, guint64 *number);

void troupe_log_rows_set_streams (TroupeLogRows *self, unsigned streams);
unsigned troupe_log_rows_get_streams (TroupeLogRows *self);
const char *const *troupe_log_rows_get_dirs (TroupeLogRows *self, gsize *n_dirs);
/* Which of a source's streams are shown. */
unsigned troupe_log_rows_get_mask (TroupeLogRows *self, guint source);

/* Hides all rows there are now; FALSE shows them again. */
void troupe_log_rows_set_cleared (TroupeLogRows *self, gboolean cleared);
/* Rows before this time are hidden; 0: none. */
guint64 troupe_log_rows_get_cleared_usec (TroupeLogRows *self);

/* Shows only the rows in INDEX; NULL shows all. */
void troupe_log_rows_set_filter (TroupeLogRows *self, TroupeLogIndex *index);

TroupeLogPlace troupe_log_row_get_place (const TroupeLogRow *row);
gboolean troupe_log_place_equal (TroupeLogPlace a, TroupeLogPlace b);

G_END_DECLS
