/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What holds for any line. Built with libFuzzer under -Dfuzz=true; the unit test feeds it lines
 * of its own. */

#include "config.h"

#include "fuzz-ansi.h"

#include "logview/ansi.h"
#include "logview/log-event.h"

#include <string.h>

static void
check_invariants (const guint8 *bytes, gsize length, const TroupeAnsiLine *line)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();

  g_assert_cmpuint (line->n_columns, <=, MAX (TROUPE_ANSI_MAX_COLUMNS, length));
  troupe_ansi_append_text (line, bytes, 0, line->n_columns, text);
  if (line->plain)
    return;
  for (gsize i = 0; i < line->n_columns; i++)
    {
      const TroupeAnsiCell *cell = &line->cells[i];

      g_assert_cmpuint (cell->raw + cell->raw_length, <=, length);
      g_assert_cmpuint (cell->style, <, line->n_styles);
      g_assert_cmpuint (cell->kind, <=, TROUPE_ANSI_CELL_INVALID);
      if (cell->kind == TROUPE_ANSI_CELL_PAD)
        {
          g_assert_cmpuint (i, >, 0);
          g_assert_cmpuint (line->cells[i - 1].kind, !=, TROUPE_ANSI_CELL_BLANK);
        }
      if (cell->kind == TROUPE_ANSI_CELL_TEXT || cell->kind == TROUPE_ANSI_CELL_SHAPED)
        g_assert_true (g_utf8_validate ((const char *) bytes + cell->raw, cell->raw_length, NULL));
      if (cell->kind == TROUPE_ANSI_CELL_ASCII)
        {
          g_assert_cmpuint (cell->raw_length, ==, 1);
          g_assert_true (bytes[cell->raw] >= 0x20 && bytes[cell->raw] < 0x7f);
        }
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  g_autofree char *event = NULL;
  TroupeAnsiLine line;

  troupe_ansi_parse (bytes, length, &line);
  check_invariants (bytes, length, &line);
  troupe_ansi_line_clear (&line);
  troupe_ansi_parse_window (bytes, length, &line);
  g_assert_cmpuint (line.n_columns, ==, length);
  check_invariants (bytes, length, &line);
  troupe_ansi_line_clear (&line);
  event = troupe_log_event_dup_text ((const char *) bytes, length);
  g_assert_true (g_utf8_validate (event, -1, NULL));
  g_assert_null (strchr (event, '\n'));
  return 0;
}
