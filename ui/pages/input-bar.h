/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/worker-item.h"

G_BEGIN_DECLS

/* A line to type to a worker's standard input, with what was typed to it before, and a button that ends it.
 *
 * Signal: "notice" (const char *): something to tell in passing. */
#define TROUPE_TYPE_INPUT_BAR (troupe_input_bar_get_type ())
G_DECLARE_FINAL_TYPE (TroupeInputBar, troupe_input_bar, TROUPE, INPUT_BAR, GtkWidget)

/* WORKER: who would read it; NULL hides the bar. Call again when its state changed. */
void troupe_input_bar_set_worker (TroupeInputBar *self, TroupeWorkerItem *worker);

G_END_DECLS
