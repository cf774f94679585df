/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"

G_BEGIN_DECLS

/* Which program waits for which. Pure. PROGRAMS: (element-type TroupeProgramDefinition) */

/* Calls FUNC with each program whose after= or name cannot work, and why: an unknown program,
 * a circle (once for each), or a name that is also another program's worker ("web.1"). */
typedef void (*TroupeOrderFunc) (TroupeProgramDefinition *program, const char *key, const char *message,
                                 gpointer user_data);
void troupe_project_order_check (GPtrArray *programs, TroupeOrderFunc func, gpointer user_data);

G_END_DECLS
