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

int
main (int argc, char *argv[])
{
  g_autofree char *build_root = troupe_paths_dup_build_root ();
  g_autoptr (TroupeApplication) application = NULL;
  g_autoptr (GDBusConnection) bus = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, TROUPE_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  if (build_root != NULL)
    {
      g_autofree char *schemas = g_build_filename (build_root, "ui", NULL);

      g_setenv ("GSETTINGS_SCHEMA_DIR", schemas, TRUE);
    }
  troupe_drawing_choose ();
  /* Where there is no session bus this starts a private one and says so in the environment,
   * which must happen before there are threads. The window tells about a failure. */
  bus = troupe_engine_connection_get_bus (NULL, &error);
  if (bus == NULL)
    g_debug ("no bus: %s", error->message);

  application = troupe_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
