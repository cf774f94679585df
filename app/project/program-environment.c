/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The environment a run begins with. */

#include "config.h"

#include "project/program-definition.h"

#include "project/env-file.h"

#include <string.h>

/* What speaks to the engine and not to its children: Node's channel, inherited sockets, the
 * D-Bus and systemd activation of the engine itself, the launcher that started it. */
static const char *const not_inherited[] = {
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
  "NODE_UNIQUE_ID",
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_FDNAMES",
  "DBUS_STARTER_ADDRESS",
  "DBUS_STARTER_BUS_TYPE",
  "NOTIFY_SOCKET",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
  "INVOCATION_ID",
  "JOURNAL_STREAM",
  "SYSTEMD_EXEC_PID",
  "MANAGERPID",
  "DESKTOP_STARTUP_ID",
  "XDG_ACTIVATION_TOKEN",
  "GIO_LAUNCHED_DESKTOP_FILE",
  "GIO_LAUNCHED_DESKTOP_FILE_PID",
};

/* What makes programs that write to a pipe write as to a terminal. */
static const char *const color_variables[] = { "FORCE_COLOR", "CLICOLOR_FORCE", "PYTHONUNBUFFERED" };

/* ENTRY: KEY=VALUE, or KEY alone to unset it. */
static GStrv
apply (GStrv environment, const char *entry)
{
  const char *equals = strchr (entry, '=');
  g_autofree char *key = NULL;

  if (equals == NULL)
    return g_environ_unsetenv (environment, entry);
  key = g_strndup (entry, (gsize) (equals - entry));
  return g_environ_setenv (environment, key, equals + 1, TRUE);
}

static gboolean
names_variable (GStrv entries, const char *key)
{
  gsize length = strlen (key);

  for (gsize i = 0; entries[i] != NULL; i++)
    if (strncmp (entries[i], key, length) == 0 && (entries[i][length] == '=' || entries[i][length] == '\0'))
      return TRUE;
  return FALSE;
}

GStrv
troupe_program_definition_dup_environment (TroupeProgramDefinition *self, const char *worker_name, guint instance,
                                           GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *instance_text = g_strdup_printf ("%u", instance);
  gboolean wants_no_color;

  for (gsize i = 0; i < G_N_ELEMENTS (not_inherited); i++)
    environment = g_environ_unsetenv (environment, not_inherited[i]);
  /* Some programs believe PWD rather than ask the kernel; the engine's own would mislead them. */
  environment = g_environ_unsetenv (environment, "OLDPWD");
  if (self->cwd != NULL)
    environment = g_environ_setenv (environment, "PWD", self->cwd, TRUE);

  if (self->colors)
    for (gsize i = 0; i < G_N_ELEMENTS (color_variables); i++)
      environment = g_environ_setenv (environment, color_variables[i], "1", FALSE);
  for (gsize i = 0; self->env_files[i] != NULL; i++)
    {
      g_auto (GStrv) entries = troupe_env_file_load (self->env_files[i], error);

      if (entries == NULL)
        return NULL;
      for (gsize j = 0; entries[j] != NULL; j++)
        environment = apply (environment, entries[j]);
    }
  for (gsize i = 0; self->env[i] != NULL; i++)
    environment = apply (environment, self->env[i]);

  /* Somebody asked for no colours: NO_COLOR wins, and Node warns when it meets both. */
  wants_no_color = g_environ_getenv (environment, "NO_COLOR") != NULL;
  if (wants_no_color && self->colors)
    for (gsize i = 0; i < 2; i++)
      if (!names_variable (self->env, color_variables[i]))
        environment = g_environ_unsetenv (environment, color_variables[i]);

  environment = g_environ_setenv (environment, "TROUPE_PROJECT", self->project, TRUE);
  environment = g_environ_setenv (environment, "TROUPE_WORKER", worker_name, TRUE);
  environment = g_environ_setenv (environment, "TROUPE_INSTANCE", instance_text, TRUE);
  return g_steal_pointer (&environment);
}
