/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The error domain and its names on the bus. */

#include "config.h"

#include "base/error.h"

#include <gio/gio.h>

#define NAME(n) "io.github.troupe.Troupe.Error." n

static const GDBusErrorEntry entries[] = {
  { TROUPE_ERROR_FAILED, NAME ("Failed") },
  { TROUPE_ERROR_INVALID_DEFINITION, NAME ("InvalidDefinition") },
  { TROUPE_ERROR_INVALID_PROJECT, NAME ("InvalidProject") },
  { TROUPE_ERROR_NO_SUCH_WORKER, NAME ("NoSuchWorker") },
  { TROUPE_ERROR_AMBIGUOUS_NAME, NAME ("AmbiguousName") },
  { TROUPE_ERROR_WRONG_STATE, NAME ("WrongState") },
  { TROUPE_ERROR_LAUNCH_FAILED, NAME ("LaunchFailed") },
  { TROUPE_ERROR_LIMIT, NAME ("Limit") },
  { TROUPE_ERROR_ENGINE_UNREACHABLE, NAME ("EngineUnreachable") },
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == TROUPE_ERROR_ENGINE_UNREACHABLE + 1);

GQuark
troupe_error_quark (void)
{
  static gsize quark = 0;

  g_dbus_error_register_error_domain ("troupe-error-quark", &quark, entries, G_N_ELEMENTS (entries));
  return (GQuark) quark;
}
