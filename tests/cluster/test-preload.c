/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Whom Node loads something for, and whom not. */

#include "config.h"

#include "cluster/preload.h"

#include <string.h>

/* Returns: (transfer full): the words with a space between, the loaded file's folder left out. */
static char *
preload (const char *command, const char *variable)
{
  g_auto (GStrv) words = g_strsplit (command, " ", -1);
  const char *envp[] = { variable, NULL };
  g_auto (GStrv) loaded = troupe_cluster_preload (g_steal_pointer (&words), (GStrv) envp);

  for (gsize i = 0; loaded[i] != NULL; i++)
    if (g_str_has_prefix (loaded[i], "--require=/"))
      {
        char *base = g_path_get_basename (loaded[i]);

        g_assert_true (g_file_test (loaded[i] + strlen ("--require="), G_FILE_TEST_IS_REGULAR));
        g_free (loaded[i]);
        loaded[i] = base;
      }
  return g_strjoinv (" ", loaded);
}

static void
test_whom (void)
{
  static const char *const cases[][3] = {
    { "node server.js", "A=b", "node troupe-leave.cjs server.js" },
    { "/usr/bin/node --inspect s.mjs --permission", "A=b", "/usr/bin/node troupe-leave.cjs --inspect s.mjs --permission" },
    { "node s.js", "TROUPE_NO_PRELOAD=", "node troupe-leave.cjs s.js" },
    /* Not wished, not readable, not Node. */
    { "node s.js", "TROUPE_NO_PRELOAD=1", "node s.js" },
    { "node --permission --allow-fs-read=/srv s.js", "A=b", "node --permission --allow-fs-read=/srv s.js" },
    { "node --experimental-permission s.js", "A=b", "node --experimental-permission s.js" },
    { "node s.js", "NODE_OPTIONS=--permission", "node s.js" },
    { "tsx s.ts", "A=b", "tsx s.ts" },
    { "python3 s.py", "A=b", "python3 s.py" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *loaded = preload (cases[i][0], cases[i][1]);

      g_assert_cmpstr (loaded, ==, cases[i][2]);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cluster/preload/for-whom", test_whom);
  return g_test_run ();
}
