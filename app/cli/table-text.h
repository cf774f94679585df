/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Columns of text for people, aligned by what a terminal shows. Pure. */

typedef struct _TroupeTable TroupeTable;

typedef enum
{
  TROUPE_ALIGN_LEFT,
  TROUPE_ALIGN_RIGHT,
} TroupeAlign;

TroupeTable *troupe_table_new (void);
void troupe_table_free (TroupeTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeTable, troupe_table_free)

void troupe_table_add_column (TroupeTable *self, const char *title, TroupeAlign align);
/* Cells in order of the columns; COLOR (nullable, static) is used when the table is coloured. */
void troupe_table_add_cell (TroupeTable *self, const char *text, const char *color);

/* The whole table. The last column is cut to WIDTH columns of the terminal; 0: nothing is cut.
 * Returns: (transfer full) */
char *troupe_table_to_text (TroupeTable *self, gboolean colored, guint width);

/* "850 ms", "12 s", "3 min", "2 h 5 min", "4 d 7 h". Returns: (transfer full) */
char *troupe_text_dup_duration (gint64 usec);
/* "0 B", "48.2 MB": steps of 1000, as the desktop counts. Returns: (transfer full) */
char *troupe_text_dup_bytes (guint64 bytes);
/* "12.5 %", "212 %". Returns: (transfer full) */
char *troupe_text_dup_percent (double percent);

G_END_DECLS
