/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One event of a journal (a JSON object on one line) as the command line shows it. Pure. */

typedef struct
{
  guint64 time_usec;
  const char *project;
  const char *worker;
  guint64 run;
  const char *payload; /* the line of the journal; need not end with NUL */
  gsize payload_length;
} TroupeEventLine;

/* {"time":"…Z","worker":"web.1","event":"exited",…,"project":"shop","run":3}: what the journal said,
 * between what it need not say. A line that is no JSON object becomes "event":"invalid" with
 * its "text". No newline. */
void troupe_event_append_json (GString *out, const TroupeEventLine *line);

/* "2024-05-01 12:01:07.221  shop/web.1  exited  code=1 after=2.3": local time. No newline. */
void troupe_event_append_text (GString *out, const TroupeEventLine *line, GTimeZone *zone, gboolean colored);

/* "2024-05-01T12:01:07.221904Z" */
void troupe_time_append_iso (GString *out, guint64 time_usec);
/* "2024-05-01 12:01:07.221", in ZONE. */
void troupe_time_append_local (GString *out, guint64 time_usec, GTimeZone *zone);

G_END_DECLS
