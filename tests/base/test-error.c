/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Each error crosses the bus under a name of its own and arrives as the code it was. */

#include "config.h"

#include "base/error.h"

#include <gio/gio.h>

static void
test_names (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int code = TROUPE_ERROR_FAILED; code <= TROUPE_ERROR_ENGINE_UNREACHABLE; code++)
    {
      g_autoptr (GError) sent = g_error_new (TROUPE_ERROR, code, "because");
      char *name = g_dbus_error_encode_gerror (sent);
      g_autoptr (GError) received = g_dbus_error_new_for_dbus_error (name, "because");

      g_assert_true (g_str_has_prefix (name, "io.github.troupe.Troupe.Error."));
      g_assert_true (g_dbus_is_interface_name (name));
      g_assert_error (received, TROUPE_ERROR, code);
      g_assert_true (g_dbus_error_strip_remote_error (received));
      g_assert_cmpstr (received->message, ==, "because");
      g_assert_true (g_hash_table_add (names, name));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/error/crosses-the-bus", test_names);
  return g_test_run ();
}
