/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Parses what follows --since, --until and --timeout. */

#include "config.h"

#include "cli/time-spec.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#define TIME_EXPECTED "expected for example 10m, “2h ago”, 12:01, 2024-05-01 or 2024-05-01T12:01"
#define DURATION_EXPECTED "expected for example 5, 500ms, 10m or 1h30m"
/* A hundred years: far past any journal, and far from an overflow. */
#define DURATION_MAX_USEC (G_GINT64_CONSTANT (100) * 366 * 86400 * G_USEC_PER_SEC)

static const struct
{
  const char *word;
  gint64 usec;
} units[] = {
  { "ms", 1000 },
  { "s", G_USEC_PER_SEC },
  { "sec", G_USEC_PER_SEC },
  { "second", G_USEC_PER_SEC },
  { "seconds", G_USEC_PER_SEC },
  { "m", 60 * (gint64) G_USEC_PER_SEC },
  { "min", 60 * (gint64) G_USEC_PER_SEC },
  { "minute", 60 * (gint64) G_USEC_PER_SEC },
  { "minutes", 60 * (gint64) G_USEC_PER_SEC },
  { "h", 3600 * (gint64) G_USEC_PER_SEC },
  { "hour", 3600 * (gint64) G_USEC_PER_SEC },
  { "hours", 3600 * (gint64) G_USEC_PER_SEC },
  { "d", 86400 * (gint64) G_USEC_PER_SEC },
  { "day", 86400 * (gint64) G_USEC_PER_SEC },
  { "days", 86400 * (gint64) G_USEC_PER_SEC },
  { "w", 7 * 86400 * (gint64) G_USEC_PER_SEC },
  { "week", 7 * 86400 * (gint64) G_USEC_PER_SEC },
  { "weeks", 7 * 86400 * (gint64) G_USEC_PER_SEC },
};

static gint64
find_unit (const char *word, gsize length)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strlen (units[i].word) == length && g_ascii_strncasecmp (units[i].word, word, length) == 0)
      return units[i].usec;
  return 0;
}

/* "1h 30m": numbers, each with its unit. BARE_USEC is the unit of a number without one, 0 when
 * it needs one. Stops before the first thing that is neither; FALSE when there was no number. */
static gboolean
scan_duration (const char **text, gint64 bare_usec, gint64 *out_usec)
{
  const char *p = *text;
  double sum = 0;
  gboolean any = FALSE;

  for (;;)
    {
      char *end;
      double number;
      gsize length;
      gint64 unit;

      p += strspn (p, " ");
      if (!g_ascii_isdigit (*p) && *p != '.')
        break;
      number = g_ascii_strtod (p, &end);
      if (end == p || !isfinite (number))
        return FALSE;
      p = end + strspn (end, " ");
      for (length = 0; g_ascii_isalpha (p[length]);)
        length++;
      unit = length > 0 ? find_unit (p, length) : (any ? 0 : bare_usec);
      if (unit == 0)
        return FALSE;
      p += length;
      sum += number * (double) unit;
      any = TRUE;
    }
  if (!any || sum > (double) DURATION_MAX_USEC)
    return FALSE;
  *text = p;
  *out_usec = (gint64) llround (sum);
  return TRUE;
}

gboolean
troupe_duration_spec_parse (const char *text, gint64 *out_usec, GError **error)
{
  const char *p = text;
  gint64 usec;

  if (scan_duration (&p, G_USEC_PER_SEC, &usec) && *p == '\0')
    {
      *out_usec = usec;
      return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is no duration; " DURATION_EXPECTED, text);
  return FALSE;
}

static gint64
date_time_to_usec (GDateTime *date_time)
{
  return g_date_time_to_unix (date_time) * G_USEC_PER_SEC + g_date_time_get_microsecond (date_time);
}

static gboolean
parse_ago (const char *text, gint64 now_usec, gint64 *out_usec)
{
  gint64 usec;

  if (!scan_duration (&text, 0, &usec))
    return FALSE;
  if (*text != '\0' && g_ascii_strcasecmp (text, "ago") != 0)
    return FALSE;
  *out_usec = now_usec - usec;
  return TRUE;
}

static gboolean
parse_unix (const char *text, gint64 *out_usec)
{
  char *end;
  double seconds;

  if (text[0] != '@' || !g_ascii_isdigit (text[1]))
    return FALSE;
  seconds = g_ascii_strtod (text + 1, &end);
  if (*end != '\0' || !(seconds < 1e11))
    return FALSE;
  *out_usec = llround (seconds * G_USEC_PER_SEC);
  return TRUE;
}

/* "12:01", "12:01:07", "12:01:07.5" on the day of NOW, or the day before when that is still to come. */
static gboolean
parse_time_of_day (const char *text, GDateTime *now, GTimeZone *zone, gint64 *out_usec)
{
  static GRegex *regex = NULL;
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GDateTime) moment = NULL;
  g_autofree char *hour = NULL, *minute = NULL, *second = NULL;

  if (regex == NULL)
    regex = g_regex_new ("^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\\.[0-9]+)?))?$", 0, 0, NULL);
  if (!g_regex_match (regex, text, 0, &match))
    return FALSE;
  hour = g_match_info_fetch (match, 1);
  minute = g_match_info_fetch (match, 2);
  second = g_match_info_fetch (match, 3);
  moment = g_date_time_new (zone, g_date_time_get_year (now), g_date_time_get_month (now),
                            g_date_time_get_day_of_month (now), (int) g_ascii_strtoll (hour, NULL, 10),
                            (int) g_ascii_strtoll (minute, NULL, 10),
                            second != NULL && second[0] != '\0' ? g_ascii_strtod (second, NULL) : 0.0);
  if (moment == NULL)
    return FALSE;
  if (g_date_time_compare (moment, now) > 0)
    {
      g_autoptr (GDateTime) day_before = g_date_time_add_days (moment, -1);

      *out_usec = date_time_to_usec (day_before);
    }
  else
    *out_usec = date_time_to_usec (moment);
  return TRUE;
}

/* ISO 8601, where a space may stand for the T, and the time or its seconds may be missing. */
static gboolean
parse_date_time (const char *text, GTimeZone *zone, gint64 *out_usec)
{
  static GRegex *regex = NULL;
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GDateTime) moment = NULL;
  g_autofree char *date = NULL, *clock = NULL, *seconds = NULL, *offset = NULL, *iso = NULL;

  if (regex == NULL)
    regex = g_regex_new ("^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.,][0-9]+)?)?"
                         " ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$",
                         G_REGEX_CASELESS, 0, NULL);
  if (!g_regex_match (regex, text, 0, &match))
    return FALSE;
  date = g_match_info_fetch (match, 1);
  clock = g_match_info_fetch (match, 2);
  seconds = g_match_info_fetch (match, 3);
  offset = g_match_info_fetch (match, 4);
  iso = g_strconcat (date, "T", clock != NULL && clock[0] != '\0' ? clock : "00:00",
                     seconds != NULL && seconds[0] != '\0' ? seconds : ":00", offset, NULL);
  moment = g_date_time_new_from_iso8601 (iso, zone);
  if (moment == NULL)
    return FALSE;
  *out_usec = date_time_to_usec (moment);
  return TRUE;
}

static gboolean
parse_word (const char *text, GDateTime *now, GTimeZone *zone, gint64 *out_usec)
{
  g_autoptr (GDateTime) midnight = NULL, moment = NULL;

  if (g_ascii_strcasecmp (text, "now") == 0)
    {
      *out_usec = date_time_to_usec (now);
      return TRUE;
    }
  midnight = g_date_time_new (zone, g_date_time_get_year (now), g_date_time_get_month (now),
                              g_date_time_get_day_of_month (now), 0, 0, 0);
  if (g_ascii_strcasecmp (text, "today") == 0)
    moment = g_steal_pointer (&midnight);
  else if (g_ascii_strcasecmp (text, "yesterday") == 0)
    moment = g_date_time_add_days (midnight, -1);
  else
    return FALSE;
  *out_usec = date_time_to_usec (moment);
  return TRUE;
}

gboolean
troupe_time_spec_parse (const char *text, gint64 now_usec, GTimeZone *zone, gint64 *out_usec, GError **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (now_usec / G_USEC_PER_SEC);
  g_autoptr (GDateTime) whole = g_date_time_to_timezone (utc, zone);
  g_autoptr (GDateTime) now = g_date_time_add (whole, now_usec % G_USEC_PER_SEC);

  if (g_utf8_validate (stripped, -1, NULL) &&
      (parse_ago (stripped, now_usec, out_usec) || parse_unix (stripped, out_usec) ||
       parse_time_of_day (stripped, now, zone, out_usec) || parse_date_time (stripped, zone, out_usec) ||
       parse_word (stripped, now, zone, out_usec)))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is no time; " TIME_EXPECTED, text);
  return FALSE;
}
