/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/project-file.h"

G_BEGIN_DECLS

/* Lines of a text and what was said about them. GKeyFile knows no line numbers and lets later
 * groups and keys silently win over earlier ones; this scanner sees both. Pure. */

/* Remarks about lines of one file, gathered to become notes or one error. */
typedef struct
{
  char *file_name;
  GArray *remarks; /* private */
} TroupeRemarks;

TroupeRemarks *troupe_remarks_new (const char *file_name);
void troupe_remarks_free (TroupeRemarks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeRemarks, troupe_remarks_free)

void troupe_remarks_add (TroupeRemarks *self, guint line, const char *format, ...) G_GNUC_PRINTF (3, 4);
gboolean troupe_remarks_is_empty (TroupeRemarks *self);
/* "shop.troupe:12: …", by line. */
void troupe_remarks_append_to (TroupeRemarks *self, GPtrArray *notes);
/* FALSE with TROUPE_ERROR_INVALID_PROJECT naming the first of them, one a line, when there are any. NOTES come
 * after them: a key that was mistyped is often why another is missing. */
gboolean troupe_remarks_check (TroupeRemarks *self, TroupeRemarks *notes, GError **error);

typedef struct _TroupeProjectLines TroupeProjectLines;

/* NOTES gets what is survivable, ERRORS what is not. Returns: (transfer full) */
TroupeProjectLines *troupe_project_lines_new (const char *text, TroupeRemarks *notes, TroupeRemarks *errors);
void troupe_project_lines_free (TroupeProjectLines *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeProjectLines, troupe_project_lines_free)

/* The text with each key once in a group: lists given line by line are one list, of other keys
 * the last counts. Comments stay. */
const char *troupe_project_lines_get_text (TroupeProjectLines *self);

/* Line of KEY in GROUP (of GROUP itself when KEY is NULL or not there), 1 when neither is there. */
guint troupe_project_lines_find (TroupeProjectLines *self, const char *group, const char *key);

/* Line of byte OFFSET. */
guint troupe_line_of_offset (const char *text, gsize offset);

G_END_DECLS
