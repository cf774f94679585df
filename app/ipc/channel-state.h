/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a channel is in the middle of, in memory that outlives the process: a line that has come in part,
 * and a line that has gone out in part. Whoever takes the channel over goes on with both. Without that
 * the half line would be lost, and a Node peer dies of the line that is then glued to it.
 *
 * An anonymous file, to be held by somebody else too. Between two lines, which is nearly always, it
 * costs nothing. One thread. */

typedef struct _TroupeChannelState TroupeChannelState;

/* Takes FD, a file another state was kept in; -1: a new one. Returns: (transfer full) (nullable): NULL when
 * there is no memory or no descriptor left, or FD holds something else; one can do without. */
TroupeChannelState *troupe_channel_state_new (int fd);
void troupe_channel_state_free (TroupeChannelState *self);

/* (borrowed) */
int troupe_channel_state_peek_fd (TroupeChannelState *self);

/* The beginning of a line that is not complete: LENGTH bytes begin it, or go on with it. */
void troupe_channel_state_begin_in (TroupeChannelState *self, const char *bytes, gsize length);
void troupe_channel_state_append_in (TroupeChannelState *self, const char *bytes, gsize length);
/* A line past the ceiling, of which LENGTH bytes were dropped and the rest is to be. */
void troupe_channel_state_drop_in (TroupeChannelState *self, gsize length);
void troupe_channel_state_clear_in (TroupeChannelState *self);

/* The rest of a line that is partly out; then more of it went out; then all. */
void troupe_channel_state_begin_out (TroupeChannelState *self, const char *bytes, gsize length);
void troupe_channel_state_advance_out (TroupeChannelState *self, gsize length);
void troupe_channel_state_clear_out (TroupeChannelState *self);

/* (transfer full) (nullable): NULL when there is none. *DROPPED: bytes of an overlong line. */
GBytes *troupe_channel_state_dup_in (TroupeChannelState *self, gsize *dropped);
GBytes *troupe_channel_state_dup_out (TroupeChannelState *self);

G_END_DECLS
