/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A message as one gives it to `send`. */

/* Reads FD to its end. Returns: (transfer full): with a NUL behind *LENGTH bytes; NULL with error
 * when it cannot be read or is longer than a message may be. */
char *troupe_message_input_read (int fd, gsize *length, GError **error);

/* Whether TEXT can be sent: one JSON text, not too long, and none of Node's own messages. The error
 * names line and column. Pure. */
gboolean troupe_message_input_check (const char *text, gsize length, GError **error);

G_END_DECLS
