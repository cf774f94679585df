/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Files of environment variables, “.env”:
 *
 *   # a comment
 *   KEY=value            # a comment, after a space
 *   export KEY=value
 *   KEY='as it is, $too'
 *   KEY="with \n, \t, \", \\ and \$"   quoted values may go over several lines
 *
 * Nothing is substituted: a $ is a $. */

#define TROUPE_ENV_FILE_MAX (1024 * 1024)

/* TEXT: LENGTH bytes, NAME is what errors call the file: "shop.env:3: …".
 * Returns: (transfer full) KEY=VALUE in file order, NULL with TROUPE_ERROR_INVALID_DEFINITION. */
GStrv troupe_env_file_parse (const char *text, gsize length, const char *name, GError **error);

/* Returns: (transfer full), NULL with error set. */
GStrv troupe_env_file_load (const char *path, GError **error);

G_END_DECLS
