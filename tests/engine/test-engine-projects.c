/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Projects, programs and names: open, read again, close, edit, remove and bring back. */

#include "config.h"

#include "engine-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
open_project (Fixture *fixture, const char *path, gboolean start, char **note)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) notes = NULL;
  char *name = NULL;

  troupe_bus_engine1_call_open_project_sync (fixture->engine, path, start, &name, &notes, NULL, &error);
  g_assert_no_error (error);
  if (note != NULL)
    *note = g_strjoinv ("\n", notes);
  return name;
}

static gboolean
is_known (Fixture *fixture, const char *name)
{
  g_auto (GStrv) found = fixture_find_paths (fixture, name, NULL);

  return found != NULL;
}

/* NAME and TEXT, in which “CHILD” is the path of test-child and “FOLDER” the fixture's. */
static char *
write_project (Fixture *fixture, const char *name, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "CHILD", -1);
  g_autofree char *with_child = g_strjoinv (g_getenv ("TROUPE_TEST_CHILD"), parts);
  g_auto (GStrv) more_parts = g_strsplit (with_child, "FOLDER", -1);
  g_autofree char *with_folder = g_strjoinv (fixture->folder, more_parts);

  return fixture_write (fixture, name, with_folder);
}

static void
test_open_and_close (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_project (fixture, "shop.troupe",
                                         "[project]\nname=shop\n[program web]\ncommand=CHILD sleep\ninstances=2\n"
                                         "[program jobs]\ncommand=CHILD exit 0\nnonsense=1\n");
  g_autofree char *note = NULL, *name = open_project (fixture, path, TRUE, &note);
  g_autoptr (TroupeBusWorker1) web = NULL, jobs = NULL;
  g_autoptr (GVariant) projects = NULL;
  g_autoptr (GError) error = NULL;
  const char *project_name, *project_path;

  g_assert_cmpstr (name, ==, "shop");
  g_assert_nonnull (strstr (note, "nonsense"));
  web = fixture_find (fixture, "shop/web.2");
  jobs = fixture_find (fixture, "jobs");
  wait_for_state (web, "running");
  wait_for_state (jobs, "exited");
  g_assert_cmpstr (troupe_bus_worker1_get_project (web), ==, "shop");
  wait_until (g_variant_n_children (troupe_bus_engine1_get_projects (fixture->engine)) == 2);
  projects = g_variant_get_child_value (troupe_bus_engine1_get_projects (fixture->engine), 1);
  g_variant_get (projects, "(&s&s)", &project_name, &project_path);
  g_assert_cmpstr (project_name, ==, "shop");
  g_assert_cmpstr (project_path, ==, path);

  /* The next engine opens it again, and its workers are not told of the change. */
  fixture_kill_engine (fixture);
  fixture_start_engine (fixture);
  g_clear_object (&web);
  web = fixture_find (fixture, "shop/web.2");
  g_assert_cmpstr (troupe_bus_worker1_get_state (web), ==, "running");

  troupe_bus_engine1_call_close_project_sync (fixture->engine, "shop", NULL, &error);
  g_assert_no_error (error);
  g_assert_null (fixture_find_paths (fixture, "web", NULL));
  wait_until (g_variant_n_children (troupe_bus_engine1_get_projects (fixture->engine)) == 1);
  g_assert_false (troupe_bus_engine1_call_close_project_sync (fixture->engine, "shop", NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER);
}

/* A second clone of a repository, or a folder that was moved. */
static void
test_another_file_of_that_name (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = write_project (fixture, "first.troupe",
                                          "[project]\nname=shop\n[program web]\ncommand=CHILD sleep\n"
                                          "[program gone]\ncommand=CHILD sleep\n");
  g_autofree char *second = write_project (fixture, "second.troupe",
                                           "[project]\nname=shop\n[program web]\ncommand=CHILD exit 7\n");
  g_autofree char *name = open_project (fixture, first, TRUE, NULL), *other_name = NULL;
  g_autoptr (TroupeBusWorker1) web = fixture_find (fixture, "shop/web"), gone = fixture_find (fixture, "shop/gone");
  g_autoptr (GVariant) projects = NULL;
  g_autoptr (GError) error = NULL;
  const char *project_path;

  wait_for_state (web, "running");
  wait_for_state (gone, "running");
  troupe_bus_worker1_call_stop_sync (gone, NULL, &error);
  g_assert_no_error (error);
  wait_for_state (gone, "stopped");
  g_assert_false (
      troupe_bus_engine1_call_open_project_sync (fixture->engine, second, TRUE, &other_name, NULL, NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT);
  g_assert_nonnull (strstr (error->message, first));
  g_assert_cmpstr (troupe_bus_worker1_get_state (web), ==, "running");

  g_clear_error (&error);
  troupe_bus_worker1_call_stop_sync (web, NULL, &error);
  g_assert_no_error (error);
  wait_for_state (web, "stopped");
  other_name = open_project (fixture, second, TRUE, NULL);
  g_assert_cmpstr (other_name, ==, "shop");
  wait_until (troupe_bus_worker1_get_exit_code (web) == 7);
  wait_until (!is_known (fixture, "shop/gone"));
  projects = g_variant_get_child_value (troupe_bus_engine1_get_projects (fixture->engine), 1);
  g_variant_get (projects, "(&s&s)", NULL, &project_path);
  g_assert_cmpstr (project_path, ==, second);
}

static void
test_read_again (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_project (fixture, "shop.troupe",
                                         "[program same]\ncommand=CHILD sleep\n[program changed]\ncommand=CHILD sleep\n"
                                         "[program gone]\ncommand=CHILD sleep\n[program idle]\ncommand=true\n");
  g_autofree char *name = open_project (fixture, path, TRUE, NULL);
  g_autoptr (TroupeBusWorker1) same = fixture_find (fixture, "shop/same");
  g_autoptr (TroupeBusWorker1) changed = fixture_find (fixture, "shop/changed");
  g_autoptr (TroupeBusWorker1) gone = fixture_find (fixture, "shop/gone");
  g_autoptr (TroupeBusWorker1) idle = fixture_find (fixture, "shop/idle");
  g_autoptr (TroupeBusProgram1) program = NULL;
  g_autofree char *again = NULL;
  g_auto (GStrv) added = NULL;
  guint pid;

  wait_for_state (same, "running");
  wait_for_state (changed, "running");
  wait_for_state (gone, "running");
  wait_for_state (idle, "exited");
  pid = troupe_bus_worker1_get_pid (same);
  g_free (path);
  path = write_project (fixture, "shop.troupe",
                        "[program same]\ncommand=CHILD sleep\n[program changed]\ncommand=CHILD exit 3\n"
                        "[program added]\ncommand=CHILD sleep\ninstances=2\n");
  again = open_project (fixture, path, FALSE, NULL);
  g_assert_cmpuint (troupe_bus_worker1_get_pid (same), ==, pid);
  g_assert_cmpstr (troupe_bus_worker1_get_state (changed), ==, "running");
  added = fixture_find_paths (fixture, "shop/added", NULL);
  g_assert_cmpuint (g_strv_length (added), ==, 2);
  /* What is gone and down goes; what is gone and up stays until it is down. */
  wait_until (!is_known (fixture, "shop/idle"));
  g_assert_cmpstr (troupe_bus_worker1_get_state (gone), ==, "running");
  troupe_bus_worker1_call_stop_sync (gone, NULL, NULL);
  wait_until (!is_known (fixture, "shop/gone"));

  program = fixture_get_program (fixture, troupe_bus_worker1_get_program (changed));
  g_assert_true (g_str_has_suffix (troupe_bus_program1_get_command_line (program), "exit 3"));
  troupe_bus_program1_call_restart_sync (program, NULL, NULL);
  wait_for_state (changed, "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (changed), ==, 3);
}

static void
test_bad_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_write (fixture, "bad.troupe", "[program web\ncommand=true\n");
  g_auto (GStrv) notes = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (
      troupe_bus_engine1_call_open_project_sync (fixture->engine, path, TRUE, &name, &notes, NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT);
  g_clear_error (&error);
  g_assert_false (
      troupe_bus_engine1_call_open_project_sync (fixture->engine, "relative", TRUE, &name, &notes, NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
}

static void
test_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *a = fixture_write (fixture, "a.troupe", "[program web]\ncommand=true\n[program only]\ncommand=true\n");
  g_autofree char *b = fixture_write (fixture, "b.troupe", "[program web]\ncommand=true\ninstances=2\n");
  g_autofree char *name_a = open_project (fixture, a, FALSE, NULL), *name_b = open_project (fixture, b, FALSE, NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) both = NULL, one = NULL, unique = NULL;

  g_assert_null (fixture_find_paths (fixture, "web", &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_AMBIGUOUS_NAME);
  g_assert_nonnull (strstr (error->message, "a/web, b/web"));
  g_clear_error (&error);
  both = fixture_find_paths (fixture, "b/web", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (both), ==, 2);
  one = fixture_find_paths (fixture, "web.2", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (one), ==, 1);
  g_assert_cmpstr (one[0], ==, both[1]);
  unique = fixture_find_paths (fixture, "only", &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 4; i++)
    {
      static const char *const none[] = { "", "c/web", "a/", "/web" };

      g_assert_null (fixture_find_paths (fixture, none[i], &error));
      g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER);
      g_clear_error (&error);
    }
}

static void
test_after_and_readiness (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_project (
      fixture, "shop.troupe",
      "[program web]\ncommand=CHILD sleep\nafter=db:ready;prepare:exited-successfully\n"
      "[program db]\ncommand=CHILD until-file FOLDER/never\nready=command:test -e FOLDER/db-is-up\n"
      "[program prepare]\ncommand=CHILD until-file FOLDER/prepared\n");
  g_autofree char *name = open_project (fixture, path, TRUE, NULL);
  g_autoptr (TroupeBusWorker1) web = fixture_find (fixture, "shop/web");
  g_autoptr (TroupeBusWorker1) db = fixture_find (fixture, "shop/db");
  g_autoptr (TroupeBusWorker1) prepare = fixture_find (fixture, "shop/prepare");
  g_autofree char *up = NULL, *prepared = NULL;

  wait_for_state (db, "running");
  wait_for_state (prepare, "running");
  g_assert_cmpstr (troupe_bus_worker1_get_state (web), ==, "waiting");
  wait_until (g_strcmp0 (troupe_bus_worker1_get_state_reason (web), "waits for db to be ready; it is running") == 0);
  up = fixture_write (fixture, "db-is-up", "");
  wait_for_state (db, "ready");
  wait_until (g_strcmp0 (troupe_bus_worker1_get_state_reason (web),
                         "waits for prepare to exit successfully; it is running")
              == 0);
  prepared = fixture_write (fixture, "prepared", "");
  wait_for_state (web, "running");
  g_assert_cmpuint (troupe_bus_worker1_get_run (web), ==, 1);
}

static void
test_failed_dependency_is_named (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_project (fixture, "shop.troupe",
                                         "[program web]\ncommand=true\nafter=prepare:exited-successfully\n"
                                         "[program prepare]\ncommand=CHILD exit 1\n");
  g_autofree char *name = open_project (fixture, path, TRUE, NULL);
  g_autoptr (TroupeBusWorker1) web = fixture_find (fixture, "shop/web");
  g_autoptr (GError) error = NULL;

  wait_until (g_strcmp0 (troupe_bus_worker1_get_state_reason (web),
                         "waits for prepare to exit successfully; it is failed")
              == 0);
  g_assert_cmpstr (troupe_bus_worker1_get_state (web), ==, "waiting");
  troupe_bus_engine1_call_close_project_sync (fixture->engine, "shop", NULL, &error);
  g_assert_no_error (error);
}

static guint64
remove_program (Fixture *fixture, const char *worker_name)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_find (fixture, worker_name);
  g_autoptr (TroupeBusProgram1) program = fixture_get_program (fixture, troupe_bus_worker1_get_program (worker));
  g_autoptr (GError) error = NULL;
  guint64 token = 0;

  troupe_bus_program1_call_remove_sync (program, &token, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (token, !=, 0);
  return token;
}

static void
test_remove_and_undo (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker
      = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['%s', 'say', 'kept', 'x', '3']>}");
  g_autofree char *journal = NULL, *program = NULL;
  g_autoptr (GError) error = NULL;
  guint64 token;

  wait_for_state (worker, "failed");
  journal = g_strdup (troupe_bus_worker1_get_journal (worker));
  g_clear_object (&worker);
  token = remove_program (fixture, "web");
  g_assert_null (fixture_find_paths (fixture, "web", NULL));
  g_assert_false (g_file_test (journal, G_FILE_TEST_EXISTS));

  troupe_bus_engine1_call_undo_remove_sync (fixture->engine, token, &program, NULL, &error);
  g_assert_no_error (error);
  worker = fixture_find (fixture, "web");
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker), ==, 3);
  g_assert_cmpstr (troupe_bus_worker1_get_journal (worker), ==, journal);
  g_assert_true (has_said (worker, "kept"));

  /* Only once. */
  g_assert_false (troupe_bus_engine1_call_undo_remove_sync (fixture->engine, token, &program, NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER);
}

static void
test_remove_while_running (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker
      = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['%s', 'sleep']>, 'restart': <'always'>}");
  g_autoptr (TroupeBusWorker1) second = NULL;
  g_autofree char *program = NULL;
  g_autoptr (GError) error = NULL;
  guint64 token;

  wait_until (has_said (worker, "ready"));
  token = remove_program (fixture, "web");
  wait_until (!is_known (fixture, "web"));
  g_assert_cmpuint (count_marked (fixture, "web"), ==, 0);
  /* Its name is free, and what comes back gets another. */
  second = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['%s', 'sleep']>}");
  g_assert_cmpstr (troupe_bus_worker1_get_name (second), ==, "web");
  wait_for_state (second, "running");
  g_assert_cmpuint (troupe_bus_worker1_get_run (second), ==, 1);
  troupe_bus_engine1_call_undo_remove_sync (fixture->engine, token, &program, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&worker);
  worker = fixture_find (fixture, "web-2");
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "stopped");
  g_assert_true (has_said (worker, "ready"));
}

static void
test_undo_while_stopping (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker
      = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['%s', 'ignore-term']>, 'grace': <'1s'>}");
  g_autofree char *program = NULL;
  g_autoptr (GError) error = NULL;
  guint64 token;

  wait_until (has_said (worker, "ready"));
  token = remove_program (fixture, "web");
  wait_for_state (worker, "stopping");
  troupe_bus_engine1_call_undo_remove_sync (fixture->engine, token, &program, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (program, ==, troupe_bus_worker1_get_program (worker));
  wait_for_state (worker, "stopped");
  g_object_unref (fixture_find (fixture, "web"));
}

/* A removed program is gone for the next engine too, with its journals. */
static void
test_removed_stays_removed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['true']>}");
  g_autofree char *removed = g_build_filename (fixture->journals_dir, ".removed", NULL);

  wait_for_state (worker, "exited");
  remove_program (fixture, "web");
  g_assert_true (g_file_test (removed, G_FILE_TEST_EXISTS));
  fixture_kill_engine (fixture);
  fixture_start_engine (fixture);
  g_assert_false (g_file_test (removed, G_FILE_TEST_EXISTS));
}

static void
test_edit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeBusWorker1) worker = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['%s', 'sleep']>}");
  g_autoptr (TroupeBusProgram1) program = fixture_get_program (fixture, troupe_bus_worker1_get_program (worker));
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) found = NULL;

  wait_for_state (worker, "running");
  g_assert_false (troupe_bus_program1_call_edit_sync (
      program, g_variant_new_parsed ("{'name': <'other'>, 'argv': <['true']>}"), NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION);
  g_clear_error (&error);
  troupe_bus_program1_call_edit_sync (program, g_variant_new_parsed ("{'argv': <['sh', '-c', 'exit 9']>}"), NULL,
                                      &error);
  g_assert_no_error (error);
  g_assert_cmpstr (troupe_bus_worker1_get_state (worker), ==, "running");
  wait_until (strstr (troupe_bus_program1_get_command_line (program), "exit 9") != NULL);
  troupe_bus_worker1_call_restart_sync (worker, NULL, &error);
  wait_for_state (worker, "failed");
  g_assert_cmpint (troupe_bus_worker1_get_exit_code (worker), ==, 9);

  /* More instances: others in its place. */
  troupe_bus_program1_call_edit_sync (
      program, g_variant_new_parsed ("{'argv': <['true']>, 'instances': <int64 3>}"), NULL, &error);
  g_assert_no_error (error);
  found = fixture_find_paths (fixture, "web.3", NULL);
  g_assert_cmpuint (g_strv_length (found), ==, 1);
}

/* Fewer instances: those that have no place any more stop and go, and a restart does not bring them back. */
static void
test_edit_to_fewer (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) paths = fixture_launch_paths (
      fixture, "{'name': <'web'>, 'argv': <['%s', 'sleep']>, 'instances': <int64 3>}", TRUE, NULL);
  g_autoptr (TroupeBusWorker1) first = fixture_get_worker (fixture, paths[0]);
  g_autoptr (TroupeBusProgram1) program = fixture_get_program (fixture, troupe_bus_worker1_get_program (first));
  g_autoptr (TroupeBusWorker1) other = fixture_launch (fixture, "{'name': <'web.5'>, 'argv': <['true']>}");
  g_autoptr (GVariant) definition = g_variant_ref (troupe_bus_program1_get_definition (program));
  g_autoptr (GError) error = NULL;
  GVariantDict dict;
  guint run;

  for (guint i = 1; i <= 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("web.%u", i);
      g_autoptr (TroupeBusWorker1) worker = fixture_find (fixture, name);

      wait_for_state (worker, "running");
    }
  /* A name that another program has. */
  g_variant_dict_init (&dict, definition);
  g_variant_dict_insert (&dict, "instances", "x", (gint64) 5);
  g_assert_false (troupe_bus_program1_call_edit_sync (program, g_variant_dict_end (&dict), NULL, &error));
  g_dbus_error_strip_remote_error (error);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED);
  g_clear_error (&error);

  run = troupe_bus_worker1_get_run (first);
  g_variant_dict_init (&dict, definition);
  g_variant_dict_insert (&dict, "instances", "x", (gint64) 2);
  troupe_bus_program1_call_edit_sync (program, g_variant_dict_end (&dict), NULL, &error);
  g_assert_no_error (error);
  troupe_bus_program1_call_restart_sync (program, NULL, &error);
  g_assert_no_error (error);
  wait_until (troupe_bus_worker1_get_run (first) > run);
  wait_for_state (first, "running");
  for (gboolean gone = FALSE; !gone;)
    {
      g_auto (GStrv) found = fixture_find_paths (fixture, "web.3", NULL);

      gone = found == NULL;
      g_main_context_iteration (NULL, FALSE);
    }
}

static gboolean
has_object (GDBusObjectManager *manager, const char *path)
{
  g_autoptr (GDBusObject) object = g_dbus_object_manager_get_object (manager, path);

  return object != NULL;
}

static void
test_object_manager (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDBusObjectManager) manager = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeBusWorker1) worker = NULL;
  g_autoptr (GDBusObject) object = NULL;
  g_autofree char *path = NULL;

  manager = troupe_bus_object_manager_client_new_sync (fixture->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE,
                                                       TROUPE_ENGINE_BUS_NAME, TROUPE_ENGINE_ROOT_PATH, NULL, &error);
  g_assert_no_error (error);
  worker = fixture_launch (fixture, "{'name': <'web'>, 'argv': <['true']>}");
  path = g_strdup (g_dbus_proxy_get_object_path (G_DBUS_PROXY (worker)));
  wait_until (has_object (manager, path));
  object = g_dbus_object_manager_get_object (manager, path);
  g_assert_cmpstr (troupe_bus_worker1_get_name (troupe_bus_object_peek_worker1 (TROUPE_BUS_OBJECT (object))), ==,
                   "web");
  wait_for_state (worker, "exited");
  g_clear_object (&object);
  remove_program (fixture, "web");
  wait_until (!has_object (manager, path));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  (void) TROUPE_ERROR; /* knows its names on the bus from here on */
  fixture_test ("projects/open-and-close", test_open_and_close);
  fixture_test ("projects/another-file-of-that-name", test_another_file_of_that_name);
  fixture_test ("projects/read-again", test_read_again);
  fixture_test ("projects/bad-files", test_bad_files);
  fixture_test ("projects/names", test_names);
  fixture_test ("projects/after-and-readiness", test_after_and_readiness);
  fixture_test ("projects/failed-dependency-is-named", test_failed_dependency_is_named);
  fixture_test ("projects/remove-and-undo", test_remove_and_undo);
  fixture_test ("projects/remove-while-running", test_remove_while_running);
  fixture_test ("projects/undo-while-stopping", test_undo_while_stopping);
  fixture_test ("projects/removed-stays-removed", test_removed_stays_removed);
  fixture_test ("projects/edit", test_edit);
  fixture_test ("projects/edit-to-fewer", test_edit_to_fewer);
  fixture_test ("projects/object-manager", test_object_manager);
  return g_test_run ();
}
