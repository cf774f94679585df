/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Says whether bytes are one JSON text (RFC 8259), without building anything.
 *
 * Messages only pass through, so they stay the bytes they are; this is the one look
 * they get. As strict as JSON.parse, because a Node child dies of a line it
 * cannot parse, and as lenient: lone surrogate escapes, duplicate keys and numbers of any
 * size pass. Bytes above 0x7f must be UTF-8. A pure function. */

#define TROUPE_JSON_DEPTH_MAX 512

/* Returns TRUE for a valid text. Else FALSE, with *ERROR_OFFSET (optional) at the first byte
 * that does not fit and *ERROR_MESSAGE (optional) what was expected there, a static string. */
gboolean troupe_json_text_is_valid (const char *text, gsize length, gsize *error_offset,
                                    const char **error_message);

/* The same, and *MAY_BE_INTERNAL (optional) FALSE when the next function would surely return NULL. */
gboolean troupe_json_text_look (const char *text, gsize length, gboolean *may_be_internal, gsize *error_offset,
                                const char **error_message);

/* The `cmd` of a text, known to be valid, that is one of Node's own messages: an object whose `cmd`
 * is a string longer than five characters that starts with NODE_ (lib/internal/child_process.js,
 * isInternal). Such messages are never a user's.
 * Returns: (nullable): into TEXT, *CMD_LENGTH bytes; NULL for a user's message. */
const char *troupe_json_text_get_internal_cmd (const char *text, gsize length, gsize *cmd_length);

G_END_DECLS
