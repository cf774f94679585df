/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine as the primary of a Node cluster, against Node's own primary with the same server in the same
 * run: requests a second and their 99th percentile under wrk, with and without keep-alive, scheduled
 * round-robin and shared; the primary's CPU for 1,000 connections, its CPU while every worker refuses, and
 * its memory; failed requests while all workers are replaced, against pm2 where that is installed.
 * Rounds alternate; ratios are medians of those of the rounds, and how sure they are is printed with them.
 *
 * Every process has a session of its own, as those have that Troupe starts: kernels share out a busy
 * machine by session, and who shares one with wrk would be measured by that.
 *
 *   bench-cluster [--short] [--only=WORDS] [--rounds=N] [--seconds=N]
 *
 * WORDS: the comparisons whose title has them, as in --only="4 workers, round-robin, a connection each".
 * TROUPE_BENCH_PM2: the pm2 to compare with, where it is not on the PATH. */

#include "config.h"

#include "bench-needs.h"
#include "engine-fixture.h"
#include "http-load.h"
#include "wrk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_CLIENTS 32
#define N_DESKTOP_PROGRAMS 10
/* How long the workers refuse. */
#define REFUSING_SECONDS 2

/* How long it takes; what is named is left to the command line. */
static struct
{
  gboolean is_short;
  int n_rounds, seconds, reloading_seconds;
  char *only; /* (nullable) */
} lengths;

static const GOptionEntry options[] = {
  { "short", 0, 0, G_OPTION_ARG_NONE, &lengths.is_short, "Only see that it works", NULL },
  { "rounds", 0, 0, G_OPTION_ARG_INT, &lengths.n_rounds, "Rounds of each comparison", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &lengths.seconds, "Seconds of a round", "N" },
  { "only", 0, 0, G_OPTION_ARG_STRING, &lengths.only,
    "Only what has WORDS in its title, such as “4 workers, round-robin” or “reload”", "WORDS" },
  G_OPTION_ENTRY_NULL,
};

typedef struct
{
  guint port;
  pid_t primary;
} Server;

/* -- Servers --------------------------------------------------------------------------- */

typedef struct
{
  Server server;
  GSubprocess *process;
} NodeCluster;

static char *
server_script (void)
{
  return g_test_build_filename (G_TEST_DIST, "bench", "cluster-server.js", NULL);
}

static void
setenv_number (GSubprocessLauncher *launcher, const char *name, guint number)
{
  g_autofree char *text = g_strdup_printf ("%u", number);

  g_subprocess_launcher_setenv (launcher, name, text, TRUE);
}

/* MAX: of maxConnections; 0: none. */
static NodeCluster
node_cluster_start (guint n_workers, const char *schedule, guint max)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *script = server_script ();
  g_autoptr (GError) error = NULL;
  NodeCluster self = { .server.port = http_free_port () };
  char said[6];

  setenv_number (launcher, "WORKERS", n_workers);
  setenv_number (launcher, "PORT", self.server.port);
  if (max > 0)
    setenv_number (launcher, "MAX", max);
  g_subprocess_launcher_setenv (launcher, "SCHEDULE", schedule, TRUE);
  g_subprocess_launcher_set_child_setup (launcher, wrk_child_setup, NULL, NULL);
  self.process = g_subprocess_launcher_spawn (launcher, &error, "node", script, NULL);
  if (self.process == NULL
      || !g_input_stream_read_all (g_subprocess_get_stdout_pipe (self.process), said, sizeof said, NULL, NULL, &error))
    g_error ("%s", error->message);
  self.server.primary = (pid_t) atoi (g_subprocess_get_identifier (self.process));
  return self;
}

/* It ends with its standard input. */
static void
node_cluster_end (NodeCluster *self)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

typedef struct
{
  Server server;
  TroupeBusProgram1 *program;
} OurCluster;

static OurCluster
our_cluster_start (Fixture *fixture, guint n_workers, const char *schedule, guint max)
{
  OurCluster self
      = { .server = { .port = http_free_port (), .primary = fixture_get_engine_pid (fixture) } };
  g_autofree char *script = server_script ();
  g_autofree char *max_text = max > 0 ? g_strdup_printf (", 'MAX=%u'", max) : g_strdup ("");
  g_autofree char *fields = g_strdup_printf ("{'kind': <'cluster'>, 'argv': <['%s']>, 'instances': <%u>, "
                                             "'schedule': <'%s'>, 'env': <['PORT=%u'%s]>}",
                                             script, n_workers, schedule, self.server.port, max_text);
  g_autofree char *path = NULL;
  g_auto (GStrv) paths = fixture_launch_paths (fixture, fields, TRUE, &path);

  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autoptr (TroupeBusWorker1) worker = fixture_get_worker (fixture, paths[i]);

      wait_for_state (worker, "ready");
    }
  self.program = fixture_get_program (fixture, path);
  return self;
}

static void
our_cluster_end (OurCluster *self)
{
  g_autoptr (GError) error = NULL;

  if (!troupe_bus_program1_call_stop_sync (self->program, NULL, &error)
      || !troupe_bus_program1_call_remove_sync (self->program, NULL, NULL, &error))
    g_error ("%s", error->message);
  g_clear_object (&self->program);
}

/* -- What they cost -------------------------------------------------------------------- */

/* All threads of PID. */
static double
read_cpu_usec (pid_t pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *name;
  double usec = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s/schedstat", tasks, name);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        usec += (double) g_ascii_strtoull (text, NULL, 10) / 1000;
    }
  return usec;
}

typedef struct
{
  double pss_mb, rss_mb, own_mb; /* own: what would be free without it */
} Memory;

static double
read_mb (const char *rollup, const char *field)
{
  const char *line = strstr (rollup, field);

  return line != NULL ? (double) g_ascii_strtoull (line + strlen (field), NULL, 10) / 1024 : 0;
}

static Memory
read_memory (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return (Memory){ 0 };
  return (Memory){ .pss_mb = read_mb (text, "\nPss:"),
                   .rss_mb = read_mb (text, "\nRss:"),
                   .own_mb = read_mb (text, "\nPrivate_Clean:") + read_mb (text, "\nPrivate_Dirty:") };
}

static guint
count_clients (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_sync (fixture->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "ListNames", NULL, G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_autofree const char **names = NULL;

  if (answer == NULL)
    g_error ("%s", error->message);
  g_variant_get (answer, "(^a&s)", &names);
  return g_strv_length ((char **) names);
}

/* On a desktop many programs have GLib's libraries loaded, as all of a Node cluster have Node's program. (transfer
 * full) */
static GPtrArray *
start_desktop (Fixture *fixture)
{
  GPtrArray *programs = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_before = count_clients (fixture);

  for (guint i = 0; i < N_DESKTOP_PROGRAMS; i++)
    {
      g_autoptr (GError) error = NULL;
      GSubprocess *program = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "gdbus", "wait", "--session",
                                               "io.github.troupe.Nobody", NULL);

      if (program == NULL)
        g_error ("%s", error->message);
      g_ptr_array_add (programs, program);
    }
  wait_until (count_clients (fixture) >= n_before + N_DESKTOP_PROGRAMS);
  return programs;
}

static void
end_desktop (GPtrArray *programs)
{
  for (guint i = 0; i < programs->len; i++)
    {
      GSubprocess *program = g_ptr_array_index (programs, i);

      g_subprocess_force_exit (program);
      g_subprocess_wait (program, NULL, NULL);
    }
  g_ptr_array_unref (programs);
}

static void
print_memory (const char *what, const char *measure, double us, double them, const char *goal)
{
  g_print ("%s: memory of the primary after that, %s: %.2f MB, Node's %.2f, ratio %.2f%s\n", what, measure, us, them,
           us / MAX (them, 1e-9), goal);
}

/* Each without the other's workers: the pages of Node's program would be theirs too. PSS is what
 * Troupe shows everywhere; without a desktop GLib is ours (and the bench's) alone in it, while Node's workers still
 * share all of Node. */
static void
compare_memory (const char *what, Fixture *fixture, OurCluster *ours, NodeCluster *nodes)
{
  GPtrArray *desktop = start_desktop (fixture);
  Memory among = read_memory (ours->server.primary), us, them;

  end_desktop (desktop);
  us = read_memory (ours->server.primary);
  our_cluster_end (ours);
  them = read_memory (nodes->server.primary);
  node_cluster_end (nodes);
  print_memory (what, "PSS among " G_STRINGIFY (N_DESKTOP_PROGRAMS) " programs with GLib", among.pss_mb, them.pss_mb,
                " (goal <= 0.20)");
  print_memory (what, "resident", us.rss_mb, them.rss_mb, " (goal <= 0.20)");
  print_memory (what, "PSS among two", us.pss_mb, them.pss_mb, "");
  print_memory (what, "of its own", us.own_mb, them.own_mb, " (goal <= 0.20)");
}

/* -- Figures --------------------------------------------------------------------------- */

typedef struct
{
  WrkResult wrk;
  double cpu_usec; /* of the primary, a request */
} Round;

static Round
measure (const Server *server, gboolean closing, guint seconds)
{
  double cpu = read_cpu_usec (server->primary);
  g_autoptr (GSubprocess) wrk = wrk_start (server->port, N_CLIENTS, closing, seconds);
  Round round = { .wrk = wrk_finish (wrk) };

  round.cpu_usec = (read_cpu_usec (server->primary) - cpu) / (double) MAX (round.wrk.n_requests, 1);
  return round;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* LOW and HIGH: between them is the median that any number of rounds would have, with a certainty of 95 % or,
 * of fewer than six rounds, as much as these can give. They are two of the rounds, as far from either end, and
 * nothing is assumed of how rounds spread. */
typedef struct
{
  double median, low, high;
} Estimate;

/* How many of N rounds are beyond LOW, and beyond HIGH: the median is as likely above a round as below it. */
static guint
count_beyond (guint n)
{
  double exactly = pow (0.5, n), up_to = exactly; /* the chance that N_BELOW rounds are below the median */
  guint n_below = 0;

  while (up_to <= 0.025)
    {
      exactly *= (double) (n - n_below) / (n_below + 1);
      up_to += exactly;
      n_below++;
    }
  return n_below > 0 ? n_below - 1 : 0;
}

/* Of the doubles at OFFSET in each of N rounds; with PEERS of the ratios to theirs. */
static Estimate
estimate (const Round *rounds, const Round *peers, gsize offset, guint n)
{
  g_autofree double *values = g_new (double, n);
  guint beyond = count_beyond (n);

  for (guint i = 0; i < n; i++)
    {
      values[i] = G_STRUCT_MEMBER (double, &rounds[i], offset);
      if (peers != NULL)
        values[i] /= MAX (G_STRUCT_MEMBER (double, &peers[i], offset), 1e-9);
    }
  qsort (values, n, sizeof *values, compare_doubles);
  return (Estimate){ (values[(n - 1) / 2] + values[n / 2]) / 2, values[beyond], values[n - 1 - beyond] };
}

static guint64
count_failed (const Round *rounds, guint n)
{
  guint64 sum = 0;

  for (guint i = 0; i < n; i++)
    sum += rounds[i].wrk.n_failed;
  return sum;
}

static void
print_comparison (const char *what, const char *unit, const char *goal, const Round *us, const Round *them, gsize offset)
{
  Estimate ours = estimate (us, NULL, offset, lengths.n_rounds);
  Estimate nodes = estimate (them, NULL, offset, lengths.n_rounds);
  Estimate ratio = estimate (us, them, offset, lengths.n_rounds);

  g_print ("%s: %.5g %s, Node's primary %.5g, ratio %.3f (%.3f to %.3f)%s\n", what, ours.median, unit, nodes.median,
           ratio.median, ratio.low, ratio.high, goal);
}

static void
compare_servers (const Server *ours, const Server *nodes, const char *what, gboolean closing, gboolean handed_over)
{
  g_autofree Round *us = g_new (Round, lengths.n_rounds), *them = g_new (Round, lengths.n_rounds);

  /* Until scripts are compiled and heaps have grown. */
  measure (ours, closing, lengths.seconds);
  measure (nodes, closing, lengths.seconds);
  for (int i = 0; i < lengths.n_rounds; i++)
    {
      /* Who comes first takes turns too. */
      if (i % 2 == 0)
        us[i] = measure (ours, closing, lengths.seconds);
      them[i] = measure (nodes, closing, lengths.seconds);
      if (i % 2 != 0)
        us[i] = measure (ours, closing, lengths.seconds);
    }
  print_comparison (what, "requests/s", closing && handed_over ? " (goal >= 1.1)" : " (goal >= 1: not below)", us, them,
                    G_STRUCT_OFFSET (Round, wrk.rate));
  print_comparison (what, "ms p99", "", us, them, G_STRUCT_OFFSET (Round, wrk.p99_msec));
  if (closing && handed_over)
    print_comparison (what, "us primary CPU a connection", " (goal <= 0.65)", us, them, G_STRUCT_OFFSET (Round, cpu_usec));
  g_print ("%s: failed %" G_GUINT64_FORMAT ", Node's primary %" G_GUINT64_FORMAT "\n", what,
           count_failed (us, lengths.n_rounds), count_failed (them, lengths.n_rounds));
}

static gboolean
is_wanted (const char *what)
{
  return lengths.only == NULL || strstr (what, lengths.only) != NULL;
}

/* Both primaries are new: what they did before would be in their memory. */
static void
measure_speed (guint n_workers, const char *schedule, gboolean closing)
{
  g_autofree char *what
      = g_strdup_printf ("%u workers, %s, %s", n_workers, schedule, closing ? "a connection each" : "keep-alive");
  Fixture fixture = { NULL };
  OurCluster ours;
  NodeCluster nodes;

  if (!is_wanted (what))
    return;
  fixture_set_up (&fixture, NULL);
  ours = our_cluster_start (&fixture, n_workers, schedule, 0);
  nodes = node_cluster_start (n_workers, schedule, 0);
  compare_servers (&ours.server, &nodes.server, what, closing, strcmp (schedule, "round-robin") == 0);
  compare_memory (what, &fixture, &ours, &nodes);
  fixture_tear_down (&fixture, NULL);
}

/* -- Refusing -------------------------------------------------------------------------- */

/* The part of one processor that the primary uses while N_WORKERS workers with all the connections they
 * take refuse as many more. */
static double
measure_refusing (const Server *server, guint n_workers)
{
  g_autofree int *clients = g_new (int, 2 * n_workers);
  g_autofree char *text = g_strdup_printf ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  double cpu;

  for (guint i = 0; i < 2 * n_workers; i++)
    {
      char answer[256];

      clients[i] = http_connect (server->port);
      if (clients[i] < 0)
        g_error ("could not connect: %s", g_strerror (-clients[i]));
      /* Who has an answer has a worker, and keeps it. */
      if (i < n_workers
          && (write (clients[i], text, strlen (text)) < 0 || read (clients[i], answer, sizeof answer) <= 0))
        g_error ("no answer");
    }
  cpu = read_cpu_usec (server->primary);
  g_usleep (REFUSING_SECONDS * G_USEC_PER_SEC);
  cpu = read_cpu_usec (server->primary) - cpu;
  for (guint i = 0; i < 2 * n_workers; i++)
    close (clients[i]);
  return cpu / (REFUSING_SECONDS * G_USEC_PER_SEC) * 100;
}

static void
compare_refusing (Fixture *fixture)
{
  OurCluster ours = our_cluster_start (fixture, 2, "round-robin", 1);
  NodeCluster nodes = node_cluster_start (2, "round-robin", 1);
  double us = measure_refusing (&ours.server, 2), them = measure_refusing (&nodes.server, 2);

  g_print ("all workers at maxConnections: primary CPU %.1f %% of a processor (goal <= 2), Node's %.1f %%\n", us, them);
  node_cluster_end (&nodes);
  our_cluster_end (&ours);
}

/* -- Reloading ------------------------------------------------------------------------- */

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *(gboolean *) user_data = TRUE;
}

/* Reloads, again and again, until wrk is done. Returns how often. */
static guint
reload_while_loaded (OurCluster *ours, GSubprocess *wrk)
{
  gboolean ended = FALSE;
  guint n = 0;

  g_subprocess_wait_async (wrk, NULL, ended_cb, &ended);
  while (!ended)
    {
      g_autoptr (GError) error = NULL;

      if (!troupe_bus_program1_call_reload_sync (ours->program, NULL, &error))
        g_error ("%s", error->message);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      wait_until (ended || troupe_bus_program1_get_reload_progress (ours->program)[0] == '\0');
      if (troupe_bus_program1_get_reload_failure (ours->program)[0] != '\0')
        g_error ("%s", troupe_bus_program1_get_reload_failure (ours->program));
      n += !ended;
    }
  wait_until (troupe_bus_program1_get_reload_progress (ours->program)[0] == '\0');
  return n;
}

static void
measure_reload (Fixture *fixture, gboolean closing, guint seconds)
{
  OurCluster ours = our_cluster_start (fixture, 2, "round-robin", 0);
  g_autoptr (GSubprocess) wrk = wrk_start (ours.server.port, N_CLIENTS, closing, seconds);
  guint n = reload_while_loaded (&ours, wrk);
  WrkResult result = wrk_finish (wrk);

  g_print ("reload under load, %s: Troupe %u reloads, %" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT " failed%s\n",
           closing ? "a connection each" : "keep-alive", n, result.n_requests, result.n_failed,
           closing ? " (goal 0)" : "");
  our_cluster_end (&ours);
}

/* TRUE when `pm2 WORDS` went well. */
static gboolean
run_pm2 (const char *pm2, const char *home, guint port, const char *const *words)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autoptr (GSubprocess) process = NULL;

  g_subprocess_launcher_setenv (launcher, "PM2_HOME", home, TRUE);
  setenv_number (launcher, "PORT", port);
  g_strv_builder_add (builder, pm2);
  g_strv_builder_addv (builder, (const char **) words);
  argv = g_strv_builder_end (builder);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, NULL);
  return process != NULL && g_subprocess_wait_check (process, NULL, NULL);
}

static void
measure_pm2 (Fixture *fixture, gboolean closing, guint seconds)
{
  g_autofree char *pm2 = g_getenv ("TROUPE_BENCH_PM2") != NULL ? g_strdup (g_getenv ("TROUPE_BENCH_PM2"))
                                                               : g_find_program_in_path ("pm2");
  g_autofree char *home = g_build_filename (fixture->folder, "pm2", NULL);
  g_autofree char *script = server_script ();
  const char *start[] = { "start", script, "-i", "2", NULL }, *reload[] = { "reload", "all", NULL };
  const char *kill[] = { "kill", NULL };
  g_autoptr (GSubprocess) wrk = NULL;
  guint port = http_free_port (), n = 0;
  gboolean ended = FALSE;
  g_autofree char *answer = NULL;
  WrkResult result;

  if (pm2 == NULL)
    {
      g_print ("reload under load: pm2 skipped, it is not installed (npm install pm2; TROUPE_BENCH_PM2=its path)\n");
      return;
    }
  if (!run_pm2 (pm2, home, port, start))
    {
      run_pm2 (pm2, home, port, kill); /* its daemon, should that be there */
      g_print ("reload under load: pm2 skipped, it did not start the server\n");
      return;
    }
  wait_until ((answer = http_get (port, "/")) != NULL);
  wrk = wrk_start (port, N_CLIENTS, closing, seconds);
  g_subprocess_wait_async (wrk, NULL, ended_cb, &ended);
  while (!ended)
    {
      gboolean reloaded = run_pm2 (pm2, home, port, reload);

      while (g_main_context_iteration (NULL, FALSE))
        ;
      n += reloaded && !ended;
    }
  result = wrk_finish (wrk);
  run_pm2 (pm2, home, port, kill);
  g_print ("reload under load, %s: pm2 %u reloads, %" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT " failed\n",
           closing ? "a connection each" : "keep-alive", n, result.n_requests, result.n_failed);
}

/* -------------------------------------------------------------------------------------- */

static void
run (void)
{
  Fixture fixture = { NULL };

  for (guint n_workers = 2; n_workers <= (lengths.is_short ? 2 : 4); n_workers += 2)
    for (guint kind = 0; kind < 4; kind++)
      measure_speed (n_workers, kind / 2 == 0 ? "round-robin" : "shared", kind % 2 == 0);
  fixture_set_up (&fixture, NULL);
  if (is_wanted ("maxConnections"))
    compare_refusing (&fixture);
  if (is_wanted ("reload"))
    measure_reload (&fixture, TRUE, lengths.reloading_seconds);
  if (is_wanted ("reload") && !lengths.is_short)
    {
      measure_reload (&fixture, FALSE, lengths.reloading_seconds);
      measure_pm2 (&fixture, TRUE, lengths.reloading_seconds);
      measure_pm2 (&fixture, FALSE, lengths.reloading_seconds);
    }
  fixture_tear_down (&fixture, NULL);
}

static void
parse_options (int *argc, char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, argc, argv, &error) || lengths.n_rounds < 0 || lengths.seconds < 0)
    {
      g_printerr ("bench-cluster: %s\n", error != NULL ? error->message : "a length is negative");
      exit (2);
    }
  if (lengths.n_rounds == 0)
    lengths.n_rounds = lengths.is_short ? 1 : 9;
  if (lengths.seconds == 0)
    lengths.seconds = lengths.is_short ? 1 : 3;
  lengths.reloading_seconds = lengths.is_short ? 2 : 8;
}

int
main (int argc, char *argv[])
{
  g_autofree char *wrk = g_find_program_in_path ("wrk"), *node = g_find_program_in_path ("node");

  parse_options (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  bench_needs ((const char *const[]){ "TROUPE_TEST_ENGINE", "G_TEST_SRCDIR", NULL });
  if (wrk == NULL || node == NULL)
    {
      g_print ("skipped: %s is not installed\n", wrk == NULL ? "wrk" : "Node.js");
      return 77;
    }
  run ();
  return 0;
}
