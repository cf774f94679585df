/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* JSON for the eye: its tokens, for colours, and the same text folded to a line or opened over many.
 *
 * Takes any bytes: what is no JSON, or was cut off in the middle, passes as it stands. Pure; the
 * time is in proportion to what is looked at. */

typedef enum
{
  TROUPE_JSON_BLANK,
  TROUPE_JSON_PUNCTUATION, /* one of {}[],: */
  TROUPE_JSON_KEY,         /* a string before a colon */
  TROUPE_JSON_STRING,
  TROUPE_JSON_NUMBER,
  TROUPE_JSON_LITERAL, /* true, false, null */
  TROUPE_JSON_OTHER,   /* no JSON */
} TroupeJsonKind;

#define TROUPE_JSON_N_KINDS (TROUPE_JSON_OTHER + 1)

typedef struct
{
  TroupeJsonKind kind;
  gsize begin, end;
} TroupeJsonSpan;

/* The token at AT; FALSE at the end. Tokens follow each other without gaps and none is empty. */
gboolean troupe_json_next_token (const char *text, gsize length, gsize at, TroupeJsonSpan *token);

typedef enum
{
  TROUPE_JSON_COMPACT, /* one line, no blanks between tokens: for copying and sending */
  TROUPE_JSON_FOLDED,  /* one line, easy to read */
  TROUPE_JSON_OPEN,    /* a line for each member, indented */
} TroupeJsonStyle;

#define TROUPE_JSON_INDENT_MAX 64

/* Appends TEXT to OUT in STYLE, MAX_BYTES of it at most, and what is coloured to SPANS (optional; of
 * TroupeJsonSpan, places in OUT). What is appended is valid UTF-8 without control characters but
 * newlines. FALSE: it was cut off. */
gboolean troupe_json_layout (GString *out, GArray *spans, const char *text, gsize length, TroupeJsonStyle style,
                             gsize max_bytes);

/* Appends any bytes as one line, as above. */
gboolean troupe_json_append_plain (GString *out, const char *text, gsize length, gsize max_bytes);

/* Whether opening shows more than the folded line does: TEXT is an object or an array that holds
 * something. */
gboolean troupe_json_can_open (const char *text, gsize length);

G_END_DECLS
