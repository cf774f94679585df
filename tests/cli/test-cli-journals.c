/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What reads journals, against journals that the real writer wrote: replay, lines, merging, and
 * the command `logs` without any engine. */

#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli-fixture.h"
#include "cli/journal-replay.h"
#include "cli/journal-tree.h"
#include "cli/log-merge.h"
#include "cli/log-tail.h"
#include "cli/output-pump.h"
#include "journal/journal-writer.h"
#include "journal/run-status.h"

#define BOTH (TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR))
/* 2024-05-01 12:30:00 UTC */
#define T0 (G_GUINT64_CONSTANT (1714566600) * G_USEC_PER_SEC)

typedef struct
{
  char *dir;
  TroupeJournalWriter *writer;
} Journal;

/* A run's folder as the engine makes it: ROOT/PROJECT/WORKER/RUN. */
static Journal *
journal_new (const char *root, const char *project, const char *worker, guint run)
{
  Journal *journal = g_new0 (Journal, 1);

  journal->dir = g_strdup_printf ("%s/%s/%s/%u", root, project, worker, run);
  g_assert_cmpint (g_mkdir_with_parents (journal->dir, 0700), ==, 0);
  g_assert_cmpint (troupe_journal_writer_open (journal->dir, TROUPE_LOG_OUTPUT, NULL, &journal->writer), ==, 0);
  return journal;
}

static void
put_bytes (Journal *journal, TroupeStream stream, guint64 msec, const char *bytes, gsize length)
{
  g_assert_cmpint (troupe_journal_writer_append (journal->writer, stream, TROUPE_RECORD_DATA, T0 + msec * 1000, bytes,
                                                 length),
                   ==, 0);
}

static void
put (Journal *journal, TroupeStream stream, guint64 msec, const char *text)
{
  put_bytes (journal, stream, msec, text, strlen (text));
}

static void
put_lost (Journal *journal, TroupeStream stream, guint64 msec, gsize length)
{
  g_assert_cmpint (troupe_journal_writer_append (journal->writer, stream, TROUPE_RECORD_LOST, T0 + msec * 1000, NULL,
                                                 length),
                   ==, 0);
}

static void
journal_free (Journal *journal)
{
  troupe_journal_writer_close (journal->writer);
  g_free (journal->dir);
  g_free (journal);
}

static char *
make_root (CliFixture *fixture)
{
  return g_build_filename (fixture->state_dir, "troupe", "journals", NULL);
}

/* -- Replay ----------------------------------------------------------------------------- */

static void
test_replay_order (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  g_autofree char *missing = g_build_filename (root, "not", "there", NULL);
  g_autoptr (TroupeReplay) replay = NULL;
  g_autoptr (TroupeReplay) none = troupe_replay_new (missing, TROUPE_LOG_OUTPUT, BOTH);
  g_autoptr (GString) seen = g_string_new (NULL);
  Journal *journal = journal_new (root, "default", "a", 1);
  TroupeReplayItem item;

  g_assert_cmpint (troupe_replay_refresh (none), ==, 0);
  g_assert_false (troupe_replay_next (none, &item));
  put (journal, TROUPE_STREAM_STDOUT, 1, "one");
  put (journal, TROUPE_STREAM_STDERR, 2, "two");
  put (journal, TROUPE_STREAM_STDOUT, 3, "three");
  put_lost (journal, TROUPE_STREAM_STDOUT, 4, 100);
  put (journal, TROUPE_STREAM_STDOUT, 5, "four");
  replay = troupe_replay_new (journal->dir, TROUPE_LOG_OUTPUT, BOTH);
  g_assert_cmpint (troupe_replay_refresh (replay), ==, 0);
  while (troupe_replay_next (replay, &item))
    {
      if (item.kind == TROUPE_RECORD_LOST)
        g_string_append_printf (seen, "<%" G_GSIZE_FORMAT ">", item.length);
      else
        g_string_append_printf (seen, "%d:%.*s ", (int) item.stream, (int) item.length, item.bytes);
    }
  g_assert_cmpstr (seen->str, ==, "0:one 1:two 0:three <100>0:four ");
  put (journal, TROUPE_STREAM_STDERR, 6, "five");
  g_assert_false (troupe_replay_next (replay, &item));
  g_assert_cmpint (troupe_replay_refresh (replay), ==, 0);
  g_assert_true (troupe_replay_next (replay, &item));
  g_assert_cmpmem (item.bytes, item.length, "five", 4);
  journal_free (journal);
}

static void
test_replay_exact (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *journal = journal_new (root, "default", "a", 1);
  GByteArray *written[2] = { g_byte_array_new (), g_byte_array_new () };
  GByteArray *read[2] = { g_byte_array_new (), g_byte_array_new () };
  g_autoptr (TroupeReplay) replay = troupe_replay_new (journal->dir, TROUPE_LOG_OUTPUT, BOTH);
  TroupeReplayItem item;

  for (int i = 0; i < 400; i++)
    {
      gsize length = (gsize) g_test_rand_int_range (1, i % 50 == 0 ? 300000 : 300);
      g_autofree char *bytes = g_malloc (length);
      int stream = g_test_rand_bit ();

      for (gsize j = 0; j < length; j++)
        bytes[j] = (char) (j * 7 + (gsize) i);
      put_bytes (journal, (TroupeStream) stream, (guint64) i, bytes, length);
      g_byte_array_append (written[stream], (guint8 *) bytes, (guint) length);
      /* Now and then, read what is there. */
      if (i % 37 != 0)
        continue;
      g_assert_cmpint (troupe_replay_refresh (replay), ==, 0);
      while (troupe_replay_next (replay, &item))
        g_byte_array_append (read[item.stream], (const guint8 *) item.bytes, (guint) item.length);
    }
  g_assert_cmpint (troupe_replay_refresh (replay), ==, 0);
  while (troupe_replay_next (replay, &item))
    g_byte_array_append (read[item.stream], (const guint8 *) item.bytes, (guint) item.length);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpmem (read[i]->data, read[i]->len, written[i]->data, written[i]->len);
      g_byte_array_unref (read[i]);
      g_byte_array_unref (written[i]);
    }
  journal_free (journal);
}

static void
append_file (const char *dir, const char *name, const char *bytes, gsize length)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  FILE *file = fopen (path, "a");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (bytes, 1, length, file), ==, length);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
append_all (TroupeReplay *replay, GString **seen)
{
  TroupeReplayItem item;

  g_assert_cmpint (troupe_replay_refresh (replay), ==, 0);
  while (troupe_replay_next (replay, &item))
    {
      g_assert_cmpint (item.kind, ==, TROUPE_RECORD_DATA);
      g_string_append_len (seen[item.stream], item.bytes, (gssize) item.length);
    }
}

/* A writer writes bytes first and names them afterwards, and we may look between the two, and in
 * the middle of a write: nothing is lost or doubled, however the records cut them then. */
static void
test_replay_between (CliFixture *fixture, gconstpointer data)
{
  for (int round = 0; round < 60; round++)
    {
      g_autofree char *root = make_root (fixture);
      Journal *journal = journal_new (root, "default", "a", (guint) round + 1);
      g_autoptr (TroupeReplay) replay = troupe_replay_new (journal->dir, TROUPE_LOG_OUTPUT, BOTH);
      GString *written[2] = { g_string_new (NULL), g_string_new (NULL) };
      GString *seen[2] = { g_string_new (NULL), g_string_new (NULL) };
      TroupeJournalWriter *second;

      put (journal, TROUPE_STREAM_STDOUT, 1, "start\n");
      put (journal, TROUPE_STREAM_STDERR, 1, "start\n");
      g_string_append (written[0], "start\n");
      g_string_append (written[1], "start\n");
      append_all (replay, seen);
      /* Both streams, in pieces of which some are seen before they have a record. */
      for (int i = 0; i < 6; i++)
        {
          int stream = g_test_rand_bit ();
          gsize length = (gsize) g_test_rand_int_range (1, 100000);
          g_autofree char *bytes = g_strnfill (length, 'a' + (char) i);

          append_file (journal->dir, stream == 0 ? "stdout" : "stderr", bytes, length);
          g_string_append_len (written[stream], bytes, (gssize) length);
          if (g_test_rand_bit ())
            append_all (replay, seen);
        }
      /* Opening a log names what has no name yet. */
      troupe_journal_writer_close (journal->writer);
      g_assert_cmpint (troupe_journal_writer_open (journal->dir, TROUPE_LOG_OUTPUT, NULL, &second), ==, 0);
      journal->writer = second;
      if (g_test_rand_bit ())
        append_all (replay, seen);
      put (journal, TROUPE_STREAM_STDOUT, 2, "end\n");
      put (journal, TROUPE_STREAM_STDERR, 2, "end\n");
      g_string_append (written[0], "end\n");
      g_string_append (written[1], "end\n");
      append_all (replay, seen);
      for (int i = 0; i < 2; i++)
        {
          g_assert_cmpuint (seen[i]->len, ==, written[i]->len);
          g_assert_true (g_string_equal (seen[i], written[i]));
          g_string_free (seen[i], TRUE);
          g_string_free (written[i], TRUE);
        }
      journal_free (journal);
    }
}

/* Old segments go while we lag behind: the gap is told, and then it goes on. */
static void
test_replay_pruned (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  g_autofree char *dir = g_build_filename (root, "default", "a", "1", NULL);
  TroupeJournalOptions options = { .limit_bytes = 64 * 1024, .segment_bytes = 8 * 1024 };
  g_autoptr (TroupeReplay) replay = NULL;
  TroupeJournalWriter *writer;
  TroupeReplayItem item;
  guint64 position = 0;
  gsize lost = 0;
  char line[100];

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer), ==, 0);
  replay = troupe_replay_new (dir, TROUPE_LOG_OUTPUT, BOTH);
  memset (line, 'x', sizeof line);
  for (int i = 0; i < 5000; i++)
    {
      troupe_journal_writer_append (writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, T0 + (guint64) i, line,
                                    sizeof line);
      if (i == 10)
        {
          g_assert_cmpint (troupe_replay_refresh (replay), ==, 0);
          while (troupe_replay_next (replay, &item))
            position += item.length;
        }
    }
  g_assert_cmpint (troupe_replay_refresh (replay), ==, 0);
  while (troupe_replay_next (replay, &item))
    {
      g_assert_cmpuint (item.offset, ==, position);
      position += item.length;
      if (item.kind == TROUPE_RECORD_LOST)
        lost += item.length;
    }
  g_assert_cmpuint (position, ==, 5000 * sizeof line);
  g_assert_cmpuint (lost, >, 100000);
  g_assert_cmpuint (lost, <, 5000 * sizeof line);
  troupe_journal_writer_close (writer);
}

/* -- The pump --------------------------------------------------------------------------- */

typedef struct
{
  guint n_drained;
  guint64 lost;
} Drained;

static void
drained_cb (guint id, const TroupeRunStatus *status, guint64 lost, gpointer user_data)
{
  Drained *drained = user_data;

  g_assert_cmpint (status->exit_code, ==, 3);
  drained->n_drained++;
  drained->lost += lost;
}

static void
broken_cb (gpointer user_data)
{
  g_assert_not_reached ();
}

static void
write_end (Journal *journal)
{
  TroupeRunStatus status = { .phase = TROUPE_RUN_ENDED, .exit_code = 3 };
  int fd = troupe_run_status_create (journal->dir, &status);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
}

static Drained
pump (TroupePumpMode mode, Journal **journals, guint n_journals)
{
  static const TroupePumpCallbacks callbacks = { drained_cb, broken_cb };
  static const char *const names[] = { "a", "b" };
  Drained drained = { 0, 0 };
  TroupeOutputPump *output = troupe_output_pump_new (mode, 0, &callbacks, &drained);

  for (guint i = 0; i < n_journals; i++)
    troupe_output_pump_add_run (output, journals[i]->dir, names[i], i, TROUPE_PUMP_FROM_START);
  while (drained.n_drained < n_journals)
    g_main_context_iteration (NULL, TRUE);
  troupe_output_pump_free (output);
  return drained;
}

static void
test_pump (CliFixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      g_autofree char *root = make_root (fixture);
      Journal *journals[] = { journal_new (root, "default", "a", 1), journal_new (root, "default", "b", 1) };

      put (journals[0], TROUPE_STREAM_STDOUT, 1, "one\nunfinished");
      put (journals[0], TROUPE_STREAM_STDERR, 2, "error\n");
      put_lost (journals[0], TROUPE_STREAM_STDOUT, 3, 55);
      put (journals[1], TROUPE_STREAM_STDOUT, 4, "two\n");
      write_end (journals[0]);
      write_end (journals[1]);
      g_assert_cmpuint (pump (TROUPE_PUMP_EXACT, journals, 1).lost, ==, 55);
      g_assert_cmpuint (pump (TROUPE_PUMP_NAMED, journals, 2).lost, ==, 55);
      journal_free (journals[0]);
      journal_free (journals[1]);
      return;
    }
  g_test_trap_subprocess (NULL, 30 * G_USEC_PER_SEC, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*one\nunfinished*a | one\n*a | unfinished\n*");
  g_test_trap_assert_stdout ("*b | two\n*");
  g_test_trap_assert_stderr ("*error\n*55 bytes of standard output of a are missing here*a | error\n*");
}

/* -- Lines ------------------------------------------------------------------------------ */

static TroupeLogSource *
new_source (Journal *journal, const char *worker, unsigned mask)
{
  TroupeLogSource *source = troupe_log_source_new ("default", worker, TROUPE_LOG_OUTPUT, mask);

  g_assert_true (troupe_log_source_add_run (source, 1, journal->dir));
  g_assert_false (troupe_log_source_add_run (source, 1, journal->dir));
  return source;
}

/* "W:text|" a line, "W:text" for one that has no newline, "W:<7>|" for a gap. */
static char *
dup_lines (TroupeLogMerge *merge)
{
  GString *seen = g_string_new (NULL);
  const TroupeLogLine *line;
  TroupeLogSource *source;

  while ((line = troupe_log_merge_next (merge, &source)) != NULL)
    {
      g_string_append_printf (seen, "%s%s", troupe_log_source_get_worker (source), line->begins ? ":" : "+");
      if (line->kind == TROUPE_RECORD_LOST)
        g_string_append_printf (seen, "<%" G_GSIZE_FORMAT ">", line->length);
      else
        g_string_append_len (seen, line->text, (gssize) line->length);
      g_string_append (seen, line->ends ? "|" : "");
    }
  return g_string_free (seen, FALSE);
}

static void
assert_lines (TroupeLogMerge *merge, const char *wanted)
{
  g_autofree char *seen = dup_lines (merge);

  g_assert_cmpstr (seen, ==, wanted);
}

static void
test_lines_merged (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *a = journal_new (root, "default", "a", 1), *b = journal_new (root, "default", "b", 1);
  g_autoptr (TroupeLogMerge) merge = troupe_log_merge_new ();

  put (a, TROUPE_STREAM_STDOUT, 1, "a1\na2 be");
  put (b, TROUPE_STREAM_STDERR, 2, "b1\n");
  put (a, TROUPE_STREAM_STDERR, 3, "a-err\n\n");
  put (b, TROUPE_STREAM_STDOUT, 4, "b2\n");
  put (a, TROUPE_STREAM_STDOUT, 5, "gun\na3");
  troupe_log_merge_add (merge, new_source (a, "a", BOTH));
  troupe_log_merge_add (merge, new_source (b, "b", BOTH));
  assert_lines (merge, "a:a1|b:b1|a:a-err|a:|a:a2 begun|b:b2|");
  troupe_log_source_release_unfinished (troupe_log_merge_get_source (merge, 0));
  assert_lines (merge, "a:a3");
  put (a, TROUPE_STREAM_STDOUT, 6, " more\nnext");
  g_assert_cmpint (troupe_log_merge_refresh (merge), ==, 0);
  assert_lines (merge, "a+ more|");
  troupe_log_merge_set_final (merge, TRUE);
  assert_lines (merge, "a:next");
  journal_free (a);
  journal_free (b);
}

static void
test_lines_of_runs (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *first = journal_new (root, "default", "a", 1), *second = journal_new (root, "default", "a", 2);
  g_autoptr (TroupeLogMerge) merge = troupe_log_merge_new ();
  TroupeLogSource *source = new_source (first, "a", BOTH);

  troupe_log_merge_add (merge, source);
  put (first, TROUPE_STREAM_STDOUT, 1, "one\nunfin");
  assert_lines (merge, "a:one|");
  put (second, TROUPE_STREAM_STDOUT, 3, "two\n");
  troupe_log_source_add_run (source, 2, second->dir);
  /* What the first run wrote after we looked comes before the second. */
  put (first, TROUPE_STREAM_STDOUT, 2, "ished\nlast");
  g_assert_cmpint (troupe_log_merge_refresh (merge), ==, 0);
  assert_lines (merge, "a:unfinished|a:lasta:two|");
  journal_free (first);
  journal_free (second);
}

static void
test_lines_since (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *journal = journal_new (root, "default", "a", 1);
  g_autoptr (TroupeLogMerge) merge = troupe_log_merge_new ();
  TroupeLogSource *source = new_source (journal, "a", BOTH);

  put (journal, TROUPE_STREAM_STDOUT, 1000, "early\nbegun early ");
  put (journal, TROUPE_STREAM_STDERR, 2000, "err\n");
  put (journal, TROUPE_STREAM_STDOUT, 3000, "ended late\nlate\n");
  troupe_log_merge_add (merge, source);
  troupe_log_source_set_since (source, T0 + 2000 * 1000);
  troupe_log_merge_set_final (merge, TRUE);
  assert_lines (merge, "a:err|a:late|");
  journal_free (journal);
}

static void
test_tail (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *a = journal_new (root, "default", "a", 1), *b = journal_new (root, "default", "b", 1);
  static const struct
  {
    guint64 n;
    const char *lines;
  } cases[] = {
    { 0, "" },
    { 1, "b:b3|" },
    { 3, "a:a-err|a:a3|b:b3|" },
    { 4, "b:b2|a:a-err|a:a3|b:b3|" },
    { 100, "a:a1|b:b1|a:a2|b:b2|a:a-err|a:a3|b:b3|" },
  };

  put (a, TROUPE_STREAM_STDOUT, 1, "a1\n");
  put (b, TROUPE_STREAM_STDOUT, 2, "b1\n");
  put (a, TROUPE_STREAM_STDOUT, 3, "a2\n");
  put (b, TROUPE_STREAM_STDOUT, 4, "b2\n");
  put (a, TROUPE_STREAM_STDERR, 5, "a-err\n");
  put (a, TROUPE_STREAM_STDOUT, 6, "a3\n");
  put (b, TROUPE_STREAM_STDOUT, 7, "b3\n");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TroupeLogMerge) merge = troupe_log_merge_new ();

      troupe_log_merge_add (merge, new_source (a, "a", BOTH));
      troupe_log_merge_add (merge, new_source (b, "b", BOTH));
      troupe_log_tail_seek (merge, BOTH, cases[i].n);
      assert_lines (merge, cases[i].lines);
      /* What comes later comes, whatever was left out. */
      if (i == 0)
        {
          put (b, TROUPE_STREAM_STDOUT, 7, "");
          g_assert_cmpint (troupe_log_merge_refresh (merge), ==, 0);
          assert_lines (merge, "");
        }
    }
  {
    g_autoptr (TroupeLogMerge) merge = troupe_log_merge_new ();

    troupe_log_merge_add (merge, new_source (a, "a", BOTH));
    troupe_log_tail_seek (merge, BOTH, 1);
    assert_lines (merge, "a:a3|");
    put (a, TROUPE_STREAM_STDERR, 8, "new-err\n");
    put (a, TROUPE_STREAM_STDOUT, 9, "new\n");
    g_assert_cmpint (troupe_log_merge_refresh (merge), ==, 0);
    assert_lines (merge, "a:new-err|a:new|");
  }
  journal_free (a);
  journal_free (b);
}

static void
test_long_line (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *journal = journal_new (root, "default", "a", 1);
  TroupeLogSource *source = new_source (journal, "a", BOTH);
  g_autofree char *block = g_strnfill (300000, 'x');
  const TroupeLogLine *line;
  gsize length = 0;
  guint pieces = 0;

  for (int i = 0; i < 10; i++)
    put (journal, TROUPE_STREAM_STDOUT, (guint64) i, block);
  put (journal, TROUPE_STREAM_STDOUT, 11, "\nshort\n");
  for (; (line = troupe_log_source_peek (source)) != NULL && !line->ends; troupe_log_source_advance (source))
    {
      g_assert_cmpuint (line->length, <=, TROUPE_LOG_PIECE_MAX + TROUPE_REPLAY_PIECE_MAX);
      g_assert_true (line->begins == (pieces == 0));
      length += line->length;
      pieces++;
    }
  g_assert_nonnull (line);
  g_assert_cmpuint (pieces, >=, 2);
  g_assert_cmpuint (length + line->length, ==, 3000000);
  troupe_log_source_advance (source);
  line = troupe_log_source_peek (source);
  g_assert_cmpmem (line->text, line->length, "short", 5);
  troupe_log_source_free (source);
  journal_free (journal);
}

/* -- The command, without an engine ----------------------------------------------------- */

static void
fill (CliFixture *fixture)
{
  g_autofree char *root = make_root (fixture);
  Journal *old = journal_new (root, "shop", "web.1", 1), *new = journal_new (root, "shop", "web.1", 2);
  Journal *second = journal_new (root, "shop", "web.2", 1), *job = journal_new (root, "default", "job", 1);

  put (old, TROUPE_STREAM_STDOUT, 0, "old run\n");
  put (new, TROUPE_STREAM_STDOUT, 60000, "GET / 200\n");
  put (second, TROUPE_STREAM_STDOUT, 61000, "GET /a 200\n");
  put (new, TROUPE_STREAM_STDERR, 62000, "Error: boom\n");
  put_lost (new, TROUPE_STREAM_STDOUT, 62500, 77);
  put (second, TROUPE_STREAM_STDOUT, 63000, "GET /b 404\n");
  put (job, TROUPE_STREAM_STDOUT, 64000, "no newline at the end");
  journal_free (old);
  journal_free (new);
  journal_free (second);
  journal_free (job);
}

static void
assert_logs (CliFixture *fixture, const char *wanted, const char *const *arguments)
{
  g_auto (CliResult) result = cli_run_argv (fixture, arguments, NULL);

  cli_assert_code (result, 0);
  g_assert_cmpstr (cli_out (&result), ==, wanted);
  /* Reading what was written needs no engine. */
  g_assert_cmpint (cli_get_engine_pid (fixture), ==, 0);
}

#define assert_logs_of(fixture, wanted, ...)                                                               \
  assert_logs (fixture, wanted, (const char *const[]){ "logs", __VA_ARGS__, NULL })

static void
test_logs_filters (CliFixture *fixture, gconstpointer data)
{
  fill (fixture);
  assert_logs_of (fixture, "no newline at the end", "job");
  assert_logs_of (fixture, "GET /a 200\nGET /b 404\n", "web.2");
  assert_logs_of (fixture, "GET /a 200\nGET /b 404\n", "shop/web.2");
  assert_logs_of (fixture,
                  "shop/web.1 | GET / 200\nshop/web.2 | GET /a 200\nshop/web.1 | Error: boom\n"
                  "shop/web.1 | … 77 bytes of standard output are missing here: the journal could not keep them …\n"
                  "shop/web.2 | GET /b 404\n",
                  "web");
  assert_logs_of (fixture, "shop/web.1 | Error: boom\n", "web", "--stream", "stderr");
  assert_logs_of (fixture, "shop/web.1 | GET / 200\nshop/web.2 | GET /a 200\n", "web", "--grep", "GET .* 2..$");
  assert_logs_of (fixture, "shop/web.2 | GET /a 200\n", "web", "--grep", "200", "--lines", "1");
  assert_logs_of (fixture, "shop/web.2 | GET /b 404\n", "web", "-n", "1");
  assert_logs_of (fixture, "shop/web.2 | GET /b 404\n", "-n1", "web");
  assert_logs_of (fixture, "", "web", "--lines", "0");
  assert_logs_of (fixture, "old run\n", "web.1", "--run", "1");
  assert_logs_of (fixture, "old run\nGET / 200\nError: boom\n", "web.1", "--run", "all", "--grep", "o|G");
  assert_logs_of (fixture, "shop/web.1 | old run\n", "web", "--until", "2024-05-01T12:30:01Z");
  assert_logs_of (fixture, "GET /b 404\n", "web.2", "--since", "2024-05-01T12:31:02Z");
  assert_logs_of (fixture, "", "web.2", "--since", "1h");
  {
    g_auto (CliResult) stamped = cli_run (fixture, "logs", "web.2", "-t", "-n1", NULL);
    g_auto (CliResult) no_run = cli_run (fixture, "logs", "web.1", "--run", "9", NULL);

    cli_assert_code (stamped, 0);
    g_assert_true (g_regex_match_simple ("^2024-0[0-9]-[0-9]{2} [0-9:]{8}\\.000  GET /b 404\n$", cli_out (&stamped), 0, 0));
    cli_assert_code (no_run, 1);
    g_assert_nonnull (strstr (cli_err (&no_run), "kept are 1 to 2"));
  }
}

static void
test_logs_ambiguous (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *one = journal_new (root, "a", "web", 1), *two = journal_new (root, "b", "web", 1);
  g_auto (CliResult) both = cli_run (fixture, "logs", "web", NULL);

  cli_assert_code (both, 3);
  g_assert_nonnull (strstr (cli_err (&both), "a/web"));
  put (two, TROUPE_STREAM_STDOUT, 0, "of b\n");
  assert_logs_of (fixture, "of b\n", "b/web");
  journal_free (one);
  journal_free (two);
}

static void
test_logs_follow (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_root (fixture);
  Journal *first = journal_new (root, "default", "job", 1), *second, *other;
  CliProcess *one, *all;

  put (first, TROUPE_STREAM_STDOUT, 0, "before\nlast\n");
  one = cli_start (fixture, "logs", "job", "--follow", "--lines", "1", NULL);
  all = cli_start (fixture, "logs", "--follow", NULL);
  cli_process_read_until (one, "last\n");
  g_assert_null (strstr (one->seen->str, "before"));
  cli_process_read_until (all, "job | last\n");
  put (first, TROUPE_STREAM_STDERR, 1, "prompt? ");
  cli_process_read_until (one, "prompt? ");
  put (first, TROUPE_STREAM_STDERR, 2, "yes\n");
  cli_process_read_until (one, "prompt? yes\n");
  cli_process_read_until (all, "job | prompt? yes\n");
  second = journal_new (root, "default", "job", 2);
  put (second, TROUPE_STREAM_STDOUT, 3, "second run\n");
  cli_process_read_until (one, "second run\n");
  other = journal_new (root, "shop", "web", 1);
  put (other, TROUPE_STREAM_STDOUT, 4, "a new worker\n");
  cli_process_read_until (all, "shop/web | a new worker\n");
  cli_process_signal (one, SIGINT);
  cli_process_signal (all, SIGINT);
  g_assert_cmpint (cli_process_finish (one, NULL, NULL), ==, 128 + SIGINT);
  g_assert_cmpint (cli_process_finish (all, NULL, NULL), ==, 128 + SIGINT);
  journal_free (first);
  journal_free (second);
  journal_free (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  cli_test_add ("/cli/replay/in-order", test_replay_order);
  cli_test_add ("/cli/replay/exact", test_replay_exact);
  cli_test_add ("/cli/replay/between-bytes-and-record", test_replay_between);
  cli_test_add ("/cli/replay/tells-what-was-deleted", test_replay_pruned);
  cli_test_add ("/cli/pump/drains", test_pump);
  cli_test_add ("/cli/lines/merged-by-time", test_lines_merged);
  cli_test_add ("/cli/lines/run-after-run", test_lines_of_runs);
  cli_test_add ("/cli/lines/since", test_lines_since);
  cli_test_add ("/cli/lines/tail", test_tail);
  cli_test_add ("/cli/lines/long", test_long_line);
  cli_test_add ("/cli/logs/filters", test_logs_filters);
  cli_test_add ("/cli/logs/ambiguous", test_logs_ambiguous);
  cli_test_add ("/cli/logs/follow", test_logs_follow);
  return g_test_run ();
}
