/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The log view in a window on a headless display: what it shows, and where it stands. */

#include "config.h"

#include "log-fixture.h"

#include <adwaita.h>
#include <string.h>

static void
print_colorful (LogFixture *f)
{
  static const char controls[] = "control: \a\0\x7f bad: \xff\xc3( \x1b[2J \x1b]0;title\a tab:\tx\n";

  log_fixture_print (f, "Listening on \033[1;34mhttp://localhost:8080/\033[0m (pid \033[33m4711\033[0m)\n");
  log_fixture_print (f, "12:01:07 \033[32mGET\033[0m /items \033[1m200\033[0m \033[2m4 ms\033[0m\n");
  log_fixture_print (f, "12:01:07 \033[32mGET\033[0m /items/7 \033[1m200\033[0m \033[2m2 ms\033[0m\n");
  log_fixture_error (f, "\033[31mTypeError: cannot read properties of undefined (reading 'name')\033[0m\n");
  log_fixture_error (f, "    at Object.<anonymous> (/srv/shop/server.js:12:9)\n");
  for (int i = 0; i < 16; i++)
    log_fixture_print (f, "%scolour %2d \033[38;5;%dmforeground\033[0m \033[48;5;%dm background \033[0m \033[7;38;5;%dm reverse \033[0m"
                          " \033[1;38;5;%dmbold\033[0m \033[3;4;38;5;%dmitalic underlined\033[0m \033[9mstruck\033[0m\n",
                       "", i, i, i, i, i, i);
  log_fixture_print (f, "\033[38;2;255;250;205mlemon on default\033[0m \033[38;5;232mnearly black\033[0m \033[38;5;255mnearly white\033[0m\n");
  log_fixture_print (f, "Unicode: äöü ß é é 日本語 한국어 ✓ ✖ → 🎉 👩‍💻 │├─┤█▓▒░ العربية हिन्दी ไทย\n");
  log_fixture_append (f, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, controls, sizeof controls - 1);
  log_fixture_print (f, "progress 10%%\rprogress 50%%\rprogress 100%% done\n");
  log_fixture_print (f, "┌──────┬──────┐\n│ left │ right│\n└──────┴──────┘\n");
}

static void
test_pictures (void)
{
  LogFixture f;
  int width;
  int height;
  g_autofree guint32 *light = NULL;
  g_autofree guint32 *dark = NULL;

  log_fixture_init_journal (&f, 0, 0);
  print_colorful (&f);
  log_fixture_append (&f, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, "{\"event\":\"exit\",\"code\":1}\n", 26);
  log_fixture_append (&f, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_SENT, "{\"cmd\":\"ping\"}\n", 15);
  log_fixture_append (&f, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_RECEIVED, "{\"cmd\":\"pong\"}\n", 15);
  log_fixture_show (&f, 1000, 640);
  troupe_log_view_set_streams (f.view, TROUPE_STREAM_MASK_ALL);
  troupe_log_view_set_time_stamps (f.view, TROUPE_LOG_TIMES_CLOCK);
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_LIGHT);
  light = log_fixture_render (&f, "light", &width, &height);
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_DARK);
  dark = log_fixture_render (&f, "dark", &width, &height);
  g_assert_cmpint (memcmp (light, dark, (gsize) width * height * 4), !=, 0);
  log_fixture_clear (&f);
}

/* ---- Text ---- */

static void
assert_row (LogFixture *f, guint i, const char *expected)
{
  g_autofree char *text = log_fixture_dup_row (f, i);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_shows_rows (void)
{
  LogFixture f;

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_print (&f, "one\ntwo\n");
  log_fixture_error (&f, "oops\n");
  log_fixture_append (&f, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, "{\"event\":\"exit\",\"code\":1}\n", 26);
  log_fixture_show (&f, 600, 300);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 3);
  assert_row (&f, 0, "one");
  assert_row (&f, 1, "two");
  assert_row (&f, 2, "oops");
  troupe_log_view_set_streams (f.view, TROUPE_STREAM_MASK_ALL);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 4);
  assert_row (&f, 3, "Exited with code 1");
  g_object_set (f.view, "show-stdout", FALSE, NULL);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 2);
  assert_row (&f, 0, "oops");
  log_fixture_clear (&f);
}

static void
test_shows_what_comes_later (void)
{
  LogFixture f;
  TroupeLogRun none = { "/nonexistent/journal", NULL, 0 };

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_show (&f, 600, 300);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 0);
  /* No call of ours: the journal wakes the view. */
  log_fixture_print (&f, "first\n");
  log_fixture_wait (troupe_log_view_get_n_rows (f.view) == 1);
  g_object_set (f.view, "show-messages", TRUE, NULL);
  /* The other log did not exist so far. */
  log_fixture_append (&f, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_SENT, "{}\n", 3);
  log_fixture_wait (troupe_log_view_get_n_rows (f.view) == 2);
  /* It goes to sleep and wakes, again and again. */
  for (guint64 i = 3; i < 6; i++)
    {
      log_fixture_wait (!troupe_log_follower_is_awake (f.view->follower));
      log_fixture_print (&f, "more\n");
      log_fixture_wait (troupe_log_view_get_n_rows (f.view) == i);
    }
  /* Hidden, it does nothing; shown again, all is there. */
  gtk_widget_set_visible (f.scrolled, FALSE);
  log_fixture_wait (!gtk_widget_get_mapped (GTK_WIDGET (f.view)));
  g_assert_false (troupe_log_follower_is_awake (f.view->follower));
  log_fixture_print (&f, "thi");
  gtk_widget_set_visible (f.scrolled, TRUE);
  log_fixture_wait (troupe_log_view_get_n_rows (f.view) == 6);
  assert_row (&f, 5, "thi");
  /* A line that grows. */
  log_fixture_print (&f, "rd\n");
  troupe_log_view_refresh (f.view);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 6);
  assert_row (&f, 5, "third");
  troupe_log_view_set_runs (f.view, &none, 1);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 0);
  log_fixture_settle (&f);
  log_fixture_clear (&f);
}

static void
test_merges_runs (void)
{
  LogFixture a;
  LogFixture b;
  TroupeLogRun runs[2];
  int width;
  int height;

  log_fixture_init_journal (&a, 0, 0);
  log_fixture_init_journal (&b, 0, 0);
  b.time_usec += 500;
  for (int i = 0; i < 3; i++)
    {
      log_fixture_print (&a, "a%d\n", i);
      log_fixture_print (&b, "b%d\n", i);
    }
  log_fixture_show (&a, 600, 300);
  runs[0] = (TroupeLogRun){ a.dir, "web.1", 0 };
  runs[1] = (TroupeLogRun){ b.dir, "a name that is long.2", 0 };
  troupe_log_view_set_runs (a.view, runs, 2);
  log_fixture_settle (&a);
  g_assert_cmpuint (troupe_log_view_get_n_rows (a.view), ==, 6);
  assert_row (&a, 0, "a0");
  assert_row (&a, 1, "b0");
  assert_row (&a, 5, "b2");
  g_free (log_fixture_render (&a, "merged", &width, &height));
  /* The same again changes nothing but names. */
  runs[1].label = "jobs";
  troupe_log_view_set_follow (a.view, TRUE);
  troupe_log_view_set_runs (a.view, runs, 2);
  g_assert_cmpuint (troupe_log_view_get_n_rows (a.view), ==, 6);
  log_fixture_clear (&a);
  log_fixture_clear (&b);
}

/* ---- Following ---- */

static void
print_lines (LogFixture *f, int from, int to)
{
  for (int i = from; i < to; i++)
    log_fixture_print (f, "line %d\n", i);
}

static double
get_value (LogFixture *f)
{
  return gtk_adjustment_get_value (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (f->view)));
}

static void
set_value (LogFixture *f, double value)
{
  gtk_adjustment_set_value (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (f->view)), value);
}

static void
test_follows_until_scrolled (void)
{
  LogFixture f;
  guint64 n_new;

  log_fixture_init_journal (&f, 0, 0);
  print_lines (&f, 0, 1000);
  log_fixture_show (&f, 600, 300);
  g_assert_true (troupe_log_view_get_follow (f.view));
  g_assert_cmpuint (log_fixture_last_row (&f), ==, 999);
  print_lines (&f, 1000, 2000);
  log_fixture_wait (log_fixture_last_row (&f) == 1999);
  /* Scrolled up: it stands still, and counts. */
  set_value (&f, 500 * troupe_log_view_line_height (f.view));
  g_assert_false (troupe_log_view_get_follow (f.view));
  log_fixture_settle (&f);
  g_assert_cmpuint (log_fixture_first_row (&f), <=, 500);
  assert_row (&f, 500 - log_fixture_first_row (&f), "line 500");
  print_lines (&f, 2000, 3204);
  log_fixture_wait (troupe_log_view_get_n_rows (f.view) == 3204);
  log_fixture_settle (&f);
  g_assert_cmpfloat (get_value (&f), ==, 500 * troupe_log_view_line_height (f.view));
  assert_row (&f, 500 - log_fixture_first_row (&f), "line 500");
  g_object_get (f.view, "n-new-rows", &n_new, NULL);
  g_assert_cmpuint (n_new, ==, 1204);
  /* Scrolled to the end by hand: it follows again. */
  set_value (&f, G_MAXDOUBLE);
  g_assert_true (troupe_log_view_get_follow (f.view));
  g_assert_cmpuint (troupe_log_view_get_n_new_rows (f.view), ==, 0);
  print_lines (&f, 3204, 3300);
  log_fixture_wait (log_fixture_last_row (&f) == 3299);
  log_fixture_clear (&f);
}

static void
test_stands_still_when_the_head_goes (void)
{
  LogFixture f;
  guint64 first;
  g_autofree char *before = NULL;
  int n = 0;

  log_fixture_init_journal (&f, 1 << 20, 128 << 10);
  while (n < 30000)
    print_lines (&f, n, n + 1000), n += 1000;
  log_fixture_show (&f, 600, 300);
  /* In the middle of what there is. */
  first = n - 10000;
  troupe_log_view_scroll_to_row (f.view, first, TRUE);
  log_fixture_settle (&f);
  before = g_strdup_printf ("line %d", (int) first);
  assert_row (&f, first - log_fixture_first_row (&f), before);
  while (troupe_log_rows_get_begin (f.view->rows) < first - 3000)
    {
      print_lines (&f, n, n + 1000);
      n += 1000;
      troupe_log_view_refresh (f.view);
      if (troupe_log_rows_get_begin (f.view->rows) > first)
        break;
      assert_row (&f, first - log_fixture_first_row (&f), before);
    }
  g_assert_cmpuint (troupe_log_rows_get_begin (f.view->rows), >, 0);
  /* Until its row is gone: then the oldest there is. */
  while (troupe_log_rows_get_begin (f.view->rows) <= first)
    {
      print_lines (&f, n, n + 1000);
      n += 1000;
      troupe_log_view_refresh (f.view);
    }
  log_fixture_settle (&f);
  g_assert_false (troupe_log_view_get_follow (f.view));
  g_assert_cmpuint (log_fixture_first_row (&f), ==, troupe_log_rows_get_begin (f.view->rows));
  {
    g_autofree char *oldest = g_strdup_printf ("line %d", (int) log_fixture_first_row (&f));

    assert_row (&f, 0, oldest);
  }
  log_fixture_clear (&f);
}

static void
test_stands_still_when_rows_come_late (void)
{
  LogFixture f;
  LogFixture other;
  TroupeLogRun runs[2];
  double line_height;

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_init_journal (&other, 0, 0);
  print_lines (&f, 0, 1000);
  log_fixture_show (&f, 600, 300);
  line_height = troupe_log_view_line_height (f.view);
  runs[0] = (TroupeLogRun){ f.dir, "a", 0 };
  runs[1] = (TroupeLogRun){ other.dir, "b", 0 };
  troupe_log_view_set_runs (f.view, runs, 2);
  set_value (&f, 500.5 * line_height);
  log_fixture_settle (&f);
  g_assert_cmpuint (log_fixture_first_row (&f), ==, 500);
  assert_row (&f, 0, "line 500");
  /* Another worker's lines, of times before those in view. */
  print_lines (&other, 5000, 5077);
  troupe_log_view_refresh (f.view);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 1077);
  g_assert_cmpuint (log_fixture_first_row (&f), ==, 577);
  assert_row (&f, 0, "line 500");
  g_assert_cmpfloat_with_epsilon (get_value (&f), 577.5 * line_height, 0.01);
  log_fixture_clear (&f);
  log_fixture_clear (&other);
}

static void
test_goes_to_a_time (void)
{
  LogFixture f;

  log_fixture_init_journal (&f, 0, 0);
  print_lines (&f, 0, 5000);
  log_fixture_show (&f, 600, 300);
  troupe_log_view_scroll_to_time (f.view, LOG_FIXTURE_START_USEC + 1234 * 1000 - 10);
  log_fixture_settle (&f);
  g_assert_false (troupe_log_view_get_follow (f.view));
  assert_row (&f, 1234 - log_fixture_first_row (&f), "line 1234");
  g_assert_cmpuint (log_fixture_first_row (&f), >=, 1233);
  log_fixture_clear (&f);
}

/* ---- Selection ---- */

static void
select_range (LogFixture *f, guint64 first_row, guint64 first_column, guint64 last_row, guint64 end_column)
{
  f->view->selection.active = TRUE;
  troupe_log_rows_anchor (f->view->rows, first_row, &f->view->selection.base.anchor);
  f->view->selection.base.column = first_column;
  troupe_log_rows_anchor (f->view->rows, last_row, &f->view->selection.tip.anchor);
  f->view->selection.tip.column = end_column;
  troupe_log_view_selection_changed (f->view);
}

static void
assert_selected (LogFixture *f, const char *bytes, gsize length)
{
  g_autoptr (GBytes) selected = troupe_log_view_dup_selected_bytes (f->view, TROUPE_LOG_COPY_MAX_BYTES);

  g_assert_cmpmem (g_bytes_get_data (selected, NULL), g_bytes_get_size (selected), bytes, length);
}

#define ASSERT_SELECTED(f, bytes) assert_selected (f, bytes, sizeof (bytes) - 1)

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  *(char **) data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
}

static void
test_selects_bytes (void)
{
  static const char bytes[] = "first line\n\033[31mred\033[0m and n\0ul \377\n\nlast äö line\n";
  LogFixture f;
  g_autofree char *copied = NULL;

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_append (&f, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, bytes, sizeof bytes - 1);
  log_fixture_show (&f, 600, 300);
  g_assert_false (troupe_log_view_get_has_selection (f.view));
  select_range (&f, 0, 6, 3, 7);
  g_assert_true (troupe_log_view_get_has_selection (f.view));
  ASSERT_SELECTED (&f, "line\nred and n\0ul \377\n\nlast äö");
  /* Drawn backwards it is the same. */
  select_range (&f, 3, 7, 0, 6);
  ASSERT_SELECTED (&f, "line\nred and n\0ul \377\n\nlast äö");
  select_range (&f, 1, 1, 1, 3);
  ASSERT_SELECTED (&f, "ed");
  troupe_log_view_select_all (f.view);
  ASSERT_SELECTED (&f, "first line\nred and n\0ul \377\n\nlast äö line");
  troupe_log_view_copy (f.view);
  log_fixture_wait (gdk_content_formats_contain_gtype (
      gdk_clipboard_get_formats (gtk_widget_get_clipboard (GTK_WIDGET (f.view))), G_TYPE_STRING));
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (GTK_WIDGET (f.view)), NULL, read_cb, &copied);
  log_fixture_wait (copied != NULL);
  g_assert_cmpstr (copied, ==, "first line\nred and n␀ul �\n\nlast äö line");
  /* What is selected is the primary selection too. */
  g_clear_pointer (&copied, g_free);
  log_fixture_wait (gdk_content_formats_contain_gtype (
      gdk_clipboard_get_formats (gtk_widget_get_primary_clipboard (GTK_WIDGET (f.view))), G_TYPE_STRING));
  gdk_clipboard_read_text_async (gtk_widget_get_primary_clipboard (GTK_WIDGET (f.view)), NULL, read_cb, &copied);
  log_fixture_wait (copied != NULL);
  g_assert_cmpstr (copied, ==, "first line\nred and n␀ul �\n\nlast äö line");
  troupe_log_view_select_none (f.view);
  g_assert_false (troupe_log_view_get_has_selection (f.view));
  ASSERT_SELECTED (&f, "");
  log_fixture_clear (&f);
}

static void
notice_cb (TroupeLogView *view, const char *text, gpointer data)
{
  *(char **) data = g_strdup (text);
}

static void
test_copies_up_to_a_ceiling (void)
{
  LogFixture f;
  gsize size = TROUPE_LOG_COPY_MAX_BYTES + 100000;
  g_autofree char *line = g_strnfill (size, 'x');
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *notice = NULL;

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_append (&f, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, line, size);
  log_fixture_show (&f, 600, 300);
  g_signal_connect (f.view, "notice", G_CALLBACK (notice_cb), &notice);
  select_range (&f, 0, 0, 0, TROUPE_LOG_COLUMN_END);
  bytes = troupe_log_view_dup_selected_bytes (f.view, 12345);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 12345);
  troupe_log_view_copy (f.view);
  log_fixture_wait (notice != NULL);
  g_assert_nonnull (strstr (notice, "16.0"));
  log_fixture_clear (&f);
}

static void
test_selection_stays_with_its_rows (void)
{
  LogFixture f;
  LogFixture other;
  TroupeLogRun runs[2];

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_init_journal (&other, 0, 0);
  print_lines (&f, 0, 20);
  log_fixture_show (&f, 600, 300);
  runs[0] = (TroupeLogRun){ f.dir, "a", 0 };
  runs[1] = (TroupeLogRun){ other.dir, "b", 0 };
  troupe_log_view_set_runs (f.view, runs, 2);
  select_range (&f, 3, 0, 4, 6);
  ASSERT_SELECTED (&f, "line 3\nline 4");
  /* Another worker's rows come in before, as its writer was late. */
  print_lines (&other, 100, 102);
  troupe_log_view_refresh (f.view);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 22);
  ASSERT_SELECTED (&f, "line 3\nline 4");
  log_fixture_clear (&f);
  log_fixture_clear (&other);
}

static void
test_selects_by_pointer (void)
{
  LogFixture f;
  TroupeLogLine *line;
  guint64 begin;
  guint64 end;

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_print (&f, "see /usr/lib/x.so:12, \033[1mbold\033[0m 日本 x\n");
  log_fixture_show (&f, 600, 300);
  line = g_array_index (f.view->visible, TroupeLogVisible, 0).line;
  troupe_log_line_find_word (line, f.view->rows, 6, &begin, &end);
  g_assert_cmpuint (begin, ==, 4);
  g_assert_cmpuint (end, ==, 17);
  troupe_log_line_find_word (line, f.view->rows, 17, &begin, &end);
  g_assert_cmpuint (begin, ==, 17);
  g_assert_cmpuint (end, ==, 18);
  troupe_log_line_find_word (line, f.view->rows, 23, &begin, &end);
  g_assert_cmpuint (begin, ==, 22);
  g_assert_cmpuint (end, ==, 26);
  troupe_log_line_find_word (line, f.view->rows, 30, &begin, &end);
  g_assert_cmpuint (begin, ==, 27);
  g_assert_cmpuint (end, ==, 31);
  troupe_log_line_find_word (line, f.view->rows, 9999, &begin, &end);
  g_assert_cmpuint (begin, ==, end);
  log_fixture_clear (&f);
}

/* ---- Search and filter ---- */

static void
search (LogFixture *f, const char *text, TroupeLogMatchFlags flags)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (troupe_log_view_set_search (f->view, text, flags, &error));
  g_assert_no_error (error);
  log_fixture_wait (!troupe_log_view_get_searching (f->view));
}

static gboolean
is_visible_row (LogFixture *f, guint64 number)
{
  int line_height = troupe_log_view_line_height (f->view);

  for (guint i = 0; i < f->view->visible->len; i++)
    {
      const TroupeLogVisible *row = &g_array_index (f->view->visible, TroupeLogVisible, i);

      if (row->number == number)
        return row->y >= 0 && row->y + line_height <= gtk_widget_get_height (GTK_WIDGET (f->view));
    }
  return FALSE;
}

static void
test_searches (void)
{
  LogFixture f;
  g_autoptr (GError) error = NULL;

  log_fixture_init_journal (&f, 0, 0);
  print_lines (&f, 0, 10000);
  log_fixture_show (&f, 600, 300);
  search (&f, "^LINE 77", TROUPE_LOG_MATCH_REGEX);
  g_assert_cmpuint (troupe_log_view_get_n_matches (f.view), ==, 111);
  /* The nearest one above the end of the view. */
  log_fixture_wait (troupe_log_view_get_current_match (f.view) == 111);
  g_assert_true (is_visible_row (&f, 7799));
  g_assert_false (troupe_log_view_get_follow (f.view));
  g_assert_true (troupe_log_view_find_next (f.view));
  g_assert_cmpuint (troupe_log_view_get_current_match (f.view), ==, 1);
  g_assert_true (is_visible_row (&f, 77));
  g_assert_true (troupe_log_view_find_previous (f.view));
  g_assert_cmpuint (troupe_log_view_get_current_match (f.view), ==, 111);
  g_assert_true (troupe_log_view_find_previous (f.view));
  g_assert_true (is_visible_row (&f, 7798));
  /* An expression that is none leaves all as it is. */
  g_assert_false (troupe_log_view_set_search (f.view, "(", TROUPE_LOG_MATCH_REGEX, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (troupe_log_view_get_n_matches (f.view), ==, 111);
  /* What comes later counts too. */
  log_fixture_print (&f, "line 77\n");
  log_fixture_wait (troupe_log_view_get_n_matches (f.view) == 112);
  search (&f, "(", TROUPE_LOG_MATCH_DEFAULT);
  g_assert_cmpuint (troupe_log_view_get_n_matches (f.view), ==, 0);
  g_assert_false (troupe_log_view_find_next (f.view));
  search (&f, NULL, TROUPE_LOG_MATCH_DEFAULT);
  g_assert_cmpuint (troupe_log_view_get_n_matches (f.view), ==, 0);
  log_fixture_clear (&f);
}

static void
test_clear_hides (void)
{
  LogFixture f;

  log_fixture_init_journal (&f, 0, 0);
  print_lines (&f, 0, 100);
  log_fixture_show (&f, 600, 300);
  troupe_log_view_clear (f.view);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 0);
  g_assert_cmpuint (f.view->visible->len, ==, 0);
  print_lines (&f, 100, 103);
  log_fixture_wait (troupe_log_view_get_n_rows (f.view) == 3);
  assert_row (&f, 0, "line 100");
  /* It stays so when other things change. */
  g_object_set (f.view, "show-events", TRUE, "wrap", TRUE, NULL);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 3);
  search (&f, "line", 0);
  g_assert_cmpuint (troupe_log_view_get_n_matches (f.view), ==, 3);
  log_fixture_wait (troupe_log_view_get_current_match (f.view) == 3);
  troupe_log_view_unclear (f.view);
  log_fixture_wait (troupe_log_view_get_n_matches (f.view) == 103);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 103);
  log_fixture_clear (&f);
}

static guint
count_pixels (const guint32 *pixels, int width, int height, int x0, int x1, gboolean (*like) (int r, int g, int b))
{
  guint n = 0;

  for (int y = 0; y < height; y++)
    {
      for (int x = x0; x < x1; x++)
        {
          guint32 pixel = pixels[y * width + x];

          n += like (pixel >> 16 & 0xff, pixel >> 8 & 0xff, pixel & 0xff);
        }
    }
  return n;
}

static gboolean
is_orange (int r, int g, int b)
{
  return r > 230 && g > 130 && g < 190 && b < 110;
}

static gboolean
is_yellow (int r, int g, int b)
{
  return r > 230 && g > 210 && b < 150;
}

static void
test_marks_matches (void)
{
  LogFixture f;
  int width;
  int height;
  g_autofree guint32 *pixels = NULL;
  g_autofree guint32 *without = NULL;

  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_LIGHT);
  log_fixture_init_journal (&f, 0, 0);
  print_lines (&f, 0, 400);
  log_fixture_print (&f, "one needle, \033[31mtwo\033[0m needles\nhay\nneedle\n");
  log_fixture_show (&f, 600, 300);
  without = log_fixture_render (&f, "search-without", &width, &height);
  g_assert_cmpuint (count_pixels (without, width, height, 0, width, is_yellow), ==, 0);
  search (&f, "needle", 0);
  log_fixture_wait (troupe_log_view_get_current_match (f.view) == 2);
  select_range (&f, 398, 2, 399, 4);
  pixels = log_fixture_render (&f, "search", &width, &height);
  /* The current row's match orange, the others yellow, a mark at the right edge. */
  g_assert_cmpuint (count_pixels (pixels, width, height, 0, width - 8, is_orange), >, 300);
  g_assert_cmpuint (count_pixels (pixels, width, height, 0, width - 8, is_yellow), >, 600);
  g_assert_cmpuint (count_pixels (pixels, width, height, width - 4, width, is_orange), >=, 4);
  log_fixture_clear (&f);
}

static void
test_filters (void)
{
  LogFixture f;

  log_fixture_init_journal (&f, 0, 0);
  print_lines (&f, 0, 10000);
  log_fixture_show (&f, 600, 300);
  troupe_log_view_scroll_to_row (f.view, 7000, TRUE);
  g_assert_true (troupe_log_view_set_filter (f.view, "00$", TROUPE_LOG_MATCH_REGEX, NULL));
  g_assert_true (troupe_log_view_get_filtering (f.view));
  log_fixture_wait (troupe_log_view_get_n_rows (f.view) == 99);
  log_fixture_wait (log_fixture_last_row (&f) == 98);
  log_fixture_settle (&f);
  assert_row (&f, f.view->visible->len - 1, "line 9900");
  /* A search finds only what is shown. */
  search (&f, "line 9", 0);
  g_assert_cmpuint (troupe_log_view_get_n_matches (f.view), ==, 11);
  log_fixture_wait (troupe_log_view_get_current_match (f.view) == 11);
  g_assert_true (troupe_log_view_find_next (f.view));
  log_fixture_settle (&f);
  g_assert_true (is_visible_row (&f, 8));
  select_range (&f, 0, 0, 2, TROUPE_LOG_COLUMN_END);
  ASSERT_SELECTED (&f, "line 100\nline 200\nline 300");
  troupe_log_view_set_follow (f.view, TRUE);
  print_lines (&f, 10000, 10201);
  log_fixture_wait (troupe_log_view_get_n_rows (f.view) == 102);
  g_assert_cmpuint (log_fixture_last_row (&f), ==, 101);
  /* Shown all again, the row at the top is the same. */
  troupe_log_view_set_follow (f.view, FALSE);
  troupe_log_view_scroll_to_row (f.view, 50, TRUE);
  log_fixture_settle (&f);
  assert_row (&f, 50 - log_fixture_first_row (&f), "line 5100");
  g_assert_true (troupe_log_view_set_filter (f.view, NULL, 0, NULL));
  log_fixture_settle (&f);
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 10201);
  assert_row (&f, 5100 - log_fixture_first_row (&f), "line 5100");
  g_assert_cmpuint (ABS ((int) log_fixture_first_row (&f) - 5100), <=, 1);
  log_fixture_clear (&f);
}

/* ---- Long lines ---- */

static void
test_wraps (void)
{
  LogFixture f;
  guint64 columns;
  g_autoptr (GString) line = g_string_new (NULL);
  const TroupeLogVisible *last;
  int line_height;

  log_fixture_init_journal (&f, 0, 0);
  for (int i = 0; i < 100; i++)
    g_string_append_printf (line, "%09d ", i);
  print_lines (&f, 0, 100);
  log_fixture_print (&f, "%s\n", line->str);
  log_fixture_show (&f, 400, 300);
  troupe_log_view_set_wrap (f.view, TRUE);
  log_fixture_settle (&f);
  columns = troupe_log_view_wrap_columns (f.view);
  line_height = troupe_log_view_line_height (f.view);
  last = &g_array_index (f.view->visible, TroupeLogVisible, f.view->visible->len - 1);
  g_assert_cmpuint (last->number, ==, 100);
  g_assert_cmpuint (last->n_lines, ==, (1000 + columns - 1) / columns);
  /* The end is exactly the end. */
  g_assert_cmpfloat_with_epsilon (last->y + last->n_lines * line_height, 300 - TROUPE_LOG_PADDING, 1.5);
  /* A step is a line of the screen, also inside of a wrapped one. */
  {
    double y = last->y;

    troupe_log_view_scroll_lines (f.view, -2);
    last = &g_array_index (f.view->visible, TroupeLogVisible, f.view->visible->len - 1);
    g_assert_cmpuint (last->number, ==, 100);
    g_assert_cmpfloat_with_epsilon (last->y, y + 2 * line_height, 1.5);
    troupe_log_view_scroll_lines (f.view, 2);
    g_assert_true (troupe_log_view_get_follow (f.view));
  }
  g_assert_cmpfloat (gtk_adjustment_get_upper (gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (f.view))), ==,
                     gtk_adjustment_get_page_size (gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (f.view))));
  log_fixture_clear (&f);
}

static void
test_megabyte_line (void)
{
  LogFixture f;
  gsize size = 10 << 20;
  g_autofree char *line = g_malloc (size + 1);
  GtkAdjustment *horizontal;
  TroupeLogVisible *row;
  int cell_width;
  g_autofree char *end = NULL;

  for (gsize i = 0; i < size; i++)
    line[i] = 'a' + i / 26 % 26;
  line[size] = '\n';
  memcpy (line + size - 7, "the end", 7);
  log_fixture_init_journal (&f, 0, 0);
  log_fixture_append (&f, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, line, size + 1);
  log_fixture_print (&f, "after\n");
  log_fixture_show (&f, 400, 300);
  cell_width = troupe_log_view_cell_width (f.view);
  horizontal = gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (f.view));
  g_assert_cmpfloat (gtk_adjustment_get_upper (horizontal), >=, (double) size * cell_width);
  gtk_adjustment_set_value (horizontal, G_MAXDOUBLE);
  log_fixture_settle (&f);
  row = &g_array_index (f.view->visible, TroupeLogVisible, 0);
  g_assert_cmpuint (row->line->n_columns, ==, size);
  g_assert_cmpuint (row->line->n_bytes, <=, 2 * TROUPE_LOG_LINE_WINDOW_BYTES);
  g_assert_cmpuint (row->line->first + row->line->ansi.n_columns, ==, size);
  end = g_strndup ((char *) row->line->bytes + row->line->n_bytes - 7, 7);
  g_assert_cmpstr (end, ==, "the end");
  select_range (&f, 0, size - 10, 1, 3);
  {
    g_autofree char *expected = g_strdup_printf ("%.10s\naft", line + size - 10);

    assert_selected (&f, expected, strlen (expected));
  }
  /* Wrapped it is hundreds of thousands of lines high, and its end is still the end. */
  troupe_log_view_set_wrap (f.view, TRUE);
  troupe_log_view_set_follow (f.view, TRUE);
  log_fixture_settle (&f);
  g_assert_cmpuint (log_fixture_last_row (&f), ==, 1);
  row = &g_array_index (f.view->visible, TroupeLogVisible, 0);
  g_assert_cmpuint (row->number, ==, 0);
  g_assert_cmpuint (row->n_lines, >, 100000);
  g_assert_cmpuint (row->line->first + row->line->ansi.n_columns, ==, size);
  g_assert_cmpuint (row->line->n_bytes, <=, 2 * TROUPE_LOG_LINE_WINDOW_BYTES);
  troupe_log_view_scroll_lines (f.view, -50000);
  log_fixture_settle (&f);
  g_assert_cmpuint (f.view->visible->len, ==, 1);
  log_fixture_clear (&f);
}

/* ---- Pixels ---- */

static gboolean
is_red (int r, int g, int b)
{
  return r > 180 && g < 80 && b < 80;
}

static void
test_marks_stderr (void)
{
  LogFixture f;
  int width;
  int height;
  g_autofree guint32 *pixels = NULL;

  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_LIGHT);
  log_fixture_init_journal (&f, 0, 0);
  log_fixture_print (&f, "fine\n");
  log_fixture_show (&f, 400, 200);
  pixels = log_fixture_render (&f, "stderr-without", &width, &height);
  g_assert_cmpuint (count_pixels (pixels, width, height, 0, 20, is_red), ==, 0);
  g_free (pixels);
  log_fixture_error (&f, "not fine\nat all\n");
  log_fixture_settle (&f);
  pixels = log_fixture_render (&f, "stderr", &width, &height);
  /* A bar as high as its two rows, in the gutter. */
  g_assert_cmpuint (count_pixels (pixels, width, height, 0, 20, is_red), ==,
                    2 * TROUPE_LOG_MARK_WIDTH * troupe_log_view_line_height (f.view));
  log_fixture_clear (&f);
}

static guint
luma (guint32 pixel)
{
  return ((pixel >> 16 & 0xff) * 30 + (pixel >> 8 & 0xff) * 59 + (pixel & 0xff) * 11) / 100;
}

static void
test_light_and_dark (void)
{
  LogFixture f;
  int width;
  int height;

  log_fixture_init_journal (&f, 0, 0);
  print_colorful (&f);
  log_fixture_show (&f, 1000, 640);
  for (int dark = 0; dark < 2; dark++)
    {
      g_autofree guint32 *pixels = NULL;
      guint corner;
      guint far = 0;

      adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                          dark ? ADW_COLOR_SCHEME_FORCE_DARK : ADW_COLOR_SCHEME_FORCE_LIGHT);
      pixels = log_fixture_render (&f, dark ? "dark-plain" : "light-plain", &width, &height);
      corner = luma (pixels[(height - 2) * width + width / 2]);
      g_assert_true (dark ? corner < 60 : corner > 230);
      for (int i = 0; i < width * height; i++)
        far += ABS ((int) luma (pixels[i]) - (int) corner) > 100;
      g_assert_cmpuint (far, >, 3000);
    }
  log_fixture_clear (&f);
}

/* ---- The rest ---- */

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  troupe_log_view_save_finish (TROUPE_LOG_VIEW (source), result, &error);
  *(GError **) data = error != NULL ? error : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "saved");
}

static void
test_saves (void)
{
  static const char bytes[] = "\033[31mred\033[0m\n\0\377\nno newline";
  LogFixture f;
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (GFile) nowhere = g_file_new_for_path ("/nonexistent/folder/file");
  GError *result = NULL;
  gsize length;

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_append (&f, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, bytes, sizeof bytes - 1);
  log_fixture_show (&f, 400, 200);
  path = g_build_filename (f.dir, "saved.log", NULL);
  file = g_file_new_for_path (path);
  troupe_log_view_save_async (f.view, file, NULL, saved_cb, &result);
  log_fixture_wait (result != NULL);
  g_assert_cmpstr (result->message, ==, "saved");
  g_clear_error (&result);
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_cmpmem (content, length, bytes, sizeof bytes - 1);
  troupe_log_view_save_async (f.view, nowhere, NULL, saved_cb, &result);
  log_fixture_wait (result != NULL);
  g_assert_error (result, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&result);
  log_fixture_clear (&f);
}

static guint
count_children (GtkWidget *widget, const char *text)
{
  guint n = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    n += GTK_IS_INSCRIPTION (child) && g_strcmp0 (gtk_inscription_get_text (GTK_INSCRIPTION (child)), text) == 0;
  return n;
}

static void
test_can_be_read_aloud (void)
{
  LogFixture f;

  log_fixture_init_journal (&f, 0, 0);
  log_fixture_print (&f, "\033[32mhello\033[0m\n");
  log_fixture_error (&f, "oh no\n");
  log_fixture_show (&f, 400, 200);
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (f.view), GTK_ACCESSIBLE_ROLE_LOG);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (f.view), GTK_ACCESSIBLE_PROPERTY_LABEL, "Output");
  log_fixture_wait (count_children (GTK_WIDGET (f.view), "hello") == 1);
  log_fixture_wait (count_children (GTK_WIDGET (f.view), "Error output: oh no") == 1);
  troupe_log_view_clear (f.view);
  log_fixture_wait (gtk_widget_get_first_child (GTK_WIDGET (f.view)) == NULL);
  log_fixture_clear (&f);
}

static void
test_keys_and_actions (void)
{
  LogFixture f;
  gboolean wrap;
  TroupeLogTimes times;

  log_fixture_init_journal (&f, 0, 0);
  print_lines (&f, 0, 1000);
  log_fixture_show (&f, 400, 200);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f.view), "log.wrap", NULL));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f.view), "log.time-stamps", "s", "since-start"));
  g_object_get (f.view, "wrap", &wrap, "time-stamps", &times, NULL);
  g_assert_true (wrap);
  g_assert_cmpint (times, ==, TROUPE_LOG_TIMES_SINCE_START);
  log_fixture_settle (&f);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f.view), "log.select-all", NULL));
  g_assert_true (troupe_log_view_get_has_selection (f.view));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f.view), "log.menu", NULL));
  log_fixture_wait (f.view->menu != NULL && gtk_widget_get_mapped (f.view->menu));
  log_fixture_settle (&f);
  gtk_popover_popdown (GTK_POPOVER (f.view->menu));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f.view), "log.clear", NULL));
  g_assert_cmpuint (troupe_log_view_get_n_rows (f.view), ==, 0);
  log_fixture_clear (&f);
}

static void
test_tiny_and_empty (void)
{
  LogFixture f;
  GtkWidget *alone = g_object_ref_sink (troupe_log_view_new ());

  /* Never shown, with nothing to show. */
  troupe_log_view_set_runs (TROUPE_LOG_VIEW (alone), NULL, 0);
  troupe_log_view_set_follow (TROUPE_LOG_VIEW (alone), FALSE);
  troupe_log_view_select_all (TROUPE_LOG_VIEW (alone));
  troupe_log_view_find_next (TROUPE_LOG_VIEW (alone));
  troupe_log_view_clear (TROUPE_LOG_VIEW (alone));
  troupe_log_view_scroll_to_time (TROUPE_LOG_VIEW (alone), 1);
  g_assert_finalize_object (alone);
  log_fixture_init_journal (&f, 0, 0);
  log_fixture_print (&f, "some text\n日本日本日本\n");
  log_fixture_show (&f, 12, 12);
  g_object_set (f.view, "wrap", TRUE, "time-stamps", TROUPE_LOG_TIMES_CLOCK, "font", "Sans 40", NULL);
  log_fixture_settle (&f);
  log_fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  /* Keeps what widgets say about themselves, without a bus. */
  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/logview/pictures", test_pictures);
  g_test_add_func ("/logview/shows-rows", test_shows_rows);
  g_test_add_func ("/logview/shows-what-comes-later", test_shows_what_comes_later);
  g_test_add_func ("/logview/merges-runs", test_merges_runs);
  g_test_add_func ("/logview/follows-until-scrolled", test_follows_until_scrolled);
  g_test_add_func ("/logview/stands-still-when-the-head-goes", test_stands_still_when_the_head_goes);
  g_test_add_func ("/logview/stands-still-when-rows-come-late", test_stands_still_when_rows_come_late);
  g_test_add_func ("/logview/goes-to-a-time", test_goes_to_a_time);
  g_test_add_func ("/logview/clear-hides", test_clear_hides);
  g_test_add_func ("/logview/selects-bytes", test_selects_bytes);
  g_test_add_func ("/logview/copies-up-to-a-ceiling", test_copies_up_to_a_ceiling);
  g_test_add_func ("/logview/selection-stays-with-its-rows", test_selection_stays_with_its_rows);
  g_test_add_func ("/logview/selects-words", test_selects_by_pointer);
  g_test_add_func ("/logview/searches", test_searches);
  g_test_add_func ("/logview/marks-matches", test_marks_matches);
  g_test_add_func ("/logview/filters", test_filters);
  g_test_add_func ("/logview/wraps", test_wraps);
  g_test_add_func ("/logview/megabyte-line", test_megabyte_line);
  g_test_add_func ("/logview/marks-stderr", test_marks_stderr);
  g_test_add_func ("/logview/light-and-dark", test_light_and_dark);
  g_test_add_func ("/logview/saves", test_saves);
  g_test_add_func ("/logview/can-be-read-aloud", test_can_be_read_aloud);
  g_test_add_func ("/logview/keys-and-actions", test_keys_and_actions);
  g_test_add_func ("/logview/tiny-and-empty", test_tiny_and_empty);
  return g_test_run ();
}
