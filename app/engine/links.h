/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine/program.h"

G_BEGIN_DECLS

/* Passes messages on from one program's workers to another's: `link=` of a definition. Node lets a
 * child talk to its parent only; this is the parent passing it on, with the sender named in the
 * receiver's journal.
 *
 * Each message goes to one worker of every linked program: in turn to those whose channel is open. When it
 * has no room the sender is not listened to until it has; what was read from the sender by then waits
 * here, TROUPE_LINKS_HELD_MAX bytes at most for each receiver. What cannot be delivered (nobody runs, or the
 * ceiling) is noted once in the sender's journal. Main thread. */

#define TROUPE_LINKS_HELD_MAX (128 * 1024 * 1024)

typedef struct _TroupeLinks TroupeLinks;

/* The program NAME of PROJECT, or NULL. */
typedef TroupeProgram *(*TroupeLinksFind) (const char *project, const char *name, gpointer user_data);

TroupeLinks *troupe_links_new (TroupeLinksFind find, gpointer user_data);
void troupe_links_free (TroupeLinks *self);

/* WORKER sent a message. */
void troupe_links_route (TroupeLinks *self, TroupeWorker *worker, const char *text, gsize length);

/* WORKER can take messages again, or its channel is gone. */
void troupe_links_drained (TroupeLinks *self, TroupeWorker *worker);

/* WORKER goes away. */
void troupe_links_forget (TroupeLinks *self, TroupeWorker *worker);

G_END_DECLS
