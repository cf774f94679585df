/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* What a person should be told of the program that is picked, or whose worker is: who has the address it wants,
 * with what can be done about it; why its reload failed; which part of its script does not run. What was
 * hidden stays so until there is something else to say.
 *
 * Signals: "notice" (const char *text): something to tell in passing. */
#define TROUPE_TYPE_PROGRAM_NOTICES (troupe_program_notices_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProgramNotices, troupe_program_notices, TROUPE, PROGRAM_NOTICES, GtkWidget)

/* SUBJECT (nullable); changes are followed until the next call. */
void troupe_program_notices_set_subject (TroupeProgramNotices *self, TroupeSubject *subject);

G_END_DECLS
