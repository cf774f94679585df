/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-reader.h"
#include "journal/journal-writer.h"

#include <glib.h>

/* What a log should say, kept in memory the simplest way there is, and compared with what
 * a reader says. Tests write through it. */

typedef struct
{
  TroupeJournalRow row;
} JournalModelRow;

typedef struct
{
  TroupeLog log;
  GByteArray *bytes[TROUPE_N_STREAMS];
  gboolean open_line[TROUPE_N_STREAMS];
  GArray *rows; /* of JournalModelRow, in order of records */
  guint last_row[TROUPE_N_STREAMS];
  guint64 time_usec;
} JournalModel;

JournalModel *journal_model_new (TroupeLog log);
void journal_model_free (JournalModel *model);

/* Says what an append of these bytes should have done. */
void journal_model_append (JournalModel *model, TroupeStream stream, TroupeRecordKind kind, guint64 time_usec,
                           const void *bytes, gsize length);
/* The same, and does it. */
void journal_model_write (JournalModel *model, TroupeJournalWriter *writer, TroupeStream stream,
                          TroupeRecordKind kind, guint64 time_usec, const void *bytes, gsize length);

/* Compares all rows, bytes, times and offsets under every mask. With deleted segments, those
 * that are left. WITH_TIMES: also the rows' times. */
void journal_model_check (JournalModel *model, TroupeJournalReader *reader, gboolean with_times);

/* A private folder; removed with all that is in it. */
char *journal_test_dir_new (void);
/* One in memory, where that is to be had: for tests that make files by the ten thousand. */
char *journal_test_dir_new_in_memory (void);
void journal_test_dir_remove (char *dir);
