/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* GTK before 4.14 gives the text interface of AT-SPI only to its own text widgets, so each row
 * lends one: a GtkInscription, whose text changes nothing about its size. */

#include "config.h"

#include "logview/log-accessible.h"

#define INTERVAL_MSEC 250
#define MAX_ROWS 200

typedef struct
{
  GtkWidget *child; /* (unowned) its parent owns it */
  GdkRectangle place;
} Row;

struct _TroupeLogAccessible
{
  GtkWidget *view;
  TroupeLogAccessibleFunc func;
  gpointer user_data;
  GArray *rows; /* (owned) of Row */
  guint timeout_id;
};

TroupeLogAccessible *
troupe_log_accessible_new (GtkWidget *view, TroupeLogAccessibleFunc func, gpointer user_data)
{
  TroupeLogAccessible *self = g_new0 (TroupeLogAccessible, 1);

  self->view = view;
  self->func = func;
  self->user_data = user_data;
  self->rows = g_array_new (FALSE, TRUE, sizeof (Row));
  return self;
}

static void
shrink (TroupeLogAccessible *self, guint n_rows)
{
  for (guint i = n_rows; i < self->rows->len; i++)
    gtk_widget_unparent (g_array_index (self->rows, Row, i).child);
  g_array_set_size (self->rows, MIN (n_rows, self->rows->len));
}

void
troupe_log_accessible_free (TroupeLogAccessible *self)
{
  troupe_log_accessible_stop (self);
  shrink (self, 0);
  g_array_unref (self->rows);
  g_free (self);
}

static GtkWidget *
add_child (TroupeLogAccessible *self)
{
  GtkWidget *child = gtk_inscription_new (NULL);

  gtk_widget_set_can_target (child, FALSE);
  gtk_inscription_set_min_chars (GTK_INSCRIPTION (child), 0);
  gtk_inscription_set_nat_chars (GTK_INSCRIPTION (child), 0);
  gtk_inscription_set_min_lines (GTK_INSCRIPTION (child), 0);
  gtk_widget_set_parent (child, self->view);
  return child;
}

static gboolean
update_cb (gpointer data)
{
  TroupeLogAccessible *self = data;
  gboolean moved = FALSE;
  guint i;

  self->timeout_id = 0;
  for (i = 0; i < MAX_ROWS; i++)
    {
      g_autofree char *text = NULL;
      GdkRectangle place;
      Row *row;

      if (!self->func (self->user_data, i, &text, &place))
        break;
      if (i == self->rows->len)
        {
          Row added = { add_child (self), place };

          g_array_append_val (self->rows, added);
          moved = TRUE;
        }
      row = &g_array_index (self->rows, Row, i);
      moved = moved || !gdk_rectangle_equal (&row->place, &place);
      row->place = place;
      if (g_strcmp0 (gtk_inscription_get_text (GTK_INSCRIPTION (row->child)), text) != 0)
        gtk_inscription_set_text (GTK_INSCRIPTION (row->child), text);
    }
  shrink (self, i);
  if (moved)
    gtk_widget_queue_allocate (self->view);
  return G_SOURCE_REMOVE;
}

void
troupe_log_accessible_changed (TroupeLogAccessible *self)
{
  if (self->timeout_id == 0 && gtk_widget_get_mapped (self->view))
    self->timeout_id = g_timeout_add_full (G_PRIORITY_DEFAULT_IDLE, INTERVAL_MSEC, update_cb, self, NULL);
}

void
troupe_log_accessible_allocate (TroupeLogAccessible *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      Row *row = &g_array_index (self->rows, Row, i);
      int minimum;

      gtk_widget_measure (row->child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
      gtk_widget_measure (row->child, GTK_ORIENTATION_VERTICAL, MAX (minimum, row->place.width), &minimum, NULL,
                          NULL, NULL);
      gtk_widget_size_allocate (row->child, &row->place, -1);
    }
}

void
troupe_log_accessible_stop (TroupeLogAccessible *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
}
