/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Values are counted references, so that one that was looked up outlives its replacement. */

#include "config.h"

#include "threads/native/native-env.h"

#include <errno.h>
#include <string.h>

struct _NativeEnv
{
  gatomicrefcount refs;
  GMutex lock;
  GHashTable *values; /* (owned): (owned) name → (owned) GRefString */
  gsize bytes;
};

NativeEnv *
native_env_new (const char *const *envp)
{
  NativeEnv *self = g_new0 (NativeEnv, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ref_string_release);
  for (gsize i = 0; envp[i] != NULL; i++)
    {
      const char *equals = strchr (envp[i], '=');
      g_autofree char *name = equals != NULL ? g_strndup (envp[i], equals - envp[i]) : NULL;

      if (name != NULL)
        native_env_set (self, name, equals + 1);
    }
  return self;
}

NativeEnv *
native_env_ref (NativeEnv *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
native_env_unref (NativeEnv *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_hash_table_unref (self->values);
  g_mutex_clear (&self->lock);
  g_free (self);
}

char *
native_env_dup (NativeEnv *self, const char *name)
{
  char *value;

  g_mutex_lock (&self->lock);
  value = g_hash_table_lookup (self->values, name);
  if (value != NULL)
    g_ref_string_acquire (value);
  g_mutex_unlock (&self->lock);
  return value;
}

int
native_env_set (NativeEnv *self, const char *name, const char *value)
{
  gsize without;
  const char *old;
  int result = 0;

  if (name == NULL || name[0] == '\0' || strchr (name, '=') != NULL)
    return -EINVAL;
  g_mutex_lock (&self->lock);
  old = g_hash_table_lookup (self->values, name);
  without = self->bytes - (old != NULL ? strlen (name) + strlen (old) + 2 : 0);
  if (value == NULL)
    {
      g_hash_table_remove (self->values, name);
      self->bytes = without;
    }
  else if (without + strlen (name) + strlen (value) + 2 > NATIVE_ENV_BYTES_MAX)
    result = -ENOSPC;
  else
    {
      g_hash_table_replace (self->values, g_strdup (name), g_ref_string_new (value));
      self->bytes = without + strlen (name) + strlen (value) + 2;
    }
  g_mutex_unlock (&self->lock);
  return result;
}
