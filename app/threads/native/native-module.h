/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "threads/native/troupe-worker.h"

#include <glib.h>

G_BEGIN_DECLS

/* A module, loaded; many threads can have the same one. When its file was replaced by another since, the next to open
 * it gets the new one, beside those who still run the old. Any thread. */

typedef struct _NativeModule NativeModule;

/* The error says what is wrong with it and is meant for people. Returns: (transfer full) */
NativeModule *native_module_open (const char *file, GError **error);
/* Nothing of the module may run any more, in the caller's hands at least. */
void native_module_close (NativeModule *self);

const TroupeWorkerModule *native_module_get_entry (NativeModule *self);

G_END_DECLS
