/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The status page comes back as it was written, and nothing else is taken for one. */

#include "journal-model.h"

#include "journal/run-status.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const TroupeRunStatus full = {
  .phase = TROUPE_RUN_ENDED,
  .end_reason = TROUPE_END_MAX_BUFFER_STDERR,
  .keeper_pid = G_MAXINT,
  .pid = 4194304,
  .start_usec = G_MAXUINT64,
  .exit_usec = G_MAXUINT64 - 1,
  .end_usec = G_MAXUINT64 - 2,
  .duration_usec = G_MAXUINT64 - 3,
  .exit_code = 255,
  .exit_signal = 64,
  .core_dumped = true,
  .launch_stage = TROUPE_LAUNCH_EXEC,
  .launch_errno = 133,
  .user_usec = G_MAXUINT64 - 4,
  .system_usec = G_MAXUINT64 - 5,
  .max_rss_bytes = G_MAXUINT64 - 6,
  .stdout_pipe_bytes = G_MAXUINT32,
  .stderr_pipe_bytes = G_MAXUINT32 - 1,
  .stdout_bytes = G_MAXUINT64 - 7,
  .stderr_bytes = G_MAXUINT64 - 8,
  .lost_bytes = G_MAXUINT64 - 9,
};

static void
assert_status (const char *dir, const TroupeRunStatus *expected)
{
  TroupeRunStatus status;

  g_assert_cmpint (troupe_run_status_read (dir, &status), ==, 0);
#define SAME(member) g_assert_true (status.member == expected->member)
  SAME (phase);
  SAME (end_reason);
  SAME (keeper_pid);
  SAME (pid);
  SAME (start_usec);
  SAME (exit_usec);
  SAME (end_usec);
  SAME (duration_usec);
  SAME (exit_code);
  SAME (exit_signal);
  SAME (core_dumped);
  SAME (launch_stage);
  SAME (launch_errno);
  SAME (user_usec);
  SAME (system_usec);
  SAME (max_rss_bytes);
  SAME (stdout_pipe_bytes);
  SAME (stderr_pipe_bytes);
  SAME (stdout_bytes);
  SAME (stderr_bytes);
  SAME (lost_bytes);
#undef SAME
}

static void
test_round_trip (void)
{
  char *dir = journal_test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "status", NULL);
  TroupeRunStatus status = { .exit_code = -1 };
  GStatBuf before, after;
  int fd, again;

  g_assert_cmpint (troupe_run_status_read (dir, &status), ==, -ENOENT);
  fd = troupe_run_status_create (dir, &status);
  g_assert_cmpint (fd, >=, 0);
  assert_status (dir, &status);
  g_assert_cmpint (g_stat (path, &before), ==, 0);
  g_assert_cmpint (before.st_size, ==, TROUPE_RUN_STATUS_SIZE);
  g_assert_cmpint (before.st_mode & 0777, ==, 0600);

  g_assert_cmpint (troupe_run_status_write (fd, &full), ==, 0);
  assert_status (dir, &full);
  again = troupe_run_status_create (dir, &status);
  g_assert_cmpint (again, >=, 0);
  assert_status (dir, &status);

  /* In place: the same file, the same size. */
  g_assert_cmpint (g_stat (path, &after), ==, 0);
  g_assert_cmpuint (after.st_ino, ==, before.st_ino);
  g_assert_cmpint (after.st_size, ==, before.st_size);
  for (int i = 0; i <= TROUPE_RUN_FAILED; i++)
    for (int j = 0; j <= TROUPE_LAUNCH_EXEC; j++)
      {
        status.phase = i;
        status.launch_stage = j;
        status.end_reason = MIN (i + j, TROUPE_END_MAX_BUFFER_STDERR);
        g_assert_cmpint (troupe_run_status_write (fd, &status), ==, 0);
        assert_status (dir, &status);
      }
  status.phase = TROUPE_RUN_FAILED + 1;
  g_assert_cmpint (troupe_run_status_write (fd, &status), ==, -EINVAL);
  g_assert_cmpint (troupe_run_status_create ("/nonexistent", &full), ==, -ENOENT);
  close (fd);
  close (again);
  journal_test_dir_remove (dir);
}

static void
test_spoilt (void)
{
  char *dir = journal_test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "status", NULL);
  g_autofree char *page = NULL;
  gsize length;
  TroupeRunStatus status;
  int fd = troupe_run_status_create (dir, &full);

  g_assert_true (g_file_get_contents (path, &page, &length, NULL));
  g_assert_cmpuint (length, ==, TROUPE_RUN_STATUS_SIZE);
  for (gsize i = 0; i < length; i++)
    {
      char good = page[i];
      char bad = good == '7' ? '8' : '7';

      g_assert_cmpint (pwrite (fd, &bad, 1, (off_t) i), ==, 1);
      g_assert_cmpint (troupe_run_status_read (dir, &status), ==, -EBADMSG);
      g_assert_cmpint (pwrite (fd, &good, 1, (off_t) i), ==, 1);
    }
  assert_status (dir, &full);
  g_assert_cmpint (pwrite (fd, "\n", 1, TROUPE_RUN_STATUS_SIZE), ==, 1);
  g_assert_cmpint (troupe_run_status_read (dir, &status), ==, -EBADMSG);
  for (gsize i = 0; i < length; i += 50)
    {
      g_assert_cmpint (ftruncate (fd, (off_t) i), ==, 0);
      g_assert_cmpint (troupe_run_status_read (dir, &status), ==, i > 0 ? -EBADMSG : -ENOENT);
    }
  close (fd);
  journal_test_dir_remove (dir);
}

/* A reader beside a writer that does not pause sees one page or the other. */
static void
test_beside_writer (void)
{
  char *dir = journal_test_dir_new ();
  TroupeRunStatus empty = { .exit_code = -1 };
  TroupeRunStatus status;
  int fd = troupe_run_status_create (dir, &empty);
  pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    for (;;)
      {
        troupe_run_status_write (fd, &full);
        troupe_run_status_write (fd, &empty);
        if (getppid () == 1)
          _exit (1);
      }
  for (guint i = 0; i < 5000; i++)
    {
      g_assert_cmpint (troupe_run_status_read (dir, &status), ==, 0);
      g_assert_true (status.lost_bytes == (status.phase == TROUPE_RUN_ENDED ? full.lost_bytes : 0));
    }
  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  close (fd);
  journal_test_dir_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/status/comes-back", test_round_trip);
  g_test_add_func ("/journal/status/is-read-strictly", test_spoilt);
  g_test_add_func ("/journal/status/is-whole-beside-its-writer", test_beside_writer);
  return g_test_run ();
}
