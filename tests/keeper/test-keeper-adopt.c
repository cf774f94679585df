/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Engines that go and come, keepers that are killed. */

#include "config.h"

#include "keeper-fixture.h"

#include "journal/run-status.h"
#include "keeper/keeper-protocol.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_goes_on_without_an_engine (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) first = run_child (fixture, "tick", "1", NULL), second = NULL;
  g_autoptr (GPtrArray) adopted = NULL, none = NULL;
  const TroupeRunStatus *status;
  pid_t pid;

  run_wait (first, "started");
  run_wait_for_text (first, "tick 20\n");
  pid = troupe_keeper_get_status (first->keeper)->pid;
  adopted = fixture_change_engine (fixture);
  g_assert_cmpuint (adopted->len, ==, 1);
  second = run_watch (g_object_ref (g_ptr_array_index (adopted, 0)));
  g_assert_cmpstr (second->identity, ==, first->identity);
  g_assert_cmpstr (second->journal_dir, ==, first->journal_dir);
  status = troupe_keeper_get_status (second->keeper);
  g_assert_cmpint (status->phase, ==, TROUPE_RUN_RUNNING);
  g_assert_cmpint (status->pid, ==, pid);
  g_assert_true (is_process_alive (pid));
  run_wait_for_text (second, "tick 100\n");

  /* Those it has already are not found again. */
  none = troupe_keeper_pool_adopt (fixture->pool, NULL);
  g_assert_cmpuint (none->len, ==, 0);

  troupe_keeper_stop (second->keeper, SIGTERM, 60000);
  run_wait (second, "ended");
  g_assert_cmpstr (second->signals->str, ==, "exited ended ");
  g_assert_cmpint (status->exit_signal, ==, SIGTERM);
  g_assert_cmpint (status->end_reason, ==, TROUPE_END_STOPPED);
  /* The first engine's view ended with it, without a word. */
  g_assert_cmpstr (first->signals->str, ==, "started ");
}

/* Nothing is lost of a flood that goes on while engines change. */
static void
test_flood_while_engines_change (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "flood", "40000000", "1000", NULL);
  g_autoptr (GPtrArray) adopted = NULL;

  run_wait (run, "started");
  for (guint i = 0; i < 5; i++)
    {
      g_clear_pointer (&adopted, g_ptr_array_unref);
      adopted = fixture_change_engine (fixture);
      if (adopted->len == 0)
        break; /* it was quicker than we */
    }
  if (adopted->len > 0)
    {
      g_autoptr (Run) second = run_watch (g_object_ref (g_ptr_array_index (adopted, 0)));

      run_wait (second, "ended");
    }
  else
    {
      TroupeRunStatus status;

      g_assert_cmpint (troupe_run_status_read (run->journal_dir, &status), ==, 0);
      g_assert_cmpint (status.phase, ==, TROUPE_RUN_ENDED);
    }
  assert_is_flood (run, TROUPE_STREAM_STDOUT, 40000000);
}

static gboolean
has_ended_on_disk (gpointer data)
{
  TroupeRunStatus status;

  return troupe_run_status_read (((Run *) data)->journal_dir, &status) == 0 &&
         status.phase == TROUPE_RUN_ENDED;
}

static void
test_ends_without_an_engine (Fixture *fixture, gconstpointer data)
{
  g_autofree char *go = g_build_filename (fixture->folder, "go", NULL);
  g_autoptr (Run) run = run_child (fixture, "until-file", go, "6", NULL);
  g_autoptr (GPtrArray) adopted = NULL;
  TroupeRunStatus status;

  run_wait_for_text (run, "ready\n");
  g_clear_object (&fixture->pool);
  g_assert_true (g_file_set_contents (go, "", 0, NULL));
  wait_until (has_ended_on_disk, run);
  g_assert_cmpint (troupe_run_status_read (run->journal_dir, &status), ==, 0);
  g_assert_cmpint (status.exit_code, ==, 6);
  assert_text (run, TROUPE_STREAM_STDOUT, "ready\ndone\n");
  adopted = fixture_change_engine (fixture);
  g_assert_cmpuint (adopted->len, ==, 0);
}

static void
test_adopts_after_the_exit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) first = run_child (fixture, "daemon", "keep", "exit", NULL), second = NULL;
  g_autoptr (GPtrArray) adopted = NULL;

  run_wait (first, "exited");
  adopted = fixture_change_engine (fixture);
  g_assert_cmpuint (adopted->len, ==, 1);
  second = run_watch (g_object_ref (g_ptr_array_index (adopted, 0)));
  g_assert_cmpint (troupe_keeper_get_status (second->keeper)->phase, ==, TROUPE_RUN_EXITED);
  g_assert_cmpint (troupe_keeper_get_status (second->keeper)->exit_code, ==, 0);
  troupe_keeper_kill (second->keeper);
  run_wait (second, "ended");
  g_assert_cmpstr (second->signals->str, ==, "ended ");
}

static void
test_adopts_many (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) first = g_ptr_array_new_with_free_func ((GDestroyNotify) run_free);
  g_autoptr (GPtrArray) adopted = NULL;

  for (guint i = 0; i < 30; i++)
    g_ptr_array_add (first, run_child (fixture, "sleep", NULL));
  for (guint i = 0; i < first->len; i++)
    run_wait_for_text (g_ptr_array_index (first, i), "ready\n");
  adopted = fixture_change_engine (fixture);
  g_assert_cmpuint (adopted->len, ==, 30);
  for (guint i = 0; i < adopted->len; i++)
    {
      g_autoptr (Run) run = run_watch (g_object_ref (g_ptr_array_index (adopted, i)));

      troupe_keeper_kill (run->keeper);
      run_wait (run, "ended");
    }
}

static void
test_adopts_at_a_long_path (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (200, 'l');
  g_autofree char *runtime_dir = g_build_filename (fixture->folder, name, NULL);
  g_autoptr (Run) first = NULL, second = NULL;
  g_autoptr (GPtrArray) adopted = NULL;

  g_clear_object (&fixture->pool);
  fixture->pool = troupe_keeper_pool_new (g_getenv ("TROUPE_TEST_KEEPER"), runtime_dir);
  first = run_child (fixture, "sleep", NULL);
  run_wait_for_text (first, "ready\n");
  g_clear_object (&fixture->pool);
  fixture->pool = troupe_keeper_pool_new (g_getenv ("TROUPE_TEST_KEEPER"), runtime_dir);
  adopted = troupe_keeper_pool_adopt (fixture->pool, NULL);
  g_assert_cmpuint (adopted->len, ==, 1);
  second = run_watch (g_object_ref (g_ptr_array_index (adopted, 0)));
  troupe_keeper_kill (second->keeper);
  run_wait (second, "ended");
}

static void
test_removes_dead_sockets (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "sleep", NULL);
  g_autofree char *sockets = g_build_filename (fixture->folder, "runtime", "keepers", NULL);
  g_autoptr (GPtrArray) adopted = NULL;
  g_autoptr (GDir) dir = NULL;
  pid_t keeper_pid;

  run_wait_for_text (run, "ready\n");
  keeper_pid = troupe_keeper_get_pid (run->keeper);
  g_assert_no_errno (kill (keeper_pid, SIGKILL));
  run_wait (run, "lost");
  adopted = fixture_change_engine (fixture);
  g_assert_cmpuint (adopted->len, ==, 0);
  dir = g_dir_open (sockets, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
}

static void
test_killed_keeper_takes_its_worker (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "daemon", "leave", "wait", NULL);
  g_autoptr (Run) other = run_child (fixture, "sleep", NULL);
  g_autofree char *text = NULL;
  pid_t worker_pid;

  run_wait (run, "started");
  run_wait (other, "started");
  run_wait_for_text (run, "ready\n");
  run_wait_for_text (other, "ready\n");
  text = run_read_text (run, TROUPE_STREAM_STDOUT);
  worker_pid = troupe_keeper_get_status (run->keeper)->pid;
  g_assert_true (is_process_alive (atoi (text)));
  g_assert_no_errno (kill (troupe_keeper_get_pid (run->keeper), SIGKILL));
  run_wait (run, "lost");
  g_assert_cmpstr (run->signals->str, ==, "started lost ");
  g_assert_false (is_process_alive (worker_pid));
  g_assert_false (is_process_alive (atoi (text)));
  assert_nothing_left (run);

  /* The neighbour has noticed nothing. */
  g_assert_true (is_process_alive (troupe_keeper_get_status (other->keeper)->pid));
  troupe_keeper_kill (other->keeper);
  run_wait (other, "ended");
}

/* The exit code was written before the keeper was killed. */
static void
test_killed_keeper_keeps_the_exit_code (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "late-writer", "3600000", "8", NULL);

  run_wait (run, "exited");
  g_assert_no_errno (kill (troupe_keeper_get_pid (run->keeper), SIGKILL));
  run_wait (run, "lost");
  g_assert_cmpstr (run->signals->str, ==, "started exited lost ");
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 8);
  assert_nothing_left (run);
}

static void
test_sweep_spares_others (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "daemon", "leave", "wait", NULL);
  g_autofree char *longer = NULL, *shorter = NULL;

  run_wait_for_text (run, "ready\n");
  longer = g_strconcat (run->identity, "0", NULL);
  shorter = g_strndup (run->identity, strlen (run->identity) - 1);
  g_assert_cmpuint (troupe_keeper_sweep_orphans (longer), ==, 0);
  g_assert_cmpuint (troupe_keeper_sweep_orphans (shorter), ==, 0);
  g_assert_cmpuint (troupe_keeper_sweep_orphans (run->identity), >=, 2);
  run_wait (run, "ended");
}

static gboolean
is_gone (gpointer data)
{
  return !is_process_alive (GPOINTER_TO_INT (data));
}

/* An engine that is killed takes the keeper that waited with it, and only that. */
static void
test_warm_keeper_goes_with_its_engine (Fixture *fixture, gconstpointer data)
{
  pid_t pid = find_warm_keeper ();

  if (pid == 0)
    {
      g_test_skip ("the kernel does not list children");
      return;
    }
  g_clear_object (&fixture->pool);
  wait_until (is_gone, GINT_TO_POINTER (pid));
}

static int
connect_to_only_keeper (Fixture *fixture)
{
  g_autofree char *sockets = g_build_filename (fixture->folder, "runtime", "keepers", NULL);
  g_autoptr (GDir) dir = g_dir_open (sockets, 0, NULL);
  const char *name = g_dir_read_name (dir);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  g_assert_nonnull (name);
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/%s", sockets, name);
  g_assert_no_errno (connect (fd, (struct sockaddr *) &address, sizeof address));
  return fd;
}

static void
test_refuses_nonsense (Fixture *fixture, gconstpointer data)
{
  TroupeKeeperHeader header = { .magic = TROUPE_KEEPER_MAGIC, .version = 99, .type = TROUPE_KEEPER_HELLO };
  g_autoptr (Run) run = run_child (fixture, "sleep", NULL);
  g_autofree char *noise = g_strnfill (200000, 'n');
  char answer[64];
  int fd;

  run_wait (run, "started"); /* which may come after what the child writes */
  run_wait_for_text (run, "ready\n");

  /* Another version: told ours, and turned away. */
  fd = connect_to_only_keeper (fixture);
  g_assert_cmpint (send (fd, &header, sizeof header, MSG_NOSIGNAL), ==, sizeof header);
  g_assert_cmpint (recv (fd, answer, sizeof answer, 0), ==, sizeof header);
  memcpy (&header, answer, sizeof header);
  g_assert_cmpint (header.version, ==, TROUPE_KEEPER_VERSION);
  g_assert_cmpint (recv (fd, answer, sizeof answer, 0), ==, 0);
  close (fd);

  /* No message at all, a wrong length, one that is too long, one before HELLO. */
  for (guint i = 0; i < 4; i++)
    {
      header = (TroupeKeeperHeader){ .magic = TROUPE_KEEPER_MAGIC,
                                     .version = TROUPE_KEEPER_VERSION,
                                     .type = i == 3 ? TROUPE_KEEPER_KILL : TROUPE_KEEPER_HELLO,
                                     .length = i == 1 ? 5 : 0 };
      fd = connect_to_only_keeper (fixture);
      if (i == 0)
        g_assert_cmpint (send (fd, "?", 1, MSG_NOSIGNAL), ==, 1);
      else if (i == 2)
        g_assert_cmpint (send (fd, noise, 200000, MSG_NOSIGNAL), ==, 200000);
      else
        g_assert_cmpint (send (fd, &header, sizeof header, MSG_NOSIGNAL), ==, sizeof header);
      g_assert_cmpint (recv (fd, answer, sizeof answer, 0), <=, 0);
      close (fd);
    }

  /* Its engine has noticed nothing. */
  g_assert_cmpstr (run->signals->str, ==, "started ");
  troupe_keeper_stop (run->keeper, SIGTERM, 60000);
  run_wait (run, "ended");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/keeper/adopt/goes-on-without-an-engine", test_goes_on_without_an_engine);
  fixture_test ("/keeper/adopt/flood-while-engines-change", test_flood_while_engines_change);
  fixture_test ("/keeper/adopt/ends-without-an-engine", test_ends_without_an_engine);
  fixture_test ("/keeper/adopt/adopts-after-the-exit", test_adopts_after_the_exit);
  fixture_test ("/keeper/adopt/adopts-many", test_adopts_many);
  fixture_test ("/keeper/adopt/adopts-at-a-long-path", test_adopts_at_a_long_path);
  fixture_test ("/keeper/adopt/removes-dead-sockets", test_removes_dead_sockets);
  fixture_test ("/keeper/adopt/killed-keeper-takes-its-worker", test_killed_keeper_takes_its_worker);
  fixture_test ("/keeper/adopt/killed-keeper-keeps-the-exit-code", test_killed_keeper_keeps_the_exit_code);
  fixture_test ("/keeper/adopt/sweep-spares-others", test_sweep_spares_others);
  fixture_test ("/keeper/adopt/warm-keeper-goes-with-its-engine", test_warm_keeper_goes_with_its_engine);
  fixture_test ("/keeper/adopt/refuses-nonsense", test_refuses_nonsense);
  return g_test_run ();
}
