/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Words and figures as people read them. */

#include "config.h"

#include "client/format.h"

#include <glib/gi18n.h>
#include <string.h>

static const struct
{
  const char *word;
  const char *icon;
  const char *css_class;
} states[TROUPE_N_STATES] = {
  [TROUPE_STATE_STOPPED] = { N_ ("Stopped"), "troupe-stopped-symbolic", "dim-label" },
  [TROUPE_STATE_WAITING] = { N_ ("Waiting"), "troupe-waiting-symbolic", "dim-label" },
  [TROUPE_STATE_STARTING] = { N_ ("Starting"), "troupe-starting-symbolic", "accent" },
  [TROUPE_STATE_RUNNING] = { N_ ("Running"), "troupe-running-symbolic", "success" },
  [TROUPE_STATE_READY] = { N_ ("Ready"), "troupe-ready-symbolic", "success" },
  [TROUPE_STATE_STOPPING] = { N_ ("Stopping"), "troupe-stopping-symbolic", "warning" },
  [TROUPE_STATE_BACKOFF] = { N_ ("Restarting"), "troupe-backoff-symbolic", "warning" },
  [TROUPE_STATE_EXITED] = { N_ ("Exited"), "troupe-exited-symbolic", "dim-label" },
  [TROUPE_STATE_FAILED] = { N_ ("Failed"), "troupe-failed-symbolic", "error" },
};

static const char *const kind_explanations[] = {
  [TROUPE_KIND_SPAWN] = N_ ("Runs the program itself, without a shell; output streams without limit"),
  [TROUPE_KIND_EXEC] = N_ ("Hands the line to the shell, so pipes, wildcards and && work; output is also kept whole"),
  [TROUPE_KIND_EXEC_FILE] = N_ ("Like exec, but runs the program itself, without the shell"),
  [TROUPE_KIND_FORK] = N_ ("Runs a module with a message channel, as Node’s fork does"),
  [TROUPE_KIND_CLUSTER] = N_ ("Runs several workers that share their listening sockets"),
  [TROUPE_KIND_THREADS] = N_ ("Runs several worker threads in one process"),
};

/* Parts of a name, compared in capitals. */
static const char *const secret_parts[] = {
  "SECRET", "PASSW", "PASSPHRASE", "TOKEN", "CREDENTIAL", "PRIVATE", "APIKEY", "API_KEY", "ACCESS_KEY", "AUTH",
  "COOKIE", "SESSION_KEY", "ENCRYPTION_KEY", "SIGNING_KEY", "DATABASE_URL", "DSN",
};

const char *
troupe_format_state_word (TroupeState state)
{
  return _ (states[state].word);
}

const char *
troupe_format_state_icon (TroupeState state)
{
  return states[state].icon;
}

const char *
troupe_format_state_class (TroupeState state)
{
  return states[state].css_class;
}

const char *
troupe_format_kind_explanation (TroupeKind kind)
{
  return _ (kind_explanations[kind]);
}

char *
troupe_format_dup_bytes (guint64 bytes)
{
  return g_format_size (bytes);
}

char *
troupe_format_dup_duration (guint64 usec)
{
  guint64 seconds = usec / G_USEC_PER_SEC;

  if (usec < G_USEC_PER_SEC)
    return g_strdup_printf (_ ("%u ms"), (guint) (usec / 1000));
  if (seconds < 10)
    return g_strdup_printf (_ ("%.1f s"), usec / (double) G_USEC_PER_SEC);
  if (seconds < 60)
    return g_strdup_printf (_ ("%u s"), (guint) seconds);
  if (seconds < 60 * 60)
    return g_strdup_printf (_ ("%u min"), (guint) (seconds / 60));
  if (seconds < 24 * 60 * 60)
    return g_strdup_printf (_ ("%u h %u min"), (guint) (seconds / 3600), (guint) (seconds / 60 % 60));
  return g_strdup_printf (_ ("%u d %u h"), (guint) (seconds / 86400), (guint) (seconds / 3600 % 24));
}

char *
troupe_format_dup_percent (double percent)
{
  if (percent > 0.05 && percent < 9.95)
    return g_strdup_printf (_ ("%.1f %%"), percent);
  return g_strdup_printf (_ ("%.0f %%"), percent);
}

char *
troupe_format_dup_moment (guint64 usec)
{
  g_autoptr (GDateTime) moment = g_date_time_new_from_unix_local ((gint64) (usec / G_USEC_PER_SEC));
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  if (moment == NULL)
    return g_strdup ("");
  if (g_date_time_get_year (moment) == g_date_time_get_year (now) &&
      g_date_time_get_day_of_year (moment) == g_date_time_get_day_of_year (now))
    return g_date_time_format (moment, "%T");
  return g_date_time_format (moment, "%x %T");
}

gboolean
troupe_format_is_secret (const char *variable_name)
{
  g_autofree char *capitals = g_ascii_strup (variable_name, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (secret_parts); i++)
    if (strstr (capitals, secret_parts[i]) != NULL)
      return TRUE;
  return g_str_has_suffix (capitals, "_KEY") || strcmp (capitals, "KEY") == 0 || g_str_has_suffix (capitals, "_PWD");
}
