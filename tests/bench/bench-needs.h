/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program, and says why, unless all the variables NAMES (the last is NULL) are set: meson sets
 * them, a shell does not. */
static inline void
bench_needs (const char *const *names)
{
  GString *missing = g_string_new (NULL);

  for (; *names != NULL; names++)
    if (g_getenv (*names) == NULL)
      g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", *names);
  if (missing->len > 0)
    {
      g_autofree char *program = g_path_get_basename (g_get_prgname ());

      g_printerr ("%s: not set in the environment: %s.\nmeson sets them: meson test -C BUILD --benchmark --verbose %s\n",
                  program, missing->str, program + strlen ("bench-"));
      exit (2);
    }
  g_string_free (missing, TRUE);
}
