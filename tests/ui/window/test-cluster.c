/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A program with several workers in the window: where it listens, how many it has, what is under way. */

#include "config.h"

#include "window-fixture.h"

#include "client/subject.h"
#include "parts/notice.h"

static const char *const listen_on[] = { "tcp:127.0.0.1:8000", "unix:/run/shop.sock", NULL };

static void
open_cluster (Fixture *fixture, guint n_workers)
{
  fake_engine_add_program (fixture->engine, "shop", "web", "server.js", n_workers);
  fake_engine_make_cluster (fixture->engine, "shop", "web", listen_on, "round-robin");
  for (guint i = 1; i <= n_workers; i++)
    {
      g_autofree char *name = n_workers == 1 ? g_strdup ("web") : g_strdup_printf ("web.%u", i);

      fake_engine_set_running (fixture->engine, name, i);
    }
  open_window (fixture, 1100, 700);
  show_program (fixture, "shop/web");
}

static TroupeWorkerPage *
get_page (Fixture *fixture)
{
  return troupe_window_get_worker_page (fixture->window);
}

static TroupeProgramBar *
get_bar (Fixture *fixture)
{
  return troupe_worker_page_get_bar (get_page (fixture));
}

/* The button below WIDGET that is on view and has TEXT in it. */
static GtkWidget *
find_button (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_BUTTON (widget) && shows (widget, text))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_button (child, text);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static void
click (GtkWidget *widget, const char *text)
{
  GtkWidget *button;

  WAIT_UNTIL ((button = find_button (widget, text)) != NULL);
  g_signal_emit_by_name (button, "clicked");
}

/* Presses the button that hides the notice with TEXT. */
static void
hide_notice_below (GtkWidget *widget, const char *text)
{
  if (TROUPE_IS_NOTICE (widget) && shows (widget, text))
    g_signal_emit_by_name (widget, "closed");
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    hide_notice_below (child, text);
}

static void
hide_notice (Fixture *fixture, const char *text)
{
  hide_notice_below (GTK_WIDGET (get_page (fixture)), text);
}

static void
test_table (Fixture *fixture, gconstpointer data)
{
  GtkWidget *table;

  open_cluster (fixture, 3);
  table = GTK_WIDGET (troupe_worker_page_get_workers (get_page (fixture)));
  activate (fixture, "win.show-workers");
  WAIT_UNTIL (shows (table, "web.3"));
  WAIT_UNTIL (shows (table, "127.0.0.1:8000, /run/shop.sock"));
  WAIT_UNTIL (shows (table, "Connections"));

  /* Figures come with a sample, not with the property. */
  troupe_bus_worker1_set_connections (fake_engine_get_worker (fixture->engine, "web.2"), 977);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (fake_engine_get_worker (fixture->engine, "web.2")));
  fake_engine_emit_stats (fixture->engine, 3);
  WAIT_UNTIL (shows (table, "977"));

  /* Shared sockets: nobody counts. */
  fake_engine_make_cluster (fixture->engine, "shop", "web", listen_on, "shared");
  WAIT_UNTIL (!shows (table, "Connections"));
  g_assert_true (shows (table, "Address"));

  /* One worker has no table of workers, and the output comes instead. */
  show_worker (fixture, "shop/web.2");
  WAIT_UNTIL (!gtk_widget_get_mapped (table));
}

static void
test_menu_of_a_row (Fixture *fixture, gconstpointer data)
{
  TroupeWorkerTable *table;
  GtkSelectionModel *selection;

  open_cluster (fixture, 3);
  activate (fixture, "win.show-workers");
  table = troupe_worker_page_get_workers (get_page (fixture));
  selection = gtk_column_view_get_model (troupe_worker_table_get_view (table));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (selection)), ==, 3);
  gtk_selection_model_select_item (selection, 1, TRUE);
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (table)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_POPOVER (child))
      g_assert_true (gtk_widget_activate_action (child, "win.stop", NULL));
  fake_engine_wait_for_call (fixture->engine, "Worker1.Stop web.2");
  /* The buttons above go on to mean the program. */
  activate (fixture, "win.stop");
  fake_engine_wait_for_call (fixture->engine, "Program1.Stop web");
}

static void
test_scale (Fixture *fixture, gconstpointer data)
{
  GtkSpinButton *scale;
  guint n_calls = 0;

  open_cluster (fixture, 3);
  scale = troupe_program_bar_get_scale (get_bar (fixture));
  WAIT_UNTIL (gtk_spin_button_get_value_as_int (scale) == 3);

  /* A few clicks are one change. */
  gtk_spin_button_spin (scale, GTK_SPIN_STEP_FORWARD, 1);
  gtk_spin_button_spin (scale, GTK_SPIN_STEP_FORWARD, 1);
  fake_engine_wait_for_call (fixture->engine, "Program1.Scale web 5");
  for (guint i = 0; i < fake_engine_get_calls (fixture->engine)->len; i++)
    n_calls += g_str_has_prefix (fake_engine_get_calls (fixture->engine)->pdata[i], "Program1.Scale");
  g_assert_cmpuint (n_calls, ==, 1);

  fake_engine_set_instances (fixture->engine, "shop", "web", 5);
  WAIT_UNTIL (shows (get_bar (fixture), "Scaling from 3 to 5 workers: 0 of 2 started"));
  fake_engine_set_running (fixture->engine, "web.4", 1);
  WAIT_UNTIL (shows (get_bar (fixture), "Scaling from 3 to 5 workers: 1 of 2 started"));
  click (GTK_WIDGET (get_bar (fixture)), "Cancel");
  fake_engine_wait_for_call (fixture->engine, "Program1.Scale web 3");
  fake_engine_set_instances (fixture->engine, "shop", "web", 3);
  WAIT_UNTIL (shows (get_bar (fixture), "Scaling from 5 to 3 workers: 0 of 2 gone"));
  fake_engine_remove_worker (fixture->engine, "shop", "web", "web.5");
  fake_engine_remove_worker (fixture->engine, "shop", "web", "web.4");
  WAIT_UNTIL (!shows (get_bar (fixture), "Scaling"));

  activate (fixture, "win.scale-up");
  fake_engine_wait_for_call (fixture->engine, "Program1.Scale web 4");
  activate (fixture, "win.scale-down");
  fake_engine_wait_for_call (fixture->engine, "Program1.Scale web 2");
}

static void
test_scale_of_another (Fixture *fixture, gconstpointer data)
{
  open_cluster (fixture, 3);
  gtk_spin_button_spin (troupe_program_bar_get_scale (get_bar (fixture)), GTK_SPIN_STEP_FORWARD, 1);
  /* Who looks elsewhere at once still meant it. */
  show_worker (fixture, "shop/web.1");
  fake_engine_wait_for_call (fixture->engine, "Program1.Scale web 4");
}

static void
test_scale_fails (Fixture *fixture, gconstpointer data)
{
  GtkSpinButton *scale;

  open_cluster (fixture, 3);
  fake_engine_set_program_problem (fixture->engine, "No more than 3 today");
  scale = troupe_program_bar_get_scale (get_bar (fixture));
  gtk_spin_button_set_value (scale, 64);
  fake_engine_wait_for_call (fixture->engine, "Program1.Scale web 64");
  WAIT_UNTIL (shows (fixture->window, "No more than 3 today"));
  WAIT_UNTIL (gtk_spin_button_get_value_as_int (scale) == 3);
}

static void
test_reload (Fixture *fixture, gconstpointer data)
{
  TroupeBusWorker1 *worker;

  open_cluster (fixture, 3);
  WAIT_UNTIL (is_enabled (fixture, "reload"));
  g_assert_false (is_enabled (fixture, "cancel-reload"));
  click (GTK_WIDGET (get_bar (fixture)), "Reload");
  fake_engine_wait_for_call (fixture->engine, "Program1.Reload web");

  fake_engine_set_reload (fixture->engine, "shop", "web", "2 of 3: web.2", "");
  WAIT_UNTIL (shows (get_bar (fixture), "Reloading 2 of 3: web.2"));
  WAIT_UNTIL (!is_enabled (fixture, "reload") && is_enabled (fixture, "cancel-reload"));
  worker = fake_engine_get_worker (fixture->engine, "web.2");
  troupe_bus_worker1_set_state_reason (worker, "reload: run 5 is to take over, not ready yet");
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
  WAIT_UNTIL (shows (get_bar (fixture), "Reloading 2 of 3: web.2 (run 5 is to take over, not ready yet)"));
  click (GTK_WIDGET (get_bar (fixture)), "Cancel");
  fake_engine_wait_for_call (fixture->engine, "Program1.CancelReload web");

  fake_engine_set_reload (fixture->engine, "shop", "web", "", "web.2: run 5 is not ready: it does not listen");
  WAIT_UNTIL (shows (get_page (fixture), "The reload failed: web.2: run 5 is not ready: it does not listen."));
  WAIT_UNTIL (!shows (get_bar (fixture), "Reloading"));
  fake_engine_set_reload (fixture->engine, "shop", "web", "1 of 3: web.1", "");
  WAIT_UNTIL (!shows (get_page (fixture), "The reload failed"));

  /* What the person has hidden stays so, and comes again with the next failure. */
  fake_engine_set_reload (fixture->engine, "shop", "web", "", "web.1 failed");
  WAIT_UNTIL (shows (get_page (fixture), "The reload failed: web.1 failed."));
  hide_notice (fixture, "The reload failed");
  WAIT_UNTIL (!shows (get_page (fixture), "The reload failed"));
  show_worker (fixture, "shop/web.2");
  show_program (fixture, "shop/web");
  g_assert_false (shows (get_page (fixture), "The reload failed"));
  fake_engine_set_reload (fixture->engine, "shop", "web", "1 of 3: web.1", "");
  WAIT_UNTIL (shows (get_bar (fixture), "Reloading 1 of 3"));
  fake_engine_set_reload (fixture->engine, "shop", "web", "", "web.1 failed");
  WAIT_UNTIL (shows (get_page (fixture), "The reload failed: web.1 failed."));
}

static void
test_port_of_ours (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "shop", "old", "old.js", 1);
  fake_engine_set_running (fixture->engine, "old", 3);
  open_cluster (fixture, 3);
  fake_engine_set_port_problem (fixture->engine, "shop", "web", "tcp:127.0.0.1:8000 is taken by Troupe's program “shop/old”",
                                "tcp:127.0.0.1:8001", "shop/old");
  /* Also where one looks at the worker that failed. */
  show_worker (fixture, "shop/web.2");
  WAIT_UNTIL (shows (get_page (fixture), "is taken by Troupe's program “shop/old”."));
  click (GTK_WIDGET (get_page (fixture)), "Stop “old” and Start");
  fake_engine_wait_for_call (fixture->engine, "Program1.Stop old");
  g_assert_false (fake_engine_was_called (fixture->engine, "Program1.Start web"));
  fake_engine_set_ended (fixture->engine, "old", "stopped", -1, "SIGTERM", "Stopped");
  fake_engine_wait_for_call (fixture->engine, "Program1.Start web");
  fake_engine_set_port_problem (fixture->engine, "shop", "web", NULL, NULL, NULL);
  WAIT_UNTIL (!shows (get_page (fixture), "is taken by"));
}

static void
test_port_of_another (Fixture *fixture, gconstpointer data)
{
  open_cluster (fixture, 3);
  fake_engine_set_port_problem (fixture->engine, "shop", "web", "tcp:8000 is taken by process 12 (nginx)",
                                "tcp:8001", NULL);
  WAIT_UNTIL (shows (get_page (fixture), "tcp:8000 is taken by process 12 (nginx)."));
  g_assert_null (find_button (GTK_WIDGET (get_page (fixture)), "and Start"));
  fake_engine_set_program_problem (fixture->engine, "Nothing is free any more");
  click (GTK_WIDGET (get_page (fixture)), "Use *:8001");
  fake_engine_wait_for_call (fixture->engine, "Program1.UseFreePort web");
  WAIT_UNTIL (shows (fixture->window, "Nothing is free any more"));
}

static void
test_notes (Fixture *fixture, gconstpointer data)
{
  open_cluster (fixture, 3);
  /* What Troupe does in place of the script is no news. */
  fake_engine_set_note (fixture->engine, "shop", "web", "primary-branch", 3, "This part forks the workers");
  activate (fixture, "win.show-details");
  WAIT_UNTIL (shows (get_page (fixture), "Line 3: This part forks the workers."));
  activate (fixture, "win.show-output");
  WAIT_UNTIL (!shows (get_page (fixture), "This part forks the workers"));
  fake_engine_set_note (fixture->engine, "shop", "web", "primary-logic", 7, "This part does not run");
  WAIT_UNTIL (shows (get_page (fixture), "Line 7: This part does not run."));
  hide_notice (fixture, "This part does not run");
  WAIT_UNTIL (!shows (get_page (fixture), "This part does not run"));
}

static void
text_read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  *(char **) user_data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (object), result, NULL);
}

static void
test_addresses (Fixture *fixture, gconstpointer data)
{
  GdkClipboard *clipboard;
  g_autofree char *text = NULL;

  open_cluster (fixture, 1);
  WAIT_UNTIL (shows (get_bar (fixture), "127.0.0.1:8000"));
  /* What no browser can show is copied. */
  click (GTK_WIDGET (get_bar (fixture)), "/run/shop.sock");
  WAIT_UNTIL (shows (fixture->window, "Copied"));
  clipboard = gtk_widget_get_clipboard (GTK_WIDGET (fixture->window));
  gdk_clipboard_read_text_async (clipboard, NULL, text_read_cb, &text);
  WAIT_UNTIL (text != NULL);
  g_assert_cmpstr (text, ==, "/run/shop.sock");
  /* Nobody here opens anything; the person is told. */
  click (GTK_WIDGET (get_bar (fixture)), "127.0.0.1:8000");
  WAIT_UNTIL (shows (fixture->window, "http://127.0.0.1:8000/ could not be opened"));

  activate (fixture, "win.show-details");
  WAIT_UNTIL (shows (get_page (fixture), "Listens on"));
}

int
main (int argc, char *argv[])
{
  fixture_init (&argc, &argv);
  TEST ("/ui/cluster/workers-are-a-table", test_table, NULL);
  TEST ("/ui/cluster/menu-of-a-row-means-the-row", test_menu_of_a_row, NULL);
  TEST ("/ui/cluster/scales-and-takes-it-back", test_scale, NULL);
  TEST ("/ui/cluster/scale-is-not-lost-in-a-change-of-view", test_scale_of_another, NULL);
  TEST ("/ui/cluster/scale-that-fails-is-told", test_scale_fails, NULL);
  TEST ("/ui/cluster/reload-shows-where-it-is", test_reload, NULL);
  TEST ("/ui/cluster/addresses-are-opened-or-copied", test_addresses, NULL);
  TEST ("/ui/cluster/port-that-troupe-holds-can-be-freed", test_port_of_ours, NULL);
  TEST ("/ui/cluster/port-of-others-can-be-avoided", test_port_of_another, NULL);
  TEST ("/ui/cluster/tells-what-of-the-script-does-not-run", test_notes, NULL);
  return g_test_run ();
}
