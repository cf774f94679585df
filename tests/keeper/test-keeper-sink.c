/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Keepers for threads: nothing to start, everything to capture. The thread is one of ours. */

#include "config.h"

#include "keeper-fixture.h"

#include "journal/run-status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONG_LINE (10 * 1024 * 1024)

static void
write_all (int fd, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gssize n = write (fd, bytes, length);

      g_assert_cmpint (n, >, 0);
      bytes += n;
      length -= (gsize) n;
    }
}

static void
close_all (int fds[3])
{
  for (guint i = 0; i < 3; i++)
    {
      if (fds[i] >= 0)
        close (fds[i]);
      fds[i] = -1;
    }
}

static void
end_with_code (Run *run, int code)
{
  troupe_keeper_end_sink (run->keeper, &(TroupeSinkEnd){ .exit_code = code });
}

/* Byte I of what the thread writes to N: lines and NULs, and no period a piece could hide. */
static char
get_byte (guint n, gsize i)
{
  return i % 1000003 == 1000002 ? '\n' : (char) (i * 31 + i / 257 + n * 7);
}

typedef struct
{
  int fd;
  guint n;
  gsize length, write_size;
} Flood;

static gpointer
flood_thread (gpointer data)
{
  Flood *flood = data;
  g_autofree char *bytes = g_malloc (flood->length);

  for (gsize i = 0; i < flood->length; i++)
    bytes[i] = get_byte (flood->n, i);
  for (gsize i = 0; i < flood->length; i += flood->write_size)
    write_all (flood->fd, bytes + i, MIN (flood->write_size, flood->length - i));
  close (flood->fd);
  return NULL;
}

static void
assert_is_what_was_written (Run *run, TroupeStream stream, const Flood *flood)
{
  g_autoptr (GBytes) found = run_read (run, stream);
  const char *bytes = g_bytes_get_data (found, NULL);

  g_assert_cmpuint (g_bytes_get_size (found), ==, flood->length);
  for (gsize i = 0; i < flood->length; i++)
    if (bytes[i] != get_byte (flood->n, i))
      g_error ("byte %" G_GSIZE_FORMAT " is %d, not %d", i, bytes[i], get_byte (flood->n, i));
}

static void
test_captures_both_streams (Fixture *fixture, gconstpointer data)
{
  int theirs[3];
  g_autoptr (Run) run = run_sink (fixture, theirs);
  Flood floods[2] = { { theirs[1], 0, LONG_LINE, 65536 }, { theirs[2], 1, 3 * 1024 * 1024, 100 } };
  GThread *threads[2];
  const TroupeRunStatus *status = troupe_keeper_get_status (run->keeper);

  run_wait (run, "started");
  g_assert_cmpint (status->phase, ==, TROUPE_RUN_RUNNING);
  g_assert_cmpint (status->pid, ==, getpid ());
  g_assert_true (troupe_keeper_is_sink (run->keeper));
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("flood", flood_thread, &floods[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  end_with_code (run, 0);
  run_wait (run, "ended");
  g_assert_cmpstr (run->signals->str, ==, "started exited ended ");
  assert_is_what_was_written (run, TROUPE_STREAM_STDOUT, &floods[0]);
  assert_is_what_was_written (run, TROUPE_STREAM_STDERR, &floods[1]);
  g_assert_cmpuint (status->stdout_bytes, ==, floods[0].length);
  g_assert_cmpuint (status->stderr_bytes, ==, floods[1].length);
  g_assert_cmpuint (status->lost_bytes, ==, 0);
  close (theirs[0]);
}

static void
test_says_how_the_thread_ended (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    TroupeSinkEnd end;
    int code, signal;
    const char *event;
  } cases[] = {
    { { .exit_code = 7, .user_usec = 1500, .system_usec = 2500 }, 7, 0, "\"code\":7,\"signal\":null" },
    { { .exit_code = -3 }, 253, 0, "\"code\":253,\"signal\":null" },
    { { .exit_code = 100000 }, 100000, 0, "\"code\":100000,\"signal\":null" },
    { { .exit_signal = SIGSEGV, .reason = TROUPE_END_KILLED }, -1, SIGSEGV, "\"code\":null,\"signal\":\"SIGSEGV\"" },
    { { .exit_code = 1, .reason = TROUPE_END_STOPPED }, 1, 0, "\"reason\":\"stopped\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int theirs[3];
      g_autoptr (Run) run = run_sink (fixture, theirs);
      g_autofree char *events = NULL;
      TroupeRunStatus written;

      run_wait (run, "started");
      write_all (theirs[1], "last words\n", 11);
      close_all (theirs);
      troupe_keeper_end_sink (run->keeper, &cases[i].end);
      run_wait (run, "ended");
      g_assert_cmpint (troupe_run_status_read (run->journal_dir, &written), ==, 0);
      g_assert_cmpint (written.phase, ==, TROUPE_RUN_ENDED);
      g_assert_cmpint (written.exit_code, ==, cases[i].code);
      g_assert_cmpint (written.exit_signal, ==, cases[i].signal);
      g_assert_cmpint (written.end_reason, ==, cases[i].end.reason);
      g_assert_cmpuint (written.user_usec, ==, cases[i].end.user_usec);
      g_assert_cmpuint (written.system_usec, ==, cases[i].end.system_usec);
      g_assert_cmpuint (written.exit_usec, >=, written.start_usec);
      g_assert_cmpuint (written.end_usec, >=, written.exit_usec);
      g_assert_cmpuint (written.stdout_bytes, ==, 11);
      events = run_read_text (run, TROUPE_STREAM_EVENTS);
      g_assert_nonnull (strstr (events, cases[i].event));
      g_assert_nonnull (strstr (events, "\"event\":\"end\""));
      assert_text (run, TROUPE_STREAM_STDOUT, "last words\n");
    }
}

static gboolean
has_exited (gpointer data)
{
  return strstr (((Run *) data)->signals->str, "exited") != NULL;
}

/* The word of the end may overtake the output, and the other way round. */
static void
test_reads_what_comes_after_the_end (Fixture *fixture, gconstpointer data)
{
  int theirs[3];
  g_autoptr (Run) run = run_sink (fixture, theirs);
  Answer answer = { FALSE };

  run_wait (run, "started");
  write_all (theirs[2], "early\n", 6);
  end_with_code (run, 3);
  end_with_code (run, 4); /* only the first counts */
  /* An answer comes after everything that was asked before it. */
  run_input_async (run, "", 0, &answer);
  wait_until (answer_is_done, &answer);
  g_assert_no_error (answer.error);
  g_assert_false (has_exited (run));
  write_all (theirs[1], "late\n", 5);
  close_all (theirs);
  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "late\n");
  assert_text (run, TROUPE_STREAM_STDERR, "early\n");
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 3);
}

static void
test_waits_for_the_end_after_the_output (Fixture *fixture, gconstpointer data)
{
  int theirs[3];
  g_autoptr (Run) run = run_sink (fixture, theirs);
  g_autoptr (GError) closed = NULL;

  run_wait (run, "started");
  write_all (theirs[1], "all\n", 4);
  close_all (theirs);
  run_wait_for_text (run, "all\n");
  /* That it is gone shows at its input; and the run goes on. */
  while (closed == NULL)
    closed = run_input (run, "x", 1);
  g_assert_error (closed, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpstr (run->signals->str, ==, "started ");
  end_with_code (run, 0);
  run_wait (run, "ended");
}

/* Whoever else holds the thread's end of a socket cannot keep the run from ending. */
static void
test_ends_though_a_socket_stays_open (Fixture *fixture, gconstpointer data)
{
  int theirs[3];
  g_autoptr (Run) run = run_sink (fixture, theirs);

  run_wait (run, "started");
  end_with_code (run, 0);
  write_all (theirs[1], "held\n", 5);
  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "held\n");
  close_all (theirs);
}

static void
test_input (Fixture *fixture, gconstpointer data)
{
  int theirs[3], fd;
  g_autoptr (Run) run = run_sink (fixture, theirs);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *found = g_malloc (TROUPE_KEEPER_INPUT_MAX + 100);
  g_autoptr (GError) closed = NULL, not_open = NULL;
  Answer large = { FALSE };
  gsize n = 0;
  gssize got;

  run_wait (run, "started");
  g_assert_no_error (run_input (run, "a\0b", 3));
  g_assert_no_error (run_open_input (run, &fd));
  /* Who gets it may wait for room. */
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, ==, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  write_all (fd, "direct", 6);
  g_assert_cmpint (read (theirs[0], found, 9), ==, 9);
  g_assert_cmpmem (found, 9, "a\0bdirect", 9);

  /* More than the socket takes at once, and the end after it. */
  for (guint i = 0; i < TROUPE_KEEPER_INPUT_MAX; i++)
    g_byte_array_append (bytes, (guint8[]){ (guint8) (i * 31 + i / 251) }, 1);
  run_input_async (run, bytes->data, bytes->len, &large);
  troupe_keeper_close_input (run->keeper);
  wait_until (answer_is_done, &large);
  g_assert_no_error (large.error);
  /* The duplicate that is still open does not keep the end from coming. */
  while ((got = read (theirs[0], found + n, TROUPE_KEEPER_INPUT_MAX + 100 - n)) > 0)
    n += (gsize) got;
  g_assert_cmpint (got, ==, 0);
  g_assert_cmpmem (found, n, bytes->data, bytes->len);
  close (fd);
  closed = run_input (run, "x", 1);
  g_assert_error (closed, G_IO_ERROR, G_IO_ERROR_CLOSED);
  not_open = run_open_input (run, &fd);
  g_assert_error (not_open, G_IO_ERROR, G_IO_ERROR_CLOSED);

  close_all (theirs);
  end_with_code (run, 0);
  run_wait (run, "ended");
}

/* The host is this process: if any of these reached it, there would be no test any more. */
static void
test_touches_no_process (Fixture *fixture, gconstpointer data)
{
  int theirs[3];
  g_autoptr (Run) run = run_sink (fixture, theirs);

  run_wait (run, "started");
  for (guint scope = TROUPE_SIGNAL_LEADER; scope <= TROUPE_SIGNAL_TREE; scope++)
    troupe_keeper_signal (run->keeper, SIGKILL, scope);
  troupe_keeper_stop (run->keeper, SIGTERM, 0);
  troupe_keeper_kill (run->keeper);
  g_assert_no_errno (kill (troupe_keeper_get_pid (run->keeper), SIGTERM));
  g_assert_no_error (run_input (run, "", 0));
  g_assert_cmpuint (run->n_stopping, ==, 0);
  g_assert_cmpstr (run->signals->str, ==, "started ");
  write_all (theirs[1], "unmoved\n", 8);
  close_all (theirs);
  end_with_code (run, 5);
  run_wait (run, "ended");
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 5);
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->end_reason, ==, TROUPE_END_BY_ITSELF);
  assert_text (run, TROUPE_STREAM_STDOUT, "unmoved\n");
}

static void
test_another_engine_takes_over (Fixture *fixture, gconstpointer data)
{
  int theirs[3], pair[2], kept;
  g_autoptr (Run) first = run_sink (fixture, theirs), second = NULL;
  g_autoptr (GPtrArray) adopted = NULL;
  char byte;

  run_wait (first, "started");
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  troupe_keeper_keep_fd (first->keeper, "channel", pair[0]);
  close (pair[0]);
  write_all (theirs[1], "before\n", 7);
  run_wait_for_text (first, "before\n");

  g_clear_object (&fixture->pool);
  write_all (theirs[1], "between\n", 8);
  close (theirs[1]); /* its output ends while nobody is there to tell */
  theirs[1] = -1;
  adopted = fixture_change_engine (fixture);
  g_assert_cmpuint (adopted->len, ==, 1);
  second = run_watch (g_object_ref (g_ptr_array_index (adopted, 0)));
  g_assert_cmpstr (second->identity, ==, first->identity);
  g_assert_true (troupe_keeper_is_sink (second->keeper));
  g_assert_cmpint (troupe_keeper_get_status (second->keeper)->phase, ==, TROUPE_RUN_RUNNING);
  g_assert_cmpint (troupe_keeper_get_status (second->keeper)->pid, ==, getpid ());
  kept = troupe_keeper_steal_kept_fd (second->keeper, "channel");
  g_assert_cmpint (kept, >=, 0);
  write_all (kept, "k", 1);
  g_assert_cmpint (read (pair[1], &byte, 1), ==, 1);
  close (kept);
  close (pair[1]);

  g_assert_no_error (run_input (second, "y", 1));
  g_assert_cmpint (read (theirs[0], &byte, 1), ==, 1);
  close_all (theirs);
  end_with_code (second, 9);
  run_wait (second, "ended");
  g_assert_cmpstr (second->signals->str, ==, "exited ended ");
  g_assert_cmpint (troupe_keeper_get_status (second->keeper)->exit_code, ==, 9);
  assert_text (second, TROUPE_STREAM_STDOUT, "before\nbetween\n");
}

static gboolean
is_gone (gpointer data)
{
  return !is_process_alive (GPOINTER_TO_INT (data));
}

/* At a logout nobody will come any more. */
static void
test_goes_when_asked_and_left_alone (Fixture *fixture, gconstpointer data)
{
  int theirs[3];
  g_autoptr (Run) run = run_sink (fixture, theirs);
  g_autoptr (GPtrArray) adopted = NULL;
  TroupeRunStatus written;
  pid_t pid;

  run_wait (run, "started");
  pid = troupe_keeper_get_pid (run->keeper);
  g_clear_object (&fixture->pool);
  g_assert_no_errno (kill (pid, SIGTERM));
  write_all (theirs[1], "still read\n", 11);
  run_wait_for_text (run, "still read\n");
  close_all (theirs);
  wait_until (is_gone, GINT_TO_POINTER (pid));
  g_assert_cmpint (troupe_run_status_read (run->journal_dir, &written), ==, 0);
  g_assert_cmpint (written.phase, ==, TROUPE_RUN_RUNNING);
  adopted = fixture_change_engine (fixture);
  g_assert_cmpuint (adopted->len, ==, 0);
}

static void
test_killed_keeper_is_lost (Fixture *fixture, gconstpointer data)
{
  int theirs[3];
  g_autoptr (Run) run = run_sink (fixture, theirs);

  run_wait (run, "started");
  g_assert_no_errno (kill (troupe_keeper_get_pid (run->keeper), SIGKILL));
  run_wait (run, "lost");
  g_assert_cmpstr (run->signals->str, ==, "started lost ");
  close_all (theirs);
}

/* Its keeper is warm again, for another thread or a program. */
static void
test_keeper_serves_again (Fixture *fixture, gconstpointer data)
{
  pid_t pid = 0;

  for (guint i = 0; i < 6; i++)
    {
      int theirs[3] = { -1, -1, -1 };
      g_autoptr (Run) run = i % 2 == 0 ? run_sink (fixture, theirs) : run_child (fixture, "cat", NULL);
      pid_t keeper_pid = troupe_keeper_get_pid (run->keeper);

      run_wait (run, "started");
      if (i > 1)
        g_assert_cmpint (keeper_pid, ==, pid);
      pid = keeper_pid;
      g_assert_cmpint (troupe_keeper_is_sink (run->keeper), ==, i % 2 == 0);
      if (i % 2 == 0)
        {
          write_all (theirs[1], "thread\n", 7);
          close_all (theirs);
          end_with_code (run, 0);
        }
      else
        {
          g_assert_no_error (run_input (run, "process\n", 8));
          troupe_keeper_close_input (run->keeper);
        }
      run_wait (run, "ended");
      assert_text (run, TROUPE_STREAM_STDOUT, i % 2 == 0 ? "thread\n" : "process\n");
    }
}

static void
test_refuses_what_is_no_socket (Fixture *fixture, gconstpointer data)
{
  g_autofree char *dir = g_build_filename (fixture->folder, "no-socket", NULL);
  TroupeLaunch launch = { .sink = TRUE, .sink_pid = getpid (), .n_fds = 3, .journal_dir = dir };
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  g_autoptr (Run) run = NULL;

  g_assert_no_errno (g_mkdir (dir, 0700));
  launch.fds = (int[]){ null_fd, null_fd, null_fd };
  run = run_launch (fixture, &launch, "", NULL);
  run_wait (run, "ended");
  close (null_fd);
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->phase, ==, TROUPE_RUN_FAILED);
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->launch_stage, ==, TROUPE_LAUNCH_PREPARE);
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->launch_errno, ==, ENOTSOCK);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/keeper/sink/captures-both-streams", test_captures_both_streams);
  fixture_test ("/keeper/sink/says-how-the-thread-ended", test_says_how_the_thread_ended);
  fixture_test ("/keeper/sink/reads-what-comes-after-the-end", test_reads_what_comes_after_the_end);
  fixture_test ("/keeper/sink/waits-for-the-end-after-the-output", test_waits_for_the_end_after_the_output);
  fixture_test ("/keeper/sink/ends-though-a-socket-stays-open", test_ends_though_a_socket_stays_open);
  fixture_test ("/keeper/sink/input", test_input);
  fixture_test ("/keeper/sink/touches-no-process", test_touches_no_process);
  fixture_test ("/keeper/sink/another-engine-takes-over", test_another_engine_takes_over);
  fixture_test ("/keeper/sink/goes-when-asked-and-left-alone", test_goes_when_asked_and_left_alone);
  fixture_test ("/keeper/sink/killed-keeper-is-lost", test_killed_keeper_is_lost);
  fixture_test ("/keeper/sink/keeper-serves-again", test_keeper_serves_again);
  fixture_test ("/keeper/sink/refuses-what-is-no-socket", test_refuses_what_is_no_socket);
  return g_test_run ();
}
