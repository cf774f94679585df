/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What the engine costs: its memory and its keepers', idle and with a hundred workers; the CPU it
 * takes to do nothing; a launch over the bus, at two sizes of the engine, against
 * posix_spawn with two pipes; and a Stats signal about a thousand workers, from sender to receiver with
 * the bus between them.
 *
 *   bench-engine [--short] */

#include "config.h"

#include "bench-needs.h"
#include "engine-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 100
#define STATS_WORKERS 1000

extern char **environ;

static guint64
read_field (pid_t pid, const char *file, const char *field)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, file);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, field)) == NULL)
    return 0;
  return g_ascii_strtoull (line + strlen (field), NULL, 10);
}

static guint64
read_pss_kib (pid_t pid)
{
  return read_field (pid, "smaps_rollup", "\nPss:");
}

/* All threads, ended ones too; nanosecond precision is in schedstat, but of one thread each. */
static double
read_cpu_usec (pid_t pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", (int) pid);
  GDir *dir = g_dir_open (tasks, 0, NULL);
  const char *name;
  double usec = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, name, "schedstat", NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        usec += (double) g_ascii_strtoull (text, NULL, 10) / 1000;
    }
  if (dir != NULL)
    g_dir_close (dir);
  return usec;
}

static double
get_own_cpu_usec (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double left = *(const double *) a, right = *(const double *) b;

  return (left > right) - (left < right);
}

static double
get_median (GArray *values)
{
  g_array_sort (values, compare_doubles);
  return g_array_index (values, double, values->len / 2);
}

static gboolean
set_flag_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
turn_for (guint msec)
{
  gboolean is_over = FALSE;

  g_timeout_add (msec, set_flag_cb, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

/* CPU of the engine, in percent of a core, while nothing happens. */
static double
measure_idle (Fixture *fixture, guint msec)
{
  pid_t pid = fixture_get_engine_pid (fixture);
  double before = read_cpu_usec (pid);
  gint64 begin = g_get_monotonic_time ();

  turn_for (msec);
  return 100 * (read_cpu_usec (pid) - before) / (double) (g_get_monotonic_time () - begin);
}

static void
measure_memory (Fixture *fixture, gboolean is_short)
{
  g_autofree char *fields = g_strdup_printf ("{'argv': <['sleep', '1000']>, 'instances': <int64 %d>}", WORKERS);
  guint idle_msec = is_short ? 500 : 10000;
  guint64 keepers_kib = 0, empty_kib, engine_kib;
  g_auto (GStrv) paths = NULL;
  guint n_keepers = 0;
  double idle;

  empty_kib = read_pss_kib (fixture_get_engine_pid (fixture));
  paths = fixture_launch_paths (fixture, fields, TRUE, NULL);
  for (guint i = 0; i < WORKERS; i++)
    {
      g_autoptr (TroupeBusWorker1) worker = fixture_get_worker (fixture, paths[i]);
      pid_t keeper;

      wait_for_state (worker, "running");
      keeper = (pid_t) read_field ((pid_t) troupe_bus_worker1_get_pid (worker), "status", "\nPPid:");
      keepers_kib += read_pss_kib (keeper);
      n_keepers++;
    }
  turn_for (idle_msec / 5);
  engine_kib = read_pss_kib (fixture_get_engine_pid (fixture));
  idle = measure_idle (fixture, idle_msec);
  g_print ("engine PSS: %.1f MB with no worker, %.1f MB with %d workers (goal 10 MB, ratio %.2f)\n",
           (double) empty_kib / 1024, (double) engine_kib / 1024, WORKERS, (double) engine_kib / 1024 / 10);
  g_print ("keeper PSS: %.0f KB, mean of %u (goal 150 KB, ratio %.2f)\n", (double) keepers_kib / n_keepers, n_keepers,
           (double) keepers_kib / n_keepers / 150);
  g_print ("engine CPU idle with %d workers: %.4f %% of a core over %.1f s (goal 0.1 %%, ratio %.2f)\n", WORKERS, idle,
           idle_msec / 1000.0, idle / 0.1);

  troupe_bus_engine1_call_subscribe_sync (fixture->engine, NULL, NULL);
  turn_for (idle_msec / 5);
  idle = measure_idle (fixture, idle_msec);
  g_print ("engine CPU with %d workers and one subscriber, a sample a second: %.3f %% of a core\n", WORKERS, idle);
  troupe_bus_engine1_call_unsubscribe_sync (fixture->engine, NULL, NULL);
  {
    g_autoptr (TroupeBusWorker1) worker = fixture_get_worker (fixture, paths[0]);
    g_autoptr (TroupeBusProgram1) program = fixture_get_program (fixture, troupe_bus_worker1_get_program (worker));

    troupe_bus_program1_call_stop_sync (program, NULL, NULL);
    for (guint i = 0; i < WORKERS; i++)
      {
        g_autoptr (TroupeBusWorker1) each = fixture_get_worker (fixture, paths[i]);

        wait_for_state (each, "stopped");
      }
  }
}

/* One bare spawn of /bin/true with a pipe for each stream, read to its end, and reaped. */
static double
spawn_bare (void)
{
  gint64 begin = g_get_monotonic_time ();
  posix_spawn_file_actions_t actions;
  char *argv[] = { (char *) "true", NULL };
  int out[2], err[2];
  char byte;
  pid_t pid;

  if (pipe2 (out, O_CLOEXEC) < 0 || pipe2 (err, O_CLOEXEC) < 0)
    g_error ("no pipes");
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
  posix_spawn_file_actions_adddup2 (&actions, err[1], 2);
  if (posix_spawn (&pid, "/bin/true", &actions, NULL, argv, environ) != 0)
    g_error ("could not start /bin/true");
  posix_spawn_file_actions_destroy (&actions);
  close (out[1]);
  close (err[1]);
  while (read (out[0], &byte, 1) > 0 || read (err[0], &byte, 1) > 0)
    ;
  close (out[0]);
  close (err[0]);
  waitpid (pid, NULL, 0);
  return (double) (g_get_monotonic_time () - begin);
}

typedef struct
{
  const char *path;
  gboolean has_exited;
} Launch;

static void
properties_cb (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *name,
               GVariant *parameters, gpointer user_data)
{
  g_autoptr (GVariant) changed = NULL;
  const char *state;
  Launch *launch = user_data;

  g_variant_get (parameters, "(&s@a{sv}as)", NULL, &changed, NULL);
  if (g_variant_lookup (changed, "State", "&s", &state) && strcmp (state, "exited") == 0)
    launch->has_exited = launch->path == NULL || strcmp (path, launch->path) == 0;
}

/* From the call to the news that it has exited. */
static double
launch_over_bus (Fixture *fixture, Launch *launch)
{
  g_autoptr (GVariant) definition = g_variant_ref_sink (g_variant_new_parsed ("{'argv': <['/bin/true']>}"));
  gint64 begin = g_get_monotonic_time ();
  g_autofree char *program = NULL;
  g_auto (GStrv) workers = NULL;

  launch->path = NULL;
  launch->has_exited = FALSE;
  troupe_bus_engine1_call_launch_sync (fixture->engine, definition, TRUE, &program, &workers, NULL, NULL);
  while (!launch->has_exited)
    g_main_context_iteration (NULL, TRUE);
  return (double) (g_get_monotonic_time () - begin);
}

static void
measure_launches (Fixture *fixture, guint n, const char *when)
{
  g_autoptr (GArray) bare = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) ours = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) ratios = g_array_new (FALSE, FALSE, sizeof (double));
  Launch launch = { 0 };
  guint subscription;
  double cpu;

  subscription = g_dbus_connection_signal_subscribe (
      fixture->bus, TROUPE_ENGINE_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", NULL,
      "io.github.troupe.Troupe.Worker1", G_DBUS_SIGNAL_FLAGS_NONE, properties_cb, &launch, NULL);
  for (guint i = 0; i < 5; i++)
    {
      spawn_bare ();
      launch_over_bus (fixture, &launch);
    }
  cpu = read_cpu_usec (fixture_get_engine_pid (fixture));
  for (guint i = 0; i < n; i++)
    {
      double a = spawn_bare (), b = launch_over_bus (fixture, &launch), ratio = b / a;

      g_array_append_val (bare, a);
      g_array_append_val (ours, b);
      g_array_append_val (ratios, ratio);
    }
  cpu = (read_cpu_usec (fixture_get_engine_pid (fixture)) - cpu) / n;
  g_dbus_connection_signal_unsubscribe (fixture->bus, subscription);
  g_print ("launch to exited over the bus, %s: %.0f us, posix_spawn with two pipes %.0f us, ratio %.2f; "
           "engine CPU %.0f us a launch\n",
           when, get_median (ours), get_median (bare), get_median (ratios), cpu);
}

static GVariant *
new_column (const char *type, gsize size)
{
  g_autofree char *values = g_malloc (STATS_WORKERS * size);

  memset (values, 1, STATS_WORKERS * size);
  return g_variant_new_fixed_array (G_VARIANT_TYPE (type), values, STATS_WORKERS, size);
}

static void
stats_cb (TroupeBusEngine1 *engine, guint64 time_usec, GVariant *ids, GVariant *cpu_percent, GVariant *memory,
          GVariant *rss, GVariant *threads, GVariant *descendants, GVariant *machine, guint *n_received)
{
  gsize n;

  /* As a client reads them. */
  g_variant_get_fixed_array (ids, &n, sizeof (guint32));
  g_assert_cmpuint (n, ==, STATS_WORKERS);
  g_variant_get_fixed_array (cpu_percent, &n, sizeof (double));
  g_assert_cmpuint (n, ==, STATS_WORKERS);
  (*n_received)++;
}

/* Sender and receiver are in this process, on two connections, so that its CPU is theirs. */
static void
measure_stats (Fixture *fixture, guint n)
{
  g_autoptr (GDBusConnection) sender = NULL;
  g_autoptr (TroupeBusEngine1) skeleton = troupe_bus_engine1_skeleton_new ();
  g_autoptr (TroupeBusEngine1) proxy = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  guint n_received = 0;
  guint32 daemon = 0;
  double own, bus;

  sender = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (fixture->test_bus),
                                                   G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                       | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                   NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (skeleton), sender, "/stats", &error);
  g_assert_no_error (error);
  proxy = troupe_bus_engine1_proxy_new_sync (fixture->bus, G_DBUS_PROXY_FLAGS_NONE,
                                             g_dbus_connection_get_unique_name (sender), "/stats", NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (proxy, "stats", G_CALLBACK (stats_cb), &n_received);
  reply = g_dbus_connection_call_sync (fixture->bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                                       "GetConnectionUnixProcessID", g_variant_new ("(s)", "org.freedesktop.DBus"),
                                       NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(u)", &daemon);

  own = get_own_cpu_usec ();
  bus = read_cpu_usec ((pid_t) daemon);
  for (guint i = 0; i < n; i++)
    {
      troupe_bus_engine1_emit_stats (skeleton, (guint64) g_get_real_time (), new_column ("u", 4), new_column ("d", 8),
                                     new_column ("t", 8), new_column ("t", 8), new_column ("u", 4),
                                     new_column ("u", 4), g_variant_new_parsed ("{'cpu_percent': <1.0>}"));
      while (n_received <= i)
        g_main_context_iteration (NULL, TRUE);
    }
  own = (get_own_cpu_usec () - own) / n;
  bus = (read_cpu_usec ((pid_t) daemon) - bus) / n;
  g_print ("Stats of %d workers: %.3f ms CPU a signal (sender and receiver %.3f, bus daemon %.3f; goal 0.2 ms, "
           "ratio %.2f)\n",
           STATS_WORKERS, (own + bus) / 1000, own / 1000, bus / 1000, (own + bus) / 1000 / 0.2);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (skeleton));
  g_dbus_connection_close_sync (sender, NULL, NULL);
}

int
main (int argc, char **argv)
{
  gboolean is_short = argc > 1 && strcmp (argv[1], "--short") == 0;
  Fixture fixture = { 0 };

  g_set_prgname ("bench-engine");
  bench_needs ((const char *const[]){ "TROUPE_TEST_ENGINE", "TROUPE_TEST_CHILD", NULL });
  fixture_set_up (&fixture, NULL);
  (void) TROUPE_ERROR;
  measure_memory (&fixture, is_short);
  measure_launches (&fixture, is_short ? 20 : 200, "engine with few programs");
  if (!is_short)
    measure_launches (&fixture, 200, "engine with 300 programs");
  measure_stats (&fixture, is_short ? 20 : 1000);
  fixture_tear_down (&fixture, NULL);
  return EXIT_SUCCESS;
}
