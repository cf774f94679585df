/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Draws the window with a fake engine into PNG files, to be looked at:
 *
 *   tests/ui/run-headless.sh BUILD/tests/ui/window/draw-window FOLDER WORKERS WIDTHxHEIGHT [PAGE]
 *
 * PAGE: overview (default), launch-KIND, worker, details, program, cluster, cluster-reload, cluster-failed,
 * cluster-scaling, cluster-port, threads, threads-memory, threads-memory-text, threads-thread, threads-host,
 * cluster-details, cluster-worker, launch, project, preferences, shortcuts, or one of
 * these, with the number of messages in place of WORKERS: messages, messages-open, messages-kinds, messages-zoo,
 * messages-composing, messages-filter, messages-past.
 * ADW_DEBUG_COLOR_SCHEME=prefer-dark and ADW_DEBUG_HIGH_CONTRAST=1 choose the style. */

#include "config.h"

#include "fake-engine.h"
#include "message-journal.h"

#include "dialogs/launch-dialog.h"
#include "dialogs/preferences.h"
#include "window/window.h"

#include <math.h>
#include <stdlib.h>

#define WAIT_UNTIL(condition) \
  while (!(condition))        \
  g_main_context_iteration (NULL, TRUE)

static void
draw (GtkWidget *widget, const char *path)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (snapshot);
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (widget)), node, NULL);
  if (!gdk_texture_save_to_png (texture, path))
    g_error ("could not write %s", path);
}

static gboolean
timeout_cb (gpointer done)
{
  *(gboolean *) done = TRUE;
  return G_SOURCE_REMOVE;
}

/* Lets animations come to an end; nothing here is a test. */
static void
settle (void)
{
  gboolean done = FALSE;

  g_timeout_add (700, timeout_cb, &done);
  WAIT_UNTIL (done);
}

static void
populate (FakeEngine *engine, guint n_workers)
{
  if (n_workers == 0)
    return;
  if (n_workers == 1)
    {
      fake_engine_add_program (engine, "default", "find", "find / -name '*.log'", 1);
      fake_engine_set_running (engine, "find", 12);
      return;
    }
  fake_engine_add_project (engine, "shop", "/srv/shop/shop.troupe");
  fake_engine_add_program (engine, "shop", "web", "node server.js --port 8080", n_workers - 8);
  for (guint i = 1; i <= n_workers - 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("web.%u", i);

      if (i % 5 == 4)
        {
          fake_engine_set_running (engine, name, 100 * i);
          fake_engine_set_ended (engine, name, "failed", -1, "SIGKILL", "Killed by SIGKILL, probably out of memory");
        }
      else
        fake_engine_set_running (engine, name, 100 * i);
    }
  fake_engine_add_program (engine, "shop", "jobs", "python3 jobs.py --queue mail", 1);
  fake_engine_set_running (engine, "jobs", 4000);
  fake_engine_add_program (engine, "shop", "a-rather-long-name-for-a-program", "make -j4", 2);
  fake_engine_set_running (engine, "a-rather-long-name-for-a-program.1", 9);
  fake_engine_add_program (engine, "default", "build", "make -j2", 1);
  fake_engine_set_running (engine, "build", 4);
  fake_engine_set_ended (engine, "build", "exited", 0, "", "Exited with code 0 after 2 min");
  fake_engine_add_program (engine, "default", "report", "./report.sh", 1);
  fake_engine_add_program (engine, "default", "flaky", "./flaky", 1);
  fake_engine_set_running (engine, "flaky", 4);
  fake_engine_set_ended (engine, "flaky", "backoff", 1, "", "Exited with code 1 after 2.3 s");
  fake_engine_add_program (engine, "default", "slow", "./slow", 1);
  fake_engine_set_running (engine, "slow", 4);
  troupe_bus_worker1_set_state (fake_engine_get_worker (engine, "slow"), "stopping");
  troupe_bus_worker1_set_state_reason (fake_engine_get_worker (engine, "slow"),
                                       "SIGTERM was sent; waits for 2 processes, SIGKILL in 8 s");
  fake_engine_add_program (engine, "default", "api", "./api", 1);
  fake_engine_set_running (engine, "api", 4);
  troupe_bus_worker1_set_state (fake_engine_get_worker (engine, "api"), "ready");
}

static void
show_messages (FakeEngine *engine, TroupeWindow *window, TroupeClient *client, MessageJournal *journal,
               const char *page, guint n_messages)
{
  static const char *const links[] = { "b", NULL };
  TroupeMessagesPage *messages = troupe_worker_page_get_messages (troupe_window_get_worker_page (window));

  message_journal_init (journal);
  if (g_str_equal (page, "messages-zoo") || g_str_equal (page, "messages-kinds"))
    message_journal_add_zoo (journal);
  message_journal_add_many (journal, n_messages);
  fake_engine_add_project (engine, "shop", "/srv/shop/shop.troupe");
  fake_engine_add_program (engine, "shop", "prime", "worker.js", 3);
  fake_engine_make_fork (engine, "shop", "prime", links);
  for (guint i = 1; i <= 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("prime.%u", i);

      fake_engine_set_running (engine, name, 90 + i);
      fake_engine_set_channel (engine, name, "open");
    }
  fake_engine_set_journal (engine, "prime.1", journal->dir);
  if (g_str_equal (page, "messages-zoo"))
    fake_engine_set_channel (engine, "prime.1", "closed");
  WAIT_UNTIL (troupe_client_find_worker (client, "shop/prime.1") != NULL &&
              troupe_window_show_worker (window, "shop/prime.1"));
  troupe_worker_page_show (troupe_window_get_worker_page (window), "messages");
  settle ();
  if (g_str_equal (page, "messages-past"))
    {
      TroupeRunChooser *chooser = troupe_worker_page_get_run_chooser (troupe_window_get_worker_page (window));

      fake_engine_set_running (engine, "prime.1", 5);
      WAIT_UNTIL (troupe_run_chooser_show_run (chooser, 2));
      troupe_run_chooser_show_run (chooser, 1);
    }
  if (g_str_equal (page, "messages-open") || g_str_equal (page, "messages-zoo"))
    troupe_message_list_set_open_all (troupe_messages_page_get_list (messages), TRUE);
  if (g_str_equal (page, "messages-composing"))
    troupe_composer_set_text (troupe_messages_page_get_composer (messages),
                              "{\n  \"number\": 7,\n  \"name\": 'seven'\n}");
  if (g_str_equal (page, "messages-filter"))
    g_action_group_activate_action (troupe_messages_page_get_actions (messages), "find", NULL);
}

static void
show_cluster (FakeEngine *engine, TroupeWindow *window, TroupeClient *client, const char *page, guint n_workers)
{
  static const char *const listen[] = { "tcp:127.0.0.1:8000", "tcp:[::1]:8000", "unix:/run/user/1000/shop.sock", NULL };

  fake_engine_make_cluster (engine, "shop", "web", listen, "round-robin");
  for (guint i = 1; i <= n_workers - 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("web.%u", i);

      if (i % 5 != 4)
        troupe_bus_worker1_set_state (fake_engine_get_worker (engine, name), "ready");
      troupe_bus_worker1_set_connections (fake_engine_get_worker (engine, name), 1204 * i);
      troupe_bus_worker1_set_restarts (fake_engine_get_worker (engine, name), i % 3);
    }
  if (g_str_equal (page, "cluster-reload"))
    {
      troupe_bus_worker1_set_state_reason (fake_engine_get_worker (engine, "web.2"),
                                           "reload: run 5 is to take over, not ready yet: it does not listen");
      fake_engine_set_reload (engine, "shop", "web", "2 of 4: web.2", "");
    }
  if (g_str_equal (page, "cluster-failed"))
    fake_engine_set_reload (engine, "shop", "web", "", "web.2: run 5 is not ready: it does not listen");
  if (g_str_equal (page, "cluster-port"))
    {
      fake_engine_set_port_problem (engine, "shop", "web", "tcp:127.0.0.1:8000 is taken by Troupe's program “shop/jobs”",
                                    "tcp:127.0.0.1:8001", "shop/jobs");
      fake_engine_set_note (engine, "shop", "web", "primary-logic", 12,
                            "setInterval () is called in the part for the primary, which does not run here");
    }
  if (g_str_equal (page, "cluster-scaling"))
    {
      fake_engine_set_instances (engine, "shop", "web", n_workers - 4);
      for (guint i = n_workers - 7; i <= n_workers - 4; i++)
        {
          g_autofree char *name = g_strdup_printf ("web.%u", i);

          if (i <= n_workers - 6)
            fake_engine_set_running (engine, name, 1);
          else
            troupe_bus_worker1_set_state (fake_engine_get_worker (engine, name), "starting");
        }
    }
  if (g_str_equal (page, "cluster-worker"))
    WAIT_UNTIL (troupe_window_show_worker (window, "shop/web.2"));
  else
    WAIT_UNTIL (troupe_sidebar_select (troupe_window_get_sidebar (window),
                                       G_OBJECT (troupe_client_find_program (client, "shop/web"))));
  settle ();
  troupe_worker_page_show (troupe_window_get_worker_page (window),
                           g_str_equal (page, "cluster-details") ? "details" : "workers");
  fake_engine_emit_stats (engine, 40);
}

static void
show_threads (FakeEngine *engine, TroupeWindow *window, TroupeClient *client, const char *page, guint n_workers)
{
  static const char *const links[] = { "1:2", NULL };
  gsize size = 64 * 1024;
  guint8 *bytes = g_malloc0 (size);
  g_autoptr (GBytes) block = NULL;

  for (gsize i = 0; i < size; i++)
    bytes[i] = i < 64 ? (guint8) "counter=0042; name=crunch; state=working; left=17; done=true...."[i]
                      : (guint8) (i % 24 == 0 ? i * 7 : i % 3 == 0 ? i / 5 : 0);
  block = g_bytes_new_take (bytes, size);
  fake_engine_add_program (engine, "shop", "crunch", "crunch.js", MAX (n_workers, 1));
  fake_engine_make_threads (engine, "shop", "crunch", links);
  fake_engine_set_shared_memory (engine, "shop", "crunch", block);
  fake_engine_set_running (engine, "crunch.host", 90);
  for (guint i = 1; i <= n_workers; i++)
    {
      g_autofree char *name = n_workers == 1 ? g_strdup ("crunch") : g_strdup_printf ("crunch.%u", i);

      fake_engine_set_running (engine, name, 80);
      fake_engine_set_channel (engine, name, "open");
      if (i % 2 == 0)
        fake_engine_set_progress (engine, name, 0.1 * (i % 10), "sieving");
    }
  for (guint i = 0; i < 20; i++)
    fake_engine_emit_stats (engine, 30 + i);
  if (g_str_equal (page, "threads-thread") || g_str_equal (page, "threads-host"))
    WAIT_UNTIL (troupe_client_find_worker (client, "shop/crunch.2") != NULL &&
                troupe_window_show_worker (window, g_str_equal (page, "threads-host") ? "shop/crunch.host"
                                                                                       : "shop/crunch.2"));
  else
    WAIT_UNTIL (troupe_client_find_worker (client, "shop/crunch.host") != NULL &&
                troupe_sidebar_select (troupe_window_get_sidebar (window),
                                       G_OBJECT (troupe_client_find_program (client, "shop/crunch"))));
  settle ();
  troupe_worker_page_show (troupe_window_get_worker_page (window),
                           g_str_has_prefix (page, "threads-memory") ? "memory"
                           : g_str_equal (page, "threads")           ? "workers"
                                                                     : "details");
  if (g_str_equal (page, "threads-memory"))
    troupe_memory_page_choose (troupe_worker_page_get_memory (troupe_window_get_worker_page (window)), "u32", FALSE);
  settle ();
  ((guint8 *) bytes)[9] = '9';
  fake_engine_emit_stats (engine, 40);
  fake_engine_emit_stats (engine, 41);
}

static GtkWindow *
find_dialog (GtkWindow *main_window)
{
  GListModel *toplevels = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (toplevels); i++)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (toplevels, i);

      if (window != main_window && gtk_widget_get_mapped (GTK_WIDGET (window)))
        return window;
    }
  return main_window;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GDBusConnection) engine_connection = NULL, client_connection = NULL;
  g_autoptr (AdwApplication) application = NULL;
  g_autoptr (GSettings) settings = NULL;
  g_autoptr (TroupeClient) client = NULL;
  const char *page = argc > 4 ? argv[4] : "overview";
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  gboolean of_messages = g_str_has_prefix (page, "messages");
  MessageJournal journal = { 0 };
  g_autofree char *path = NULL;
  FakeEngine *engine;
  TroupeWindow *window;
  guint n_workers;
  int width, height;

  if (argc < 4 || sscanf (argv[3], "%dx%d", &width, &height) != 2)
    {
      g_printerr ("usage: draw-window FOLDER WORKERS WIDTHxHEIGHT [PAGE]\n");
      return 2;
    }
  n_workers = (guint) atoi (argv[2]);
  if (n_workers > 1 && n_workers < 10 && !of_messages && !g_str_has_prefix (page, "threads"))
    n_workers = 10;
  engine_connection = g_dbus_connection_new_for_address_sync (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      NULL, NULL);
  client_connection = g_dbus_connection_new_for_address_sync (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      NULL, NULL);
  application = g_object_new (ADW_TYPE_APPLICATION, "application-id", "io.github.troupe.Troupe.Test", "flags",
                              G_APPLICATION_NON_UNIQUE, "resource-base-path", "/io/github/troupe/Troupe", NULL);
  g_application_register (G_APPLICATION (application), NULL, NULL);
  engine = fake_engine_new (engine_connection);
  if (!of_messages && !g_str_has_prefix (page, "threads"))
    populate (engine, n_workers);
  settings = g_settings_new (TROUPE_APP_ID);
  g_settings_set_int (settings, "window-width", width);
  g_settings_set_int (settings, "window-height", height);
  client = troupe_client_new (client_connection);
  window = troupe_window_new (GTK_APPLICATION (application), client, settings);
  gtk_window_present (GTK_WINDOW (window));
  troupe_client_start (client);
  WAIT_UNTIL (troupe_client_get_state (client) == TROUPE_CLIENT_READY);
  for (guint i = 0; i < 60; i++)
    {
      fake_engine_emit_stats (engine, 50 + 45 * sin (i / 5.0));
      WAIT_UNTIL (troupe_client_get_machine (client)->cpu_percent == 2 * (50 + 45 * sin (i / 5.0)));
    }

  if (of_messages)
    show_messages (engine, window, client, &journal, page, n_workers);
  else if (g_str_equal (page, "worker") || g_str_equal (page, "details"))
    {
      troupe_window_show_worker (window, n_workers == 1 ? "default/find" : "shop/web.4");
      if (g_str_equal (page, "details"))
        gtk_widget_activate_action (GTK_WIDGET (window), "win.show-details", NULL);
    }
  else if (g_str_has_prefix (page, "threads"))
    show_threads (engine, window, client, page, n_workers);
  else if (g_str_has_prefix (page, "cluster"))
    show_cluster (engine, window, client, page, n_workers);
  else if (g_str_equal (page, "slow"))
    troupe_window_show_worker (window, "default/slow");
  else if (g_str_equal (page, "sidebar"))
    g_action_group_change_action_state (G_ACTION_GROUP (window), "show-sidebar", g_variant_new_boolean (TRUE));
  else if (g_str_equal (page, "program"))
    troupe_sidebar_select (troupe_window_get_sidebar (window),
                           G_OBJECT (troupe_client_find_program (client, "shop/web")));
  else if (g_str_has_prefix (page, "launch"))
    {
      TroupeKind kind;

      gtk_widget_activate_action (GTK_WIDGET (window), "win.launch", NULL);
      settle ();
      if (page[6] == '-' && troupe_kind_from_string (page + 7, &kind))
        troupe_launch_dialog_set_kind (TROUPE_LAUNCH_DIALOG (find_dialog (GTK_WINDOW (window))), kind);
    }
  else if (g_str_equal (page, "project"))
    troupe_window_open_project (window, "/srv/shop.troupe", FALSE);
  else if (g_str_equal (page, "preferences"))
    troupe_preferences_show (GTK_WINDOW (window), settings);
  else if (g_str_equal (page, "shortcuts"))
    gtk_widget_activate_action (GTK_WIDGET (window), "win.show-help-overlay", NULL);
  settle ();
  path = g_strdup_printf ("%s/%s-%s-%s.png", argv[1], page, argv[2], argv[3]);
  draw (GTK_WIDGET (find_dialog (GTK_WINDOW (window))), path);
  g_print ("%s\n", path);
  gtk_window_destroy (GTK_WINDOW (window));
  g_object_run_dispose (G_OBJECT (client));
  fake_engine_free (engine);
  if (of_messages)
    message_journal_clear (&journal);
  return 0;
}
