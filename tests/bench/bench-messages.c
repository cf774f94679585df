/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a message costs: round trips at 1,000 messages a second, over the bus through the engine and
 * its journal, over the bus to the engine and no further (the floor of the former), over the channel
 * alone, and with Node as the parent of the same child; the engine's memory with one channel; and its
 * CPU for each message that it receives, records, passes on over a link and records again.
 *
 *   bench-messages [--short] */

#include "config.h"

#include "bench-needs.h"
#include "engine-fixture.h"

#include "ipc/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PSS_GOAL_MB 5.0
/* A bus takes 128 calls of one client at a time; on a machine too busy for the pace some wait their turn. */
#define PENDING_MAX 100

/* Messages that leave one each millisecond, and when their answers came. */
typedef struct
{
  GMainLoop *loop;
  void (*send) (guint n, gpointer user_data);
  gpointer user_data;
  guint total, n_sent, n_received;
  gint64 begin_usec;
  gint64 *sent_usec;
  double *trips_usec;
} Trips;

static gboolean
send_due_cb (gpointer user_data)
{
  Trips *trips = user_data;

  while (trips->n_sent < trips->total && trips->n_sent - trips->n_received < PENDING_MAX
         && trips->begin_usec + trips->n_sent * 1000 <= g_get_monotonic_time ())
    {
      guint n = trips->n_sent++;

      trips->sent_usec[n] = g_get_monotonic_time ();
      trips->send (n, trips->user_data);
    }
  return trips->n_sent < trips->total;
}

static void
answer_came (Trips *trips, guint n)
{
  trips->trips_usec[trips->n_received++] = (double) (g_get_monotonic_time () - trips->sent_usec[n]);
  if (trips->n_received == trips->total)
    g_main_loop_quit (trips->loop);
}

typedef struct
{
  double p50_usec, p99_usec;
} Figures;

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double left = *(const double *) a, right = *(const double *) b;

  return (left > right) - (left < right);
}

static Figures
measure (Trips *trips, guint total, void (*send) (guint n, gpointer user_data), gpointer user_data)
{
  Figures figures;

  *trips = (Trips){ .loop = g_main_loop_new (NULL, FALSE),
                    .send = send,
                    .user_data = user_data,
                    .total = total,
                    .sent_usec = g_new (gint64, total),
                    .trips_usec = g_new (double, total),
                    .begin_usec = g_get_monotonic_time () };
  g_timeout_add (1, send_due_cb, trips);
  g_main_loop_run (trips->loop);
  qsort (trips->trips_usec, total, sizeof (double), compare_doubles);
  figures = (Figures){ trips->trips_usec[total / 2], trips->trips_usec[total * 99 / 100] };
  g_main_loop_unref (trips->loop);
  g_free (trips->sent_usec);
  g_free (trips->trips_usec);
  return figures;
}

static Trips current;

/* -- Over the bus ---------------------------------------------------------------------- */

static void
reply_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *reply = NULL;
  g_autoptr (GError) error = NULL;

  if (!troupe_bus_worker1_call_request_finish (TROUPE_BUS_WORKER1 (source), &reply, result, &error))
    g_error ("%s", error->message);
  answer_came (&current, GPOINTER_TO_UINT (user_data));
}

static void
send_request (guint n, gpointer user_data)
{
  g_autofree char *text = g_strdup_printf ("{\"n\":%u}", n);

  troupe_bus_worker1_call_request (user_data, text, 0, NULL, reply_cb, GUINT_TO_POINTER (n));
}

static void
ping_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_error ("%s", error->message);
  answer_came (&current, GPOINTER_TO_UINT (user_data));
}

static void
send_ping (guint n, gpointer user_data)
{
  g_dbus_connection_call (user_data, TROUPE_ENGINE_BUS_NAME, TROUPE_ENGINE_MANAGER_PATH, "org.freedesktop.DBus.Peer",
                          "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, ping_cb, GUINT_TO_POINTER (n));
}

/* -- Over the channel alone ------------------------------------------------------------ */

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  answer_came (&current, (guint) strtoul (text + strlen ("{\"n\":"), NULL, 10));
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length, const char *explanation,
          gpointer user_data)
{
  g_error ("%s", explanation);
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
}

static void
send_over_channel (guint n, gpointer user_data)
{
  char text[32];
  int length = g_snprintf (text, sizeof text, "{\"n\":%u}", n);

  troupe_channel_send (user_data, text, (gsize) length, NULL);
}

static Figures
measure_channel (guint total)
{
  static const TroupeChannelHandler handler = { .message = message_cb, .fault = fault_cb, .closed = closed_cb };
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "NODE_CHANNEL_FD", "3", TRUE);
  const char *argv[] = { g_getenv ("TROUPE_TEST_PEER"), "echo", NULL };
  g_autoptr (TroupeChannel) channel = NULL;
  int ours, theirs, target = 3;
  Figures figures;

  if (reactor == NULL || !troupe_channel_socketpair (&ours, &theirs, &error)
      || !g_spawn_async_with_pipes_and_fds (NULL, argv, (const char *const *) env, G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                                            NULL, -1, -1, 2, &theirs, &target, 1, NULL, NULL, NULL, NULL, &error))
    g_error ("%s", error->message);
  close (theirs);
  channel = troupe_channel_new (reactor, ours, NULL, &handler, NULL, &error);
  g_assert_no_error (error);
  figures = measure (&current, total, send_over_channel, channel);
  troupe_channel_disconnect (channel);
  return figures;
}

/* -- The engine ------------------------------------------------------------------------ */

static guint64
read_pss_kib (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "\nPss:")) == NULL)
    return 0;
  return g_ascii_strtoull (line + strlen ("\nPss:"), NULL, 10);
}

/* All threads that it has; those that ended were few and did little. */
static double
read_cpu_usec (pid_t pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *name;
  double usec = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, name, "schedstat", NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        usec += (double) g_ascii_strtoull (text, NULL, 10) / 1000;
    }
  return usec;
}

static TroupeBusWorker1 *
launch_peer (Fixture *fixture, const char *name, const char *mode, const char *more)
{
  g_autofree char *fields = g_strdup_printf ("{'kind': <'fork'>, 'name': <'%s'>, 'argv': <['%s', %s]>%s}", name,
                                             g_getenv ("TROUPE_TEST_PEER"), mode, more);

  return fixture_launch (fixture, fields);
}

/* Two workers, linked both ways: each number passes the engine twice. */
static void
measure_cpu (Fixture *fixture, guint total)
{
  pid_t pid = fixture_get_engine_pid (fixture);
  g_autofree char *mode = g_strdup_printf ("'exchange', '%u'", total);
  g_autoptr (TroupeBusWorker1) b = launch_peer (fixture, "b", "'echo'", ", 'link': <['a']>");
  g_autoptr (TroupeBusWorker1) a = NULL;
  double cpu;
  gint64 begin;

  wait_for_state (b, "running");
  cpu = read_cpu_usec (pid);
  begin = g_get_monotonic_time ();
  a = launch_peer (fixture, "a", mode, ", 'link': <['b']>");
  wait_until (g_str_equal (troupe_bus_worker1_get_state (a), "exited"));
  begin = g_get_monotonic_time () - begin;
  cpu = read_cpu_usec (pid) - cpu;
  if (!has_said (a, "in order"))
    g_error ("messages were lost");
  g_print ("linked: %.0f messages/s received, recorded, passed on and recorded again; engine CPU %.2f us each\n",
           2 * total / (double) begin * 1e6, cpu / (2 * total));
}

static void
print_trips (const char *name, Figures figures, Figures floor, const char *floor_name)
{
  g_print ("%s at 1000/s: p50 %.0f us, p99 %.0f us; %s p50 %.0f us, p99 %.0f us; ratio of p50 %.2f\n", name,
           figures.p50_usec, figures.p99_usec, floor_name, floor.p50_usec, floor.p99_usec,
           figures.p50_usec / floor.p50_usec);
}

static gboolean
measure_node (guint total, Figures *figures, guint64 *pss_kib)
{
  g_autofree char *node = g_find_program_in_path ("node");
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "bench", "messages-parent.js", NULL);
  g_autofree char *total_text = g_strdup_printf ("%u", total);
  const char *argv[] = { "node", script, total_text, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  if (node == NULL)
    return FALSE;
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, &error))
    g_error ("%s", error->message);
  if (sscanf (output, "%lf %lf %" G_GUINT64_FORMAT, &figures->p50_usec, &figures->p99_usec, pss_kib) != 3)
    g_error ("Node as the parent printed: %s", output);
  return TRUE;
}

static void
run (gboolean is_short)
{
  guint total = is_short ? 300 : 10000, n_passed = is_short ? 5000 : 500000;
  Fixture fixture = { NULL };
  g_autoptr (TroupeBusWorker1) echo = NULL;
  Figures request, ping, channel, node;
  guint64 pss_kib, node_pss_kib = 0;
  double cpu;
  pid_t pid;

  fixture_set_up (&fixture, NULL);
  pid = fixture_get_engine_pid (&fixture);
  echo = launch_peer (&fixture, "echo", "'echo'", "");
  wait_for_state (echo, "running");
  ping = measure (&current, total, send_ping, fixture.bus);
  cpu = read_cpu_usec (pid);
  request = measure (&current, total, send_request, echo);
  cpu = read_cpu_usec (pid) - cpu;
  pss_kib = read_pss_kib (pid);
  channel = measure_channel (total);

  print_trips ("request over the bus", request, ping, "an empty call");
  g_print ("request over the bus: engine CPU %.1f us each, with bus and journal\n", cpu / total);
  if (measure_node (total, &node, &node_pss_kib))
    print_trips ("channel alone", channel, node, "Node as parent");
  else
    g_print ("channel alone at 1000/s: p50 %.0f us, p99 %.0f us\n", channel.p50_usec, channel.p99_usec);
  g_print ("engine PSS with one channel: %.1f MB (goal %.0f MB, ratio %.2f)\n", (double) pss_kib / 1024, PSS_GOAL_MB,
           (double) pss_kib / 1024 / PSS_GOAL_MB);
  if (node_pss_kib > 0)
    g_print ("Node as parent: PSS %.1f MB, ratio %.2f\n", (double) node_pss_kib / 1024,
             (double) pss_kib / (double) node_pss_kib);
  measure_cpu (&fixture, n_passed);
  g_clear_object (&echo);
  fixture_tear_down (&fixture, NULL);
}

int
main (int argc, char *argv[])
{
  gboolean is_short = argc > 1 && strcmp (argv[1], "--short") == 0;
  char *test_argv[] = { argv[0], NULL }, **test_argv_p = test_argv;
  int test_argc = 1;

  g_test_init (&test_argc, &test_argv_p, NULL);
  bench_needs ((const char *const[]){ "TROUPE_TEST_ENGINE", "TROUPE_TEST_PEER", "G_TEST_SRCDIR", NULL });
  run (is_short);
  return 0;
}
