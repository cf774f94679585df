/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

#include "journal/journal-writer.h"

G_BEGIN_DECLS

/* The conversation of a run, written by a test instead of an engine. */

typedef struct
{
  char *dir; /* (owned) the run's folder */
  TroupeJournalWriter *writer;
  guint64 time_usec; /* of the next message */
} MessageJournal;

void message_journal_init (MessageJournal *self);
/* Deletes the folder. */
void message_journal_clear (MessageJournal *self);

/* One message, USEC after the one before. Events: KIND is TROUPE_RECORD_EVENT. */
void message_journal_add (MessageJournal *self, TroupeRecordKind kind, guint64 usec, const char *text);
/* N questions for primes and their answers, in turn; quick. */
void message_journal_add_many (MessageJournal *self, guint64 n);
/* One of every kind of row, of many shapes. */
void message_journal_add_zoo (MessageJournal *self);

G_END_DECLS
