/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Which runs and streams it shows, and when it looks at them again. */

#include "config.h"

#include "logview/log-view-private.h"

#include <glib/gi18n.h>
#include <string.h>

#define NEW_ROWS_INTERVAL_USEC 100000

void
troupe_log_view_notify_rows (TroupeLogView *self)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  guint64 n_new = troupe_log_view_get_n_new_rows (self);
  gint64 now = g_get_monotonic_time ();

  if (end - begin != self->notified_end - self->notified_begin)
    {
      self->notified_begin = begin;
      self->notified_end = end;
      g_object_notify (G_OBJECT (self), "n-rows");
    }
  if (n_new != self->notified_new &&
      (n_new == 0 || self->notified_new == 0 || now - self->new_notified_usec >= NEW_ROWS_INTERVAL_USEC))
    {
      self->notified_new = n_new;
      self->new_notified_usec = now;
      g_object_notify (G_OBJECT (self), "n-new-rows");
    }
}

static void
update_problem (TroupeLogView *self)
{
  const char *problem = troupe_log_rows_get_problem (self->rows);

  if (g_strcmp0 (problem, self->problem) == 0)
    return;
  g_free (self->problem);
  self->problem = g_strdup (problem);
  g_object_notify (G_OBJECT (self), "problem");
}

/* Where rows of merged runs moved, moves along. */
static void
keep_top (TroupeLogView *self)
{
  guint64 was = self->top.number;
  double line_height = troupe_log_view_line_height (self);

  if (self->follow || self->visible->len == 0 || self->vadjustment == NULL)
    return;
  if (!troupe_log_rows_resolve (self->rows, &self->top) || self->top.number == was)
    return;
  self->update_depth++;
  /* Upwards there may be no room yet: configuring the adjustment comes after. */
  gtk_adjustment_set_upper (self->vadjustment, MAX (gtk_adjustment_get_upper (self->vadjustment),
                                                    (troupe_log_rows_get_end (self->rows) + 1) * line_height +
                                                        gtk_adjustment_get_page_size (self->vadjustment)));
  gtk_adjustment_set_value (self->vadjustment, gtk_adjustment_get_value (self->vadjustment) +
                                                   ((double) self->top.number - (double) was) * line_height);
  self->update_depth--;
}

gboolean
troupe_log_view_update (TroupeLogView *self)
{
  gboolean opened = troupe_log_rows_open_missing (self->rows);
  gboolean changed = troupe_log_rows_refresh (self->rows);

  update_problem (self);
  if (!changed && !opened)
    return FALSE;
  troupe_log_view_poke_search (self);
  keep_top (self);
  troupe_log_view_relayout (self);
  return TRUE;
}

gboolean
troupe_log_view_refresh_cb (gpointer data)
{
  return troupe_log_view_update (data);
}

void
troupe_log_view_begin_change (TroupeLogView *self)
{
  troupe_log_view_remember_top (self);
}

void
troupe_log_view_end_change (TroupeLogView *self)
{
  /* The lines of the rows in view are read anew. */
  g_array_set_size (self->visible, 0);
  troupe_log_lines_clear (self->lines);
  self->max_columns = 0;
  if (!self->follow && self->vadjustment != NULL)
    {
      double line_height = troupe_log_view_line_height (self);

      troupe_log_rows_resolve (self->rows, &self->top);
      self->update_depth++;
      gtk_adjustment_configure (self->vadjustment, self->top.number * line_height, 0,
                                (troupe_log_rows_get_end (self->rows) + 1) * line_height +
                                    gtk_widget_get_height (GTK_WIDGET (self)),
                                0, 0, 0);
      self->update_depth--;
    }
  self->seen_end = troupe_log_rows_get_end (self->rows);
  troupe_log_view_relayout (self);
}

/* ---- Runs ---- */

static gboolean
shows_same (TroupeLogView *self, const TroupeLogRun *runs, gsize n_runs)
{
  gsize n_dirs;
  const char *const *dirs = troupe_log_rows_get_dirs (self->rows, &n_dirs);

  if (n_dirs != n_runs || n_runs == 0)
    return FALSE;
  for (gsize i = 0; i < n_runs; i++)
    {
      if (strcmp (dirs[i], runs[i].journal_dir) != 0)
        return FALSE;
    }
  return TRUE;
}

/* A name that is too long keeps its beginning, and its end: that is where the number is. */
static char *
shorten_label (const char *label, int *columns)
{
  g_autofree char *valid = g_utf8_make_valid (label, -1);
  long length = g_utf8_strlen (valid, -1);
  g_autofree char *head = NULL;
  g_autofree char *tail = NULL;
  const int tail_columns = 5;

  *columns = MIN (length, TROUPE_LOG_LABEL_MAX_COLUMNS);
  if (length <= TROUPE_LOG_LABEL_MAX_COLUMNS)
    return g_steal_pointer (&valid);
  head = g_utf8_substring (valid, 0, TROUPE_LOG_LABEL_MAX_COLUMNS - tail_columns - 1);
  tail = g_utf8_substring (valid, length - tail_columns, length);
  return g_strconcat (head, "…", tail, NULL);
}

static void
set_run_infos (TroupeLogView *self, const TroupeLogRun *runs, gsize n_runs)
{
  g_array_set_size (self->runs, 0);
  self->label_columns = 0;
  for (gsize i = 0; i < n_runs; i++)
    {
      TroupeLogRunInfo info = { .label = g_strdup (runs[i].label), .start_usec = runs[i].start_usec };
      int columns = 0;

      if (info.label != NULL)
        info.short_label = shorten_label (info.label, &columns);
      if (n_runs > 1)
        self->label_columns = MAX (self->label_columns, columns);
      g_array_append_val (self->runs, info);
    }
}

void
troupe_log_view_set_runs (TroupeLogView *self, const TroupeLogRun *runs, gsize n_runs)
{
  g_autofree const char **dirs = NULL;
  gsize n_shown = MIN (n_runs, TROUPE_LOG_MAX_RUNS);

  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));

  if (shows_same (self, runs, n_shown))
    {
      set_run_infos (self, runs, n_shown);
      troupe_log_view_relayout (self);
      return;
    }
  dirs = g_new (const char *, n_shown);
  for (gsize i = 0; i < n_shown; i++)
    dirs[i] = runs[i].journal_dir;
  set_run_infos (self, runs, n_shown);
  g_array_set_size (self->visible, 0);
  troupe_log_lines_clear (self->lines);
  {
    TroupeLogRows *old = self->rows;

    self->rows = troupe_log_rows_new (dirs, n_shown, troupe_log_rows_get_streams (old));
    troupe_log_rows_free (old);
  }
  if (n_shown < n_runs)
    troupe_log_rows_set_problem (self->rows,
                                 _ ("Too many workers for one view: only the first %d are shown"),
                                 TROUPE_LOG_MAX_RUNS);
  troupe_log_follower_set_dirs (self->follower, dirs, n_shown);
  self->selection.active = FALSE;
  self->max_columns = 0;
  troupe_log_view_change_follow (self, TRUE);
  self->seen_end = troupe_log_rows_get_end (self->rows);
  troupe_log_view_restart_search (self);
  update_problem (self);
  troupe_log_view_selection_changed (self);
  troupe_log_view_relayout (self);
}

/* ---- Rows ---- */

guint64
troupe_log_view_get_n_rows (TroupeLogView *self)
{
  return troupe_log_rows_get_end (self->rows) - troupe_log_rows_get_begin (self->rows);
}

guint64
troupe_log_view_get_n_new_rows (TroupeLogView *self)
{
  guint64 end = troupe_log_rows_get_end (self->rows);

  return self->follow || end < self->seen_end ? 0 : end - self->seen_end;
}

const char *
troupe_log_view_get_problem (TroupeLogView *self)
{
  return self->problem;
}

void
troupe_log_view_refresh (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_view_update (self);
}

void
troupe_log_view_clear (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_rows_set_cleared (self->rows, TRUE);
  self->selection.active = FALSE;
  troupe_log_view_change_follow (self, TRUE);
  troupe_log_view_restart_search (self);
  troupe_log_view_selection_changed (self);
  troupe_log_view_end_change (self);
}

void
troupe_log_view_unclear (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_view_begin_change (self);
  troupe_log_rows_set_cleared (self->rows, FALSE);
  troupe_log_view_restart_search (self);
  troupe_log_view_end_change (self);
}

void
troupe_log_view_scroll_to_time (TroupeLogView *self, guint64 time_usec)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_view_scroll_to_row (self, troupe_log_rows_find_time (self->rows, time_usec), TRUE);
}
