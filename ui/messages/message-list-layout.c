/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Where rows stand.
 *
 * Where one stands is a row and how far its top is above the view (`top`, `top_offset`), or the end
 * (`follow`). Rows are laid out from there, with widgets from a pool; the scrollbar is told a
 * place in rows, and asked for nothing but drags. So a height is only ever needed of rows in view,
 * and nothing that comes or goes elsewhere moves what one reads.
 *
 * Binding a row asks GTK for a new size, which must not happen while it allocates. So `update` binds
 * the rows that will be in view before the frame is laid out, and allocation, which does the same
 * sums, only places them; when the view has grown it leaves a gap, which the next frame fills. */

#include "config.h"

#include "messages/message-list-private.h"

#define PADDING 8
#define POOL_MAX 200

typedef struct
{
  TroupeMessageList *list;
  GHashTable *before; /* number -> row that was shown before this layout */
  GQueue rows;        /* of Placed */
  double top, bottom; /* of what is placed so far */
  int width;
  gboolean can_bind;
  gboolean incomplete; /* a row would have had to be bound */
} Layout;

typedef struct
{
  TroupeMessageRow *row;
  int height;
} Placed;

static TroupeMessageRow *
layout_take_row (Layout *layout, guint64 number)
{
  TroupeMessageList *self = layout->list;
  TroupeMessageRow *row = g_hash_table_lookup (layout->before, &number);
  g_autofree guint64 *key = NULL;

  if (row != NULL)
    {
      g_hash_table_steal_extended (layout->before, &number, (gpointer *) &key, NULL);
      return row;
    }
  if (!layout->can_bind)
    {
      layout->incomplete = TRUE;
      return NULL;
    }
  if (self->pool->len > 0)
    row = g_ptr_array_steal_index_fast (self->pool, self->pool->len - 1);
  else
    {
      row = TROUPE_MESSAGE_ROW (troupe_message_row_new ());
      gtk_widget_set_parent (GTK_WIDGET (row), GTK_WIDGET (self));
    }
  gtk_widget_set_child_visible (GTK_WIDGET (row), TRUE);
  troupe_message_list_bind (self, row, number);
  return row;
}

/* Returns: (nullable): NULL when the row is not there and must not be made. */
static Placed *
layout_measure (Layout *layout, guint64 place)
{
  TroupeMessageRow *row = layout_take_row (layout, troupe_message_log_get_number (layout->list->log, place));
  Placed *placed;

  if (row == NULL)
    return NULL;
  placed = g_new (Placed, 1);
  placed->row = row;
  gtk_widget_measure (GTK_WIDGET (placed->row), GTK_ORIENTATION_VERTICAL, layout->width, &placed->height, NULL, NULL,
                      NULL);
  return placed;
}

/* Places rows before PLACE upwards until the view is full. Returns the first placed. */
static guint64
layout_up (Layout *layout, guint64 place)
{
  guint n = 0;

  while (place > 0 && layout->top > 0 && n++ < TROUPE_MESSAGE_LAYOUT_ROWS_MAX)
    {
      Placed *placed = layout_measure (layout, --place);

      if (placed == NULL)
        break;
      g_queue_push_head (&layout->rows, placed);
      layout->top -= placed->height;
    }
  return place;
}

/* Places rows from PLACE on downwards. Returns the place after the last. */
static guint64
layout_down (Layout *layout, guint64 place, guint64 n_rows, int height)
{
  guint n = 0;

  while (place < n_rows && layout->bottom < height && n++ < TROUPE_MESSAGE_LAYOUT_ROWS_MAX)
    {
      Placed *placed = layout_measure (layout, place++);

      if (placed == NULL)
        break;
      g_queue_push_tail (&layout->rows, placed);
      layout->bottom += placed->height;
    }
  return place;
}

static void
recycle_before (Layout *layout)
{
  TroupeMessageList *self = layout->list;
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, layout->before);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    {
      gtk_widget_set_child_visible (row, FALSE);
      g_ptr_array_add (self->pool, row);
    }
  g_hash_table_unref (layout->before);
  while (layout->can_bind && self->pool->len > POOL_MAX)
    gtk_widget_unparent (g_ptr_array_steal_index_fast (self->pool, self->pool->len - 1));
}

static void
layout_begin (Layout *layout, TroupeMessageList *self, int width, gboolean can_bind)
{
  *layout = (Layout){ .list = self, .rows = G_QUEUE_INIT, .width = width, .can_bind = can_bind };
  layout->before = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    {
      guint64 number = troupe_message_row_get_number (l->data);

      g_hash_table_insert (layout->before, g_memdup2 (&number, sizeof number), l->data);
    }
  g_queue_clear (&self->shown);
}

/* Forgets what was placed, to place it anew elsewhere. */
static void
layout_restart (Layout *layout)
{
  Placed *placed;

  while ((placed = g_queue_pop_head (&layout->rows)) != NULL)
    {
      guint64 number = troupe_message_row_get_number (placed->row);

      g_hash_table_insert (layout->before, g_memdup2 (&number, sizeof number), placed->row);
      g_free (placed);
    }
}

/* With the row before PLACE at the bottom of the view. */
static void
layout_from_bottom (Layout *layout, guint64 place, int height)
{
  layout->top = layout->bottom = height;
  layout_up (layout, place);
}

static void
layout_from_top (Layout *layout, guint64 n_rows, int height)
{
  TroupeMessageList *self = layout->list;
  guint64 place = troupe_message_log_find (self->log, self->top);
  guint64 after;

  if (place >= n_rows || troupe_message_log_get_number (self->log, place) != self->top)
    {
      /* It is gone: the next one takes its place. */
      self->top_offset = 0;
      self->top_fraction = -1;
      place = MIN (place, n_rows - 1);
    }
  if (self->top_fraction >= 0)
    {
      Placed *placed = layout_measure (layout, place);

      if (placed == NULL)
        return;
      self->top_offset = self->top_fraction * placed->height;
      self->top_fraction = -1;
      g_queue_push_tail (&layout->rows, placed);
      layout_restart (layout);
    }
  layout->top = layout->bottom = -self->top_offset;
  after = layout_down (layout, place, n_rows, height);
  place = layout_up (layout, place);
  if (place == 0 && layout->top > 0 && !layout->incomplete)
    {
      /* Scrolled beyond the first row. */
      layout_restart (layout);
      layout->top = layout->bottom = 0;
      after = layout_down (layout, 0, n_rows, height);
    }
  if (after == n_rows && layout->bottom <= height && !layout->incomplete)
    {
      self->follow = TRUE;
      layout_restart (layout);
      layout_from_bottom (layout, n_rows, height);
    }
}

/* Moves what was placed so that the row to reveal is in view as far as it fits. */
static void
layout_reveal (Layout *layout, guint64 n_rows, int height)
{
  TroupeMessageList *self = layout->list;
  double y = layout->top;

  for (GList *l = layout->rows.head; l != NULL; l = l->next)
    {
      Placed *placed = l->data;

      if (troupe_message_row_get_number (placed->row) != self->reveal)
        {
          y += placed->height;
          continue;
        }
      if (y < 0 || placed->height > height)
        {
          self->top = self->reveal;
          self->top_offset = 0;
        }
      else if (y + placed->height > height)
        {
          self->top_offset = y + placed->height - height + self->top_offset;
        }
      else
        return;
      layout_restart (layout);
      layout_from_top (layout, n_rows, height);
      return;
    }
}

/* Where one stands, from what was placed: the first row that reaches into the view. */
static void
layout_remember_top (Layout *layout)
{
  TroupeMessageList *self = layout->list;
  double y = layout->top;

  for (GList *l = layout->rows.head; l != NULL; l = l->next)
    {
      Placed *placed = l->data;

      if (y + placed->height > 0)
        {
          self->top = troupe_message_row_get_number (placed->row);
          self->top_offset = -y;
          return;
        }
      y += placed->height;
    }
}

/* Hands over what was placed: rows in view are shown, and in allocation get their places. */
static void
layout_finish (Layout *layout, int height)
{
  TroupeMessageList *self = layout->list;
  double y = layout->top;
  Placed *placed;

  while ((placed = g_queue_pop_head (&layout->rows)) != NULL)
    {
      GtkAllocation place = { 0, (int) floor (y), layout->width, placed->height };

      if (y + placed->height < 0 || y > height)
        {
          guint64 number = troupe_message_row_get_number (placed->row);

          g_hash_table_insert (layout->before, g_memdup2 (&number, sizeof number), placed->row);
        }
      else
        {
          if (!layout->can_bind)
            gtk_widget_size_allocate (GTK_WIDGET (placed->row), &place, -1);
          g_queue_push_tail (&self->shown, placed->row);
        }
      y += placed->height;
      g_free (placed);
    }
}

/* In units of a row: what the scrollbar shows. */
static void
troupe_message_list_configure (TroupeMessageList *self, Layout *layout, guint64 n_rows, int height)
{
  double y = layout->top, before = 0, in_view = 0, upper, page, value;

  for (GList *l = layout->rows.head; l != NULL; l = l->next)
    {
      Placed *placed = l->data;
      double visible = MIN (y + placed->height, height) - MAX (y, 0);

      if (placed->height > 0 && visible > 0)
        in_view += visible / placed->height;
      if (placed->height > 0 && troupe_message_row_get_number (placed->row) == self->top)
        before = (double) troupe_message_log_find (self->log, self->top) + self->top_offset / placed->height;
      y += placed->height;
    }
  upper = MAX ((double) n_rows, in_view) * TROUPE_MESSAGE_ROW_UNIT;
  page = MAX (in_view, 0.01) * TROUPE_MESSAGE_ROW_UNIT;
  value = self->follow ? upper - page : MIN (before * TROUPE_MESSAGE_ROW_UNIT, upper - page);
  if (self->vadjustment == NULL)
    return;
  self->configuring = TRUE;
  gtk_adjustment_configure (self->vadjustment, MAX (value, 0), 0, upper, TROUPE_MESSAGE_ROW_UNIT, page * 0.9, page);
  self->configuring = FALSE;
}

/* Returns FALSE when rows were missing that must not be bound now. */
static gboolean
troupe_message_list_lay_out (TroupeMessageList *self, int width, int height, gboolean can_bind)
{
  guint64 n_rows = troupe_message_log_get_n_rows (self->log);
  int inner_height = MAX (height - PADDING, 1);
  Layout layout;

  layout_begin (&layout, self, MAX (width, 1), can_bind);
  if (n_rows == 0)
    self->follow = TRUE;
  else if (self->follow)
    layout_from_bottom (&layout, n_rows, inner_height);
  else
    {
      layout_from_top (&layout, n_rows, inner_height);
      if (can_bind && self->reveal != G_MAXUINT64 && !self->follow)
        {
          layout_remember_top (&layout);
          layout_reveal (&layout, n_rows, inner_height);
        }
    }
  if (can_bind)
    self->reveal = G_MAXUINT64;
  if (!layout.incomplete)
    {
      layout_remember_top (&layout);
      troupe_message_list_configure (self, &layout, n_rows, inner_height);
    }
  if (self->follow)
    self->seen_end = n_rows > 0 ? troupe_message_log_get_number (self->log, n_rows - 1) + 1 : 0;
  layout_finish (&layout, height);
  recycle_before (&layout);
  troupe_message_list_queue_notify (self);
  return !layout.incomplete;
}

static gboolean
update_tick_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);

  self->update_id = 0;
  troupe_message_list_update (self);
  return G_SOURCE_REMOVE;
}

void
troupe_message_list_update (TroupeMessageList *self)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));

  if (self->update_id != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->update_id);
  self->update_id = 0;
  if (self->log != NULL && width > 0 && height > 0 && gtk_widget_get_mapped (GTK_WIDGET (self)))
    troupe_message_list_lay_out (self, width, height, TRUE);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

void
troupe_message_list_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);

  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
  if (!troupe_message_list_lay_out (self, width, height, FALSE) && self->update_id == 0)
    self->update_id = gtk_widget_add_tick_callback (widget, update_tick_cb, NULL, NULL);
}

void
troupe_message_list_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                             int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 80;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 480 : 240;
}
