/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The window's models against the real engine, on the test's own bus and in its own folders. */

#include "config.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/engine-connection.h"
#include "client/bus-call.h"
#include "client/client.h"
#include "client/process-list.h"
#include "client/run-item.h"

static TroupeClient *client;

#define WAIT_UNTIL(condition) \
  while (!(condition))        \
  g_main_context_iteration (NULL, TRUE)

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Launches LINE by the shell; returns its only worker. */
static TroupeWorkerItem *
launch (const char *line)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  TroupeProgramItem *program;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "command", "s", line);
  g_variant_dict_insert (&dict, "kind", "s", "exec");
  g_variant_dict_insert (&dict, "cwd", "s", "/");
  troupe_client_launch_async (client, g_variant_dict_end (&dict), TRUE, result_cb, &result);
  WAIT_UNTIL (result != NULL);
  path = troupe_client_launch_finish (client, result, &error);
  g_assert_no_error (error);
  WAIT_UNTIL ((program = troupe_client_find_program_by_path (client, path)) != NULL &&
              g_list_model_get_n_items (troupe_program_item_get_workers (program)) == 1);
  {
    g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (troupe_program_item_get_workers (program), 0);

    return worker;
  }
}

static char *
read_stdout (TroupeWorkerItem *worker)
{
  g_autofree char *path = g_build_filename (troupe_worker_item_get_journal (worker), "stdout", NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

static void
test_run_and_end (void)
{
  TroupeWorkerItem *worker = launch ("echo to out; echo to err >&2; exit 3");
  g_autofree char *text = NULL;
  g_autofree char *exit_text = NULL;

  WAIT_UNTIL (troupe_worker_item_get_state (worker) == TROUPE_STATE_FAILED);
  exit_text = troupe_worker_item_dup_exit_text (worker);
  g_assert_cmpstr (exit_text, ==, "3");
  g_assert_cmpstr (troupe_worker_item_get_exit_summary (worker), !=, "");
  text = read_stdout (worker);
  g_assert_cmpstr (text, ==, "to out\n");
  g_assert_cmpuint (troupe_worker_item_get_unseen (worker), ==, TROUPE_UNSEEN_CRASH | TROUPE_UNSEEN_STDERR);
}

static void
test_input_processes_stop (void)
{
  TroupeWorkerItem *worker = launch ("sleep 1000 & cat; wait");
  g_autoptr (GBytes) bytes = g_bytes_new_static ("a line\n", 7);
  g_autoptr (GAsyncResult) sent = NULL, runs_result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GPtrArray) runs = NULL;
  g_autoptr (GError) error = NULL;
  TroupeProcessList *processes;
  gboolean echoed = FALSE;

  WAIT_UNTIL (troupe_worker_item_get_state (worker) == TROUPE_STATE_RUNNING);
  g_assert_cmpuint (troupe_worker_item_get_pid (worker), >, 0);

  /* Figures come because the client is active, and with them looks at the processes. */
  processes = troupe_process_list_new (worker);
  WAIT_UNTIL (g_list_model_get_n_items (G_LIST_MODEL (processes)) == 3);
  g_object_unref (processes);

  troupe_worker_item_input_async (worker, bytes, result_cb, &sent);
  WAIT_UNTIL (sent != NULL);
  reply = troupe_bus_call_finish (worker, sent, &error);
  g_assert_no_error (error);
  while (!echoed)
    {
      g_autofree char *text = read_stdout (worker);

      echoed = g_str_equal (text, "a line\n");
      g_main_context_iteration (NULL, FALSE);
    }
  WAIT_UNTIL (troupe_worker_item_get_memory_bytes (worker) > 0);

  troupe_worker_item_call_async (worker, "Stop", NULL, NULL);
  WAIT_UNTIL (troupe_worker_item_get_state (worker) == TROUPE_STATE_STOPPED);
  g_assert_cmpfloat (troupe_worker_item_get_cpu_percent (worker), ==, 0);

  troupe_worker_item_load_runs_async (worker, NULL, result_cb, &runs_result);
  WAIT_UNTIL (runs_result != NULL);
  runs = troupe_worker_item_load_runs_finish (worker, runs_result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 1);
  g_assert_cmpstr (troupe_run_item_get_journal (runs->pdata[0]), ==, troupe_worker_item_get_journal (worker));
}

/* A cluster of programs that inherit their socket. */
static TroupeProgramItem *
launch_cluster (const char *name, const char *address, guint n_workers)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  const char *const listen_on[] = { address, NULL };
  TroupeProgramItem *program;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "command", "s", "sleep 1000");
  g_variant_dict_insert (&dict, "kind", "s", "cluster");
  g_variant_dict_insert (&dict, "instances", "x", (gint64) n_workers);
  g_variant_dict_insert (&dict, "restart", "s", "no");
  g_variant_dict_insert_value (&dict, "listen", g_variant_new_strv (listen_on, -1));
  troupe_client_launch_async (client, g_variant_dict_end (&dict), TRUE, result_cb, &result);
  WAIT_UNTIL (result != NULL);
  path = troupe_client_launch_finish (client, result, &error);
  g_assert_no_error (error);
  WAIT_UNTIL ((program = troupe_client_find_program_by_path (client, path)) != NULL &&
              g_list_model_get_n_items (troupe_program_item_get_workers (program)) == n_workers);
  return program;
}

static void
test_cluster (void)
{
  TroupeProgramItem *program = launch_cluster ("web", "tcp:127.0.0.1:0", 2), *late;
  g_autoptr (TroupeWorkerItem) first = g_list_model_get_item (troupe_program_item_get_workers (program), 0);
  g_autoptr (GAsyncResult) scaled = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  TroupeScaling scaling;

  /* With the real port in place of 0, and of each worker, too. */
  WAIT_UNTIL (troupe_program_item_get_addresses (program)[0] != NULL &&
              !g_str_has_suffix (troupe_program_item_get_addresses (program)[0], ":0"));
  address = g_strdup (troupe_program_item_get_addresses (program)[0]);
  WAIT_UNTIL (g_strcmp0 (troupe_worker_item_get_addresses (first)[0], address) == 0);

  troupe_program_item_scale_async (program, 4, result_cb, &scaled);
  WAIT_UNTIL (scaled != NULL);
  reply = troupe_bus_call_finish (program, scaled, &error);
  g_assert_no_error (error);
  WAIT_UNTIL (g_list_model_get_n_items (troupe_program_item_get_workers (program)) == 4 &&
              !troupe_program_item_get_scaling (program, &scaling));

  /* Who comes late learns who is there, and what is free. */
  late = launch_cluster ("late", address, 1);
  WAIT_UNTIL (troupe_program_item_get_port_problem (late) != NULL);
  g_assert_nonnull (strstr (troupe_program_item_get_port_problem (late)->text, address));
  g_assert_nonnull (troupe_program_item_get_port_problem (late)->free_address);
  g_assert_true (troupe_client_find_program_by_path (
                     client, troupe_program_item_get_port_problem (late)->holder_path) == program);
  troupe_program_item_call_async (late, "UseFreePort", NULL, NULL);
  WAIT_UNTIL (troupe_program_item_get_port_problem (late) == NULL &&
              troupe_program_item_get_addresses (late)[0] != NULL);
  g_assert_cmpstr (troupe_program_item_get_addresses (late)[0], !=, address);
}

static guint
get_engine_pid (void)
{
  g_autoptr (GDBusConnection) bus = troupe_engine_connection_get_bus (NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
      g_variant_new ("(s)", TROUPE_ENGINE_BUS_NAME), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  guint pid;

  g_assert_no_error (error);
  g_variant_get (reply, "(u)", &pid);
  return pid;
}

/* The window survives its engine, and the worker both. */
static void
test_engine_killed (void)
{
  TroupeWorkerItem *worker = launch ("sleep 1000");
  guint pid, engine_pid = get_engine_pid ();

  WAIT_UNTIL (troupe_worker_item_get_state (worker) == TROUPE_STATE_RUNNING);
  pid = troupe_worker_item_get_pid (worker);
  g_assert_cmpint (kill ((pid_t) engine_pid, SIGKILL), ==, 0);
  WAIT_UNTIL (troupe_client_get_state (client) == TROUPE_CLIENT_CONNECTING);
  WAIT_UNTIL (troupe_client_get_state (client) == TROUPE_CLIENT_READY);
  g_assert_cmpuint (get_engine_pid (), !=, engine_pid);
  WAIT_UNTIL (troupe_worker_item_is_connected (worker) &&
              troupe_worker_item_get_state (worker) == TROUPE_STATE_RUNNING);
  g_assert_cmpuint (troupe_worker_item_get_pid (worker), ==, pid);
  g_assert_cmpint (kill ((pid_t) pid, 0), ==, 0);
}

static void
quit_engine (void)
{
  g_autoptr (GDBusConnection) bus = troupe_engine_connection_get_bus (NULL, NULL);
  struct pollfd engine = { .fd = (int) syscall (SYS_pidfd_open, (pid_t) get_engine_pid (), 0), .events = POLLIN };
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, TROUPE_ENGINE_BUS_NAME, TROUPE_ENGINE_MANAGER_PATH, "io.github.troupe.Troupe.Engine1", "Quit", NULL, NULL,
      G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, NULL);

  /* Whatever it answers, nothing is left to hold it to; but its last words are still to be written, and their folder
   * is deleted next. */
  (void) reply;
  g_assert_cmpint (engine.fd, >=, 0);
  while (poll (&engine, 1, -1) != 1)
    ;
  close (engine.fd);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  client = troupe_client_new (NULL);
  troupe_client_set_active (client, TRUE);
  troupe_client_start (client);
  WAIT_UNTIL (troupe_client_get_state (client) == TROUPE_CLIENT_READY);

  g_test_add_func ("/ui/client-engine/runs-and-tells-the-end", test_run_and_end);
  g_test_add_func ("/ui/client-engine/input-processes-stop", test_input_processes_stop);
  g_test_add_func ("/ui/client-engine/clusters-and-their-ports", test_cluster);
  g_test_add_func ("/ui/client-engine/survives-a-killed-engine", test_engine_killed);
  status = g_test_run ();

  /* Away first: a client that is there would start the next engine. */
  g_object_run_dispose (G_OBJECT (client));
  quit_engine ();
  g_object_unref (client);
  return status;
}
