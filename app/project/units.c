/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A decimal number and a unit from a table, and back. */

#include "config.h"

#include "project/units.h"

#include <string.h>

typedef struct
{
  const char *name;
  guint64 factor;
} Unit;

static const Unit duration_units[] = {
  { "", 1000 },      { "ms", 1 },       { "s", 1000 },        { "sec", 1000 },
  { "m", 60 * 1000 }, { "min", 60 * 1000 }, { "h", 3600 * 1000 }, { "d", 24 * 3600 * 1000 },
};

static const Unit size_units[] = {
  { "", 1 },
  { "b", 1 },
  { "k", G_GUINT64_CONSTANT (1) << 10 },
  { "kb", G_GUINT64_CONSTANT (1) << 10 },
  { "kib", G_GUINT64_CONSTANT (1) << 10 },
  { "m", G_GUINT64_CONSTANT (1) << 20 },
  { "mb", G_GUINT64_CONSTANT (1) << 20 },
  { "mib", G_GUINT64_CONSTANT (1) << 20 },
  { "g", G_GUINT64_CONSTANT (1) << 30 },
  { "gb", G_GUINT64_CONSTANT (1) << 30 },
  { "gib", G_GUINT64_CONSTANT (1) << 30 },
  { "t", G_GUINT64_CONSTANT (1) << 40 },
  { "tb", G_GUINT64_CONSTANT (1) << 40 },
  { "tib", G_GUINT64_CONSTANT (1) << 40 },
};

/* Past this a value is a slip of the keyboard, and the sums above it stay exact in a double. */
#define VALUE_MAX ((double) (G_GUINT64_CONSTANT (1) << 52))

/* Digits with at most one point among them; strtod alone would take "inf", "0x10" and "1e9" too. */
static gsize
number_length (const char *text)
{
  gsize digits = strspn (text, "0123456789");
  gsize fraction = 0;

  if (digits == 0)
    return 0;
  if (text[digits] == '.')
    fraction = strspn (text + digits + 1, "0123456789");
  return fraction > 0 ? digits + 1 + fraction : digits;
}

static gboolean
parse (const char *text, const Unit *units, gsize n_units, guint64 *out)
{
  g_autofree char *trimmed = NULL;
  const char *unit;
  double number;
  gsize length;

  if (text == NULL)
    return FALSE;
  trimmed = g_strstrip (g_strdup (text));
  length = number_length (trimmed);
  if (length == 0)
    return FALSE;
  number = g_ascii_strtod (trimmed, NULL);
  unit = trimmed + length;
  while (g_ascii_isspace (*unit))
    unit++;
  for (gsize i = 0; i < n_units; i++)
    if (g_ascii_strcasecmp (units[i].name, unit) == 0)
      {
        double value = number * (double) units[i].factor + 0.5;

        if (value > VALUE_MAX)
          return FALSE;
        *out = (guint64) value;
        return TRUE;
      }
  return FALSE;
}

gboolean
troupe_units_parse_duration (const char *text, guint64 *out_msec)
{
  return parse (text, duration_units, G_N_ELEMENTS (duration_units), out_msec);
}

char *
troupe_units_dup_duration (guint64 msec)
{
  if (msec % 1000 != 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT "ms", msec);
  if (msec == 0 || msec % (60 * 1000) != 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT "s", msec / 1000);
  if (msec % (3600 * 1000) != 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT "m", msec / (60 * 1000));
  return g_strdup_printf ("%" G_GUINT64_FORMAT "h", msec / (3600 * 1000));
}

gboolean
troupe_units_parse_size (const char *text, guint64 *out_bytes)
{
  return parse (text, size_units, G_N_ELEMENTS (size_units), out_bytes);
}

char *
troupe_units_dup_size (guint64 bytes)
{
  static const char letters[] = { 0, 'K', 'M', 'G' };
  guint step = 0;

  while (bytes > 0 && bytes % 1024 == 0 && step + 1 < G_N_ELEMENTS (letters))
    {
      bytes /= 1024;
      step++;
    }
  return step == 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, bytes)
                   : g_strdup_printf ("%" G_GUINT64_FORMAT "%c", bytes, letters[step]);
}
