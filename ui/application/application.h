/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <adwaita.h>

#include "client/client.h"

G_BEGIN_DECLS

/* The program `troupe`: one instance a session, one window, one client of the engine.
 * Command line: --demo, --new-launch, --version, and project files to open. Actions app.*:
 * new-launch, demo, preferences, about, quit, show-worker (s), restart-worker (s). */
#define TROUPE_TYPE_APPLICATION (troupe_application_get_type ())
G_DECLARE_FINAL_TYPE (TroupeApplication, troupe_application, TROUPE, APPLICATION, AdwApplication)

TroupeApplication *troupe_application_new (void);

G_END_DECLS
