/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Colours, widths, and lines without tricks. */

#include "config.h"

#include "cli/terminal-text.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Red is left out: it says that something failed. */
static const char *const name_colors[] = {
  "\033[36m", "\033[33m", "\033[32m", "\033[35m", "\033[34m", "\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m",
};

gboolean
troupe_terminal_wants_color (int fd)
{
  const char *no_color = g_getenv ("NO_COLOR"), *term = g_getenv ("TERM");

  return isatty (fd) && (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp (term, "dumb") != 0;
}

guint
troupe_terminal_get_columns (int fd)
{
  struct winsize size;

  return isatty (fd) && ioctl (fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

const char *
troupe_terminal_get_name_color (guint n)
{
  return name_colors[n % G_N_ELEMENTS (name_colors)];
}

/* The length of a colour sequence, "ESC [ digits ; : m", at TEXT; 0 when it is something else. */
static gsize
match_sgr (const char *text, gsize length)
{
  gsize i = 2;

  if (length < 3 || text[0] != '\033' || text[1] != '[')
    return 0;
  while (i < length && (g_ascii_isdigit (text[i]) || text[i] == ';' || text[i] == ':'))
    i++;
  return i < length && text[i] == 'm' ? i + 1 : 0;
}

void
troupe_terminal_append_safe (GString *out, const char *line, gsize length)
{
  while (length > 0 && line[length - 1] == '\r')
    length--;
  for (gsize i = 0; i < length;)
    {
      guchar c = (guchar) line[i];
      gsize sgr = match_sgr (line + i, length - i);

      if (sgr > 0)
        {
          g_string_append_len (out, line + i, (gssize) sgr);
          i += sgr;
        }
      else if (c == 0xc2 && i + 1 < length && (guchar) line[i + 1] >= 0x80 && (guchar) line[i + 1] < 0xa0)
        {
          /* U+0080 to U+009F, the controls that do not need an ESC. */
          g_string_append_printf (out, "\\x%02x", (guint) (guchar) line[i + 1]);
          i += 2;
        }
      else
        {
          if ((c < 0x20 && c != '\t') || c == 0x7f)
            {
              g_string_append_c (out, '^');
              g_string_append_c (out, (char) (c ^ 0x40));
            }
          else
            g_string_append_c (out, (char) c);
          i++;
        }
    }
}

guint
troupe_terminal_get_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0';)
    {
      gsize sgr = match_sgr (p, strlen (p));
      gunichar c;

      if (sgr > 0)
        {
          p += sgr;
          continue;
        }
      c = g_utf8_get_char_validated (p, -1);
      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          width++;
          p++;
          continue;
        }
      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
      p = g_utf8_next_char (p);
    }
  return width;
}
