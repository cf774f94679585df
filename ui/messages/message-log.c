/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The rows of a conversation.
 *
 * What a filter lets through is two lists: `older` was found backwards from where the walk began, so
 * it is in descending order; `newer` came since, ascending. */

#include "config.h"

#include "messages/message-log.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "client/format.h"
#include "logview/log-matcher.h"
#include "messages/message-scan.h"

#define ROWS_MASK (TROUPE_STREAM_MASK (TROUPE_STREAM_MESSAGES) | TROUPE_STREAM_MASK (TROUPE_STREAM_EVENTS))
#define MESSAGES_MASK TROUPE_STREAM_MASK (TROUPE_STREAM_MESSAGES)
#define EVENT_MAX 4096
/* Rows between a message and its reply that are looked over. */
#define ROUND_TRIP_ROWS_MAX 64

struct _TroupeMessageLog
{
  GObject parent_instance;

  char *dir;                   /* (owned) (nullable) */
  TroupeJournalReader *reader; /* (owned) (nullable) */
  char *problem;               /* (owned) (nullable) */
  guint64 begin, end;          /* rows that can be read and are whole */

  gboolean filtering;
  TroupeLogMatcher *matcher; /* (owned) (nullable) */
  unsigned kinds;
  GArray *older, *newer;   /* (owned) of guint64 */
  guint64 scanned_end;     /* rows before this are scanned or being scanned */
  TroupeMessageScan *scan; /* (owned) (nullable) */
  gboolean scan_is_first;
};

enum
{
  FILTERED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeMessageLog, troupe_message_log, G_TYPE_OBJECT)

static guint signals[N_SIGNALS];

static void troupe_message_log_scan_new (TroupeMessageLog *self);

void
troupe_message_clear (TroupeMessage *message)
{
  g_clear_pointer (&message->sender, g_free);
}

/* ---- Filter ---- */

static void
scanned_cb (const guint64 *rows, gsize n_rows, gpointer user_data)
{
  TroupeMessageLog *self = user_data;

  if (rows == NULL)
    {
      g_clear_pointer (&self->scan, troupe_message_scan_cancel);
      troupe_message_log_scan_new (self);
    }
  else if (self->scan_is_first)
    {
      for (gsize i = n_rows; i > 0; i--)
        g_array_append_val (self->older, rows[i - 1]);
      /* The newest are there; older ones are left out. */
      if (self->older->len + self->newer->len > TROUPE_MESSAGE_FILTER_ROWS_MAX)
        g_clear_pointer (&self->scan, troupe_message_scan_cancel);
    }
  else
    {
      g_array_append_vals (self->newer, rows, (guint) n_rows);
      if (self->older->len + self->newer->len > TROUPE_MESSAGE_FILTER_ROWS_MAX)
        g_array_set_size (self->older, self->older->len - MIN (self->older->len, (guint) n_rows));
    }
  g_signal_emit (self, signals[FILTERED], 0);
}

static void
troupe_message_log_start_scan (TroupeMessageLog *self, guint64 begin, guint64 end, gboolean backwards)
{
  TroupeMessageScanOrder order = {
    .dir = self->dir,
    .mask = ROWS_MASK,
    .matcher = self->matcher,
    .kinds = self->kinds,
    .text_max = TROUPE_MESSAGE_FILTER_BYTES,
    .begin = begin,
    .end = end,
    .backwards = backwards,
  };

  self->scan_is_first = backwards;
  self->scanned_end = end;
  self->scan = troupe_message_scan_start (&order, scanned_cb, self);
}

static void
troupe_message_log_scan_new (TroupeMessageLog *self)
{
  if (self->filtering && self->scan == NULL && self->reader != NULL && self->end > self->scanned_end)
    troupe_message_log_start_scan (self, MAX (self->scanned_end, self->begin), self->end, FALSE);
}

static void
troupe_message_log_restart_filter (TroupeMessageLog *self)
{
  g_clear_pointer (&self->scan, troupe_message_scan_cancel);
  g_array_set_size (self->older, 0);
  g_array_set_size (self->newer, 0);
  self->scanned_end = self->begin;
  if (self->filtering && self->reader != NULL && self->end > self->begin)
    troupe_message_log_start_scan (self, self->begin, self->end, TRUE);
}

gboolean
troupe_message_log_set_filter (TroupeMessageLog *self, const TroupeMessageFilter *filter, GError **error)
{
  TroupeLogMatcher *matcher = NULL;
  unsigned kinds = 0;

  if (filter->text[0] != '\0')
    {
      matcher = troupe_log_matcher_new (filter->text,
                                        (filter->regex ? TROUPE_LOG_MATCH_REGEX : 0) |
                                            (filter->match_case ? TROUPE_LOG_MATCH_CASE : 0),
                                        error);
      if (matcher == NULL)
        return FALSE;
    }
  if (filter->sent)
    kinds |= 1u << TROUPE_RECORD_SENT | 1u << TROUPE_RECORD_ROUTED;
  if (filter->received)
    kinds |= 1u << TROUPE_RECORD_RECEIVED | 1u << TROUPE_RECORD_INVALID;
  g_clear_pointer (&self->matcher, troupe_log_matcher_unref);
  self->matcher = matcher;
  self->kinds = kinds;
  self->filtering = matcher != NULL || !filter->sent || !filter->received;
  troupe_message_log_restart_filter (self);
  return TRUE;
}

gboolean
troupe_message_log_is_filtering (TroupeMessageLog *self)
{
  return self->filtering;
}

gboolean
troupe_message_log_is_scanning (TroupeMessageLog *self)
{
  return self->scan != NULL && self->scan_is_first;
}

/* ---- Files ---- */

static void
troupe_message_log_update_range (TroupeMessageLog *self)
{
  TroupeJournalRow last;

  self->begin = troupe_journal_reader_get_begin (self->reader, ROWS_MASK);
  self->end = troupe_journal_reader_get_end (self->reader, ROWS_MASK);
  /* A line that is still being written is not there yet. */
  if (self->end > self->begin && troupe_journal_reader_get_row (self->reader, ROWS_MASK, self->end - 1, &last) &&
      !last.complete && last.kind != TROUPE_RECORD_LOST)
    self->end--;
}

static gboolean
troupe_message_log_open (TroupeMessageLog *self)
{
  int result;

  if (self->reader != NULL || self->dir == NULL)
    return FALSE;
  result = troupe_journal_reader_open (self->dir, TROUPE_LOG_ACTIVITY, &self->reader);
  if (result == 0)
    {
      g_clear_pointer (&self->problem, g_free);
      return TRUE;
    }
  self->reader = NULL;
  if (result != -ENOENT && self->problem == NULL)
    {
      self->problem = result == -EPROTONOSUPPORT
                          ? g_strdup (_ ("This journal was written by a newer version of Troupe."))
                          : g_strdup_printf (_ ("The journal could not be read: %s"), g_strerror (-result));
      return TRUE;
    }
  return FALSE;
}

void
troupe_message_log_set_dir (TroupeMessageLog *self, const char *dir)
{
  if (g_strcmp0 (self->dir, dir) == 0)
    return;
  g_clear_pointer (&self->scan, troupe_message_scan_cancel);
  g_clear_pointer (&self->reader, troupe_journal_reader_close);
  g_clear_pointer (&self->problem, g_free);
  g_free (self->dir);
  self->dir = g_strdup (dir);
  self->begin = self->end = 0;
  troupe_message_log_restart_filter (self);
  troupe_message_log_refresh (self);
}

const char *
troupe_message_log_get_dir (TroupeMessageLog *self)
{
  return self->dir;
}

gboolean
troupe_message_log_refresh (TroupeMessageLog *self)
{
  gboolean opened = troupe_message_log_open (self);

  if (self->reader == NULL)
    return opened;
  if (!troupe_journal_reader_refresh (self->reader) && !opened)
    return FALSE;
  troupe_message_log_update_range (self);
  if (opened)
    troupe_message_log_restart_filter (self);
  else
    troupe_message_log_scan_new (self);
  return TRUE;
}

const char *
troupe_message_log_get_problem (TroupeMessageLog *self)
{
  return self->problem;
}

/* ---- Rows ---- */

guint64
troupe_message_log_get_n_messages (TroupeMessageLog *self)
{
  if (self->reader == NULL)
    return 0;
  return troupe_journal_reader_get_end (self->reader, MESSAGES_MASK) -
         troupe_journal_reader_get_begin (self->reader, MESSAGES_MASK);
}

/* Rows at the old end of `older` whose segments were deleted since. */
static guint
troupe_message_log_count_gone (TroupeMessageLog *self)
{
  guint gone = 0;

  while (gone < self->older->len && g_array_index (self->older, guint64, self->older->len - 1 - gone) < self->begin)
    gone++;
  return gone;
}

guint64
troupe_message_log_get_n_rows (TroupeMessageLog *self)
{
  if (!self->filtering)
    return self->end - self->begin;
  g_array_set_size (self->older, self->older->len - troupe_message_log_count_gone (self));
  return self->older->len + self->newer->len;
}

guint64
troupe_message_log_get_number (TroupeMessageLog *self, guint64 place)
{
  if (!self->filtering)
    return self->begin + place;
  if (place < self->older->len)
    return g_array_index (self->older, guint64, self->older->len - 1 - place);
  return g_array_index (self->newer, guint64, place - self->older->len);
}

guint64
troupe_message_log_find (TroupeMessageLog *self, guint64 number)
{
  guint64 low = 0, high;

  if (!self->filtering)
    return CLAMP (number, self->begin, self->end) - self->begin;
  high = self->older->len + self->newer->len;
  while (low < high)
    {
      guint64 middle = low + (high - low) / 2;

      if (troupe_message_log_get_number (self, middle) < number)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static TroupeMessageKind
to_kind (TroupeRecordKind kind)
{
  switch (kind)
    {
    case TROUPE_RECORD_SENT:
      return TROUPE_MESSAGE_SENT;
    case TROUPE_RECORD_RECEIVED:
      return TROUPE_MESSAGE_RECEIVED;
    case TROUPE_RECORD_ROUTED:
      return TROUPE_MESSAGE_ROUTED;
    case TROUPE_RECORD_LOST:
      return TROUPE_MESSAGE_LOST;
    case TROUPE_RECORD_EVENT:
      return TROUPE_MESSAGE_EVENT;
    case TROUPE_RECORD_DATA:
    case TROUPE_RECORD_INVALID:
      return TROUPE_MESSAGE_INVALID;
    }
  return TROUPE_MESSAGE_INVALID;
}

/* The sender stands before the text, with a tab between. */
static void
take_sender (TroupeMessageLog *self, TroupeMessage *message)
{
  char start[TROUPE_MESSAGE_SENDER_MAX + 1];
  gsize got = troupe_message_log_read (self, message, 0, start, sizeof start);
  const char *tab = memchr (start, '\t', got);

  if (tab == NULL)
    return;
  message->sender = g_utf8_make_valid (start, tab - start);
  message->offset += (guint64) (tab - start) + 1;
  message->length -= (guint64) (tab - start) + 1;
}

static gboolean
is_to_worker (TroupeRecordKind kind)
{
  return kind == TROUPE_RECORD_SENT || kind == TROUPE_RECORD_ROUTED;
}

/* Since the last that was sent before this reply, unless another reply came in between. */
static guint64
get_time_since_sent (TroupeMessageLog *self, const TroupeMessage *reply)
{
  for (guint64 back = 1; back <= ROUND_TRIP_ROWS_MAX && reply->number >= self->begin + back; back++)
    {
      TroupeJournalRow before;

      if (!troupe_journal_reader_get_row (self->reader, ROWS_MASK, reply->number - back, &before) ||
          before.kind == TROUPE_RECORD_RECEIVED)
        return 0;
      if (is_to_worker (before.kind))
        /* Both within one microsecond still is a round trip. */
        return MAX (1, reply->time_usec - MIN (before.time_usec, reply->time_usec));
    }
  return 0;
}

/* Until the next reply. Where it is the next message, and in view, that one says it. */
static guint64
get_time_to_reply (TroupeMessageLog *self, const TroupeMessage *sent)
{
  gboolean told_by_reply = !self->filtering;

  for (guint64 number = sent->number + 1; number <= sent->number + ROUND_TRIP_ROWS_MAX && number < self->end; number++)
    {
      TroupeJournalRow after;

      if (!troupe_journal_reader_get_row (self->reader, ROWS_MASK, number, &after))
        return 0;
      if (after.kind == TROUPE_RECORD_RECEIVED)
        return told_by_reply ? 0 : MAX (1, MAX (after.time_usec, sent->time_usec) - sent->time_usec);
      if (is_to_worker (after.kind))
        told_by_reply = FALSE;
    }
  return 0;
}

gboolean
troupe_message_log_get (TroupeMessageLog *self, guint64 number, TroupeMessage *out)
{
  TroupeJournalRow row;

  if (self->reader == NULL || !troupe_journal_reader_get_row (self->reader, ROWS_MASK, number, &row))
    return FALSE;
  *out = (TroupeMessage){
    .number = number,
    .kind = to_kind (row.kind),
    .time_usec = row.time_usec,
    .offset = row.offset,
    .length = row.length,
  };
  if (out->kind == TROUPE_MESSAGE_ROUTED)
    take_sender (self, out);
  if (out->kind == TROUPE_MESSAGE_RECEIVED)
    out->round_trip_usec = get_time_since_sent (self, out);
  else if (is_to_worker (row.kind))
    out->round_trip_usec = get_time_to_reply (self, out);
  return TRUE;
}

gsize
troupe_message_log_read (TroupeMessageLog *self, const TroupeMessage *message, guint64 at, void *buffer, gsize size)
{
  TroupeStream stream = message->kind == TROUPE_MESSAGE_EVENT ? TROUPE_STREAM_EVENTS : TROUPE_STREAM_MESSAGES;
  ssize_t got;

  if (self->reader == NULL || message->kind == TROUPE_MESSAGE_LOST || at >= message->length)
    return 0;
  got = troupe_journal_reader_read (self->reader, stream, message->offset + at, buffer,
                                    MIN (size, message->length - at));
  return (gsize) MAX (got, 0);
}

/* The value of a string field of our own events, which are flat. */
static char *
dup_field (const char *json, const char *name)
{
  g_autofree char *key = g_strdup_printf ("\"%s\":\"", name);
  const char *value = strstr (json, key), *end;

  if (value == NULL)
    return NULL;
  value += strlen (key);
  end = strchr (value, '"');
  return end != NULL ? g_strndup (value, (gsize) (end - value)) : NULL;
}

char *
troupe_message_log_dup_event_text (TroupeMessageLog *self, const TroupeMessage *event)
{
  char json[EVENT_MAX + 1];
  gsize length = troupe_message_log_read (self, event, 0, json, EVENT_MAX);
  g_autofree char *name = NULL, *by = NULL, *to = NULL, *bytes = NULL, *summary = NULL;

  json[length] = '\0';
  name = dup_field (json, "event");
  if (g_strcmp0 (name, "disconnected") == 0)
    {
      by = dup_field (json, "by");
      return g_strdup (g_strcmp0 (by, "worker") == 0 ? _ ("The worker closed its channel")
                                                     : _ ("The channel was closed from here"));
    }
  if (g_strcmp0 (name, "message-too-long") == 0)
    {
      g_autofree char *size = NULL;

      bytes = dup_field (json, "bytes");
      size = troupe_format_dup_bytes (bytes != NULL ? g_ascii_strtoull (bytes, NULL, 10) : 0);
      return g_strdup_printf (_ ("A message of %s was dropped: it is too long"), size);
    }
  if (g_strcmp0 (name, "not-delivered") == 0)
    {
      to = dup_field (json, "to");
      return g_strdup_printf (_ ("Not passed on to %s: it takes no messages now"), to != NULL ? to : "?");
    }
  if (g_strcmp0 (name, "ended") == 0)
    {
      summary = dup_field (json, "summary");
      return summary != NULL ? g_utf8_make_valid (summary, -1) : NULL;
    }
  return NULL;
}

static void
troupe_message_log_finalize (GObject *object)
{
  TroupeMessageLog *self = TROUPE_MESSAGE_LOG (object);

  g_clear_pointer (&self->scan, troupe_message_scan_cancel);
  g_clear_pointer (&self->reader, troupe_journal_reader_close);
  g_clear_pointer (&self->matcher, troupe_log_matcher_unref);
  g_array_unref (self->older);
  g_array_unref (self->newer);
  g_free (self->dir);
  g_free (self->problem);
  G_OBJECT_CLASS (troupe_message_log_parent_class)->finalize (object);
}

static void
troupe_message_log_class_init (TroupeMessageLogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = troupe_message_log_finalize;
  signals[FILTERED] = g_signal_new ("filtered", TROUPE_TYPE_MESSAGE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 0);
}

static void
troupe_message_log_init (TroupeMessageLog *self)
{
  self->older = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->newer = g_array_new (FALSE, FALSE, sizeof (guint64));
}

TroupeMessageLog *
troupe_message_log_new (void)
{
  return g_object_new (TROUPE_TYPE_MESSAGE_LOG, NULL);
}
