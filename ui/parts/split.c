/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A sidebar beside its content. */

#include "config.h"

#include "parts/split.h"

#include <adwaita.h>

struct _TroupeSplit
{
  GtkWidget parent_instance;

  AdwFlap *flap;
};

enum
{
  PROP_0,
  PROP_SHOW_SIDEBAR,
  PROP_FOLDED,
  N_PROPERTIES,
};

G_DEFINE_FINAL_TYPE (TroupeSplit, troupe_split, GTK_TYPE_WIDGET)

static GParamSpec *properties[N_PROPERTIES];

static void
folded_cb (TroupeSplit *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOLDED]);
}

static void
reveal_cb (TroupeSplit *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOW_SIDEBAR]);
}

static void
troupe_split_dispose (GObject *object)
{
  TroupeSplit *self = TROUPE_SPLIT (object);

  if (self->flap != NULL)
    {
      gtk_widget_unparent (GTK_WIDGET (self->flap));
      self->flap = NULL;
    }
  G_OBJECT_CLASS (troupe_split_parent_class)->dispose (object);
}

static void
troupe_split_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  TroupeSplit *self = TROUPE_SPLIT (object);

  switch (prop_id)
    {
    case PROP_SHOW_SIDEBAR:
      g_value_set_boolean (value, troupe_split_get_show_sidebar (self));
      break;
    case PROP_FOLDED:
      g_value_set_boolean (value, troupe_split_get_folded (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_split_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_SHOW_SIDEBAR:
      troupe_split_set_show_sidebar (TROUPE_SPLIT (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_split_class_init (TroupeSplitClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_split_dispose;
  object_class->get_property = troupe_split_get_property;
  object_class->set_property = troupe_split_set_property;
  properties[PROP_SHOW_SIDEBAR] = g_param_spec_boolean (
      "show-sidebar", NULL, NULL, TRUE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_FOLDED] =
      g_param_spec_boolean ("folded", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
troupe_split_init (TroupeSplit *self)
{
  self->flap = ADW_FLAP (adw_flap_new ());
  adw_flap_set_separator (self->flap, gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_widget_set_parent (GTK_WIDGET (self->flap), GTK_WIDGET (self));
  g_signal_connect_object (self->flap, "notify::folded", G_CALLBACK (folded_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->flap, "notify::reveal-flap", G_CALLBACK (reveal_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_split_set_sidebar (TroupeSplit *self, GtkWidget *sidebar)
{
  adw_flap_set_flap (self->flap, sidebar);
}

void
troupe_split_set_content (TroupeSplit *self, GtkWidget *content)
{
  adw_flap_set_content (self->flap, content);
}

gboolean
troupe_split_get_folded (TroupeSplit *self)
{
  return self->flap != NULL && adw_flap_get_folded (self->flap);
}

gboolean
troupe_split_get_show_sidebar (TroupeSplit *self)
{
  return self->flap != NULL && adw_flap_get_reveal_flap (self->flap);
}

void
troupe_split_set_show_sidebar (TroupeSplit *self, gboolean show)
{
  adw_flap_set_reveal_flap (self->flap, show);
}
