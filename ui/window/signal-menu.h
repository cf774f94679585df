/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

#include "client/subject.h"

G_BEGIN_DECLS

/* Fills SECTION with “Send Signal ▸” and SIGNALS below it; for a SUBJECT (nullable) that takes no signals, with
 * the same words, greyed, and why. */
void troupe_signal_menu_fill (GMenu *section, GMenuModel *signals, TroupeSubject *subject);

G_END_DECLS
