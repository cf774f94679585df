/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Names and values, a row for each. */

#include "config.h"

#include "dialogs/launch-variables.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/format.h"
#include "parts/labels.h"

struct _TroupeLaunchVariables
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkBox *rows;
  GtkLabel *error;
};

enum
{
  CHANGED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeLaunchVariables, troupe_launch_variables, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

/* A row's value stands for “taken away” until somebody types one. */
#define IS_UNSET "troupe-is-unset"

static GtkEditable *
get_name (GtkWidget *row)
{
  return GTK_EDITABLE (gtk_widget_get_first_child (row));
}

static GtkEditable *
get_value (GtkWidget *row)
{
  return GTK_EDITABLE (gtk_widget_get_next_sibling (gtk_widget_get_first_child (row)));
}

static void
show_value (GtkEntry *value, gboolean is_secret, gboolean is_shown)
{
  gtk_entry_set_visibility (value, !is_secret || is_shown);
  gtk_entry_set_icon_from_icon_name (value, GTK_ENTRY_ICON_SECONDARY,
                                     !is_secret ? NULL : is_shown ? "view-conceal-symbolic" : "view-reveal-symbolic");
  if (is_secret)
    gtk_entry_set_icon_tooltip_text (value, GTK_ENTRY_ICON_SECONDARY, _ ("Show or hide the value"));
}

static void
icon_cb (GtkEntry *value)
{
  show_value (value, TRUE, !gtk_entry_get_visibility (value));
}

static void
name_cb (GtkEditable *name, TroupeLaunchVariables *self)
{
  GtkWidget *row = gtk_widget_get_parent (GTK_WIDGET (name));

  show_value (GTK_ENTRY (get_value (row)), troupe_format_is_secret (gtk_editable_get_text (name)), FALSE);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
value_cb (GtkEditable *value, TroupeLaunchVariables *self)
{
  g_object_set_data (G_OBJECT (value), IS_UNSET, NULL);
  gtk_entry_set_placeholder_text (GTK_ENTRY (value), _ ("value"));
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
remove_cb (GtkWidget *button, TroupeLaunchVariables *self)
{
  gtk_box_remove (self->rows, gtk_widget_get_parent (button));
  g_signal_emit (self, signals[CHANGED], 0);
}

static GtkWidget *
new_entry (const char *placeholder, const char *label)
{
  GtkWidget *entry = gtk_entry_new ();

  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), placeholder);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_editable_set_width_chars (GTK_EDITABLE (entry), 10);
  gtk_widget_add_css_class (entry, "mono");
  return entry;
}

/* VALUE NULL: the variable is taken away. */
static GtkWidget *
troupe_launch_variables_add (TroupeLaunchVariables *self, const char *name, const char *value)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *name_entry = new_entry (_ ("NAME"), _ ("Name of the variable"));
  GtkWidget *value_entry = new_entry (value != NULL ? _ ("value") : _ ("not set"), _ ("Value of the variable"));
  GtkWidget *remove = gtk_button_new_from_icon_name ("user-trash-symbolic");

  gtk_editable_set_text (GTK_EDITABLE (name_entry), name);
  gtk_editable_set_text (GTK_EDITABLE (value_entry), value != NULL ? value : "");
  if (value == NULL)
    g_object_set_data (G_OBJECT (value_entry), IS_UNSET, GINT_TO_POINTER (TRUE));
  gtk_widget_set_hexpand (value_entry, TRUE);
  show_value (GTK_ENTRY (value_entry), troupe_format_is_secret (name), FALSE);
  gtk_widget_add_css_class (remove, "flat");
  gtk_widget_set_tooltip_text (remove, _ ("Remove"));
  g_signal_connect (name_entry, "changed", G_CALLBACK (name_cb), self);
  g_signal_connect (value_entry, "changed", G_CALLBACK (value_cb), self);
  g_signal_connect (value_entry, "icon-press", G_CALLBACK (icon_cb), NULL);
  g_signal_connect (remove, "clicked", G_CALLBACK (remove_cb), self);
  gtk_box_append (GTK_BOX (row), name_entry);
  gtk_box_append (GTK_BOX (row), value_entry);
  gtk_box_append (GTK_BOX (row), remove);
  gtk_box_append (self->rows, row);
  troupe_labels_name_buttons (row);
  return name_entry;
}

static void
add_cb (TroupeLaunchVariables *self)
{
  gtk_widget_grab_focus (troupe_launch_variables_add (self, "", ""));
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
troupe_launch_variables_dispose (GObject *object)
{
  g_clear_pointer (&TROUPE_LAUNCH_VARIABLES (object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_launch_variables_parent_class)->dispose (object);
}

static void
troupe_launch_variables_class_init (TroupeLaunchVariablesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_launch_variables_dispose;
  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_LAUNCH_VARIABLES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/dialogs/launch-variables.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchVariables, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchVariables, rows);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchVariables, error);
  gtk_widget_class_bind_template_callback (widget_class, add_cb);
}

static void
troupe_launch_variables_init (TroupeLaunchVariables *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
troupe_launch_variables_fill (TroupeLaunchVariables *self, const char *const *env)
{
  GtkWidget *row;

  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->rows))) != NULL)
    gtk_box_remove (self->rows, row);
  for (gsize i = 0; env[i] != NULL; i++)
    {
      const char *equals = strchr (env[i], '=');
      g_autofree char *name = equals != NULL ? g_strndup (env[i], (gsize) (equals - env[i])) : g_strdup (env[i]);

      troupe_launch_variables_add (self, name, equals != NULL ? equals + 1 : NULL);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

void
troupe_launch_variables_add_to (TroupeLaunchVariables *self, GVariantDict *dict)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) env = NULL;

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->rows)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    {
      const char *name = gtk_editable_get_text (get_name (row));
      GtkEditable *value = get_value (row);
      g_autofree char *entry = NULL;

      if (name[0] == '\0')
        continue;
      entry = g_object_get_data (G_OBJECT (value), IS_UNSET) != NULL
                  ? g_strdup (name)
                  : g_strconcat (name, "=", gtk_editable_get_text (value), NULL);
      g_strv_builder_add (builder, entry);
    }
  env = g_strv_builder_end (builder);
  if (env[0] != NULL)
    g_variant_dict_insert_value (dict, "env", g_variant_new_strv ((const char *const *) env, -1));
}

void
troupe_launch_variables_set_error (TroupeLaunchVariables *self, const char *message)
{
  gtk_widget_set_visible (GTK_WIDGET (self->error), message != NULL);
  gtk_label_set_text (self->error, message != NULL ? message : "");
}
