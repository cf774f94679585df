/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "pages/memory-page.h"
#include "pages/messages-page.h"
#include "pages/output-page.h"
#include "pages/program-bar.h"
#include "pages/worker-table.h"

G_BEGIN_DECLS

/* What is picked, be it a worker, a program, a project or several: a title row with what one
 * can do, then its output, its workers, its messages, its shared memory and its
 * details. Uses the actions win.*.
 *
 * Signal: "notice" (const char *), passed on from the pages. */
#define TROUPE_TYPE_WORKER_PAGE (troupe_worker_page_get_type ())
G_DECLARE_FINAL_TYPE (TroupeWorkerPage, troupe_worker_page, TROUPE, WORKER_PAGE, GtkWidget)

/* Once. */
void troupe_worker_page_set_client (TroupeWorkerPage *self, TroupeClient *client);
void troupe_worker_page_set_cpu_divisor (TroupeWorkerPage *self, double divisor);
void troupe_worker_page_set_subject (TroupeWorkerPage *self, TroupeSubject *subject);
void troupe_worker_page_set_menu (TroupeWorkerPage *self, GMenuModel *menu);
TroupeOutputPage *troupe_worker_page_get_output (TroupeWorkerPage *self);
TroupeRunChooser *troupe_worker_page_get_run_chooser (TroupeWorkerPage *self);
TroupeProgramBar *troupe_worker_page_get_bar (TroupeWorkerPage *self);
TroupeMemoryPage *troupe_worker_page_get_memory (TroupeWorkerPage *self);
TroupeWorkerTable *troupe_worker_page_get_workers (TroupeWorkerPage *self);
TroupeMessagesPage *troupe_worker_page_get_messages (TroupeWorkerPage *self);
/* Opens the search of what is on view: messages or output. */
void troupe_worker_page_find (TroupeWorkerPage *self);
/* "output", "workers", "messages", "memory" or "details". */
void troupe_worker_page_show (TroupeWorkerPage *self, const char *name);

G_END_DECLS
