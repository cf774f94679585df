/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/project-lines.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* json-glib calls itself for each level, so a file must not decide how many there are. */
#define TROUPE_PROJECT_JSON_DEPTH_MAX 64

/* The object TEXT is; NULL, with an error remarked, when it is none. Returns: (transfer full) */
JsonObject *troupe_project_json_parse (const char *text, TroupeRemarks *errors);

/* Line of the first “"KEY":” behind byte OFFSET of TEXT; the line of OFFSET when there is none. */
guint troupe_project_json_find_line (const char *text, gsize offset, const char *key);
/* Offset of the same, OFFSET when there is none. */
gsize troupe_project_json_find (const char *text, gsize offset, const char *key);

G_END_DECLS
