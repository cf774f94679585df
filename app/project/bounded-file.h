/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The whole of a regular file of at most MAX_BYTES, with a NUL behind it. Never waits: a pipe
 * or a device in the file's place is an error (G_IO_ERROR). Returns: (transfer full) */
char *troupe_bounded_file_read (const char *path, gsize max_bytes, gsize *length, GError **error);

G_END_DECLS
