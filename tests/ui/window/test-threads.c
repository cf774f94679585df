/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Worker threads in the window: under their host, with what only they have; and the memory they share. */

#include "config.h"

#include "window-fixture.h"

#include <string.h>

#include "client/subject.h"
#include "pages/memory-format.h"

static void
open_threads (Fixture *fixture, guint n_threads)
{
  static const char *const links[] = { "1:2", NULL };

  fake_engine_add_project (fixture->engine, "shop", "/srv/shop/shop.troupe");
  fake_engine_add_program (fixture->engine, "shop", "crunch", "crunch.js", n_threads);
  fake_engine_make_threads (fixture->engine, "shop", "crunch", links);
  fake_engine_set_running (fixture->engine, "crunch.host", 90);
  for (guint i = 1; i <= n_threads; i++)
    {
      g_autofree char *name = g_strdup_printf ("crunch.%u", i);

      fake_engine_set_running (fixture->engine, name, i);
    }
  open_window (fixture, 1100, 700);
  WAIT_UNTIL (troupe_client_find_worker (fixture->client, "shop/crunch.host") != NULL);
  show_program (fixture, "shop/crunch");
}

static TroupeWorkerPage *
get_page (Fixture *fixture)
{
  return troupe_window_get_worker_page (fixture->window);
}

static void
emit_stats_twice (Fixture *fixture)
{
  for (guint i = 1; i <= 2; i++)
    {
      fake_engine_emit_stats (fixture->engine, 40 + i);
      WAIT_UNTIL (troupe_client_get_machine (fixture->client)->cpu_percent == 2 * (40 + i));
    }
}

static void
test_table (Fixture *fixture, gconstpointer data)
{
  GtkWidget *table;
  GListModel *rows;

  open_threads (fixture, 3);
  /* The host is no worker of the person's. */
  WAIT_UNTIL (shows (get_page (fixture), "3 of 3 running · threads"));
  g_assert_cmpuint (troupe_program_item_get_instances_max (troupe_client_find_program (fixture->client, "shop/crunch")),
                    ==, 512);
  activate (fixture, "win.show-workers");
  table = GTK_WIDGET (troupe_worker_page_get_workers (get_page (fixture)));
  rows = G_LIST_MODEL (gtk_column_view_get_model (troupe_worker_table_get_view (TROUPE_WORKER_TABLE (table))));
  /* The host's row opens by itself: three threads, and one of the two processes of the fake; the other is the host. */
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 1 + 3 + 1);
  emit_stats_twice (fixture);
  WAIT_UNTIL (shows (table, "Event loop") && shows (table, "42 %"));
  /* By its own number, with its queue and heap. */
  WAIT_UNTIL (shows (table, "7003") && shows (table, "303") && shows (table, "8.4"));
  g_assert_false (shows (table, "Connections"));

  /* What the person closes stays so. */
  {
    g_autoptr (GtkTreeListRow) row = g_list_model_get_item (rows, 0);

    gtk_tree_list_row_set_expanded (row, FALSE);
  }
  emit_stats_twice (fixture);
  g_assert_cmpuint (g_list_model_get_n_items (rows), ==, 1);
}

static void
test_overview (Fixture *fixture, gconstpointer data)
{
  GListModel *rows;

  open_threads (fixture, 3);
  activate (fixture, "win.show-overview");
  rows = G_LIST_MODEL (
      gtk_column_view_get_model (troupe_overview_page_get_table (troupe_window_get_overview (fixture->window))));
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 1 + 3 + 1);
  troupe_overview_page_set_filter (troupe_window_get_overview (fixture->window), "crunch.2");
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 1 + 3 + 1);
  troupe_overview_page_set_filter (troupe_window_get_overview (fixture->window), "nobody");
  WAIT_UNTIL (g_list_model_get_n_items (rows) == 0);
}

static char *
dup_signal_label (Fixture *fixture, int i)
{
  GMenuModel *section = troupe_window_get_signal_section (fixture->window);
  char *label = NULL;

  g_assert_true (g_menu_model_get_item_attribute (section, i, G_MENU_ATTRIBUTE_LABEL, "s", &label));
  return label;
}

static void
test_signals (Fixture *fixture, gconstpointer data)
{
  g_autofree char *why = NULL;
  GtkWindow *question;

  open_threads (fixture, 2);
  show_worker (fixture, "shop/crunch.1");
  WAIT_UNTIL (!is_enabled (fixture, "signal") && is_enabled (fixture, "kill"));
  g_assert_cmpint (g_menu_model_get_n_items (troupe_window_get_signal_section (fixture->window)), ==, 2);
  why = dup_signal_label (fixture, 1);
  g_assert_cmpstr (why, ==, "A signal would reach all threads of its process");

  /* A kill that takes others with it is asked about. */
  activate (fixture, "win.kill");
  question = wait_for_dialog (ADW_TYPE_MESSAGE_DIALOG);
  WAIT_UNTIL (shows (question, "This ends the host process, and with it all its threads."));
  g_assert_false (fake_engine_was_called (fixture->engine, "Worker1.Kill crunch.1"));
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (question), "do-it");
  fake_engine_wait_for_call (fixture->engine, "Worker1.Kill crunch.1");
  gtk_window_destroy (question);

  show_worker (fixture, "shop/crunch.host");
  WAIT_UNTIL (is_enabled (fixture, "signal"));
  g_assert_cmpint (g_menu_model_get_n_items (troupe_window_get_signal_section (fixture->window)), ==, 1);

  /* It cannot be started by itself, and says why. */
  fake_engine_set_ended (fixture->engine, "crunch.host", "stopped", -1, "SIGTERM", "Stopped");
  WAIT_UNTIL (shows (get_page (fixture), "It comes up with its first thread"));
  g_assert_false (is_enabled (fixture, "start"));
}

static void
test_thread (Fixture *fixture, gconstpointer data)
{
  GActionGroup *links;

  open_threads (fixture, 3);
  show_worker (fixture, "shop/crunch.2");
  WAIT_UNTIL (shows (get_page (fixture), "thread 7003 of process"));
  fake_engine_set_progress (fixture->engine, "crunch.2", 0.25, "sieving");
  WAIT_UNTIL (shows (get_page (fixture), "25 % · sieving"));
  WAIT_UNTIL (shows (troupe_window_get_sidebar (fixture->window), "Running · 25 %"));
  fake_engine_set_progress (fixture->engine, "crunch.2", -1, "");
  WAIT_UNTIL (!shows (get_page (fixture), "sieving"));

  /* Channels to the other threads; the first two have one. */
  links = troupe_window_get_link_actions (fixture->window);
  WAIT_UNTIL (g_action_group_has_action (links, "to-1"));
  g_assert_false (g_action_group_has_action (links, "to-2"));
  g_assert_true (g_variant_get_boolean (g_action_group_get_action_state (links, "to-0")));
  g_assert_false (g_variant_get_boolean (g_action_group_get_action_state (links, "to-1")));
  g_action_group_activate_action (links, "to-1", NULL);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Link shop/crunch.2 shop/crunch.3 yes");

  activate (fixture, "win.show-details");
  WAIT_UNTIL (shows (get_page (fixture), "Channels between threads") && shows (get_page (fixture), "1 ↔ 2"));
  /* A host has no conversation, its threads have. */
  activate (fixture, "win.show-messages");
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (troupe_worker_page_get_messages (get_page (fixture)))));
  show_worker (fixture, "shop/crunch.host");
  WAIT_UNTIL (!gtk_widget_get_mapped (GTK_WIDGET (troupe_worker_page_get_messages (get_page (fixture)))));
}

/* ---- Shared memory ---- */

static void
share (Fixture *fixture, const void *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  fake_engine_set_shared_memory (fixture->engine, "shop", "crunch", bytes);
}

static void
test_memory (Fixture *fixture, gconstpointer data)
{
  enum { SIZE = 8 << 20 };
  g_autofree guint8 *block = g_malloc0 (SIZE);
  TroupeMemoryPage *memory;
  guint largest;

  memcpy (block, "hello\xff\x01\x02", 8);
  block[SIZE - 1] = 0xee;
  open_threads (fixture, 2);
  share (fixture, block, SIZE);
  memory = troupe_worker_page_get_memory (get_page (fixture));
  g_assert_cmpuint (fake_engine_get_n_peeks (fixture->engine, &largest), ==, 0);
  WAIT_UNTIL ((troupe_worker_page_show (get_page (fixture), "memory"), gtk_widget_get_mapped (GTK_WIDGET (memory))));
  WAIT_UNTIL (g_strcmp0 (troupe_memory_page_get_values (memory, 0), "hello...........") == 0);
  g_assert_true (g_str_has_prefix (troupe_memory_page_get_hex (memory, 0), "68 65 6c 6c 6f ff 01 02  00"));

  troupe_memory_page_choose (memory, "u16", FALSE);
  WAIT_UNTIL (g_str_has_prefix (troupe_memory_page_get_values (memory, 0), "25960 27756 65391   513"));
  troupe_memory_page_choose (memory, "u16", TRUE);
  WAIT_UNTIL (g_str_has_prefix (troupe_memory_page_get_values (memory, 0), "26725 27756 28671   258"));

  /* It is live. */
  block[1] = 0x66;
  share (fixture, block, SIZE);
  WAIT_UNTIL (g_str_has_prefix (troupe_memory_page_get_hex (memory, 0), "68 66"));

  /* Only what is in view is asked for, wherever that is. */
  g_assert_false (troupe_memory_page_go_to (memory, "0x800000"));
  g_assert_false (troupe_memory_page_go_to (memory, "far"));
  g_assert_true (troupe_memory_page_go_to (memory, "0x7fffff"));
  WAIT_UNTIL (troupe_memory_page_get_hex (memory, SIZE - 1) != NULL &&
              g_str_has_suffix (troupe_memory_page_get_hex (memory, SIZE - 1), "00 ee"));
  fake_engine_get_n_peeks (fixture->engine, &largest);
  g_assert_cmpuint (largest, <=, TROUPE_PROGRAM_PEEK_MAX);

  /* Why there is nothing, and back. */
  fake_engine_set_peek_problem (fixture->engine, "Its host process does not run");
  WAIT_UNTIL (shows (memory, "Its host process does not run"));
  fake_engine_set_peek_problem (fixture->engine, NULL);
  WAIT_UNTIL (!shows (memory, "Its host process does not run"));

  /* A thread shows the same block; without one there is no such page. */
  show_worker (fixture, "shop/crunch.1");
  troupe_worker_page_show (get_page (fixture), "memory");
  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (memory)));
  fake_engine_set_shared_memory (fixture->engine, "shop", "crunch", NULL);
  WAIT_UNTIL (!gtk_widget_get_mapped (GTK_WIDGET (memory)));
}

static void
assert_numbers (const void *bytes, guint n, TroupeNumber number, gboolean big_endian, const char *expected)
{
  g_autofree char *text = troupe_memory_dup_numbers (bytes, n, number, big_endian);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_format (Fixture *fixture, gconstpointer data)
{
  static const guint8 bytes[] = { 0xff, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0x80 };
  static const guint8 one[] = { 0, 0, 0, 0, 0, 0, 0xf8, 0xbf }; /* -1.5 */
  static const guint8 largest[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
  g_autofree char *hex = troupe_memory_dup_hex (largest, 8);
  g_autofree char *nothing = troupe_memory_dup_hex (largest, 0);
  g_autofree char *ascii = troupe_memory_dup_ascii ((const guint8 *) "a~\x7f\n", 4);
  guint64 offset = 1;

  g_assert_cmpstr (hex, ==, "ff ff ff ff ff ff ff ff");
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpstr (ascii, ==, "a~..");
  g_assert_cmpuint (troupe_memory_get_hex_place (0), ==, 0);
  g_assert_cmpuint (troupe_memory_get_hex_place (8), ==, 25);
  assert_numbers (bytes, 4, TROUPE_NUMBER_U8, FALSE, "255   0 128  63");
  assert_numbers (bytes, 4, TROUPE_NUMBER_I8, FALSE, "  -1    0 -128   63");
  assert_numbers (bytes, 4, TROUPE_NUMBER_U16, FALSE, "  255 16256");
  assert_numbers (bytes, 4, TROUPE_NUMBER_I16, TRUE, "  -256 -32705");
  assert_numbers (bytes, 8, TROUPE_NUMBER_U32, FALSE, "1065353471 2147483648");
  assert_numbers (bytes, 8, TROUPE_NUMBER_I32, FALSE, " 1065353471 -2147483648");
  assert_numbers (largest, 8, TROUPE_NUMBER_U64, FALSE, "18446744073709551615");
  assert_numbers (largest, 8, TROUPE_NUMBER_I64, TRUE, "                  -1");
  assert_numbers (bytes + 1, 3, TROUPE_NUMBER_F32, FALSE, "");
  assert_numbers (bytes, 4, TROUPE_NUMBER_F32, FALSE, "      1.00003");
  assert_numbers (one, 8, TROUPE_NUMBER_F64, FALSE, "                  -1.5");
  assert_numbers (largest, 8, TROUPE_NUMBER_F64, FALSE, "                  -nan");
  /* Half a number is none. */
  assert_numbers (bytes, 7, TROUPE_NUMBER_U32, FALSE, "1065353471");

  g_assert_true (troupe_memory_parse_offset (" 0x1F ", &offset));
  g_assert_cmpuint (offset, ==, 31);
  g_assert_true (troupe_memory_parse_offset ("4k", &offset));
  g_assert_cmpuint (offset, ==, 4096);
  g_assert_true (troupe_memory_parse_offset ("0", &offset));
  g_assert_cmpuint (offset, ==, 0);
  g_assert_false (troupe_memory_parse_offset ("", &offset));
  g_assert_false (troupe_memory_parse_offset ("-1", &offset));
  g_assert_false (troupe_memory_parse_offset ("0x", &offset));
  g_assert_false (troupe_memory_parse_offset ("K", &offset));
  g_assert_false (troupe_memory_parse_offset ("99999999999999999999T", &offset));
  open_window (fixture, 1100, 700);
}

int
main (int argc, char *argv[])
{
  fixture_init (&argc, &argv);
  TEST ("/ui/threads/stand-below-their-host", test_table, NULL);
  TEST ("/ui/threads/stand-below-their-host-in-the-overview", test_overview, NULL);
  TEST ("/ui/threads/signals-are-greyed-with-the-reason", test_signals, NULL);
  TEST ("/ui/threads/progress-and-channels", test_thread, NULL);
  TEST ("/ui/threads/shared-memory-is-live", test_memory, NULL);
  TEST ("/ui/threads/bytes-as-text", test_format, NULL);
  return g_test_run ();
}
