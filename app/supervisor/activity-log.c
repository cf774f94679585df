/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Writes a worker's events into the journal of its run. */

#include "config.h"

#include "supervisor/activity-log.h"

#include "journal/journal-writer.h"

#include <stdarg.h>
#include <string.h>

/* Room for a run's events; they are few and short. */
#define LIMIT_BYTES (16 * 1024 * 1024)

typedef struct
{
  gint64 time_usec;
  char *line;
} WaitingEvent;

struct _TroupeActivityLog
{
  char *dir;                   /* (nullable) */
  TroupeJournalWriter *writer; /* (owned) (nullable): open while the run is busy */
  GQueue waiting;              /* of WaitingEvent, oldest first */
};

static void
waiting_event_free (gpointer data)
{
  WaitingEvent *event = data;

  g_free (event->line);
  g_free (event);
}

TroupeActivityLog *
troupe_activity_log_new (void)
{
  TroupeActivityLog *self = g_new0 (TroupeActivityLog, 1);

  g_queue_init (&self->waiting);
  return self;
}

void
troupe_activity_log_free (TroupeActivityLog *self)
{
  troupe_activity_log_rest (self);
  g_queue_clear_full (&self->waiting, waiting_event_free);
  g_free (self->dir);
  g_free (self);
}

void
troupe_activity_log_rest (TroupeActivityLog *self)
{
  troupe_journal_writer_close (self->writer);
  self->writer = NULL;
}

static void
write_line (TroupeActivityLog *self, gint64 time_usec, const char *line)
{
  if (self->writer == NULL)
    {
      const TroupeJournalOptions options = { .limit_bytes = LIMIT_BYTES };
      int result = troupe_journal_writer_open (self->dir, TROUPE_LOG_ACTIVITY, &options, &self->writer);

      if (result < 0)
        {
          g_debug ("Could not open the activity log in “%s”, going on without: %s", self->dir,
                   g_strerror (-result));
          self->writer = NULL;
          return;
        }
    }
  troupe_journal_writer_append (self->writer, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, (guint64) time_usec,
                                line, strlen (line));
}

void
troupe_activity_log_set_dir (TroupeActivityLog *self, const char *dir)
{
  WaitingEvent *event;

  troupe_activity_log_rest (self);
  g_free (self->dir);
  self->dir = g_strdup (dir);
  while (self->dir != NULL && (event = g_queue_pop_head (&self->waiting)) != NULL)
    {
      write_line (self, event->time_usec, event->line);
      waiting_event_free (event);
    }
}

void
troupe_activity_log_append_json_string (GString *json, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (json, '"');
  for (const char *p = valid; *p != '\0'; p++)
    {
      if (*p == '"' || *p == '\\')
        g_string_append_printf (json, "\\%c", *p);
      else if ((guchar) *p < 0x20)
        g_string_append_printf (json, "\\u%04x", (guint) (guchar) *p);
      else
        g_string_append_c (json, *p);
    }
  g_string_append_c (json, '"');
}

void
troupe_activity_log_write (TroupeActivityLog *self, gint64 time_usec, const char *event, ...)
{
  g_autoptr (GString) json = g_string_new ("{\"event\":");
  va_list args;
  const char *key;

  troupe_activity_log_append_json_string (json, event);
  va_start (args, event);
  while ((key = va_arg (args, const char *)) != NULL)
    {
      const char *value = va_arg (args, const char *);

      if (value == NULL || value[0] == '\0')
        continue;
      g_string_append_c (json, ',');
      troupe_activity_log_append_json_string (json, key);
      g_string_append_c (json, ':');
      troupe_activity_log_append_json_string (json, value);
    }
  va_end (args);
  g_string_append (json, "}\n");

  if (self->dir != NULL)
    {
      write_line (self, time_usec, json->str);
      return;
    }
  if (g_queue_get_length (&self->waiting) >= TROUPE_ACTIVITY_LOG_WAITING_MAX)
    waiting_event_free (g_queue_pop_head (&self->waiting));
  {
    WaitingEvent *waiting = g_new0 (WaitingEvent, 1);

    waiting->time_usec = time_usec;
    waiting->line = g_string_free (g_steal_pointer (&json), FALSE);
    g_queue_push_tail (&self->waiting, waiting);
  }
}
