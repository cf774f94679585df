/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Matches names, and finds the one that was meant. */

#include "config.h"

#include "cli/worker-name.h"

#include <string.h>

#include "base/error.h"
#include "project/program-name.h"

gboolean
troupe_worker_name_matches (const char *name, const char *project, const char *program, const char *worker)
{
  const char *slash = strchr (name, '/');

  if (slash != NULL)
    {
      gsize length = (gsize) (slash - name);

      if (strlen (project) != length || memcmp (project, name, length) != 0)
        return FALSE;
      name = slash + 1;
    }
  return strcmp (name, worker) == 0 || strcmp (name, program) == 0;
}

char *
troupe_worker_name_dup_program (const char *worker)
{
  const char *dot = strrchr (worker, '.');

  if (dot == NULL || dot == worker || dot[1] == '\0' || dot[1 + strspn (dot + 1, "0123456789")] != '\0')
    return g_strdup (worker);
  return g_strndup (worker, (gsize) (dot - worker));
}

char *
troupe_worker_name_dup_full (const char *project, const char *worker)
{
  return strcmp (project, "default") == 0 ? g_strdup (worker) : g_strconcat (project, "/", worker, NULL);
}

void
troupe_worker_name_set_unknown (const char *name, const char *const *candidates, GError **error)
{
  const char *meant = troupe_name_find_similar (name, candidates);

  if (meant != NULL)
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER,
                 "There is no worker “%s”; did you mean “%s”?", name, meant);
  else
    g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER,
                 "There is no worker “%s”; “troupectl list” shows them all", name);
}
