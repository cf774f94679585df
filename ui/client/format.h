/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/words.h"

G_BEGIN_DECLS

/* Words and figures as people read them, translated. Pure; any thread. */

/* "Running". Static. */
const char *troupe_format_state_word (TroupeState state);

/* Name of a symbolic icon whose shape, not its colour, tells the state. Static. */
const char *troupe_format_state_icon (TroupeState state);

/* CSS class that tints the icon besides, or NULL. Static. */
const char *troupe_format_state_class (TroupeState state);

/* "Spawn: the program itself, without a shell". Static. */
const char *troupe_format_kind_explanation (TroupeKind kind);

/* Each returns (transfer full). */
char *troupe_format_dup_bytes (guint64 bytes);            /* "12.4 MB" */
char *troupe_format_dup_duration (guint64 usec);          /* "2.3 s", "3 min", "5 h 12 min" */
char *troupe_format_dup_percent (double percent);         /* "48 %", "0.4 %" */
char *troupe_format_dup_moment (guint64 usec);            /* "12:01:07", with the date unless it is today */

/* TRUE for names of environment variables whose values are better not shown. */
gboolean troupe_format_is_secret (const char *variable_name);

G_END_DECLS
