/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What was launched lately, to launch it again. */

#include "config.h"

#include "dialogs/recent-list.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define SHOWN_MAX 5

struct _TroupeRecentList
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkListBox *list;
  GPtrArray *launches; /* (owned) (nullable) of TroupeRecentLaunch: those in the list, in its order */
};

enum
{
  PICKED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeRecentList, troupe_recent_list, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static void
row_activated_cb (TroupeRecentList *self, GtkListBoxRow *row)
{
  /* What is picked may change the list while it is still being read. */
  g_autoptr (GPtrArray) kept = g_ptr_array_ref (self->launches);

  g_signal_emit (self, signals[PICKED], 0, kept->pdata[gtk_list_box_row_get_index (row)]);
}

static void
troupe_recent_list_dispose (GObject *object)
{
  g_clear_pointer (&TROUPE_RECENT_LIST (object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_recent_list_parent_class)->dispose (object);
}

static void
troupe_recent_list_finalize (GObject *object)
{
  g_clear_pointer (&TROUPE_RECENT_LIST (object)->launches, g_ptr_array_unref);
  G_OBJECT_CLASS (troupe_recent_list_parent_class)->finalize (object);
}

static void
troupe_recent_list_class_init (TroupeRecentListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_recent_list_dispose;
  object_class->finalize = troupe_recent_list_finalize;
  signals[PICKED] = g_signal_new ("picked", TROUPE_TYPE_RECENT_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_POINTER);
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
troupe_recent_list_init (TroupeRecentList *self)
{
  GtkWidget *heading = gtk_label_new (_ ("Launched Lately"));
  GtkWidget *list = gtk_list_box_new ();

  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  self->list = GTK_LIST_BOX (list);
  gtk_label_set_xalign (GTK_LABEL (heading), 0);
  gtk_widget_add_css_class (heading, "heading");
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_box_append (GTK_BOX (self->box), heading);
  gtk_box_append (GTK_BOX (self->box), list);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  g_signal_connect_object (list, "row-activated", G_CALLBACK (row_activated_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_recent_list_show (TroupeRecentList *self, GSettings *settings, const char *text)
{
  GPtrArray *launches = troupe_recent_launches_dup_matching (settings, text, SHOWN_MAX);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, child);
  for (guint i = 0; i < launches->len; i++)
    {
      TroupeRecentLaunch *launch = launches->pdata[i];
      GtkWidget *row = adw_action_row_new ();

      adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), launch->command);
      adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 1);
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), launch->cwd);
      adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 1);
      gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
      gtk_list_box_append (self->list, row);
    }
  /* What is typed out already needs no completion. */
  gtk_widget_set_visible (GTK_WIDGET (self),
                          launches->len > 0 &&
                              !(launches->len == 1 &&
                                g_str_equal (((TroupeRecentLaunch *) launches->pdata[0])->command, text)));
  g_clear_pointer (&self->launches, g_ptr_array_unref);
  self->launches = launches;
}

gboolean
troupe_recent_list_focus_first (TroupeRecentList *self)
{
  GtkWidget *first = gtk_widget_get_first_child (GTK_WIDGET (self->list));

  return gtk_widget_get_visible (GTK_WIDGET (self)) && first != NULL && gtk_widget_grab_focus (first);
}
