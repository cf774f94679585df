/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Text for terminals: colours of ours, and lines of others made harmless. Pure, except
 * troupe_terminal_wants_color(). */

#define TROUPE_SGR_RESET "\033[0m"
#define TROUPE_SGR_BOLD "\033[1m"
#define TROUPE_SGR_DIM "\033[2m"
#define TROUPE_SGR_RED "\033[31m"
#define TROUPE_SGR_GREEN "\033[32m"
#define TROUPE_SGR_YELLOW "\033[33m"
#define TROUPE_SGR_CYAN "\033[36m"

/* TRUE when FD is a terminal that shows colours, and the user did not say NO_COLOR. */
gboolean troupe_terminal_wants_color (int fd);

/* Columns of the terminal behind FD, 0 when it is none. */
guint troupe_terminal_get_columns (int fd);

/* The colour of the N-th name. */
const char *troupe_terminal_get_name_color (guint n);

/* Appends one line of a worker's output so that it cannot move the cursor, set a title or open
 * a link: colours and styles pass, every other control is shown as ^X. A carriage return at the
 * end is dropped. Bytes that are no UTF-8 pass: terminals know what to do with them. */
void troupe_terminal_append_safe (GString *out, const char *line, gsize length);

/* Columns that TEXT takes; escape sequences for colours take none. */
guint troupe_terminal_get_width (const char *text);

G_END_DECLS
