/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The window against a fake engine, on a headless display. */

#include "config.h"

#include "window-fixture.h"

#include "frames.h"

#include "client/subject.h"
#include "dialogs/launch-dialog.h"
#include "dialogs/preferences.h"
#include "dialogs/project-dialog.h"
#include "dialogs/recent-launches.h"
#include "journal/journal-writer.h"
#include "pages/table-column.h"
#include "parts/input-history.h"
#include "parts/find-bar.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_first_run (Fixture *fixture, gconstpointer data)
{
  open_window (fixture, 1100, 700);
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (fixture->window), "first-run") == 0);
  WAIT_UNTIL (shows (fixture->window, "Try the Demo"));
  fake_engine_add_program (fixture->engine, "default", "find", "find /", 1);
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (fixture->window), "overview") == 0);
}

static void
test_many_workers (Fixture *fixture, gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  GListModel *rows;

  fake_engine_add_program (fixture->engine, "shop", "web", "node server.js", n);
  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *name = n == 1 ? g_strdup ("web") : g_strdup_printf ("web.%u", i);

      fake_engine_set_running (fixture->engine, name, i);
    }
  open_window (fixture, 1100, 700);
  rows = troupe_sidebar_get_rows (troupe_window_get_sidebar (fixture->window));
  /* The overview, the project, and the program unless its only worker stands for it. */
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 2 + n + (n > 1));
  for (guint i = 0; i < 3; i++)
    {
      fake_engine_emit_stats (fixture->engine, 10 * i);
      WAIT_UNTIL (troupe_client_get_machine (fixture->client)->cpu_percent == 20 * i);
    }
  WAIT_UNTIL (shows (fixture->window, "MB"));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (
                        gtk_column_view_get_model (troupe_overview_page_get_table (
                            troupe_window_get_overview (fixture->window))))),
                    ==, n);
}

/* Many at once, before the eyes of the person. */
static void
test_many_arrive (Fixture *fixture, gconstpointer data)
{
  GListModel *rows;
  guint n = GPOINTER_TO_UINT (data);

  open_window (fixture, 1100, 700);
  fake_engine_add_program (fixture->engine, "default", "other", "other", 1);
  WAIT_UNTIL (troupe_client_find_worker (fixture->client, "default/other") != NULL);
  fake_engine_add_program (fixture->engine, "alpha", "web", "web", n);
  rows = troupe_sidebar_get_rows (troupe_window_get_sidebar (fixture->window));
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 3 + 2 + n);
  fake_engine_remove_program (fixture->engine, "alpha", "web");
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 3);
}

/* A spinner that turns where nobody sees it draws a frame sixty times a second. */
static void
assert_no_hidden_spinner (GtkWidget *widget)
{
  if (GTK_IS_SPINNER (widget) && !gtk_widget_get_mapped (widget))
    g_assert_false (gtk_spinner_get_spinning (GTK_SPINNER (widget)));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    assert_no_hidden_spinner (child);
}

static void
test_nothing_turns_unseen (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 3);
  open_window (fixture, 1100, 700);
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (fixture->window), "overview") == 0);
  assert_no_hidden_spinner (GTK_WIDGET (fixture->window));
}

static void
test_selection_survives (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeSubject) before = NULL, after = NULL;
  TroupeSidebar *sidebar;

  fake_engine_add_program (fixture->engine, "shop", "web", "web", 3);
  fake_engine_set_running (fixture->engine, "web.2", 3);
  open_window (fixture, 1100, 700);
  sidebar = troupe_window_get_sidebar (fixture->window);
  show_worker (fixture, "shop/web.2");
  before = troupe_sidebar_dup_subject (sidebar);

  fake_engine_add_program (fixture->engine, "alpha", "first", "first", 2);
  fake_engine_set_ended (fixture->engine, "web.2", "failed", 1, "", "Exited with code 1");
  fake_engine_emit_stats (fixture->engine, 3);
  WAIT_UNTIL (troupe_client_find_worker (fixture->client, "alpha/first.2") != NULL);
  WAIT_UNTIL (shows (troupe_window_get_worker_page (fixture->window), "Exited with code 1"));
  /* What failed may be mended from there; what ended well needs it not. */
  WAIT_UNTIL (shows (troupe_window_get_worker_page (fixture->window), "Edit…"));
  fake_engine_set_ended (fixture->engine, "web.2", "exited", 0, "", "Exited with code 0");
  WAIT_UNTIL (shows (troupe_window_get_worker_page (fixture->window), "Exited with code 0"));
  g_assert_false (shows (troupe_window_get_worker_page (fixture->window), "Edit…"));
  after = troupe_sidebar_dup_subject (sidebar);
  g_assert_true (troupe_subject_equal (before, after));

  /* What vanishes falls out, and the overview comes back. */
  fake_engine_remove_program (fixture->engine, "shop", "web");
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (fixture->window), "overview") == 0);
}

static void
test_actions (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "default", "job", "sleep 60", 1);
  fake_engine_set_running (fixture->engine, "job", 3);
  open_window (fixture, 1100, 700);
  g_assert_false (is_enabled (fixture, "stop"));
  show_worker (fixture, "default/job");
  WAIT_UNTIL (is_enabled (fixture, "stop"));
  g_assert_false (is_enabled (fixture, "start"));

  activate (fixture, "win.stop");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Stop job");
  activate (fixture, "win.restart");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Restart job");
  activate (fixture, "win.kill");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Kill job");
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (fixture->window), "win.signal", "s", "SIGUSR1"));
  fake_engine_wait_for_call (fixture->engine, "Worker1.Signal job SIGUSR1");

  fake_engine_set_ended (fixture->engine, "job", "stopped", -1, "SIGTERM", "Stopped");
  WAIT_UNTIL (is_enabled (fixture, "start") && !is_enabled (fixture, "stop") && !is_enabled (fixture, "signal"));
  activate (fixture, "win.start");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Start job");

  activate (fixture, "win.remove");
  fake_engine_wait_for_call (fixture->engine, "Program1.Remove job");
  WAIT_UNTIL (shows (fixture->window, "Undo"));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (fixture->window), "win.undo-remove", "t", (guint64) 7));
  fake_engine_wait_for_call (fixture->engine, "Engine1.UndoRemove");
}

static void
test_stopping_explains (Fixture *fixture, gconstpointer data)
{
  TroupeBusWorker1 *worker;

  fake_engine_add_program (fixture->engine, "default", "job", "sleep 60", 1);
  fake_engine_set_running (fixture->engine, "job", 3);
  open_window (fixture, 1100, 700);
  show_worker (fixture, "default/job");
  worker = fake_engine_get_worker (fixture->engine, "job");
  troupe_bus_worker1_set_state (worker, "stopping");
  troupe_bus_worker1_set_state_reason (worker, "waits for 2 processes, SIGKILL in 8 s");
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (worker));
  WAIT_UNTIL (shows (fixture->window, "waits for 2 processes, SIGKILL in 8 s"));
  WAIT_UNTIL (shows (fixture->window, "Stopping"));
}

static void
test_input (Fixture *fixture, gconstpointer data)
{
  TroupeInputHistory *history = troupe_input_history_new ();

  g_assert_null (troupe_input_history_older (history, ""));
  troupe_input_history_add (history, "one");
  troupe_input_history_add (history, "two");
  troupe_input_history_add (history, "two");
  g_assert_cmpstr (troupe_input_history_older (history, "dra"), ==, "two");
  g_assert_cmpstr (troupe_input_history_older (history, "two"), ==, "one");
  g_assert_null (troupe_input_history_older (history, "one"));
  g_assert_cmpstr (troupe_input_history_newer (history), ==, "two");
  g_assert_cmpstr (troupe_input_history_newer (history), ==, "dra");
  g_assert_null (troupe_input_history_newer (history));
  troupe_input_history_free (history);
}

static void
test_launch_errors (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog;
  g_autoptr (GPtrArray) recent = NULL;

  open_window (fixture, 1100, 700);
  fake_engine_set_problem (fixture->engine, "command", "“nodee”: not found on the PATH");
  activate (fixture, "win.launch");
  dialog = TROUPE_LAUNCH_DIALOG (wait_for_dialog (TROUPE_TYPE_LAUNCH_DIALOG));
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "nodee x");
  WAIT_UNTIL (shows (dialog, "not found on the PATH"));
  g_assert_cmpstr (troupe_launch_dialog_get_error (dialog, "command"), !=, "");
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (troupe_launch_dialog_get_command (dialog)), "error"));

  /* With an error nothing is launched. */
  troupe_launch_dialog_launch (dialog);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Check nodee x");
  g_assert_false (fake_engine_was_called (fixture->engine, "Engine1.Launch nodee x"));

  /* An error of a folded field unfolds it. */
  fake_engine_set_problem (fixture->engine, "cwd", "The folder “/nowhere” does not exist");
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "node y");
  WAIT_UNTIL (shows (dialog, "/nowhere"));
  g_assert_cmpstr (troupe_launch_dialog_get_error (dialog, "command"), ==, "");

  fake_engine_set_problem (fixture->engine, NULL, NULL);
  /* What only a shell understands is offered to one; quotes hide it. */
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "echo 'a | b'");
  g_assert_false (shows (dialog, "line for the shell"));
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "seq 5 | tac");
  WAIT_UNTIL (shows (dialog, "line for the shell"));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (troupe_launch_dialog_get_command (dialog)),
                                             "launch.use-shell", NULL));
  WAIT_UNTIL (!shows (dialog, "line for the shell"));
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "sleep 5");
  troupe_launch_dialog_launch (dialog);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Launch sleep 5");
  WAIT_UNTIL (g_strcmp0 (troupe_window_get_page (fixture->window), "worker") == 0);
  recent = troupe_recent_launches_dup_matching (fixture->settings, "SLEEP", 5);
  g_assert_cmpuint (recent->len, ==, 1);
}

static void
test_open_project (Fixture *fixture, gconstpointer data)
{
  TroupeProjectDialog *dialog;

  open_window (fixture, 1100, 700);
  troupe_window_open_project (fixture->window, "/srv/shop.troupe", FALSE);
  dialog = TROUPE_PROJECT_DIALOG (wait_for_dialog (TROUPE_TYPE_PROJECT_DIALOG));
  WAIT_UNTIL (troupe_project_dialog_get_n_programs (dialog) == 2);
  WAIT_UNTIL (shows (dialog, "./api --port 8080"));
  WAIT_UNTIL (shows (dialog, "unknown key “prot”"));
  g_assert_false (fake_engine_was_called (fixture->engine, "Engine1.OpenProject+start /srv/shop.troupe"));
  g_assert_false (fake_engine_was_called (fixture->engine, "Program1.Start api"));
  troupe_project_dialog_start_all (dialog);
  fake_engine_wait_for_call (fixture->engine, "Engine1.OpenProject+start /srv/shop.troupe");
}

static void
test_details (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "default", "job", "node server.js --port 8080", 1);
  fake_engine_set_running (fixture->engine, "job", 3);
  fake_engine_set_running (fixture->engine, "job", 3);
  open_window (fixture, 1100, 900);
  show_worker (fixture, "default/job");
  activate (fixture, "win.show-details");
  WAIT_UNTIL (shows (fixture->window, "node server.js --port 8080"));
  WAIT_UNTIL (shows (fixture->window, "production"));
  g_assert_true (shows (fixture->window, "API_TOKEN"));
  g_assert_false (shows (fixture->window, "s3cret"));
  WAIT_UNTIL (shows (fixture->window, "node helper.js --watch"));
  WAIT_UNTIL (shows (fixture->window, "Exited with code 1 after 2.3 s"));
}

static void
test_narrow (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 3);
  open_window (fixture, 400, 700);
  WAIT_UNTIL (troupe_window_is_narrow (fixture->window));
  fake_engine_emit_stats (fixture->engine, 10);
  WAIT_UNTIL (troupe_client_get_machine (fixture->client)->cores > 0);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (fixture->window));
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (fixture->window)), <=, 400);
  /* The way to the list and back. */
  WAIT_UNTIL (is_enabled (fixture, "show-sidebar"));
  g_action_group_change_action_state (G_ACTION_GROUP (fixture->window), "show-sidebar", g_variant_new_boolean (TRUE));
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (troupe_window_get_sidebar (fixture->window))));
  g_signal_emit_by_name (troupe_window_get_sidebar (fixture->window), "activated");
  WAIT_UNTIL (!gtk_widget_get_mapped (GTK_WIDGET (troupe_window_get_sidebar (fixture->window))));
}

/* A warning ends the test. */
static void
test_shortcuts (Fixture *fixture, gconstpointer data)
{
  GtkWindow *dialog;

  open_window (fixture, 1100, 700);
  activate (fixture, "win.show-help-overlay");
  dialog = wait_for_dialog (GTK_TYPE_SHORTCUTS_WINDOW);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (dialog));
  g_assert_true (shows (dialog, "Launch a program"));
  gtk_window_close (dialog);
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_assert_cmpint (g_unlink (file), ==, 0);
    }
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

/* A warning ends the test: GTK warns when it draws a widget that waits for its new size. */
static void
test_resizing (Fixture *fixture, gconstpointer data)
{
  static const int widths[] = { 640, 1000, 640, 400, 1100, 640, 1500 };
  g_autofree char *dir = g_dir_make_tmp ("troupe-window-XXXXXX", NULL);
  TroupeJournalWriter *output;

  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, NULL, &output), ==, 0);
  for (int i = 0; i < 100; i++)
    {
      g_autofree char *line = g_strdup_printf ("%d %0100d\n", i, i);

      g_assert_cmpint (troupe_journal_writer_append (output, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, i + 1, line,
                                                     strlen (line)),
                       ==, 0);
    }
  troupe_journal_writer_close (output);
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 3);
  fake_engine_set_running (fixture->engine, "web.1", 3);
  fake_engine_set_journal (fixture->engine, "web.1", dir);
  open_window (fixture, 1100, 700);
  show_worker (fixture, "shop/web.1");
  WAIT_UNTIL (troupe_log_view_get_n_rows (troupe_output_page_get_log_view (
                  troupe_worker_page_get_output (troupe_window_get_worker_page (fixture->window)))) == 100);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (widths); i++)
    {
      int width = widths[i % G_N_ELEMENTS (widths)];

      gtk_window_set_default_size (GTK_WINDOW (fixture->window), width, 700);
      /* GTK counts the shadow in one of the two. */
      WAIT_UNTIL (ABS (gtk_widget_get_width (GTK_WIDGET (fixture->window)) - width) < 40);
      WAIT_UNTIL (troupe_window_is_narrow (fixture->window) == (width < 700));
      /* While the sidebar slides. */
      wait_for_frames (GTK_WIDGET (fixture->window), 8);
    }
  remove_folder (dir);
}

static void
test_wide_does_not_fold (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 3);
  open_window (fixture, 1100, 700);
  WAIT_UNTIL (gtk_widget_get_width (GTK_WIDGET (fixture->window)) >= 1000);
  g_assert_false (troupe_window_is_narrow (fixture->window));
  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (troupe_window_get_sidebar (fixture->window))));
}

static void
test_engine_lost (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 2);
  fake_engine_set_running (fixture->engine, "web.1", 3);
  open_window (fixture, 1100, 700);
  show_worker (fixture, "shop/web.1");
  WAIT_UNTIL (is_enabled (fixture, "stop"));
  fake_engine_free (fixture->engine);
  fixture->engine = NULL;
  WAIT_UNTIL (shows (fixture->window, "Your workers keep running"));
  g_assert_false (is_enabled (fixture, "stop"));
  /* What was picked stays on view. */
  g_assert_cmpstr (troupe_window_get_page (fixture->window), ==, "worker");

  fixture->engine = fake_engine_new (fixture->engine_connection);
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 2);
  fake_engine_set_running (fixture->engine, "web.1", 3);
  WAIT_UNTIL (is_enabled (fixture, "stop"));
  g_assert_cmpstr (troupe_window_get_page (fixture->window), ==, "worker");
}

static void
test_filter (Fixture *fixture, gconstpointer data)
{
  TroupeSidebar *sidebar;
  GListModel *rows;
  GtkWidget *entry;

  fake_engine_add_program (fixture->engine, "shop", "web", "node server.js", 3);
  fake_engine_add_program (fixture->engine, "shop", "mailer", "python3 mail.py", 1);
  open_window (fixture, 1100, 700);
  sidebar = troupe_window_get_sidebar (fixture->window);
  rows = troupe_sidebar_get_rows (sidebar);
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 7);
  troupe_sidebar_focus_filter (sidebar);
  entry = gtk_root_get_focus (GTK_ROOT (fixture->window));
  g_assert_true (GTK_IS_EDITABLE (entry));
  gtk_editable_set_text (GTK_EDITABLE (entry), "MAIL");
  /* The project and the worker; others hide, also in the table. */
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 2);
  gtk_editable_set_text (GTK_EDITABLE (entry), "nothing like it");
  WAIT_UNTIL (shows (fixture->window, "Nothing matches the filter"));
  g_object_set (sidebar, "filter-shown", FALSE, NULL);
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 7);
}

static void
test_rows_open (Fixture *fixture, gconstpointer data)
{
  GtkSelectionModel *model;
  g_autoptr (GtkTreeListRow) row = NULL;

  fake_engine_add_program (fixture->engine, "default", "web", "web", 1);
  fake_engine_set_running (fixture->engine, "web", 3);
  open_window (fixture, 1100, 700);
  model = gtk_column_view_get_model (
      troupe_overview_page_get_table (troupe_window_get_overview (fixture->window)));
  WAIT_UNTIL (g_list_model_get_n_items (G_LIST_MODEL (model)) == 1);
  g_assert_false (fake_engine_was_called (fixture->engine, "Worker1.Processes web"));
  row = g_list_model_get_item (G_LIST_MODEL (model), 0);
  gtk_tree_list_row_set_expanded (row, TRUE);
  WAIT_UNTIL (g_list_model_get_n_items (G_LIST_MODEL (model)) == 3);
  WAIT_UNTIL (shows (fixture->window, "node helper.js --watch"));
}

static void
test_columns (Fixture *fixture, gconstpointer data)
{
  TroupeWorkerItem *a, *b;
  g_autofree char *exit_text = NULL, *cpu = NULL;

  fake_engine_add_program (fixture->engine, "default", "job-2", "job", 1);
  fake_engine_add_program (fixture->engine, "default", "job-10", "job", 1);
  fake_engine_set_running (fixture->engine, "job-2", 3);
  fake_engine_set_running (fixture->engine, "job-10", 1);
  fake_engine_set_ended (fixture->engine, "job-10", "failed", -1, "SIGSEGV", "");
  open_window (fixture, 1100, 700);
  fake_engine_emit_stats (fixture->engine, 40);
  a = troupe_client_find_worker (fixture->client, "default/job-2");
  b = troupe_client_find_worker (fixture->client, "default/job-10");
  WAIT_UNTIL (troupe_worker_item_get_cpu_percent (a) > 0);
  /* Numbers in names count as numbers. */
  g_assert_cmpint (troupe_column_compare (TROUPE_COLUMN_NAME, G_OBJECT (a), G_OBJECT (b)), <, 0);
  g_assert_cmpint (troupe_column_compare (TROUPE_COLUMN_CPU, G_OBJECT (a), G_OBJECT (b)), >, 0);
  exit_text = troupe_column_dup_text (TROUPE_COLUMN_EXIT, G_OBJECT (b), 1);
  g_assert_cmpstr (exit_text, ==, "SIGSEGV");
  cpu = troupe_column_dup_text (TROUPE_COLUMN_CPU, G_OBJECT (b), 1);
  g_assert_cmpstr (cpu, ==, "");
}

static void
test_preferences (Fixture *fixture, gconstpointer data)
{
  GtkWindow *preferences;

  open_window (fixture, 1100, 700);
  preferences = troupe_preferences_show (GTK_WINDOW (fixture->window), fixture->settings);
  WAIT_UNTIL (shows (preferences, "Refresh Interval"));
  g_settings_set_string (fixture->settings, "output-time-stamps", "clock");
  g_assert_cmpint (troupe_log_view_get_time_stamps (troupe_output_page_get_log_view (
                       troupe_worker_page_get_output (troupe_window_get_worker_page (fixture->window)))),
                   ==, TROUPE_LOG_TIMES_CLOCK);
  g_settings_reset (fixture->settings, "output-time-stamps");
  gtk_window_destroy (preferences);
}

static gboolean
is_icon_button (GtkWidget *widget)
{
  return (GTK_IS_BUTTON (widget) && gtk_button_get_icon_name (GTK_BUTTON (widget)) != NULL) ||
         (GTK_IS_MENU_BUTTON (widget) && gtk_menu_button_get_icon_name (GTK_MENU_BUTTON (widget)) != NULL);
}

/* Each icon button of ours says what it does, on hover and to a screen reader. */
static void
assert_buttons_have_names (GtkWidget *widget)
{
  if (is_icon_button (widget) && gtk_widget_get_tooltip_text (widget) != NULL)
    {
      g_autofree char *mismatch = gtk_test_accessible_check_property (
          GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, gtk_widget_get_tooltip_text (widget));

      /* Some have a shorter name of their own; none may have none. */
      if (mismatch != NULL && strstr (mismatch, "(null)") != NULL)
        g_error ("%s has no accessible name", gtk_widget_get_tooltip_text (widget));
    }
  else if (is_icon_button (widget) && gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)) != NULL &&
           g_str_has_prefix (gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)), "win."))
    g_error ("the button of %s has no tooltip", gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    assert_buttons_have_names (child);
}

static void
test_buttons_have_names (Fixture *fixture, gconstpointer data)
{
  fake_engine_add_program (fixture->engine, "default", "job", "sleep 60", 1);
  fake_engine_set_running (fixture->engine, "job", 3);
  open_window (fixture, 1100, 700);
  show_worker (fixture, "default/job");
  assert_buttons_have_names (GTK_WIDGET (fixture->window));
}

static void
test_active_only_while_shown (Fixture *fixture, gconstpointer data)
{
  open_window (fixture, 1100, 700);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Subscribe");
  gtk_widget_set_visible (GTK_WIDGET (fixture->window), FALSE);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Unsubscribe");
}

static void
count_cb (guint *n)
{
  (*n)++;
}

/* What one looks for in output and in messages. */
static void
test_find_bar (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = gtk_window_new ();
  TroupeFindBar *bar = g_object_new (TROUPE_TYPE_FIND_BAR, "has-steps", TRUE, "placeholder", "Find", NULL);
  GtkEditable *entry = troupe_find_bar_get_entry (bar);
  guint n_changed = 0, n_next = 0, n_dismissed = 0, before;

  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (bar));
  gtk_window_present (GTK_WINDOW (window));
  g_signal_connect_swapped (bar, "changed", G_CALLBACK (count_cb), &n_changed);
  g_signal_connect_swapped (bar, "next", G_CALLBACK (count_cb), &n_next);
  g_signal_connect_swapped (bar, "dismissed", G_CALLBACK (count_cb), &n_dismissed);

  troupe_find_bar_open (bar);
  WAIT_UNTIL (n_changed > 0 && gtk_widget_get_mapped (GTK_WIDGET (entry)));
  before = n_changed;
  gtk_editable_set_text (entry, "err(or");
  WAIT_UNTIL (n_changed > before);
  g_assert_cmpstr (troupe_find_bar_get_text (bar), ==, "err(or");

  /* How to search is part of what changed. */
  before = n_changed;
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (entry), "find.match-regex", NULL));
  g_assert_cmpuint (n_changed, >, before);
  g_assert_true (troupe_find_bar_get_match_regex (bar));
  g_assert_false (troupe_find_bar_get_match_case (bar));
  troupe_find_bar_set_error (bar, "missing closing parenthesis");
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (entry), "error"));
  troupe_find_bar_set_error (bar, NULL);
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (entry), "error"));
  troupe_find_bar_set_count (bar, "3 of 17");
  WAIT_UNTIL (shows (bar, "3 of 17"));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (entry), "find.next", NULL));
  g_assert_cmpuint (n_next, ==, 1);

  /* Left with Escape it looks for nothing any more. */
  g_signal_emit_by_name (entry, "stop-search");
  g_assert_cmpuint (n_dismissed, ==, 1);
  g_assert_cmpstr (troupe_find_bar_get_text (bar), ==, "");
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char *argv[])
{
  fixture_init (&argc, &argv);
  TEST ("/ui/window/first-run-names-the-next-step", test_first_run, NULL);
  TEST ("/ui/window/shows-1-worker", test_many_workers, GUINT_TO_POINTER (1));
  TEST ("/ui/window/shows-12-workers", test_many_workers, GUINT_TO_POINTER (12));
  TEST ("/ui/window/shows-500-workers", test_many_workers, GUINT_TO_POINTER (500));
  TEST ("/ui/window/500-workers-come-and-go", test_many_arrive, GUINT_TO_POINTER (500));
  TEST ("/ui/window/nothing-turns-unseen", test_nothing_turns_unseen, NULL);
  TEST ("/ui/window/selection-survives-refreshes", test_selection_survives, NULL);
  TEST ("/ui/window/actions-call-the-engine", test_actions, NULL);
  TEST ("/ui/window/stopping-says-whom-it-waits-for", test_stopping_explains, NULL);
  TEST ("/ui/window/input-remembers-lines", test_input, NULL);
  TEST ("/ui/window/launch-errors-stand-beside-their-field", test_launch_errors, NULL);
  TEST ("/ui/window/opening-a-project-runs-nothing", test_open_project, NULL);
  TEST ("/ui/window/details-mask-secrets", test_details, NULL);
  TEST ("/ui/window/narrow-folds-the-sidebar", test_narrow, NULL);
  TEST ("/ui/window/resizes-without-warnings", test_resizing, NULL);
  TEST ("/ui/window/shortcuts", test_shortcuts, NULL);
  TEST ("/ui/window/wide-keeps-the-sidebar", test_wide_does_not_fold, NULL);
  TEST ("/ui/window/lost-engine-keeps-what-is-on-view", test_engine_lost, NULL);
  TEST ("/ui/window/filter-hides-the-rest", test_filter, NULL);
  TEST ("/ui/window/rows-open-into-processes", test_rows_open, NULL);
  TEST ("/ui/window/columns-sort-and-tell", test_columns, NULL);
  TEST ("/ui/window/preferences-take-effect", test_preferences, NULL);
  TEST ("/ui/window/find-bar-tells-what-and-how", test_find_bar, NULL);
  TEST ("/ui/window/buttons-have-names", test_buttons_have_names, NULL);
  TEST ("/ui/window/asks-for-figures-only-while-shown", test_active_only_while_shown, NULL);
  return g_test_run ();
}
