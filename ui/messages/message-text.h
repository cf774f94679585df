/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The text of a message. A label that measures long texts with one layout: a GtkLabel that wraps
 * asks how narrow it could be, and lays thousands of lines out to find that nobody wants to know. */
#define TROUPE_TYPE_MESSAGE_TEXT (troupe_message_text_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMessageText, troupe_message_text, TROUPE, MESSAGE_TEXT, GtkWidget)

/* WRAP: over many lines; otherwise one line, cut off with an ellipsis. ATTRIBUTES: (nullable). */
void troupe_message_text_set (TroupeMessageText *self, const char *text, PangoAttrList *attributes, gboolean wrap);
const char *troupe_message_text_get (TroupeMessageText *self);

G_END_DECLS
