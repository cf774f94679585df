/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The worker's standard input. */

#include "config.h"

#include "keeper-fixture.h"

#include "journal/run-status.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
test_input (Fixture *fixture, gconstpointer data)
{
  static const char text[] = "one\0two\n\xff\xfe";
  g_autoptr (Run) run = run_child (fixture, "cat", NULL);
  g_autoptr (GBytes) found = NULL;

  g_assert_no_error (run_input (run, text, sizeof text));
  g_assert_no_error (run_input (run, "", 0));
  g_assert_no_error (run_input (run, "end", 3));
  g_assert_cmpstr (run->signals->str, ==, "started ");
  troupe_keeper_close_input (run->keeper);
  run_wait (run, "ended");
  found = run_read (run, TROUPE_STREAM_STDOUT);
  g_assert_cmpmem (g_bytes_get_data (found, NULL), g_bytes_get_size (found), "one\0two\n\xff\xfe\0end",
                   sizeof text + 3);
}

/* The largest message there is, over a pipe that is much smaller. */
static void
test_large_input (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "cat", NULL);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GBytes) found = NULL;
  g_autoptr (GError) too_large = NULL;

  for (guint i = 0; i < TROUPE_KEEPER_INPUT_MAX; i++)
    g_byte_array_append (bytes, (guint8[]){ (guint8) (i * 31 + i / 251) }, 1);
  g_assert_no_error (run_input (run, bytes->data, bytes->len));
  /* Queued bytes are written before the end is. */
  troupe_keeper_close_input (run->keeper);
  run_wait (run, "ended");
  found = run_read (run, TROUPE_STREAM_STDOUT);
  g_assert_cmpmem (g_bytes_get_data (found, NULL), g_bytes_get_size (found), bytes->data, bytes->len);

  g_byte_array_append (bytes, (guint8 *) "x", 1);
  {
    g_autoptr (Run) other = run_child (fixture, "cat", NULL);

    too_large = run_input (other, bytes->data, bytes->len);
    g_assert_error (too_large, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    troupe_keeper_kill (other->keeper);
    run_wait (other, "ended");
  }
}

static void
test_queue_is_bounded (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "sleep", NULL);
  g_autofree char *block = g_strnfill (100000, 'b');
  GError *error = NULL;
  guint n_taken = 0;

  while ((error = run_input (run, block, 100000)) == NULL)
    g_assert_cmpuint (++n_taken, <=, 20);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  /* The queue, and what the pipe takes besides. */
  g_assert_cmpuint (n_taken, >=, 10);
  /* What still fits is taken. */
  g_assert_no_error (run_input (run, "x", 1));
  troupe_keeper_kill (run->keeper);
  run_wait (run, "ended");
}

static void
test_many_requests_at_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "cat", NULL);
  Answer answers[300] = { { FALSE } };
  GString *expected = g_string_new (NULL);
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *line = g_strdup_printf ("%u %s\n", i, "some words that make the line longer");

      g_string_append (expected, line);
      run_input_async (run, line, strlen (line), &answers[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      wait_until (answer_is_done, &answers[i]);
      g_assert_no_error (answers[i].error);
    }
  troupe_keeper_close_input (run->keeper);
  run_wait (run, "ended");
  text = run_read_text (run, TROUPE_STREAM_STDOUT);
  g_assert_cmpstr (text, ==, expected->str);
  g_string_free (expected, TRUE);
}

static void
test_closed_input (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) by_us = run_child (fixture, "sleep", NULL);
  g_autoptr (Run) by_worker = run_child (fixture, "close-stdin", NULL);
  g_autoptr (Run) by_end = run_child (fixture, "exit", "0", NULL);
  g_autoptr (GError) error_1 = NULL, error_2 = NULL, error_3 = NULL, error_4 = NULL;
  int fd;

  run_wait_for_text (by_us, "ready\n");
  troupe_keeper_close_input (by_us->keeper);
  error_1 = run_input (by_us, "x", 1);
  g_assert_error (error_1, G_IO_ERROR, G_IO_ERROR_CLOSED);
  error_4 = run_open_input (by_us, &fd);
  g_assert_error (error_4, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (fd, ==, -1);

  run_wait_for_text (by_worker, "ready\n");
  error_2 = run_input (by_worker, "x", 1);
  g_assert_error (error_2, G_IO_ERROR, G_IO_ERROR_CLOSED);

  run_wait (by_end, "ended");
  error_3 = run_input (by_end, "x", 1);
  g_assert_error (error_3, G_IO_ERROR, G_IO_ERROR_CLOSED);

  troupe_keeper_kill (by_us->keeper);
  troupe_keeper_kill (by_worker->keeper);
  run_wait (by_us, "ended");
  run_wait (by_worker, "ended");
}

static void
test_open_input (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "cat", NULL);
  int fd = -1;

  run_wait (run, "started");
  g_assert_no_error (run_open_input (run, &fd));
  g_assert_cmpint (fd, >, 2);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, ==, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_cmpint (write (fd, "direct\n", 7), ==, 7);
  run_wait_for_text (run, "direct\n");
  close (fd);
  /* The keeper's own end is still there. */
  g_assert_no_error (run_input (run, "queued\n", 7));
  run_wait_for_text (run, "direct\nqueued\n");
  troupe_keeper_close_input (run->keeper);
  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "direct\nqueued\n");
}

/* Asked for before the program runs, answered when it does. */
static void
test_input_before_the_start (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "cat", NULL);
  g_autoptr (Run) failing = run_command (fixture, "/no/such/program", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_no_error (run_input (run, "early", 5));
  troupe_keeper_close_input (run->keeper);
  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "early");

  error = run_input (failing, "x", 1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  run_wait (failing, "ended");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/keeper/input/any-bytes", test_input);
  fixture_test ("/keeper/input/large", test_large_input);
  fixture_test ("/keeper/input/queue-is-bounded", test_queue_is_bounded);
  fixture_test ("/keeper/input/many-requests-at-once", test_many_requests_at_once);
  fixture_test ("/keeper/input/closed", test_closed_input);
  fixture_test ("/keeper/input/open", test_open_input);
  fixture_test ("/keeper/input/before-the-start", test_input_before_the_start);
  return g_test_run ();
}
