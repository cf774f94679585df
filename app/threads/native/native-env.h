/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Environment variables as modules see them: a table of one thread's own, or one that several
 * share. The C library's, which no thread can change safely, is left alone. Any thread. */

/* Names and values together: what a process can start with, more or less. */
#define NATIVE_ENV_BYTES_MAX (2 * 1024 * 1024)

typedef struct _NativeEnv NativeEnv;

/* ENVP: "NAME=VALUE", NULL at the end; of a name that stands twice the last one counts. Returns: (transfer full) */
NativeEnv *native_env_new (const char *const *envp);
NativeEnv *native_env_ref (NativeEnv *self);
void native_env_unref (NativeEnv *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NativeEnv, native_env_unref)

/* Returns: (transfer full) (nullable): a GRefString */
char *native_env_dup (NativeEnv *self, const char *name);
/* VALUE (nullable). Returns 0, -EINVAL or -ENOSPC. */
int native_env_set (NativeEnv *self, const char *name, const char *value);

G_END_DECLS
