/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

#include "client/client.h"

G_BEGIN_DECLS

/* Tells the desktop when a worker crashes while nobody looks at it. One notification for each
 * worker; many at once are folded into one. Each is withdrawn when it is no longer true: the
 * worker runs again, was removed, or its output was seen. */
#define TROUPE_TYPE_CRASH_NOTIFIER (troupe_crash_notifier_get_type ())
G_DECLARE_FINAL_TYPE (TroupeCrashNotifier, troupe_crash_notifier, TROUPE, CRASH_NOTIFIER, GObject)

/* More crashed workers than this at a time are one notification. */
#define TROUPE_CRASH_NOTIFICATIONS_MAX 3

/* TRUE when the person sees the window now. */
typedef gboolean (*TroupeIsWatched) (gpointer user_data);

TroupeCrashNotifier *troupe_crash_notifier_new (GApplication *application, TroupeClient *client, GSettings *settings,
                                                TroupeIsWatched is_watched, gpointer user_data);
/* How many workers are told about now, for tests. */
guint troupe_crash_notifier_get_n_told (TroupeCrashNotifier *self);

G_END_DECLS
