/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What the conversation costs with a million messages: until the newest are drawn, a jump to anywhere, a
 * new message while following, and a filter over all of it, beside memmem over the same bytes.
 *
 *   tests/ui/run-headless.sh BUILD/tests/bench/bench-message-list [--short] */

#include "config.h"

#include "message-journal.h"

#include <adwaita.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "messages/message-list.h"

#define NEEDLE "\"steps\":42}"

static guint n_frames;

static double
own_cpu_msec (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double) time.tv_sec * 1e3 + (double) time.tv_nsec / 1e6;
}

static double
now_msec (void)
{
  return (double) g_get_monotonic_time () / 1e3;
}

static void
painted_cb (void)
{
  n_frames++;
}

static void
wait_for_frame (GtkWidget *widget)
{
  guint before = n_frames;

  gtk_widget_queue_draw (widget);
  while (n_frames == before)
    g_main_context_iteration (NULL, TRUE);
}

static gint64
get_resident_kb (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL) || (line = strstr (text, "VmRSS:")) == NULL)
    return 0;
  return g_ascii_strtoll (line + 6, NULL, 10);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
print_spread (const char *what, GArray *values)
{
  g_array_sort (values, compare_doubles);
  printf ("%s: p50 %.2f ms, p99 %.2f ms, max %.2f ms of CPU (%u times)\n", what,
          g_array_index (values, double, values->len / 2), g_array_index (values, double, values->len * 99 / 100),
          g_array_index (values, double, values->len - 1), values->len);
}

/* The limit: the same bytes, looked through by nothing but memmem. */
static double
memmem_msec (const char *dir, guint64 *n_found, guint64 *n_bytes)
{
  enum { SIZE = 256 * 1024 };
  g_autofree char *path = g_build_filename (dir, "messages", NULL);
  g_autofree char *buffer = g_malloc (SIZE);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  double begin = now_msec ();
  ssize_t got;

  *n_found = *n_bytes = 0;
  while ((got = read (fd, buffer, SIZE)) > 0)
    {
      const char *at = buffer;

      *n_bytes += (guint64) got;
      while ((at = memmem (at, (gsize) (buffer + got - at), NEEDLE, strlen (NEEDLE))) != NULL)
        {
          at++;
          ++*n_found;
        }
    }
  close (fd);
  return now_msec () - begin;
}

static void
bench_frames (GtkWidget *window, TroupeMessageList *list, MessageJournal *journal, guint rounds)
{
  GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (list));
  g_autoptr (GArray) jumps = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) arrivals = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < rounds; i++)
    {
      double begin = own_cpu_msec (), cost;

      gtk_adjustment_set_value (adjustment, g_rand_double (rand) * gtk_adjustment_get_upper (adjustment));
      wait_for_frame (window);
      cost = own_cpu_msec () - begin;
      g_array_append_val (jumps, cost);
    }
  print_spread ("jump to anywhere, drawn", jumps);

  troupe_message_list_set_follow (list, TRUE);
  wait_for_frame (window);
  for (guint i = 0; i < rounds; i++)
    {
      guint64 n = troupe_message_log_get_n_messages (troupe_message_list_get_log (list));
      double begin, cost;

      message_journal_add_many (journal, 1000);
      begin = own_cpu_msec ();
      while (troupe_message_log_get_n_messages (troupe_message_list_get_log (list)) == n)
        g_main_context_iteration (NULL, TRUE);
      wait_for_frame (window);
      cost = own_cpu_msec () - begin;
      g_array_append_val (arrivals, cost);
    }
  print_spread ("1,000 new messages while following, drawn", arrivals);
}

static void
bench_filter (TroupeMessageList *list, const char *dir)
{
  TroupeMessageLog *log = troupe_message_list_get_log (list);
  TroupeMessageFilter filter = { NEEDLE, FALSE, TRUE, TRUE, TRUE };
  guint64 n_messages = troupe_message_log_get_n_messages (log), n_found, n_bytes;
  double begin = now_msec (), first = 0, all, limit;

  troupe_message_list_set_filter (list, &filter, NULL);
  while (troupe_message_log_is_scanning (log))
    {
      g_main_context_iteration (NULL, TRUE);
      if (first == 0 && troupe_message_log_get_n_rows (log) > 0)
        first = now_msec () - begin;
    }
  all = now_msec () - begin;
  limit = memmem_msec (dir, &n_found, &n_bytes);
  printf ("filter over %" G_GUINT64_FORMAT " messages: newest found after %.1f ms, all %" G_GUINT64_FORMAT
          " after %.0f ms (%.2f million/s)\n",
          n_messages, first, troupe_message_log_get_n_rows (log), all, (double) n_messages / all / 1e3);
  printf ("memmem over the same %.0f MB: %.0f ms; ratio %.1f\n", (double) n_bytes / 1e6, limit, all / limit);
}

int
main (int argc, char *argv[])
{
  gboolean is_short = argc > 1 && strcmp (argv[1], "--short") == 0;
  guint64 n = is_short ? 20000 : 1000000;
  MessageJournal journal;
  TroupeMessageList *list;
  GtkWidget *window, *scroller;
  double begin;
  gint64 resident;

  adw_init ();
  message_journal_init (&journal);
  message_journal_add_many (&journal, n);
  window = gtk_window_new ();
  scroller = gtk_scrolled_window_new ();
  list = g_object_new (TROUPE_TYPE_MESSAGE_LIST, NULL);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (list));
  gtk_window_set_child (GTK_WINDOW (window), scroller);
  gtk_window_set_default_size (GTK_WINDOW (window), 800, 600);
  gtk_window_present (GTK_WINDOW (window));
  g_signal_connect (gtk_widget_get_frame_clock (window), "after-paint", G_CALLBACK (painted_cb), NULL);
  wait_for_frame (window);

  resident = get_resident_kb ();
  begin = now_msec ();
  troupe_message_list_set_dir (list, journal.dir);
  wait_for_frame (window);
  printf ("%" G_GUINT64_FORMAT " messages: newest drawn after %.1f ms\n", n, now_msec () - begin);
  bench_frames (window, list, &journal, is_short ? 20 : 300);
  bench_filter (list, journal.dir);
  printf ("memory since before the journal was opened: %" G_GINT64_FORMAT " kB\n", get_resident_kb () - resident);
  gtk_window_destroy (GTK_WINDOW (window));
  message_journal_clear (&journal);
  return 0;
}
