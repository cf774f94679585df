/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The way to the engine where there is no session bus. Each case runs in processes of its
 * own, because a process has one session bus in its life: this program with a case's name. */

#include "config.h"

#include "base/engine-connection.h"
#include "base/error.h"
#include "base/private-bus.h"
#include "supervisor/run-folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_CLIENTS 4

static guint32
call_for_pid (GDBusConnection *bus, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  guint32 pid = 0;

  reply = g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                       "GetConnectionUnixProcessID", g_variant_new ("(s)", name),
                                       G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(u)", &pid);
  return pid;
}

/* Reaches the engine, prints where it is, and leaves at the end of its input. */
static int
be_client (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = troupe_engine_connection_get_bus (NULL, &error);

  g_assert_no_error (error);
  troupe_engine_connection_ensure_engine (bus, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (troupe_engine_connection_is_running (bus));
  /* Once more does nothing. */
  troupe_engine_connection_ensure_engine (bus, NULL, &error);
  g_assert_no_error (error);
  g_print ("%u %u\n", call_for_pid (bus, "org.freedesktop.DBus"), call_for_pid (bus, TROUPE_ENGINE_BUS_NAME));
  while (getchar () != EOF)
    ;
  troupe_private_bus_leave (bus);
  return EXIT_SUCCESS;
}

static int
be_stranded_client (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = troupe_engine_connection_get_bus (NULL, &error);

  g_assert_null (bus);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE);
  g_print ("%s\n", error->message);
  return EXIT_SUCCESS;
}

static GSubprocess *
spawn_self (const char *folder, const char *role, const char *path_variable)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_setenv (launcher, "XDG_STATE_HOME", folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", folder, TRUE);
  g_subprocess_launcher_unsetenv (launcher, "DBUS_SESSION_BUS_ADDRESS");
  if (path_variable != NULL)
    g_subprocess_launcher_setenv (launcher, "PATH", path_variable, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, self, role, NULL);
  g_assert_no_error (error);
  return process;
}

static void
wait_until_gone (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);

  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *text = NULL;

      /* A zombie counts as gone: who inherits it may never look. */
      if (!g_file_get_contents (path, &text, NULL, NULL) || strstr (text, ") Z ") != NULL)
        return;
      g_usleep (10000);
    }
  g_assert_not_reached ();
}

/* Several first clients at once come to one bus and one engine, and their standard output ends with them,
 * although both live on. The engine takes the bus along when it ends. */
static void
test_private_bus (void)
{
  g_autofree char *folder = g_dir_make_tmp ("troupe-connection-XXXXXX", NULL);
  g_autofree char *first = NULL;
  GSubprocess *clients[N_CLIENTS];
  pid_t bus_pid, engine_pid;
  char *end;

  for (guint i = 0; i < N_CLIENTS; i++)
    clients[i] = spawn_self (folder, "client", NULL);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (GDataInputStream) output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (clients[i]));
      g_autofree char *said = g_data_input_stream_read_line (output, NULL, NULL, NULL);

      g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (output), FALSE);
      if (first == NULL)
        first = g_strdup (said);
      g_assert_cmpstr (said, ==, first);
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      char byte;

      g_output_stream_close (g_subprocess_get_stdin_pipe (clients[i]), NULL, NULL);
      /* The last of them keeps both alive until then. */
      g_assert_cmpint (g_input_stream_read (g_subprocess_get_stdout_pipe (clients[i]), &byte, 1, NULL, NULL), ==, 0);
      g_assert_true (g_subprocess_wait (clients[i], NULL, NULL));
      g_assert_true (g_subprocess_get_successful (clients[i]));
      g_object_unref (clients[i]);
    }
  bus_pid = (pid_t) strtol (first, &end, 10);
  engine_pid = (pid_t) strtol (end, NULL, 10);
  g_assert_cmpint (engine_pid, >, 1);
  g_assert_cmpint (bus_pid, >, 1);
  g_assert_cmpint (kill (engine_pid, SIGTERM), ==, 0);
  wait_until_gone (engine_pid);
  wait_until_gone (bus_pid);
  troupe_run_folder_delete_tree (folder);
}

/* Nobody asks the engine to end; it sees that there is nobody, and nothing to do. */
static void
test_idle (void)
{
  g_autofree char *folder = g_dir_make_tmp ("troupe-connection-XXXXXX", NULL);
  g_autoptr (GSubprocess) client = spawn_self (folder, "client", NULL);
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;
  char *end;

  g_subprocess_communicate_utf8 (client, NULL, NULL, &said, NULL, &error);
  g_assert_no_error (error);
  wait_until_gone ((pid_t) strtol (said, &end, 10));
  wait_until_gone ((pid_t) strtol (end, NULL, 10));
  troupe_run_folder_delete_tree (folder);
}

/* The bus dies: the engine ends, and the next client begins anew. */
static void
test_bus_dies (void)
{
  g_autofree char *folder = g_dir_make_tmp ("troupe-connection-XXXXXX", NULL);
  pid_t bus_pids[2], engine_pids[2];

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GSubprocess) client = spawn_self (folder, "client", NULL);
      g_autofree char *said = NULL;
      g_autoptr (GError) error = NULL;
      char *end;

      g_subprocess_communicate_utf8 (client, NULL, NULL, &said, NULL, &error);
      g_assert_no_error (error);
      bus_pids[i] = (pid_t) strtol (said, &end, 10);
      engine_pids[i] = (pid_t) strtol (end, NULL, 10);
      g_assert_cmpint (kill (bus_pids[i], SIGKILL), ==, 0);
      wait_until_gone (bus_pids[i]);
      wait_until_gone (engine_pids[i]);
    }
  g_assert_cmpint (bus_pids[0], !=, bus_pids[1]);
  g_assert_cmpint (engine_pids[0], !=, engine_pids[1]);
  troupe_run_folder_delete_tree (folder);
}

static void
test_no_bus_at_all (void)
{
  g_autofree char *folder = g_dir_make_tmp ("troupe-connection-XXXXXX", NULL);
  g_autoptr (GSubprocess) client = spawn_self (folder, "stranded", "/nonexistent");
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_utf8 (client, NULL, NULL, &said, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (client));
  g_assert_true (g_str_has_prefix (said, "There is no session bus and a private one could not be started: "));
  troupe_run_folder_delete_tree (folder);
}

int
main (int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "client") == 0)
    return be_client ();
  if (argc > 1 && strcmp (argv[1], "stranded") == 0)
    return be_stranded_client ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/connection/private-bus", test_private_bus);
  g_test_add_func ("/engine/connection/ends-when-idle", test_idle);
  g_test_add_func ("/engine/connection/bus-dies", test_bus_dies);
  g_test_add_func ("/engine/connection/no-bus-at-all", test_no_bus_at_all);
  return g_test_run ();
}
