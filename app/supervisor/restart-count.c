/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The file `restarts` in a run's folder: key=value lines, like the keeper's status beside it. */

#include "config.h"

#include "supervisor/restart-count.h"

#include <glib/gstdio.h>
#include <string.h>

#define FILE_NAME "restarts"
#define RESTARTS_KEY "restarts="
#define QUICK_ENDS_KEY "quick_ends="

void
troupe_restart_count_write (const TroupeRestartCount *self, const char *run_dir)
{
  g_autofree char *path = NULL, *text = NULL;
  g_autoptr (GError) error = NULL;

  if (self->restarts == 0 && self->quick_ends == 0)
    return;
  path = g_build_filename (run_dir, FILE_NAME, NULL);
  text = g_strdup_printf (RESTARTS_KEY "%u\n" QUICK_ENDS_KEY "%u\n", self->restarts, self->quick_ends);
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error))
    g_debug ("%s; the next engine will count from 0", error->message);
}

static void
read_number (const char *line, const char *key, guint *number)
{
  guint64 value;

  if (g_str_has_prefix (line, key)
      && g_ascii_string_to_unsigned (line + strlen (key), 10, 0, G_MAXUINT, &value, NULL))
    *number = (guint) value;
}

void
troupe_restart_count_read (TroupeRestartCount *self, const char *run_dir)
{
  g_autofree char *path = g_build_filename (run_dir, FILE_NAME, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  *self = (TroupeRestartCount){ 0 };
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      read_number (lines[i], RESTARTS_KEY, &self->restarts);
      read_number (lines[i], QUICK_ENDS_KEY, &self->quick_ends);
    }
}

void
troupe_restart_count_forget (const char *run_dir)
{
  g_autofree char *path = g_build_filename (run_dir, FILE_NAME, NULL);

  g_unlink (path);
}
