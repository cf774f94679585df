/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Fields of what a worker says, or of what was kept: there or not, and of whatever type. */

gint64 troupe_cluster_message_get_int (JsonObject *message, const char *member, gint64 fallback);
/* (transfer none) (nullable) */
const char *troupe_cluster_message_get_string (JsonObject *message, const char *member);
gboolean troupe_cluster_message_get_flag (JsonObject *message, const char *member);

G_END_DECLS
