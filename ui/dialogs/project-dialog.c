/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What an opened project would run. */

#include "config.h"

#include "dialogs/project-dialog.h"

#include <glib/gi18n.h>

struct _TroupeProjectDialog
{
  AdwWindow parent_instance;

  AdwWindowTitle *title;
  GtkWidget *start_button;
  GtkListBox *programs;
  GtkWidget *notes_group;
  GtkListBox *notes;

  TroupeClient *client; /* (owned) */
  char *name;           /* (owned) */
  gboolean bound;       /* the list follows the project's programs */
};

G_DEFINE_FINAL_TYPE (TroupeProjectDialog, troupe_project_dialog, ADW_TYPE_WINDOW)

static GtkWidget *
new_row (const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_preferences_row_set_title_selectable (ADW_PREFERENCES_ROW (row), TRUE);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 0);
  if (subtitle != NULL)
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  return row;
}

static GtkWidget *
create_program_row (gpointer item, gpointer user_data)
{
  TroupeProgramItem *program = TROUPE_PROGRAM_ITEM (item);
  guint n = g_list_model_get_n_items (troupe_program_item_get_workers (program));
  g_autofree char *subtitle = g_strdup_printf ("%s · %s", troupe_program_item_get_name (program),
                                               troupe_program_item_get_kind_name (program));
  GtkWidget *row = new_row (troupe_program_item_get_command_line (program), subtitle);

  gtk_widget_add_css_class (row, "mono");
  if (n > 1)
    {
      g_autofree char *times = g_strdup_printf ("× %u", n);
      GtkWidget *label = gtk_label_new (times);

      gtk_widget_add_css_class (label, "dim-label");
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
    }
  return row;
}

/* The programs' objects may arrive a moment after the answer that names the project. */
static void
troupe_project_dialog_refresh (TroupeProjectDialog *self)
{
  TroupeProjectItem *project = troupe_client_find_project (self->client, self->name);

  if (project != NULL && !self->bound)
    {
      self->bound = TRUE;
      gtk_list_box_bind_model (self->programs, troupe_project_item_get_programs (project), create_program_row, NULL,
                               NULL);
      adw_window_title_set_subtitle (self->title, troupe_project_item_get_path (project));
    }
  gtk_widget_set_sensitive (self->start_button, troupe_project_dialog_get_n_programs (self) > 0);
}

static void
troupe_project_dialog_dispose (GObject *object)
{
  g_clear_object (&TROUPE_PROJECT_DIALOG (object)->client);
  G_OBJECT_CLASS (troupe_project_dialog_parent_class)->dispose (object);
}

static void
troupe_project_dialog_finalize (GObject *object)
{
  g_free (TROUPE_PROJECT_DIALOG (object)->name);
  G_OBJECT_CLASS (troupe_project_dialog_parent_class)->finalize (object);
}

static void
troupe_project_dialog_class_init (TroupeProjectDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_project_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_project_dialog_finalize;
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/dialogs/project-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeProjectDialog, title);
  gtk_widget_class_bind_template_child (widget_class, TroupeProjectDialog, start_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeProjectDialog, programs);
  gtk_widget_class_bind_template_child (widget_class, TroupeProjectDialog, notes_group);
  gtk_widget_class_bind_template_child (widget_class, TroupeProjectDialog, notes);
}

static void
troupe_project_dialog_init (TroupeProjectDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self->start_button, "clicked", G_CALLBACK (troupe_project_dialog_start_all), self,
                           G_CONNECT_SWAPPED);
}

GtkWindow *
troupe_project_dialog_new (GtkWindow *parent, TroupeClient *client, const char *name, const char *const *notes)
{
  TroupeProjectDialog *self = g_object_new (TROUPE_TYPE_PROJECT_DIALOG, "transient-for", parent, "title", name, NULL);

  self->client = g_object_ref (client);
  self->name = g_strdup (name);
  adw_window_title_set_title (self->title, name);
  for (gsize i = 0; notes != NULL && notes[i] != NULL; i++)
    gtk_list_box_append (self->notes, new_row (notes[i], NULL));
  gtk_widget_set_visible (self->notes_group, notes != NULL && notes[0] != NULL);
  g_signal_connect_object (client, "changed", G_CALLBACK (troupe_project_dialog_refresh), self, G_CONNECT_SWAPPED);
  troupe_project_dialog_refresh (self);
  gtk_widget_grab_focus (self->start_button);
  return GTK_WINDOW (self);
}

guint
troupe_project_dialog_get_n_programs (TroupeProjectDialog *self)
{
  TroupeProjectItem *project = troupe_client_find_project (self->client, self->name);

  return project != NULL ? g_list_model_get_n_items (troupe_project_item_get_programs (project)) : 0;
}

void
troupe_project_dialog_start_all (TroupeProjectDialog *self)
{
  gtk_widget_activate_action (GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self))), "win.start-project", "s",
                              self->name);
  gtk_window_close (GTK_WINDOW (self));
}
