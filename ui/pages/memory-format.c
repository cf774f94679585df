/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Bytes as text. */

#include "config.h"

#include "pages/memory-format.h"

#include <string.h>

static const struct
{
  const char *name;
  guint size;
  int width; /* of the longest text it can have */
} numbers[TROUPE_N_NUMBERS] = {
  [TROUPE_NUMBER_U8] = { "u8", 1, 3 },    [TROUPE_NUMBER_I8] = { "i8", 1, 4 },
  [TROUPE_NUMBER_U16] = { "u16", 2, 5 },  [TROUPE_NUMBER_I16] = { "i16", 2, 6 },
  [TROUPE_NUMBER_U32] = { "u32", 4, 10 }, [TROUPE_NUMBER_I32] = { "i32", 4, 11 },
  [TROUPE_NUMBER_U64] = { "u64", 8, 20 }, [TROUPE_NUMBER_I64] = { "i64", 8, 20 },
  [TROUPE_NUMBER_F32] = { "f32", 4, 13 }, [TROUPE_NUMBER_F64] = { "f64", 8, 22 },
};

const char *
troupe_number_get_name (TroupeNumber number)
{
  return numbers[number].name;
}

guint
troupe_number_get_size (TroupeNumber number)
{
  return numbers[number].size;
}

guint
troupe_memory_get_hex_place (guint i)
{
  return 3 * i + i / 8;
}

char *
troupe_memory_dup_hex (const guint8 *bytes, guint n)
{
  GString *text = g_string_sized_new (troupe_memory_get_hex_place (n) + 1);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%02x", i == 0 ? "" : i % 8 == 0 ? "  " : " ", bytes[i]);
  return g_string_free (text, FALSE);
}

char *
troupe_memory_dup_ascii (const guint8 *bytes, guint n)
{
  char *text = g_malloc (n + 1);

  for (guint i = 0; i < n; i++)
    text[i] = g_ascii_isprint ((char) bytes[i]) ? (char) bytes[i] : '.';
  text[n] = '\0';
  return text;
}

/* Up to eight bytes as one number. */
static guint64
read_bits (const guint8 *bytes, guint size, gboolean big_endian)
{
  guint64 bits = 0;

  for (guint i = 0; i < size; i++)
    bits = bits << 8 | bytes[big_endian ? i : size - 1 - i];
  return bits;
}

static gint64
extend_sign (guint64 bits, guint size)
{
  guint shift = 64 - 8 * size;

  return (gint64) (bits << shift) >> shift;
}

/* The locale's comma would make two numbers of one. */
static void
append_float (GString *text, double value, const char *format, int width)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "%*s", width, g_ascii_formatd (number, sizeof number, format, value));
}

static void
append_number (GString *text, const guint8 *bytes, TroupeNumber number, gboolean big_endian)
{
  guint size = numbers[number].size;
  int width = numbers[number].width;
  guint64 bits = read_bits (bytes, size, big_endian);

  switch (number)
    {
    case TROUPE_NUMBER_U8:
    case TROUPE_NUMBER_U16:
    case TROUPE_NUMBER_U32:
    case TROUPE_NUMBER_U64:
      g_string_append_printf (text, "%*" G_GUINT64_FORMAT, width, bits);
      break;
    case TROUPE_NUMBER_I8:
    case TROUPE_NUMBER_I16:
    case TROUPE_NUMBER_I32:
    case TROUPE_NUMBER_I64:
      g_string_append_printf (text, "%*" G_GINT64_FORMAT, width, extend_sign (bits, size));
      break;
    case TROUPE_NUMBER_F32:
      {
        guint32 half = (guint32) bits;
        float value;

        memcpy (&value, &half, sizeof value);
        append_float (text, (double) value, "%.6g", width);
        break;
      }
    case TROUPE_NUMBER_F64:
      {
        double value;

        memcpy (&value, &bits, sizeof value);
        append_float (text, value, "%.15g", width);
        break;
      }
    }
}

char *
troupe_memory_dup_numbers (const guint8 *bytes, guint n, TroupeNumber number, gboolean big_endian)
{
  GString *text = g_string_new (NULL);
  guint size = numbers[number].size;

  for (guint i = 0; i + size <= n; i += size)
    {
      if (i > 0)
        g_string_append_c (text, ' ');
      append_number (text, bytes + i, number, big_endian);
    }
  return g_string_free (text, FALSE);
}

gboolean
troupe_memory_parse_offset (const char *text, guint64 *offset)
{
  static const char suffixes[] = "KMGT";
  g_autofree char *word = g_strstrip (g_strdup (text));
  gboolean is_hex = g_ascii_strncasecmp (word, "0x", 2) == 0;
  gsize length = strlen (word);
  const char *suffix = !is_hex && length > 1 ? strchr (suffixes, g_ascii_toupper (word[length - 1])) : NULL;
  guint shift = suffix != NULL ? 10 * ((guint) (suffix - suffixes) + 1) : 0;
  guint64 value;

  if (suffix != NULL)
    word[length - 1] = '\0';
  if (!g_ascii_string_to_unsigned (is_hex ? word + 2 : word, is_hex ? 16 : 10, 0, G_MAXUINT64 >> shift, &value, NULL))
    return FALSE;
  *offset = value << shift;
  return TRUE;
}
