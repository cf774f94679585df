/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <adwaita.h>

#include "base/words.h"

G_BEGIN_DECLS

/* A row of the launch dialog with one key of the definition as a line of text. What is wrong with it stands in
 * place of its explanation.
 *
 * Properties, all of them for the layout file: `key`, `explanation`, `placeholder`, `kinds` (words, of those
 * kinds that have it; "!spawn": all but that one), `is-list` (words become several values, `separators`
 * between them), `is-words` (as a shell would tell them apart), `is-json` (what is none is told at once),
 * `width-chars`.
 *
 * Signals: "changed". */
#define TROUPE_TYPE_LAUNCH_FIELD (troupe_launch_field_get_type ())
G_DECLARE_FINAL_TYPE (TroupeLaunchField, troupe_launch_field, TROUPE, LAUNCH_FIELD, AdwActionRow)

const char *troupe_launch_field_get_key (TroupeLaunchField *self);
/* Shows it only to those kinds that have it. */
void troupe_launch_field_set_kind (TroupeLaunchField *self, TroupeKind kind);
/* Shows what a definition says; nothing when it says nothing. */
void troupe_launch_field_fill (TroupeLaunchField *self, GVariantDict *dict);
/* Puts what was typed into DICT, if it is shown and not empty; else takes it out. */
void troupe_launch_field_add_to (TroupeLaunchField *self, GVariantDict *dict);
/* MESSAGE (nullable). */
void troupe_launch_field_set_error (TroupeLaunchField *self, const char *message);
void troupe_launch_field_set_text (TroupeLaunchField *self, const char *text);

G_END_DECLS
