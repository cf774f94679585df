/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* GTK draws with OpenGL by itself, also where that is done by the processor: measured, ten
 * times the cost of drawing with cairo, and 60 MB for the software OpenGL. So where there is
 * no graphics card, GL is switched off, unless the person has chosen. */

/* Before GTK is initialised and before other threads run. */
void troupe_drawing_choose (void);
/* Once GTK is initialised: what was set for GTK must not reach programs that are started. */
void troupe_drawing_forget_environment (void);

G_END_DECLS
