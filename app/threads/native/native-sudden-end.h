/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "threads/native/native-control.h"

G_BEGIN_DECLS

/* A module that crashes takes its process along, and every thread in it. That cannot be helped; what can be is that
 * nobody knows which thread it was. Here the engine is told, with the process's last breath. */

/* Once, at the start. */
void native_sudden_end_watch (NativeControl *control);

/* In each thread that runs a module: a stack to tell it on, should its own have run over.
 * Returns: (transfer full) (nullable): for _leave_thread */
gpointer native_sudden_end_enter_thread (void);
void native_sudden_end_leave_thread (gpointer stack);

G_END_DECLS
