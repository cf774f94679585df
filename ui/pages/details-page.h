/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* What a program is and what its worker has done: command, folder, environment with secrets
 * masked, policies, journal, every run, processes. Asks the engine only while it is mapped.
 * Uses the actions win.edit, win.open-path (s) and win.copy-text (s). */
#define TROUPE_TYPE_DETAILS_PAGE (troupe_details_page_get_type ())
G_DECLARE_FINAL_TYPE (TroupeDetailsPage, troupe_details_page, TROUPE, DETAILS_PAGE, GtkWidget)

/* SUBJECT: (nullable): one worker or program; shows nothing of anything else. */
void troupe_details_page_set_subject (TroupeDetailsPage *self, TroupeSubject *subject);

G_END_DECLS
