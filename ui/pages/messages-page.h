/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"
#include "messages/composer.h"
#include "messages/message-list.h"
#include "pages/run-chooser.h"

G_BEGIN_DECLS

/* The conversation with one worker that has a channel: its messages, a search over them, and where one
 * writes the next. Uses the action win.start.
 *
 * Signal: "notice" (const char *text), something to tell in passing. */
#define TROUPE_TYPE_MESSAGES_PAGE (troupe_messages_page_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMessagesPage, troupe_messages_page, TROUPE, MESSAGES_PAGE, GtkWidget)

/* SUBJECT: (nullable) */
void troupe_messages_page_set_subject (TroupeMessagesPage *self, TroupeSubject *subject);
/* TRUE: SUBJECT is one worker, and it has a channel, so that the page has something to show. */
gboolean troupe_messages_page_takes (TroupeSubject *subject);
/* Once: which run it shows. */
void troupe_messages_page_set_run_chooser (TroupeMessagesPage *self, TroupeRunChooser *chooser);
void troupe_messages_page_bind_settings (TroupeMessagesPage *self, GSettings *settings);

/* The actions messages.*, for widgets that are not inside of the page. (transfer none) */
GActionGroup *troupe_messages_page_get_actions (TroupeMessagesPage *self);
/* Buttons that belong beside the page's name. (transfer none) */
GtkWidget *troupe_messages_page_get_tools (TroupeMessagesPage *self);
TroupeMessageList *troupe_messages_page_get_list (TroupeMessagesPage *self);
TroupeComposer *troupe_messages_page_get_composer (TroupeMessagesPage *self);

G_END_DECLS
