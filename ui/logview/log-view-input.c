/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Pointer, keys, context menu and actions of the log view. */

#include "config.h"

#include "logview/log-view-private.h"

#include <glib/gi18n.h>
#include <math.h>

/* Lines a frame for each line's height that the pointer is outside. */
#define AUTOSCROLL_SPEED 0.5
#define AUTOSCROLL_MAX_LINES 40

/* ---- Where the pointer is ---- */

/* The row and column at (X, Y); above and below the rows, the nearest. FALSE: there are none.
 * NEAREST_EDGE: between which columns; otherwise, over which. */
static gboolean
find_point (TroupeLogView *self, double x, double y, gboolean nearest_edge, TroupeLogPoint *out,
            TroupeLogLine **line_out)
{
  const TroupeLogVisible *row = NULL;
  int line_height = troupe_log_view_line_height (self);
  double column;
  guint64 first = 0;

  if (self->visible->len == 0)
    return FALSE;
  for (guint i = 0; i < self->visible->len; i++)
    {
      row = &g_array_index (self->visible, TroupeLogVisible, i);
      if (y < row->y + row->n_lines * line_height)
        break;
    }
  x -= troupe_log_view_text_x (self);
  if (self->wrap)
    {
      guint64 line = CLAMP ((y - row->y) / line_height, 0, row->n_lines - 1);

      first = line * troupe_log_view_wrap_columns (self);
      x = CLAMP (x, 0, troupe_log_view_wrap_columns (self) * troupe_log_view_cell_width (self));
    }
  else
    x += gtk_adjustment_get_value (self->hadjustment);
  column = x / troupe_log_view_cell_width (self);
  column = MAX (nearest_edge ? round (column) : floor (column), 0);
  out->column = MIN (first + (guint64) column, row->line->n_columns);
  troupe_log_line_ensure (row->line, self->rows, out->column, 1);
  out->column = troupe_log_line_glyph_start (row->line, out->column);
  troupe_log_rows_anchor (self->rows, row->number, &out->anchor);
  if (line_out != NULL)
    *line_out = row->line;
  return TRUE;
}

static int
compare_points (const TroupeLogPoint *a, const TroupeLogPoint *b)
{
  if (a->anchor.number != b->anchor.number)
    return a->anchor.number < b->anchor.number ? -1 : 1;
  return a->column < b->column ? -1 : a->column > b->column;
}

/* What a click with the current unit takes at (X, Y): nothing, a word, a line. */
static gboolean
find_unit (TroupeLogView *self, double x, double y, TroupeLogPoint *begin, TroupeLogPoint *end)
{
  TroupeLogLine *line;

  if (!find_point (self, x, y, self->drag_unit == 1, begin, &line))
    return FALSE;
  *end = *begin;
  if (self->drag_unit == 2)
    troupe_log_line_find_word (line, self->rows, begin->column, &begin->column, &end->column);
  else if (self->drag_unit >= 3)
    {
      begin->column = 0;
      end->column = TROUPE_LOG_COLUMN_END;
    }
  return TRUE;
}

/* Selects from where the drag began to (X, Y), in whole units. */
static void
extend_selection (TroupeLogView *self, double x, double y)
{
  TroupeLogPoint begin;
  TroupeLogPoint end;

  if (!find_unit (self, x, y, &begin, &end))
    return;
  troupe_log_rows_resolve (self->rows, &self->drag_begin.anchor);
  troupe_log_rows_resolve (self->rows, &self->drag_end.anchor);
  self->selection.active = TRUE;
  if (compare_points (&begin, &self->drag_begin) < 0)
    {
      self->selection.base = self->drag_end;
      self->selection.tip = begin;
    }
  else
    {
      self->selection.base = self->drag_begin;
      self->selection.tip = compare_points (&end, &self->drag_end) > 0 ? end : self->drag_end;
    }
  troupe_log_view_selection_changed (self);
}

/* ---- Dragging ---- */

static gboolean
autoscroll_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);
  double height = gtk_widget_get_height (widget);
  double width = gtk_widget_get_width (widget);
  double text_x = troupe_log_view_text_x (self);
  double outside = self->drag_y < 0 ? self->drag_y : self->drag_y > height ? self->drag_y - height : 0;
  double aside = self->drag_x < text_x ? self->drag_x - text_x : self->drag_x > width ? self->drag_x - width : 0;

  if (outside != 0)
    troupe_log_view_scroll_lines (self, CLAMP (outside / troupe_log_view_line_height (self) * AUTOSCROLL_SPEED,
                                               -AUTOSCROLL_MAX_LINES, AUTOSCROLL_MAX_LINES));
  if (aside != 0 && !self->wrap)
    gtk_adjustment_set_value (self->hadjustment, gtk_adjustment_get_value (self->hadjustment) + aside / 2);
  extend_selection (self, self->drag_x, self->drag_y);
  if (outside == 0 && aside == 0)
    {
      self->autoscroll_id = 0;
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
stop_autoscroll (TroupeLogView *self)
{
  if (self->autoscroll_id != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->autoscroll_id);
  self->autoscroll_id = 0;
}

static gboolean
is_touch (GtkGesture *gesture)
{
  GdkDevice *device = gtk_event_controller_get_current_event_device (GTK_EVENT_CONTROLLER (gesture));

  return device != NULL && gdk_device_get_source (device) == GDK_SOURCE_TOUCHSCREEN;
}

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, TroupeLogView *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));

  gtk_widget_grab_focus (GTK_WIDGET (self));
  /* A finger scrolls. */
  if (is_touch (GTK_GESTURE (gesture)))
    return;
  self->drag_unit = CLAMP (n_press, 1, 3);
  if ((state & GDK_SHIFT_MASK) != 0 && self->selection.active && n_press == 1)
    {
      self->drag_begin = self->drag_end = self->selection.base;
      extend_selection (self, x, y);
    }
  else
    {
      if (!find_unit (self, x, y, &self->drag_begin, &self->drag_end))
        return;
      self->selection.active = n_press > 1;
      self->selection.base = self->drag_begin;
      self->selection.tip = self->drag_end;
      troupe_log_view_selection_changed (self);
    }
  self->dragging = TRUE;
}

static void
drag_update_cb (GtkGestureDrag *gesture, double dx, double dy, TroupeLogView *self)
{
  double x;
  double y;

  if (!self->dragging || is_touch (GTK_GESTURE (gesture)))
    return;
  gtk_gesture_drag_get_start_point (gesture, &x, &y);
  if (!self->selection.active && hypot (dx, dy) < 3)
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  self->drag_x = x + dx;
  self->drag_y = y + dy;
  /* What one selects should hold still. */
  if (self->follow)
    troupe_log_view_set_follow (self, FALSE);
  extend_selection (self, self->drag_x, self->drag_y);
  if (self->autoscroll_id == 0)
    self->autoscroll_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), autoscroll_cb, NULL, NULL);
}

static void
end_drag (TroupeLogView *self)
{
  if (!self->dragging)
    return;
  self->dragging = FALSE;
  stop_autoscroll (self);
  if (troupe_log_view_get_has_selection (self))
    troupe_log_view_set_primary (self);
  else
    self->selection.active = FALSE;
  troupe_log_view_selection_changed (self);
}

static void
released_cb (GtkGestureClick *gesture, int n_press, double x, double y, TroupeLogView *self)
{
  end_drag (self);
}

static void
drag_end_cb (GtkGestureDrag *gesture, double dx, double dy, TroupeLogView *self)
{
  end_drag (self);
}

/* ---- Scrolling wrapped lines ---- */

/* The scrolled window counts a wrapped line as one; the wheel goes by what is on the screen. */
static gboolean
scroll_cb (GtkEventControllerScroll *controller, double dx, double dy, TroupeLogView *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller));
  GdkEvent *event = gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (controller));

  if (!self->wrap || dy == 0 || (state & (GDK_SHIFT_MASK | GDK_CONTROL_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  /* Clicks of a wheel are three lines each; a touchpad tells of finer steps. */
  troupe_log_view_scroll_lines (self, gdk_scroll_event_get_direction (event) == GDK_SCROLL_SMOOTH ? dy : dy * 3);
  return GDK_EVENT_STOP;
}

/* ---- Context menu ---- */

static GMenuModel *
build_menu (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) edit = g_menu_new ();
  g_autoptr (GMenu) look = g_menu_new ();
  g_autoptr (GMenu) times = g_menu_new ();
  g_autoptr (GMenu) all = g_menu_new ();

  g_menu_append (edit, _ ("_Copy"), "log.copy");
  g_menu_append (edit, _ ("Select _All"), "log.select-all");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (edit));
  g_menu_append (times, _ ("_Off"), "log.time-stamps::off");
  g_menu_append (times, _ ("_Clock"), "log.time-stamps::clock");
  g_menu_append (times, _ ("Since _Start"), "log.time-stamps::since-start");
  g_menu_append (look, _ ("_Follow"), "log.follow");
  g_menu_append (look, _ ("_Wrap Lines"), "log.wrap");
  g_menu_append_submenu (look, _ ("_Time Stamps"), G_MENU_MODEL (times));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (look));
  g_menu_append (all, _ ("C_lear"), "log.clear");
  g_menu_append (all, _ ("_Save As…"), "log.save-as");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (all));
  return G_MENU_MODEL (menu);
}

static void
show_menu (TroupeLogView *self, double x, double y)
{
  if (self->menu == NULL)
    {
      g_autoptr (GMenuModel) model = build_menu ();

      self->menu = gtk_popover_menu_new_from_model (model);
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    }
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle){ x, y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
menu_pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, TroupeLogView *self)
{
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  show_menu (self, x, y);
}

static void
long_pressed_cb (GtkGestureLongPress *gesture, double x, double y, TroupeLogView *self)
{
  show_menu (self, x, y);
}

/* ---- Actions and keys ---- */

static void
copy_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  troupe_log_view_copy (TROUPE_LOG_VIEW (widget));
}

static void
select_all_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  troupe_log_view_select_all (TROUPE_LOG_VIEW (widget));
}

static void
clear_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  troupe_log_view_clear (TROUPE_LOG_VIEW (widget));
}

static void
save_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  troupe_log_view_choose_save (TROUPE_LOG_VIEW (widget));
}

static void
find_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gboolean found = g_str_equal (name, "log.find-next") ? troupe_log_view_find_next (TROUPE_LOG_VIEW (widget))
                                                       : troupe_log_view_find_previous (TROUPE_LOG_VIEW (widget));

  if (!found)
    gtk_widget_error_bell (widget);
}

static void
menu_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_menu (TROUPE_LOG_VIEW (widget), troupe_log_view_text_x (TROUPE_LOG_VIEW (widget)), TROUPE_LOG_PADDING);
}

static gboolean
scroll_key_cb (GtkWidget *widget, GVariant *args, gpointer data)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);
  int unit;
  int direction;

  g_variant_get (args, "(ii)", &unit, &direction);
  switch (unit)
    {
    case GTK_SCROLL_STEP_UP:
      troupe_log_view_scroll_lines (self, direction);
      break;
    case GTK_SCROLL_PAGE_UP:
      troupe_log_view_scroll_lines (self, direction * MAX (gtk_widget_get_height (widget) /
                                                                   troupe_log_view_line_height (self) -
                                                               2,
                                                           1));
      break;
    case GTK_SCROLL_STEP_LEFT:
      gtk_adjustment_set_value (self->hadjustment,
                                gtk_adjustment_get_value (self->hadjustment) +
                                    direction * 4 * troupe_log_view_cell_width (self));
      break;
    default:
      /* The very beginning or end. */
      if (direction > 0)
        troupe_log_view_set_follow (self, TRUE);
      else
        {
          gtk_adjustment_set_value (self->hadjustment, 0);
          troupe_log_view_scroll_to_row (self, troupe_log_rows_get_begin (self->rows), TRUE);
        }
      break;
    }
  return TRUE;
}

/* Shift with an arrow: whole lines, from the selection or the first row in view. */
static gboolean
extend_key_cb (GtkWidget *widget, GVariant *args, gpointer data)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);
  guint64 base;
  guint64 tip;
  TroupeLogRange range;
  int direction;

  g_variant_get (args, "(i)", &direction);
  if (self->visible->len == 0)
    return TRUE;
  if (troupe_log_selection_get_range (&self->selection, self->rows, &range))
    {
      base = self->selection.base.anchor.number;
      tip = self->selection.tip.anchor.number;
      if (direction > 0 && tip + 1 < end)
        tip++;
      else if (direction < 0 && tip > begin)
        tip--;
    }
  else
    base = tip = direction > 0 ? g_array_index (self->visible, TroupeLogVisible, 0).number
                               : g_array_index (self->visible, TroupeLogVisible, self->visible->len - 1).number;
  self->selection.active = TRUE;
  troupe_log_rows_anchor (self->rows, base, &self->selection.base.anchor);
  troupe_log_rows_anchor (self->rows, tip, &self->selection.tip.anchor);
  self->selection.base.column = tip >= base ? 0 : TROUPE_LOG_COLUMN_END;
  self->selection.tip.column = tip >= base ? TROUPE_LOG_COLUMN_END : 0;
  troupe_log_view_scroll_to_row (self, tip, FALSE);
  troupe_log_view_set_primary (self);
  troupe_log_view_selection_changed (self);
  return TRUE;
}

static gboolean
emit_key_cb (GtkWidget *widget, GVariant *args, gpointer data)
{
  const char *signal_name = g_variant_get_string (args, NULL);
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);

  /* Escape drops the selection first. */
  if (g_str_equal (signal_name, "dismiss-find") && troupe_log_view_get_has_selection (self))
    troupe_log_view_select_none (self);
  else
    g_signal_emit_by_name (self, signal_name);
  return TRUE;
}

static void
add_scroll_keys (GtkWidgetClass *class)
{
  static const struct
  {
    guint key, keypad_key;
    GdkModifierType modifiers;
    int unit, direction;
  } keys[] = {
    { GDK_KEY_Up, GDK_KEY_KP_Up, 0, GTK_SCROLL_STEP_UP, -1 },
    { GDK_KEY_Down, GDK_KEY_KP_Down, 0, GTK_SCROLL_STEP_UP, 1 },
    { GDK_KEY_Page_Up, GDK_KEY_KP_Page_Up, 0, GTK_SCROLL_PAGE_UP, -1 },
    { GDK_KEY_Page_Down, GDK_KEY_KP_Page_Down, 0, GTK_SCROLL_PAGE_UP, 1 },
    { GDK_KEY_space, GDK_KEY_KP_Space, 0, GTK_SCROLL_PAGE_UP, 1 },
    { GDK_KEY_space, GDK_KEY_KP_Space, GDK_SHIFT_MASK, GTK_SCROLL_PAGE_UP, -1 },
    { GDK_KEY_Left, GDK_KEY_KP_Left, 0, GTK_SCROLL_STEP_LEFT, -1 },
    { GDK_KEY_Right, GDK_KEY_KP_Right, 0, GTK_SCROLL_STEP_LEFT, 1 },
    { GDK_KEY_Home, GDK_KEY_KP_Home, 0, GTK_SCROLL_START, -1 },
    { GDK_KEY_Home, GDK_KEY_KP_Home, GDK_CONTROL_MASK, GTK_SCROLL_START, -1 },
    { GDK_KEY_End, GDK_KEY_KP_End, 0, GTK_SCROLL_END, 1 },
    { GDK_KEY_End, GDK_KEY_KP_End, GDK_CONTROL_MASK, GTK_SCROLL_END, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      gtk_widget_class_add_binding (class, keys[i].key, keys[i].modifiers, scroll_key_cb, "(ii)", keys[i].unit,
                                    keys[i].direction);
      gtk_widget_class_add_binding (class, keys[i].keypad_key, keys[i].modifiers, scroll_key_cb, "(ii)",
                                    keys[i].unit, keys[i].direction);
    }
}

void
troupe_log_view_class_init_input (GtkWidgetClass *class)
{
  gtk_widget_class_install_action (class, "log.copy", NULL, copy_action);
  gtk_widget_class_install_action (class, "log.select-all", NULL, select_all_action);
  gtk_widget_class_install_action (class, "log.clear", NULL, clear_action);
  gtk_widget_class_install_action (class, "log.save-as", NULL, save_action);
  gtk_widget_class_install_action (class, "log.find-next", NULL, find_action);
  gtk_widget_class_install_action (class, "log.find-previous", NULL, find_action);
  gtk_widget_class_install_action (class, "log.menu", NULL, menu_action);
  gtk_widget_class_install_property_action (class, "log.follow", "follow");
  gtk_widget_class_install_property_action (class, "log.wrap", "wrap");
  gtk_widget_class_install_property_action (class, "log.time-stamps", "time-stamps");
  gtk_widget_class_install_property_action (class, "log.show-stdout", "show-stdout");
  gtk_widget_class_install_property_action (class, "log.show-stderr", "show-stderr");
  gtk_widget_class_install_property_action (class, "log.show-messages", "show-messages");
  gtk_widget_class_install_property_action (class, "log.show-events", "show-events");

  add_scroll_keys (class);
  gtk_widget_class_add_binding (class, GDK_KEY_Up, GDK_SHIFT_MASK, extend_key_cb, "(i)", -1);
  gtk_widget_class_add_binding (class, GDK_KEY_Down, GDK_SHIFT_MASK, extend_key_cb, "(i)", 1);
  /* Menus show the last one. */
  gtk_widget_class_add_binding_action (class, GDK_KEY_Insert, GDK_CONTROL_MASK, "log.copy", NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_c, GDK_CONTROL_MASK, "log.copy", NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_a, GDK_CONTROL_MASK, "log.select-all", NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_g, GDK_CONTROL_MASK, "log.find-next", NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_g, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "log.find-previous",
                                       NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_F3, 0, "log.find-next", NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_F3, GDK_SHIFT_MASK, "log.find-previous", NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_F10, GDK_SHIFT_MASK, "log.menu", NULL);
  gtk_widget_class_add_binding_action (class, GDK_KEY_Menu, 0, "log.menu", NULL);
  gtk_widget_class_add_binding (class, GDK_KEY_f, GDK_CONTROL_MASK, emit_key_cb, "s", "find");
  gtk_widget_class_add_binding (class, GDK_KEY_Escape, 0, emit_key_cb, "s", "dismiss-find");
}

void
troupe_log_view_init_input (TroupeLogView *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkGesture *menu = gtk_gesture_click_new ();
  GtkGesture *press = gtk_gesture_long_press_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);

  g_signal_connect_object (click, "pressed", G_CALLBACK (pressed_cb), self, 0);
  g_signal_connect_object (click, "released", G_CALLBACK (released_cb), self, 0);
  g_signal_connect_object (drag, "drag-update", G_CALLBACK (drag_update_cb), self, 0);
  g_signal_connect_object (drag, "drag-end", G_CALLBACK (drag_end_cb), self, 0);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu), GDK_BUTTON_SECONDARY);
  g_signal_connect_object (menu, "pressed", G_CALLBACK (menu_pressed_cb), self, 0);
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (press), TRUE);
  g_signal_connect_object (press, "pressed", G_CALLBACK (long_pressed_cb), self, 0);
  g_signal_connect_object (scroll, "scroll", G_CALLBACK (scroll_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (menu));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (press));
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), "text");
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "log.copy", FALSE);
}

void
troupe_log_view_dispose_input (TroupeLogView *self)
{
  stop_autoscroll (self);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
}

/* ---- Public ---- */

void
troupe_log_view_select_all (TroupeLogView *self)
{
  guint64 begin = troupe_log_rows_get_begin (self->rows);
  guint64 end = troupe_log_rows_get_end (self->rows);

  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  if (begin == end)
    return;
  self->selection.active = TRUE;
  troupe_log_rows_anchor (self->rows, begin, &self->selection.base.anchor);
  self->selection.base.column = 0;
  troupe_log_rows_anchor (self->rows, end - 1, &self->selection.tip.anchor);
  self->selection.tip.column = TROUPE_LOG_COLUMN_END;
  troupe_log_view_set_primary (self);
  troupe_log_view_selection_changed (self);
}

void
troupe_log_view_select_none (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  self->selection.active = FALSE;
  troupe_log_view_selection_changed (self);
}

gboolean
troupe_log_view_get_has_selection (TroupeLogView *self)
{
  TroupeLogRange range;

  return troupe_log_selection_get_range (&self->selection, self->rows, &range);
}
