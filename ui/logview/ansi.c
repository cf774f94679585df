/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The parser keeps a cursor and an array of cells, like a terminal with one line that is as
 * wide as it must be. Sequences are ECMA-48: CSI parameters intermediates final; OSC, DCS, SOS,
 * PM and APC run up to BEL or ST. */

#include "config.h"

#include "logview/ansi.h"

#include <string.h>

#define ESC 0x1b
#define MAX_PARAMETERS 32
#define MAX_PARAMETER_VALUE 65535
#define MAX_CLUSTER_BYTES 64
#define MAX_STYLES G_MAXUINT16

typedef struct
{
  const guint8 *bytes;
  gsize length;
  GArray *cells;  /* of TroupeAnsiCell */
  GArray *styles; /* of TroupeAnsiStyle */
  gsize cursor;
  TroupeAnsiStyle pen;
  guint pen_index;
  gboolean pen_changed;
} Parser;

typedef struct
{
  guint values[MAX_PARAMETERS];
  /* TRUE where a value was set apart by a colon: a part of the one before. */
  gboolean is_part[MAX_PARAMETERS];
  guint n_values;
} Parameters;

static gboolean
is_printable_ascii (guint8 byte)
{
  return byte >= 0x20 && byte < 0x7f;
}

gunichar
troupe_ansi_control_symbol (guint8 byte)
{
  return byte == 0x7f ? 0x2421 : 0x2400 + (byte & 0x1f);
}

/* TRUE when all bytes are printable ASCII; eight at a time. */
static gboolean
is_plain (const guint8 *bytes, gsize length)
{
  gsize i = 0;

  for (; i + 8 <= length; i += 8)
    {
      guint64 word;
      const guint64 ones = 0x0101010101010101u;
      const guint64 highs = 0x8080808080808080u;

      memcpy (&word, bytes + i, 8);
      /* Below 0x20, equal to 0x7f (which 1 more makes 0x80), or above. */
      if ((((word - ones * 0x20) | (word + ones) | word) & highs) != 0)
        return FALSE;
    }
  for (; i < length; i++)
    {
      if (!is_printable_ascii (bytes[i]))
        return FALSE;
    }
  return TRUE;
}

gboolean
troupe_ansi_is_verbatim (const guint8 *bytes, gsize length)
{
  return memchr (bytes, ESC, length) == NULL && memchr (bytes, '\r', length) == NULL &&
         memchr (bytes, '\b', length) == NULL;
}

/* Scripts whose letters take their form from their neighbours or stand out of order. */
static gboolean
is_shaped (gunichar ch)
{
  return (ch >= 0x0590 && ch <= 0x0dff) || (ch >= 0x0e80 && ch <= 0x109f) || (ch >= 0x1780 && ch <= 0x18af) ||
         (ch >= 0xfb1d && ch <= 0xfdff) || (ch >= 0xfe70 && ch <= 0xfefe);
}

static guint
char_columns (gunichar ch)
{
  return g_unichar_iswide (ch) ? 2 : 1;
}

static guint
parser_pen (Parser *self)
{
  if (self->pen_changed)
    {
      const TroupeAnsiStyle *last = &g_array_index (self->styles, TroupeAnsiStyle, self->styles->len - 1);

      self->pen_changed = FALSE;
      if (memcmp (&self->pen, &g_array_index (self->styles, TroupeAnsiStyle, 0), sizeof self->pen) == 0)
        self->pen_index = 0;
      else if (memcmp (&self->pen, last, sizeof self->pen) == 0)
        self->pen_index = self->styles->len - 1;
      else if (self->styles->len < MAX_STYLES)
        {
          g_array_append_val (self->styles, self->pen);
          self->pen_index = self->styles->len - 1;
        }
    }
  return self->pen_index;
}

static TroupeAnsiCell *
parser_cell (Parser *self, gsize column)
{
  return &g_array_index (self->cells, TroupeAnsiCell, column);
}

/* A cell that is written over takes its whole glyph along. */
static void
parser_break_glyph (Parser *self, gsize column)
{
  gsize i = column;

  if (column >= self->cells->len || parser_cell (self, column)->kind != TROUPE_ANSI_CELL_PAD)
    return;
  while (i > 0 && parser_cell (self, i)->kind == TROUPE_ANSI_CELL_PAD)
    i--;
  parser_cell (self, i)->kind = TROUPE_ANSI_CELL_BLANK;
  parser_cell (self, i)->raw_length = 0;
  for (i = i + 1; i < self->cells->len && parser_cell (self, i)->kind == TROUPE_ANSI_CELL_PAD; i++)
    parser_cell (self, i)->kind = TROUPE_ANSI_CELL_BLANK;
}

static void
parser_put_cell (Parser *self, TroupeAnsiCellKind kind, gsize raw, gsize raw_length, guint style)
{
  static const TroupeAnsiCell blank = { 0, 0, 0, TROUPE_ANSI_CELL_BLANK };
  TroupeAnsiCell cell = { raw, style, raw_length, kind };

  if (self->cursor >= TROUPE_ANSI_MAX_COLUMNS)
    return;
  while (self->cells->len < self->cursor)
    g_array_append_val (self->cells, blank);
  if (self->cursor == self->cells->len)
    g_array_append_val (self->cells, cell);
  else
    {
      if (kind != TROUPE_ANSI_CELL_PAD)
        parser_break_glyph (self, self->cursor);
      /* What this glyph leaves of a wide one or a tab behind it is blank. */
      for (gsize i = self->cursor + 1;
           i < self->cells->len && parser_cell (self, i)->kind == TROUPE_ANSI_CELL_PAD; i++)
        parser_cell (self, i)->kind = TROUPE_ANSI_CELL_BLANK;
      *parser_cell (self, self->cursor) = cell;
    }
  self->cursor++;
}

static void
parser_put (Parser *self, TroupeAnsiCellKind kind, gsize raw, gsize raw_length, guint n_columns)
{
  guint style = parser_pen (self);

  /* A glyph is whole or not at all. */
  if (self->cursor + n_columns > TROUPE_ANSI_MAX_COLUMNS)
    return;
  parser_put_cell (self, kind, raw, raw_length, style);
  for (guint i = 1; i < n_columns; i++)
    parser_put_cell (self, TROUPE_ANSI_CELL_PAD, raw, 0, style);
}

/* Shows bytes as text in the muted style of symbols: what we will not obey. */
static void
parser_put_symbols (Parser *self, gsize begin, gsize end)
{
  TroupeAnsiStyle saved = self->pen;

  self->pen = (TroupeAnsiStyle){ .flags = TROUPE_ANSI_SYMBOL };
  self->pen_changed = TRUE;
  for (gsize i = begin; i < end; i++)
    {
      guint8 byte = self->bytes[i];

      parser_put (self,
                  is_printable_ascii (byte) ? TROUPE_ANSI_CELL_ASCII
                  : byte < 0x80             ? TROUPE_ANSI_CELL_CONTROL
                                            : TROUPE_ANSI_CELL_INVALID,
                  i, 1, 1);
    }
  self->pen = saved;
  self->pen_changed = TRUE;
}

/* Joins a mark to the cell before the cursor. FALSE when there is none that it follows. */
static gboolean
parser_join (Parser *self, gsize raw, gsize raw_length)
{
  TroupeAnsiCell *cell;
  gsize column = self->cursor;

  if (column == 0 || column > self->cells->len)
    return FALSE;
  column--;
  while (column > 0 && parser_cell (self, column)->kind == TROUPE_ANSI_CELL_PAD)
    column--;
  cell = parser_cell (self, column);
  if ((cell->kind != TROUPE_ANSI_CELL_ASCII && cell->kind != TROUPE_ANSI_CELL_TEXT &&
       cell->kind != TROUPE_ANSI_CELL_SHAPED) ||
      cell->raw + cell->raw_length != raw || cell->raw_length + raw_length > MAX_CLUSTER_BYTES)
    return FALSE;
  cell->raw_length += raw_length;
  if (cell->kind == TROUPE_ANSI_CELL_ASCII)
    cell->kind = TROUPE_ANSI_CELL_TEXT;
  return TRUE;
}

/* TRUE when the text right before RAW ends with a zero-width joiner (U+200D). */
static gboolean
follows_joiner (Parser *self, gsize raw)
{
  return raw >= 3 && memcmp (self->bytes + raw - 3, "\342\200\215", 3) == 0;
}

/* Puts the character at POSITION, which is not ASCII; returns its bytes. */
static gsize
parser_put_unicode (Parser *self, gsize position)
{
  gunichar ch = g_utf8_get_char_validated ((const char *) self->bytes + position, self->length - position);
  gsize n_bytes;

  if (ch == (gunichar) -1 || ch == (gunichar) -2)
    {
      parser_put (self, TROUPE_ANSI_CELL_INVALID, position, 1, 1);
      return 1;
    }
  n_bytes = g_utf8_skip[self->bytes[position]];
  if (ch < 0xa0)
    {
      /* C1 controls: 8-bit spellings of escape sequences. Shown, never obeyed. */
      parser_put (self, TROUPE_ANSI_CELL_INVALID, position, n_bytes, 1);
      return n_bytes;
    }
  if ((g_unichar_iszerowidth (ch) || follows_joiner (self, position)) && parser_join (self, position, n_bytes))
    return n_bytes;
  parser_put (self, is_shaped (ch) ? TROUPE_ANSI_CELL_SHAPED : TROUPE_ANSI_CELL_TEXT, position, n_bytes,
              char_columns (ch));
  return n_bytes;
}

/* Reads "38;5;N", "38;2;R;G;B" and their forms with colons from values[*i]. */
static gboolean
parse_extended_color (const Parameters *parameters, guint *i, guint32 *color)
{
  guint n = parameters->n_values;
  guint at = *i + 1;

  if (at >= n)
    {
      *i = n;
      return FALSE;
    }
  if (parameters->values[at] == 5 && at + 1 < n)
    {
      *color = TROUPE_ANSI_COLOR_INDEX | MIN (parameters->values[at + 1], 255);
      *i = at + 1;
      return TRUE;
    }
  if (parameters->values[at] == 2)
    {
      guint first = at + 1;
      guint n_parts = 0;

      /* 38:2:COLOURSPACE:R:G:B has one part more than 38:2:R:G:B. */
      for (guint k = at + 1; k < n && parameters->is_part[k]; k++)
        n_parts++;
      if (n_parts >= 4)
        first++;
      if (first + 2 < n)
        {
          *color = TROUPE_ANSI_COLOR_RGB | MIN (parameters->values[first], 255) << 16 |
                   MIN (parameters->values[first + 1], 255) << 8 | MIN (parameters->values[first + 2], 255);
          *i = first + 2;
          return TRUE;
        }
    }
  *i = n;
  return FALSE;
}

static void
apply_sgr (TroupeAnsiStyle *pen, const Parameters *parameters)
{
  for (guint i = 0; i < parameters->n_values; i++)
    {
      guint value = parameters->values[i];

      if (parameters->is_part[i])
        continue;
      switch (value)
        {
        case 0:
          *pen = (TroupeAnsiStyle){ 0 };
          break;
        case 1:
          pen->flags |= TROUPE_ANSI_BOLD;
          break;
        case 2:
          pen->flags |= TROUPE_ANSI_DIM;
          break;
        case 3:
          pen->flags |= TROUPE_ANSI_ITALIC;
          break;
        case 4:
          /* 4:0 is "no underline", 4:3 a curly one. */
          if (i + 1 < parameters->n_values && parameters->is_part[i + 1] && parameters->values[i + 1] == 0)
            pen->flags &= ~TROUPE_ANSI_UNDERLINE;
          else
            pen->flags |= TROUPE_ANSI_UNDERLINE;
          break;
        case 7:
          pen->flags |= TROUPE_ANSI_REVERSE;
          break;
        case 8:
          pen->flags |= TROUPE_ANSI_HIDDEN;
          break;
        case 9:
          pen->flags |= TROUPE_ANSI_STRIKE;
          break;
        case 21:
          pen->flags |= TROUPE_ANSI_UNDERLINE;
          break;
        case 22:
          pen->flags &= ~(TROUPE_ANSI_BOLD | TROUPE_ANSI_DIM);
          break;
        case 23:
          pen->flags &= ~TROUPE_ANSI_ITALIC;
          break;
        case 24:
          pen->flags &= ~TROUPE_ANSI_UNDERLINE;
          break;
        case 27:
          pen->flags &= ~TROUPE_ANSI_REVERSE;
          break;
        case 28:
          pen->flags &= ~TROUPE_ANSI_HIDDEN;
          break;
        case 29:
          pen->flags &= ~TROUPE_ANSI_STRIKE;
          break;
        case 38:
          parse_extended_color (parameters, &i, &pen->foreground);
          break;
        case 39:
          pen->foreground = TROUPE_ANSI_COLOR_DEFAULT;
          break;
        case 48:
          parse_extended_color (parameters, &i, &pen->background);
          break;
        case 49:
          pen->background = TROUPE_ANSI_COLOR_DEFAULT;
          break;
        default:
          if (value >= 30 && value <= 37)
            pen->foreground = TROUPE_ANSI_COLOR_INDEX | (value - 30);
          else if (value >= 40 && value <= 47)
            pen->background = TROUPE_ANSI_COLOR_INDEX | (value - 40);
          else if (value >= 90 && value <= 97)
            pen->foreground = TROUPE_ANSI_COLOR_INDEX | (value - 90 + 8);
          else if (value >= 100 && value <= 107)
            pen->background = TROUPE_ANSI_COLOR_INDEX | (value - 100 + 8);
          break;
        }
    }
}

static void
erase_cells (Parser *self, gsize begin, gsize end)
{
  end = MIN (end, self->cells->len);
  if (begin >= end)
    return;
  parser_break_glyph (self, begin);
  if (end < self->cells->len)
    parser_break_glyph (self, end);
  if (end == self->cells->len)
    {
      g_array_set_size (self->cells, begin);
      return;
    }
  for (gsize i = begin; i < end; i++)
    *parser_cell (self, i) = (TroupeAnsiCell){ 0, 0, 0, TROUPE_ANSI_CELL_BLANK };
}

static void
parse_parameters (const guint8 *bytes, gsize length, Parameters *out)
{
  guint value = 0;
  gboolean part = FALSE;

  out->n_values = 0;
  for (gsize i = 0; i <= length && out->n_values < MAX_PARAMETERS; i++)
    {
      if (i < length && g_ascii_isdigit (bytes[i]))
        {
          value = MIN (value * 10 + (bytes[i] - '0'), MAX_PARAMETER_VALUE);
          continue;
        }
      out->values[out->n_values] = value;
      out->is_part[out->n_values++] = part;
      value = 0;
      part = i < length && bytes[i] == ':';
    }
}

/* Does what the CSI sequence with FINAL asks, if it is one that we obey or drop. */
static gboolean
obey_csi (Parser *self, const guint8 *body, gsize body_length, guint8 final)
{
  Parameters parameters;
  gboolean is_private = body_length > 0 && body[0] >= '<' && body[0] <= '?';
  guint count;

  if (is_private)
    {
      /* Modes of the screen (cursor shown, bracketed paste, synchronized output) mean nothing here. */
      return body[0] == '?' && (final == 'h' || final == 'l');
    }
  for (gsize i = 0; i < body_length; i++)
    {
      if (!g_ascii_isdigit (body[i]) && body[i] != ';' && body[i] != ':')
        return FALSE;
    }
  parse_parameters (body, body_length, &parameters);
  count = MAX (parameters.values[0], 1);
  switch (final)
    {
    case 'm':
      apply_sgr (&self->pen, &parameters);
      self->pen_changed = TRUE;
      return TRUE;
    case 'K':
      if (parameters.values[0] == 0)
        erase_cells (self, self->cursor, self->cells->len);
      else if (parameters.values[0] == 1)
        erase_cells (self, 0, self->cursor + 1);
      else if (parameters.values[0] == 2)
        erase_cells (self, 0, self->cells->len);
      else
        return FALSE;
      return TRUE;
    case 'G':
      self->cursor = MIN (count - 1, TROUPE_ANSI_MAX_COLUMNS);
      return TRUE;
    case 'C':
      self->cursor = MIN (self->cursor + count, TROUPE_ANSI_MAX_COLUMNS);
      return TRUE;
    case 'D':
      self->cursor -= MIN (self->cursor, count);
      return TRUE;
    default:
      return FALSE;
    }
}

/* Handles the sequence that starts at POSITION with ESC; returns where it ends. */
static gsize
parser_escape (Parser *self, gsize position)
{
  const guint8 *bytes = self->bytes;
  gsize end = position + 1;

  if (end >= self->length)
    {
      parser_put_symbols (self, position, end);
      return end;
    }
  if (bytes[end] == '[')
    {
      gsize body = end + 1;

      for (end = body; end < self->length && bytes[end] >= 0x20 && bytes[end] < 0x40; end++)
        ;
      if (end < self->length && bytes[end] >= 0x40 && bytes[end] < 0x7f &&
          obey_csi (self, bytes + body, end - body, bytes[end]))
        return end + 1;
      end = MIN (end + (end < self->length && is_printable_ascii (bytes[end])), self->length);
      parser_put_symbols (self, position, end);
      return end;
    }
  if (bytes[end] == ']')
    {
      gsize body = end + 1;

      for (end = body; end < self->length && bytes[end] != 0x07 && bytes[end] != ESC; end++)
        ;
      /* Titles (0, 1, 2) and links (8), when they are whole. */
      if (end < self->length && end - body >= 2 && body + 1 < self->length && bytes[body + 1] == ';' &&
          (strchr ("0128", bytes[body]) != NULL && bytes[body] != 0))
        {
          if (bytes[end] == 0x07)
            return end + 1;
          if (end + 1 < self->length && bytes[end + 1] == '\\')
            return end + 2;
        }
      parser_put_symbols (self, position, body);
      return body;
    }
  /* Choosing a character set: ESC ( B at the end of many `tput sgr0`. */
  if ((bytes[end] == '(' || bytes[end] == ')') && end + 1 < self->length &&
      (bytes[end + 1] == 'B' || bytes[end + 1] == '0'))
    return end + 2;
  if (bytes[end] == '=' || bytes[end] == '>')
    return end + 1;
  parser_put_symbols (self, position, position + 1);
  return position + 1;
}

static gsize
parser_control (Parser *self, gsize position)
{
  guint8 byte = self->bytes[position];

  switch (byte)
    {
    case ESC:
      return parser_escape (self, position);
    case '\r':
      self->cursor = 0;
      break;
    case '\b':
      self->cursor -= MIN (self->cursor, 1);
      break;
    case '\t':
      parser_put (self, TROUPE_ANSI_CELL_TAB, position, 1,
                  TROUPE_ANSI_TAB_COLUMNS - self->cursor % TROUPE_ANSI_TAB_COLUMNS);
      break;
    default:
      parser_put_symbols (self, position, position + 1);
      break;
    }
  return position + 1;
}

static void
line_set_plain (TroupeAnsiLine *line, gsize length)
{
  *line = (TroupeAnsiLine){ .plain = TRUE, .n_columns = length };
}

static void
parser_init (Parser *self, const guint8 *bytes, gsize length)
{
  static const TroupeAnsiStyle default_style;

  *self = (Parser){ .bytes = bytes, .length = length };
  self->cells = g_array_sized_new (FALSE, FALSE, sizeof (TroupeAnsiCell), length);
  self->styles = g_array_new (FALSE, FALSE, sizeof (TroupeAnsiStyle));
  g_array_append_val (self->styles, default_style);
}

static void
parser_finish (Parser *self, TroupeAnsiLine *line)
{
  *line = (TroupeAnsiLine){ 0 };
  line->n_columns = self->cells->len;
  line->n_styles = self->styles->len;
  line->cells = (TroupeAnsiCell *) (gpointer) g_array_free (self->cells, FALSE);
  line->styles = (TroupeAnsiStyle *) (gpointer) g_array_free (self->styles, FALSE);
}

void
troupe_ansi_parse (const guint8 *bytes, gsize length, TroupeAnsiLine *line)
{
  Parser parser;
  gsize position = 0;

  length = MIN (length, TROUPE_ANSI_MAX_BYTES);
  if (length > 0 && bytes[length - 1] == '\r')
    length--;
  if (is_plain (bytes, length))
    {
      line_set_plain (line, length);
      return;
    }
  parser_init (&parser, bytes, length);
  while (position < length)
    {
      guint8 byte = bytes[position];

      if (is_printable_ascii (byte))
        parser_put (&parser, TROUPE_ANSI_CELL_ASCII, position++, 1, 1);
      else if (byte >= 0x80)
        position += parser_put_unicode (&parser, position);
      else
        position = parser_control (&parser, position);
    }
  parser_finish (&parser, line);
}

void
troupe_ansi_parse_window (const guint8 *bytes, gsize length, TroupeAnsiLine *line)
{
  static const TroupeAnsiStyle symbol_style = { .flags = TROUPE_ANSI_SYMBOL };
  Parser parser;
  gsize position = 0;

  if (is_plain (bytes, length))
    {
      line_set_plain (line, length);
      return;
    }
  parser_init (&parser, bytes, length);
  g_array_append_val (parser.styles, symbol_style);
  while (position < length)
    {
      guint8 byte = bytes[position];
      TroupeAnsiCell cell = { position, 0, 1, TROUPE_ANSI_CELL_ASCII };
      gsize n_bytes = 1;

      if (byte >= 0x80)
        {
          gunichar ch = g_utf8_get_char_validated ((const char *) bytes + position, length - position);

          if (ch == (gunichar) -1 || ch == (gunichar) -2 || ch < 0xa0)
            cell.kind = TROUPE_ANSI_CELL_INVALID;
          else
            {
              cell.kind = TROUPE_ANSI_CELL_TEXT;
              cell.raw_length = n_bytes = g_utf8_skip[byte];
            }
        }
      else if (!is_printable_ascii (byte))
        {
          cell.kind = TROUPE_ANSI_CELL_CONTROL;
          cell.style = 1;
        }
      g_array_append_val (parser.cells, cell);
      for (gsize i = 1; i < n_bytes; i++)
        {
          TroupeAnsiCell pad = { position, cell.style, 0, TROUPE_ANSI_CELL_PAD };

          g_array_append_val (parser.cells, pad);
        }
      position += n_bytes;
    }
  parser_finish (&parser, line);
}

void
troupe_ansi_line_clear (TroupeAnsiLine *line)
{
  g_clear_pointer (&line->cells, g_free);
  g_clear_pointer (&line->styles, g_free);
  line->n_columns = 0;
}

void
troupe_ansi_append_text (const TroupeAnsiLine *line, const guint8 *bytes, gsize begin, gsize end,
                         GByteArray *out)
{
  end = MIN (end, line->n_columns);
  if (begin >= end)
    return;
  if (line->plain)
    {
      g_byte_array_append (out, bytes + begin, end - begin);
      return;
    }
  for (gsize i = begin; i < end; i++)
    {
      const TroupeAnsiCell *cell = &line->cells[i];

      if (cell->kind == TROUPE_ANSI_CELL_BLANK)
        g_byte_array_append (out, (const guint8 *) " ", 1);
      else if (cell->raw_length > 0)
        g_byte_array_append (out, bytes + cell->raw, cell->raw_length);
    }
}
