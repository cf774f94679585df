/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Turns the bytes of one line into a row of cells, as a terminal would leave them.
 *
 * Pure: opens nothing, any thread. Colours and styles (SGR) become styles of cells; a
 * carriage return, a backspace and the sequences that move within the line or erase it act
 * as in a terminal, so a progress bar shows its last state. Hyperlinks, titles and cursor
 * visibility are dropped. Every other escape sequence is shown as text, and control bytes
 * as symbols: nothing a program prints can act. Styles end with the line. */

typedef enum
{
  TROUPE_ANSI_BOLD = 1 << 0,
  TROUPE_ANSI_DIM = 1 << 1,
  TROUPE_ANSI_ITALIC = 1 << 2,
  TROUPE_ANSI_UNDERLINE = 1 << 3,
  TROUPE_ANSI_REVERSE = 1 << 4,
  TROUPE_ANSI_STRIKE = 1 << 5,
  TROUPE_ANSI_HIDDEN = 1 << 6,
  TROUPE_ANSI_SYMBOL = 1 << 7, /* a control byte made visible, an escape shown as text */
} TroupeAnsiFlags;

/* A colour: 0 is the default one; otherwise its kind in the top byte. */
#define TROUPE_ANSI_COLOR_DEFAULT 0u
#define TROUPE_ANSI_COLOR_INDEX 0x01000000u /* | 0…255 */
#define TROUPE_ANSI_COLOR_RGB 0x02000000u   /* | 0xrrggbb */

typedef struct
{
  guint32 foreground;
  guint32 background;
  guint32 flags; /* TroupeAnsiFlags */
} TroupeAnsiStyle;

typedef enum
{
  TROUPE_ANSI_CELL_BLANK,   /* a place nothing was written to; a space */
  TROUPE_ANSI_CELL_PAD,     /* belongs to the cell before it: rest of a tab, of a wide one */
  TROUPE_ANSI_CELL_ASCII,   /* bytes[raw] as it is */
  TROUPE_ANSI_CELL_TEXT,    /* bytes[raw, raw + raw_length): UTF-8, a base and its marks */
  TROUPE_ANSI_CELL_SHAPED,  /* the same, in a script whose letters join */
  TROUPE_ANSI_CELL_TAB,     /* a tab; PADs fill it up */
  TROUPE_ANSI_CELL_CONTROL, /* a byte below 32 or 127: drawn as its symbol */
  TROUPE_ANSI_CELL_INVALID, /* a byte that is not UTF-8: drawn as U+FFFD */
} TroupeAnsiCellKind;

typedef struct
{
  guint32 raw; /* where its bytes stand in the line */
  guint16 style;
  guint8 raw_length;
  guint8 kind; /* TroupeAnsiCellKind */
} TroupeAnsiCell;

typedef struct
{
  /* Printable ASCII only: cell i is byte i, and cells and styles are empty. */
  gboolean plain;
  gsize n_columns;
  TroupeAnsiCell *cells;
  TroupeAnsiStyle *styles; /* styles[0] is the default; NULL when plain */
  guint n_styles;
} TroupeAnsiLine;

/* Longer lines are cut here; see troupe_ansi_parse_window. */
#define TROUPE_ANSI_MAX_BYTES (16u << 10)
/* What cursor movements and tabs can blow a line up to. */
#define TROUPE_ANSI_MAX_COLUMNS (32u << 10)
#define TROUPE_ANSI_TAB_COLUMNS 8

/* Parses LENGTH bytes, of which those past TROUPE_ANSI_MAX_BYTES are ignored. A line
 * ending "\r\n" comes with its "\r", which does nothing. */
void troupe_ansi_parse (const guint8 *bytes, gsize length, TroupeAnsiLine *line);

/* Parses a piece of a line too long to be parsed whole: a cell for each byte, so any
 * column can be reached by reading there. No styles; escapes are shown as text. */
void troupe_ansi_parse_window (const guint8 *bytes, gsize length, TroupeAnsiLine *line);

void troupe_ansi_line_clear (TroupeAnsiLine *line);

/* The bytes that cells [begin, end) stand for, appended to OUT. */
void troupe_ansi_append_text (const TroupeAnsiLine *line, const guint8 *bytes, gsize begin, gsize end,
                              GByteArray *out);

/* TRUE when LENGTH bytes are their own text: nothing in them would be dropped or moved. */
gboolean troupe_ansi_is_verbatim (const guint8 *bytes, gsize length);

/* What is drawn for a CONTROL cell: U+2400 + BYTE, U+2421 for 127. */
gunichar troupe_ansi_control_symbol (guint8 byte);

G_END_DECLS
