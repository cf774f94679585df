/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Weaves the output of several workers into lines with a name before each:
 *
 *   web.1 | GET /items 200
 *   jobs  | done
 *
 * A line goes out whole, once its newline has come. What a worker began and did not end is held
 * back, up to TROUPE_LINE_MUX_HELD_MAX bytes; past that it goes out as it comes, and if another worker speaks
 * meanwhile, the line is broken there and goes on with its name before it. Pure: bytes
 * leave through a function. */

#define TROUPE_LINE_MUX_HELD_MAX (64 * 1024)

typedef struct _TroupeLineMux TroupeLineMux;

/* IS_STDERR: where BYTES belong. */
typedef void (*TroupeLineMuxWrite) (gboolean is_stderr, const char *bytes, gsize length, gpointer user_data);

TroupeLineMux *troupe_line_mux_new (TroupeLineMuxWrite write, gpointer user_data);
void troupe_line_mux_free (TroupeLineMux *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeLineMux, troupe_line_mux_free)

/* COLOR (nullable): the escape sequence for the name. Makes what one sees of escape sequences
 * harmless when SAFE: for a terminal. WIDTH: names are padded to it. Returns the source's number. */
guint troupe_line_mux_add (TroupeLineMux *self, const char *name, const char *color, guint width, gboolean safe);

void troupe_line_mux_feed (TroupeLineMux *self, guint source, gboolean is_stderr, const char *bytes, gsize length);

/* The source has ended: what it began goes out, with a newline. */
void troupe_line_mux_end (TroupeLineMux *self, guint source);

/* A line of ours, between lines. TEXT without newline. */
void troupe_line_mux_say (TroupeLineMux *self, gboolean is_stderr, const char *text);

G_END_DECLS
