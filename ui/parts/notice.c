/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A bar that says something. */

#include "config.h"

#include "parts/notice.h"

#include <glib/gi18n.h>

#include "parts/wrap-layout.h"

struct _TroupeNotice
{
  GtkWidget parent_instance;

  GtkRevealer *revealer;
  GtkWidget *box;
  GtkWidget *icon;
  GtkLabel *text;
  GtkWidget *buttons[TROUPE_NOTICE_BUTTONS];
};

enum
{
  CLICKED,
  CLOSED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeNotice, troupe_notice, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static void
clicked_cb (TroupeNotice *self, GtkWidget *button)
{
  for (guint i = 0; i < TROUPE_NOTICE_BUTTONS; i++)
    if (self->buttons[i] == button)
      g_signal_emit (self, signals[CLICKED], 0, i);
}

static void
close_cb (TroupeNotice *self)
{
  g_signal_emit (self, signals[CLOSED], 0);
}

static void
troupe_notice_dispose (GObject *object)
{
  TroupeNotice *self = TROUPE_NOTICE (object);

  if (self->revealer != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->revealer));
  self->revealer = NULL;
  G_OBJECT_CLASS (troupe_notice_parent_class)->dispose (object);
}

static void
troupe_notice_class_init (TroupeNoticeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_notice_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[CLICKED] = g_signal_new ("clicked", TROUPE_TYPE_NOTICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[CLOSED] = g_signal_new ("closed", TROUPE_TYPE_NOTICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
}

static GtkWidget *
troupe_notice_make_content (TroupeNotice *self)
{
  GtkWidget *content = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  self->text = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_xalign (self->text, 0);
  gtk_label_set_wrap (self->text, TRUE);
  gtk_label_set_wrap_mode (self->text, PANGO_WRAP_WORD_CHAR);
  gtk_box_append (GTK_BOX (content), GTK_WIDGET (self->text));
  gtk_widget_set_layout_manager (buttons, troupe_wrap_layout_new (6));
  for (guint i = 0; i < TROUPE_NOTICE_BUTTONS; i++)
    {
      self->buttons[i] = gtk_button_new_with_mnemonic ("");
      gtk_widget_set_visible (self->buttons[i], FALSE);
      g_signal_connect_object (self->buttons[i], "clicked", G_CALLBACK (clicked_cb), self, G_CONNECT_SWAPPED);
      gtk_box_append (GTK_BOX (buttons), self->buttons[i]);
    }
  gtk_box_append (GTK_BOX (content), buttons);
  gtk_widget_set_hexpand (content, TRUE);
  gtk_widget_set_valign (content, GTK_ALIGN_CENTER);
  return content;
}

static void
troupe_notice_init (TroupeNotice *self)
{
  GtkWidget *close = gtk_button_new_from_icon_name ("window-close-symbolic");

  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10);
  self->icon = gtk_image_new ();
  gtk_widget_add_css_class (self->box, "page-notice");
  gtk_widget_add_css_class (close, "flat");
  gtk_widget_set_valign (close, GTK_ALIGN_START);
  gtk_widget_set_tooltip_text (close, _ ("Hide"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (close), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Hide"), -1);
  g_signal_connect_object (close, "clicked", G_CALLBACK (close_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self->box), self->icon);
  gtk_box_append (GTK_BOX (self->box), troupe_notice_make_content (self));
  gtk_box_append (GTK_BOX (self->box), close);

  self->revealer = GTK_REVEALER (gtk_revealer_new ());
  gtk_revealer_set_child (self->revealer, self->box);
  gtk_widget_set_parent (GTK_WIDGET (self->revealer), GTK_WIDGET (self));
}

GtkWidget *
troupe_notice_new (TroupeNoticeKind kind)
{
  gboolean is_problem = kind == TROUPE_NOTICE_PROBLEM;
  TroupeNotice *self =
      g_object_new (TROUPE_TYPE_NOTICE, "accessible-role",
                    is_problem ? GTK_ACCESSIBLE_ROLE_ALERT : GTK_ACCESSIBLE_ROLE_STATUS, NULL);

  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon),
                                is_problem ? "dialog-warning-symbolic" : "dialog-information-symbolic");
  if (is_problem)
    {
      gtk_widget_add_css_class (self->box, "crashed");
      gtk_widget_add_css_class (self->icon, "error");
    }
  return GTK_WIDGET (self);
}

void
troupe_notice_set_text (TroupeNotice *self, const char *text)
{
  if (text != NULL && g_strcmp0 (gtk_label_get_text (self->text), text) != 0)
    gtk_label_set_text (self->text, text);
  gtk_revealer_set_reveal_child (self->revealer, text != NULL);
}

const char *
troupe_notice_get_text (TroupeNotice *self)
{
  return gtk_label_get_text (self->text);
}

void
troupe_notice_set_button (TroupeNotice *self, guint button, const char *label)
{
  if (label != NULL && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (self->buttons[button])), label) != 0)
    gtk_button_set_label (GTK_BUTTON (self->buttons[button]), label);
  gtk_widget_set_visible (self->buttons[button], label != NULL);
}

void
troupe_notice_set_busy (TroupeNotice *self, gboolean busy)
{
  for (guint i = 0; i < TROUPE_NOTICE_BUTTONS; i++)
    gtk_widget_set_sensitive (self->buttons[i], !busy);
}
