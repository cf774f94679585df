/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Search and filter of the log view: what to look for, where one is, and going there. The
 * looking itself is TroupeLogSearch, in its threads. */

#include "config.h"

#include "logview/log-view-private.h"

static guint64
last_visible_row (TroupeLogView *self)
{
  if (self->visible->len == 0)
    return troupe_log_rows_get_end (self->rows);
  return g_array_index (self->visible, TroupeLogVisible, self->visible->len - 1).number;
}

static void
notify_matches (TroupeLogView *self)
{
  guint64 n_matches = troupe_log_view_get_n_matches (self);
  gboolean searching = troupe_log_view_get_searching (self);

  if (n_matches != self->notified_matches)
    {
      self->notified_matches = n_matches;
      g_object_notify (G_OBJECT (self), "n-matches");
    }
  if (searching != self->notified_searching)
    {
      self->notified_searching = searching;
      g_object_notify (G_OBJECT (self), "searching");
    }
}

/* Sees that the first match in the row is in view sideways too. */
static void
show_match_column (TroupeLogView *self, guint64 number)
{
  TroupeLogRow row;
  TroupeLogLine *line;
  double x;
  double width;
  gsize begin = 0;

  if (self->wrap || self->hadjustment == NULL || !troupe_log_rows_get (self->rows, number, &row))
    return;
  line = troupe_log_line_load (self->rows, &row);
  if (line->is_long || !line->ansi.plain ||
      !troupe_log_matcher_find (troupe_log_search_get_matcher (self->search), self->scratch, line->bytes,
                                line->n_bytes, 0, &begin, NULL))
    begin = 0;
  troupe_log_line_free (line);
  x = (double) begin * troupe_log_view_cell_width (self);
  width = gtk_adjustment_get_page_size (self->hadjustment) - troupe_log_view_text_x (self);
  if (x < gtk_adjustment_get_value (self->hadjustment) ||
      x > gtk_adjustment_get_value (self->hadjustment) + width * 0.9)
    gtk_adjustment_set_value (self->hadjustment, x < width * 0.9 ? 0 : x - width / 2);
}

static gboolean
go_to_match (TroupeLogView *self, guint64 match)
{
  TroupeLogIndexEntry entry;
  guint64 number;

  if (!troupe_log_index_get (troupe_log_search_get_index (self->search), match, &entry) ||
      !troupe_log_rows_find_place (self->rows, entry.place, entry.ordinal, &number))
    return FALSE;
  self->has_current = TRUE;
  self->current = match;
  self->current_place = entry.place;
  troupe_log_view_scroll_to_row (self, number, FALSE);
  show_match_column (self, number);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify (G_OBJECT (self), "current-match");
  return TRUE;
}

/* Goes to the nearest match above the end of the view, or else the first below. */
static void
jump_to_nearest (TroupeLogView *self)
{
  TroupeLogIndex *index = troupe_log_search_get_index (self->search);
  guint64 last = last_visible_row (self);
  guint64 begin;
  guint64 end;
  guint64 match;

  if (troupe_log_search_is_busy (self->search) && troupe_log_index_get_end_ordinal (index) <= last)
    return;
  troupe_log_index_get_range (index, &begin, &end);
  if (begin == end)
    {
      self->search_jump = troupe_log_search_is_busy (self->search);
      return;
    }
  match = troupe_log_index_find_ordinal (index, last + 1);
  self->search_jump = FALSE;
  go_to_match (self, match > begin ? match - 1 : begin);
}

static void
search_cb (gpointer data)
{
  TroupeLogView *self = data;

  if (self->search == NULL)
    return;
  if (self->search_jump)
    jump_to_nearest (self);
  notify_matches (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
filter_cb (gpointer data)
{
  TroupeLogView *self = data;

  if (self->filter != NULL)
    troupe_log_view_update (self);
}

static void
set_current_none (TroupeLogView *self)
{
  if (!self->has_current)
    return;
  self->has_current = FALSE;
  g_object_notify (G_OBJECT (self), "current-match");
}

/* Takes MATCHERs (nullable) and looks for them from the beginning. */
static void
start (TroupeLogView *self, TroupeLogMatcher *search, TroupeLogMatcher *filter)
{
  g_autoptr (TroupeLogMatcher) search_matcher = search;
  g_autoptr (TroupeLogMatcher) filter_matcher = filter;

  g_clear_pointer (&self->search, troupe_log_search_free);
  g_clear_pointer (&self->filter, troupe_log_search_free);
  troupe_log_rows_set_filter (self->rows, NULL);
  set_current_none (self);
  if (filter != NULL)
    {
      self->filter = troupe_log_search_new (self->rows, filter, NULL, filter_cb, self);
      troupe_log_rows_set_filter (self->rows, troupe_log_search_get_index (self->filter));
    }
  if (search != NULL)
    self->search = troupe_log_search_new (self->rows, search, filter, search_cb, self);
  notify_matches (self);
}

static TroupeLogMatcher *
ref_matcher (TroupeLogSearch *search)
{
  return search != NULL ? troupe_log_matcher_ref (troupe_log_search_get_matcher (search)) : NULL;
}

void
troupe_log_view_restart_search (TroupeLogView *self)
{
  start (self, ref_matcher (self->search), ref_matcher (self->filter));
}

void
troupe_log_view_poke_search (TroupeLogView *self)
{
  if (self->search != NULL)
    troupe_log_search_poke (self->search);
  if (self->filter != NULL)
    troupe_log_search_poke (self->filter);
}

void
troupe_log_view_dispose_find (TroupeLogView *self)
{
  g_clear_pointer (&self->search, troupe_log_search_free);
  g_clear_pointer (&self->filter, troupe_log_search_free);
}

/* ---- Public ---- */

gboolean
troupe_log_view_set_search (TroupeLogView *self, const char *text, TroupeLogMatchFlags flags, GError **error)
{
  TroupeLogMatcher *matcher = NULL;

  g_return_val_if_fail (TROUPE_IS_LOG_VIEW (self), FALSE);
  if (text != NULL && *text != '\0')
    {
      matcher = troupe_log_matcher_new (text, flags, error);
      if (matcher == NULL)
        return FALSE;
    }
  g_clear_pointer (&self->search, troupe_log_search_free);
  set_current_none (self);
  if (matcher != NULL)
    {
      g_autoptr (TroupeLogMatcher) filter = ref_matcher (self->filter);

      self->search = troupe_log_search_new (self->rows, matcher, filter, search_cb, self);
      self->search_jump = TRUE;
      troupe_log_matcher_unref (matcher);
    }
  notify_matches (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return TRUE;
}

static gboolean
find (TroupeLogView *self, int step)
{
  guint64 begin;
  guint64 end;
  guint64 match;

  if (self->search == NULL)
    return FALSE;
  troupe_log_index_get_range (troupe_log_search_get_index (self->search), &begin, &end);
  if (begin == end)
    return FALSE;
  if (self->has_current)
    match = step > 0 ? self->current + 1 : self->current - 1;
  else
    {
      match = troupe_log_index_find_ordinal (troupe_log_search_get_index (self->search), last_visible_row (self) + 1);
      match = step > 0 ? match : match - 1;
    }
  /* One before the first wraps to a huge number too. */
  if (match >= end || match < begin)
    match = step > 0 ? begin : end - 1;
  self->search_jump = FALSE;
  return go_to_match (self, match);
}

gboolean
troupe_log_view_find_next (TroupeLogView *self)
{
  g_return_val_if_fail (TROUPE_IS_LOG_VIEW (self), FALSE);
  return find (self, 1);
}

gboolean
troupe_log_view_find_previous (TroupeLogView *self)
{
  g_return_val_if_fail (TROUPE_IS_LOG_VIEW (self), FALSE);
  return find (self, -1);
}

guint64
troupe_log_view_get_n_matches (TroupeLogView *self)
{
  guint64 begin;
  guint64 end;

  if (self->search == NULL)
    return 0;
  troupe_log_index_get_range (troupe_log_search_get_index (self->search), &begin, &end);
  return end;
}

guint64
troupe_log_view_get_current_match (TroupeLogView *self)
{
  return self->has_current ? self->current + 1 : 0;
}

gboolean
troupe_log_view_get_searching (TroupeLogView *self)
{
  return self->search != NULL && troupe_log_search_is_busy (self->search);
}

gboolean
troupe_log_view_set_filter (TroupeLogView *self, const char *text, TroupeLogMatchFlags flags, GError **error)
{
  TroupeLogMatcher *matcher = NULL;

  g_return_val_if_fail (TROUPE_IS_LOG_VIEW (self), FALSE);
  if (text != NULL && *text != '\0')
    {
      matcher = troupe_log_matcher_new (text, flags, error);
      if (matcher == NULL)
        return FALSE;
    }
  if (matcher == NULL && self->filter == NULL)
    return TRUE;
  troupe_log_view_begin_change (self);
  start (self, ref_matcher (self->search), matcher);
  troupe_log_view_end_change (self);
  /* The newest of what matches is what one wants to see; the rest is not found yet. */
  if (self->filter != NULL)
    troupe_log_view_set_follow (self, TRUE);
  g_object_notify (G_OBJECT (self), "filtering");
  return TRUE;
}

gboolean
troupe_log_view_get_filtering (TroupeLogView *self)
{
  return self->filter != NULL;
}
