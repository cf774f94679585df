/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The way to the engine where there is no session bus. GLib keeps one connection for a process,
 * so every question is asked by a process of its own: this program, with an argument. */

#include "config.h"

#include "base/engine-connection.h"
#include "base/error.h"
#include "base/private-bus.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

static char *test_dir;

/* In the asked process */

static GDBusConnection *
get_bus (void)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *bus = troupe_engine_connection_get_bus (NULL, &error);

  g_assert_no_error (error);
  return bus;
}

static GVariant *
call_bus (GDBusConnection *bus, const char *method, GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply = g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                                 "org.freedesktop.DBus", method, arguments, NULL,
                                                 G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

  g_assert_no_error (error);
  return reply;
}

/* Prints which bus it is, the daemon's pid and the address that children will inherit. */
static int
answer_bus (void)
{
  g_autoptr (GDBusConnection) bus = get_bus ();
  g_autoptr (GVariant) id = call_bus (bus, "GetId", NULL);
  g_autoptr (GVariant) pid =
      call_bus (bus, "GetConnectionUnixProcessID", g_variant_new ("(s)", "org.freedesktop.DBus"));
  const char *text;
  guint32 number;

  g_variant_get (id, "(&s)", &text);
  g_variant_get (pid, "(u)", &number);
  printf ("%s\n%u\n%s\n", text, number, g_getenv ("DBUS_SESSION_BUS_ADDRESS"));
  return 0;
}

/* The same, and leaves it when told to, which may be the end of it. */
static int
answer_and_leave (void)
{
  g_autoptr (GDBusConnection) bus = get_bus ();
  g_autoptr (GVariant) pid =
      call_bus (bus, "GetConnectionUnixProcessID", g_variant_new ("(s)", "org.freedesktop.DBus"));
  guint32 number;

  g_variant_get (pid, "(u)", &number);
  printf ("%u\n", number);
  fflush (stdout);
  while (getchar () != EOF)
    ;
  troupe_private_bus_leave (bus);
  g_assert_false (troupe_private_bus_end_if_alone (bus));
  return 0;
}

/* Plays the engine itself, and finds it. */
static int
answer_name (void)
{
  g_autoptr (GDBusConnection) bus = get_bus ();
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (troupe_engine_connection_is_running (bus));
  reply = call_bus (bus, "RequestName", g_variant_new ("(su)", TROUPE_ENGINE_BUS_NAME, 0));
  g_assert_true (troupe_engine_connection_is_running (bus));
  g_assert_true (troupe_engine_connection_ensure_engine (bus, NULL, &error));
  g_assert_no_error (error);
  return 0;
}

/* Run from a folder that has no engine beside it. */
static int
answer_missing (void)
{
  g_autoptr (GDBusConnection) bus = get_bus ();
  g_autoptr (GError) error = NULL;

  g_assert_false (troupe_engine_connection_ensure_engine (bus, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE);
  return 0;
}

/* In the asking process */

static GSubprocess *
start_asking (const char *program, const char *question)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_unsetenv (launcher, "DBUS_SESSION_BUS_ADDRESS");
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", test_dir, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, program, question, NULL);
  g_assert_no_error (error);
  return process;
}

static char *
finish_asking (GSubprocess *process)
{
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  return output;
}

/* Ends the daemon, which is nobody's child of ours, and waits until it is no more. */
static void
end_daemon (const char *pid_text, int signal_number)
{
  int pidfd = pidfd_open (atoi (pid_text), 0);
  GPollFD poll_fd = { pidfd, G_IO_IN, 0 };

  g_assert_cmpint (pidfd, >=, 0);
  g_assert_cmpint (pidfd_send_signal (pidfd, signal_number, NULL, 0), ==, 0);
  while (g_poll (&poll_fd, 1, -1) < 1)
    ;
  close (pidfd);
}

static void
test_private_bus (void)
{
  enum { ASKERS = 6 };
  GSubprocess *askers[ASKERS];
  g_autofree char *first = NULL;
  g_autofree char *address = g_strdup_printf ("unix:path=%s/troupe/bus", test_dir);
  g_autofree char *lock = g_build_filename (test_dir, "troupe", "bus.lock", NULL);
  g_autofree char *escaped = g_dbus_address_escape_value (test_dir);
  g_auto (GStrv) lines = NULL;

  /* All are first clients at once; they must end up on one bus. */
  for (guint i = 0; i < ASKERS; i++)
    askers[i] = start_asking ("/proc/self/exe", "--bus");
  for (guint i = 0; i < ASKERS; i++)
    {
      g_autoptr (GSubprocess) asker = askers[i];
      g_autofree char *output = finish_asking (asker);

      if (first == NULL)
        first = g_steal_pointer (&output);
      else
        g_assert_cmpstr (output, ==, first);
    }
  lines = g_strsplit (first, "\n", -1);
  if (strcmp (escaped, test_dir) == 0)
    g_assert_cmpstr (lines[2], ==, address);

  {
    g_autoptr (GSubprocess) asker = start_asking ("/proc/self/exe", "--name");
    g_autofree char *output = finish_asking (asker);

    g_assert_cmpstr (output, ==, "");
  }

  /* A bus that was killed leaves its socket behind; the next client starts another. */
  end_daemon (lines[1], SIGKILL);
  {
    g_autoptr (GSubprocess) asker = start_asking ("/proc/self/exe", "--bus");
    g_autofree char *output = finish_asking (asker);
    g_auto (GStrv) new_lines = g_strsplit (output, "\n", -1);

    g_assert_cmpstr (new_lines[0], !=, lines[0]);
    end_daemon (new_lines[1], SIGTERM);
  }
  g_unlink (lock);
}

static gboolean
is_running (const char *pid_text)
{
  int pidfd = pidfd_open (atoi (pid_text), 0);
  GPollFD poll_fd = { pidfd, G_IO_IN, 0 };
  gboolean running = pidfd >= 0 && g_poll (&poll_fd, 1, 0) == 0;

  if (pidfd >= 0)
    close (pidfd);
  return running;
}

/* However many there are and whenever they come and leave: while there is one, its bus is
 * there, and when the last has left there is none. */
static void
test_last_one_out (void)
{
  enum { ROUNDS = 5, ASKERS = 6 };
  g_autofree char *socket_path = g_build_filename (test_dir, "troupe", "bus", NULL);

  for (guint round = 0; round < ROUNDS; round++)
    {
      GSubprocess *askers[ASKERS];
      char *pids[ASKERS];

      for (guint i = 0; i < ASKERS; i++)
        askers[i] = start_asking ("/proc/self/exe", "--leave");
      for (guint i = 0; i < ASKERS; i++)
        {
          g_autoptr (GDataInputStream) said = g_data_input_stream_new (g_subprocess_get_stdout_pipe (askers[i]));

          pids[i] = g_data_input_stream_read_line (said, NULL, NULL, NULL);
          g_assert_cmpstr (pids[i], ==, pids[0]);
        }
      for (guint i = 0; i < ASKERS; i++)
        {
          /* In odd rounds one after the other, in even ones as fast as they can. */
          g_assert_true (is_running (pids[0]));
          g_output_stream_close (g_subprocess_get_stdin_pipe (askers[i]), NULL, NULL);
          if (round % 2 == 1)
            g_assert_true (g_subprocess_wait (askers[i], NULL, NULL));
        }
      for (guint i = 0; i < ASKERS; i++)
        {
          g_autoptr (GSubprocess) asker = askers[i];

          g_assert_true (g_subprocess_wait (asker, NULL, NULL));
          g_assert_true (g_subprocess_get_successful (asker));
        }
      g_assert_false (is_running (pids[0]));
      g_assert_false (g_file_test (socket_path, G_FILE_TEST_EXISTS));
      for (guint i = 0; i < ASKERS; i++)
        g_free (pids[i]);
    }
}

static void
test_no_engine (void)
{
  g_autofree char *bin = g_build_filename (test_dir, "bin", NULL);
  g_autofree char *copy = g_build_filename (bin, "copy", NULL);
  g_autoptr (GSubprocess) asker = NULL, bus_asker = NULL;
  g_autofree char *text = NULL, *output = NULL, *bus_output = NULL;
  g_auto (GStrv) lines = NULL;
  gsize length;

  g_assert_cmpint (g_mkdir (bin, 0700), ==, 0);
  g_assert_true (g_file_get_contents ("/proc/self/exe", &text, &length, NULL));
  g_assert_true (g_file_set_contents_full (copy, text, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT, 0700, NULL));
  bus_asker = start_asking ("/proc/self/exe", "--bus");
  bus_output = finish_asking (bus_asker);
  lines = g_strsplit (bus_output, "\n", -1);
  asker = start_asking (copy, "--missing");
  output = finish_asking (asker);
  end_daemon (lines[1], SIGTERM);
  g_unlink (copy);
  g_rmdir (bin);
}

static void
clean_up (void)
{
  /* The folders for services are dbus-daemon's doing. */
  static const char *const names[] = { "troupe/bus", "troupe/bus.lock", "troupe", "dbus-1/services", "dbus-1", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (test_dir, names[i], NULL);

      g_remove (path);
    }
  g_free (test_dir);
}

int
main (int argc, char **argv)
{
  g_autofree char *daemon = g_find_program_in_path ("dbus-daemon");
  int result;

  if (argc > 1 && strcmp (argv[1], "--bus") == 0)
    return answer_bus ();
  if (argc > 1 && strcmp (argv[1], "--leave") == 0)
    return answer_and_leave ();
  if (argc > 1 && strcmp (argv[1], "--name") == 0)
    return answer_name ();
  if (argc > 1 && strcmp (argv[1], "--missing") == 0)
    return answer_missing ();

  g_test_init (&argc, &argv, NULL);
  if (daemon == NULL)
    {
      g_print ("1..0 # SKIP there is no dbus-daemon\n");
      return 0;
    }
  test_dir = g_dir_make_tmp ("troupe-bus-XXXXXX", NULL);
  g_test_add_func ("/base/engine-connection/makes-one-private-bus", test_private_bus);
  g_test_add_func ("/base/engine-connection/last-one-out-ends-it", test_last_one_out);
  g_test_add_func ("/base/engine-connection/says-when-there-is-no-engine", test_no_engine);
  result = g_test_run ();
  clean_up ();
  return result;
}
