/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A window with a fake engine behind it. */

#include "config.h"

#include "window-fixture.h"

#include <string.h>

static AdwApplication *application;

void
turn (void)
{
  g_main_context_iteration (NULL, TRUE);
}

static GDBusConnection *
connect_to_bus (void)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      &error);

  g_assert_no_error (error);
  return connection;
}

void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  fixture->engine_connection = connect_to_bus ();
  fixture->client_connection = connect_to_bus ();
  fixture->engine = fake_engine_new (fixture->engine_connection);
  fixture->client = troupe_client_new (fixture->client_connection);
  fixture->settings = g_settings_new (TROUPE_APP_ID);
}

void
open_window (Fixture *fixture, int width, int height)
{
  g_settings_set_int (fixture->settings, "window-width", width);
  g_settings_set_int (fixture->settings, "window-height", height);
  fixture->window = troupe_window_new (GTK_APPLICATION (application), fixture->client, fixture->settings);
  gtk_window_present (GTK_WINDOW (fixture->window));
  troupe_client_start (fixture->client);
  WAIT_UNTIL (troupe_client_get_state (fixture->client) == TROUPE_CLIENT_READY);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (fixture->window));
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  GWeakRef weak;

  if (fixture->window != NULL)
    {
      gtk_window_destroy (GTK_WINDOW (fixture->window));
      WAIT_UNTIL (gtk_application_get_windows (GTK_APPLICATION (application)) == NULL);
    }
  g_weak_ref_init (&weak, fixture->client);
  g_object_run_dispose (G_OBJECT (fixture->client));
  g_object_unref (fixture->client);
  for (;;)
    {
      g_autoptr (GObject) alive = g_weak_ref_get (&weak);

      if (alive == NULL)
        break;
      g_clear_object (&alive);
      turn ();
    }
  g_weak_ref_clear (&weak);
  g_settings_reset (fixture->settings, "recent-launches");
  g_object_unref (fixture->settings);
  if (fixture->engine != NULL)
    fake_engine_free (fixture->engine);
  g_object_unref (fixture->engine_connection);
  g_object_unref (fixture->client_connection);
}

void
activate (Fixture *fixture, const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (fixture->window), action, NULL));
}

gboolean
is_enabled (Fixture *fixture, const char *action)
{
  return g_action_group_get_action_enabled (G_ACTION_GROUP (fixture->window), action);
}

void
show_worker (Fixture *fixture, const char *key)
{
  WAIT_UNTIL (troupe_client_find_worker (fixture->client, key) != NULL &&
              troupe_window_show_worker (fixture->window, key));
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (fixture->window), "worker") == 0);
}

void
show_program (Fixture *fixture, const char *key)
{
  WAIT_UNTIL (troupe_client_find_program (fixture->client, key) != NULL &&
              troupe_sidebar_select (troupe_window_get_sidebar (fixture->window),
                                     G_OBJECT (troupe_client_find_program (fixture->client, key))));
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (fixture->window), "worker") == 0);
}

GtkWindow *
wait_for_dialog (GType type)
{
  for (;;)
    {
      GListModel *toplevels = gtk_window_get_toplevels ();

      for (guint i = 0; i < g_list_model_get_n_items (toplevels); i++)
        {
          g_autoptr (GtkWindow) window = g_list_model_get_item (toplevels, i);

          if (G_TYPE_CHECK_INSTANCE_TYPE (window, type) && gtk_widget_get_mapped (GTK_WIDGET (window)))
            return window;
        }
      turn ();
    }
}

/* Every label below WIDGET that is on view, joined: what a person can read. */
static void
collect_text (GtkWidget *widget, GString *text)
{
  if (!gtk_widget_get_mapped (widget))
    return;
  if (GTK_IS_LABEL (widget))
    g_string_append_printf (text, "%s\n", gtk_label_get_text (GTK_LABEL (widget)));
  if (GTK_IS_INSCRIPTION (widget) && gtk_inscription_get_text (GTK_INSCRIPTION (widget)) != NULL)
    g_string_append_printf (text, "%s\n", gtk_inscription_get_text (GTK_INSCRIPTION (widget)));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    collect_text (child, text);
}

gboolean
shows (gpointer widget, const char *text)
{
  GString *all = g_string_new (NULL);
  gboolean found;

  collect_text (widget, all);
  found = strstr (all->str, text) != NULL;
  g_string_free (all, TRUE);
  return found;
}

void
fixture_init (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;

  gtk_test_init (argc, argv, NULL);
  application = g_object_new (ADW_TYPE_APPLICATION, "application-id", "io.github.troupe.Troupe.Test", "flags",
                              G_APPLICATION_NON_UNIQUE, "resource-base-path", "/io/github/troupe/Troupe", NULL);
  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);
}
