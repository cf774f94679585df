/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Draws and wipes one line. */

#include "config.h"

#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/terminal-text.h"
#include "cli/worker-name.h"

struct _TroupeProgress
{
  gboolean enabled;
  char *shown;
};

TroupeProgress *
troupe_progress_new (void)
{
  TroupeProgress *self = g_new0 (TroupeProgress, 1);

  self->enabled = isatty (STDERR_FILENO);
  return self;
}

void
troupe_progress_show (TroupeProgress *self, const char *text)
{
  g_autoptr (GString) line = NULL;
  guint columns;

  if (!self->enabled || g_strcmp0 (text, self->shown) == 0)
    return;
  g_free (self->shown);
  self->shown = g_strdup (text);
  columns = troupe_terminal_get_columns (STDERR_FILENO);
  line = g_string_new (text);
  while (columns > 1 && troupe_terminal_get_width (line->str) >= columns)
    g_string_truncate (line, (gsize) (g_utf8_find_prev_char (line->str, line->str + line->len) - line->str));
  fprintf (stderr, "\r%s\033[K", line->str);
  fflush (stderr);
}

void
troupe_progress_free (TroupeProgress *self)
{
  if (self->shown != NULL && self->shown[0] != '\0')
    fprintf (stderr, "\r\033[K");
  g_free (self->shown);
  g_free (self);
}

char *
troupe_progress_dup_text (const TroupeWorkerInfo *first, guint n_more)
{
  g_autofree char *name = troupe_worker_name_dup_full (first->project, first->name);
  g_autoptr (GString) text = g_string_new (name);

  g_string_append_printf (text, ": %s", troupe_state_to_string (first->state));
  if (first->state_reason[0] != '\0')
    {
      g_string_append (text, " (");
      troupe_terminal_append_safe (text, first->state_reason, strlen (first->state_reason));
      g_string_append_c (text, ')');
    }
  if (n_more > 0)
    g_string_append_printf (text, ", and %u more", n_more);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
