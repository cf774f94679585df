/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Carries our standard input into a worker's, byte for byte, no faster than the worker reads.
 * Runs in the default main context. */

typedef struct _TroupeInputForwarder TroupeInputForwarder;

/* SOURCE_FD (borrowed) is not made non-blocking: others may share it. ENDED is called once, when
 * everything up to the end of SOURCE_FD has been handed on. */
TroupeInputForwarder *troupe_input_forwarder_new (int source_fd, void (*ended) (gpointer user_data),
                                                  gpointer user_data);
void troupe_input_forwarder_free (TroupeInputForwarder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeInputForwarder, troupe_input_forwarder_free)

/* Takes FD, the writing end of a pipe; the one before is closed. Until there is one, nothing is
 * read. -1: none, for a worker that has ended. */
void troupe_input_forwarder_take_target (TroupeInputForwarder *self, int fd);

/* TRUE once ENDED was called. */
gboolean troupe_input_forwarder_has_ended (TroupeInputForwarder *self);

G_END_DECLS
