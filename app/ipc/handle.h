/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An open descriptor with several owners: the channel that sends it until the peer has it, and whoever
 * may have to send it to somebody else. Closed with the last of them. One thread. */

typedef struct _TroupeHandle TroupeHandle;

/* Takes FD. */
TroupeHandle *troupe_handle_new (int fd);
TroupeHandle *troupe_handle_ref (TroupeHandle *self);
void troupe_handle_unref (TroupeHandle *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeHandle, troupe_handle_unref)

/* (borrowed) */
int troupe_handle_peek_fd (TroupeHandle *self);

G_END_DECLS
