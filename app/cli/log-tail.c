/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Finds the place in each stream with a view over all logs. */

#include "config.h"

#include "cli/log-tail.h"

#include "journal/journal-view.h"

typedef struct
{
  TroupeLogSource *source;
  TroupeJournalReader *reader; /* owned by the view */
  gboolean seen[TROUPE_N_STREAMS];
} Tail;

/* A stream of which no line is among the last starts at its end. */
static void
seek_to_end (Tail *tail, unsigned mask)
{
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    if ((mask & TROUPE_STREAM_MASK (i)) != 0 && !tail->seen[i])
      troupe_log_source_set_start (tail->source, G_MAXUINT64, (TroupeStream) i,
                                   troupe_journal_reader_get_stream_end (tail->reader, (TroupeStream) i));
}

void
troupe_log_tail_seek (TroupeLogMerge *merge, unsigned mask, guint64 n_lines)
{
  TroupeJournalView *view = troupe_journal_view_new ();
  g_autofree Tail *tails = g_new0 (Tail, troupe_log_merge_get_n_sources (merge));
  guint n = 0;
  guint64 begin, end;

  for (guint i = 0; i < troupe_log_merge_get_n_sources (merge); i++)
    {
      TroupeLogSource *source = troupe_log_merge_get_source (merge, i);
      const char *dir = troupe_log_source_get_dir (source);
      TroupeJournalReader *reader;

      if (dir == NULL || troupe_journal_reader_open (dir, TROUPE_LOG_OUTPUT, &reader) < 0)
        continue;
      tails[n].source = source;
      tails[n++].reader = reader;
      troupe_journal_view_add (view, reader, mask);
    }
  troupe_journal_view_refresh (view);
  end = troupe_journal_view_get_end (view);
  begin = MAX (troupe_journal_view_get_begin (view), end > n_lines ? end - n_lines : 0);
  for (guint64 row = begin; row < end; row++)
    {
      TroupeJournalViewRow found;

      if (!troupe_journal_view_get_row (view, row, &found) || found.source >= n)
        break;
      if (tails[found.source].seen[found.row.stream])
        continue;
      tails[found.source].seen[found.row.stream] = TRUE;
      troupe_log_source_set_start (tails[found.source].source, found.row.time_usec, found.row.stream,
                                   found.row.offset);
    }
  for (guint i = 0; i < n; i++)
    seek_to_end (&tails[i], mask);
  troupe_journal_view_free (view);
}
