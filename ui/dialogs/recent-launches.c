/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What was launched lately. */

#include "config.h"

#include "dialogs/recent-launches.h"

#include <string.h>

#define KEY "recent-launches"

static void
recent_launch_free (gpointer data)
{
  TroupeRecentLaunch *launch = data;

  g_free (launch->command);
  g_free (launch->kind);
  g_free (launch->cwd);
  g_free (launch);
}

static char *
dup_field (GVariant *entry, const char *name)
{
  char *text = NULL;

  return g_variant_lookup (entry, name, "s", &text) ? text : g_strdup ("");
}

GPtrArray *
troupe_recent_launches_dup_matching (GSettings *settings, const char *text, guint max)
{
  g_autoptr (GVariant) list = g_settings_get_value (settings, KEY);
  g_autofree char *needle = g_utf8_casefold (text, -1);
  GPtrArray *launches = g_ptr_array_new_with_free_func (recent_launch_free);

  for (gsize i = 0; i < g_variant_n_children (list) && launches->len < max; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (list, i);
      g_autofree char *command = dup_field (entry, "command");
      g_autofree char *folded = g_utf8_casefold (command, -1);
      TroupeRecentLaunch *launch;

      if (strstr (folded, needle) == NULL)
        continue;
      launch = g_new0 (TroupeRecentLaunch, 1);
      launch->command = g_steal_pointer (&command);
      launch->kind = dup_field (entry, "kind");
      launch->cwd = dup_field (entry, "cwd");
      g_ptr_array_add (launches, launch);
    }
  return launches;
}

void
troupe_recent_launches_add (GSettings *settings, const char *command, const char *kind, const char *cwd)
{
  g_autoptr (GPtrArray) before = troupe_recent_launches_dup_matching (settings, "", TROUPE_RECENT_MAX);
  GVariantBuilder builder;
  guint n = 1;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{ss}"));
  g_variant_builder_open (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&builder, "{ss}", "command", command);
  g_variant_builder_add (&builder, "{ss}", "kind", kind);
  g_variant_builder_add (&builder, "{ss}", "cwd", cwd);
  g_variant_builder_close (&builder);
  for (guint i = 0; i < before->len && n < TROUPE_RECENT_MAX; i++)
    {
      TroupeRecentLaunch *launch = before->pdata[i];

      if (strcmp (launch->command, command) == 0 && strcmp (launch->cwd, cwd) == 0)
        continue;
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a{ss}"));
      g_variant_builder_add (&builder, "{ss}", "command", launch->command);
      g_variant_builder_add (&builder, "{ss}", "kind", launch->kind);
      g_variant_builder_add (&builder, "{ss}", "cwd", launch->cwd);
      g_variant_builder_close (&builder);
      n++;
    }
  g_settings_set_value (settings, KEY, g_variant_builder_end (&builder));
}
