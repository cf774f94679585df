/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The conversation in the window, over a journal that the test writes, with a fake engine. */

#include "config.h"

#include "fake-engine.h"
#include "frames.h"
#include "message-journal.h"

#include <string.h>

#include "messages/saved-messages.h"
#include "window/window.h"

static AdwApplication *application;

typedef struct
{
  GDBusConnection *engine_connection, *client_connection;
  FakeEngine *engine;
  TroupeClient *client;
  GSettings *settings;
  TroupeWindow *window;
  MessageJournal journal;
  TroupeMessagesPage *page;
  TroupeMessageList *list;
  TroupeComposer *composer;
} Fixture;

static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* The tick lets a condition be seen that no event of its own announces. */
#define WAIT_UNTIL(condition)                          \
  G_STMT_START                                         \
  {                                                    \
    guint tick_ = g_timeout_add (10, tick_cb, NULL);   \
    while (!(condition))                               \
      g_main_context_iteration (NULL, TRUE);           \
    g_source_remove (tick_);                           \
  }                                                    \
  G_STMT_END

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

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const links[] = { NULL };

  fixture->engine_connection = connect_to_bus ();
  fixture->client_connection = connect_to_bus ();
  fixture->engine = fake_engine_new (fixture->engine_connection);
  fixture->client = troupe_client_new (fixture->client_connection);
  fixture->settings = g_settings_new (TROUPE_APP_ID);
  message_journal_init (&fixture->journal);
  fake_engine_add_project (fixture->engine, "shop", "/srv/shop.troupe");
  fake_engine_add_program (fixture->engine, "shop", "prime", "worker.js", 3);
  fake_engine_make_fork (fixture->engine, "shop", "prime", links);
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 1);
  fake_engine_set_running (fixture->engine, "prime.1", 10);
  fake_engine_set_running (fixture->engine, "prime.2", 10);
  fake_engine_set_running (fixture->engine, "web", 10);
  fake_engine_set_channel (fixture->engine, "prime.1", "open");
  fake_engine_set_channel (fixture->engine, "prime.2", "open");
  fake_engine_set_journal (fixture->engine, "prime.1", fixture->journal.dir);
}

/* Opens the window on the worker's messages and waits until they are drawn. */
static void
show (Fixture *fixture, int width, int height)
{
  TroupeWorkerPage *worker_page;

  g_settings_set_int (fixture->settings, "window-width", width);
  g_settings_set_int (fixture->settings, "window-height", height);
  fixture->window = troupe_window_new (GTK_APPLICATION (application), fixture->client, fixture->settings);
  worker_page = troupe_window_get_worker_page (fixture->window);
  fixture->page = troupe_worker_page_get_messages (worker_page);
  fixture->list = troupe_messages_page_get_list (fixture->page);
  fixture->composer = troupe_messages_page_get_composer (fixture->page);
  gtk_window_present (GTK_WINDOW (fixture->window));
  troupe_client_start (fixture->client);
  WAIT_UNTIL (troupe_client_find_worker (fixture->client, "shop/prime.1") != NULL &&
              troupe_window_show_worker (fixture->window, "shop/prime.1"));
  troupe_worker_page_show (worker_page, "messages");
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (fixture->list)) &&
              gtk_widget_get_height (GTK_WIDGET (fixture->list)) > 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  GWeakRef weak;

  gtk_window_destroy (GTK_WINDOW (fixture->window));
  WAIT_UNTIL (gtk_application_get_windows (GTK_APPLICATION (application)) == NULL);
  g_weak_ref_init (&weak, fixture->client);
  g_object_run_dispose (G_OBJECT (fixture->client));
  g_object_unref (fixture->client);
  for (;;)
    {
      g_autoptr (GObject) alive = g_weak_ref_get (&weak);

      if (alive == NULL)
        break;
      g_clear_object (&alive);
      g_main_context_iteration (NULL, TRUE);
    }
  g_weak_ref_clear (&weak);
  g_settings_reset (fixture->settings, "saved-messages");
  g_settings_reset (fixture->settings, "messages-open");
  g_object_unref (fixture->settings);
  fake_engine_free (fixture->engine);
  g_object_unref (fixture->engine_connection);
  g_object_unref (fixture->client_connection);
  message_journal_clear (&fixture->journal);
}

static guint
count_rows (Fixture *fixture)
{
  guint n = 0;

  while (troupe_message_list_get_row (fixture->list, n) != NULL)
    n++;
  return n;
}

static TroupeMessageRow *
get_last_row (Fixture *fixture)
{
  guint n = count_rows (fixture);

  return n > 0 ? troupe_message_list_get_row (fixture->list, n - 1) : NULL;
}

/* The row in view whose text contains TEXT. */
static TroupeMessageRow *
find_row (Fixture *fixture, const char *text)
{
  TroupeMessageRow *row;

  for (guint i = 0; (row = troupe_message_list_get_row (fixture->list, i)) != NULL; i++)
    if (strstr (troupe_message_row_get_text (row), text) != NULL)
      return row;
  return NULL;
}

static guint
count_children (GtkWidget *widget)
{
  guint n = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    n++;
  return n;
}

static void
activate (gpointer widget, const char *action)
{
  g_assert_true (gtk_widget_activate_action (widget, action, NULL));
}

static void
test_kinds (Fixture *fixture, gconstpointer data)
{
  message_journal_add_zoo (&fixture->journal);
  show (fixture, 1100, 900);
  WAIT_UNTIL (find_row (fixture, "closed its channel") != NULL);
  g_assert_nonnull (find_row (fixture, "{\"hello\": \"world\"}"));
  g_assert_nonnull (find_row (fixture, "{\"order\": 17, \"items\": [\"tea\", \"bread\"]}"));
  g_assert_nonnull (find_row (fixture, "Warning: this line is no JSON {oops"));
  g_assert_nonnull (find_row (fixture, "was dropped: it is too long"));
  g_assert_null (find_row (fixture, "starting"));
  g_assert_cmpstr (troupe_message_row_get_round_trip (find_row (fixture, "\"parent\"")), ==, "↺ 1.8 ms");
  g_assert_cmpstr (troupe_message_row_get_round_trip (find_row (fixture, "thanks")), ==, "↺ 420 ms");
  g_assert_cmpstr (troupe_message_row_get_round_trip (find_row (fixture, "oops")), ==, "");
  g_assert_false (troupe_message_row_can_open (find_row (fixture, "42")));
}

static void
test_round_trips (Fixture *fixture, gconstpointer data)
{
  TroupeMessageFilter only_sent = { .text = "", .sent = TRUE };
  TroupeMessageRow *row;

  message_journal_add (&fixture->journal, TROUPE_RECORD_SENT, 1000, "\"first\"");
  message_journal_add (&fixture->journal, TROUPE_RECORD_SENT, 3000, "\"second\"");
  show (fixture, 1100, 900);
  WAIT_UNTIL ((row = find_row (fixture, "first")) != NULL && find_row (fixture, "second") != NULL);
  g_assert_cmpstr (troupe_message_row_get_round_trip (row), ==, "");

  /* The reply comes while one looks: what has other messages before its reply tells the time itself. */
  message_journal_add (&fixture->journal, TROUPE_RECORD_INVALID, 500, "chatter {");
  message_journal_add (&fixture->journal, TROUPE_RECORD_RECEIVED, 1500, "\"reply\"");
  message_journal_add (&fixture->journal, TROUPE_RECORD_RECEIVED, 1500, "\"more\"");
  WAIT_UNTIL (find_row (fixture, "more") != NULL &&
              g_str_equal (troupe_message_row_get_round_trip (find_row (fixture, "first")), "↺ 5.0 ms"));
  g_assert_cmpstr (troupe_message_row_get_round_trip (find_row (fixture, "second")), ==, "");
  g_assert_cmpstr (troupe_message_row_get_round_trip (find_row (fixture, "reply")), ==, "↺ 2.0 ms");
  g_assert_cmpstr (troupe_message_row_get_round_trip (find_row (fixture, "more")), ==, "");

  /* With the replies out of view, each tells it. */
  g_assert_true (troupe_message_list_set_filter (fixture->list, &only_sent, NULL));
  WAIT_UNTIL (find_row (fixture, "reply") == NULL && (row = find_row (fixture, "second")) != NULL &&
              g_str_equal (troupe_message_row_get_round_trip (row), "↺ 2.0 ms"));
}

static void
test_past_run (Fixture *fixture, gconstpointer data)
{
  TroupeRunChooser *chooser;

  message_journal_add (&fixture->journal, TROUPE_RECORD_SENT, 1000, "\"of this run\"");
  /* Its second run: the first one's folder is known to the engine, and gone. */
  fake_engine_set_running (fixture->engine, "prime.1", 1);
  show (fixture, 1100, 700);
  chooser = troupe_worker_page_get_run_chooser (troupe_window_get_worker_page (fixture->window));
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (chooser)));
  WAIT_UNTIL (find_row (fixture, "of this run") != NULL);
  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (fixture->composer)));

  g_assert_true (troupe_run_chooser_show_run (chooser, 1));
  WAIT_UNTIL (find_row (fixture, "of this run") == NULL);
  g_assert_cmpuint (troupe_run_item_get_number (troupe_run_chooser_get_past_run (chooser)), ==, 1);
  /* Nothing can be said to it; how it ended stands there instead. */
  g_assert_false (gtk_widget_get_mapped (GTK_WIDGET (fixture->composer)));
  activate (fixture->page, "messages.current-run");
  WAIT_UNTIL (find_row (fixture, "of this run") != NULL && gtk_widget_get_mapped (GTK_WIDGET (fixture->composer)));
  g_assert_null (troupe_run_chooser_get_past_run (chooser));

  /* A new run takes nobody away from the old one they look at. */
  g_assert_true (troupe_run_chooser_show_run (chooser, 1));
  fake_engine_set_running (fixture->engine, "prime.1", 0);
  WAIT_UNTIL (troupe_run_chooser_show_run (chooser, 3));
  g_assert_true (troupe_run_chooser_show_run (chooser, 1));
}

static void
test_open (Fixture *fixture, gconstpointer data)
{
  TroupeMessageRow *row;
  guint64 number;

  message_journal_add_zoo (&fixture->journal);
  show (fixture, 1100, 900);
  WAIT_UNTIL ((row = find_row (fixture, "\"order\"")) != NULL);
  number = troupe_message_row_get_number (row);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (fixture->list), "message.toggle", "t", number));
  WAIT_UNTIL ((row = find_row (fixture, "\"order\"")) != NULL && troupe_message_row_get_open (row));
  g_assert_cmpstr (troupe_message_row_get_text (row), ==,
                   "{\n  \"order\": 17,\n  \"items\": [\n    \"tea\",\n    \"bread\"\n  ]\n}");
  /* Only this one. */
  g_assert_nonnull (find_row (fixture, "{\"hello\": \"world\"}"));

  troupe_message_list_set_open_all (fixture->list, TRUE);
  troupe_message_list_set_follow (fixture->list, TRUE);
  WAIT_UNTIL ((row = find_row (fixture, "\"row 0\"")) != NULL && troupe_message_row_get_open (row));
  /* A long one shows no more than its share. */
  g_assert_cmpuint (strlen (troupe_message_row_get_text (row)), <=, 2 * TROUPE_MESSAGE_OPEN_BYTES + 8);
  g_assert_true (g_settings_get_boolean (fixture->settings, "messages-open"));
}

static void
test_many (Fixture *fixture, gconstpointer data)
{
  guint64 top;
  guint n_children;

  message_journal_add_many (&fixture->journal, 100000);
  show (fixture, 1100, 700);
  WAIT_UNTIL (find_row (fixture, "{\"number\": 49999, \"prime\"") != NULL);
  g_assert_true (troupe_message_list_get_follow (fixture->list));
  n_children = count_children (GTK_WIDGET (fixture->list));
  g_assert_cmpuint (n_children, <, 100);

  /* What comes shows at once. */
  message_journal_add (&fixture->journal, TROUPE_RECORD_SENT, 1000, "{\"late\":1}");
  WAIT_UNTIL (find_row (fixture, "\"late\": 1") != NULL);

  /* Away from the end nothing moves, and what is new is counted. */
  {
    GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (fixture->list));

    gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment) / 2);
  }
  WAIT_UNTIL (find_row (fixture, "\"late\": 1") == NULL && !troupe_message_list_get_follow (fixture->list));
  top = troupe_message_row_get_number (troupe_message_list_get_row (fixture->list, 0));
  g_assert_cmpuint (top, >, 49900);
  g_assert_cmpuint (top, <, 50100);
  message_journal_add_many (&fixture->journal, 100);
  WAIT_UNTIL (troupe_message_list_get_n_new (fixture->list) == 100);
  g_assert_cmpuint (troupe_message_row_get_number (troupe_message_list_get_row (fixture->list, 0)), ==, top);

  g_action_group_activate_action (troupe_messages_page_get_actions (fixture->page), "follow-now", NULL);
  WAIT_UNTIL (get_last_row (fixture) != NULL && troupe_message_row_get_number (get_last_row (fixture)) == 100100);
  g_assert_cmpuint (troupe_message_list_get_n_new (fixture->list), ==, 0);
  g_assert_cmpuint (count_children (GTK_WIDGET (fixture->list)), <=, n_children + 20);

  /* The first row is reached, too. */
  gtk_adjustment_set_value (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (fixture->list)), 0);
  WAIT_UNTIL (troupe_message_row_get_number (troupe_message_list_get_row (fixture->list, 0)) == 0);
}

/* A warning ends the test: GTK warns when it draws a widget that waits for its new size. */
static void
test_resizing (Fixture *fixture, gconstpointer data)
{
  static const int sizes[][2] = { { 640, 500 }, { 1000, 700 }, { 400, 700 }, { 1100, 300 }, { 640, 900 } };

  message_journal_add_many (&fixture->journal, 500);
  show (fixture, 1100, 700);
  WAIT_UNTIL (get_last_row (fixture) != NULL);
  for (guint i = 0; i < 3 * G_N_ELEMENTS (sizes); i++)
    {
      const int *size = sizes[i % G_N_ELEMENTS (sizes)];
      GtkWidget *window = GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (fixture->list)));

      gtk_window_set_default_size (GTK_WINDOW (window), size[0], size[1]);
      /* GTK counts the shadow in one of the two. */
      WAIT_UNTIL (ABS (gtk_widget_get_height (window) - size[1]) < 100);
      wait_for_frames (window, 8);
    }
}

static void
search (Fixture *fixture, const char *text, gboolean regex, gboolean sent, gboolean received)
{
  TroupeMessageFilter filter = { text, regex, FALSE, sent, received };
  g_autoptr (GError) error = NULL;

  g_assert_true (troupe_message_list_set_filter (fixture->list, &filter, &error));
  g_assert_no_error (error);
}

static void
test_filter (Fixture *fixture, gconstpointer data)
{
  TroupeMessageLog *log;
  TroupeMessageFilter broken = { "[", TRUE, FALSE, TRUE, TRUE };
  g_autoptr (GError) error = NULL;

  message_journal_add_many (&fixture->journal, 20000);
  show (fixture, 1100, 700);
  log = troupe_message_list_get_log (fixture->list);
  WAIT_UNTIL (troupe_message_log_get_n_rows (log) == 20000);

  search (fixture, "\"number\":777}", FALSE, TRUE, TRUE);
  WAIT_UNTIL (!troupe_message_log_is_scanning (log));
  g_assert_cmpuint (troupe_message_log_get_n_rows (log), ==, 1);
  WAIT_UNTIL (count_rows (fixture) == 1 && find_row (fixture, "{\"number\": 777}") != NULL);

  /* What comes later is filtered as well. */
  message_journal_add (&fixture->journal, TROUPE_RECORD_SENT, 10, "{\"number\":777}");
  message_journal_add (&fixture->journal, TROUPE_RECORD_SENT, 10, "{\"number\":778}");
  WAIT_UNTIL (troupe_message_log_get_n_rows (log) == 2);

  search (fixture, "^\\{\"number\":99[0-9]{2},", TRUE, TRUE, TRUE);
  WAIT_UNTIL (!troupe_message_log_is_scanning (log));
  g_assert_cmpuint (troupe_message_log_get_n_rows (log), ==, 100);

  search (fixture, "", FALSE, TRUE, FALSE);
  WAIT_UNTIL (!troupe_message_log_is_scanning (log));
  g_assert_cmpuint (troupe_message_log_get_n_rows (log), ==, 10002);
  WAIT_UNTIL (find_row (fixture, "prime") == NULL && count_rows (fixture) > 5);

  g_assert_false (troupe_message_list_set_filter (fixture->list, &broken, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (troupe_message_log_get_n_rows (log), ==, 10002);

  search (fixture, "", FALSE, TRUE, TRUE);
  g_assert_cmpuint (troupe_message_log_get_n_rows (log), ==, 20002);
}

static void
test_compose (Fixture *fixture, gconstpointer data)
{
  g_autofree char *kept = NULL;

  show (fixture, 1100, 700);
  WAIT_UNTIL (g_str_equal (troupe_composer_get_hint (fixture->composer), "Connected"));
  g_assert_false (troupe_composer_get_can_send (fixture->composer));

  troupe_composer_set_text (fixture->composer, "{\"a\": 1,}");
  g_assert_cmpstr (troupe_composer_get_hint (fixture->composer), ==, "Column 9: no comma belongs before }");
  g_assert_false (troupe_composer_get_can_send (fixture->composer));

  /* Goes out as one line, whatever it looks like here. */
  troupe_composer_set_text (fixture->composer, "{\n  \"a\": 1\n}");
  g_assert_true (troupe_composer_get_can_send (fixture->composer));
  activate (fixture->composer, "composer.send");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Send prime.1 {\"a\":1}");
  WAIT_UNTIL ((g_free (kept), kept = troupe_composer_dup_text (fixture->composer))[0] == '\0');

  /* To those that run. */
  troupe_composer_set_text (fixture->composer, "\"all\"");
  activate (fixture->composer, "composer.send-all");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Send prime.2 \"all\"");
  WAIT_UNTIL (g_str_equal (troupe_composer_get_hint (fixture->composer), "Sent to 2 workers"));
  g_assert_true (fake_engine_was_called (fixture->engine, "Worker1.Send prime.1 \"all\""));
  g_assert_false (fake_engine_was_called (fixture->engine, "Worker1.Send prime.3 \"all\""));

  /* What failed stays, with the reason. */
  fake_engine_set_send_problem (fixture->engine, "It does not read: its queue is full");
  troupe_composer_set_text (fixture->composer, "3");
  activate (fixture->composer, "composer.send");
  WAIT_UNTIL (g_str_equal (troupe_composer_get_hint (fixture->composer), "It does not read: its queue is full"));
  g_free (kept);
  kept = troupe_composer_dup_text (fixture->composer);
  g_assert_cmpstr (kept, ==, "3");
}

static void
test_state (Fixture *fixture, gconstpointer data)
{
  show (fixture, 1100, 700);
  troupe_composer_set_text (fixture->composer, "1");
  fake_engine_set_channel (fixture->engine, "prime.1", "closed");
  WAIT_UNTIL (strstr (troupe_composer_get_hint (fixture->composer), "Disconnected") != NULL);
  g_assert_false (troupe_composer_get_can_send (fixture->composer));
  fake_engine_set_ended (fixture->engine, "prime.1", "exited", 0, "", "Exited with code 0");
  WAIT_UNTIL (strstr (troupe_composer_get_hint (fixture->composer), "Not running") != NULL);

  /* A worker without a channel has no such page. */
  g_assert_true (troupe_window_show_worker (fixture->window, "shop/web"));
  troupe_worker_page_show (troupe_window_get_worker_page (fixture->window), "messages");
  WAIT_UNTIL (!gtk_widget_get_mapped (GTK_WIDGET (fixture->page)));
}

static void
test_unseen (Fixture *fixture, gconstpointer data)
{
  TroupeMessageLog *log;

  message_journal_add_many (&fixture->journal, 10);
  show (fixture, 1100, 700);
  log = troupe_message_list_get_log (fixture->list);
  WAIT_UNTIL (troupe_message_log_get_n_messages (log) == 10);
  troupe_worker_page_show (troupe_window_get_worker_page (fixture->window), "details");
  WAIT_UNTIL (!gtk_widget_get_mapped (GTK_WIDGET (fixture->list)));
  message_journal_add_many (&fixture->journal, 10);
  /* The round trip over the bus gives it every chance to look. */
  troupe_composer_set_text (fixture->composer, "1");
  activate (fixture->composer, "composer.send");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Send prime.1 1");
  g_assert_cmpuint (troupe_message_log_get_n_messages (log), ==, 10);
  troupe_worker_page_show (troupe_window_get_worker_page (fixture->window), "messages");
  WAIT_UNTIL (troupe_message_log_get_n_messages (log) == 20);
}

static void
test_saved (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) messages = NULL, others = NULL, left = NULL;
  g_autofree char *long_text = g_strnfill (TROUPE_SAVED_MESSAGE_BYTES_MAX + 1, '1');

  show (fixture, 1100, 700);
  g_assert_true (troupe_saved_messages_add (fixture->settings, "shop/prime", "ping", "1"));
  g_assert_true (troupe_saved_messages_add (fixture->settings, "shop/prime", "hello", "{\"hello\":1}"));
  g_assert_true (troupe_saved_messages_add (fixture->settings, "shop/prime", "ping", "2"));
  g_assert_false (troupe_saved_messages_add (fixture->settings, "shop/prime", "long", long_text));
  messages = troupe_saved_messages_dup (fixture->settings, "shop/prime");
  others = troupe_saved_messages_dup (fixture->settings, "shop/other");
  g_assert_cmpuint (messages->len, ==, 2);
  g_assert_cmpuint (others->len, ==, 0);
  g_assert_cmpstr (((TroupeSavedMessage *) messages->pdata[0])->name, ==, "hello");
  g_assert_cmpstr (((TroupeSavedMessage *) messages->pdata[1])->text, ==, "2");
  troupe_saved_messages_remove (fixture->settings, "shop/prime", "hello");
  left = troupe_saved_messages_dup (fixture->settings, "shop/prime");
  g_assert_cmpuint (left->len, ==, 1);
  for (guint i = 0; i < TROUPE_SAVED_MESSAGES_MAX + 5; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      g_assert_true (troupe_saved_messages_add (fixture->settings, "shop/prime", name, "0"));
    }
  g_ptr_array_unref (left);
  left = troupe_saved_messages_dup (fixture->settings, "shop/prime");
  g_assert_cmpuint (left->len, ==, TROUPE_SAVED_MESSAGES_MAX);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;

  gtk_test_init (&argc, &argv, NULL);
  application = g_object_new (ADW_TYPE_APPLICATION, "application-id", "io.github.troupe.Troupe.Test", "flags",
                              G_APPLICATION_NON_UNIQUE, "resource-base-path", "/io/github/troupe/Troupe", NULL);
  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);

#define TEST(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  TEST ("/ui/messages/tells-kinds-and-round-trips", test_kinds);
  TEST ("/ui/messages/round-trips-past-other-messages", test_round_trips);
  TEST ("/ui/messages/of-past-runs", test_past_run);
  TEST ("/ui/messages/opens-one-and-all", test_open);
  TEST ("/ui/messages/stays-quick-and-in-place-with-many", test_many);
  TEST ("/ui/messages/resizes-without-warnings", test_resizing);
  TEST ("/ui/messages/filters-by-text-and-side", test_filter);
  TEST ("/ui/messages/sends-what-is-json", test_compose);
  TEST ("/ui/messages/says-when-it-is-disconnected", test_state);
  TEST ("/ui/messages/looks-at-nothing-unseen", test_unseen);
  TEST ("/ui/messages/keeps-messages-by-name", test_saved);
  return g_test_run ();
}
