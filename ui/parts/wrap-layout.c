/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lines of children. Measuring and placing walk the same way, so that what was measured fits. */

#include "config.h"

#include "parts/wrap-layout.h"

struct _TroupeWrapLayout
{
  GtkLayoutManager parent_instance;

  int spacing;
};

G_DEFINE_FINAL_TYPE (TroupeWrapLayout, troupe_wrap_layout, GTK_TYPE_LAYOUT_MANAGER)

static int
measure_width (GtkWidget *child, int available)
{
  int minimum, natural;

  gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  return MAX (minimum, MIN (natural, available));
}

/* The first child after the line that begins with FIRST, and that line's height. */
static GtkWidget *
measure_line (TroupeWrapLayout *self, GtkWidget *first, int available, int *height)
{
  GtkWidget *child = first;
  int x = 0;

  *height = 0;
  for (; child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      int width, natural;

      if (!gtk_widget_should_layout (child))
        continue;
      width = measure_width (child, available);
      if (x > 0 && x + width > available)
        break;
      gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, width, NULL, &natural, NULL, NULL);
      *height = MAX (*height, natural);
      x += width + self->spacing;
    }
  return child;
}

static void
troupe_wrap_layout_measure (GtkLayoutManager *manager, GtkWidget *widget, GtkOrientation orientation, int for_size,
                            int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  TroupeWrapLayout *self = TROUPE_WRAP_LAYOUT (manager);

  *minimum = *natural = 0;
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
           child = gtk_widget_get_next_sibling (child))
        {
          int child_minimum, child_natural;

          if (!gtk_widget_should_layout (child))
            continue;
          gtk_widget_measure (child, orientation, -1, &child_minimum, &child_natural, NULL, NULL);
          *minimum = MAX (*minimum, child_minimum);
          *natural += child_natural + (*natural > 0 ? self->spacing : 0);
        }
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;)
    {
      int height;

      child = measure_line (self, child, for_size < 0 ? G_MAXINT : for_size, &height);
      if (height > 0)
        *natural += height + (*natural > 0 ? self->spacing : 0);
    }
  *minimum = *natural;
}

/* What is left of the line from FIRST to before AFTER, when a child of it wants that. */
static int
measure_rest (TroupeWrapLayout *self, GtkWidget *first, GtkWidget *after, int available)
{
  int rest = available + self->spacing;
  gboolean expands = FALSE;

  for (GtkWidget *child = first; child != after; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_should_layout (child))
      {
        rest -= measure_width (child, available) + self->spacing;
        expands |= gtk_widget_compute_expand (child, GTK_ORIENTATION_HORIZONTAL);
      }
  return expands ? MAX (rest, 0) : 0;
}

static void
troupe_wrap_layout_allocate (GtkLayoutManager *manager, GtkWidget *widget, int width, int height, int baseline)
{
  TroupeWrapLayout *self = TROUPE_WRAP_LAYOUT (manager);
  gboolean is_rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int y = 0;

  for (GtkWidget *first = gtk_widget_get_first_child (widget); first != NULL;)
    {
      int x = 0, line_height;
      GtkWidget *after = measure_line (self, first, width, &line_height);
      int rest = measure_rest (self, first, after, width);

      for (GtkWidget *child = first; child != after; child = gtk_widget_get_next_sibling (child))
        {
          int child_width;

          if (!gtk_widget_should_layout (child))
            continue;
          child_width = measure_width (child, width);
          if (rest > 0 && gtk_widget_compute_expand (child, GTK_ORIENTATION_HORIZONTAL))
            {
              child_width += rest;
              rest = 0;
            }
          gtk_widget_size_allocate (
              child, &(GtkAllocation){ is_rtl ? width - x - child_width : x, y, child_width, line_height }, -1);
          x += child_width + self->spacing;
        }
      y += line_height + (line_height > 0 ? self->spacing : 0);
      first = after;
    }
}

static GtkSizeRequestMode
troupe_wrap_layout_get_request_mode (GtkLayoutManager *manager, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
troupe_wrap_layout_class_init (TroupeWrapLayoutClass *klass)
{
  GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  layout_class->measure = troupe_wrap_layout_measure;
  layout_class->allocate = troupe_wrap_layout_allocate;
  layout_class->get_request_mode = troupe_wrap_layout_get_request_mode;
}

static void
troupe_wrap_layout_init (TroupeWrapLayout *self)
{
}

GtkLayoutManager *
troupe_wrap_layout_new (int spacing)
{
  TroupeWrapLayout *self = g_object_new (TROUPE_TYPE_WRAP_LAYOUT, NULL);

  self->spacing = spacing;
  return GTK_LAYOUT_MANAGER (self);
}
