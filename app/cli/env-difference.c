/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Compares environments. */

#include "config.h"

#include "cli/env-difference.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

static const char *const left_out[] = {
  "_", "PWD", "OLDPWD", "SHLVL", "TERM", "TERM_PROGRAM", "COLORTERM", "COLUMNS", "LINES", "WINDOWID",
  "PS1", "PS2", "PS4", "PROMPT_COMMAND", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE",
  "NODE_UNIQUE_ID", "NOTIFY_SOCKET", "INVOCATION_ID", "JOURNAL_STREAM", "DESKTOP_STARTUP_ID",
  "XDG_ACTIVATION_TOKEN", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MALLOC_PERTURB_", NULL,
};

static const char *const left_out_prefixes[] = { "DBUS_", "LISTEN_", "TROUPE_", "BASH_FUNC_", "VTE_" };

static gboolean
is_left_out (const char *key)
{
  if (g_strv_contains (left_out, key))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (left_out_prefixes); i++)
    if (g_str_has_prefix (key, left_out_prefixes[i]))
      return TRUE;
  return FALSE;
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GStrv
troupe_env_difference (const char *const *ours, const char *const *theirs)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) difference = g_ptr_array_new ();

  for (gsize i = 0; theirs[i] != NULL; i++)
    g_hash_table_add (known, (gpointer) theirs[i]);
  for (gsize i = 0; ours[i] != NULL; i++)
    {
      const char *equals = strchr (ours[i], '=');
      g_autofree char *key = equals != NULL && equals > ours[i] ? g_strndup (ours[i], (gsize) (equals - ours[i])) : NULL;

      /* The bus carries UTF-8 only; a value that is none stays behind. */
      if (key != NULL && !is_left_out (key) && !g_hash_table_contains (known, ours[i]) &&
          g_utf8_validate (ours[i], -1, NULL))
        g_ptr_array_add (difference, g_strdup (ours[i]));
    }
  g_ptr_array_sort (difference, compare_strings);
  g_ptr_array_add (difference, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&difference), FALSE);
}

char *
troupe_env_complete (const char *argument, const char *const *ours, GError **error)
{
  const char *equals = strchr (argument, '='), *value;

  if (equals == argument || argument[0] == '\0')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "--env “%s”: expected KEY=VALUE", argument);
      return NULL;
    }
  if (equals != NULL)
    return g_strdup (argument);
  value = g_environ_getenv ((char **) ours, argument);
  if (value == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "--env “%s”: it is not set here; expected KEY=VALUE", argument);
      return NULL;
    }
  return g_strconcat (argument, "=", value, NULL);
}
