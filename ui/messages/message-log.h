/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

#include "journal/journal-reader.h"

G_BEGIN_DECLS

/* The conversation of one run, read from its journal as it is asked for: nothing is kept in memory but
 * which rows a filter lets through.
 *
 * Rows are messages and the few events that belong between them. A row has a lasting *number* and,
 * among those that are shown, a *place* from 0 on, which changes as rows come, go or are filtered.
 * Filtering walks over the journal in a thread, newest first. Main thread.
 *
 * Signal: "filtered" when a filter has found more. */
#define TROUPE_TYPE_MESSAGE_LOG (troupe_message_log_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMessageLog, troupe_message_log, TROUPE, MESSAGE_LOG, GObject)

typedef enum
{
  TROUPE_MESSAGE_SENT,
  TROUPE_MESSAGE_RECEIVED,
  TROUPE_MESSAGE_ROUTED,  /* to the worker, from another one */
  TROUPE_MESSAGE_INVALID, /* from the worker, no JSON */
  TROUPE_MESSAGE_LOST,    /* the journal could not keep these bytes */
  TROUPE_MESSAGE_EVENT,
} TroupeMessageKind;

/* The longest name of a sender that is looked for. */
#define TROUPE_MESSAGE_SENDER_MAX 256
/* What a filter looks at of each message. */
#define TROUPE_MESSAGE_FILTER_BYTES (1u << 20)
/* A filter stops at so many rows; 8 bytes each. */
#define TROUPE_MESSAGE_FILTER_ROWS_MAX 4000000u

typedef struct
{
  guint64 number;
  TroupeMessageKind kind;
  guint64 time_usec;
  guint64 offset, length;   /* of the text in its stream; LOST: bytes lost */
  char *sender;             /* (owned) (nullable): of a routed one */
  /* RECEIVED: since the last that was sent before it, if it is the first reply to that. SENT, ROUTED: until the
   * next reply, where the row of that reply does not tell it: because other messages lie between, or it is filtered
   * out. Else 0. */
  guint64 round_trip_usec;
} TroupeMessage;

void troupe_message_clear (TroupeMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TroupeMessage, troupe_message_clear)

typedef struct
{
  const char *text; /* "" lets all through */
  gboolean regex, match_case;
  gboolean sent, received; /* which sides are shown; sent includes routed */
} TroupeMessageFilter;

TroupeMessageLog *troupe_message_log_new (void);

/* DIR: (nullable): folder of the run; it need not exist yet. The filter stays. */
void troupe_message_log_set_dir (TroupeMessageLog *self, const char *dir);
const char *troupe_message_log_get_dir (TroupeMessageLog *self);

/* Looks at the files again; TRUE when something changed. */
gboolean troupe_message_log_refresh (TroupeMessageLog *self);
/* (nullable): in words, why the journal cannot be read. */
const char *troupe_message_log_get_problem (TroupeMessageLog *self);

/* All messages that can be read, whatever the filter. */
guint64 troupe_message_log_get_n_messages (TroupeMessageLog *self);
/* Rows that are shown. */
guint64 troupe_message_log_get_n_rows (TroupeMessageLog *self);
/* The number of the row at PLACE. */
guint64 troupe_message_log_get_number (TroupeMessageLog *self, guint64 place);
/* The place of the row NUMBER, or where it would stand. */
guint64 troupe_message_log_find (TroupeMessageLog *self, guint64 number);
gboolean troupe_message_log_get (TroupeMessageLog *self, guint64 number, TroupeMessage *out);
/* Bytes of MESSAGE's text from AT on; returns how many there were. */
gsize troupe_message_log_read (TroupeMessageLog *self, const TroupeMessage *message, guint64 at, void *buffer,
                               gsize size);

/* FALSE with ERROR set when the text is no regular expression; then the filter stays as it was. */
gboolean troupe_message_log_set_filter (TroupeMessageLog *self, const TroupeMessageFilter *filter, GError **error);
gboolean troupe_message_log_is_filtering (TroupeMessageLog *self);
/* TRUE while the walk over what is there goes on. */
gboolean troupe_message_log_is_scanning (TroupeMessageLog *self);

/* An event as the conversation shows it. Returns: (transfer full) (nullable): NULL: it does not. */
char *troupe_message_log_dup_event_text (TroupeMessageLog *self, const TroupeMessage *event);

G_END_DECLS
