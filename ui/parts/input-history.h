/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lines sent to one worker, for ↑ and ↓. Holds no more than TROUPE_INPUT_HISTORY_MAX; the
 * oldest go. A pure value. */
#define TROUPE_INPUT_HISTORY_MAX 200

typedef struct _TroupeInputHistory TroupeInputHistory;

TroupeInputHistory *troupe_input_history_new (void);
void troupe_input_history_free (TroupeInputHistory *self);

/* LINE was sent; walking starts from the newest again. */
void troupe_input_history_add (TroupeInputHistory *self, const char *line);

/* One older, one newer; DRAFT is what stands in the entry when walking starts, and comes back
 * at the newest end. NULL: there is nothing further that way. (transfer none) */
const char *troupe_input_history_older (TroupeInputHistory *self, const char *draft);
const char *troupe_input_history_newer (TroupeInputHistory *self);

G_END_DECLS
