/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Events and times as text. */

#include "config.h"

#include "cli/event-text.h"

#include <string.h>

#include "cli/json-object.h"
#include "cli/terminal-text.h"
#include "cli/worker-name.h"

void
troupe_time_append_iso (GString *out, guint64 time_usec)
{
  g_autoptr (GDateTime) moment = g_date_time_new_from_unix_utc ((gint64) (time_usec / G_USEC_PER_SEC));
  g_autofree char *text = moment != NULL ? g_date_time_format (moment, "%Y-%m-%dT%H:%M:%S") : NULL;

  g_string_append_printf (out, "%s.%06uZ", text != NULL ? text : "0000-00-00T00:00:00",
                          (guint) (time_usec % G_USEC_PER_SEC));
}

void
troupe_time_append_local (GString *out, guint64 time_usec, GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc ((gint64) (time_usec / G_USEC_PER_SEC));
  g_autoptr (GDateTime) moment = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;
  g_autofree char *text = moment != NULL ? g_date_time_format (moment, "%Y-%m-%d %H:%M:%S") : NULL;

  g_string_append_printf (out, "%s.%03u", text != NULL ? text : "0000-00-00 00:00:00",
                          (guint) (time_usec % G_USEC_PER_SEC / 1000));
}

static gboolean
is_ours (const char *key)
{
  return strcmp (key, "time") == 0 || strcmp (key, "worker") == 0 || strcmp (key, "project") == 0 ||
         strcmp (key, "run") == 0;
}

static const char *
find_event (GPtrArray *members)
{
  for (guint i = 0; members != NULL && i < members->len; i++)
    {
      TroupeJsonMember *member = members->pdata[i];

      if (strcmp (member->key, "event") == 0)
        return member->raw;
    }
  return NULL;
}

void
troupe_event_append_json (GString *out, const TroupeEventLine *line)
{
  g_autoptr (GPtrArray) members = troupe_json_object_split (line->payload, line->payload_length);
  g_autoptr (GString) time = g_string_new (NULL);
  const char *event = find_event (members);

  troupe_time_append_iso (time, line->time_usec);
  troupe_json_object_begin (out);
  troupe_json_object_add_string (out, "time", time->str);
  troupe_json_object_add_string (out, "worker", line->worker);
  if (event == NULL)
    {
      g_autofree char *text = g_utf8_make_valid (line->payload, (gssize) line->payload_length);

      troupe_json_object_add_string (out, "event", "invalid");
      troupe_json_object_add_string (out, "text", text);
    }
  else
    {
      troupe_json_object_add_raw (out, "event", event);
      for (guint i = 0; i < members->len; i++)
        {
          TroupeJsonMember *member = members->pdata[i];

          if (!is_ours (member->key) && strcmp (member->key, "event") != 0)
            troupe_json_object_add_raw (out, member->key, member->raw);
        }
    }
  troupe_json_object_add_string (out, "project", line->project);
  troupe_json_object_add_int (out, "run", (gint64) line->run);
  troupe_json_object_end (out);
}

/* A value that holds a space is quoted, so that one sees where it ends. */
static void
append_value (GString *out, const char *raw)
{
  g_autofree char *plain = troupe_json_object_dup_plain (raw);
  gboolean quote = raw[0] == '"' && (plain[0] == '\0' || strpbrk (plain, " \t\n") != NULL);

  if (quote)
    g_string_append (out, "“");
  troupe_terminal_append_safe (out, plain, strlen (plain));
  if (quote)
    g_string_append (out, "”");
}

void
troupe_event_append_text (GString *out, const TroupeEventLine *line, GTimeZone *zone, gboolean colored)
{
  g_autoptr (GPtrArray) members = troupe_json_object_split (line->payload, line->payload_length);
  g_autofree char *name = troupe_worker_name_dup_full (line->project, line->worker);
  const char *event = find_event (members);

  if (colored)
    g_string_append (out, TROUPE_SGR_DIM);
  troupe_time_append_local (out, line->time_usec, zone);
  if (colored)
    g_string_append (out, TROUPE_SGR_RESET);
  g_string_append_printf (out, "  %s  ", name);
  if (event == NULL)
    {
      troupe_terminal_append_safe (out, line->payload, line->payload_length);
      return;
    }
  if (colored)
    g_string_append (out, TROUPE_SGR_BOLD);
  append_value (out, event);
  if (colored)
    g_string_append (out, TROUPE_SGR_RESET);
  for (guint i = 0; i < members->len; i++)
    {
      TroupeJsonMember *member = members->pdata[i];

      if (is_ours (member->key) || strcmp (member->key, "event") == 0)
        continue;
      g_string_append_c (out, ' ');
      troupe_terminal_append_safe (out, member->key, strlen (member->key));
      g_string_append_c (out, '=');
      append_value (out, member->raw);
    }
}
