/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-format.h"

#include <glib.h>

G_BEGIN_DECLS

/* The rows that a search found, in their order. One thread appends, any thread reads; a lock
 * inside. Holds the newest TROUPE_LOG_INDEX_MAX_ENTRIES (32 MB) and counts them all: entries
 * are numbered from 0 and keep their number when older ones are forgotten. */

#define TROUPE_LOG_INDEX_MAX_ENTRIES (2u << 20)
/* The rows looked at are spread over this many marks at most. */
#define TROUPE_LOG_INDEX_N_MARKS 1024

/* Where a row's first byte stands: stays true whatever is appended, merged or shown. */
typedef struct
{
  guint64 offset : 46;
  guint64 stream : 2;
  guint64 source : 16;
} TroupeLogPlace;

typedef struct
{
  TroupeLogPlace place;
  guint64 ordinal; /* which of the rows looked at it is; within a few, its row's number */
} TroupeLogIndexEntry;

typedef struct
{
  guint8 hit[TROUPE_LOG_INDEX_N_MARKS]; /* 1 where there is a match */
  guint n_marks;
  guint64 first_ordinal, rows_per_mark;
} TroupeLogMarks;

typedef struct _TroupeLogIndex TroupeLogIndex;

/* FIRST_ORDINAL is the number of the first row that will be looked at. */
TroupeLogIndex *troupe_log_index_new (guint64 first_ordinal);
TroupeLogIndex *troupe_log_index_ref (TroupeLogIndex *self);
void troupe_log_index_unref (TroupeLogIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogIndex, troupe_log_index_unref)

/* Takes in ENTRIES, and that rows up to END_ORDINAL have been looked at. */
void troupe_log_index_append (TroupeLogIndex *self, const TroupeLogIndexEntry *entries, gsize n_entries,
                              guint64 end_ordinal);

/* Entries [begin, end) can be got; `end` is how many there ever were. */
void troupe_log_index_get_range (TroupeLogIndex *self, guint64 *begin, guint64 *end);
gboolean troupe_log_index_get (TroupeLogIndex *self, guint64 number, TroupeLogIndexEntry *out);
/* Rows below this ordinal have been looked at. */
guint64 troupe_log_index_get_end_ordinal (TroupeLogIndex *self);
/* The first entry whose ordinal is ORDINAL or more; the end when there is none. */
guint64 troupe_log_index_find_ordinal (TroupeLogIndex *self, guint64 ordinal);
void troupe_log_index_get_marks (TroupeLogIndex *self, TroupeLogMarks *out);

G_END_DECLS
