/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "messages/message-log.h"
#include "messages/message-row.h"

G_BEGIN_DECLS

/* The conversation, to be put in a GtkScrolledWindow: of any number of messages it has widgets for
 * those in view only. Rows may be of any height; the place one looks at is kept by the row, never by
 * a sum of heights. Looks at the journal once a frame at most, and not at all while it is not mapped.
 *
 *   follow     rw  stays at the newest message; scrolling up turns it off, to the end on again
 *   n-new      r   rows that came since `follow` went off
 *   open-all   rw  messages are open, not folded, unless toggled one by one
 *
 * Widget actions: message.copy, message.copy-line, message.send-again, message.open-window act on the
 * current message, message.toggle (t) and message.show-all (t) on the one named.
 *
 * Signals:
 *   "changed"                          rows came, went or were filtered
 *   "notice" (const char *text)        something to tell in passing
 *   "send-again" (const char *text)    the person wants to send this message
 *   "show-all" (guint64 number)        the person wants to see all of a long message
 */
#define TROUPE_TYPE_MESSAGE_LIST (troupe_message_list_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMessageList, troupe_message_list, TROUPE, MESSAGE_LIST, GtkWidget)

/* Messages toggled one by one that are remembered; more of them fold again. */
#define TROUPE_MESSAGE_TOGGLED_MAX 10000
/* Of one message that is copied or sent again. */
#define TROUPE_MESSAGE_COPY_MAX (16u << 20)

TroupeMessageLog *troupe_message_list_get_log (TroupeMessageList *self);
/* DIR: (nullable): folder of the run to show. */
void troupe_message_list_set_dir (TroupeMessageList *self, const char *dir);
gboolean troupe_message_list_set_filter (TroupeMessageList *self, const TroupeMessageFilter *filter, GError **error);

gboolean troupe_message_list_get_follow (TroupeMessageList *self);
void troupe_message_list_set_follow (TroupeMessageList *self, gboolean follow);
guint64 troupe_message_list_get_n_new (TroupeMessageList *self);
void troupe_message_list_set_open_all (TroupeMessageList *self, gboolean open_all);

/* The row in view for which this is the I-th from the top; NULL past the last. (transfer none) */
TroupeMessageRow *troupe_message_list_get_row (TroupeMessageList *self, guint i);

G_END_DECLS
