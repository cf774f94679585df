/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A list of which only what is in view exists.
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

#include "messages/message-list.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#include "client/format.h"
#include "logview/log-follower.h"
#include "messages/json-layout.h"

/* What a row counts for on the scrollbar. */
#define ROW_UNIT 44.0
#define PADDING 8
/* Rows looked at for one layout: rows without height end somewhere, too. */
#define LAYOUT_ROWS_MAX 2000
#define POOL_MAX 200
/* Kinetic scrolling: what is left of the speed after a millisecond, and where it ends. */
#define DECAY_PER_MSEC 0.996
#define SPEED_MIN 0.02

struct _TroupeMessageList
{
  GtkWidget parent_instance;

  GtkAdjustment *hadjustment, *vadjustment; /* (owned) (nullable) */
  GtkScrollablePolicy hpolicy, vpolicy;
  gboolean configuring;

  TroupeMessageLog *log;       /* (owned) */
  TroupeLogFollower *follower; /* (owned) */
  GQueue shown;                /* of TroupeMessageRow, from top to bottom */
  GPtrArray *pool;             /* of TroupeMessageRow, children that are not shown */

  gboolean follow;
  guint64 top;
  double top_offset;
  double top_fraction; /* >= 0: top_offset is this share of the row's height */
  guint64 reveal;      /* row to bring into view; G_MAXUINT64: none */
  guint64 seen_end;    /* rows before this one were there while it followed */

  gboolean open_all;
  GHashTable *toggled; /* (owned) set of numbers (owned): not as open_all says */
  guint64 current;     /* G_MAXUINT64: none */

  GtkWidget *menu; /* (nullable) a child */
  guint notify_id;
  gboolean told_follow;
  guint64 told_n_new;
  double speed; /* pixels a millisecond */
  gint64 last_frame;
  guint kinetic_id;
  guint update_id;
};

enum
{
  PROP_0,
  PROP_FOLLOW,
  PROP_N_NEW,
  PROP_OPEN_ALL,
  N_PROPERTIES,
  PROP_HADJUSTMENT,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
};

enum
{
  CHANGED,
  NOTICE,
  SEND_AGAIN,
  SHOW_ALL,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeMessageList, troupe_message_list, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

static gboolean
notify_cb (gpointer user_data)
{
  TroupeMessageList *self = user_data;
  guint64 n_new = troupe_message_list_get_n_new (self);

  self->notify_id = 0;
  if (self->told_follow != self->follow)
    {
      self->told_follow = self->follow;
      troupe_log_follower_set_eager (self->follower, self->follow);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOLLOW]);
    }
  if (self->told_n_new != n_new)
    {
      self->told_n_new = n_new;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_NEW]);
    }
  return G_SOURCE_REMOVE;
}

/* Not at once: this may be in the middle of a layout. */
static void
troupe_message_list_queue_notify (TroupeMessageList *self)
{
  if (self->notify_id == 0)
    self->notify_id = g_idle_add_full (G_PRIORITY_DEFAULT, notify_cb, self, NULL);
}

/* ---- Open or folded ---- */

static gboolean
is_open (TroupeMessageList *self, guint64 number)
{
  return g_hash_table_contains (self->toggled, &number) != self->open_all;
}

static void
troupe_message_list_bind (TroupeMessageList *self, TroupeMessageRow *row, guint64 number)
{
  g_auto (TroupeMessage) message = { 0 };

  if (!troupe_message_log_get (self->log, number, &message))
    {
      /* Its segment was deleted in this moment; an event without text has no height. */
      message.number = number;
      message.kind = TROUPE_MESSAGE_EVENT;
    }
  troupe_message_row_bind (row, self->log, &message, is_open (self, number));
  troupe_message_row_set_current (row, number == self->current);
}

static TroupeMessageRow *
find_shown (TroupeMessageList *self, guint64 number)
{
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    if (troupe_message_row_get_number (l->data) == number)
      return l->data;
  return NULL;
}

static void troupe_message_list_hold (TroupeMessageList *self);
static void troupe_message_list_update (TroupeMessageList *self);

static void
troupe_message_list_rebind (TroupeMessageList *self)
{
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    troupe_message_list_bind (self, l->data, troupe_message_row_get_number (l->data));
  troupe_message_list_update (self);
}

static void
troupe_message_list_toggle (TroupeMessageList *self, guint64 number)
{
  TroupeMessageRow *row = find_shown (self, number);

  if (g_hash_table_contains (self->toggled, &number))
    g_hash_table_remove (self->toggled, &number);
  else
    {
      if (g_hash_table_size (self->toggled) >= TROUPE_MESSAGE_TOGGLED_MAX)
        g_hash_table_remove_all (self->toggled);
      g_hash_table_add (self->toggled, g_memdup2 (&number, sizeof number));
    }
  /* What one opens grows downwards, it does not jump up. */
  troupe_message_list_hold (self);
  self->reveal = number;
  if (row != NULL)
    troupe_message_list_bind (self, row, number);
  troupe_message_list_update (self);
}

/* ---- Layout ---- */

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

  while (place > 0 && layout->top > 0 && n++ < LAYOUT_ROWS_MAX)
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

  while (place < n_rows && layout->bottom < height && n++ < LAYOUT_ROWS_MAX)
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
  upper = MAX ((double) n_rows, in_view) * ROW_UNIT;
  page = MAX (in_view, 0.01) * ROW_UNIT;
  value = self->follow ? upper - page : MIN (before * ROW_UNIT, upper - page);
  if (self->vadjustment == NULL)
    return;
  self->configuring = TRUE;
  gtk_adjustment_configure (self->vadjustment, MAX (value, 0), 0, upper, ROW_UNIT, page * 0.9, page);
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

/* Something changed: binds what will be in view, and asks to be laid out. */
static void
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

static void
troupe_message_list_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);

  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
  if (!troupe_message_list_lay_out (self, width, height, FALSE) && self->update_id == 0)
    self->update_id = gtk_widget_add_tick_callback (widget, update_tick_cb, NULL, NULL);
}

static void
troupe_message_list_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                             int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 80;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 480 : 240;
}

/* ---- Scrolling ---- */

/* From now on what is in view stays, whatever comes. */
static void
troupe_message_list_hold (TroupeMessageList *self)
{
  self->follow = FALSE;
}

static void
troupe_message_list_scroll_by (TroupeMessageList *self, double pixels)
{
  if (self->follow && pixels >= 0)
    return;
  troupe_message_list_hold (self);
  self->top_offset += pixels;
  troupe_message_list_update (self);
}

static void
value_changed_cb (TroupeMessageList *self)
{
  double value = gtk_adjustment_get_value (self->vadjustment);
  double end = gtk_adjustment_get_upper (self->vadjustment) - gtk_adjustment_get_page_size (self->vadjustment);
  guint64 n_rows = troupe_message_log_get_n_rows (self->log);
  guint64 place = (guint64) MAX (value / ROW_UNIT, 0);

  if (self->configuring || n_rows == 0)
    return;
  self->follow = value >= end - 0.5;
  place = MIN (place, n_rows - 1);
  self->top = troupe_message_log_get_number (self->log, place);
  self->top_offset = 0;
  self->top_fraction = CLAMP (value / ROW_UNIT - (double) place, 0, 1);
  troupe_message_list_update (self);
}

static void
stop_kinetic (TroupeMessageList *self)
{
  if (self->kinetic_id != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->kinetic_id);
  self->kinetic_id = 0;
}

static gboolean
kinetic_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);
  gint64 now = gdk_frame_clock_get_frame_time (clock);
  double msec = (double) (now - self->last_frame) / 1000;

  self->last_frame = now;
  troupe_message_list_scroll_by (self, self->speed * msec);
  self->speed *= pow (DECAY_PER_MSEC, msec);
  if (fabs (self->speed) >= SPEED_MIN && !self->follow)
    return G_SOURCE_CONTINUE;
  self->kinetic_id = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
scroll_cb (GtkEventControllerScroll *controller, double dx, double dy, TroupeMessageList *self)
{
  int height = gtk_widget_get_height (GTK_WIDGET (self));

  stop_kinetic (self);
  if ((gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller)) & GDK_CONTROL_MASK) != 0)
    return GDK_EVENT_PROPAGATE;
  /* A click of the wheel moves as far as it does in other scrolled windows. */
  if (gtk_event_controller_scroll_get_unit (controller) == GDK_SCROLL_UNIT_WHEEL)
    dy *= pow (height, 2.0 / 3.0);
  troupe_message_list_scroll_by (self, dy);
  return GDK_EVENT_STOP;
}

static void
decelerate_cb (GtkEventControllerScroll *controller, double vx, double vy, TroupeMessageList *self)
{
  if (!adw_get_enable_animations (GTK_WIDGET (self)))
    return;
  stop_kinetic (self);
  self->speed = vy / 1000;
  self->last_frame = gdk_frame_clock_get_frame_time (gtk_widget_get_frame_clock (GTK_WIDGET (self)));
  self->kinetic_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), kinetic_cb, NULL, NULL);
}

/* ---- The current message ---- */

static void
troupe_message_list_set_current (TroupeMessageList *self, guint64 number)
{
  static const char *const actions[] = { "message.copy", "message.copy-line", "message.send-again",
                                         "message.open-window" };

  self->current = number;
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    troupe_message_row_set_current (l->data, troupe_message_row_get_number (l->data) == number);
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_action_set_enabled (GTK_WIDGET (self), actions[i], number != G_MAXUINT64);
}

static gboolean
is_message_at (TroupeMessageList *self, guint64 place, guint64 *number)
{
  g_auto (TroupeMessage) message = { 0 };

  *number = troupe_message_log_get_number (self->log, place);
  return troupe_message_log_get (self->log, *number, &message) && message.kind != TROUPE_MESSAGE_EVENT &&
         message.kind != TROUPE_MESSAGE_LOST;
}

/* Moves on to the next message in the direction of STEP, looking over notes. */
static void
troupe_message_list_move_current (TroupeMessageList *self, gint64 step)
{
  guint64 n_rows = troupe_message_log_get_n_rows (self->log);
  gint64 place, direction = step < 0 ? -1 : 1;
  guint64 number;

  if (n_rows == 0)
    return;
  if (self->current != G_MAXUINT64)
    place = (gint64) troupe_message_log_find (self->log, self->current) + step;
  else
    place = (gint64) n_rows - 1;
  place = CLAMP (place, 0, (gint64) n_rows - 1);
  for (guint i = 0; i < LAYOUT_ROWS_MAX && place >= 0 && place < (gint64) n_rows; i++, place += direction)
    if (is_message_at (self, (guint64) place, &number))
      {
        troupe_message_list_set_current (self, number);
        self->reveal = number;
        if (find_shown (self, number) == NULL)
          {
            self->top = number;
            self->top_offset = 0;
          }
        troupe_message_list_hold (self);
        troupe_message_list_update (self);
        return;
      }
}

static void
scroll_to_place (TroupeMessageList *self, gboolean to_end)
{
  self->follow = to_end;
  if (!to_end && troupe_message_log_get_n_rows (self->log) > 0)
    {
      self->top = troupe_message_log_get_number (self->log, 0);
      self->top_offset = 0;
    }
  troupe_message_list_update (self);
}

static gboolean
key_cb (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
        TroupeMessageList *self)
{
  double page = MAX (gtk_widget_get_height (GTK_WIDGET (self)) - ROW_UNIT, ROW_UNIT);

  stop_kinetic (self);
  if (keyval == GDK_KEY_c && (state & GDK_CONTROL_MASK) != 0)
    return gtk_widget_activate_action (GTK_WIDGET (self), "message.copy", NULL);
  if ((state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  switch (keyval)
    {
    case GDK_KEY_Up:
      troupe_message_list_move_current (self, -1);
      return GDK_EVENT_STOP;
    case GDK_KEY_Down:
      troupe_message_list_move_current (self, 1);
      return GDK_EVENT_STOP;
    case GDK_KEY_Page_Up:
      troupe_message_list_scroll_by (self, -page);
      return GDK_EVENT_STOP;
    case GDK_KEY_Page_Down:
      troupe_message_list_scroll_by (self, page);
      return GDK_EVENT_STOP;
    case GDK_KEY_Home:
    case GDK_KEY_End:
      scroll_to_place (self, keyval == GDK_KEY_End);
      return GDK_EVENT_STOP;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
    case GDK_KEY_space:
      if (self->current != G_MAXUINT64)
        troupe_message_list_toggle (self, self->current);
      return GDK_EVENT_STOP;
    default:
      return GDK_EVENT_PROPAGATE;
    }
}

/* ---- Copy, send again ---- */

/* All of a message's text. Returns: (transfer full) (nullable): NULL: too long, or gone. */
static char *
troupe_message_list_dup_text (TroupeMessageList *self, guint64 number, gsize *length)
{
  g_auto (TroupeMessage) message = { 0 };
  g_autofree char *text = NULL;

  if (!troupe_message_log_get (self->log, number, &message))
    return NULL;
  if (message.length > TROUPE_MESSAGE_COPY_MAX)
    {
      g_autofree char *size = troupe_format_dup_bytes (message.length);
      g_autofree char *words = g_strdup_printf (_ ("This message is too long for that: %s"), size);

      g_signal_emit (self, signals[NOTICE], 0, words);
      return NULL;
    }
  text = g_malloc (message.length + 1);
  *length = troupe_message_log_read (self->log, &message, 0, text, message.length);
  text[*length] = '\0';
  return g_steal_pointer (&text);
}

/* Laid out, so that it can be read where it is put. */
static char *
troupe_message_list_dup_layout (TroupeMessageList *self, TroupeJsonStyle style)
{
  gsize length;
  g_autofree char *text = troupe_message_list_dup_text (self, self->current, &length);
  GString *out;

  if (text == NULL)
    return NULL;
  out = g_string_sized_new (length + 1);
  troupe_json_layout (out, NULL, text, length, style, G_MAXUINT32);
  return g_string_free (out, FALSE);
}

static void
copy_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);
  gboolean as_line = g_str_equal (name, "message.copy-line") || !is_open (self, self->current);
  g_autofree char *text = NULL;

  if (self->current == G_MAXUINT64)
    return;
  text = troupe_message_list_dup_layout (self, as_line ? TROUPE_JSON_COMPACT : TROUPE_JSON_OPEN);
  if (text == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  g_signal_emit (self, signals[NOTICE], 0, _ ("Message copied"));
}

static void
send_again_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);
  gsize length;
  g_autofree char *text = NULL;

  if (self->current == G_MAXUINT64)
    return;
  text = troupe_message_list_dup_text (self, self->current, &length);
  if (text != NULL && g_utf8_validate (text, (gssize) length, NULL))
    g_signal_emit (self, signals[SEND_AGAIN], 0, text);
}

static void
toggle_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);

  troupe_message_list_set_current (self, g_variant_get_uint64 (parameter));
  troupe_message_list_toggle (self, g_variant_get_uint64 (parameter));
  gtk_widget_grab_focus (widget);
}

static void
open_window_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);

  if (self->current != G_MAXUINT64)
    g_signal_emit (self, signals[SHOW_ALL], 0, self->current);
}

static void
show_all_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit (widget, signals[SHOW_ALL], 0, g_variant_get_uint64 (parameter));
}

/* ---- Pointer ---- */

static TroupeMessageRow *
find_row_at (TroupeMessageList *self, double x, double y)
{
  GtkWidget *widget = gtk_widget_pick (GTK_WIDGET (self), x, y, GTK_PICK_DEFAULT);

  if (widget != NULL && !TROUPE_IS_MESSAGE_ROW (widget))
    widget = gtk_widget_get_ancestor (widget, TROUPE_TYPE_MESSAGE_ROW);
  if (widget == NULL || !troupe_message_row_is_message (TROUPE_MESSAGE_ROW (widget)))
    return NULL;
  return TROUPE_MESSAGE_ROW (widget);
}

static void
show_menu (TroupeMessageList *self, const GdkRectangle *place)
{
  if (self->menu == NULL)
    {
      g_autoptr (GMenu) menu = g_menu_new ();
      g_autoptr (GMenu) again = g_menu_new ();

      g_menu_append (menu, _ ("_Copy"), "message.copy");
      g_menu_append (menu, _ ("Copy as One _Line"), "message.copy-line");
      g_menu_append (again, _ ("_Send Again…"), "message.send-again");
      g_menu_append (again, _ ("Open in a _Window"), "message.open-window");
      g_menu_append_section (menu, NULL, G_MENU_MODEL (again));
      self->menu = gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    }
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), place);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, TroupeMessageList *self)
{
  TroupeMessageRow *row = find_row_at (self, x, y);
  guint button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture));

  stop_kinetic (self);
  if (row == NULL)
    {
      troupe_message_list_set_current (self, G_MAXUINT64);
      gtk_widget_grab_focus (GTK_WIDGET (self));
      return;
    }
  troupe_message_list_set_current (self, troupe_message_row_get_number (row));
  if (button == GDK_BUTTON_SECONDARY)
    {
      GdkRectangle place = { (int) x, (int) y, 1, 1 };

      gtk_widget_grab_focus (GTK_WIDGET (self));
      show_menu (self, &place);
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
    }
  else if (button == GDK_BUTTON_PRIMARY)
    {
      gtk_widget_grab_focus (GTK_WIDGET (self));
      if (n_press == 2 && troupe_message_row_can_open (row))
        troupe_message_list_toggle (self, troupe_message_row_get_number (row));
    }
}

static gboolean
menu_key_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);
  TroupeMessageRow *row = self->current != G_MAXUINT64 ? find_shown (self, self->current) : NULL;
  graphene_rect_t bounds;
  GdkRectangle place;

  if (row == NULL || !gtk_widget_compute_bounds (GTK_WIDGET (row), widget, &bounds))
    return FALSE;
  place = (GdkRectangle){ (int) (bounds.origin.x + bounds.size.width / 2), (int) bounds.origin.y, 1,
                          (int) bounds.size.height };
  show_menu (self, &place);
  return TRUE;
}

/* ---- The journal ---- */

static void
troupe_message_list_tell_changed (TroupeMessageList *self)
{
  troupe_message_list_update (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* What came may be the reply to what is in view. */
static void
troupe_message_list_rebind_answered (TroupeMessageList *self)
{
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    {
      guint64 number = troupe_message_row_get_number (l->data);
      g_auto (TroupeMessage) message = { 0 };

      if (troupe_message_row_waits (l->data) && troupe_message_log_get (self->log, number, &message) &&
          message.round_trip_usec != 0)
        troupe_message_list_bind (self, l->data, number);
    }
}

static gboolean
refresh_cb (gpointer user_data)
{
  TroupeMessageList *self = user_data;

  if (!troupe_message_log_refresh (self->log))
    return FALSE;
  troupe_message_list_rebind_answered (self);
  troupe_message_list_tell_changed (self);
  return TRUE;
}

void
troupe_message_list_set_dir (TroupeMessageList *self, const char *dir)
{
  const char *dirs[] = { dir };

  if (g_strcmp0 (troupe_message_log_get_dir (self->log), dir) == 0)
    return;
  troupe_message_log_set_dir (self->log, dir);
  troupe_log_follower_set_dirs (self->follower, dirs, dir != NULL ? 1 : 0);
  g_hash_table_remove_all (self->toggled);
  troupe_message_list_set_current (self, G_MAXUINT64);
  self->follow = TRUE;
  /* Numbers speak of another run now. */
  while (!g_queue_is_empty (&self->shown))
    {
      GtkWidget *row = g_queue_pop_head (&self->shown);

      gtk_widget_set_child_visible (row, FALSE);
      g_ptr_array_add (self->pool, row);
    }
  troupe_message_list_tell_changed (self);
}

gboolean
troupe_message_list_set_filter (TroupeMessageList *self, const TroupeMessageFilter *filter, GError **error)
{
  if (!troupe_message_log_set_filter (self->log, filter, error))
    return FALSE;
  troupe_message_list_tell_changed (self);
  return TRUE;
}

/* ---- Object ---- */

static void
troupe_message_list_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_message_list_parent_class)->map (widget);
  troupe_message_list_update (TROUPE_MESSAGE_LIST (widget));
  troupe_log_follower_start (TROUPE_MESSAGE_LIST (widget)->follower);
}

static void
troupe_message_list_unmap (GtkWidget *widget)
{
  stop_kinetic (TROUPE_MESSAGE_LIST (widget));
  if (TROUPE_MESSAGE_LIST (widget)->update_id != 0)
    gtk_widget_remove_tick_callback (widget, TROUPE_MESSAGE_LIST (widget)->update_id);
  TROUPE_MESSAGE_LIST (widget)->update_id = 0;
  troupe_log_follower_stop (TROUPE_MESSAGE_LIST (widget)->follower);
  GTK_WIDGET_CLASS (troupe_message_list_parent_class)->unmap (widget);
}

static void
set_adjustment (TroupeMessageList *self, GtkAdjustment **place, GtkAdjustment *adjustment)
{
  if (*place == adjustment && adjustment != NULL)
    return;
  if (*place != NULL)
    {
      g_signal_handlers_disconnect_by_data (*place, self);
      g_object_unref (*place);
    }
  *place = g_object_ref_sink (adjustment != NULL ? adjustment : gtk_adjustment_new (0, 0, 0, 0, 0, 0));
  if (place == &self->vadjustment)
    g_signal_connect_object (*place, "value-changed", G_CALLBACK (value_changed_cb), self, G_CONNECT_SWAPPED);
  troupe_message_list_update (self);
}

static void
troupe_message_list_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);

  switch (prop_id)
    {
    case PROP_FOLLOW:
      g_value_set_boolean (value, self->follow);
      break;
    case PROP_N_NEW:
      g_value_set_uint64 (value, troupe_message_list_get_n_new (self));
      break;
    case PROP_OPEN_ALL:
      g_value_set_boolean (value, self->open_all);
      break;
    case PROP_HADJUSTMENT:
      g_value_set_object (value, self->hadjustment);
      break;
    case PROP_VADJUSTMENT:
      g_value_set_object (value, self->vadjustment);
      break;
    case PROP_HSCROLL_POLICY:
      g_value_set_enum (value, self->hpolicy);
      break;
    case PROP_VSCROLL_POLICY:
      g_value_set_enum (value, self->vpolicy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_message_list_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);

  switch (prop_id)
    {
    case PROP_FOLLOW:
      troupe_message_list_set_follow (self, g_value_get_boolean (value));
      break;
    case PROP_OPEN_ALL:
      troupe_message_list_set_open_all (self, g_value_get_boolean (value));
      break;
    case PROP_HADJUSTMENT:
      set_adjustment (self, &self->hadjustment, g_value_get_object (value));
      break;
    case PROP_VADJUSTMENT:
      set_adjustment (self, &self->vadjustment, g_value_get_object (value));
      break;
    case PROP_HSCROLL_POLICY:
      self->hpolicy = g_value_get_enum (value);
      break;
    case PROP_VSCROLL_POLICY:
      self->vpolicy = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_message_list_dispose (GObject *object)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);
  GtkWidget *child;

  g_clear_handle_id (&self->notify_id, g_source_remove);
  g_clear_pointer (&self->follower, troupe_log_follower_free);
  g_signal_handlers_disconnect_by_data (adw_style_manager_get_default (), self);
  if (self->log != NULL)
    g_signal_handlers_disconnect_by_data (self->log, self);
  g_clear_object (&self->log);
  self->menu = NULL;
  g_queue_clear (&self->shown);
  g_ptr_array_set_size (self->pool, 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->hadjustment);
  g_clear_object (&self->vadjustment);
  G_OBJECT_CLASS (troupe_message_list_parent_class)->dispose (object);
}

static void
troupe_message_list_finalize (GObject *object)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);

  g_hash_table_unref (self->toggled);
  g_ptr_array_unref (self->pool);
  G_OBJECT_CLASS (troupe_message_list_parent_class)->finalize (object);
}

static void
troupe_message_list_class_init (TroupeMessageListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_message_list_dispose;
  object_class->finalize = troupe_message_list_finalize;
  object_class->get_property = troupe_message_list_get_property;
  object_class->set_property = troupe_message_list_set_property;
  widget_class->measure = troupe_message_list_measure;
  widget_class->size_allocate = troupe_message_list_size_allocate;
  widget_class->map = troupe_message_list_map;
  widget_class->unmap = troupe_message_list_unmap;

  properties[PROP_FOLLOW] = g_param_spec_boolean ("follow", NULL, NULL, TRUE,
                                                  G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_N_NEW] = g_param_spec_uint64 ("n-new", NULL, NULL, 0, G_MAXUINT64, 0,
                                                G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_OPEN_ALL] = g_param_spec_boolean (
      "open-all", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  g_object_class_override_property (object_class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (object_class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (object_class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (object_class, PROP_VSCROLL_POLICY, "vscroll-policy");

  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SEND_AGAIN] = g_signal_new ("send-again", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SHOW_ALL] = g_signal_new ("show-all", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_UINT64);

  gtk_widget_class_install_action (widget_class, "message.copy", NULL, copy_action_cb);
  gtk_widget_class_install_action (widget_class, "message.copy-line", NULL, copy_action_cb);
  gtk_widget_class_install_action (widget_class, "message.send-again", NULL, send_again_action_cb);
  gtk_widget_class_install_action (widget_class, "message.open-window", NULL, open_window_action_cb);
  gtk_widget_class_install_action (widget_class, "message.toggle", "t", toggle_action_cb);
  gtk_widget_class_install_action (widget_class, "message.show-all", "t", show_all_action_cb);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_set_css_name (widget_class, "messages");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void
troupe_message_list_init (TroupeMessageList *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL |
                                                                GTK_EVENT_CONTROLLER_SCROLL_KINETIC);

  self->log = troupe_message_log_new ();
  self->follower = troupe_log_follower_new (GTK_WIDGET (self), refresh_cb, self);
  self->pool = g_ptr_array_new ();
  self->toggled = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->follow = self->told_follow = TRUE;
  self->top_fraction = -1;
  self->reveal = G_MAXUINT64;
  troupe_message_list_set_current (self, G_MAXUINT64);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), 0);
  g_signal_connect_object (click, "pressed", G_CALLBACK (pressed_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (key_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  g_signal_connect_object (scroll, "scroll", G_CALLBACK (scroll_cb), self, 0);
  g_signal_connect_object (scroll, "decelerate", G_CALLBACK (decelerate_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);

  g_signal_connect_object (self->log, "filtered", G_CALLBACK (troupe_message_list_tell_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (troupe_message_list_rebind),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast",
                           G_CALLBACK (troupe_message_list_rebind), self, G_CONNECT_SWAPPED);
}

TroupeMessageLog *
troupe_message_list_get_log (TroupeMessageList *self)
{
  return self->log;
}

gboolean
troupe_message_list_get_follow (TroupeMessageList *self)
{
  return self->follow;
}

void
troupe_message_list_set_follow (TroupeMessageList *self, gboolean follow)
{
  if (self->follow == follow)
    return;
  stop_kinetic (self);
  self->follow = follow;
  troupe_message_list_update (self);
  troupe_message_list_queue_notify (self);
}

guint64
troupe_message_list_get_n_new (TroupeMessageList *self)
{
  if (self->follow)
    return 0;
  return troupe_message_log_get_n_rows (self->log) - troupe_message_log_find (self->log, self->seen_end);
}

void
troupe_message_list_set_open_all (TroupeMessageList *self, gboolean open_all)
{
  if (self->open_all == open_all)
    return;
  self->open_all = open_all;
  g_hash_table_remove_all (self->toggled);
  troupe_message_list_rebind (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPEN_ALL]);
}

TroupeMessageRow *
troupe_message_list_get_row (TroupeMessageList *self, guint i)
{
  return g_queue_peek_nth (&self->shown, i);
}
