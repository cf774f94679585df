/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stdio.h>

#include "cli/log-source.h"

G_BEGIN_DECLS

/* Chooses lines and writes them: `logs` without the reading. */

typedef struct
{
  GRegex *grep;        /* (nullable) made for raw bytes */
  guint64 since_usec;  /* 0: no bound */
  guint64 until_usec;  /* 0: no bound */
  gboolean timestamps; /* before each line */
  gboolean names;      /* after that */
  guint name_width;    /* names are padded to it */
  gboolean colored;
  gboolean safe; /* for a terminal: no tricks with escape sequences */
  GTimeZone *zone;
} TroupeLogFormat;

typedef struct _TroupeLogPrinter TroupeLogPrinter;

/* FORMAT and OUT are borrowed. */
TroupeLogPrinter *troupe_log_printer_new (const TroupeLogFormat *format, FILE *out);
void troupe_log_printer_free (TroupeLogPrinter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLogPrinter, troupe_log_printer_free)

/* TRUE when LINE of SOURCE is one to print. To be asked once for each line, in order. */
gboolean troupe_log_printer_wants (TroupeLogPrinter *self, TroupeLogSource *source, const TroupeLogLine *line);
void troupe_log_printer_print (TroupeLogPrinter *self, TroupeLogSource *source, const TroupeLogLine *line);

G_END_DECLS
