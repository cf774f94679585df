/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What to find, and how. */

#include "config.h"

#include "parts/find-bar.h"

/* As wide as “1,234 of 5,678”, so that nothing moves while one goes through matches. */
#define COUNT_WIDTH_CHARS 9

struct _TroupeFindBar
{
  GtkWidget parent_instance;

  GtkSearchBar *bar;
  GtkEditable *entry;
  GtkLabel *count;
  GtkWidget *steps;
  GMenu *menu;

  gboolean match_case, match_regex;
};

enum
{
  PROP_0,
  PROP_PLACEHOLDER,
  PROP_HAS_STEPS,
  PROP_MORE,
  PROP_MATCH_CASE,
  PROP_MATCH_REGEX,
  N_PROPERTIES,
};

enum
{
  CHANGED,
  NEXT,
  PREVIOUS,
  DISMISSED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeFindBar, troupe_find_bar, GTK_TYPE_WIDGET)

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static void
changed_cb (TroupeFindBar *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
next_cb (TroupeFindBar *self)
{
  g_signal_emit (self, signals[NEXT], 0);
}

static void
previous_cb (TroupeFindBar *self)
{
  g_signal_emit (self, signals[PREVIOUS], 0);
}

static void
stop_cb (TroupeFindBar *self)
{
  troupe_find_bar_close (self);
  g_signal_emit (self, signals[DISMISSED], 0);
}

static void
step_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit (widget, signals[g_str_equal (name, "find.next") ? NEXT : PREVIOUS], 0);
}

static void
troupe_find_bar_set_flag (TroupeFindBar *self, guint prop_id, gboolean *flag, gboolean value)
{
  if (*flag == value)
    return;
  *flag = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop_id]);
  changed_cb (self);
}

static void
troupe_find_bar_dispose (GObject *object)
{
  TroupeFindBar *self = TROUPE_FIND_BAR (object);

  if (self->bar != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->bar));
  self->bar = NULL;
  G_OBJECT_CLASS (troupe_find_bar_parent_class)->dispose (object);
}

static void
troupe_find_bar_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  TroupeFindBar *self = TROUPE_FIND_BAR (object);

  switch (prop_id)
    {
    case PROP_MATCH_CASE:
      g_value_set_boolean (value, self->match_case);
      break;
    case PROP_MATCH_REGEX:
      g_value_set_boolean (value, self->match_regex);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_find_bar_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  TroupeFindBar *self = TROUPE_FIND_BAR (object);

  switch (prop_id)
    {
    case PROP_PLACEHOLDER:
      g_object_set (self->entry, "placeholder-text", g_value_get_string (value), NULL);
      break;
    case PROP_HAS_STEPS:
      gtk_widget_set_visible (self->steps, g_value_get_boolean (value));
      gtk_label_set_width_chars (self->count, g_value_get_boolean (value) ? COUNT_WIDTH_CHARS : -1);
      break;
    case PROP_MORE:
      if (g_value_get_object (value) != NULL)
        g_menu_append_section (self->menu, NULL, g_value_get_object (value));
      break;
    case PROP_MATCH_CASE:
      troupe_find_bar_set_flag (self, prop_id, &self->match_case, g_value_get_boolean (value));
      break;
    case PROP_MATCH_REGEX:
      troupe_find_bar_set_flag (self, prop_id, &self->match_regex, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_find_bar_class_init (TroupeFindBarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags write = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags flag = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  static const char *const names[] = {
    [CHANGED] = "changed", [NEXT] = "next", [PREVIOUS] = "previous", [DISMISSED] = "dismissed"
  };

  object_class->dispose = troupe_find_bar_dispose;
  object_class->get_property = troupe_find_bar_get_property;
  object_class->set_property = troupe_find_bar_set_property;
  properties[PROP_PLACEHOLDER] = g_param_spec_string ("placeholder", NULL, NULL, NULL, write);
  properties[PROP_HAS_STEPS] = g_param_spec_boolean ("has-steps", NULL, NULL, FALSE, write);
  properties[PROP_MORE] = g_param_spec_object ("more", NULL, NULL, G_TYPE_MENU_MODEL, write);
  properties[PROP_MATCH_CASE] = g_param_spec_boolean ("match-case", NULL, NULL, FALSE, flag);
  properties[PROP_MATCH_REGEX] = g_param_spec_boolean ("match-regex", NULL, NULL, FALSE, flag);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i] = g_signal_new (names[i], TROUPE_TYPE_FIND_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_install_property_action (widget_class, "find.match-case", "match-case");
  gtk_widget_class_install_property_action (widget_class, "find.match-regex", "match-regex");
  gtk_widget_class_install_action (widget_class, "find.next", NULL, step_action);
  gtk_widget_class_install_action (widget_class, "find.previous", NULL, step_action);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/parts/find-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeFindBar, bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeFindBar, entry);
  gtk_widget_class_bind_template_child (widget_class, TroupeFindBar, count);
  gtk_widget_class_bind_template_child (widget_class, TroupeFindBar, steps);
  gtk_widget_class_bind_template_child (widget_class, TroupeFindBar, menu);
}

static void
troupe_find_bar_init (TroupeFindBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->bar, self->entry);
  g_signal_connect_object (self->bar, "notify::search-mode-enabled", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "search-changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "activate", G_CALLBACK (previous_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "next-match", G_CALLBACK (next_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "previous-match", G_CALLBACK (previous_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "stop-search", G_CALLBACK (stop_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_find_bar_open (TroupeFindBar *self)
{
  gtk_search_bar_set_search_mode (self->bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  gtk_editable_select_region (self->entry, 0, -1);
}

void
troupe_find_bar_close (TroupeFindBar *self)
{
  gtk_search_bar_set_search_mode (self->bar, FALSE);
}

const char *
troupe_find_bar_get_text (TroupeFindBar *self)
{
  return gtk_search_bar_get_search_mode (self->bar) ? gtk_editable_get_text (self->entry) : "";
}

gboolean
troupe_find_bar_get_match_case (TroupeFindBar *self)
{
  return self->match_case;
}

gboolean
troupe_find_bar_get_match_regex (TroupeFindBar *self)
{
  return self->match_regex;
}

void
troupe_find_bar_set_count (TroupeFindBar *self, const char *text)
{
  gtk_label_set_text (self->count, text);
}

void
troupe_find_bar_set_error (TroupeFindBar *self, const char *message)
{
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->entry), message);
  if (message != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->entry), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->entry), "error");
}

GtkEditable *
troupe_find_bar_get_entry (TroupeFindBar *self)
{
  return self->entry;
}
