/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/words.h"

G_BEGIN_DECLS

/* The one table of a worker's allowed changes of state. Pure.
 * TRUE when a worker may go from FROM to TO; staying is not a change. */
gboolean troupe_worker_state_may_change (TroupeState from, TroupeState to);

G_END_DECLS
