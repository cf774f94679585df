/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Where one writes a message: checks the JSON as one types, remembers what was sent, keeps messages
 * by name. It sends nothing itself.
 *
 * Signal: "send" (const char *json, gboolean to_all): one line of JSON, checked. */
#define TROUPE_TYPE_COMPOSER (troupe_composer_get_type ())
G_DECLARE_FINAL_TYPE (TroupeComposer, troupe_composer, TROUPE, COMPOSER, GtkWidget)

/* What can be typed; longer messages come from elsewhere. */
#define TROUPE_COMPOSER_BYTES_MAX (1u << 20)

/* Whom it is for. WORKER, PROGRAM: keys, for what was typed, sent and saved. N_WORKERS: of the program. */
void troupe_composer_set_receiver (TroupeComposer *self, const char *worker, const char *program, guint n_workers);
/* OPEN: messages can be sent; WORDS: the state of the channel, and why not. */
void troupe_composer_set_state (TroupeComposer *self, gboolean open, const char *words);
void troupe_composer_bind_settings (TroupeComposer *self, GSettings *settings);

/* The message was taken: it goes into the history of WORKER, and the entry is empty again. */
void troupe_composer_sent (TroupeComposer *self, const char *worker, const char *words);
/* It was not; the text stays. */
void troupe_composer_failed (TroupeComposer *self, const char *words);

void troupe_composer_set_text (TroupeComposer *self, const char *text);
/* Returns: (transfer full) */
char *troupe_composer_dup_text (TroupeComposer *self);
/* The text is JSON, and the channel open. */
gboolean troupe_composer_get_can_send (TroupeComposer *self);
/* What stands below the entry. */
const char *troupe_composer_get_hint (TroupeComposer *self);
void troupe_composer_focus (TroupeComposer *self);

G_END_DECLS
