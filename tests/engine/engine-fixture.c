/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Sets up a bus and an engine, and takes them down again with all that they started. */

#include "config.h"

#include "engine-fixture.h"

#include "supervisor/run-folder.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALL_TIMEOUT_MSEC 100000

void
fixture_set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("troupe-engine-XXXXXX", NULL);
  self->journals_dir = g_build_filename (self->folder, "troupe", "journals", NULL);
  self->test_bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (self->test_bus);
  self->bus = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (self->test_bus),
                                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                      NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  fixture_start_engine (self);
}

void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  if (self->process != NULL)
    fixture_quit_engine (self);
  g_clear_object (&self->engine);
  g_dbus_connection_close_sync (self->bus, NULL, NULL);
  g_clear_object (&self->bus);
  g_test_dbus_down (self->test_bus);
  g_clear_object (&self->test_bus);
  troupe_run_folder_delete_tree (self->folder);
  g_free (self->folder);
  g_free (self->journals_dir);
}

GSubprocess *
fixture_spawn_engine (Fixture *self)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_setenv (launcher, "XDG_STATE_HOME", self->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", self->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS",
                                g_test_dbus_get_bus_address (self->test_bus), TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, g_getenv ("TROUPE_TEST_ENGINE"), NULL);
  g_assert_no_error (error);
  return process;
}

void
fixture_start_engine (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (self->process);
  self->process = fixture_spawn_engine (self);
  wait_until (troupe_engine_connection_is_running (self->bus));
  g_clear_object (&self->engine);
  self->engine = troupe_bus_engine1_proxy_new_sync (self->bus, G_DBUS_PROXY_FLAGS_NONE, TROUPE_ENGINE_BUS_NAME,
                                                    TROUPE_ENGINE_MANAGER_PATH, NULL, &error);
  g_assert_no_error (error);
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (self->engine), CALL_TIMEOUT_MSEC);
}

void
fixture_kill_engine (Fixture *self)
{
  g_subprocess_send_signal (self->process, SIGKILL);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
  wait_until (!troupe_engine_connection_is_running (self->bus));
}

void
fixture_quit_engine (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  troupe_bus_engine1_call_quit_sync (self->engine, NULL, &error);
  g_assert_no_error (error);
  g_subprocess_wait (self->process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  g_clear_object (&self->process);
}

pid_t
fixture_get_engine_pid (Fixture *self)
{
  return (pid_t) g_ascii_strtoll (g_subprocess_get_identifier (self->process), NULL, 10);
}

static GVariant *
parse_fields (const char *fields)
{
  g_auto (GStrv) parts = g_strsplit (fields, "%s", -1);
  g_autofree char *text = g_strjoinv (g_getenv ("TROUPE_TEST_CHILD"), parts);
  g_autoptr (GError) error = NULL;
  GVariant *variant = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return variant;
}

GStrv
fixture_launch_paths (Fixture *self, const char *fields, gboolean start, char **program_path)
{
  g_autoptr (GVariant) definition = parse_fields (fields);
  g_autoptr (GError) error = NULL;
  g_autofree char *program = NULL;
  GStrv workers = NULL;

  troupe_bus_engine1_call_launch_sync (self->engine, definition, start, &program, &workers, NULL, &error);
  g_assert_no_error (error);
  if (program_path != NULL)
    *program_path = g_steal_pointer (&program);
  return workers;
}

TroupeBusWorker1 *
fixture_launch (Fixture *self, const char *fields)
{
  g_auto (GStrv) workers = fixture_launch_paths (self, fields, TRUE, NULL);

  g_assert_cmpuint (g_strv_length (workers), ==, 1);
  return fixture_get_worker (self, workers[0]);
}

TroupeBusWorker1 *
fixture_launch_child (Fixture *self, const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);
  g_autofree char *joined = g_strjoinv ("', '", list);
  g_autofree char *fields = g_strdup_printf ("{'argv': <['%%s', '%s']>}", joined);

  return fixture_launch (self, fields);
}

TroupeBusWorker1 *
fixture_get_worker (Fixture *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  TroupeBusWorker1 *worker;

  worker = troupe_bus_worker1_proxy_new_sync (self->bus, G_DBUS_PROXY_FLAGS_NONE, TROUPE_ENGINE_BUS_NAME, path, NULL,
                                              &error);
  g_assert_no_error (error);
  g_assert_nonnull (troupe_bus_worker1_get_name (worker));
  return worker;
}

TroupeBusProgram1 *
fixture_get_program (Fixture *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  TroupeBusProgram1 *program;

  program = troupe_bus_program1_proxy_new_sync (self->bus, G_DBUS_PROXY_FLAGS_NONE, TROUPE_ENGINE_BUS_NAME, path,
                                                NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (troupe_bus_program1_get_name (program));
  return program;
}

GStrv
fixture_find_paths (Fixture *self, const char *name, GError **error)
{
  GStrv workers = NULL;

  troupe_bus_engine1_call_find_sync (self->engine, name, &workers, NULL, error);
  if (error != NULL && *error != NULL)
    g_dbus_error_strip_remote_error (*error);
  return workers;
}

TroupeBusWorker1 *
fixture_find (Fixture *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) workers = fixture_find_paths (self, name, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (workers), ==, 1);
  return fixture_get_worker (self, workers[0]);
}

char *
fixture_write (Fixture *self, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (self->folder, name, NULL);

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

char *
read_journal (TroupeBusWorker1 *worker, const char *file)
{
  g_autofree char *path = g_build_filename (troupe_bus_worker1_get_journal (worker), file, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  return text;
}

gboolean
has_said (TroupeBusWorker1 *worker, const char *text)
{
  g_autofree char *said = read_journal (worker, "stdout");

  return strstr (said, text) != NULL;
}

gboolean
is_alive (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  const char *after_name;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (after_name = strrchr (text, ')')) == NULL)
    return FALSE;
  return after_name[2] != 'Z' && after_name[2] != 'X';
}

/* Runs of other tests, in parallel, have the same names; ours have our folder in their environment. */
guint
count_marked (Fixture *self, const char *worker)
{
  g_autofree char *mark = g_strdup_printf ("TROUPE_RUN_ID=default/%s/", worker);
  g_autofree char *ours = g_strdup_printf ("XDG_STATE_HOME=%s", self->folder);
  GDir *dir = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%s/environ", name);
      g_autofree char *environment = NULL;
      gboolean is_marked = FALSE, is_ours = FALSE;
      gsize length = 0;

      if (!g_ascii_isdigit (name[0]) || !g_file_get_contents (path, &environment, &length, NULL))
        continue;
      for (gsize at = 0; at < length; at += strlen (environment + at) + 1)
        {
          is_marked |= g_str_has_prefix (environment + at, mark);
          is_ours |= strcmp (environment + at, ours) == 0;
        }
      n += is_marked && is_ours && is_alive ((pid_t) atoi (name));
    }
  g_dir_close (dir);
  return n;
}
