/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One wake-up for each arming, whatever happens in the folder. */

#include "journal-model.h"

#include "journal/journal-watch.h"
#include "journal/run-status.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static gboolean
is_woken (TroupeJournalWatch *watch)
{
  struct pollfd pollfd = { .fd = troupe_journal_watch_peek_fd (watch), .events = POLLIN };

  /* Events of this process's own writes are there when the writes return. */
  return poll (&pollfd, 1, 0) == 1;
}

static void
append (TroupeJournalWriter *writer)
{
  g_assert_cmpint (
      troupe_journal_writer_append (writer, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, 1, "line\n", 5), ==, 0);
}

static void
test_wakes_once (void)
{
  const TroupeJournalOptions options = { .segment_bytes = 256 };
  char *dir = journal_test_dir_new ();
  TroupeJournalWatch *watch = troupe_journal_watch_new (dir);
  TroupeJournalWriter *writer;

  g_assert_nonnull (watch);
  g_assert_false (is_woken (watch));

  /* A log that begins. */
  g_assert_cmpint (troupe_journal_writer_open (dir, TROUPE_LOG_OUTPUT, &options, &writer), ==, 0);
  g_assert_true (is_woken (watch));
  troupe_journal_watch_acknowledge (watch);
  g_assert_false (is_woken (watch));

  /* Quiet until armed, then once, also over many segments. */
  append (writer);
  g_assert_false (is_woken (watch));
  for (guint round = 0; round < 3; round++)
    {
      troupe_journal_watch_arm (watch);
      troupe_journal_watch_arm (watch);
      g_assert_false (is_woken (watch));
      for (guint i = 0; i < 200; i++)
        append (writer);
      g_assert_true (is_woken (watch));
      troupe_journal_watch_acknowledge (watch);
      g_assert_false (is_woken (watch));
      append (writer);
      g_assert_false (is_woken (watch));
    }

  troupe_journal_watch_free (watch);
  troupe_journal_writer_close (writer);
  journal_test_dir_remove (dir);
}

static void
test_status (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalWatch *watch = troupe_journal_watch_new (dir);
  TroupeRunStatus status = { .exit_code = -1 };
  int fd = troupe_run_status_create (dir, &status);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (is_woken (watch));
  troupe_journal_watch_acknowledge (watch);
  troupe_journal_watch_arm (watch);
  g_assert_false (is_woken (watch));
  g_assert_cmpint (troupe_run_status_write (fd, &status), ==, 0);
  g_assert_true (is_woken (watch));
  close (fd);

  troupe_journal_watch_free (watch);
  journal_test_dir_remove (dir);
}

static void
test_folder_goes (void)
{
  char *dir = journal_test_dir_new ();
  TroupeJournalWatch *watch = troupe_journal_watch_new (dir);

  journal_test_dir_remove (dir);
  g_assert_true (is_woken (watch));
  troupe_journal_watch_acknowledge (watch);
  troupe_journal_watch_arm (watch);
  g_assert_false (is_woken (watch));
  troupe_journal_watch_free (watch);

  g_assert_null (troupe_journal_watch_new ("/nonexistent"));
  g_assert_cmpint (errno, ==, ENOENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/watch/wakes-once-until-armed", test_wakes_once);
  g_test_add_func ("/journal/watch/sees-the-status", test_status);
  g_test_add_func ("/journal/watch/survives-its-folder", test_folder_goes);
  return g_test_run ();
}
