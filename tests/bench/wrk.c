/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Starts wrk and reads what it printed. */

#include "config.h"

#include "wrk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double
parse_msec (const char *text)
{
  char *unit;
  double value = g_ascii_strtod (text, &unit);

  return g_str_has_prefix (unit, "us") ? value / 1000 : g_str_has_prefix (unit, "ms") ? value : value * 1000;
}

/* The sum of the numbers behind NAME up to the end of its line; 0 where wrk had none to tell. */
static guint64
sum_after (const char *output, const char *name)
{
  const char *p = strstr (output, name);
  guint64 sum = 0;

  if (p == NULL)
    return 0;
  for (p += strlen (name); *p != '\n' && *p != '\0';)
    if (g_ascii_isdigit (*p))
      sum += g_ascii_strtoull (p, (char **) &p, 10);
    else
      p++;
  return sum;
}

static WrkResult
parse_wrk (const char *output)
{
  const char *p99 = strstr (output, " 99% "), *rate = strstr (output, "Requests/sec:");
  const char *requests = strstr (output, " requests in ");
  WrkResult result = { 0 };

  if (p99 == NULL || rate == NULL || requests == NULL)
    g_error ("wrk printed: %s", output);
  result.p99_msec = parse_msec (p99 + strlen (" 99% "));
  result.rate = g_ascii_strtod (rate + strlen ("Requests/sec:"), NULL);
  while (requests > output && requests[-1] != '\n')
    requests--;
  result.n_requests = g_ascii_strtoull (requests, NULL, 10);
  result.n_failed = sum_after (output, "Socket errors:") + sum_after (output, "Non-2xx or 3xx responses:");
  return result;
}

void
wrk_child_setup (gpointer user_data)
{
  setsid ();
}

GSubprocess *
wrk_start (guint port, guint n_clients, gboolean closing, guint seconds)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", port);
  g_autofree char *clients = g_strdup_printf ("%u", n_clients);
  g_autofree char *duration = g_strdup_printf ("%us", seconds);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) error = NULL;
  GSubprocess *wrk;

  g_subprocess_launcher_set_child_setup (launcher, wrk_child_setup, NULL, NULL);
  wrk = g_subprocess_launcher_spawn (launcher, &error, "wrk", "-t", "1", "-c", clients, "-d", duration, "--latency",
                                     "-H", closing ? "Connection: close" : "X-Nothing: 1", url, NULL);
  if (wrk == NULL)
    g_error ("%s", error->message);
  return wrk;
}

WrkResult
wrk_finish (GSubprocess *wrk)
{
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_subprocess_communicate_utf8 (wrk, NULL, NULL, &output, NULL, &error))
    g_error ("%s", error->message);
  return parse_wrk (output);
}
