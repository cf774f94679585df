/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A reader for flat JSON objects, which is all that events are; values that are objects or
 * lists are kept as they stand. */

#include "config.h"

#include "logview/log-event.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_FIELDS 24
#define MAX_TEXT_BYTES 4096

typedef struct
{
  char *name, *value; /* (owned) */
} Field;

typedef struct
{
  Field fields[MAX_FIELDS];
  guint n_fields;
} Event;

static const char *
skip_space (const char *at, const char *end)
{
  while (at < end && g_ascii_isspace (*at))
    at++;
  return at;
}

static int
hex4 (const char *at, const char *end)
{
  int value = 0;

  if (end - at < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (at[i]);

      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }
  return value;
}

/* Reads the string that begins behind AT's quote. Returns where it ends, or NULL. */
static const char *
read_string (const char *at, const char *end, char **out)
{
  GString *text = g_string_new (NULL);

  for (at = at + 1; at < end && *at != '"'; at++)
    {
      static const char from[] = "nrtbf";
      static const char to[] = "\n\r\t\b\f";
      const char *escape;
      int code;

      if (*at != '\\')
        {
          g_string_append_c (text, *at);
          continue;
        }
      if (++at == end)
        break;
      if (*at == 'u' && (code = hex4 (at + 1, end)) >= 0)
        {
          g_string_append_unichar (text, code >= 0xd800 && code < 0xe000 ? 0xfffd : code == 0 ? 0x2400 : code);
          at += 4;
        }
      else if (*at != '\0' && (escape = strchr (from, *at)) != NULL)
        g_string_append_c (text, to[escape - from]);
      else
        g_string_append_c (text, *at);
    }
  if (at >= end)
    {
      g_string_free (text, TRUE);
      return NULL;
    }
  *out = g_string_free (text, FALSE);
  return at + 1;
}

/* Reads a number, a word, or an object or list as it stands. */
static const char *
read_bare (const char *at, const char *end, char **out)
{
  const char *begin = at;
  int depth = 0;
  gboolean quoted = FALSE;

  for (; at < end; at++)
    {
      if (quoted)
        {
          if (*at == '\\')
            at++;
          else if (*at == '"')
            quoted = FALSE;
          continue;
        }
      if (depth == 0 && (*at == ',' || *at == '}'))
        break;
      if (*at == '"')
        quoted = TRUE;
      else if (*at == '{' || *at == '[')
        depth++;
      else if (*at == '}' || *at == ']')
        depth--;
    }
  if (at >= end)
    return NULL;
  *out = g_strstrip (g_strndup (begin, at - begin));
  return at;
}

static void
event_clear (Event *event)
{
  for (guint i = 0; i < event->n_fields; i++)
    {
      g_free (event->fields[i].name);
      g_free (event->fields[i].value);
    }
  event->n_fields = 0;
}

static gboolean
event_read (Event *event, const char *at, const char *end)
{
  at = skip_space (at, end);
  if (at >= end || *at++ != '{')
    return FALSE;
  while (event->n_fields < MAX_FIELDS)
    {
      Field *field = &event->fields[event->n_fields];

      at = skip_space (at, end);
      if (at >= end)
        return FALSE;
      if (*at == '}')
        return TRUE;
      if (*at != '"' || (at = read_string (at, end, &field->name)) == NULL)
        return FALSE;
      field->value = NULL;
      event->n_fields++;
      at = skip_space (at, end);
      if (at >= end || *at++ != ':')
        return FALSE;
      at = skip_space (at, end);
      if (at >= end)
        return FALSE;
      at = *at == '"' ? read_string (at, end, &field->value) : read_bare (at, end, &field->value);
      if (at == NULL)
        return FALSE;
      at = skip_space (at, end);
      if (at < end && *at == ',')
        at++;
    }
  return TRUE;
}

/* "null" and what is missing are NULL. */
static const char *
event_get (const Event *event, const char *name)
{
  for (guint i = 0; i < event->n_fields; i++)
    {
      const char *value = event->fields[i].value;

      if (strcmp (event->fields[i].name, name) == 0)
        return value == NULL || strcmp (value, "null") == 0 ? NULL : value;
    }
  return NULL;
}

/* Returns NULL for an event that has no words of its own. */
static char *
say_known (const Event *event, const char *kind)
{
  const char *code = event_get (event, "code");
  const char *signal_name = event_get (event, "signal");
  const char *reason = event_get (event, "reason");
  const char *pid = event_get (event, "pid");
  const char *error = event_get (event, "error");

  if (strcmp (kind, "start") == 0 && pid != NULL)
    return g_strdup_printf (_ ("Started, PID %s"), pid);
  if (strcmp (kind, "failed") == 0 && error != NULL)
    return g_strdup_printf (_ ("Could not be started: %s"), error);
  if (strcmp (kind, "exit") == 0 && signal_name != NULL)
    return g_strdup_printf (_ ("Ended by %s"), signal_name);
  if (strcmp (kind, "exit") == 0 && code != NULL)
    return g_strdup_printf (_ ("Exited with code %s"), code);
  if (strcmp (kind, "signal") == 0 && signal_name != NULL)
    return g_strdup_printf (_ ("Signal sent: %s"), signal_name);
  if (strcmp (kind, "state") == 0 && event_get (event, "from") != NULL && event_get (event, "to") != NULL)
    return reason != NULL
               ? g_strdup_printf ("%s → %s: %s", event_get (event, "from"), event_get (event, "to"), reason)
               : g_strdup_printf ("%s → %s", event_get (event, "from"), event_get (event, "to"));
  return NULL;
}

static char *
say_fields (const Event *event)
{
  const char *kind = event_get (event, "event");
  GString *text = g_string_new (kind);

  for (guint i = 0; i < event->n_fields; i++)
    {
      const Field *field = &event->fields[i];

      if (strcmp (field->name, "event") == 0 || field->value == NULL)
        continue;
      g_string_append_printf (text, "%s%s %s", text->len > 0 ? " · " : "", field->name, field->value);
    }
  return g_string_free (text, FALSE);
}

char *
troupe_log_event_dup_text (const char *json, gsize length)
{
  Event event = { 0 };
  g_autofree char *text = NULL;
  char *valid;

  if (length == 0)
    return g_strdup ("");
  length = MIN (length, MAX_TEXT_BYTES);
  if (event_read (&event, json, json + length))
    {
      const char *kind = event_get (&event, "event");

      if (kind != NULL)
        text = say_known (&event, kind);
      if (text == NULL)
        text = say_fields (&event);
    }
  else
    text = g_strndup (json, length);
  event_clear (&event);
  valid = g_utf8_make_valid (text, -1);
  /* One event is one row. */
  g_strdelimit (valid, "\n\r\v\f", ' ');
  return valid;
}
