/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"
#include "logview/log-view.h"
#include "pages/run-chooser.h"

G_BEGIN_DECLS

/* The output of what is picked: the log view with its search bar, the pill that says how much
 * is new, the line to type to its standard input, and the bar that says how the run ended.
 *
 * Signal: "notice" (const char *): something to tell in passing.
 * Action group "output": find, find-next, find-previous, clear, unclear, save-as, wrap,
 * time-stamps, show-stdout, show-stderr, show-events, follow, current-run. */
#define TROUPE_TYPE_OUTPUT_PAGE (troupe_output_page_get_type ())
G_DECLARE_FINAL_TYPE (TroupeOutputPage, troupe_output_page, TROUPE, OUTPUT_PAGE, GtkWidget)

/* SUBJECT: (nullable) */
void troupe_output_page_set_subject (TroupeOutputPage *self, TroupeSubject *subject);
/* Once: which run of a worker it shows. */
void troupe_output_page_set_run_chooser (TroupeOutputPage *self, TroupeRunChooser *chooser);
/* Preferences: font, wrap and time stamps follow SETTINGS both ways. */
void troupe_output_page_bind_settings (TroupeOutputPage *self, GSettings *settings);
/* For toolbars outside of it. (transfer none) */
GActionGroup *troupe_output_page_get_actions (TroupeOutputPage *self);
TroupeLogView *troupe_output_page_get_log_view (TroupeOutputPage *self);
/* The person has this page in view: marks what it shows as seen. */
void troupe_output_page_mark_seen (TroupeOutputPage *self);

G_END_DECLS
