/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes as text, in columns that stay in place whatever the bytes are. Pure. */

typedef enum
{
  TROUPE_NUMBER_U8,
  TROUPE_NUMBER_I8,
  TROUPE_NUMBER_U16,
  TROUPE_NUMBER_I16,
  TROUPE_NUMBER_U32,
  TROUPE_NUMBER_I32,
  TROUPE_NUMBER_U64,
  TROUPE_NUMBER_I64,
  TROUPE_NUMBER_F32,
  TROUPE_NUMBER_F64,
} TroupeNumber;

#define TROUPE_N_NUMBERS (TROUPE_NUMBER_F64 + 1)

/* "u8" … "f64". */
const char *troupe_number_get_name (TroupeNumber number);
/* Bytes that one takes. */
guint troupe_number_get_size (TroupeNumber number);

/* N bytes as hex, two digits each and a space between, with one more after eight. Returns: (transfer full) */
char *troupe_memory_dup_hex (const guint8 *bytes, guint n);
/* Where the digits of byte I begin in such a text. */
guint troupe_memory_get_hex_place (guint i);
/* As characters: what is no ASCII is a dot. Returns: (transfer full) */
char *troupe_memory_dup_ascii (const guint8 *bytes, guint n);
/* As numbers one after the other, right-aligned; what is left at the end and makes no whole one is left out.
 * Returns: (transfer full) */
char *troupe_memory_dup_numbers (const guint8 *bytes, guint n, TroupeNumber number, gboolean big_endian);

/* What a person types as an offset: "4096", "0x1000", "4K". FALSE for anything else. */
gboolean troupe_memory_parse_offset (const char *text, guint64 *offset);

G_END_DECLS
