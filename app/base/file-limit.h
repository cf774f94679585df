/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The soft limit of open files. The engine wants what the hard limit allows; those it
 * starts get what it was started with, because programs that close "all" descriptors, or use
 * select(), trust the usual small one. Main thread. */

/* Once, at the start of a program that wants many: up to the hard limit. */
void troupe_file_limit_raise (void);

/* Around the start of a child: back to where it was, and up again. What is open stays open. Both do
 * nothing in a program that never raised it. */
void troupe_file_limit_lower (void);
void troupe_file_limit_raise_again (void);

G_END_DECLS
