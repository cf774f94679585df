/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Says an event of the journal (one flat JSON object) in words; an event it does not know, or
 * text that is no such object, comes out as what it holds. Pure.
 * Returns: (transfer full): valid UTF-8 in one line */
char *troupe_log_event_dup_text (const char *json, gsize length);

G_END_DECLS
