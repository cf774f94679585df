/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <adwaita.h>

#include "messages/message-log.h"

G_BEGIN_DECLS

/* One long message in a window of its own: laid out, coloured, to be scrolled and selected. */
#define TROUPE_TYPE_MESSAGE_WINDOW (troupe_message_window_get_type ())
G_DECLARE_FINAL_TYPE (TroupeMessageWindow, troupe_message_window, TROUPE, MESSAGE_WINDOW, AdwWindow)

/* What is shown of the longest messages; the window says so. */
#define TROUPE_MESSAGE_WINDOW_BYTES (4u << 20)

GtkWindow *troupe_message_window_new (GtkWindow *parent, TroupeMessageLog *log, guint64 number);

G_END_DECLS
