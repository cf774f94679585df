/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A line to find something with: an entry, how many there are, and a menu of how to search.
 *
 * Properties, for the layout file: `placeholder`, `has-steps` (buttons that go from match to match), `more` (a menu,
 * below that of how to search). Others: `match-case`, `match-regex`.
 *
 * Signals: "changed" (what to find, or how), "next" and "previous", "dismissed" (the entry is left). */
#define TROUPE_TYPE_FIND_BAR (troupe_find_bar_get_type ())
G_DECLARE_FINAL_TYPE (TroupeFindBar, troupe_find_bar, TROUPE, FIND_BAR, GtkWidget)

/* Shows it, with the cursor in the entry. */
void troupe_find_bar_open (TroupeFindBar *self);
void troupe_find_bar_close (TroupeFindBar *self);

/* "" while it is closed. */
const char *troupe_find_bar_get_text (TroupeFindBar *self);
gboolean troupe_find_bar_get_match_case (TroupeFindBar *self);
gboolean troupe_find_bar_get_match_regex (TroupeFindBar *self);

void troupe_find_bar_set_count (TroupeFindBar *self, const char *text);
/* What is wrong with the text, MESSAGE (nullable). */
void troupe_find_bar_set_error (TroupeFindBar *self, const char *message);

/* For tests. (transfer none) */
GtkEditable *troupe_find_bar_get_entry (TroupeFindBar *self);

G_END_DECLS
