/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "messages/message-log.h"

G_BEGIN_DECLS

/* One row of the conversation: a bubble on the side of who spoke, with time and round trip beside it;
 * or a note in the middle. Used over and over by the list. Uses the actions message.toggle and
 * message.show-all, whose target is the row's number (t). */
#define TROUPE_TYPE_MESSAGE_ROW (troupe_message_row_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMessageRow, troupe_message_row, TROUPE, MESSAGE_ROW, GtkWidget)

/* What an open message shows of its text; the rest is behind “Show All”. */
#define TROUPE_MESSAGE_OPEN_BYTES (16u * 1024)

GtkWidget *troupe_message_row_new (void);

/* Shows MESSAGE. A row that has nothing to show (an event of no interest) has no height. */
void troupe_message_row_bind (TroupeMessageRow *self, TroupeMessageLog *log, const TroupeMessage *message,
                              gboolean open);
guint64 troupe_message_row_get_number (TroupeMessageRow *self);
gboolean troupe_message_row_get_open (TroupeMessageRow *self);
/* TRUE for messages, that is, not for notes. */
gboolean troupe_message_row_is_message (TroupeMessageRow *self);
gboolean troupe_message_row_can_open (TroupeMessageRow *self);
/* TRUE for what was said to the worker and has no reply yet, or none that its row would tell. */
gboolean troupe_message_row_waits (TroupeMessageRow *self);
void troupe_message_row_set_current (TroupeMessageRow *self, gboolean current);
/* For tests: the text as it shows, and the line beside it. (transfer none) */
const char *troupe_message_row_get_text (TroupeMessageRow *self);
const char *troupe_message_row_get_round_trip (TroupeMessageRow *self);

G_END_DECLS
