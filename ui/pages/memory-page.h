/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* The block of memory that the threads of a program share, live: as hex, and beside it as text or as numbers of a
 * type one chooses. Asks the engine for what is in view only, and only while it is mapped; bytes that have just
 * changed are marked. */
#define TROUPE_TYPE_MEMORY_PAGE (troupe_memory_page_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMemoryPage, troupe_memory_page, TROUPE, MEMORY_PAGE, GtkWidget)

/* SUBJECT (nullable) */
void troupe_memory_page_set_subject (TroupeMemoryPage *self, TroupeSubject *subject);
/* TRUE: all of SUBJECT is of one program that has such a block. */
gboolean troupe_memory_page_takes (TroupeSubject *subject);

/* For tests: what is in view of the byte at OFFSET's row, as hex and beside it. (transfer none) (nullable) */
const char *troupe_memory_page_get_hex (TroupeMemoryPage *self, guint64 offset);
const char *troupe_memory_page_get_values (TroupeMemoryPage *self, guint64 offset);
void troupe_memory_page_choose (TroupeMemoryPage *self, const char *type, gboolean big_endian);
gboolean troupe_memory_page_go_to (TroupeMemoryPage *self, const char *offset);

G_END_DECLS
