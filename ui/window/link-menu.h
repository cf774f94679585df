/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"
#include "window/window-actions.h"

G_BEGIN_DECLS

/* “Link to ▸”: the other programs of the project that have a channel, each with a mark when the
 * messages of the picked one are passed on to it; for a worker thread also the other threads of its
 * program. The menu's section is empty when there is nothing to link. Main thread. */
#define TROUPE_TYPE_LINK_MENU (troupe_link_menu_get_type ())
G_DECLARE_FINAL_TYPE (TroupeLinkMenu, troupe_link_menu, TROUPE, LINK_MENU, GObject)

/* Fills SECTION, and adds the actions link.* to WINDOW, which outlives it. Failures go to TELL. */
TroupeLinkMenu *troupe_link_menu_new (GtkWindow *window, GMenu *section, TroupeClient *client, TroupeTell tell);
/* SUBJECT: (nullable) */
void troupe_link_menu_set_subject (TroupeLinkMenu *self, TroupeSubject *subject);

/* For tests. (transfer none) */
GActionGroup *troupe_link_menu_get_actions (TroupeLinkMenu *self);

G_END_DECLS
