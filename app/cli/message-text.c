/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Messages as text. What is JSON was checked, so that it can be cut by the look of each byte. */

#include "config.h"

#include "cli/message-text.h"

#include <string.h>

#include "cli/event-text.h"
#include "cli/json-object.h"
#include "cli/terminal-text.h"
#include "cli/worker-name.h"
#include "ipc/json-text.h"

/* What a line of the journal holds. */
typedef struct
{
  const char *direction;
  char *from; /* (owned) (nullable) */
  const char *text;
  gsize length;
  gboolean valid;
} Message;

static void
message_clear (Message *message)
{
  g_free (message->from);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Message, message_clear)

static Message
take_apart (const TroupeMessageLine *line)
{
  Message message = { "received", NULL, line->text, line->length, FALSE };

  if (line->kind == TROUPE_RECORD_SENT)
    message.direction = "sent";
  else if (line->kind == TROUPE_RECORD_ROUTED)
    {
      const char *tab = memchr (line->text, '\t', line->length);

      message.direction = "routed";
      if (tab != NULL)
        {
          message.from = g_strndup (line->text, (gsize) (tab - line->text));
          message.text = tab + 1;
          message.length = line->length - (gsize) (message.text - line->text);
        }
    }
  /* Also what a crash left of a message is none. */
  message.valid = line->kind != TROUPE_RECORD_INVALID
                  && troupe_json_text_is_valid (message.text, message.length, NULL, NULL);
  if (!message.valid)
    message.direction = "invalid";
  return message;
}

void
troupe_message_append_json (GString *out, const TroupeMessageLine *line)
{
  g_auto (Message) message = take_apart (line);
  g_autoptr (GString) time = g_string_new (NULL);

  troupe_time_append_iso (time, line->time_usec);
  troupe_json_object_begin (out);
  troupe_json_object_add_string (out, "time", time->str);
  troupe_json_object_add_string (out, "worker", line->worker);
  troupe_json_object_add_string (out, "direction", message.direction);
  if (message.from != NULL)
    troupe_json_object_add_string (out, "from", message.from);
  if (message.valid)
    {
      troupe_json_object_add_raw (out, "payload", "");
      g_string_append_len (out, message.text, (gssize) message.length);
    }
  else
    {
      g_autofree char *text = g_utf8_make_valid (message.text, (gssize) message.length);

      troupe_json_object_add_string (out, "payload", text);
    }
  troupe_json_object_add_string (out, "project", line->project);
  troupe_json_object_add_int (out, "run", (gint64) line->run);
  troupe_json_object_end (out);
}

static const char *
find_string_end (const char *p, const char *end)
{
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\')
      p++;
  return MIN (p + 1, end);
}

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static gboolean
is_key (const char *after, const char *end)
{
  while (after < end && is_blank (*after))
    after++;
  return after < end && *after == ':';
}

static void
append_colored (GString *out, const char *sgr, const char *text, gsize length, gboolean colored)
{
  if (colored)
    g_string_append (out, sgr);
  troupe_terminal_append_safe (out, text, length);
  if (colored)
    g_string_append (out, TROUPE_SGR_RESET);
}

void
troupe_message_append_compact (GString *out, const char *json, gsize length, gboolean colored)
{
  const char *end = json + length;

  for (const char *p = json; p < end;)
    {
      const char *begin = p;

      if (is_blank (*p))
        p++;
      else if (*p == '"')
        {
          p = find_string_end (p, end);
          append_colored (out, is_key (p, end) ? TROUPE_SGR_CYAN : TROUPE_SGR_GREEN, begin, (gsize) (p - begin),
                          colored);
        }
      else if (strchr ("{}[],:", *p) != NULL)
        {
          g_string_append_c (out, *p);
          p++;
        }
      else
        {
          /* A number, true, false or null. */
          while (p < end && !is_blank (*p) && strchr ("{}[],:\"", *p) == NULL)
            p++;
          append_colored (out, TROUPE_SGR_YELLOW, begin, (gsize) (p - begin), colored);
        }
    }
}

void
troupe_message_append_text (GString *out, const TroupeMessageLine *line, const TroupeMessageStyle *style)
{
  g_auto (Message) message = take_apart (line);
  gboolean to_worker = line->kind == TROUPE_RECORD_SENT || line->kind == TROUPE_RECORD_ROUTED;

  if (style->colored)
    g_string_append (out, TROUPE_SGR_DIM);
  troupe_time_append_local (out, line->time_usec, style->zone);
  if (style->colored)
    g_string_append (out, TROUPE_SGR_RESET);
  g_string_append (out, "  ");
  if (style->names)
    {
      g_autofree char *name = troupe_worker_name_dup_full (line->project, line->worker);
      guint width = troupe_terminal_get_width (name);

      g_string_append (out, name);
      for (guint i = width; i < style->name_width; i++)
        g_string_append_c (out, ' ');
      g_string_append_c (out, ' ');
    }
  append_colored (out, to_worker ? TROUPE_SGR_CYAN : TROUPE_SGR_GREEN, to_worker ? "→" : "←", strlen ("→"),
                  style->colored);
  g_string_append_c (out, ' ');
  if (message.from != NULL)
    {
      g_string_append (out, "(from ");
      troupe_terminal_append_safe (out, message.from, strlen (message.from));
      g_string_append (out, ") ");
    }
  if (message.valid)
    troupe_message_append_compact (out, message.text, message.length, style->colored);
  else
    {
      g_string_append (out, "not JSON: ");
      append_colored (out, TROUPE_SGR_RED, message.text, message.length, style->colored);
    }
}
