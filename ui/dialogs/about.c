/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Who made this and what it is. */

#include "config.h"

#include "dialogs/about.h"

#include <adwaita.h>
#include <glib/gi18n.h>

void
troupe_about_show (GtkWindow *parent, const char *engine_version)
{
  g_autofree char *debug =
      g_strdup_printf ("Troupe %s\nEngine %s\nGTK %u.%u.%u\nlibadwaita %u.%u.%u\nGLib %u.%u.%u\n", TROUPE_VERSION,
                       engine_version[0] != '\0' ? engine_version : "not connected", gtk_get_major_version (),
                       gtk_get_minor_version (), gtk_get_micro_version (), adw_get_major_version (),
                       adw_get_minor_version (), adw_get_micro_version (), glib_major_version, glib_minor_version,
                       glib_micro_version);

  adw_show_about_window (parent, "application-name", "Troupe", "application-icon", TROUPE_APP_ID, "version",
                         TROUPE_VERSION, "developer-name", _ ("The Troupe authors"), "license-type",
                         GTK_LICENSE_GPL_3_0, "copyright", "© The Troupe authors", "comments",
                         _ ("Launch, watch and direct programs"), "debug-info", debug, "debug-info-filename",
                         "troupe.txt", "translator-credits", _ ("translator-credits"), NULL);
}
