/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads a run's output as it grows and calls back at the first line that matches. A
 * line counts once it is complete, or when the output pauses there (a prompt); of a long line the
 * first TROUPE_LINE_FOLLOWER_LINE_MAX bytes are looked at. Main thread. */

#define TROUPE_LINE_FOLLOWER_LINE_MAX 4096

typedef struct _TroupeLineFollower TroupeLineFollower;

/* PATTERN was compiled with G_REGEX_RAW. MATCHED is called once, from the main loop.
 * Returns: (transfer full) (nullable): NULL when the journal cannot be watched, with error set. */
TroupeLineFollower *troupe_line_follower_new (const char *journal_dir, GRegex *pattern,
                                              void (*matched) (gpointer user_data), gpointer user_data,
                                              GError **error);
void troupe_line_follower_free (TroupeLineFollower *self);

G_END_DECLS
