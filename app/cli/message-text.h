/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

#include "journal/journal-format.h"

G_BEGIN_DECLS

/* One message of a journal as the command line shows it. Pure. */

typedef struct
{
  guint64 time_usec;
  const char *project;
  const char *worker;
  guint64 run;
  TroupeRecordKind kind; /* SENT, RECEIVED, INVALID or ROUTED */
  const char *text;      /* the line of the journal; need not end with NUL */
  gsize length;
} TroupeMessageLine;

/* {"time":"…Z","worker":"web.1","direction":"received","payload":{…},"project":"shop","run":3}: the
 * payload is the message as it stands, of an invalid line a string with its bytes; a routed message
 * has "from" before it. A message that is no JSON is invalid, whatever LINE says. No newline. */
void troupe_message_append_json (GString *out, const TroupeMessageLine *line);

typedef struct
{
  gboolean names; /* of the workers */
  gboolean colored;
  guint name_width; /* names are padded to it */
  GTimeZone *zone;
} TroupeMessageStyle;

/* "2024-05-01 12:01:07.221  web.1 → {"number":7}": → to the worker (with the sender when it is
 * another worker), ← from it. Blanks between tokens are left out. No newline. */
void troupe_message_append_text (GString *out, const TroupeMessageLine *line, const TroupeMessageStyle *style);

/* A JSON text without blanks between tokens, in colours or not, safe for a terminal. */
void troupe_message_append_compact (GString *out, const char *json, gsize length, gboolean colored);

G_END_DECLS
