/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Search text, its index, the thread that fills it, and events in words: without a display. */

#include "config.h"

#include "log-fixture.h"
#include "logview/log-event.h"
#include "logview/log-matcher.h"
#include "logview/log-search.h"

#include <string.h>

static gboolean
matches (const char *pattern, TroupeLogMatchFlags flags, const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeLogMatcher) matcher = troupe_log_matcher_new (pattern, flags, &error);
  g_autoptr (TroupeLogScratch) scratch = troupe_log_scratch_new ();

  g_assert_no_error (error);
  return troupe_log_matcher_matches_line (matcher, scratch, (const guint8 *) text, length);
}

#define MATCHES(pattern, flags, text) matches (pattern, flags, text, sizeof (text) - 1)

static void
test_matcher (void)
{
  g_assert_true (MATCHES ("ERROR", TROUPE_LOG_MATCH_DEFAULT, "an error here"));
  g_assert_false (MATCHES ("ERROR", TROUPE_LOG_MATCH_CASE, "an error here"));
  g_assert_true (MATCHES ("a.c(", TROUPE_LOG_MATCH_DEFAULT, "xa.c(x"));
  g_assert_false (MATCHES ("a.c(", TROUPE_LOG_MATCH_DEFAULT, "abc("));
  g_assert_true (MATCHES ("\\Q.\\E", TROUPE_LOG_MATCH_DEFAULT, "a \\Q.\\E b"));
  g_assert_true (MATCHES ("^a+b$", TROUPE_LOG_MATCH_REGEX, "aaab"));
  g_assert_true (MATCHES ("done$", TROUPE_LOG_MATCH_REGEX, "done\r"));
  g_assert_true (MATCHES ("ÄÖ", TROUPE_LOG_MATCH_DEFAULT, "xäöx"));
  g_assert_true (MATCHES ("b", TROUPE_LOG_MATCH_DEFAULT, "a\0\377b"));
  g_assert_true (MATCHES ("^.+$", TROUPE_LOG_MATCH_REGEX, "\033[31mred\033[0m"));
  g_assert_true (MATCHES ("OK done", TROUPE_LOG_MATCH_DEFAULT, "\033[32mOK\033[0m done"));
  g_assert_false (MATCHES ("31", TROUPE_LOG_MATCH_DEFAULT, "\033[31mred\033[0m"));
  g_assert_false (MATCHES ("50%", TROUPE_LOG_MATCH_DEFAULT, "50%\r100%"));
}

static void
test_matcher_names_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *huge = g_strnfill (TROUPE_LOG_MATCHER_MAX_PATTERN + 1, 'a');

  g_assert_null (troupe_log_matcher_new ("ab(c", TROUPE_LOG_MATCH_REGEX, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "5"));
  g_clear_error (&error);
  g_assert_null (troupe_log_matcher_new (huge, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (troupe_log_matcher_new ("\377", 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_matcher_is_bounded (void)
{
  g_autofree char *text = g_strnfill (5000, 'a');

  /* Without a bound this takes longer than the universe. */
  g_assert_false (matches ("(a+)+b$", TROUPE_LOG_MATCH_REGEX, text, strlen (text)));
}

static void
test_index_forgets_the_oldest (void)
{
  g_autoptr (TroupeLogIndex) index = troupe_log_index_new (100);
  guint64 n = TROUPE_LOG_INDEX_MAX_ENTRIES + 100000;
  guint64 begin;
  guint64 end;
  TroupeLogIndexEntry entry;
  TroupeLogMarks marks;

  for (guint64 i = 0; i < n; i++)
    {
      TroupeLogIndexEntry added = { { .offset = i * 10, .stream = i % 4, .source = i % 500 }, 100 + 2 * i };

      troupe_log_index_append (index, &added, 1, 100 + 2 * i + 2);
    }
  troupe_log_index_get_range (index, &begin, &end);
  g_assert_cmpuint (end, ==, n);
  g_assert_cmpuint (end - begin, <=, TROUPE_LOG_INDEX_MAX_ENTRIES);
  g_assert_cmpuint (end - begin, >, TROUPE_LOG_INDEX_MAX_ENTRIES / 2);
  g_assert_false (troupe_log_index_get (index, begin - 1, &entry));
  g_assert_false (troupe_log_index_get (index, end, &entry));
  for (guint64 i = begin; i < end; i += 997)
    {
      g_assert_true (troupe_log_index_get (index, i, &entry));
      g_assert_cmpuint (entry.place.offset, ==, i * 10);
      g_assert_cmpuint (entry.place.stream, ==, i % 4);
      g_assert_cmpuint (entry.place.source, ==, i % 500);
      g_assert_cmpuint (troupe_log_index_find_ordinal (index, 100 + 2 * i), ==, i);
      g_assert_cmpuint (troupe_log_index_find_ordinal (index, 100 + 2 * i + 1), ==, i + 1);
    }
  g_assert_cmpuint (troupe_log_index_find_ordinal (index, G_MAXUINT64), ==, end);
  troupe_log_index_get_marks (index, &marks);
  g_assert_cmpuint (marks.n_marks, <=, TROUPE_LOG_INDEX_N_MARKS);
  g_assert_cmpuint (marks.n_marks, >, TROUPE_LOG_INDEX_N_MARKS / 4);
}

static void
test_index_marks_where (void)
{
  g_autoptr (TroupeLogIndex) index = troupe_log_index_new (0);
  TroupeLogIndexEntry early = { { .offset = 1 }, 10 };
  TroupeLogIndexEntry late = { { .offset = 2 }, 900000 };
  TroupeLogMarks marks;
  guint n_hits = 0;

  troupe_log_index_append (index, &early, 1, 1000);
  troupe_log_index_append (index, &late, 1, 1000000);
  troupe_log_index_get_marks (index, &marks);
  for (guint i = 0; i < marks.n_marks; i++)
    n_hits += marks.hit[i];
  g_assert_cmpuint (n_hits, ==, 2);
  g_assert_true (marks.hit[10 / marks.rows_per_mark]);
  g_assert_true (marks.hit[900000 / marks.rows_per_mark]);
  g_assert_cmpuint (marks.n_marks * marks.rows_per_mark, >=, 1000000);
}

static guint n_notified;

static void
notified_cb (gpointer data)
{
  n_notified++;
}

static guint64
count (TroupeLogSearch *search)
{
  guint64 begin;
  guint64 end;

  troupe_log_index_get_range (troupe_log_search_get_index (search), &begin, &end);
  return end;
}

static TroupeLogSearch *
start_search (TroupeLogRows *rows, const char *pattern, const char *filter)
{
  g_autoptr (TroupeLogMatcher) matcher = troupe_log_matcher_new (pattern, TROUPE_LOG_MATCH_REGEX, NULL);
  g_autoptr (TroupeLogMatcher) filter_matcher =
      filter != NULL ? troupe_log_matcher_new (filter, TROUPE_LOG_MATCH_REGEX, NULL) : NULL;

  g_assert_nonnull (matcher);
  return troupe_log_search_new (rows, matcher, filter_matcher, notified_cb, NULL);
}

static void
test_search_finds_all (void)
{
  LogFixture f;
  const char *dirs[1];
  TroupeLogRows *rows;
  TroupeLogSearch *search;

  log_fixture_init_journal (&f, 0, 0);
  dirs[0] = f.dir;
  for (int i = 0; i < 20000; i++)
    {
      if (i % 3 == 0)
        log_fixture_error (&f, "line %d of stderr\n", i);
      else
        log_fixture_print (&f, "line %d of stdout\nand another one %d\n", i, i);
    }
  rows = troupe_log_rows_new (dirs, 1, TROUPE_STREAM_MASK_ALL);
  search = start_search (rows, "^line [0-9]*[05] |^line 7 ", NULL);
  log_fixture_wait (!troupe_log_search_is_busy (search));
  g_assert_cmpuint (count (search), ==, 4001);
  /* Each entry is the row it says, in order. */
  for (guint64 i = 0; i < 4001; i += 13)
    {
      TroupeLogIndexEntry entry;
      guint64 number;
      TroupeLogRow row;
      char text[64] = "";

      g_assert_true (troupe_log_index_get (troupe_log_search_get_index (search), i, &entry));
      g_assert_true (troupe_log_rows_find_place (rows, entry.place, entry.ordinal, &number));
      g_assert_cmpuint (number, ==, entry.ordinal);
      g_assert_true (troupe_log_rows_get (rows, number, &row));
      troupe_log_rows_read (rows, &row, 0, text, sizeof text - 1);
      g_assert_true (g_str_has_prefix (text, "line "));
    }
  g_assert_cmpuint (n_notified, >, 0);
  troupe_log_search_free (search);
  troupe_log_rows_free (rows);
  log_fixture_clear (&f);
}

static void
test_search_goes_on (void)
{
  LogFixture f;
  const char *dirs[1];
  TroupeLogRows *rows;
  TroupeLogSearch *search;
  TroupeLogSearch *filtered;

  log_fixture_init_journal (&f, 0, 0);
  dirs[0] = f.dir;
  log_fixture_print (&f, "needle 1\nhay\n");
  rows = troupe_log_rows_new (dirs, 1, TROUPE_STREAM_MASK_ALL);
  search = start_search (rows, "needle", NULL);
  filtered = start_search (rows, "needle", "2");
  log_fixture_wait (count (search) == 1);
  /* A line that grows until it matches, while the other stream goes on. */
  log_fixture_print (&f, "need");
  log_fixture_error (&f, "hay\n");
  troupe_log_search_poke (search);
  /* All four rows have been looked at. */
  log_fixture_wait (troupe_log_index_get_end_ordinal (troupe_log_search_get_index (search)) == 4);
  g_assert_cmpuint (count (search), ==, 1);
  log_fixture_print (&f, "le 2\n");
  log_fixture_error (&f, "needle 3");
  troupe_log_search_poke (search);
  troupe_log_search_poke (filtered);
  log_fixture_wait (count (search) == 3);
  log_fixture_wait (count (filtered) == 1);
  log_fixture_error (&f, " needle\nneedle 22\n");
  troupe_log_search_poke (search);
  troupe_log_search_poke (filtered);
  log_fixture_wait (count (search) == 4);
  log_fixture_wait (count (filtered) == 2);
  troupe_log_search_free (search);
  troupe_log_search_free (filtered);
  troupe_log_rows_free (rows);
  log_fixture_clear (&f);
}

static void
test_search_reaches_into_long_lines (void)
{
  LogFixture f;
  const char *dirs[1];
  TroupeLogRows *rows;
  TroupeLogSearch *search;
  g_autofree char *filler = g_strnfill (3 << 20, 'x');

  log_fixture_init_journal (&f, 0, 0);
  dirs[0] = f.dir;
  /* Across the border between two pieces, and at the very end. */
  memcpy (filler + (256 << 10) - 3, "needle", 6);
  log_fixture_print (&f, "%s\n", filler);
  memset (filler, 'x', 3 << 20);
  memcpy (filler + (3 << 20) - 6, "needle", 6);
  log_fixture_print (&f, "%s\n", filler);
  rows = troupe_log_rows_new (dirs, 1, TROUPE_STREAM_MASK_ALL);
  search = start_search (rows, "needle", NULL);
  log_fixture_wait (!troupe_log_search_is_busy (search));
  g_assert_cmpuint (count (search), ==, 2);
  troupe_log_search_free (search);
  troupe_log_rows_free (rows);
  log_fixture_clear (&f);
}

static void
assert_event (const char *json, const char *expected)
{
  g_autofree char *text = troupe_log_event_dup_text (json, strlen (json));

  g_assert_cmpstr (text, ==, expected);
}

static void
test_events_in_words (void)
{
  assert_event ("{\"event\":\"start\",\"pid\":4711}", "Started, PID 4711");
  assert_event ("{\"event\":\"exit\",\"code\":3,\"signal\":null}", "Exited with code 3");
  assert_event ("{\"event\":\"exit\",\"code\":null,\"signal\":\"SIGKILL\"}", "Ended by SIGKILL");
  assert_event ("{\"event\":\"state\",\"from\":\"starting\",\"to\":\"running\"}", "starting → running");
  assert_event ("{ \"event\" : \"brand-new\" , \"a\\\"b\" : { \"c\" : [1,\"}\"] } , \"d\" : \"x\\ny\\u00e4\" }",
                "brand-new · a\"b { \"c\" : [1,\"}\"] } · d x yä");
  assert_event ("no json", "no json");
  assert_event ("{\"event\":\"cut", "{\"event\":\"cut");
  assert_event ("", "");
  assert_event ("{}", "");
}

static void
test_events_fuzz (void)
{
  static const char alphabet[] = "{}[]\",:\\u0dabent \n\377\303";
  GRand *rand = g_rand_new_with_seed (7);

  for (guint round = 0; round < 50000; round++)
    {
      gsize length = g_rand_int_range (rand, 0, 60);
      g_autofree char *bytes = g_malloc (length + 1);
      g_autofree char *exact = NULL;
      g_autofree char *text = NULL;

      for (gsize i = 0; i < length; i++)
        bytes[i] = alphabet[g_rand_int_range (rand, 0, sizeof alphabet - 1)];
      exact = g_memdup2 (bytes, length);
      text = troupe_log_event_dup_text (exact, length);
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_null (strchr (text, '\n'));
    }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logview/matcher/matches", test_matcher);
  g_test_add_func ("/logview/matcher/names-errors", test_matcher_names_errors);
  g_test_add_func ("/logview/matcher/is-bounded", test_matcher_is_bounded);
  g_test_add_func ("/logview/index/forgets-the-oldest", test_index_forgets_the_oldest);
  g_test_add_func ("/logview/index/marks-where", test_index_marks_where);
  g_test_add_func ("/logview/search/finds-all", test_search_finds_all);
  g_test_add_func ("/logview/search/goes-on", test_search_goes_on);
  g_test_add_func ("/logview/search/reaches-into-long-lines", test_search_reaches_into_long_lines);
  g_test_add_func ("/logview/event/in-words", test_events_in_words);
  g_test_add_func ("/logview/event/fuzz", test_events_fuzz);
  return g_test_run ();
}
