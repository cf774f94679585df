/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Follows the journal of a run, woken by inotify, a bounded amount per wake-up. */

#include "config.h"

#include "supervisor/line-follower.h"

#include "journal/journal-reader.h"
#include "journal/journal-watch.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>

/* Rows per turn of the main loop, so that a flood does not hold up the rest. */
#define ROWS_PER_TURN 512

#define OUTPUT_MASK (TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR))

struct _TroupeLineFollower
{
  char *journal_dir;
  TroupeJournalWatch *watch;   /* (owned) */
  TroupeJournalReader *reader; /* (owned) (nullable): until the keeper made the log */
  GRegex *pattern;             /* (owned) */
  guint64 next_row;
  guint wake_source, work_source;
  void (*matched) (gpointer user_data);
  gpointer user_data;
};

static gboolean
row_matches (TroupeLineFollower *self, const TroupeJournalRow *row)
{
  char line[TROUPE_LINE_FOLLOWER_LINE_MAX];
  ssize_t length;

  if (row->kind != TROUPE_RECORD_DATA)
    return FALSE;
  length = troupe_journal_reader_read (self->reader, row->stream, row->offset, line,
                                       MIN (row->length, sizeof line));
  return length >= 0 && g_regex_match_full (self->pattern, line, length, 0, 0, NULL, NULL);
}

/* Looks at new rows. The last, growing one is looked at and looked at again when it has grown. */
static gboolean
work_cb (gpointer user_data)
{
  TroupeLineFollower *self = user_data;
  guint64 end;

  if (self->reader == NULL
      && troupe_journal_reader_open (self->journal_dir, TROUPE_LOG_OUTPUT, &self->reader) < 0)
    {
      self->reader = NULL;
      self->work_source = 0;
      troupe_journal_watch_arm (self->watch);
      return G_SOURCE_REMOVE;
    }

  troupe_journal_watch_arm (self->watch);
  troupe_journal_reader_refresh (self->reader);
  self->next_row = MAX (self->next_row, troupe_journal_reader_get_begin (self->reader, OUTPUT_MASK));
  end = troupe_journal_reader_get_end (self->reader, OUTPUT_MASK);
  for (guint i = 0; i < ROWS_PER_TURN && self->next_row < end; i++)
    {
      TroupeJournalRow row;

      if (!troupe_journal_reader_get_row (self->reader, OUTPUT_MASK, self->next_row, &row))
        break;
      if (row_matches (self, &row))
        {
          self->work_source = 0;
          self->matched (self->user_data);
          return G_SOURCE_REMOVE;
        }
      if (!row.complete && self->next_row + 1 == end)
        break;
      self->next_row++;
      if (i + 1 == ROWS_PER_TURN)
        return G_SOURCE_CONTINUE;
    }
  self->work_source = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
grew_cb (int fd, GIOCondition condition, gpointer user_data)
{
  TroupeLineFollower *self = user_data;

  troupe_journal_watch_acknowledge (self->watch);
  if (self->work_source == 0)
    self->work_source = g_idle_add (work_cb, self);
  return G_SOURCE_CONTINUE;
}

TroupeLineFollower *
troupe_line_follower_new (const char *journal_dir, GRegex *pattern, void (*matched) (gpointer user_data),
                          gpointer user_data, GError **error)
{
  TroupeJournalWatch *watch = troupe_journal_watch_new (journal_dir);
  TroupeLineFollower *self;

  if (watch == NULL)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not watch the journal “%s”: %s",
                   journal_dir, g_strerror (saved_errno));
      return NULL;
    }
  self = g_new0 (TroupeLineFollower, 1);
  self->journal_dir = g_strdup (journal_dir);
  self->watch = watch;
  self->pattern = g_regex_ref (pattern);
  self->matched = matched;
  self->user_data = user_data;
  self->wake_source = g_unix_fd_add (troupe_journal_watch_peek_fd (watch), G_IO_IN, grew_cb, self);
  self->work_source = g_idle_add (work_cb, self);
  return self;
}

void
troupe_line_follower_free (TroupeLineFollower *self)
{
  g_clear_handle_id (&self->wake_source, g_source_remove);
  g_clear_handle_id (&self->work_source, g_source_remove);
  if (self->reader != NULL)
    troupe_journal_reader_close (self->reader);
  troupe_journal_watch_free (self->watch);
  g_regex_unref (self->pattern);
  g_free (self->journal_dir);
  g_free (self);
}
