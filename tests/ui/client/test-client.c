/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The window's models against a fake engine on a private bus. */

#include "config.h"

#include "fake-engine.h"

#include "base/error.h"
#include "client/address.h"
#include "client/bus-call.h"
#include "client/format.h"
#include "client/own-cost.h"
#include "client/process-item.h"
#include "client/process-list.h"
#include "client/run-item.h"
#include "client/subject.h"

#include <glib/gstdio.h>

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *engine_connection;
  GDBusConnection *client_connection;
  FakeEngine *engine;
  TroupeClient *client;
} Fixture;

static GDBusConnection *
connect_to (GTestDBus *bus)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      &error);

  g_assert_no_error (error);
  return connection;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  fixture->engine_connection = connect_to (fixture->bus);
  fixture->client_connection = connect_to (fixture->bus);
  fixture->engine = fake_engine_new (fixture->engine_connection);
  fixture->client = troupe_client_new (fixture->client_connection);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  GWeakRef weak;

  g_weak_ref_init (&weak, fixture->client);
  g_object_run_dispose (G_OBJECT (fixture->client));
  g_object_unref (fixture->client);
  /* Calls under way hold it until they are answered as cancelled. */
  for (;;)
    {
      g_autoptr (GObject) alive = g_weak_ref_get (&weak);

      if (alive == NULL)
        break;
      g_clear_object (&alive);
      g_main_context_iteration (NULL, TRUE);
    }
  g_weak_ref_clear (&weak);
  if (fixture->engine != NULL)
    fake_engine_free (fixture->engine);
  g_object_unref (fixture->engine_connection);
  g_object_unref (fixture->client_connection);
  g_test_dbus_down (fixture->bus);
  g_object_unref (fixture->bus);
}

static void
wait_for_state (TroupeClient *client, TroupeClientState state)
{
  while (troupe_client_get_state (client) != state)
    g_main_context_iteration (NULL, TRUE);
}

static void
connect_client (Fixture *fixture)
{
  troupe_client_start (fixture->client);
  wait_for_state (fixture->client, TROUPE_CLIENT_READY);
}

static TroupeWorkerItem *
find_worker (Fixture *fixture, const char *key)
{
  TroupeWorkerItem *worker = troupe_client_find_worker (fixture->client, key);

  g_assert_nonnull (worker);
  return worker;
}

static void
wait_for_worker_state (TroupeWorkerItem *worker, TroupeState state)
{
  while (troupe_worker_item_get_state (worker) != state)
    g_main_context_iteration (NULL, TRUE);
}

static void
count_cb (guint *count)
{
  (*count)++;
}

static void
wait_for_sample (TroupeClient *client)
{
  guint count = 0;
  gulong handler = g_signal_connect_swapped (client, "sampled", G_CALLBACK (count_cb), &count);

  while (count == 0)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (client, handler);
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
test_lists (Fixture *fixture, gconstpointer data)
{
  GListModel *projects;
  g_autoptr (TroupeProjectItem) first = NULL, last = NULL;
  g_autoptr (GObject) row_web = NULL, row_jobs = NULL;

  fake_engine_add_program (fixture->engine, "default", "find", "find /", 1);
  fake_engine_add_program (fixture->engine, "shop", "web", "node server.js", 4);
  fake_engine_add_program (fixture->engine, "shop", "jobs", "python3 jobs.py", 1);
  fake_engine_add_project (fixture->engine, "shop", "/srv/shop/shop.troupe");
  connect_client (fixture);

  projects = troupe_client_get_projects (fixture->client);
  g_assert_cmpuint (g_list_model_get_n_items (projects), ==, 2);
  first = g_list_model_get_item (projects, 0);
  last = g_list_model_get_item (projects, 1);
  g_assert_cmpstr (troupe_project_item_get_name (first), ==, "shop");
  g_assert_cmpstr (troupe_project_item_get_path (first), ==, "/srv/shop/shop.troupe");
  g_assert_cmpstr (troupe_project_item_get_name (last), ==, "default");
  g_assert_cmpuint (g_list_model_get_n_items (troupe_client_get_workers (fixture->client)), ==, 6);

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (first)), ==, 2);
  row_web = g_list_model_get_item (G_LIST_MODEL (first), 0);
  row_jobs = g_list_model_get_item (G_LIST_MODEL (first), 1);
  g_assert_true (TROUPE_IS_PROGRAM_ITEM (row_web));
  g_assert_cmpuint (g_list_model_get_n_items (troupe_program_item_get_workers (TROUPE_PROGRAM_ITEM (row_web))), ==, 4);
  g_assert_true (TROUPE_IS_WORKER_ITEM (row_jobs));
  g_assert_cmpstr (troupe_worker_item_get_name (TROUPE_WORKER_ITEM (row_jobs)), ==, "jobs");
  g_assert_nonnull (troupe_worker_item_get_program (TROUPE_WORKER_ITEM (row_jobs)));
}

static void
test_additions (Fixture *fixture, gconstpointer data)
{
  GListModel *workers = troupe_client_get_workers (fixture->client);
  GListModel *projects = troupe_client_get_projects (fixture->client);

  connect_client (fixture);
  g_assert_cmpuint (g_list_model_get_n_items (workers), ==, 0);

  fake_engine_add_program (fixture->engine, "default", "web", "node server.js", 3);
  while (g_list_model_get_n_items (workers) < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (projects), ==, 1);

  fake_engine_remove_program (fixture->engine, "default", "web");
  while (g_list_model_get_n_items (projects) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (workers), ==, 0);
  g_assert_null (troupe_client_find_program (fixture->client, "default/web"));
}

static void
ended_cb (TroupeClient *client, TroupeWorkerItem *worker, gboolean crashed, int *ended)
{
  *ended = crashed;
}

static void
test_states (Fixture *fixture, gconstpointer data)
{
  TroupeWorkerItem *worker;
  g_autofree char *status = NULL;
  int crashed = -1;

  fake_engine_add_program (fixture->engine, "default", "job", "job", 1);
  connect_client (fixture);
  worker = find_worker (fixture, "default/job");
  g_signal_connect (fixture->client, "worker-ended", G_CALLBACK (ended_cb), &crashed);

  fake_engine_set_running (fixture->engine, "job", 60);
  wait_for_worker_state (worker, TROUPE_STATE_RUNNING);
  g_assert_cmpuint (troupe_worker_item_get_pid (worker), !=, 0);
  g_assert_cmpuint (troupe_worker_item_get_uptime_usec (worker), >=, 60 * G_USEC_PER_SEC);
  g_assert_cmpint (crashed, ==, -1);

  fake_engine_set_ended (fixture->engine, "job", "failed", -1, "SIGKILL", "Killed by SIGKILL");
  wait_for_worker_state (worker, TROUPE_STATE_FAILED);
  status = troupe_worker_item_dup_status_text (worker);
  g_assert_cmpstr (status, ==, "Failed · SIGKILL");
  g_assert_cmpstr (troupe_worker_item_get_exit_summary (worker), ==, "Killed by SIGKILL");
  g_assert_cmpint (crashed, ==, TRUE);
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker) & TROUPE_UNSEEN_CRASH, !=, 0);
  troupe_worker_item_mark_seen (worker);
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker), ==, 0);

  fake_engine_set_running (fixture->engine, "job", 0);
  wait_for_worker_state (worker, TROUPE_STATE_RUNNING);
  fake_engine_set_ended (fixture->engine, "job", "exited", 0, "", "Exited with code 0");
  wait_for_worker_state (worker, TROUPE_STATE_EXITED);
  g_assert_cmpint (crashed, ==, FALSE);
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker), ==, 0);
}

static void
test_stats (Fixture *fixture, gconstpointer data)
{
  TroupeWorkerItem *alive, *stopped;
  TroupeTotals totals = { 0 };
  const double *history;
  guint n;

  fake_engine_add_program (fixture->engine, "default", "web", "web", 2);
  fake_engine_set_running (fixture->engine, "web.1", 5);
  connect_client (fixture);
  alive = find_worker (fixture, "default/web.1");
  stopped = find_worker (fixture, "default/web.2");

  for (guint i = 0; i < TROUPE_HISTORY_LENGTH + 5; i++)
    {
      fake_engine_emit_stats (fixture->engine, i);
      wait_for_sample (fixture->client);
    }
  history = troupe_worker_item_get_history (alive, &n);
  g_assert_cmpuint (n, ==, TROUPE_HISTORY_LENGTH);
  for (guint i = 1; i < n; i++)
    g_assert_cmpfloat (history[i], ==, history[i - 1] + 1);
  g_assert_cmpfloat (history[n - 1], ==, troupe_worker_item_get_cpu_percent (alive));
  g_assert_cmpuint (troupe_worker_item_get_memory_bytes (alive), >, 10 << 20);

  troupe_worker_item_get_history (stopped, &n);
  g_assert_cmpuint (n, ==, 0);
  troupe_program_item_add_totals (troupe_client_find_program (fixture->client, "default/web"), &totals);
  g_assert_cmpuint (totals.n_workers, ==, 2);
  g_assert_cmpuint (totals.n_alive, ==, 1);
  g_assert_cmpfloat (totals.cpu_percent, ==, troupe_worker_item_get_cpu_percent (alive));
  g_assert_cmpuint (troupe_client_get_machine (fixture->client)->cores, ==, 4);

  fake_engine_set_ended (fixture->engine, "web.1", "stopped", -1, "SIGTERM", "");
  wait_for_worker_state (alive, TROUPE_STATE_STOPPED);
  g_assert_cmpfloat (troupe_worker_item_get_cpu_percent (alive), ==, 0);
}

static void
test_subscription (Fixture *fixture, gconstpointer data)
{
  connect_client (fixture);
  g_assert_false (fake_engine_was_called (fixture->engine, "Engine1.Subscribe"));
  troupe_client_set_active (fixture->client, TRUE);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Subscribe");
  g_assert_false (fake_engine_was_called (fixture->engine, "Engine1.Unsubscribe"));
  troupe_client_set_active (fixture->client, FALSE);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Unsubscribe");
}

static void
test_engine_restart (Fixture *fixture, gconstpointer data)
{
  TroupeWorkerItem *worker;
  guint n_removed = 0;

  fake_engine_add_program (fixture->engine, "default", "gone", "gone", 1);
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 2);
  fake_engine_set_running (fixture->engine, "web.1", 5);
  connect_client (fixture);
  troupe_client_set_active (fixture->client, TRUE);
  worker = g_object_ref (find_worker (fixture, "shop/web.1"));
  g_signal_connect_swapped (troupe_client_get_projects (fixture->client), "items-changed", G_CALLBACK (count_cb),
                            &n_removed);

  fake_engine_free (fixture->engine);
  wait_for_state (fixture->client, TROUPE_CLIENT_CONNECTING);
  g_assert_false (troupe_worker_item_is_connected (worker));
  g_assert_true (troupe_client_find_worker (fixture->client, "shop/web.1") == worker);
  g_assert_cmpint (troupe_worker_item_get_state (worker), ==, TROUPE_STATE_RUNNING);
  g_assert_cmpuint (n_removed, ==, 0);

  /* The next engine numbers its objects otherwise and knows one program less. */
  fixture->engine = fake_engine_new (fixture->engine_connection);
  fake_engine_add_program (fixture->engine, "shop", "web", "web", 2);
  fake_engine_set_running (fixture->engine, "web.1", 5);
  wait_for_state (fixture->client, TROUPE_CLIENT_READY);
  while (!troupe_worker_item_is_connected (worker))
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (troupe_client_find_worker (fixture->client, "shop/web.1") == worker);
  g_assert_null (troupe_client_find_worker (fixture->client, "default/gone"));
  g_assert_null (troupe_client_find_project (fixture->client, "default"));

  /* Figures of the new engine find it, and it was asked for them. */
  fake_engine_wait_for_call (fixture->engine, "Engine1.Subscribe");
  fake_engine_emit_stats (fixture->engine, 10);
  wait_for_sample (fixture->client);
  g_assert_cmpfloat (troupe_worker_item_get_cpu_percent (worker), >=, 10);
  g_object_unref (worker);
}

static void
test_subject (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  g_autoptr (TroupeSubject) program = NULL, worker = NULL, both = NULL, project = NULL;
  g_autofree char *title = NULL, *description = NULL;

  fake_engine_add_program (fixture->engine, "shop", "web", "web", 2);
  fake_engine_add_program (fixture->engine, "shop", "jobs", "jobs", 1);
  fake_engine_add_project (fixture->engine, "shop", "/srv/shop.troupe");
  fake_engine_set_running (fixture->engine, "web.2", 200);
  connect_client (fixture);

  g_ptr_array_add (items, find_worker (fixture, "shop/web.2"));
  worker = troupe_subject_new (fixture->client, items);
  g_assert_true (troupe_subject_get_worker (worker) == items->pdata[0]);
  g_assert_null (troupe_subject_get_program (worker));
  g_assert_cmpuint (troupe_subject_get_can (worker) & TROUPE_CAN_REMOVE, ==, 0);
  g_assert_cmpuint (troupe_subject_get_can (worker) & TROUPE_CAN_STOP, !=, 0);
  g_assert_cmpuint (troupe_subject_get_can (worker) & TROUPE_CAN_START, ==, 0);
  description = troupe_subject_dup_description (worker);
  g_assert_nonnull (strstr (description, "up 3 min"));

  g_ptr_array_add (items, troupe_client_find_program (fixture->client, "shop/web"));
  both = troupe_subject_new (fixture->client, items);
  g_assert_cmpuint (troupe_subject_get_workers (both)->len, ==, 2);
  title = troupe_subject_dup_title (both);
  g_assert_cmpstr (title, ==, "2 workers");

  g_ptr_array_remove_index (items, 0);
  program = troupe_subject_new (fixture->client, items);
  g_assert_nonnull (troupe_subject_get_program (program));
  g_assert_cmpuint (troupe_subject_get_can (program) & TROUPE_CAN_REMOVE, !=, 0);
  troupe_subject_call (program, "Restart", NULL, NULL);
  fake_engine_wait_for_call (fixture->engine, "Program1.Restart web");
  troupe_subject_call (program, "Kill", NULL, NULL);
  fake_engine_wait_for_call (fixture->engine, "Worker1.Kill web.2");
  g_assert_false (fake_engine_was_called (fixture->engine, "Worker1.Kill web.1"));
  troupe_subject_signal (program, "SIGHUP", NULL, NULL);
  fake_engine_wait_for_call (fixture->engine, "Worker1.Signal web.2 SIGHUP");

  items->pdata[0] = troupe_client_find_project (fixture->client, "shop");
  project = troupe_subject_new (fixture->client, items);
  g_assert_cmpuint (troupe_subject_get_workers (project)->len, ==, 3);
  g_assert_cmpuint (troupe_subject_get_can (project) & TROUPE_CAN_CLOSE, !=, 0);

  fake_engine_remove_program (fixture->engine, "shop", "web");
  while (!troupe_subject_is_empty (program))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (troupe_subject_get_workers (project)->len, ==, 1);
}

static void
test_calls (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) input = NULL, runs_result = NULL, launch = NULL, opened = NULL, removed = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello\n", 6);
  g_autoptr (GPtrArray) runs = NULL;
  g_autofree char *path = NULL, *name = NULL;
  g_auto (GStrv) notes = NULL;
  g_autoptr (TroupeProgramItem) program = NULL;
  TroupeWorkerItem *worker;
  guint64 token = 0;
  GVariantDict dict;

  fake_engine_add_program (fixture->engine, "default", "cat", "cat", 1);
  fake_engine_set_running (fixture->engine, "cat", 5);
  fake_engine_set_running (fixture->engine, "cat", 5);
  connect_client (fixture);
  worker = find_worker (fixture, "default/cat");

  troupe_worker_item_input_async (worker, bytes, result_cb, &input);
  reply = troupe_bus_call_finish (worker, wait_for_result (&input), &error);
  g_assert_no_error (error);
  g_assert_true (fake_engine_was_called (fixture->engine, "Worker1.Input cat hello\n"));

  troupe_worker_item_load_runs_async (worker, NULL, result_cb, &runs_result);
  runs = troupe_worker_item_load_runs_finish (worker, wait_for_result (&runs_result), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmpuint (troupe_run_item_get_number (runs->pdata[0]), ==, 2);
  g_assert_cmpstr (troupe_run_item_get_summary (runs->pdata[1]), ==, "Exited with code 1 after 2.3 s");

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "command", "s", "sleep 5");
  troupe_client_launch_async (fixture->client, g_variant_dict_end (&dict), TRUE, result_cb, &launch);
  path = troupe_client_launch_finish (fixture->client, wait_for_result (&launch), &error);
  g_assert_no_error (error);
  g_assert_true (fake_engine_was_called (fixture->engine, "Engine1.Launch sleep 5"));
  while (troupe_client_find_program_by_path (fixture->client, path) == NULL)
    g_main_context_iteration (NULL, TRUE);

  troupe_client_open_project_async (fixture->client, "/srv/x.troupe", FALSE, result_cb, &opened);
  name = troupe_client_open_project_finish (fixture->client, wait_for_result (&opened), &notes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, "opened");
  g_assert_cmpuint (g_strv_length (notes), ==, 1);

  program = g_object_ref (troupe_worker_item_get_program (worker));
  troupe_program_item_remove_async (program, result_cb, &removed);
  g_assert_true (troupe_program_item_remove_finish (program, wait_for_result (&removed), &token, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (token, ==, 7);
}

static void
test_messages (Fixture *fixture, gconstpointer data)
{
  static const char *const links[] = { "b", NULL };
  g_autoptr (GAsyncResult) sent = NULL, failed = NULL, answered = NULL, linked = NULL, disconnected = NULL;
  g_autoptr (GError) error = NULL, problem = NULL;
  g_autoptr (GVariant) reply = NULL, none = NULL, link_reply = NULL, disconnect_reply = NULL;
  g_autofree char *answer = NULL;
  g_auto (GStrv) names = NULL;
  TroupeWorkerItem *worker;
  TroupeProgramItem *program;

  fake_engine_add_program (fixture->engine, "default", "a", "a.js", 1);
  fake_engine_make_fork (fixture->engine, "default", "a", links);
  fake_engine_set_running (fixture->engine, "a", 5);
  fake_engine_set_channel (fixture->engine, "a", "open");
  connect_client (fixture);
  worker = find_worker (fixture, "default/a");
  program = troupe_worker_item_get_program (worker);
  g_assert_cmpstr (troupe_worker_item_get_channel (worker), ==, "open");
  g_assert_true (troupe_program_item_has_channel (program));
  names = troupe_program_item_dup_links (program);
  g_assert_true (g_strv_equal ((const char *const *) names, links));

  troupe_worker_item_send_async (worker, "{\"n\":1}", result_cb, &sent);
  reply = troupe_bus_call_finish (worker, wait_for_result (&sent), &error);
  g_assert_no_error (error);
  g_assert_true (fake_engine_was_called (fixture->engine, "Worker1.Send a {\"n\":1}"));

  fake_engine_set_send_problem (fixture->engine, "it does not read and 64 MiB wait");
  troupe_worker_item_send_async (worker, "2", result_cb, &failed);
  none = troupe_bus_call_finish (worker, wait_for_result (&failed), &problem);
  g_assert_null (none);
  g_assert_error (problem, TROUPE_ERROR, TROUPE_ERROR_LIMIT);
  g_assert_cmpstr (problem->message, ==, "it does not read and 64 MiB wait");

  troupe_worker_item_request_async (worker, "3", 250, NULL, result_cb, &answered);
  answer = troupe_worker_item_request_finish (worker, wait_for_result (&answered), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (answer, ==, "{\"pong\":1}");
  g_assert_true (fake_engine_was_called (fixture->engine, "Worker1.Request a 3 250"));

  troupe_client_link_async (fixture->client, "default/a", "default/b", FALSE, result_cb, &linked);
  link_reply = troupe_bus_call_finish (fixture->client, wait_for_result (&linked), &error);
  g_assert_no_error (error);
  g_assert_true (fake_engine_was_called (fixture->engine, "Engine1.Link default/a default/b no"));

  troupe_worker_item_disconnect_async (worker, result_cb, &disconnected);
  disconnect_reply = troupe_bus_call_finish (worker, wait_for_result (&disconnected), &error);
  g_assert_no_error (error);
  fake_engine_set_channel (fixture->engine, "a", "closed");
  while (strcmp (troupe_worker_item_get_channel (worker), "closed") != 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_disconnected_call_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  troupe_client_open_project_async (fixture->client, "/tmp", FALSE, result_cb, &result);
  g_assert_null (troupe_client_open_project_finish (fixture->client, wait_for_result (&result), NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_ENGINE_UNREACHABLE);
}

static void
test_processes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeProcessList) list = NULL;
  g_autoptr (TroupeProcessItem) child = NULL, same = NULL;
  TroupeWorkerItem *worker;
  guint n_calls;

  fake_engine_add_program (fixture->engine, "default", "web", "web", 1);
  fake_engine_set_running (fixture->engine, "web", 5);
  connect_client (fixture);
  worker = find_worker (fixture, "default/web");
  g_assert_false (fake_engine_was_called (fixture->engine, "Worker1.Processes web"));

  list = troupe_process_list_new (worker);
  while (g_list_model_get_n_items (G_LIST_MODEL (list)) < 2)
    g_main_context_iteration (NULL, TRUE);
  child = g_list_model_get_item (G_LIST_MODEL (list), 1);
  g_assert_cmpstr (troupe_process_item_get_command (child), ==, "node helper.js --watch");

  n_calls = fake_engine_get_calls (fixture->engine)->len;
  fake_engine_emit_stats (fixture->engine, 3);
  while (fake_engine_get_calls (fixture->engine)->len == n_calls)
    g_main_context_iteration (NULL, TRUE);
  same = g_list_model_get_item (G_LIST_MODEL (list), 1);
  g_assert_true (same == child);

  fake_engine_set_ended (fixture->engine, "web", "exited", 0, "", "");
  while (g_list_model_get_n_items (G_LIST_MODEL (list)) > 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_unseen_stderr (Fixture *fixture, gconstpointer data)
{
  g_autofree char *dir = g_dir_make_tmp ("troupe-client-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "stderr", NULL);
  TroupeWorkerItem *worker;

  fake_engine_add_program (fixture->engine, "default", "web", "web", 1);
  fake_engine_set_running (fixture->engine, "web", 5);
  fake_engine_set_journal (fixture->engine, "web", dir);
  connect_client (fixture);
  worker = find_worker (fixture, "default/web");

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  troupe_worker_item_check_stderr (worker);
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker), ==, 0);
  g_assert_true (g_file_set_contents (path, "oops\n", 5, NULL));
  fake_engine_emit_stats (fixture->engine, 3);
  wait_for_sample (fixture->client);
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker), ==, TROUPE_UNSEEN_STDERR);
  troupe_worker_item_mark_seen (worker);
  troupe_worker_item_check_stderr (worker);
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker), ==, 0);
  g_assert_true (g_file_set_contents (path, "oops\noops\n", 10, NULL));
  troupe_worker_item_check_stderr (worker);
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker), ==, TROUPE_UNSEEN_STDERR);

  g_unlink (path);
  g_rmdir (dir);
}

static void
test_format (void)
{
  static const struct
  {
    guint64 usec;
    const char *text;
  } durations[] = {
    { 4000, "4 ms" },
    { 2300000, "2.3 s" },
    { 42 * G_USEC_PER_SEC, "42 s" },
    { 181 * G_USEC_PER_SEC, "3 min" },
    { 3720 * (guint64) G_USEC_PER_SEC, "1 h 2 min" },
    { 90000 * (guint64) G_USEC_PER_SEC, "1 d 1 h" },
  };
  g_autofree char *zero = troupe_format_dup_percent (0), *small = troupe_format_dup_percent (0.42),
                  *big = troupe_format_dup_percent (212.4);

  for (gsize i = 0; i < G_N_ELEMENTS (durations); i++)
    {
      g_autofree char *text = troupe_format_dup_duration (durations[i].usec);

      g_assert_cmpstr (text, ==, durations[i].text);
    }
  g_assert_cmpstr (zero, ==, "0 %");
  g_assert_cmpstr (small, ==, "0.4 %");
  g_assert_cmpstr (big, ==, "212 %");
  g_assert_true (troupe_format_is_secret ("API_TOKEN"));
  g_assert_true (troupe_format_is_secret ("db_password"));
  g_assert_true (troupe_format_is_secret ("STRIPE_KEY"));
  g_assert_false (troupe_format_is_secret ("KEYBOARD"));
  g_assert_false (troupe_format_is_secret ("PATH"));
}

static void
assert_address (const char *address, const char *label, const char *plain, const char *uri)
{
  g_autofree char *is_label = troupe_address_dup_label (address);
  g_autofree char *is_plain = troupe_address_dup_plain (address);
  g_autofree char *is_uri = troupe_address_dup_uri (address);

  g_assert_cmpstr (is_label, ==, label);
  g_assert_cmpstr (is_plain, ==, plain);
  g_assert_cmpstr (is_uri, ==, uri);
}

static void
test_addresses (void)
{
  assert_address ("tcp:127.0.0.1:8000", "127.0.0.1:8000", "127.0.0.1:8000", "http://127.0.0.1:8000/");
  assert_address ("tcp:[::1]:8000", "[::1]:8000", "[::1]:8000", "http://[::1]:8000/");
  assert_address ("tcp:8443", "*:8443", "localhost:8443", "https://localhost:8443/");
  assert_address ("tcp:0.0.0.0:80", "0.0.0.0:80", "localhost:80", "http://localhost:80/");
  assert_address ("tcp:[::]:80", "[::]:80", "localhost:80", "http://localhost:80/");
  /* Not bound yet. */
  assert_address ("tcp:127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", NULL);
  assert_address ("udp:53", "udp *:53", "localhost:53", NULL);
  assert_address ("unix:/run/x.sock", "/run/x.sock", "/run/x.sock", NULL);
  assert_address ("pipe:what", "pipe:what", "pipe:what", NULL);
  assert_address ("", "", "", NULL);
}

static void
test_own_cost (void)
{
  TroupeOwnCost cost = { 0 };
  guint64 memory = 0;
  double cpu = -1;
  gint64 begin;

  g_assert_cmpuint (troupe_own_cost_parse_pss ("00-ff [rollup]\nRss:  900 kB\nPss:    120 kB\nPss_Dirty: 3 kB\n"), ==,
                    120 * 1024);
  g_assert_cmpuint (troupe_own_cost_parse_pss ("Pss: 7 kB"), ==, 7 * 1024);
  g_assert_cmpuint (troupe_own_cost_parse_pss ("Rss: 7 kB\n"), ==, 0);
  g_assert_cmpuint (troupe_own_cost_parse_pss (""), ==, 0);

  troupe_own_cost_ask (&cost, &cpu, &memory);
  g_assert_cmpfloat (cpu, ==, 0);
  g_assert_cmpuint (memory, >, 100 * 1024);
  for (begin = g_get_monotonic_time (); g_get_monotonic_time () - begin < 20000;)
    ;
  troupe_own_cost_ask (&cost, &cpu, &memory);
  g_assert_cmpfloat (cpu, >, 0);
}

static void
test_cluster (Fixture *fixture, gconstpointer data)
{
  static const char *const listen_on[] = { "tcp:127.0.0.1:8000", "udp:5353", NULL };
  TroupeBusWorker1 *bus_worker;
  TroupeProgramItem *program;
  TroupeWorkerItem *worker;
  guint n_changes = 0;

  fake_engine_add_program (fixture->engine, "shop", "web", "server.js", 2);
  fake_engine_make_cluster (fixture->engine, "shop", "web", listen_on, "round-robin");
  fake_engine_set_running (fixture->engine, "web.1", 3);
  connect_client (fixture);
  program = troupe_client_find_program (fixture->client, "shop/web");
  worker = find_worker (fixture, "shop/web.1");
  g_assert_true (troupe_program_item_is_cluster (program));
  g_assert_true (troupe_program_item_counts_connections (program));
  g_assert_cmpuint (troupe_program_item_get_instances (program), ==, 2);
  g_assert_cmpstrv (troupe_program_item_get_addresses (program), listen_on);
  g_assert_cmpstrv (troupe_worker_item_get_addresses (worker), listen_on);

  bus_worker = fake_engine_get_worker (fixture->engine, "web.1");
  troupe_bus_worker1_set_addresses (bus_worker, listen_on + 1);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (bus_worker));
  while (g_strv_length ((char **) troupe_worker_item_get_addresses (worker)) != 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (troupe_worker_item_get_addresses (worker)[0], ==, "udp:5353");

  /* A count of connections is a figure: it rebuilds nothing, and shows with the next sample. */
  g_signal_connect_swapped (worker, "changed", G_CALLBACK (count_cb), &n_changes);
  troupe_bus_worker1_set_connections (bus_worker, 12);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (bus_worker));
  fake_engine_emit_stats (fixture->engine, 3);
  wait_for_sample (fixture->client);
  g_assert_cmpuint (troupe_worker_item_get_connections (worker), ==, 12);
  g_assert_cmpuint (n_changes, ==, 0);
  g_signal_handlers_disconnect_by_data (worker, &n_changes);
}

static void
test_scaling (Fixture *fixture, gconstpointer data)
{
  TroupeProgramItem *program;
  TroupeScaling scaling;

  fake_engine_add_program (fixture->engine, "shop", "web", "server.js", 2);
  fake_engine_set_running (fixture->engine, "web.1", 3);
  fake_engine_set_running (fixture->engine, "web.2", 3);
  connect_client (fixture);
  program = troupe_client_find_program (fixture->client, "shop/web");
  g_assert_false (troupe_program_item_get_scaling (program, &scaling));

  fake_engine_set_instances (fixture->engine, "shop", "web", 4);
  while (g_list_model_get_n_items (troupe_program_item_get_workers (program)) < 4)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (troupe_program_item_get_scaling (program, &scaling));
  g_assert_cmpuint (scaling.from, ==, 2);
  g_assert_cmpuint (scaling.to, ==, 4);
  g_assert_cmpuint (scaling.n_done, ==, 0);
  g_assert_cmpuint (scaling.n_total, ==, 2);
  fake_engine_set_running (fixture->engine, "web.3", 0);
  wait_for_worker_state (find_worker (fixture, "shop/web.3"), TROUPE_STATE_RUNNING);
  g_assert_true (troupe_program_item_get_scaling (program, &scaling));
  g_assert_cmpuint (scaling.n_done, ==, 1);
  fake_engine_set_running (fixture->engine, "web.4", 0);
  wait_for_worker_state (find_worker (fixture, "shop/web.4"), TROUPE_STATE_RUNNING);
  g_assert_false (troupe_program_item_get_scaling (program, &scaling));

  fake_engine_set_instances (fixture->engine, "shop", "web", 1);
  while (!troupe_program_item_get_scaling (program, &scaling))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (scaling.n_total, ==, 3);
  g_assert_cmpuint (scaling.n_done, ==, 0);
  for (guint i = 4; i > 1; i--)
    {
      g_autofree char *name = g_strdup_printf ("web.%u", i);

      fake_engine_remove_worker (fixture->engine, "shop", "web", name);
    }
  while (troupe_program_item_get_scaling (program, &scaling))
    g_main_context_iteration (NULL, TRUE);
}

/* What does not run has nothing to start that could be waited for. */
static void
test_scaling_while_stopped (Fixture *fixture, gconstpointer data)
{
  TroupeProgramItem *program;
  TroupeScaling scaling;

  fake_engine_add_program (fixture->engine, "shop", "web", "server.js", 2);
  connect_client (fixture);
  program = troupe_client_find_program (fixture->client, "shop/web");
  fake_engine_set_instances (fixture->engine, "shop", "web", 4);
  while (g_list_model_get_n_items (troupe_program_item_get_workers (program)) < 4)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (troupe_program_item_get_scaling (program, &scaling));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define TEST(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  g_test_add_func ("/ui/client/words-and-figures", test_format);
  g_test_add_func ("/ui/client/addresses", test_addresses);
  g_test_add_func ("/ui/client/own-cost", test_own_cost);
  TEST ("/ui/client/cluster", test_cluster);
  TEST ("/ui/client/scaling-is-followed", test_scaling);
  TEST ("/ui/client/scaling-while-stopped-is-done-at-once", test_scaling_while_stopped);
  TEST ("/ui/client/lists-projects-programs-and-workers", test_lists);
  TEST ("/ui/client/follows-additions-and-removals", test_additions);
  TEST ("/ui/client/tells-states-and-crashes", test_states);
  TEST ("/ui/client/takes-figures-and-keeps-a-minute", test_stats);
  TEST ("/ui/client/subscribes-only-while-active", test_subscription);
  TEST ("/ui/client/items-survive-the-engine", test_engine_restart);
  TEST ("/ui/client/subject-knows-what-it-means", test_subject);
  TEST ("/ui/client/calls-reach-the-engine", test_calls);
  TEST ("/ui/client/sends-messages-and-links", test_messages);
  TEST ("/ui/client/calls-fail-while-disconnected", test_disconnected_call_fails);
  TEST ("/ui/client/polls-processes-while-held", test_processes);
  TEST ("/ui/client/marks-unseen-stderr", test_unseen_stderr);
  return g_test_run ();
}
