/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Messages per second through the channel and CPU per message of the parent, with one echoing
 * Node child, against Node itself as the parent in the same run. Rounds alternate; figures are
 * medians of the rounds and of their ratios. The floor is a parent that waits, reads and writes and does
 * nothing else: what the kernel alone costs, when each message is read as soon as it is there. Where the scheduler puts
 * parent and child moves either rate by more than the parents differ, so all is measured again with both on one
 * processor.
 *
 *   bench-channel [--short] */

#include "config.h"

#include "bench-needs.h"
#include "ipc/channel.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define WARM_UP 2000

typedef struct
{
  double wall_usec, cpu_usec;
} Figures;

typedef struct
{
  GMainLoop *loop;
  guint total, window, sent, received;
  gint64 start;
  double cpu;
  Figures figures;
} Run;

static double
own_cpu_usec (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Node's parent has objects and makes texts of them, which its API leaves no way around. Here a message is
 * text to begin with, as for the engine, so only its number is written anew. */
static void
send_one (TroupeChannel *channel, Run *run)
{
  char text[] = "{\"id\":1000000,\"method\":\"resize\",\"path\":\"/images/cat.png\"}";
  char *digit = text + strlen ("{\"id\":1000000");

  for (guint n = run->sent++; n > 0; n /= 10)
    *--digit = (char) ('0' + n % 10);
  troupe_channel_send (channel, text, strlen (text), NULL);
}

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  Run *run = user_data;

  if (++run->received == WARM_UP)
    {
      run->start = g_get_monotonic_time ();
      run->cpu = own_cpu_usec ();
    }
  if (run->sent < run->total + WARM_UP)
    send_one (channel, run);
  if (run->received == run->total + WARM_UP)
    {
      run->figures.wall_usec = g_get_monotonic_time () - run->start;
      run->figures.cpu_usec = own_cpu_usec () - run->cpu;
      troupe_channel_disconnect (channel);
      g_main_loop_quit (run->loop);
    }
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
          const char *explanation, gpointer user_data)
{
  g_error ("%s", explanation);
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
  g_error ("the child left");
}

static const TroupeChannelHandler handler = { .message = message_cb, .fault = fault_cb, .closed = closed_cb };

/* Starts the echoing child. *OURS is the parent's end. */
static GPid
spawn_child (int *ours)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "bench", "channel-child.js", NULL);
  const char *argv[] = { "node", script, NULL };
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "NODE_CHANNEL_FD", "3", TRUE);
  int theirs, target = 3;
  GPid pid;

  if (!troupe_channel_socketpair (ours, &theirs, &error) ||
      !g_spawn_async_with_pipes_and_fds (NULL, argv, (const char *const *) env,
                                         G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, 1, 2,
                                         &theirs, &target, 1, &pid, NULL, NULL, NULL, &error))
    g_error ("%s", error->message);
  close (theirs);
  return pid;
}

static Figures
run_ours (guint total, guint window)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = { loop, total, window };
  TroupeChannel *channel;
  int ours;
  GPid pid = spawn_child (&ours);

  if (reactor == NULL)
    g_error ("%s", error->message);
  channel = troupe_channel_new (reactor, ours, NULL, &handler, &run, &error);
  for (guint i = 0; i < window; i++)
    send_one (channel, &run);
  g_main_loop_run (loop);
  troupe_channel_free (channel);
  waitpid (pid, NULL, 0);
  return run.figures;
}

static void
write_all (int fd, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gssize n = send (fd, bytes, length, MSG_NOSIGNAL);

      if (n < 0 && errno != EAGAIN && errno != EINTR)
        g_error ("the child left");
      bytes += MAX (n, 0);
      length -= (gsize) MAX (n, 0);
    }
}

/* The three calls a message takes in a parent that watches many descriptors. */
static Figures
run_bare (guint total, guint window)
{
  static const char line[] = "{\"id\":1000000,\"method\":\"resize\",\"path\":\"/images/cat.png\"}\n";
  static char in[64 * 1024], out[64 * 1024];
  const gsize length = strlen (line);
  struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET };
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC), ours;
  GPid pid = spawn_child (&ours);
  guint sent = 0, received = 0;
  gsize gathered = 0;
  gint64 start = 0;
  double cpu = 0;
  Figures figures;

  for (; sent < window; sent++, gathered += length)
    memcpy (out + gathered, line, length);
  epoll_ctl (epoll_fd, EPOLL_CTL_ADD, ours, &event);
  while (received < total + WARM_UP)
    {
      struct iovec iov = { in, sizeof in };
      char control[256];
      struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                                .msg_controllen = sizeof control };
      gssize n;

      if (gathered > 0)
        write_all (ours, out, gathered);
      gathered = 0;
      epoll_wait (epoll_fd, &event, 1, -1);
      n = recvmsg (ours, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      if (n == 0)
        g_error ("the child left");
      for (const char *p = in; n > 0 && (p = memchr (p, '\n', (gsize) (in + n - p))) != NULL; p++)
        {
          if (++received == WARM_UP)
            {
              start = g_get_monotonic_time ();
              cpu = own_cpu_usec ();
            }
          if (sent < total + WARM_UP && gathered + length <= sizeof out)
            {
              memcpy (out + gathered, line, length);
              gathered += length;
              sent++;
            }
        }
    }
  figures = (Figures){ (double) (g_get_monotonic_time () - start), own_cpu_usec () - cpu };
  close (ours);
  close (epoll_fd);
  waitpid (pid, NULL, 0);
  return figures;
}

static Figures
run_node (guint total, guint window)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "bench", "channel-parent.js", NULL);
  g_autofree char *total_text = g_strdup_printf ("%u", total);
  g_autofree char *window_text = g_strdup_printf ("%u", window);
  const char *argv[] = { "node", script, total_text, window_text, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  Figures figures;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, &error))
    g_error ("%s", error->message);
  if (sscanf (output, "%lf %lf", &figures.wall_usec, &figures.cpu_usec) != 2)
    g_error ("Node as the parent printed: %s", output);
  return figures;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare_doubles);
  return values[n / 2];
}

static void
compare (const char *name, guint total, guint window, guint rounds)
{
  g_autofree double *ours = g_new (double, rounds), *nodes = g_new (double, rounds);
  g_autofree double *rate = g_new (double, rounds), *cpu = g_new (double, rounds);
  g_autofree double *our_cpu = g_new (double, rounds), *node_cpu = g_new (double, rounds);
  g_autofree double *bares = g_new (double, rounds), *bare_cpu = g_new (double, rounds);
  g_autofree double *over_bare = g_new (double, rounds);

  for (guint i = 0; i < rounds; i++)
    {
      Figures c = run_ours (total, window), node = run_node (total, window), bare = run_bare (total, window);

      ours[i] = total / c.wall_usec * 1e6;
      nodes[i] = total / node.wall_usec * 1e6;
      rate[i] = ours[i] / nodes[i];
      our_cpu[i] = c.cpu_usec / total;
      node_cpu[i] = node.cpu_usec / total;
      cpu[i] = our_cpu[i] / node_cpu[i];
      bares[i] = total / bare.wall_usec * 1e6;
      bare_cpu[i] = bare.cpu_usec / total;
      over_bare[i] = our_cpu[i] / bare_cpu[i];
    }
  printf ("%s: %.0f messages/s there and back, Node as parent %.0f, ratio %.2f (goal >= 1.3)\n", name,
          median (ours, rounds), median (nodes, rounds), median (rate, rounds));
  printf ("%s: parent CPU %.2f us/message, Node %.2f, ratio %.2f (goal <= 0.55)\n", name, median (our_cpu, rounds),
          median (node_cpu, rounds), median (cpu, rounds));
  printf ("%s: bare C parent %.0f messages/s, CPU %.2f us/message; ours %.2f of that\n", name, median (bares, rounds),
          median (bare_cpu, rounds), median (over_bare, rounds));
}

/* Children inherit it. */
static gboolean
pin_to_one_processor (void)
{
  cpu_set_t set;
  int cpu = sched_getcpu ();

  CPU_ZERO (&set);
  if (cpu < 0)
    return FALSE;
  CPU_SET (cpu, &set);
  return sched_setaffinity (0, sizeof set, &set) == 0;
}

int
main (int argc, char *argv[])
{
  gboolean short_run = argc > 1 && strcmp (argv[1], "--short") == 0;
  g_autofree char *node = g_find_program_in_path ("node");
  char *test_argv[] = { argv[0], NULL }, **test_argv_p = test_argv;
  int test_argc = 1;

  g_test_init (&test_argc, &test_argv_p, NULL);
  bench_needs ((const char *const[]){ "G_TEST_SRCDIR", NULL });
  setvbuf (stdout, NULL, _IOLBF, 0);
  if (node == NULL)
    {
      printf ("skipped: Node.js is not installed\n");
      return 77;
    }
  compare ("one in flight", short_run ? 5000 : 100000, 1, short_run ? 1 : 5);
  compare ("64 in flight", short_run ? 20000 : 400000, 64, short_run ? 1 : 5);
  if (!pin_to_one_processor ())
    {
      printf ("on one processor: skipped, the system does not let us choose\n");
      return 0;
    }
  compare ("one in flight, on one processor", short_run ? 5000 : 100000, 1, short_run ? 1 : 5);
  compare ("64 in flight, on one processor", short_run ? 20000 : 400000, 64, short_run ? 1 : 5);
  return 0;
}
