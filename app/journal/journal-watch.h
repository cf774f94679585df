/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stdbool.h>

/* Wakes a reader when a log grows: an inotify descriptor to poll.
 *
 * One watch reports once, then is quiet until it is armed again, so a flood costs
 * the viewer one wake-up a frame and the writer nothing. Plain C; one thread. */

typedef struct _TroupeJournalWatch TroupeJournalWatch;

/* Watches the run folder DIR (it must exist), armed from the start. NULL with errno set on
 * failure (the kernel grants a user 128 of these by default: one for each log on screen, not
 * one for each run there is). */
TroupeJournalWatch *troupe_journal_watch_new (const char *dir);
void troupe_journal_watch_free (TroupeJournalWatch *watch);

/* The descriptor to poll for reading; (borrowed). */
int troupe_journal_watch_peek_fd (TroupeJournalWatch *watch);

/* Call when the descriptor is readable: swallows what is there and disarms. */
void troupe_journal_watch_acknowledge (TroupeJournalWatch *watch);

/* From now on the next change wakes again. Refresh the reader *after* arming, so that
 * nothing falls between. */
void troupe_journal_watch_arm (TroupeJournalWatch *watch);
