/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* How a worker is started, and how a start fails. */

#include "config.h"

#include "keeper-fixture.h"

#include "journal/run-status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
assert_status_is_on_disk (Run *run)
{
  TroupeRunStatus written;

  g_assert_cmpint (troupe_run_status_read (run->journal_dir, &written), ==, 0);
  g_assert_cmpint (written.phase, ==, troupe_keeper_get_status (run->keeper)->phase);
  g_assert_cmpint (written.exit_code, ==, troupe_keeper_get_status (run->keeper)->exit_code);
  g_assert_cmpint (written.launch_errno, ==, troupe_keeper_get_status (run->keeper)->launch_errno);
}

static void
test_runs_to_its_end (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "say", "to stdout", "to stderr", "7", NULL);
  const TroupeRunStatus *status = troupe_keeper_get_status (run->keeper);
  g_autofree char *events = NULL;

  run_wait (run, "ended");
  g_assert_cmpstr (run->signals->str, ==, "started exited ended ");
  g_assert_cmpint (status->phase, ==, TROUPE_RUN_ENDED);
  g_assert_cmpint (status->end_reason, ==, TROUPE_END_BY_ITSELF);
  g_assert_cmpint (status->exit_code, ==, 7);
  g_assert_cmpint (status->exit_signal, ==, 0);
  g_assert_cmpint (status->pid, >, 0);
  g_assert_cmpint (status->keeper_pid, ==, troupe_keeper_get_pid (run->keeper));
  g_assert_cmpuint (status->start_usec, >, 0);
  g_assert_cmpuint (status->exit_usec, >=, status->start_usec);
  g_assert_cmpuint (status->end_usec, >=, status->exit_usec);
  g_assert_cmpuint (status->max_rss_bytes, >, 0);
  g_assert_cmpuint (status->stdout_bytes, ==, strlen ("to stdout"));
  g_assert_cmpuint (status->stderr_bytes, ==, strlen ("to stderr"));
  g_assert_cmpuint (status->stdout_pipe_bytes, >=, 4096);
  assert_status_is_on_disk (run);
  assert_text (run, TROUPE_STREAM_STDOUT, "to stdout");
  assert_text (run, TROUPE_STREAM_STDERR, "to stderr");

  events = run_read_text (run, TROUPE_STREAM_EVENTS);
  g_assert_true (g_str_has_prefix (events, "{\"event\":\"start\",\"pid\":"));
  g_assert_nonnull (strstr (events, "{\"event\":\"exit\",\"code\":7,\"signal\":null,"));
  g_assert_true (g_str_has_suffix (events, "{\"event\":\"end\",\"reason\":\"by-itself\"}\n"));
}

static void
test_dies_by_signal (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) run = run_child (fixture, "die", "11", NULL);
  const TroupeRunStatus *status = troupe_keeper_get_status (run->keeper);
  g_autofree char *events = NULL;

  run_wait (run, "ended");
  g_assert_cmpint (status->exit_code, ==, -1);
  g_assert_cmpint (status->exit_signal, ==, SIGSEGV);
  g_assert_cmpint (status->end_reason, ==, TROUPE_END_BY_ITSELF);
  events = run_read_text (run, TROUPE_STREAM_EVENTS);
  g_assert_nonnull (strstr (events, "\"code\":null,\"signal\":\"SIGSEGV\""));
}

static void
assert_value (Run *run, const char *key, const char *expected)
{
  g_autofree char *value = run_get_value (run, key);

  g_assert_cmpstr (value, ==, expected);
}

static void
test_has_a_clean_start (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (fixture->folder, "a folder", NULL);
  TroupeLaunch launch = { .cwd = folder, .argv0 = "a name", .nice = 3 };
  g_autoptr (Run) run = NULL;
  g_autofree char *pid = NULL;
  g_autofree char *nice = g_strdup_printf ("%d", MIN (19, getpriority (PRIO_PROCESS, 0) + 3));

  g_assert_no_errno (g_mkdir (folder, 0700));
  run = run_launch (fixture, &launch, "self", NULL);
  run_wait (run, "ended");
  pid = g_strdup_printf ("%d", (int) troupe_keeper_get_status (run->keeper)->pid);
  assert_value (run, "argv0", "a name");
  assert_value (run, "cwd", folder);
  assert_value (run, "pid", pid);
  assert_value (run, "pgid", pid);
  assert_value (run, "sid", pid);
  assert_value (run, "nice", nice);
  assert_value (run, "blocked", "0");
  assert_value (run, "ignored", "0");
  assert_value (run, "death_signal", "9");
}

/* The pid is known only once the process is there. */
static void
test_tells_its_pid (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "/bin/sh", "-c", "test \"$MY_PID\" = $$ && echo same", NULL };
  const char *envp[] = { "PATH=/bin:/usr/bin", NULL };
  TroupeLaunch launch = { .argv = argv, .envp = envp, .pid_env = "MY_PID" };
  g_autoptr (Run) run = run_launch (fixture, &launch, "self", NULL);

  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "same\n");
}

static void
test_passes_descriptors (Fixture *fixture, gconstpointer data)
{
  int first[2], second[2], given[3];
  TroupeLaunch launch = { .fds = given, .n_fds = G_N_ELEMENTS (given) };
  g_autoptr (Run) lists = NULL, writes = NULL;
  char text[16] = { 0 };

  g_assert_no_errno (pipe2 (first, O_CLOEXEC));
  g_assert_no_errno (pipe2 (second, O_CLOEXEC));
  given[0] = first[1];
  given[1] = second[1];
  given[2] = first[1];

  lists = run_launch (fixture, &launch, "fds", NULL);
  launch = (TroupeLaunch){ .fds = given, .n_fds = 3 };
  writes = run_launch (fixture, &launch, "fd-write", "4", "second", NULL);
  close (first[1]);
  close (second[1]);
  run_wait (lists, "ended");
  run_wait (writes, "ended");
  assert_text (lists, TROUPE_STREAM_STDOUT, "0\n1\n2\n3\n4\n5\n");
  g_assert_cmpint (read (second[0], text, sizeof text - 1), ==, strlen ("second"));
  g_assert_cmpstr (text, ==, "second");
  /* Nobody has kept one: both pipes are at their end. */
  g_assert_cmpint (read (first[0], text, 1), ==, 0);
  g_assert_cmpint (read (second[0], text, 1), ==, 0);
  close (first[0]);
  close (second[0]);
}

static void
test_passes_a_huge_environment (Fixture *fixture, gconstpointer data)
{
  /* One string may be 128 KiB long on Linux. */
  g_autofree char *value = g_strnfill (100000, 'v');
  g_autoptr (GPtrArray) variables = g_ptr_array_new_with_free_func (g_free);
  TroupeLaunch launch = { NULL };
  g_autoptr (Run) run = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < 15; i++)
    g_ptr_array_add (variables, g_strdup_printf ("BIG_%u=%s", i, value));
  g_ptr_array_add (variables, g_strdup ("TROUPE_RUN_ID=of another run"));
  g_ptr_array_add (variables, NULL);
  launch.envp = (const char *const *) variables->pdata;
  run = run_launch (fixture, &launch, "env", "BIG_14", "TROUPE_RUN_ID", NULL);
  run_wait (run, "ended");
  text = g_strdup_printf ("%s\n%s\n", value, run->identity);
  assert_text (run, TROUPE_STREAM_STDOUT, text);
}

static void
test_refuses_too_much (Fixture *fixture, gconstpointer data)
{
  g_autofree char *value = g_strnfill (17 * 1024 * 1024, 'v');
  const char *argv[] = { "/bin/true", value, NULL };
  TroupeLaunch launch = { .identity = "too/much/1", .journal_dir = fixture->folder, .argv = argv };
  g_autoptr (GError) error = NULL;

  g_assert_null (troupe_keeper_pool_launch (fixture->pool, &launch, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "longer than"));
}

static void
write_script (const char *path, const char *text, int mode)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_no_errno (g_chmod (path, (mode_t) mode));
}

static void
test_searches_the_given_path (Fixture *fixture, gconstpointer data)
{
  g_autofree char *dir = g_build_filename (fixture->folder, "bin", NULL);
  g_autofree char *script = g_build_filename (dir, "only-here", NULL);
  g_autofree char *path = g_strconcat ("PATH=/nowhere::", dir, NULL);
  const char *envp[] = { path, NULL };
  const char *argv[] = { "only-here", "with", "words", NULL };
  TroupeLaunch launch = { .argv = argv, .envp = envp };
  g_autoptr (Run) run = NULL;

  g_assert_no_errno (g_mkdir (dir, 0700));
  /* No "#!": the shell runs it, as execvp has it. */
  write_script (script, "echo \"$# $1 $2\"\n", 0700);
  run = run_launch (fixture, &launch, "", NULL);
  run_wait (run, "ended");
  assert_text (run, TROUPE_STREAM_STDOUT, "2 with words\n");
}

static void
assert_fails (Run *run, TroupeLaunchStage stage, int error, const char *stage_name)
{
  const TroupeRunStatus *status = troupe_keeper_get_status (run->keeper);
  g_autofree char *events = NULL;
  g_autofree char *expected = g_strdup_printf ("{\"event\":\"failed\",\"stage\":\"%s\",\"errno\":%d,", stage_name,
                                               error);

  run_wait (run, "ended");
  g_assert_cmpstr (run->signals->str, ==, "exited ended ");
  g_assert_cmpint (status->phase, ==, TROUPE_RUN_FAILED);
  g_assert_cmpint (status->launch_stage, ==, stage);
  g_assert_cmpint (status->launch_errno, ==, error);
  g_assert_cmpint (status->pid, ==, 0);
  g_assert_cmpint (status->exit_code, ==, -1);
  assert_status_is_on_disk (run);
  events = run_read_text (run, TROUPE_STREAM_EVENTS);
  g_assert_true (g_str_has_prefix (events, expected));
}

static void
test_reports_missing_programs (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Run) by_path = run_command (fixture, "/no/such/program", NULL);
  g_autoptr (Run) by_name = run_command (fixture, "no-such-program-anywhere", NULL);
  g_autoptr (Run) empty = run_command (fixture, "", NULL);

  assert_fails (by_path, TROUPE_LAUNCH_EXEC, ENOENT, "exec");
  assert_fails (by_name, TROUPE_LAUNCH_EXEC, ENOENT, "exec");
  assert_fails (empty, TROUPE_LAUNCH_EXEC, ENOENT, "exec");
}

static void
test_reports_what_is_not_executable (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->folder, "plain-file", NULL);
  g_autofree char *path = g_strconcat ("PATH=", fixture->folder, NULL);
  const char *envp[] = { path, NULL };
  const char *argv[] = { "plain-file", NULL };
  TroupeLaunch launch = { .argv = argv, .envp = envp };
  g_autoptr (Run) by_path = NULL, by_name = NULL, folder = NULL;

  write_script (file, "echo no\n", 0600);
  by_path = run_command (fixture, file, NULL);
  by_name = run_launch (fixture, &launch, "", NULL);
  folder = run_command (fixture, fixture->folder, NULL);
  assert_fails (by_path, TROUPE_LAUNCH_EXEC, EACCES, "exec");
  assert_fails (by_name, TROUPE_LAUNCH_EXEC, EACCES, "exec");
  assert_fails (folder, TROUPE_LAUNCH_EXEC, EACCES, "exec");
}

static void
test_reports_bad_folders (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch missing = { .cwd = "/no/such/folder" }, file = { .cwd = "/dev/null" };
  g_autoptr (Run) in_missing = run_launch (fixture, &missing, "exit", "0", NULL);
  g_autoptr (Run) in_file = run_launch (fixture, &file, "exit", "0", NULL);

  assert_fails (in_missing, TROUPE_LAUNCH_CWD, ENOENT, "cwd");
  assert_fails (in_file, TROUPE_LAUNCH_CWD, ENOTDIR, "cwd");
}

static void
test_reports_a_missing_journal_folder (Fixture *fixture, gconstpointer data)
{
  TroupeLaunch launch = { .journal_dir = "/no/such/folder" };
  g_autoptr (Run) run = run_launch (fixture, &launch, "exit", "0", NULL);
  const TroupeRunStatus *status = troupe_keeper_get_status (run->keeper);

  run_wait (run, "ended");
  g_assert_cmpstr (run->signals->str, ==, "exited ended ");
  g_assert_cmpint (status->launch_stage, ==, TROUPE_LAUNCH_PREPARE);
  g_assert_cmpint (status->launch_errno, ==, ENOENT);
}

static void
test_reports_a_missing_keeper (void)
{
  g_autofree char *folder = g_dir_make_tmp ("troupe-keeper-XXXXXX", NULL);
  g_autofree char *sockets = g_build_filename (folder, "keepers", NULL);
  g_autoptr (TroupeKeeperPool) pool = troupe_keeper_pool_new ("/no/such/keeper", folder);
  const char *argv[] = { "/bin/true", NULL };
  TroupeLaunch launch = { .identity = "no/keeper/1", .journal_dir = folder, .argv = argv };
  g_autoptr (GError) error = NULL;

  g_assert_null (troupe_keeper_pool_launch (pool, &launch, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/no/such/keeper"));
  g_rmdir (sockets);
  g_rmdir (folder);
}

/* The keeper that waits has been killed: the launch takes another. */
static void
test_survives_the_warm_keepers_death (Fixture *fixture, gconstpointer data)
{
  pid_t pid = find_warm_keeper ();
  g_autoptr (Run) run = NULL;
  siginfo_t info;

  if (pid == 0)
    {
      g_test_skip ("the kernel does not list children");
      return;
    }
  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_no_errno (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOWAIT));
  run = run_child (fixture, "exit", "3", NULL);
  run_wait (run, "ended");
  g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 3);
}

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Neither descriptors nor children, once the pool has gone. */
static guint
count_what_is_left (Fixture *fixture)
{
  g_assert_finalize_object (g_steal_pointer (&fixture->pool));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
  return count_fds ();
}

static guint
read_pss_kib (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (at = strstr (text, "\nPss:")) == NULL)
    return 0;
  return (guint) atoi (at + strlen ("\nPss:"));
}

static void
test_leaves_nothing_behind (Fixture *fixture, gconstpointer data)
{
  g_autofree char *runtime_dir = g_build_filename (fixture->folder, "runtime", NULL);
  g_autofree char *sockets = g_build_filename (runtime_dir, "keepers", NULL);
  g_autoptr (GDir) dir = NULL;
  guint n_left_before = 0;

  for (guint i = 0; i < 1000; i++)
    {
      /* Not test-child: with the sanitizers its own start takes longer than all the rest. */
      g_autoptr (Run) run = run_command (fixture, i % 10 == 9 ? "echo" : "true", "1", NULL);

      if (i % 20 == 19)
        {
          g_autoptr (Run) failing = run_command (fixture, "/no/such/program", NULL);

          run_wait (failing, "ended");
        }
      run_wait (run, "ended");
      g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 0);
      if (i == 20)
        {
          n_left_before = count_what_is_left (fixture);
          fixture->pool = troupe_keeper_pool_new (g_getenv ("TROUPE_TEST_KEEPER"), runtime_dir);
        }
    }
  g_assert_cmpuint (count_what_is_left (fixture), ==, n_left_before);
  dir = g_dir_open (sockets, 0, NULL);
  g_assert_nonnull (dir);
  g_assert_null (g_dir_read_name (dir));
}

/* The address sanitizer keeps freed memory for a while. */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_MAX_KIB (256 * 1024)
#else
#define GROWTH_MAX_KIB 64
#endif

/* A warm keeper has stdio, its socket, its signals and three pipes. */
#define WARM_FDS (3 + 1 + 1 + 6)

static gboolean
has_only_warm_fds (gpointer data)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", GPOINTER_TO_INT (data));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n == WARM_FDS;
}

/* A keeper serves many runs, and none of them is in the way of the next. */
static void
test_keepers_do_not_grow (Fixture *fixture, gconstpointer data)
{
  pid_t pid = find_warm_keeper ();
  guint pss_before = 0, n_served = 0;

  if (pid == 0)
    {
      g_test_skip ("the kernel does not list children");
      return;
    }
  for (guint i = 0; i < 150; i++)
    {
      g_autoptr (Run) run = run_command (fixture, "cat", NULL);
      g_autoptr (GBytes) bytes = g_bytes_new_static ("some input", 10);

      troupe_keeper_input_async (run->keeper, bytes, NULL, NULL);
      troupe_keeper_close_input (run->keeper);
      run_wait (run, "exited");
      /* For a run that is over by the time it comes: ignored, not kept for the next. */
      troupe_keeper_input_async (run->keeper, bytes, NULL, NULL);
      troupe_keeper_close_input (run->keeper);
      troupe_keeper_kill (run->keeper);
      run_wait (run, "ended");
      assert_text (run, TROUPE_STREAM_STDOUT, "some input");
      g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, 0);
      n_served += troupe_keeper_get_pid (run->keeper) == pid;
      if (i == 20)
        pss_before = read_pss_kib (pid);
    }
  g_assert_cmpuint (n_served, >, 20);
  g_assert_cmpuint (read_pss_kib (pid), <=, pss_before + GROWTH_MAX_KIB);
  wait_until (has_only_warm_fds, GINT_TO_POINTER (pid));
}

static void
test_many_at_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) run_free);

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *code = g_strdup_printf ("%u", i);

      g_ptr_array_add (runs, run_child (fixture, "say", code, "", code, NULL));
    }
  for (guint i = 0; i < runs->len; i++)
    {
      Run *run = g_ptr_array_index (runs, i);
      g_autofree char *code = g_strdup_printf ("%u", i);

      run_wait (run, "ended");
      g_assert_cmpint (troupe_keeper_get_status (run->keeper)->exit_code, ==, i);
      assert_text (run, TROUPE_STREAM_STDOUT, code);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/keeper/launch/runs-to-its-end", test_runs_to_its_end);
  fixture_test ("/keeper/launch/dies-by-signal", test_dies_by_signal);
  fixture_test ("/keeper/launch/has-a-clean-start", test_has_a_clean_start);
  fixture_test ("/keeper/launch/tells-its-pid", test_tells_its_pid);
  fixture_test ("/keeper/launch/passes-descriptors", test_passes_descriptors);
  fixture_test ("/keeper/launch/passes-a-huge-environment", test_passes_a_huge_environment);
  fixture_test ("/keeper/launch/refuses-too-much", test_refuses_too_much);
  fixture_test ("/keeper/launch/searches-the-given-path", test_searches_the_given_path);
  fixture_test ("/keeper/launch/reports-missing-programs", test_reports_missing_programs);
  fixture_test ("/keeper/launch/reports-what-is-not-executable", test_reports_what_is_not_executable);
  fixture_test ("/keeper/launch/reports-bad-folders", test_reports_bad_folders);
  fixture_test ("/keeper/launch/reports-a-missing-journal-folder", test_reports_a_missing_journal_folder);
  g_test_add_func ("/keeper/launch/reports-a-missing-keeper", test_reports_a_missing_keeper);
  fixture_test ("/keeper/launch/survives-the-warm-keepers-death", test_survives_the_warm_keepers_death);
  fixture_test ("/keeper/launch/many-at-once", test_many_at_once);
  fixture_test ("/keeper/launch/keepers-do-not-grow", test_keepers_do_not_grow);
  fixture_test ("/keeper/launch/leaves-nothing-behind", test_leaves_nothing_behind);
  return g_test_run ();
}
