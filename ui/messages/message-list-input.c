/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Wheel, keys and pointer. */

#include "config.h"

#include "messages/message-list-private.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

/* Kinetic scrolling: what is left of the speed after a millisecond, and where it ends. */
#define DECAY_PER_MSEC 0.996
#define SPEED_MIN 0.02

/* ---- Scrolling ---- */

void
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

void
troupe_message_list_value_changed (TroupeMessageList *self)
{
  double value = gtk_adjustment_get_value (self->vadjustment);
  double end = gtk_adjustment_get_upper (self->vadjustment) - gtk_adjustment_get_page_size (self->vadjustment);
  guint64 n_rows = troupe_message_log_get_n_rows (self->log);
  guint64 place = (guint64) MAX (value / TROUPE_MESSAGE_ROW_UNIT, 0);

  if (self->configuring || n_rows == 0)
    return;
  self->follow = value >= end - 0.5;
  place = MIN (place, n_rows - 1);
  self->top = troupe_message_log_get_number (self->log, place);
  self->top_offset = 0;
  self->top_fraction = CLAMP (value / TROUPE_MESSAGE_ROW_UNIT - (double) place, 0, 1);
  troupe_message_list_update (self);
}

void
troupe_message_list_stop_kinetic (TroupeMessageList *self)
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

  troupe_message_list_stop_kinetic (self);
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
  troupe_message_list_stop_kinetic (self);
  self->speed = vy / 1000;
  self->last_frame = gdk_frame_clock_get_frame_time (gtk_widget_get_frame_clock (GTK_WIDGET (self)));
  self->kinetic_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), kinetic_cb, NULL, NULL);
}

/* ---- The current message ---- */

void
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
  for (guint i = 0; i < TROUPE_MESSAGE_LAYOUT_ROWS_MAX && place >= 0 && place < (gint64) n_rows;
       i++, place += direction)
    if (is_message_at (self, (guint64) place, &number))
      {
        troupe_message_list_set_current (self, number);
        self->reveal = number;
        if (troupe_message_list_find_shown (self, number) == NULL)
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
  double page = MAX (gtk_widget_get_height (GTK_WIDGET (self)) - TROUPE_MESSAGE_ROW_UNIT, TROUPE_MESSAGE_ROW_UNIT);

  troupe_message_list_stop_kinetic (self);
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

  troupe_message_list_stop_kinetic (self);
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
  TroupeMessageRow *row = self->current != G_MAXUINT64 ? troupe_message_list_find_shown (self, self->current) : NULL;
  graphene_rect_t bounds;
  GdkRectangle place;

  if (row == NULL || !gtk_widget_compute_bounds (GTK_WIDGET (row), widget, &bounds))
    return FALSE;
  place = (GdkRectangle){ (int) (bounds.origin.x + bounds.size.width / 2), (int) bounds.origin.y, 1,
                          (int) bounds.size.height };
  show_menu (self, &place);
  return TRUE;
}

/* ---- All of it ---- */

void
troupe_message_list_install_keys (GtkWidgetClass *widget_class)
{
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
}

void
troupe_message_list_add_controllers (TroupeMessageList *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL |
                                                                GTK_EVENT_CONTROLLER_SCROLL_KINETIC);

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), 0);
  g_signal_connect_object (click, "pressed", G_CALLBACK (pressed_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (key_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  g_signal_connect_object (scroll, "scroll", G_CALLBACK (scroll_cb), self, 0);
  g_signal_connect_object (scroll, "decelerate", G_CALLBACK (decelerate_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
}
