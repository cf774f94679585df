/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Writes a worker's events and messages into the journal of its run. */

#include "config.h"

#include "supervisor/activity-log.h"

#include "journal/journal-writer.h"

#include <stdarg.h>
#include <string.h>

/* Room for a run's events; they are few and short. */
#define DEFAULT_LIMIT_BYTES (16 * 1024 * 1024)

/* A gathering buffer that grew past this is given back when it is written. */
#define GATHER_KEEP_BYTES (64 * 1024)

typedef struct
{
  gint64 time_usec;
  char *line;
} WaitingEvent;

struct _TroupeActivityLog
{
  char *dir;                   /* (nullable) */
  TroupeJournalWriter *writer; /* (owned) (nullable): open while the run is busy */
  guint64 limit_bytes;
  GQueue waiting;              /* of WaitingEvent, oldest first */
  TroupeClock *events_clock;   /* (unowned) (nullable) */
  guint events_timeout;
  gboolean rests_next;

  GString *gathered; /* (owned): lines of messages */
  GArray *pieces;    /* (owned) of TroupeJournalPiece: what they are, in order */
  gint64 written_usec; /* when messages were written last, monotonic */
  TroupeClock *clock; /* (unowned) (nullable): of the timeout */
  guint timeout;
};

static void
waiting_event_free (gpointer data)
{
  WaitingEvent *event = data;

  g_free (event->line);
  g_free (event);
}

TroupeActivityLog *
troupe_activity_log_new (TroupeClock *clock)
{
  TroupeActivityLog *self = g_new0 (TroupeActivityLog, 1);

  g_queue_init (&self->waiting);
  self->events_clock = clock;
  self->limit_bytes = DEFAULT_LIMIT_BYTES;
  self->gathered = g_string_new (NULL);
  self->pieces = g_array_new (FALSE, FALSE, sizeof (TroupeJournalPiece));
  return self;
}

void
troupe_activity_log_free (TroupeActivityLog *self)
{
  troupe_activity_log_rest (self);
  g_queue_clear_full (&self->waiting, waiting_event_free);
  g_string_free (self->gathered, TRUE);
  g_array_unref (self->pieces);
  g_free (self->dir);
  g_free (self);
}

static gboolean
open_writer (TroupeActivityLog *self)
{
  const TroupeJournalOptions options = { .limit_bytes = self->limit_bytes };
  int result;

  if (self->writer != NULL)
    return TRUE;
  result = troupe_journal_writer_open (self->dir, TROUPE_LOG_ACTIVITY, &options, &self->writer);
  if (result == 0)
    return TRUE;
  g_debug ("Could not open the activity log in “%s”, going on without: %s", self->dir, g_strerror (-result));
  self->writer = NULL;
  return FALSE;
}

static void
write_messages (TroupeActivityLog *self)
{
  if (self->clock != NULL)
    troupe_clock_clear_timeout (self->clock, &self->timeout);
  if (self->pieces->len == 0)
    return;
  if (self->dir != NULL && open_writer (self))
    troupe_journal_writer_append_pieces (self->writer, TROUPE_STREAM_MESSAGES, self->gathered->str,
                                         (const TroupeJournalPiece *) (void *) self->pieces->data,
                                         self->pieces->len);
  g_array_set_size (self->pieces, 0);
  if (self->gathered->allocated_len > GATHER_KEEP_BYTES)
    {
      g_string_free (self->gathered, TRUE);
      self->gathered = g_string_new (NULL);
    }
  else
    g_string_truncate (self->gathered, 0);
}

/* Events that wait are younger than messages that are gathered: each kind is written before one
 * of the other is added. */
static void
write_events (TroupeActivityLog *self)
{
  WaitingEvent *event;

  if (self->events_clock != NULL)
    troupe_clock_clear_timeout (self->events_clock, &self->events_timeout);
  while (self->dir != NULL && (event = g_queue_pop_head (&self->waiting)) != NULL)
    {
      if (open_writer (self))
        troupe_journal_writer_append (self->writer, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT,
                                      (guint64) event->time_usec, event->line, strlen (event->line));
      waiting_event_free (event);
    }
}

static gboolean
events_timeout_cb (gpointer user_data)
{
  TroupeActivityLog *self = user_data;

  self->events_timeout = 0;
  if (self->rests_next)
    troupe_activity_log_rest (self);
  else
    write_events (self);
  return G_SOURCE_REMOVE;
}

static void
write_events_soon (TroupeActivityLog *self)
{
  if (self->events_clock == NULL)
    write_events (self);
  else if (self->events_timeout == 0)
    self->events_timeout = troupe_clock_add_timeout (self->events_clock, TROUPE_ACTIVITY_LOG_EVENTS_MSEC,
                                                     events_timeout_cb, self);
}

void
troupe_activity_log_rest_later (TroupeActivityLog *self)
{
  if (self->events_clock == NULL)
    {
      troupe_activity_log_rest (self);
      return;
    }
  /* Who has seen the end looks for the last messages. Events come right behind: before the
   * engine answers whoever asks it anything then. */
  write_messages (self);
  self->rests_next = TRUE;
  troupe_clock_clear_timeout (self->events_clock, &self->events_timeout);
  self->events_timeout = troupe_clock_add_timeout (self->events_clock, 0, events_timeout_cb, self);
}

void
troupe_activity_log_rest (TroupeActivityLog *self)
{
  self->rests_next = FALSE;
  write_messages (self);
  write_events (self);
  troupe_journal_writer_close (self->writer);
  self->writer = NULL;
}

void
troupe_activity_log_set_limit (TroupeActivityLog *self, guint64 limit_bytes)
{
  self->limit_bytes = limit_bytes;
}

void
troupe_activity_log_set_dir (TroupeActivityLog *self, const char *dir)
{
  troupe_activity_log_rest (self);
  g_free (self->dir);
  self->dir = g_strdup (dir);
  if (self->dir != NULL && !g_queue_is_empty (&self->waiting))
    write_events_soon (self);
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
  WaitingEvent *waiting;
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

  if (g_queue_get_length (&self->waiting) >= TROUPE_ACTIVITY_LOG_WAITING_MAX)
    {
      if (self->dir != NULL)
        write_events (self);
      else
        waiting_event_free (g_queue_pop_head (&self->waiting));
    }
  waiting = g_new0 (WaitingEvent, 1);
  waiting->time_usec = time_usec;
  waiting->line = g_string_free (g_steal_pointer (&json), FALSE);
  g_queue_push_tail (&self->waiting, waiting);
  if (self->dir == NULL)
    return;
  write_messages (self);
  write_events_soon (self);
}

void
troupe_activity_log_add_message (TroupeActivityLog *self, gint64 time_usec, TroupeRecordKind kind,
                                 const char *sender, const char *text, gsize length)
{
  TroupeJournalPiece *last
      = self->pieces->len > 0 ? &g_array_index (self->pieces, TroupeJournalPiece, self->pieces->len - 1) : NULL;
  gsize begin = self->gathered->len;
  gsize text_begin;

  if (self->dir != NULL && !g_queue_is_empty (&self->waiting))
    write_events (self);
  if (sender != NULL)
    g_string_append_printf (self->gathered, "%s\t", sender);
  text_begin = self->gathered->len;
  g_string_append_len (self->gathered, text, (gssize) length);
  for (char *p = self->gathered->str + text_begin, *end = self->gathered->str + self->gathered->len;
       (p = memchr (p, '\n', (gsize) (end - p))) != NULL; p++)
    *p = ' ';
  g_string_append_c (self->gathered, '\n');

  if (last != NULL && last->kind == kind && last->time_usec == (guint64) time_usec)
    last->length += self->gathered->len - begin;
  else
    {
      TroupeJournalPiece piece = { kind, (guint64) time_usec, self->gathered->len - begin };

      g_array_append_val (self->pieces, piece);
    }
  if (self->gathered->len >= TROUPE_ACTIVITY_LOG_GATHER_BYTES)
    write_messages (self);
}

static gboolean
gather_timeout_cb (gpointer user_data)
{
  TroupeActivityLog *self = user_data;

  self->timeout = 0;
  self->written_usec = troupe_clock_get_monotonic_usec (self->clock);
  write_messages (self);
  return G_SOURCE_REMOVE;
}

void
troupe_activity_log_settle (TroupeActivityLog *self, TroupeClock *clock)
{
  gint64 now;

  if (self->pieces->len == 0 || self->timeout != 0)
    return;
  self->clock = clock;
  now = troupe_clock_get_monotonic_usec (clock);
  if (now - self->written_usec >= TROUPE_ACTIVITY_LOG_GATHER_MSEC * 1000)
    {
      self->written_usec = now;
      write_messages (self);
      return;
    }
  self->timeout = troupe_clock_add_timeout (clock, TROUPE_ACTIVITY_LOG_GATHER_MSEC, gather_timeout_cb, self);
}
