/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Starts the window. */

#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "application/application.h"
#include "application/drawing.h"
#include "base/engine-connection.h"
#include "base/paths.h"
#include "base/private-bus.h"

int
main (int argc, char *argv[])
{
  g_autofree char *build_root = troupe_paths_dup_build_root ();
  g_autoptr (TroupeApplication) application = NULL;
  g_autoptr (GDBusConnection) bus = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, TROUPE_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  if (build_root != NULL)
    {
      g_autofree char *before = g_strdup (g_getenv ("GSETTINGS_SCHEMA_DIR"));
      g_autofree char *schemas = g_build_filename (build_root, "ui", NULL);

      /* Read once, by the first who asks; programs that are launched must not inherit it. */
      g_setenv ("GSETTINGS_SCHEMA_DIR", schemas, TRUE);
      g_settings_schema_source_get_default ();
      if (before != NULL)
        g_setenv ("GSETTINGS_SCHEMA_DIR", before, TRUE);
      else
        g_unsetenv ("GSETTINGS_SCHEMA_DIR");
    }
  troupe_drawing_choose ();
  /* Where there is no session bus this starts a private one and says so in the environment,
   * which must happen before there are threads. The window tells about a failure. */
  bus = troupe_engine_connection_get_bus (NULL, &error);
  if (bus == NULL)
    g_debug ("no bus: %s", error->message);

  application = troupe_application_new ();
  status = g_application_run (G_APPLICATION (application), argc, argv);
  if (bus != NULL)
    troupe_private_bus_leave (bus);
  return status;
}
