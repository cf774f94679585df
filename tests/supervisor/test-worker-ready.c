/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* When a worker counts as ready: by time, a line, an address, a command. */

#include "config.h"

#include "clocked-worker.h"

#include "supervisor/activity-log.h"

#include <string.h>

static void
test_ready_by_time (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'ready': <'time:2'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
  fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_READY);
  free_worker (worker);
}

static void
test_ready_by_line (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "lines-both 2000", "{'ready': <'line:^(1990|never)'>, 'argv': <['sh', '-c', "
                                                                 "'seq 2000; exec sleep 1000']>}");

  troupe_worker_start (worker);
  wait_for_state (worker, READY);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "a line matches “^(1990|never)”");
  free_worker (worker);
}

/* What a process waits for, as the shell does after a prompt, is a line although no newline ends it. */
static void
test_ready_by_prompt (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "", "{'ready': <'line:^name: $'>, 'argv': <['sh', '-c', "
                                                  "'echo welcome; printf \"name: \"; exec sleep 1000']>}");

  troupe_worker_start (worker);
  wait_for_state (worker, READY);
  free_worker (worker);
}

static void
test_not_ready_is_said (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "sleep", "{'ready': <'line:never'>, 'ready-timeout': <'3s'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "not ready yet: no line matches “never”");
  free_worker (worker);
}

/* Turns the hands until the worker is ready: each round one more attempt. */
static void
advance_until_ready (Fixture *fixture, TroupeWorker *worker)
{
  Waiting waiting = waiting_begin ("readiness");

  while (troupe_worker_get_state (worker) != TROUPE_STATE_READY)
    {
      gint64 next = fake_clock_get_next (fixture->clock);

      /* 10 s is the attempt's own timeout: it is under way. */
      if (next >= 0 && next <= 1000)
        fake_clock_advance (fixture->clock, (guint) next);
      else
        g_main_context_iteration (NULL, TRUE);
    }
  waiting_end (&waiting);
}

static guint16
find_free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  g_socket_listener_close (listener);
  return port;
}

static void
test_ready_by_tcp (Fixture *fixture, gconstpointer data)
{
  guint16 port = find_free_port ();
  g_autofree char *fields = g_strdup_printf ("{'ready': <'tcp:%u'>}", port);
  TroupeWorker *worker = new_worker (fixture, "sleep", fields);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  /* Asked in vain; and what the worker's log gathered is written. */
  fake_clock_advance (fixture->clock, TROUPE_ACTIVITY_LOG_EVENTS_MSEC);
  wait_until (fake_clock_get_next (fixture->clock) == 50);
  g_assert_cmpint (troupe_worker_get_state (worker), ==, TROUPE_STATE_RUNNING);
  g_assert_true (g_socket_listener_add_inet_port (listener, port, NULL, NULL));
  advance_until_ready (fixture, worker);
  g_socket_listener_close (listener);
  free_worker (worker);
}

typedef struct
{
  guint n_asked;
} HttpServer;

/* Not found first, then found. */
static gboolean
answer_cb (GSocketService *service, GSocketConnection *connection, GObject *source, HttpServer *server)
{
  static const char *const answers[] = { "HTTP/1.0 503 Not yet\r\n\r\nwait\n", "HTTP/1.0 200 OK\r\n\r\nhello\n" };
  const char *answer = answers[server->n_asked++ == 0 ? 0 : 1];
  char request[512];

  g_assert_cmpint (
      g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), request, sizeof request, NULL, NULL),
      >, 0);
  g_assert_true (g_str_has_prefix (request, "GET /health?x=1 HTTP/1.0\r\n"));
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer, strlen (answer), NULL,
                             NULL, NULL);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

static void
test_ready_by_http (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (2);
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);
  g_autofree char *fields = g_strdup_printf ("{'ready': <'http://localhost:%u/health?x=1'>}", port);
  TroupeWorker *worker = new_worker (fixture, "sleep", fields);
  HttpServer server = { 0 };

  g_signal_connect (service, "run", G_CALLBACK (answer_cb), &server);
  g_socket_service_start (service);
  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  advance_until_ready (fixture, worker);
  g_assert_cmpuint (server.n_asked, ==, 2);
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
  free_worker (worker);
}

static void
test_ready_by_command (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->place.folder, "is-up", NULL);
  g_autofree char *fields = g_strdup_printf ("{'ready': <'command:test -e %s && test $TROUPE_WORKER = web'>}", file);
  TroupeWorker *worker = new_worker (fixture, "sleep", fields);

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, TROUPE_ACTIVITY_LOG_EVENTS_MSEC);
  wait_until (fake_clock_get_next (fixture->clock) == 50);
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  advance_until_ready (fixture, worker);
  free_worker (worker);
}

/* Stopped in the middle of an attempt that hangs. */
static void
test_readiness_ends_with_the_run (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "sleep", "{'ready': <'command:exec sleep 1000'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  fake_clock_advance (fixture->clock, 0);
  troupe_worker_stop (worker);
  wait_for_state (worker, STOPPED);
  g_assert_null (strstr (fixture->states->str, "ready"));
  free_worker (worker);
}

#define ready_test(path, func) g_test_add ("/supervisor/readiness-of-a-worker/" path, Fixture, NULL, clocked_set_up, func, clocked_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ready_test ("ready-by-time", test_ready_by_time);
  ready_test ("ready-by-line", test_ready_by_line);
  ready_test ("ready-by-prompt", test_ready_by_prompt);
  ready_test ("not-ready-is-said", test_not_ready_is_said);
  ready_test ("ready-by-tcp", test_ready_by_tcp);
  ready_test ("ready-by-http", test_ready_by_http);
  ready_test ("ready-by-command", test_ready_by_command);
  ready_test ("readiness-ends-with-the-run", test_readiness_ends_with_the_run);
  return g_test_run ();
}
