/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-reader.h"

/* Several logs read as one, ordered by time: a run's output with its messages
 * and events, or the output of several workers together.
 *
 * Plain C; belongs to one thread at a time. Rows are numbered from 0 over all sources;
 * equal times go by order of adding. With one source it costs what the reader costs. A row
 * lookup costs O(sources x log rows). Numbers of rows already seen can move by a few when
 * sources are written at the same instant; callers draw what they look up now and anchor by
 * time, never by a kept number. */

typedef struct _TroupeJournalView TroupeJournalView;

typedef struct
{
  TroupeJournalRow row;
  unsigned source; /* as given by troupe_journal_view_add */
} TroupeJournalViewRow;

TroupeJournalView *troupe_journal_view_new (void);
void troupe_journal_view_free (TroupeJournalView *view);

/* Takes READER (closed with the view). Returns the source's number, 0, 1, … */
unsigned troupe_journal_view_add (TroupeJournalView *view, TroupeJournalReader *reader, unsigned mask);
void troupe_journal_view_set_mask (TroupeJournalView *view, unsigned source, unsigned mask);
TroupeJournalReader *troupe_journal_view_get_reader (TroupeJournalView *view, unsigned source);

bool troupe_journal_view_refresh (TroupeJournalView *view);
uint64_t troupe_journal_view_get_begin (TroupeJournalView *view);
uint64_t troupe_journal_view_get_end (TroupeJournalView *view);
bool troupe_journal_view_get_row (TroupeJournalView *view, uint64_t row, TroupeJournalViewRow *out);
uint64_t troupe_journal_view_find_time (TroupeJournalView *view, uint64_t time_usec);
/* From a source's own row number (within its mask) to the view's. */
uint64_t troupe_journal_view_find_source_row (TroupeJournalView *view, unsigned source,
                                              uint64_t source_row);
