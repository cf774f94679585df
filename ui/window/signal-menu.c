/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Signals as a menu, or why there are none. */

#include "config.h"

#include "window/signal-menu.h"

#include <glib/gi18n.h>
#include <string.h>

/* An action that nobody has greys an item. */
#define NO_ACTION "win.none"

static void
append_greyed (GMenu *section, const char *label)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NO_ACTION);

  g_menu_append_item (section, item);
}

/* A sentence of the engine's, as a label: with a capital, and its underscores are no mnemonics. */
static char *
dup_label (const char *text)
{
  g_autofree char *first = g_utf8_substring (text, 0, 1);
  g_autofree char *capital = g_utf8_strup (first, -1);
  g_autofree char *sentence = g_strconcat (capital, text + strlen (first), NULL);
  g_auto (GStrv) parts = g_strsplit (sentence, "_", -1);

  return g_strjoinv ("__", parts);
}

void
troupe_signal_menu_fill (GMenu *section, GMenuModel *signals, TroupeSubject *subject)
{
  const char *problem = subject != NULL ? troupe_subject_get_signal_problem (subject) : NULL;
  const char *shown = g_object_get_data (G_OBJECT (section), "troupe-problem");
  g_autofree char *label = NULL;

  /* Filled anew only when it is another: an open menu would close. */
  if (g_strcmp0 (shown, problem != NULL ? problem : "") == 0)
    return;
  g_object_set_data_full (G_OBJECT (section), "troupe-problem", g_strdup (problem != NULL ? problem : ""), g_free);
  g_menu_remove_all (section);
  if (problem == NULL)
    {
      g_menu_append_submenu (section, _ ("Send Si_gnal"), signals);
      return;
    }
  label = dup_label (problem);
  append_greyed (section, _ ("Send Si_gnal"));
  append_greyed (section, label);
}
