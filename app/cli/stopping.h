/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/roster.h"

G_BEGIN_DECLS

/* Calls METHOD of the engine, one that answers when workers have ended, and shows on a
 * terminal whom it waits for. PROJECT (nullable): only the workers of that one are shown.
 * ARGUMENTS (nullable): floating. */
gboolean troupe_stopping_call (TroupeEngineClient *client, TroupeRoster *roster, const char *method,
                               GVariant *arguments, const char *project, GError **error);

G_END_DECLS
