/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"

G_BEGIN_DECLS

/* What `after=` asks, held against how the other program stands. Pure. */

typedef struct
{
  gboolean exists;            /* the project has such a program */
  gboolean has_readiness;     /* it says when it is ready; else running is ready enough */
  const TroupeState *states;  /* of its workers */
  guint n_workers;
} TroupeDependencyState;

/* TRUE when every worker of the other program fulfils AFTER's condition; else REASON (out)
 * (transfer full) says whom it waits for, and how that one stands. */
gboolean troupe_dependency_is_met (const TroupeAfter *after, const TroupeDependencyState *other, char **reason);

G_END_DECLS
