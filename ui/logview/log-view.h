/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Shows the journals of one or more runs and draws only the lines in view.
 *
 * A GtkScrollable: put it in a GtkScrolledWindow. Main thread only. It reads the
 * journal files itself, is woken by them while it is mapped, and costs nothing
 * otherwise; its memory does not grow with the journal.
 *
 * A run whose files do not exist yet is fine: its lines appear once they do.
 *
 * Properties, each also an accessor below (r: read-only; all notify):
 *
 *   follow          keep the newest line in view. Scrolling up turns it off,
 *                   scrolling to the end turns it on again
 *   wrap            break long lines at the width of the view
 *   time-stamps     TroupeLogTimes (a GPropertyAction of it takes "off", "clock",
 *                   "since-start")
 *   show-stdout, show-stderr, show-messages, show-events
 *   font            Pango description such as "Monospace 11"; NULL: the desktop's
 *                   monospace font
 *   n-rows          r: rows that can be scrolled to (after streams, filter, clear)
 *   n-new-rows      r: rows that came since `follow` went off; 0 while following.
 *                   Notifies at most ten times a second
 *   has-selection   r
 *   n-matches       r: lines the search matches so far
 *   current-match   r: 1-based number of the match one is at; 0: none
 *   searching       r: TRUE while the search has not caught up with the journal
 *   filtering       r: TRUE while a filter hides rows
 *   problem         r: (nullable) in words, why a journal cannot be shown
 *
 * Widget actions (for menus inside of it; the context menu uses them): log.copy,
 * log.select-all, log.clear, log.save-as, log.find-next, log.find-previous, and
 * the stateful log.follow, log.wrap, log.time-stamps, log.show-stdout, …
 *
 * Signals:
 *
 *   notice (const char *text)   something to tell in passing, as a toast:
 *                               "Copied the first 16 MB of the selection"
 *   find ()                     Ctrl+F: show a search entry
 *   dismiss-find ()             Escape: hide it
 */

#define TROUPE_TYPE_LOG_VIEW (troupe_log_view_get_type ())
G_DECLARE_FINAL_TYPE (TroupeLogView, troupe_log_view, TROUPE, LOG_VIEW, GtkWidget)

typedef enum
{
  TROUPE_LOG_TIMES_OFF,
  TROUPE_LOG_TIMES_CLOCK,
  TROUPE_LOG_TIMES_SINCE_START,
} TroupeLogTimes;

#define TROUPE_TYPE_LOG_TIMES (troupe_log_times_get_type ())
GType troupe_log_times_get_type (void);

/* One run to show. */
typedef struct
{
  const char *journal_dir; /* the run's folder, see journal-format.h */
  const char *label;       /* (nullable) the worker's name, for the gutter of merged views */
  guint64 start_usec;      /* wall clock, for “since start”; 0: the time of its first line */
} TroupeLogRun;

/* More runs than this in one view are left out, and `problem` says so. */
#define TROUPE_LOG_MAX_RUNS 256
/* What Ctrl+C and the primary selection take at most. */
#define TROUPE_LOG_COPY_MAX_BYTES (16u << 20)
#define TROUPE_LOG_PRIMARY_MAX_BYTES (1u << 20)

GtkWidget *troupe_log_view_new (void);

/* Replaces what is shown; N_RUNS 0 shows nothing. The strings are copied. Labels are shown
 * when there is more than one run. Turns `follow` on and drops selection and clear mark; the
 * search and the filter are applied anew. Setting the same folders again changes nothing but
 * labels. */
void troupe_log_view_set_runs (TroupeLogView *self, const TroupeLogRun *runs, gsize n_runs);

gboolean troupe_log_view_get_follow (TroupeLogView *self);
void troupe_log_view_set_follow (TroupeLogView *self, gboolean follow);
gboolean troupe_log_view_get_wrap (TroupeLogView *self);
void troupe_log_view_set_wrap (TroupeLogView *self, gboolean wrap);
TroupeLogTimes troupe_log_view_get_time_stamps (TroupeLogView *self);
void troupe_log_view_set_time_stamps (TroupeLogView *self, TroupeLogTimes times);
const char *troupe_log_view_get_font (TroupeLogView *self);
void troupe_log_view_set_font (TroupeLogView *self, const char *font);

/* STREAMS: TROUPE_STREAM_MASK (…) of journal-format.h; the same as the four show-… properties. */
guint troupe_log_view_get_streams (TroupeLogView *self);
void troupe_log_view_set_streams (TroupeLogView *self, guint streams);

guint64 troupe_log_view_get_n_rows (TroupeLogView *self);
guint64 troupe_log_view_get_n_new_rows (TroupeLogView *self);
const char *troupe_log_view_get_problem (TroupeLogView *self);

/* Looks at the files again now, rather than when they next change. */
void troupe_log_view_refresh (TroupeLogView *self);

typedef enum
{
  TROUPE_LOG_MATCH_DEFAULT = 0, /* plain text, upper and lower case alike */
  TROUPE_LOG_MATCH_CASE = 1 << 0,
  TROUPE_LOG_MATCH_REGEX = 1 << 1, /* Perl-compatible */
} TroupeLogMatchFlags;

/* Searches for TEXT in all rows shown, in a thread, and goes on as the journal grows. Matches
 * are marked in the text and along the scrollbar; it goes to the nearest one above the end of
 * the view. A match is a line. NULL or "" ends the search. FALSE with ERROR set (a message for
 * the person) when TEXT is no valid expression; the search before stays then. */
gboolean troupe_log_view_set_search (TroupeLogView *self, const char *text,
                                     TroupeLogMatchFlags flags, GError **error);
/* Goes to the next (below) or previous match, around the end. FALSE: there is none (yet). */
gboolean troupe_log_view_find_next (TroupeLogView *self);
gboolean troupe_log_view_find_previous (TroupeLogView *self);
guint64 troupe_log_view_get_n_matches (TroupeLogView *self);
guint64 troupe_log_view_get_current_match (TroupeLogView *self);
gboolean troupe_log_view_get_searching (TroupeLogView *self);

/* Shows only the rows that match; NULL or "" shows all again. As troupe_log_view_set_search. */
gboolean troupe_log_view_set_filter (TroupeLogView *self, const char *text,
                                     TroupeLogMatchFlags flags, GError **error);
gboolean troupe_log_view_get_filtering (TroupeLogView *self);

/* Hides what is there now; nothing is deleted. */
void troupe_log_view_clear (TroupeLogView *self);
/* Shows again what was hidden by troupe_log_view_clear (). */
void troupe_log_view_unclear (TroupeLogView *self);

/* Puts the first row of TIME_USEC or later at the top and stops following. */
void troupe_log_view_scroll_to_time (TroupeLogView *self, guint64 time_usec);

void troupe_log_view_select_all (TroupeLogView *self);
void troupe_log_view_select_none (TroupeLogView *self);
gboolean troupe_log_view_get_has_selection (TroupeLogView *self);

/* The text of the selection as it would be copied: without colour codes, lines ended by a
 * newline except the last, otherwise the bytes of the journal, which need not be UTF-8.
 * Returns: (transfer full): no more than MAX_BYTES */
GBytes *troupe_log_view_dup_selected_bytes (TroupeLogView *self, gsize max_bytes);

/* Reads the selection in a thread, then sets the clipboard. */
void troupe_log_view_copy (TroupeLogView *self);

/* Writes all rows shown, as the bytes they are (colour codes too), to FILE; in a thread. */
void troupe_log_view_save_async (TroupeLogView *self, GFile *file, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
gboolean troupe_log_view_save_finish (TroupeLogView *self, GAsyncResult *result, GError **error);

G_END_DECLS
