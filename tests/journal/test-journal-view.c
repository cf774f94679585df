/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Several logs merged by time, against a plain sort. */

#include "journal-model.h"

#include "journal/journal-view.h"

#include <string.h>

#define N_SOURCES 4

typedef struct
{
  char *dirs[2];
  JournalModel *models[N_SOURCES];
  TroupeJournalWriter *writers[N_SOURCES];
  TroupeJournalView *view;
  unsigned masks[N_SOURCES];
} Fixture;

typedef struct
{
  TroupeJournalRow row;
  unsigned source;
  guint64 source_row;
} Expected;

static TroupeLog
get_log (unsigned source)
{
  return source % 2 == 0 ? TROUPE_LOG_OUTPUT : TROUPE_LOG_ACTIVITY;
}

static void
fixture_init (Fixture *fixture, const TroupeJournalOptions *options)
{
  fixture->view = troupe_journal_view_new ();
  for (unsigned i = 0; i < N_SOURCES; i++)
    {
      TroupeJournalReader *reader;

      if (i % 2 == 0)
        fixture->dirs[i / 2] = journal_test_dir_new ();
      fixture->models[i] = journal_model_new (get_log (i));
      fixture->masks[i] = TROUPE_STREAM_MASK_ALL;
      g_assert_cmpint (
          troupe_journal_writer_open (fixture->dirs[i / 2], get_log (i), options, &fixture->writers[i]), ==,
          0);
      g_assert_cmpint (troupe_journal_reader_open (fixture->dirs[i / 2], get_log (i), &reader), ==, 0);
      g_assert_cmpuint (troupe_journal_view_add (fixture->view, reader, fixture->masks[i]), ==, i);
      g_assert_true (troupe_journal_view_get_reader (fixture->view, i) == reader);
    }
}

static void
fixture_clear (Fixture *fixture)
{
  troupe_journal_view_free (fixture->view);
  for (unsigned i = 0; i < N_SOURCES; i++)
    {
      troupe_journal_writer_close (fixture->writers[i]);
      journal_model_free (fixture->models[i]);
    }
  journal_test_dir_remove (fixture->dirs[0]);
  journal_test_dir_remove (fixture->dirs[1]);
}

/* All sources share a clock that often stands still, so that many rows have one time. */
static void
write_some (Fixture *fixture, guint n, guint64 *time_usec)
{
  for (guint i = 0; i < n; i++)
    {
      unsigned source = (unsigned) g_test_rand_int_range (0, N_SOURCES);
      gboolean is_output = get_log (source) == TROUPE_LOG_OUTPUT;
      TroupeStream stream = g_test_rand_int_range (0, 3) == 0 ? TROUPE_STREAM_EVENTS
                            : is_output                       ? TROUPE_STREAM_STDOUT
                                                              : TROUPE_STREAM_MESSAGES;
      const char *texts[] = { "x\n", "one\ntwo\n", "a\nb\nc\nd\ne\n", "not the end" };
      const char *text = texts[g_test_rand_int_range (0, G_N_ELEMENTS (texts))];

      *time_usec += (guint64) MAX (0, g_test_rand_int_range (-3, 3));
      journal_model_write (fixture->models[source], fixture->writers[source], stream,
                           is_output ? TROUPE_RECORD_DATA : TROUPE_RECORD_SENT, *time_usec, text,
                           strlen (text));
    }
}

static int
compare_expected (const void *a, const void *b)
{
  const Expected *x = a, *y = b;

  if (x->row.time_usec != y->row.time_usec)
    return x->row.time_usec < y->row.time_usec ? -1 : 1;
  if (x->source != y->source)
    return x->source < y->source ? -1 : 1;
  return x->source_row < y->source_row ? -1 : x->source_row > y->source_row;
}

static GArray *
dup_expected (Fixture *fixture)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Expected));

  for (unsigned source = 0; source < N_SOURCES; source++)
    {
      GArray *rows = fixture->models[source]->rows;
      guint64 begin = troupe_journal_reader_get_begin (troupe_journal_view_get_reader (fixture->view, source),
                                                       fixture->masks[source]);
      guint64 number = 0;

      for (guint i = 0; i < rows->len; i++)
        {
          Expected expected = {
            .row = g_array_index (rows, JournalModelRow, i).row,
            .source = source,
            .source_row = number,
          };

          if (!(fixture->masks[source] & TROUPE_STREAM_MASK (expected.row.stream)))
            continue;
          if (number++ >= begin)
            g_array_append_val (all, expected);
        }
    }
  if (all->len > 0)
    qsort (all->data, all->len, sizeof (Expected), compare_expected);
  return all;
}

static void
check_row (Fixture *fixture, GArray *all, guint64 begin, guint i)
{
  const Expected *expected = &g_array_index (all, Expected, i);
  TroupeJournalViewRow out;

  g_assert_true (troupe_journal_view_get_row (fixture->view, begin + i, &out));
  g_assert_cmpuint (out.source, ==, expected->source);
  g_assert_cmpuint (out.row.offset, ==, expected->row.offset);
  g_assert_cmpuint (out.row.length, ==, expected->row.length);
  g_assert_cmpint (out.row.stream, ==, expected->row.stream);
  g_assert_cmpuint (out.row.time_usec, ==, expected->row.time_usec);
}

static void
check (Fixture *fixture)
{
  g_autoptr (GArray) all = dup_expected (fixture);
  guint64 begin = troupe_journal_view_get_begin (fixture->view);
  guint64 end = troupe_journal_view_get_end (fixture->view);
  TroupeJournalViewRow out;

  g_assert_cmpuint (end - begin, ==, all->len);
  g_assert_false (troupe_journal_view_get_row (fixture->view, end, &out));
  for (guint i = 0; i < all->len; i++)
    {
      const Expected *expected = &g_array_index (all, Expected, i);

      check_row (fixture, all, begin, i);
      g_assert_cmpuint (
          troupe_journal_view_find_source_row (fixture->view, expected->source, expected->source_row), ==,
          begin + i);
      if (i == 0 || g_array_index (all, Expected, i - 1).row.time_usec != expected->row.time_usec)
        g_assert_cmpuint (troupe_journal_view_find_time (fixture->view, expected->row.time_usec), ==,
                          begin + i);
    }
  for (guint i = all->len; i > 0; i--)
    check_row (fixture, all, begin, i - 1);
  for (guint i = 0; i < 200 && all->len > 0; i++)
    check_row (fixture, all, begin, (guint) g_test_rand_int_range (0, (gint32) all->len));
}

static void
test_merged (void)
{
  static const TroupeJournalOptions options[] = { { 0, 0 }, { 0, 256 }, { 6000, 512 } };

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      Fixture fixture;
      guint64 time_usec = 100;

      fixture_init (&fixture, &options[i]);
      check (&fixture);
      for (guint round = 0; round < 4; round++)
        {
          write_some (&fixture, 100, &time_usec);
          g_assert_true (troupe_journal_view_refresh (fixture.view));
          check (&fixture);
          fixture.masks[round] = TROUPE_STREAM_MASK (TROUPE_STREAM_EVENTS);
          troupe_journal_view_set_mask (fixture.view, round, fixture.masks[round]);
          check (&fixture);
        }
      g_assert_false (troupe_journal_view_refresh (fixture.view));
      fixture_clear (&fixture);
    }
}

static void
test_no_source (void)
{
  TroupeJournalView *view = troupe_journal_view_new ();
  TroupeJournalViewRow out;

  g_assert_false (troupe_journal_view_refresh (view));
  g_assert_cmpuint (troupe_journal_view_get_begin (view), ==, 0);
  g_assert_cmpuint (troupe_journal_view_get_end (view), ==, 0);
  g_assert_false (troupe_journal_view_get_row (view, 0, &out));
  g_assert_null (troupe_journal_view_get_reader (view, 0));
  troupe_journal_view_free (view);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/view/without-a-source-is-empty", test_no_source);
  g_test_add_func ("/journal/view/merges-by-time", test_merged);
  return g_test_run ();
}
