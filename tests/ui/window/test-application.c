/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The program: its one window, its keys, its notifications. The fake engine owns the engine's
 * name on the test's own session bus, so no real one is started. */

#include "config.h"

#include "fake-engine.h"

#include "application/application.h"
#include "application/crash-notifier.h"
#include "application/drawing.h"
#include "window/window.h"

#define WAIT_UNTIL(condition) \
  while (!(condition))        \
  g_main_context_iteration (NULL, TRUE)

static FakeEngine *engine;
static TroupeApplication *application;

static TroupeWindow *
get_window (void)
{
  GList *windows = gtk_application_get_windows (GTK_APPLICATION (application));

  for (GList *l = windows; l != NULL; l = l->next)
    if (TROUPE_IS_WINDOW (l->data))
      return l->data;
  return NULL;
}

static void
test_one_window (void)
{
  TroupeWindow *window;

  g_application_activate (G_APPLICATION (application));
  window = get_window ();
  g_assert_nonnull (window);
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (window), "overview") == 0);
  g_application_activate (G_APPLICATION (application));
  g_assert_true (get_window () == window);
  g_assert_cmpuint (g_list_length (gtk_application_get_windows (GTK_APPLICATION (application))), ==, 1);
}

static void
test_keys (void)
{
  static const char *const actions[] = {
    "win.launch",  "win.open-project", "win.show-sidebar",       "win.find",     "win.filter",      "win.restart",
    "win.start",   "win.stop",         "win.show-help-overlay",  "window.close", "app.preferences", "app.quit",
    "win.show-output", "win.show-details", "win.show-overview",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      g_auto (GStrv) keys = gtk_application_get_accels_for_action (GTK_APPLICATION (application), actions[i]);

      if (keys[0] == NULL)
        g_error ("%s has no key", actions[i]);
      if (g_str_has_prefix (actions[i], "win.") && !g_str_equal (actions[i], "win.show-help-overlay"))
        g_assert_true (g_action_group_has_action (G_ACTION_GROUP (get_window ()), actions[i] + strlen ("win.")));
    }
  g_assert_nonnull (gtk_application_window_get_help_overlay (GTK_APPLICATION_WINDOW (get_window ())));
}

static void
test_show_worker (void)
{
  TroupeWindow *window = get_window ();

  g_action_group_activate_action (G_ACTION_GROUP (application), "show-worker", g_variant_new_string ("default/web.2"));
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (window), "worker") == 0);
  g_action_group_activate_action (G_ACTION_GROUP (application), "restart-worker",
                                  g_variant_new_string ("default/web.2"));
  fake_engine_wait_for_call (engine, "Worker1.Restart web.2");
}

static void
test_open_files (void)
{
  g_autoptr (GFile) file = g_file_new_for_path ("/srv/shop.troupe");

  g_application_open (G_APPLICATION (application), &file, 1, "");
  fake_engine_wait_for_call (engine, "Engine1.OpenProject /srv/shop.troupe");
}

/* ---- A desktop that takes notifications ---- */

static guint n_notified, n_withdrawn;
static char *last_title;

static void
notifications_call_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                       const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
                       gpointer user_data)
{
  if (g_str_equal (method, "Notify"))
    {
      g_free (last_title);
      g_variant_get_child (parameters, 3, "s", &last_title);
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", ++n_notified));
      return;
    }
  n_withdrawn++;
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
notifications_acquired_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
serve_notifications (GDBusConnection *connection)
{
  static const GDBusInterfaceVTable vtable = { .method_call = notifications_call_cb };
  static gboolean acquired;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (
      "<node><interface name='org.freedesktop.Notifications'>"
      "<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/>"
      "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>"
      "<arg type='as' direction='in'/><arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>"
      "<arg type='u' direction='out'/></method>"
      "<method name='CloseNotification'><arg type='u' direction='in'/></method>"
      "<signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>"
      "<signal name='NotificationClosed'><arg type='u'/><arg type='u'/></signal>"
      "</interface></node>",
      &error);

  g_assert_no_error (error);
  g_dbus_connection_register_object (connection, "/org/freedesktop/Notifications", node->interfaces[0], &vtable, NULL,
                                     NULL, &error);
  g_assert_no_error (error);
  g_bus_own_name_on_connection (connection, "org.freedesktop.Notifications", G_BUS_NAME_OWNER_FLAGS_NONE,
                                notifications_acquired_cb, NULL, &acquired, NULL);
  WAIT_UNTIL (acquired);
}

static gboolean
watched (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
wait_for_state (TroupeWorkerItem *worker, TroupeState state)
{
  WAIT_UNTIL (troupe_worker_item_get_state (worker) == state);
}

static void
test_notifications (void)
{
  g_autoptr (GSettings) settings = g_settings_new (TROUPE_APP_ID);
  g_autoptr (TroupeClient) client = troupe_client_new (NULL);
  gboolean is_watched = TRUE;
  g_autoptr (TroupeCrashNotifier) notifier =
      troupe_crash_notifier_new (G_APPLICATION (application), client, settings, watched, &is_watched);
  TroupeWorkerItem *worker;

  troupe_client_start (client);
  WAIT_UNTIL (troupe_client_get_state (client) == TROUPE_CLIENT_READY);
  worker = troupe_client_find_worker (client, "default/web.1");

  /* Not while the person looks, not for a clean end, and not when they do not want it. */
  fake_engine_set_ended (engine, "web.1", "failed", 1, "", "Exited with code 1");
  wait_for_state (worker, TROUPE_STATE_FAILED);
  g_assert_cmpuint (troupe_crash_notifier_get_n_told (notifier), ==, 0);
  is_watched = FALSE;
  fake_engine_set_running (engine, "web.1", 1);
  wait_for_state (worker, TROUPE_STATE_RUNNING);
  fake_engine_set_ended (engine, "web.1", "exited", 0, "", "");
  wait_for_state (worker, TROUPE_STATE_EXITED);
  g_assert_cmpuint (troupe_crash_notifier_get_n_told (notifier), ==, 0);

  fake_engine_set_running (engine, "web.1", 1);
  wait_for_state (worker, TROUPE_STATE_RUNNING);
  fake_engine_set_ended (engine, "web.1", "failed", 1, "", "Exited with code 1");
  wait_for_state (worker, TROUPE_STATE_FAILED);
  g_assert_cmpuint (troupe_crash_notifier_get_n_told (notifier), ==, 1);
  WAIT_UNTIL (g_strcmp0 (last_title, "web.1 crashed") == 0);

  /* Withdrawn once it runs again. */
  fake_engine_set_running (engine, "web.1", 1);
  WAIT_UNTIL (troupe_crash_notifier_get_n_told (notifier) == 0);
  WAIT_UNTIL (n_withdrawn > 0);

  g_settings_set_boolean (settings, "notifications", FALSE);
  fake_engine_set_ended (engine, "web.1", "failed", 1, "", "Exited with code 1");
  wait_for_state (worker, TROUPE_STATE_FAILED);
  g_assert_cmpuint (troupe_crash_notifier_get_n_told (notifier), ==, 0);
  g_settings_reset (settings, "notifications");
  g_object_run_dispose (G_OBJECT (client));
}

static void
test_closing_stops_nothing (void)
{
  gtk_window_close (GTK_WINDOW (get_window ()));
  WAIT_UNTIL (get_window () == NULL);
  fake_engine_wait_for_call (engine, "Engine1.Unsubscribe");
  for (guint i = 0; i < fake_engine_get_calls (engine)->len; i++)
    g_assert_false (g_str_has_prefix (fake_engine_get_calls (engine)->pdata[i], "Worker1.Stop"));
}

/* What is set for GTK's drawing must not reach the programs that are launched. */
static void
test_environment_is_clean (void)
{
  g_assert_null (g_getenv ("GDK_DISABLE"));
  g_assert_cmpstr (g_getenv ("GSK_RENDERER"), ==, "cairo");
  g_assert_cmpstr (g_getenv ("GDK_DEBUG"), ==, "gl-disable");
}

int
main (int argc, char *argv[])
{
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  connection = g_dbus_connection_new_for_address_sync (
      g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      &error);
  g_assert_no_error (error);
  serve_notifications (connection);
  engine = fake_engine_new (connection);
  fake_engine_add_program (engine, "default", "web", "node server.js", 2);
  fake_engine_set_running (engine, "web.1", 60);

  troupe_drawing_choose ();
  application = troupe_application_new ();
  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);

  g_test_add_func ("/ui/application/has-one-window", test_one_window);
  g_test_add_func ("/ui/application/has-keys", test_keys);
  g_test_add_func ("/ui/application/shows-and-restarts-a-worker", test_show_worker);
  g_test_add_func ("/ui/application/opens-files", test_open_files);
  g_test_add_func ("/ui/application/notifies-about-crashes", test_notifications);
  g_test_add_func ("/ui/application/closing-stops-nothing", test_closing_stops_nothing);
  g_test_add_func ("/ui/application/keeps-the-persons-environment", test_environment_is_clean);
  status = g_test_run ();
  fake_engine_free (engine);
  return status;
}
