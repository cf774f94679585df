/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What lines become: cells, colours, symbols. And that nothing a program prints breaks it. */

#include "config.h"

#include "fuzz-ansi.h"
#include "logview/ansi.h"
#include "logview/log-palette.h"

#include <string.h>

/* What one sees: the cells as text, with symbols for what has no glyph of its own. */
static char *
dup_seen (const TroupeAnsiLine *line, const guint8 *bytes)
{
  GString *text = g_string_new (NULL);

  if (line->plain)
    return g_string_free (g_string_append_len (text, (const char *) bytes, line->n_columns), FALSE);
  for (gsize i = 0; i < line->n_columns; i++)
    {
      const TroupeAnsiCell *cell = &line->cells[i];

      switch ((TroupeAnsiCellKind) cell->kind)
        {
        case TROUPE_ANSI_CELL_BLANK:
          g_string_append_c (text, '_');
          break;
        case TROUPE_ANSI_CELL_PAD:
          g_string_append_c (text, '.');
          break;
        case TROUPE_ANSI_CELL_TAB:
          g_string_append_c (text, '>');
          break;
        case TROUPE_ANSI_CELL_CONTROL:
          g_string_append_unichar (text, troupe_ansi_control_symbol (bytes[cell->raw]));
          break;
        case TROUPE_ANSI_CELL_INVALID:
          g_string_append (text, "�");
          break;
        case TROUPE_ANSI_CELL_ASCII:
        case TROUPE_ANSI_CELL_TEXT:
        case TROUPE_ANSI_CELL_SHAPED:
          g_string_append_len (text, (const char *) bytes + cell->raw, cell->raw_length);
          break;
        }
    }
  return g_string_free (text, FALSE);
}

static void
assert_seen (const char *bytes, gsize length, const char *expected)
{
  TroupeAnsiLine line;
  g_autofree char *seen = NULL;

  troupe_ansi_parse ((const guint8 *) bytes, length, &line);
  seen = dup_seen (&line, (const guint8 *) bytes);
  g_assert_cmpstr (seen, ==, expected);
  troupe_ansi_line_clear (&line);
}

#define SEEN(bytes, expected) assert_seen (bytes, sizeof (bytes) - 1, expected)

static void
test_plain (void)
{
  static const char text[] = "plain text ~";
  TroupeAnsiLine line;

  troupe_ansi_parse ((const guint8 *) text, strlen (text), &line);
  g_assert_true (line.plain);
  g_assert_cmpuint (line.n_columns, ==, strlen (text));
  troupe_ansi_line_clear (&line);
  SEEN ("", "");
  SEEN ("windows\r", "windows");
  /* Each byte at each place of a word of eight decides. */
  for (guint at = 0; at < 19; at++)
    {
      for (guint byte = 0; byte < 256; byte++)
        {
          guint8 bytes[19];

          memset (bytes, 'a', sizeof bytes);
          bytes[at] = byte;
          if (byte == '\r' && at == sizeof bytes - 1)
            continue;
          troupe_ansi_parse (bytes, sizeof bytes, &line);
          g_assert_cmpint (line.plain, ==, byte >= 0x20 && byte < 0x7f);
          troupe_ansi_line_clear (&line);
        }
    }
}

static void
test_cursor (void)
{
  SEEN ("10%\r50%\r100%", "100%");
  SEEN ("long text\rshort", "shorttext");
  SEEN ("long text\r\033[Kshort", "short");
  SEEN ("abc\b\bX", "aXc");
  SEEN ("\b\bX", "X");
  SEEN ("abc\033[2K\033[1Gx", "x");
  SEEN ("abcdef\033[3D\033[1Kx", "___xef");
  SEEN ("\033[5Gx", "____x");
  SEEN ("a\033[2Cb", "a__b");
  SEEN ("a\tb", "a>......b");
  SEEN ("a\tb\rxy", "xy______b");
  SEEN ("日本\r\033[Cx", "_x本.");
  SEEN ("日本\rab", "ab本.");
  SEEN ("ab\r日", "日.");
}

static void
test_harmless_is_dropped (void)
{
  SEEN ("\033]8;;http://example.org\033\\link\033]8;;\033\\", "link");
  SEEN ("\033]0;title\007x", "x");
  SEEN ("\033[?25lx\033[?25h", "x");
  SEEN ("\033(Bx", "x");
}

static void
test_other_escapes_are_shown (void)
{
  SEEN ("\033[2Jx", "␛[2Jx");
  SEEN ("\033[10;10Hx", "␛[10;10Hx");
  SEEN ("\033]52;c;aGk=\007x", "␛]52;c;aGk=␇x");
  SEEN ("\033]0;never ends", "␛]0;never ends");
  SEEN ("\033Px\033\\", "␛Px␛\\");
  SEEN ("\033", "␛");
  SEEN ("x\033[", "x␛[");
  SEEN ("x\033[3", "x␛[3");
  SEEN ("\033[3\033[31mx", "␛[3x");
  SEEN ("a\0b\001\177", "a␀b␁␡");
  SEEN ("\302\233" "31mx", "�31mx");
}

static void
test_unicode (void)
{
  SEEN ("日本", "日.本.");
  SEEN ("e\314\201x", "e\314\201x");
  SEEN ("👩\342\200\215💻x", "👩\342\200\215💻.x");
  SEEN ("\314\201", "\314\201");
  SEEN ("a\377b\303", "a�b�");
  SEEN ("\360\237\216", "���");
  SEEN ("\355\240\200", "���");
  /* What the pointer of a mark would join was coloured in between. */
  SEEN ("e\033[31m\314\201", "e\314\201");
}

static TroupeAnsiStyle
style_of (const char *bytes)
{
  TroupeAnsiLine line;
  TroupeAnsiStyle style;

  troupe_ansi_parse ((const guint8 *) bytes, strlen (bytes), &line);
  g_assert_cmpuint (line.n_columns, >, 0);
  style = line.styles[line.cells[line.n_columns - 1].style];
  troupe_ansi_line_clear (&line);
  return style;
}

static void
assert_style (const char *bytes, guint32 foreground, guint32 background, guint32 flags)
{
  TroupeAnsiStyle style = style_of (bytes);

  g_assert_cmphex (style.foreground, ==, foreground);
  g_assert_cmphex (style.background, ==, background);
  g_assert_cmphex (style.flags, ==, flags);
}

static void
test_sgr (void)
{
  const guint32 index = TROUPE_ANSI_COLOR_INDEX;
  const guint32 rgb = TROUPE_ANSI_COLOR_RGB;

  assert_style ("\033[31mx", index | 1, 0, 0);
  assert_style ("\033[1;4;97;105mx", index | 15, index | 13, TROUPE_ANSI_BOLD | TROUPE_ANSI_UNDERLINE);
  assert_style ("\033[38;5;200mx", index | 200, 0, 0);
  assert_style ("\033[48;5;300mx", 0, index | 255, 0);
  assert_style ("\033[38;2;1;2;3mx", rgb | 0x010203, 0, 0);
  assert_style ("\033[38:2:1:2:3mx", rgb | 0x010203, 0, 0);
  assert_style ("\033[38:2::1:2:3mx", rgb | 0x010203, 0, 0);
  assert_style ("\033[38:5:9;1mx", index | 9, 0, TROUPE_ANSI_BOLD);
  assert_style ("\033[38;2;1;2mx", 0, 0, 0);
  assert_style ("\033[4:3mx", 0, 0, TROUPE_ANSI_UNDERLINE);
  assert_style ("\033[4m\033[4:0mx", 0, 0, 0);
  assert_style ("\033[1;3;7;9;31m\033[mx", 0, 0, 0);
  assert_style ("\033[1;2;22mx", 0, 0, 0);
  assert_style ("\033[31;39;41;49mx", 0, 0, 0);
  assert_style ("\033[99999999999999999999;31mx", index | 1, 0, 0);
  /* Sixty numbers where thirty-two are read: no harm. */
  assert_style ("\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;31mx", 0, 0,
                TROUPE_ANSI_BOLD);
}

static void
test_ceilings (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  TroupeAnsiLine line;

  SEEN ("a\033[65535G", "a");
  for (int i = 0; i < 20000; i++)
    g_string_append (text, "\t");
  troupe_ansi_parse ((const guint8 *) text->str, text->len, &line);
  g_assert_cmpuint (line.n_columns, <=, TROUPE_ANSI_MAX_COLUMNS);
  troupe_ansi_line_clear (&line);
  g_string_assign (text, "");
  for (int i = 0; i < 2000; i++)
    g_string_append (text, "\033[65535C日");
  troupe_ansi_parse ((const guint8 *) text->str, text->len, &line);
  g_assert_cmpuint (line.n_columns, <=, TROUPE_ANSI_MAX_COLUMNS);
  troupe_ansi_line_clear (&line);
}

static void
test_window (void)
{
  static const char text[] = "a日b\033[31mc\377";
  TroupeAnsiLine line;
  g_autofree char *seen = NULL;

  troupe_ansi_parse_window ((const guint8 *) text, strlen (text), &line);
  g_assert_cmpuint (line.n_columns, ==, strlen (text));
  seen = dup_seen (&line, (const guint8 *) text);
  g_assert_cmpstr (seen, ==, "a日..b␛[31mc�");
  troupe_ansi_line_clear (&line);
}

static void
test_text_of_cells (void)
{
  static const char text[] = "\033[32mok\033[0m\t日\033[2Cx\0\377";
  TroupeAnsiLine line;
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GByteArray) part = g_byte_array_new ();

  troupe_ansi_parse ((const guint8 *) text, sizeof text - 1, &line);
  troupe_ansi_append_text (&line, (const guint8 *) text, 0, G_MAXSIZE, all);
  g_assert_cmpmem (all->data, all->len, "ok\t日  x\0\377", 11);
  troupe_ansi_append_text (&line, (const guint8 *) text, 1, 10, part);
  g_assert_cmpmem (part->data, part->len, "k\t日", 5);
  troupe_ansi_line_clear (&line);
}

/* Lines of pieces that parsers stumble over, the same ones in every run. */
static void
test_fuzz (void)
{
  static const char *const pieces[] = {
    "\033", "\033[", "\033]8;;", "\033\\", "\007", "\r", "\b", "\t", "\033[K", "\033[1K", "\033[2K", "\033[3G",
    "\033[999C", "\033[4D", "\033[31m", "\033[38;2;", "\033[48:5:", ";", ":", "m", "日", "e\314\201", "\314\201",
    "\342\200\215", "👩", "ب", "हि", "\377", "\303", "\302\233", "x", "hello", " ", "\033[?25l", "\033(B", "\033P",
    "0", "65535", "\033[65535G",
  };
  GRand *rand = g_rand_new_with_seed (20240501);
  guint rounds = g_test_thorough () ? 200000 : 20000;

  for (guint round = 0; round < rounds; round++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      guint n = g_rand_int_range (rand, 0, 40);

      for (guint i = 0; i < n; i++)
        {
          const char *piece = pieces[g_rand_int_range (rand, 0, G_N_ELEMENTS (pieces))];
          guint8 byte = g_rand_int (rand);

          if (g_rand_int_range (rand, 0, 8) == 0)
            g_byte_array_append (bytes, &byte, 1);
          else
            g_byte_array_append (bytes, (const guint8 *) piece, strlen (piece));
        }
      {
        /* A copy of exactly this size, so that a sanitizer sees one byte too many. */
        g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);

        LLVMFuzzerTestOneInput (exact, bytes->len);
      }
    }
  g_rand_free (rand);
}

static const TroupeLogTheme themes[] = {
  { { 0.2, 0.2, 0.2, 1 }, { 1, 1, 1, 1 }, { 0.2, 0.5, 0.9, 1 }, FALSE },
  { { 1, 1, 1, 1 }, { 0.118, 0.118, 0.118, 1 }, { 0.2, 0.5, 0.9, 1 }, FALSE },
  { { 0, 0, 0, 1 }, { 1, 1, 1, 1 }, { 0.2, 0.5, 0.9, 1 }, TRUE },
  { { 1, 1, 1, 1 }, { 0, 0, 0, 1 }, { 0.2, 0.5, 0.9, 1 }, TRUE },
};

static void
test_palette_can_be_read (void)
{
  for (gsize t = 0; t < G_N_ELEMENTS (themes); t++)
    {
      double least = themes[t].high_contrast ? 7 : 4.5;
      TroupeLogPalette palette;
      GdkRGBA color;
      GdkRGBA background;

      troupe_log_palette_init (&palette, &themes[t]);
      g_assert_cmpint (palette.dark, ==, t % 2 == 1);
      for (guint i = 0; i < 256; i++)
        {
          TroupeAnsiStyle style = { .foreground = TROUPE_ANSI_COLOR_INDEX | i };

          g_assert_false (troupe_log_palette_resolve (&palette, &style, &color, &background));
          g_assert_cmpfloat (troupe_log_palette_contrast (&color, &themes[t].background), >=, least);
          style.foreground = TROUPE_ANSI_COLOR_RGB | (i * 0x010307 & 0xffffff);
          troupe_log_palette_resolve (&palette, &style, &color, &background);
          g_assert_cmpfloat (troupe_log_palette_contrast (&color, &themes[t].background), >=, least);
          /* On any background the default colour is one that can be read. */
          style = (TroupeAnsiStyle){ .background = TROUPE_ANSI_COLOR_INDEX | i };
          g_assert_true (troupe_log_palette_resolve (&palette, &style, &color, &background));
          g_assert_cmpfloat (troupe_log_palette_contrast (&color, &background), >=, 4.49);
          style = (TroupeAnsiStyle){ .foreground = TROUPE_ANSI_COLOR_INDEX | i, .flags = TROUPE_ANSI_REVERSE };
          g_assert_true (troupe_log_palette_resolve (&palette, &style, &color, &background));
          g_assert_cmpfloat (troupe_log_palette_contrast (&color, &background), >=, 4.49);
        }
      g_assert_cmpfloat (troupe_log_palette_contrast (&palette.muted, &themes[t].background), >=, least);
      g_assert_cmpfloat (troupe_log_palette_contrast (&palette.error, &themes[t].background), >=, 3);
      for (guint i = 0; i < 2 * TROUPE_LOG_N_LABEL_COLORS; i++)
        {
          troupe_log_palette_get_label (&palette, i, &color);
          g_assert_cmpfloat (troupe_log_palette_contrast (&color, &themes[t].background), >=, least);
        }
    }
}

static void
test_palette_knows_colors (void)
{
  TroupeAnsiStyle red = { .foreground = TROUPE_ANSI_COLOR_INDEX | 1 };
  TroupeAnsiStyle none = { 0 };

  for (gsize t = 0; t < G_N_ELEMENTS (themes); t++)
    {
      TroupeLogPalette palette;
      GdkRGBA color;
      GdkRGBA background;

      troupe_log_palette_init (&palette, &themes[t]);
      troupe_log_palette_resolve (&palette, &red, &color, &background);
      g_assert_cmpfloat (color.red, >, color.green + 0.2);
      g_assert_cmpfloat (color.red, >, color.blue + 0.2);
      troupe_log_palette_resolve (&palette, &none, &color, &background);
      g_assert_true (gdk_rgba_equal (&color, &themes[t].text));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logview/ansi/plain-text-is-plain", test_plain);
  g_test_add_func ("/logview/ansi/cursor-moves-within-the-line", test_cursor);
  g_test_add_func ("/logview/ansi/harmless-sequences-are-dropped", test_harmless_is_dropped);
  g_test_add_func ("/logview/ansi/other-escapes-are-shown", test_other_escapes_are_shown);
  g_test_add_func ("/logview/ansi/unicode", test_unicode);
  g_test_add_func ("/logview/ansi/colours-and-styles", test_sgr);
  g_test_add_func ("/logview/ansi/ceilings-hold", test_ceilings);
  g_test_add_func ("/logview/ansi/window-has-a-cell-for-each-byte", test_window);
  g_test_add_func ("/logview/ansi/text-of-cells", test_text_of_cells);
  g_test_add_func ("/logview/ansi/fuzz", test_fuzz);
  g_test_add_func ("/logview/palette/can-be-read", test_palette_can_be_read);
  g_test_add_func ("/logview/palette/knows-colours", test_palette_knows_colors);
  return g_test_run ();
}
