/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Names of programs and projects: they become folders, object names and arguments of
 * troupectl, so they are [A-Za-z0-9._-]+ and begin with a letter, a digit or “_”. */

#define TROUPE_NAME_MAX 100
#define TROUPE_NAME_EXPECTED "letters, digits, “.”, “_” and “-”, beginning with a letter or a digit, 100 at most"

gboolean troupe_name_is_valid (const char *name);

/* The nearest valid name, FALLBACK when nothing of TEXT is left. Returns: (transfer full) */
char *troupe_name_dup_valid (const char *text, const char *fallback);

/* “find” for {"find", "/"}; the script's name for an interpreter (“server” for {"node",
 * "server.js"}); the first word of the line for {"sh", "-c", LINE}. IS_MODULE: the command is a file
 * that a runtime may load, so “server” for {"server.js"} too. Returns: (transfer full) */
char *troupe_name_dup_from_argv (const char *const *argv, gboolean is_module);

/* The one of CANDIDATES that TEXT is most likely a slip of, or NULL. */
const char *troupe_name_find_similar (const char *text, const char *const *candidates);

/* TRUE when one slip (a letter missing, added, wrong, or two swapped) lies between A and B,
 * or two in a word of more than five letters. */
gboolean troupe_name_is_similar (const char *a, const char *b);

G_END_DECLS
