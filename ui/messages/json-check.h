/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Says whether a text that somebody types is JSON, and if not, what is wrong where, for people.
 *
 * As strict as JSON.parse, so what passes here passes the engine and Node. A pure function; it
 * allocates nothing and takes time in proportion to the text. */

#define TROUPE_JSON_CHECK_DEPTH_MAX 512

typedef struct
{
  gsize offset;        /* of the first byte that does not fit */
  guint line, column;  /* the same place for people, from 1; columns are characters */
  const char *message; /* static, to be translated */
} TroupeJsonProblem;

/* FALSE sets *PROBLEM. A text of nothing but blanks is a problem, too. */
gboolean troupe_json_check (const char *text, gsize length, TroupeJsonProblem *problem);

/* "Column 5: text stands in double quotes", with the line when there are several. Translated.
 * Returns: (transfer full) */
char *troupe_json_problem_dup_text (const TroupeJsonProblem *problem);

G_END_DECLS
