/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Preferences, bound to the settings. */

#include "config.h"

#include "dialogs/preferences.h"

#include <adwaita.h>

#define FALLBACK_FONT "Monospace 11"

/* An enum of the schema is the position in a drop-down, in the order of its values. */
static gboolean
position_from_setting (GValue *value, GVariant *variant, gpointer user_data)
{
  const char *const *nicks = user_data;

  for (guint i = 0; nicks[i] != NULL; i++)
    if (g_str_equal (nicks[i], g_variant_get_string (variant, NULL)))
      g_value_set_uint (value, i);
  return TRUE;
}

static GVariant *
setting_from_position (const GValue *value, const GVariantType *type, gpointer user_data)
{
  const char *const *nicks = user_data;

  return g_variant_new_string (nicks[g_value_get_uint (value)]);
}

static void
bind_choice (GSettings *settings, const char *key, gpointer row, const char *const *nicks)
{
  g_settings_bind_with_mapping (settings, key, row, "selected", G_SETTINGS_BIND_DEFAULT, position_from_setting,
                                setting_from_position, (gpointer) nicks, NULL);
}

static gboolean
is_default_font (GValue *value, GVariant *variant, gpointer user_data)
{
  g_value_set_boolean (value, g_variant_get_string (variant, NULL)[0] == '\0');
  return TRUE;
}

static gboolean
font_from_setting (GValue *value, GVariant *variant, gpointer user_data)
{
  const char *font = g_variant_get_string (variant, NULL);

  g_value_set_string (value, font[0] != '\0' ? font : FALLBACK_FONT);
  return TRUE;
}

static void
default_font_cb (GtkSwitch *default_font, GParamSpec *pspec, GSettings *settings)
{
  g_autofree char *font = g_settings_get_string (settings, "output-font");

  if (gtk_switch_get_active (default_font) && font[0] != '\0')
    g_settings_set_string (settings, "output-font", "");
  else if (!gtk_switch_get_active (default_font) && font[0] == '\0')
    g_settings_set_string (settings, "output-font", FALLBACK_FONT);
}

static void
font_cb (GtkFontChooser *chooser, GParamSpec *pspec, GSettings *settings)
{
  g_autofree char *before = g_settings_get_string (settings, "output-font");
  g_autofree char *font = gtk_font_chooser_get_font (chooser);

  if (before[0] != '\0' && font != NULL)
    g_settings_set_string (settings, "output-font", font);
}

GtkWindow *
troupe_preferences_show (GtkWindow *parent, GSettings *settings)
{
  static const char *const scales[] = { "core", "machine", NULL };
  static const char *const time_stamps[] = { "off", "clock", "since-start", NULL };
  g_autoptr (GtkBuilder) builder =
      gtk_builder_new_from_resource ("/io/github/troupe/Troupe/dialogs/preferences.ui");
  GtkWindow *window = GTK_WINDOW (gtk_builder_get_object (builder, "window"));
  GObject *font = gtk_builder_get_object (builder, "font");
  GObject *default_font = gtk_builder_get_object (builder, "default_font");

  g_settings_bind (settings, "interval-msec", gtk_builder_get_object (builder, "interval"), "value",
                   G_SETTINGS_BIND_DEFAULT);
  bind_choice (settings, "cpu-scale", gtk_builder_get_object (builder, "scale"), scales);
  bind_choice (settings, "output-time-stamps", gtk_builder_get_object (builder, "time_stamps"), time_stamps);
  g_settings_bind (settings, "output-wrap", gtk_builder_get_object (builder, "wrap"), "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "notifications", gtk_builder_get_object (builder, "notifications"), "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind_with_mapping (settings, "output-font", default_font, "active", G_SETTINGS_BIND_GET,
                                is_default_font, NULL, NULL, NULL);
  g_settings_bind_with_mapping (settings, "output-font", font, "font", G_SETTINGS_BIND_GET, font_from_setting, NULL,
                                NULL, NULL);
  g_object_bind_property (default_font, "active", gtk_builder_get_object (builder, "font_row"), "sensitive",
                          G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
  g_signal_connect_object (default_font, "notify::active", G_CALLBACK (default_font_cb), settings, 0);
  g_signal_connect_object (font, "notify::font", G_CALLBACK (font_cb), settings, 0);
  gtk_window_set_transient_for (window, parent);
  gtk_window_present (window);
  return window;
}
