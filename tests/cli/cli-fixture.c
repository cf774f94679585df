/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Starts commands with GSubprocess, so nothing of the test's own environment leaks in. */

#include "config.h"

#include "cli-fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/engine-connection.h"
#include "cli/json-object.h"

const char *
cli_test_child (void)
{
  const char *path = g_getenv ("TROUPE_TEST_CHILD");

  g_assert_nonnull (path);
  return path;
}

static GSubprocessLauncher *
new_launcher (CliFixture *fixture, GSubprocessFlags flags)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (flags);
  g_autofree char *run_dir = g_build_filename (fixture->dir, "run", NULL);

  g_subprocess_launcher_setenv (launcher, "XDG_STATE_HOME", fixture->state_dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", run_dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_CONFIG_HOME", fixture->dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "HOME", fixture->dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", fixture->address, TRUE);
  g_subprocess_launcher_set_cwd (launcher, fixture->work_dir);
  return launcher;
}

static void
die_with_test (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* A test that fails leaves no bus behind. Returns once the bus can be reached. */
static void
start_bus (CliFixture *fixture)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autofree char *option = g_strdup_printf ("--address=unix:path=%s/bus", fixture->dir);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, die_with_test, NULL, NULL);
  fixture->bus = g_subprocess_launcher_spawn (launcher, &error, "dbus-daemon", "--session", "--nofork", "--nopidfile",
                                              "--print-address=1", option, NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (fixture->bus));
  fixture->address = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (fixture->address);
}

void
cli_fixture_set_up (CliFixture *fixture, gconstpointer data)
{
  g_autofree char *run_dir = NULL;
  g_autoptr (GError) error = NULL;

  fixture->dir = g_dir_make_tmp ("troupe-cli-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->state_dir = g_build_filename (fixture->dir, "state", NULL);
  fixture->work_dir = g_build_filename (fixture->dir, "work", NULL);
  run_dir = g_build_filename (fixture->dir, "run", NULL);
  g_assert_cmpint (g_mkdir (fixture->work_dir, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (fixture->state_dir, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (run_dir, 0700), ==, 0);
  start_bus (fixture);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (!g_file_test (child, G_FILE_TEST_IS_SYMLINK) && g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_tree (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

/* No process may hold our folder in its environment any more, save zombies. */
static void
assert_nothing_runs (CliFixture *fixture)
{
  g_autofree char *needle = g_strconcat ("XDG_STATE_HOME=", fixture->state_dir, NULL);
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "environ", NULL);
      g_autofree char *environment = NULL;
      gsize length;

      if (!g_ascii_isdigit (name[0]) || !g_file_get_contents (path, &environment, &length, NULL))
        continue;
      if (memmem (environment, length, needle, strlen (needle)) != NULL)
        {
          g_autofree char *cmdline_path = g_build_filename ("/proc", name, "cmdline", NULL);
          g_autofree char *cmdline = NULL;

          g_file_get_contents (cmdline_path, &cmdline, NULL, NULL);
          g_error ("process %s (%s) is left behind", name, cmdline != NULL ? cmdline : "?");
        }
    }
}

static GDBusConnection *
connect_to_bus (CliFixture *fixture)
{
  return g_dbus_connection_new_for_address_sync (
      fixture->address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      NULL);
}

static char *
dup_engine_owner (CliFixture *fixture)
{
  g_autoptr (GDBusConnection) connection = connect_to_bus (fixture);
  g_autoptr (GVariant) reply = NULL;
  char *owner = NULL;

  g_assert_nonnull (connection);
  reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "GetNameOwner",
                                       g_variant_new ("(s)", TROUPE_ENGINE_BUS_NAME), G_VARIANT_TYPE ("(s)"),
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (reply);
  g_variant_get (reply, "(s)", &owner);
  return owner;
}

pid_t
cli_get_engine_pid (CliFixture *fixture)
{
  g_autoptr (GDBusConnection) connection = connect_to_bus (fixture);
  g_autoptr (GVariant) reply = NULL;
  guint32 pid = 0;

  g_assert_nonnull (connection);
  reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                                       g_variant_new ("(s)", TROUPE_ENGINE_BUS_NAME), G_VARIANT_TYPE ("(u)"),
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (reply != NULL)
    g_variant_get (reply, "(u)", &pid);
  return (pid_t) pid;
}

static void
vanished_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* NAME: of the engine that is to go. Its well-known name may have a new owner at once. */
static void
wait_for_name_end (CliFixture *fixture, const char *name)
{
  g_autoptr (GDBusConnection) connection = connect_to_bus (fixture);
  gboolean gone = FALSE;
  guint watch;

  g_assert_nonnull (connection);
  watch = g_bus_watch_name_on_connection (connection, name, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                          vanished_cb, &gone, NULL);
  while (!gone)
    g_main_context_iteration (NULL, TRUE);
  g_bus_unwatch_name (watch);
}

/* Until the process is gone, or waits only for a PID 1 that may not reap. */
static void
wait_for_process_end (pid_t pid)
{
  for (;;)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
      g_autofree char *stat = NULL;
      const char *state;

      if (!g_file_get_contents (path, &stat, NULL, NULL))
        return;
      state = strrchr (stat, ')');
      if (state != NULL && (state[2] == 'Z' || state[2] == 'X'))
        return;
      g_usleep (1000);
    }
}

void
cli_kill_engine (CliFixture *fixture)
{
  g_autofree char *owner = dup_engine_owner (fixture);
  pid_t pid = cli_get_engine_pid (fixture);

  g_assert_cmpint (pid, >, 0);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  wait_for_name_end (fixture, owner);
}

void
cli_wait_until_saved (CliFixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->state_dir, "troupe", "default.troupe", NULL);
  g_autofree char *group = g_strdup_printf ("[program %s]", name);

  for (;;)
    {
      g_autofree char *content = NULL;

      if (g_file_get_contents (path, &content, NULL, NULL) && strstr (content, group) != NULL)
        return;
      g_usleep (2000);
    }
}

void
cli_fixture_tear_down (CliFixture *fixture, gconstpointer data)
{
  pid_t engine = cli_get_engine_pid (fixture);
  g_auto (CliResult) quit = cli_run (fixture, "quit", NULL);

  cli_assert_code (quit, 0);
  wait_for_name_end (fixture, TROUPE_ENGINE_BUS_NAME);
  if (engine != 0)
    wait_for_process_end (engine);
  assert_nothing_runs (fixture);
  g_subprocess_force_exit (fixture->bus);
  g_subprocess_wait (fixture->bus, NULL, NULL);
  g_clear_object (&fixture->bus);
  g_free (fixture->address);
  remove_tree (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->work_dir);
  g_free (fixture->state_dir);
}

void
cli_result_clear (CliResult *result)
{
  g_clear_pointer (&result->out, g_bytes_unref);
  g_clear_pointer (&result->err, g_bytes_unref);
}

static GPtrArray *
collect_arguments (va_list args)
{
  GPtrArray *argv = g_ptr_array_new ();
  const char *argument;

  while ((argument = va_arg (args, const char *)) != NULL)
    g_ptr_array_add (argv, (gpointer) argument);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static GSubprocess *
spawn (CliFixture *fixture, const char *const *arguments, GSubprocessFlags flags)
{
  g_autoptr (GSubprocessLauncher) launcher = new_launcher (fixture, flags);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_ptr_array_add (argv, (gpointer) g_getenv ("TROUPECTL"));
  g_assert_nonnull (argv->pdata[0]);
  for (gsize i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) arguments[i]);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, &error);
  g_assert_no_error (error);
  return process;
}

static int
get_code (GSubprocess *process)
{
  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                              : 128 + g_subprocess_get_term_sig (process);
}

/* A NUL behind the bytes, so that they can be read as text. */
static GBytes *
terminate (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  char *copy = g_malloc (length + 1);

  if (length > 0)
    memcpy (copy, data, length);
  copy[length] = '\0';
  g_bytes_unref (bytes);
  return g_bytes_new_take (copy, length);
}

CliResult
cli_run_argv (CliFixture *fixture, const char *const *arguments, GBytes *input)
{
  g_autoptr (GSubprocess) process =
      spawn (fixture, arguments,
             G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  CliResult result = { 0 };

  g_subprocess_communicate (process, input != NULL ? input : nothing, NULL, &result.out, &result.err, &error);
  g_assert_no_error (error);
  result.out = terminate (result.out);
  result.err = terminate (result.err);
  result.code = get_code (process);
  return result;
}

CliResult
cli_run (CliFixture *fixture, ...)
{
  g_autoptr (GPtrArray) argv = NULL;
  va_list args;

  va_start (args, fixture);
  argv = collect_arguments (args);
  va_end (args);
  return cli_run_argv (fixture, (const char *const *) argv->pdata, NULL);
}

const char *
cli_out (CliResult *result)
{
  return g_bytes_get_data (result->out, NULL);
}

const char *
cli_err (CliResult *result)
{
  return g_bytes_get_data (result->err, NULL);
}

void
cli_assert_code_at (const char *function, int line, CliResult *result, int wanted)
{
  if (result->code != wanted)
    g_error ("%s, line %d: exit code %d instead of %d; it printed \"%.1000s\" and \"%.1000s\"", function, line,
             result->code, wanted, cli_out (result), cli_err (result));
}

CliProcess *
cli_start (CliFixture *fixture, ...)
{
  CliProcess *process = g_new0 (CliProcess, 1);
  g_autoptr (GPtrArray) argv = NULL;
  va_list args;

  va_start (args, fixture);
  argv = collect_arguments (args);
  va_end (args);
  process->process =
      spawn (fixture, (const char *const *) argv->pdata,
             G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  process->seen = g_string_new (NULL);
  return process;
}

/* Returns FALSE at the end. */
static gboolean
read_more (CliProcess *process)
{
  GInputStream *stream = g_subprocess_get_stdout_pipe (process->process);
  g_autoptr (GError) error = NULL;
  char buffer[4096];
  gssize n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error);

  g_assert_no_error (error);
  g_string_append_len (process->seen, buffer, n);
  return n > 0;
}

void
cli_process_read_until (CliProcess *process, const char *text)
{
  while (strstr (process->seen->str, text) == NULL)
    if (!read_more (process))
      g_error ("it ended without \"%s\"; it printed \"%.1000s\"", text, process->seen->str);
}

void
cli_process_write (CliProcess *process, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (process->process), text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
}

void
cli_process_signal (CliProcess *process, int number)
{
  g_subprocess_send_signal (process->process, number);
}

int
cli_process_finish (CliProcess *process, char **out, char **err)
{
  g_autoptr (GBytes) rest = NULL, errors = NULL, nothing = g_bytes_new (NULL, 0);
  g_autoptr (GError) error = NULL;
  int code;

  g_subprocess_communicate (process->process, nothing, NULL, &rest, &errors, &error);
  g_assert_no_error (error);
  code = get_code (process->process);
  if (rest != NULL)
    g_string_append_len (process->seen, g_bytes_get_data (rest, NULL), (gssize) g_bytes_get_size (rest));
  if (out != NULL)
    *out = g_strdup (process->seen->str);
  if (err != NULL)
    *err = g_strndup (g_bytes_get_data (errors, NULL), g_bytes_get_size (errors));
  g_object_unref (process->process);
  g_string_free (process->seen, TRUE);
  g_free (process);
  return code;
}

void
cli_write_file (CliFixture *fixture, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (fixture->work_dir, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

char *
cli_list_get (CliFixture *fixture, const char *worker, const char *key)
{
  g_auto (CliResult) list = cli_run (fixture, "list", "--json", NULL);
  g_autofree char *needle = g_strdup_printf ("{\"name\":\"%s\",", worker);
  g_auto (GStrv) lines = NULL;

  cli_assert_code (list, 0);
  lines = g_strsplit (cli_out (&list), "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) members = NULL;
      gsize length = strlen (lines[i]);

      if (!g_str_has_prefix (lines[i], needle))
        continue;
      if (lines[i][length - 1] == ',')
        length--;
      members = troupe_json_object_split (lines[i], length);
      g_assert_nonnull (members);
      for (guint j = 0; j < members->len; j++)
        {
          TroupeJsonMember *member = members->pdata[j];

          if (strcmp (member->key, key) == 0)
            return g_strdup (member->raw);
        }
    }
  g_error ("no %s of %s in %s", key, worker, cli_out (&list));
}
