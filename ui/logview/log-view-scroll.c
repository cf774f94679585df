/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Where it stands in the journal.
 *
 * Scrolling counts in lines of the screen times their height, by row number: a row's place
 * never changes while rows are added at the end or deleted at the beginning, so a view that
 * does not follow stands still. When wrapped, a row still counts as one line, and the fraction
 * says how much of its height has gone by; only rows in view are measured, and those that make
 * up the last page, so that the end is exactly the end. */

#include "config.h"

#include "logview/log-view-private.h"

#include <math.h>

void
troupe_log_view_change_follow (TroupeLogView *self, gboolean follow)
{
  if (self->follow == follow)
    return;
  self->follow = follow;
  self->seen_end = troupe_log_rows_get_end (self->rows);
  /* One who does not follow need not be told sixty times a second. */
  troupe_log_follower_set_eager (self->follower, follow);
  g_object_notify (G_OBJECT (self), "follow");
  troupe_log_view_notify_rows (self);
}

void
troupe_log_view_vadjustment_changed (GtkAdjustment *adjustment, gpointer data)
{
  TroupeLogView *self = data;

  if (self->update_depth > 0)
    return;
  troupe_log_view_change_follow (self, gtk_adjustment_get_value (adjustment) >= gtk_adjustment_get_upper (adjustment) -
                                                                 gtk_adjustment_get_page_size (adjustment) - 1);
  troupe_log_view_update_visible (self);
  troupe_log_view_configure_hadjustment (self);
  troupe_log_view_remember_top (self);
  troupe_log_accessible_changed (self->accessible);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
troupe_log_view_hadjustment_changed (GtkAdjustment *adjustment, gpointer data)
{
  TroupeLogView *self = data;

  if (self->update_depth == 0)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
troupe_log_view_set_adjustment (TroupeLogView *self, GtkAdjustment **slot, GtkAdjustment *adjustment,
                                GCallback callback)
{
  if (*slot == adjustment && adjustment != NULL)
    return;
  if (*slot != NULL)
    {
      g_signal_handlers_disconnect_by_func (*slot, callback, self);
      g_clear_object (slot);
    }
  if (adjustment == NULL)
    adjustment = gtk_adjustment_new (0, 0, 0, 0, 0, 0);
  *slot = g_object_ref_sink (adjustment);
  g_signal_connect (*slot, "value-changed", callback, self);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* The place, in rows, N_LINES lines of the screen from FROM. */
static double
move_by_lines (TroupeLogView *self, double from, double n_lines)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  guint64 number = MIN ((guint64) from, end);
  double within;

  if (!self->wrap || number >= end)
    return from + n_lines;
  {
    TroupeLogLine *line = troupe_log_view_get_line (self, number);

    within = (from - number) * (line != NULL ? troupe_log_view_count_lines (self, line) : 1) + n_lines;
  }
  while (within < 0 && number > begin)
    {
      TroupeLogLine *line = troupe_log_view_get_line (self, --number);

      within += line != NULL ? troupe_log_view_count_lines (self, line) : 1;
    }
  while (number < end)
    {
      TroupeLogLine *line = troupe_log_view_get_line (self, number);
      double n = line != NULL ? troupe_log_view_count_lines (self, line) : 1;

      if (within < n)
        return number + MAX (within, 0) / n;
      within -= n;
      number++;
    }
  return number;
}

void
troupe_log_view_scroll_lines (TroupeLogView *self, double n_lines)
{
  if (self->vadjustment != NULL)
    gtk_adjustment_set_value (self->vadjustment, move_by_lines (self, troupe_log_view_get_top (self), n_lines) *
                                                     troupe_log_view_line_height (self));
}

void
troupe_log_view_scroll_to_row (TroupeLogView *self, guint64 number, gboolean at_top)
{
  double line_height = troupe_log_view_line_height (self);
  double height = gtk_widget_get_height (GTK_WIDGET (self));

  if (self->vadjustment == NULL)
    return;
  if (!at_top)
    {
      for (guint i = 0; i < self->visible->len; i++)
        {
          const TroupeLogVisible *row = &g_array_index (self->visible, TroupeLogVisible, i);

          if (row->number == number && row->y >= 0 && row->y + line_height <= height)
            return;
        }
    }
  troupe_log_view_change_follow (self, FALSE);
  gtk_adjustment_set_value (
      self->vadjustment,
      move_by_lines (self, number, at_top ? 0 : -floor (height / line_height / 3)) * line_height);
}
